/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single values of a JSON document: what base/json_in.c needs of base/json.c, the only file that
 * knows jansson, and what that needs of base/json_compact.c.  For these three files only.
 */
#ifndef BASE_JSON_VALUE_H
#define BASE_JSON_VALUE_H

#include "base/json.h"

enum json_kind {
	KIND_OBJECT,
	KIND_ARRAY,
	KIND_TEXT,
	KIND_INTEGER,
	KIND_BOOLEAN,
	KIND_OTHER,
};

/* VALUE is not NULL. */
enum json_kind json_kind(const struct json *value);
/* NULL when it is no text. */
const char *json_text(const struct json *value);
/* An integer; a boolean as 0 or 1. */
int64_t json_number(const struct json *value);
/* The member called NAME and its place in document order, or NULL. */
const struct json *json_member(const struct json *object, const char *name, unsigned *ret_index);

/* TEXT, which is JSON, as json_encode() would spell it, appended (base/json_compact.c). */
void json_compact(struct view text, struct buf *ret_text);

#endif
