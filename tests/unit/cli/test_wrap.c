/* SPDX-License-Identifier: Apache-2.0 */
/* cli/terminal/wrap.c: lines for a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "cli/terminal/wrap.h"

static void
check(const char *line, size_t columns, const char *expected)
{
	BUF text = {0};

	wrap_line(line, columns, &text);
	assert_string_equal(buf_string(&text), expected);
}

static void
a_line_breaks_between_words(void **state)
{
	(void)state;
	check("one two three four five six seven eight", 30,
	    "one two three four five six\nseven eight");
	/* Exactly as wide as the terminal, and one wider. */
	check("123456789 123456789 1234567890", 30, "123456789 123456789 1234567890");
	check("123456789 123456789 12345678901", 30, "123456789 123456789\n12345678901");
	check("", 80, "");
}

static void
the_rest_stands_under_the_value(void **state)
{
	(void)state;
	check("  why      the primary does not boot", 30,
	    "  why      the primary does\n           not boot");
	check("  a sentence that is indented and long", 30,
	    "  a sentence that is indented\n  and long");
}

static void
a_long_word_stays_whole(void **state)
{
	(void)state;
	check("see /a/very/long/path/that/nobody/may/break now", 30,
	    "see\n/a/very/long/path/that/nobody/may/break\nnow");
}

static void
letters_of_several_bytes_are_one_column(void **state)
{
	(void)state;
	check("äöüäöüäöü äöüäöüäöü äöüäöüäöüä", 30, "äöüäöüäöü äöüäöüäöü äöüäöüäöüä");
	assert_int_equal(wrap_fit("äöü", 2), 4);
	assert_int_equal(wrap_fit("abc", 0), 3);
	assert_int_equal(wrap_fit("abc", 9), 3);
}

static void
what_is_no_terminal_or_too_narrow_breaks_nothing(void **state)
{
	(void)state;
	check("one two three four five six seven eight", 0,
	    "one two three four five six seven eight");
	check("one two three four five six seven eight", 29,
	    "one two three four five six seven eight");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_breaks_between_words),
	    cmocka_unit_test(the_rest_stands_under_the_value),
	    cmocka_unit_test(a_long_word_stays_whole),
	    cmocka_unit_test(letters_of_several_bytes_are_one_column),
	    cmocka_unit_test(what_is_no_terminal_or_too_narrow_breaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
