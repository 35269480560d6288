/* SPDX-License-Identifier: Apache-2.0 */
/* alice's nights with prod/db, and what becomes of its rotation debt. */
#ifndef TESTS_UNIT_SERVER_NIGHT_BENCH_H
#define TESTS_UNIT_SERVER_NIGHT_BENCH_H

#include "tests/unit/server/server_bench.h"

#define REJECT_THREE "apply=reject\napply=reject\napply=reject\n"
#define MAKE_THREE   "check\ngenerate\napply\ncheck\ngenerate\napply\ncheck\ngenerate\napply\n"

/* The released credential, and what the end of its lease led to. */
struct night {
	struct secret *old;
	struct id id;
	char debt[20];
};
void night_done(struct night *night);
#define NIGHT CLEANUP(night_done) struct night

void night_release(struct bench *bench, struct night *night);
/* A release, and its end while the target behaves as MODES says. */
void night_live_through(struct bench *bench, const char *modes, struct night *night);
/* What was asked of the target since the last time. */
void night_calls(struct bench *bench, const char *expected);
/* `rotate`, once the debt is due again: the code that it must give; the calls that it must make. */
void night_rotate(struct bench *bench, const char *code, const char *calls);
/* Nothing is owed, and the value of NIGHT is dead. */
void night_paid(struct bench *bench, const struct night *night);
/* Somebody repairs the account, so that it takes the value of NIGHT again. */
void night_repair(struct bench *bench, const struct night *night);

#endif
