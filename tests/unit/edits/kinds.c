/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/edits/kinds.h"

#include <stdio.h>

const char *const edit_names[EDIT_KINDS] = {"row changed", "row removed", "row added",
    "rows swapped", "row brought back", "tables brought back", "log changed", "tables emptied",
    "node changed", "type changed", "index entry changed", "row made twice",
    "index, trigger or pragma changed", "several"};

/* Of a hundred edits. */
static const unsigned weights[EDIT_KINDS] = {20, 9, 8, 8, 13, 6, 8, 4, 8, 3, 3, 3, 4, 3};

void
edit_done(struct edit *edit)
{
	buf_done(&edit->sql);
}

/* Tables by what rests on them, more or less. */
static const struct edit_table *
draw_any(struct editor *editor)
{
	return draw_table(editor, 0, draw(editor, 8) == 0 ? EDIT_TABLES : EDIT_ROWS);
}

/* --- Values ------------------------------------------------------------------------------- */

static const char *const words[] = {"pending", "current", "previous", "rejected", "retired",
    "release", "reseal", "rotate", "recover", "collecting", "releasing", "released", "rotating",
    "degraded", "closed", "refused", "waiting", "opening", "done", "skipped", "damaged", "owed",
    "prepared", "applying", "verified", "committed", "ciso", "secops", "infra", "carol", "alice",
    "charter", "approval", "prod/db"};
static const char *const numbers[] = {"+ 1", "- 1", "+ 60", "- 60", "+ 86400", "- 86400", "* 0",
    "* 0 + 1", "+ 4294967296"};

static void
put_tweaked(struct editor *editor, const char *column, const char *type, struct buf *ret_value)
{
	if (strcmp(type, "INTEGER") == 0) {
		buf_format(ret_value, "%s %s", column, numbers[draw(editor, ARRAY_SIZE(numbers))]);
	} else if (strcmp(type, "TEXT") == 0 && draw(editor, 3) > 0) {
		buf_format(ret_value, "'%s'", words[draw(editor, ARRAY_SIZE(words))]);
	} else if (strcmp(type, "TEXT") == 0) {
		put_formatted(ret_value, draw(editor, 2) == 0 ? "%s || 'x'" : "substr(%s, 2)",
		    column);
	} else if (draw(editor, 4) == 0) {
		static const char *const formats[] = {"CAST(%s || X'00' AS BLOB)", "substr(%s, 2)",
		    "zeroblob(length(%s))"};

		put_formatted(ret_value, formats[draw(editor, ARRAY_SIZE(formats))], column);
	} else {
		/* One byte is another. */
		unsigned at = (unsigned)draw(editor, 1 << 20);

		buf_format(ret_value,
		    "CAST(substr(%s, 1, %u %% length(%s)) || X'%02x' ||"
		    " substr(%s, %u %% length(%s) + 2) AS BLOB)",
		    column, at, column, (unsigned)draw(editor, 256), column, at, column);
	}
}

void
put_value(struct editor *editor, const struct edit_table *table, const char *column,
    struct buf *ret_value)
{
	BUF type = {0}, where = {0};

	type_of(editor, table, column, &type);
	switch (draw(editor, 8)) {
	case 0:
		buf_text(ret_value, "NULL");
		return;
	case 1:
	case 2:
	case 3:
		if (draw_row(editor, table, &where)) {
			buf_format(ret_value, "(SELECT %s FROM main.%s WHERE %s)", column,
			    table->name, buf_string(&where));
			return;
		}
		break;
	default:
		break;
	}
	put_tweaked(editor, column, buf_string(&type), ret_value);
}

/* --- Rows --------------------------------------------------------------------------------- */

static void
put_changed(struct editor *editor, const struct edit_table *table)
{
	BUF where = {0}, column = {0}, value = {0};

	if (!draw_row(editor, table, &where))
		return;
	draw_column(editor, table, &column);
	put_value(editor, table, buf_string(&column), &value);
	buf_format(&editor->sql, "UPDATE main.%s SET %s = %s WHERE %s;", table->name,
	    buf_string(&column), buf_string(&value), buf_string(&where));
}

