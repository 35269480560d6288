/* SPDX-License-Identifier: Apache-2.0 */
/* `charter history`: how the vault came to be as it is. */
#ifndef CLI_COMMANDS_CHARTER_HISTORY_H
#define CLI_COMMANDS_CHARTER_HISTORY_H

#include "cli/call.h"

enum err_code cmd_charter_history(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
