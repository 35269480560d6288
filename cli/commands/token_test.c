/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/token_test.h"

#include "ceremony/client/documents/token_test.h"

enum err_code
cmd_token_test(struct cli_call *call, struct err *err)
{
	TRY(call_connect(call, err));
	return token_test_run(call->client, err);
}
