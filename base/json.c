/* SPDX-License-Identifier: Apache-2.0 */
/*
 * struct json is jansson's json_t under another name.
 *
 * Reading: json_parse() checks the whole tree once, so that everything behind it deals with plain
 * strings, integers, booleans, nulls, arrays and objects only.
 *
 * Writing: a failure to add must not get lost, and recording it must not need memory.  So each
 * object made here begins with a hidden member, its mark, named "" (a name that parsing refuses),
 * whose integer is set in place; and each array begins with a hidden element, an object of nothing
 * but a mark.  The encoder is our own: it skips and obeys the marks.
 *
 * What was read may be a rotator's answer that holds a value, spelled so that nobody saw it before it was read.  So each
 * block is overwritten before it is given back, those that jansson itself gave up while it read among them.
 */
#include "base/json.h"

#include <inttypes.h>
#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/json_compact.h"
#include "base/text.h"
#include "base/text_time.h"

enum { DEPTH_MAX = 16 };
enum { MARK_FINE, MARK_MEMORY, MARK_TWICE, MARK_ARRAY = 16 /* added to those of arrays */ };
static const char mark_name[] = "";

static void
free_wiped(void *block)
{
	if (block != NULL)
		explicit_bzero(block, malloc_usable_size(block));
	free(block);
}

/* Before main, since the functions may not change while there are trees. */
__attribute__((constructor)) static void
wipe_trees(void)
{
	json_set_alloc_funcs(malloc, free_wiped);
}

/* jansson counts references in objects that it takes as const. */
static json_t *
raw(const struct json *json)
{
	return (json_t *)(uintptr_t)json;
}

static struct json *
cooked(const json_t *json)
{
	return (struct json *)(uintptr_t)json;
}

/* The mark of an object or array that was made here, else NULL. */
static json_t *
mark_of(const json_t *json)
{
	const json_t *holder = json_is_array(json) ? json_array_get(json, 0) : json;
	json_t *mark = json_object_get(holder, mark_name);

	return json_is_object(json) || json_integer_value(mark) >= MARK_ARRAY ? mark : NULL;
}

/* The index of the first element that is not hidden. */
static size_t
first_of(const json_t *array)
{
	return mark_of(array) != NULL ? 1 : 0;
}

/* A key or string, with its length, is plain. */
static bool
is_plain(const char *text, size_t size)
{
	return strlen(text) == size && text_is_plain(view_of(text, size));
}

/* NULL, or what is wrong somewhere in VALUE. */
static const char *
find_fault(json_t *value, unsigned depth)
{
	const char *fault = NULL;
	const char *key;
	json_t *member;
	size_t index;

	if (depth > DEPTH_MAX)
		return "it is nested too deep";
	if (json_is_real(value))
		return "numbers must be integers";
	if (json_is_string(value) && !is_plain(json_string_value(value), json_string_length(value)))
		return "a text has control, bidirectional or other invisible characters";
	if (json_is_array(value)) {
		json_array_foreach(value, index, member) if (fault == NULL) fault =
		    find_fault(member, depth + 1);
	}
	if (json_is_object(value)) {
		json_object_foreach(value, key, member)
		{
			if (fault == NULL && (*key == '\0' || !text_is_plain(view_of_text(key))))
				fault = "the name of a member is empty or not plain text";
			if (fault == NULL)
				fault = find_fault(member, depth + 1);
		}
	}
	return fault;
}

/* JSON is what stands in TEXT. */
static enum err_code
check_reading(struct view text, const struct json *json, struct err *err)
{
	WIPED expected = {0}, understood = {0};

	json_compact(text, &expected);
	TRY(buf_check(&expected, err));
	TRY(json_encode(json, &understood, err));
	if (!view_equal(buf_view(&expected), buf_view(&understood)))
		return err_set(err, ERR_INVALID,
		    "the JSON document cannot be read as it is written (it has a number such as "
		    "-0, or memory ran out)");
	return ERR_OK;
}

enum err_code
json_parse(struct view text, struct json **ret_json, struct err *err)
{
	JSON *json = NULL;
	json_error_t error = {0};
	const char *fault;

	if (text.size > JSON_TEXT_MAX)
		return err_set(err, ERR_INVALID, "JSON document larger than %d bytes",
		    JSON_TEXT_MAX);
	if (json_values(text) > JSON_VALUES_MAX)
		return err_set(err, ERR_INVALID, "JSON document of more than %d values",
		    JSON_VALUES_MAX);
	json = cooked(json_loadb(text.size > 0 ? (const char *)text.data : "", text.size,
	    JSON_REJECT_DUPLICATES, &error));
	/* Without memory for its first buffers jansson does not even set the error. */
	if (json == NULL &&
	    (error.text[0] == '\0' || json_error_code(&error) == json_error_out_of_memory))
		return err_set(err, ERR_MEMORY, "out of memory while reading JSON");
	if (json == NULL)
		return err_set(err, ERR_INVALID, "line %d is not the JSON of our formats: %s",
		    error.line, error.text);
	if (!json_is_object(raw(json)))
		return err_set(err, ERR_INVALID, "the JSON document is not an object");
	fault = find_fault(raw(json), 1);
	if (fault != NULL)
		return err_set(err, ERR_INVALID, "the JSON document is refused: %s", fault);
	TRY(check_reading(text, json, err));
	*ret_json = TAKE(json);
	return ERR_OK;
}

