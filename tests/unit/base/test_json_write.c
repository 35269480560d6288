/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON, written, and read back.  jansson's allocator is replaced, so that each allocation can fail
 * in turn.
 */
#include <jansson.h>

#include "base/json.h"
#include "base/json_in.h"
#include "base/json_members.h"
#include "tests/unit/check.h"

static struct json *
json_of(const char *text)
{
	struct json *json = NULL;
	struct err err;

	assert_ok(json_parse(view_of_text(text), &json, &err));
	return json;
}

/* Writes one document with every kind of value. */
static struct json *
write_all(const struct json *foreign)
{
	struct json *object = json_new_object();
	struct json *array = json_new_array();
	struct json *inner = json_new_object();

	json_put_text(object, "text", "a\"b\\c/\xe2\x82\xac");
	json_put_int(object, "int", INT64_MIN);
	json_put_bool(object, "yes", true);
	json_put_bool(object, "no", false);
	json_put_hex(object, "hex", VIEW_OF("\x01\xff"));
	json_put_base64(object, "base64", view_of_text("foob"));
	json_put_time(object, "time", 0);
	json_put_copy(object, "copy", foreign);
	json_put_int(inner, "one", 1);
	json_add_text(array, "t");
	json_add_hex(array, view_of_text("A"));
	json_add(array, inner);
	json_put(object, "array", array);
	json_put(object, "empty", json_new_object());
	return object;
}

static const char written[] =
    "{\"text\":\"a\\\"b\\\\c/\xe2\x82\xac\",\"int\":-9223372036854775808,\"yes\":true,\"no\":false,"
    "\"hex\":\"01ff00\",\"base64\":\"Zm9vYg==\",\"time\":\"1970-01-01T00:00:00Z\","
    "\"copy\":{\"z\":[1],\"a\":2},\"array\":[\"t\",\"41\",{\"one\":1}],\"empty\":{}}";

static void
what_is_written_keeps_its_order_and_reads_back(void **state)
{
	JSON *foreign = json_of("{\"z\":[1],\"a\":2}");
	JSON *json = write_all(foreign);
	JSON *again = NULL;
	BUF text = {0}, second = {0};
	struct err err;

	(void)state;
	buf_text(&text, "> ");
	assert_ok(json_encode(json, &text, &err));
	assert_string_equal(buf_string(&text) + 2, written);
	assert_ok(json_parse(view_of_text(written), &again, &err));
	assert_ok(json_encode(again, &second, &err));
	assert_string_equal(buf_string(&second), written);
	assert_int_equal(json_object_count(json), json_object_count(again));
	assert_string_equal(json_object_key(json, 0), "text");
}

static void
what_was_written_can_be_read_before_it_is_encoded(void **state)
{
	JSON *array = json_new_array();
	JSON *object = json_new_object();
	struct err err;
	struct json_in in = json_in(object, "x", &err);

	(void)state;
	assert_int_equal(json_array_count(array), 0);
	assert_null(json_array_object(array, 0));
	json_add(array, json_new_object());
	json_add_text(array, "t");
	assert_int_equal(json_array_count(array), 2);
	assert_int_equal(json_object_count(json_array_object(array, 0)), 0);
	assert_string_equal(json_array_text(array, 1), "t");
	assert_ok(json_in_end(&in));
	assert_null(json_object_key(object, 0));
	json_put_int(object, "one", 1);
	assert_error(ERR_INVALID, json_in_end(&in));
	assert_says("\"one\" is not known");
}

static void
text_that_is_not_plain_is_not_written(void **state)
{
	static const char *const bad[] = {"a\nb", "\x1b[1m", "\xe2\x80\xae", "\xff", "\xc0\x80"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		JSON *object = json_new_object();
		JSON *named = json_new_object();
		JSON *outer = json_new_object();
		struct json *array = json_new_array();
		BUF text = {0};
		struct err err;

		json_put_text(object, "a", bad[i]);
		assert_error(ERR_INTERNAL, json_encode(object, &text, &err));
		json_put_int(named, bad[i], 1);
		assert_error(ERR_INTERNAL, json_encode(named, &text, &err));
		json_add_text(array, bad[i]);
		json_put(outer, "array", array);
		assert_error(ERR_INTERNAL, json_encode(outer, &text, &err));
		assert_int_equal(text.size, 0);
	}
}

static void
a_member_is_not_written_twice(void **state)
{
	JSON *object = json_new_object();
	BUF text = {0};
	struct err err;

	(void)state;
	json_put_int(object, "a", 1);
	json_put_int(object, "a", 1);
	json_put_int(object, "b", 1);
	assert_error(ERR_INTERNAL, json_encode(object, &text, &err));
	assert_says("twice");
	assert_error(ERR_MEMORY, json_encode(NULL, &text, &err));
}

static void
writing_ends_at_depth_16(void **state)
{
	(void)state;
	for (int depth = 16; depth <= 17; depth++) {
		JSON *outer = json_new_object();
		BUF text = {0};
		struct err err;

		for (int i = 1; i < depth; i++) {
			struct json *around = json_new_object();

			json_put(around, "a", outer);
			outer = around;
		}
		if (depth == 16)
			assert_ok(json_encode(outer, &text, &err));
		else
			assert_error(ERR_INTERNAL, json_encode(outer, &text, &err));
	}
}

static struct {
	unsigned fail_at, calls;
	bool for_ever;
	int blocks;
} memory;

