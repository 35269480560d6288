/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets between a terminal and secret memory: typed, and shown. */
#ifndef CLI_TERMINAL_SECRET_H
#define CLI_TERMINAL_SECRET_H

#include "base/secret.h"
#include "cli/terminal/tty.h"

/* A line without echo, straight into secret memory of MAX bytes.  ERR_REFUSED without a terminal,
 * or when Ctrl-C or Ctrl-D is typed; ERR_INVALID: longer than MAX. */
enum err_code tty_read_secret(struct tty *tty, const char *prompt, size_t max,
    struct secret **ret_secret, struct err *err) MUST_CHECK;
/* cli_io.check_show. */
enum err_code tty_check_show(void *context, struct err *err) MUST_CHECK;
/* cli_io.show. */
enum err_code tty_show(void *context, const char *title, struct view credential, int64_t seconds,
    struct err *err) MUST_CHECK;

#endif
