/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the command line to an exit code.  A command gets its drivers, its options and a place to
 * speak to; it returns an error, which is printed here, once, with its hint.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
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

bool
call_json(const struct cli_call *call)
{
	return option_given(call->parsed, "json");
}

enum err_code
call_print_json(const struct cli_call *call, const struct json *object, struct err *err)
{
	BUF text = {0};

	TRY(json_encode(object, &text, err));
	call->io->print(call->io->context, buf_string(&text));
	return buf_check(&text, err);
}

const char *
call_argument(const struct cli_call *call, size_t index)
{
	return index < call->parsed->argument_count ? call->parsed->arguments[index] : NULL;
}

enum err_code
call_vault(const struct cli_call *call, const char **ret_vault, struct err *err)
{
	const char *vault = option_text(call->parsed, "vault");

	if (vault == NULL)
		vault = secure_getenv("HALLIGAN_VAULT");
	if (vault == NULL || vault[0] == '\0')
		return err_set(err, ERR_USAGE,
		    "which vault? Give --vault DIR, or set HALLIGAN_VAULT");
	*ret_vault = vault;
	return ERR_OK;
}

enum { WAIT_DEFAULT = 300 };

/* A person at a terminal is waited for, a script only when it says so. */
static enum err_code
wait_option(const struct cli_call *call, int64_t *ret_wait, struct err *err)
{
	const char *text = option_text(call->parsed, "wait");
	bool person = call->io->person && !option_given(call->parsed, "pin-fd");

	if (text != NULL && (strcmp(text, "0s") == 0 || strcmp(text, "0") == 0)) {
		*ret_wait = 0;
		return ERR_OK;
	}
	return option_duration(call->parsed, "wait", person ? WAIT_DEFAULT : 0, ret_wait, err);
}

static enum err_code
driver_option(const struct cli_call *call, const char **ret_driver, struct err *err)
{
	const char *text = option_text(call->parsed, "driver");

	if (text != NULL && strcmp(text, "piv") != 0 && strcmp(text, "fido2") != 0)
		return err_set(err, ERR_USAGE, "--driver is piv or fido2, not \"%.60s\"", text);
	*ret_driver = text;
	return ERR_OK;
}

enum err_code
call_options(const struct cli_call *call, struct client_options *ret_options, struct err *err)
{
	struct client_options options = {.self = call->drivers->self,
	    .drivers = call->drivers->tokens,
	    .driver_count = call->drivers->token_count,
	    .ui = call->io->ui,
	    .label = option_text(call->parsed, "token"),
	    .person = call->io->person,
	    .now = call->drivers->now};
	int64_t serial, pin_fd;

	TRY(option_number(call->parsed, "serial", 1, UINT32_MAX, 0, &serial, err));
	TRY(option_number(call->parsed, "pin-fd", 0, 255, -1, &pin_fd, err));
	TRY(wait_option(call, &options.wait, err));
	TRY(driver_option(call, &options.driver, err));
	if (pin_fd >= 0)
		call->io->use_pin_fd(call->io->context, (int)pin_fd);
	options.serial = (uint32_t)serial;
	*ret_options = options;
	return ERR_OK;
}

enum err_code
call_connect(const struct cli_call *call, struct client **ret_client, struct err *err)
{
	struct client_options options;

	TRY(call_options(call, &options, err));
	TRY(call_vault(call, &options.vault, err));
	return client_connect(&options, ret_client, err);
}

enum err_code
read_secret_fd(int fd, size_t max, bool one_line, struct secret **ret_secret, struct err *err)
{
	SECRET *secret = NULL;
	struct view bytes;

	TRY(secret_new(max + 1, &secret, err));
	if (secret_read_fd(secret, fd, err) != ERR_OK)
		return err_add(err, "reading descriptor %d", fd);
	bytes = secret_view(secret);
	if (one_line && bytes.size > 0 && bytes.data[bytes.size - 1] == '\n')
		TRY(secret_resize(secret, bytes.size - 1, err));
	if (secret_size(secret) == 0 || secret_size(secret) > max)
		return err_set(err, ERR_INVALID,
		    "descriptor %d gave nothing, or more than %zu bytes", fd, max);
	*ret_secret = TAKE(secret);
	return ERR_OK;
}

enum err_code
call_secret_fd(const struct cli_call *call, const char *option, size_t max,
    struct secret **ret_secret, struct err *err)
{
	int64_t fd;

	TRY(option_number(call->parsed, option, 0, 255, -1, &fd, err));
	if (fd < 0)
		return ERR_OK;
	return read_secret_fd((int)fd, max, true, ret_secret, err);
}

static int
complain(const struct cli_io *io, const char *command, enum err_code code, const struct err *err)
{
	const char *hint = cli_hint(code, command);
	char line[ERR_TEXT_SIZE + 160];

	snprintf(line, sizeof(line), "halligan: %s", err->text);
	io->complain(io->context, line);
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

/* With --timing the drivers are measured, and what they took is said at the end. */
static enum err_code
run_timed(const struct cli_call *call, struct err *err)
{
	struct timing timing;
	struct cli_drivers measured = *call->drivers;
	struct cli_call timed = {.drivers = &measured, .io = call->io, .parsed = call->parsed};
	char text[TIMING_TEXT_SIZE];
	enum err_code code;

	if (!option_given(call->parsed, "timing"))
		return call->parsed->command->run(call, err);
	timing_begin(&timing, call->drivers->tokens, call->drivers->token_count);
	measured.tokens = timing.drivers;
	measured.token_count = timing.count;
	code = call->parsed->command->run(&timed, err);
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
	if (code == ERR_OK) {
		if (call_json(&call))
			io->divert(io->context);
		code = run_timed(&call, &err);
	}
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
	if (command_find(cli_commands, argc - 1, argv + 1, &command, &used, &err) != ERR_OK)
		return complain(io, NULL, ERR_USAGE, &err);
	return run_command(command, argc - 1 - used, argv + 1 + used, drivers, io);
}
