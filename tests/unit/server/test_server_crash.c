/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DESIGN.md, invariant 16: the server is killed at every durable step of a release and of a rotation
 * in turn (each commit, fsync, rename and unlink, before and after), and the person runs the same
 * command again.  Whatever was cut off, it comes to the same end.
 */
#include "tests/unit/server/server_bench.h"

#include <stdio.h>

#include "base/text.h"
#include "tests/unit/sweep.h"

enum { ATTEMPTS = 6 };

/* Everything that a release needs happens, whoever dies meanwhile. */
static void
approve_until_released(struct bench *bench, const struct id *id, struct secret **ret_credential)
{
	struct err err;

	for (int i = 0; i < ATTEMPTS; i++) {
		SHOWN shown = {0};

		if (bench_open(bench, &bench->people[ALICE], id, ret_credential, NULL, &err) ==
		    ERR_OK)
			return;
		bench->shared->kill_at = 0;
		bench_show(bench, id, &shown);
		if (strcmp(shown.state, "collecting") == 0)
			(void)!bench_approve(bench, &bench->people[SECOPS], id, &err);
	}
	fail_msg("it was never released: %s", err.text);
}

static void
done_until_paid(struct bench *bench, const struct id *id)
{
	struct err err;
	char debt[20] = "";

	for (int i = 0; i < ATTEMPTS; i++) {
		if (bench_done(bench, id, debt, &err) == ERR_OK && strcmp(debt, "retired") == 0)
			return;
		bench->shared->kill_at = 0;
	}
	fail_msg("it was never paid: %s", debt);
}

static void
arm(struct bench *bench, int64_t at)
{
	bench->shared->points = 0;
	bench->shared->kill_at = at;
}

/* How many durable steps WORK takes when nothing stops it and the target behaves as MODE says.  It begins, and
 * is begun, where bench_keep was. */
static int64_t
count_points(struct bench *bench, const struct id *id, const char *mode,
    void (*work)(struct bench *bench, const struct id *id))
{
	bench_restore(bench, "kept");
	target_mode(bench, mode);
	arm(bench, 0);
	work(bench, id);
	return bench->shared->points;
}

/* The vault and the target agree, and nothing is left that should be gone. */
static void
assert_settled(struct bench *bench, const struct id *id, const struct secret *old)
{
	SHOWN shown = {0};
	char debt[20];

	bench->shared->kill_at = 0;
	bench_end(bench);
	bench_show(bench, id, &shown);
	assert_string_equal(shown.state, "closed");
	bench_debt(bench, "prod/db", debt);
	assert_string_equal(debt, "");
	assert_false(target_accepts(bench, old));
	assert_int_equal(bench_files(bench, "ceremony"), 0);
	assert_int_equal(bench_files(bench, "escrow"), 0);
	bench_verify(bench);
}

static void
send_second_approval(struct bench *bench, const struct id *id)
{
	SHOWN shown = {0};
	APPROVING approving = {0};
	struct err err;

	bench_show(bench, id, &shown);
	approving_draw(bench, &bench->people[SECOPS], &shown, &approving);
	approving_sign(&approving);
	bench->shared->points = 0;
	if (approving_send(bench, &shown, &approving, &err) == ERR_OK)
		(void)!approving_finish(bench, &shown, &approving, &err);
}

static void
a_release_survives_a_kill_at_every_durable_step(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	uint32_t version = bench_current(bench, "prod/db");

	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	bench_keep(bench, "kept");
	int64_t points = count_points(bench, &id, "", send_second_approval);
	assert_true(points > 40);
	for (int64_t at = 1; at <= points; at++) {
		SHOWN shown = {0};
		SECRET *credential = NULL, *again = NULL;

		if (!sweep_takes(at, 4))
			continue;
		bench_restore(bench, "kept");
		arm(bench, at);
		send_second_approval(bench, &id);
		assert_true(bench->shared->points >= at);
		bench->shared->kill_at = 0;
		approve_until_released(bench, &id, &credential);
		/* Released once, of the version that was current. */
		bench_show(bench, &id, &shown);
		assert_int_equal(shown.ceremony.items.rows[0].version, version);
		assert_true(target_accepts(bench, credential));
		assert_ok(bench_open(bench, &bench->people[ALICE], &id, &again, NULL, &err));
		assert_true(secret_equal(credential, again));
		done_until_paid(bench, &id);
		assert_settled(bench, &id, credential);
	}
}

