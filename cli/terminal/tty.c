/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/terminal/tty.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/process.h"
#include "cli/terminal/wrap.h"

/* Above what options name: where somebody names one that is not open, it must not be the terminal. */
enum { TERMINAL_FROM = 256 };

static int
open_terminal(void)
{
	int low = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY), high;

	if (low < 0)
		return -1;
	high = fcntl(low, F_DUPFD_CLOEXEC, TERMINAL_FROM);
	if (high < 0)
		return low;
	close(low);
	return high;
}

void
tty_open(struct tty *tty)
{
	const char *term = secure_getenv("TERM");
	const char *no_color = secure_getenv("NO_COLOR");
	bool dumb = term == NULL || term[0] == '\0' || strcmp(term, "dumb") == 0;

	*tty = (struct tty){.dumb = dumb, .terminal = open_terminal(), .pin_fd = -1};
	tty->live = isatty(STDERR_FILENO) && !dumb;
	tty->color = isatty(STDOUT_FILENO) && !dumb && (no_color == NULL || no_color[0] == '\0');
}

void
tty_close(struct tty *tty)
{
	tty_settle(tty);
	if (tty->terminal >= 0)
		close(tty->terminal);
	tty->terminal = -1;
}

size_t
tty_columns(const struct tty *tty, int fd)
{
	struct winsize size = {0};

	if (tty->dumb || ioctl(fd, TIOCGWINSZ, &size) != 0)
		return 0;
	return size.ws_col;
}

enum err_code
tty_prompt(const struct tty *tty, const char *text, const char *end, struct err *err)
{
	BUF line = {0};

	wrap_line(text, tty_columns(tty, tty->terminal), &line);
	buf_text(&line, end);
	TRY(buf_check(&line, err));
	return fd_write(tty->terminal, buf_view(&line), -1, err);
}

void
tty_settle(struct tty *tty)
{
	if (tty->progress)
		fputs("\r\033[K", stderr);
	tty->progress = false;
	fflush(stdout);
	fflush(stderr);
}
