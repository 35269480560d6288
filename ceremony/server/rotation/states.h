/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states of a rotation debt as a table; what is not in it cannot happen.  Pure.
 *
 *	replace	OWED -> PREPARED -> APPLYING -> EXPELLED -> VERIFIED -> COMMITTED -> WATCHED -> RETIRED
 *	overlap	OWED -> PREPARED -> APPLYING -> VERIFIED -> COMMITTED -> WITHDRAWING -> WATCHED -> RETIRED
 *	issue	OWED -> ISSUING -> PREPARED -> VERIFIED -> COMMITTED -> WITHDRAWING -> WATCHED -> RETIRED
 *
 * A debt begins as OWED: with the release, the resealing or the rotation that a quorum decided, or with an adoption.  From
 * then on the host alone moves it, in a run that anybody may ask for once it is due; each row says by whose word
 * (enum debt_by).  DEGRADED is left when a person has put the target right, which the next run finds out.  COMMITTED and
 * what follows is a death watch: it keeps nobody from requesting the secret again.
 */
#ifndef CEREMONY_SERVER_ROTATION_STATES_H
#define CEREMONY_SERVER_ROTATION_STATES_H

#include "base/announcement.h"
#include "vault/documents/state_names.h"

enum debt_event {
	DEBT_ISSUES,   /* the target is about to make a value */
	DEBT_PREPARES, /* the new value is sealed, copied and in the escrow */
	DEBT_APPLIES,  /* the target is about to get it */
	DEBT_REJECTS,  /* it does not want that value, and nothing was changed */
	DEBT_EXPELS,   /* the old value's sessions are ended */
	DEBT_VERIFIES, /* it accepts the new value, and refuses the old one where it holds one alone */
	DEBT_FINDS,    /* what it accepts is another value than was thought */
	DEBT_DEGRADES,  /* it accepts none, or wants none */
	DEBT_COMMITS,   /* the new value is current */
	DEBT_WITHDRAWS, /* the target is about to drop the old value */
	DEBT_LOSES, /* it lost the new value, which it made itself, and accepts the old one: another is owed */
	DEBT_WATCHES_DEATH, /* it was taken away and its sessions are ended: its grace time begins */
	DEBT_RETIRES,       /* it is dead, by the grade that was announced */
	DEBT_EVENTS
};
extern const char *const debt_event_leaves[DEBT_EVENTS]; /* how the log calls what it wrote */

/* Who caused it.  That a value works, or is dead, never rests on what a rotator says it did. */
enum debt_by {
	BY_HOST = 1,    /* its own decision, kept before it does what it says */
	BY_ROTATOR = 2, /* what one said that it did, made, or cannot do: a reason to ask */
	BY_TARGET = 4,  /* a probe: it was seen to accept a value, or to refuse one */
	/* what was signed: by the definition such a value cannot die; or an operator ordered that one which nobody has seen is not tried */
	BY_SIGNED = 8
};

/* The next state of a debt that is rotated by STYLE, by the word of BY alone.  ERR_INTERNAL: the table has no such row. */
enum err_code debt_next(enum style style, enum debt_state state, enum debt_event event,
    enum debt_by by, enum debt_state *ret_next, struct err *err) MUST_CHECK;

/* Has a debt that is rotated by STYLE a way on from STATE? */
bool debt_goes_on(enum style style, enum debt_state state);

#endif
