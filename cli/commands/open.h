/* SPDX-License-Identifier: Apache-2.0 */
/* `open`: what was released, on one of several ways out. */
#ifndef CLI_COMMANDS_OPEN_H
#define CLI_COMMANDS_OPEN_H

#include "cli/call.h"

enum err_code cmd_open(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
