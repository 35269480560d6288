/* SPDX-License-Identifier: Apache-2.0 */
/* What a rotator gone bad can do for all isolation, as docs/THREATS.md concedes in words: nothing else. */
#ifndef TESTS_ADVERSARY_ROTATOR_CONCEDED_H
#define TESTS_ADVERSARY_ROTATOR_CONCEDED_H

#include "tests/adversary/rotator/attempts.h"

/* The words, where isolation HOW (rotators/contract/start.h; "root": its account is root) with LANDLOCK, an ABI, does not stop ATTEMPT; NULL: it must. */
const char *conceded(const struct attempt *attempt, const char *how, int landlock);

#endif
