/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/overheard.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

/* What a pipe holds (64 KiB) at most, so that who never stops keeps us from nothing else. */
enum { BLOCK = 4096, ROUNDS = 16 };

static void
tell(const struct overheard *overheard, const char *line)
{
	ui_relay(overheard->ui, "%s says: %s", overheard->whose, QUOTED(line));
}

static void
keep(struct overheard *overheard, const char *line)
{
	if (overheard->count == OVERHEARD_KEPT) {
		overheard->lost += strlen(overheard->kept[overheard->first]) + 1;
		overheard->first = (overheard->first + 1) % OVERHEARD_KEPT;
		overheard->count--;
	}
	size_t at = (overheard->first + overheard->count++) % OVERHEARD_KEPT;
	memcpy(overheard->kept[at], line, strlen(line) + 1);
}

/* The letters of a cut line end where a letter ends. */
static void
mark_cut(struct overheard *overheard)
{
	size_t end = overheard->size;

	while (end > 0 && ((uint8_t)overheard->line[end - 1] & 0xc0) == 0x80)
		end--;
	if (end > 0 && ((uint8_t)overheard->line[end - 1] & 0xc0) == 0xc0)
		overheard->size = end - 1;
	memcpy(overheard->line + overheard->size, "...", sizeof("..."));
}

/* The line is over.  One of spaces alone, or of nothing, is none. */
static void
end_line(struct overheard *overheard)
{
	overheard->line[overheard->size] = '\0';
	if (overheard->cut)
		mark_cut(overheard);
	if (overheard->line[strspn(overheard->line, " ")] != '\0') {
		memcpy(overheard->last, overheard->line, sizeof(overheard->last));
		if (overheard->hushed || overheard->told == OVERHEARD_ALOUD) {
			keep(overheard, overheard->line);
		} else {
			overheard->told++;
			tell(overheard, overheard->line);
		}
	}
	overheard->size = 0;
	overheard->cut = false;
}

/* A carriage return ends a line, as it does where lines are drawn over each other; what ends the text here is seen. */
static void
take(struct overheard *overheard, struct view bytes)
{
	for (size_t i = 0; i < bytes.size; i++) {
		char letter = (char)bytes.data[i];

		if (letter == '\n' || letter == '\r') {
			end_line(overheard);
		} else if (overheard->size == OVERHEARD_LINE) {
			overheard->cut = true;
			overheard->lost++;
		} else {
			overheard->line[overheard->size++] = letter == '\0' ? '?' : letter;
		}
	}
}

/* One piece of what is there.  False: nothing is, or it ended. */
static bool
hear_some(struct overheard *overheard)
{
	uint8_t block[BLOCK];
	ssize_t got = read(overheard->beside.fd, block, sizeof(block));

	if (got > 0) {
		take(overheard, view_of(block, (size_t)got));
		return true;
	}
	if (got < 0 && errno == EINTR)
		return true;
	if (got == 0 || errno != EAGAIN) {
		if (overheard->size > 0)
			end_line(overheard);
		fd_closep(&overheard->beside.fd);
	}
	return false;
}

static void
hear(void *context)
{
	struct overheard *overheard = context;

	for (int round = 0; round < ROUNDS && overheard->beside.fd >= 0; round++)
		if (!hear_some(overheard))
			return;
}

void
overheard_begin(struct overheard *overheard, int fd, const char *whose, const struct ui *ui)
{
	*overheard = (struct overheard){.beside = {.fd = fd, .hear = hear, .context = overheard},
	    .ui = ui,
	    .whose = whose};
	if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		fd_closep(&overheard->beside.fd); /* then it speaks to nobody */
}

void
overheard_hush(struct overheard *overheard)
{
	overheard->hushed = true;
}

void
overheard_add(struct overheard *overheard, const char *line)
{
	if (overheard->ui == NULL)
		return;
	if (overheard->size > 0)
		end_line(overheard);
	take(overheard, view_of_text(line));
	end_line(overheard);
}

static void
tell_kept(struct overheard *overheard)
{
	for (; overheard->count > 0; overheard->count--) {
		tell(overheard, overheard->kept[overheard->first]);
		overheard->first = (overheard->first + 1) % OVERHEARD_KEPT;
	}
	if (overheard->lost > 0)
		ui_relay(overheard->ui, "%s said more: %" PRIu64 " %s that are not shown.",
		    overheard->whose, overheard->lost,
		    text_plural(overheard->lost, "byte", "bytes"));
	overheard->lost = 0;
}

void
overheard_hear(struct overheard *overheard)
{
	if (overheard->beside.hear != NULL && overheard->beside.fd >= 0)
		hear(overheard);
}

void
overheard_tell(struct overheard *overheard)
{
	overheard_hear(overheard);
	tell_kept(overheard);
}

void
overheard_finish(struct overheard *overheard, int64_t deadline)
{
	while (overheard->beside.hear != NULL && overheard->beside.fd >= 0) {
		struct pollfd ready = {.fd = overheard->beside.fd, .events = POLLIN};
		int64_t left = deadline - process_milliseconds();

		if (left <= 0 || poll(&ready, 1, left > INT_MAX ? INT_MAX : (int)left) == 0)
			return;
		hear(overheard);
	}
}

enum err_code
overheard_explain(const struct overheard *overheard, struct err *err)
{
	if (overheard->last[0] == '\0')
		return err->code;
	return err_part(err, "The last words of %s: %s", overheard->whose, QUOTED(overheard->last));
}

void
overheard_end(struct overheard *overheard)
{
	if (overheard->beside.hear == NULL)
		return;
	overheard_hear(overheard);
	if (overheard->size > 0)
		end_line(overheard);
	tell_kept(overheard);
	fd_closep(&overheard->beside.fd);
}
