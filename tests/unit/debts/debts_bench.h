/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vault whose secret "prod/db" was released to alice, and the world of its target: each case begins there, with the
 * lease just over, and runs until all is paid.
 */
#ifndef TESTS_UNIT_DEBTS_DEBTS_BENCH_H
#define TESTS_UNIT_DEBTS_DEBTS_BENCH_H

#include "tests/unit/debts/world.h"
#include "tests/unit/server/server_bench.h"

struct kept_file;
struct town {
	struct bench *bench;
	struct scene scene; /* where each case begins */
	int64_t now, kill_at;
	struct kept_file *files;
	size_t file_count;
	char name[60]; /* of what its target announces */
};
struct town *town_new(const char *name, const struct announcement *announced);
/* Where nobody has seen "prod/db", and infra ordered that it be replaced: nothing was asked of the target yet. */
struct town *town_new_unseen(const char *name, const struct announcement *announced);
void town_free(struct town *town);
DESTRUCTOR(town_freep, struct town, town_free)
#define TOWN CLEANUP(town_freep) struct town

/* The vault and its target are what they were. */
void town_restore(struct town *town);
/* They are from now on what they are. */
void town_keep(struct town *town);
/* A process pays what is due, SECONDS later; it may be killed.  A truth that does not hold is printed, with the calls that
 * led to it, and counted (tally): the test goes on, and fails in the end. */
bool town_run(struct town *town, int64_t seconds);
/* It runs until all is paid; whoever repairs the account, when it accepts nothing any more, is thought of. */
bool town_run_until_paid(struct town *town);
/* From the beginning, with PLANS, and killed at durable step KILL_AT (0: never); RET_POINTS: how many it had. */
bool town_case(struct town *town, const struct plan plans[PLANS], int64_t kill_at,
    int64_t *ret_points);

/* So many debts were paid, oldest first, each by a statement of the grade that was announced, or that it was not tried. */
void town_expect_ended(const struct town *town, unsigned count);
/* alice opens the current version, and her lease is over. */
void town_release(struct town *town);
/* A quorum opens what the target accepts. */
void town_expect_opens(struct town *town);
/* Others make it the only one that the target accepts. */
void town_set(struct town *town, uint32_t version);
/* The state of the newest debt, after the last run. */
void town_expect_state(const struct town *town, enum debt_state state);

#endif