void
json_free(struct json *json)
{
	json_decref(raw(json));
}

/* The member after ITER in document order, the first after NULL; steps over the mark. */
static void *
next_member(const struct json *object, void *iter)
{
	iter =
	    iter == NULL ? json_object_iter(raw(object)) : json_object_iter_next(raw(object), iter);
	if (iter != NULL && strcmp(json_object_iter_key(iter), mark_name) == 0)
		iter = json_object_iter_next(raw(object), iter);
	return iter;
}

enum json_kind
json_kind(const struct json *value)
{
	switch (json_typeof(raw(value))) {
	case JSON_OBJECT:
		return KIND_OBJECT;
	case JSON_ARRAY:
		return KIND_ARRAY;
	case JSON_STRING:
		return KIND_TEXT;
	case JSON_INTEGER:
		return KIND_INTEGER;
	case JSON_TRUE:
	case JSON_FALSE:
		return KIND_BOOLEAN;
	default:
		return KIND_OTHER;
	}
}

const char *
json_text(const struct json *value)
{
	return json_string_value(raw(value));
}

int64_t
json_number(const struct json *value)
{
	return json_is_true(raw(value)) ? 1 : json_integer_value(raw(value));
}

const struct json *
json_member(const struct json *object, const char *name, unsigned *ret_index)
{
	unsigned index = 0;

	for (void *iter = next_member(object, NULL); iter != NULL;
	     iter = next_member(object, iter), index++) {
		if (strcmp(json_object_iter_key(iter), name) == 0) {
			*ret_index = index;
			return cooked(json_object_iter_value(iter));
		}
	}
	return NULL;
}

size_t
json_array_count(const struct json *array)
{
	return json_array_size(raw(array)) - first_of(raw(array));
}

const struct json *
json_array_value(const struct json *array, size_t index)
{
	json_t *value = json_array_get(raw(array), first_of(raw(array)) + index);

	return value != NULL ? cooked(value) : NULL;
}

const struct json *
json_array_object(const struct json *array, size_t index)
{
	json_t *value = json_array_get(raw(array), first_of(raw(array)) + index);

	return json_is_object(value) ? cooked(value) : NULL;
}

const char *
json_array_text(const struct json *array, size_t index)
{
	return json_string_value(json_array_get(raw(array), first_of(raw(array)) + index));
}

int64_t
json_array_int(const struct json *array, size_t index)
{
	const json_t *value = json_array_get(raw(array), first_of(raw(array)) + index);

	return json_is_integer(value) && json_integer_value(value) >= 0 ?
	    json_integer_value(value) :
	    -1;
}

size_t
json_object_count(const struct json *object)
{
	size_t size = json_object_size(raw(object));

	return json_object_get(raw(object), mark_name) != NULL ? size - 1 : size;
}

const char *
json_object_key(const struct json *object, size_t index)
{
	void *iter = next_member(object, NULL);

	for (; iter != NULL && index > 0; index--)
		iter = next_member(object, iter);
	return iter != NULL ? json_object_iter_key(iter) : NULL;
}

const char *
json_object_text(const struct json *object, const char *key)
{
	return json_string_value(json_object_get(raw(object), key));
}

/* An object of nothing but a mark. */
static json_t *
new_marked(int mark)
{
	json_t *object = json_object();

	if (object == NULL || json_object_set_new(object, mark_name, json_integer(mark)) == 0)
		return object;
	json_decref(object);
	return NULL;
}

struct json *
json_new_object(void)
{
	return cooked(new_marked(MARK_FINE));
}

struct json *
json_new_array(void)
{
	json_t *array = json_array();

	if (array == NULL || json_array_append_new(array, new_marked(MARK_ARRAY + MARK_FINE)) == 0)
		return cooked(array);
	json_decref(array);
	return NULL;
}

/* VALUE is taken over; NULL is out of memory. */
static void
put(struct json *object, const char *name, json_t *value)
{
	json_t *mark = mark_of(raw(object));

	if (json_object_get(raw(object), name) != NULL) {
		json_integer_set(mark, MARK_TWICE);
		json_decref(value);
	} else if (json_object_set_new_nocheck(raw(object), name, value) != 0) {
		json_integer_set(mark, MARK_MEMORY);
	}
}

void
json_put_text(struct json *object, const char *name, const char *text)
{
	put(object, name, json_string_nocheck(text));
}

void
json_put_int(struct json *object, const char *name, int64_t value)
{
	put(object, name, json_integer(value));
}

void
json_put_bool(struct json *object, const char *name, bool value)
{
	put(object, name, json_boolean(value));
}

/* What WRITE makes of BYTES, as a string; NULL is out of memory. */
static json_t *
encoded(void (*write)(struct buf *buf, struct view bytes), struct view bytes)
{
	BUF text = {0};
	const char *string;

	write(&text, bytes);
	string = buf_string(&text);
	return text.failed ? NULL : json_string_nocheck(string);
}

