/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A writer dies between COMMIT and the anchor's last word, while another session is open or before one begins.  Whatever
 * that session then tells or does, wherever it dies itself: the anchor has said first that it lasts.
 *
 * "before" is the vault when the session begins, "after" what the writer has left.
 */
#include <stdio.h>

#include "ceremony/server/rotation/wait.h"
#include "tests/unit/server/hand_bench.h"
#include "tests/unit/server/night_bench.h"

struct trial {
	struct bench *bench;
	struct id id;    /* of alice's ceremony */
	bool open;       /* the session is open before the writer comes */
	int64_t wait;    /* so much later the session is asked */
	uint64_t left;   /* leaves, by the writer who died */
	struct buf done; /* the message, as text */
};
/* One command; it may end with the session. */
typedef void command(struct trial *trial);
/* Has something happened that lasts beside the database? */
typedef bool effect(struct trial *trial);

/* The session stays open. */
static int
shell(struct bench *bench, const char *script)
{
	char line[600];

	snprintf(line, sizeof(line), "cd %s && { %s; }", bench->folder, script);
	return system(line);
}

static void
trial_done(struct trial *trial)
{
	buf_done(&trial->done);
}
#define TRIAL CLEANUP(trial_done) struct trial

static void
leave(struct trial *trial)
{
	struct anchor_slot slot;

	bench_end(trial->bench);
	hand_anchor(trial->bench, &slot);
	if (anchor_slot_is_settled(&slot))
		hand_unsettle(trial->bench);
	trial->left = slot.to.size;
	bench_keep(trial->bench, "after");
}

/* Into the same files, as SQLite and the anchor write them. */
static void
meet_writer(struct trial *trial)
{
	struct bench *bench = trial->bench;
	struct err err;

	bench_restore(bench, trial->open ? "before" : "after");
	if (!trial->open)
		return;
	assert_ok(bench_hello(bench, &err));
	assert_int_equal(shell(bench,
	                     "cat after/vault/vault.db > vault/vault.db &&"
	                     " cat after/vault/anchor > vault/anchor &&"
	                     " cp -a after/vault/ceremony after/vault/escrow vault"),
	    0);
}

/* What he left can no longer be undone. */
static bool
lasts(struct trial *trial)
{
	struct anchor_slot slot;

	hand_anchor(trial->bench, &slot);
	return slot.from.size >= trial->left;
}

/* RUN dies at each of its durable steps in turn: no EFFECT is there before the anchor is settled. */
static void
expect_settled_first(struct trial *trial, command *run, effect *has)
{
	struct bench *bench = trial->bench;
	unsigned seen = 0;
	bool whole = false;

	for (int64_t at = 1; !whole; at++) {
		meet_writer(trial);
		bench->shared->now += trial->wait;
		bench->shared->points = 0;
		bench->shared->kill_at = at;
		run(trial);
		bench_end(bench);
		whole = bench->shared->points < at;
		bench->shared->kill_at = 0;
		if (!has(trial))
			continue;
		seen++;
		if (!lasts(trial))
			fail_msg("at step %lld it does not last", (long long)at);
	}
	assert_true(seen > 1);
}

static void
ask(struct trial *trial, struct json *request)
{
	struct err err;
	JSON *reply = NULL;

	if (bench_call(trial->bench, request, (struct view){0}, &reply, NULL, &err) != ERR_OK)
		assert_int_equal(err.code, ERR_PROTOCOL);
}

/* ---- what is told ---- */

static void
leave_request(struct trial *trial)
{
	bench_keep(trial->bench, "before");
	trial->id = bench_request(trial->bench, &trial->bench->people[ALICE], "prod/db");
	leave(trial);
}

static void
what_is_told_lasts(void **state)
{
	TRIAL trial = {.bench = *state, .open = true};
	struct err err;
	JSON *reply = NULL;

	leave_request(&trial);
	meet_writer(&trial);
	ask(&trial, op_new("status"));
	assert_true(lasts(&trial));
	/* A refusal rests on what was read, too. */
	meet_writer(&trial);
	struct json *request = op_new("rotate");
	json_put_text(request, "name", "no/such");
	assert_error(ERR_NOT_FOUND,
	    bench_call(trial.bench, request, (struct view){0}, &reply, NULL, &err));
	assert_true(lasts(&trial));
}

/* ---- rotators ---- */

static bool
has_rotator_run(struct trial *trial)
{
	BUF calls = {0};

	return target_calls(trial->bench, &calls)[0] != '\0';
}

static void
rotate(struct trial *trial)
{
	struct json *request = op_new("rotate");

	json_put_text(request, "name", "prod/db");
	ask(trial, request);
}

