/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of others may hold a value.  Each block that our code gives back is looked through for one, as is each that
 * realloc() is given, which may give it back as it is.
 */
#include <malloc.h>
#include <unistd.h>

#include "base/json.h"
#include "base/process.h"
#include "tests/unit/check.h"

static const char value[] = "a value in the words of others";
static unsigned given_back, with_value; /* blocks, and those that still held a part of the value */

void __real_free(void *block);
void __wrap_free(void *block);
void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);

/* Its middle, in whatever spelling the rest may be. */
static void
look_through(const void *block)
{
	if (block == NULL || under_valgrind()) /* which hears of bytes that nobody wrote */
		return;
	given_back++;
	with_value +=
	    memmem(block, malloc_usable_size((void *)(uintptr_t)block), value + 8, 12) != NULL;
}

void
__wrap_free(void *block)
{
	look_through(block);
	__real_free(block);
}

void *
__wrap_realloc(void *block, size_t size)
{
	look_through(block);
	return __real_realloc(block, size);
}

static int
count_anew(void **state)
{
	(void)state;
	given_back = with_value = 0;
	return 0;
}

/* At least BLOCKS were looked through, and none held the value. */
static void
assert_nothing_left(unsigned blocks)
{
	if (under_valgrind())
		return;
	assert_true(given_back >= blocks);
	assert_int_equal(with_value, 0);
}

static void
a_wiped_buffer_leaves_nothing_in_any_block_it_outgrew(void **state)
{
	static const uint8_t more[40];

	(void)state;
	{
		WIPED buf = {0};

		buf_text(&buf, value);
		for (int i = 0; i < 2000; i++)
			buf_bytes(&buf, VIEW_OF(more));
		assert_memory_equal(buf.data, value, sizeof(value) - 1);
		assert_nothing_left(10);
	}
	assert_nothing_left(11);
}

static void
a_buffer_that_is_not_wiped_is_told_from_one_that_is(void **state)
{
	(void)state;
	{
		BUF buf = {0};

		buf_text(&buf, value);
	}
	assert_int_equal(with_value, under_valgrind() ? 0 : 1);
}

/* Both ends in one process: what is said fits into the pipe. */
static void
a_line_that_is_read_leaves_nothing_but_itself(void **state)
{
	int ends[2];
	struct err err;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	for (int i = 0; i < 20; i++)
		assert_int_equal(write(ends[1], value, sizeof(value) - 1), sizeof(value) - 1);
	assert_int_equal(write(ends[1], "\n", 1), 1);
	{
		WIPED line = {0};

		assert_ok(fd_read_line(ends[0], 4096, &line, -1, &err));
		assert_int_equal(line.size, 20 * (sizeof(value) - 1));
	}
	assert_nothing_left(4);
	close(ends[0]);
	close(ends[1]);
}

static void
a_line_that_is_too_long_or_never_ends_leaves_nothing(void **state)
{
	struct err err;

	(void)state;
	for (size_t max = 100; max <= 4096; max += 3996) {
		int ends[2];
		WIPED line = {0};

		assert_int_equal(pipe(ends), 0);
		for (int i = 0; i < 20; i++)
			assert_int_equal(write(ends[1], value, sizeof(value) - 1),
			    sizeof(value) - 1);
		close(ends[1]);
		assert_error(ERR_PROTOCOL, fd_read_line(ends[0], max, &line, -1, &err));
		close(ends[0]);
	}
	assert_nothing_left(2);
}

static void
a_document_leaves_nothing_of_a_text_however_it_was_spelled(void **state)
{
	/* Around the value. */
	static const struct {
		const char *before, *after;
	} texts[] = {{"{\"detail\":\"", "\"}"}, {"{\"", "\":1}"}, {"{\"a\":[{\"b\":\"", "\"}]}"},
	    {"{\"detail\":\"\\u0061 ", "\"}"}, {"{\"detail\":\"", ""},
	    {"{\"detail\":\"", "\",\"detail\":1}"}, {"{\"detail\":\"", "\\u0007\"}"},
	    {"{\"detail\":\"", "\"} x"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		WIPED text = {0};
		JSON *json = NULL;
		struct err err;

		buf_format(&text, "%s%s%s", texts[i].before, value, texts[i].after);
		(void)!json_parse(buf_view(&text), &json, &err);
		assert_true((json != NULL) == (i < 4));
	}
	assert_nothing_left(40);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_wiped_buffer_leaves_nothing_in_any_block_it_outgrew,
	        count_anew),
	    cmocka_unit_test_setup(a_buffer_that_is_not_wiped_is_told_from_one_that_is, count_anew),
	    cmocka_unit_test_setup(a_line_that_is_read_leaves_nothing_but_itself, count_anew),
	    cmocka_unit_test_setup(a_line_that_is_too_long_or_never_ends_leaves_nothing,
	        count_anew),
	    cmocka_unit_test_setup(a_document_leaves_nothing_of_a_text_however_it_was_spelled,
	        count_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
