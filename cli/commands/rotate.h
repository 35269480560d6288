/* SPDX-License-Identifier: Apache-2.0 */
/* `rotate`: debts paid. */
#ifndef CLI_COMMANDS_ROTATE_H
#define CLI_COMMANDS_ROTATE_H

#include "cli/call.h"

enum err_code cmd_rotate(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
