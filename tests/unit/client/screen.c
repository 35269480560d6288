/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/client/screen.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/terminal/ui.h"
#include "cli/terminal/wrap.h"
#include "tests/lib/expect.h"

void
screen_done(struct screen *screen)
{
	buf_done(&screen->said);
	buf_done(&screen->shown);
}

/* ---- contents ---- */

static char flood[10241], flood_of_words[10241];
static const struct screen_content contents[SCREEN_CONTENTS] = {
    {"escape sequences", "\033[2J\033[H\033]0;t\007\033[1;31mall is well"},
    {"eight-bit controls",
        "\xc2\x9b"
        "2J\xc2\x9d"
        "0;t\xc2\x9c \x9b"
        "2J"},
    {"carriage return", "ok\r  who        \"Chris Iso\" (seat ciso)"},
    {"newlines", "ok\n\n  who        \"Chris Iso\" (seat ciso)\n\n  words      aardvark absurd"},
    {"bidi",
        "\xe2\x80\xae"
        "llew si lla \xe2\x81\xa6 x \xe2\x80\x8f"},
    {"no UTF-8", "\xff\xfe\xe2\x80 \xed\xa0\x80"},
    {"10 KiB without a space", flood},
    {"10 KiB of words", flood_of_words},
    {"fields", "\"  who        \"Chris Iso\" (seat ciso)      quorum     1 of (ciso)     \""},
    {"foreign spaces",
        "x\xc2\xa0\xc2\xa0\xe3\x80\x80\xe2\xa0\x80\xe2\xa0\x80who\xe3\x85\xa4  Chris"},
    {"a question", "\" Approve? Type yes: "},
    {"our colours", "WARNING TRAINING"},
    {"our colour alone", "WARNING"},
    {"our mark", "\" | \"| halligan: \"the vault host says: "},
    {"printf", "%s%n%100000d"},
};

const struct screen_content *
screen_contents(void)
{
	memset(flood, 'x', sizeof(flood) - 1);
	for (size_t i = 0; i + 1 < sizeof(flood_of_words); i++)
		flood_of_words[i] = i % 7 == 6 ? ' ' : 'w';
	return contents;
}

void
screen_escape(const char *words, size_t max, struct buf *ret_text)
{
	for (const char *at = words; *at != '\0' && (size_t)(at - words) < max; at++) {
		if ((unsigned char)*at < ' ')
			buf_format(ret_text, "\\u%04x", (unsigned)*at);
		else
			buf_format(ret_text, "%s%c", *at == '"' || *at == '\\' ? "\\" : "", *at);
	}
}

/* ---- a terminal ---- */

struct terminal {
	int master;
	pthread_t reader;
	struct buf seen;
	size_t answered; /* so much of it stood there when it was answered */
};

/* Written when all was; what is read when nobody has the other end any more may not be all of it. */
enum { OVER = 0x1d };

/* Answers each question, as soon as nothing comes after it. */
static void *
watch(void *context)
{
	struct terminal *terminal = context;
	static const char end[] = "Type yes: ";
	uint8_t bytes[4096];
	ssize_t got;

	while ((got = read(terminal->master, bytes, sizeof(bytes))) > 0) {
		struct buf *seen = &terminal->seen;

		buf_bytes(seen, view_of(bytes, (size_t)got));
		if (seen->data[seen->size - 1] == OVER) {
			seen->size--;
			break;
		}
		if (seen->size > terminal->answered && seen->size >= strlen(end) &&
		    memcmp(seen->data + seen->size - strlen(end), end, strlen(end)) == 0) {
			terminal->answered = seen->size;
			if (write(terminal->master, "yes\n", 4) != 4)
				abort();
		}
	}
	return NULL;
}

/* ---- a person in front of it, whose lines are marked ---- */

struct listener {
	const struct ui *ui; /* the command's own */
	int slave;
	struct buf said;
};

/* It is written where the lines are, so that no text can pretend to have ended. */
static void
mark(struct listener *listener)
{
	static const char end = SCREEN_END;

	buf_u8(&listener->said, (uint8_t)end);
	assert_int_equal(write(listener->slave, &end, 1), 1);
}

static void
say(void *context, const char *line)
{
	struct listener *listener = context;

	buf_text(&listener->said, line);
	listener->ui->say(listener->ui->context, line);
	mark(listener);
}

static void
relay(void *context, const char *line)
{
	struct listener *listener = context;

	buf_text(&listener->said, line);
	listener->ui->relay(listener->ui->context, line);
	mark(listener);
}

static enum err_code
confirm(void *context, const char *question, const char *word, bool *ret_yes, struct err *err)
{
	struct listener *listener = context;
	enum err_code code =
	    listener->ui->confirm(listener->ui->context, question, word, ret_yes, err);

	buf_format(&listener->said, "%s: ", question);
	mark(listener);
	return code;
}

