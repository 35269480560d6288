/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A person at a terminal.  Questions and PINs use the controlling terminal whatever the standard
 * descriptors are; lines go to standard output, progress and touch prompts to standard error.
 * Where standard error is no terminal (or TERM is dumb) progress is plain lines.  NO_COLOR obeyed.
 */
#ifndef CLI_TERMINAL_TTY_H
#define CLI_TERMINAL_TTY_H

#include "cli/call.h"

struct tty {
	int terminal; /* /dev/tty, -1: none */
	bool dumb;    /* the terminal knows no codes: lines are left to it */
	bool live;    /* standard error can be rewritten in place */
	bool color;
	bool diverted; /* say goes to standard error */
	bool progress; /* a progress line stands there */
	int pin_fd;    /* -1: ask at the terminal */
	bool pin_used;
	unsigned waited; /* seconds of the touch that was last spoken of */
};

void tty_open(struct tty *tty);
void tty_close(struct tty *tty);
/* TTY and RET_UI must live as long as RET_IO. */
void tty_fill(struct tty *tty, struct ui *ret_ui, struct cli_io *ret_io);
/* A line without echo, straight into secret memory of MAX bytes.  ERR_REFUSED without a terminal,
 * or when Ctrl-C or Ctrl-D is typed; ERR_INVALID: longer than MAX. */
enum err_code tty_read_secret(struct tty *tty, const char *prompt, size_t max,
    struct secret **ret_secret, struct err *err) MUST_CHECK;
/* Leave no progress line behind. */
void tty_settle(struct tty *tty);
/* cli_io.show. */
enum err_code tty_show(void *context, const char *title, struct view credential, int64_t seconds,
    struct err *err) MUST_CHECK;

#endif
