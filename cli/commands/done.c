/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/done.h"

#include "ceremony/client/opening/open.h"
#include "ceremony/client/sync.h"

enum err_code
cmd_done(const struct cli_call *call, struct err *err)
{
	CLIENT *client = NULL;
	const struct vault_view *view;
	bool retired;

	TRY(call_connect(call, &client, err));
	TRY(client_sync(client, &view, err));
	TRY(lease_end(client, call_argument(call, 0), &retired, err));
	if (!retired)
		return err_set(err, ERR_TARGET_UNKNOWN,
		    "the credential is not replaced yet; the old one may still work");
	return ERR_OK;
}