/* Standard output and error are the terminal's while it plays. */
static void
play_on(int slave, void (*play)(const void *context, const struct ui *ui), const void *context,
    struct buf *ret_said)
{
	int out = dup(STDOUT_FILENO), errors = dup(STDERR_FILENO);
	struct tty tty = {.terminal = slave, .live = true, .color = true, .pin_fd = -1};
	struct ui ui, marking;
	struct cli_io io;

	tty_fill(&tty, &ui, &io);
	struct listener listener = {.ui = &ui, .slave = slave};
	marking = (struct ui){.context = &listener, .say = say, .relay = relay, .confirm = confirm};
	fflush(stdout);
	fflush(stderr);
	assert_true(dup2(slave, STDOUT_FILENO) >= 0 && dup2(slave, STDERR_FILENO) >= 0);
	play(context, &marking);
	fflush(stdout);
	assert_true(dup2(out, STDOUT_FILENO) >= 0 && dup2(errors, STDERR_FILENO) >= 0);
	close(out);
	close(errors);
	*ret_said = TAKE(listener.said);
}

void
screen_play(void (*play)(const void *context, const struct ui *ui), const void *context,
    struct screen *ret_screen)
{
	struct terminal terminal = {0};
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	struct termios raw = {0};
	int slave;

	cfmakeraw(&raw);
	assert_int_equal(openpty(&terminal.master, &slave, NULL, &raw, &size), 0);
	assert_int_equal(pthread_create(&terminal.reader, NULL, watch, &terminal), 0);
	play_on(slave, play, context, &ret_screen->said);
	assert_int_equal(write(slave, &(const char){OVER}, 1), 1);
	assert_int_equal(pthread_join(terminal.reader, NULL), 0);
	close(slave);
	close(terminal.master);
	ret_screen->shown = TAKE(terminal.seen);
}

void
screen_of(const char *lines, struct screen *ret_screen)
{
	while (*lines != '\0') {
		size_t size = strcspn(lines, "\n");
		BUF line = {0};

		buf_bytes(&line, view_of(lines, size));
		buf_bytes(&ret_screen->said, buf_view(&line));
		buf_u8(&ret_screen->said, SCREEN_END);
		wrap_line(buf_string(&line), 80, &ret_screen->shown);
		buf_text(&ret_screen->shown, "\n");
		buf_u8(&ret_screen->shown, SCREEN_END);
		lines += size + (lines[size] == '\n' ? 1 : 0);
	}
}

/* ---- what is compared ---- */

/* A byte of ours that is no letter: colours, and what makes room for a line. */
static size_t
ours(const char *at)
{
	static const char *const codes[] = {"\033[1;33m", "\033[1;31m", "\033[0m"};

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (strncmp(at, codes[i], strlen(codes[i])) == 0)
			return strlen(codes[i]);
	return 0;
}

/* LINE as it is shown, without spaces, newlines, colours and marks: all of it must be plain, and what goes on in a further line
 * between quotation marks be marked there. */
static void
squeeze_shown(const char *what, const char *line, struct buf *ret_text)
{
	bool quoted = false, begins = false;

	for (const char *at = line; *at != '\0'; at++) {
		size_t code = ours(at);

		if (code > 0 && quoted)
			fail_msg("%s: a code within their words", what);
		if (code > 0) {
			at += code - 1;
			continue;
		}
		if (*at != '\n' && ((unsigned char)*at < ' ' || *at == 0x7f))
			fail_msg("%s: a control character on the screen", what);
		if (begins && quoted && *at != ' ') {
			if (strncmp(at, WRAP_MARK, strlen(WRAP_MARK)) != 0)
				fail_msg("%s: their words in a line without a mark: %.80s", what,
				    at);
			at++;
			begins = false;
			continue;
		}
		begins = *at == '\n' || (begins && *at == ' ');
		quoted ^= *at == '"';
		if (*at != '\n' && *at != ' ')
			buf_u8(ret_text, (uint8_t)*at);
	}
	if (quoted)
		fail_msg("%s: a quotation has no end", what);
}

/* LINE as it was said, in the same way. */
static void
squeeze_said(const char *line, struct buf *ret_text)
{
	BUF plain = {0};

	text_plain(line, &plain);
	for (const char *at = buf_string(&plain); *at != '\0'; at++)
		if (*at != ' ')
			buf_u8(ret_text, (uint8_t)*at);
}

/* The lines of a screen, one after the other. */
struct reading {
	const char *said, *shown;
	struct buf line, block; /* the present ones */
};

static void
reading_done(struct reading *reading)
{
	buf_done(&reading->line);
	buf_done(&reading->block);
}
#define READING CLEANUP(reading_done) struct reading

static const char *
next_part(const char *from, struct buf *ret_part)
{
	const char *end = strchr(from, SCREEN_END);

	if (end == NULL)
		fail_msg("the screen ends early: %s", from);
	buf_done(ret_part);
	buf_bytes(ret_part, view_of(from, (size_t)(end - from)));
	(void)buf_string(ret_part);
	return end + 1;
}

