/* SPDX-License-Identifier: Apache-2.0 */
/* `init`: a vault that begins. */
#ifndef CLI_COMMANDS_INIT_H
#define CLI_COMMANDS_INIT_H

#include "cli/call.h"

enum err_code cmd_init(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
