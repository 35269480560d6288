/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states of versions, ceremonies, their items and debts, and their names (by state, NULL
 * at the end), as server and client say them and the store keeps them.  What leads from one to the
 * next is ceremony/protocol/states.h's.
 */
#ifndef VAULT_DOCUMENTS_STATE_NAMES_H
#define VAULT_DOCUMENTS_STATE_NAMES_H

/* What stands beside a state, for people: why it was refused, what happened last. */
enum { NOTE_TEXT_MAX = 500 };
/* Death watches of one secret that are listed at a time. */
enum { DEBT_WATCHES_MAX = 64 };

enum version_state {
	VERSION_PENDING,
	VERSION_CURRENT,
	VERSION_PREVIOUS,
	VERSION_REJECTED,
	VERSION_RETIRED
};
extern const char *const version_state_names[];

enum ceremony_state {
	CEREMONY_COLLECTING,
	CEREMONY_RELEASING,
	CEREMONY_RELEASED,
	CEREMONY_ROTATING,
	CEREMONY_DEGRADED,
	CEREMONY_CLOSED,
	CEREMONY_REFUSED,
	CEREMONY_STATES
};
extern const char *const ceremony_state_names[];

/* What becomes of what a ceremony opens. */
enum mode {
	MODE_RELEASE, /* to a responder, once */
	MODE_RESEAL,  /* back into the vault, sealed to the charter in force */
	MODE_ROTATE,  /* to its target, which gets another */
	MODE_RECOVER,
	MODE_DRILL,
	MODES
};
extern const char *const mode_names[MODES + 1]; /* "release", ..., NULL */

enum { CEREMONY_ITEMS = 500 }; /* at most, in one ceremony */
enum item_state {
	ITEM_WAITING, /* for the quorum, or for its turn */
	ITEM_OPENING, /* its debt is committed; its value is not in the escrow yet */
	ITEM_DONE,
	ITEM_SKIPPED,
	ITEM_DAMAGED,
	ITEM_STATES
};
extern const char *const item_state_names[];

/* What leads from one to the next is ceremony/server/rotation/states.h's. */
enum debt_state {
	DEBT_OWED,
	DEBT_ISSUING,  /* the target may have made a value that nobody has */
	DEBT_PREPARED, /* the new value is sealed */
	DEBT_APPLYING, /* the target may have it */
	DEBT_EXPELLED, /* sessions of the old value are ended; whether it is refused is asked next */
	DEBT_VERIFIED,    /* the target accepts the new value */
	DEBT_DEGRADED,    /* it accepts nothing that we have */
	DEBT_COMMITTED,   /* the new value is current: what remains is a death watch */
	DEBT_WITHDRAWING, /* the target may have dropped the old value */
	DEBT_WATCHED,     /* it was taken away: when its grace time is over, it must be refused */
	DEBT_RETIRED,
	DEBT_STATES
};
extern const char *const debt_state_names[];
/* A debt in one of these keeps its secret from being opened; in those behind, but RETIRED, it is a death watch. */
enum {
	DEBT_BLOCKS = (1u << DEBT_COMMITTED) - 1,
	DEBT_WATCHES = 1u << DEBT_COMMITTED | 1u << DEBT_WITHDRAWING | 1u << DEBT_WATCHED,
	DEBT_UNPAID = DEBT_BLOCKS | DEBT_WATCHES
};

#endif
