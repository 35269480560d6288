/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comma-separated values, as RFC 4180 has them: a cell that begins with a quotation mark ends with one, and may hold
 * commas, line feeds (CRLF is one) and quotation marks, these doubled; elsewhere there is no quotation mark, and no carriage
 * return but in CRLF.  Blanks belong to the cell.  Lines end with LF or CRLF, the last one perhaps with nothing.  Lines of
 * nothing but blanks are passed over, and so are rows whose cells are all empty, as spreadsheets write them below their last.
 */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include "base/lines.h"

enum { CSV_CELLS_MAX = 1024 };

struct csv {
	struct lines lines;
};

/* Used again for each row; CLEANUP by csv_row_done. */
struct csv_row {
	size_t line;  /* where it begins */
	size_t count; /* of its cells; 0: there was no more row */
	struct buf text;
	size_t ends[CSV_CELLS_MAX]; /* of each cell in TEXT */
};
void csv_row_done(struct csv_row *row); /* accepts {0} */
#define CSV_ROW CLEANUP(csv_row_done) struct csv_row

struct csv csv_of(struct view text);
/* The next row.  ERR_INVALID, "line 7: ...": what follows is not to be read, since where cells begin is not known.
 * ERR_MEMORY. */
enum err_code csv_next(struct csv *csv, struct csv_row *row, struct err *err) MUST_CHECK;
/* Cell INDEX, until ROW is used again. */
struct view csv_cell(const struct csv_row *row, size_t index);

#endif
