/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator ordered stands in nobody's way: whoever opens the value takes its debt over, and nothing is lost by that. */
#include <stdlib.h>
#include <string.h>

#include "ceremony/server/rotation/wait.h"
#include "tests/unit/changes/changes_bench.h"
#include "tests/unit/server/batch_bench.h"
#include "tests/unit/sweep.h"

static const char lost[] = "apply=lost\nprobe=unreachable\n";

static bool
is_ordered(struct bench *bench)
{
	return bench_count(bench,
	           "SELECT count(*) FROM debts WHERE untried = 1 AND state <> 'retired'") > 0;
}

/* The reply to REQUEST says WORDS. */
static void
assert_replies(struct bench *bench, struct json *request, const char *words)
{
	JSON *reply = NULL;
	BUF text = {0};
	struct err err;

	assert_ok(bench_call(bench, request, (struct view){0}, &reply, NULL, &err));
	assert_ok(json_encode(reply, &text, &err));
	if (strstr(buf_string(&text), words) == NULL)
		fail_msg("%s is not in %s", words, buf_string(&text));
}

/* The second approval of ID dies as soon as it is decided. */
static void
approve_until_releasing(struct bench *bench, const struct id *id)
{
	struct err err;

	bench_keep(bench, "approved");
	for (int at = 1;
	     bench_count(bench, "SELECT count(*) FROM ceremonies WHERE state = 'releasing'") == 0;
	     at++) {
		bench_restore(bench, "approved");
		assert_ok(bench_hello(bench, &err));
		bench->shared->points = 0;
		bench->shared->kill_at = at;
		(void)!bench_approve(bench, &bench->people[SECOPS], id, &err);
		bench_end(bench);
		bench->shared->kill_at = 0;
	}
}

/* What a client goes by before it asks. */
static void
whoever_wants_to_open_it_is_told_of_the_order_and_may(void **state)
{
	struct bench *bench = *state;
	struct json *find = op_new("secret-find"), *due = op_new("reseal-find");
	struct json *names = json_new_array();
	struct err err;

	target_mode(bench, lost);
	assert_ok(changes_order(bench, INFRA, "prod/db", &err));
	json_put_text(find, "name", "prod/db");
	assert_replies(bench, find, "\"untried\":true");
	json_add_text(names, "prod/db");
	json_put(due, "names", names);
	assert_replies(bench, due, "\"can\":false,\"ordered\":true");
}

/* A resealing takes no debt over: it ends, and keeps nothing from going on. */
static void
a_resealing_that_an_order_overtook_holds_nothing_up(void **state)
{
	struct bench *bench = *state;
	struct id id = batch_ask(bench, MODE_RESEAL);
	SHOWN shown = {0};
	struct err err;

	target_mode(bench, "apply=lost\nprobe=unreachable!\n");
	assert_ok(changes_order(bench, INFRA, "prod/db", &err));
	assert_error(ERR_REFUSED, bench_approve(bench, &bench->people[CISO], &id, &err));
	bench_show(bench, &id, &shown);
	assert_string_equal(shown.state, "refused");
	assert_ok(bench_suspend(bench, CISO, INFRA, &err));
}

/* What officers decided, and is being done, no operator undoes. */
static void
no_order_begins_beside_a_resealing_that_is_being_done(void **state)
{
	struct bench *bench = *state;
	struct id id = batch_ask(bench, MODE_RESEAL);
	struct err err;

	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	bench->shared->no_due = 1;
	approve_until_releasing(bench, &id);
	assert_error(ERR_BUSY, changes_order(bench, INFRA, "prod/db", &err));
	assert_says("officers are about to open it");
	bench->shared->no_due = 0;
	bench_end(bench);
	bench_due(bench);
	assert_int_equal(bench_current(bench, "prod/db"), 3); /* it was sealed again */
}

