/* SPDX-License-Identifier: Apache-2.0 */
/* One question and the answer that it must have; all report, and return whether it came. */
#ifndef ROTATORS_CHECKER_EXPECT_H
#define ROTATORS_CHECKER_EXPECT_H

#include "rotators/checker/session.h"

enum { KILLS = 3 }; /* of each change, in the middle of it */

/* The change is done. */
bool expect_done(struct session *session, enum rotator_change change, enum finding finding);
bool expect_accepted(struct session *session, enum rotator_value which, enum finding finding);
/* Refused with proof, where the target forgets a value at once. */
bool expect_dead(struct session *session, enum rotator_value which, enum finding finding);
/* Both are accepted. */
bool expect_both(struct session *session, enum finding finding);
/* What is claimed of a change, apply or withdraw, that leaves the target with one of two values. */
struct move {
	enum rotator_change change;
	enum finding done, next,
	    current; /* it is; the one that stays is accepted; the other one is dead */
	bool first;  /* warn and expel are tried with it, where they are announced */
};
/* MOVE, asked for in a process of its own with FROM as the current value and TO as the next one, which stays. */
bool expect_moved(struct trial *trial, const struct move *move, const struct secret *from,
    const struct secret *to);
/* What ISSUE or MINT gave: whole, and kept (by the trial, until its end); NULL in RET_VALUE when it is not.  What cannot be
 * kept on disk stops the trial: nothing more is made. */
bool expect_made(struct session *session, enum rotator_change change, enum finding finding,
    const struct secret **ret_value);
/* Asks for CHANGE in a process of its own that is killed at a random moment, before it could have answered.  False: something
 * of it could not be ended, and may go on at the target. */
bool expect_killed(struct trial *trial, enum rotator_change change, const struct secret *current,
    const struct secret *next);

#endif
