/* SPDX-License-Identifier: Apache-2.0 */
/* Edits of what a database is besides its rows. */
#include <stdio.h>

#include "tests/unit/edits/kinds.h"

/* What was done to sqlite_schema counts from now on, for others too. */
#define RELOAD "PRAGMA schema_version = %lld;"

static void
put_reload(struct editor *editor, int64_t step)
{
	buf_format(&editor->sql, RELOAD,
	    (long long)ask_number(editor, "PRAGMA schema_version") + (long long)step);
}

/* --- Values of another type --------------------------------------------------------------- */

/* While the table is not STRICT; then it is again. */
void
put_typed(struct editor *editor)
{
	const struct edit_table *table = draw_table(editor, 0, EDIT_TABLES);
	BUF where = {0}, column = {0}, type = {0};
	const char *value;

	if (!draw_row(editor, table, &where))
		return;
	draw_column(editor, table, &column);
	type_of(editor, table, buf_string(&column), &type);
	if (strcmp(buf_string(&type), "INTEGER") == 0) {
		static const char *const values[] = {"CAST(%s AS TEXT) || 'x'", "%s + 0.5",
		    "CAST(%s AS BLOB)"};

		value = values[draw(editor, ARRAY_SIZE(values))];
	} else {
		value = strcmp(buf_string(&type), "TEXT") == 0 ? "CAST(%s AS BLOB)" :
		    draw(editor, 2) == 0                       ? "CAST(%s AS TEXT)" :
		                                                 "1.5";
	}
	buf_format(&editor->sql,
	    "CREATE TEMP TABLE form AS SELECT sql FROM main.sqlite_schema WHERE name = '%s';"
	    "UPDATE main.sqlite_schema SET sql = replace(sql, ' STRICT, WITHOUT', ' WITHOUT')"
	    " WHERE name = '%s';"
	    "UPDATE main.sqlite_schema SET sql = replace(sql, ') STRICT', ')') WHERE name = '%s';",
	    table->name, table->name, table->name);
	put_reload(editor, 1);
	buf_format(&editor->sql, "UPDATE main.%s SET %s = ", table->name, buf_string(&column));
	put_formatted(&editor->sql, value, buf_string(&column));
	buf_format(&editor->sql,
	    " WHERE %s;"
	    "UPDATE main.sqlite_schema SET sql = (SELECT sql FROM form) WHERE name = '%s';"
	    "DROP TABLE form;",
	    buf_string(&where), table->name);
	put_reload(editor, 2);
}

/* --- Indices that are not those of their tables ------------------------------------------- */

/* Its columns, with a name for each (a rowid has none). */
static void
list_columns(struct editor *editor, const char *index, struct buf *ret_columns)
{
	ask_sql(editor, ret_columns,
	    "SELECT group_concat(coalesce(name, 'place'), ', ') FROM"
	    " (SELECT name FROM pragma_index_xinfo('%s') ORDER BY seqno)",
	    index);
}

