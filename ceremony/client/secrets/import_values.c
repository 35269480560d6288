/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The input stays where it was read.  What is kept of it outside of secret memory are names, and where the letters of each
 * value stand.
 */
#include "ceremony/client/secrets/import_values.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/lines.h"
#include "base/text.h"
#include "ceremony/client/secrets/faults.h"
#include "vault/documents/definition.h"

enum { PARTS = 3 };

struct entry {
	char name[SEAT_NAME_MAX + 1];
	size_t line;                            /* the first of this name */
	struct view letters[CREDENTIAL_FIELDS]; /* in the input; empty: no such field */
	size_t lines[CREDENTIAL_FIELDS];
	size_t size; /* of all values, decoded */
};

struct import_values {
	struct secret *input;
	struct entry *entries; /* room for one more than IMPORT_VALUES_NAMES */
	size_t count;
};

void
import_values_free(struct import_values *values)
{
	if (values == NULL)
		return;
	secret_free(values->input);
	free(values->entries);
	free(values);
}

size_t
import_values_count(const struct import_values *values)
{
	return values->count;
}

const char *
import_values_name(const struct import_values *values, size_t index)
{
	return values->entries[index].name;
}

size_t
import_values_line(const struct import_values *values, size_t index)
{
	return values->entries[index].line;
}

bool
import_values_find(const struct import_values *values, const char *name, size_t *ret_index)
{
	for (size_t i = 0; i < values->count; i++) {
		if (strcmp(values->entries[i].name, name) != 0)
			continue;
		*ret_index = i;
		return true;
	}
	return false;
}

/* --- Values ------------------------------------------------------------------------------- */

/* What base64 LETTERS mean, decoded where it stays. */
static enum err_code
decode(struct view letters, struct secret **ret_value, struct err *err)
{
	enum { LETTERS_MAX = (CREDENTIAL_MAX / 3 + 1) * 4 };
	SECRET *value = NULL;
	size_t size = 0, count = 3;

	if (letters.size == 0)
		return err_set(err, ERR_INVALID, "VALUE is empty");
	if (letters.size > LETTERS_MAX)
		return err_set(err, ERR_INVALID, "VALUE is larger than 64 KiB");
	TRY(secret_new(letters.size / 4 * 3 + 3, &value, err));
	for (size_t i = 0; i < letters.size && count > 0; i += 4) {
		/* Only the last group has padding. */
		count = count == 3 && letters.size % 4 == 0 ?
		    base64_bytes(letters.data + i, secret_data(value) + size) :
		    0;
		size += count;
	}
	if (count == 0)
		return err_set(err, ERR_INVALID,
		    "VALUE is no base64, with its padding, in one line (base64 -w0)");
	TRY(secret_resize(value, size, err));
	*ret_value = TAKE(value);
	return ERR_OK;
}

static enum err_code
add_field(const struct entry *entry, size_t field, struct secret *credential, struct err *err)
{
	SECRET *value = NULL;

	if (decode(entry->letters[field], &value, err) == ERR_OK &&
	    credential_add(credential, (enum credential_field)field, secret_view(value), err) ==
	        ERR_OK)
		return ERR_OK;
	return err_add(err, "line %zu", entry->lines[field]);
}

enum err_code
import_values_credential(const struct import_values *values, size_t index,
    struct secret **ret_credential, struct err *err)
{
	const struct entry *entry = &values->entries[index];
	SECRET *credential = NULL;

	TRY(credential_new(&credential, err));
	for (size_t i = 0; i < CREDENTIAL_FIELDS; i++)
		if (entry->lines[i] != 0)
			TRY(add_field(entry, i, credential, err));
	*ret_credential = TAKE(credential);
	return ERR_OK;
}

/* --- Lines -------------------------------------------------------------------------------- */

/* What stands between the tabs of LINE, which are PARTS - 1. */
static bool
split(struct view line, struct view ret_parts[PARTS])
{
	for (size_t i = 0; i < PARTS; i++) {
		const uint8_t *tab = line.size > 0 ? memchr(line.data, '\t', line.size) : NULL;
		size_t size = tab != NULL ? (size_t)(tab - line.data) : line.size;

		if ((tab != NULL) != (i < PARTS - 1))
			return false;
		ret_parts[i] = view_of(line.data, size);
		if (tab != NULL)
			line = view_of(line.data + size + 1, line.size - size - 1);
	}
	return true;
}

