/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both formats are a source of lines of JSON, of which each is judged alone, by one table; a name that stands twice is found
 * against the rows before it, faulty ones too.
 */
#include "ceremony/client/secrets/import_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_members.h"
#include "base/lines.h"
#include "base/text.h"
#include "ceremony/client/secrets/import_csv.h"

/* "target" comes after these. */
static const struct member members[] = {
    {"name", MEMBER_NAME, FIELD(struct import_row, name)},
    {"policy", MEMBER_NAME, FIELD(struct import_row, policy)},
    {"rotator", MEMBER_TEXT, FIELD(struct import_row, rotator), .min = 1},
    {"effect", MEMBER_TEXT, FIELD(struct import_row, effect), .min = 1},
    {NULL},
};

void
import_rows_done(struct import_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		json_free(rows->rows[i].target);
	free(rows->rows);
	*rows = (struct import_rows){0};
}

/* --- Characters --------------------------------------------------------------------------- */

/* The first control character of LINE other than a tab, or -1. */
static int
control_in(struct view line)
{
	for (size_t i = 0; i < line.size; i++)
		if ((line.data[i] < ' ' && line.data[i] != '\t') || line.data[i] == 0x7f)
			return line.data[i];
	return -1;
}

/* Is what stands between tabs plain text? */
static bool
is_plain(struct view line)
{
	while (line.size > 0) {
		const uint8_t *tab = memchr(line.data, '\t', line.size);
		size_t size = tab != NULL ? (size_t)(tab - line.data) : line.size;

		if (!text_is_plain(view_of(line.data, size)))
			return false;
		size += tab != NULL;
		line = view_of(line.data + size, line.size - size);
	}
	return true;
}

static enum err_code
check_characters(struct view bytes, struct err *err)
{
	struct lines lines = lines_of(bytes);
	struct faults faults = {0};
	struct view line;

	while (lines_next(&lines, &line)) {
		int control = control_in(line);
		struct err one;

		if (control < 0 && is_plain(line))
			continue;
		if (control >= 0)
			(void)err_set(&one, ERR_INVALID,
			    "line %zu: has a control character (0x%02x)", lines.number,
			    (unsigned)control);
		else
			(void)err_set(&one, ERR_INVALID,
			    "line %zu: is not UTF-8, or has control, direction or other invisible "
			    "characters",
			    lines.number);
		faults_add(&faults, &one);
	}
	return faults_end(&faults, err);
}

/* --- A source of lines of JSON ------------------------------------------------------------ */

struct source {
	bool json;
	struct lines lines;    /* with JSON */
	struct import_csv csv; /* else */
	/* The row that was read last. */
	size_t line;
	struct view text;
	struct buf made; /* where it is not the file's own */
};

static void
source_done(struct source *source)
{
	import_csv_done(&source->csv);
	buf_done(&source->made);
}

/* The next line that is not blank; false where there is none. */
static bool
next_line(struct lines *lines, struct view *ret_line)
{
	while (lines_next(lines, ret_line))
		if (!lines_blank(*ret_line))
			return true;
	return false;
}

static enum err_code
source_begin(struct view bytes, struct source *source, struct err *err)
{
	struct lines lines = lines_of(bytes);
	struct view line;
	size_t blanks = 0;

	if (!next_line(&lines, &line))
		return err_set(err, ERR_INVALID, "no definition in it");
	while (line.data[blanks] == ' ' || line.data[blanks] == '\t')
		blanks++;
	source->json = line.data[blanks] == '{';
	source->lines = lines_of(bytes);
	if (line.data[blanks] == '[')
		return err_set(err, ERR_INVALID,
		    "line %zu: an array: JSON is taken as one object on each line, without an array "
		    "around them",
		    lines.number);
	return source->json ? ERR_OK : import_csv_begin(bytes, &source->csv, err);
}

static enum err_code
source_count(const struct source *source, size_t *ret_count, struct err *err)
{
	struct lines lines = source->lines;
	struct view line;
	size_t count = 0;

	if (!source->json)
		return import_csv_count(&source->csv, ret_count, err);
	while (next_line(&lines, &line))
		count++;
	*ret_count = count;
	return ERR_OK;
}

/* RET_MORE: there was a row, or there are some behind a faulty one. */
static enum err_code
source_next(struct source *source, bool *ret_more, struct err *err)
{
	if (source->json) {
		*ret_more = next_line(&source->lines, &source->text);
		source->line = source->lines.number;
		return ERR_OK;
	}
	TRY(import_csv_next(&source->csv, &source->line, &source->made, ret_more, err));
	source->text = buf_view(&source->made);
	return ERR_OK;
}

