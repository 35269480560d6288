/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of the present value may be given in any order; the encoding has an order of its own,
 * so each is first read into a secret, then all are put together.
 */
#include "cli/given.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/credential.h"
#include "base/file.h"
#include "base/text.h"
#include "vault/documents/definition.h"

enum { TARGETS_MAX = 64 };

struct fields {
	struct secret *values[CREDENTIAL_FIELDS];
};

static void
fields_done(struct fields *fields)
{
	for (int i = 0; i < CREDENTIAL_FIELDS; i++)
		secret_free(fields->values[i]);
}

/* Which field the first SIZE bytes of TEXT name. */
static enum err_code
field_named(const struct fields *fields, const char *text, size_t size, int *ret_field,
    struct err *err)
{
	char name[40];
	enum credential_field field;

	snprintf(name, sizeof(name), "%.*s", size < sizeof(name) ? (int)size : 39, text);
	TRY(credential_field_named(name, &field, err));
	if (fields->values[field] != NULL)
		return err_set(err, ERR_USAGE, "the field %s is given twice", name);
	*ret_field = (int)field;
	return ERR_OK;
}

/* NAME=FILE, or NAME alone: asked at the terminal. */
static enum err_code
read_field(const struct cli_call *call, struct fields *fields, const char *text, struct err *err)
{
	const struct ui *ui = call->io->ui;
	size_t size = strcspn(text, "=");
	char prompt[80];
	int field = 0;

	TRY(field_named(fields, text, size, &field, err));
	if (text[size] == '=')
		return file_read_secret(text + size + 1, CREDENTIAL_MAX, &fields->values[field],
		    err);
	snprintf(prompt, sizeof(prompt), "%s (not shown): ", credential_field_names[field]);
	return ui->ask_secret(ui->context, prompt, CREDENTIAL_MAX, &fields->values[field], err);
}

/* OPTION NAME=N */
static enum err_code
read_field_fd(struct fields *fields, const char *option, const char *text, struct err *err)
{
	size_t size = strcspn(text, "=");
	const char *number = text[size] == '=' ? text + size + 1 : "";
	int field = 0;

	TRY(field_named(fields, text, size, &field, err));
	if (number[0] == '\0' || strlen(number) > 3 ||
	    strspn(number, "0123456789") != strlen(number))
		return err_set(err, ERR_USAGE,
		    "--%s needs FIELD=N, N being a descriptor, not \"%.60s\"", option, text);
	return read_secret_fd(atoi(number), CREDENTIAL_MAX, field != FIELD_PRIVATE_KEY,
	    &fields->values[field], err);
}

static enum err_code
read_fields(const struct cli_call *call, const char *files, const char *descriptors,
    struct fields *fields, struct err *err)
{
	for (size_t i = 0; i < call->parsed->value_count; i++) {
		const char *name = call->parsed->values[i].row->name;
		const char *value = call->parsed->values[i].value;

		if (strcmp(name, files) == 0)
			TRY(read_field(call, fields, value, err));
		else if (strcmp(name, descriptors) == 0)
			TRY(read_field_fd(fields, name, value, err));
	}
	return ERR_OK;
}

enum err_code
given_credential(const struct cli_call *call, const char *files, const char *descriptors,
    struct secret **ret_credential, struct err *err)
{
	CLEANUP(fields_done) struct fields fields = {0};
	SECRET *credential = NULL;
	bool any = false;

	TRY(read_fields(call, files, descriptors, &fields, err));
	TRY(credential_new(&credential, err));
	for (int i = 0; i < CREDENTIAL_FIELDS; i++) {
		if (fields.values[i] == NULL)
			continue;
		TRY(credential_add(credential, (enum credential_field)i,
		    secret_view(fields.values[i]), err));
		any = true;
	}
	*ret_credential = any ? TAKE(credential) : NULL;
	return ERR_OK;
}

enum err_code
given_target(const struct cli_call *call, struct json **ret_target, struct err *err)
{
	const char *path = option_text(call->parsed, "target-json");
	const char *pairs[TARGETS_MAX];
	size_t count = option_all(call->parsed, "target", pairs, TARGETS_MAX);
	JSON *target = NULL;
	BUF text = {0};

	if (path != NULL && count > 0)
		return err_set(err, ERR_USAGE, "give --target or --target-json, not both");
	if (path != NULL) {
		TRY(file_read(path, TARGET_TEXT_MAX, &text, err));
		if (json_parse(buf_view(&text), ret_target, err) != ERR_OK)
			return err_add(err, "%s", path);
		return ERR_OK;
	}
	target = json_new_object();
	for (size_t i = 0; i < count; i++) {
		const char *equals = strchr(pairs[i], '=');
		char key[128];

		if (equals == NULL || equals == pairs[i] ||
		    (size_t)(equals - pairs[i]) >= sizeof(key))
			return err_set(err, ERR_USAGE, "--target needs KEY=VALUE, not \"%.60s\"",
			    pairs[i]);
		snprintf(key, sizeof(key), "%.*s", (int)(equals - pairs[i]), pairs[i]);
		if (json_object_text(target, key) != NULL)
			return err_set(err, ERR_USAGE, "--target %s is given twice", key);
		if (!text_is_plain(view_of_text(equals + 1)) || !text_is_plain(view_of_text(key)))
			return err_set(err, ERR_USAGE,
			    "--target %s has control characters or is no "
			    "UTF-8",
			    key);
		json_put_text(target, key, equals + 1);
	}
	*ret_target = TAKE(target);
	return ERR_OK;
}
