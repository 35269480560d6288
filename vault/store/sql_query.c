/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading, running and committing over the few calls of sql.c.  STRICT tables hold each column to its
 * type, but the file may have been written by anybody: kinds, sizes and ranges are checked here.
 */
#include "vault/store/sql_query.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum err_code
sql_one(struct sql_query *query, const char *what)
{
	if (!sql_next(query) && query->code == ERR_OK)
		query->code = err_set(query->err, ERR_NOT_FOUND, "there is no such %s", what);
	return query->code;
}

/* Whether the next column can be read as KIND, which is said otherwise. */
static bool
begin_column(struct sql_query *query, const char *column, enum sql_kind kind)
{
	if (query->code != ERR_OK)
		return false;
	enum sql_kind stored = sql_kind(query);
	if (stored == SQL_NOTHING)
		query->code = err_set(query->err, ERR_INTERNAL, "%s.%s: nothing there to read",
		    query->table, column);
	else if (stored != kind)
		query->code = err_set(query->err, ERR_INTEGRITY,
		    "%s.%s in the database is of a wrong type", query->table, column);
	return query->code == ERR_OK;
}

void
sql_fail(struct sql_query *query, const char *column, const char *fault)
{
	if (query->code == ERR_OK)
		query->code = err_set(query->err, ERR_INTEGRITY, "%s.%s in the database %s",
		    query->table, column, fault);
}

int64_t
sql_get_int(struct sql_query *query, const char *column, int64_t min, int64_t max)
{
	if (!begin_column(query, column, SQL_INTEGER))
		return 0;
	int64_t value = sql_take_int(query);
	if (value >= min && value <= max)
		return value;
	sql_fail(query, column, "is out of range");
	return 0;
}

void
sql_get_exactly(struct sql_query *query, const char *column, void *ret_bytes, size_t size)
{
	if (!begin_column(query, column, SQL_BYTES))
		return;
	struct view bytes = sql_take_bytes(query);
	if (bytes.size == size)
		memcpy(ret_bytes, bytes.data, size);
	else
		sql_fail(query, column, "has a wrong size");
}

void
sql_get_bytes(struct sql_query *query, const char *column, size_t min, size_t max,
    struct buf *ret_bytes)
{
	if (!begin_column(query, column, SQL_BYTES))
		return;
	struct view bytes = sql_take_bytes(query);
	if (bytes.size < min || bytes.size > max) {
		sql_fail(query, column, "has a wrong size");
		return;
	}
	buf_bytes(ret_bytes, bytes);
	query->code = buf_check(ret_bytes, query->err);
}

void
sql_get_text(struct sql_query *query, const char *column, char *ret_text, size_t size)
{
	if (!begin_column(query, column, SQL_TEXT))
		return;
	struct view text = sql_take_bytes(query);
	if (text.size >= size || !text_is_plain(text)) {
		sql_fail(query, column, text.size >= size ? "is too long" : "is not plain text");
		return;
	}
	if (text.size > 0)
		memcpy(ret_text, text.data, text.size);
	ret_text[text.size] = '\0';
}

bool
sql_is_null(const struct sql_query *query)
{
	return sql_kind(query) == SQL_NULL;
}

void
sql_skip(struct sql_query *query)
{
	query->column++;
}

enum err_code
sql_end(struct sql_query *query)
{
	return query->code;
}

enum err_code
sql_one_int(struct sql_query *query, const char *what, int64_t min, int64_t max, int64_t *ret_value)
{
	TRY(sql_one(query, what));
	int64_t value = sql_get_int(query, what, min, max);
	TRY(sql_end(query));
	*ret_value = value;
	return ERR_OK;
}

enum err_code
sql_run(struct sql_query *query)
{
	while (sql_next(query))
		continue;
	return query->code;
}

void
sql_put_value(struct sql_query *query, const struct sql_value *value)
{
	if (value->kind == SQL_INTEGER)
		sql_put_int(query, value->number);
	else if (value->kind == SQL_TEXT)
		sql_put_text(query, (const char *)value->bytes.data);
	else if (value->kind == SQL_NULL)
		sql_put_null(query);
	else
		sql_put_bytes(query, value->bytes);
}

