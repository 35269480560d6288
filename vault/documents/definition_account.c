/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/documents/definition_account.h"

#include <stdlib.h>
#include <string.h>

#include "base/ssh_public.h"

static int
compare_names(const void *a, const void *b)
{
	const char *const *first = a, *const *second = b;

	return strcmp(*first, *second);
}

static void
put_text(struct json *object, const char *name, const char *text)
{
	struct ssh_public public_key;
	struct err ignored;
	BUF key = {0};

	if (ssh_public_parse(view_of_text(text), &public_key, &ignored) == ERR_OK) {
		ssh_public_write(&public_key, &key);
		text = buf_string(&key);
	}
	json_put_text(object, name, text);
}

static enum err_code put_members(struct json *object, const struct json *from,
    const struct announcement *announced, struct err *err);

static enum err_code
put_member(struct json *object, const char *name, const struct json *value, struct err *err)
{
	JSON *inner = NULL;

	if (json_kind(value) == KIND_TEXT) {
		put_text(object, name, json_text(value));
	} else if (json_kind(value) == KIND_OBJECT) {
		inner = json_new_object();
		TRY(put_members(inner, value, NULL, err));
		json_put(object, name, TAKE(inner));
	} else {
		json_put_copy(object, name, value);
	}
	return ERR_OK;
}

static bool
is_asked(const struct announcement *announced, const char *name)
{
	bool is = announced == NULL || announced->account_count == 0;

	for (uint32_t i = 0; !is && i < announced->account_count; i++)
		is = strcmp(announced->account[i], name) == 0;
	return is;
}

/* Those of FROM that ANNOUNCED asks for (NULL: all), in the order of their names. */
static enum err_code
put_members(struct json *object, const struct json *from, const struct announcement *announced,
    struct err *err)
{
	size_t count = json_object_count(from);
	const char **names = calloc(count + 1, sizeof(*names));
	enum err_code code = ERR_OK;
	unsigned ignored;

	if (names == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for an account");
	for (size_t i = 0; i < count; i++)
		names[i] = json_object_key(from, i);
	qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 0; i < count && code == ERR_OK; i++)
		if (is_asked(announced, names[i]))
			code = put_member(object, names[i], json_member(from, names[i], &ignored),
			    err);
	free(names);
	return code;
}

/* What names none of the members that a target has tells nothing apart: then all of them count. */
static bool
names_none(const struct announcement *announced, const struct json *target)
{
	for (size_t i = 0; i < json_object_count(target); i++)
		if (is_asked(announced, json_object_key(target, i)))
			return false;
	return true;
}

enum err_code
definition_account(const struct definition *definition, struct digest *ret_account, struct err *err)
{
	const struct announcement *announced = &definition->announced;
	JSON *members = json_new_object();
	BUF hashed = {0};

	TRY(put_members(members, definition->target,
	    names_none(announced, definition->target) ? NULL : announced, err));
	buf_lp8(&hashed, view_of_text("halligan/v1 account"));
	buf_lp8(&hashed, view_of_text(definition->rotator));
	TRY(json_encode(members, &hashed, err));
	TRY(buf_check(&hashed, err));
	return sha256_one(buf_view(&hashed), ret_account, err);
}
