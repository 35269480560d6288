/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMANDS_SECRET_DEFINE_H
#define CLI_COMMANDS_SECRET_DEFINE_H

#include "cli/call.h"

enum err_code cmd_secret_add(struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_secret_import(struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_secret_sign(struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_secret_change(struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_secret_retire(struct cli_call *call, struct err *err) MUST_CHECK;

#endif
