/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An open descriptor (O_PATH) is kept of each file while notes are taken, so that no inode number comes
 * twice: by it a file is known again under another name.
 */
#include "tests/unit/power/notes.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"
#include "tests/lib/expect.h"

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

	disk_path(taking.folder, name, path);
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

		if (old->file != name->file || disk_find_name(names, count, old->name) != NULL)
			continue;
		struct disk_event *event = note(DISK_RENAME, name->file);
		disk_name_set(event->name, old->name);
		disk_name_set(event->to, name->name);
		*old = taking.names[--taking.name_count];
		return;
	}
	disk_name_set(note(DISK_LINK, name->file)->name, name->name);
}

static void
look_at_names(void)
{
	struct disk_name names[DISK_FILES];
	size_t count = disk_names(taking.folder, names);

	for (size_t i = 0; i < count; i++)
		names[i].file = file_of_name(names[i].name, taking.file_count);
	for (size_t i = 0; i < count; i++) {
		const struct disk_name *old =
		    disk_find_name(taking.names, taking.name_count, names[i].name);

		if (old == NULL || old->file != names[i].file)
			note_name(&names[i], names, count);
	}
	for (size_t i = 0; i < taking.name_count; i++)
		if (disk_find_name(names, count, taking.names[i].name) == NULL)
			disk_name_set(note(DISK_UNLINK, taking.names[i].file)->name,
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
	disk_names_after(start, &nothing, taking.names, &taking.name_count);
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
		disk_read_file(taking.folder, taking.names[i].name, &there);
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
	    disk_find_name(taking.names, taking.name_count, taking.notes->lie);

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
