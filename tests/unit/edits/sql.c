/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/edits/sql.h"

#include <stdio.h>

#include "vault/log/tlog.h"
#include "vault/store/log_hash.h"

const struct edit_table edit_tables[EDIT_TABLES] = {{"texts", "name"}, {"statements", "digest"},
    {"documents", "position"}, {"drafts", "arrival"}, {"definitions", "hash"}, {"secrets", "id"},
    {"versions", "secret, number"}, {"envelopes", "secret, version, position"},
    {"ceremonies", "arrival"}, {"items", "ceremony, position"}, {"voices", "arrival"},
    {"shares", "ceremony, position, seat"}, {"opened", "secret, version, ceremony"},
    {"answers", "ceremony, position, token"}, {"debts", "arrival"}, {"tests", "position"},
    {"spares", "secret, version, token"}, {"log_leaf", "position"}, {"log_hash", "position"},
    {"nodes", "id"}};

void
editor_open(struct editor *editor, const struct past *past)
{
	static const int off[] = {SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_FKEY,
	    SQLITE_DBCONFIG_DEFENSIVE};
	char path[300];

	editor->past = past;
	snprintf(path, sizeof(path), "%s/vault.db", past->bench->vault);
	assert_int_equal(sqlite3_open(path, &editor->database), SQLITE_OK);
	for (size_t i = 0; i < ARRAY_SIZE(off); i++)
		assert_int_equal(sqlite3_db_config(editor->database, off[i], 0, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(editor->database,
	                     "PRAGMA ignore_check_constraints = ON; PRAGMA writable_schema = ON;"
	                     "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF",
	                     NULL, NULL, NULL),
	    SQLITE_OK);
}

void
editor_done(struct editor *editor)
{
	sqlite3_close(editor->database);
	buf_done(&editor->sql);
}

/* --- Asking ------------------------------------------------------------------------------- */

static sqlite3_stmt *
prepare(struct editor *editor, const char *format, va_list arguments)
{
	sqlite3_stmt *statement = NULL;
	char *text = sqlite3_vmprintf(format, arguments);

	sqlite3_prepare_v2(editor->database, text, -1, &statement, NULL);
	sqlite3_free(text);
	return statement;
}

void
ask_sql(struct editor *editor, struct buf *ret_text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	sqlite3_stmt *statement = prepare(editor, format, arguments);
	va_end(arguments);
	if (sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0) != NULL)
		buf_text(ret_text, (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
}

int64_t
ask_number(struct editor *editor, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	sqlite3_stmt *statement = prepare(editor, format, arguments);
	va_end(arguments);
	int64_t number =
	    sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	sqlite3_finalize(statement);
	return number;
}

/* --- Drawing ------------------------------------------------------------------------------ */

uint64_t
draw(struct editor *editor, uint64_t below)
{
	return seams_draw(&editor->random, below);
}

const struct edit_table *
draw_table(struct editor *editor, size_t from, size_t below)
{
	return &edit_tables[from + draw(editor, below - from)];
}

bool
draw_row(struct editor *editor, const struct edit_table *table, struct buf *ret_where)
{
	BUF quoted = {0}, values = {0};
	int64_t count = ask_number(editor, "SELECT count(*) FROM main.%s", table->name);

	if (count == 0)
		return false;
	/* "a, b" becomes "quote(a) || ', ' || quote(b)". */
	buf_text(&quoted, "quote(");
	for (const char *at = table->keys; *at != '\0'; at++)
		if (*at == ',')
			buf_text(&quoted, ") || ', ' || quote(");
		else
			buf_format(&quoted, "%c", *at);
	buf_text(&quoted, ")");
	ask_sql(editor, &values, "SELECT %s FROM main.%s ORDER BY %s LIMIT 1 OFFSET %lld",
	    buf_string(&quoted), table->name, table->keys,
	    (long long)draw(editor, (uint64_t)count));
	buf_format(ret_where, "(%s) = (%s)", table->keys,
	    values.size > 0 ? buf_string(&values) : "NULL");
	return true;
}

void
draw_column(struct editor *editor, const struct edit_table *table, struct buf *ret_name)
{
	int64_t count =
	    ask_number(editor, "SELECT count(*) FROM pragma_table_info('%s')", table->name);

	ask_sql(editor, ret_name, "SELECT name FROM pragma_table_info('%s') WHERE cid = %lld",
	    table->name, (long long)draw(editor, (uint64_t)count));
}

void
type_of(struct editor *editor, const struct edit_table *table, const char *column,
    struct buf *ret_type)
{
	ask_sql(editor, ret_type, "SELECT type FROM pragma_table_info('%s') WHERE name = '%s'",
	    table->name, column);
}

void
put_formatted(struct buf *text, const char *format, const char *name)
{
	const char *place;

	while ((place = strstr(format, "%s")) != NULL) {
		buf_format(text, "%.*s%s", (int)(place - format), format, name);
		format = place + 2;
	}
	buf_text(text, format);
}

/* --- Hashes of the log -------------------------------------------------------------------- */

enum { HASHES = 4096 };

static enum err_code
put(void *context, unsigned level, uint64_t index, const struct digest *hash, struct err *err)
{
	struct digest *hashes = context;
	int64_t position = 0;

	(void)err;
	assert_true(log_hash_position(level, index, &position) && position < HASHES);
	hashes[position] = *hash;
	return ERR_OK;
}

/* As if the log had always held the leaves that it has now. */
static size_t
hash_leaves(struct editor *editor, struct digest hashes[HASHES])
{
	sqlite3_stmt *statement = NULL;
	struct err err;
	struct tlog_frontier log = {0};

	sqlite3_prepare_v2(editor->database, "SELECT data FROM log_leaf ORDER BY position", -1,
	    &statement, NULL);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		struct view data = view_of(sqlite3_column_blob(statement, 0),
		    (size_t)sqlite3_column_bytes(statement, 0));
		struct digest hash;

		assert_ok(tlog_leaf_hash(data, &hash, &err));
		assert_ok(tlog_append(&log, &hash, put, hashes, &err));
	}
	sqlite3_finalize(statement);
	return 2 * log.size - (size_t)__builtin_popcountll(log.size);
}

static bool
rehash(struct editor *editor)
{
	struct digest *hashes = calloc(HASHES, sizeof(*hashes));
	sqlite3_stmt *statement = NULL;

	assert_non_null(hashes);
	size_t count = hash_leaves(editor, hashes);
	int result = sqlite3_exec(editor->database, "DELETE FROM log_hash", NULL, NULL, NULL);
	sqlite3_prepare_v2(editor->database, "INSERT INTO log_hash VALUES (?, ?)", -1, &statement,
	    NULL);
	for (size_t i = 0; i < count && (result == SQLITE_OK || result == SQLITE_DONE); i++) {
		sqlite3_bind_int64(statement, 1, (int64_t)i);
		sqlite3_bind_blob(statement, 2, hashes[i].bytes, DIGEST_SIZE, SQLITE_STATIC);
		result = sqlite3_step(statement);
		sqlite3_reset(statement);
	}
	sqlite3_finalize(statement);
	free(hashes);
	return result == SQLITE_OK || result == SQLITE_DONE;
}

/* --- Running ------------------------------------------------------------------------------ */

static bool
run(struct editor *editor, const char *text)
{
	return sqlite3_exec(editor->database, text, NULL, NULL, NULL) == SQLITE_OK;
}

bool
editor_run(struct editor *editor)
{
	if (editor->alone)
		return run(editor, buf_string(&editor->sql));
	if (run(editor, "BEGIN IMMEDIATE") && run(editor, buf_string(&editor->sql)) &&
	    (!editor->rehash || rehash(editor)) && run(editor, "COMMIT"))
		return true;
	(void)run(editor, "ROLLBACK");
	return false;
}

static void
add_bytes(uint64_t *sum, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	for (; size >= 8; size -= 8, at += 8) {
		uint64_t word;

		memcpy(&word, at, 8);
		*sum = (*sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		*sum ^= *sum >> 29;
	}
	for (; size > 0; size--)
		*sum = (*sum ^ *at++) * UINT64_C(0x100000001b3);
}

static uint64_t
sum_row(sqlite3_stmt *statement)
{
	uint64_t sum = 1;

	for (int i = 0; i < sqlite3_column_count(statement); i++) {
		int kind = sqlite3_column_type(statement, i);
		size_t size = (size_t)sqlite3_column_bytes(statement, i);

		add_bytes(&sum, &kind, sizeof(kind));
		add_bytes(&sum, &size, sizeof(size));
		add_bytes(&sum, sqlite3_column_blob(statement, i), size);
	}
	return sum;
}

/* In whatever order they come. */
static bool
add_rows(struct editor *editor, uint64_t *sum, const char *query)
{
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(editor->database, query, -1, &statement, NULL);

	while (result == SQLITE_OK || result == SQLITE_ROW) {
		result = sqlite3_step(statement);
		if (result == SQLITE_ROW)
			*sum += sum_row(statement);
	}
	sqlite3_finalize(statement);
	return result == SQLITE_DONE;
}

uint64_t
editor_sum(struct editor *editor)
{
	uint64_t sum = 1;

	if (!add_rows(editor, &sum, "SELECT type, name, tbl_name, sql FROM sqlite_schema"))
		return 0;
	for (size_t i = 0; i < EDIT_TABLES; i++) {
		char query[80];

		snprintf(query, sizeof(query), "SELECT '%s', * FROM main.%s NOT INDEXED",
		    edit_tables[i].name, edit_tables[i].name);
		if (!add_rows(editor, &sum, query))
			return 0;
	}
	return sum;
}

bool
editor_is_whole(struct editor *editor)
{
	BUF found = {0};

	ask_sql(editor, &found, "PRAGMA integrity_check(1)");
	return found.size > 0 && strcmp(buf_string(&found), "ok") == 0;
}
