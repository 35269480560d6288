/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading an object member by member (base/json.h).  Every read goes through look(), which
 * remembers by its place which member was asked for; json_in_end() finds those nobody asked for.
 */
#include "base/json_in.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "base/text_time.h"

enum { MEMBERS_MAX = 64 };

/* Is NAME's failure to be told of?  It is from now on. */
static bool
is_news(struct json_in *in, const char *name)
{
	size_t i = 0;

	if (!in->all)
		return in->code == ERR_OK;
	for (; i < ARRAY_SIZE(in->failed) && in->failed[i] != NULL; i++)
		if (strcmp(in->failed[i], name) == 0)
			return false;
	if (i < ARRAY_SIZE(in->failed))
		in->failed[i] = name;
	return true;
}

void
json_in_tell(struct json_in *in, const char *name, const struct err *one)
{
	if (!is_news(in, name))
		return;
	if (in->code == ERR_OK)
		*in->err = *one;
	else
		(void)err_also(in->err, one);
	in->code = in->err->code;
}

static void
fail(struct json_in *in, const char *name, const char *text)
{
	struct err one;

	(void)err_set(&one, ERR_INVALID, "%s: %s: %s", in->what, name, text);
	json_in_tell(in, name, &one);
}

struct json_in
json_in(const struct json *object, const char *what, struct err *err)
{
	struct json_in in = {.object = object, .what = what, .err = err};

	if (object == NULL || json_kind(object) != KIND_OBJECT)
		in.code = err_set(err, ERR_INVALID, "%s: must be an object", what);
	else if (json_object_count(object) > MEMBERS_MAX)
		in.code = err_set(err, ERR_INVALID, "%s: has too many members", what);
	return in;
}

struct json_in
json_in_all(const struct json *object, const char *what, struct err *err)
{
	struct json_in in = json_in(object, what, err);

	in.all = in.code == ERR_OK;
	return in;
}

/* The member called NAME, which is marked as seen, or NULL; NULL too after a failure. */
static const struct json *
look(struct json_in *in, const char *name)
{
	const struct json *value;
	unsigned index;

	if (in->code != ERR_OK && !in->all)
		return NULL;
	value = json_member(in->object, name, &index);
	if (value != NULL)
		in->seen |= UINT64_C(1) << index;
	return value;
}

/* The same for a member that must be there. */
static const struct json *
need(struct json_in *in, const char *name)
{
	const struct json *value = look(in, name);
	struct err one;

	if (value == NULL) {
		(void)err_set(&one, ERR_INVALID, "%s: \"%s\" is missing", in->what, name);
		json_in_tell(in, name, &one);
	}
	return value;
}

/* VALUE's text when it has MIN..MAX bytes, else a failure and NULL.  VALUE may be NULL. */
static const char *
sized_text(struct json_in *in, const char *name, const struct json *value, size_t min, size_t max)
{
	const char *text = value != NULL ? json_text(value) : NULL;
	char fault[80];

	if (value == NULL)
		return NULL;
	if (text != NULL && strlen(text) >= min && strlen(text) <= max)
		return text;
	if (min == max)
		snprintf(fault, sizeof(fault), "must be text of %zu bytes", min);
	else
		snprintf(fault, sizeof(fault), "must be text of %zu to %zu bytes", min, max);
	fail(in, name, fault);
	return NULL;
}

const char *
json_in_text(struct json_in *in, const char *name, size_t min, size_t max)
{
	const char *text = sized_text(in, name, need(in, name), min, max);

	return text != NULL ? text : "";
}

const char *
json_in_text_optional(struct json_in *in, const char *name, size_t min, size_t max)
{
	return sized_text(in, name, look(in, name), min, max);
}

/* VALUE may be NULL. */
static int64_t
ranged_integer(struct json_in *in, const char *name, const struct json *value, int64_t min,
    int64_t max)
{
	char fault[100];

	if (value == NULL)
		return 0;
	if (json_kind(value) == KIND_INTEGER && json_number(value) >= min &&
	    json_number(value) <= max)
		return json_number(value);
	snprintf(fault, sizeof(fault), "must be a number from %" PRId64 " to %" PRId64, min, max);
	fail(in, name, fault);
	return 0;
}

int64_t
json_in_int(struct json_in *in, const char *name, int64_t min, int64_t max)
{
	return ranged_integer(in, name, need(in, name), min, max);
}

int64_t
json_in_int_optional(struct json_in *in, const char *name, int64_t min, int64_t max,
    int64_t fallback)
{
	const struct json *value = look(in, name);

	return value != NULL ? ranged_integer(in, name, value, min, max) : fallback;
}

bool
json_in_bool(struct json_in *in, const char *name)
{
	const struct json *value = need(in, name);

	if (value == NULL)
		return false;
	if (json_kind(value) != KIND_BOOLEAN) {
		fail(in, name, "must be true or false");
		return false;
	}
	return json_number(value) == 1;
}

/* VALUE may be NULL.  RET_BYTES is all zero after a failure. */
static void
hex_bytes(struct json_in *in, const char *name, const struct json *value, uint8_t *ret_bytes,
    size_t size)
{
	const char *text = value != NULL ? json_text(value) : NULL;
	char fault[80];

	memset(ret_bytes, 0, size);
	if (value == NULL || (text != NULL && text_from_hex(text, ret_bytes, size)))
		return;
	snprintf(fault, sizeof(fault), "must be %zu lower-case hex digits", 2 * size);
	fail(in, name, fault);
}