static enum err_code
check_name(struct view name, size_t line, char ret_name[SEAT_NAME_MAX + 1], struct err *err)
{
	char text[SEAT_NAME_MAX + 1] = "";

	if (name.size > 0 && name.size <= SEAT_NAME_MAX)
		memcpy(text, name.data, name.size);
	if (strlen(text) == name.size && text_is_name(text)) {
		memcpy(ret_name, text, sizeof(text));
		return ERR_OK;
	}
	explicit_bzero(text, sizeof(text)); /* who knows what it is */
	return err_set(err, ERR_INVALID,
	    "line %zu: NAME is not a name (a-z 0-9 - _ . /, first a letter or digit)", line);
}

/* The entry called NAME, a new one if need be. */
static struct entry *
entry_called(struct import_values *values, const char name[SEAT_NAME_MAX + 1], size_t line)
{
	size_t index;

	if (!import_values_find(values, name, &index)) {
		index = values->count++;
		memcpy(values->entries[index].name, name, SEAT_NAME_MAX + 1);
		values->entries[index].line = line;
	}
	return &values->entries[index];
}

static enum err_code
find_field(struct view name, size_t line, size_t *ret_field, struct err *err)
{
	BUF fields = {0};

	for (size_t i = 0; i < CREDENTIAL_FIELDS; i++) {
		*ret_field = i;
		if (view_equal(name, view_of_text(credential_field_names[i])))
			return ERR_OK;
		buf_format(&fields, "%s%s", i > 0 ? ", " : "", credential_field_names[i]);
	}
	return err_set(err, ERR_INVALID, "line %zu: FIELD is none of %s", line,
	    buf_string(&fields));
}

static enum err_code
take_line(struct import_values *values, struct view line, size_t number, struct err *err)
{
	char name[SEAT_NAME_MAX + 1] = "";
	struct view parts[PARTS];
	SECRET *value = NULL;
	struct entry *entry;
	size_t field = 0;

	if (!split(line, parts))
		return err_set(err, ERR_INVALID,
		    "line %zu: not NAME, FIELD and VALUE with one tab between each", number);
	TRY(check_name(parts[0], number, name, err));
	TRY(find_field(parts[1], number, &field, err));
	entry = entry_called(values, name, number);
	if (entry->lines[field] != 0)
		return err_set(err, ERR_INVALID,
		    "line %zu: this field of this name stands on line %zu already", number,
		    entry->lines[field]);
	entry->letters[field] = parts[2];
	entry->lines[field] = number;
	if (decode(parts[2], &value, err) != ERR_OK)
		return err_add(err, "line %zu", number);
	/* As credential_add() will judge it. */
	if (secret_size(value) > CREDENTIAL_MAX - entry->size)
		return err_set(err, ERR_INVALID,
		    "line %zu: the values of this name are larger than 64 KiB", number);
	entry->size += secret_size(value);
	return ERR_OK;
}

/* LINES were just moved to LINE, which is not blank. */
static enum err_code
take_whole_line(struct import_values *values, const struct lines *lines, struct view line,
    struct err *err)
{
	if (!lines->ended)
		return err_set(err, ERR_INVALID,
		    "line %zu: no line end behind it, so that some of it may be missing",
		    lines->number);
	return take_line(values, line, lines->number, err);
}

static enum err_code
take_lines(struct import_values *values, struct err *err)
{
	struct lines lines = lines_of(secret_view(values->input));
	struct faults faults = {0};
	struct view line;
	struct err one;

	while (lines_next(&lines, &line)) {
		enum err_code code =
		    lines_blank(line) ? ERR_OK : take_whole_line(values, &lines, line, &one);

		if (values->count > IMPORT_VALUES_NAMES)
			return err_set(err, ERR_INVALID,
			    "line %zu: more than %d names: give the rest in another run",
			    lines.number, (int)IMPORT_VALUES_NAMES);
		if (code != ERR_OK && code != ERR_INVALID)
			return err_set(err, code, "%s", one.text);
		if (code != ERR_OK)
			faults_add(&faults, &one);
	}
	return faults_end(&faults, err);
}

enum err_code
import_values_read(struct secret *input, struct import_values **ret_values, struct err *err)
{
	IMPORT_VALUES *values = calloc(1, sizeof(*values));

	if (values == NULL) {
		secret_free(input);
		return err_set(err, ERR_MEMORY, "out of memory for values");
	}
	values->input = input;
	values->entries = calloc(IMPORT_VALUES_NAMES + 1, sizeof(*values->entries));
	if (values->entries == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for values");
	TRY(take_lines(values, err));
	if (values->count == 0)
		return err_set(err, ERR_INVALID, "no value in it");
	*ret_values = TAKE(values);
	return ERR_OK;
}
