/* SPDX-License-Identifier: Apache-2.0 */
/* Strict JSON, read. */
#include <stdio.h>

#include "base/json.h"
#include "base/json_in.h"
#include "tests/unit/check.h"

/* Parses TEXT in a heap block of exactly its size. */
static enum err_code
parse(struct view text, struct json **ret_json, struct err *err)
{
	uint8_t *exact = exact_copy(text);
	enum err_code code = json_parse(view_of(exact, text.size), ret_json, err);

	free(exact);
	return code;
}

static struct json *
json_of(const char *text)
{
	struct json *json = NULL;
	struct err err;

	assert_ok(parse(view_of_text(text), &json, &err));
	return json;
}

static void
documents_that_are_not_strict_are_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
	    {"", "line 1"},
	    {"{", "line 1"},
	    {"[]", "not an object"},
	    {"\"a\"", "line"},
	    {"{}{}", "line 1"},
	    {"{} x", "line 1"},
	    {"{\"a\":1,\"a\":1}", "duplicate"},
	    {"{\"a\":{\"b\":1,\"b\":2}}", "duplicate"},
	    {"{\"a\":1.0}", "integers"},
	    {"{\"a\":[1e3]}", "integers"},
	    {"{\"a\":99999999999999999999}", "line 1"},
	    {"{\"a\":\"\\u0000\"}", "line 1"},
	    {"{\"a\\u0000\":1}", "line 1"},
	    {"{\"a\":\"\\u0007\"}", "control"},
	    {"{\"a\":\"\\u202e\"}", "bidirectional"},
	    {"{\"a\":[[\"\\u200f\"]]}", "bidirectional"},
	    {"{\"\\u2066\":1}", "name of a member"},
	    {"{\"\":1}", "name of a member"},
	    {"{\"a\":\"\xff\"}", "line 1"},
	    {"{\"a\":\"\xc0\x80\"}", "line 1"},
	    {"{\"a\":\"\\ud800\"}", "line 1"},
	    {"{\"a\":01}", "line 1"},
	    {"{\"a\":1,}", "line 1"},
	    {"{'a':1}", "line 1"},
	    {"{a:1}", "line 1"},
	    {"{\"a\":NaN}", "line 1"},
	    {"{\n\n\"a\":}", "line 3"},
	    {"\xef\xbb\xbf{}", "line 1"},
	    {"// c\n{}", "line 1"},
	    {"{\"a\":-0}", "as it is written"},
	    {"{\"a\":\"\\n\"}", "control"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json *json = NULL;
		struct err err;

		assert_error(ERR_INVALID, parse(view_of_text(cases[i].text), &json, &err));
		assert_says(cases[i].says);
		assert_null(json);
	}
	{
		struct json *json = NULL;
		struct err err;

		assert_error(ERR_INVALID, parse(view_of("{}\0", 3), &json, &err));
		assert_error(ERR_INVALID, parse(view_of("{\"a\":\"\0\"}", 9), &json, &err));
	}
}

static void
any_spelling_of_a_text_is_read(void **state)
{
	static const struct {
		const char *spelling, *text;
	} cases[] = {
	    {"\\u0041\\u00e4\\u20AC", "A\xc3\xa4\xe2\x82\xac"},
	    {"\\ud83d\\udd11\xf0\x9f\x94\x91", "\xf0\x9f\x94\x91\xf0\x9f\x94\x91"},
	    {"\\/\\u002f/", "///"},
	    {"\\\"\\u0022", "\"\""},
	    {"\\\\\\u005C", "\\\\"},
	    {" { } ", " { } "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		JSON *json = NULL;
		BUF text = {0};
		struct err err;

		buf_format(&text, " {\r\n\t\"a\" : \"%s\" } \n", cases[i].spelling);
		assert_ok(parse(buf_view(&text), &json, &err));
		assert_string_equal(json_object_text(json, "a"), cases[i].text);
	}
}

static void
a_prefix_of_a_document_is_refused(void **state)
{
	static const char text[] = "{\"a\":[1,{\"b\":true}],\"c\":\"x\\n\\u20ac\"}";
	static const char plain[] = "{\"a\":[1,{\"b\":true}],\"c\":\"x \\u20ac\"}";
	struct json *json = NULL;
	struct err err;

	(void)state;
	for (size_t size = 0; size < sizeof(plain) - 1; size++)
		assert_error(ERR_INVALID, parse(view_of(plain, size), &json, &err));
	assert_error(ERR_INVALID, parse(view_of_text(text), &json, &err));
	assert_null(json);
	assert_ok(parse(view_of_text(plain), &json, &err));
	json_free(json);
}

static void
no_changed_byte_crashes_the_parser(void **state)
{
	static const char text[] = "{\"a\":[1,-2,{\"b\":true,\"d\":null}],\"c\":\"x \\u20ac\"}";

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		for (unsigned byte = 0; byte <= 255; byte++) {
			char changed[sizeof(text)];
			JSON *json = NULL;
			struct err err;

			memcpy(changed, text, sizeof(text));
			changed[i] = (char)byte;
			(void)!parse(view_of(changed, sizeof(text) - 1), &json, &err);
		}
	}
}

