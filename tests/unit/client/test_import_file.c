/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/secrets/import_file.h"

#include <stdio.h>

#include "tests/unit/check.h"

#define FIRST                                                                                      \
	"{\"name\":\"prod/db\",\"policy\":\"production\",\"rotator\":\"ssh-key\","                 \
	"\"effect\":\"root on db1\",\"target\":{\"host\":\"db1\",\"port\":22}}\n"
#define SECOND                                                                                     \
	"{\"name\":\"prod/web\",\"policy\":\"web\",\"rotator\":\"exec\",\"effect\":\"deploys\","   \
	"\"target\":{}}\n"
#define COLUMNS "name,policy,rotator,effect,target.host,target.user\n"
/* A row of JSON whose effect is wrong. */
#define BAD "{\"name\":\"x\",\"policy\":\"p\",\"rotator\":\"r\",\"effect\":\"\",\"target\":{}}\n"

/* From a block of exactly its size. */
static enum err_code
read_bytes(struct view bytes, struct import_rows *ret_rows, struct err *err)
{
	uint8_t *exact = exact_copy(bytes);
	enum err_code code = import_file_read(view_of(exact, bytes.size), ret_rows, err);

	free(exact);
	return code;
}

static enum err_code
read_text(const char *text, struct import_rows *ret_rows, struct err *err)
{
	return read_bytes(view_of_text(text), ret_rows, err);
}

/* TEXT is refused, with nothing taken, in exactly these words. */
static void
assert_refused(const char *text, const char *expected)
{
	struct import_rows rows = {0};
	struct err err;

	assert_error(ERR_INVALID, read_text(text, &rows, &err));
	assert_string_equal(err.text, expected);
	assert_null(rows.rows);
	assert_int_equal(rows.count, 0);
}

static void
assert_target(const struct import_row *row, const char *expected)
{
	struct err err;
	BUF text = {0};

	assert_ok(json_encode(row->target, &text, &err));
	assert_string_equal(buf_string(&text), expected);
}

static void
assert_row(const struct import_row *row, size_t line, const char *expected)
{
	char text[1000];

	snprintf(text, sizeof(text), "%s %s %s %s", row->name, row->policy, row->rotator,
	    row->effect);
	assert_string_equal(text, expected);
	assert_int_equal(row->line, line);
}

/* Both of them. */
static void
assert_both(const char *text, size_t first, size_t second)
{
	IMPORT_ROWS rows = {0};
	struct err err;

	assert_ok(read_text(text, &rows, &err));
	assert_int_equal(rows.count, 2);
	assert_row(&rows.rows[0], first, "prod/db production ssh-key root on db1");
	assert_target(&rows.rows[0], "{\"host\":\"db1\",\"port\":22}");
	assert_row(&rows.rows[1], second, "prod/web web exec deploys");
	assert_target(&rows.rows[1], "{}");
}

static void
a_line_of_json_is_a_definition(void **state)
{
	(void)state;
	assert_both(FIRST SECOND, 1, 2);
	assert_both("\n \t\n" FIRST "\n\n" SECOND "\n", 3, 6);
	assert_both("\xef\xbb\xbf" FIRST SECOND, 1, 2);
	assert_both("  " FIRST "\t" SECOND, 1, 2);
}

static void
lines_may_end_as_other_systems_end_them(void **state)
{
	static const char text[] = FIRST SECOND;
	BUF crlf = {0};

	(void)state;
	for (const char *c = text; *c != '\0'; c++)
		buf_text(&crlf,
		    (const char[]){*c == '\n' ? '\r' : *c, *c == '\n' ? '\n' : '\0', '\0'});
	assert_both(buf_string(&crlf), 1, 2);
	crlf.size -= 2; /* the last one has no end */
	assert_both(buf_string(&crlf), 1, 2);
}

