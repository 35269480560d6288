/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fuzz target: libFuzzer's entry, also called by replay.c.  Each target feeds one decoder and
 * aborts when what it accepts is wrong, or does not survive being written and read again.
 *
 * To add one: fuzz_NAME.c, a row in the file `targets`, and inputs in corpus/NAME.  Then
 *
 *	./run fuzz NAME 60		fuzzes it for a minute
 *	./run fuzz keep NAME 60		the same, and keeps inputs that reach something new
 *	./run fuzz coverage		says what the corpora reach
 */
#ifndef TESTS_FUZZ_TARGET_H
#define TESTS_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* About how many mutations of the whole corpus replay.c runs; a slow target says fewer. */
size_t replay_runs(void);

/* What must be so whatever the input. */
#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

/* random_bytes in a target gives this byte only, so that an input can answer a challenge. */
enum { FIXED_RANDOM = 0x42 };

#endif
