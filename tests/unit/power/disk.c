/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/power/disk.h"

#include <dirent.h>
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

uint64_t
disk_chance(uint64_t *seed)
{
	uint64_t x = (*seed += 0x9e3779b97f4a7c15); /* splitmix64 */

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

void
disk_path(const char *folder, const char *name, char ret_path[400])
{
	assert_true(snprintf(ret_path, 400, "%s/%s", folder, name) < 400);
}

void
disk_name_set(char ret_name[DISK_NAME], const char *name)
{
	assert_true(snprintf(ret_name, DISK_NAME, "%s", name) < DISK_NAME);
}

/* ---- the folder ---- */

static bool
is_watched(const char *name)
{
	return strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strcmp(name, "lock") != 0;
}

size_t
disk_names(const char *folder, struct disk_name ret_names[DISK_FILES])
{
	size_t count = 0;
	DIR *stream = opendir(folder);

	assert_non_null(stream);
	for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
		if (!is_watched(entry->d_name))
			continue;
		assert_true(count < DISK_FILES);
		disk_name_set(ret_names[count++].name, entry->d_name);
	}
	closedir(stream);
	return count;
}

void
disk_read_file(const char *folder, const char *name, struct buf *ret_bytes)
{
	struct err err;
	char path[400];

	disk_path(folder, name, path);
	ret_bytes->size = 0;
	assert_ok(file_read(path, FILE_MAX, ret_bytes, &err));
}

void
disk_clear_folder(const char *folder)
{
	struct disk_name names[DISK_FILES];
	char path[400];
	size_t count = disk_names(folder, names);

	for (size_t i = 0; i < count; i++) {
		disk_path(folder, names[i].name, path);
		assert_int_equal(unlink(path), 0);
	}
}

/* ---- the disk ---- */

struct disk_name *
disk_find_name(struct disk_name *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i].name, name) == 0)
			return &names[i];
	return NULL;
}

static void
link_name(struct disk_name names[DISK_FILES], size_t *count, const char *name, unsigned file)
{
	struct disk_name *found = disk_find_name(names, *count, name);

	if (found == NULL) {
		assert_true(*count < DISK_FILES);
		found = &names[(*count)++];
		disk_name_set(found->name, name);
	}
	found->file = file;
}

static void
unlink_name(struct disk_name names[DISK_FILES], size_t *count, const char *name)
{
	struct disk_name *found = disk_find_name(names, *count, name);

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
	ret_disk->name_count = disk_names(folder, ret_disk->names);
	for (unsigned i = 0; i < ret_disk->name_count; i++) {
		ret_disk->names[i].file = i;
		disk_read_file(folder, ret_disk->names[i].name, &ret_disk->files[i]);
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

void
disk_names_after(const struct disk *disk, const struct disk_loss *loss,
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

	disk_names_after(disk, loss, names, &count);
	const struct disk_name *found = disk_find_name(names, count, name);
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
	disk_names_after(disk, loss, names, &count);
	for (size_t i = 0; i < count; i++) {
		char path[400];

		bytes_after(disk, loss, names[i].file, &bytes);
		disk_path(folder, names[i].name, path);
		FD fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
		assert_int_equal(write(fd, bytes.data, bytes.size), bytes.size);
	}
}
