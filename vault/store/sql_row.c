/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/sql_row.h"

#define SQLITE_ENABLE_PREUPDATE_HOOK /* as Debian builds it; else it does not link */
#include <sqlite3.h>

enum sql_kind
sql_row_kind(int type)
{
	switch (type) {
	case SQLITE_INTEGER:
		return SQL_INTEGER;
	case SQLITE_TEXT:
		return SQL_TEXT;
	case SQLITE_BLOB:
		return SQL_BYTES;
	case SQLITE_NULL:
		return SQL_NULL;
	default:
		return SQL_REAL;
	}
}

void
sql_row_read(struct sqlite3_stmt *prepared, struct sql_row *ret_row)
{
	ret_row->count = 0;
	for (int i = 0; i < sqlite3_column_count(prepared) && i < SQL_VALUES; i++) {
		struct sql_value *value = &ret_row->values[ret_row->count++];

		*value = (struct sql_value){.kind = sql_row_kind(sqlite3_column_type(prepared, i))};
		if (value->kind == SQL_INTEGER) {
			value->number = sqlite3_column_int64(prepared, i);
		} else if (value->kind == SQL_TEXT || value->kind == SQL_BYTES) {
			value->bytes.data = sqlite3_column_blob(prepared, i);
			value->bytes.size = (size_t)sqlite3_column_bytes(prepared, i);
		}
	}
}

static struct sql_value
value_of(sqlite3_value *stored)
{
	struct sql_value value = {.kind = sql_row_kind(sqlite3_value_type(stored))};

	if (value.kind == SQL_INTEGER) {
		value.number = sqlite3_value_int64(stored);
	} else if (value.kind == SQL_TEXT || value.kind == SQL_BYTES) {
		value.bytes.data = sqlite3_value_blob(stored);
		value.bytes.size = (size_t)sqlite3_value_bytes(stored);
	}
	return value;
}

/* A row that SQLite cannot give, for want of memory, is told as one of another shape. */
static void
get_change(sqlite3 *database, int (*get)(sqlite3 *, int, sqlite3_value **), struct sql_row *ret_row)
{
	ret_row->count = 0;
	for (int i = 0; i < sqlite3_preupdate_count(database) && i < SQL_VALUES; i++) {
		sqlite3_value *value = NULL;

		if (get(database, i, &value) == SQLITE_OK && value != NULL)
			ret_row->values[ret_row->count++] = value_of(value);
	}
}

static void
on_change(void *context, sqlite3 *database, int operation, const char *schema, const char *table,
    sqlite3_int64 old_id, sqlite3_int64 new_id)
{
	const struct sql_watching *watching = context;
	struct sql_row old, new;

	(void)schema, (void)old_id, (void)new_id; /* nothing else is attached */
	if (operation != SQLITE_INSERT)
		get_change(database, sqlite3_preupdate_old, &old);
	if (operation != SQLITE_DELETE)
		get_change(database, sqlite3_preupdate_new, &new);
	watching->watcher->changes(watching->context, table,
	    operation != SQLITE_INSERT ? &old : NULL, operation != SQLITE_DELETE ? &new : NULL);
}

void
sql_row_watch(struct sqlite3 *database, struct sql_watching *watching)
{
	sqlite3_preupdate_hook(database, on_change, watching);
}
