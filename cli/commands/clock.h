/* SPDX-License-Identifier: Apache-2.0 */
/* `clock`: an officer says that the host's clock is right. */
#ifndef CLI_COMMANDS_CLOCK_H
#define CLI_COMMANDS_CLOCK_H

#include "cli/call.h"

enum err_code cmd_clock(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