/* The ceremony cannot open it any more, and its target may have the next value. */
static void
an_order_goes_on_where_the_ceremony_that_took_it_over_opened_nothing(void **state)
{
	struct bench *bench = *state;
	char debt[20] = "", code[32], note[600];
	struct err err;

	target_mode(bench, lost);
	assert_ok(changes_order(bench, INFRA, "prod/db", &err));
	bench->shared->no_due = 1;
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	approve_until_releasing(bench, &id);
	bench_shell(bench, "rm vault/ceremony/*.key");
	assert_false(is_ordered(bench)); /* it was taken over */
	bench->shared->no_due = 0;
	bench->shared->now += WAIT_LONGEST;
	bench_rotate(bench, "prod/db", code, note);
	bench_debt(bench, "prod/db", debt);
	if (strcmp(code, "ok") != 0 || debt[0] != '\0')
		fail_msg("%s: %s: %s", debt, code, note);
	assert_int_equal(bench_current(bench, "prod/db"), 3);
	assert_int_equal(bench_files(bench, "escrow"), 0);
	assert_int_equal(bench_count(bench, "SELECT count(*) FROM items WHERE debt IS NOT NULL"),
	    0);
	bench_verify(bench);
	NIGHT night = {0};
	night_release(bench, &night); /* what is current is what the target takes */
	assert_true(target_accepts(bench, night.old));
}

/* Its escrow file is not what it was: the release waits for that, everything else goes on, and with the file it is done. */
static void
a_damaged_escrow_of_an_order_keeps_nobody_else_from_anything(void **state)
{
	struct bench *bench = *state;
	SECRET *credential = NULL;
	char debt[20];
	struct err err;

	target_mode(bench, lost);
	assert_ok(changes_order(bench, INFRA, "prod/db", &err));
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	bench_end(bench);
	bench->shared->no_due = 1;
	bench_shell(bench,
	    "file=$(ls vault/escrow/* | grep -v lock); cp $file kept; printf x > $file");
	assert_error(ERR_IO, bench_approve(bench, &bench->people[SECOPS], &id, &err));
	assert_says("put the escrow file of its debt back");
	bench_end(bench);
	assert_replies(bench, op_new("status"), "put the escrow file of its debt back");
	bench_end(bench);
	bench_shell(bench, "cat kept > $(ls vault/escrow/* | grep -v lock)");
	bench->shared->no_due = 0;
	assert_ok(bench_open(bench, &bench->people[ALICE], &id, &credential, NULL, &err));
	assert_ok(bench_done(bench, &id, debt, &err));
	assert_string_equal(debt, "retired");
	bench_verify(bench);
}

/* It waits for a person; but whoever has the value since then is to lose it when the lease ends. */
static void
a_degraded_order_that_a_release_took_over_is_tried_when_the_lease_ends(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	char debt[20];
	struct err err;

	target_mode(bench, "apply=reject\napply=reject\napply=reject\n");
	(void)!changes_order(bench, INFRA, "prod/db", &err);
	bench_debt(bench, "prod/db", debt);
	assert_string_equal(debt, "degraded");
	target_mode(bench, "");
	bench->shared->now += WAIT_LONGEST;
	night_release(bench, &night);
	assert_true(target_accepts(bench, night.old));
	bench->shared->now += 7200;
	bench_due(bench); /* the lease ends; */
	bench_due(bench); /* what is due since then is paid */
	bench_debt(bench, "prod/db", debt);
	assert_string_equal(debt, "");
	assert_false(target_accepts(bench, night.old));
}

/* Its quorum takes the debt over, and whoever does that dies at any durable step: the value is released once, the next value of
 * the debt stays in its escrow, and it is paid. */
