/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/secret_adopt.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "ceremony/client/secrets/adopt.h"
#include "ceremony/client/secrets/import_values.h"
#include "cli/given.h"
#include "cli/private_key.h"

/* The rotator whose private keys are SSH's; what others call so is taken as it is. */
static const char ssh_rotator[] = "ssh-key";

/* CREDENTIAL with KEY in the place of its private key. */
static enum err_code
put_key(const struct secret *credential, const struct secret *key, struct secret **ret_credential,
    struct err *err)
{
	SECRET *new = NULL;

	TRY(credential_new(&new, err));
	for (int i = 0; i < CREDENTIAL_FIELDS; i++) {
		enum credential_field field = (enum credential_field)i;
		struct view value = secret_view(key);

		if (!credential_has(secret_view(credential), field))
			continue;
		if (field != FIELD_PRIVATE_KEY)
			TRY(credential_get(secret_view(credential), field, &value, err));
		TRY(credential_add(new, field, value, err));
	}
	*ret_credential = TAKE(new);
	return ERR_OK;
}

/* What is sealed is a key that whoever opens it can use at once. */
static enum err_code
take_private_key(const struct cli_call *call, const char *rotator, struct secret **credential,
    struct err *err)
{
	bool has = credential_has(secret_view(*credential), FIELD_PRIVATE_KEY);
	SECRET *key = NULL, *new = NULL;
	struct view file;

	if (strcmp(rotator, ssh_rotator) != 0 || !has) {
		if (option_given(call->parsed, "passphrase-fd"))
			return err_set(err, ERR_USAGE,
			    "--passphrase-fd goes with a private key for rotator %s only",
			    ssh_rotator);
		return ERR_OK;
	}
	if (credential_has(secret_view(*credential), FIELD_CERTIFICATE))
		return err_set(err, ERR_REFUSED,
		    "rotator %s takes no certificate: a host that trusts who signed it lets the key in without a line in any "
		    "file, so that the key could never be taken away there; leave --field certificate out, and see that no "
		    "valid certificate of this key is left",
		    ssh_rotator);
	TRY(credential_get(secret_view(*credential), FIELD_PRIVATE_KEY, &file, err));
	TRY(secret_from(file, &key, err));
	TRY(private_key_take(call, &key, err));
	TRY(put_key(*credential, key, &new, err));
	secret_free(*credential);
	*credential = TAKE(new);
	return ERR_OK;
}

/* At the terminal, field by field; a first one that is left empty leaves the secret for later. */
static enum err_code
ask_fields(const struct cli_call *call, const char *name, uint32_t fields, const char *or_else,
    struct secret **ret_credential, struct err *err)
{
	const struct ui *ui = call->io->ui;
	SECRET *credential = NULL;
	char prompt[SEAT_NAME_MAX + 100];

	TRY(credential_new(&credential, err));
	for (int i = 0; i < CREDENTIAL_FIELDS; i++) {
		SECRET *value = NULL;

		if ((fields & 1u << i) == 0)
			continue;
		snprintf(prompt, sizeof(prompt),
		    "%s of %s (not shown; %s): ", credential_field_names[i], name, or_else);
		TRY(ui->ask_secret(ui->context, prompt, CREDENTIAL_MAX, &value, err));
		if (secret_view(value).size == 0)
			return ERR_OK;
		TRY(credential_add(credential, (enum credential_field)i, secret_view(value), err));
	}
	*ret_credential = TAKE(credential);
	return ERR_OK;
}

/* A key is no line to type, and a script is asked nothing. */
static enum err_code
ask_missing(const struct cli_call *call, const char *name, uint32_t fields,
    struct secret **ret_credential, struct err *err)
{
	const char *field = "FIELD";

	for (int i = CREDENTIAL_FIELDS - 1; i >= 0; i--)
		if ((fields & 1u << i) != 0)
			field = credential_field_names[i];
	if (call->io->person && (fields & 1u << FIELD_PRIVATE_KEY) == 0)
		TRY(ask_fields(call, name, fields, "Enter: give it up", ret_credential, err));
	return *ret_credential != NULL ?
	    ERR_OK :
	    err_set(err, ERR_USAGE,
	        "the present value is missing: --field %s=FILE, or --from-fd %s=N", field, field);
}

/* The options give the one that is meant. */
static enum err_code
take_given(void *context, const struct definition *definition, uint32_t fields,
    struct secret **ret_credential, struct err *err)
{
	struct cli_call *call = context;
	SECRET *credential = NULL;

	TRY(given_credential(call, "field", "from-fd", &credential, err));
	if (credential == NULL) /* else who asks says what is missing */
		TRY(ask_missing(call, definition->name, fields, &credential, err));
	TRY(take_private_key(call, definition->rotator, &credential, err));
	*ret_credential = TAKE(credential);
	return ERR_OK;
}