static void
a_row_of_a_spreadsheet_is_a_definition(void **state)
{
	static const char text[] =
	    "\xef\xbb\xbf"
	    "effect,target.host,rotator,name,target.user,policy\r\n"
	    "\"root on db1, \"\"all\"\"\",db1,ssh-key,prod/db,root,production\r\n"
	    "\r\n"
	    ",,,,,\r\n"
	    "deploys,,exec,prod/web,,web\r\n"
	    "\xc3\xa9t\xc3\xa9,{22},r.1,x,,y";
	IMPORT_ROWS rows = {0};
	struct err err;

	(void)state;
	assert_ok(read_text(text, &rows, &err));
	assert_int_equal(rows.count, 3);
	assert_row(&rows.rows[0], 2, "prod/db production ssh-key root on db1, \"all\"");
	assert_target(&rows.rows[0], "{\"host\":\"db1\",\"user\":\"root\"}");
	assert_row(&rows.rows[1], 5, "prod/web web exec deploys");
	assert_target(&rows.rows[1], "{}"); /* empty cells are no members */
	assert_row(&rows.rows[2], 6, "x y r.1 \xc3\xa9t\xc3\xa9");
	assert_target(&rows.rows[2], "{\"host\":\"{22}\"}");
}

static void
what_is_no_text_stands_as_json_in_a_column(void **state)
{
#define LISTS "name,policy,rotator,effect,target.command:json,target.user\n"
	IMPORT_ROWS rows = {0};
	struct err err;

	(void)state;
	assert_ok(read_text(LISTS "a,p,exec,e,\"[\"\"/bin/x\"\",\"\"y\"\"]\",root\n"
	                          "b,p,exec,e,,\n"
	                          "c,p,exec,e,\"{\"\"n\"\":1}\",\n",
	    &rows, &err));
	assert_target(&rows.rows[0], "{\"command\":[\"/bin/x\",\"y\"],\"user\":\"root\"}");
	assert_target(&rows.rows[1], "{}");
	assert_target(&rows.rows[2], "{\"command\":{\"n\":1}}");
#define NO_JSON                                                                                    \
	"line 2: target: \"command\": is no JSON (a list, a number, an object, or a text in quotation marks)"
	assert_refused(LISTS "a,p,exec,e,/bin/x,\n", NO_JSON);
	assert_refused(LISTS "a,p,exec,e,\"1,\"\"other\"\":2\",\n", NO_JSON);
	assert_refused(LISTS "a,p,exec,e,1},\n", NO_JSON);
	assert_refused("name,policy,rotator,effect,target.a,target.a:json\nn,p,exec,e,1,1\n",
	    "line 2: target: \"a\" stands there twice");
}

static void
a_file_without_a_definition_is_refused(void **state)
{
	(void)state;
	assert_refused("", "no definition in it");
	assert_refused("\xef\xbb\xbf", "no definition in it");
	assert_refused("\n \t\r\n\n", "no definition in it");
	assert_refused(COLUMNS, "no definition in it");
	assert_refused(COLUMNS "\n,,,,,\n", "no definition in it");
	assert_refused(",,,\n", "no definition in it");
}

static void
all_five_members_must_be_there_and_no_other(void **state)
{
	(void)state;
	assert_refused(FIRST "{\"name\":\"a\"}\n",
	    "line 2: \"policy\" is missing.  line 2: \"rotator\" is missing.  line 2: \"effect\" is "
	    "missing.  line 2: \"target\" is missing");
	assert_refused(FIRST "{\"policy\":\"a\",\"rotator\":\"r\",\"effect\":\"e\",\"target\":{},"
	                     "\"colour\":1}\n",
	    "line 2: \"name\" is missing.  line 2: member \"colour\" is not known in this format");
}

