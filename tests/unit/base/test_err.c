/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/err.h"
#include "tests/unit/check.h"

static void
every_code_has_a_name_that_leads_back(void **state)
{
	(void)state;
	for (int code = ERR_OK; code < ERR_CODE_COUNT; code++) {
		const char *name = err_name((enum err_code)code);

		assert_non_null(name);
		for (int other = ERR_OK; other < code; other++)
			assert_string_not_equal(name, err_name((enum err_code)other));
		assert_int_equal(err_from_name(name), code != ERR_OK ? code : ERR_PROTOCOL);
	}
}

static void
unknown_names_and_codes_are_errors(void **state)
{
	static const char *const names[] = {"", "OK", "ok", "refuse", "refused ", "nothing"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(err_from_name(names[i]), ERR_PROTOCOL);
	assert_string_equal(err_name(ERR_CODE_COUNT), "internal");
	assert_string_equal(err_name((enum err_code) - 1), "internal");
}

static void
a_chain_reads_outermost_first(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(err_set(&err, ERR_PIN, "PIN refused, %u tries left", 2), ERR_PIN);
	assert_int_equal(err_add(&err, "unlocking %s key %d", "secops", 1234), ERR_PIN);
	assert_int_equal(err_add(&err, "opening prod/db"), ERR_PIN);
	assert_int_equal(err.code, ERR_PIN);
	assert_string_equal(err.text,
	    "opening prod/db: unlocking secops key 1234: PIN refused, 2 tries left");
	assert_int_equal(err_set(&err, ERR_IO, "new"), ERR_IO);
	assert_string_equal(err.text, "new");
}

static void
arguments_may_point_into_the_error_itself(void **state)
{
	struct err err;

	(void)state;
	err_set(&err, ERR_PIN, "inner");
	err_set(&err, ERR_TOKEN, "outer (%s)", err.text);
	assert_string_equal(err.text, "outer (inner)");
	err_add(&err, "%s", err.text);
	assert_string_equal(err.text, "outer (inner): outer (inner)");
}

static void
control_characters_never_reach_a_terminal(void **state)
{
	struct err err;

	(void)state;
	err_set(&err, ERR_IO,
	    "a\033[2Jb\n\tc\x7f \xc2\x9b"
	    "d \xc2\xa7 \xe2\x82\xac");
	assert_string_equal(err.text, "a?[2Jb??c? ??d \xc2\xa7 \xe2\x82\xac");
	err_set(&err, ERR_IO, "x");
	err_add(&err, "%s", "name\r");
	assert_string_equal(err.text, "name?: x");
}

static void
a_long_text_is_cut_with_dots(void **state)
{
	char text[2 * ERR_TEXT_SIZE];
	struct err err;

	(void)state;
	for (size_t size = ERR_TEXT_SIZE - 3; size < ERR_TEXT_SIZE + 3; size++) {
		memset(text, 'x', size);
		text[size] = '\0';
		err_set(&err, ERR_IO, "%s", text);
		if (size < ERR_TEXT_SIZE) {
			assert_string_equal(err.text, text);
			continue;
		}
		assert_int_equal(strlen(err.text), ERR_TEXT_SIZE - 1);
		assert_string_equal(err.text + ERR_TEXT_SIZE - 5, "x...");
	}
	err_set(&err, ERR_IO, "end");
	err_add(&err, "%.*s", ERR_TEXT_SIZE - 4, text);
	assert_int_equal(strlen(err.text), ERR_TEXT_SIZE - 1);
	assert_string_equal(err.text + ERR_TEXT_SIZE - 4, "...");
}

static void
a_cut_leaves_no_half_character(void **state)
{
	char text[ERR_TEXT_SIZE + 20];
	struct err err;

	(void)state;
	for (size_t shift = 0; shift < 3; shift++) {
		size_t size = shift;

		memset(text, 'x', shift);
		for (; size + 3 < sizeof(text); size += 3)
			memcpy(text + size, "\xe2\x82\xac", 3);
		text[size] = '\0';
		err_set(&err, ERR_IO, "%s", text);
		size = strlen(err.text);
		assert_string_equal(err.text + size - 3, "...");
		assert_int_equal((size - 3 - shift) % 3, 0);
	}
}

static void
what_else_is_wrong_is_another_part(void **state)
{
	struct err err = {0}, more;

	(void)state;
	assert_int_equal(err_also(&err, &err), ERR_OK);
	err_set(&more, ERR_TARGET, "one");
	err_part(&more, "two");
	assert_int_equal(err_also(&err, &more), ERR_TARGET);
	assert_string_equal(err.text, "one.  two");
	err_set(&more, ERR_IO, "three");
	err_part(&more, "four");
	assert_int_equal(err_also(&err, &more), ERR_TARGET);
	assert_string_equal(err.text, "one.  two.  three.  four");
	assert_string_equal(err.text + err.parts[0], "two.  three.  four");
	assert_string_equal(err.text + err.parts[1], "three.  four");
	assert_string_equal(err.text + err.parts[2], "four");
	assert_int_equal(err_parts(&err), 4);
	err_add(&err, "opening");
	assert_string_equal(err.text + err.parts[2], "four");
}

static void
a_full_disk_and_lack_of_memory_keep_their_codes(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(err_errno(&err, ERR_IO, ENOSPC, "cannot write %s", "a"), ERR_NO_SPACE);
	assert_string_equal(err.text, "cannot write a: No space left on device");
	assert_int_equal(err_errno(&err, ERR_IO, EDQUOT, "x"), ERR_NO_SPACE);
	assert_int_equal(err_errno(&err, ERR_IO, ENOMEM, "x"), ERR_MEMORY);
	assert_int_equal(err_errno(&err, ERR_TOKEN, EIO, "x"), ERR_TOKEN);
	assert_int_equal(err.code, ERR_TOKEN);
	err_errno(&err, ERR_IO, 99999, "x");
	assert_string_equal(err.text, "x: unknown error");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_code_has_a_name_that_leads_back),
	    cmocka_unit_test(unknown_names_and_codes_are_errors),
	    cmocka_unit_test(a_chain_reads_outermost_first),
	    cmocka_unit_test(arguments_may_point_into_the_error_itself),
	    cmocka_unit_test(control_characters_never_reach_a_terminal),
	    cmocka_unit_test(a_long_text_is_cut_with_dots),
	    cmocka_unit_test(a_cut_leaves_no_half_character),
	    cmocka_unit_test(what_else_is_wrong_is_another_part),
	    cmocka_unit_test(a_full_disk_and_lack_of_memory_keep_their_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