static void
put_removed(struct editor *editor, const struct edit_table *table)
{
	BUF where = {0};

	if (draw_row(editor, table, &where))
		buf_format(&editor->sql, "DELETE FROM main.%s WHERE %s;", table->name,
		    buf_string(&where));
}

/* Another row's columns, but for some. */
static void
put_added(struct editor *editor, const struct edit_table *table)
{
	BUF where = {0};

	if (!draw_row(editor, table, &where))
		return;
	buf_format(&editor->sql, "CREATE TEMP TABLE added AS SELECT * FROM main.%s WHERE %s;",
	    table->name, buf_string(&where));
	for (uint64_t count = 1 + draw(editor, 4); count > 0; count--) {
		BUF column = {0}, value = {0};

		draw_column(editor, table, &column);
		put_value(editor, table, buf_string(&column), &value);
		buf_format(&editor->sql, "UPDATE added SET %s = %s;", buf_string(&column),
		    buf_string(&value));
	}
	buf_format(&editor->sql, "INSERT INTO main.%s SELECT * FROM added; DROP TABLE added;",
	    table->name);
}

/* Two rows exchange a column. */
static void
put_swapped(struct editor *editor, const struct edit_table *table)
{
	BUF one = {0}, other = {0}, column = {0};

	if (!draw_row(editor, table, &one) || !draw_row(editor, table, &other))
		return;
	draw_column(editor, table, &column);
	const char *name = buf_string(&column);
	buf_format(&editor->sql,
	    "CREATE TEMP TABLE swapped AS SELECT * FROM main.%s WHERE %s OR %s;", table->name,
	    buf_string(&one), buf_string(&other));
	buf_format(&editor->sql, "DELETE FROM main.%s WHERE %s OR %s;", table->name,
	    buf_string(&one), buf_string(&other));
	buf_format(&editor->sql,
	    "CREATE TEMP TABLE two AS SELECT a.rowid AS place, b.%s AS value FROM swapped a, swapped b"
	    " WHERE a.rowid <> b.rowid;",
	    name);
	buf_format(&editor->sql,
	    "UPDATE swapped SET %s = (SELECT value FROM two WHERE place = swapped.rowid);"
	    "INSERT INTO main.%s SELECT * FROM swapped; DROP TABLE swapped; DROP TABLE two;",
	    name, table->name);
}

/* --- What was before ---------------------------------------------------------------------- */

/* An earlier database, as `old`. */
static void
attach_earlier(struct editor *editor)
{
	const struct past *past = editor->past;
	char text[300];

	(void)sqlite3_exec(editor->database, "DETACH old", NULL, NULL, NULL);
	snprintf(text, sizeof(text), "ATTACH '%s/earlier-%llu' AS old", past->bench->folder,
	    (unsigned long long)draw(editor, past->earlier_count));
	assert_int_equal(sqlite3_exec(editor->database, text, NULL, NULL, NULL), SQLITE_OK);
	buf_format(&editor->sql, "/* old: %s */ ", strrchr(text, '/') + 1);
}

/* One that was another, one that is gone, or none where none was. */
static void
put_row_back(struct editor *editor, const struct edit_table *table)
{
	static const char differ[] = "SELECT * FROM %s.%s EXCEPT SELECT * FROM %s.%s";
	char query[200];
	bool added = draw(editor, 3) == 0;

	attach_earlier(editor);
	snprintf(query, sizeof(query), differ, added ? "main" : "old", table->name,
	    added ? "old" : "main", table->name);
	int64_t count = ask_number(editor, "SELECT count(*) FROM (%s)", query);
	if (count == 0)
		return;
	uint64_t place = draw(editor, (uint64_t)count);
	if (added)
		buf_format(&editor->sql,
		    "DELETE FROM main.%s WHERE (%s) IN (SELECT %s FROM (%s ORDER BY %s LIMIT 1 OFFSET"
		    " %llu));",
		    table->name, table->keys, table->keys, query, table->keys,
		    (unsigned long long)place);
	else
		buf_format(&editor->sql,
		    "INSERT OR REPLACE INTO main.%s %s ORDER BY %s LIMIT 1 OFFSET %llu;",
		    table->name, query, table->keys, (unsigned long long)place);
}

