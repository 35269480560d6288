/* SPDX-License-Identifier: Apache-2.0 */
/* Hex, plain text, names, times, durations, words. */
#include "base/text.h"
#include "base/text_time.h"
#include "base/words.h"
#include "tests/unit/check.h"
#include "tests/unit/vectors.h"

static void
hex_has_one_spelling(void **state)
{
	static const char *const bad[] = {"", "0", "00f", "00FF", "0g", "00 f", "0x00", "00ff0",
	    "00ff00", "-1ff"};
	static const uint8_t bytes[] = {0x00, 0xff};
	uint8_t decoded[2] = {9, 9};
	char text[5];
	BUF buf = {0};

	(void)state;
	text_hex(VIEW_OF(bytes), text);
	assert_string_equal(text, "00ff");
	buf_hex(&buf, VIEW_OF(bytes));
	assert_string_equal(buf_string(&buf), "00ff");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(text_from_hex(bad[i], decoded, 2));
	assert_int_equal(decoded[0], 9);
	assert_true(text_from_hex("00ff", decoded, 2));
	assert_memory_equal(decoded, bytes, 2);
	assert_true(text_from_hex("", decoded, 0));
}

static void
plain_text_is_valid_utf8(void **state)
{
	static const char *const good[] = {"", "plain", "gr\xc3\xbc\xc3\x9f", "\xe2\x82\xac",
	    "\xf0\x9f\x94\x91", "\xc2\xa0", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbd"};
	static const char *const bad[] = {
	    "\x80", "\xc2", "\xc2\x41", "\xe2\x82", "\xe2\x82\x41", "\xf0\x9f\x94", "\xff", "\xfe",
	    "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xf0\x80\x80\x80",
	    "\xf0\x8f\xbf\xbf",                                             /* overlong */
	    "\xed\xa0\x80", "\xed\xbf\xbf",                                 /* surrogates */
	    "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", /* over U+10FFFF */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(text_is_plain(view_of_text(good[i])));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint8_t *exact = exact_copy(view_of_text(bad[i]));

		assert_false(text_is_plain(view_of(exact, strlen(bad[i]))));
		free(exact);
	}
	assert_false(text_is_plain(view_of("a\0b", 3)));
}

/* The UTF-8 of POINT. */
static struct view
utf8_of(uint32_t point, uint8_t bytes[4])
{
	if (point < 0x80) {
		bytes[0] = (uint8_t)point;
		return view_of(bytes, 1);
	}
	if (point < 0x800) {
		bytes[0] = (uint8_t)(0xc0 | point >> 6);
		bytes[1] = (uint8_t)(0x80 | (point & 0x3f));
		return view_of(bytes, 2);
	}
	if (point < 0x10000) {
		bytes[0] = (uint8_t)(0xe0 | point >> 12);
		bytes[1] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
		bytes[2] = (uint8_t)(0x80 | (point & 0x3f));
		return view_of(bytes, 3);
	}
	bytes[0] = (uint8_t)(0xf0 | point >> 18);
	bytes[1] = (uint8_t)(0x80 | (point >> 12 & 0x3f));
	bytes[2] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
	bytes[3] = (uint8_t)(0x80 | (point & 0x3f));
	return view_of(bytes, 4);
}

static void
every_code_point_is_judged(void **state)
{
	(void)state;
	for (uint32_t point = 0; point <= 0x10ffff; point++) {
		bool control = point < 0x20 || (point >= 0x7f && point < 0xa0);
		bool surrogate = point >= 0xd800 && point <= 0xdfff;
		bool bidi = point == 0x061c || point == 0x200e || point == 0x200f ||
		    (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
		bool other = point == 0x2028 || point == 0x2029 || point == 0xfeff ||
		    (point >= 0xfdd0 && point <= 0xfdef) || (point & 0xfffe) == 0xfffe;
		uint8_t bytes[4];

		if (text_is_plain(utf8_of(point, bytes)) == (control || surrogate || bidi || other))
			fail_msg("U+%04X", point);
	}
}

static void
names_are_letters_digits_and_parts(void **state)
{
	static const char *const good[] = {"a", "0", "prod/db", "a-b_c.d/e", "a..b", "9/9/9",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	static const char *const bad[] = {"", "-a", "_a", ".a", "/a", "a/", "a//b", "a/../b", "a/.",
	    "A", "a b", "a\n", "\xc3\xa4", "a:b", "a/-b",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(text_is_name(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(text_is_name(bad[i]));
}

static void
times_have_one_spelling(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} good[] = {
	    {"1970-01-01T00:00:00Z", 0},
	    {"2000-02-29T12:00:00Z", 951825600},
	    {"2026-01-31T23:59:59Z", 1769903999},
	    {"9999-12-31T23:59:59Z", 253402300799},
	};
	static const char *const bad[] = {"", "2026-01-31", "2026-01-31T23:59:59",
	    "2026-01-31t23:59:59z", "2026-01-31 23:59:59Z", "2026-01-31T23:59:59+00:00",
	    "2026-01-31T23:59:59.0Z", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
	    "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
	    "2026-01-31T24:00:00Z", "2026-01-31T23:60:00Z", "2026-01-31T23:59:60Z",
	    "1969-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "26-01-31T23:59:59Z",
	    "+026-01-31T23:59:59Z", "2026-01-31T23:59:59ZZ", " 2026-01-31T23:59:59Z",
	    "2026-1-31T23:59:59Z"};
	int64_t seconds = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		char text[TEXT_TIME_SIZE];

		text_time(good[i].seconds, text);
		assert_string_equal(text, good[i].text);
		assert_true(text_from_time(good[i].text, &seconds));
		assert_int_equal(seconds, good[i].seconds);
	}
	seconds = 7;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(text_from_time(bad[i], &seconds));
	assert_int_equal(seconds, 7);
}

static void
times_out_of_range_are_clamped(void **state)
{
	char text[TEXT_TIME_SIZE];

	(void)state;
	text_time(-1, text);
	assert_string_equal(text, "1970-01-01T00:00:00Z");
	text_time(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59Z");
}

static void
durations_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} good[] = {{"1s", 1}, {"90s", 90}, {"15m", 900}, {"2h", 7200}, {"1h30m", 5400},
	    {"365d", 31536000}, {"1d2h3m4s", 93784}, {"3650d", 315360000}, {"1h1s", 3601}};
	static const char *const bad[] = {"", "s", "90", "1", "0s", "0h0m", "1.5h", "-1h", "+1h",
	    "1H", "1h 30m", "30m1h", "1h1h", "1w", "1hm", "3651d", "9999999999s",
	    "99999999999999999999d", "3650d1s", "1h30", " 1h"};
	int64_t seconds = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(text_from_duration(bad[i], &seconds));
	assert_int_equal(seconds, 7);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(text_from_duration(good[i].text, &seconds));
		assert_int_equal(seconds, good[i].seconds);
	}
}

static void
durations_are_written_in_two_units(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = {{0, "0 s"}, {-5, "0 s"}, {1, "1 s"}, {45, "45 s"}, {60, "1 min"},
	    {61, "1 min 1 s"}, {3600, "1 h"}, {3605, "1 h"}, {5400, "1 h 30 min"},
	    {86399, "23 h 59 min"}, {86400, "1 d"}, {90061, "1 d 1 h"}, {315360000, "3650 d"}};
	char text[TEXT_DURATION_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		text_duration(cases[i].seconds, text);
		assert_string_equal(text, cases[i].text);
	}
	text_duration(INT64_MAX, text);
	assert_true(strlen(text) < TEXT_DURATION_SIZE);
}

static void
words_are_those_of_the_pgp_list(void **state)
{
	/* The fingerprint that Wikipedia's article "PGP word list" spells out. */
	static const char expected[] =
	    "topmost Istanbul Pluto vagabond treadmill Pacific brackish dictator goldfish Medusa "
	    "afflict bravado chatter revolver Dupont midsummer stopwatch whimsical cowbell "
	    "bottomless";
	BUF bytes = {0}, spoken = {0};

	(void)state;
	bytes_from_hex("e58294f2e9a227486e8b061b31cc528fd7fa3f19", &bytes);
	for (size_t i = 0; i < bytes.size; i += 4) {
		char text[TEXT_WORDS_SIZE];

		text_words(view_of(bytes.data + i, 4), text);
		buf_format(&spoken, "%s%s", i > 0 ? " " : "", text);
	}
	assert_string_equal(buf_string(&spoken), expected);
	assert_string_equal(words_even[0], "aardvark");
	assert_string_equal(words_odd[0], "adroitness");
	assert_string_equal(words_even[255], "Zulu");
	assert_string_equal(words_odd[255], "Yucatan");
}

static void
all_words_differ(void **state)
{
	(void)state;
	for (size_t i = 0; i < 256; i++) {
		for (size_t j = 0; j < 256; j++) {
			assert_int_not_equal(strcasecmp(words_even[i], words_odd[j]), 0);
			if (i == j)
				continue;
			assert_int_not_equal(strcasecmp(words_odd[i], words_odd[j]), 0);
			assert_true((strcasecmp(words_even[i], words_even[j]) < 0) == (i < j));
		}
	}
}

static void
eight_of_the_longest_words_fit(void **state)
{
	uint8_t bytes[8];
	char text[TEXT_WORDS_SIZE];
	size_t longest_even = 0, longest_odd = 0;

	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		if (strlen(words_even[i]) > strlen(words_even[longest_even]))
			longest_even = i;
		if (strlen(words_odd[i]) > strlen(words_odd[longest_odd]))
			longest_odd = i;
	}
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i % 2 == 0 ? longest_even : longest_odd);
	text_words(VIEW_OF(bytes), text);
	assert_int_equal(strlen(text),
	    4 * strlen(words_even[longest_even]) + 4 * strlen(words_odd[longest_odd]) + 7);
	text_words((struct view){0}, text);
	assert_string_equal(text, "");
}

