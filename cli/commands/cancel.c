/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/cancel.h"

#include "ceremony/client/case_fetch.h"
#include "ceremony/client/opening/object.h"

enum err_code
cmd_cancel(struct cli_call *call, struct err *err)
{
	TRY(dossier_check_id(call_argument(call, 0), err));
	TRY(call_connect_for(call, object_foresee, call_argument(call, 0), err));
	return cancel_run(call->client, call_argument(call, 0), option_text(call->parsed, "reason"),
	    err);
}
