/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/secrets/import_values.h"

#include <stdio.h>

#include "base/base64.h"
#include "tests/unit/check.h"

#define FIELDS "username, password, private-key, certificate, token, totp-seed, codes, url, note"

/* What a person may have put in a wrong place: no error may show it. */
#define VALUE "aHVudGVyMg=="
#define PLAIN "hunter2"

/* The linker puts it in secret_new()'s place: the call that makes FAIL_AT zero finds no memory. */
static unsigned fail_at;
enum err_code __real_secret_new(size_t capacity, struct secret **ret_secret, struct err *err);
enum err_code __wrap_secret_new(size_t capacity, struct secret **ret_secret, struct err *err);

enum err_code
__wrap_secret_new(size_t capacity, struct secret **ret_secret, struct err *err)
{
	if (fail_at > 0 && --fail_at == 0)
		return err_set(err, ERR_MEMORY, "no memory");
	return __real_secret_new(capacity, ret_secret, err);
}

static enum err_code
read_view(struct view text, struct import_values **ret_values, struct err *err)
{
	struct secret *input = NULL;

	assert_int_equal(secret_from(text, &input, err), ERR_OK);
	return import_values_read(input, ret_values, err);
}

static enum err_code
read_text(const char *text, struct import_values **ret_values, struct err *err)
{
	return read_view(view_of_text(text), ret_values, err);
}

static void
assert_refused(const char *text, const char *expected)
{
	struct import_values *values = NULL;
	struct err err;

	assert_error(ERR_INVALID, read_text(text, &values, &err));
	assert_string_equal(err.text, expected);
	assert_null(strstr(err.text, VALUE));
	assert_null(strstr(err.text, PLAIN));
	assert_null(values);
}

static void
assert_field(const struct import_values *values, const char *name, enum credential_field field,
    const char *expected)
{
	SECRET *credential = NULL;
	struct view value;
	struct err err;
	size_t index;

	assert_true(import_values_find(values, name, &index));
	assert_string_equal(import_values_name(values, index), name);
	assert_ok(import_values_credential(values, index, &credential, &err));
	assert_ok(credential_check(secret_view(credential), &err));
	assert_ok(credential_get(secret_view(credential), field, &value, &err));
	assert_view(value, view_of_text(expected));
}

static void
a_line_is_a_field_of_a_name(void **state)
{
	IMPORT_VALUES *values = NULL;
	struct err err;
	size_t index;

	(void)state;
	assert_ok(read_text("prod/db\tpassword\taHVudGVyMg==\nweb\ttoken\tdA==\n", &values, &err));
	assert_int_equal(import_values_count(values), 2);
	assert_int_equal(import_values_line(values, 0), 1);
	assert_int_equal(import_values_line(values, 1), 2);
	assert_field(values, "prod/db", FIELD_PASSWORD, "hunter2");
	assert_field(values, "web", FIELD_TOKEN, "t");
	assert_false(import_values_find(values, "prod", &index));
}

static void
lines_of_one_name_make_one_credential_in_any_order(void **state)
{
	IMPORT_VALUES *values = NULL;
	struct err err;

	(void)state;
	assert_ok(read_text("\n \ndb\tnote\tbgo=\nweb\tpassword\tdw==\ndb\tpassword\tcA==\n"
	                    "db\tusername\tdQ==\n",
	    &values, &err));
	assert_int_equal(import_values_count(values), 2);
	assert_string_equal(import_values_name(values, 0), "db");
	assert_int_equal(import_values_line(values, 0), 3);
	assert_field(values, "db", FIELD_USERNAME, "u");
	assert_field(values, "db", FIELD_PASSWORD, "p");
	assert_field(values, "db", FIELD_NOTE, "n\n");
	assert_field(values, "web", FIELD_PASSWORD, "w");
}

static void
every_field_of_a_credential_can_be_given(void **state)
{
	IMPORT_VALUES *values = NULL;
	BUF text = {0};
	struct err err;

	(void)state;
	for (int i = CREDENTIAL_FIELDS - 1; i >= 0; i--)
		buf_format(&text, "x\t%s\tdg==\n", credential_field_names[i]);
	assert_ok(read_view(buf_view(&text), &values, &err));
	for (int i = 0; i < CREDENTIAL_FIELDS; i++)
		assert_field(values, "x", (enum credential_field)i, "v");
}

static void
lines_may_end_as_other_systems_end_them(void **state)
{
	IMPORT_VALUES *values = NULL;
	struct err err;

	(void)state;
	assert_ok(read_text("\xef\xbb\xbf"
	                    "a\tpassword\tcA==\r\n\r\nb\tpassword\tcQ==\r\n",
	    &values, &err));
	assert_field(values, "a", FIELD_PASSWORD, "p");
	assert_field(values, "b", FIELD_PASSWORD, "q");
}

static void
nothing_is_refused(void **state)
{
	struct secret *empty = NULL;
	struct import_values *values = NULL;
	struct err err;

	(void)state;
	assert_refused("\n \t\n\r\n", "no value in it");
	assert_ok(secret_new(1, &empty, &err));
	assert_error(ERR_INVALID, import_values_read(empty, &values, &err));
	assert_string_equal(err.text, "no value in it");
}

