/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An open descriptor (O_PATH) is kept of each file while notes are taken, so that no inode number comes
 * twice: by it a file is known again under another name.
 */
#include "tests/unit/vault/power_disk.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "tests/lib/expect.h"

enum { PICKS = 12, CHANCES = 4, FILE_MAX = 1 << 24, SECTOR = 512 };

const char *const disk_kind_names[DISK_KINDS] = {"none", "all", "one", "all but one", "torn",
    "torn alone", "by chance"};

struct noted_file {
	int fd;
	ino_t inode;
};

/* Which notes are taken; the calls below find them here. */
static struct {
	struct disk_notes *notes;
	char folder[4096];
	ino_t folder_inode;
	struct noted_file files[DISK_FILES];
	unsigned file_count;
	struct disk_name names[DISK_FILES];
	size_t name_count;
} taking;

static bool refusing;

uint64_t
disk_chance(uint64_t *seed)
{
	uint64_t x = (*seed += 0x9e3779b97f4a7c15); /* splitmix64 */

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static void
path_in(const char *folder, const char *name, char ret_path[400])
{
	assert_true(snprintf(ret_path, 400, "%s/%s", folder, name) < 400);
}

static void
set_name(char ret_name[DISK_NAME], const char *name)
{
	assert_true(snprintf(ret_name, DISK_NAME, "%s", name) < DISK_NAME);
}

/* ---- the folder ---- */

static bool
is_watched(const char *name)
{
	return strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strcmp(name, "lock") != 0;
}

/* Its names, but not which files they lead to. */
static size_t
read_names(const char *folder, struct disk_name ret_names[DISK_FILES])
{
	size_t count = 0;
	DIR *stream = opendir(folder);

	assert_non_null(stream);
	for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
		if (!is_watched(entry->d_name))
			continue;
		assert_true(count < DISK_FILES);
		set_name(ret_names[count++].name, entry->d_name);
	}
	closedir(stream);
	return count;
}

static void
read_bytes(const char *folder, const char *name, struct buf *ret_bytes)
{
	struct err err;
	char path[400];

	path_in(folder, name, path);
	ret_bytes->size = 0;
	assert_ok(file_read(path, FILE_MAX, ret_bytes, &err));
}

void
disk_clear_folder(const char *folder)
{
	struct disk_name names[DISK_FILES];
	char path[400];
	size_t count = read_names(folder, names);

	for (size_t i = 0; i < count; i++) {
		path_in(folder, names[i].name, path);
		assert_int_equal(unlink(path), 0);
	}
}

/* ---- the disk ---- */

static struct disk_name *
find_name(struct disk_name *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i].name, name) == 0)
			return &names[i];
	return NULL;
}

static void
link_name(struct disk_name names[DISK_FILES], size_t *count, const char *name, unsigned file)
{
	struct disk_name *found = find_name(names, *count, name);

	if (found == NULL) {
		assert_true(*count < DISK_FILES);
		found = &names[(*count)++];
		set_name(found->name, name);
	}
	found->file = file;
}

static void
unlink_name(struct disk_name names[DISK_FILES], size_t *count, const char *name)
{
	struct disk_name *found = find_name(names, *count, name);

	if (found != NULL)
		*found = names[--*count];
}

static void
apply_name(struct disk_name names[DISK_FILES], size_t *count, const struct disk_event *event)
{
	if (event->act == DISK_LINK)
		link_name(names, count, event->name, event->file);
	if (event->act == DISK_UNLINK || event->act == DISK_RENAME)
		unlink_name(names, count, event->name);
	if (event->act == DISK_RENAME)
		link_name(names, count, event->to, event->file);
}

static bool
is_of_names(const struct disk_event *event)
{
	return event->act == DISK_LINK || event->act == DISK_UNLINK || event->act == DISK_RENAME;
}

