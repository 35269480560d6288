/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/rotator.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/given.h"
#include "rotators/checker/checker.h"
#include "rotators/contract/rotator.h"

enum { SECONDS_DEFAULT = 30 };

/* What has a slash is a file; other words name a rotator that came with us. */
static enum err_code
find_program(const struct cli_call *call, char ret_path[4096], struct err *err)
{
	const char *program = call_argument(call, 0);
	char folder[4096];
	struct digest unused;

	if (program[0] == '/' && strlen(program) < 4096) {
		(void)snprintf(ret_path, 4096, "%s", program);
		return ERR_OK;
	}
	if (strchr(program, '/') == NULL)
		return rotator_find(program, call->drivers->rotator_folders, ret_path, &unused,
		    err);
	if (getcwd(folder, sizeof(folder)) == NULL)
		return err_errno(err, ERR_IO, errno, "the present folder has no path");
	return file_path(folder, strncmp(program, "./", 2) == 0 ? program + 2 : program, ret_path,
	    err);
}

enum err_code
cmd_rotator_test(struct cli_call *call, struct err *err)
{
	char path[4096];
	JSON *target = NULL;
	SECRET *given = NULL, *via = NULL;
	int64_t seconds;

	TRY(option_number(call->parsed, "seconds", 1, CHECKER_SECONDS_MAX, SECONDS_DEFAULT,
	    &seconds, err));
	TRY(find_program(call, path, err));
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
