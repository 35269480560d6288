/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/call.h"

#include <stdlib.h>
#include <string.h>

#include "ceremony/client/sync.h"

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
driver_option(const struct cli_call *call, const struct token_traits **ret_driver, struct err *err)
{
	const char *text = option_text(call->parsed, "driver");
	BUF names = {0};

	if (text == NULL)
		return ERR_OK;
	for (size_t i = 0; i < call->drivers->token_count; i++) {
		const struct token_traits *traits = call->drivers->tokens[i].ops->traits;

		if (strcmp(traits->name, text) == 0) {
			*ret_driver = traits;
			return ERR_OK;
		}
		buf_format(&names, "%s%s", i > 0 ? " or " : "", traits->name);
	}
	TRY(buf_check(&names, err));
	return err_set(err, ERR_USAGE, "--driver is %s, not \"%.60s\"", buf_string(&names), text);
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
call_connect_for(struct cli_call *call, void (*foresee)(struct client *client, const void *plan),
    const void *plan, struct err *err)
{
	struct client_options options;

	TRY(call_options(call, &options, err));
	TRY(call_vault(call, &options.vault, err));
	options.foresee = foresee;
	options.plan = plan;
	return client_connect(&options, &call->client, err);
}

static void
foresee_sync(struct client *client, const void *plan)
{
	(void)plan;
	client_foresee_sync(client);
}

enum err_code
call_connect(struct cli_call *call, struct err *err)
{
	return call_connect_for(call, foresee_sync, NULL, err);
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
