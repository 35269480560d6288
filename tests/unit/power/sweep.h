/* SPDX-License-Identifier: Apache-2.0 */
/* Many states of a folder, of which each is judged; counted by what was lost, and at which step. */
#ifndef TESTS_UNIT_POWER_SWEEP_H
#define TESTS_UNIT_POWER_SWEEP_H

#include "tests/unit/power/bench.h"

struct sweep {
	char folder[64]; /* where the states are made */
	int64_t number, step;
	bool control; /* takes every STEP-th in every run, and ends with the first fault */
	bool sharp;   /* slots that are just written are looked at in every run */
	unsigned long states[STEPS][DISK_KINDS];
	unsigned long tried, faults;
	char first[1200]; /* fault */
};

/* Takes every STEP-th state in the plain suite (tests/unit/sweep.h). */
void sweep_begin(struct sweep *sweep, int64_t step);
void sweep_begin_control(struct sweep *sweep, int64_t step);
void sweep_end(struct sweep *sweep);
#define SWEEP CLEANUP(sweep_end) struct sweep
bool sweep_wants(struct sweep *sweep, bool always); /* the next state */
void sweep_fault(struct sweep *sweep, size_t at, const struct promise *promise, const char *kind,
    const struct err *err);
/* Says what was tried, under the name WHAT, and fails unless all was well (or, for a control, was not). */
void sweep_tell(const struct sweep *sweep, const char *what);

/* The power is lost after each event of WORK, and what was not synced is lost in each way, or, when SOME is
 * not 0, in the main ones and one in SOME of the others. */
void sweep_losses(struct sweep *sweep, const struct work *work, size_t some);

/* A place in what was done. */
struct moment {
	size_t at; /* the event that was the last one */
	const struct promise *promise;
	struct disk disk;
};
/* Go through all; false: there is none.  Begin with {0}. */
bool moment_next(struct moment *moment, const struct work *work);
void moment_done(struct moment *moment);
#define MOMENT CLEANUP(moment_done) struct moment

#endif
