/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states of a ceremony as a table; what is not in it is refused.  Pure: time and facts are
 * arguments.
 *
 *	request		-> COLLECTING
 *	COLLECTING	approve			guards		-> COLLECTING, or RELEASING when the quorum is met
 *	COLLECTING	deny	   (quorum unreachable)		-> REFUSED, else COLLECTING
 *	COLLECTING	cancel	   (by the requester)		-> REFUSED
 *	COLLECTING	expire	   (now >= deadline)		-> REFUSED
 *	COLLECTING	void	   (charter or definition changed, version no longer current) -> REFUSED
 *	RELEASING	deliver	   (answers stored)		-> RELEASED
 *	RELEASING	damage	   (the sealed version does not open)	-> DEGRADED
 *	RELEASED	end	   (done, or expired)		-> ROTATING
 *	ROTATING	rotated	   (the debt is RETIRED)	-> CLOSED
 *	ROTATING	degrade	   (nothing is accepted)	-> DEGRADED
 *	DEGRADED	rotated					-> CLOSED
 */
#ifndef CEREMONY_TABLE_H
#define CEREMONY_TABLE_H

#include "ceremony/record.h"

enum ceremony_event { EVENT_APPROVE, EVENT_DENY, EVENT_CANCEL, EVENT_EXPIRE, EVENT_VOID,
	EVENT_RELEASE, EVENT_DELIVER, EVENT_DAMAGE, EVENT_END, EVENT_ROTATED, EVENT_DEGRADE,
	CEREMONY_EVENTS };

/* The next state.  ERR_REFUSED says which state the ceremony is in and why EVENT cannot happen
 * then, in words for people. */
enum err_code table_next(enum ceremony_state state, enum ceremony_event event,
    enum ceremony_state *ret_next, struct err *err) MUST_CHECK;

/* What decides a release; taken again inside the transaction that releases. */
struct verdict_facts {
	const struct quorum *header;	 /* of the sealed version */
	const struct quorum *policy;	 /* of the current charter for this secret */
	const struct seat *seats;	 /* the current charter's */
	size_t seat_count;
	const char *requester;
	const char *const *approved;	 /* seats with complete, valid approvals */
	size_t approved_count;
	const char *const *denied;
	size_t denied_count;
	int64_t now, deadline;
	bool charter_unchanged;
};
enum verdict { VERDICT_MET, VERDICT_OPEN, VERDICT_UNREACHABLE, VERDICT_EXPIRED, VERDICT_VOID };
/* RET_MISSING (>= 0): how many approvals are still needed at least, for OPEN.  RET_TEXT says it in
 * words ("2 more of infra, audit, legal"). */
enum verdict verdict_of(const struct verdict_facts *facts, int *ret_missing, struct buf *ret_text);

#endif
