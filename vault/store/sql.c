/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file that talks to SQLite: connection, transactions, statements; what is read from them is
 * checked above, in sql_query.c, and which files it may touch is said in sql_vfs.c.  Statements are
 * prepared once and kept for the connection's life; a running query holds its statement, and
 * sql_query_done resets it, which also ends SQLite's read lock.
 *
 * The journal stays when a transaction has ended, with its first bytes overwritten (PERSIST): making
 * and removing it would cost more of each commit.  What a page held before is then still in it; so
 * whoever erases says so (sql_erases), and that COMMIT cuts the journal to nothing.
 *
 * Nothing is written to the database before COMMIT, however much it is (cache_spill), so that a
 * transaction of 500 rows syncs as often as one of one.
 *
 * What SQLite reports becomes our error in one place, sql_fail.c.  SQLite rolls back by itself after
 * some errors (full disk, I/O, memory); it is then in autocommit mode while we believe to be in a
 * transaction, and the next change would be durable alone.  So each query compares the two.
 */
#include "vault/store/sql.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"
#include "vault/store/sql_fail.h"
#include "vault/store/sql_guard.h"
#include "vault/store/sql_row.h"
#include "vault/store/sql_vfs.h"

/* Our own lock serialises writers; this long a commit waits for readers, and a reader for it. */
enum { BUSY_MILLISECONDS = 5000, STATEMENTS_MAX = 128 };

struct sql_statement {
	const char *text;
	sqlite3_stmt *prepared;
	bool running;
};

enum transaction { TRANSACTION_NONE, TRANSACTION_READING, TRANSACTION_WRITING };

struct sql {
	sqlite3 *database;
	struct sql_vfs *vfs;
	enum transaction transaction;
	uint64_t transactions; /* begun so far */
	size_t running;        /* queries */
	bool own;              /* the transaction is that of a scope, and ends with it */
	bool erases;           /* this transaction */
	bool dead;             /* an fsync failed */
	struct sql_watching watching;
	struct sql_guard guard;
	struct sql_statement statements[STATEMENTS_MAX];
	size_t statement_count;
};

struct pragma {
	const char *set, *get, *expected;
};

static const struct pragma pragmas[] = {
    {"PRAGMA journal_mode = PERSIST", "PRAGMA journal_mode", "persist"},
    {"PRAGMA journal_size_limit = -1", "PRAGMA journal_size_limit", "-1"},
    {"PRAGMA synchronous = EXTRA", "PRAGMA synchronous", "3"},
    {"PRAGMA locking_mode = NORMAL", "PRAGMA locking_mode", "normal"},
    {"PRAGMA foreign_keys = ON", "PRAGMA foreign_keys", "1"},
    {"PRAGMA secure_delete = ON", "PRAGMA secure_delete", "1"},
    {"PRAGMA trusted_schema = OFF", "PRAGMA trusted_schema", "0"},
    {"PRAGMA cell_size_check = ON", "PRAGMA cell_size_check", "1"},
    {"PRAGMA temp_store = MEMORY", "PRAGMA temp_store", "2"},
    {"PRAGMA cache_spill = OFF", "PRAGMA cache_spill", "0"},
    /* KiB, of pages that were read; those that a transaction has changed take what they need. */
    {"PRAGMA cache_size = -4096", "PRAGMA cache_size", "-4096"},
    {"PRAGMA mmap_size = 0", "PRAGMA mmap_size", "0"},
};
static const struct pragma creating_pragmas[] = {
    {"PRAGMA encoding = 'UTF-8'", "PRAGMA encoding", "UTF-8"},
    {"PRAGMA auto_vacuum = NONE", "PRAGMA auto_vacuum", "0"},
};

