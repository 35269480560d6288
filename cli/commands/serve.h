/* SPDX-License-Identifier: Apache-2.0 */
/* `serve`: the server of a vault, on standard input and output. */
#ifndef CLI_COMMANDS_SERVE_H
#define CLI_COMMANDS_SERVE_H

#include "cli/call.h"

enum err_code cmd_serve(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
