/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite stores the text of each CREATE statement as it was given, from CREATE to before its semicolon.
 * So what must be stored is cut out of the scripts; to make a database in memory and read its schema
 * would cost ten times as much.  Indices of UNIQUE and PRIMARY KEY have no text: schema.c names them.
 */
#include "vault/store/schema_check.h"

#include <string.h>

#include "vault/store/schema.h"
#include "vault/store/sql_query.h"

enum { OBJECTS_MAX = 256, TYPE_SIZE = 16, NAME_SIZE = 128, TEXT_SIZE = 8192 };

#define MEANING "somebody else changed its form"

struct object {
	const char *type;
	struct view name, table, text; /* no text: SQLite makes it by itself */
	uint32_t root;                 /* its first page; 0: it has none */
	bool seen;
};

struct objects {
	struct object list[OBJECTS_MAX];
	size_t count;
};

/* From AT to before one of ENDS, or to the end. */
static struct view
until(const char *at, const char *ends)
{
	return view_of(at, strcspn(at, ends));
}

static bool
begins(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static enum err_code
add(struct objects *objects, const struct object *object, struct err *err)
{
	if (objects->count == OBJECTS_MAX)
		return err_set(err, ERR_INTERNAL, "the schema has more than %d objects",
		    (int)OBJECTS_MAX);
	objects->list[objects->count++] = *object;
	return ERR_OK;
}

/* What stands after CREATE, and after UNIQUE, says what it is. */
static bool
parse_head(const char *at, struct object *ret_object)
{
	static const char *const types[][2] = {{"TABLE ", "table"}, {"INDEX ", "index"},
	    {"UNIQUE INDEX ", "index"}, {"TRIGGER ", "trigger"}};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (!begins(at, types[i][0]))
			continue;
		ret_object->type = types[i][1];
		ret_object->name = until(at + strlen(types[i][0]), " ");
		return true;
	}
	return false;
}

/* The statement at *AT, which is moved behind it. */
static enum err_code
add_statement(struct objects *objects, const char **at, struct err *err)
{
	static const char create[] = "CREATE ", last[] = " END;", on[] = " ON ";
	struct object object = {0};

	if (!begins(*at, create) || !parse_head(*at + strlen(create), &object))
		return err_set(err, ERR_INTERNAL, "the schema has a statement that is not known");
	bool trigger = strcmp(object.type, "trigger") == 0; /* has statements of its own */
	const char *end = trigger ? strstr(*at, last) : strchr(*at, ';');
	const char *table = strstr(*at, on);
	if (end == NULL || (strcmp(object.type, "table") != 0 && table == NULL))
		return err_set(err, ERR_INTERNAL, "the schema has a statement without an end");
	end += trigger ? strlen(last) - 1 : 0;
	object.table =
	    strcmp(object.type, "table") == 0 ? object.name : until(table + strlen(on), " (");
	object.text = view_of(*at, (size_t)(end - *at));
	*at = end + 1;
	return add(objects, &object, err);
}

/* sqlite_autoindex_TABLE_NUMBER */
static enum err_code
add_automatic(struct objects *objects, const char *name, struct err *err)
{
	const char *table = name + strlen("sqlite_autoindex_");
	const struct object object = {.type = "index",
	    .name = view_of_text(name),
	    .table = view_of(table, (size_t)(strrchr(table, '_') - table))};

	return add(objects, &object, err);
}

static enum err_code
list_expected(struct objects *objects, struct err *err)
{
	for (const char *const *script = store_schema; *script != NULL; script++) {
		const char *at = *script + strspn(*script, " ");
		while (*at != '\0') {
			TRY(add_statement(objects, &at, err));
			at += strspn(at, " ");
		}
	}
	for (const char *const *name = store_schema_automatic; *name != NULL; name++)
		TRY(add_automatic(objects, *name, err));
	return ERR_OK;
}

/* A row of sqlite_schema. */
struct row {
	char type[TYPE_SIZE], name[NAME_SIZE], table[NAME_SIZE], text[TEXT_SIZE];
	uint32_t root;
	bool has_text;
};

static enum err_code
read_row(struct sql_query *query, struct row *ret_row)
{
	ret_row->text[0] = '\0';
	sql_get_text(query, "type", ret_row->type, sizeof(ret_row->type));
	sql_get_text(query, "name", ret_row->name, sizeof(ret_row->name));
	sql_get_text(query, "tbl_name", ret_row->table, sizeof(ret_row->table));
	ret_row->root = (uint32_t)sql_get_int(query, "rootpage", 0, UINT32_MAX);
	TRY(sql_end(query));
	ret_row->has_text = !sql_is_null(query);
	if (ret_row->has_text)
		sql_get_text(query, "sql", ret_row->text, sizeof(ret_row->text));
	if (sql_end(query) != ERR_OK)
		return err_add(query->err, "the %s %s", ret_row->type, ret_row->name);
	return ERR_OK;
}

static enum err_code
check_row(struct objects *objects, const struct row *row, struct err *err)
{
	struct object *object = NULL;

	for (size_t i = 0; i < objects->count && object == NULL; i++)
		if (view_equal(objects->list[i].name, view_of_text(row->name)))
			object = &objects->list[i];
	if (object == NULL || object->seen)
		return err_set(err, ERR_INTEGRITY,
		    "the database has the %s %s, which no Halligan made: " MEANING, row->type,
		    row->name);
	object->seen = true;
	object->root = row->root;
	if (strcmp(object->type, row->type) != 0 ||
	    !view_equal(object->table, view_of_text(row->table)) ||
	    row->has_text != (object->text.size > 0) ||
	    !view_equal(object->text, view_of_text(row->text)))
		return err_set(err, ERR_INTEGRITY,
		    "the %s %s of the database is not as Halligan makes it: " MEANING, row->type,
		    row->name);
	return ERR_OK;
}

static enum err_code
check_all_seen(const struct objects *objects, struct err *err)
{
	for (size_t i = 0; i < objects->count; i++) {
		const struct object *object = &objects->list[i];
		if (!object->seen)
			return err_set(err, ERR_INTEGRITY,
			    "the database lacks the %s %.*s: " MEANING, object->type,
			    (int)object->name.size, (const char *)object->name.data);
	}
	return ERR_OK;
}

static enum err_code
hash_roots(const struct objects *objects, struct digest *ret_roots, struct err *err)
{
	BUF bytes = {0};

	for (size_t i = 0; i < objects->count; i++)
		buf_u32(&bytes, objects->list[i].root);
	TRY(buf_check(&bytes, err));
	return sha256_one(buf_view(&bytes), ret_roots, err);
}

enum err_code
schema_check(struct sql *sql, struct digest *ret_roots, struct err *err)
{
	struct objects objects = {.count = 0};
	struct row row;

	TRY(list_expected(&objects, err));
	SQL_QUERY query = sql_query(sql, "sqlite_schema",
	    "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema", err);
	while (sql_next(&query)) {
		TRY(read_row(&query, &row));
		TRY(check_row(&objects, &row, err));
	}
	TRY(sql_end(&query));
	TRY(check_all_seen(&objects, err));
	return hash_roots(&objects, ret_roots, err);
}
