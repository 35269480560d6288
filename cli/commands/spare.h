/* SPDX-License-Identifier: Apache-2.0 */
/* `spare`: shares handed on to a spare token. */
#ifndef CLI_COMMANDS_SPARE_H
#define CLI_COMMANDS_SPARE_H

#include "cli/call.h"

enum err_code cmd_spare(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
