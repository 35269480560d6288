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
	return debt->state != DEBT_RETIRED && now < debt->due;
}

void
wait_text(const struct debt_row *debt, char ret_text[WAIT_TEXT_SIZE])
{
	char last[TEXT_TIME_SIZE], again[TEXT_TIME_SIZE];

	text_time(debt->due, again);
	if (debt->tries == 0) {
		snprintf(ret_text, WAIT_TEXT_SIZE, "not tried yet; from %s", again);
		return;
	}
	text_time(debt->due - wait_after(debt->tries), last);
	snprintf(ret_text, WAIT_TEXT_SIZE, "tried %u time%s, last at %s; again from %s",
	    debt->tries, debt->tries == 1 ? "" : "s", last, again);
}