/* The first SIZE bytes of what EVENT writes, or its cut. */
static void
apply_bytes(struct buf *file, const struct disk_event *event, size_t size)
{
	size_t end = event->act == DISK_WRITE ? event->at + size : event->at;

	if (end > file->size)
		assert_non_null(buf_space(file, end - file->size));
	if (event->act == DISK_TRUNCATE)
		file->size = end;
	else
		memcpy(file->data + event->at, event->bytes.data, size);
}

void
disk_read(struct disk *ret_disk, const char *folder)
{
	*ret_disk = (struct disk){0};
	ret_disk->name_count = read_names(folder, ret_disk->names);
	for (unsigned i = 0; i < ret_disk->name_count; i++) {
		ret_disk->names[i].file = i;
		read_bytes(folder, ret_disk->names[i].name, &ret_disk->files[i]);
	}
	ret_disk->file_count = (unsigned)ret_disk->name_count;
}

void
disk_copy(struct disk *ret_disk, const struct disk *disk)
{
	*ret_disk = *disk;
	for (unsigned i = 0; i < disk->file_count; i++) {
		ret_disk->files[i] = (struct buf){0};
		buf_bytes(&ret_disk->files[i], buf_view(&disk->files[i]));
	}
}

void
disk_done(struct disk *disk)
{
	for (unsigned i = 0; i < DISK_FILES; i++)
		buf_done(&disk->files[i]);
}

static void
sync_pending(struct disk *disk, const struct disk_event *sync)
{
	size_t left = 0;

	for (size_t i = 0; i < disk->pending_count; i++) {
		const struct disk_event *event = disk->pending[i];

		if (sync->act == DISK_SYNC_FOLDER && is_of_names(event))
			apply_name(disk->names, &disk->name_count, event);
		else if (sync->act == DISK_SYNC && !is_of_names(event) && event->file == sync->file)
			apply_bytes(&disk->files[event->file], event, event->bytes.size);
		else
			disk->pending[left++] = event;
	}
	disk->pending_count = left;
}

void
disk_play(struct disk *disk, const struct disk_event *event)
{
	if (event->act == DISK_SYNC || event->act == DISK_SYNC_FOLDER) {
		sync_pending(disk, event);
	} else if (event->act != DISK_MARK) {
		assert_true(disk->pending_count < DISK_PENDING && event->file < DISK_FILES);
		disk->pending[disk->pending_count++] = event;
		if (event->file >= disk->file_count)
			disk->file_count = event->file + 1;
	}
}

/* ---- losses ---- */

/* How much of pending event NUMBER is there after LOSS: all of it is SIZE_MAX. */
static size_t
kept(const struct disk_loss *loss, size_t number)
{
	bool it = number == loss->which;
	uint64_t seed = loss->seed + number;

	switch (loss->kind) {
	case DISK_ALL:
		return SIZE_MAX;
	case DISK_ONE:
		return it ? SIZE_MAX : 0;
	case DISK_BUT_ONE:
		return it ? 0 : SIZE_MAX;
	case DISK_TORN:
		return it ? loss->torn : SIZE_MAX;
	case DISK_TORN_ALONE:
		return it ? loss->torn : 0;
	case DISK_CHANCE:
		return (disk_chance(&seed) & 1) != 0 ? SIZE_MAX : 0;
	default:
		return 0;
	}
}

/* Bytes of a prefix of EVENT, which may end within a sector or between two; 0: it has none.  The NEWEST is torn
 * where that harms one of the anchor's slots, of which the second half is empty. */
static size_t
tear(const struct disk_event *event, bool newest, uint64_t *seed)
{
	size_t size = event->bytes.size, torn;

	if (event->act != DISK_WRITE || size < 2)
		return 0;
	if (newest)
		return 1 + size / 3;
	torn = 1 + disk_chance(seed) % (size - 1);
	return size > 2 * SECTOR && torn > SECTOR && (*seed & 1) != 0 ? torn - torn % SECTOR : torn;
}

