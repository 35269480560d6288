/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/rotation/wait.h"

#include <stdio.h>

#include "base/text_time.h"

/* Seconds after TRIES of them, at least one. */
static int64_t
wait_after(uint32_t tries)
{
	int64_t seconds = WAIT_FIRST;

	for (; tries > 1 && seconds < WAIT_LONGEST; tries--)
		seconds *= 2;
	return seconds < WAIT_LONGEST ? seconds : WAIT_LONGEST;
}

void
wait_longer(struct debt_row *debt, int64_t now)
{
	debt->tries++;
	debt->due = now + wait_after(debt->tries);
}

bool
wait_goes_on(const struct debt_row *debt, int64_t now)
{
	/* No try is put off for longer: the clock was ahead when this one was. */
	if (debt->tries > 0 && debt->due - now > WAIT_LONGEST)
		return false;
	return debt->state != DEBT_RETIRED && now < debt->due;
}

void
wait_text(const struct debt_row *debt, char ret_text[WAIT_TEXT_SIZE])
{
	char last[TEXT_TIME_SIZE], again[TEXT_TIME_SIZE];

	text_time(debt->due, again);
	if (debt->tries == 0 && debt->state == DEBT_WATCHED) {
		snprintf(ret_text, WAIT_TEXT_SIZE,
		    "the target may take version %u until %s, then it must refuse it", debt->old,
		    again);
		return;
	}
	if (debt->tries == 0) {
		snprintf(ret_text, WAIT_TEXT_SIZE, "not tried yet; from %s", again);
		return;
	}
	text_time(debt->due - wait_after(debt->tries), last);
	snprintf(ret_text, WAIT_TEXT_SIZE,
	    "tried %u time%s, last at %s; again from %s, so that nobody locks the account out",
	    debt->tries, debt->tries == 1 ? "" : "s", last, again);
}

void
wait_death(const struct debt_row *debt, int64_t now, char ret_words[NOTE_TEXT_MAX + 1])
{
	char waits[WAIT_TEXT_SIZE] = "";

	if (wait_goes_on(debt, now))
		wait_text(debt, waits);
	if (debt->state == DEBT_WATCHED && debt->tries == 0 && waits[0] != '\0')
		snprintf(ret_words, NOTE_TEXT_MAX + 1, "version %u was taken away; %s", debt->old,
		    waits);
	else
		snprintf(ret_words, NOTE_TEXT_MAX + 1, "%s version %u%s%s%s",
		    debt->state == DEBT_WATCHED ?
		        "it is still to be shown that the target refuses" :
		        "still to be taken away from the target:",
		    debt->old, waits[0] != '\0' ? " (" : "", waits, waits[0] != '\0' ? ")" : "");
}
