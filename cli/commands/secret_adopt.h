/* SPDX-License-Identifier: Apache-2.0 */
/* `secret add`: a secret for the vault. */
#ifndef CLI_COMMANDS_SECRET_ADOPT_H
#define CLI_COMMANDS_SECRET_ADOPT_H

#include "cli/call.h"

enum err_code cmd_secret_adopt(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
