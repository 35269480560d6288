/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/terminal/ui.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"
#include "cli/terminal/secret.h"
#include "cli/terminal/wrap.h"

enum { PIN_MAX = 128, PIN_LINE_MAX = 64, ANSWER_MAX = 256, STILL_SECONDS = 5, LATE_SECONDS = 10 };

static size_t
columns_of(const struct tty *tty, FILE *stream)
{
	return tty_columns(tty, fileno(stream));
}

/* A warning of ours begins so.  Further on the word may be a name: of a vault, of a member of a target. */
static bool
warns(const char *line)
{
	static const char word[] = "WARNING";

	return strncmp(line + strspn(line, " "), word, strlen(word)) == 0;
}

static void
write_line(const struct tty *tty, FILE *stream, bool color, const char *line)
{
	BUF wrapped = {0};
	const char *on = "";

	if (color && strncmp(line, "TRAINING", 8) == 0)
		on = "\033[1;33m";
	else if (color && warns(line))
		on = "\033[1;31m";
	wrap_line(line, columns_of(tty, stream), &wrapped);
	fprintf(stream, "%s%s%s\n", on, buf_string(&wrapped), on[0] != '\0' ? "\033[0m" : "");
	fflush(stream);
}

static void
say(void *context, const char *line)
{
	struct tty *tty = context;

	tty_settle(tty);
	write_line(tty, tty->diverted ? stderr : stdout, tty->color, line);
}

static void
print(void *context, const char *line)
{
	struct tty *tty = context;

	tty_settle(tty);
	printf("%s\n", line); /* data: never broken */
	fflush(stdout);
}

static void
complain(void *context, const char *line)
{
	struct tty *tty = context;

	tty_settle(tty);
	write_line(tty, stderr, false, line);
}

static void
progress(void *context, const char *line)
{
	struct tty *tty = context;

	if (!tty->live) {
		write_line(tty, stderr, false, line);
		return;
	}
	size_t columns = columns_of(tty, stderr);
	BUF plain = {0};

	text_plain(line, &plain);
	/* The rest is erased after it, so one column stays free: in the last one it would be the line's. */
	fprintf(stderr, "\r%.*s\033[K",
	    (int)wrap_fit(buf_string(&plain), columns > 1 ? columns - 1 : columns),
	    buf_string(&plain));
	fflush(stderr);
	tty->progress = true;
}

static void
divert(void *context)
{
	struct tty *tty = context;

	tty->diverted = true;
}

static void
use_pin_fd(void *context, int fd)
{
	struct tty *tty = context;

	tty->pin_fd = fd;
	tty->pin_used = false;
}

/* ---- questions ---- */

static enum err_code
need_terminal(const struct tty *tty, const char *what, struct err *err)
{
	if (tty->terminal >= 0)
		return ERR_OK;
	return err_set(err, ERR_REFUSED, "%s needs a person at a terminal, and there is none",
	    what);
}

static void
write_prompt(struct tty *tty, const char *text)
{
	struct err ignored;

	tty_settle(tty);
	(void)!tty_prompt(tty, text, ": ", &ignored);
}

/* A line that may be seen, without its end. */
static void
read_answer(struct tty *tty, char *ret_answer, size_t max)
{
	size_t size = 0;

	for (;;) {
		char letter;
		ssize_t got = read(tty->terminal, &letter, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || letter == '\n')
			break;
		if (size < max - 1)
			ret_answer[size++] = letter;
	}
	ret_answer[size] = '\0';
}

/* What a touched key types is no answer: it is asked again. */
static void
ask(struct tty *tty, const char *question, char *ret_answer, size_t max)
{
	for (;;) {
		write_prompt(tty, question);
		read_answer(tty, ret_answer, max);
		if (!text_is_otp(view_of_text(ret_answer)))
			return;
		say(tty,
		    "That was a one-time password that a touched key typed, not your answer. Do not "
		    "touch the key yet.");
	}
}

static enum err_code
confirm(void *context, const char *question, const char *word, bool *ret_yes, struct err *err)
{
	struct tty *tty = context;
	char answer[ANSWER_MAX];

	TRY(need_terminal(tty, "confirming", err));
	ask(tty, question, answer, sizeof(answer));
	*ret_yes = strcasecmp(answer, word) == 0;
	return ERR_OK;
}

