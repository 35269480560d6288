/* SPDX-License-Identifier: Apache-2.0 */
/* cli/terminal/ui.c on a terminal of 40 columns, and what then stands on it. */
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/process.h"
#include "cli/terminal/ui.h"

enum { COLUMNS = 40 };

/* What LINES write to standard error while that is a terminal of its own. */
static void
write_lines(const char *const *lines, struct buf *ret_bytes)
{
	struct winsize size = {.ws_row = 1, .ws_col = COLUMNS};
	struct tty tty = {.live = true, .terminal = -1, .pin_fd = -1};
	struct ui ui;
	struct cli_io io;
	FD master = -1, slave = -1, kept = dup(STDERR_FILENO);
	uint8_t bytes[1000];
	ssize_t count;

	assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
	tty_fill(&tty, &ui, &io);
	assert_true(dup2(slave, STDERR_FILENO) >= 0);
	for (; *lines != NULL; lines++)
		ui.progress(ui.context, *lines);
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	close(slave);
	slave = -1;
	while ((count = read(master, bytes, sizeof(bytes))) > 0) /* until nobody has it open */
		buf_bytes(ret_bytes, view_of(bytes, (size_t)count));
}

/* What they leave in the screen's one line. */
static void
show(const char *const *lines, char ret_screen[COLUMNS + 1])
{
	size_t column = 0;
	BUF bytes = {0};

	write_lines(lines, &bytes);
	memset(ret_screen, ' ', COLUMNS);
	ret_screen[COLUMNS] = '\0';
	for (const char *at = buf_string(&bytes); *at != '\0'; at++) {
		if (*at == '\r') {
			column = 0;
		} else if (strncmp(at, "\033[K", 3) == 0) {
			/* After the last column the cursor still stands on it. */
			size_t from = column < COLUMNS ? column : COLUMNS - 1;
			memset(ret_screen + from, ' ', COLUMNS - from);
			at += 2;
		} else {
			assert_true(column < COLUMNS); /* it would go on in the next line */
			ret_screen[column++] = *at;
		}
	}
}

static void
a_shorter_progress_line_leaves_nothing_of_a_longer(void **state)
{
	const char *lines[] = {"prod/db: 10 min left; Ctrl-C ends it", "prod/db: 9 min left", NULL};
	char screen[COLUMNS + 1];

	(void)state;
	show(lines, screen);
	assert_string_equal(screen, "prod/db: 9 min left                     ");
}

static void
a_progress_line_never_reaches_the_next_line(void **state)
{
	const char *lines[] = {"123456789 123456789 123456789 123456789 123456789 ", NULL};
	char screen[COLUMNS + 1];

	(void)state;
	show(lines, screen);
	assert_string_equal(screen, "123456789 123456789 123456789 123456789 ");
}

/* What is asked, in 40 columns, and then typed; RET_BYTES is what stood on the terminal. */
static void
ask(const char *question, struct buf *ret_bytes)
{
	struct winsize size = {.ws_row = 1, .ws_col = COLUMNS};
	struct tty tty = {.pin_fd = -1};
	struct ui ui;
	struct cli_io io;
	struct err err;
	FD master = -1, slave = -1;
	uint8_t bytes[1000];
	ssize_t count;
	bool yes = false;

	assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
	tty.terminal = slave;
	tty_fill(&tty, &ui, &io);
	assert_int_equal(write(master, "yes\n", 4), 4);
	assert_int_equal(ui.confirm(ui.context, question, "yes", &yes, &err), ERR_OK);
	assert_true(yes);
	close(slave);
	slave = -1;
	while ((count = read(master, bytes, sizeof(bytes))) > 0)
		buf_bytes(ret_bytes, view_of(bytes, (size_t)count));
}

static void
words_of_others_in_a_question_stay_within_their_mark(void **state)
{
	BUF bytes = {0};

	(void)state;
	ask("\033[2JTo spend it, type its label, \"ciso\xe2\x80\xae"
	    "and a long label of somebody's\", now",
	    &bytes);
	assert_string_equal(buf_string(&bytes),
	    "yes\r\n?[2JTo spend it, type its label,\r\n  \"ciso?and a long label of somebody's\",\r\n  now: ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(words_of_others_in_a_question_stay_within_their_mark),
	    cmocka_unit_test(a_shorter_progress_line_leaves_nothing_of_a_longer),
	    cmocka_unit_test(a_progress_line_never_reaches_the_next_line),
	};

	return cmocka_run_group_tests_name("terminal", tests, NULL, NULL);
}