static void
a_line_has_three_parts_with_a_tab_between_each(void **state)
{
	(void)state;
	assert_refused("prod/db hunter2\nprod/db\thunter2\n\t\t\t\nprod/db password " VALUE "\n"
	               "a\tpassword\t" VALUE "\thunter2\n{\"password\":\"hunter2\"}\n",
	    "line 1: not NAME, FIELD and VALUE with one tab between each.  "
	    "line 2: not NAME, FIELD and VALUE with one tab between each.  "
	    "line 4: not NAME, FIELD and VALUE with one tab between each.  "
	    "line 5: not NAME, FIELD and VALUE with one tab between each.  "
	    "line 6: not NAME, FIELD and VALUE with one tab between each");
}

static void
what_was_read_is_never_told(void **state)
{
	(void)state;
	assert_refused("hunter2!\tpassword\t" VALUE "\n\tpassword\t" VALUE "\n",
	    "line 1: NAME is not a name (a-z 0-9 - _ . /, first a letter or digit).  "
	    "line 2: NAME is not a name (a-z 0-9 - _ . /, first a letter or digit)");
	assert_refused("db\thunter2\t" VALUE "\ndb\tPassword\t" VALUE "\ndb\t\t" VALUE "\n",
	    "line 1: FIELD is none of " FIELDS ".  line 2: FIELD is none of " FIELDS
	    ".  line 3: FIELD is none of " FIELDS);
	assert_refused("db\tpassword\thunter2\ndb\tusername\t" VALUE "\n",
	    "line 1: VALUE is no base64, with its padding, in one line (base64 -w0)");
	assert_refused("hunter2\tpassword\t" VALUE "\nhunter2\tpassword\t" VALUE "\n",
	    "line 2: this field of this name stands on line 1 already");
}

static void
a_name_that_holds_a_nul_is_none(void **state)
{
	static const char text[] = "db\0x\tpassword\tcA==\n";
	struct import_values *values = NULL;
	struct err err;

	(void)state;
	assert_error(ERR_INVALID, read_view(view_of(text, sizeof(text) - 1), &values, &err));
	assert_string_equal(err.text,
	    "line 1: NAME is not a name (a-z 0-9 - _ . /, first a letter or digit)");
}

static void
a_name_has_at_most_63_bytes(void **state)
{
	IMPORT_VALUES *values = NULL;
	char text[100];
	struct err err;

	(void)state;
	memset(text, 'x', sizeof(text));
	strcpy(text + 63, "\tpassword\tcA==\n");
	assert_ok(read_text(text, &values, &err));
	memset(text, 'x', sizeof(text));
	strcpy(text + 64, "\tpassword\tcA==\n");
	assert_refused(text,
	    "line 1: NAME is not a name (a-z 0-9 - _ . /, first a letter or digit)");
}

static void
a_field_stands_once(void **state)
{
	(void)state;
	assert_refused("db\tpassword\tcA==\nweb\tpassword\tcA==\n\ndb\tpassword\tcQ==\n",
	    "line 4: this field of this name stands on line 1 already");
}

static void
values_are_strict_base64(void **state)
{
	static const char *const wrong[] = {"cA",
	    "cA=", "cB==", "cA==cA==", "c A=", "cA== ", "====", "cA=\xe9", "cGE_", "c"};
	char text[100];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		snprintf(text, sizeof(text), "\ndb\tpassword\t%s\n", wrong[i]);
		assert_refused(text,
		    "line 2: VALUE is no base64, with its padding, in one line (base64 -w0)");
	}
	assert_refused("db\tpassword\t\n", "line 1: VALUE is empty");
}

static void
a_line_that_was_cut_off_is_not_taken(void **state)
{
	static const char whole[] = "db\tpassword\taHVudGVyMmh1bnRlcjI=\nweb\ttoken\tdHR0\n";
	struct err err;

	(void)state;
	for (size_t size = 1; size < sizeof(whole) - 1; size++) {
		IMPORT_VALUES *values = NULL;
		enum err_code code = read_view(view_of(whole, size), &values, &err);

		assert_int_equal(code == ERR_OK, whole[size - 1] == '\n');
		if (code != ERR_OK)
			assert_string_equal(strchr(err.text, ':'),
			    ": no line end behind it, so that some of it may be missing");
	}
}

/* NAME<tab>FIELD<tab>, and SIZE bytes as base64. */
static void
put_value(struct buf *text, const char *name, const char *field, size_t size)
{
	BUF bytes = {0};

	memset(buf_space(&bytes, size), 'k', size);
	buf_format(text, "%s\t%s\t", name, field);
	buf_base64(text, buf_view(&bytes));
	buf_text(text, "\n");
}

