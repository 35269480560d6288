/* SPDX-License-Identifier: Apache-2.0 */
/* `charter draft`, `propose`, `sign` and `show`. */
#ifndef CLI_COMMANDS_CHARTER_H
#define CLI_COMMANDS_CHARTER_H

#include "cli/call.h"

enum err_code cmd_charter_draft(struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_charter_propose(struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_charter_sign(struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_charter_show(struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_withdraw(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
