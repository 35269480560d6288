/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/secret_define.h"

#include "ceremony/client/documents/definition.h"
#include "ceremony/client/documents/definition_add.h"
#include "ceremony/client/documents/definition_change.h"
#include "cli/given.h"

enum err_code
cmd_secret_add(struct cli_call *call, struct err *err)
{
	const struct parsed *parsed = call->parsed;
	JSON *target = NULL;
	struct define_row row = {.name = call_argument(call, 0),
	    .policy = option_text(parsed, "policy"),
	    .rotator = option_text(parsed, "rotator"),
	    .effect = option_text(parsed, "effect")};

	TRY(given_target(call, &target, err));
	row.target = target;
	TRY(call_connect(call, err));
	return definition_add(call->client, &row, 1, err);
}

enum err_code
cmd_secret_sign(struct cli_call *call, struct err *err)
{
	TRY(call_connect(call, err));
	return definition_sign(call->client, call_argument(call, 0), err);
}

enum err_code
cmd_secret_change(struct cli_call *call, struct err *err)
{
	const struct parsed *parsed = call->parsed;
	const char *without[VALUES_MAX];
	JSON *target = NULL;
	struct change_plan plan = {.name = call_argument(call, 0),
	    .policy = option_text(parsed, "policy"),
	    .rotator = option_text(parsed, "rotator"),
	    .effect = option_text(parsed, "effect"),
	    .without = without,
	    .without_count = option_all(parsed, "without", without, VALUES_MAX)};

	if (option_given(parsed, "target") || option_given(parsed, "target-json"))
		TRY(given_target(call, &target, err));
	plan.target = target;
	TRY(call_connect(call, err));
	return definition_change(call->client, &plan, err);
}

enum err_code
cmd_secret_retire(struct cli_call *call, struct err *err)
{
	const struct change_plan plan = {.name = call_argument(call, 0), .retires = true};

	TRY(call_connect(call, err));
	return definition_change(call->client, &plan, err);
}
