/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/checker/replace.h"

#include "rotators/checker/expect.h"

static const struct move back = {ROTATOR_APPLY, FIND_BACK, FIND_BACK, FIND_BACK, false};

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
	static const struct move first = {ROTATOR_APPLY, FIND_APPLY, FIND_APPLY_NEXT,
	    FIND_APPLY_CURRENT, true};
	bool there = expect_moved(trial, &first, trial->given, to);

	if (trial->report.states[FIND_APPLY] == FAULT)
		return false;
	bool again = apply_again(trial, trial->given, to);

	return expect_moved(trial, &back, to, trial->given) && there && again;
}

/* One that nobody has seen stays sealed. */
static bool
alone(struct trial *trial, const struct secret *to)
{
	const struct announcement *announced = &trial->description.announced;
	SESSION session;

	if (announced->identity != IDENTITY_AMBIENT || announced->death != DEATH_REFUSED)
		return true;
	session_start(&session, trial, NULL, NULL, to);
	bool done = expect_done(&session, ROTATOR_APPLY, FIND_APPLY_ALONE) &&
	    expect_accepted(&session, ROTATOR_NEXT, FIND_APPLY_ALONE);
	session_end(&session);
	return done && expect_moved(trial, &back, to, trial->given);
}

static bool
killed(struct trial *trial, const struct secret *to)
{
	static const struct move move = {ROTATOR_APPLY, FIND_KILLED, FIND_KILLED, FIND_KILLED,
	    false};

	return expect_killed(trial, ROTATOR_APPLY, trial->given, to) &&
	    expect_moved(trial, &move, trial->given, to) &&
	    expect_moved(trial, &back, to, trial->given);
}

enum err_code
replace_run(struct trial *trial, const struct made *made, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(made->values); i++)
		TRY(keep_add(&trial->keep, made->values[i], err));
	if (!there_and_back(trial, made->values[0]) || !alone(trial, made->values[1]))
		return ERR_OK;
	for (unsigned i = 0; i < KILLS; i++) {
		TRY(session_name(trial, err));
		if (!killed(trial, made->values[1 - i % 2]))
			return ERR_OK;
	}
	report_flush(&trial->report);
	return ERR_OK;
}
