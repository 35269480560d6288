/* SPDX-License-Identifier: Apache-2.0 */
/* `request`: the beginning of a ceremony. */
#ifndef CLI_COMMANDS_REQUEST_H
#define CLI_COMMANDS_REQUEST_H

#include "ceremony/client/opening/request.h"
#include "cli/call.h"

enum err_code cmd_request(struct cli_call *call, struct err *err) MUST_CHECK;
/* PLAN for the secrets that the arguments name, from this host and user: asked, and told to the
 * person.  For reseal, too. */
enum err_code request_and_print(const struct cli_call *call, struct ask_plan *plan,
    struct err *err) MUST_CHECK;

#endif
