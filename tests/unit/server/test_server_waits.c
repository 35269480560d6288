/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ceremony/server/rotation/wait.c: when a debt may be tried again is the host's clock to say, whoever asks.  Exact to
 * the second, on a clock of ours.
 */
#include <string.h>

#include "base/json_in.h"
#include "base/text_time.h"
#include "ceremony/server/rotation/wait.h"
#include "tests/unit/server/grown_bench.h"
#include "tests/unit/server/hand_bench.h"
#include "tests/unit/server/night_bench.h"
#include "vault/store/secret.h"

/* Whoever asks now, by `rotate`, by a repeated `done` or by a session that begins, is told until when the debt
 * waits, and changes nothing: at the target, in the log, in the row. */
static void
assert_waits(struct bench *bench, const struct night *night, int64_t until)
{
	char code[32], note[600], debt[20], again[TEXT_TIME_SIZE];
	int64_t tries = bench_count(bench, "SELECT sum(tries) FROM debts");
	uint64_t size = bench_log_size(bench);
	struct err err;

	for (int i = 0; i < 3; i++) {
		bench_rotate(bench, "prod/db", code, note);
		assert_string_equal(code, "waiting");
		text_time(until, again);
		assert_non_null(strstr(note, again));
		assert_non_null(strstr(note, "so that nobody locks the account out"));
		JSON *all = NULL;
		assert_ok(bench_call(bench, op_new("rotate"), (struct view){0}, &all, NULL, &err));
		assert_ok(bench_done(bench, &night->id, debt, &err));
		assert_string_not_equal(debt, "retired");
		bench_end(bench);
	}
	night_calls(bench, "");
	assert_int_equal(bench_log_size(bench), size);
	assert_int_equal(bench_count(bench, "SELECT sum(tries) FROM debts"), tries);
	assert_int_equal(bench_count(bench, "SELECT max(due) FROM debts WHERE state <> 'retired'"),
	    until);
}

/* A lease whose end leaves a debt in STATE: it waits to the last second, then it is tried as CALLS say, in vain
 * because of AGAIN, and waits twice as long. */
static void
end_in_vain(struct bench *bench, const char *modes, const char *state, const char *again,
    const char *calls, struct night *night)
{
	char code[32], note[600];
	BUF before = {0};

	night_live_through(bench, modes, night);
	assert_string_equal(night->debt, state);
	(void)target_calls(bench, &before);
	int64_t ended = bench->shared->now;
	assert_waits(bench, night, ended + WAIT_FIRST);
	bench->shared->now = ended + WAIT_FIRST - 1;
	assert_waits(bench, night, ended + WAIT_FIRST);
	bench->shared->now = ended + WAIT_FIRST;
	target_mode(bench, again);
	bench_rotate(bench, "prod/db", code, note);
	night_calls(bench, calls);
	assert_waits(bench, night, ended + 3 * WAIT_FIRST);
	target_mode(bench, "");
}

static void
nobody_has_a_debt_tried_again_before_it_is_due(void **state)
{
	struct bench *bench = *state;
	NIGHT away = {0}, refusing = {0}, lost = {0};

	end_in_vain(bench, "apply=lost\nprobe=unreachable\n", "applying", "probe=unreachable\n",
	    "probe next\n", &away);
	night_rotate(bench, "ok", "probe next\nexpel\nprobe current\n");
	night_paid(bench, &away);
	end_in_vain(bench, REJECT_THREE, "degraded", REJECT_THREE, "probe current\n" MAKE_THREE,
	    &refusing);
	night_rotate(bench, "ok",
	    "probe current\ncheck\ngenerate\napply\nexpel\nprobe next\nprobe current\n"
	    "probe current\nprobe current\nprobe current\nprobe current\nprobe current\nprobe current\n");
	night_paid(bench, &refusing);
	end_in_vain(bench, "apply=spoil\n", "degraded", "", "probe next\nprobe current\n", &lost);
	night_repair(bench, &lost);
	night_rotate(bench, "ok",
	    "probe next\nprobe current\napply\nexpel\nprobe next\nprobe current\n");
	night_paid(bench, &lost);
}

