/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is not the same never reads the same: each member of an object, and each row of a list, has a line of its own, and
 * a text is told from a number by its quotation marks, which it cannot close (text_quote_whole).
 */
#include "vault/documents/definition_changes.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { PLAIN_WORD = 32 }; /* bytes */

struct walk {
	definition_changed visit;
	void *context;
};

/* Of a text; a number, a boolean, null, or an empty list or object, which are JSON. */
static enum err_code
value_text(const struct json *value, struct buf *ret_text, struct err *err)
{
	static const char start[] = "{\"x\":";
	BUF line = {0};
	JSON *wrapped = NULL;

	if (json_kind(value) == KIND_TEXT) {
		text_quote_whole(json_text(value), ret_text);
		return buf_check(ret_text, err);
	}
	wrapped = json_new_object();
	json_put_copy(wrapped, "x", value);
	TRY(json_encode(wrapped, &line, err));
	buf_format(ret_text, "%.*s", (int)(line.size - strlen(start) - strlen("}")),
	    buf_string(&line) + strlen(start));
	return buf_check(ret_text, err);
}

/* Its members, or rows; 0 for a value that is not of KIND. */
static size_t
count_of(const struct json *value, enum json_kind kind)
{
	if (value == NULL || json_kind(value) != kind)
		return 0;
	return kind == KIND_OBJECT ? json_object_count(value) : json_array_count(value);
}

static bool
holds_more(const struct json *value)
{
	return count_of(value, KIND_OBJECT) + count_of(value, KIND_ARRAY) > 0;
}

static enum err_code walk_values(const struct walk *walk, const char *what,
    const struct json *before, const struct json *after, struct err *err);

static const struct json *
member_of(const struct json *value, const char *key)
{
	unsigned ignored;

	return count_of(value, KIND_OBJECT) > 0 ? json_member(value, key, &ignored) : NULL;
}

/* No terminal breaks it, and nothing of ours is written so. */
static bool
is_plain_word(const char *key)
{
	size_t size = strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return size <= PLAIN_WORD && key[size] == '\0';
}

/* WHAT: KEY, a key that is no plain word in quotation marks. */
static enum err_code
walk_member(const struct walk *walk, const char *what, const char *key, const struct json *before,
    const struct json *after, struct err *err)
{
	BUF name = {0};

	buf_format(&name, "%s: ", what);
	if (is_plain_word(key))
		buf_text(&name, key);
	else
		text_quote_whole(key, &name);
	TRY(buf_check(&name, err));
	return walk_values(walk, buf_string(&name), member_of(before, key), member_of(after, key),
	    err);
}

/* Those of BEFORE, then those that are new. */
static enum err_code
walk_members(const struct walk *walk, const char *what, const struct json *before,
    const struct json *after, struct err *err)
{
	for (size_t i = 0; i < count_of(before, KIND_OBJECT); i++)
		TRY(walk_member(walk, what, json_object_key(before, i), before, after, err));
	for (size_t i = 0; i < count_of(after, KIND_OBJECT); i++)
		if (member_of(before, json_object_key(after, i)) == NULL)
			TRY(walk_member(walk, what, json_object_key(after, i), before, after, err));
	return ERR_OK;
}

/* Of lists, which are read in their order. */
static enum err_code
walk_rows(const struct walk *walk, const char *what, const struct json *before,
    const struct json *after, struct err *err)
{
	size_t old = count_of(before, KIND_ARRAY), new = count_of(after, KIND_ARRAY);

	for (size_t i = 0; i < old || i < new; i++) {
		BUF name = {0};

		buf_format(&name, "%s[%zu]", what, i);
		TRY(buf_check(&name, err));
		TRY(walk_values(walk, buf_string(&name),
		    i < old ? json_array_value(before, i) : NULL,
		    i < new ? json_array_value(after, i) : NULL, err));
	}
	return ERR_OK;
}

static enum err_code
walk_values(const struct walk *walk, const char *what, const struct json *before,
    const struct json *after, struct err *err)
{
	BUF old = {0}, new = {0};

	TRY(walk_members(walk, what, before, after, err));
	TRY(walk_rows(walk, what, before, after, err));
	if (before != NULL && !holds_more(before))
		TRY(value_text(before, &old, err));
	if (after != NULL && !holds_more(after))
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
