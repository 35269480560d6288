/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/charter_status.h"

#include "ceremony/client/documents/charter_status.h"

enum err_code
cmd_charter_status(struct cli_call *call, struct err *err)
{
	JSON *object = NULL;

	TRY(call_connect_for(call, standing_foresee, NULL, err));
	TRY(standing_run(call->client, &object, err));
	return call_json(call) ? call_print_json(call, object, err) : ERR_OK;
}