static void
members_are_judged_as_those_of_a_definition(void **state)
{
	(void)state;
	assert_refused(
	    "\n{\"name\":\"Prod\",\"policy\":\"a//b\",\"rotator\":\"a/b\",\"effect\":\"\","
	    "\"target\":[]}",
	    "line 2: name: not a name (a-z 0-9 - _ . /, first a letter or digit).  "
	    "line 2: policy: not a name (a-z 0-9 - _ . /, first a letter or digit).  "
	    "line 2: effect: must be text of 1 to 300 bytes.  "
	    "line 2: rotator: not a name (a-z 0-9 - _ ., first a letter or digit).  line 2: target: must be an object");
	assert_refused("{\"name\":1,\"policy\":null,\"rotator\":{},\"effect\":[],\"target\":\"x\"}",
	    "line 1: name: must be text of 1 to 63 bytes.  "
	    "line 1: policy: must be text of 1 to 63 bytes.  "
	    "line 1: rotator: must be text of 1 to 40 bytes.  "
	    "line 1: effect: must be text of 1 to 300 bytes.  line 1: target: must be an object");
	assert_refused(COLUMNS "Prod,a//b,a/b,,h,\n",
	    "line 2: name: not a name (a-z 0-9 - _ . /, first a letter or digit).  "
	    "line 2: policy: not a name (a-z 0-9 - _ . /, first a letter or digit).  "
	    "line 2: effect: must be text of 1 to 300 bytes.  "
	    "line 2: rotator: not a name (a-z 0-9 - _ ., first a letter or digit)");
}

/* A file of one row, in either format, whose members have so many bytes each. */
static const char *
sized_row(bool csv, const size_t sizes[4], struct buf *ret_text)
{
	static const char *const names[] = {"name", "policy", "rotator", "effect"};

	ret_text->size = 0;
	buf_text(ret_text, csv ? "name,policy,rotator,effect\n" : "{");
	for (size_t i = 0; i < 4; i++) {
		if (!csv)
			buf_format(ret_text, "\"%s\":\"", names[i]);
		for (size_t k = 0; k < sizes[i]; k++)
			buf_text(ret_text, "x");
		buf_text(ret_text, csv ? (i < 3 ? "," : "\n") : "\",");
	}
	if (!csv)
		buf_text(ret_text, "\"target\":{}}");
	return buf_string(ret_text);
}

static void
texts_have_at_most_their_sizes(void **state)
{
	static const size_t most[] = {63, 63, 40, 300};
	static const char *const expected[] = {"name: must be text of 1 to 63 bytes",
	    "policy: must be text of 1 to 63 bytes", "rotator: must be text of 1 to 40 bytes",
	    "effect: must be text of 1 to 300 bytes"};
	BUF text = {0};
	struct err err;

	(void)state;
	for (int csv = 0; csv < 2; csv++) {
		IMPORT_ROWS rows = {0};

		assert_ok(read_text(sized_row(csv, most, &text), &rows, &err));
		assert_int_equal(strlen(rows.rows[0].effect), 300);
		for (size_t i = 0; i < 4; i++) {
			size_t sizes[4];
			char line[100];

			memcpy(sizes, most, sizeof(sizes));
			sizes[i]++;
			snprintf(line, sizeof(line), "line %d: %s", csv + 1, expected[i]);
			assert_refused(sized_row(csv, sizes, &text), line);
		}
	}
}

/* A row whose target has SIZE bytes as one line. */
static const char *
row_with_target(size_t size, struct buf *ret_text)
{
	ret_text->size = 0;
	buf_text(ret_text,
	    "{\"name\":\"x\",\"policy\":\"p\",\"rotator\":\"r\",\"effect\":\"e\",\"target\": "
	    "{ \"k\" : \"");
	for (size_t i = strlen("{\"k\":\"\"}"); i < size; i++)
		buf_text(ret_text, "v");
	buf_text(ret_text, "\" } }");
	return buf_string(ret_text);
}

static void
a_target_has_at_most_16384_bytes_as_one_line(void **state)
{
	IMPORT_ROWS rows = {0};
	BUF text = {0};
	struct err err;

	(void)state;
	assert_ok(read_text(row_with_target(TARGET_TEXT_MAX, &text), &rows, &err));
	assert_refused(row_with_target(TARGET_TEXT_MAX + 1, &text),
	    "line 1: target: 16385 bytes, at most 16384");
}

