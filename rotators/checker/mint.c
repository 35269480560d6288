/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/checker/mint.h"

#include "rotators/checker/expect.h"

static bool
mint(struct trial *trial, const struct secret **ret_value)
{
	SESSION session;

	session_start(&session, trial, NULL, trial->given, NULL);
	return expect_made(&session, ROTATOR_MINT, FIND_MINT, ret_value);
}

static bool
unmint(struct trial *trial, const struct secret *value, enum finding finding)
{
	SESSION session;

	session_start(&session, trial, NULL, trial->given, value);
	return expect_done(&session, ROTATOR_UNMINT, finding) &&
	    (value == NULL || expect_dead(&session, ROTATOR_NEXT, finding));
}

enum err_code
mint_run(struct trial *trial, struct err *err)
{
	const struct secret *value;

	TRY(session_name(trial, err));
	if (mint(trial, &value)) {
		SESSION session;

		session_start(&session, trial, NULL, trial->given, value);
		(void)expect_accepted(&session, ROTATOR_NEXT, FIND_MINT);
	}
	/* Also where mint failed: something may be there.  What was not kept on disk is gone then, too. */
	if (unmint(trial, value, FIND_UNMINT))
		(void)unmint(trial, value, FIND_UNMINT_AGAIN);
	report_flush(&trial->report);
	return session_stopped(trial, err);
}
