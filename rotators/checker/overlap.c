/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/checker/overlap.h"

#include "rotators/checker/expect.h"

enum { KILLS = 3 };

static bool
add(struct trial *trial, const struct secret *from, const struct secret *to, enum finding added,
    enum finding both)
{
	SESSION session;

	session_start(&session, trial, NULL, from, to);
	return expect_done(&session, ROTATOR_ADD, added) && expect_both(&session, both);
}

struct claims {
	enum finding withdrawn, next, current;
};

static bool
take_away(struct trial *trial, const struct secret *from, const struct secret *to,
    const struct claims *claims)
{
	SESSION session;

	session_start(&session, trial, NULL, from, to);
	if (!expect_done(&session, ROTATOR_WITHDRAW, claims->withdrawn))
		return false;
	if (claims->withdrawn == FIND_WITHDRAW)
		expect_sessions(&session);
	bool next = expect_accepted(&session, ROTATOR_NEXT, claims->next);

	return expect_dead(&session, ROTATOR_CURRENT, claims->current) && next;
}

static bool
there(struct trial *trial, const struct secret *to)
{
	static const struct claims claims = {FIND_WITHDRAW, FIND_WITHDRAW_NEXT,
	    FIND_WITHDRAW_CURRENT};
	static const struct claims again = {FIND_WITHDRAW_AGAIN, FIND_WITHDRAW_AGAIN,
	    FIND_WITHDRAW_AGAIN};

	return add(trial, trial->given, to, FIND_ADD, FIND_ADD_BOTH) &&
	    add(trial, trial->given, to, FIND_ADD_AGAIN, FIND_ADD_AGAIN) &&
	    take_away(trial, trial->given, to, &claims) &&
	    take_away(trial, trial->given, to, &again);
}

static bool
back(struct trial *trial, const struct secret *from)
{
	static const struct claims claims = {FIND_BACK, FIND_BACK, FIND_BACK};

	return add(trial, from, trial->given, FIND_BACK, FIND_BACK) &&
	    take_away(trial, from, trial->given, &claims);
}

/* In add, and in withdraw. */
static bool
killed(struct trial *trial, const struct secret *to)
{
	static const struct claims claims = {FIND_KILLED, FIND_KILLED, FIND_KILLED};

	expect_killed(trial, ROTATOR_ADD, trial->given, to);
	if (!add(trial, trial->given, to, FIND_KILLED, FIND_KILLED))
		return false;
	expect_killed(trial, ROTATOR_WITHDRAW, to, trial->given);
	return take_away(trial, to, trial->given, &claims);
}

enum err_code
overlap_run(struct trial *trial, const struct made *made, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(made->values); i++)
		TRY(keep_add(&trial->keep, made->values[i], err));
	if (!there(trial, made->values[0]))
		return ERR_OK;
	TRY(session_name(trial, err));
	if (!back(trial, made->values[0]))
		return ERR_OK;
	for (unsigned i = 0; i < KILLS; i++) {
		TRY(session_name(trial, err));
		if (!killed(trial, made->values[1 - i % 2]))
			return ERR_OK;
	}
	report_flush(&trial->report);
	return ERR_OK;
}
