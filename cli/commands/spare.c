/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/spare.h"

#include "ceremony/client/opening/spare.h"

enum err_code
cmd_spare(const struct cli_call *call, struct err *err)
{
	CLIENT *client = NULL;
	size_t count;

	TRY(call_connect(call, &client, err));
	return spare_run(client, option_text(call->parsed, "to"),
	    option_given(call->parsed, "again"), &count, err);
}
