/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is not the same never reads the same: each member of an object has a line of its own, and a text is told from a
 * number by its quotation marks, within which those of its own have a backslash.
 */
#include "vault/documents/definition_changes.h"

#include <stdio.h>
#include <string.h>

struct walk {
	definition_changed visit;
	void *context;
};

static void
quote(struct buf *text, const char *value)
{
	buf_text(text, "\"");
	for (; *value != '\0'; value++)
		buf_format(text, "%s%c", *value == '"' || *value == '\\' ? "\\" : "", *value);
	buf_text(text, "\"");
}

/* Of a text, a number, a boolean, or a list, which is JSON. */
static enum err_code
value_text(const struct json *value, struct buf *ret_text, struct err *err)
{
	static const char start[] = "{\"x\":";
	BUF line = {0};
	JSON *wrapped = NULL;

	if (json_kind(value) == KIND_TEXT) {
		quote(ret_text, json_text(value));
		return buf_check(ret_text, err);
	}
	wrapped = json_new_object();
	json_put_copy(wrapped, "x", value);
	TRY(json_encode(wrapped, &line, err));
	buf_format(ret_text, "%.*s", (int)(line.size - strlen(start) - strlen("}")),
	    buf_string(&line) + strlen(start));
	return buf_check(ret_text, err);
}

static bool
is_object(const struct json *value)
{
	return value != NULL && json_kind(value) == KIND_OBJECT && json_object_count(value) > 0;
}

static enum err_code walk_values(const struct walk *walk, const char *what,
    const struct json *before, const struct json *after, struct err *err);

/* WHAT: KEY, a key that is no plain word in quotation marks. */
static enum err_code
walk_member(const struct walk *walk, const char *what, const char *key, const struct json *before,
    const struct json *after, struct err *err)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	unsigned ignored;
	BUF name = {0};

	buf_format(&name, "%s: ", what);
	if (strspn(key, plain) == strlen(key))
		buf_text(&name, key);
	else
		quote(&name, key);
	TRY(buf_check(&name, err));
	return walk_values(walk, buf_string(&name),
	    is_object(before) ? json_member(before, key, &ignored) : NULL,
	    is_object(after) ? json_member(after, key, &ignored) : NULL, err);
}

/* Those of BEFORE, then those that are new. */
static enum err_code
walk_members(const struct walk *walk, const char *what, const struct json *before,
    const struct json *after, struct err *err)
{
	unsigned ignored;

	for (size_t i = 0; is_object(before) && i < json_object_count(before); i++)
		TRY(walk_member(walk, what, json_object_key(before, i), before, after, err));
	for (size_t i = 0; is_object(after) && i < json_object_count(after); i++) {
		const char *key = json_object_key(after, i);

		if (!is_object(before) || json_member(before, key, &ignored) == NULL)
			TRY(walk_member(walk, what, key, before, after, err));
	}
	return ERR_OK;
}

static enum err_code
walk_values(const struct walk *walk, const char *what, const struct json *before,
    const struct json *after, struct err *err)
{
	BUF old = {0}, new = {0};

	if (is_object(before) || is_object(after))
		TRY(walk_members(walk, what, before, after, err));
	if (before != NULL && !is_object(before))
		TRY(value_text(before, &old, err));
	if (after != NULL && !is_object(after))
		TRY(value_text(after, &new, err));
	if (strcmp(buf_string(&old), buf_string(&new)) == 0)
		return ERR_OK;
	return walk->visit(walk->context, what, old.size > 0 ? buf_string(&old) : NULL,
	    new.size > 0 ? buf_string(&new) : NULL, err);
}

enum err_code
definition_target(const struct definition *definition, definition_changed visit, void *context,
    struct err *err)
{
	const struct walk walk = {visit, context};
	JSON *none = json_new_object();

	return walk_values(&walk, "target", none, definition->target, err);
}

enum err_code
definition_compare(const struct definition *before, const struct definition *after,
    definition_changed visit, void *context, struct err *err)
{
	static const char *const names[] = {"policy", "rotator", "target", "effect", "announced"};
	const struct walk walk = {visit, context};
	JSON *old = definition_entry(before), *new = definition_entry(after);
	unsigned ignored;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct json *a = json_member(old, names[i], &ignored);
		const struct json *b = json_member(new, names[i], &ignored);

		if (a == NULL || b == NULL)
			return err_set(err, ERR_MEMORY, "out of memory for a definition");
		TRY(walk_values(&walk, names[i], a, b, err));
	}
	return ERR_OK;
}
