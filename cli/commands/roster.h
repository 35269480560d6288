/* SPDX-License-Identifier: Apache-2.0 */
/* `roster add`, `remove`, `sign` and `show`. */
#ifndef CLI_COMMANDS_ROSTER_H
#define CLI_COMMANDS_ROSTER_H

#include "cli/call.h"

enum err_code cmd_roster_add(struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_roster_remove(struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_roster_sign(struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_roster_show(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
