/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/protocol/states.h"

static const struct row {
	enum ceremony_state state;
	enum ceremony_event event;
	enum ceremony_state next;
} rows[] = {
    {CEREMONY_COLLECTING, EVENT_APPROVE, CEREMONY_COLLECTING},
    {CEREMONY_COLLECTING, EVENT_RELEASE, CEREMONY_RELEASING},
    {CEREMONY_COLLECTING, EVENT_DENY, CEREMONY_COLLECTING},
    {CEREMONY_COLLECTING, EVENT_REFUSE, CEREMONY_REFUSED},
    {CEREMONY_COLLECTING, EVENT_CANCEL, CEREMONY_REFUSED},
    {CEREMONY_COLLECTING, EVENT_EXPIRE, CEREMONY_REFUSED},
    {CEREMONY_COLLECTING, EVENT_VOID, CEREMONY_REFUSED},
    {CEREMONY_RELEASING, EVENT_DELIVER, CEREMONY_RELEASED},
    {CEREMONY_RELEASING, EVENT_DAMAGE, CEREMONY_CLOSED},
    {CEREMONY_RELEASING, EVENT_SETTLED, CEREMONY_CLOSED},
    {CEREMONY_RELEASED, EVENT_END, CEREMONY_ROTATING},
    {CEREMONY_ROTATING, EVENT_ROTATED, CEREMONY_CLOSED},
    {CEREMONY_ROTATING, EVENT_DEGRADE, CEREMONY_DEGRADED},
    {CEREMONY_DEGRADED, EVENT_ROTATED, CEREMONY_CLOSED},
};

static const char *const event_texts[CEREMONY_EVENTS] = {
    [EVENT_APPROVE] = "it cannot be approved",
    [EVENT_DENY] = "it cannot be denied",
    [EVENT_REFUSE] = "it cannot be refused",
    [EVENT_CANCEL] = "it cannot be cancelled",
    [EVENT_EXPIRE] = "it cannot expire",
    [EVENT_VOID] = "it cannot become void",
    [EVENT_RELEASE] = "nothing can be released by it",
    [EVENT_DELIVER] = "nothing can be delivered by it",
    [EVENT_DAMAGE] = "its sealed version is not in question",
    [EVENT_END] = "it has no lease to end",
    [EVENT_ROTATED] = "it has no rotation to finish",
    [EVENT_SETTLED] = "it has nothing to settle",
    [EVENT_DEGRADE] = "it has no rotation that could fail",
};

static const char *const state_texts[CEREMONY_STATES] = {
    [CEREMONY_COLLECTING] = "the ceremony still collects approvals",
    [CEREMONY_RELEASING] = "the ceremony has its quorum and is releasing; run the command again",
    [CEREMONY_RELEASED] = "the ceremony has released its credential",
    [CEREMONY_ROTATING] = "the ceremony's lease has ended and its credential is being rotated",
    [CEREMONY_DEGRADED] = "the ceremony's rotation failed and needs a person (halligan status)",
    [CEREMONY_CLOSED] = "the ceremony is closed",
    [CEREMONY_REFUSED] = "the ceremony was refused; make a new request",
};

enum err_code
table_next(enum ceremony_state state, enum ceremony_event event, enum ceremony_state *ret_next,
    struct err *err)
{
	if (state >= CEREMONY_STATES || event >= CEREMONY_EVENTS)
		return err_set(err, ERR_INTERNAL, "a ceremony has no state %u or event %u",
		    (unsigned)state, (unsigned)event);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].state != state || rows[i].event != event)
			continue;
		*ret_next = rows[i].next;
		return ERR_OK;
	}
	return err_set(err, ERR_REFUSED, "%s; %s", state_texts[state], event_texts[event]);
}
