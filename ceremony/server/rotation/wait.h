/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Until when a debt waits after a try that came to nothing.  Anyone may ask for a rotation, and each try may
 * show the target values that it refuses: the host's clock says when the next one may be, whoever asks.
 */
#ifndef CEREMONY_SERVER_ROTATION_WAIT_H
#define CEREMONY_SERVER_ROTATION_WAIT_H

#include "vault/store/debt.h"

enum { WAIT_FIRST = 5, WAIT_LONGEST = 900 /* seconds; doubled from one to the other */ };

/* DEBT was tried in vain once more, at NOW. */
void wait_longer(struct debt_row *debt, int64_t now);
/* May DEBT not be tried yet?  One that never failed waits for the end of its lease. */
bool wait_goes_on(const struct debt_row *debt, int64_t now);
/* "tried 2 times, last at TIME; again from TIME". */
enum { WAIT_TEXT_SIZE = 160 };
void wait_text(const struct debt_row *debt, char ret_text[WAIT_TEXT_SIZE]);

/* Where a death watch stands. */
void wait_death(const struct debt_row *debt, int64_t now, char ret_words[NOTE_TEXT_MAX + 1]);

#endif
