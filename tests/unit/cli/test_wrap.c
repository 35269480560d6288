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
	    "one two three four five six\n  seven eight");
	/* Exactly as wide as the terminal, and one wider. */
	check("123456789 123456789 1234567890", 30, "123456789 123456789 1234567890");
	check("123456789 123456789 12345678901", 30, "123456789 123456789\n  12345678901");
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
no_line_goes_on_in_the_first_column(void **state)
{
	BUF text = {0};

	(void)state;
	wrap_line(
	    "ceremony  prod/db: alice asks for it: \"down since 02:13zzz alarm     log: rewritten\"",
	    60, &text);
	assert_non_null(strstr(buf_string(&text), "\n  | alarm"));
}

static void
a_long_word_stays_whole(void **state)
{
	(void)state;
	check("see /a/very/long/path/that/nobody/may/break now", 30,
	    "see\n  /a/very/long/path/that/nobody/may/break\n  now");
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

/* Whatever begins in words of others has the mark before it, and nothing is left to the terminal, which may draw a
 * letter two columns wide. */
static void
check_quote(const char *line, size_t columns)
{
	BUF text = {0};
	size_t room = 0;
	bool quoted = false;

	wrap_line(line, columns, &text);
	for (const char *at = buf_string(&text); *at != '\0'; at++) {
		room += (*at & 0xc0) == 0x80 ? 0 : (unsigned char)*at >= 0xe0 ? 2 : 1;
		quoted ^= *at == '"';
		if (*at == '\n') {
			const char *first = at + 1 + strspn(at + 1, " ");

			room = 0;
			if (quoted && (first < at + 3 || strncmp(first, WRAP_MARK, 2) != 0))
				fail_msg("at %zu columns:\n%s", columns, buf_string(&text));
		}
		if (columns >= 29 && room > columns)
			fail_msg("wider than %zu:\n%s", columns, buf_string(&text));
	}
	assert_false(quoted);
}

/* U+00A0, U+2003 and U+3000 look like spaces, and are none to a wrapper that asks for ' '. */
static void
no_word_of_others_draws_a_line_that_looks_like_a_field(void **state)
{
	static const size_t columns[] = {0, 6, 20, 29, 30, 31, 40, 79, 80, 81, 200};
	static const char *const fills[] = {"x", "x ", " ", "\xc2\xa0", "\xe2\x80\x83",
	    "\xe3\x80\x80", "\xe6\xbc\xa2", "\xf0\x9f\x94\x91"};
	static const char *const begins[] = {"  can do     ",
	    "  - seat mallory: ", "  ! restores alice's token ", "  mallory      ",
	    "                 token ", "WAITS ", "", "2026-01-05  charter 2; joined "};

	(void)state;
	for (size_t f = 0; f < sizeof(fills) / sizeof(fills[0]); f++)
		for (size_t count = 0; count < 170; count++)
			for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
				BUF line = {0};

				buf_format(&line, "%s\"fine.", begins[(f + count) % 8]);
				for (size_t n = 0; n < count; n++)
					buf_text(&line, fills[f]);
				buf_text(&line,
				    "\xc2\xa0\xc2\xa0"
				    "approved\xc2\xa0\xc2\xa0"
				    "ciso\" (1)");
				check_quote(buf_string(&line), columns[i]);
			}
}

static void
words_of_others_go_on_under_the_value_and_behind_the_mark(void **state)
{
	(void)state;
	check("  can do     \"root on the database\" (1)", 30,
	    "  can do     \"root on the\n           | database\" (1)");
	check("  - seat m: \"the primary does not boot\" (1)", 30,
	    "  - seat m: \"the primary does\n  | not boot\" (1)");
	check("  why  \"123456789\"", 9, "  why\n  \"123456\n  | 789\"");
	check("  why  \"short\"", 0, "  why  \"short\"");
	check(
	    "see \"it\" in a sentence of ours that programs compare, which is far longer than any terminal",
	    0,
	    "see \"it\" in a sentence of ours that programs compare, which is far longer than any terminal");
	check(
	    "see \"it\" in a sentence of ours that programs compare, which is longer than that: \"down again\"",
	    0,
	    "see \"it\" in a sentence of ours that programs compare, which is longer than that:\n  \"down again\"");
	check("see \"it\" in /a/very/long/path/that/nobody/may/break now", 30,
	    "see \"it\" in\n  /a/very/long/path/that/nobody/may/break\n  now");
}

/* A name in a line of ours may hold foreign spaces too. */
static void
a_long_word_that_is_not_ascii_is_broken_and_goes_on_under_the_value(void **state)
{
	(void)state;
	check("  who      Alice\xc2\xa0Oncall\xc2\xa0is\xc2\xa0"
	      "approved",
	    30,
	    "  who\n           Alice\xc2\xa0Oncall\xc2\xa0is\xc2\xa0"
	    "app\n           roved");
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

static void
whatever_it_is_it_comes_out_plain(void **state)
{
	(void)state;
	for (size_t columns = 0; columns <= 80; columns += 80) {
		check("a \033[2J b\rc\nd\t e", columns, "a ?[2J b?c?d? e");
		check("\"\xe2\x80\xae x\" \xc2\x9b"
		      "2J \xff \xc3\xa9",
		    columns, "\"? x\" ?2J ? \xc3\xa9");
		check("  half \xe2\x80", columns, "  half ??");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whatever_it_is_it_comes_out_plain),
	    cmocka_unit_test(a_line_breaks_between_words),
	    cmocka_unit_test(the_rest_stands_under_the_value),
	    cmocka_unit_test(no_line_goes_on_in_the_first_column),
	    cmocka_unit_test(a_long_word_stays_whole),
	    cmocka_unit_test(letters_of_several_bytes_are_one_column),
	    cmocka_unit_test(no_word_of_others_draws_a_line_that_looks_like_a_field),
	    cmocka_unit_test(words_of_others_go_on_under_the_value_and_behind_the_mark),
	    cmocka_unit_test(a_long_word_that_is_not_ascii_is_broken_and_goes_on_under_the_value),
	    cmocka_unit_test(what_is_no_terminal_or_too_narrow_breaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