static void
what_is_no_json_is_refused_with_its_line(void **state)
{
	(void)state;
	assert_refused(FIRST "\n{\"name\":\n" SECOND,
	    "line 3 is not the JSON of our formats: unexpected token near end of file");
	assert_refused(FIRST "name,policy\n",
	    "line 2 is not the JSON of our formats: '[' or '{' expected near 'name'");
	assert_refused(FIRST "[]\n", "line 2: the JSON document is not an object");
	assert_refused(FIRST "{\"name\":\"a\",\"name\":\"b\"}\n",
	    "line 2 is not the JSON of our formats: duplicate object key near '\"name\"'");
	assert_refused("{\"name\":\"a\\u0007\"}\n",
	    "line 1: the JSON document is refused: a text has control, bidirectional or other "
	    "invisible characters");
	assert_refused("\n[\n" FIRST "]\n",
	    "line 2: an array: JSON is taken as one object on each line, without an array around "
	    "them");
}

static void
columns_are_each_there_once_and_known(void **state)
{
	(void)state;
	assert_refused("name,policy,efect,target.a,target.a,target.,,name\nx\n",
	    "line 1: there is no column \"efect\"; did you mean effect?.  "
	    "line 1: the column \"target.a\" stands there twice.  "
	    "line 1: there is no column \"target.\".  line 1: column 7 has no name.  "
	    "line 1: the column \"name\" stands there twice.  "
	    "line 1: there is no column rotator.  line 1: there is no column effect");
	assert_refused("\nname, policy,rotator,effect,\"target.\ta\"\nx\n",
	    "line 2: the column \"policy\" has blanks around its name.  "
	    "line 2: the name of column 5 has a tab or a line feed.  line 2: there is no column "
	    "policy");
	assert_refused("prod/db,production,ssh-key,root\n",
	    "line 1: neither JSON nor names of columns: name, policy, rotator, effect and "
	    "target.KEY, with commas between them");
	assert_refused("name;policy;rotator;effect\n",
	    "line 1: neither JSON nor names of columns: name, policy, rotator, effect and "
	    "target.KEY, with commas between them");
	assert_refused("na\"me,policy\n",
	    "line 1: a quotation mark in a cell that does not begin with one");
}

static void
a_row_has_as_many_cells_as_there_are_columns(void **state)
{
	(void)state;
	assert_refused(COLUMNS "a,p,r,e,h,u\nb,p,r,e,h\nc,p,r,e,h,u,\nd\n",
	    "line 3: 5 cells, and there are 6 columns.  line 4: 7 cells, and there are 6 columns.  "
	    "line 5: 1 cell, and there are 6 columns");
}

static void
a_cell_is_one_line(void **state)
{
	(void)state;
	assert_refused(COLUMNS "a,p,r,\"two\nlines\",h,\"tab\tin it\"\nb,p,r,e,h,u\nc,p,r,,h,u\n",
	    "line 2: effect: has a tab or a line feed.  line 2: target.user: has a tab or a line "
	    "feed.  line 5: effect: must be text of 1 to 300 bytes");
}

static void
nothing_is_read_behind_a_cell_that_is_malformed(void **state)
{
	(void)state;
	assert_refused(COLUMNS "a,p,r,,h,u\nb,p,r,\"e,h,u\nc,p,r,,h,u\n",
	    "line 2: effect: must be text of 1 to 300 bytes.  "
	    "line 3: a cell opens with a quotation mark, and none ends it");
}

static void
a_name_that_stands_twice_is_refused_with_both_lines(void **state)
{
	(void)state;
	assert_refused(FIRST "\n" SECOND FIRST SECOND,
	    "line 4: name: prod/db stands on line 1 already.  "
	    "line 5: name: prod/web stands on line 3 already");
	assert_refused(COLUMNS "a,p,r,,h,u\nb,p,r,e,h,u\na,p,r,e,h,u\n",
	    "line 2: effect: must be text of 1 to 300 bytes.  "
	    "line 4: name: a stands on line 2 already");
}

static void
one_bad_line_in_the_middle_takes_nothing(void **state)
{
	(void)state;
	assert_refused(FIRST BAD SECOND, "line 2: effect: must be text of 1 to 300 bytes");
}

