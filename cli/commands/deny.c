/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/deny.h"

#include "ceremony/client/case_fetch.h"
#include "ceremony/client/opening/object.h"

enum err_code
cmd_deny(struct cli_call *call, struct err *err)
{
	TRY(dossier_check_id(call_argument(call, 0), err));
	TRY(call_connect_for(call, object_foresee, call_argument(call, 0), err));
	return deny_run(call->client, call_argument(call, 0), option_text(call->parsed, "reason"),
	    err);
}