static void
nesting_ends_at_16(void **state)
{
	(void)state;
	for (int depth = 1; depth <= 20; depth++) {
		JSON *json = NULL;
		BUF text = {0};
		struct err err;

		buf_text(&text, "{\"a\":");
		for (int i = 1; i < depth; i++)
			buf_text(&text, i + 1 < depth ? "[" : "[]");
		if (depth == 1)
			buf_text(&text, "1");
		for (int i = 1; i + 1 < depth; i++)
			buf_text(&text, "]");
		buf_text(&text, "}");
		if (depth <= 16)
			assert_ok(json_parse(buf_view(&text), &json, &err));
		else
			assert_error(ERR_INVALID, json_parse(buf_view(&text), &json, &err));
	}
}

static void
a_document_over_17_mib_is_refused(void **state)
{
	JSON *json = NULL;
	BUF text = {0};
	struct err err;

	(void)state;
	buf_text(&text, "{\"a\":\"");
	memset(buf_space(&text, JSON_TEXT_MAX), 'x', JSON_TEXT_MAX);
	buf_text(&text, "\"}");
	assert_error(ERR_INVALID, json_parse(buf_view(&text), &json, &err));
	assert_says("larger than");
}

/* COUNT times "[]": an array in an array, and a comma before each but the first. */
static enum err_code
parse_many(size_t count, const char *before, struct err *err)
{
	JSON *json = NULL;
	BUF text = {0};

	buf_format(&text, "{\"a\":[%s", before);
	for (size_t i = 0; i < count; i++)
		buf_text(&text, i > 0 ? ",[]" : "[]");
	buf_text(&text, "]}");
	return json_parse(buf_view(&text), &json, err);
}

/* Brackets, commas and colons inside of a text are no values. */
static void
a_document_has_at_most_262144_values(void **state)
{
	struct err err;

	(void)state;
	assert_ok(parse_many(JSON_VALUES_MAX / 2 - 2, "", &err));
	assert_error(ERR_INVALID, parse_many(JSON_VALUES_MAX / 2 - 1, "", &err));
	assert_says("of more than 262144 values");
	assert_ok(parse_many(JSON_VALUES_MAX / 2 - 4, "\"[{\\\",:[{,:\",", &err));
}

static const char *const colours[] = {"red", "green", "blue", NULL};

/* Reads every kind of member there is. */
static enum err_code
read_all(const struct json *json, struct err *err)
{
	struct json_in in = json_in(json, "request", err);
	uint8_t hex[2];
	BUF bytes = {0};

	json_in_text(&in, "text", 1, 5);
	json_in_text_optional(&in, "maybe-text", 1, 5);
	json_in_int(&in, "int", -3, 7);
	json_in_int_optional(&in, "maybe-int", 1, 2, 9);
	json_in_bool(&in, "bool");
	json_in_hex(&in, "hex", hex, sizeof(hex));
	json_in_hex_optional(&in, "maybe-hex", hex, sizeof(hex));
	json_in_base64(&in, "base64", &bytes, 4);
	json_in_time(&in, "time");
	json_in_choice(&in, "choice", colours);
	json_in_object(&in, "object");
	json_in_object_optional(&in, "maybe-object");
	json_in_array(&in, "array", 1, 2);
	return json_in_end(&in);
}

#define GOOD_OTHERS                                                                                \
	"\"bool\":false,\"hex\":\"00ff\",\"base64\":\"Zm9vYg==\",\"time\":\"2026-01-31T23:59:"     \
	"59Z\","                                                                                   \
	"\"choice\":\"blue\",\"object\":{},\"array\":[1]"
#define GOOD "\"text\":\"hello\",\"int\":7," GOOD_OTHERS

