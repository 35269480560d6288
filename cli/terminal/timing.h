/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a command took, and how much of that its token: drivers that measure the drivers below.
 * The person's time at prompts is in neither (--pin-fd leaves none); a touch is token time.
 */
#ifndef CLI_TERMINAL_TIMING_H
#define CLI_TERMINAL_TIMING_H

#include "tokens/token.h"

enum { TIMING_DRIVERS = 4 };

struct timing {
	int64_t began, token; /* milliseconds; microseconds spent in the token's driver */
	struct timed {
		const struct token_driver *below;
		struct timing *timing;
	} timed[TIMING_DRIVERS];
	struct token_ops ops[TIMING_DRIVERS];
	struct token_driver drivers[TIMING_DRIVERS];
	size_t count;
};

/* Wrap COUNT (at most TIMING_DRIVERS) of DRIVERS; use timing->drivers instead of them.  TIMING must
 * not move afterwards. */
void timing_begin(struct timing *timing, const struct token_driver *drivers, size_t count);
/* "took 0.412 s: token 0.260 s, halligan 0.152 s" */
enum { TIMING_TEXT_SIZE = 96 };
void timing_text(const struct timing *timing, char ret_text[TIMING_TEXT_SIZE]);

#endif