static void
put_back(struct editor *editor, const struct edit_table *table)
{
	buf_format(&editor->sql, "DELETE FROM main.%s; INSERT INTO main.%s SELECT * FROM old.%s;",
	    table->name, table->name, table->name);
}

/* One; all with cells, the tree, or both, under the log of today; or all there is. */
static void
put_tables_back(struct editor *editor)
{
	uint64_t which = draw(editor, 10);

	attach_earlier(editor);
	if (which < 4) {
		put_back(editor, draw_any(editor));
		return;
	}
	for (size_t i = 0; i < EDIT_TABLES; i++) {
		bool row = i < EDIT_ROWS, node = i == EDIT_TABLES - 1;

		if (which == 9 || (row && which != 8) || (node && (which == 8 || which < 7)))
			put_back(editor, &edit_tables[i]);
	}
}

/* --- Log, tree, whole tables -------------------------------------------------------------- */

enum { LEAVES = EDIT_ROWS, HASHES, NODES };

static void
put_leaf_added(struct editor *editor)
{
	BUF where = {0};

	(void)draw_row(editor, &edit_tables[LEAVES], &where);
	buf_format(&editor->sql,
	    "INSERT INTO log_leaf SELECT (SELECT max(position) + 1 FROM log_leaf), data FROM log_leaf"
	    " WHERE %s;",
	    buf_string(&where));
}

static void
put_log(struct editor *editor)
{
	const struct edit_table *table = draw_table(editor, LEAVES, NODES);

	switch (draw(editor, 6)) {
	case 0:
	case 1:
		put_leaf_added(editor);
		break;
	case 2:
		put_changed(editor, table);
		break;
	case 3:
		put_swapped(editor, table);
		break;
	case 4:
		put_removed(editor, table);
		break;
	default:
		buf_format(&editor->sql,
		    "DELETE FROM log_leaf WHERE position = (SELECT max(position) FROM log_leaf);");
	}
	editor->rehash = draw(editor, 2) == 0;
	if (editor->rehash)
		buf_text(&editor->sql, "/* and the hashes made anew */");
}

static void
put_emptied(struct editor *editor)
{
	static const uint64_t counts[] = {1, 1, 1, 2, 3, EDIT_TABLES};
	uint64_t count = counts[draw(editor, ARRAY_SIZE(counts))];

	for (uint64_t i = 0; i < count; i++)
		buf_format(&editor->sql, "DELETE FROM main.%s;",
		    (count == EDIT_TABLES ? &edit_tables[i] : draw_any(editor))->name);
}

static void
put_node(struct editor *editor)
{
	const struct edit_table *nodes = &edit_tables[NODES];
	BUF where = {0}, other = {0};

	switch (draw(editor, 8)) {
	case 0:
	case 1:
		put_changed(editor, nodes);
		break;
	case 2:
		put_swapped(editor, nodes);
		break;
	case 3:
		put_removed(editor, nodes);
		break;
	case 4:
		put_added(editor, nodes);
		break;
	case 5:
		put_row_back(editor, nodes);
		break;
	case 6: /* the root has another's place, children and all */
		(void)draw_row(editor, nodes, &other);
		buf_format(&editor->sql,
		    "UPDATE nodes SET body = (SELECT body FROM nodes WHERE %s), kids = (SELECT kids"
		    " FROM nodes WHERE %s) WHERE id = 1;",
		    buf_string(&other), buf_string(&other));
		break;
	default: /* a parent whose children are others */
		(void)draw_row(editor, nodes, &where);
		buf_format(&editor->sql,
		    "UPDATE nodes SET kids = CAST(substr(kids, 9) || substr(kids, 1, 8) AS BLOB)"
		    " WHERE %s;",
		    buf_string(&where));
	}
}

