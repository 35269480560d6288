/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens without a vault: what is plugged in, and how it stands.  No PIN, no touch. */
#ifndef CLI_COMMANDS_TOKEN_H
#define CLI_COMMANDS_TOKEN_H

#include "cli/call.h"

enum err_code cmd_token_list(struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_token_info(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
