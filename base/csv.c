/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One byte after the other, from place to place:
 *
 *	           "         ,        another   end of line
 *	BEGINS     quoted    BEGINS   plain     end of the row
 *	PLAIN      fault     BEGINS   plain     end of the row
 *	QUOTED     closed    quoted   quoted    quoted, one more line
 *	CLOSED     quoted    BEGINS   fault     end of the row
 */
#include "base/csv.h"

enum place { BEGINS, PLAIN, QUOTED_CELL, CLOSED };

/* A row that is being read. */
struct reading {
	const struct csv *csv;
	struct csv_row *row;
	enum place place;
	size_t opened; /* the line of the quotation mark that opened the cell */
};

void
csv_row_done(struct csv_row *row)
{
	buf_done(&row->text);
	row->count = 0;
}

struct csv
csv_of(struct view text)
{
	return (struct csv){lines_of(text)};
}

struct view
csv_cell(const struct csv_row *row, size_t index)
{
	size_t begin = index > 0 ? row->ends[index - 1] : 0;

	if (row->text.size == 0)
		return view_of(NULL, 0);
	return view_of(row->text.data + begin, row->ends[index] - begin);
}

/* TEXT is wrong in the line that is being read. */
static enum err_code
fault(const struct reading *reading, const char *text, struct err *err)
{
	size_t line = reading->csv->lines.number;

	if (reading->place == CLOSED && reading->opened != line)
		return err_set(err, ERR_INVALID, "line %zu: %s (which opens on line %zu)", line,
		    text, reading->opened);
	return err_set(err, ERR_INVALID, "line %zu: %s", line, text);
}

static enum err_code
end_cell(struct reading *reading, struct err *err)
{
	struct csv_row *row = reading->row;

	if (row->count == CSV_CELLS_MAX)
		return err_set(err, ERR_INVALID, "line %zu: more than %d cells",
		    reading->csv->lines.number, (int)CSV_CELLS_MAX);
	row->ends[row->count++] = row->text.size;
	reading->place = BEGINS;
	return ERR_OK;
}

static enum err_code
take_quotation_mark(struct reading *reading, struct err *err)
{
	switch (reading->place) {
	case BEGINS:
		reading->place = QUOTED_CELL;
		reading->opened = reading->csv->lines.number;
		return ERR_OK;
	case QUOTED_CELL:
		reading->place = CLOSED;
		return ERR_OK;
	case CLOSED:
		buf_u8(&reading->row->text, '"');
		reading->place = QUOTED_CELL;
		return ERR_OK;
	default:
		return fault(reading, "a quotation mark in a cell that does not begin with one",
		    err);
	}
}

static enum err_code
take_byte(struct reading *reading, uint8_t byte, struct err *err)
{
	if (byte == '"')
		return take_quotation_mark(reading, err);
	if (byte == ',' && reading->place != QUOTED_CELL)
		return end_cell(reading, err);
	if (reading->place == CLOSED)
		return fault(reading, "text behind the quotation mark that ends a cell", err);
	if (byte == '\r' && reading->place != QUOTED_CELL)
		return fault(reading, "a carriage return without a line feed", err);
	if (reading->place == BEGINS)
		reading->place = PLAIN;
	buf_u8(&reading->row->text, byte);
	return ERR_OK;
}

/* The row that begins with LINE. */
static enum err_code
read_row(struct csv *csv, struct view line, struct csv_row *row, struct err *err)
{
	struct reading reading = {.csv = csv, .row = row, .place = BEGINS};

	for (;;) {
		for (size_t i = 0; i < line.size; i++)
			TRY(take_byte(&reading, line.data[i], err));
		if (reading.place != QUOTED_CELL)
			return end_cell(&reading, err);
		if (!lines_next(&csv->lines, &line))
			return err_set(err, ERR_INVALID,
			    "line %zu: a cell opens with a quotation mark, and none ends it",
			    reading.opened);
		buf_u8(&row->text, '\n');
	}
}

enum err_code
csv_next(struct csv *csv, struct csv_row *row, struct err *err)
{
	struct view line;

	do {
		do {
			row->text.size = row->count = 0;
			if (!lines_next(&csv->lines, &line))
				return ERR_OK;
		} while (lines_blank(line));
		row->line = csv->lines.number;
		TRY(read_row(csv, line, row, err));
		TRY(buf_check(&row->text, err));
	} while (row->text.size == 0);
	return ERR_OK;
}
