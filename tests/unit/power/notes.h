/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this process does to the files of one folder, in order, below SQLite and below our own code: its
 * pwrite, write, ftruncate, fsync and fdatasync are replaced, and names that come and go are seen by looking.
 *
 * Nothing that a program with this unit does is ever synced in truth.
 */
#ifndef TESTS_UNIT_POWER_NOTES_H
#define TESTS_UNIT_POWER_NOTES_H

#include "tests/unit/power/disk.h"

struct disk_notes {
	struct disk start;
	struct disk_event *events;
	size_t count, room;
	/* The file whose syncs are confirmed and not done; ".": the folder; "": none. */
	char lie[DISK_NAME];
};
/* From now on, in FOLDER, which must hold what START gives when nothing of it is lost. */
void disk_note(struct disk_notes *notes, const char *folder, const struct disk *start);
/* Put a mark.  Nothing is noted: nothing happens. */
void disk_mark(size_t number);
/* No more; shows that nothing was missed. */
void disk_note_end(void);
void disk_notes_done(struct disk_notes *notes);
#define DISK_NOTES CLEANUP(disk_notes_done) struct disk_notes

/* From now on every sync fails (EIO), or not any more. */
void disk_refuse(bool refuses);

#endif
