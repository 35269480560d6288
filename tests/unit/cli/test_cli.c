/* SPDX-License-Identifier: Apache-2.0 */
/* The command from argv to exit code, with fakes for tokens, clock and terminal. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/run.h"
#include "cli/terminal/ui.h"
#include "rotators/contract/places.h"
#include "tests/lib/expect.h"

/* What went to standard output and standard error. */
struct heard {
	struct buf out, err;
	int pin_fd;
	bool diverted;
};

static void
heard_done(struct heard *heard)
{
	buf_done(&heard->out);
	buf_done(&heard->err);
}
#define HEARD CLEANUP(heard_done) struct heard

static void
print(void *context, const char *line)
{
	struct heard *heard = context;

	buf_format(&heard->out, "%s\n", line);
}

static void
complain(void *context, const char *line)
{
	struct heard *heard = context;

	buf_format(&heard->err, "%s\n", line);
}

static void
say(void *context, const char *line)
{
	struct heard *heard = context;

	buf_format(heard->diverted ? &heard->err : &heard->out, "%s\n", line);
}

static void
divert(void *context)
{
	struct heard *heard = context;

	heard->diverted = true;
}

static void
use_pin_fd(void *context, int fd)
{
	struct heard *heard = context;

	heard->pin_fd = fd;
}

static enum err_code
check_show(void *context, struct err *err)
{
	(void)context;
	return err_set(err, ERR_REFUSED, "there is no screen");
}

static int64_t
now(void)
{
	return 1767230000;
}

/* One token, and how listing it fails. */
static enum err_code
list(void *driver, const struct token_seek *seek, struct token_list *ret_list, struct err *err)
{
	const enum err_code *failure = driver;

	(void)seek;
	if (*failure != ERR_OK) {
		err_set(err, *failure, "the list failed.  Not by this");
		err_part(err, "Since when is not known");
		return err_part(err, "What to do: look");
	}
	ret_list->count = 1;
	ret_list->found[0] =
	    (struct token_found){.reader = "reader 0", .serial = 4711, .firmware = {5, 7, 4}};
	return ERR_OK;
}

static const struct token_traits traits = {.name = "piv"};
static const struct token_ops ops = {.traits = &traits, .list = list};

/* Run LINE; FAILURE is what the tokens answer. */
static int
run(const char *line, enum err_code failure, struct heard *heard)
{
	static const struct rotator_places nowhere = {.shipped = "/nonexistent"};
	struct token_driver driver = {.ops = &ops, .driver = &failure};
	const struct cli_drivers drivers = {.tokens = &driver,
	    .token_count = 1,
	    .self = "/nonexistent/halligan",
	    .rotators = &nowhere,
	    .now = now};
	const struct ui ui = {.context = heard, .say = say, .relay = say, .progress = say};
	const struct cli_io io = {.ui = &ui,
	    .context = heard,
	    .print = print,
	    .complain = complain,
	    .divert = divert,
	    .use_pin_fd = use_pin_fd,
	    .check_show = check_show};
	char words[16][80], *argv[18] = {NULL};
	int argc = 0;

	*heard = (struct heard){.pin_fd = -1};
	for (const char *at = line; *at != '\0'; at += *at == ' ') {
		size_t size = strcspn(at, " ");

		assert_true(argc < 16 && size < sizeof(words[0]));
		memcpy(words[argc], at, size);
		words[argc][size] = '\0';
		argv[argc] = words[argc];
		argc++;
		at += size;
	}
	return cli_run(argc, argv, &drivers, &io);
}

static void
expect_in(struct buf *heard, const char *text)
{
	if (strstr(buf_string(heard), text) == NULL)
		fail_msg("\"%s\" is not in: %s", text, buf_string(heard));
}

