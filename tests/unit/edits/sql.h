/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database in the hands of somebody who is bound by nothing: no trigger, key or check holds, and its form
 * may be changed.  An edit is a text of SQL, drawn from the edit's random numbers.
 */
#ifndef TESTS_UNIT_EDITS_SQL_H
#define TESTS_UNIT_EDITS_SQL_H

#include <sqlite3.h>

#include "base/bytes.h"
#include "tests/unit/edits/vault.h"

struct edit_table {
	const char *name, *keys; /* as SQL lists them */
};
enum { EDIT_TABLES = 20, EDIT_ROWS = 17 /* of them that have cells; then leaves, hashes, nodes */ };
extern const struct edit_table edit_tables[EDIT_TABLES];

struct editor {
	const struct past *past;
	sqlite3 *database;
	uint64_t random;
	struct buf sql;
	bool alone;  /* it is not to run within a transaction */
	bool rehash; /* the log's hashes are made anew afterwards */
};
void editor_open(struct editor *editor, const struct past *past);
void editor_done(struct editor *editor);
#define EDITOR CLEANUP(editor_done) struct editor

uint64_t draw(struct editor *editor, uint64_t below);
const struct edit_table *draw_table(struct editor *editor, size_t from, size_t below);
/* The first column of the first row of an answer, as text; "" when there is none. */
void ask_sql(struct editor *editor, struct buf *ret_text, const char *format, ...)
    FORMAT_LIKE(3, 4);
int64_t ask_number(struct editor *editor, const char *format, ...) FORMAT_LIKE(2, 3);
/* A row of TABLE, as a condition; false: it has none. */
bool draw_row(struct editor *editor, const struct edit_table *table, struct buf *ret_where);
/* One of its columns. */
void draw_column(struct editor *editor, const struct edit_table *table, struct buf *ret_name);
/* Its declared type. */
void type_of(struct editor *editor, const struct edit_table *table, const char *column,
    struct buf *ret_type);
/* FORMAT with NAME in each place. */
void put_formatted(struct buf *text, const char *format, const char *name);
/* Runs what was drawn; false: SQLite did not take it, and nothing happened. */
bool editor_run(struct editor *editor);
/* Of all that the tables hold, as a whole table scan reads it, and of the form; 0: it cannot be read. */
uint64_t editor_sum(struct editor *editor);
/* Is the file whole: does each index have what its table has? */
bool editor_is_whole(struct editor *editor);

#endif
