/* SPDX-License-Identifier: Apache-2.0 */
#include "base/credential.h"
#include "tests/unit/check.h"

/* username "root", password "pw", note "n": typed by hand from the header's table. */
static const uint8_t typed[] = {1, 3, 8, 'u', 's', 'e', 'r', 'n', 'a', 'm', 'e', 0, 0, 0, 4, 'r',
    'o', 'o', 't', 8, 'p', 'a', 's', 's', 'w', 'o', 'r', 'd', 0, 0, 0, 2, 'p', 'w', 4, 'n', 'o',
    't', 'e', 0, 0, 0, 1, 'n'};

static struct view
text(const char *value)
{
	return view_of_text(value);
}

static void
encoding_is_what_the_header_says(void **state)
{
	SECRET *credential = NULL;
	struct err err;

	(void)state;
	assert_ok(credential_new(&credential, &err));
	assert_ok(credential_add(credential, FIELD_USERNAME, text("root"), &err));
	assert_ok(credential_add(credential, FIELD_PASSWORD, text("pw"), &err));
	assert_ok(credential_add(credential, FIELD_NOTE, text("n"), &err));
	assert_view(secret_view(credential), VIEW_OF(typed));
	assert_ok(credential_check(secret_view(credential), &err));
}

static void
values_are_found_by_field(void **state)
{
	struct view value;
	struct err err;

	(void)state;
	assert_ok(credential_get(VIEW_OF(typed), FIELD_PASSWORD, &value, &err));
	assert_view(value, text("pw"));
	assert_true(credential_has(VIEW_OF(typed), FIELD_NOTE));
	assert_false(credential_has(VIEW_OF(typed), FIELD_PRIVATE_KEY));
	assert_error(ERR_NOT_FOUND,
	    credential_get(VIEW_OF(typed), FIELD_PRIVATE_KEY, &value, &err));
	assert_says("private-key");
}

static void
names_stand_in_the_order_of_the_enum(void **state)
{
	(void)state;
	assert_string_equal(credential_field_names[FIELD_USERNAME], "username");
	assert_string_equal(credential_field_names[FIELD_PASSWORD], "password");
	assert_string_equal(credential_field_names[FIELD_PRIVATE_KEY], "private-key");
	assert_string_equal(credential_field_names[FIELD_TOTP_SEED], "totp-seed");
	assert_string_equal(credential_field_names[FIELD_URL], "url");
	assert_string_equal(credential_field_names[FIELD_NOTE], "note");
	assert_null(credential_field_names[CREDENTIAL_FIELDS]);
}

static void
adding_refuses_empty_repeated_and_out_of_order(void **state)
{
	SECRET *credential = NULL;
	struct err err;
	size_t size;

	(void)state;
	assert_ok(credential_new(&credential, &err));
	assert_error(ERR_INVALID, credential_add(credential, FIELD_PASSWORD, text(""), &err));
	assert_says("password is empty");
	assert_ok(credential_add(credential, FIELD_PASSWORD, text("pw"), &err));
	size = secret_size(credential);
	assert_error(ERR_INVALID, credential_add(credential, FIELD_PASSWORD, text("x"), &err));
	assert_error(ERR_INVALID, credential_add(credential, FIELD_USERNAME, text("x"), &err));
	assert_says("username is repeated or out of order");
	assert_int_equal(secret_size(credential), size);
	assert_ok(credential_check(secret_view(credential), &err));
}

static void
sixty_four_kibibytes_fit_and_one_more_byte_does_not(void **state)
{
	static const uint8_t zeros[CREDENTIAL_MAX + 1];
	SECRET *credential = NULL;
	struct view value;
	struct err err;
	size_t size;

	(void)state;
	assert_ok(credential_new(&credential, &err));
	assert_error(ERR_INVALID, credential_add(credential, FIELD_USERNAME, VIEW_OF(zeros), &err));
	assert_says("credential is larger than 64 KiB");
	assert_ok(credential_add(credential, FIELD_USERNAME, view_of(zeros, 36), &err));
	assert_ok(
	    credential_add(credential, FIELD_PASSWORD, view_of(zeros, CREDENTIAL_MAX - 39), &err));
	assert_ok(credential_add(credential, FIELD_PRIVATE_KEY, view_of(zeros, 1), &err));
	assert_ok(credential_add(credential, FIELD_TOTP_SEED, view_of(zeros, 1), &err));
	size = secret_size(credential);
	assert_error(ERR_INVALID, credential_add(credential, FIELD_URL, view_of(zeros, 2), &err));
	assert_says("credential is larger than 64 KiB");
	assert_int_equal(secret_size(credential), size);
	assert_ok(credential_add(credential, FIELD_URL, view_of(zeros, 1), &err));
	assert_error(ERR_INVALID, credential_add(credential, FIELD_NOTE, view_of(zeros, 1), &err));
	assert_ok(credential_check(secret_view(credential), &err));
	assert_ok(credential_get(secret_view(credential), FIELD_PASSWORD, &value, &err));
	assert_int_equal(value.size, CREDENTIAL_MAX - 39);
}