static void
exit_codes_say_what_kind_of_trouble_it_is(void **state)
{
	static const struct {
		enum err_code failure;
		int code;
	} rows[] = {
	    {ERR_OK, 0},
	    {ERR_REFUSED, 1},
	    {ERR_IO, 1},
	    {ERR_NOT_FOUND, 1},
	    {ERR_USAGE, 2},
	    {ERR_WAITING, 3},
	    {ERR_TOKEN, 4},
	    {ERR_TOKEN_GONE, 4},
	    {ERR_TOKEN_ABSENT, 4},
	    {ERR_PIN, 4},
	    {ERR_PIN_BLOCKED, 4},
	    {ERR_TOUCH, 4},
	    {ERR_TARGET, 5},
	    {ERR_TARGET_UNKNOWN, 5},
	    {ERR_INTEGRITY, 6},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		HEARD heard;

		assert_int_equal(run("halligan token list", rows[i].failure, &heard), rows[i].code);
		if (rows[i].failure != ERR_OK)
			expect_in(&heard.err, "the list failed.  Not by this.\n  Since");
	}
}

static void
an_alarm_says_what_was_met_since_when_and_what_to_do_on_a_line_each(void **state)
{
	HEARD heard;

	(void)state;
	assert_int_equal(run("halligan token list", ERR_INTEGRITY, &heard), 6);
	expect_in(&heard.err,
	    "halligan: integrity alarm: the list failed.  Not by this.\n  Since when is not known.\n  What to do: look\n"
	    "hint: nobody approves anything");
}

static void
an_error_with_a_remedy_comes_with_a_hint(void **state)
{
	HEARD heard;

	(void)state;
	assert_int_equal(run("halligan token list", ERR_TOKEN_ABSENT, &heard), 4);
	expect_in(&heard.err, "\nhint: plug the right token in");
	heard_done(&heard);
	assert_int_equal(run("halligan token list --qq", ERR_OK, &heard), 2);
	expect_in(&heard.err, "\nhint: halligan token list --help");
}

static void
json_alone_is_on_standard_output(void **state)
{
	HEARD heard;
	JSON *object = NULL;
	struct err err;
	struct view line;

	(void)state;
	assert_int_equal(run("halligan token list --json", ERR_OK, &heard), 0);
	line = buf_view(&heard.out);
	assert_true(line.size > 0 && line.data[line.size - 1] == '\n');
	fine(json_parse(view_of(line.data, line.size - 1), &object, &err), &err);
	expect_in(&heard.err, "4711");
}

static void
help_names_each_command_and_its_options(void **state)
{
	(void)state;
	for (const struct command *command = cli_commands; command->name != NULL; command++) {
		HEARD heard;
		char line[120];

		assert_int_equal(run("halligan --help", ERR_OK, &heard), 0);
		expect_in(&heard.out, command->name);
		heard_done(&heard);
		snprintf(line, sizeof(line), "halligan %s --help", command->name);
		assert_int_equal(run(line, ERR_OK, &heard), 0);
		expect_in(&heard.out, command->help);
		expect_in(&heard.out, "--help");
	}
}

static void
help_of_a_group_names_its_commands_alone(void **state)
{
	(void)state;
	HEARD heard = {0};

	assert_int_equal(run("halligan log --help", ERR_OK, &heard), 0);
	expect_in(&heard.out, "log verify");
	expect_in(&heard.out, "log list");
	assert_null(strstr(buf_string(&heard.out), "secret add"));
}

static void
no_command_is_a_usage_error(void **state)
{
	HEARD heard;

	(void)state;
	assert_int_equal(run("halligan", ERR_OK, &heard), 2);
	expect_in(&heard.err, "usage: halligan COMMAND");
	heard_done(&heard);
	assert_int_equal(run("halligan --version", ERR_OK, &heard), 0);
	expect_in(&heard.out, "halligan " HALLIGAN_VERSION);
}

static void
a_vault_must_be_named(void **state)
{
	HEARD heard;

	(void)state;
	assert_int_equal(unsetenv("HALLIGAN_VAULT"), 0);
	assert_int_equal(run("halligan status", ERR_OK, &heard), 2);
	expect_in(&heard.err, "which vault?");
	heard_done(&heard);
	assert_int_equal(run("halligan status --vault /tmp", ERR_OK, &heard), 1);
	expect_in(&heard.err, "cannot start the server");
}

static void
a_credential_goes_to_exactly_one_place(void **state)
{
	static const char *const lines[] = {"halligan open --vault /v",
	    "halligan open --vault /v --agent --show", "halligan open --vault /v --show --fd 7"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		HEARD heard;

		assert_int_equal(run(lines[i], ERR_OK, &heard), 2);
		expect_in(&heard.err, "where shall it go?");
	}
}

