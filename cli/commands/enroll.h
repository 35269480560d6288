/* SPDX-License-Identifier: Apache-2.0 */
/* `enroll`: keys on a token for a seat. */
#ifndef CLI_COMMANDS_ENROLL_H
#define CLI_COMMANDS_ENROLL_H

#include "cli/call.h"

enum err_code cmd_enroll(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