static void
every_kind_of_member_is_read(void **state)
{
	JSON *json =
	    json_of("{" GOOD ",\"maybe-text\":\"a\",\"maybe-int\":2,\"maybe-hex\":\"0102\","
	            "\"maybe-object\":{\"x\":1}}");
	struct err err;
	struct json_in in = json_in(json, "request", &err);
	const struct json *inner;
	uint8_t hex[2];
	BUF bytes = {0};

	(void)state;
	assert_ok(read_all(json, &err));
	assert_string_equal(json_in_text(&in, "text", 1, 5), "hello");
	assert_string_equal(json_in_text_optional(&in, "maybe-text", 1, 5), "a");
	assert_int_equal(json_in_int(&in, "int", -3, 7), 7);
	assert_int_equal(json_in_int_optional(&in, "maybe-int", 1, 2, 9), 2);
	assert_false(json_in_bool(&in, "bool"));
	json_in_hex(&in, "hex", hex, 2);
	assert_memory_equal(hex, "\x00\xff", 2);
	assert_true(json_in_hex_optional(&in, "maybe-hex", hex, 2));
	assert_memory_equal(hex, "\x01\x02", 2);
	buf_text(&bytes, "<");
	json_in_base64(&in, "base64", &bytes, 4);
	assert_view(buf_view(&bytes), view_of_text("<foob"));
	assert_int_equal(json_in_time(&in, "time"), 1769903999);
	assert_int_equal(json_in_choice(&in, "choice", colours), 2);
	assert_int_equal(json_object_count(json_in_object(&in, "object")), 0);
	inner = json_in_object_optional(&in, "maybe-object");
	assert_int_equal(json_object_count(inner), 1);
	assert_int_equal(json_array_count(json_in_array(&in, "array", 1, 2)), 1);
	assert_ok(json_in_end(&in));
}

static void
absent_optional_members_are_absent(void **state)
{
	JSON *json = json_of("{" GOOD "}");
	struct err err;
	struct json_in in = json_in(json, "request", &err);
	uint8_t hex[2] = {9, 9};

	(void)state;
	assert_ok(read_all(json, &err));
	assert_null(json_in_text_optional(&in, "maybe-text", 1, 5));
	assert_int_equal(json_in_int_optional(&in, "maybe-int", 1, 2, 9), 9);
	assert_false(json_in_hex_optional(&in, "maybe-hex", hex, 2));
	assert_null(json_in_object_optional(&in, "maybe-object"));
	assert_false(json_in_has(&in, "maybe-object"));
	assert_true(json_in_has(&in, "text"));
	assert_int_equal(in.code, ERR_OK);
	assert_error(ERR_INVALID, json_in_end(&in)); /* asking whether it is there reads nothing */
}

static void
a_member_of_the_wrong_kind_or_size_is_named(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
	    {"{\"int\":7," GOOD_OTHERS "}", "request: \"text\" is missing"},
	    {"{\"text\":\"\",\"int\":7," GOOD_OTHERS "}",
	        "request: text: must be text of 1 to 5 bytes"},
	    {"{\"text\":\"123456\",\"int\":7," GOOD_OTHERS "}", "request: text: must be text"},
	    {"{\"text\":5,\"int\":7," GOOD_OTHERS "}", "request: text: must be text"},
	    {"{\"text\":null,\"int\":7," GOOD_OTHERS "}", "request: text: must be text"},
	    {"{\"text\":\"a\",\"int\":8," GOOD_OTHERS "}",
	        "request: int: must be a number from -3 to 7"},
	    {"{\"text\":\"a\",\"int\":-4," GOOD_OTHERS "}", "request: int: must be a number"},
	    {"{\"text\":\"a\",\"int\":\"7\"," GOOD_OTHERS "}", "request: int: must be a number"},
	    {"{\"text\":\"a\",\"int\":true," GOOD_OTHERS "}", "request: int: must be a number"},
	    {"{" GOOD ",\"maybe-text\":\"123456\"}", "request: maybe-text: must be text"},
	    {"{" GOOD ",\"maybe-text\":null}", "request: maybe-text: must be text"},
	    {"{" GOOD ",\"maybe-int\":3}", "request: maybe-int: must be a number from 1 to 2"},
	    {"{" GOOD ",\"maybe-hex\":\"00FF\"}",
	        "request: maybe-hex: must be 4 lower-case hex digits"},
	    {"{" GOOD ",\"maybe-object\":[]}", "request: maybe-object: must be an object"},
	    {"{" GOOD ",\"foo\":1}", "request: member \"foo\" is not known in this format"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		JSON *json = json_of(cases[i].text);
		struct err err;

		assert_error(ERR_INVALID, read_all(json, &err));
		assert_says(cases[i].says);
	}
}