static void
firmware_versions_have_one_spelling(void **state)
{
	static const char *const bad[] = {"", "5", "5.7", "5.7.", "5.7.4.", "5.7.4.1", "05.7.4",
	    "5.7.04", "5.7.256", "5.7.-1", "5.7.+4", " 5.7.4", "5.7.4 ", "5. 7.4", "5.7.x",
	    "255.255.2555"};
	uint8_t firmware[3] = {9, 9, 9};
	char text[FIRMWARE_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(firmware_from_text(bad[i], firmware));
	assert_memory_equal(firmware, "\x09\x09\x09", 3);
	assert_true(firmware_from_text("5.7.4", firmware));
	assert_memory_equal(firmware, "\x05\x07\x04", 3);
	firmware_text(firmware, text);
	assert_string_equal(text, "5.7.4");
	assert_true(firmware_from_text("255.255.255", firmware));
	firmware_text(firmware, text);
	assert_string_equal(text, "255.255.255");
	assert_true(firmware_from_text("0.0.0", firmware));
}

static void
one_is_singular_and_nothing_else(void **state)
{
	(void)state;
	assert_string_equal(text_plural(0, "entry", "entries"), "entries");
	assert_string_equal(text_plural(1, "entry", "entries"), "entry");
	assert_string_equal(text_plural(2, "entry", "entries"), "entries");
}

static void
what_others_typed_cannot_close_its_quotation_marks(void **state)
{
	BUF text = {0};

	(void)state;
	text_quote("down\"; next: \"halligan", &text);
	assert_string_equal(buf_string(&text), "\"down'; next: 'halligan\"");
}

/* A stranger closes no quotation mark, and nothing of it is lost: letter by letter it can be told back. */
static void
what_is_quoted_whole_reads_like_nothing_else(void **state)
{
	static const struct {
		const char *words, *quoted;
	} rows[] = {
	    {"", "\"\""},
	    {"down\"; 'next", "\"down\\'; 'next\""},
	    {"a\\'b", "\"a\\\\'b\""},
	    {"a b", "\"a b\""},
	    {" a  b ", "\"\\u{20}a \\u{20}b\\u{20}\""},
	    {"a\xe3\x80\x80\xe2\x80\x8b b", "\"a\\u{3000}\\u{200b}\\u{20}b\""},
	    {"gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		BUF text = {0};

		text_quote_whole(rows[i].words, &text);
		assert_string_equal(buf_string(&text), rows[i].quoted);
	}
}

/* U+00A0 and U+3000 are spaces, U+2800 and U+3164 look like one, U+200B and U+00AD like nothing. */
static void
what_others_chose_draws_no_columns(void **state)
{
	static const char *const spaces[] = {"  ", "\xc2\xa0\xc2\xa0", " \xe3\x80\x80",
	    "\xe2\xa0\x80 ", "\xe3\x85\xa4\xe3\x85\xa4", " \xe2\x80\x8b \xe2\x80\x8b",
	    " \xc2\xad\xe2\x80\x83"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(spaces); i++) {
		BUF text = {0};

		buf_format(&text, "%sroot%sapproved%s", spaces[i], spaces[i], spaces[i]);
		assert_string_equal(QUOTED(buf_string(&text)), "\"root approved\"");
	}
	assert_string_equal(QUOTED(""), "\"\"");
	assert_string_equal(QUOTED(" \xe2\x80\x8b "), "\"\"");
	/* Joined letters of other scripts stay as they are. */
	assert_string_equal(QUOTED("\xd9\x85\xe2\x80\x8c\xd9\x86"),
	    "\"\xd9\x85\xe2\x80\x8c\xd9\x86\"");
	assert_string_equal(QUOTED("a\033[2J\xff"), "\"a?[2J?\"");
}

static void
what_others_chose_is_cut_between_letters(void **state)
{
	BUF text = {0};

	(void)state;
	buf_u8(&text, 'a');
	for (size_t i = 0; i < QUOTED_MAX / 2; i++)
		buf_text(&text, "\xc3\xa4");
	const struct text_quoted cut = text_quoted(buf_string(&text));
	assert_int_equal(strlen(cut.text), QUOTED_MAX - 1 + strlen("\"...\""));
	assert_string_equal(cut.text + QUOTED_MAX - 2, "\xc3\xa4...\"");
	assert_true(text_is_plain(view_of_text(cut.text)));
}

static void
the_nearest_name_is_found_or_none(void **state)
{
	static const char *const names[] = {"approve", "request", "rotate", "status", NULL};
	char longest[200];

	(void)state;
	assert_string_equal(text_nearest("aprove", names), "approve");
	assert_string_equal(text_nearest("approev", names), "approve");
	assert_string_equal(text_nearest("reqeust", names), "request");
	assert_string_equal(text_nearest("rotat", names), "rotate");
	assert_string_equal(text_nearest("rotate", names), "rotate");
	assert_null(text_nearest("x", names));
	assert_null(text_nearest("decommission", names));
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_null(text_nearest(longest, names));
}

static void
what_a_touched_key_types_is_recognised(void **state)
{
	(void)state;
	assert_true(text_is_otp(view_of_text("cccccccfhcjkbdefghijklnrtuvcbdefghijklnrtuvc")));
	assert_true(text_is_otp(view_of_text("fhcjkbdefghijklnrtuvcbdefghijkln")));
	assert_false(text_is_otp(view_of_text("fhcjkbdefghijklnrtuvcbdefghijkl")));
	assert_false(text_is_otp(view_of_text("accccccfhcjkbdefghijklnrtuvcbdefghijklnrtuvc")));
	assert_false(text_is_otp(view_of_text("73920158")));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_a_touched_key_types_is_recognised),
	    cmocka_unit_test(hex_has_one_spelling),
	    cmocka_unit_test(plain_text_is_valid_utf8),
	    cmocka_unit_test(every_code_point_is_judged),
	    cmocka_unit_test(names_are_letters_digits_and_parts),
	    cmocka_unit_test(times_have_one_spelling),
	    cmocka_unit_test(times_out_of_range_are_clamped),
	    cmocka_unit_test(durations_are_read),
	    cmocka_unit_test(durations_are_written_in_two_units),
	    cmocka_unit_test(words_are_those_of_the_pgp_list),
	    cmocka_unit_test(all_words_differ),
	    cmocka_unit_test(eight_of_the_longest_words_fit),
	    cmocka_unit_test(firmware_versions_have_one_spelling),
	    cmocka_unit_test(one_is_singular_and_nothing_else),
	    cmocka_unit_test(what_others_typed_cannot_close_its_quotation_marks),
	    cmocka_unit_test(what_is_quoted_whole_reads_like_nothing_else),
	    cmocka_unit_test(what_others_chose_draws_no_columns),
	    cmocka_unit_test(what_others_chose_is_cut_between_letters),
	    cmocka_unit_test(the_nearest_name_is_found_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