/* Which of COUNT pending ones are looked at alone: the last ones always, others by SEED. */
static size_t
pick(size_t count, size_t number, uint64_t *seed)
{
	if (count <= PICKS || number < PICKS / 3)
		return count - 1 - number;
	return disk_chance(seed) % (count - PICKS / 3);
}

size_t
disk_losses(const struct disk *disk, uint64_t seed, struct disk_loss ret_losses[DISK_LOSSES])
{
	size_t all = disk->pending_count, picks = all < PICKS ? all : PICKS, count = 0;

	ret_losses[count++] = (struct disk_loss){.kind = DISK_NONE};
	if (all > 0)
		ret_losses[count++] = (struct disk_loss){.kind = DISK_ALL};
	for (size_t i = 0; i < picks; i++) {
		size_t which = pick(all, i, &seed),
		       torn = tear(disk->pending[which], i == 0, &seed);

		if (all > 1)
			ret_losses[count++] = (struct disk_loss){DISK_ONE, which, 0, 0};
		if (all > 2) /* of two it is the other */
			ret_losses[count++] = (struct disk_loss){DISK_BUT_ONE, which, 0, 0};
		if (torn > 0)
			ret_losses[count++] = (struct disk_loss){DISK_TORN, which, torn, 0};
		if (torn > 0 && all > 1)
			ret_losses[count++] = (struct disk_loss){DISK_TORN_ALONE, which, torn, 0};
	}
	for (size_t i = 0; all > 3 && i < CHANCES; i++)
		ret_losses[count++] = (struct disk_loss){DISK_CHANCE, 0, 0, disk_chance(&seed)};
	return count;
}

static void
names_after(const struct disk *disk, const struct disk_loss *loss,
    struct disk_name ret_names[DISK_FILES], size_t *ret_count)
{
	memcpy(ret_names, disk->names, sizeof(disk->names));
	*ret_count = disk->name_count;
	for (size_t i = 0; i < disk->pending_count; i++)
		if (is_of_names(disk->pending[i]) && kept(loss, i) > 0)
			apply_name(ret_names, ret_count, disk->pending[i]);
}

static void
bytes_after(const struct disk *disk, const struct disk_loss *loss, unsigned file,
    struct buf *ret_bytes)
{
	ret_bytes->size = 0;
	buf_bytes(ret_bytes, buf_view(&disk->files[file]));
	for (size_t i = 0; i < disk->pending_count; i++) {
		const struct disk_event *event = disk->pending[i];
		size_t size = kept(loss, i);

		if (!is_of_names(event) && event->file == file && size > 0)
			apply_bytes(ret_bytes, event,
			    size < event->bytes.size ? size : event->bytes.size);
	}
}

bool
disk_file(const struct disk *disk, const struct disk_loss *loss, const char *name,
    struct buf *ret_bytes)
{
	struct disk_name names[DISK_FILES];
	size_t count;

	names_after(disk, loss, names, &count);
	const struct disk_name *found = find_name(names, count, name);
	if (found != NULL)
		bytes_after(disk, loss, found->file, ret_bytes);
	return found != NULL;
}

void
disk_write(const struct disk *disk, const struct disk_loss *loss, const char *folder)
{
	struct disk_name names[DISK_FILES];
	BUF bytes = {0};
	size_t count;

	disk_clear_folder(folder);
	names_after(disk, loss, names, &count);
	for (size_t i = 0; i < count; i++) {
		char path[400];

		bytes_after(disk, loss, names[i].file, &bytes);
		path_in(folder, names[i].name, path);
		FD fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
		assert_int_equal(write(fd, bytes.data, bytes.size), bytes.size);
	}
}

/* ---- notes ---- */