/* READ fails for the document {"m":VALUE}, saying SAYS. */
#define assert_bad(value, read, says)                                                              \
	do {                                                                                       \
		JSON *json_ = json_of("{\"m\":" value "}");                                        \
		struct err err;                                                                    \
		struct json_in in = json_in(json_, "x", &err);                                     \
                                                                                                   \
		(void)(read);                                                                      \
		assert_error(ERR_INVALID, json_in_end(&in));                                       \
		assert_says(says);                                                                 \
	} while (0)

static void
values_of_each_kind_are_checked(void **state)
{
	uint8_t hex[2];
	BUF bytes = {0};

	(void)state;
	assert_bad("1", json_in_bool(&in, "m"), "x: m: must be true or false");
	assert_bad("\"00f\"", (json_in_hex(&in, "m", hex, 2), 0), "x: m: must be 4 lower-case");
	assert_bad("\"00ff0\"", (json_in_hex(&in, "m", hex, 2), 0), "must be 4 lower-case");
	assert_bad("[]", (json_in_hex(&in, "m", hex, 2), 0), "must be 4 lower-case");
	assert_bad("\"Zm9vYmE=\"", (json_in_base64(&in, "m", &bytes, 4), 0), "at most 4 bytes");
	assert_bad("\"Zm9vYmFyZm9v\"", (json_in_base64(&in, "m", &bytes, 4), 0), "at most 4 bytes");
	assert_bad("\"Zg=\"", (json_in_base64(&in, "m", &bytes, 4), 0), "padded base64");
	assert_bad("7", (json_in_base64(&in, "m", &bytes, 4), 0), "padded base64");
	assert_int_equal(bytes.size, 0);
	assert_bad("\"2026-02-30T00:00:00Z\"", json_in_time(&in, "m"), "must be a time");
	assert_bad("0", json_in_time(&in, "m"), "must be a time");
	assert_bad("\"yellow\"", json_in_choice(&in, "m", colours), "must be red, green or blue");
	assert_bad("1", json_in_choice(&in, "m", colours), "must be red, green or blue");
	assert_bad("[]", json_in_object(&in, "m"), "must be an object");
	assert_bad("[]", json_in_array(&in, "m", 1, 2), "an array of 1 to 2 elements");
	assert_bad("[1,2,3]", json_in_array(&in, "m", 1, 2), "an array of 1 to 2 elements");
	assert_bad("{}", json_in_array(&in, "m", 0, 2), "an array of 0 to 2 elements");
	assert_bad("1", (json_in_int(&in, "m", 1, 1), json_in_fail(&in, "m", "is odd"), 0),
	    "x: m: is odd");
}

static void
the_first_failure_sticks(void **state)
{
	JSON *json = json_of("{\"a\":1}");
	struct err err;
	struct json_in in = json_in(json, "x", &err);
	uint8_t hex[2] = {9, 9};

	(void)state;
	assert_string_equal(json_in_text(&in, "a", 1, 5), "");
	assert_int_equal(json_in_int(&in, "a", 0, 5), 0);
	assert_null(json_in_object(&in, "b"));
	assert_null(json_in_array(&in, "c", 0, 1));
	json_in_hex(&in, "d", hex, 2);
	assert_int_equal(hex[0] | hex[1], 0);
	json_in_fail(&in, "e", "later");
	assert_false(json_in_has(&in, "a"));
	assert_error(ERR_INVALID, json_in_end(&in));
	assert_string_equal(err.text, "x: a: must be text of 1 to 5 bytes");
}

static void
reading_a_member_twice_hides_no_other(void **state)
{
	JSON *json = json_of("{\"a\":1,\"b\":2}");
	struct err err;
	struct json_in in = json_in(json, "x", &err);

	(void)state;
	json_in_int(&in, "a", 0, 5);
	json_in_int(&in, "a", 0, 5);
	assert_error(ERR_INVALID, json_in_end(&in));
	assert_says("\"b\" is not known");
}

