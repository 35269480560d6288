/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sweeps over more cases than every run can afford; tests that use this stand in meson's suite "sweep".
 * HALLIGAN_SWEEP says which cases run: "all" of them (the full run); "K/N", every N-th from the K-th on
 * (CI); when it is not set, every STEP-th (the plain suite).  For scenarios: tests/lib/sweep.sh.
 */
#ifndef TESTS_UNIT_SWEEP_H
#define TESTS_UNIT_SWEEP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Does this run take the case NUMBER, from 1 on? */
static inline bool
sweep_takes(int64_t number, int64_t step)
{
	const char *text = getenv("HALLIGAN_SWEEP");
	long long slice, slices;

	if (text == NULL || text[0] == '\0')
		return number % step == 0;
	if (sscanf(text, "%lld/%lld", &slice, &slices) == 2 && slices > 0)
		return (number - slice) % slices == 0;
	return true;
}

#endif
