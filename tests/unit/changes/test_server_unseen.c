/* SPDX-License-Identifier: Apache-2.0 */
/* A value that nobody has seen is replaced by an operator's order alone; everything else needs its quorum. */
#include <stdio.h>

#include "ceremony/server/rotation/wait.h"
#include "tests/unit/changes/changes_bench.h"
#include "tests/unit/sweep.h"

/* Nothing of it is kept, and no target hears of it. */
static void
refuse_statement(struct bench *bench, const struct dsse *statement, const struct secret_id *secret,
    enum err_code code, const char *says)
{
	size_t begun = changes_begun(bench);
	uint64_t leaves = bench_log_size(bench);
	JSON *reply = NULL;
	struct err err;

	assert_error(code, bench_send_order(bench, statement, secret, &reply, &err));
	assert_says(says);
	assert_int_equal(changes_begun(bench), begun);
	assert_int_equal(bench_log_size(bench), leaves);
}

static void
refuse(struct bench *bench, int person, const char *name, enum err_code code, const char *says)
{
	DSSE statement = {0};
	struct order_item item;

	bench_order(bench, &bench->people[person], name, &item, &statement);
	refuse_statement(bench, &statement, &item.secret, code, says);
}

/* --- What it does ------------------------------------------------------------------------------- */

static void
an_operator_alone_replaces_what_nobody_has_seen(void **state)
{
	struct bench *bench = *state;
	BUF calls = {0};
	struct err err;

	(void)target_calls(bench, &calls);
	bench_shell(bench, "cp target/accepts before");
	assert_ok(changes_order(bench, INFRA, "prod/db", &err));
	/* The old value is neither asked for nor told; the new one is seen to be accepted. */
	assert_string_equal(target_calls(bench, &calls),
	    "check\ngenerate\ncheck\ngenerate\napply\nprobe next\nprobe next\n");
	bench_shell(bench, "! cmp -s before target/accepts");
	assert_int_equal(bench_current(bench, "prod/db"), 3);
	assert_int_equal(bench_files(bench, "escrow"), 0);
	assert_int_equal(
	    bench_count(bench,
	        "SELECT count(*) FROM versions WHERE number = 2 AND state = 'retired'"),
	    1);
	bench_verify(bench);
	/* And again: nobody has seen the new one either. */
	assert_ok(changes_order(bench, INFRA, "prod/db", &err));
	assert_int_equal(bench_current(bench, "prod/db"), 4);
	bench_verify(bench);
}

static void
what_was_replaced_so_opens_by_its_quorum_and_dies_as_any(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	struct err err;

	assert_ok(changes_order(bench, INFRA, "prod/db", &err));
	night_release(bench, &night);
	assert_true(target_accepts(bench, night.old));
	assert_ok(bench_done(bench, &night.id, night.debt, &err));
	assert_string_equal(night.debt, "retired");
	night_paid(bench, &night);
	bench_verify(bench);
}

static void
a_target_that_does_not_answer_owes_until_it_does(void **state)
{
	struct bench *bench = *state;
	char debt[20], code[32], note[600];
	struct err err;

	target_mode(bench, "apply=lost\nprobe=unreachable\n");
	assert_ok(changes_order(bench, INFRA, "prod/db", &err));
	bench_debt(bench, "prod/db", debt);
	assert_string_equal(debt, "applying");
	/* It blocks what would open the old value meanwhile, and another order. */
	refuse(bench, INFRA, "prod/db", ERR_EXISTS, "owes a replacement already");
	bench->shared->now += WAIT_LONGEST;
	bench_rotate(bench, "prod/db", code, note);
	assert_string_equal(code, "ok");
	assert_int_equal(bench_current(bench, "prod/db"), 3);
	assert_int_equal(bench_files(bench, "escrow"), 0);
	bench_verify(bench);
}

/* Whatever the order came to, its quorum opens the value, and what is owed then is paid as after any release. */
static void
open_and_pay(struct bench *bench, const char *mode, const char *state)
{
	NIGHT night = {0};
	char debt[20];
	struct err err;

	target_mode(bench, mode);
	(void)!changes_order(bench, INFRA, "prod/db", &err);
	bench_debt(bench, "prod/db", debt);
	if (strcmp(debt, state) != 0)
		fail_msg("%s: %s instead of %s", mode, debt, state);
	target_mode(bench, "");
	bench->shared->now += WAIT_LONGEST;
	bench->shared->no_due = 1; /* the target stays away until the night is over */
	night_release(bench, &night);
	assert_int_equal(bench_count(bench, "SELECT count(*) FROM debts WHERE untried = 1"), 0);
	assert_int_equal(bench_count(bench, "SELECT count(*) FROM debts WHERE state <> 'retired'"),
	    1);
	bench->shared->no_due = 0;
	if (strcmp(state, "degraded") == 0) /* the target was told nothing that it took */
		assert_true(target_accepts(bench, night.old));
	assert_ok(bench_done(bench, &night.id, night.debt, &err));
	if (strcmp(night.debt, "retired") != 0)
		fail_msg("%s: %s", mode, night.debt);
	night_paid(bench, &night);
	bench_verify(bench);
}

