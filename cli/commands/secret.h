/* SPDX-License-Identifier: Apache-2.0 */
/* `secret list` and `secret show`. */
#ifndef CLI_COMMANDS_SECRET_H
#define CLI_COMMANDS_SECRET_H

#include "cli/call.h"

enum err_code cmd_secret_list(struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_secret_show(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