/* The vault cannot be reached here: what is said comes before it, the token and its PIN. */
static void
where_a_credential_cannot_go_is_said_before_anything_else(void **state)
{
	static const struct {
		const char *line, *text;
		int code;
	} rows[] = {
	    {"--show", "there is no screen", 1},
	    {"--agent", "cannot start the server", 1},
	    {"--agent --agent-lifetime soon", "--agent-lifetime", 2},
	    {"--fd 77", "descriptor 77 is not open", 2},
	    {"--fd 256", "--fd must be 0 to 255", 2},
	    {"--fd 1 --field nonsense", "there is no field \"nonsense\"", 2},
	    {"--fd 1 --field passwort", "did you mean password?", 2},
	    {"--fd 78", "descriptor 78 is open for reading only", 2},
	    {"--fd 1", "cannot start the server", 1},
	    {"--fd 1 --field note", "cannot start the server", 1},
	};
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(dup2(fd, 78), 78);
	close(fd);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		HEARD heard;
		char line[120];

		snprintf(line, sizeof(line), "halligan open --vault /tmp %s", rows[i].line);
		assert_int_equal(run(line, ERR_OK, &heard), rows[i].code);
		expect_in(&heard.err, rows[i].text);
	}
	close(78);
}

/* Not even asked: a full one, one that writes keys to disk, or one that is gone changes nothing. */
static void
the_persons_own_agent_is_not_needed(void **state)
{
	HEARD heard;

	(void)state;
	assert_int_equal(setenv("SSH_AUTH_SOCK", "/nonexistent/agent", 1), 0);
	assert_int_equal(run("halligan open --vault /tmp --agent", ERR_OK, &heard), 1);
	expect_in(&heard.err, "cannot start the server");
	assert_int_equal(unsetenv("SSH_AUTH_SOCK"), 0);
}

/* RET_SECRET is what a pipe that holds TEXT gives. */
static enum err_code
through_a_pipe(const char *text, size_t max, bool one_line, struct secret **ret_secret,
    struct err *err)
{
	int ends[2];
	enum err_code code;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
	close(ends[1]);
	code = read_secret_fd(ends[0], max, one_line, ret_secret, err);
	close(ends[0]);
	return code;
}

static void
a_secret_from_a_descriptor_is_one_line_of_limited_length(void **state)
{
	SECRET *secret = NULL;
	struct err err;

	(void)state;
	fine(through_a_pipe("73920158\n", 8, true, &secret, &err), &err);
	assert_view(secret_view(secret), view_of_text("73920158"));
	secret_freep(&secret);
	fine(through_a_pipe("key\n", 8, false, &secret, &err), &err);
	assert_view(secret_view(secret), view_of_text("key\n"));
	secret_freep(&secret);
	expect_error(through_a_pipe("739201589", 8, true, &secret, &err), ERR_INVALID, &err,
	    "more than 8 bytes");
	expect_error(through_a_pipe("\n", 8, true, &secret, &err), ERR_INVALID, &err, "nothing");
	expect_error(through_a_pipe("", 8, true, &secret, &err), ERR_INVALID, &err, "nothing");
	assert_null(secret);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(exit_codes_say_what_kind_of_trouble_it_is),
	    cmocka_unit_test(an_alarm_says_what_was_met_since_when_and_what_to_do_on_a_line_each),
	    cmocka_unit_test(an_error_with_a_remedy_comes_with_a_hint),
	    cmocka_unit_test(json_alone_is_on_standard_output),
	    cmocka_unit_test(help_names_each_command_and_its_options),
	    cmocka_unit_test(help_of_a_group_names_its_commands_alone),
	    cmocka_unit_test(no_command_is_a_usage_error),
	    cmocka_unit_test(a_vault_must_be_named),
	    cmocka_unit_test(a_credential_goes_to_exactly_one_place),
	    cmocka_unit_test(where_a_credential_cannot_go_is_said_before_anything_else),
	    cmocka_unit_test(the_persons_own_agent_is_not_needed),
	    cmocka_unit_test(a_secret_from_a_descriptor_is_one_line_of_limited_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
