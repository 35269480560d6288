/* SPDX-License-Identifier: Apache-2.0 */
/* A token's PIN, PUK and management key, changed by the person who holds it.  No vault. */
#ifndef CLI_COMMANDS_TOKEN_PIN_H
#define CLI_COMMANDS_TOKEN_PIN_H

#include "cli/call.h"

enum err_code cmd_token_pin(struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_token_puk(struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_token_protect(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
