/* SPDX-License-Identifier: Apache-2.0 */
/* `done`: the end of a lease. */
#ifndef CLI_COMMANDS_DONE_H
#define CLI_COMMANDS_DONE_H

#include "cli/call.h"

enum err_code cmd_done(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
