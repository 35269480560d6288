/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The debt engine's truth table: for each style, whatever the target does at any call, whoever is killed at any durable
 * step, DESIGN.md's invariants 6 to 8 hold at each call, and once that is over every debt comes to its end.
 */
#include "ceremony/server/rotation/wait.h"
#include "ceremony/server/vault/escrow.h"
#include "tests/unit/debts/cells.h"
#include "tests/unit/debts/debts_bench.h"
#include "tests/unit/sweep.h"

/* Seconds for which an old value is accepted after it was taken away. */
static const uint32_t graces[] = {0, 60, 3600};

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
	int64_t number, first_step, plan_step, kill_step; /* first: of the plans with one fault */
};

/* Plans whose case was the first to meet a cell. */
struct ways {
	struct plan plans[256][PLANS];
	size_t count;
};

/* What was not met yet, of what the last case came to after its PLANS, is met by one more fault. */
static void
meet_after(struct sweep *sweep, struct ways *ways, const struct plan plans[PLANS])
{
	const struct scene led = world()->scene;
	size_t place = 0;

	while (place < PLANS && plans[place].at != 0)
		place++;
	for (unsigned at = 1 + (place > 0 ? plans[place - 1].at : 0);
	     at <= led.calls && place < PLANS; at++)
		for (int fault = FAULT_NONE + 1; fault < FAULTS; fault++) {
			struct plan *way = ways->plans[ways->count];

			if (!cell_is_new(&led.trace[at - 1], (enum fault)fault))
				continue;
			assert_true(++ways->count < ARRAY_SIZE(ways->plans));
			memcpy(way, plans, sizeof(ways->plans[0]));
			way[place] = (struct plan){at, (enum fault)fault};
			(void)town_case(sweep->town, way, 0, NULL);
		}
}

/* Each cell that few faults lead to, by the fewest. */
static void
meet_each(struct sweep *sweep)
{
	struct ways ways = {.count = 1};

	for (size_t i = 0; i < ways.count; i++)
		if (town_case(sweep->town, ways.plans[i], 0, NULL))
			meet_after(sweep, &ways, ways.plans[i]);
}

/* Each durable step of a case with PLANS, that has POINTS, is a place to die; of the case without any every third is taken by
 * all runs, which so come to each state. */
static void
kill_at_each(struct sweep *sweep, const struct plan plans[PLANS], int64_t points)
{
	for (int64_t at = 1; at <= points; at++)
		if (sweep_takes(++sweep->number, sweep->kill_step) ||
		    (plans[0].at == 0 && at % 3 == 0))
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
			    !sweep_takes(++sweep->number,
			        place == 0 ? sweep->first_step : sweep->plan_step))
				continue;
			plans[place] = (struct plan){at, (enum fault)fault};
			if (!town_case(sweep->town, plans, 0, &points))
				continue;
			if (place < deep)
				plan_each(sweep, plans, place + 1, at + 1, deep);
			if (place == 0)
				kill_at_each(sweep, plans, points);
			else /* one of them */
				(void)town_case(sweep->town, plans, 1 + sweep->number * 31 % points,
				    NULL);
		}
	plans[place] = (struct plan){0};
}

