/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"
#include "tests/lib/expect.h"

/* Two commands of our own, so that the real ones can change. */
static const struct option_row open_rows[] = {{"reason", "TEXT", OPTION_REQUIRED, "why"},
    {"field", "NAME", OPTION_REPEATS, "which"}, {"lifetime", "TIME", 0, "how long"},
    {"count", "N", 0, "how many"}, {"agent", NULL, 0, "flag"}, {NULL}};

static enum err_code
run_nothing(struct cli_call *call, struct err *err)
{
	(void)call;
	(void)err;
	return ERR_OK;
}

static const struct command commands[] = {{"open", "[ID]", "Open", open_rows, 0, 1,
                                              NEEDS_VAULT | NEEDS_TOKEN, run_nothing},
    {"secret add", "NAME", "Add", NULL, 1, 1, NEEDS_VAULT, run_nothing},
    {"secret list", "", "List", NULL, 0, 0, NEEDS_VAULT | CAN_JSON, run_nothing}, {NULL}};

enum { WORDS_MAX = 16 };
struct words {
	char text[WORDS_MAX][64];
	char *at[WORDS_MAX + 1];
	int count;
};

/* The words of LINE, as main would get them. */
static void
split(struct words *words, const char *line)
{
	words->count = 0;
	while (*line != '\0') {
		size_t size = strcspn(line, " ");

		assert_true(words->count < WORDS_MAX && size < sizeof(words->text[0]));
		memcpy(words->text[words->count], line, size);
		words->text[words->count][size] = '\0';
		words->at[words->count] = words->text[words->count];
		words->count++;
		line += size;
		line += *line == ' ';
	}
	words->at[words->count] = NULL;
}

static enum err_code
parse(const char *line, struct words *words, struct parsed *parsed, struct err *err)
{
	const struct command *command = NULL;
	int used = 0;

	split(words, line);
	TRY(command_find(commands, words->count, words->at, &command, &used, err));
	return options_parse(command, words->count - used, words->at + used, parsed, err);
}

static void
values_and_arguments_are_found(void **state)
{
	struct words words;
	struct parsed parsed;
	struct err err;
	const char *fields[4];

	(void)state;
	fine(parse("open --reason a=b abc --field=one --agent --field two", &words, &parsed, &err),
	    &err);
	assert_string_equal(option_text(&parsed, "reason"), "a=b");
	assert_true(option_given(&parsed, "agent"));
	assert_false(option_given(&parsed, "lifetime"));
	assert_int_equal(option_all(&parsed, "field", fields, 4), 2);
	assert_string_equal(fields[0], "one");
	assert_string_equal(fields[1], "two");
	assert_int_equal(parsed.argument_count, 1);
	assert_string_equal(parsed.arguments[0], "abc");
}

static void
two_dashes_end_the_options(void **state)
{
	struct words words;
	struct parsed parsed;
	struct err err;

	(void)state;
	fine(parse("open --reason x -- --agent", &words, &parsed, &err), &err);
	assert_false(option_given(&parsed, "agent"));
	assert_string_equal(parsed.arguments[0], "--agent");
}

static void
help_needs_nothing_else(void **state)
{
	struct words words;
	struct parsed parsed;
	struct err err;

	(void)state;
	fine(parse("open --help", &words, &parsed, &err), &err);
	assert_true(parsed.help);
}

static void
what_is_wrong_is_refused_with_the_nearest_name(void **state)
{
	static const struct {
		const char *line, *text;
	} rows[] = {
	    {"open --reasn x", "no option --reasn; did you mean --reason?"},
	    {"open --reason x --seral 5", "did you mean --serial?"},
	    {"open --reason x --json", "no option --json"},
	    {"open --reason x --reason y", "--reason is given twice"},
	    {"open --reason x --agent --agent", "--agent is given twice"},
	    {"open --reason", "--reason needs a value: TEXT"},
	    {"open --reason x --agent=yes", "--agent takes no value"},
	    {"open", "--reason TEXT is missing"},
	    {"open --reason x a b", "\"b\" is one argument too many"},
	    {"open --reason x -v", "they begin with --"},
	    {"secret add", "an argument is missing: halligan secret add NAME"},
	    {"secret list more", "takes no argument \"more\""},
	    {"opne", "did you mean `halligan open`?"},
	    {"secret lst", "did you mean `halligan secret list`?"},
	    {"secret", "needs one more word: secret add, secret list"},
	    {"qqqqqqqqqq", "there is no command \"qqqqqqqqqq\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct words words;
		struct parsed parsed;
		struct err err;

		expect_error(parse(rows[i].line, &words, &parsed, &err), ERR_USAGE, &err,
		    rows[i].text);
	}
}

static void
malformed_numbers_and_durations_are_refused(void **state)
{
	static const char *const numbers[] = {"", "x", "-1", "1x", "11", "99999999999999999999",
	    " 1"};
	static const char *const times[] = {"", "30", "30 m", "-5m", "1d2x", "11y"};
	struct parsed parsed = {.command = &commands[0], .value_count = 1};
	struct err err;
	int64_t value;

	(void)state;
	parsed.values[0].row = &open_rows[3];
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		parsed.values[0].value = numbers[i];
		expect_error(option_number(&parsed, "count", 0, 10, 7, &value, &err), ERR_USAGE,
		    &err, "--count");
	}
	parsed.values[0].value = "10";
	fine(option_number(&parsed, "count", 0, 10, 7, &value, &err), &err);
	assert_int_equal(value, 10);
	parsed.values[0].row = &open_rows[2];
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		parsed.values[0].value = times[i];
		expect_error(option_duration(&parsed, "lifetime", 0, &value, &err), ERR_USAGE, &err,
		    "--lifetime needs a duration");
	}
	parsed.values[0].value = "1h30m";
	fine(option_duration(&parsed, "lifetime", 0, &value, &err), &err);
	assert_int_equal(value, 5400);
	fine(option_number(&parsed, "count", 0, 10, 7, &value, &err), &err);
	assert_int_equal(value, 7);
}

static void
too_many_options_are_refused(void **state)
{
	static char word[] = "--field=x";
	char *argv[VALUES_MAX + 2];
	struct parsed parsed;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(argv); i++)
		argv[i] = word;
	expect_error(options_parse(&commands[0], VALUES_MAX + 1, argv, &parsed, &err), ERR_USAGE,
	    &err, "more than 128 options");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_and_arguments_are_found),
	    cmocka_unit_test(two_dashes_end_the_options),
	    cmocka_unit_test(help_needs_nothing_else),
	    cmocka_unit_test(what_is_wrong_is_refused_with_the_nearest_name),
	    cmocka_unit_test(malformed_numbers_and_durations_are_refused),
	    cmocka_unit_test(too_many_options_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
