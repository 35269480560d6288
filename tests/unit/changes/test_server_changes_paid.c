/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rotation that is killed at each durable step, so that its debt stands wherever one can; then the definition changes, and
 * what is owed is paid as that says.  In between nobody is asked.
 */
#include <stdio.h>

#include "ceremony/server/rotation/wait.h"
#include "tests/unit/changes/changes_bench.h"
#include "tests/unit/sweep.h"

/* Every one in the full run; more than one in the others, so that each state has some. */
enum { STEP = 5, POINTS_MAX = 400 };

/* Returns whether it was killed. */
static bool
kill_done(struct bench *bench, const struct id *id, int64_t at)
{
	struct json *message = bench_done_message(bench, id);
	JSON *reply = NULL;
	struct err err;

	bench->shared->points = 0;
	bench->shared->kill_at = at;
	(void)!bench_call(bench, message, (struct view){0}, &reply, NULL, &err);
	bool killed = bench->shared->points >= at;
	bench->shared->kill_at = 0;
	bench_end(bench);
	return killed;
}

/* RET_STATE: the newest debt's; retired where there is none else. */
static void
debt_state(struct bench *bench, enum debt_state *ret_state)
{
	*ret_state = DEBT_RETIRED;
	for (enum debt_state state = 0; state < DEBT_STATES; state++) {
		char query[100];

		snprintf(query, sizeof(query), "SELECT count(*) FROM debts WHERE state = '%s'",
		    debt_state_names[state]);
		if (state != DEBT_RETIRED && bench_count(bench, query) > 0)
			*ret_state = state;
	}
}

static void
fill(struct bench *bench, const struct night *night, enum part part, bool as_it_was)
{
	BUF calls = {0};

	changes_move(bench, part);
	if (part == HOST || part == ACCOUNT)
		bench_shell(bench, "cp target/accepts '%s'", bench->target);
	if (as_it_was)
		night_repair(bench, night);
	(void)target_calls(bench, &calls);
}

static enum err_code
change(struct bench *bench, enum part part, struct err *err)
{
	static const int quorum[] = {SECOPS, INFRA, -1};
	DEFINITION next = {0};
	DSSE statement = {0};
	bool live = false;

	changes_draw(bench, "prod/db", &next);
	changes_edit(bench, part, &next);
	changes_state(bench, &next, 1, &statement);
	TRY(changes_send(bench, &statement, quorum, &live, err));
	assert_true(live);
	return ERR_OK;
}

static void
pay(struct bench *bench, const struct night *night, enum part part, int64_t at,
    const struct err *why)
{
	char code[32], note[600], debt[20];
	SHOWN shown = {0};
	BUF calls = {0};
	struct err err;

	bench->shared->no_due = 0;
	bench->shared->now += WAIT_LONGEST;
	bench_show(bench, &night->id, &shown);
	if (strcmp(shown.state, "released") == 0)
		assert_ok(bench_done(bench, &night->id, debt, &err));
	bench_rotate(bench, "prod/db", code, note);
	if (strcmp(code, "ok") != 0)
		fail_msg("killed at %lld, %s (%s): %s: %s", (long long)at, part_names[part],
		    why != NULL ? why->text : "changed", code, note);
	night_paid(bench, night);
	if (part != HOST && part != ACCOUNT)
		return;
	changes_return(bench);
	assert_string_equal(target_calls(bench, &calls), "");
}

/* Its style may have no way on from where the debt stands: then it is paid as before. */
static void
try_part(struct bench *bench, const struct night *night, int64_t at, enum part part, bool as_it_was)
{
	struct err err;
	BUF calls = {0};
	enum debt_state before, after;

	(void)target_calls(bench, &calls);
	debt_state(bench, &before);
	size_t begun = changes_begun(bench);
	enum err_code code = change(bench, part, &err);
	assert_int_equal(changes_begun(bench), begun);
	debt_state(bench, &after);
	assert_int_equal(before, after);
	bench_verify(bench);
	if (code == ERR_OK) {
		/* Where the new value is current the old one is no value of that account any more. */
		bool blocks = (DEBT_BLOCKS & 1u << after) != 0;

		fill(bench, night, part, as_it_was && blocks);
		pay(bench, night, part, at, NULL);
	} else {
		assert_int_equal(code, ERR_REFUSED);
		assert_int_equal(part, STYLE);
		assert_int_equal(after, DEBT_EXPELLED);
		assert_says("has no way on");
		pay(bench, night, part, at, &err);
	}
	changes_return(bench);
}

static void
a_debt_cut_off_anywhere_is_paid_by_the_new_definition(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	unsigned seen = 0;
	bool killed = true;

	changes_folders(bench);
	night_release(bench, &night);
	bench_keep(bench, "lease");
	for (int64_t at = 1; killed && at < POINTS_MAX; at++) {
		if (!sweep_takes(at, STEP))
			continue;
		for (enum part part = 0; killed && part < MEMBERS; part++)
			for (int as_it_was = part <= ACCOUNT ? 1 : 0; as_it_was >= 0; as_it_was--) {
				enum debt_state now;

				bench->shared->no_due = 1;
				bench_restore(bench, "lease");
				killed = kill_done(bench, &night.id, at);
				debt_state(bench, &now);
				seen |= 1u << now;
				if (killed && now != DEBT_RETIRED)
					try_part(bench, &night, at, part, as_it_was == 1);
			}
	}
	bench->shared->no_due = 0;
	assert_false(killed); /* to its end */
	for (enum debt_state want = 0; want < DEBT_STATES; want++)
		if ((seen & 1u << want) != 0)
			print_message("# stood %s\n", debt_state_names[want]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_debt_cut_off_anywhere_is_paid_by_the_new_definition),
	};

	return cmocka_run_group_tests(tests, bench_start, bench_stop);
}
