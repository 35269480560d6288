/* SPDX-License-Identifier: Apache-2.0 */
/* What people do about a request: approve, deny, cancel. */
#ifndef CLI_COMMANDS_APPROVE_H
#define CLI_COMMANDS_APPROVE_H

#include "cli/call.h"

enum err_code cmd_approve(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_deny(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_cancel(const struct cli_call *call, struct err *err) MUST_CHECK;

#endif
