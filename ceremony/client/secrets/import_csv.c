/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/secrets/import_csv.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "vault/documents/definition.h"

#define TARGET  "target."
#define AS_JSON ":json"

static const char *const column_names[] = {"name", "policy", "rotator", "effect", NULL};

void
import_csv_done(struct import_csv *csv)
{
	csv_row_done(&csv->columns);
	csv_row_done(&csv->row);
}

/* Cell INDEX of ROW as a text, of plain text. */
static const char *
cell_text(const struct csv_row *row, size_t index, struct buf *ret_text)
{
	ret_text->size = 0;
	buf_bytes(ret_text, csv_cell(row, index));
	return buf_string(ret_text);
}

static bool
is_target(const char *column)
{
	return strncmp(column, TARGET, strlen(TARGET)) == 0;
}

static bool
is_column(const char *text)
{
	for (size_t i = 0; column_names[i] != NULL; i++)
		if (strcmp(text, column_names[i]) == 0)
			return true;
	return is_target(text) && text[strlen(TARGET)] != '\0';
}

/* Does the column before INDEX stand there, too? */
static bool
stands_before(const struct csv_row *columns, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (view_equal(csv_cell(columns, i), csv_cell(columns, index)))
			return true;
	return false;
}

/* What is wrong with a column called TEXT, if anything. */
static enum err_code
check_column(const struct csv_row *columns, size_t index, const char *text, struct err *err)
{
	size_t line = columns->line, size = strlen(text);
	const char *near = text_nearest(text, column_names);

	if (!text_is_plain(csv_cell(columns, index)))
		return err_set(err, ERR_INVALID,
		    "line %zu: the name of column %zu has a tab or a line feed", line, index + 1);
	if (size == 0)
		return err_set(err, ERR_INVALID, "line %zu: column %zu has no name", line,
		    index + 1);
	if (text[0] == ' ' || text[size - 1] == ' ')
		return err_set(err, ERR_INVALID,
		    "line %zu: the column %s has blanks around its name", line, QUOTED(text));
	if (!is_column(text))
		return err_set(err, ERR_INVALID, "line %zu: there is no column %s%s%s%s", line,
		    QUOTED(text), near != NULL ? "; did you mean " : "", near != NULL ? near : "",
		    near != NULL ? "?" : "");
	if (stands_before(columns, index))
		return err_set(err, ERR_INVALID, "line %zu: the column %s stands there twice", line,
		    QUOTED(text));
	return ERR_OK;
}

static bool
has_column(const struct csv_row *columns, const char *name)
{
	for (size_t i = 0; i < columns->count; i++)
		if (view_equal(csv_cell(columns, i), view_of_text(name)))
			return true;
	return false;
}

static bool
has_any(const struct csv_row *columns)
{
	for (size_t i = 0; column_names[i] != NULL; i++)
		if (has_column(columns, column_names[i]))
			return true;
	return false;
}

static enum err_code
check_columns(const struct csv_row *columns, struct err *err)
{
	struct faults faults = {0};
	struct err one;
	BUF text = {0};

	if (columns->count > 0 && !has_any(columns))
		return err_set(err, ERR_INVALID,
		    "line %zu: neither JSON nor names of columns: name, policy, rotator, effect and "
		    "target.KEY, with commas between them",
		    columns->line);
	for (size_t i = 0; i < columns->count; i++)
		if (check_column(columns, i, cell_text(columns, i, &text), &one) != ERR_OK)
			faults_add(&faults, &one);
	for (size_t i = 0; columns->count > 0 && column_names[i] != NULL; i++) {
		if (has_column(columns, column_names[i]))
			continue;
		(void)err_set(&one, ERR_INVALID, "line %zu: there is no column %s", columns->line,
		    column_names[i]);
		faults_add(&faults, &one);
	}
	TRY(buf_check(&text, err));
	return faults_end(&faults, err);
}

enum err_code
import_csv_begin(struct view text, struct import_csv *ret_csv, struct err *err)
{
	ret_csv->csv = csv_of(text);
	TRY(csv_next(&ret_csv->csv, &ret_csv->columns, err));
	return check_columns(&ret_csv->columns, err);
}

/* All cells that cannot be said in JSON. */
static enum err_code
check_cells(const struct import_csv *csv, struct err *err)
{
	const struct csv_row *row = &csv->row;
	struct faults faults = {0};
	struct err one;
	BUF text = {0};

	if (row->count != csv->columns.count)
		return err_set(err, ERR_INVALID, "line %zu: %zu %s, and there are %zu columns",
		    row->line, row->count, text_plural(row->count, "cell", "cells"),
		    csv->columns.count);
	for (size_t i = 0; i < row->count; i++) {
		if (text_is_plain(csv_cell(row, i)))
			continue;
		(void)err_set(&one, ERR_INVALID, "line %zu: %s: has a tab or a line feed",
		    row->line, cell_text(&csv->columns, i, &text));
		faults_add(&faults, &one);
	}
	TRY(buf_check(&text, err));
	return faults_end(&faults, err);
}

