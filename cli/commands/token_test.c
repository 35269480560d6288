/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/token_test.h"

#include "ceremony/client/documents/token_test.h"

enum err_code
cmd_token_test(const struct cli_call *call, struct err *err)
{
	CLIENT *client = NULL;

	TRY(call_connect(call, &client, err));
	return token_test_run(client, err);
}
