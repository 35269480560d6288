/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMANDS_COPY_H
#define CLI_COMMANDS_COPY_H

#include "cli/call.h"

enum err_code cmd_copy(struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_copy_status(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