static void
killed_while_it_is_taken_over_nothing_is_lost(void **state)
{
	struct bench *bench = *state;
	int64_t points = 1;
	struct err err;

	target_mode(bench, "apply=lost\nprobe=unreachable\n");
	assert_ok(changes_order(bench, INFRA, "prod/db", &err));
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	bench_keep(bench, "waits");
	for (int64_t at = 1; at <= points; at++) {
		SECRET *credential = NULL;
		char debt[20];

		if (at > 1 && at < points && !sweep_takes(at, 5))
			continue;
		bench->shared->no_due = 1;
		assert_ok(bench_hello(bench, &err));
		bench->shared->points = 0;
		bench->shared->kill_at = at > 1 ? at - 1 : 0;
		(void)!bench_approve(bench, &bench->people[SECOPS], &id, &err);
		if (at == 1)
			points = bench->shared->points + 1;
		bench_end(bench);
		bench->shared->kill_at = bench->shared->no_due = 0;
		(void)!bench_approve(bench, &bench->people[SECOPS], &id, &err);
		assert_ok(bench_open(bench, &bench->people[ALICE], &id, &credential, NULL, &err));
		assert_int_equal(bench_count(bench, "SELECT count(*) FROM debts WHERE untried = 1"),
		    0);
		assert_ok(bench_done(bench, &id, debt, &err));
		if (strcmp(debt, "retired") != 0)
			fail_msg("killed at %lld: %s", (long long)at, debt);
		assert_int_equal(bench_current(bench, "prod/db"), 3);
		bench_verify(bench);
		bench_restore(bench, "waits");
	}
}

/* The order's process dies at any durable step, and the quorum opens the value before anybody goes on with the order. */
static void
killed_at_any_step_and_then_taken_over_nothing_is_lost(void **state)
{
	struct bench *bench = *state;
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	int64_t points = 1;
	size_t taken = 0;
	struct err err;

	bench_keep(bench, "asked");
	for (int64_t at = 1; at <= points; at++) {
		SECRET *credential = NULL;
		char debt[20];

		if (at > 1 && !sweep_takes(at, 4))
			continue;
		bench->shared->no_due = 1;
		assert_ok(bench_hello(bench, &err));
		bench->shared->points = 0;
		bench->shared->kill_at = at > 1 ? at - 1 : 0;
		(void)!changes_order(bench, INFRA, "prod/db", &err);
		if (at == 1)
			points = bench->shared->points + 1;
		bench_end(bench);
		bench->shared->kill_at = 0;
		if (is_ordered(bench)) {
			taken++; /* the order did not void the request where it was killed before */
			id = bench_request(bench, &bench->people[ALICE], "prod/db");
			assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
			assert_ok(bench_approve(bench, &bench->people[SECOPS], &id, &err));
			bench_end(bench);
			bench->shared->no_due = 0;
			assert_ok(
			    bench_open(bench, &bench->people[ALICE], &id, &credential, NULL, &err));
			assert_ok(bench_done(bench, &id, debt, &err));
			if (strcmp(debt, "retired") != 0)
				fail_msg("killed at %lld: %s", (long long)at, debt);
			bench_verify(bench);
		}
		bench->shared->no_due = 0;
		bench_restore(bench, "asked");
	}
	printf("# %zu of %lld kills were taken over\n", taken, (long long)points);
}

static int
keep(void **state)
{
	bench_keep(*state, "begun");
	return 0;
}

static int
restore(void **state)
{
	bench_restore(*state, "begun");
	return 0;
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, keep, restore)
	const struct CMUnitTest tests[] = {
	    TEST(whoever_wants_to_open_it_is_told_of_the_order_and_may),
	    TEST(a_resealing_that_an_order_overtook_holds_nothing_up),
	    TEST(no_order_begins_beside_a_resealing_that_is_being_done),
	    TEST(an_order_goes_on_where_the_ceremony_that_took_it_over_opened_nothing),
	    TEST(a_damaged_escrow_of_an_order_keeps_nobody_else_from_anything),
	    TEST(a_degraded_order_that_a_release_took_over_is_tried_when_the_lease_ends),
	    TEST(killed_while_it_is_taken_over_nothing_is_lost),
	    TEST(killed_at_any_step_and_then_taken_over_nothing_is_lost),
	};

	return cmocka_run_group_tests(tests, bench_start, bench_stop);
}
