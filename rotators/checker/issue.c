/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target holds the value that was given and one more, never three: issue under a name withdraws first what has it,
 * and whatever is made here is withdrawn again.
 */
#include "rotators/checker/issue.h"

#include "rotators/checker/expect.h"
#include "rotators/checker/value.h"

static bool
issue(struct trial *trial, enum finding finding, const struct secret **ret_value)
{
	SESSION session;

	session_start(&session, trial, NULL, trial->given, NULL);
	return expect_made(&session, ROTATOR_ISSUE, finding, ret_value);
}

static bool
both(struct trial *trial, const struct secret *value, enum finding finding)
{
	SESSION session;

	session_start(&session, trial, NULL, trial->given, value);
	return expect_both(&session, finding);
}

static bool
dead(struct trial *trial, const struct secret *value, enum finding finding)
{
	SESSION session;

	session_start(&session, trial, NULL, trial->given, value);
	return expect_dead(&session, ROTATOR_NEXT, finding) &&
	    expect_accepted(&session, ROTATOR_CURRENT, finding);
}

static bool
withdraw_orphans(struct trial *trial, const struct secret *next, enum finding finding)
{
	SESSION session;

	session_start(&session, trial, NULL, trial->given, next);
	return expect_done(&session, ROTATOR_WITHDRAW_ORPHANS, finding);
}

/* Twice under the same name, as after a crash; then none of that name is left. */
static bool
orphans(struct trial *trial)
{
	const struct secret *first, *second;

	if (!issue(trial, FIND_ISSUE, &first) || !both(trial, first, FIND_ISSUE_BOTH))
		return false;
	if (!issue(trial, FIND_ISSUE_AGAIN, &second) || !both(trial, second, FIND_ISSUE_AGAIN))
		return false;
	bool fresh = !value_same_secrets(first, second) && !value_same_secrets(first, trial->given);

	return report_is(&trial->report, FIND_ISSUE_FRESH, fresh,
	           "its secret fields are the same") &&
	    dead(trial, first, FIND_ISSUE_AGAIN) && withdraw_orphans(trial, second, FIND_ORPHANS) &&
	    both(trial, second, FIND_ORPHANS) && withdraw_orphans(trial, NULL, FIND_ORPHANS_ALL) &&
	    dead(trial, second, FIND_ORPHANS_ALL);
}

static enum err_code
withdraw(struct trial *trial, bool *ret_right, struct err *err)
{
	static const struct move first = {ROTATOR_WITHDRAW, FIND_WITHDRAW, FIND_WITHDRAW_NEXT,
	    FIND_WITHDRAW_CURRENT, true};
	static const struct move again = {ROTATOR_WITHDRAW, FIND_WITHDRAW_AGAIN,
	    FIND_WITHDRAW_AGAIN, FIND_WITHDRAW_AGAIN, false};
	const struct secret *value;

	*ret_right = false;
	TRY(session_name(trial, err));
	if (!issue(trial, FIND_ISSUE, &value))
		return ERR_OK;
	TRY(session_name(trial, err)); /* another rotation takes it away */
	*ret_right = expect_moved(trial, &first, value, trial->given) &&
	    expect_moved(trial, &again, value, trial->given);
	return ERR_OK;
}

/* In issue, and in withdraw. */
static enum err_code
killed(struct trial *trial, bool *ret_right, struct err *err)
{
	static const struct move move = {ROTATOR_WITHDRAW, FIND_KILLED, FIND_KILLED, FIND_KILLED,
	    false};
	const struct secret *value;

	*ret_right = false;
	TRY(session_name(trial, err));
	if (!expect_killed(trial, ROTATOR_ISSUE, trial->given, NULL) ||
	    !issue(trial, FIND_KILLED, &value) || !both(trial, value, FIND_KILLED) ||
	    !withdraw_orphans(trial, value, FIND_KILLED))
		return ERR_OK;
	TRY(session_name(trial, err));
	*ret_right = expect_killed(trial, ROTATOR_WITHDRAW, value, trial->given) &&
	    expect_moved(trial, &move, value, trial->given);
	return ERR_OK;
}

enum err_code
issue_run(struct trial *trial, struct err *err)
{
	bool right = orphans(trial);

	if (right)
		TRY(withdraw(trial, &right, err));
	for (unsigned i = 0; right && i < KILLS; i++)
		TRY(killed(trial, &right, err));
	report_flush(&trial->report);
	return session_stopped(trial, err);
}