static void
nine_reasons_are_told_and_how_many_more_there_are(void **state)
{
	static const char nine[] = "line 1: effect: must be text of 1 to 300 bytes.  "
	                           "line 2: effect: must be text of 1 to 300 bytes.  "
	                           "line 2: name: x stands on line 1 already.  "
	                           "line 3: effect: must be text of 1 to 300 bytes.  "
	                           "line 3: name: x stands on line 1 already.  "
	                           "line 4: effect: must be text of 1 to 300 bytes.  "
	                           "line 4: name: x stands on line 1 already.  "
	                           "line 5: effect: must be text of 1 to 300 bytes.  "
	                           "line 5: name: x stands on line 1 already";
	struct import_rows rows = {0};
	struct err err;
	char more[1000];

	(void)state;
	assert_refused(BAD BAD BAD BAD BAD, nine);
	assert_error(ERR_INVALID, read_text(BAD BAD BAD BAD BAD, &rows, &err));
	assert_int_equal(err_parts(&err), 9);
	snprintf(more, sizeof(more), "%s.  And 4 more, told when these are mended", nine);
	assert_refused(BAD BAD BAD BAD BAD BAD BAD, more);
}

static void
a_long_reason_leaves_room_for_the_others(void **state)
{
	struct import_rows rows = {0};
	BUF text = {0};
	struct err err;

	(void)state;
	for (int i = 0; i < 9; i++) {
		buf_format(&text,
		    "{\"name\":\"n%d\",\"policy\":\"p\",\"rotator\":\"r\",\"effect\":\"e\","
		    "\"target\":{},\"",
		    i);
		for (int k = 0; k < 1000; k++)
			buf_text(&text, "\xc3\xa9");
		buf_text(&text, "\":1}\n");
	}
	assert_error(ERR_INVALID, read_text(buf_string(&text), &rows, &err));
	assert_int_equal(err_parts(&err), 9);
	for (size_t i = 0; i < 9; i++) {
		char part[ERR_TEXT_SIZE], begin[60];

		err_copy_part(&err, i, part);
		snprintf(begin, sizeof(begin), "line %zu: member \"\xc3\xa9\xc3\xa9", i + 1);
		assert_memory_equal(part, begin, strlen(begin));
		assert_true(strlen(part) <= 200);
		assert_string_equal(part + strlen(part) - 5, "\xc3\xa9...");
	}
}

static void
characters_that_nobody_sees_are_refused_with_their_line(void **state)
{
	static const char nul[] = FIRST "{\"name\":\"a\0\"}\n";
	struct import_rows rows = {0};
	struct err err;

	(void)state;
	assert_error(ERR_INVALID, read_bytes(view_of(nul, sizeof(nul) - 1), &rows, &err));
	assert_string_equal(err.text, "line 2: has a control character (0x00)");
	assert_refused(COLUMNS "a\x1b[2J,\rb\nc,\x7f\n",
	    "line 2: has a control character (0x1b).  line 3: has a control character (0x7f)");
	assert_refused(COLUMNS "a,p,r,caf\xe9,h,u\n",
	    "line 2: is not UTF-8, or has control, direction or other invisible characters");
	assert_refused(FIRST "{\"\xe2\x80\xae\":1}\nx\xc2\x85\n",
	    "line 2: is not UTF-8, or has control, direction or other invisible characters.  "
	    "line 3: is not UTF-8, or has control, direction or other invisible characters");
	assert_refused("\xef\xbb\xbf\xef\xbb\xbf" FIRST,
	    "line 1: is not UTF-8, or has control, direction or other invisible characters");
	assert_refused("a\rb\n", "line 1: has a control character (0x0d)");
}

/* COUNT rows in either format. */
static const char *
many(bool csv, size_t count, struct buf *ret_text)
{
	ret_text->size = 0;
	buf_text(ret_text, csv ? COLUMNS : "");
	for (size_t i = 0; i < count; i++)
		buf_format(ret_text,
		    csv ? "n%zu,p,r,e,h,u\n" :
		          "{\"name\":\"n%zu\",\"policy\":\"p\",\"rotator\":\"r\",\"effect\":\"e\","
		          "\"target\":{}}\n",
		    i);
	return buf_string(ret_text);
}

