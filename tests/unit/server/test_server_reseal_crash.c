/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DESIGN.md, invariants 16 and 18: the server is killed at durable steps of a batch in turn; each version
 * is sealed again, or its rotation paid, exactly once.
 */
#include "tests/unit/server/batch_bench.h"

enum { ATTEMPTS = 8 };

/* Killed at every durable step in turn: each version is sealed again exactly once. */
static void
a_batch_survives_a_kill_at_every_durable_step(void **state)
{
	struct bench *bench = batch_bench(true, SECRETS);
	struct err err;
	uint32_t version = 1;
	int64_t at = 1;

	(void)state;
	for (bool killed = true; killed; at += 3) {
		struct id id = batch_ask(bench, BATCH_RESEAL);
		char text[20] = "", notes[1200];

		batch_approve(bench, &bench->people[CISO], &id);
		batch_give_all(bench, &bench->people[CAROL], &id);
		bench->shared->points = 0;
		bench->shared->kill_at = at;
		(void)!batch_advance_op(bench, &id, &err);
		killed = bench->shared->points >= at;
		bench->shared->kill_at = 0;
		for (int i = 0; i < ATTEMPTS && strcmp(text, "closed") != 0; i++)
			batch_states(bench, &id, text, notes);
		assert_string_equal(text, "closed");
		assert_string_equal(notes, "done\ndone\ndone\ndone\n");
		version++;
		for (size_t i = 0; i < SECRETS; i++) {
			char name[32];

			batch_name(i, name);
			assert_int_equal(bench_current(bench, name), version);
		}
		bench_end(bench);
		batch_states(bench, &id, text, notes);
		assert_int_equal(bench_files(bench, "ceremony"), 0);
	}
	assert_true(at > 30);
	batch_opens_to(bench, "prod/s1", "password-1", CISO, SECOPS);
	bench_verify(bench);
	bench_free(bench);
}

static void
a_rotating_batch_survives_a_kill_at_every_durable_step(void **state)
{
	struct bench *bench = batch_bench(true, 1);
	struct err err;
	uint32_t version = 1;
	int64_t at = 1;

	(void)state;
	for (bool killed = true; killed; at += 2) {
		struct id id = batch_ask(bench, BATCH_ROTATE);
		char text[20] = "", notes[1200], debt[20] = "?";

		batch_approve(bench, &bench->people[CISO], &id);
		batch_give_all(bench, &bench->people[CAROL], &id);
		bench->shared->points = 0;
		bench->shared->kill_at = at;
		(void)!batch_advance_op(bench, &id, &err);
		killed = bench->shared->points >= at;
		bench->shared->kill_at = 0;
		for (int i = 0; i < ATTEMPTS && (strcmp(text, "closed") != 0 || debt[0] != '\0');
		     i++) {
			bench->shared->now += 301; /* a stopped rotation is tried again */
			bench_end(bench);
			batch_states(bench, &id, text, notes);
			bench_debt(bench, "prod/s0", debt);
		}
		assert_string_equal(text, "closed");
		assert_string_equal(notes, "done\n");
		assert_string_equal(debt, "");
		assert_true(bench_current(bench, "prod/s0") > version);
		version = bench_current(bench, "prod/s0");
		assert_int_equal(bench_files(bench, "escrow"), 0);
	}
	assert_true(at > 30);
	bench_verify(bench);
	bench_free(bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_batch_survives_a_kill_at_every_durable_step),
	    cmocka_unit_test(a_rotating_batch_survives_a_kill_at_every_durable_step),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
