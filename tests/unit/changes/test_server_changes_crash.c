/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first signature under a definition and the one that brings it into force, killed at each durable step: afterwards all
 * of it is so, or nothing is; what was open of the secrets goes on either way, and the rest of the command comes through.
 *
 * A cell is what changes, what is open meanwhile, and which signature is cut off.  The plain suite kills each at its first
 * step and at its last one, and a few in between.
 */
#include <stdio.h>

#include "ceremony/server/rotation/wait.h"
#include "tests/unit/changes/changes_bench.h"
#include "tests/unit/server/batch_bench.h"
#include "tests/unit/sweep.h"

enum { POINTS_MIN = 4, MANY = 3, STEP = 29 };

/* What becomes of it.  SEVERAL: three secrets at once, each with something else open. */
enum how { CHANGES, BEGINS, RETIRES, SEVERAL };
/* Which signature is killed. */
enum which { FIRST, LAST };

struct cell {
	enum how how;
	enum part part; /* MEMBERS: none */
	enum situation situation;
	enum which which;
};

struct sweep {
	struct bench *bench;
	struct cell cell;
	struct night *night;
	size_t count; /* secrets */
	char names[MANY][32];
	struct dsse statement, proposed; /* proposed: with the first signature */
	struct digest before[MANY], next[MANY];
	struct id collecting; /* of SEVERAL */
	uint64_t leaves;      /* before the kill */
	int64_t *row;         /* counts kills, for the sweep */
};

static void
sweep_done(struct sweep *sweep)
{
	dsse_done(&sweep->statement);
	dsse_done(&sweep->proposed);
}
#define SWEEP CLEANUP(sweep_done) struct sweep

/* --- What is signed ------------------------------------------------------------------------- */

static void
draw_row(struct sweep *sweep, size_t index, struct definition *next)
{
	static const enum part parts[MANY] = {PROGRAM, PROGRAM, POLICY};
	CLEANUP(credential_box_done) struct credential_box box = {0};
	enum how how = sweep->cell.how;
	struct err err;

	if (how == BEGINS) {
		bench_box(sweep->bench, sweep->names[index], "first-password", &box);
		assert_ok(definition_copy(&box.definition, next, &err));
		return;
	}
	changes_draw(sweep->bench, sweep->names[index], next);
	sweep->before[index] = next->digest;
	next->change.retires = how == RETIRES;
	if (how != RETIRES)
		changes_edit(sweep->bench, how == SEVERAL ? parts[index] : sweep->cell.part, next);
}

static void
draw(struct sweep *sweep)
{
	struct definition rows[MANY] = {0};
	DEFINITIONS_OF read = {0};
	BUF text = {0};
	struct err err;

	for (size_t i = 0; i < sweep->count; i++)
		draw_row(sweep, i, &rows[i]);
	changes_state(sweep->bench, rows, sweep->count, &sweep->statement);
	for (size_t i = 0; i < sweep->count; i++)
		definition_done(&rows[i]);
	assert_ok(definitions_parse(&sweep->statement, false, &read, &err));
	assert_int_equal(read.count, sweep->count);
	for (size_t i = 0; i < sweep->count; i++)
		sweep->next[i] = read.rows[i].digest;
	assert_ok(dsse_encode(&sweep->statement, &text, &err));
	assert_ok(dsse_parse(buf_view(&text), &sweep->proposed, &err));
	person_sign(&sweep->bench->people[SECOPS], &sweep->proposed);
}

static void
send_signature(struct sweep *sweep, enum which which)
{
	struct bench *bench = sweep->bench;
	struct err err;
	bool live;

	if (which == FIRST)
		(void)!bench_propose(bench, &sweep->proposed, 0, -1, &err);
	else
		(void)!bench_sign(bench, &bench->people[INFRA], &sweep->statement, &live, &err);
}

/* Returns how many durable steps there were, with those of what is due afterwards where nothing killed it. */
static int64_t
kill_signature(struct sweep *sweep, int64_t kill_at)
{
	struct bench *bench = sweep->bench;
	struct err err;

	assert_ok(bench_hello(bench, &err));
	bench->shared->points = 0;
	bench->shared->kill_at = kill_at;
	send_signature(sweep, sweep->cell.which);
	int64_t points = bench->shared->points;
	bench_end(bench);
	bench->shared->kill_at = 0;
	return points;
}

/* --- What came of it ------------------------------------------------------------------------ */