static void *
failing_malloc(size_t size)
{
	memory.calls++;
	if (memory.calls == memory.fail_at || (memory.for_ever && memory.calls > memory.fail_at))
		return NULL;
	memory.blocks++;
	return malloc(size);
}

static void
counting_free(void *pointer)
{
	memory.blocks -= pointer != NULL;
	free(pointer);
}

static void
every_failed_allocation_is_reported_while_writing(void **state)
{
	JSON *foreign = json_of("{\"z\":[1],\"a\":2}");

	(void)state;
	for (int for_ever = 0; for_ever <= 1; for_ever++) {
		json_set_alloc_funcs(failing_malloc, counting_free);
		memory.for_ever = for_ever;
		for (memory.fail_at = 1;; memory.fail_at++) {
			enum err_code code;
			struct json *json;
			BUF text = {0};
			struct err err;

			memory.calls = 0;
			memory.blocks = 0;
			json = write_all(foreign);
			code = json_encode(json, &text, &err);
			if (memory.calls < memory.fail_at) {
				json_free(json);
				assert_int_equal(memory.blocks, 0);
				assert_ok(code);
				assert_string_equal(buf_string(&text), written);
				break;
			}
			assert_int_equal(code, ERR_MEMORY);
			json_free(json);
			assert_int_equal(memory.blocks, 0);
		}
		assert_true(memory.fail_at > 40);
		json_set_alloc_funcs(malloc, free);
	}
}

static void
every_failed_allocation_is_reported_while_parsing(void **state)
{
	unsigned failures = 0;

	(void)state;
	json_set_alloc_funcs(failing_malloc, counting_free);
	memory.for_ever = false;
	for (memory.fail_at = 1;; memory.fail_at++) {
		struct json *json = NULL;
		enum err_code code;
		struct err err;

		memory.calls = 0;
		memory.blocks = 0;
		code = json_parse(view_of_text(written), &json, &err);
		if (code == ERR_OK) { /* jansson can do without some: then nothing is missing */
			BUF text = {0};

			assert_ok(json_encode(json, &text, &err));
			assert_string_equal(buf_string(&text), written);
			json_free(json);
		} else {
			assert_null(json);
			failures++;
		}
		assert_int_equal(memory.blocks, 0);
		if (memory.calls < memory.fail_at)
			break;
	}
	assert_true(failures > 20);
	json_set_alloc_funcs(malloc, free);
}

struct told {
	const char *name;
	int tries;
	int64_t began, ended;
};
static const struct member told_members[] = {
    {"name", MEMBER_STRING, FIELD(struct told, name), .min = 1, .max = 4},
    {"tries", MEMBER_SIGNED, FIELD(struct told, tries), .min = -1, .max = 9},
    {"began", MEMBER_MOMENT, FIELD(struct told, began)},
    {"ended", MEMBER_MOMENT, FIELD(struct told, ended)},
    {NULL},
};

static void
a_row_is_read_as_its_table_wrote_it(void **state)
{
	static const struct told told = {"name", -1, 86400, 0};
	JSON *array = json_new_array();
	const struct json *row;
	struct told read;
	BUF text = {0};
	struct err err;

	(void)state;
	members_add(array, told_members, &told);
	row = json_array_object(array, 0);
	assert_int_equal(json_array_count(array), 1);
	assert_ok(json_encode(row, &text, &err));
	assert_string_equal(buf_string(&text),
	    "{\"name\":\"name\",\"tries\":-1,\"began\":\"1970-01-02T00:00:00Z\",\"ended\":\"\"}");
	assert_ok(members_read(row, "row", told_members, &read, &err));
	assert_string_equal(read.name, "name");
	assert_int_equal(read.tries, -1);
	assert_int_equal(read.began, 86400);
	assert_int_equal(read.ended, 0);
}

static void
a_row_that_its_table_does_not_allow_is_refused(void **state)
{
	static const char *const rows[] = {
	    "{\"name\":\"\",\"tries\":0,\"began\":\"\",\"ended\":\"\"}",
	    "{\"name\":\"names\",\"tries\":0,\"began\":\"\",\"ended\":\"\"}",
	    "{\"name\":\"n\",\"tries\":-2,\"began\":\"\",\"ended\":\"\"}",
	    "{\"name\":\"n\",\"tries\":10,\"began\":\"\",\"ended\":\"\"}",
	    "{\"name\":\"n\",\"tries\":0,\"began\":\" \",\"ended\":\"\"}",
	    "{\"name\":\"n\",\"tries\":0,\"began\":\"\",\"ended\":0}",
	    "{\"name\":\"n\",\"tries\":0,\"began\":\"\"}",
	    "{\"name\":\"n\",\"tries\":0,\"began\":\"\",\"ended\":\"\",\"more\":1}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		JSON *json = json_of(rows[i]);
		struct told read;
		struct err err;

		assert_int_equal(members_read(json, "row", told_members, &read, &err), ERR_INVALID);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_written_keeps_its_order_and_reads_back),
	    cmocka_unit_test(what_was_written_can_be_read_before_it_is_encoded),
	    cmocka_unit_test(text_that_is_not_plain_is_not_written),
	    cmocka_unit_test(a_member_is_not_written_twice),
	    cmocka_unit_test(writing_ends_at_depth_16),
	    cmocka_unit_test(every_failed_allocation_is_reported_while_writing),
	    cmocka_unit_test(every_failed_allocation_is_reported_while_parsing),
	    cmocka_unit_test(a_row_is_read_as_its_table_wrote_it),
	    cmocka_unit_test(a_row_that_its_table_does_not_allow_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
