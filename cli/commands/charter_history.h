/* SPDX-License-Identifier: Apache-2.0 */
/* How the vault stands, and how it came to be so. */
#ifndef CLI_COMMANDS_CHARTER_HISTORY_H
#define CLI_COMMANDS_CHARTER_HISTORY_H

#include "cli/call.h"

enum err_code cmd_charter_status(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_charter_history(const struct cli_call *call, struct err *err) MUST_CHECK;

#endif
