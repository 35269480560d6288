/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/clock.h"

#include "ceremony/client/documents/clock.h"

enum err_code
cmd_clock(struct cli_call *call, struct err *err)
{
	TRY(call_connect(call, err));
	return clock_run(call->client, err);
}
