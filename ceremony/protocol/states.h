/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states of a ceremony as a table; what is not in it is refused.  Pure.
 *
 *	request		-> COLLECTING
 *	COLLECTING	approve	   (server/opening/approve guards)	-> COLLECTING
 *	COLLECTING	release	   (the quorum is met)		-> RELEASING
 *	COLLECTING	deny	   (quorum still reachable)	-> COLLECTING
 *	COLLECTING	refuse	   (quorum unreachable)		-> REFUSED
 *	COLLECTING	cancel	   (by the requester)		-> REFUSED
 *	COLLECTING	expire	   (now >= deadline)		-> REFUSED
 *	COLLECTING	void	   (charter or definition changed, version no longer current) -> REFUSED
 *	RELEASING	deliver	   (answers stored)		-> RELEASED
 *	RELEASING	damage	   (none of its versions opens; nothing left the vault) -> CLOSED
 *	RELEASING	settled	   (reseal, rotate: every item came to its end)	-> CLOSED
 *	RELEASED	end	   (done, or expired)		-> ROTATING
 *	ROTATING	rotated	   (the debt is RETIRED)	-> CLOSED
 *	ROTATING	degrade	   (nothing is accepted)	-> DEGRADED
 *	DEGRADED	rotated					-> CLOSED
 */
#ifndef CEREMONY_PROTOCOL_STATES_H
#define CEREMONY_PROTOCOL_STATES_H

#include "base/err.h"
#include "vault/documents/state_names.h"

enum ceremony_event {
	EVENT_APPROVE,
	EVENT_DENY,
	EVENT_REFUSE,
	EVENT_CANCEL,
	EVENT_EXPIRE,
	EVENT_VOID,
	EVENT_RELEASE,
	EVENT_DELIVER,
	EVENT_DAMAGE,
	EVENT_END,
	EVENT_ROTATED,
	EVENT_DEGRADE,
	EVENT_SETTLED,
	CEREMONY_EVENTS
};

/* The next state.  ERR_REFUSED says which state the ceremony is in and why EVENT cannot happen
 * then, in words for people. */
enum err_code table_next(enum ceremony_state state, enum ceremony_event event,
    enum ceremony_state *ret_next, struct err *err) MUST_CHECK;

#endif
