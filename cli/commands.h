/* SPDX-License-Identifier: Apache-2.0 */
/* Every command and every option of `halligan`, as rows; one file each in cli/commands. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/options.h"

extern const struct command cli_commands[];

#endif