static enum err_code
ask_line(void *context, const char *question, char *ret_line, size_t size, struct err *err)
{
	struct tty *tty = context;
	char answer[ANSWER_MAX];

	TRY(need_terminal(tty, "this question", err));
	ask(tty, question, answer, sizeof(answer));
	if (strlen(answer) >= size)
		return err_set(err, ERR_INVALID, "more than %zu letters were typed", size - 1);
	memcpy(ret_line, answer, strlen(answer) + 1);
	return ERR_OK;
}

static enum err_code
pin_from_fd(struct tty *tty, struct secret **ret_pin, struct err *err)
{
	SECRET *pin = NULL;

	if (tty->pin_used)
		return err_set(err, ERR_USAGE, "the PIN of descriptor %d was used already",
		    tty->pin_fd);
	tty->pin_used = true;
	TRY(read_secret_fd(tty->pin_fd, PIN_LINE_MAX, true, &pin, err));
	*ret_pin = TAKE(pin);
	return ERR_OK;
}

static enum err_code
ask_pin(void *context, const char *prompt, struct secret **ret_pin, struct err *err)
{
	struct tty *tty = context;

	if (tty->pin_fd >= 0)
		return pin_from_fd(tty, ret_pin, err);
	for (;;) {
		SECRET *typed = NULL;

		TRY(tty_read_secret(tty, prompt, PIN_MAX, &typed, err));
		if (text_is_otp(secret_view(typed))) {
			say(tty,
			    "That was a one-time password that a touched key typed, not the PIN. Do "
			    "not touch the key yet.");
			continue;
		}
		if (secret_size(typed) == 0)
			return err_set(err, ERR_USAGE, "no PIN was typed");
		*ret_pin = TAKE(typed);
		return ERR_OK;
	}
}

static enum err_code
ask_secret(void *context, const char *prompt, size_t max, struct secret **ret_secret,
    struct err *err)
{
	return tty_read_secret(context, prompt, max, ret_secret, err);
}

/* ---- touches ---- */

static void
touch(void *context, unsigned number, unsigned total, const char *purpose)
{
	struct tty *tty = context;
	char line[300];

	tty_settle(tty);
	tty->waited = 0;
	snprintf(line, sizeof(line), "Touch %u of %u: %s. The token blinks; touch it now.", number,
	    total, purpose);
	write_line(tty, stderr, false, line);
}

static void
waiting(void *context, unsigned milliseconds)
{
	struct tty *tty = context;
	unsigned seconds = milliseconds / 1000;
	char line[100];

	if (seconds < tty->waited + STILL_SECONDS)
		return;
	tty->waited = seconds;
	snprintf(line, sizeof(line), "still waiting for your touch (%u s)%s", seconds,
	    seconds < LATE_SECONDS ? "" : "; most tokens give up at 15 s, and nothing is lost");
	progress(tty, line);
}

static void
touched(void *context)
{
	struct tty *tty = context;

	tty_settle(tty);
	write_line(tty, stderr, false, "Touched.");
}

static void
busy(void *context, const char *who, unsigned milliseconds)
{
	struct tty *tty = context;
	char line[200];

	/* Where lines cannot be replaced, once is enough. */
	if (!tty->live && milliseconds >= 1000)
		return;
	snprintf(line, sizeof(line), "the token is held by %s; waiting for it (%u s)", who,
	    milliseconds / 1000);
	progress(tty, line);
}

void
tty_fill(struct tty *tty, struct ui *ret_ui, struct cli_io *ret_io)
{
	*ret_ui = (struct ui){.context = tty,
	    .say = say,
	    .relay = complain,
	    .progress = progress,
	    .confirm = confirm,
	    .ask_line = ask_line,
	    .ask_pin = ask_pin,
	    .ask_secret = ask_secret,
	    .touch = {.context = tty,
	        .touch = touch,
	        .waiting = waiting,
	        .touched = touched,
	        .busy = busy}};
	*ret_io = (struct cli_io){.ui = ret_ui,
	    .context = tty,
	    .print = print,
	    .complain = complain,
	    .divert = divert,
	    .use_pin_fd = use_pin_fd,
	    .check_show = tty_check_show,
	    .show = tty_show,
	    .on_terminal = tty->live,
	    .terminal = tty->terminal,
	    .person = tty->terminal >= 0 && isatty(STDERR_FILENO)};
}
