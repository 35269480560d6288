/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/approve.h"

#include "ceremony/client/case_fetch.h"
#include "ceremony/client/opening/approve.h"
#include "vault/documents/state_names.h"

enum err_code
cmd_approve(struct cli_call *call, struct err *err)
{
	struct approve_plan plan = {.id = call_argument(call, 0),
	    .all = option_given(call->parsed, "all")};

	TRY(option_number(call->parsed, "part", 1, CEREMONY_ITEMS / APPROVE_PART, 0, &plan.part,
	    err));
	if (plan.part > 0 && plan.all)
		return err_set(err, ERR_USAGE, "give --part or --all, not both");
	TRY(dossier_check_id(call_argument(call, 0), err));
	TRY(call_connect_for(call, approve_foresee, &plan, err));
	return approve_run(call->client, &plan, err);
}