static void
only_objects_of_at_most_64_members_are_read(void **state)
{
	JSON *json = json_of("{\"a\":[1,\"t\",{}]}");
	struct err err;
	struct json_in outer = json_in(json, "x", &err);
	const struct json *array = json_in_array(&outer, "a", 0, 9);
	struct json_in in;

	(void)state;
	in = json_in(array, "inner", &err);
	assert_error(ERR_INVALID, json_in_end(&in));
	assert_string_equal(err.text, "inner: must be an object");
	in = json_in(NULL, "none", &err);
	assert_error(ERR_INVALID, json_in_end(&in));
	for (int members = 63; members <= 65; members++) {
		JSON *object = json_new_object();

		for (int i = 0; i < members; i++) {
			char name[8];

			snprintf(name, sizeof(name), "m%d", i);
			json_put_int(object, name, i);
		}
		in = json_in(object, "x", &err);
		for (int i = 0; i < members; i++) {
			char name[8];

			snprintf(name, sizeof(name), "m%d", i);
			assert_int_equal(json_in_int(&in, name, 0, 100), members <= 64 ? i : 0);
		}
		assert_int_equal(json_in_end(&in), members <= 64 ? ERR_OK : ERR_INVALID);
	}
}

static void
arrays_and_free_objects_are_walked(void **state)
{
	JSON *json = json_of("{\"z\":\"1\",\"a\":[{\"k\":1},\"t\",7],\"m\":\"2\"}");
	struct err err;
	struct json_in in = json_in(json, "x", &err);
	const struct json *array = json_in_array(&in, "a", 3, 3);

	(void)state;
	assert_int_equal(json_array_count(array), 3);
	assert_non_null(json_array_object(array, 0));
	assert_null(json_array_object(array, 1));
	assert_null(json_array_object(array, 3));
	assert_string_equal(json_array_text(array, 1), "t");
	assert_null(json_array_text(array, 0));
	assert_null(json_array_text(array, 3));
	assert_int_equal(json_object_count(json), 3);
	assert_string_equal(json_object_key(json, 0), "z");
	assert_string_equal(json_object_key(json, 1), "a");
	assert_string_equal(json_object_key(json, 2), "m");
	assert_null(json_object_key(json, 3));
	assert_string_equal(json_object_text(json, "m"), "2");
	assert_null(json_object_text(json, "a"));
	assert_null(json_object_text(json, "absent"));
}

static void
all_that_is_wrong_is_told_at_once_each_once(void **state)
{
	JSON *json = NULL;
	struct err err;

	(void)state;
	assert_int_equal(json_parse(view_of_text("{\"a\":1,\"b\":\"long\",\"c\":7,\"d\":null}"),
	                     &json, &err),
	    ERR_OK);
	struct json_in in = json_in_all(json, "target", &err);

	assert_string_equal(json_in_text(&in, "a", 1, 5), "");
	json_in_fail(&in, "a", "must be a name");
	assert_string_equal(json_in_text(&in, "b", 1, 5), "long");
	json_in_fail(&in, "b", "must be short");
	assert_int_equal(json_in_int(&in, "c", 1, 9), 7);
	assert_int_equal(json_in_int(&in, "gone", 1, 9), 0);
	assert_true(json_in_has(&in, "d"));
	assert_int_equal(json_in_end(&in), ERR_INVALID);
	assert_string_equal(err.text,
	    "target: a: must be text of 1 to 5 bytes.  target: b: must be short.  "
	    "target: \"gone\" is missing.  target: member \"d\" is not known in this format");
	in = json_in_all(NULL, "target", &err);
	assert_string_equal(json_in_text(&in, "a", 1, 5), "");
	assert_int_equal(json_in_end(&in), ERR_INVALID);
	assert_string_equal(err.text, "target: must be an object");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_that_is_wrong_is_told_at_once_each_once),
	    cmocka_unit_test(documents_that_are_not_strict_are_refused),
	    cmocka_unit_test(any_spelling_of_a_text_is_read),
	    cmocka_unit_test(a_prefix_of_a_document_is_refused),
	    cmocka_unit_test(no_changed_byte_crashes_the_parser),
	    cmocka_unit_test(nesting_ends_at_16),
	    cmocka_unit_test(a_document_over_17_mib_is_refused),
	    cmocka_unit_test(a_document_has_at_most_262144_values),
	    cmocka_unit_test(every_kind_of_member_is_read),
	    cmocka_unit_test(absent_optional_members_are_absent),
	    cmocka_unit_test(a_member_of_the_wrong_kind_or_size_is_named),
	    cmocka_unit_test(values_of_each_kind_are_checked),
	    cmocka_unit_test(the_first_failure_sticks),
	    cmocka_unit_test(reading_a_member_twice_hides_no_other),
	    cmocka_unit_test(only_objects_of_at_most_64_members_are_read),
	    cmocka_unit_test(arrays_and_free_objects_are_walked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