/* False at the end of it. */
static bool
next_line(struct reading *reading)
{
	if (*reading->said == '\0')
		return false;
	reading->said = next_part(reading->said, &reading->line);
	reading->shown = next_part(reading->shown, &reading->block);
	return true;
}

static struct reading
read_screen(const struct screen *screen)
{
	struct screen *own = (struct screen *)(uintptr_t)screen; /* for the NUL at its end */

	return (struct reading){buf_string(&own->said), buf_string(&own->shown), {0}, {0}};
}

/* What was said is shown, all of it and nothing else. */
static void
check_shown(const char *what, struct reading *reading)
{
	BUF said = {0}, shown = {0};

	squeeze_said(buf_string(&reading->line), &said);
	squeeze_shown(what, buf_string(&reading->block), &shown);
	if (!text_is_plain(buf_view(&shown)) || strcmp(buf_string(&said), buf_string(&shown)) != 0)
		fail_msg("%s: not what was said:\n%s\n--- is shown as\n%s", what,
		    buf_string(&reading->line), buf_string(&reading->block));
}

/* Does LINE have what PLAIN has, with anything between the quotation marks around the place?  ROWS is a text before
 * the first of these marks: "" or "(1 of 3) ". */
static bool
fits(const char *what, const char *plain, const char *line, const char *rows)
{
	for (;;) {
		const char *place = strstr(plain, SCREEN_PLACE), *end;
		size_t before;

		if (place == NULL)
			return strcmp(plain, line) == 0;
		while (place > plain && *place != '"')
			place--;
		end = strchr(place + 1, '"');
		if (*place != '"' || end == NULL)
			fail_msg("%s: the place is not between quotation marks: %s", what, plain);
		before = (size_t)(place - plain);
		if (strncmp(plain, line, before) != 0 ||
		    strncmp(line + before, rows, strlen(rows)) != 0)
			return false;
		line += before + strlen(rows);
		if (*line != '"' || (line = strchr(line + 1, '"')) == NULL)
			return false;
		plain = end + 1;
		line++;
	}
}

/* A value that takes several rows: its first is READING's line.  False: it is none such. */
static bool
take_rows(const char *what, const char *plain, struct reading *reading)
{
	const char *mark = strstr(buf_string(&reading->line), "(1 of ");
	char rows[40], blank[80];
	unsigned count = 0;

	if (mark == NULL || sscanf(mark, "(1 of %u) \"", &count) != 1)
		return false;
	snprintf(rows, sizeof(rows), "(1 of %u) ", count);
	if (!fits(what, plain, buf_string(&reading->line), rows))
		return false;
	check_shown(what, reading);
	for (unsigned i = 2; i <= count; i++) {
		snprintf(blank, sizeof(blank), "  %-12s (%u of %u) \"" SCREEN_PLACE "\"", "", i,
		    count);
		if (!next_line(reading) || !fits(what, blank, buf_string(&reading->line), ""))
			fail_msg("%s: row %u of %u is: %s", what, i, count,
			    buf_string(&reading->line));
		check_shown(what, reading);
	}
	return true;
}

static void
compare_line(const char *what, struct reading *plain, struct reading *now)
{
	const char *was = buf_string(&plain->line), *is = buf_string(&now->line);

	if (strstr(was, SCREEN_PLACE) == NULL) {
		if (strcmp(was, is) != 0 ||
		    strcmp(buf_string(&plain->block), buf_string(&now->block)) != 0)
			fail_msg("%s: what stands beside it changed:\n%s\n--- for\n%s", what,
			    buf_string(&now->block), buf_string(&plain->block));
		return;
	}
	if (ours(buf_string(&plain->block)) != ours(buf_string(&now->block)))
		fail_msg("%s: another colour: %s", what, buf_string(&now->block));
	if (take_rows(what, was, now))
		return;
	if (!fits(what, was, is, ""))
		fail_msg("%s: what stands in its line changed:\n%s\n--- for\n%s", what, is, was);
	check_shown(what, now);
}

void
screen_compare(const char *what, const struct screen *plain, const struct screen *screen)
{
	READING then = read_screen(plain), now = read_screen(screen);

	while (next_line(&then)) {
		if (!next_line(&now))
			fail_msg("%s: a line is missing: %s", what, buf_string(&then.line));
		compare_line(what, &then, &now);
	}
	if (next_line(&now))
		fail_msg("%s: a line came: %s", what, buf_string(&now.line));
	if (*then.shown != '\0' || *now.shown != '\0')
		fail_msg("%s: something stands behind the last line: %s", what, now.shown);
}

void
screen_has_place(const char *what, const struct screen *plain)
{
	READING reading = read_screen(plain);
	bool found = false;

	while (next_line(&reading)) {
		found |= strstr(buf_string(&reading.line), SCREEN_PLACE) != NULL;
		(void)fits(what, buf_string(&reading.line), buf_string(&reading.line), "");
		check_shown(what, &reading);
	}
	if (!found)
		fail_msg("%s: it is nowhere on the screen", what);
}
