/* SPDX-License-Identifier: Apache-2.0 */
/* `deny`: an officer refuses a request. */
#ifndef CLI_COMMANDS_DENY_H
#define CLI_COMMANDS_DENY_H

#include "cli/call.h"

enum err_code cmd_deny(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
