/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that may lose its power: a folder of files, to which events are played (power_notes.h), and which is
 * written out as it may be found after a power loss there.
 *
 * What was synced is there: the bytes of a file by its fsync or fdatasync, names by the folder's.  Of what
 * was not, any part may be there: nothing, everything, only one write, all but one, a write in part
 * (a prefix of it), some by chance.
 */
#ifndef TESTS_UNIT_POWER_DISK_H
#define TESTS_UNIT_POWER_DISK_H

#include "base/bytes.h"

enum {
	DISK_NAME = 64,
	DISK_FILES = 40, /* also those that have lost their names */
	DISK_PENDING = 1024,
	DISK_LOSSES = 64
};

enum disk_act {
	DISK_WRITE,
	DISK_TRUNCATE,
	DISK_LINK,
	DISK_UNLINK,
	DISK_RENAME,
	DISK_SYNC,
	DISK_SYNC_FOLDER,
	DISK_MARK, /* something happened beside the disk: the test knows what */
};

struct disk_event {
	enum disk_act act;
	unsigned file;
	size_t at;        /* the write's offset, the new size, the mark's number */
	struct buf bytes; /* written */
	char name[DISK_NAME], to[DISK_NAME];
};

struct disk_name {
	char name[DISK_NAME];
	unsigned file;
};

struct disk {
	struct buf files[DISK_FILES]; /* what is synced */
	unsigned file_count;
	struct disk_name names[DISK_FILES]; /* that are synced */
	size_t name_count;
	const struct disk_event *pending[DISK_PENDING]; /* what is not, in order */
	size_t pending_count;
};

/* What FOLDER holds now, all of it synced. */
void disk_read(struct disk *ret_disk, const char *folder);
/* Events are shared: the notes must outlive the copy. */
void disk_copy(struct disk *ret_disk, const struct disk *disk);
void disk_done(struct disk *disk);
#define DISK CLEANUP(disk_done) struct disk
void disk_play(struct disk *disk, const struct disk_event *event);

enum disk_kind {
	DISK_NONE,
	DISK_ALL,
	DISK_ONE,
	DISK_BUT_ONE,
	DISK_TORN,       /* all the others are there */
	DISK_TORN_ALONE, /* none of the others is */
	DISK_CHANCE,
	DISK_KINDS
};
extern const char *const disk_kind_names[DISK_KINDS];

struct disk_loss {
	enum disk_kind kind;
	size_t which, torn; /* of the pending ones; so many bytes of it */
	uint64_t seed;
};
/* What may be lost of DISK now.  Where much is pending, each call takes other ones of it by SEED. */
size_t disk_losses(const struct disk *disk, uint64_t seed,
    struct disk_loss ret_losses[DISK_LOSSES]);
/* FOLDER (its files are removed first) as it is found after LOSS. */
void disk_write(const struct disk *disk, const struct disk_loss *loss, const char *folder);
/* The file NAME alone; false: there is none. */
bool disk_file(const struct disk *disk, const struct disk_loss *loss, const char *name,
    struct buf *ret_bytes);
void disk_clear_folder(const char *folder);

/* A folder's names (their files stay unset), without "lock", since what is in it matters to nobody. */
size_t disk_names(const char *folder, struct disk_name ret_names[DISK_FILES]);
void disk_path(const char *folder, const char *name, char ret_path[400]);
void disk_read_file(const char *folder, const char *name, struct buf *ret_bytes);
void disk_name_set(char ret_name[DISK_NAME], const char *name);
struct disk_name *disk_find_name(struct disk_name *names, size_t count, const char *name);
/* Which there are after LOSS. */
void disk_names_after(const struct disk *disk, const struct disk_loss *loss,
    struct disk_name ret_names[DISK_FILES], size_t *ret_count);

/* A stream of numbers that differs by SEED alone. */
uint64_t disk_chance(uint64_t *seed);

#endif