static void
a_credential_without_fields_is_refused(void **state)
{
	SECRET *credential = NULL;
	struct err err;

	(void)state;
	assert_ok(credential_new(&credential, &err));
	assert_error(ERR_INVALID, credential_check(secret_view(credential), &err));
	assert_says("empty");
}

static void
every_shorter_or_longer_encoding_is_refused(void **state)
{
	uint8_t longer[sizeof(typed) + 1] = {0};
	struct err err;

	(void)state;
	memcpy(longer, typed, sizeof(typed));
	for (size_t size = 0; size <= sizeof(longer); size++) {
		uint8_t *copy = exact_copy(view_of(longer, size));

		if (size == sizeof(typed))
			assert_ok(credential_check(view_of(copy, size), &err));
		else
			assert_error(ERR_INVALID, credential_check(view_of(copy, size), &err));
		free(copy);
	}
}

/* A changed byte is refused, or stands in a value and changes nothing but that value. */
static void
every_changed_byte_of_the_structure_is_refused(void **state)
{
	struct err err;

	(void)state;
	for (size_t at = 0; at < sizeof(typed); at++) {
		bool in_value = (at >= 15 && at < 19) || (at >= 32 && at < 34) || at == 43;

		for (unsigned bit = 0; bit < 8; bit++) {
			uint8_t *copy = exact_copy(VIEW_OF(typed));

			copy[at] ^= (uint8_t)(1U << bit);
			if (in_value)
				assert_ok(credential_check(view_of(copy, sizeof(typed)), &err));
			else
				assert_int_not_equal(credential_check(view_of(copy, sizeof(typed)),
				                         &err),
				    ERR_OK);
			free(copy);
		}
	}
}

static void
fields_out_of_order_are_refused(void **state)
{
	static const uint8_t swapped[] = {1, 2, 3, 'u', 'r', 'l', 0, 0, 0, 1, 'x', 8, 'p', 'a', 's',
	    's', 'w', 'o', 'r', 'd', 0, 0, 0, 1, 'y'};
	static const uint8_t twice[] = {1, 2, 3, 'u', 'r', 'l', 0, 0, 0, 1, 'x', 3, 'u', 'r', 'l',
	    0, 0, 0, 1, 'y'};
	struct err err;

	(void)state;
	assert_error(ERR_INVALID, credential_check(VIEW_OF(swapped), &err));
	assert_says("password is repeated or out of order");
	assert_error(ERR_INVALID, credential_check(VIEW_OF(twice), &err));
	assert_says("url is repeated or out of order");
}

static void
a_newer_format_is_named(void **state)
{
	static const uint8_t newer[] = {2, 1, 3, 'u', 'r', 'l', 0, 0, 0, 1, 'x'};
	struct err err;

	(void)state;
	assert_error(ERR_VERSION, credential_check(VIEW_OF(newer), &err));
	assert_says("newer Halligan");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(encoding_is_what_the_header_says),
	    cmocka_unit_test(values_are_found_by_field),
	    cmocka_unit_test(names_stand_in_the_order_of_the_enum),
	    cmocka_unit_test(adding_refuses_empty_repeated_and_out_of_order),
	    cmocka_unit_test(sixty_four_kibibytes_fit_and_one_more_byte_does_not),
	    cmocka_unit_test(a_credential_without_fields_is_refused),
	    cmocka_unit_test(every_shorter_or_longer_encoding_is_refused),
	    cmocka_unit_test(every_changed_byte_of_the_structure_is_refused),
	    cmocka_unit_test(fields_out_of_order_are_refused),
	    cmocka_unit_test(a_newer_format_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
