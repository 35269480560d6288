/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict JSON over jansson.  Parsing refuses duplicate and empty keys, trailing bytes, reals,
 * nesting deeper than 16, and strings that are not plain text (text_is_plain).  Reading an object
 * with a struct json_in is a schema check: each member is asked for by name and kind, failure is
 * sticky and names the member, and json_in_end refuses members that nobody asked for.  A null is
 * no value that any read accepts.
 *
 *	struct json_in in = json_in(object, "request", err);
 *	const char *reason = json_in_text(&in, "reason", 1, 500);
 *	json_in_hex(&in, "vault", vault.bytes, sizeof(vault.bytes));
 *	TRY(json_in_end(&in));		-- nothing read is used before this
 *
 * Writing keeps the order of the calls; failures are sticky until json_encode.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/bytes.h"

enum { JSON_TEXT_MAX = 4 * 1024 * 1024 }; /* bytes of one document */

struct json; /* an object, array or string; reference-counted by jansson */

/* The document must be one object.  ERR_INVALID names line and cause. */
enum err_code json_parse(struct view text, struct json **ret_json, struct err *err) MUST_CHECK;
void json_free(struct json *json); /* accepts NULL */
void json_freep(struct json **json);
#define JSON CLEANUP(json_freep) struct json

/* Reading.  An object that is read this way has at most 64 members. */
struct json_in {
	const struct json *object;
	const char *what; /* names the object in errors */
	struct err *err;
	uint64_t seen;      /* bit N: the Nth member was asked for */
	enum err_code code; /* sticky */
};

struct json_in json_in(const struct json *object, const char *what, struct err *err);
/* Plain text of MIN..MAX bytes; "" after a failure.  Lives as long as the object. */
const char *json_in_text(struct json_in *in, const char *name, size_t min, size_t max);
/* Like json_in_text, or NULL when the member is absent. */
const char *json_in_text_optional(struct json_in *in, const char *name, size_t min, size_t max);
int64_t json_in_int(struct json_in *in, const char *name, int64_t min, int64_t max);
/* FALLBACK when the member is absent. */
int64_t json_in_int_optional(struct json_in *in, const char *name, int64_t min, int64_t max,
    int64_t fallback);
bool json_in_bool(struct json_in *in, const char *name);
/* Exactly SIZE bytes in lower-case hex. */
void json_in_hex(struct json_in *in, const char *name, uint8_t *ret_bytes, size_t size);
bool json_in_hex_optional(struct json_in *in, const char *name, uint8_t *ret_bytes, size_t size);
/* Base64 of at most MAX bytes, appended to RET_BYTES. */
void json_in_base64(struct json_in *in, const char *name, struct buf *ret_bytes, size_t max);
int64_t json_in_time(struct json_in *in, const char *name);
/* One of NAMES (NULL-terminated): its index; 0 after a failure. */
int json_in_choice(struct json_in *in, const char *name, const char *const *names);
/* A member that is an object or an array of MIN..MAX elements; NULL after a failure.  Owned by
 * the outer object. */
const struct json *json_in_object(struct json_in *in, const char *name);
const struct json *json_in_object_optional(struct json_in *in, const char *name);
const struct json *json_in_array(struct json_in *in, const char *name, size_t min, size_t max);
bool json_in_has(const struct json_in *in, const char *name);
/* Fail on behalf of a caller's own check of member NAME: "request: reason: TEXT". */
void json_in_fail(struct json_in *in, const char *name, const char *text);
/* ERR_OK when every read succeeded and no member was left unread. */
enum err_code json_in_end(struct json_in *in) MUST_CHECK;

/* Walk arrays (of objects, or of plain strings) and objects with free keys. */
size_t json_array_count(const struct json *array);
#define json_array_size json_array_count /* jansson exports a function of that name */
const struct json *json_array_object(const struct json *array, size_t index); /* NULL if not one */
const char *json_array_text(const struct json *array, size_t index);          /* NULL if not one */
int64_t json_array_int(const struct json *array, size_t index); /* -1 if not an integer >= 0 */
size_t json_object_count(const struct json *object);
/* The INDEXth key in document order, and its text value or NULL if it is not a string. */
const char *json_object_key(const struct json *object, size_t index);
const char *json_object_text(const struct json *object, const char *key);

/* Writing. */
struct json *json_new_object(void); /* NULL values are carried as a sticky failure */
struct json *json_new_array(void);
void json_put_text(struct json *object, const char *name, const char *text);
void json_put_int(struct json *object, const char *name, int64_t value);
void json_put_bool(struct json *object, const char *name, bool value);
void json_put_hex(struct json *object, const char *name, struct view bytes);
void json_put_base64(struct json *object, const char *name, struct view bytes);
void json_put_time(struct json *object, const char *name, int64_t seconds);
/* VALUE is taken over. */
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
