/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Screens before a signature, as they were said, line by line, and as a terminal of 80 columns shows them.  What others chose is
 * put into one place of a screen, first SCREEN_PLACE and then each of screen_contents; of the two screens every byte is
 * the same but for what stands between the quotation marks around the place.
 */
#ifndef TESTS_UNIT_CLIENT_SCREEN_H
#define TESTS_UNIT_CLIENT_SCREEN_H

#include "ceremony/client/ui.h"

#define SCREEN_PLACE "some words"

struct screen_content {
	const char *name, *text;
};
enum { SCREEN_CONTENTS = 15 };
/* The same each time. */
const struct screen_content *screen_contents(void);

/* At most MAX bytes of WORDS within a text of JSON, as somebody writes them who keeps to no rule but those of JSON. */
void screen_escape(const char *words, size_t max, struct buf *ret_text);

/* Each line with SCREEN_END behind it: as ui->say had it; as the terminal shows it. */
enum { SCREEN_END = 0x1e };
struct screen {
	struct buf said, shown;
};
void screen_done(struct screen *screen);
#define SCREEN CLEANUP(screen_done) struct screen

/* What PLAY has on the command's own terminal, which types "yes" where it is asked. */
void screen_play(void (*play)(const void *context, const struct ui *ui), const void *context,
    struct screen *ret_screen);
/* What was said in LINES, as that terminal would show it. */
void screen_of(const char *lines, struct screen *ret_screen);
/* WHAT the screen is with a plain text in its place: PLAIN.  A value may take several numbered rows instead of one (text/whole.h). */
void screen_compare(const char *what, const struct screen *plain, const struct screen *screen);
/* The place is there, and between quotation marks wherever it is. */
void screen_has_place(const char *what, const struct screen *plain);

#endif
