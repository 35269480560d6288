/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading an object with a struct json_in is a schema check: each member is asked for by name and
 * kind, failure is sticky and names the member, and json_in_end refuses members that nobody asked
 * for.  A null is no value that any read accepts.
 *
 *	struct json_in in = json_in(object, "request", err);
 *	const char *reason = json_in_text(&in, "reason", 1, 500);
 *	json_in_hex(&in, "vault", vault.bytes, sizeof(vault.bytes));
 *	TRY(json_in_end(&in));		-- nothing read is used before this
 */
#ifndef BASE_JSON_IN_H
#define BASE_JSON_IN_H

#include "base/json.h"

/* An object that is read this way has at most 64 members. */
struct json_in {
	const struct json *object;
	const char *what; /* names the object in errors */
	struct err *err;
	uint64_t seen;      /* bit N: the Nth member was asked for */
	enum err_code code; /* sticky */
	/* Of json_in_all: which members were told of. */
	bool all;
	const char *failed[ERR_PARTS + 1];
};

struct json_in json_in(const struct json *object, const char *what, struct err *err);
/* The same, but what is wrong is told of each member, as parts of ERR (base/err.h), once for each; a read goes on to
 * give its fallback. */
struct json_in json_in_all(const struct json *object, const char *what, struct err *err);
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
int64_t json_in_moment(struct json_in *in, const char *name); /* a time, or 0 when it is "" */
/* One of NAMES (NULL-terminated): its index; 0 after a failure. */
int json_in_choice(struct json_in *in, const char *name, const char *const *names);
/* An array of at least MIN of NAMES (NULL-terminated, at most 32), none twice: a bit for each. */
uint32_t json_in_set(struct json_in *in, const char *name, const char *const *names, size_t min);
/* A member that is an object or an array of MIN..MAX elements; NULL after a failure.  Owned by
 * the outer object. */
const struct json *json_in_object(struct json_in *in, const char *name);
const struct json *json_in_object_optional(struct json_in *in, const char *name);
const struct json *json_in_array(struct json_in *in, const char *name, size_t min, size_t max);
bool json_in_has(const struct json_in *in, const char *name);
/* Fail on behalf of a caller's own check of member NAME: "request: reason: TEXT".  With json_in_all a member that failed
 * before is not told of again. */
void json_in_fail(struct json_in *in, const char *name, const char *text);
/* The same with what ONE says, as it stands. */
void json_in_tell(struct json_in *in, const char *name, const struct err *one);
/* ERR_OK when every read succeeded and no member was left unread. */
enum err_code json_in_end(struct json_in *in) MUST_CHECK;

#endif