/* What no two faults bring about, most of them with one fault more: after RUNS others make the target accept version SET alone (0: they do not). */
static const struct story {
	enum style style;
	struct plan plans[PLANS];
	unsigned failures, runs; /* failures: of the verb that gives, as many times */
	uint32_t set;
} stories[] = {
    {STYLE_REPLACE, {{3, FAULT_LIES_REJECTED}, {6, FAULT_HANGS_BEFORE}}, 0, 0, 0},
    {STYLE_REPLACE, {{3, FAULT_LIES_REJECTED}, {6, FAULT_LIES}}, 0, 0, 0},
    {STYLE_REPLACE, {{3, FAULT_BOTH}, {6, FAULT_LOCKED}}, 0, 0,
        0}, /* it took both, and denies for a moment */
    /* Values that die with their time are accepted meanwhile, and are not taken for what works. */
    {STYLE_REPLACE, {{3, FAULT_LIES_REJECTED}, {6, FAULT_LATER}}, 0, 0, 0},
    {STYLE_REPLACE, {{3, FAULT_LIES_REJECTED}, {6, FAULT_LATER}, {8, FAULT_LOCKED}}, 0, 0, 0},
    {STYLE_OVERLAP, {{3, FAULT_LIES_REJECTED}, {12, FAULT_LOCKED}}, 0, 0, 0},
    {STYLE_OVERLAP, {{3, FAULT_FORGETS}, {7, FAULT_FORGETS}}, 0, 0, 0},
    {STYLE_ISSUE, {{5, FAULT_LATER}, {7, FAULT_LOCKED}}, 0, 0, 0},
    {STYLE_REPLACE, {{0}}, 3, 0, 0},
    {STYLE_REPLACE, {{3, FAULT_REJECTS}, {6, FAULT_SPOILS}}, 0, 1, 2},
    {STYLE_REPLACE, {{3, FAULT_SPOILS}}, 0, 1, 1},
    {STYLE_REPLACE, {{3, FAULT_SPOILS}}, 0, 1, 2},
    {STYLE_OVERLAP, {{3, FAULT_SPOILS}}, 0, 1, 1},
    {STYLE_OVERLAP, {{3, FAULT_SPOILS}}, 0, 1, 2},
    {STYLE_ISSUE, {{2, FAULT_SPOILS}}, 0, 1, 1},
    {STYLE_OVERLAP, {{3, FAULT_LIES_REJECTED}, {6, FAULT_DIES_BEFORE}}, 0, 1, 2},
    {STYLE_OVERLAP, {{0}}, 3, 0, 0},
    {STYLE_OVERLAP, {{3, FAULT_REJECTS}, {6, FAULT_SPOILS}}, 0, 1, 2},
    {STYLE_ISSUE, {{2, FAULT_LIES}, {7, FAULT_DIES_BEFORE}}, 0, 2, 2},
    {STYLE_ISSUE, {{2, FAULT_SPOILS}}, 0, 1, 2},
    {STYLE_ISSUE, {{2, FAULT_LIES}, {6, FAULT_SPOILS}}, 0, 2, 2},
    /* As many values as the escrow has room for. */
    {STYLE_REPLACE, {{0}}, ESCROW_VALUES, 0, 0},
    {STYLE_OVERLAP, {{0}}, ESCROW_VALUES, 0, 0},
    {STYLE_ISSUE, {{0}}, ESCROW_VALUES, 0, 0},
};

static const enum verb giving[STYLES] =
    {[STYLE_REPLACE] = VERB_APPLY, [STYLE_OVERLAP] = VERB_ADD, [STYLE_ISSUE] = VERB_ISSUE};

/* With a THIRD fault, or those of its own alone; killed at durable step KILL_AT of what follows (0: never). */
static bool
tell(struct town *town, const struct story *story, const struct plan *third, int64_t kill_at)
{
	town_restore(town);
	town->kill_at = kill_at;
	memcpy(world()->scene.plans, story->plans, sizeof(story->plans));
	if (third->at != 0)
		world()->scene.plans[PLANS - 1] = *third;
	world()->scene.habit.verb = giving[story->style];
	/* A value that was made is there, whatever is said: one that does not work is the failure. */
	world()->scene.habit.fault = story->style == STYLE_ISSUE ? FAULT_LIES : FAULT_REJECTS;
	world()->scene.habit.times = story->failures;
	for (unsigned i = 0; i < story->runs; i++)
		if (!town_run(town, WAIT_LONGEST))
			return false;
	if (story->set != 0) /* 1: the old one */
		town_set(town,
		    story->set + (town->scene.untried != 0 ? town->scene.untried - 1 : 0));
	town->bench->shared->points = 0;
	town->bench->shared->kill_at = kill_at;
	return town_run_until_paid(town);
}

static unsigned
last_plan(const struct story *story)
{
	return story->plans[1].at != 0 ? story->plans[1].at : story->plans[0].at;
}

static void
tell_all(struct sweep *sweep, const struct story *story)
{
	struct plan third = {0};
	struct called trace[CALLS];

	bool fine = tell(sweep->town, story, &third, 0);
	int64_t points = sweep->town->bench->shared->points;
	unsigned calls = world()->scene.calls;

	memcpy(trace, world()->scene.trace, sizeof(trace));
	if (fine)
		town_expect_opens(sweep->town);
	for (int64_t at = 1; at <= points; at++)
		if (sweep_takes(++sweep->number, sweep->kill_step))
			(void)tell(sweep->town, story, &third, at);
	third.at = story->plans[PLANS - 1].at != 0 ? calls : last_plan(story);
	while (++third.at <= calls)
		for (int fault = FAULT_NONE + 1; fault < FAULTS; fault++) {
			const struct called *call = &trace[third.at - 1];

			third.fault = (enum fault)fault;
			if (fault_fits(third.fault, (enum verb)call->verb) &&
			    (sweep_takes(++sweep->number, sweep->plan_step) ||
			        cell_is_new(call, third.fault)))
				(void)tell(sweep->town, story, &third, 0);
		}
}

