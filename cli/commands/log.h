/* SPDX-License-Identifier: Apache-2.0 */
/* `log verify` and `log list`. */
#ifndef CLI_COMMANDS_LOG_H
#define CLI_COMMANDS_LOG_H

#include "cli/call.h"

enum err_code cmd_log_verify(struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_log_list(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
