/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command gets its drivers, its options and a place to speak to; it returns an error, which is
 * printed here, once, with its hint.
 */
#include "cli/run.h"

#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/hint.h"
#include "cli/terminal/timing.h"

int
cli_exit_code(enum err_code code)
{
	switch (code) {
	case ERR_OK:
		return 0;
	case ERR_USAGE:
		return 2;
	case ERR_WAITING:
		return 3;
	case ERR_TOKEN:
	case ERR_TOKEN_GONE:
	case ERR_TOKEN_ABSENT:
	case ERR_PIN:
	case ERR_PIN_BLOCKED:
	case ERR_TOUCH:
		return 4;
	case ERR_TARGET:
	case ERR_TARGET_UNKNOWN:
		return 5;
	case ERR_INTEGRITY:
		return 6;
	default:
		return 1;
	}
}

/* What was met on the first line; since when, and what to do, on lines of their own, never in the first column. */
static void
complain_text(const struct cli_io *io, const struct err *err)
{
	const char *lead =
	    err->code == ERR_INTEGRITY ? "halligan: integrity alarm: " : "halligan: ";
	char text[ERR_TEXT_SIZE], line[ERR_TEXT_SIZE + 160];

	for (size_t i = 0, count = err_parts(err); i < count; i++, lead = "  ") {
		err_copy_part(err, i, text);
		snprintf(line, sizeof(line), "%s%s%s", lead, text, i + 1 == count ? "" : ".");
		io->complain(io->context, line);
	}
}

static int
complain(const struct cli_io *io, const char *command, enum err_code code, const struct err *err)
{
	const char *hint = cli_hint(code, command);
	char line[ERR_TEXT_SIZE + 160];

	complain_text(io, err);
	if (code == ERR_USAGE && command != NULL) {
		snprintf(line, sizeof(line), "hint: halligan %s --help", command);
		io->complain(io->context, line);
	} else if (code == ERR_USAGE) {
		io->complain(io->context, "hint: halligan --help");
	} else if (hint != NULL) {
		snprintf(line, sizeof(line), "hint: %s", hint);
		io->complain(io->context, line);
	}
	return cli_exit_code(code);
}

static enum err_code
run(struct cli_call *call, struct err *err)
{
	enum err_code code = call->parsed->command->run(call, err);

	client_freep(&call->client);
	return code;
}

/* With --timing the drivers are measured, and what they took is said at the end. */
static enum err_code
run_timed(struct cli_call *call, struct err *err)
{
	struct timing timing;
	struct cli_drivers measured = *call->drivers;
	struct cli_call timed = {.drivers = &measured, .io = call->io, .parsed = call->parsed};
	char text[TIMING_TEXT_SIZE];
	enum err_code code;

	if (!option_given(call->parsed, "timing"))
		return run(call, err);
	timing_begin(&timing, call->drivers->tokens, call->drivers->token_count);
	measured.tokens = timing.drivers;
	measured.token_count = timing.count;
	code = run(&timed, err);
	timing_text(&timing, text);
	call->io->complain(call->io->context, text);
	return code;
}

static int
run_command(const struct command *command, int argc, char **argv, const struct cli_drivers *drivers,
    const struct cli_io *io)
{
	struct parsed parsed;
	struct err err = {0};
	struct cli_call call = {.drivers = drivers, .io = io, .parsed = &parsed};
	enum err_code code = options_parse(command, argc, argv, &parsed, &err);

	if (code == ERR_OK && parsed.help) {
		help_command(command, io->print, io->context);
		return 0;
	}
	if (code == ERR_OK && call_json(&call))
		io->divert(io->context);
	if (code == ERR_OK) /* help needs none */
		code = secret_check_room(&err);
	if (code == ERR_OK)
		code = run_timed(&call, &err);
	return code == ERR_OK ? 0 : complain(io, command->name, code, &err);
}

int
cli_run(int argc, char **argv, const struct cli_drivers *drivers, const struct cli_io *io)
{
	const struct command *command = NULL;
	struct err err = {0};
	int used = 0;

	if (argc < 2) {
		help_all(cli_commands, io->complain, io->context);
		return 2;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		help_all(cli_commands, io->print, io->context);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		io->print(io->context, "halligan " HALLIGAN_VERSION);
		return 0;
	}
	if (argc == 3 && strcmp(argv[2], "--help") == 0 &&
	    help_group(cli_commands, argv[1], io->print, io->context)) {
		if (!command_named(cli_commands, argv[1]))
			return 0;
		io->print(io->context, "");
	}
	if (command_find(cli_commands, argc - 1, argv + 1, &command, &used, &err) != ERR_OK)
		return complain(io, NULL, ERR_USAGE, &err);
	return run_command(command, argc - 1 - used, argv + 1 + used, drivers, io);
}
