/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A person at a terminal.  Questions and PINs use the controlling terminal whatever the standard
 * descriptors are; lines go to standard output, progress and touch prompts to standard error.
 * Where standard error is no terminal (or TERM is dumb) progress is plain lines.  NO_COLOR obeyed.
 */
#ifndef CLI_TERMINAL_UI_H
#define CLI_TERMINAL_UI_H

#include "cli/call.h"
#include "cli/terminal/tty.h"

/* TTY and RET_UI must live as long as RET_IO. */
void tty_fill(struct tty *tty, struct ui *ret_ui, struct cli_io *ret_io);

#endif
