/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/secret_add.h"

#include <string.h>

#include "ceremony/client/secrets/secret_add.h"
#include "cli/given.h"

enum err_code
cmd_secret_add(struct cli_call *call, struct err *err)
{
	const struct parsed *parsed = call->parsed;
	JSON *target = NULL;
	SECRET *credential = NULL;
	char state[32];
	struct adopt_plan plan = {.name = call_argument(call, 0),
	    .policy = option_text(parsed, "policy"),
	    .rotator = option_text(parsed, "rotator"),
	    .effect = option_text(parsed, "effect"),
	    .rotate = !option_given(parsed, "no-rotate")};

	TRY(given_target(call, &target, err));
	plan.target = target;
	TRY(call_connect(call, err));
	TRY(given_credential(call, "field", "from-fd", &credential, err));
	if (credential == NULL)
		return err_set(err, ERR_USAGE,
		    "the present value is missing: --field private-key=FILE, --field password, or "
		    "--from-fd FIELD=N");
	plan.credential = credential;
	TRY(adopt_run(call->client, &plan, state, err));
	if (strcmp(state, "owed") == 0)
		return err_set(err, ERR_TARGET_UNKNOWN,
		    "%s is sealed, but its first replacement is not done yet: halligan rotate %s",
		    plan.name, plan.name);
	return ERR_OK;
}