static bool
is_new(struct sweep *sweep, size_t index)
{
	struct json *request = op_new("secret-find");
	JSON *reply = NULL;
	DEFINITION now = {0};
	struct err err;

	json_put_text(request, "name", sweep->names[index]);
	if (bench_call(sweep->bench, request, (struct view){0}, &reply, NULL, &err) ==
	    ERR_NOT_FOUND)
		return false;
	changes_in_force(sweep->bench, sweep->names[index], &now);
	if (digest_equal(&now.digest, &sweep->next[index]))
		return true;
	assert_true(digest_equal(&now.digest, &sweep->before[index]));
	return false;
}

/* All of it or nothing. */
static bool
is_in_force(struct sweep *sweep)
{
	bool first = is_new(sweep, 0);

	for (size_t i = 1; i < sweep->count; i++)
		assert_int_equal(is_new(sweep, i), first);
	return first;
}

static void
expect_ceremony(struct bench *bench, const struct id *id, const char *state)
{
	SEEN seen = {0};

	batch_look(bench, id, &seen);
	assert_string_equal(seen.state, state);
	bench_end(bench);
	assert_int_equal(bench_files(bench, "ceremony"), strcmp(state, "collecting") == 0 ? 1 : 0);
}

/* What was open is as it was, but for a ceremony about what changed. */
static void
expect_open(struct sweep *sweep, bool in_force)
{
	enum situation situation = sweep->cell.situation;
	struct bench *bench = sweep->bench;
	char debt[20];

	if (sweep->cell.how == SEVERAL) {
		expect_ceremony(bench, &sweep->collecting, in_force ? "refused" : "collecting");
		bench_debt(bench, "prod/s0", debt);
		assert_string_equal(debt, "owed");
		bench_debt(bench, "prod/s1", debt);
		assert_string_equal(debt, "owed");
		return;
	}
	bench_debt(bench, "prod/db", debt);
	assert_string_equal(debt,
	    situation == LEASE                                      ? "owed" :
	        changes_has_debt(situation) && situation != WATCHED ? situation_names[situation] :
	                                                              "");
	if (situation == COLLECTING)
		expect_ceremony(bench, &sweep->night->id, in_force ? "refused" : "collecting");
	if (situation == LEASE)
		expect_ceremony(bench, &sweep->night->id, "released");
}

/* One for each secret, beside those of what became void. */
static void
expect_leaves(const char *events, size_t count)
{
	static const char name[] = "secret\n";
	size_t found = 0, length = strlen(events);

	for (const char *at = events; *at != '\0'; at += strcspn(at, "\n") + 1)
		found += strncmp(at, name, strlen(name)) == 0;
	assert_int_equal(found, count);
	assert_true(length >= strlen(name));
	assert_string_equal(events + length - strlen(name), name);
}

/* CAME: the killed signature was heard. */
static void
expect_whole(struct sweep *sweep, bool came)
{
	bool in_force = came && sweep->cell.which == LAST;
	struct bench *bench = sweep->bench;
	BUF events = {0}, expected = {0};

	if (sweep->cell.which == FIRST && came)
		buf_text(&expected, "secret-proposed\n");
	assert_int_equal(is_in_force(sweep), in_force);
	assert_int_equal(changes_drafts(bench), (sweep->cell.which == LAST) != came ? 1 : 0);
	bench_verify(bench);
	(void)changes_events(bench, sweep->leaves, &events);
	if (in_force)
		expect_leaves(buf_string(&events), sweep->count);
	else
		assert_string_equal(events.size > 0 ? buf_string(&events) : "",
		    expected.size > 0 ? buf_string(&expected) : "");
	expect_open(sweep, in_force);
}

/* --- What goes on --------------------------------------------------------------------------- */

static void
pay(struct bench *bench, const char *name)
{
	char code[32], note[600];

	bench->shared->now += WAIT_LONGEST;
	bench_rotate(bench, name, code, note);
	if (strcmp(code, "ok") != 0)
		fail_msg("%s: %s: %s", name, code, note);
}

static void
finish_several(struct sweep *sweep, bool in_force)
{
	struct bench *bench = sweep->bench;
	char debt[20];
	struct err err;

	target_mode(bench, "apply=one!\n");
	assert_int_equal(bench_approve(bench, &bench->people[SECOPS], &sweep->collecting, &err),
	    in_force ? ERR_REFUSED : ERR_OK);
	if (!in_force)
		assert_ok(bench_done(bench, &sweep->collecting, debt, &err));
	assert_ok(bench_done(bench, &sweep->night->id, debt, &err));
	assert_string_equal(debt, "retired");
	pay(bench, "prod/s1");
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(bench_current(bench, sweep->names[i]), i < 2 || !in_force ? 2 : 1);
	assert_int_equal(bench_files(bench, "escrow"), 0);
}

