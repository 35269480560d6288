/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work on a vault that is noted (power_notes.h), with what it promises at each event: in which states the
 * vault may be found when the power is lost there.  And the judge, who opens what was found.
 *
 * The steps are those of vault/log/anchor.h: slot {R,S}, COMMIT, slot {S,S}, reply.
 */
#ifndef TESTS_UNIT_POWER_BENCH_H
#define TESTS_UNIT_POWER_BENCH_H

#include "tests/unit/power/notes.h"
#include "vault/log/anchor.h"
#include "vault/store/store.h"

enum power_step {
	STEP_MAKING,
	STEP_ROWS,
	STEP_SLOT,
	STEP_COMMIT,
	STEP_SETTLE,
	STEP_REPLIED,
	STEP_OPENING, /* after another's death or a power loss, until something is told */
	STEPS
};
extern const char *const power_step_names[STEPS];

struct promise {
	enum power_step step;
	bool lacks;                    /* there may be no vault yet */
	struct anchor_state low, high; /* found in one of these */
	struct anchor_state replied;   /* the newest that somebody was told of */
};

/* What was done, and what was promised meanwhile: mark N is promise N. */
struct work {
	struct disk_notes notes;
	struct promise *promises;
	size_t count, room;
};
void work_done(struct work *work);
#define WORK CLEANUP(work_done) struct work

/* What is left out of the commit order, so that a test can show that it sees it. */
enum power_fault {
	FAULT_NONE,
	FAULT_ANCHOR, /* its syncs are confirmed and not done */
	FAULT_JOURNAL,
	FAULT_DATABASE,
	FAULT_FOLDER,
	FAULT_LEFT, /* store_make_last does nothing */
};

/* A life of several handles: making, commits of each sort, readers between the steps, writers that die after
 * COMMIT, a COMMIT that is refused. */
void power_live(struct work *work, const char *folder, enum power_fault fault);
/* A life with two commits, for what is cut twice. */
void power_live_shortly(struct work *work, const char *folder);
/* A life whose writer dies after COMMIT, before its second slot; nothing is noted. */
void power_live_unsettled(const char *folder);
/* Somebody opens FOLDER, which holds START with nothing of it lost and promises FIRST; reads and settles
 * it first when READS, and commits.  An error is an alarm. */
enum err_code power_live_on(struct work *work, const char *folder, const struct disk *start,
    const struct promise *first, bool reads, enum power_fault fault, struct err *err);

/* That the vault in FOLDER opens without an alarm in a state that PROMISE allows, is whole, and takes a
 * commit. */
enum err_code power_judge(const char *folder, const struct promise *promise, struct err *err);
/* That it opens, and is whole; RET_STATE is what its reader is told. */
enum err_code power_accept(const char *folder, struct anchor_state *ret_state, struct err *err);

/* A new folder, and its end with all that is in it. */
void power_folder(char ret_folder[64]);
void power_folder_done(const char *folder);

#endif
