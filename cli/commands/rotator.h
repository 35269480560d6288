/* SPDX-License-Identifier: Apache-2.0 */
/* The command `halligan rotator test`. */
#ifndef CLI_COMMANDS_ROTATOR_H
#define CLI_COMMANDS_ROTATOR_H

#include "cli/call.h"

enum err_code cmd_rotator_test(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