/* The rebuilt host has what the old one had; where something is owed, the value of before the lease. */
static void
fill_place(struct sweep *sweep)
{
	enum situation situation = sweep->cell.situation;

	if (sweep->cell.part != HOST && sweep->cell.part != ACCOUNT)
		return;
	changes_move(sweep->bench, sweep->cell.part);
	if (changes_has_debt(situation))
		night_repair(sweep->bench, sweep->night);
	else
		bench_shell(sweep->bench, "cp target/accepts '%s'", sweep->bench->target);
}

static void
finish_ceremony(struct sweep *sweep, bool in_force)
{
	struct bench *bench = sweep->bench;
	const struct id *id = &sweep->night->id;
	CLEANUP(night_done) struct night night = {.id = *id};
	struct err err;

	if (sweep->cell.situation == COLLECTING)
		assert_int_equal(bench_approve(bench, &bench->people[SECOPS], id, &err),
		    in_force ? ERR_REFUSED : ERR_OK);
	if (sweep->cell.situation == COLLECTING && in_force)
		return;
	assert_ok(bench_open(bench, &bench->people[ALICE], id, &night.old, NULL, &err));
	assert_ok(bench_done(bench, id, night.debt, &err));
	assert_string_equal(night.debt, "retired");
	night_paid(bench, &night);
}

/* What is open is brought to its end, by the definition that is in force. */
static void
finish(struct sweep *sweep, bool in_force)
{
	enum situation situation = sweep->cell.situation;
	struct bench *bench = sweep->bench;

	if (sweep->cell.how == SEVERAL) {
		finish_several(sweep, in_force);
	} else if (situation != NOTHING) {
		if (in_force)
			fill_place(sweep);
		if (changes_has_debt(situation)) {
			pay(bench, "prod/db");
			night_paid(bench, sweep->night);
		} else {
			finish_ceremony(sweep, in_force);
		}
		changes_return(bench);
	}
}

/* --- The sweep ------------------------------------------------------------------------------ */

/* Whoever was cut off tries again: before what is open goes on, or afterwards. */
static void
go_on(struct sweep *sweep, int64_t at, bool in_force)
{
	bool before = !in_force && sweep->cell.how != RETIRES && at % 2 == 1;

	if (before)
		finish(sweep, false);
	if (!in_force && sweep->cell.which == FIRST)
		send_signature(sweep, FIRST);
	if (!in_force)
		send_signature(sweep, LAST);
	assert_true(is_in_force(sweep));
	assert_int_equal(changes_drafts(sweep->bench), 0);
	if (!before) {
		expect_open(sweep, true);
		finish(sweep, true);
	}
	bench_verify(sweep->bench);
}

/* Was the signature heard? */
static bool
kill_one(struct sweep *sweep, int64_t at)
{
	struct bench *bench = sweep->bench;
	static const char *const hows[] = {"changes", "begins", "retires", "several"};

	bench_restore(bench, "waits");
	size_t begun = changes_begun(bench);
	assert_int_equal(kill_signature(sweep, at), at);
	assert_int_equal(changes_begun(bench), begun);
	bool in_force = is_in_force(sweep);
	bool came = sweep->cell.which == LAST ? in_force : changes_drafts(bench) > 0;
	print_message("# %s %s, %s, the %s signature, killed at %lld: %s\n", hows[sweep->cell.how],
	    sweep->cell.part < MEMBERS ? part_names[sweep->cell.part] : "",
	    situation_names[sweep->cell.situation], sweep->cell.which == FIRST ? "first" : "last",
	    (long long)at, came ? "heard" : "not heard");
	expect_whole(sweep, came);
	go_on(sweep, at, in_force);
	return came;
}

/* Those whose first and last step any slice takes.  What is open matters little to a first signature. */
static bool
has_ends(const struct cell *cell)
{
	return cell->which == LAST || cell->situation == NOTHING || cell->how == RETIRES;
}

/* All is drawn up, and what is to be killed comes next. */
static void
sweep_cell(struct sweep *sweep)
{
	struct bench *bench = sweep->bench;
	size_t waited = 0, came = 0;
	int64_t points;

	draw(sweep);
	if (sweep->cell.which == LAST)
		send_signature(sweep, FIRST);
	sweep->leaves = bench_log_size(bench);
	bench_keep(bench, "waits");
	points = kill_signature(sweep, 0);
	assert_true(points >= POINTS_MIN);
	for (int64_t at = 1; at <= points; at++) {
		int64_t row = ++*sweep->row;

		if (!(has_ends(&sweep->cell) && (at == 1 || at == points)) &&
		    !sweep_takes(row, STEP))
			continue;
		bool heard = kill_one(sweep, at);
		came += heard;
		waited += !heard;
	}
	assert_true(!has_ends(&sweep->cell) || (waited > 0 && came > 0));
}