static void
an_order_that_is_stuck_shuts_no_officer_out(void **state)
{
	static const struct {
		const char *mode, *state;
	} rows[] = {
	    {"check=ok\nprobe=unreachable!\napply=drop!\n", "applying"},
	    {"apply=lost\nprobe=unreachable!\n", "applying"},
	    {"apply=both\nprobe=unreachable!\n", "expelled"},
	    {"apply=reject\napply=reject\napply=reject\n", "degraded"},
	};
	struct bench *bench = *state;

	bench_keep(bench, "each");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		open_and_pay(bench, rows[i].mode, rows[i].state);
		bench_restore(bench, "each");
	}
}

/* The target took the value of which its rotator said that it never would: it is looked for. */
static void
a_value_that_works_is_found_although_it_was_said_to_be_rejected(void **state)
{
	struct bench *bench = *state;
	char code[32], note[600];
	struct err err;

	target_mode(bench, "apply=sly\napply=reject!\n");
	(void)!changes_order(bench, INFRA, "prod/db", &err);
	for (int i = 0; i < 6; i++) {
		bench->shared->now += WAIT_LONGEST;
		bench_rotate(bench, "prod/db", code, note);
	}
	assert_string_equal(code, "ok");
	NIGHT night = {0};
	target_mode(bench, "");
	night_release(bench, &night);
	assert_true(target_accepts(bench, night.old));
}

/* --- By whom ------------------------------------------------------------------------------------ */

static void
an_order_is_an_operators(void **state)
{
	struct bench *bench = *state;

	refuse(bench, CISO, "prod/db", ERR_REFUSED, "is no operator");
	refuse(bench, ALICE, "prod/db", ERR_REFUSED, "is no operator");
	refuse(bench, OTHER, "prod/db", ERR_REFUSED, "");
}

static void
an_order_of_a_token_suspended_since_is_good_for_nothing(void **state)
{
	struct bench *bench = *state;
	DSSE statement = {0};
	struct order_item item;
	struct err err;

	bench_order(bench, &bench->people[INFRA], "prod/db", &item, &statement);
	assert_ok(bench_suspend(bench, CISO, INFRA, &err));
	refuse_statement(bench, &statement, &item.secret, ERR_REFUSED, "suspended");
}

static void
an_order_is_good_once_for_a_day_and_for_what_it_names(void **state)
{
	struct bench *bench = *state;
	DSSE statement = {0};
	struct order_item item;
	JSON *reply = NULL;
	struct secret_id other;
	struct err err;

	bench_order(bench, &bench->people[INFRA], "prod/db", &item, &statement);
	other = item.secret;
	other.bytes[0] ^= 1;
	refuse_statement(bench, &statement, &other, ERR_REFUSED, "is not among them");
	assert_ok(bench_send_order(bench, &statement, &item.secret, &reply, &err));
	refuse_statement(bench, &statement, &item.secret, ERR_REFUSED, "is not current any more");
	dsse_done(&statement);
	bench_order(bench, &bench->people[INFRA], "prod/db", &item, &statement);
	bench->shared->now += ORDER_LIFE;
	refuse_statement(bench, &statement, &item.secret, ERR_EXPIRED, "it is not of today");
}

static void
an_order_is_good_for_no_other_definition(void **state)
{
	struct bench *bench = *state;
	DSSE statement = {0};
	struct order_item item;

	bench_order(bench, &bench->people[INFRA], "prod/db", &item, &statement);
	changes_make(bench, PROGRAM);
	refuse_statement(bench, &statement, &item.secret, ERR_REFUSED, "its definition changed");
}

/* --- Of what ------------------------------------------------------------------------------------ */

/* One more secret of the bench's target, with a NOTE, or kept as it was given. */
static void
adopt(struct bench *bench, const char *name, const char *note, bool rotate)
{
	CLEANUP(credential_box_done) struct credential_box box = {.note = note};
	JSON *reply = NULL;
	struct err err;

	bench_shell(bench, "echo given >> target/accepts");
	bench_box(bench, name, "given", &box);
	assert_ok(bench_send_box(bench, &box, rotate, &reply, &err));
}

