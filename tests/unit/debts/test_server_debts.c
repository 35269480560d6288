/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The debt engine's truth table: for each style, whatever the target does at any call, whoever is killed at any durable
 * step, DESIGN.md's invariants 6 to 8 hold at each call, and once that is over every debt comes to its end.
 */
#include "tests/unit/debts/debts_bench.h"
#include "tests/unit/sweep.h"

static const struct row {
	const char *name;
	struct announcement announced;
} rows[] = {
    {"replace", {.style = STYLE_REPLACE, .holds = 1, .can = CAN_EXPEL}},
    {"overlap", {.style = STYLE_OVERLAP, .holds = 2, .can = CAN_EXPEL}},
    {"issue", {.style = STYLE_ISSUE, .holds = 2, .can = CAN_EXPEL}},
};

static void
report(const char *name)
{
	const struct tally *tally = &world()->tally;

	print_message(
	    "# %s: %u cases, %u runs, %u kills, %u checks; at most %u runs; at most %u "
	    "failed logins in a row (%u of one value): %s; %u while nothing is accepted\n",
	    name, tally->cases, tally->runs, tally->kills, tally->checks, tally->runs_most,
	    tally->failed_most, tally->same_most, tally->failed_where, tally->none_most);
}

struct sweep {
	struct town *town;
	int64_t number, plan_step, kill_step;
	bool (*takes)(int64_t number, int64_t step);
};

/* Each durable step of a case with PLANS, that has POINTS, is a place to die. */
static void
kill_at_each(struct sweep *sweep, const struct plan plans[PLANS], int64_t points)
{
	for (int64_t at = 1; at <= points; at++)
		if (sweep_takes(++sweep->number, sweep->kill_step))
			(void)town_case(sweep->town, plans, at, NULL);
}

/* Whatever goes wrong at call FIRST or later, in the place PLACE of PLANS; DEEP: and then at a later one. */
static void
plan_each(struct sweep *sweep, struct plan plans[PLANS], size_t place, unsigned first, size_t deep)
{
	struct called trace[CALLS];
	unsigned calls = world()->scene.calls;

	memcpy(trace, world()->scene.trace, sizeof(trace));
	for (unsigned at = first; at <= calls; at++)
		for (int fault = FAULT_NONE + 1; fault < FAULTS; fault++) {
			int64_t points;

			if (!fault_fits((enum fault)fault, (enum verb)trace[at - 1].verb) ||
			    (place > 0 && !sweep_takes(++sweep->number, sweep->plan_step)))
				continue;
			plans[place] = (struct plan){at, (enum fault)fault};
			if (!town_case(sweep->town, plans, 0, &points))
				continue;
			if (place < deep)
				plan_each(sweep, plans, place + 1, at + 1, deep);
			if (place == 0)
				kill_at_each(sweep, plans, points);
		}
	plans[place] = (struct plan){0};
}

static void
sweep_style(const struct row *row, size_t deep)
{
	TOWN *town = town_new(row->name, &row->announced);
	struct sweep sweep = {.town = town, .plan_step = 7, .kill_step = 101};
	struct plan plans[PLANS] = {{0}};
	int64_t points;

	assert_true(town_case(town, plans, 0, &points));
	kill_at_each(&sweep, plans, points);
	assert_true(town_case(town, plans, 0, &points));
	plan_each(&sweep, plans, 0, 1, deep);
	report(town->name);
	assert_int_equal(world()->tally.failures, 0);
}

static void
whatever_goes_wrong_a_replaced_value_dies_and_another_always_works(void **state)
{
	(void)state;
	sweep_style(&rows[0], 1);
}

static void
whatever_goes_wrong_where_two_are_held_the_old_value_dies_and_another_always_works(void **state)
{
	(void)state;
	sweep_style(&rows[1], 1);
}

static void
whatever_goes_wrong_where_the_target_makes_it_the_old_value_dies_and_another_always_works(
    void **state)
{
	(void)state;
	sweep_style(&rows[2], 1);
}

/* The style's name as argument: its test alone. */
int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whatever_goes_wrong_a_replaced_value_dies_and_another_always_works),
	    cmocka_unit_test(
	        whatever_goes_wrong_where_two_are_held_the_old_value_dies_and_another_always_works),
	    cmocka_unit_test(
	        whatever_goes_wrong_where_the_target_makes_it_the_old_value_dies_and_another_always_works),
	};
	for (int style = 0; argc > 1 && style < STYLES; style++)
		if (strcmp(argv[1], style_names[style]) == 0)
			return _cmocka_run_group_tests(style_names[style], &tests[style], 1, NULL,
			    NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
