/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/edits_vault.h"

#include <stdio.h>
#include <time.h>

static double
seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void
nothing(void *context)
{
	(void)context;
}

static void
an_unedited_vault_does_the_same_again(void **state)
{
	double a = seconds();
	struct past *past = past_new();
	(void)state;
	double b = seconds();
	printf("# history %.2f s\n", b - a);
	past_record(past);
	printf("# record %.2f s\n", seconds() - b);
	for (size_t i = 0; i < past->script_count; i++) {
		struct step steps[SCRIPT_MAX * 2];
		size_t count = 0;
		double c = seconds();
		past_restore(past);
		double d = seconds();
		if (i == 0)
			for (size_t j = 0; j < past->reads->count; j++)
				steps[count++] = (struct step){&past->reads->commands[j], false};
		for (size_t j = 0; j < past->scripts[i]->count; j++)
			steps[count++] = (struct step){&past->scripts[i]->commands[j],
			    j > 0 && past->scripts[i]->commands[j].fresh};
		PLAY play = {.steps = steps, .count = count, .edit_at = SIZE_MAX, .edit = nothing};
		play_run(&play, past->bench->vault);
		printf("# %s: %zu steps, %d, restore %.4f, play %.4f\n%s", past->scripts[i]->name, count, play.end, d - c,
		    seconds() - d, play.fault.size ? buf_string(&play.fault) : "");
	}
	for (size_t i = 0; i < past->file_count; i++)
		printf("# %s %zu\n", past->files[i].name, past->files[i].bytes.size);
	past_free(past);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_unedited_vault_does_the_same_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
