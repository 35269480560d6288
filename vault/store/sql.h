/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite behind calls that cannot be used wrongly by accident; only sql_vfs.c sees sqlite3.h beside it.  A query
 * is bound here and read in sql_query.h, from left to right, with a sticky failure, asked for once,
 * at the end:
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

#include "vault/store/sql_row.h"

enum { SQL_BLOB_MAX = 17 * 1024 * 1024 };

struct sql;

/* Open an existing file (no symbolic link) and set and read back every pragma that sql.c
 * lists.  CREATING: the file is empty; auto_vacuum is set as well. */
enum err_code sql_open(const char *path, bool creating, struct sql **ret_sql,
    struct err *err) MUST_CHECK;
void sql_free(struct sql *sql); /* rolls back; accepts NULL */
DESTRUCTOR(sql_freep, struct sql, sql_free)
#define SQL CLEANUP(sql_freep) struct sql

/* Several statements without results, inside a writing transaction. */
enum err_code sql_script(struct sql *sql, const char *script, struct err *err) MUST_CHECK;

/* ERR_INTERNAL when one is open.  A reading one sees one state from its first read on. */
enum err_code sql_begin(struct sql *sql, bool writing, struct err *err) MUST_CHECK;
/* ERR_INTEGRITY: its file is no longer the one that was opened, so that what is read and written is not what
 * others read. */
enum err_code sql_check_place(struct sql *sql, struct err *err) MUST_CHECK;
/* SQLite reads the form of the database anew, in the transaction that is open and has read something (its
 * marks): only so is what it keeps compiled from then on what a check of the same transaction sees, and not
 * what stood there a moment before.  ERR_INTEGRITY: it is damaged, or much more than a vault's. */
enum err_code sql_read_form(struct sql *sql, struct err *err) MUST_CHECK;
/* This transaction erases what nobody may find again: no image of it is left in the journal either.
 * Before the first such change. */
enum err_code sql_erases(struct sql *sql, struct err *err) MUST_CHECK;
/* For sql_commit: it stays open when it fails.  ERR_NOT_FOUND: a foreign key is not kept. */
enum err_code sql_try_commit(struct sql *sql, struct err *err) MUST_CHECK;
void sql_rollback(struct sql *sql); /* nothing open: nothing happens */
/* From now on everything is refused, as after a failed fsync: what goes with the database is not known to be on
 * the disk. */
void sql_stop(struct sql *sql);
/* Of what was changed, does anything refer to a row that is not there? */
bool sql_dangles(const struct sql *sql);
bool sql_is_writing(const struct sql *sql);
/* Which transaction is open, of all since the database was opened; 0: none. */
uint64_t sql_transaction(const struct sql *sql);
/* Rows inserted, updated or deleted since the database was opened. */
uint64_t sql_changes(const struct sql *sql);

void sql_watch(struct sql *sql, const struct sql_watcher *watcher, void *context);

/* As long as a scope lives, what is asked sees one state: in the transaction that is open, or in a reading
 * one of its own that ends with the last scope.  Each query is one. */
struct sql_scope {
	struct sql *sql;
};
enum err_code sql_enter(struct sql *sql, struct sql_scope *scope, struct err *err) MUST_CHECK;
void sql_leave(struct sql_scope *scope);
#define SQL_SCOPE CLEANUP(sql_leave) struct sql_scope

struct sql_statement;
struct sql_query {
	struct sql *sql;
	struct sql_scope scope;
	const char *table;
	struct err *err;
	struct sql_statement *statement;
	int parameter, column; /* the last one bound, the next one read */
	struct sql_row bound;
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

/* The kind of the column that is read next; SQL_NOTHING after a failure or the last one. */
enum sql_kind sql_kind(const struct sql_query *query);
/* The whole row that QUERY stands on. */
void sql_get_row(const struct sql_query *query, struct sql_row *ret_row);
/* Take it, as what it is; views stand until SQLite is called again. */
int64_t sql_take_int(struct sql_query *query);
struct view sql_take_bytes(struct sql_query *query);

#endif
