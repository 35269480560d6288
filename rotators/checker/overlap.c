/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/checker/overlap.h"

#include "rotators/checker/expect.h"

static bool
add(struct trial *trial, const struct secret *from, const struct secret *to, enum finding added,
    enum finding both)
{
	SESSION session;

	session_start(&session, trial, NULL, from, to);
	return expect_done(&session, ROTATOR_ADD, added) && expect_both(&session, both);
}

static bool
there(struct trial *trial, const struct secret *to)
{
	static const struct move first = {ROTATOR_WITHDRAW, FIND_WITHDRAW, FIND_WITHDRAW_NEXT,
	    FIND_WITHDRAW_CURRENT, true};
	static const struct move again = {ROTATOR_WITHDRAW, FIND_WITHDRAW_AGAIN,
	    FIND_WITHDRAW_AGAIN, FIND_WITHDRAW_AGAIN, false};

	return add(trial, trial->given, to, FIND_ADD, FIND_ADD_BOTH) &&
	    add(trial, trial->given, to, FIND_ADD_AGAIN, FIND_ADD_AGAIN) &&
	    expect_moved(trial, &first, trial->given, to) &&
	    expect_moved(trial, &again, trial->given, to);
}

static bool
back(struct trial *trial, const struct secret *from)
{
	static const struct move move = {ROTATOR_WITHDRAW, FIND_BACK, FIND_BACK, FIND_BACK, false};

	return add(trial, from, trial->given, FIND_BACK, FIND_BACK) &&
	    expect_moved(trial, &move, from, trial->given);
}

/* In add, and in withdraw. */
static bool
killed(struct trial *trial, const struct secret *to)
{
	static const struct move move = {ROTATOR_WITHDRAW, FIND_KILLED, FIND_KILLED, FIND_KILLED,
	    false};

	if (!expect_killed(trial, ROTATOR_ADD, trial->given, to) ||
	    !add(trial, trial->given, to, FIND_KILLED, FIND_KILLED))
		return false;
	return expect_killed(trial, ROTATOR_WITHDRAW, to, trial->given) &&
	    expect_moved(trial, &move, to, trial->given);
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
