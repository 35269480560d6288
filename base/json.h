/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict JSON over jansson.  Parsing refuses duplicate and empty keys, trailing bytes, reals,
 * nesting deeper than 16, more than JSON_VALUES_MAX values, and strings that are not plain text (text_is_plain).  Objects are read
 * with json_in.h.
 *
 * Writing keeps the order of the calls; failures are sticky until json_encode.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/bytes.h"

/* Of one document: a statement as a text, and what it came with.  What is read takes about 256 bytes of
 * memory for a value, and its texts. */
enum {
	JSON_TEXT_MAX = 17 * 1024 * 1024, /* bytes */
	JSON_VALUES_MAX = 256 * 1024      /* values, and commas and colons between them */
};

struct json; /* an object, array or string; reference-counted by jansson */

/* The document must be one object.  ERR_INVALID names line and cause. */
enum err_code json_parse(struct view text, struct json **ret_json, struct err *err) MUST_CHECK;
void json_free(struct json *json); /* accepts NULL */
DESTRUCTOR(json_freep, struct json, json_free)
#define JSON CLEANUP(json_freep) struct json

/* Walk arrays (of objects, or of plain strings) and objects with free keys. */
size_t json_array_count(const struct json *array);
const struct json *json_array_value(const struct json *array, size_t index);  /* NULL beyond it */
const struct json *json_array_object(const struct json *array, size_t index); /* NULL if not one */
const char *json_array_text(const struct json *array, size_t index);          /* NULL if not one */
int64_t json_array_int(const struct json *array, size_t index); /* -1 if not an integer >= 0 */
size_t json_object_count(const struct json *object);
/* The INDEXth key in document order, and its text value or NULL if it is not a string. */
const char *json_object_key(const struct json *object, size_t index);
const char *json_object_text(const struct json *object, const char *key);

/* Single values, for json_in.c alone. */
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

/* Writing. */
struct json *json_new_object(void); /* NULL values are carried as a sticky failure */
struct json *json_new_array(void);
void json_put_text(struct json *object, const char *name, const char *text);
void json_put_int(struct json *object, const char *name, int64_t value);
void json_put_bool(struct json *object, const char *name, bool value);
void json_put_hex(struct json *object, const char *name, struct view bytes);
void json_put_base64(struct json *object, const char *name, struct view bytes);
void json_put_time(struct json *object, const char *name, int64_t seconds);
void json_put_moment(struct json *object, const char *name, int64_t seconds); /* "" for 0 */
/* VALUE is taken over, complete: after a failure it is freed at once. */
void json_put(struct json *object, const char *name, struct json *value);
/* A copy of a value that belongs elsewhere. */
void json_put_copy(struct json *object, const char *name, const struct json *value);
void json_add_text(struct json *array, const char *text);
void json_add_int(struct json *array, int64_t value);
void json_add_hex(struct json *array, struct view bytes);
void json_add(struct json *array, struct json *value);
/* One line, no spaces, order of writing; appended to RET_TEXT.  ERR_MEMORY after any failure,
 * ERR_INTERNAL when a text was not plain, a member was written twice or the nesting is too deep. */
enum err_code json_encode(const struct json *json, struct buf *ret_text,
    struct err *err) MUST_CHECK;

#endif
