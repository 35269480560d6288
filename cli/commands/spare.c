/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/spare.h"

#include "ceremony/client/opening/spare.h"

enum err_code
cmd_spare(struct cli_call *call, struct err *err)
{
	size_t count;

	TRY(call_connect(call, err));
	return spare_run(call->client, option_text(call->parsed, "to"),
	    option_given(call->parsed, "again"), &count, err);
}
