/* SPDX-License-Identifier: Apache-2.0 */
/* What is done to single tokens of a vault: suspended, tested. */
#ifndef CLI_COMMANDS_SUSPEND_H
#define CLI_COMMANDS_SUSPEND_H

#include "cli/call.h"

enum err_code cmd_suspend(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_token_test(const struct cli_call *call, struct err *err) MUST_CHECK;

#endif