static void
the_wait_grows_and_is_bounded(void **state)
{
	static const int waits[] = {5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900};
	struct bench *bench = *state;
	NIGHT night = {0};
	char code[32], note[600];

	night_live_through(bench, "apply=lost\nprobe=unreachable\n", &night);
	night_calls(bench, "check\ngenerate\napply\nprobe next\n");
	for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
		target_mode(bench, "probe=unreachable\n");
		bench->shared->now += waits[i] - 1;
		bench_rotate(bench, "prod/db", code, note);
		assert_string_equal(code, "waiting");
		night_calls(bench, "");
		bench->shared->now++;
		bench_rotate(bench, "prod/db", code, note);
		assert_string_equal(code, "target-unknown");
		night_calls(bench, "probe next\n");
	}
	/* The target accepts the new value: what fails after that begins anew. */
	target_mode(bench, "probe=pass!\n");
	night_rotate(bench, "target",
	    "probe next\nexpel\nprobe current\napply\nprobe next\nexpel\nprobe current\napply\nprobe next\n"
	    "expel\nprobe current\n");
	target_mode(bench, "");
	bench->shared->now += WAIT_FIRST - 1;
	bench_rotate(bench, "prod/db", code, note);
	assert_string_equal(code, "waiting");
	bench->shared->now++;
	bench_rotate(bench, "prod/db", code, note);
	assert_string_equal(code, "ok");
	night_paid(bench, &night);
}

static void
a_debt_that_is_paid_already_is_told_so(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	uint64_t size;

	night_live_through(bench, "apply=lost\nprobe=unreachable\n", &night);
	night_calls(bench, "check\ngenerate\napply\nprobe next\n");
	bench->shared->now += WAIT_FIRST;
	bench_end(bench); /* it is paid after the session */
	night_calls(bench, "probe next\nexpel\nprobe current\n");
	char code[32], note[600];
	bench_rotate(bench, "prod/db", code, note);
	assert_string_equal(code, "ok");
	night_calls(bench, "");
	night_paid(bench, &night);
	size = bench_log_size(bench);
	night_rotate(bench, "ok", "");
	assert_int_equal(bench_log_size(bench), size);
}

/* ---- so many debts ---- */

enum { DEGRADED = 1100 };

/* DEGRADED is what each of the first secrets is, and each waits for a person. */
static void
degrade_many(struct bench *bench)
{
	struct secret_row rows[DEGRADED + 1];
	struct hand hand;
	struct err err;
	size_t count;

	bench_grow(bench, &(struct growth){.secrets = DEGRADED});
	hand_begin(bench, &hand);
	assert_ok(store_list_secrets(hand.store, "", rows, ARRAY_SIZE(rows), &count, &err));
	for (size_t i = 0; i < count; i++) {
		struct debt_row debt = {.secret = rows[i].id,
		    .old = rows[i].current,
		    .state = DEBT_DEGRADED,
		    .created = bench->shared->now,
		    .due = bench->shared->now + 30 * 86400};

		memcpy(debt.id.bytes, rows[i].id.bytes, ID_SIZE);
		if (strcmp(rows[i].name, "prod/db") != 0)
			assert_ok(store_add_debt(hand.store, &debt, &err));
	}
	hand_commit(bench, &hand);
}

static void
a_lease_that_ends_is_followed_by_its_rotation_however_many_debts_are_unpaid(void **state)
{
	struct bench *bench = *state;
	SECRET *credential = NULL;
	JSON *reply = NULL;
	struct err err;

	degrade_many(bench);
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	assert_ok(bench_approve(bench, &bench->people[SECOPS], &id, &err));
	assert_ok(bench_open(bench, &bench->people[ALICE], &id, &credential, NULL, &err));
	bench->shared->now += 7200;
	assert_ok(bench_hello(bench, &err));
	assert_false(target_accepts(bench, credential));
	assert_ok(bench_call(bench, op_new("rotate"), (struct view){0}, &reply, NULL, &err));
	struct json_in in = json_in(reply, "reply", &err);
	assert_int_equal(json_array_count(json_in_array(&in, "rotations", 0, 5000)), DEGRADED);
	assert_true(
	    bench_status(bench, "debt", "rotation debts")); /* more of them than are shown */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nobody_has_a_debt_tried_again_before_it_is_due),
	    cmocka_unit_test(the_wait_grows_and_is_bounded),
	    cmocka_unit_test(a_debt_that_is_paid_already_is_told_so),
	    cmocka_unit_test(
	        a_lease_that_ends_is_followed_by_its_rotation_however_many_debts_are_unpaid),
	};
	return cmocka_run_group_tests(tests, bench_start_copied, bench_stop);
}
