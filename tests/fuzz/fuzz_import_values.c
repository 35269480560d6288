/* SPDX-License-Identifier: Apache-2.0 */
/* Values of many secrets: what is accepted is the same once more when it is written and read, and what is refused is told in
 * the reader's own words alone. */
#include "ceremony/client/secrets/import_values.h"

#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "tests/fuzz/target.h"

/* What may follow "line N: ". */
static const char *const words[] = {"not NAME, FIELD and VALUE with one tab between each",
    "NAME is not a name (a-z #-9 - _ . /, first a letter or digit)",
    ("FIELD is none of username, password, private-key, certificate, token, totp-seed, codes, url, "
     "note"),
    "this field of this name stands on line # already", "VALUE is empty",
    "VALUE is larger than # KiB", "VALUE is no base64, with its padding, in one line (base64 -w0)",
    "no line end behind it, so that some of it may be missing",
    "more than # names: give the rest in another run",
    "the values of this name are larger than # KiB"};

/* Each number in TEXT, where a blank is before it, becomes '#'. */
static void
hide_numbers(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0';) {
		size_t digits = strspn(from, "0123456789");

		if (digits > 0 && from > text && from[-1] == ' ') {
			*to++ = '#';
			from += digits;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}

static void
check_words(const struct err *err)
{
	static const char line[] = "line #: ";
	char text[ERR_TEXT_SIZE];
	size_t i = 0;

	if (strcmp(err->text, "no value in it") == 0)
		return;
	for (size_t part = 0; part < err_parts(err); part++) {
		err_copy_part(err, part, text);
		hide_numbers(text);
		MUST(strncmp(text, line, strlen(line)) == 0);
		for (i = 0; i < ARRAY_SIZE(words); i++)
			if (strncmp(text + strlen(line), words[i], strlen(words[i])) == 0)
				break;
		MUST(i < ARRAY_SIZE(words));
	}
}

/* The fields of name INDEX as lines. */
static void
write_lines(const struct import_values *values, size_t index, struct buf *ret_lines)
{
	SECRET *credential = NULL;
	struct view value;
	struct err err;

	MUST(text_is_name(import_values_name(values, index)));
	MUST(import_values_credential(values, index, &credential, &err) == ERR_OK);
	MUST(credential_check(secret_view(credential), &err) == ERR_OK);
	for (int i = 0; i < CREDENTIAL_FIELDS; i++) {
		if (credential_get(secret_view(credential), (enum credential_field)i, &value,
		        &err) != ERR_OK)
			continue;
		buf_format(ret_lines, "%s\t%s\t", import_values_name(values, index),
		    credential_field_names[i]);
		buf_base64(ret_lines, value);
		buf_u8(ret_lines, '\n');
	}
}

/* The values in LINES are those of VALUES. */
static void
check_again(const struct import_values *values, struct view lines)
{
	IMPORT_VALUES *again = NULL;
	struct secret *input = NULL;
	struct err err;
	size_t at;

	MUST(secret_from(lines, &input, &err) == ERR_OK);
	MUST(import_values_read(input, &again, &err) == ERR_OK);
	MUST(import_values_count(again) == import_values_count(values));
	for (size_t i = 0; i < import_values_count(values); i++) {
		SECRET *one = NULL;
		SECRET *other = NULL;

		MUST(import_values_find(again, import_values_name(values, i), &at) && at == i);
		MUST(import_values_credential(values, i, &one, &err) == ERR_OK);
		MUST(import_values_credential(again, i, &other, &err) == ERR_OK);
		MUST(secret_equal(one, other));
	}
}

/* Some hold hundreds of names, each of which takes 64 KiB of secret memory for a moment. */
size_t
replay_runs(void)
{
	return 500;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	IMPORT_VALUES *values = NULL;
	struct secret *input = NULL;
	struct err err;
	BUF lines = {0};

	MUST(secret_from(view_of(data, size), &input, &err) == ERR_OK);
	if (import_values_read(input, &values, &err) != ERR_OK) {
		MUST(err.code == ERR_INVALID && values == NULL);
		check_words(&err);
		return 0;
	}
	MUST(import_values_count(values) > 0);
	MUST(import_values_count(values) <= IMPORT_VALUES_NAMES);
	for (size_t i = 0; i < import_values_count(values); i++)
		write_lines(values, i, &lines);
	check_again(values, buf_view(&lines));
	return 0;
}
