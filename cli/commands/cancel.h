/* SPDX-License-Identifier: Apache-2.0 */
/* `cancel`: the requester withdraws it. */
#ifndef CLI_COMMANDS_CANCEL_H
#define CLI_COMMANDS_CANCEL_H

#include "cli/call.h"

enum err_code cmd_cancel(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
