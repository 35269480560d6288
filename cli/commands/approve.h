/* SPDX-License-Identifier: Apache-2.0 */
/* `approve`: an officer signs a request, and opens a share of it. */
#ifndef CLI_COMMANDS_APPROVE_H
#define CLI_COMMANDS_APPROVE_H

#include "cli/call.h"

enum err_code cmd_approve(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