static struct disk_event *
note(enum disk_act act, unsigned file)
{
	struct disk_notes *notes = taking.notes;

	if (notes->count == notes->room) {
		notes->room = notes->room == 0 ? 256 : 2 * notes->room;
		notes->events = realloc(notes->events, notes->room * sizeof(*notes->events));
		assert_non_null(notes->events);
	}
	struct disk_event *event = &notes->events[notes->count++];
	*event = (struct disk_event){.act = act, .file = file};
	return event;
}

/* DISK_FILES: it is none of ours. */
static unsigned
find_inode(ino_t inode)
{
	for (unsigned i = 0; i < taking.file_count; i++)
		if (taking.files[i].fd >= 0 && taking.files[i].inode == inode)
			return i;
	return DISK_FILES;
}

/* The file that NAME leads to, which is a new one when it has not been seen. */
static unsigned
file_of_name(const char *name, unsigned number)
{
	struct stat status;
	char path[400];

	path_in(taking.folder, name, path);
	FD fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	assert_true(fd >= 0 && fstat(fd, &status) == 0);
	unsigned file = find_inode(status.st_ino);
	if (file < DISK_FILES)
		return file;
	assert_true(number < DISK_FILES);
	taking.files[number] = (struct noted_file){fd, status.st_ino};
	if (number >= taking.file_count)
		taking.file_count = number + 1;
	fd = -1;
	return number;
}

/* NAME is new or leads elsewhere: whether it has come from another, which is gone from NAMES. */
static void
note_name(const struct disk_name *name, struct disk_name *names, size_t count)
{
	for (size_t i = 0; i < taking.name_count; i++) {
		struct disk_name *old = &taking.names[i];

		if (old->file != name->file || find_name(names, count, old->name) != NULL)
			continue;
		struct disk_event *event = note(DISK_RENAME, name->file);
		set_name(event->name, old->name);
		set_name(event->to, name->name);
		*old = taking.names[--taking.name_count];
		return;
	}
	set_name(note(DISK_LINK, name->file)->name, name->name);
}

static void
look_at_names(void)
{
	struct disk_name names[DISK_FILES];
	size_t count = read_names(taking.folder, names);

	for (size_t i = 0; i < count; i++)
		names[i].file = file_of_name(names[i].name, taking.file_count);
	for (size_t i = 0; i < count; i++) {
		const struct disk_name *old =
		    find_name(taking.names, taking.name_count, names[i].name);

		if (old == NULL || old->file != names[i].file)
			note_name(&names[i], names, count);
	}
	for (size_t i = 0; i < taking.name_count; i++)
		if (find_name(names, count, taking.names[i].name) == NULL)
			set_name(note(DISK_UNLINK, taking.names[i].file)->name,
			    taking.names[i].name);
	memcpy(taking.names, names, sizeof(names));
	taking.name_count = count;
}

void
disk_mark(size_t number)
{
	if (taking.notes == NULL)
		return;
	look_at_names();
	note(DISK_MARK, 0)->at = number;
}

void
disk_note(struct disk_notes *notes, const char *folder, const struct disk *start)
{
	static const struct disk_loss nothing = {.kind = DISK_ALL};
	struct stat status;

	assert_null(taking.notes);
	memset(&taking, 0, sizeof(taking));
	for (unsigned i = 0; i < DISK_FILES; i++)
		taking.files[i].fd = -1;
	assert_non_null(realpath(folder, taking.folder));
	assert_int_equal(stat(folder, &status), 0);
	taking.folder_inode = status.st_ino;
	taking.notes = notes;
	disk_copy(&notes->start, start);
	taking.file_count = start->file_count;
	names_after(start, &nothing, taking.names, &taking.name_count);
	for (size_t i = 0; i < taking.name_count; i++)
		assert_int_equal(file_of_name(taking.names[i].name, taking.names[i].file),
		    taking.names[i].file);
}

