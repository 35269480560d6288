/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DESIGN.md, invariants 16 and 18: the server is killed at durable steps of a batch in turn; each version
 * is sealed again, or its rotation paid, exactly once.
 */
#include "tests/unit/server/batch_bench.h"
#include "tests/unit/sweep.h"

enum { ATTEMPTS = 8 };

/* Everything that a batch of MODE needs is there but the last step: how many durable steps that takes. */
static int64_t
keep_approved(struct bench *bench, enum mode mode, struct id *ret_id)
{
	struct err err;

	*ret_id = batch_ask(bench, mode);
	batch_approve(bench, &bench->people[CISO], ret_id);
	batch_give_last(bench, &bench->people[CAROL], ret_id);
	bench_keep(bench, "kept");
	bench->shared->points = 0;
	assert_ok(batch_advance_op(bench, ret_id, &err));
	bench_end(bench);
	return bench->shared->points;
}

/* The kept batch again, killed at its durable step AT. */
static void
advance_and_die(struct bench *bench, const struct id *id, int64_t at)
{
	struct err err;

	bench_restore(bench, "kept");
	bench->shared->points = 0;
	bench->shared->kill_at = at;
	(void)!batch_advance_op(bench, id, &err);
	bench_end(bench);
	assert_true(bench->shared->points >= at);
	bench->shared->kill_at = 0;
}

/* Killed at every durable step in turn: each version is sealed again exactly once. */
static void
a_batch_survives_a_kill_at_every_durable_step(void **state)
{
	struct bench *bench = batch_bench(true, SECRETS);
	struct id id;
	int64_t points = keep_approved(bench, MODE_RESEAL, &id);

	(void)state;
	assert_true(points > 30);
	for (int64_t at = 1; at <= points; at++) {
		char text[20] = "", notes[NOTES_MAX];

		if (!sweep_takes(at, 8))
			continue;
		advance_and_die(bench, &id, at);
		for (int i = 0; i < ATTEMPTS && strcmp(text, "closed") != 0; i++) {
			bench_due(bench);
			batch_states(bench, &id, text, notes);
		}
		assert_string_equal(text, "closed");
		assert_string_equal(notes, "done\ndone\ndone\ndone\n");
		for (size_t i = 0; i < SECRETS; i++) {
			char name[32];

			batch_name(i, name);
			assert_int_equal(bench_current(bench, name), 2);
		}
		bench_due(bench);
		assert_int_equal(bench_files(bench, "ceremony"), 0);
		if (sweep_takes(at, 32))
			batch_opens_to(bench, "prod/s1", "password-1", CISO, SECOPS);
		bench_verify(bench);
	}
	bench_free(bench);
}

static void
a_rotating_batch_survives_a_kill_at_every_durable_step(void **state)
{
	struct bench *bench = batch_bench(true, 1);
	struct id id;
	int64_t points = keep_approved(bench, MODE_ROTATE, &id);

	(void)state;
	assert_true(points > 30);
	for (int64_t at = 1; at <= points; at++) {
		char text[20] = "", notes[NOTES_MAX], debt[20] = "?";

		if (!sweep_takes(at, 6))
			continue;
		advance_and_die(bench, &id, at);
		for (int i = 0; i < ATTEMPTS && (strcmp(text, "closed") != 0 || debt[0] != '\0');
		     i++) {
			bench->shared->now += 301; /* a stopped rotation is tried again */
			bench_due(bench);
			batch_states(bench, &id, text, notes);
			bench_debt(bench, "prod/s0", debt);
		}
		assert_string_equal(text, "closed");
		assert_string_equal(notes, "done\n");
		assert_string_equal(debt, "");
		assert_true(bench_current(bench, "prod/s0") > 1);
		assert_int_equal(bench_files(bench, "escrow"), 0);
		bench_verify(bench);
	}
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
