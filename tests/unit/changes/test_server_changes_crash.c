/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signature that brings a definition into force, killed at each durable step: afterwards all of it is in force, or it
 * still waits, and nothing else is so.
 */
#include <stdio.h>

#include "tests/unit/changes/changes_bench.h"
#include "tests/unit/sweep.h"

enum { POINTS_MIN = 4 };

/* What is signed, and what is open meanwhile. */
struct kind {
	const char *what;
	enum situation situation;
	enum part part; /* MEMBERS: a new secret */
	bool retires;
};
static const struct kind kinds[] = {{"a new secret", NOTHING, MEMBERS, false},
    {"another host", COLLECTING, HOST, false}, {"another account", LEASE, ACCOUNT, false},
    {"another program", APPLYING, PROGRAM, false}, {"another style", DEGRADED, STYLE, false},
    {"another policy", WATCHED, POLICY, false}, {"the last", COLLECTING, MEMBERS, true}};

struct sweep {
	struct bench *bench;
	const struct kind *kind;
	struct night *night;
	const char *name;
	struct dsse statement;
	struct digest before, next; /* before: of the sweep's secret, where it has a definition */
	char debt[20];
};

static void
sweep_done(struct sweep *sweep)
{
	dsse_done(&sweep->statement);
}
#define SWEEP CLEANUP(sweep_done) struct sweep

static void
draw(struct sweep *sweep)
{
	struct bench *bench = sweep->bench;
	DEFINITION next = {0};
	CLEANUP(credential_box_done) struct credential_box box = {0};
	DEFINITIONS_OF read = {0};
	struct err err;

	if (sweep->kind->part == MEMBERS && !sweep->kind->retires) {
		bench_box(bench, sweep->name, "first-password", &box);
		assert_ok(definition_copy(&box.definition, &next, &err));
	} else {
		changes_draw(bench, sweep->name, &next);
		sweep->before = next.digest;
		changes_edit(bench, sweep->kind->part, &next);
		next.change.retires = sweep->kind->retires;
	}
	changes_state(bench, &next, 1, &sweep->statement);
	assert_ok(definitions_parse(&sweep->statement, false, &read, &err));
	sweep->next = read.rows[0].digest;
}

static void
begin(struct sweep *sweep)
{
	static const int first[] = {SECOPS, -1};
	struct bench *bench = sweep->bench;
	bool live;
	struct err err;

	changes_folders(bench);
	changes_bring_about(bench, sweep->kind->situation, sweep->night);
	bench_debt(bench, "prod/db", sweep->debt);
	draw(sweep);
	assert_ok(changes_send(bench, &sweep->statement, first, &live, &err));
	bench_keep(bench, "waits");
}

/* Returns how many durable steps there were, with those of what is due afterwards where nothing killed it. */
static int64_t
sign(struct sweep *sweep, int64_t kill_at)
{
	struct bench *bench = sweep->bench;
	struct err err;
	bool live;

	assert_ok(bench_hello(bench, &err));
	bench->shared->points = 0;
	bench->shared->kill_at = kill_at;
	(void)!bench_sign(bench, &bench->people[INFRA], &sweep->statement, &live, &err);
	int64_t points = bench->shared->points;
	bench_end(bench);
	bench->shared->kill_at = 0;
	return points;
}

static bool
is_in_force(struct sweep *sweep)
{
	struct bench *bench = sweep->bench;
	struct json *request = op_new("secret-find");
	JSON *reply = NULL;
	DEFINITION now = {0};
	struct err err;

	json_put_text(request, "name", sweep->name);
	if (bench_call(bench, request, (struct view){0}, &reply, NULL, &err) == ERR_NOT_FOUND)
		return false;
	changes_in_force(bench, sweep->name, &now);
	if (digest_equal(&now.digest, &sweep->next))
		return true;
	assert_true(digest_equal(&now.digest, &sweep->before));
	return false;
}

static void
expect_ceremony(const struct sweep *sweep, bool in_force)
{
	struct bench *bench = sweep->bench;
	SHOWN shown = {0};

	if (sweep->kind->situation != COLLECTING && sweep->kind->situation != LEASE)
		return;
	bench_show(bench, &sweep->night->id, &shown);
	assert_string_equal(shown.state,
	    sweep->kind->situation == LEASE ? "released" :
	        in_force                    ? "refused" :
	                                      "collecting");
	if (sweep->kind->situation != COLLECTING)
		return;
	bench_end(bench);
	assert_int_equal(bench_files(bench, "ceremony") > 0, !in_force);
}

/* All or nothing, and then all. */
static void
expect_whole(struct sweep *sweep, int64_t at)
{
	struct bench *bench = sweep->bench;
	char debt[20];
	BUF events = {0};
	uint64_t size = bench_log_size(bench);
	bool in_force = is_in_force(sweep);

	print_message("# %s, killed at %lld: %s\n", sweep->kind->what, (long long)at,
	    in_force ? "in force" : "waits");
	assert_int_equal(changes_drafts(bench), in_force ? 0 : 1);
	expect_ceremony(sweep, in_force);
	bench_debt(bench, "prod/db", debt);
	assert_string_equal(debt, sweep->debt);
	assert_string_equal(changes_events(bench, size - 1, &events),
	    in_force ? "secret\n" : "secret-proposed\n");
	if (in_force)
		return;
	(void)sign(sweep, 0);
	assert_true(is_in_force(sweep));
	expect_ceremony(sweep, true);
	bench_verify(bench);
}

static void
sweep_kind(struct bench *bench, const struct kind *kind)
{
	NIGHT night = {0};
	SWEEP sweep = {bench, kind, &night, .name = "prod/db"};
	size_t waited = 0, came = 0;
	int64_t points;

	if (kind->part == MEMBERS && !kind->retires)
		sweep.name = "new/db";
	bench_keep(bench, "none");
	begin(&sweep);
	points = sign(&sweep, 0);
	assert_true(points >= POINTS_MIN);
	assert_true(is_in_force(&sweep));
	for (int64_t at = 1; at <= points; at++) {
		if (at != 1 && at != points && !sweep_takes(at, 1)) /* both ends in any slice */
			continue;
		bench_restore(bench, "waits");
		size_t begun = changes_begun(bench);
		(void)sign(&sweep, at);
		assert_int_equal(changes_begun(bench), begun);
		bool in_force = is_in_force(&sweep);
		came += in_force;
		waited += !in_force;
		expect_whole(&sweep, at);
	}
	assert_true(waited > 0 && came > 0);
	bench_restore(bench, "none");
}

static void
a_definition_is_in_force_whole_or_not_at_all_wherever_it_is_cut_off(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		sweep_kind(*state, &kinds[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_definition_is_in_force_whole_or_not_at_all_wherever_it_is_cut_off),
	};

	return cmocka_run_group_tests(tests, bench_start, bench_stop);
}
