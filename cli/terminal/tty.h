/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal at which a person sits, or none. */
#ifndef CLI_TERMINAL_TTY_H
#define CLI_TERMINAL_TTY_H

#include <stdbool.h>

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
/* Leave no progress line behind. */
void tty_settle(struct tty *tty);

#endif