static enum err_code
get_mark(struct sql *sql, const char *pragma, uint32_t *ret_mark, struct err *err)
{
	SQL_QUERY query = sql_query(sql, "header", pragma, err);
	int64_t mark;
	TRY(sql_one_int(&query, "mark", INT32_MIN, INT32_MAX, &mark));
	*ret_mark = (uint32_t)mark; /* SQLite says it signed */
	return ERR_OK;
}

enum err_code
sql_get_marks(struct sql *sql, struct sql_marks *ret_marks, struct err *err)
{
	TRY(get_mark(sql, "PRAGMA application_id", &ret_marks->application, err));
	TRY(get_mark(sql, "PRAGMA user_version", &ret_marks->format, err));
	return get_mark(sql, "PRAGMA schema_version", &ret_marks->schema, err);
}

enum err_code
sql_set_marks(struct sql *sql, uint32_t application, uint32_t format, struct err *err)
{
	char text[100];
	snprintf(text, sizeof(text), "PRAGMA application_id = %u; PRAGMA user_version = %u;",
	    application, format);
	return sql_script(sql, text, err);
}

/* ERR_INTEGRITY names the tables of the first foreign key that is not kept. */
static enum err_code
check_references(struct sql *sql, struct err *err)
{
	char table[64] = "", other[64] = "";
	SQL_QUERY query = sql_query(sql, "references", "PRAGMA foreign_key_check", err);
	if (!sql_next(&query))
		return sql_end(&query);
	sql_get_text(&query, "table", table, sizeof(table));
	sql_skip(&query);
	sql_get_text(&query, "parent", other, sizeof(other));
	TRY(sql_end(&query));
	return err_set(err, ERR_INTEGRITY, "a row of %s refers to a row of %s that is not there",
	    table, other);
}

/* SQLite's words in one line, without the first, which only say in which database. */
static void
get_complaint(struct sql_query *query, struct buf *ret_words)
{
	enum { WORDS_MAX = 300 };
	if (!begin_column(query, "found", SQL_TEXT))
		return;
	struct view words = sql_take_bytes(query);
	const uint8_t *line = memchr(words.data, '\n', words.size);
	size_t start = line != NULL ? (size_t)(line + 1 - words.data) : 0;
	for (size_t i = start; i < words.size && i - start < WORDS_MAX; i++)
		buf_u8(ret_words, words.data[i] < ' ' || words.data[i] > '~' ? ' ' : words.data[i]);
	query->code = buf_check(ret_words, query->err);
}

enum err_code
sql_check(struct sql *sql, struct err *err)
{
	BUF found = {0};
	SQL_QUERY query = sql_query(sql, "pages", "PRAGMA integrity_check(1)", err);
	TRY(sql_one(&query, "check"));
	get_complaint(&query, &found);
	TRY(sql_end(&query));
	if (strcmp(buf_string(&found), "ok") != 0)
		return err_set(err, ERR_INTEGRITY, "the database is damaged (%s)",
		    buf_string(&found));
	if (check_references(sql, err) != ERR_OK)
		return err_add(err, "the database is damaged");
	return ERR_OK;
}

enum err_code
sql_check_references(struct sql *sql, struct err *err)
{
	struct err which;

	if (!sql_dangles(sql) || check_references(sql, &which) == ERR_OK)
		return ERR_OK;
	return err_set(err, ERR_NOT_FOUND, "committing: %s", which.text);
}

enum err_code
sql_commit(struct sql *sql, struct err *err)
{
	struct err which;
	enum err_code code = sql_try_commit(sql, err);
	/* A foreign key that is not kept shows at the commit only: say which. */
	if (code == ERR_NOT_FOUND && check_references(sql, &which) != ERR_OK)
		code = err_set(err, ERR_NOT_FOUND, "committing: %s", which.text);
	sql_rollback(sql);
	return code;
}
