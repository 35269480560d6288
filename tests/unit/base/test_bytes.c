/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"
#include "tests/unit/check.h"

static bool out_of_memory;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *
__wrap_malloc(size_t size)
{
	return out_of_memory ? NULL : __real_malloc(size);
}

static void
integers_are_big_endian(void **state)
{
	static const uint8_t expected[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	struct reader reader = reader_of(VIEW_OF(expected));
	BUF buf = {0};

	(void)state;
	buf_u8(&buf, 0x01);
	buf_u16(&buf, 0x0203);
	buf_u32(&buf, 0x04050607);
	buf_u64(&buf, 0x08090a0b0c0d0e0f);
	assert_view(buf_view(&buf), VIEW_OF(expected));
	assert_int_equal(reader_u8(&reader), 0x01);
	assert_int_equal(reader_u16(&reader), 0x0203);
	assert_int_equal(reader_u32(&reader), 0x04050607);
	assert_false(reader_end(&reader));
	assert_int_equal(reader_u64(&reader), 0x08090a0b0c0d0e0f);
	assert_true(reader_end(&reader));
}

/* One record with every kind of field. */
static void
write_record(struct buf *buf)
{
	buf_u8(buf, 7);
	buf_lp8(buf, view_of_text("one"));
	buf_lp16(buf, view_of_text("two"));
	buf_lp32(buf, view_of_text("three"));
	buf_bytes(buf, view_of_text("four"));
	buf_u64(buf, 1);
}

static bool
read_record(struct view bytes)
{
	struct reader reader = reader_of(bytes);
	uint8_t four[4];
	bool same = true;

	same = same && reader_u8(&reader) == 7;
	same = same && view_equal(reader_lp8(&reader, 3), view_of_text("one"));
	same = same && view_equal(reader_lp16(&reader, 3), view_of_text("two"));
	same = same && view_equal(reader_lp32(&reader, 5), view_of_text("three"));
	reader_copy(&reader, four, sizeof(four));
	same = same && memcmp(four, "four", 4) == 0;
	same = same && reader_u64(&reader) == 1;
	return reader_end(&reader) && same;
}

static void
a_record_of_any_other_length_is_refused(void **state)
{
	BUF buf = {0};

	(void)state;
	write_record(&buf);
	buf_u8(&buf, 0);
	for (size_t size = 0; size <= buf.size; size++) {
		uint8_t *exact = exact_copy(view_of(buf.data, size));

		assert_true(read_record(view_of(exact, size)) == (size == buf.size - 1));
		free(exact);
	}
}

static void
every_changed_byte_is_seen(void **state)
{
	BUF buf = {0};

	(void)state;
	write_record(&buf);
	for (size_t i = 0; i < buf.size; i++) {
		buf.data[i] ^= 1;
		assert_false(read_record(buf_view(&buf)));
		buf.data[i] ^= 0x81;
		assert_false(read_record(buf_view(&buf)));
		buf.data[i] ^= 0x80;
	}
	assert_true(read_record(buf_view(&buf)));
}

static void
a_failed_reader_gives_nothing_more(void **state)
{
	struct reader reader = reader_of(view_of("\1\2\3", 3));
	uint8_t copied[2] = {9, 9};

	(void)state;
	assert_int_equal(reader_u32(&reader), 0);
	assert_true(reader.failed);
	assert_int_equal(reader_u8(&reader), 0);
	assert_int_equal(reader_bytes(&reader, 0).size, 0);
	reader_copy(&reader, copied, 2);
	assert_int_equal(copied[0] | copied[1], 0);
	assert_false(reader_end(&reader));
}

static void
a_field_over_its_maximum_is_refused(void **state)
{
	static const uint8_t bytes[] = {0, 0, 0, 4, 'a', 'b', 'c', 'd'};

	(void)state;
	for (size_t max = 0; max <= 5; max++) {
		struct reader reader = reader_of(VIEW_OF(bytes));

		assert_int_equal(reader_lp32(&reader, max).size, max >= 4 ? 4 : 0);
		assert_true(reader_end(&reader) == (max >= 4));
	}
}

static void
a_length_of_4_gib_is_refused(void **state)
{
	static const uint8_t bytes[] = {0xff, 0xff, 0xff, 0xff, 'a'};
	struct reader reader = reader_of(VIEW_OF(bytes));

	(void)state;
	assert_int_equal(reader_lp32(&reader, SIZE_MAX).size, 0);
	assert_true(reader.failed);
	reader = reader_of(VIEW_OF(bytes));
	assert_int_equal(reader_bytes(&reader, SIZE_MAX).size, 0);
	assert_true(reader.failed);
}

static void
an_empty_input_ends_at_once(void **state)
{
	struct reader reader = reader_of((struct view){0});

	(void)state;
	assert_int_equal(reader_bytes(&reader, 0).size, 0);
	assert_true(reader_end(&reader));
	assert_int_equal(reader_u8(&reader), 0);
	assert_false(reader_end(&reader));
}

static void
fields_too_long_for_their_prefix_fail(void **state)
{
	static const uint8_t bytes[65536];
	BUF fits = {0}, over8 = {0}, over16 = {0};
	struct err err;

	(void)state;
	buf_lp8(&fits, view_of(bytes, 255));
	buf_lp16(&fits, view_of(bytes, 65535));
	buf_lp32(&fits, view_of(bytes, 65536));
	assert_ok(buf_check(&fits, &err));
	assert_int_equal(fits.size, 1 + 255 + 2 + 65535 + 4 + 65536);
	buf_lp8(&over8, view_of(bytes, 256));
	assert_error(ERR_MEMORY, buf_check(&over8, &err));
	buf_lp16(&over16, view_of(bytes, 65536));
	assert_error(ERR_MEMORY, buf_check(&over16, &err));
}

static void
texts_are_formatted_and_terminated(void **state)
{
	BUF buf = {0};

	(void)state;
	assert_string_equal(buf_string(&buf), "");
	buf_text(&buf, "a");
	buf_format(&buf, "%s-%d", "bc", 12);
	assert_string_equal(buf_string(&buf), "abc-12");
	assert_int_equal(buf.size, 6);
	for (int i = 0; i < 1000; i++)
		buf_format(&buf, "%04d", i);
	assert_int_equal(buf.size, 4006);
	assert_string_equal(buf_string(&buf) + 4002, "0999");
}

static void
space_is_zero_and_part_of_the_buffer(void **state)
{
	BUF buf = {0};
	uint8_t *space;

	(void)state;
	assert_non_null(buf_space(&buf, 0));
	buf_text(&buf, "x");
	space = buf_space(&buf, 100);
	assert_ptr_equal(space, buf.data + 1);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(space[i], 0);
	assert_int_equal(buf.size, 101);
}

static void
a_buffer_ends_at_64_mib(void **state)
{
	BUF buf = {0};
	struct err err;

	(void)state;
	assert_non_null(buf_space(&buf, 64 * 1024 * 1024));
	buf_u8(&buf, 1);
	assert_error(ERR_MEMORY, buf_check(&buf, &err));
	assert_int_equal(buf.size, 64 * 1024 * 1024);
	buf_done(&buf);
	assert_null(buf_space(&buf, SIZE_MAX));
	assert_error(ERR_MEMORY, buf_check(&buf, &err));
}

static void
running_out_of_memory_sticks(void **state)
{
	BUF buf = {0};
	struct err err;

	(void)state;
	buf_text(&buf, "kept");
	out_of_memory = true;
	buf_bytes(&buf,
	    view_of("................................................................", 64));
	out_of_memory = false;
	assert_error(ERR_MEMORY, buf_check(&buf, &err));
	buf_text(&buf, "later");
	buf_format(&buf, "%d", 1);
	assert_null(buf_space(&buf, 1));
	assert_view(buf_view(&buf), view_of_text("kept"));
	assert_string_equal(buf_string(&buf), "");
	buf_done(&buf);
	assert_false(buf.failed);
	assert_null(buf.data);
}

static void
what_is_wiped_is_empty_and_may_be_used_again(void **state)
{
	(void)state;
	struct buf buf = {0};

	buf_wipe(&buf);
	buf_text(&buf, "words");
	buf_wipe(&buf);
	assert_null(buf.data);
	assert_int_equal(buf.size, 0);
	assert_int_equal(buf.capacity, 0);
	buf_text(&buf, "more");
	assert_string_equal(buf_string(&buf), "more");
	buf_done(&buf);
}

static void
views_are_equal_by_content(void **state)
{
	(void)state;
	assert_true(view_equal((struct view){0}, view_of("x", 0)));
	assert_true(view_equal(view_of_text("abc"), view_of("abcd", 3)));
	assert_false(view_equal(view_of_text("abc"), view_of_text("abd")));
	assert_false(view_equal(view_of_text("abc"), view_of_text("abcd")));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(integers_are_big_endian),
	    cmocka_unit_test(a_record_of_any_other_length_is_refused),
	    cmocka_unit_test(every_changed_byte_is_seen),
	    cmocka_unit_test(a_failed_reader_gives_nothing_more),
	    cmocka_unit_test(a_field_over_its_maximum_is_refused),
	    cmocka_unit_test(a_length_of_4_gib_is_refused),
	    cmocka_unit_test(an_empty_input_ends_at_once),
	    cmocka_unit_test(fields_too_long_for_their_prefix_fail),
	    cmocka_unit_test(texts_are_formatted_and_terminated),
	    cmocka_unit_test(space_is_zero_and_part_of_the_buffer),
	    cmocka_unit_test(a_buffer_ends_at_64_mib),
	    cmocka_unit_test(running_out_of_memory_sticks),
	    cmocka_unit_test(what_is_wiped_is_empty_and_may_be_used_again),
	    cmocka_unit_test(views_are_equal_by_content),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
