/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal at which a person sits, or none. */
#ifndef CLI_TERMINAL_TTY_H
#define CLI_TERMINAL_TTY_H

#include <stdbool.h>

#include "base/err.h"

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
/* Of the terminal that FD is; 0 when it is none, or one that breaks lines as it likes. */
size_t tty_columns(const struct tty *tty, int fd);
/* TEXT, which may hold words of others, and END at the terminal, in lines that fit there (wrap.h). */
enum err_code tty_prompt(const struct tty *tty, const char *text, const char *end,
    struct err *err) MUST_CHECK;
/* Leave no progress line behind. */
void tty_settle(struct tty *tty);

#endif