static enum err_code
adopt_named(struct cli_call *call, bool rotate, struct err *err)
{
	const struct adopt_plan plan = {.name = call_argument(call, 0),
	    .value = take_given,
	    .context = call,
	    .ahead = true,
	    .rotate = rotate};
	size_t left;

	TRY(adopt_run(call->client, &plan, &left, err));
	if (left > 0)
		return err_set(err, ERR_TARGET_UNKNOWN,
		    "%s is sealed, but its first replacement is not done yet: halligan rotate %s",
		    plan.name, plan.name);
	return ERR_OK;
}

/* --- All ---------------------------------------------------------------------------------- */

struct listed {
	struct cli_call *call;
	struct import_values *values;
	bool met[IMPORT_VALUES_NAMES]; /* the vault has a secret of that name */
};

static void
meet(void *context, const char *name)
{
	struct listed *listed = context;
	size_t index;

	if (import_values_find(listed->values, name, &index))
		listed->met[index] = true;
}

/* A misspelt name is no value that waits for another time.  It is not shown: it may be a value. */
static enum err_code
check_met(void *context, struct err *err)
{
	const struct listed *listed = context;
	struct err all = {0}, one;

	for (size_t i = 0; i < import_values_count(listed->values); i++) {
		if (listed->met[i])
			continue;
		err_gather(&all,
		    err_set(&one, ERR_NOT_FOUND,
		        "the values: line %zu: there is no secret of that name",
		        import_values_line(listed->values, i)),
		    &one);
	}
	return err_gathered(&all, err);
}

static enum err_code
take_listed(void *context, const struct definition *definition, uint32_t fields,
    struct secret **ret_credential, struct err *err)
{
	const struct listed *listed = context;
	SECRET *credential = NULL;
	size_t index;

	(void)fields;
	if (!import_values_find(listed->values, definition->name, &index))
		return ERR_OK;
	TRY(import_values_credential(listed->values, index, &credential, err));
	if (take_private_key(listed->call, definition->rotator, &credential, err) != ERR_OK)
		return err_add(err, "line %zu", import_values_line(listed->values, index));
	*ret_credential = TAKE(credential);
	return ERR_OK;
}

/* A first field that is left empty leaves the secret for later.  A key is no line to type. */
static enum err_code
take_asked(void *context, const struct definition *definition, uint32_t fields,
    struct secret **ret_credential, struct err *err)
{
	const struct cli_call *call = context;

	if ((fields & 1u << FIELD_PRIVATE_KEY) == 0)
		return ask_fields(call, definition->name, fields,
		    "Enter: another time; Ctrl-C ends", ret_credential, err);
	ui_say(call->io->ui,
	    "%s needs a private key: halligan secret adopt %s --field private-key=FILE",
	    definition->name, definition->name);
	return ERR_OK;
}

static enum err_code
read_values(const struct cli_call *call, struct import_values **ret_values, struct err *err)
{
	SECRET *input = NULL;
	int64_t fd;

	*ret_values = NULL;
	TRY(option_number(call->parsed, "values-fd", 0, 1023, -1, &fd, err));
	if (fd < 0)
		return ERR_OK;
	TRY(read_secret_fd((int)fd, IMPORT_VALUES_MAX, false, &input, err));
	if (import_values_read(TAKE(input), ret_values, err) != ERR_OK)
		return err_add(err, "the values");
	return ERR_OK;
}

static enum err_code
adopt_all(struct cli_call *call, bool rotate, struct err *err)
{
	IMPORT_VALUES *values = NULL;
	struct listed listed = {.call = call};
	size_t left;

	TRY(read_values(call, &values, err));
	listed.values = values;
	const struct adopt_plan plan = {.value = values != NULL ? take_listed : take_asked,
	    .met = values != NULL ? meet : NULL,
	    .check = values != NULL ? check_met : NULL,
	    .context = values != NULL ? (void *)&listed : (void *)call,
	    .ahead = values != NULL,
	    .rotate = rotate};

	TRY(adopt_run(call->client, &plan, &left, err));
	if (left > 0)
		return err_set(err, ERR_TARGET_UNKNOWN,
		    "%zu of them are not adopted, or not replaced yet; the same command goes on with those, and "
		    "halligan rotate --all with what is owed",
		    left);
	return ERR_OK;
}

enum err_code
cmd_secret_adopt(struct cli_call *call, struct err *err)
{
	const struct parsed *parsed = call->parsed;
	bool all = option_given(parsed, "all"), rotate = !option_given(parsed, "no-rotate");

	if (all == (call_argument(call, 0) != NULL))
		return err_set(err, ERR_USAGE, "name a secret, or give --all");
	if (!all && option_given(parsed, "values-fd"))
		return err_set(err, ERR_USAGE, "--values-fd goes with --all");
	if (all && (option_given(parsed, "field") || option_given(parsed, "from-fd")))
		return err_set(err, ERR_USAGE,
		    "--field and --from-fd are of one secret; with --all there is --values-fd");
	TRY(call_connect(call, err));
	return all ? adopt_all(call, rotate, err) : adopt_named(call, rotate, err);
}