/* Opens the pages of INDEX as a table of their own. */
static void
impersonate(struct editor *editor, const char *index, const char *columns)
{
	char text[400];
	int root = (int)ask_number(editor,
	    "SELECT rootpage FROM main.sqlite_schema WHERE name = '%s'", index);

	snprintf(text, sizeof(text), "CREATE TABLE entries(%s, PRIMARY KEY (%s)) WITHOUT ROWID",
	    columns, columns);
	sqlite3_test_control(SQLITE_TESTCTRL_IMPOSTER, editor->database, "main", 1, root);
	assert_int_equal(sqlite3_exec(editor->database, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_test_control(SQLITE_TESTCTRL_IMPOSTER, editor->database, "main", 0, 0);
}

void
put_index(struct editor *editor)
{
	BUF index = {0}, columns = {0}, first = {0}, where = {0}, other = {0};
	int64_t count =
	    ask_number(editor, "SELECT count(*) FROM main.sqlite_schema WHERE type = 'index'");

	ask_sql(editor, &index,
	    "SELECT name FROM main.sqlite_schema WHERE type = 'index' ORDER BY name LIMIT 1"
	    " OFFSET %lld",
	    (long long)draw(editor, (uint64_t)count));
	list_columns(editor, buf_string(&index), &columns);
	impersonate(editor, buf_string(&index), buf_string(&columns));
	const struct edit_table entries = {"entries", buf_string(&columns)};
	buf_format(&editor->sql, "/* index %s */ ", buf_string(&index));
	if (!draw_row(editor, &entries, &where) || !draw_row(editor, &entries, &other))
		return;
	buf_format(&first, "%.*s", (int)strcspn(entries.keys, ","), entries.keys);
	switch (draw(editor, 3)) {
	case 0:
		buf_format(&editor->sql,
		    "UPDATE entries SET %s = (SELECT %s FROM entries WHERE %s) WHERE %s;",
		    buf_string(&first), buf_string(&first), buf_string(&other), buf_string(&where));
		break;
	case 1:
		buf_text(&editor->sql, "DELETE FROM entries;");
		break;
	default:
		buf_format(&editor->sql, "DELETE FROM entries WHERE %s;", buf_string(&where));
	}
}

/* What is unique in tables that have one such index. */
static const struct edit_table unique[] = {{"statements", "digest"}, {"definitions", "hash"},
    {"versions", "secret, number"}, {"answers", "ceremony, position, token"}, {"texts", "name"},
    {"drafts", "digest"}, {"documents", "digest"}, {"voices", "statement"}, {"tests", "statement"},
    {"debts", "id"}};

/* A second row with the same key, which the index has instead of the first. */
void
put_twin(struct editor *editor)
{
	const struct edit_table *table = &unique[draw(editor, ARRAY_SIZE(unique))];
	BUF index = {0}, columns = {0}, where = {0}, column = {0}, value = {0}, place = {0};

	buf_format(&index, "sqlite_autoindex_%s_1", table->name);
	list_columns(editor, buf_string(&index), &columns);
	impersonate(editor, buf_string(&index), buf_string(&columns));
	if (!draw_row(editor, table, &where))
		return;
	draw_column(editor, table, &column);
	put_value(editor, table, buf_string(&column), &value);
	ask_sql(editor, &place,
	    "SELECT name FROM pragma_table_info('%s') WHERE pk = 1 AND type = 'INTEGER'",
	    table->name);
	buf_format(&editor->sql,
	    "CREATE TEMP TABLE twin AS SELECT * FROM main.%s WHERE %s; DELETE FROM entries WHERE %s;",
	    table->name, buf_string(&where), buf_string(&where));
	if (place.size > 0)
		buf_format(&editor->sql, "UPDATE twin SET %s = (SELECT max(%s) + 1 FROM main.%s);",
		    buf_string(&place), buf_string(&place), table->name);
	if (strstr(table->keys, buf_string(&column)) == NULL)
		buf_format(&editor->sql, "UPDATE twin SET %s = %s;", buf_string(&column),
		    buf_string(&value));
	buf_format(&editor->sql, "INSERT INTO main.%s SELECT * FROM twin; DROP TABLE twin;",
	    table->name);
}

/* --- Form --------------------------------------------------------------------------------- */

static const char *const forms[] = {
    "DROP INDEX items_debt",
    "DROP INDEX debts_open",
    "DROP INDEX opened_once",
    "DROP TRIGGER voices_kept",
    "DROP TRIGGER debts_kept",
    "DROP TRIGGER versions_unchanged",
    "CREATE TRIGGER theirs AFTER INSERT ON log_leaf BEGIN DELETE FROM debts; END",
    "CREATE TRIGGER theirs AFTER UPDATE ON debts BEGIN UPDATE debts SET due = due + 86400; END",
    "CREATE TRIGGER theirs BEFORE INSERT ON voices BEGIN SELECT RAISE(IGNORE); END",
    "CREATE TRIGGER theirs AFTER UPDATE ON ceremonies BEGIN UPDATE ceremonies SET state ="
    " 'released'; END",
    "CREATE INDEX theirs ON ceremonies(state)",
    "CREATE UNIQUE INDEX theirs ON debts(secret, state)",
    "CREATE UNIQUE INDEX theirs ON nodes(kids) WHERE 0",
    "CREATE INDEX theirs ON secrets(name) WHERE current > 1",
    "CREATE TABLE theirs(a)",
    "CREATE VIEW theirs AS SELECT * FROM secrets",
    "ALTER TABLE secrets RENAME TO theirs",
    "ALTER TABLE debts ADD COLUMN theirs INTEGER",
    "ALTER TABLE debts RENAME COLUMN note TO theirs",
    "ALTER TABLE debts DROP COLUMN note",
    "ALTER TABLE versions ADD COLUMN theirs INTEGER DEFAULT 1",
    "DROP TABLE tests",
    "DROP TABLE nodes",
    "ANALYZE",
    "PRAGMA user_version = 0",
    "PRAGMA user_version = 2",
    "PRAGMA user_version = -1",
    "PRAGMA application_id = 0",
    "PRAGMA application_id = 1212238921",
    "PRAGMA application_id = 77",
    "UPDATE main.sqlite_schema SET sql = replace(sql, 'CHECK (denies IN (0, 1))', '')",
    "UPDATE main.sqlite_schema SET sql = replace(sql, ' STRICT', '') WHERE name = 'versions'",
    "UPDATE main.sqlite_schema SET sql = replace(sql, 'REFERENCES debts(id)', '') WHERE name = 'items'",
    "UPDATE main.sqlite_schema SET sql = replace(sql, 'newest', 'latest') WHERE name = 'secrets'",
    "UPDATE main.sqlite_schema SET sql = sql || ' ' WHERE name = 'debts'",
    "UPDATE main.sqlite_schema SET sql = replace(sql, ' <> ', ' = ') WHERE name = 'debts_open'",
    "DELETE FROM main.sqlite_schema WHERE name = 'shares'",
    "DELETE FROM main.sqlite_schema WHERE name = 'debts_open'",
    "DELETE FROM main.sqlite_schema WHERE type = 'trigger'",
    "UPDATE main.sqlite_schema SET rootpage = (SELECT rootpage FROM main.sqlite_schema WHERE name ="
    " 'definitions') WHERE name = 'tests'",
    "UPDATE main.sqlite_schema SET rootpage = (SELECT rootpage FROM main.sqlite_schema WHERE name ="
    " 'log_leaf') WHERE name = 'log_hash'",
    "UPDATE main.sqlite_schema SET rootpage = (SELECT rootpage FROM main.sqlite_schema WHERE name ="
    " 'sqlite_autoindex_debts_1') WHERE name = 'debts_open'",
    "UPDATE main.sqlite_schema SET rootpage = (SELECT rootpage FROM main.sqlite_schema WHERE name ="
    " 'sqlite_autoindex_secrets_2') WHERE name = 'sqlite_autoindex_secrets_1'",
    "UPDATE main.sqlite_schema SET rootpage = 1 WHERE name = 'drafts'",
    "UPDATE main.sqlite_schema SET rootpage = 1000000 WHERE name = 'answers'",
};
/* Outside a transaction; of most of these nothing shows. */
static const char *const alone[] = {
    "VACUUM",
    "REINDEX",
    "PRAGMA page_size = 1024; VACUUM",
    "PRAGMA page_size = 16384; VACUUM",
    "PRAGMA auto_vacuum = FULL; VACUUM",
    "PRAGMA journal_mode = WAL",
    "PRAGMA schema_version = 999",
};

void
put_form(struct editor *editor)
{
	editor->alone = draw(editor, 6) == 0;
	if (editor->alone) {
		buf_format(&editor->sql, "%s;", alone[draw(editor, ARRAY_SIZE(alone))]);
		return;
	}
	buf_format(&editor->sql, "%s;", forms[draw(editor, ARRAY_SIZE(forms))]);
	if (strstr(buf_string(&editor->sql), "sqlite_schema") != NULL)
		put_reload(editor, 1);
}
