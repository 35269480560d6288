/* SPDX-License-Identifier: Apache-2.0 */
#include "base/csv.h"
#include "tests/unit/check.h"

/* All rows of TEXT, which stands in a block of exactly its size, each as "LINE:CELL|CELL;"; the error's text where there is
 * one. */
static const char *
rows_of(const char *text, size_t size, struct buf *ret_rows)
{
	uint8_t *exact = exact_copy(view_of(text, size));
	struct csv csv = csv_of(view_of(exact, size));
	CSV_ROW row = {0};
	struct err err;

	for (;;) {
		if (csv_next(&csv, &row, &err) != ERR_OK) {
			assert_int_equal(err.code, ERR_INVALID);
			buf_text(ret_rows, err.text);
			break;
		}
		if (row.count == 0)
			break;
		buf_format(ret_rows, "%zu:", row.line);
		for (size_t i = 0; i < row.count; i++) {
			buf_text(ret_rows, i > 0 ? "|" : "");
			buf_bytes(ret_rows, csv_cell(&row, i));
		}
		buf_text(ret_rows, ";");
	}
	free(exact);
	return buf_string(ret_rows);
}

static void
assert_rows(const char *text, const char *expected)
{
	BUF rows = {0};

	assert_string_equal(rows_of(text, strlen(text), &rows), expected);
}

static void
a_line_ends_with_a_line_feed_a_carriage_return_and_one_or_the_text(void **state)
{
	struct lines lines = lines_of(view_of_text("a\nb\r\n\r\r\n\nlast\r"));
	static const char *const expected[] = {"a", "b", "\r", "", "last\r"};
	struct view line;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		assert_true(lines_next(&lines, &line));
		assert_view(line, view_of_text(expected[i]));
		assert_int_equal(lines.number, i + 1);
		assert_int_equal(lines.ended, i < 4);
	}
	assert_false(lines_next(&lines, &line));
	assert_int_equal(lines.number, 5);
	lines = lines_of(view_of(NULL, 0));
	assert_false(lines_next(&lines, &line));
}

static void
a_mark_of_utf8_is_passed_over_at_the_start_alone(void **state)
{
	struct lines lines = lines_of(view_of_text("\xef\xbb\xbf\xef\xbb\xbf"
	                                           "a\n"));
	struct view line;

	(void)state;
	assert_true(lines_next(&lines, &line));
	assert_view(line,
	    view_of_text("\xef\xbb\xbf"
	                 "a"));
	lines = lines_of(view_of_text("\xef\xbb"));
	assert_true(lines_next(&lines, &line));
	assert_view(line, view_of_text("\xef\xbb"));
}

static void
only_spaces_and_tabs_are_blank(void **state)
{
	(void)state;
	assert_true(lines_blank(view_of_text("")));
	assert_true(lines_blank(view_of_text(" \t ")));
	assert_false(lines_blank(view_of_text(" \r")));
	assert_false(lines_blank(view_of_text("  x")));
}

static void
cells_stand_between_commas(void **state)
{
	(void)state;
	assert_rows("a,b,c\n1,,3\r\n,,x\n x , y\n", "1:a|b|c;2:1||3;3:||x;4: x | y;");
	assert_rows("a", "1:a;");
	assert_rows("a,", "1:a|;");
	assert_rows("", "");
}

static void
quoted_cells_hold_commas_quotation_marks_and_line_feeds(void **state)
{
	(void)state;
	assert_rows("\"a,b\",\"say \"\"yes\"\"\",\"two\nlines\",\"\"\nx,y,z,\"\"\"\"\n",
	    "1:a,b|say \"yes\"|two\nlines|;3:x|y|z|\";");
	assert_rows("\"a\r\nb\"\r\nc\r\n", "1:a\nb;3:c;");
	assert_rows("\"a\n\n b\",c", "1:a\n\n b|c;");
}

static void
blank_lines_and_rows_of_empty_cells_are_passed_over(void **state)
{
	(void)state;
	assert_rows("\n \t\r\na\n\n,,,\n\"\",\"\"\nb\n\n", "3:a;7:b;");
	assert_rows("\n\n", "");
	assert_rows(",,,", "");
}

static void
what_rfc_4180_does_not_have_is_refused_with_its_line(void **state)
{
	(void)state;
	assert_rows("a\nb\"c\n",
	    "1:a;line 2: a quotation mark in a cell that does not begin with one");
	assert_rows("a, \"b\"\n",
	    "line 1: a quotation mark in a cell that does not begin with one");
	assert_rows("\"a\"b\n", "line 1: text behind the quotation mark that ends a cell");
	assert_rows("\"a\" ,b\n", "line 1: text behind the quotation mark that ends a cell");
	assert_rows("x\n\"a\n\nb\"c\"\n",
	    "1:x;line 4: text behind the quotation mark that ends a cell (which opens on line 2)");
	assert_rows("a\n\nb,\"c\nd\n",
	    "1:a;line 3: a cell opens with a quotation mark, and none ends it");
	assert_rows("\"", "line 1: a cell opens with a quotation mark, and none ends it");
	assert_rows("a\rb\n", "line 1: a carriage return without a line feed");
	assert_rows("a\n\"b\"\r", "1:a;line 2: text behind the quotation mark that ends a cell");
}

static void
a_row_has_at_most_1024_cells(void **state)
{
	BUF text = {0}, rows = {0};

	(void)state;
	buf_text(&text, "a\n");
	for (int i = 0; i < CSV_CELLS_MAX - 1; i++)
		buf_text(&text, "x,");
	buf_text(&text, "x");
	assert_null(strstr(rows_of(buf_string(&text), text.size, &rows), "line"));
	buf_text(&text, ",");
	rows.size = 0;
	assert_string_equal(rows_of(buf_string(&text), text.size, &rows),
	    "1:a;line 2: more than 1024 cells");
}

static void
every_byte_stands_for_itself_in_a_quoted_cell(void **state)
{
	struct err err;

	(void)state;
	for (unsigned byte = 0; byte < 256; byte++) {
		const uint8_t text[] = {'"', 'a', (uint8_t)byte, (uint8_t)byte, '"'};
		struct csv csv = csv_of(VIEW_OF(text));
		CSV_ROW row = {0};

		assert_ok(csv_next(&csv, &row, &err));
		assert_int_equal(row.count, 1);
		assert_view(csv_cell(&row, 0), view_of(text + 1, byte == '"' ? 2 : 3));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_ends_with_a_line_feed_a_carriage_return_and_one_or_the_text),
	    cmocka_unit_test(a_mark_of_utf8_is_passed_over_at_the_start_alone),
	    cmocka_unit_test(only_spaces_and_tabs_are_blank),
	    cmocka_unit_test(cells_stand_between_commas),
	    cmocka_unit_test(quoted_cells_hold_commas_quotation_marks_and_line_feeds),
	    cmocka_unit_test(blank_lines_and_rows_of_empty_cells_are_passed_over),
	    cmocka_unit_test(what_rfc_4180_does_not_have_is_refused_with_its_line),
	    cmocka_unit_test(a_row_has_at_most_1024_cells),
	    cmocka_unit_test(every_byte_stands_for_itself_in_a_quoted_cell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
