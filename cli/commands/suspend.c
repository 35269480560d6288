/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/suspend.h"

#include "ceremony/client/documents/suspend.h"

enum err_code
cmd_suspend(struct cli_call *call, struct err *err)
{
	bool live;

	TRY(call_connect(call, err));
	TRY(suspend_run(call->client, call_argument(call, 0), option_text(call->parsed, "reason"),
	    &live, err));
	if (!live)
		return err_set(err, ERR_WAITING, "the suspension waits for a second officer");
	return ERR_OK;
}
