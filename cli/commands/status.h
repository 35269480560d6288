/* SPDX-License-Identifier: Apache-2.0 */
/* `status`: one line for each thing that waits: what, for whom, what next. */
#ifndef CLI_COMMANDS_STATUS_H
#define CLI_COMMANDS_STATUS_H

#include "cli/call.h"

enum err_code cmd_status(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