void
json_put_hex(struct json *object, const char *name, struct view bytes)
{
	put(object, name, encoded(buf_hex, bytes));
}

void
json_put_base64(struct json *object, const char *name, struct view bytes)
{
	put(object, name, encoded(buf_base64, bytes));
}

void
json_put_time(struct json *object, const char *name, int64_t seconds)
{
	char text[TEXT_TIME_SIZE];

	text_time(seconds, text);
	json_put_text(object, name, text);
}

void
json_put_moment(struct json *object, const char *name, int64_t seconds)
{
	if (seconds == 0)
		json_put_text(object, name, "");
	else
		json_put_time(object, name, seconds);
}

void
json_put(struct json *object, const char *name, struct json *value)
{
	put(object, name, raw(value));
}

void
json_put_copy(struct json *object, const char *name, const struct json *value)
{
	put(object, name, json_deep_copy(raw(value)));
}

/* VALUE is taken over; NULL is out of memory. */
static void
add(struct json *array, json_t *value)
{
	if (json_array_append_new(raw(array), value) != 0)
		json_integer_set(mark_of(raw(array)), MARK_ARRAY + MARK_MEMORY);
}

void
json_add_text(struct json *array, const char *text)
{
	add(array, json_string_nocheck(text));
}

void
json_add_int(struct json *array, int64_t value)
{
	add(array, json_integer(value));
}

void
json_add_hex(struct json *array, struct view bytes)
{
	add(array, encoded(buf_hex, bytes));
}

void
json_add(struct json *array, struct json *value)
{
	add(array, raw(value));
}

static enum err_code encode(const json_t *value, unsigned depth, struct buf *text, struct err *err);

static enum err_code
encode_text(const char *string, struct buf *text, struct err *err)
{
	if (!text_is_plain(view_of_text(string)))
		return err_set(err, ERR_INTERNAL, "a text for JSON is not plain");
	buf_u8(text, '"');
	for (;;) {
		size_t size = strcspn(string, "\"\\");

		buf_bytes(text, view_of(string, size));
		string += size;
		if (*string == '\0')
			break;
		buf_u8(text, '\\');
		buf_u8(text, (uint8_t)*string++);
	}
	buf_u8(text, '"');
	return ERR_OK;
}

static enum err_code
check_mark(const json_t *json, struct err *err)
{
	json_int_t mark = json_integer_value(mark_of(json)) % MARK_ARRAY;

	if (mark == MARK_TWICE)
		return err_set(err, ERR_INTERNAL, "a JSON member was written twice");
	if (mark != MARK_FINE)
		return err_set(err, ERR_MEMORY, "out of memory while writing JSON");
	return ERR_OK;
}

static enum err_code
encode_object(const json_t *object, unsigned depth, struct buf *text, struct err *err)
{
	void *iter = next_member(cooked(object), NULL);

	TRY(check_mark(object, err));
	buf_u8(text, '{');
	for (bool first = true; iter != NULL; iter = next_member(cooked(object), iter)) {
		if (!first)
			buf_u8(text, ',');
		first = false;
		TRY(encode_text(json_object_iter_key(iter), text, err));
		buf_u8(text, ':');
		TRY(encode(json_object_iter_value(iter), depth + 1, text, err));
	}
	buf_u8(text, '}');
	return ERR_OK;
}

static enum err_code
encode_array(const json_t *array, unsigned depth, struct buf *text, struct err *err)
{
	size_t first = first_of(array);

	TRY(check_mark(array, err));
	buf_u8(text, '[');
	for (size_t i = first; i < json_array_size(array); i++) {
		if (i > first)
			buf_u8(text, ',');
		TRY(encode(json_array_get(array, i), depth + 1, text, err));
	}
	buf_u8(text, ']');
	return ERR_OK;
}

static enum err_code
encode(const json_t *value, unsigned depth, struct buf *text, struct err *err)
{
	if (depth > DEPTH_MAX)
		return err_set(err, ERR_INTERNAL, "JSON is nested too deep");
	if (json_is_object(value))
		return encode_object(value, depth, text, err);
	if (json_is_array(value))
		return encode_array(value, depth, text, err);
	if (json_is_string(value))
		return encode_text(json_string_value(value), text, err);
	if (json_is_integer(value))
		buf_format(text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		buf_text(text,
		    json_is_null(value)     ? "null" :
		        json_is_true(value) ? "true" :
		                              "false");
	return ERR_OK;
}

enum err_code
json_encode(const struct json *json, struct buf *ret_text, struct err *err)
{
	WIPED text = {0}; /* the buffer of who asked may be wiped, too */

	if (json == NULL)
		return err_set(err, ERR_MEMORY, "out of memory while writing JSON");
	TRY(encode(raw(json), 1, &text, err));
	if (text.size > JSON_TEXT_MAX)
		return err_set(err, ERR_INVALID, "JSON document larger than %d bytes",
		    JSON_TEXT_MAX);
	buf_bytes(ret_text, buf_view(&text));
	TRY(buf_check(&text, err));
	return buf_check(ret_text, err);
}