static void
what_somebody_has_seen_needs_its_quorum(void **state)
{
	struct bench *bench = *state;

	adopt(bench, "prod/seen", NULL, false);
	refuse(bench, INFRA, "prod/seen", ERR_REFUSED, "somebody has seen its value");
}

static void
a_field_that_stands_in_the_old_value_alone_is_not_lost(void **state)
{
	struct bench *bench = *state;
	struct err err;

	adopt(bench, "prod/noted", "ask the night watch", true);
	uint64_t leaves = bench_log_size(bench);
	assert_error(ERR_REFUSED, changes_order(bench, INFRA, "prod/noted", &err));
	assert_says("its value has a note");
	assert_int_equal(bench_log_size(bench), leaves);
	assert_int_equal(bench_current(bench, "prod/noted"), 2);
}

static void
what_would_fail_later_is_refused_before_anything_is_kept(void **state)
{
	static const char *const modes[] = {"check=refuse\n", "generate=refuse\n"};
	struct bench *bench = *state;
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		uint64_t leaves = bench_log_size(bench);

		target_mode(bench, modes[i]);
		assert_error(ERR_TARGET, changes_order(bench, INFRA, "prod/db", &err));
		assert_int_equal(bench_log_size(bench), leaves);
		assert_int_equal(bench_files(bench, "escrow"), 0);
	}
}

static void
a_target_that_holds_both_needs_its_quorum(void **state)
{
	struct bench *bench = *state;

	changes_make(bench, STYLE);
	refuse(bench, INFRA, "prod/db", ERR_REFUSED, "would go on to take the old value");
}

static void
a_debt_or_a_death_comes_first(void **state)
{
	struct bench *bench = *state;

	bench_keep(bench, "none");
	for (enum situation situation = OWED; situation < SITUATIONS; situation++) {
		NIGHT night = {0};
		struct err err;

		changes_bring_about(bench, situation, &night);
		if (situation == COLLECTING)
			assert_error(ERR_BUSY, changes_order(bench, INFRA, "prod/db", &err));
		else
			refuse(bench, INFRA, "prod/db", ERR_EXISTS,
			    situation == WATCHED || situation == WITHDRAWING ?
			        "is still watched" :
			        "owes a replacement already");
		bench_restore(bench, "none");
	}
}

/* A request of before opens nothing afterwards. */
static void
requests_of_before_are_void(void **state)
{
	struct bench *bench = *state;
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	SHOWN shown = {0};
	struct err err;

	assert_ok(changes_order(bench, INFRA, "prod/db", &err));
	bench_show(bench, &id, &shown);
	assert_string_equal(shown.state, "refused");
	assert_int_not_equal(bench_approve(bench, &bench->people[CISO], &id, &err), ERR_OK);
}

/* Defined, and never adopted; of a person who signs what they are given. */
static void
refuse_without_value(struct bench *bench)
{
	const struct person *infra = &bench->people[INFRA];
	CLEANUP(credential_box_done) struct credential_box box = {0};
	struct order_item item;
	struct order order = {.vault = bench->vault_id,
	    .token = infra->seat.tokens[0].id,
	    .items = &item,
	    .count = 1,
	    .created = bench->shared->now,
	    .expires = bench->shared->now + ORDER_LIFE,
	    .seat = "infra"};
	DSSE statement = {0};
	JSON *payload = NULL;
	struct err err;

	bench_box(bench, "new/db", "first-password", &box);
	assert_ok(bench_propose(bench, &box.statement, 0, -1, &err));
	item = (struct order_item){box.definition.secret, box.definition.digest, 1};
	assert_ok(order_payload(&order, NULL, NULL, &payload, &err));
	assert_ok(statement_new(STATEMENT_ROTATE, false, payload, &statement, &err));
	person_sign(infra, &statement);
	refuse_statement(bench, &statement, &item.secret, ERR_REFUSED, "new/db has no value yet");
}

static void
what_is_retired_or_has_no_value_is_not_replaced(void **state)
{
	static const int quorum[] = {SECOPS, INFRA, -1};
	struct bench *bench = *state;
	DSSE statement = {0}, retires = {0};
	DEFINITION next = {0};
	struct order_item item;
	bool live;
	struct err err;

	bench_order(bench, &bench->people[INFRA], "prod/db", &item, &statement);
	changes_draw(bench, "prod/db", &next);
	next.change.retires = true;
	changes_state(bench, &next, 1, &retires);
	assert_ok(changes_send(bench, &retires, quorum, &live, &err));
	assert_true(live);
	refuse_statement(bench, &statement, &item.secret, ERR_REFUSED, "it is retired");
	refuse_without_value(bench);
}