/* --- Rows --------------------------------------------------------------------------------- */

/* The object of one line. */
static enum err_code
parse_line(const struct source *source, struct json **ret_object, struct err *err)
{
	/* How it speaks of a document of one line. */
	static const char first[] = "line 1 is ";
	char text[ERR_TEXT_SIZE];

	if (json_parse(source->text, ret_object, err) == ERR_OK)
		return ERR_OK;
	if (strncmp(err->text, first, strlen(first)) != 0)
		return err_add(err, "line %zu", source->line);
	snprintf(text, sizeof(text), "%s", err->text + strlen(first));
	return err_set(err, err->code, "line %zu is %s", source->line, text);
}

/* A copy of TARGET that outlives its line. */
static enum err_code
take_target(struct json_in *in, const struct json *target, struct import_row *row, struct err *err)
{
	char fault[80];
	BUF text = {0};

	TRY(json_encode(target, &text, err));
	if (text.size <= TARGET_TEXT_MAX)
		return json_parse(buf_view(&text), &row->target, err);
	snprintf(fault, sizeof(fault), "%zu bytes, at most %d", text.size, (int)TARGET_TEXT_MAX);
	json_in_fail(in, "target", fault);
	return ERR_OK;
}

static void
check_rotator(struct json_in *in, const struct import_row *row)
{
	/* It becomes part of a file name. */
	if (!text_is_name(row->rotator) || strchr(row->rotator, '/') != NULL)
		json_in_fail(in, "rotator", "not a name (a-z 0-9 - _ ., first a letter or digit)");
}

static void
check_name(struct json_in *in, const struct import_rows *rows, const struct import_row *row)
{
	char fault[SEAT_NAME_MAX + 60];

	for (const struct import_row *other = rows->rows; other < row; other++) {
		if (row->name[0] == '\0' || strcmp(other->name, row->name) != 0)
			continue;
		snprintf(fault, sizeof(fault), "%s stands on line %zu already", row->name,
		    other->line);
		json_in_fail(in, "name", fault);
		return;
	}
}

/* Judges the line that SOURCE read: what is wrong is FAULTS'.  Other errors are of this computer. */
static enum err_code
take_row(const struct source *source, struct import_rows *rows, struct faults *faults,
    struct err *err)
{
	struct import_row *row = &rows->rows[rows->count++];
	const struct json *target;
	JSON *object = NULL;
	struct json_in in;
	struct err one;
	char what[40];

	row->line = source->line;
	if (parse_line(source, &object, &one) != ERR_OK) {
		faults_add(faults, &one);
		return one.code == ERR_INVALID ? ERR_OK : err_set(err, one.code, "%s", one.text);
	}
	snprintf(what, sizeof(what), "line %zu", source->line);
	in = json_in_all(object, what, &one);
	members_in(&in, members, row);
	check_rotator(&in, row);
	check_name(&in, rows, row);
	target = json_in_object(&in, "target");
	if (target != NULL)
		TRY(take_target(&in, target, row, err));
	if (json_in_end(&in) != ERR_OK)
		faults_add(faults, &one);
	return ERR_OK;
}

static enum err_code
take_rows(struct source *source, struct import_rows *rows, struct err *err)
{
	struct faults faults = {0};
	bool more = true;
	struct err one;

	while (more) {
		enum err_code code = source_next(source, &more, &one);

		if (code == ERR_INVALID)
			faults_add(&faults, &one);
		else if (code != ERR_OK)
			return err_set(err, code, "%s", one.text);
		else if (more)
			TRY(take_row(source, rows, &faults, err));
	}
	return faults_end(&faults, err);
}

enum err_code
import_file_read(struct view bytes, struct import_rows *ret_rows, struct err *err)
{
	CLEANUP(source_done) struct source source = {0};
	IMPORT_ROWS rows = {0};
	size_t count;

	if (bytes.size > IMPORT_FILE_MAX)
		return err_set(err, ERR_INVALID,
		    "%zu bytes, and a file holds 16 MiB at most: split it", bytes.size);
	TRY(check_characters(bytes, err));
	TRY(source_begin(bytes, &source, err));
	TRY(source_count(&source, &count, err));
	if (count == 0)
		return err_set(err, ERR_INVALID, "no definition in it");
	if (count > DEFINITIONS)
		return err_set(err, ERR_INVALID,
		    "at least %zu definitions, and a file holds %d at most: split it", count,
		    (int)DEFINITIONS);
	rows.rows = calloc(count, sizeof(*rows.rows));
	if (rows.rows == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for %zu definitions", count);
	TRY(take_rows(&source, &rows, err));
	*ret_rows = TAKE(rows);
	return ERR_OK;
}