static void
try_cell(struct bench *bench, const struct cell *cell, struct night *night, int64_t *row)
{
	SWEEP sweep = {.bench = bench, .cell = *cell, .night = night, .count = 1, .row = row};

	snprintf(sweep.names[0], sizeof(sweep.names[0]), "%s",
	    cell->how == BEGINS ? "new/db" : "prod/db");
	bench_restore(bench, "open");
	sweep_cell(&sweep);
}

static bool
takes(const struct cell *cell)
{
	static const struct cell others[] = {{BEGINS, MEMBERS, NOTHING, LAST},
	    {BEGINS, MEMBERS, NOTHING, FIRST}, {RETIRES, MEMBERS, COLLECTING, LAST},
	    {RETIRES, MEMBERS, COLLECTING, FIRST}, {CHANGES, STYLE, DEGRADED, LAST},
	    {CHANGES, POLICY, WATCHED, LAST}};
	enum situation situation = cell->situation;

	if (cell->how == CHANGES && cell->part < MEMBERS && cell->part != STYLE &&
	    (situation <= APPLYING || situation >= COLLECTING))
		return cell->which == LAST ||
		    (cell->part == PROGRAM && (situation == NOTHING || situation == COLLECTING));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (cell->how == others[i].how && cell->part == others[i].part &&
		    situation == others[i].situation && cell->which == others[i].which)
			return true;
	return false;
}

/* The situation is brought about once. */
static void
try_situation(struct bench *bench, enum situation situation, int64_t *row)
{
	NIGHT night = {0};

	changes_bring_about(bench, situation, &night);
	bench_keep(bench, "open");
	for (enum how how = CHANGES; how < SEVERAL; how++)
		for (enum part part = 0; part <= MEMBERS; part++)
			for (enum which which = FIRST; which <= LAST; which++) {
				const struct cell cell = {how, part, situation, which};

				if (takes(&cell))
					try_cell(bench, &cell, &night, row);
			}
	bench_restore(bench, "none");
}

static void
a_definition_is_in_force_whole_or_not_at_all_wherever_it_is_cut_off(void **state)
{
	struct bench *bench = *state;
	int64_t row = 0;

	changes_folders(bench);
	bench_keep(bench, "none");
	for (enum situation situation = 0; situation < SITUATIONS; situation++)
		try_situation(bench, situation, &row);
}

/* A lease of the first, a debt of the second, a ceremony about the third. */
static void
open_several(struct bench *bench, struct sweep *sweep)
{
	struct night owed = {0};
	SECRET *value = NULL;
	struct err err;

	target_accept(bench, "password-0\npassword-1\npassword-2\n");
	target_mode(bench, "generate=refuse\n");
	for (int i = 0; i < 2; i++) {
		struct night *night = i == 0 ? sweep->night : &owed;

		night->id = bench_request(bench, &bench->people[ALICE], sweep->names[i]);
		assert_ok(bench_approve(bench, &bench->people[CISO], &night->id, &err));
		assert_ok(bench_approve(bench, &bench->people[SECOPS], &night->id, &err));
	}
	assert_ok(bench_open(bench, &bench->people[ALICE], &owed.id, &value, NULL, &err));
	assert_ok(bench_done(bench, &owed.id, owed.debt, &err));
	assert_string_equal(owed.debt, "owed");
	sweep->collecting = bench_request(bench, &bench->people[ALICE], sweep->names[2]);
	assert_ok(bench_approve(bench, &bench->people[CISO], &sweep->collecting, &err));
}

static void
several_are_in_force_together_or_not_at_all_wherever_they_are_cut_off(void **state)
{
	struct bench *bench = *state;
	int64_t row = 0;

	bench_keep(bench, "none");
	for (enum which which = FIRST; which <= LAST; which++) {
		NIGHT night = {0};
		SWEEP sweep = {.bench = bench,
		    .cell = {SEVERAL, MEMBERS, NOTHING, which},
		    .night = &night,
		    .count = MANY,
		    .row = &row};

		for (size_t i = 0; i < MANY; i++)
			batch_name(i, sweep.names[i]);
		bench_restore(bench, "none");
		open_several(bench, &sweep);
		sweep_cell(&sweep);
	}
}

static int
start_several(void **state)
{
	*state = batch_bench(false, MANY);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        a_definition_is_in_force_whole_or_not_at_all_wherever_it_is_cut_off, bench_start,
	        bench_stop),
	    cmocka_unit_test_setup_teardown(
	        several_are_in_force_together_or_not_at_all_wherever_they_are_cut_off,
	        start_several, bench_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
