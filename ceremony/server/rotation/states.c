/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/rotation/states.h"

enum { R = 1u << STYLE_REPLACE, O = 1u << STYLE_OVERLAP, I = 1u << STYLE_ISSUE };

static const struct row {
	enum debt_state state;
	enum debt_event event;
	unsigned styles, by;
	enum debt_state next;
} rows[] = {
    {DEBT_OWED, DEBT_ISSUES, I, BY_HOST, DEBT_ISSUING},
    {DEBT_OWED, DEBT_PREPARES, R | O, BY_ROTATOR, DEBT_PREPARED},
    {DEBT_ISSUING, DEBT_PREPARES, I, BY_ROTATOR, DEBT_PREPARED},
    {DEBT_PREPARED, DEBT_APPLIES, R | O, BY_HOST, DEBT_APPLYING},
    {DEBT_PREPARED, DEBT_VERIFIES, I, BY_TARGET, DEBT_VERIFIED},
    {DEBT_PREPARED, DEBT_REJECTS, I, BY_TARGET, DEBT_OWED},
    {DEBT_APPLYING, DEBT_REJECTS, R | O, BY_ROTATOR, DEBT_OWED},
    {DEBT_APPLYING, DEBT_EXPELS, R, BY_ROTATOR | BY_TARGET, DEBT_EXPELLED},
    {DEBT_APPLYING, DEBT_VERIFIES, O, BY_TARGET, DEBT_VERIFIED},
    {DEBT_EXPELLED, DEBT_APPLIES, R, BY_TARGET, DEBT_APPLYING},
    {DEBT_EXPELLED, DEBT_VERIFIES, R, BY_TARGET, DEBT_VERIFIED},
    /* Whatever it was thought to accept: another value of this debt works. */
    {DEBT_OWED, DEBT_FINDS, R, BY_TARGET, DEBT_APPLYING},
    {DEBT_OWED, DEBT_FINDS, O, BY_TARGET, DEBT_VERIFIED},
    {DEBT_ISSUING, DEBT_FINDS, I, BY_TARGET, DEBT_VERIFIED},
    {DEBT_PREPARED, DEBT_FINDS, I, BY_TARGET, DEBT_VERIFIED},
    {DEBT_APPLYING, DEBT_FINDS, R, BY_TARGET, DEBT_APPLYING},
    {DEBT_APPLYING, DEBT_FINDS, O, BY_TARGET, DEBT_VERIFIED},
    {DEBT_EXPELLED, DEBT_FINDS, R, BY_TARGET, DEBT_APPLYING},
    {DEBT_DEGRADED, DEBT_FINDS, R, BY_TARGET, DEBT_APPLYING},
    {DEBT_DEGRADED, DEBT_FINDS, O | I, BY_TARGET, DEBT_VERIFIED},

    {DEBT_OWED, DEBT_DEGRADES, R | O | I, BY_TARGET, DEBT_DEGRADED},
    {DEBT_ISSUING, DEBT_DEGRADES, I, BY_TARGET, DEBT_DEGRADED},
    {DEBT_PREPARED, DEBT_DEGRADES, I, BY_TARGET, DEBT_DEGRADED},
    {DEBT_APPLYING, DEBT_DEGRADES, R | O, BY_ROTATOR | BY_TARGET, DEBT_DEGRADED},
    {DEBT_EXPELLED, DEBT_DEGRADES, R, BY_TARGET, DEBT_DEGRADED},
    {DEBT_DEGRADED, DEBT_DEGRADES, R | O | I, BY_TARGET, DEBT_DEGRADED},
    /* The old value works again: the pending one, if there is one, is told anew; else another is made. */
    {DEBT_DEGRADED, DEBT_APPLIES, R | O, BY_TARGET, DEBT_APPLYING},
    {DEBT_DEGRADED, DEBT_REJECTS, R | O | I, BY_TARGET, DEBT_OWED},
    {DEBT_DEGRADED, DEBT_EXPELS, R, BY_TARGET, DEBT_EXPELLED},
    {DEBT_DEGRADED, DEBT_VERIFIES, O | I, BY_TARGET, DEBT_VERIFIED},

    {DEBT_VERIFIED, DEBT_COMMITS, R | O | I, BY_HOST, DEBT_COMMITTED},
    {DEBT_COMMITTED, DEBT_WATCHES_DEATH, R, BY_HOST, DEBT_WATCHED},
    {DEBT_COMMITTED, DEBT_WITHDRAWS, O | I, BY_HOST, DEBT_WITHDRAWING},
    {DEBT_WITHDRAWING, DEBT_WATCHES_DEATH, O | I, BY_ROTATOR, DEBT_WATCHED},
    {DEBT_WITHDRAWING, DEBT_LOSES, I, BY_TARGET, DEBT_OWED},
    /* It is still accepted, although its time is over. */
    {DEBT_WATCHED, DEBT_WITHDRAWS, O | I, BY_TARGET, DEBT_WITHDRAWING},
    {DEBT_WATCHED, DEBT_RETIRES, R | O | I, BY_TARGET | BY_SIGNED, DEBT_RETIRED},
};

const char *const debt_event_leaves[DEBT_EVENTS] = {
    [DEBT_ISSUES] = "issuing",
    [DEBT_PREPARES] = "prepared",
    [DEBT_APPLIES] = "applying",
    [DEBT_REJECTS] = "rejected",
    [DEBT_EXPELS] = "expelled",
    [DEBT_VERIFIES] = "verified",
    [DEBT_FINDS] = "found",
    [DEBT_DEGRADES] = "degraded",
    [DEBT_COMMITS] = "committed",
    [DEBT_WITHDRAWS] = "withdrawing",
    [DEBT_LOSES] = "lost",
    [DEBT_WATCHES_DEATH] = "watched",
    [DEBT_RETIRES] = "retired",
};

static const char *
by_name(unsigned by)
{
	static const char *const names[] = {"host", "rotator", "target", "signed"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (by == 1u << i)
			return names[i];
	return "nobody";
}

enum err_code
debt_next(enum style style, enum debt_state state, enum debt_event event, enum debt_by by,
    enum debt_state *ret_next, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].state != state || rows[i].event != event ||
		    (rows[i].styles & 1u << style) == 0 || (rows[i].by & by) == 0)
			continue;
		*ret_next = rows[i].next;
		return ERR_OK;
	}
	return err_set(err, ERR_INTERNAL,
	    "a debt that is %s by %s cannot be %s by the word of the %s",
	    state < DEBT_STATES ? debt_state_names[state] : "in no state",
	    style < STYLES ? style_names[style] : "no style",
	    event < DEBT_EVENTS ? debt_event_leaves[event] : "nothing", by_name(by));
}

bool
debt_goes_on(enum style style, enum debt_state state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].state == state && (rows[i].styles & 1u << style) != 0)
			return true;
	return false;
}