/* --- All of them -------------------------------------------------------------------------- */

static void put_edit(struct editor *editor, enum edit_kind kind);

static void
put_several(struct editor *editor)
{
	for (uint64_t count = 2 + draw(editor, 3); count > 0; count--)
		put_edit(editor, (enum edit_kind)draw(editor, EDIT_ROW_BACK));
}

static void
put_edit(struct editor *editor, enum edit_kind kind)
{
	switch (kind) {
	case EDIT_CHANGED:
		put_changed(editor, draw_any(editor));
		break;
	case EDIT_REMOVED:
		put_removed(editor, draw_any(editor));
		break;
	case EDIT_ADDED:
		put_added(editor, draw_any(editor));
		break;
	case EDIT_SWAPPED:
		put_swapped(editor, draw_any(editor));
		break;
	case EDIT_ROW_BACK:
		put_row_back(editor, draw_any(editor));
		break;
	case EDIT_TABLES_BACK:
		put_tables_back(editor);
		break;
	case EDIT_LEAF:
		put_log(editor);
		break;
	case EDIT_EMPTIED:
		put_emptied(editor);
		break;
	case EDIT_NODE:
		put_node(editor);
		break;
	case EDIT_TYPE:
		put_typed(editor);
		break;
	case EDIT_INDEX:
		put_index(editor);
		break;
	case EDIT_TWIN:
		put_twin(editor);
		break;
	case EDIT_FORM:
		put_form(editor);
		break;
	case EDIT_SEVERAL:
	case EDIT_KINDS:
	default:
		put_several(editor);
	}
}

static enum edit_kind
draw_kind(uint64_t *random)
{
	uint64_t number = seams_draw(random, 100);
	int kind = 0;

	while (number >= weights[kind])
		number -= weights[kind++];
	return (enum edit_kind)kind;
}

static bool
make_edit(const struct past *past, uint64_t *random, struct edit *edit, uint64_t *ret_before)
{
	EDITOR editor = {.random = *random};
	struct err err;

	editor_open(&editor, past);
	*ret_before = editor_sum(&editor);
	put_edit(&editor, edit->kind);
	*random = editor.random;
	if (editor.sql.size == 0)
		return false;
	assert_ok(buf_check(&editor.sql, &err));
	bool ran = editor_run(&editor);
	edit->sql = TAKE(editor.sql);
	return ran;
}

/* As somebody sees it who opens it now: are the rows others, the form, or are indices wrong? */
static bool
shows(const struct past *past, enum edit_kind kind, uint64_t before)
{
	EDITOR editor = {0};

	editor_open(&editor, past);
	return editor_sum(&editor) != before ||
	    (kind >= EDIT_INDEX && kind <= EDIT_FORM && !editor_is_whole(&editor));
}

/* A change of the form may be none of what the database says. */
static bool
try_edit(const struct past *past, uint64_t *random, struct edit *edit)
{
	uint64_t before;

	if (!make_edit(past, random, edit, &before))
		return false;
	edit->shows = shows(past, edit->kind, before);
	return edit->shows || edit->kind == EDIT_FORM;
}

void
edit_vault(const struct past *past, uint64_t *random, struct edit *ret_edit)
{
	enum edit_kind kind = draw_kind(random);

	for (int tries = 0; tries < 1000; tries++) {
		edit_done(ret_edit);
		*ret_edit = (struct edit){.kind = kind};
		if (try_edit(past, random, ret_edit))
			return;
	}
	fail_msg("nothing can be edited");
}
