/* SPDX-License-Identifier: Apache-2.0 */
/* What should be sealed again, and the request for the ceremony that does it. */
#ifndef CLI_COMMANDS_RESEAL_H
#define CLI_COMMANDS_RESEAL_H

#include "cli/call.h"

enum err_code cmd_reseal(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