/* A ceremony that alice has opened, kept; RET_CREDENTIAL is what she got. */
static struct id
keep_opened(struct bench *bench, struct secret **ret_credential)
{
	struct err err;
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");

	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	assert_ok(bench_approve(bench, &bench->people[SECOPS], &id, &err));
	assert_ok(bench_open(bench, &bench->people[ALICE], &id, ret_credential, NULL, &err));
	bench_keep(bench, "kept");
	return id;
}

static void
say_done(struct bench *bench, const struct id *id)
{
	struct err err;
	char debt[20];

	(void)!bench_done(bench, id, debt, &err);
}

/* What is sealed now is what the target accepts: a quorum shows it. */
static void
assert_opens(struct bench *bench)
{
	SECRET *next = NULL;
	struct err err;
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");

	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	assert_ok(bench_approve(bench, &bench->people[INFRA], &id, &err));
	assert_ok(bench_open(bench, &bench->people[ALICE], &id, &next, NULL, &err));
	assert_true(target_accepts(bench, next));
	done_until_paid(bench, &id);
}

static void
a_rotation_survives_a_kill_at_every_durable_step(void **state)
{
	struct bench *bench = *state;
	SECRET *credential = NULL;
	struct id id = keep_opened(bench, &credential);
	int64_t points = count_points(bench, &id, "", say_done);

	assert_true(points > 50);
	for (int64_t at = 1; at <= points; at++) {
		if (!sweep_takes(at, 4))
			continue;
		bench_restore(bench, "kept");
		arm(bench, at);
		say_done(bench, &id);
		assert_true(bench->shared->points >= at);
		bench->shared->kill_at = 0;
		done_until_paid(bench, &id);
		assert_settled(bench, &id, credential);
		if (sweep_takes(at, 16))
			assert_opens(bench);
	}
}

/* Nobody says that the lease is over: it ends, and is followed by its rotation, after a session that asks for nothing. */
static void
let_it_expire(struct bench *bench, const struct id *id)
{
	struct err err;

	(void)id;
	bench->shared->now += 7200;
	(void)!bench_hello(bench, &err);
	bench_end(bench);
}

static void
what_is_due_survives_a_kill_at_every_durable_step(void **state)
{
	struct bench *bench = *state;
	SECRET *credential = NULL;
	struct id id = keep_opened(bench, &credential);
	int64_t points = count_points(bench, &id, "", let_it_expire);

	assert_true(points > 50);
	for (int64_t at = 1; at <= points; at++) {
		if (!sweep_takes(at, 4))
			continue;
		bench_restore(bench, "kept");
		arm(bench, at);
		let_it_expire(bench, &id);
		assert_true(bench->shared->points >= at);
		bench->shared->kill_at = 0;
		let_it_expire(bench, &id); /* what was tried in vain is due again */
		assert_settled(bench, &id, credential);
	}
}

static void
a_lost_answer_and_a_kill_together_are_resolved(void **state)
{
	static const char *const modes[] = {"apply=lost\n", "apply=drop\n"};
	enum { BEFORE = 20 }; /* steps before the target hears of the new value */
	struct bench *bench = *state;
	SECRET *credential = NULL;
	struct id id = keep_opened(bench, &credential);

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		int64_t points = count_points(bench, &id, modes[i], say_done);

		assert_true(points > 50);
		for (int64_t at = BEFORE; at <= points; at++) {
			if (!sweep_takes(at, 7))
				continue;
			bench_restore(bench, "kept");
			target_mode(bench, modes[i]);
			arm(bench, at);
			say_done(bench, &id);
			assert_true(bench->shared->points >= at);
			bench->shared->kill_at = 0;
			done_until_paid(bench, &id);
			assert_settled(bench, &id, credential);
		}
	}
	bench_restore(bench, "kept");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_release_survives_a_kill_at_every_durable_step),
	    cmocka_unit_test(a_rotation_survives_a_kill_at_every_durable_step),
	    cmocka_unit_test(what_is_due_survives_a_kill_at_every_durable_step),
	    cmocka_unit_test(a_lost_answer_and_a_kill_together_are_resolved),
	};
	return cmocka_run_group_tests(tests, bench_start_copied, bench_stop);
}
