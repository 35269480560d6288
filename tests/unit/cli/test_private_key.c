/* SPDX-License-Identifier: Apache-2.0 */
/* A program in the place of halligan-unlock-key that says of everything that the passphrase is wrong, and counts. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/options.h"
#include "cli/private_key.h"
#include "tests/unit/check.h"

static unsigned asked;

static enum err_code
ask(void *context, const char *prompt, size_t max, struct secret **ret_secret, struct err *err)
{
	(void)context;
	(void)prompt;
	(void)max;
	asked++;
	return secret_from(view_of_text("wrong"), ret_secret, err);
}

static void
say(void *context, const char *line)
{
	(void)context;
	(void)line;
}

/* How often the program runs for FILE, and in `asked` how often a person was asked; OPTION: one that is given, or NULL. */
static size_t
count_runs(const char *file, const struct option_row *option, const char *value)
{
	char folder[] = "/tmp/halligan-test-XXXXXX", program[60], counter[60], line[10];
	const struct ui ui = {.say = say, .ask_secret = ask};
	const struct cli_io io = {.ui = &ui};
	const struct cli_drivers drivers = {.unlock = program};
	struct parsed parsed = {.value_count = option != NULL ? 1 : 0};
	const struct cli_call call = {.drivers = &drivers, .io = &io, .parsed = &parsed};
	SECRET *key = NULL;
	struct err err;
	size_t runs = 0;
	FILE *text;

	parsed.values[0].row = option;
	parsed.values[0].value = value;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(program, sizeof(program), "%s/unlock", folder);
	(void)snprintf(counter, sizeof(counter), "%s/runs", folder);
	text = fopen(program, "w");
	assert_non_null(text);
	(void)fprintf(text, "#!/bin/sh\necho run >>%s\necho wrong\nexit 3\n", counter);
	assert_int_equal(fchmod(fileno(text), 0700), 0);
	fclose(text);

	asked = 0;
	assert_int_equal(secret_from(view_of_text(file), &key, &err), ERR_OK);
	assert_error(ERR_REFUSED, private_key_take(&call, &key, &err));
	text = fopen(counter, "r");
	while (text != NULL && fgets(line, sizeof(line), text) != NULL)
		runs++;
	if (text != NULL)
		fclose(text);
	unlink(counter);
	unlink(program);
	rmdir(folder);
	return runs;
}

static const char locked[] =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
static const char unlocked[] = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";

static int
start(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN); /* as the program does */
	return 0;
}

static void
a_person_is_asked_three_times(void **state)
{
	(void)state;
	assert_int_equal(count_runs(locked, NULL, NULL), 3);
	assert_int_equal(asked, 3);
}

static void
what_nobody_is_asked_for_is_tried_once(void **state)
{
	static const struct option_row row = {.name = "passphrase-fd"};
	char number[12];
	int ends[2];

	(void)state;
	assert_int_equal(count_runs(unlocked, NULL, NULL), 1);
	assert_int_equal(asked, 0);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "word\n", 5), 5);
	close(ends[1]);
	(void)snprintf(number, sizeof(number), "%d", ends[0]);
	assert_int_equal(count_runs(locked, &row, number), 1);
	assert_int_equal(asked, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_person_is_asked_three_times),
	    cmocka_unit_test(what_nobody_is_asked_for_is_tried_once),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