/* What was noted gives what is there. */
static void
check_whole(const struct disk_notes *notes)
{
	static const struct disk_loss nothing = {.kind = DISK_ALL};
	DISK disk;
	BUF noted = {0}, there = {0};

	disk_copy(&disk, &notes->start);
	for (size_t i = 0; i < notes->count; i++)
		disk_play(&disk, &notes->events[i]);
	for (size_t i = 0; i < taking.name_count; i++) {
		assert_true(disk_file(&disk, &nothing, taking.names[i].name, &noted));
		read_bytes(taking.folder, taking.names[i].name, &there);
		assert_int_equal(noted.size, there.size);
		assert_memory_equal(noted.data, there.data, there.size);
	}
}

void
disk_note_end(void)
{
	struct disk_notes *notes = taking.notes;

	look_at_names();
	for (unsigned i = 0; i < taking.file_count; i++)
		fd_closep(&taking.files[i].fd);
	taking.notes = NULL;
	check_whole(notes);
}

void
disk_notes_done(struct disk_notes *notes)
{
	for (size_t i = 0; i < notes->count; i++)
		buf_done(&notes->events[i].bytes);
	free(notes->events);
	disk_done(&notes->start);
	*notes = (struct disk_notes){0};
}

void
disk_refuse(bool refuses)
{
	refusing = refuses;
}

/* ---- the calls that are replaced: this program's symbols come before the C library's ---- */

/* Whether FD is a file that is watched, and which. */
static bool
is_noted(int fd, unsigned *ret_file)
{
	struct stat status;

	if (taking.notes == NULL || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		return false;
	look_at_names();
	*ret_file = find_inode(status.st_ino);
	return *ret_file < DISK_FILES;
}

static void
note_write(unsigned file, const void *bytes, ssize_t size, off_t at)
{
	if (size <= 0)
		return;
	struct disk_event *event = note(DISK_WRITE, file);
	event->at = (size_t)at;
	buf_bytes(&event->bytes, view_of(bytes, (size_t)size));
}

ssize_t
pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
	ssize_t (*real)(int, const void *, size_t, off_t);
	unsigned file;
	bool noted = is_noted(fd, &file);

	*(void **)&real = dlsym(RTLD_NEXT, "pwrite64");
	ssize_t put = real(fd, bytes, size, offset);
	if (noted)
		note_write(file, bytes, put, offset);
	return put;
}

ssize_t
write(int fd, const void *bytes, size_t size)
{
	ssize_t (*real)(int, const void *, size_t);
	unsigned file;
	bool noted = is_noted(fd, &file);
	off_t offset = noted ? lseek(fd, 0, SEEK_CUR) : 0;

	*(void **)&real = dlsym(RTLD_NEXT, "write");
	ssize_t put = real(fd, bytes, size);
	if (noted)
		note_write(file, bytes, put, offset);
	return put;
}

int
ftruncate(int fd, off_t size)
{
	int (*real)(int, off_t);
	unsigned file;
	bool noted = is_noted(fd, &file);

	*(void **)&real = dlsym(RTLD_NEXT, "ftruncate64");
	int result = real(fd, size);
	if (noted && result == 0)
		note(DISK_TRUNCATE, file)->at = (size_t)size;
	return result;
}

/* Whether the syncs of FILE are a lie. */
static bool
is_lie(unsigned file)
{
	const struct disk_name *name =
	    find_name(taking.names, taking.name_count, taking.notes->lie);

	return name != NULL && name->file == file;
}

int
fdatasync(int fd)
{
	struct stat status;
	unsigned file;

	if (refusing) {
		errno = EIO;
		return -1;
	}
	if (is_noted(fd, &file) && !is_lie(file))
		note(DISK_SYNC, file);
	if (taking.notes != NULL && strcmp(taking.notes->lie, ".") != 0 &&
	    fstat(fd, &status) == 0 && S_ISDIR(status.st_mode) &&
	    status.st_ino == taking.folder_inode) {
		look_at_names();
		note(DISK_SYNC_FOLDER, 0);
	}
	return 0;
}

int
fsync(int fd)
{
	return fdatasync(fd);
}
