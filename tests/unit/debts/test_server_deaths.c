/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a debt that goes on for long to its end: grades and grace times, values that are rejected or not taken again and
 * again, several deaths of one secret at once, and each row of the debt's table.
 */
#include "ceremony/server/rotation/wait.h"
#include "tests/unit/debts/debts_bench.h"
#include "tests/unit/sweep.h"

enum { HOUR = 3600 };

static const struct announcement replaces = {.style = STYLE_REPLACE, .holds = 1, .can = CAN_EXPEL},
                                 overlaps = {.style = STYLE_OVERLAP, .holds = 2, .can = CAN_EXPEL},
                                 issues = {.style = STYLE_ISSUE, .holds = 2, .can = CAN_EXPEL};

/* The verb by which the target gets, or makes, a value. */
static enum verb
giving(enum style style)
{
	return style == STYLE_REPLACE ? VERB_APPLY : style == STYLE_OVERLAP ? VERB_ADD : VERB_ISSUE;
}

/* --- Grades and grace times -------------------------------------------------------------------- */

/* Whatever goes wrong once, the old value dies by the grade that was announced. */
static void
die_by(const char *name, const struct announcement *announced)
{
	int64_t number = 0;
	TOWN *town = town_new(name, announced);
	struct plan plans[PLANS] = {{0}};
	struct called trace[CALLS];

	assert_true(town_case(town, plans, 0, NULL));
	town_expect_ended(town, 1);
	unsigned calls = world()->scene.calls;
	memcpy(trace, world()->scene.trace, sizeof(trace));
	for (unsigned at = 1; at <= calls; at++)
		for (int fault = FAULT_NONE + 1; fault < FAULTS; fault++) {
			plans[0] = (struct plan){at, (enum fault)fault};
			if (fault_fits((enum fault)fault, (enum verb)trace[at - 1].verb) &&
			    sweep_takes(++number, 9))
				(void)town_case(town, plans, 0, NULL);
		}
	assert_int_equal(world()->tally.failures, 0);
}

/* What a target of STYLE announces that takes old values for GRACE seconds. */
static struct announcement
of(enum style style, uint32_t grace)
{
	return (struct announcement){.style = style,
	    .holds = style == STYLE_REPLACE ? 1 : 2,
	    .grace = grace,
	    .can = CAN_EXPEL};
}

