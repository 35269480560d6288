/* SPDX-License-Identifier: Apache-2.0 */
/* `request`: the beginning of a ceremony. */
#ifndef CLI_COMMANDS_REQUEST_H
#define CLI_COMMANDS_REQUEST_H

#include "cli/call.h"

enum err_code cmd_request(const struct cli_call *call, struct err *err) MUST_CHECK;

#endif
