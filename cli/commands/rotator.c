/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/rotator.h"

#include "cli/given.h"
#include "rotators/checker/checker.h"

enum { SECONDS_DEFAULT = 30 };

enum err_code
cmd_rotator_test(struct cli_call *call, struct err *err)
{
	char path[4096];
	JSON *target = NULL;
	SECRET *given = NULL, *via = NULL;
	int64_t seconds;

	TRY(option_number(call->parsed, "seconds", 1, CHECKER_SECONDS_MAX, SECONDS_DEFAULT,
	    &seconds, err));
	TRY(checker_find(call_argument(call, 0), call->drivers->rotators, path, err));
	TRY(given_target(call, &target, err));
	TRY(given_credential(call, "value", "from-fd", &given, err));
	if (given == NULL)
		return err_set(err, ERR_USAGE,
		    "the value that the target takes now is missing: --value FIELD=FILE, --value FIELD, or "
		    "--from-fd FIELD=N");
	TRY(given_credential(call, "via", "via-from-fd", &via, err));
	const struct checker_plan plan = {.program = path,
	    .target = target,
	    .given = given,
	    .via = via,
	    .seconds = (unsigned)seconds,
	    .dry = option_given(call->parsed, "dry"),
	    .print = call->io->print,
	    .context = call->io->context};

	return checker_run(&plan, err);
}
