/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/done.h"

#include "ceremony/client/opening/done.h"

enum err_code
cmd_done(struct cli_call *call, struct err *err)
{
	bool retired;

	TRY(dossier_check_id(call_argument(call, 0), err));
	TRY(call_connect_for(call, done_foresee, call_argument(call, 0), err));
	TRY(done_run(call->client, call_argument(call, 0), &retired, err));
	if (!retired)
		return err_set(err, ERR_TARGET_UNKNOWN,
		    "the credential is not replaced yet; the old one may still work");
	return ERR_OK;
}
