/* SPDX-License-Identifier: Apache-2.0 */
/* `suspend`: a token counts for nothing any more. */
#ifndef CLI_COMMANDS_SUSPEND_H
#define CLI_COMMANDS_SUSPEND_H

#include "cli/call.h"

enum err_code cmd_suspend(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
