/* SPDX-License-Identifier: Apache-2.0 */
/* `charter draft`, `propose`, `sign` and `show`. */
#ifndef CLI_COMMANDS_CHARTER_H
#define CLI_COMMANDS_CHARTER_H

#include "cli/call.h"

enum err_code cmd_charter_draft(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_charter_propose(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_charter_sign(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_charter_show(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_withdraw(const struct cli_call *call, struct err *err) MUST_CHECK;

#endif
