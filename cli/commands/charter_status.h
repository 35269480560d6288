/* SPDX-License-Identifier: Apache-2.0 */
/* `charter status`: who can still open what. */
#ifndef CLI_COMMANDS_CHARTER_STATUS_H
#define CLI_COMMANDS_CHARTER_STATUS_H

#include "cli/call.h"

enum err_code cmd_charter_status(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