static void
no_rotator_runs_before_it_lasts(void **state)
{
	TRIAL trial = {.bench = *state, .wait = WAIT_LONGEST};
	NIGHT night = {0};
	BUF calls = {0};

	night_live_through(trial.bench, "generate=refuse\n", &night);
	assert_string_equal(night.debt, "owed");
	(void)target_calls(trial.bench, &calls);
	bench_keep(trial.bench, "before");
	bench_charter(trial.bench, 3000);
	leave(&trial);
	for (int open = 0; open < 2; open++) {
		trial.open = open == 1;
		expect_settled_first(&trial, rotate, has_rotator_run);
	}
}

/* ---- files ---- */

static bool
is_escrow_there(struct trial *trial)
{
	return shell(trial->bench, "ls vault/escrow | grep -qv lock") == 0;
}

static bool
is_escrow_gone(struct trial *trial)
{
	return !is_escrow_there(trial);
}

static void
say_done(struct trial *trial)
{
	JSON *message = NULL;
	struct err err;

	assert_ok(json_parse(buf_view(&trial->done), &message, &err));
	ask(trial, TAKE(message));
}

/* The writer has paid the debt, and died before he erased its escrow. */
static void
leave_paid(struct trial *trial)
{
	struct bench *bench = trial->bench;
	NIGHT night = {0};
	struct err err;

	night_release(bench, &night);
	trial->id = night.id;
	JSON *message = bench_done_message(bench, &night.id);
	assert_ok(json_encode(message, &trial->done, &err));
	bench_keep(bench, "before");
	assert_ok(bench_done(bench, &night.id, night.debt, &err));
	assert_string_equal(night.debt, "retired");
	bench_shell(bench, "cp -a before/vault/escrow vault");
	leave(trial);
}

static void
no_escrow_is_erased_before_it_lasts(void **state)
{
	TRIAL trial = {.bench = *state};

	leave_paid(&trial);
	for (int open = 0; open < 2; open++) {
		trial.open = open == 1;
		expect_settled_first(&trial, say_done, is_escrow_gone);
	}
}

static bool
is_key_gone(struct trial *trial)
{
	return bench_files(trial->bench, "ceremony") == 0;
}

static void
say_hello(struct trial *trial)
{
	struct err err;

	(void)!bench_hello(trial->bench, &err);
}

/* The writer has ended a ceremony, and died before he erased its key. */
static void
no_key_of_a_ceremony_is_erased_before_it_lasts(void **state)
{
	TRIAL trial = {.bench = *state};
	struct bench *bench = *state;
	struct err err;

	trial.id = bench_request(bench, &bench->people[ALICE], "prod/db");
	bench_keep(bench, "before");
	assert_ok(bench_object(bench, &bench->people[ALICE], &trial.id, STATEMENT_CANCEL, &err));
	bench_shell(bench, "cp -a before/vault/ceremony vault");
	leave(&trial);
	expect_settled_first(&trial, say_hello, is_key_gone);
}

static void
advance(struct trial *trial)
{
	struct json *request = op_new("advance");

	json_put_hex(request, "id", VIEW_OF(trial->id.bytes));
	ask(trial, request);
}

/* The writer has decided on a release, and died before anything of it was done. */
static void
leave_decided(struct trial *trial)
{
	static const char decided[] = "SELECT count(*) FROM ceremonies WHERE state = 'releasing'";
	struct bench *bench = trial->bench;
	struct err err;

	trial->id = bench_request(bench, &bench->people[ALICE], "prod/db");
	assert_ok(bench_approve(bench, &bench->people[CISO], &trial->id, &err));
	bench_keep(bench, "before");
	for (int64_t at = 1; bench_count(bench, decided) == 0; at++) {
		bench_restore(bench, "before");
		bench->shared->points = 0;
		bench->shared->kill_at = at;
		(void)!bench_approve(bench, &bench->people[SECOPS], &trial->id, &err);
		bench->shared->kill_at = 0;
		bench_end(bench);
	}
	assert_false(is_escrow_there(trial));
	leave(trial);
}

static void
nothing_is_opened_before_it_lasts(void **state)
{
	TRIAL trial = {.bench = *state};

	leave_decided(&trial);
	for (int open = 0; open < 2; open++) {
		trial.open = open == 1;
		expect_settled_first(&trial, advance, is_escrow_there);
	}
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_start, bench_stop)
	const struct CMUnitTest tests[] = {
	    CASE(what_is_told_lasts),
	    CASE(no_rotator_runs_before_it_lasts),
	    CASE(no_escrow_is_erased_before_it_lasts),
	    CASE(no_key_of_a_ceremony_is_erased_before_it_lasts),
	    CASE(nothing_is_opened_before_it_lasts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
