/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A database that somebody edits, in ten thousand ways, before a session or while one is open.  Then it is read, in
 * some of all the ways there are, something is done, and all of it is verified.  Each command does and says what it does
 * and says with the vault as it was, until one says that the database was tampered with, and does nothing more: the first
 * that rests on what was edited.
 *
 * HALLIGAN_EDIT=N: that one alone, told in full.
 */
#include <stdio.h>

#include "tests/unit/edits/kinds.h"
#include "tests/unit/sweep.h"

enum { EDITS = 10000, STEP = 20, STEPS = 2 * SCRIPT_MAX, FAULTS_TOLD = 20, OPS = 64 };
enum { MANY = 200, MANY_OF_A_KIND = 40 };

/* How many were met by each command, or, in a session that was not open yet, when it began. */
struct met {
	char name[32];
	unsigned count;
};
struct tally {
	struct past *past;
	unsigned made[EDIT_KINDS], met[EDIT_KINDS], last[EDIT_KINDS], none[EDIT_KINDS];
	struct met ops[OPS];
	size_t op_count;
	unsigned faults, cut;
	uint64_t number; /* of the edit in hand; 0: none */
};

/* --- One edit ----------------------------------------------------------------------------- */

struct trial {
	const struct past *past;
	uint64_t random;
	struct edit edit;
	struct step steps[STEPS];
	size_t count;
};

static void
edit_now(void *context)
{
	struct trial *trial = context;

	edit_vault(trial->past, &trial->random, &trial->edit);
}

static void
add_step(struct trial *trial, const struct command *command, bool fresh)
{
	assert_true(trial->count < STEPS);
	trial->steps[trial->count++] = (struct step){command, fresh};
}

/* A session that begins; READS ways to read; one script, whose last command verifies all. */
static void
draw_steps(struct trial *trial, uint64_t reads, const struct script *script)
{
	const struct script *ways = trial->past->reads;

	add_step(trial, &script->commands[0], false);
	for (; reads > 0; reads--)
		add_step(trial, &ways->commands[seams_draw(&trial->random, ways->count)], false);
	for (size_t i = 1; i < script->count; i++)
		add_step(trial, &script->commands[i], script->commands[i].fresh);
}

/* Before the session, before the first command in it, or later. */
static size_t
draw_place(struct trial *trial)
{
	uint64_t when = seams_draw(&trial->random, 4);

	return when == 0 ? 0 : when < 3 ? 1 : 1 + seams_draw(&trial->random, trial->count - 1);
}

static void
count_met(struct tally *tally, const char *name)
{
	size_t i = 0;

	while (i < tally->op_count && strcmp(tally->ops[i].name, name) != 0)
		i++;
	assert_true(i < OPS);
	if (i == tally->op_count) {
		snprintf(tally->ops[i].name, sizeof(tally->ops[i].name), "%s", name);
		tally->op_count++;
	}
	tally->ops[i].count++;
}

static void
count_trial(struct tally *tally, const struct trial *trial, const struct play *play)
{
	enum edit_kind kind = trial->edit.kind;
	bool last = play->at == trial->count;

	tally->made[kind]++;
	if (play->end == PLAY_SAME) {
		tally->none[kind]++;
		return;
	}
	*(last ? &tally->last[kind] : &tally->met[kind]) += 1;
	count_met(tally,
	    play->in_due         ? "(what is due)" :
	        play->in_session ? trial->steps[play->at - 1].command->name :
	                           "(a session begins)");
}

static void
tell_fault(struct tally *tally, uint64_t number, struct trial *trial, struct play *play)
{
	if (tally->faults++ >= FAULTS_TOLD)
		return;
	printf("# HALLIGAN_EDIT=%llu: %s, before step %zu of %zu: %.1500s\n%s",
	    (unsigned long long)number, edit_names[trial->edit.kind], play->edit_at, trial->count,
	    buf_string(&trial->edit.sql),
	    play->fault.size > 0 ? buf_string(&play->fault) : "# nothing met it\n");
}