static void
a_credential_has_at_most_64_kibibytes(void **state)
{
	BUF text = {0};
	struct err err;

	(void)state;
	for (size_t size = CREDENTIAL_MAX - 4; size <= CREDENTIAL_MAX; size++) {
		IMPORT_VALUES *values = NULL;

		text.size = 0;
		put_value(&text, "a", "password", size);
		assert_ok(read_view(buf_view(&text), &values, &err));
	}
	text.size = 0;
	put_value(&text, "a", "password", CREDENTIAL_MAX + 1);
	assert_refused(buf_string(&text), "line 1: the values of this name are larger than 64 KiB");
	text.size = 0;
	put_value(&text, "a", "password", CREDENTIAL_MAX + 10);
	assert_refused(buf_string(&text), "line 1: VALUE is larger than 64 KiB");
	text.size = 0;
	put_value(&text, "a", "url", 1);
	put_value(&text, "b", "url", CREDENTIAL_MAX);
	put_value(&text, "a", "password", CREDENTIAL_MAX);
	assert_refused(buf_string(&text), "line 3: the values of this name are larger than 64 KiB");
}

static void
five_hundred_names_are_taken_and_no_more(void **state)
{
	IMPORT_VALUES *values = NULL;
	BUF text = {0};
	struct err err;

	(void)state;
	for (int i = 0; i < IMPORT_VALUES_NAMES; i++)
		buf_format(&text, "n%d\tpassword\tcA==\n", i);
	for (int i = 0; i < IMPORT_VALUES_NAMES; i++)
		buf_format(&text, "n%d\tusername\tdQ==\n", i);
	assert_ok(read_view(buf_view(&text), &values, &err));
	assert_int_equal(import_values_count(values), 500);
	assert_field(values, "n499", FIELD_USERNAME, "u");
	buf_text(&text, "more\tpassword\tcA==\neven-more\tpassword\tcA==\n");
	assert_refused(buf_string(&text),
	    "line 1001: more than 500 names: give the rest in another run");
}

static void
nine_reasons_are_told_and_how_many_more_there_are(void **state)
{
	struct import_values *values = NULL;
	struct err err;

	(void)state;
	assert_error(ERR_INVALID,
	    read_text("a\nb\nc\nd\te\nf\n\tg\nh\tpassword\t!\nh\tpassword\tcA==\nx\nx\nx\n",
	        &values, &err));
	assert_int_equal(err_parts(&err), 9);
	assert_says(
	    "line 9: not NAME, FIELD and VALUE with one tab between each.  And 2 more, told "
	    "when these are mended");
}

/* How many calls for memory failed, each in a run of its own, until TEXT was read to its end; what came of that. */
static unsigned
count_failures(const char *text, enum err_code *ret_code)
{
	for (unsigned failed = 0;; failed++) {
		IMPORT_VALUES *values = NULL;
		struct err err;

		fail_at = failed + 1;
		*ret_code = read_text(text, &values, &err);
		fail_at = 0;
		if (*ret_code != ERR_MEMORY)
			return failed;
		assert_null(values);
		assert_int_equal(err_parts(&err), 1);
	}
}

static void
no_memory_for_a_credential_gives_none(void **state)
{
	IMPORT_VALUES *values = NULL;
	struct err err;

	(void)state;
	assert_ok(read_text("a\tnote\tcA==\na\turl\tcQ==\n", &values, &err));
	for (unsigned i = 1; i <= 4; i++) {
		SECRET *credential = NULL;
		enum err_code code;

		fail_at = i;
		code = import_values_credential(values, 0, &credential, &err);
		fail_at = 0;
		assert_int_equal(code, i < 4 ? ERR_MEMORY : ERR_OK);
		assert_int_equal(credential != NULL, i == 4);
	}
}

static void
no_memory_is_not_told_as_a_bad_line(void **state)
{
	enum err_code code;

	(void)state;
	assert_int_equal(count_failures("a\tnote\tcA==\nbad\na\turl\tcA==\nb\turl\tcA==\n", &code),
	    3);
	assert_int_equal(code, ERR_INVALID);
	assert_int_equal(count_failures("a\tnote\tcA==\na\turl\tcA==\nb\turl\tcA==\n", &code), 3);
	assert_int_equal(code, ERR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_is_a_field_of_a_name),
	    cmocka_unit_test(lines_of_one_name_make_one_credential_in_any_order),
	    cmocka_unit_test(every_field_of_a_credential_can_be_given),
	    cmocka_unit_test(lines_may_end_as_other_systems_end_them),
	    cmocka_unit_test(nothing_is_refused),
	    cmocka_unit_test(a_line_has_three_parts_with_a_tab_between_each),
	    cmocka_unit_test(what_was_read_is_never_told),
	    cmocka_unit_test(a_name_that_holds_a_nul_is_none),
	    cmocka_unit_test(a_name_has_at_most_63_bytes),
	    cmocka_unit_test(a_field_stands_once),
	    cmocka_unit_test(values_are_strict_base64),
	    cmocka_unit_test(a_line_that_was_cut_off_is_not_taken),
	    cmocka_unit_test(a_credential_has_at_most_64_kibibytes),
	    cmocka_unit_test(five_hundred_names_are_taken_and_no_more),
	    cmocka_unit_test(no_memory_for_a_credential_gives_none),
	    cmocka_unit_test(no_memory_is_not_told_as_a_bad_line),
	    cmocka_unit_test(nine_reasons_are_told_and_how_many_more_there_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