static void
five_hundred_definitions_are_taken_and_more_are_counted(void **state)
{
	BUF text = {0};
	struct err err;

	(void)state;
	for (int csv = 0; csv < 2; csv++) {
		IMPORT_ROWS rows = {0};

		assert_ok(read_text(many(csv, DEFINITIONS, &text), &rows, &err));
		assert_int_equal(rows.count, DEFINITIONS);
		assert_string_equal(rows.rows[499].name, "n499");
		assert_int_equal(rows.rows[499].line, 500 + csv);
		assert_refused(many(csv, 501, &text),
		    "at least 501 definitions, and a file holds 500 at most: split it");
		assert_refused(many(csv, 1234, &text),
		    "at least 1234 definitions, and a file holds 500 at most: split it");
	}
	(void)many(true, 600, &text);
	buf_text(&text, "a\"b\n");
	buf_text(&text, "never read\n");
	assert_refused(buf_string(&text),
	    "at least 601 definitions, and a file holds 500 at most: split it");
}

static void
a_file_of_more_than_16_mebibytes_is_refused(void **state)
{
	struct import_rows rows = {0};
	BUF text = {0};
	struct err err;
	uint8_t *space;

	(void)state;
	buf_text(&text, FIRST);
	space = buf_space(&text, IMPORT_FILE_MAX - text.size);
	assert_non_null(space);
	memset(space, '\n', text.size - strlen(FIRST));
	assert_ok(import_file_read(buf_view(&text), &rows, &err));
	import_rows_done(&rows);
	buf_text(&text, "\n");
	assert_error(ERR_INVALID, import_file_read(buf_view(&text), &rows, &err));
	assert_string_equal(err.text, "16777217 bytes, and a file holds 16 MiB at most: split it");
}

static void
every_shorter_file_is_refused_or_a_part_of_it(void **state)
{
	static const char *const files[] = {FIRST SECOND,
	    COLUMNS "prod/db,production,ssh-key,\"root on \"\"db1\"\"\",db1,root\nb,p,r,e,,\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		for (size_t size = 0; size < strlen(files[i]); size++) {
			IMPORT_ROWS rows = {0};
			struct err err;

			if (read_bytes(view_of(files[i], size), &rows, &err) != ERR_OK) {
				assert_int_equal(err.code, ERR_INVALID);
				continue;
			}
			assert_in_range(rows.count, 1, 2);
			assert_string_equal(rows.rows[0].name, "prod/db");
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_of_json_is_a_definition),
	    cmocka_unit_test(lines_may_end_as_other_systems_end_them),
	    cmocka_unit_test(a_row_of_a_spreadsheet_is_a_definition),
	    cmocka_unit_test(what_is_no_text_stands_as_json_in_a_column),
	    cmocka_unit_test(a_file_without_a_definition_is_refused),
	    cmocka_unit_test(all_five_members_must_be_there_and_no_other),
	    cmocka_unit_test(members_are_judged_as_those_of_a_definition),
	    cmocka_unit_test(texts_have_at_most_their_sizes),
	    cmocka_unit_test(a_target_has_at_most_16384_bytes_as_one_line),
	    cmocka_unit_test(what_is_no_json_is_refused_with_its_line),
	    cmocka_unit_test(columns_are_each_there_once_and_known),
	    cmocka_unit_test(a_row_has_as_many_cells_as_there_are_columns),
	    cmocka_unit_test(a_cell_is_one_line),
	    cmocka_unit_test(nothing_is_read_behind_a_cell_that_is_malformed),
	    cmocka_unit_test(a_name_that_stands_twice_is_refused_with_both_lines),
	    cmocka_unit_test(one_bad_line_in_the_middle_takes_nothing),
	    cmocka_unit_test(nine_reasons_are_told_and_how_many_more_there_are),
	    cmocka_unit_test(a_long_reason_leaves_room_for_the_others),
	    cmocka_unit_test(characters_that_nobody_sees_are_refused_with_their_line),
	    cmocka_unit_test(five_hundred_definitions_are_taken_and_more_are_counted),
	    cmocka_unit_test(a_file_of_more_than_16_mebibytes_is_refused),
	    cmocka_unit_test(every_shorter_file_is_refused_or_a_part_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
