/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/checker/replace.h"

#include "rotators/checker/expect.h"

enum { KILLS = 3 };

struct claims {
	enum finding applied, next, current;
};

/* FROM stands there; then TO, and FROM no longer. */
static bool
exchange_values(struct trial *trial, const struct secret *from, const struct secret *to,
    const struct claims *claims)
{
	SESSION session;

	session_start(&session, trial, NULL, from, to);
	if (!expect_done(&session, ROTATOR_APPLY, claims->applied))
		return false;
	if (claims->applied == FIND_APPLY)
		expect_sessions(&session);
	bool next = expect_accepted(&session, ROTATOR_NEXT, claims->next);

	return expect_dead(&session, ROTATOR_CURRENT, claims->current) && next;
}

static bool
apply_again(struct trial *trial, const struct secret *from, const struct secret *to)
{
	SESSION session;

	session_start(&session, trial, NULL, from, to);
	return expect_done(&session, ROTATOR_APPLY, FIND_APPLY_AGAIN) &&
	    expect_accepted(&session, ROTATOR_NEXT, FIND_APPLY_AGAIN);
}

static bool
there_and_back(struct trial *trial, const struct secret *to)
{
	static const struct claims first = {FIND_APPLY, FIND_APPLY_NEXT, FIND_APPLY_CURRENT};
	static const struct claims back = {FIND_BACK, FIND_BACK, FIND_BACK};
	bool there = exchange_values(trial, trial->given, to, &first);

	if (trial->report.states[FIND_APPLY] == FAULT)
		return false;
	bool again = apply_again(trial, trial->given, to);

	return exchange_values(trial, to, trial->given, &back) && there && again;
}

static bool
killed(struct trial *trial, const struct secret *to)
{
	static const struct claims claims = {FIND_KILLED, FIND_KILLED, FIND_KILLED};
	static const struct claims back = {FIND_BACK, FIND_BACK, FIND_BACK};

	expect_killed(trial, ROTATOR_APPLY, trial->given, to);
	return exchange_values(trial, trial->given, to, &claims) &&
	    exchange_values(trial, to, trial->given, &back);
}

enum err_code
replace_run(struct trial *trial, const struct made *made, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(made->values); i++)
		TRY(keep_add(&trial->keep, made->values[i], err));
	if (!there_and_back(trial, made->values[0]))
		return ERR_OK;
	for (unsigned i = 0; i < KILLS; i++) {
		TRY(session_name(trial, err));
		if (!killed(trial, made->values[1 - i % 2]))
			return ERR_OK;
	}
	report_flush(&trial->report);
	return ERR_OK;
}