void
json_in_hex(struct json_in *in, const char *name, uint8_t *ret_bytes, size_t size)
{
	hex_bytes(in, name, need(in, name), ret_bytes, size);
}

bool
json_in_hex_optional(struct json_in *in, const char *name, uint8_t *ret_bytes, size_t size)
{
	const struct json *value = look(in, name);

	hex_bytes(in, name, value, ret_bytes, size);
	return value != NULL && in->code == ERR_OK;
}

void
json_in_base64(struct json_in *in, const char *name, struct buf *ret_bytes, size_t max)
{
	const struct json *value = need(in, name);
	const char *text = value != NULL ? json_text(value) : NULL;
	size_t before = ret_bytes->size;
	char fault[80];

	if (value == NULL)
		return;
	if (text != NULL && strlen(text) / 4 <= max / 3 + 1 &&
	    buf_from_base64(ret_bytes, view_of_text(text)) && ret_bytes->size - before <= max)
		return;
	ret_bytes->size = before;
	snprintf(fault, sizeof(fault), "must be padded base64 of at most %zu bytes", max);
	fail(in, name, fault);
}

int64_t
json_in_time(struct json_in *in, const char *name)
{
	const struct json *value = need(in, name);
	const char *text = value != NULL ? json_text(value) : NULL;
	int64_t seconds = 0;

	if (value != NULL && (text == NULL || !text_from_time(text, &seconds)))
		fail(in, name, "must be a time such as 2026-01-31T23:59:59Z");
	return seconds;
}

int64_t
json_in_moment(struct json_in *in, const char *name)
{
	const char *text = json_in_text(in, name, 0, TEXT_TIME_SIZE - 1);

	return text[0] != '\0' ? json_in_time(in, name) : 0;
}

int
json_in_choice(struct json_in *in, const char *name, const char *const *names)
{
	const struct json *value = need(in, name);
	const char *text = value != NULL ? json_text(value) : NULL;
	BUF fault = {0};

	if (value == NULL)
		return 0;
	for (int i = 0; text != NULL && names[i] != NULL; i++) {
		if (strcmp(names[i], text) == 0)
			return i;
	}
	buf_text(&fault, "must be");
	for (int i = 0; names[i] != NULL; i++)
		buf_format(&fault, "%s%s",
		    i == 0                   ? " " :
		        names[i + 1] != NULL ? ", " :
		                               " or ",
		    names[i]);
	fail(in, name, buf_string(&fault));
	return 0;
}

uint32_t
json_in_set(struct json_in *in, const char *name, const char *const *names, size_t min)
{
	const struct json *array = json_in_array(in, name, min, 32);
	uint32_t set = 0;

	for (size_t i = 0; array != NULL && i < json_array_count(array); i++) {
		const char *text = json_array_text(array, i);
		unsigned at = 0;

		while (names[at] != NULL && (text == NULL || strcmp(names[at], text) != 0))
			at++;
		if (names[at] == NULL || (set & 1u << at) != 0) {
			fail(in, name, "names something unknown or twice");
			return 0;
		}
		set |= 1u << at;
	}
	return set;
}

/* VALUE may be NULL. */
static const struct json *
inner_object(struct json_in *in, const char *name, const struct json *value)
{
	if (value == NULL || json_kind(value) == KIND_OBJECT)
		return value;
	fail(in, name, "must be an object");
	return NULL;
}

const struct json *
json_in_object(struct json_in *in, const char *name)
{
	return inner_object(in, name, need(in, name));
}

const struct json *
json_in_object_optional(struct json_in *in, const char *name)
{
	return inner_object(in, name, look(in, name));
}

const struct json *
json_in_array(struct json_in *in, const char *name, size_t min, size_t max)
{
	const struct json *value = need(in, name);
	char fault[80];

	if (value == NULL)
		return NULL;
	if (json_kind(value) == KIND_ARRAY && json_array_count(value) >= min &&
	    json_array_count(value) <= max)
		return value;
	snprintf(fault, sizeof(fault), "must be an array of %zu to %zu elements", min, max);
	fail(in, name, fault);
	return NULL;
}

bool
json_in_has(const struct json_in *in, const char *name)
{
	unsigned index;

	return (in->code == ERR_OK || in->all) && json_member(in->object, name, &index) != NULL;
}

void
json_in_fail(struct json_in *in, const char *name, const char *text)
{
	fail(in, name, text);
}

static void
end_unread(struct json_in *in, size_t index)
{
	const char *name = json_object_key(in->object, index);
	struct err one;

	(void)err_set(&one, ERR_INVALID, "%s: member \"%s\" is not known in this format", in->what,
	    name);
	json_in_tell(in, name, &one);
}

enum err_code
json_in_end(struct json_in *in)
{
	size_t count;

	if (in->code != ERR_OK && !in->all)
		return in->code;
	count = json_object_count(in->object);
	for (size_t i = 0; i < count; i++)
		if ((in->seen >> i & 1) == 0)
			end_unread(in, i);
	return in->code;
}