/* Each row of the table (states.c) was taken, and that lasted; the way to DEGRADED from where the target was told nothing yet
 * is rehearsed alone. */
static void
expect_each_row(enum style style)
{
	const struct tally *tally = &world()->tally;

	for (enum debt_state from = 0; from < DEBT_STATES; from++)
		for (enum debt_event event = 0; event < DEBT_EVENTS; event++) {
			bool rehearsed = event == DEBT_DEGRADES &&
			    (from == DEBT_OWED || from == DEBT_ISSUING) &&
			    tally->rehearsed[style][from][event] > 0;

			if (world_has_row(style, from, event) && !rehearsed &&
			    tally->rows[style][from][event] == 0)
				fail_msg("%s: no debt that is %s was ever %s", style_names[style],
				    debt_state_names[from], debt_event_leaves[event]);
		}
}

static void
sweep_grace(enum style style, uint32_t grace, size_t deep)
{
	const struct announcement announced = {.style = style,
	    .holds = style == STYLE_REPLACE ? 1 : 2,
	    .grace = grace,
	    .can = CAN_EXPEL};
	const char *taken = getenv("HALLIGAN_SWEEP");
	char name[40];

	snprintf(name, sizeof(name), "%s, %u s", style_names[style], grace);
	TOWN *town = town_new(name, &announced);
	struct sweep sweep = {.town = town,
	    .first_step = grace == 0 ? 3 : 23,
	    .plan_step = grace == 0 ? 61 : 331,
	    .kill_step = 397};
	struct plan plans[PLANS] = {{0}};
	int64_t points;

	assert_true(town_case(town, plans, 0, &points));
	kill_at_each(&sweep, plans, points);
	meet_each(&sweep);
	assert_true(town_case(town, plans, 0, &points));
	plan_each(&sweep, plans, 0, 1, deep);
	for (size_t i = 0; i < ARRAY_SIZE(stories); i++)
		if (stories[i].style == style)
			tell_all(&sweep, &stories[i]);
	report(name);
	assert_int_equal(world()->tally.failures, 0);
	cells_expect(style, grace, taken != NULL && strcmp(taken, "all") == 0);
}

/* Of what nobody has seen the old value is in no escrow, is never asked about, and need not be seen to die; all else is as
 * with any debt. */
static void
sweep_unseen(uint32_t grace)
{
	const struct announcement announced = {.style = STYLE_REPLACE,
	    .holds = 1,
	    .grace = grace,
	    .can = CAN_EXPEL};
	char name[40];

	snprintf(name, sizeof(name), "unseen, %u s", grace);
	TOWN *town = town_new_unseen(name, &announced);
	struct sweep sweep = {.town = town,
	    .first_step = grace == 0 ? 3 : 23,
	    .plan_step = grace == 0 ? 61 : 331,
	    .kill_step = 197};
	struct plan plans[PLANS] = {{0}};
	int64_t points;

	assert_true(town_case(town, plans, 0, &points));
	town_expect_opens(town);
	assert_true(town_case(town, plans, 0, &points));
	kill_at_each(&sweep, plans, points);
	assert_true(town_case(town, plans, 0, &points));
	plan_each(&sweep, plans, 0, 1, 1);
	for (size_t i = 0; i < ARRAY_SIZE(stories); i++)
		/* It is given its new value again whatever it took: there is nothing to repair, and it is paid. */
		if (stories[i].style == STYLE_REPLACE && stories[i].set == 0 &&
		    stories[i].failures < ESCROW_VALUES)
			tell_all(&sweep, &stories[i]);
	report(name);
	assert_int_equal(world()->tally.failures, 0);
}

/* The escrow has room for nothing but the old value: its quorum opens that, and what is owed is paid as after any release. */
static void
open_in_full_escrow(void)
{
	const struct announcement announced = {.style = STYLE_REPLACE,
	    .holds = 1,
	    .can = CAN_EXPEL};
	TOWN *town = town_new_unseen("unseen, full escrow", &announced);
	struct scene *scene = &world()->scene;

	scene->habit.verb = VERB_APPLY;
	scene->habit.fault = FAULT_REJECTS;
	scene->habit.times = ESCROW_VALUES;
	for (unsigned i = 0; i < 6; i++)
		assert_true(town_run(town, WAIT_LONGEST));
	assert_non_null(strstr(scene->last.note, "let its officers open that"));
	scene->habit.times = 0;
	scene->untried = 0;
	town_release(town);
	assert_true(town_run_until_paid(town));
	town_expect_ended(town, 1);
	town_expect_opens(town);
}

