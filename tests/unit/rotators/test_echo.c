/* SPDX-License-Identifier: Apache-2.0 */
/* Values, and parts of them, are found in text that must not hold them. */
#include <stdio.h>
#include <string.h>

#include "base/process.h"
#include "rotators/contract/echo.h"
#include "tests/unit/check.h"

#define KEY                                                                                        \
	"-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0IHNlZWQgb2Yga2V5\nYW5kIGFub3RoZXIgbGlu\n"    \
	"-----END OPENSSH PRIVATE KEY-----\n"

static const struct {
	enum credential_field field;
	const char *value, *text;
	bool found;
} rows[] = {
    /* whole */
    {FIELD_PASSWORD, "word", "the word is out", true},
    {FIELD_PASSWORD, "wor", "the word is out", false},
    {FIELD_TOKEN, "elevenbytes", "elevenbytes", true},
    {FIELD_TOKEN, "elevenbytes", "elevenbyte", false},
    /* parts of 12 */
    {FIELD_PASSWORD, "correct-horse-battery-staple-42", "bad 'correct-horse-battery-staple-4'",
        true},
    {FIELD_PASSWORD, "correct-horse-battery-staple-42", "orrect-horse-battery-staple-42", true},
    {FIELD_PASSWORD, "correct-horse-battery-staple-42", "horse-batter", true},
    {FIELD_PASSWORD, "correct-horse-battery-staple-42", "ry-staple-42", true},
    {FIELD_PASSWORD, "correct-horse-battery-staple-42", "correct-hors", true},
    {FIELD_PASSWORD, "correct-horse-battery-staple-42", "horse-batte y-staple-42", false},
    {FIELD_TOTP_SEED, "JBSWY3DPEHPK3PXP", "BSWY3DPEHPK3", true},
    {FIELD_TOKEN, "twelve-bytes", "twelve-bytes", true},
    /* what is no secret */
    {FIELD_USERNAME, "breakglass-of-the-night", "breakglass-of-the-night logged in", false},
    {FIELD_NOTE, "the console in the cellar", "the console in the cellar", false},
    /* keys: their lines, and not what all keys have */
    {FIELD_PRIVATE_KEY, KEY, "saw c2VjcmV0IHNlZWQgb2Yga2V5", true},
    {FIELD_PRIVATE_KEY, KEY, "saw cmV0IHNlZWQg there", true},
    {FIELD_PRIVATE_KEY, KEY, "YW5kIGFub3RoZXI", true},
    {FIELD_PRIVATE_KEY, KEY, "no -----BEGIN OPENSSH PRIVATE KEY----- there", false},
    {FIELD_PRIVATE_KEY, KEY, "no -----END OPENSSH PRIVATE KEY-----\n there", false},
    /* codes: each line */
    {FIELD_CODES, "123456\r\n654321\n77", "took 654321", true},
    {FIELD_CODES, "123456\r\n654321\n77", "took 123456.", true},
    {FIELD_CODES, "123456\r\n654321\n77", "took 77 of 12345", false},
    {FIELD_CODES, "12345\n54321", "took 54321", false},
    {FIELD_PASSWORD, "123456\n654321", "took 654321", false},
    /* base64, after 0, 1 and 2 bytes of something else; a part of it; too little of it */
    {FIELD_PASSWORD, "correct-horse-battery-staple-42",
        "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5LXN0YXBsZS00Mg==", true},
    {FIELD_PASSWORD, "correct-horse-battery-staple-42",
        "OmNvcnJlY3QtaG9yc2UtYmF0dGVyeS1zdGFwbGUtNDI=", true},
    {FIELD_PASSWORD, "correct-horse-battery-staple-42",
        "eDpjb3JyZWN0LWhvcnNlLWJhdHRlcnktc3RhcGxlLTQy", true},
    {FIELD_PASSWORD, "correct-horse-battery-staple-42", "at 9ycmVjdC1ob3JzZS", true},
    {FIELD_PASSWORD, "correct-horse-battery-staple-42", "at 9ycmVjdC1ob3JzZ.", false},
    {FIELD_PASSWORD, "correct-horse", "Y29ycmVjdC1ob3JzZQ==", true},
    /* nothing */
    {FIELD_PASSWORD, "correct-horse-battery-staple-42", "", false},
};

static bool
found(enum credential_field field, struct view value, struct view text)
{
	SECRET *credential = NULL;
	struct err err;

	assert_ok(credential_new(&credential, &err));
	assert_ok(credential_add(credential, field, value, &err));
	return echo_found(text, secret_view(credential));
}

static void
parts_of_secrets_are_found_and_nothing_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (found(rows[i].field, view_of_text(rows[i].value), view_of_text(rows[i].text)) !=
		    rows[i].found)
			fail_msg("row %zu: %s", i, rows[i].text);
	assert_false(echo_found(view_of_text("word"), view_of(NULL, 0)));
}

/* Wherever it stands in a long text. */
static void
a_part_is_found_at_each_place_of_a_long_text(void **state)
{
	static const char value[] = "correct-horse-battery-staple-42";
	static const char *const parts[] = {"horse-batter", "9ycmVjdC1ob3JzZS"};
	char text[20000];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		for (size_t at = 0; at + strlen(parts[i]) <= sizeof(text);
		     at += at > 8100 && at < 8300 ? 1 : 97) {
			memset(text, 'x', sizeof(text));
			assert_false(at == 0 &&
			    found(FIELD_TOKEN, view_of_text(value), view_of(text, sizeof(text))));
			memcpy(text + at, parts[i], strlen(parts[i]));
			assert_true(
			    found(FIELD_TOKEN, view_of_text(value), view_of(text, sizeof(text))));
		}
	memset(text, 'x', sizeof(text));
	memcpy(text + sizeof(text) - 12, "horse-batter", 12);
	assert_true(found(FIELD_TOKEN, view_of_text(value), view_of(text, sizeof(text))));
}

/* The largest value and answer, of which every part is nearly there. */
static void
the_work_is_bounded(void **state)
{
	static uint8_t value[CREDENTIAL_MAX];
	char text[8192];
	int64_t began = process_milliseconds();

	(void)state;
	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = i % 12 == 11 ? 'b' : 'a';
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 12 == 11 ? 'c' : 'a';
	assert_false(
	    found(FIELD_TOKEN, view_of(value, sizeof(value)), view_of(text, sizeof(text))));
	assert_in_range(process_milliseconds() - began, 0, 2000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parts_of_secrets_are_found_and_nothing_else),
	    cmocka_unit_test(a_part_is_found_at_each_place_of_a_long_text),
	    cmocka_unit_test(the_work_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