/* What officers have begun is not ended by one operator. */
static void
no_order_stops_a_night_that_officers_approve(void **state)
{
	struct bench *bench = *state;
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	SHOWN shown = {0};
	struct err err;

	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	refuse(bench, INFRA, "prod/db", ERR_BUSY, "officers are about to open it");
	bench_show(bench, &id, &shown);
	assert_string_equal(shown.state, "collecting");
	assert_ok(bench_approve(bench, &bench->people[SECOPS], &id, &err));
	bench_show(bench, &id, &shown);
	assert_string_equal(shown.state, "released");
}

/* A rotator that needs the value, which stays sealed, could never pay it. */
static void
no_definition_takes_an_order_over_that_could_not_go_on(void **state)
{
	static const int quorum[] = {SECOPS, INFRA, -1};
	struct bench *bench = *state;
	DEFINITION next = {0};
	DSSE statement = {0};
	char code[32], note[600];
	bool live;
	struct err err;

	target_mode(bench, "apply=lost\nprobe=unreachable\n");
	assert_ok(changes_order(bench, INFRA, "prod/db", &err));
	changes_draw(bench, "prod/db", &next);
	changes_edit(bench, STYLE, &next);
	changes_state(bench, &next, 1, &statement);
	assert_error(ERR_REFUSED, changes_send(bench, &statement, quorum, &live, &err));
	assert_says("an operator ordered that its value be replaced");
	bench->shared->now += WAIT_LONGEST;
	bench_rotate(bench, "prod/db", code, note);
	assert_string_equal(code, "ok");
}

/* --- Cut off ------------------------------------------------------------------------------------ */

/* Whoever dies at any durable step: the order counted or not, what counted is paid by the next, and what the target takes is
 * current. */
static void
killed_at_any_step_it_is_paid_or_never_was(void **state)
{
	struct bench *bench = *state;
	int64_t points = 1;
	size_t counted = 0, not = 0;

	bench_keep(bench, "none");
	for (int64_t at = 1; at <= points; at++) {
		struct err err;
		char code[32], note[600];

		/* Without a kill, and both ends, in any slice. */
		if (at > 2 && at < points && !sweep_takes(at, 7))
			continue;
		assert_ok(bench_hello(bench, &err));
		bench->shared->points = 0;
		bench->shared->kill_at = at > 1 ? at - 1 : 0;
		(void)!changes_order(bench, INFRA, "prod/db", &err);
		if (at == 1)
			points = bench->shared->points + 1;
		bench_end(bench);
		bench->shared->kill_at = 0;
		bench->shared->now += WAIT_LONGEST;
		bool was = bench_count(bench, "SELECT count(*) FROM debts WHERE untried = 1") > 0;
		counted += was;
		not += !was;
		bench_rotate(bench, "prod/db", code, note);
		if (strcmp(code, "ok") != 0)
			fail_msg("killed at %lld: %s: %s", (long long)at, code, note);
		assert_int_equal(bench_current(bench, "prod/db"), was ? 3 : 2);
		bench_end(bench); /* what was never committed is erased */
		assert_int_equal(bench_files(bench, "escrow"), 0);
		bench_verify(bench);
		NIGHT night = {0};
		night_release(bench, &night);
		assert_true(target_accepts(bench, night.old));
		bench_restore(bench, "none");
	}
	assert_true(counted > 0 && not > 0);
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
	    TEST(an_operator_alone_replaces_what_nobody_has_seen),
	    TEST(what_was_replaced_so_opens_by_its_quorum_and_dies_as_any),
	    TEST(a_target_that_does_not_answer_owes_until_it_does),
	    TEST(an_order_that_is_stuck_shuts_no_officer_out),
	    TEST(a_value_that_works_is_found_although_it_was_said_to_be_rejected),
	    TEST(no_order_stops_a_night_that_officers_approve),
	    TEST(no_definition_takes_an_order_over_that_could_not_go_on),
	    TEST(an_order_is_an_operators),
	    TEST(an_order_of_a_token_suspended_since_is_good_for_nothing),
	    TEST(an_order_is_good_once_for_a_day_and_for_what_it_names),
	    TEST(an_order_is_good_for_no_other_definition),
	    TEST(what_somebody_has_seen_needs_its_quorum),
	    TEST(a_field_that_stands_in_the_old_value_alone_is_not_lost),
	    TEST(what_would_fail_later_is_refused_before_anything_is_kept),
	    TEST(a_target_that_holds_both_needs_its_quorum),
	    TEST(a_debt_or_a_death_comes_first),
	    TEST(requests_of_before_are_void),
	    TEST(what_is_retired_or_has_no_value_is_not_replaced),
	    TEST(killed_at_any_step_it_is_paid_or_never_was),
	};

	return cmocka_run_group_tests(tests, bench_start, bench_stop);
}