/* The escrow is full, and at call AT of the run that meets it nothing can be known; then others make the target accept one of the
 * rejected values alone.  False: AT was none such. */
static bool
find_at(struct town *town, enum style style, unsigned at)
{
	bool issues = style == STYLE_ISSUE;

	town_restore(town);
	world()->scene.habit.verb = giving[style];
	world()->scene.habit.fault = issues ? FAULT_LIES : FAULT_REJECTS;
	world()->scene.habit.times = ESCROW_VALUES;
	for (unsigned i = 0; i < (issues ? ESCROW_VALUES - 1 : 2); i++)
		assert_true(town_run(town, WAIT_LONGEST));
	world()->scene.plans[0] = (struct plan){world()->scene.calls + at, FAULT_LOCKED};
	assert_true(town_run(town, WAIT_LONGEST));
	if (strstr(world()->scene.last.note, "the escrow holds") == NULL)
		return false;
	world()->scene.habit.times = 0;
	town_set(town, 2);
	assert_true(town_run_until_paid(town));
	town_expect_opens(town);
	return true;
}

static void
find_in_full_escrow(enum style style)
{
	const struct announcement announced = {.style = style,
	    .holds = style == STYLE_REPLACE ? 1 : ANNOUNCED_HOLDS_MAX,
	    .can = CAN_EXPEL};
	TOWN *town = town_new("full escrow", &announced);
	unsigned found = 0;

	for (unsigned at = 1; at <= 20; at++)
		found += find_at(town, style, at);
	assert_true(found > 0);
}

/* ALONE: the grace time to sweep, in words; NULL: each of them. */
static void
sweep_style(enum style style, const char *alone)
{
	size_t swept = 0;

	for (size_t i = 0; i < ARRAY_SIZE(graces); i++)
		if (alone == NULL || strtoul(alone, NULL, 10) == graces[i]) {
			sweep_grace(style, graces[i], 1);
			swept++;
		}
	assert_true(swept > 0);
	find_in_full_escrow(style);
	if (alone == NULL)
		expect_each_row(style);
}

static void
whatever_goes_wrong_a_replaced_value_dies_and_another_always_works(void **state)
{
	sweep_style(STYLE_REPLACE, *state);
}

static void
whatever_goes_wrong_where_two_are_held_the_old_value_dies_and_another_always_works(void **state)
{
	sweep_style(STYLE_OVERLAP, *state);
}

static void
whatever_goes_wrong_where_the_target_makes_it_the_old_value_dies_and_another_always_works(
    void **state)
{
	sweep_style(STYLE_ISSUE, *state);
}

static void
whatever_goes_wrong_a_value_that_nobody_saw_is_replaced_and_not_tried(void **state)
{
	const char *alone = *state;

	for (size_t i = 0; i < ARRAY_SIZE(graces); i++)
		if (alone == NULL || strtoul(alone, NULL, 10) == graces[i])
			sweep_unseen(graces[i]);
	open_in_full_escrow();
}

/* Arguments: a style's name or "unseen", its test alone; and a grace time, in seconds, that alone. */
int
main(int argc, char **argv)
{
	struct CMUnitTest tests[] = {
	    cmocka_unit_test(whatever_goes_wrong_a_replaced_value_dies_and_another_always_works),
	    cmocka_unit_test(
	        whatever_goes_wrong_where_two_are_held_the_old_value_dies_and_another_always_works),
	    cmocka_unit_test(
	        whatever_goes_wrong_where_the_target_makes_it_the_old_value_dies_and_another_always_works),
	    cmocka_unit_test(whatever_goes_wrong_a_value_that_nobody_saw_is_replaced_and_not_tried),
	};
	const char *const names[] = {[STYLE_REPLACE] = "replace",
	    [STYLE_OVERLAP] = "overlap",
	    [STYLE_ISSUE] = "issue",
	    [STYLES] = "unseen"};

	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(names); i++)
		if (strcmp(argv[1], names[i]) == 0) {
			tests[i].initial_state = argc > 2 ? argv[2] : NULL;
			return _cmocka_run_group_tests(names[i], &tests[i], 1, NULL, NULL);
		}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
