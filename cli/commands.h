/* SPDX-License-Identifier: Apache-2.0 */
/* The commands, one file each (cmd_*.c); their rows stand in commands.c. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/cli.h"

enum err_code cmd_init(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_enroll(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_charter_draft(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_charter_sign(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_charter_show(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_roster_add(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_roster_remove(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_roster_sign(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_roster_show(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_secret_add(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_secret_list(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_secret_show(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_request(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_approve(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_deny(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_cancel(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_open(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_done(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_rotate(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_reseal(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_spare(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_status(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_log_verify(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_log_list(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_token_list(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_token_info(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_token_test(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_suspend(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_charter_propose(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_charter_status(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_charter_history(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_token_pin(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_token_puk(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_token_protect(const struct cli_call *call, struct err *err) MUST_CHECK;
enum err_code cmd_serve(const struct cli_call *call, struct err *err) MUST_CHECK;

#endif
