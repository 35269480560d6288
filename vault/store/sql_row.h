/* SPDX-License-Identifier: Apache-2.0 */
/* Rows as SQLite has them, and its word of each that changes: for vault/store/ alone. */
#ifndef VAULT_STORE_SQL_ROW_H
#define VAULT_STORE_SQL_ROW_H

#include "base/bytes.h"

/* Columns and parameters as they are stored, unchecked: for sql_query.c and state.c alone. */
enum sql_kind { SQL_NOTHING, SQL_NULL, SQL_INTEGER, SQL_TEXT, SQL_BYTES, SQL_REAL };
enum { SQL_VALUES = 16 };
struct sql_value {
	enum sql_kind kind; /* real: of no row of ours, and its value is not looked at */
	int64_t number;
	struct view bytes; /* stands until SQLite is called again */
};
struct sql_row {
	struct sql_value values[SQL_VALUES];
	size_t count;
};

/* Is told of each row of each table before it changes: OLD is NULL when it is added, NEW when it is removed;
 * and before that, that a statement begins which may change some; after it, that it failed, and changed none
 * of those. */
struct sql_watcher {
	void (*begins)(void *context);
	void (*changes)(void *context, const char *table, const struct sql_row *old,
	    const struct sql_row *new);
	void (*fails)(void *context);
};

struct sqlite3;
struct sqlite3_stmt;

/* SQLite's type as our kind. */
enum sql_kind sql_row_kind(int type);
/* The row that PREPARED stands on. */
void sql_row_read(struct sqlite3_stmt *prepared, struct sql_row *ret_row);

struct sql_watching {
	const struct sql_watcher *watcher; /* NULL: nobody */
	void *context;
};
/* WATCHING must live as long as the connection. */
void sql_row_watch(struct sqlite3 *database, struct sql_watching *watching);

#endif
