/* SPDX-License-Identifier: Apache-2.0 */
/* `token test`: a token proves that it is ready. */
#ifndef CLI_COMMANDS_TOKEN_TEST_H
#define CLI_COMMANDS_TOKEN_TEST_H

#include "cli/call.h"

enum err_code cmd_token_test(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
