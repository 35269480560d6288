/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/documents/definition_changes.h"

#include <stdio.h>
#include <string.h>

enum { WHAT_MAX = 120 };

struct comparison {
	definition_changed visit;
	void *context;
};

enum err_code
definition_member_text(const struct json *value, struct buf *ret_text, struct err *err)
{
	static const char start[] = "{\"x\":";
	BUF line = {0};
	JSON *wrapped = NULL;

	if (value == NULL)
		return ERR_OK;
	if (json_kind(value) == KIND_TEXT) {
		buf_format(ret_text, "%s", json_text(value));
		return buf_check(ret_text, err);
	}
	wrapped = json_new_object();
	json_put_copy(wrapped, "x", value);
	TRY(json_encode(wrapped, &line, err));
	buf_format(ret_text, "%.*s", (int)(line.size - strlen(start) - strlen("}")),
	    buf_string(&line) + strlen(start));
	return buf_check(ret_text, err);
}

static enum err_code
compare_values(const struct comparison *comparison, const char *what, const struct json *before,
    const struct json *after, struct err *err)
{
	BUF old = {0}, new = {0};

	TRY(definition_member_text(before, &old, err));
	TRY(definition_member_text(after, &new, err));
	if (before != NULL && after != NULL && json_kind(before) == json_kind(after) &&
	    strcmp(buf_string(&old), buf_string(&new)) == 0)
		return ERR_OK;
	return comparison->visit(comparison->context, what,
	    before != NULL ? buf_string(&old) : NULL, after != NULL ? buf_string(&new) : NULL, err);
}

/* The members of object NAME, one by one. */
static enum err_code
compare_members(const struct comparison *comparison, const char *name, const struct json *before,
    const struct json *after, struct err *err)
{
	unsigned ignored;
	char what[WHAT_MAX];

	for (int new = 0; new < 2; new ++) {
		const struct json *from = new ? after : before;

		for (size_t i = 0; i < json_object_count(from); i++) {
			const char *key = json_object_key(from, i);
			const struct json *old = json_member(before, key, &ignored);

			if (new &&old != NULL)
				continue;
			(void)snprintf(what, sizeof(what), "%s: %.90s", name, key);
			TRY(compare_values(comparison, what, old, json_member(after, key, &ignored),
			    err));
		}
	}
	return ERR_OK;
}

enum err_code
definition_compare(const struct definition *before, const struct definition *after,
    definition_changed visit, void *context, struct err *err)
{
	static const char *const names[] = {"policy", "rotator", "target", "effect", "announced"};
	const struct comparison comparison = {visit, context};
	JSON *old = definition_entry(before), *new = definition_entry(after);
	unsigned ignored;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct json *a = json_member(old, names[i], &ignored);
		const struct json *b = json_member(new, names[i], &ignored);

		if (a == NULL || b == NULL)
			return err_set(err, ERR_MEMORY, "out of memory for a definition");
		if (json_kind(a) == KIND_OBJECT)
			TRY(compare_members(&comparison, names[i], a, b, err));
		else
			TRY(compare_values(&comparison, names[i], a, b, err));
	}
	return ERR_OK;
}