static void
try(struct tally *tally, uint64_t number)
{
	struct past *past = tally->past;
	struct trial trial = {.past = past, .random = number * UINT64_C(0xa0761d6478bd642f) + 1};

	tally->number = number;
	past_restore(past);
	draw_steps(&trial, 4 + seams_draw(&trial.random, 9),
	    past->scripts[seams_draw(&trial.random, past->script_count)]);
	PLAY play = {.steps = trial.steps,
	    .count = trial.count,
	    .edit_at = draw_place(&trial),
	    .edit = edit_now,
	    .context = &trial};
	play_run(&play, past->bench->vault);
	if (play.end == PLAY_WRONG || (play.end == PLAY_SAME && trial.edit.shows))
		tell_fault(tally, number, &trial, &play);
	count_trial(tally, &trial, &play);
	tally->cut += play.cut;
	edit_done(&trial.edit);
	tally->number = 0;
}

/* --- Tests -------------------------------------------------------------------------------- */

static void
an_unedited_vault_does_the_same_again(void **state)
{
	struct tally *tally = *state;
	struct past *past = tally->past;

	for (size_t i = 0; i < past->script_count; i++) {
		struct trial trial = {.past = past};

		past_restore(past);
		draw_steps(&trial, 0, past->scripts[i]);
		PLAY play = {.steps = trial.steps, .count = trial.count, .edit_at = SIZE_MAX};
		play_run(&play, past->bench->vault);
		if (play.end != PLAY_SAME)
			fail_msg("%s: %s", past->scripts[i]->name, buf_string(&play.fault));
	}
}

/* Where each takes much longer, what the edit does is known from the others. */
static int64_t
step(void)
{
#ifdef __SANITIZE_ADDRESS__
	return 5 * STEP;
#else
	return under_valgrind() ? 100 * STEP : STEP;
#endif
}

static void
each_edit_is_an_alarm_where_it_counts_or_changes_nothing(void **state)
{
	struct tally *tally = *state;
	const char *one = getenv("HALLIGAN_EDIT");

	for (uint64_t number = 1; number <= EDITS; number++)
		if (one != NULL ? (uint64_t)atoll(one) == number :
		                  sweep_takes((int64_t)number, step()))
			try(tally, number);
	if (tally->faults > 0)
		fail_msg("%u edits", tally->faults);
}

/* Else it would show little. */
static void
edits_of_each_kind_are_met_by_the_commands_that_rest_on_them(void **state)
{
	const struct tally *tally = *state;
	unsigned met = 0, made = 0;

	for (int kind = 0; kind < EDIT_KINDS; kind++) {
		made += tally->made[kind];
		met += tally->met[kind];
	}
	if (made < MANY)
		return; /* by hand */
	for (int kind = 0; kind < EDIT_KINDS; kind++)
		if (tally->made[kind] >= MANY_OF_A_KIND && tally->met[kind] == 0)
			fail_msg("%s: %u made, none met", edit_names[kind], tally->made[kind]);
	assert_true(met >= made / 2);
	assert_true(tally->cut <= 1 + made / 1000);
}

static int
tell(void **state)
{
	struct tally *tally = *state;

	if (tally->number != 0)
		printf("# it stopped at HALLIGAN_EDIT=%llu\n", (unsigned long long)tally->number);
	for (int kind = 0; kind < EDIT_KINDS; kind++)
		printf("# %5u %-30s %5u met, %4u by verifying all; %3u changed nothing\n",
		    tally->made[kind], edit_names[kind], tally->met[kind], tally->last[kind],
		    tally->none[kind]);
	printf("# %5u stopped a piece of work that had begun\n", tally->cut);
	for (size_t i = 0; i < tally->op_count; i++)
		printf("# %5u met by %s\n", tally->ops[i].count, tally->ops[i].name);
	past_free(tally->past);
	free(tally);
	return 0;
}

static int
start(void **state)
{
	struct tally *tally = calloc(1, sizeof(*tally));

	assert_non_null(tally);
	tally->past = past_new();
	past_record(tally->past);
	*state = tally;
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_unedited_vault_does_the_same_again),
	    cmocka_unit_test(each_edit_is_an_alarm_where_it_counts_or_changes_nothing),
	    cmocka_unit_test(edits_of_each_kind_are_met_by_the_commands_that_rest_on_them),
	};
	return cmocka_run_group_tests(tests, start, tell);
}