static const struct switch_row {
	int option, value;
} switches[] = {
    {SQLITE_DBCONFIG_DEFENSIVE, 1},
    {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
    {SQLITE_DBCONFIG_DQS_DDL, 0},
    {SQLITE_DBCONFIG_DQS_DML, 0},
    {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
};

static enum err_code
fail(struct sql *sql, int result, const char *doing, struct err *err)
{
	const struct sql_failure failure = {sql->database, sql->vfs, sql->guard.up, result, doing};

	sql->dead = sql->dead || sql_is_failed_sync(result);
	return sql_failed(&failure, err);
}

static enum err_code
check_alive(const struct sql *sql, struct err *err)
{
	if (sql->dead)
		return err_set(err, ERR_IO,
		    "an earlier write to the database was not confirmed by the "
		    "disk; nothing more is done until a restart");
	return ERR_OK;
}

static enum err_code
execute(struct sql *sql, const char *text, const char *doing, struct err *err)
{
	int result = sqlite3_exec(sql->database, text, NULL, NULL, NULL);
	return result == SQLITE_OK ? ERR_OK : fail(sql, result, doing, err);
}

DESTRUCTOR(finalize_statement, sqlite3_stmt, sqlite3_finalize)

#define STATEMENT CLEANUP(finalize_statement) sqlite3_stmt

/* What a pragma answers; "" when nothing. */
static enum err_code
ask_pragma(struct sql *sql, const char *text, struct buf *ret_value, struct err *err)
{
	STATEMENT *statement = NULL;
	int result = sqlite3_prepare_v2(sql->database, text, -1, &statement, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		return fail(sql, result, text, err);
	const unsigned char *value =
	    result == SQLITE_ROW ? sqlite3_column_text(statement, 0) : NULL;
	buf_format(ret_value, "%s", value != NULL ? (const char *)value : "");
	return buf_check(ret_value, err);
}

static enum err_code
set_pragmas(struct sql *sql, const struct pragma *rows, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		BUF value = {0};
		TRY(execute(sql, rows[i].set, rows[i].set, err));
		TRY(ask_pragma(sql, rows[i].get, &value, err));
		if (strcmp(buf_string(&value), rows[i].expected) != 0)
			return err_set(err, ERR_IO, "%s is not accepted: it stays \"%s\"",
			    rows[i].set, buf_string(&value));
	}
	return ERR_OK;
}

static enum err_code
set_switches(struct sql *sql, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
		int now = -1;
		if (sqlite3_db_config(sql->database, switches[i].option, switches[i].value, &now) !=
		        SQLITE_OK ||
		    now != switches[i].value)
			return err_set(err, ERR_INTERNAL,
			    "this SQLite (%s) does not take option %d", sqlite3_libversion(),
			    switches[i].option);
	}
	sqlite3_limit(sql->database, SQLITE_LIMIT_ATTACHED, 0);
	sql_guard_triggers(sql->database);
	return ERR_OK;
}

static enum err_code
set_up(struct sql *sql, bool creating, struct err *err)
{
	TRY(set_switches(sql, err));
	if (creating)
		TRY(set_pragmas(sql, creating_pragmas, ARRAY_SIZE(creating_pragmas), err));
	return set_pragmas(sql, pragmas, ARRAY_SIZE(pragmas), err);
}

enum err_code
sql_open(const char *path, bool creating, struct sql **ret_sql, struct err *err)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE |
	    SQLITE_OPEN_PRIVATECACHE;
	SQL *sql = calloc(1, sizeof(*sql));
	if (sql == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a database");
	TRY(sql_vfs_new(path, &sql->vfs, err));
	int result = sqlite3_open_v2(path, &sql->database, flags, sql_vfs_name(sql->vfs));
	if (result != SQLITE_OK)
		return fail(sql, result, path, err);
	sqlite3_busy_timeout(sql->database, BUSY_MILLISECONDS);
	sql_guard_up(&sql->guard, sql->database); /* pragmas read the form */
	enum err_code code = set_up(sql, creating, err);
	sql_guard_down(&sql->guard, sql->database, SQL_BLOB_MAX);
	if (code == ERR_OK)
		*ret_sql = TAKE(sql);
	return code;
}

enum err_code
sql_check_place(struct sql *sql, struct err *err)
{
	int moved = 0,
	    result = sqlite3_file_control(sql->database, "main", SQLITE_FCNTL_HAS_MOVED, &moved);

	if (result != SQLITE_OK)
		return fail(sql, result, "looking where the database is", err);
	if (moved != 0)
		return err_set(err, ERR_INTEGRITY,
		    "another file was put in the place of the database while it was open: what is done here "
		    "would be lost; start again, which tells whether that one is the vault's newest");
	return ERR_OK;
}

/* SELECT reads the form into what RESET has emptied.  Nothing that asks for it comes before. */
static enum err_code
read_form(struct sql *sql, struct err *err)
{
	BUF rows = {0};

	TRY(execute(sql, "PRAGMA writable_schema = RESET", "reading the form", err));
	return ask_pragma(sql, "SELECT count(*) FROM sqlite_schema", &rows, err);
}

enum err_code
sql_read_form(struct sql *sql, struct err *err)
{
	sql_guard_up(&sql->guard, sql->database);
	enum err_code code = read_form(sql, err);
	sql_guard_down(&sql->guard, sql->database, SQL_BLOB_MAX);
	return code;
}

void
sql_free(struct sql *sql)
{
	if (sql == NULL)
		return;
	for (size_t i = 0; i < sql->statement_count; i++)
		sqlite3_finalize(sql->statements[i].prepared);
	sql_rollback(sql);
	if (sqlite3_close(sql->database) == SQLITE_OK)
		sql_vfs_free(sql->vfs);
	free(sql);
}

enum err_code
sql_script(struct sql *sql, const char *script, struct err *err)
{
	TRY(check_alive(sql, err));
	if (!sql_is_writing(sql))
		return err_set(err, ERR_INTERNAL, "a script is run outside a transaction");
	return execute(sql, script, "changing the form of the database", err);
}

enum err_code
sql_begin(struct sql *sql, bool writing, struct err *err)
{
	TRY(check_alive(sql, err));
	if (sql->transaction != TRANSACTION_NONE)
		return err_set(err, ERR_INTERNAL, "a transaction is begun within another");
	TRY(execute(sql, writing ? "BEGIN IMMEDIATE" : "BEGIN", "beginning a transaction", err));
	sql->transaction = writing ? TRANSACTION_WRITING : TRANSACTION_READING;
	sql->transactions++;
	return ERR_OK;
}

enum err_code
sql_enter(struct sql *sql, struct sql_scope *scope, struct err *err)
{
	if (sql->transaction == TRANSACTION_NONE) {
		TRY(sql_begin(sql, false, err));
		sql->own = true;
	}
	sql->running++;
	scope->sql = sql;
	return ERR_OK;
}

void
sql_leave(struct sql_scope *scope)
{
	if (scope->sql != NULL && --scope->sql->running == 0 && scope->sql->own)
		sql_rollback(scope->sql);
	scope->sql = NULL;
}

enum err_code
sql_erases(struct sql *sql, struct err *err)
{
	if (!sql_is_writing(sql))
		return err_set(err, ERR_INTERNAL, "something is erased outside a transaction");
	sql->erases = true;
	return execute(sql, "PRAGMA journal_size_limit = 0", "erasing", err);
}

enum err_code
sql_try_commit(struct sql *sql, struct err *err)
{
	TRY(check_alive(sql, err));
	if (sql->transaction == TRANSACTION_NONE)
		return err_set(err, ERR_INTERNAL, "no transaction is open that could be committed");
	if (sqlite3_get_autocommit(sql->database) != 0)
		return err_set(err, ERR_INTERNAL, "an earlier failure has ended the transaction");
	enum err_code code = execute(sql, "COMMIT", "committing", err);
	if (code == ERR_IO)
		sql->dead = true;
	return code;
}

void
sql_rollback(struct sql *sql)
{
	if (sql->database == NULL)
		return;
	if (sqlite3_get_autocommit(sql->database) == 0)
		sqlite3_exec(sql->database, "ROLLBACK", NULL, NULL,
		    NULL); /* else the journal will */
	sql->transaction = TRANSACTION_NONE;
	sql->own = false;
	if (sql->erases) /* should it fail, journals are cut for longer than they must be */
		sqlite3_exec(sql->database, "PRAGMA journal_size_limit = -1", NULL, NULL, NULL);
	sql->erases = false;
}

void
sql_stop(struct sql *sql)
{
	sql->dead = true;
}

uint64_t
sql_transaction(const struct sql *sql)
{
	return sql->transaction == TRANSACTION_NONE ? 0 : sql->transactions;
}

bool
sql_dangles(const struct sql *sql)
{
	int count = 0, ignored;

	return sqlite3_db_status(sql->database, SQLITE_DBSTATUS_DEFERRED_FKS, &count, &ignored,
	           0) == SQLITE_OK &&
	    count != 0;
}

bool
sql_is_writing(const struct sql *sql)
{
	return sql->transaction == TRANSACTION_WRITING;
}

uint64_t
sql_changes(const struct sql *sql)
{
	return (uint64_t)sqlite3_total_changes64(sql->database);
}

/* The statement of TEXT, prepared now or before; NULL after a failure. */
static struct sql_statement *
find_statement(struct sql_query *query, const char *text)
{
	struct sql *sql = query->sql;
	for (size_t i = 0; i < sql->statement_count; i++) {
		if (sql->statements[i].text == text)
			return &sql->statements[i];
	}
	if (sql->statement_count == STATEMENTS_MAX) {
		query->code =
		    err_set(query->err, ERR_INTERNAL, "%s: too many queries", query->table);
		return NULL;
	}
	struct sql_statement *statement = &sql->statements[sql->statement_count];
	int result = sqlite3_prepare_v3(sql->database, text, -1, SQLITE_PREPARE_PERSISTENT,
	    &statement->prepared, NULL);
	if (result != SQLITE_OK) {
		query->code = fail(sql, result, query->table, query->err);
		return NULL;
	}
	statement->text = text;
	sql->statement_count++;
	return statement;
}

static enum err_code
check_statement(const struct sql_query *query, const struct sql_statement *statement)
{
	struct sql *sql = query->sql;
	bool open = sqlite3_get_autocommit(sql->database) == 0;
	if (statement->running)
		return err_set(query->err, ERR_INTERNAL, "%s: the same query is still running",
		    query->table);
	if (open != (sql->transaction != TRANSACTION_NONE))
		return err_set(query->err, ERR_INTERNAL,
		    "%s: an earlier failure has ended the transaction", query->table);
	if (!sql_is_writing(sql) && sqlite3_stmt_readonly(statement->prepared) == 0)
		return err_set(query->err, ERR_INTERNAL, "%s is changed outside a transaction",
		    query->table);
	return ERR_OK;
}

struct sql_query
sql_query(struct sql *sql, const char *table, const char *text, struct err *err)
{
	struct sql_query query = {.sql = sql, .table = table, .err = err};
	query.code = check_alive(sql, err);
	if (query.code != ERR_OK)
		return query;
	struct sql_statement *statement = find_statement(&query, text);
	if (statement != NULL)
		query.code = check_statement(&query, statement);
	if (query.code == ERR_OK)
		query.code = sql_enter(sql, &query.scope, err);
	if (query.code == ERR_OK) {
		statement->running = true;
		query.statement = statement;
	}
	return query;
}

void
sql_query_done(struct sql_query *query)
{
	if (query->statement == NULL)
		return;
	sqlite3_reset(query->statement->prepared); /* repeats an error that was reported */
	sqlite3_clear_bindings(query->statement->prepared);
	query->statement->running = false;
	query->statement = NULL;
	sql_leave(&query->scope);
}

static void
note_bound(struct sql_query *query, struct sql_value value)
{
	if (query->bound.count < SQL_VALUES)
		query->bound.values[query->bound.count++] = value;
}

static void
after_bind(struct sql_query *query, int result)
{
	if (result != SQLITE_OK)
		query->code = fail(query->sql, result, query->table, query->err);
}

void
sql_put_int(struct sql_query *query, int64_t value)
{
	if (query->code != ERR_OK)
		return;
	after_bind(query,
	    sqlite3_bind_int64(query->statement->prepared, ++query->parameter, value));
	note_bound(query, (struct sql_value){SQL_INTEGER, value, {0}});
}

void
sql_put_bytes(struct sql_query *query, struct view bytes)
{
	if (query->code != ERR_OK)
		return;
	int at = ++query->parameter;
	if (bytes.size == 0) /* a NULL pointer would bind NULL */
		after_bind(query, sqlite3_bind_zeroblob(query->statement->prepared, at, 0));
	else
		after_bind(query,
		    sqlite3_bind_blob64(query->statement->prepared, at, bytes.data, bytes.size,
		        SQLITE_STATIC));
	note_bound(query, (struct sql_value){SQL_BYTES, 0, bytes});
}

void
sql_put_text(struct sql_query *query, const char *text)
{
	if (query->code != ERR_OK)
		return;
	after_bind(query,
	    sqlite3_bind_text64(query->statement->prepared, ++query->parameter, text, strlen(text),
	        SQLITE_STATIC, SQLITE_UTF8));
	note_bound(query, (struct sql_value){SQL_TEXT, 0, view_of_text(text)});
}

void
sql_put_null(struct sql_query *query)
{
	if (query->code != ERR_OK)
		return;
	after_bind(query, sqlite3_bind_null(query->statement->prepared, ++query->parameter));
	note_bound(query, (struct sql_value){.kind = SQL_NULL});
}

bool
sql_next(struct sql_query *query)
{
	if (query->code != ERR_OK)
		return false;
	const struct sql_watcher *watcher = query->sql->watching.watcher;
	if (sqlite3_stmt_readonly(query->statement->prepared) != 0)
		watcher = NULL;
	if (watcher != NULL)
		watcher->begins(query->sql->watching.context);
	int result = sqlite3_step(query->statement->prepared);
	if (result != SQLITE_ROW && result != SQLITE_DONE) {
		query->code = fail(query->sql, result, query->table, query->err);
		if (watcher != NULL)
			watcher->fails(query->sql->watching.context);
	}
	query->has_row = result == SQLITE_ROW;
	query->column = 0;
	return query->has_row;
}

enum sql_kind
sql_kind(const struct sql_query *query)
{
	if (query->code != ERR_OK || !query->has_row ||
	    query->column >= sqlite3_column_count(query->statement->prepared))
		return SQL_NOTHING;
	return sql_row_kind(sqlite3_column_type(query->statement->prepared, query->column));
}

void
sql_get_row(const struct sql_query *query, struct sql_row *ret_row)
{
	ret_row->count = 0;
	if (query->code != ERR_OK || !query->has_row)
		return;
	sql_row_read(query->statement->prepared, ret_row);
}

void
sql_watch(struct sql *sql, const struct sql_watcher *watcher, void *context)
{
	sql->watching = (struct sql_watching){watcher, context};
	sql_row_watch(sql->database, &sql->watching);
}

int64_t
sql_take_int(struct sql_query *query)
{
	return sqlite3_column_int64(query->statement->prepared, query->column++);
}

struct view
sql_take_bytes(struct sql_query *query)
{
	const void *data = sqlite3_column_blob(query->statement->prepared, query->column);
	int size = sqlite3_column_bytes(query->statement->prepared, query->column++);
	return view_of(data, data != NULL ? (size_t)size : 0);
}
