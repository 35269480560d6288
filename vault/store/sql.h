/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite behind calls that cannot be used wrongly by accident; nobody else sees sqlite3.h.  A query
 * is bound and read from left to right with a sticky failure, asked for once, at the end:
 *
 *	SQL_QUERY query = sql_query(sql, "seats", "SELECT name FROM seats WHERE id = ?", err);
 *	sql_put_int(&query, id);
 *	TRY(sql_one(&query, "seat"));
 *	sql_get_text(&query, "name", name, sizeof(name));
 *	TRY(sql_end(&query));			-- nothing read is used before this
 *
 * The texts of queries are string literals: prepared statements are kept by their address.  What is
 * read must have the stored type and lie within the limits given, else ERR_INTEGRITY names table
 * and column.  A change outside a writing transaction, or after SQLite rolled it back by itself, is
 * refused (ERR_INTERNAL).  After a failed fsync everything is refused (ERR_IO): what is on disk is
 * unknown, and asking again may be answered from a cache.
 *
 * Errors of every call: ERR_NO_SPACE, ERR_IO, ERR_MEMORY, ERR_BUSY (another process), ERR_INTEGRITY
 * (damaged file), ERR_EXISTS (UNIQUE), ERR_NOT_FOUND (foreign key), ERR_INTERNAL (CHECK, our bug).
 */
#ifndef VAULT_STORE_SQL_H
#define VAULT_STORE_SQL_H

#include "base/bytes.h"

enum { SQL_BLOB_MAX = 16 * 1024 * 1024 };

struct sql;

/* Open an existing file (no symbolic link) and set and read back every pragma of DESIGN.md, section
 * 10.  CREATING: the file is empty; auto_vacuum is set as well. */
enum err_code sql_open(const char *path, bool creating, struct sql **ret_sql,
    struct err *err) MUST_CHECK;
void sql_free(struct sql *sql); /* rolls back; accepts NULL */
void sql_freep(struct sql **sql);
#define SQL CLEANUP(sql_freep) struct sql

/* Several statements without results, inside a writing transaction. */
enum err_code sql_script(struct sql *sql, const char *script, struct err *err) MUST_CHECK;
/* The numbers in the file's header. */
enum err_code sql_get_marks(struct sql *sql, uint32_t *ret_application, uint32_t *ret_format,
    struct err *err) MUST_CHECK;
enum err_code sql_set_marks(struct sql *sql, uint32_t application, uint32_t format,
    struct err *err) MUST_CHECK; /* inside a writing transaction */
/* integrity_check and foreign_key_check: ERR_INTEGRITY with the first complaint. */
enum err_code sql_check(struct sql *sql, struct err *err) MUST_CHECK;
/* A copy at PATH, which must not exist, 0600, synced, made through the backup interface. */
enum err_code sql_backup(struct sql *sql, const char *path, struct err *err) MUST_CHECK;

/* ERR_INTERNAL when one is open.  A reading one sees one state from its first read on. */
enum err_code sql_begin(struct sql *sql, bool writing, struct err *err) MUST_CHECK;
/* A failed commit is rolled back. */
enum err_code sql_commit(struct sql *sql, struct err *err) MUST_CHECK;
void sql_rollback(struct sql *sql); /* nothing open: nothing happens */
bool sql_is_writing(const struct sql *sql);
/* Rows inserted, updated or deleted since the database was opened. */
uint64_t sql_changes(const struct sql *sql);

struct sql_statement;
struct sql_query {
	struct sql *sql;
	const char *table;
	struct err *err;
	struct sql_statement *statement;
	int parameter, column; /* the last one bound, the next one read */
	bool has_row;
	enum err_code code; /* sticky */
};

/* ERR_INTERNAL (sticky) when the same query is running already. */
struct sql_query sql_query(struct sql *sql, const char *table, const char *text, struct err *err);
void sql_query_done(struct sql_query *query);
#define SQL_QUERY CLEANUP(sql_query_done) struct sql_query

/* Bind the next parameter.  Bytes and texts must live until the query is done. */
void sql_put_int(struct sql_query *query, int64_t value);
void sql_put_bytes(struct sql_query *query, struct view bytes);
void sql_put_text(struct sql_query *query, const char *text);
void sql_put_null(struct sql_query *query);

/* The next row; false at the end and after a failure. */
bool sql_next(struct sql_query *query);
/* The first row; ERR_NOT_FOUND "there is no such WHAT" when there is none. */
enum err_code sql_one(struct sql_query *query, const char *what) MUST_CHECK;

/* Read the next column of the row.  After a failure they give 0 or leave RET_ alone. */
int64_t sql_get_int(struct sql_query *query, const char *column, int64_t min, int64_t max);
void sql_get_exactly(struct sql_query *query, const char *column, void *ret_bytes, size_t size);
/* MIN..MAX bytes, appended to RET_BYTES. */
void sql_get_bytes(struct sql_query *query, const char *column, size_t min, size_t max,
    struct buf *ret_bytes);
/* Plain text (text_is_plain) of less than SIZE bytes, with its NUL. */
void sql_get_text(struct sql_query *query, const char *column, char *ret_text, size_t size);
bool sql_is_null(const struct sql_query *query); /* the column that would be read next */
void sql_skip(struct sql_query *query);
/* Fail on behalf of a caller's own check: "TABLE.COLUMN in the database FAULT". */
void sql_fail(struct sql_query *query, const char *column, const char *fault);

/* The sticky failure, or that everything was read. */
enum err_code sql_end(struct sql_query *query) MUST_CHECK;
/* Run a change to its end.  RET_ROWS (may be NULL): how many rows it touched. */
enum err_code sql_run(struct sql_query *query, uint64_t *ret_rows) MUST_CHECK;
/* Run a change that must touch a row; ERR_NOT_FOUND "there is no such WHAT" otherwise. */
enum err_code sql_run_one(struct sql_query *query, const char *what) MUST_CHECK;

#endif