enum { KEY_SIZE = TARGET_KEY_MAX + 1 };

/* A column target.NAME: RET_KEY is its member, and RET_JSON whether its cells are JSON. */
static enum err_code
read_key(const char *name, size_t line, char ret_key[KEY_SIZE], bool *ret_json, struct err *err)
{
	size_t size = strlen(name), end = strlen(AS_JSON);

	*ret_json = size > end && strcmp(name + size - end, AS_JSON) == 0;
	size -= *ret_json ? end : 0;
	if (size >= KEY_SIZE)
		return err_set(err, ERR_INVALID,
		    "line %zu: target: the name of a member is longer than %d bytes", line,
		    TARGET_KEY_MAX);
	memcpy(ret_key, name, size);
	ret_key[size] = '\0';
	return ERR_OK;
}

/* TEXT is JSON: KEY's value. */
static enum err_code
put_json(const char *key, const char *text, size_t line, struct json *target, struct err *err)
{
	BUF wrapped = {0};
	JSON *value = NULL;
	unsigned ignored;

	buf_format(&wrapped, "{\"value\":%s}", text);
	TRY(buf_check(&wrapped, err));
	if (json_parse(buf_view(&wrapped), &value, err) != ERR_OK || json_object_count(value) != 1)
		return value == NULL && err->code == ERR_MEMORY ?
		    ERR_MEMORY :
		    err_set(err, ERR_INVALID,
		        "line %zu: target: %s: is no JSON (a list, a number, an object, or a text in quotation "
		        "marks)",
		        line, QUOTED(key));
	json_put_copy(target, key, json_member(value, "value", &ignored));
	return ERR_OK;
}

/* The member that a column target.NAME is of a target. */
static enum err_code
put_member(const char *name, const char *text, size_t line, struct json *target, struct err *err)
{
	char key[KEY_SIZE];
	unsigned ignored;
	bool json;

	TRY(read_key(name, line, key, &json, err));
	if (json_member(target, key, &ignored) != NULL)
		return err_set(err, ERR_INVALID, "line %zu: target: %s stands there twice", line,
		    QUOTED(key));
	if (json)
		return put_json(key, text, line, target, err);
	json_put_text(target, key, text);
	return ERR_OK;
}

/* The members that are columns, and, with TARGETS, those of the target instead. */
static enum err_code
put_cells(const struct import_csv *csv, bool targets, struct json *object, struct err *err)
{
	BUF column = {0}, value = {0};

	for (size_t i = 0; i < csv->row.count; i++) {
		const char *name = cell_text(&csv->columns, i, &column);
		const char *text = cell_text(&csv->row, i, &value);

		TRY(buf_check(&column, err));
		TRY(buf_check(&value, err));
		if (is_target(name) != targets)
			continue;
		if (!targets)
			json_put_text(object, name, text);
		else if (text[0] != '\0')
			TRY(put_member(name + strlen(TARGET), text, csv->row.line, object, err));
	}
	return ERR_OK;
}

enum err_code
import_csv_next(struct import_csv *csv, size_t *ret_line, struct buf *ret_json, bool *ret_goes_on,
    struct err *err)
{
	JSON *object = NULL;
	JSON *target = NULL;

	ret_json->size = 0;
	*ret_goes_on = false;
	TRY(csv_next(&csv->csv, &csv->row, err));
	*ret_line = csv->row.line;
	*ret_goes_on = csv->row.count > 0;
	if (csv->row.count == 0)
		return ERR_OK;
	TRY(check_cells(csv, err));
	object = json_new_object();
	TRY(put_cells(csv, false, object, err));
	target = json_new_object();
	TRY(put_cells(csv, true, target, err));
	json_put(object, "target", TAKE(target));
	return json_encode(object, ret_json, err);
}

enum err_code
import_csv_count(const struct import_csv *csv, size_t *ret_count, struct err *err)
{
	struct csv rest = csv->csv;
	CSV_ROW row = {0};
	size_t count = 0;
	enum err_code code;

	do {
		code = csv_next(&rest, &row, err);
		count += code == ERR_INVALID || row.count > 0;
	} while (code == ERR_OK && row.count > 0);
	*ret_count = count;
	return code == ERR_INVALID ? ERR_OK : code;
}
