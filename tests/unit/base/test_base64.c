/* SPDX-License-Identifier: Apache-2.0 */
/* The test vectors of RFC 4648, and what is no base64. */
#include "base/base64.h"
#include "tests/unit/check.h"

static void
base64_as_in_rfc_4648(void **state)
{
	static const char *const cases[][2] = {
	    {"", ""},
	    {"f", "Zg=="},
	    {"fo", "Zm8="},
	    {"foo", "Zm9v"},
	    {"foob", "Zm9vYg=="},
	    {"fooba", "Zm9vYmE="},
	    {"foobar", "Zm9vYmFy"},
	    {"\xfb\xff\xbf", "+/+/"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		BUF text = {0}, bytes = {0};

		buf_base64(&text, view_of_text(cases[i][0]));
		assert_string_equal(buf_string(&text), cases[i][1]);
		assert_true(buf_from_base64(&bytes, view_of_text(cases[i][1])));
		assert_view(buf_view(&bytes), view_of_text(cases[i][0]));
	}
}

static void
base64_has_one_spelling(void **state)
{
	static const char *const bad[] = {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8",
	    "Zm8=\n", "Zm9v\nYg==", " Zg==", "Zg==Zg==", "Z===", "====", "=Zg=", "Zm-_",
	    "Zm9vY===", "Zg=A"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint8_t *exact = exact_copy(view_of_text(bad[i]));
		BUF bytes = {0};

		buf_text(&bytes, "before");
		assert_false(buf_from_base64(&bytes, view_of(exact, strlen(bad[i]))));
		assert_view(buf_view(&bytes), view_of_text("before"));
		free(exact);
	}
	for (unsigned byte = 0; byte <= 255; byte++) {
		uint8_t text[4] = {'A', (uint8_t)byte, 'A', 'A'};
		BUF bytes = {0};
		bool digit = byte != 0 &&
		    strchr("+/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		           "abcdefghijklmnopqrstuvwxyz",
		        (int)byte) != NULL;

		assert_true(buf_from_base64(&bytes, VIEW_OF(text)) == digit);
	}
}

static void
every_byte_in_every_place_is_a_letter_or_refused(void **state)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	(void)state;
	for (unsigned place = 0; place < 4; place++)
		for (unsigned byte = 0; byte < 256; byte++) {
			uint8_t letters[4] = {'z', 'z', 'z', 'z'}, bytes[3], again[4];
			const char *found = memchr(alphabet, (int)byte, 64);
			uint32_t group = 0x33 * 0x41041, bit = 18 - 6 * place;

			letters[place] = (uint8_t)byte;
			if (place == 3 && byte == '=')
				continue; /* padding */
			if (found == NULL) {
				assert_int_equal(base64_bytes(letters, bytes), 0);
				continue;
			}
			group = (group & ~(63U << bit)) | (uint32_t)(found - alphabet) << bit;
			assert_int_equal(base64_bytes(letters, bytes), 3);
			assert_int_equal(bytes[0] << 16 | bytes[1] << 8 | bytes[2], group);
			base64_letters(bytes, 3, again);
			assert_memory_equal(again, letters, 4);
		}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(base64_as_in_rfc_4648),
	    cmocka_unit_test(base64_has_one_spelling),
	    cmocka_unit_test(every_byte_in_every_place_is_a_letter_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