static void
an_old_value_dies_by_the_grade_that_was_announced(void **state)
{
	static const struct {
		const char *name;
		struct announcement announced;
	} rows[] = {
	    {"replace, copies", {.holds = 1, .death = DEATH_COPIES, .can = CAN_EXPEL}},
	    {"replace, cannot die", {.holds = 1, .death = DEATH_NONE}},
	    {"overlap, copies, stays", {.style = STYLE_OVERLAP, .holds = 2, .death = DEATH_COPIES}},
	    {"overlap, cannot die", {.style = STYLE_OVERLAP, .holds = 64, .death = DEATH_NONE}},
	    {"overlap, room for many", {.style = STYLE_OVERLAP, .holds = 64, .can = CAN_EXPEL}},
	    {"issue, room for many", {.style = STYLE_ISSUE, .holds = 64, .can = CAN_EXPEL}},
	    {"issue, stays", {.style = STYLE_ISSUE, .holds = 2}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		die_by(rows[i].name, &rows[i].announced);
}

static void
an_old_value_is_dead_when_its_grace_time_is_over_and_not_before(void **state)
{
	(void)state;
	for (enum style style = STYLE_REPLACE; style < STYLES; style++)
		for (uint32_t grace = 60; grace <= HOUR; grace *= 60) {
			char name[40];

			snprintf(name, sizeof(name), "%s, %u s", style_names[style], grace);
			die_by(name,
			    &(struct announcement){.style = style,
			        .holds = style == STYLE_REPLACE ? 1 : 2,
			        .grace = grace,
			        .can = CAN_EXPEL});
		}
}

#define TOLD(text) "SELECT count(*) FROM debts WHERE note LIKE '%" text "%'"

/* To the second, and no call is made before. */
static void
nothing_is_asked_while_the_grace_time_runs(void **state)
{
	struct announcement announced = overlaps;

	(void)state;
	announced.grace = HOUR;
	TOWN *town = town_new("overlap", &announced);
	town_restore(town);
	assert_true(town_run(town, 700));
	town_expect_state(town, DEBT_WATCHED);
	unsigned calls = world()->scene.calls;
	assert_true(town_run(town, HOUR - 1));
	town_expect_state(town, DEBT_WATCHED);
	assert_int_equal(world()->scene.calls, calls);
	assert_true(town_run(town, 1));
	assert_int_equal(world()->scene.unpaid, 0);
	town_expect_ended(town, 1);
}

/* It says that it took the old value away, and goes on to take it: told once more it has its time again, then a person
 * is asked, and the wait grows as after any try in vain. */
static void
a_target_that_takes_the_old_value_after_its_time_is_told_of(void **state)
{
	(void)state;
	for (enum style style = STYLE_REPLACE; style < STYLES; style++) {
		struct announcement announced = of(style, HOUR);
		TOWN *town = town_new(style_names[style], &announced);

		town_restore(town);
		world()->scene.habit.verb = style == STYLE_REPLACE ? VERB_APPLY : VERB_WITHDRAW;
		world()->scene.habit.fault = style == STYLE_REPLACE ? FAULT_BOTH : FAULT_LIES;
		world()->scene.habit.times = 100;
		assert_true(town_run(town, 700));
		assert_int_equal(bench_count(town->bench,
		                     "SELECT count(*) FROM debts WHERE note <> ''"),
		    0);
		assert_true(town_run(town, HOUR));
		assert_int_equal(bench_count(town->bench, TOLD("still accepted version 1 when")),
		    1);
		unsigned calls = world()->scene.calls;
		assert_true(town_run(town, HOUR - 1));
		assert_int_equal(world()->scene.calls, calls);
		assert_true(town_run(town, 1));
		assert_int_equal(bench_count(town->bench, TOLD("remove it there")), 1);
		assert_int_equal(world()->scene.last.tries, 1);
		assert_true(town_run(town, WAIT_FIRST));
		assert_int_equal(world()->scene.last.tries, 2);
		town_expect_state(town, DEBT_WATCHED);
		town_set(town, 2);
		assert_true(town_run_until_paid(town));
		town_expect_ended(town, 1);
	}
}

/* It could not be taken away if the target wanted to: its debt is paid all the same, as was announced. */
static void
what_cannot_die_is_not_waited_for(void **state)
{
	(void)state;
	for (enum style style = STYLE_OVERLAP; style < STYLES; style++) {
		TOWN *town = town_new(style_names[style],
		    &(struct announcement){.style = style, .holds = 64, .death = DEATH_NONE});

		town_restore(town);
		world()->scene.habit.verb = VERB_WITHDRAW;
		world()->scene.habit.fault = FAULT_UNCHANGED;
		world()->scene.habit.times = 100;
		assert_true(town_run(town, 700));
		assert_int_equal(world()->scene.unpaid, 0);
		town_expect_ended(town, 1);
	}
}

/* --- Again and again --------------------------------------------------------------------------- */

static void
suffer(struct town *town, enum verb verb, enum fault fault, unsigned times, unsigned runs)
{
	town_restore(town);
	world()->scene.habit.verb = verb;
	world()->scene.habit.fault = fault;
	world()->scene.habit.times = times;
	for (unsigned i = 0; i < runs && world()->scene.habit.times > 0; i++) {
		world()->scene.calls = 0; /* there are many */
		assert_true(town_run(town, WAIT_LONGEST));
	}
	assert_int_equal(world()->scene.habit.times, 0);
	assert_true(town_run_until_paid(town));
	town_expect_ended(town, 1);
	town_expect_opens(town);
}

static void
no_number_of_rejections_is_a_dead_end(void **state)
{
	(void)state;
	for (enum style style = STYLE_REPLACE; style < STYLES; style++) {
		const struct announcement *all[] = {&replaces, &overlaps, &issues};
		TOWN *town = town_new(style_names[style], all[style]);

		suffer(town, giving(style), FAULT_REJECTS, 30, 60);
		print_message("# %s: 30 rejections: %u values were made\n", town->name,
		    world()->scene.made);
	}
}

static void
what_was_not_changed_is_tried_again_with_the_same_value(void **state)
{
	(void)state;
	for (enum style style = STYLE_REPLACE; style < STYLES; style++) {
		const struct announcement *all[] = {&replaces, &overlaps, &issues};
		TOWN *town = town_new(style_names[style], all[style]);
		unsigned made = town->scene.made;

		suffer(town, giving(style), FAULT_UNCHANGED, 20, 40);
		assert_int_equal(world()->scene.current, 2);
		assert_int_equal(world()->scene.newest, 2);
		assert_int_equal(world()->scene.made, made + 1);
	}
}

static void
a_value_that_the_target_keeps_is_taken_away_in_the_end(void **state)
{
	(void)state;
	for (enum style style = STYLE_OVERLAP; style < STYLES; style++) {
		TOWN *town =
		    town_new(style_names[style], style == STYLE_OVERLAP ? &overlaps : &issues);

		suffer(town, VERB_WITHDRAW, FAULT_UNCHANGED, 20, 40);
		suffer(town, VERB_WITHDRAW, FAULT_LIES, 20, 40);
		suffer(town, VERB_WITHDRAW, FAULT_HANGS_BEFORE, 20, 40);
	}
}

/* Where there is room for it, it is accepted beside the others. */
static void
a_value_that_was_said_to_be_rejected_is_withdrawn_before_its_debt_is_paid(void **state)
{
	const struct announcement announced = {.style = STYLE_OVERLAP,
	    .holds = 64,
	    .can = CAN_EXPEL};
	const struct plan plans[PLANS] = {{3, FAULT_LIES_REJECTED}};
	TOWN *town = town_new("overlap", &announced);

	(void)state;
	assert_true(town_case(town, plans, 0, NULL));
	town_expect_ended(town, 1);
	assert_int_equal(world()->scene.current, 3);
	assert_true(world()->scene.refused[2]);
}

/* After six rejected values the target is made to accept one of them alone. */
static void
a_target_that_locks_out_is_told_apart_from_one_that_accepts_nothing(void **state)
{
	TOWN *town = town_new("replace", &replaces);

	(void)state;
	for (uint32_t version = 2; version <= 8; version++) {
		town_restore(town);
		world()->scene.habit.verb = VERB_APPLY;
		world()->scene.habit.fault = FAULT_REJECTS;
		world()->scene.habit.times = 6;
		for (unsigned i = 0; i < 3 && world()->scene.habit.times > 0; i++)
			assert_true(town_run(town, WAIT_LONGEST));
		world()->scene.habit.times = 1;
		world()->scene.habit.fault = FAULT_SPOILS;
		assert_true(town_run(town, WAIT_LONGEST));
		town_expect_state(town, DEBT_DEGRADED);
		assert_int_equal(bench_count(town->bench,
		                     "SELECT count(*) FROM ceremonies WHERE state = 'degraded'"),
		    1);
		town_set(town, version);
		world()->scene.locks_after = 5;
		assert_true(town_run_until_paid(town));
	}
}

/* Each of these runs shows the target values that it refuses. */
static void
the_wait_grows_while_a_target_says_that_it_did_what_it_did_not(void **state)
{
	(void)state;
	for (enum style style = STYLE_REPLACE; style <= STYLE_OVERLAP; style++) {
		TOWN *town =
		    town_new(style_names[style], style == STYLE_REPLACE ? &replaces : &overlaps);

		world()->scene.habit.verb = giving(style);
		world()->scene.habit.fault = FAULT_LIES;
		world()->scene.habit.times = 100;
		for (uint32_t tries = 1; tries <= 8; tries++) {
			assert_true(town_run(town, WAIT_LONGEST));
			assert_int_equal(world()->scene.last.tries, tries);
		}
	}
}

/* --- Several deaths at once -------------------------------------------------------------------- */

/* Three nights within an hour. */
static void
live_three_nights(struct town *town)
{
	town_restore(town);
	assert_true(town_run(town, 700));
	for (unsigned i = 1; i < 3; i++) {
		town_expect_state(town, DEBT_WATCHED);
		assert_int_equal(world()->scene.unpaid, i);
		town_release(town);
		assert_true(town_run(town, 0));
	}
	assert_int_equal(world()->scene.unpaid, 3);
	assert_int_equal(world()->scene.current, 4);
	for (uint32_t version = 1; version <= 4; version++) /* the grace time of all runs */
		assert_true(target_takes(world()->scene.sealed[version]));
}

static void
several_deaths_of_one_secret_end_in_order_each_with_its_statement(void **state)
{
	(void)state;
	for (enum style style = STYLE_REPLACE; style < STYLES; style++) {
		struct announcement announced = of(style, HOUR);
		TOWN *town = town_new(style_names[style], &announced);

		live_three_nights(town);
		for (unsigned i = 1; i <= 3; i++) {
			assert_true(town_run(town, i == 1 ? HOUR - 1400 : 700));
			town_expect_ended(town, i);
			assert_int_equal(world()->scene.unpaid, 3 - i);
		}
	}
}

/* From where TOWN is kept, killed at each durable step of a run SECONDS later; COUNT debts are paid then. */
static void
kill_at_each_step(struct town *town, int64_t seconds, unsigned count)
{
	struct served_shared *clock = town->bench->shared;

	for (int64_t at = 1, points = 1; at <= points; at++) {
		if (at > 1 && !sweep_takes(at, 47))
			continue;
		town_restore(town);
		clock->points = 0;
		clock->kill_at = at;
		assert_true(town_run(town, seconds));
		if (at == 1) { /* how many it has */
			town_restore(town);
			clock->points = 0;
			assert_true(town_run(town, seconds));
			points = clock->points;
		}
		assert_true(town_run_until_paid(town));
		town_expect_ended(town, count);
	}
}

static void
several_deaths_end_in_order_whoever_is_killed(void **state)
{
	(void)state;
	for (enum style style = STYLE_REPLACE; style < STYLES; style++) {
		struct announcement announced = of(style, HOUR);
		TOWN *town = town_new(style_names[style], &announced);

		live_three_nights(town);
		town_keep(town);
		kill_at_each_step(town, 3 * HOUR, 3);
	}
}

static void
a_second_night_during_the_first_ones_death_survives_a_kill(void **state)
{
	(void)state;
	for (enum style style = STYLE_REPLACE; style < STYLES; style++) {
		struct announcement announced = of(style, 900); /* it ends with the second lease */
		TOWN *town = town_new(style_names[style], &announced);

		assert_true(town_run(town, 700));
		town_release(town);
		town_keep(town);
		kill_at_each_step(town, 0, 2);
		kill_at_each_step(town, 300, 2);
	}
}

static void
a_new_debt_waits_until_the_old_value_of_the_one_before_is_taken_away(void **state)
{
	(void)state;
	for (enum style style = STYLE_OVERLAP; style < STYLES; style++) {
		TOWN *town =
		    town_new(style_names[style], style == STYLE_OVERLAP ? &overlaps : &issues);

		town_restore(town);
		world()->scene.habit.verb = VERB_WITHDRAW;
		world()->scene.habit.fault = FAULT_UNCHANGED;
		world()->scene.habit.times = 4;
		assert_true(town_run(town, 700));
		town_expect_state(town, DEBT_WITHDRAWING);
		town_release(town);
		for (unsigned i = 0; i < 3; i++) {
			assert_true(town_run(town, WAIT_LONGEST));
			town_expect_state(town, DEBT_OWED);
			assert_int_equal(world()->scene.newest, 2);
		}
		assert_true(town_run_until_paid(town));
		town_expect_ended(town, 2);
	}
}

/* The value that works got lost while the next debt of the secret waits for this one. */
static void
a_lost_value_under_a_waiting_debt_has_a_way_out(void **state)
{
	(void)state;
	for (enum style style = STYLE_OVERLAP; style < STYLES; style++) {
		TOWN *town =
		    town_new(style_names[style], style == STYLE_OVERLAP ? &overlaps : &issues);

		town_restore(town);
		world()->scene.habit.verb = VERB_WITHDRAW;
		world()->scene.habit.fault = FAULT_UNCHANGED;
		world()->scene.habit.times = 1;
		assert_true(town_run(town, 700));
		town_expect_state(town, DEBT_WITHDRAWING);
		town_release(town);
		town_set(town, 1); /* the old one alone */
		assert_true(town_run_until_paid(town));
		town_expect_opens(town);
	}
}

/* The target lost all of them, while the old value's death is watched, or could not be brought about. */
static void
the_next_ceremony_heals_a_target_that_lost_every_value(void **state)
{
	(void)state;
	for (enum style style = STYLE_REPLACE; style < STYLES; style++) {
		struct announcement announced = of(style, HOUR);
		TOWN *town = town_new(style_names[style], &announced);

		for (unsigned stuck = 0; stuck < 2; stuck++) {
			town_restore(town);
			world()->scene.habit.verb = VERB_WITHDRAW;
			world()->scene.habit.fault = FAULT_UNCHANGED;
			world()->scene.habit.times = stuck;
			assert_true(town_run(town, 700));
			town_release(town);
			target_forget_all();
			assert_true(town_run(town, 0)); /* both are due */
			assert_true(town_run(town, WAIT_LONGEST));
			town_expect_opens(town);
			world()->scene.spoiled = false;
			assert_true(town_run_until_paid(town));
		}
	}
}

/* Nor one that the rotator calls a refusal. */
static void
a_no_of_a_target_that_accepts_nothing_proves_no_death(void **state)
{
	(void)state;
	for (enum style style = STYLE_REPLACE; style < STYLES; style++) {
		struct announcement announced = of(style, HOUR);
		TOWN *town = town_new(style_names[style], &announced);

		town_restore(town);
		assert_true(town_run(town, 700));
		target_forget_all();
		world()->scene.blunt = true;
		assert_true(town_run(town, HOUR));
		town_expect_state(town, DEBT_WATCHED);
		assert_int_equal(world()->scene.ended_count, 0);
		town_set(town, 2);
		assert_true(town_run_until_paid(town));
		town_expect_ended(town, 1);
	}
}

/* Nor does what it accepted before the old value was taken away. */
static void
a_yes_before_the_change_vouches_for_no_death(void **state)
{
	(void)state;
	for (enum style style = STYLE_OVERLAP; style < STYLES; style++) {
		struct announcement announced = of(style, 0);
		TOWN *town = town_new(style_names[style], &announced);

		town_restore(town);
		world()->scene.habit.verb = VERB_WITHDRAW;
		world()->scene.habit.fault = FAULT_SPOILS;
		world()->scene.habit.times = 1;
		world()->scene.blunt = true;
		assert_true(town_run(town, 700));
		town_expect_state(town, DEBT_WATCHED);
		assert_int_equal(world()->scene.ended_count, 0);
		town_set(town, 2);
		assert_true(town_run_until_paid(town));
		town_expect_ended(town, 1);
	}
}

/* Others put back what was there before, while the old value's time runs. */
static void
nothing_is_taken_from_a_target_that_lost_the_new_value(void **state)
{
	(void)state;
	for (enum style style = STYLE_OVERLAP; style < STYLES; style++) {
		struct announcement announced = of(style, HOUR);
		TOWN *town = town_new(style_names[style], &announced);

		town_restore(town);
		assert_true(town_run(town, 700));
		town_expect_state(town, DEBT_WATCHED);
		town_set(town, 1);
		assert_true(town_run_until_paid(town));
		town_expect_opens(town);
	}
}

static void
a_death_is_proven_by_the_value_that_works_now(void **state)
{
	(void)state;
	/* Watched, while two further nights rotate the value that worked then. */
	struct announcement announced = replaces;

	announced.grace = HOUR;
	TOWN *town = town_new("replace", &announced);
	live_three_nights(town);
	world()->scene.habit.verb = VERB_PROBE; /* the first two proofs fail */
	world()->scene.habit.fault = FAULT_DENIED;
	world()->scene.habit.times = 2;
	assert_true(town_run_until_paid(town));
	town_expect_ended(town, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_old_value_dies_by_the_grade_that_was_announced),
	    cmocka_unit_test(an_old_value_is_dead_when_its_grace_time_is_over_and_not_before),
	    cmocka_unit_test(nothing_is_asked_while_the_grace_time_runs),
	    cmocka_unit_test(what_cannot_die_is_not_waited_for),
	    cmocka_unit_test(a_target_that_takes_the_old_value_after_its_time_is_told_of),
	    cmocka_unit_test(no_number_of_rejections_is_a_dead_end),
	    cmocka_unit_test(what_was_not_changed_is_tried_again_with_the_same_value),
	    cmocka_unit_test(a_value_that_the_target_keeps_is_taken_away_in_the_end),
	    cmocka_unit_test(
	        a_value_that_was_said_to_be_rejected_is_withdrawn_before_its_debt_is_paid),
	    cmocka_unit_test(a_target_that_locks_out_is_told_apart_from_one_that_accepts_nothing),
	    cmocka_unit_test(the_wait_grows_while_a_target_says_that_it_did_what_it_did_not),
	    cmocka_unit_test(several_deaths_of_one_secret_end_in_order_each_with_its_statement),
	    cmocka_unit_test(several_deaths_end_in_order_whoever_is_killed),
	    cmocka_unit_test(a_second_night_during_the_first_ones_death_survives_a_kill),
	    cmocka_unit_test(a_new_debt_waits_until_the_old_value_of_the_one_before_is_taken_away),
	    cmocka_unit_test(a_lost_value_under_a_waiting_debt_has_a_way_out),
	    cmocka_unit_test(the_next_ceremony_heals_a_target_that_lost_every_value),
	    cmocka_unit_test(a_no_of_a_target_that_accepts_nothing_proves_no_death),
	    cmocka_unit_test(a_yes_before_the_change_vouches_for_no_death),
	    cmocka_unit_test(nothing_is_taken_from_a_target_that_lost_the_new_value),
	    cmocka_unit_test(a_death_is_proven_by_the_value_that_works_now),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
