/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/copy.h"

#include <string.h>

#include "vault/store/inside.h"
#include "vault/store/rows.h"
#include "vault/store/state.h"
#include "vault/store/state_index.h"

enum { STEP = 32, KIND_SIZE = CELL_COPY_KIND_SIZE };

const char *const copy_kind_names[] = {"version", "release", "document", "definition", NULL};

static struct copy_row
row_of(enum copy_kind kind, const uint8_t id[ID_SIZE], uint32_t number)
{
	struct copy_row row = {.kind = kind};

	memcpy(row.key.bytes, id, ID_SIZE);
	for (int i = 0; i < 4; i++)
		row.key.bytes[ID_SIZE + i] = (uint8_t)(number >> (24 - 8 * i));
	return row;
}

_Static_assert((int)SECRET_ID_SIZE == (int)ID_SIZE, "ids of both kinds begin a key");

struct copy_row
copy_of_version(const struct secret_id *secret, uint32_t number)
{
	return row_of(COPY_VERSION, secret->bytes, number);
}

struct copy_row
copy_of_release(const struct id *ceremony)
{
	return row_of(COPY_RELEASE, ceremony->bytes, 0);
}

struct copy_row
copy_of_document(uint32_t position)
{
	static const struct id none;

	return row_of(COPY_DOCUMENT, none.bytes, position);
}

struct copy_row
copy_of_definition(const struct digest *statement)
{
	return (struct copy_row){COPY_DEFINITION, *statement};
}

uint32_t
copy_number(const struct copy_row *row)
{
	struct reader reader = reader_of(view_of(row->key.bytes + ID_SIZE, 4));

	return reader_u32(&reader);
}

enum err_code
store_has_copy(struct store *store, const struct copy_row *row, bool *ret_has, struct err *err)
{
	const struct sql_value key = sql_bytes(VIEW_OF(row->key.bytes));

	return state_has(store, TABLE_COPIES, &key, ret_has, err);
}

enum err_code
store_add_copy(struct store *store, const struct copy_row *row, struct err *err)
{
	static const struct id none;
	bool has;

	TRY(store_has_copy(store, row, &has, err));
	if (has)
		return ERR_OK;
	SQL_QUERY query =
	    sql_query(store->sql, "copies", "INSERT INTO copies VALUES (?, ?, ?)", err);
	store_put_digest(&query, &row->key);
	sql_put_text(&query, copy_kind_names[row->kind]);
	store_put_id(&query, &none);
	return state_insert(store, TABLE_COPIES, &query);
}

enum err_code
store_set_copied(struct store *store, const struct copy_row *row, const struct id *sink,
    struct err *err)
{
	SQL_QUERY query =
	    sql_query(store->sql, "copies", "UPDATE copies SET sink = ? WHERE key = ?", err);
	store_put_id(&query, sink);
	store_put_digest(&query, &row->key);
	return state_change(store, TABLE_COPIES, &query, 1, "copy");
}

enum err_code
store_get_copied(struct store *store, const struct copy_row *row, struct id *ret_sink,
    struct err *err)
{
	SQL_QUERY query =
	    sql_query(store->sql, "copies", "SELECT * FROM copies WHERE key = ?", err);
	store_put_digest(&query, &row->key);
	TRY(state_one(store, TABLE_COPIES, &query, "copy"));
	sql_skip(&query);
	sql_skip(&query);
	store_get_id(&query, "sink", ret_sink);
	return sql_end(&query);
}

enum err_code
store_drop_copy(struct store *store, const struct copy_row *row, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "copies", "DELETE FROM copies WHERE key = ?", err);
	store_put_digest(&query, &row->key);
	return state_change(store, TABLE_COPIES, &query, 0, NULL);
}

/* ---- lists ---- */

static struct tree_range
all_of(enum copy_kind kind)
{
	uint8_t middle[KIND_SIZE] = {0};

	memcpy(middle, copy_kind_names[kind], strlen(copy_kind_names[kind]));
	return cell_index_from(CELL_COPIES, VIEW_OF(middle));
}

static struct tree_range
those_with(enum copy_kind kind, const struct id *sink)
{
	uint8_t middle[KIND_SIZE + ID_SIZE] = {0};

	memcpy(middle, copy_kind_names[kind], strlen(copy_kind_names[kind]));
	memcpy(middle + KIND_SIZE, sink->bytes, ID_SIZE);
	return cell_index_from(CELL_COPIES, VIEW_OF(middle));
}

enum err_code
store_count_copies(struct store *store, enum copy_kind kind, const struct id *sink,
    uint64_t *ret_all, uint64_t *ret_lacking, struct err *err)
{
	SQL_SCOPE scope = {0};
	struct tree_range all = all_of(kind), with = those_with(kind, sink);
	uint64_t count, had;

	TRY(sql_enter(store->sql, &scope, err));
	TRY(state_count_range(store, &all, &count, err));
	TRY(state_count_range(store, &with, &had, err));
	*ret_all = count;
	*ret_lacking = count - had;
	return ERR_OK;
}

/* At most MAX of RANGE after PLACE (NULL: from its start on); RET_LAST is where the last one stands. */
static enum err_code
list_range(struct store *store, enum copy_kind kind, const struct tree_range *range,
    const struct tree_key *place, struct copy_row *rows, size_t max, size_t *ret_count,
    struct tree_key *ret_last, struct err *err)
{
	struct tree_cell cells[STEP];
	size_t count = 0, step = STEP, read = STEP;
	struct tree_key last = {{0}};

	while (count < max && read == step) {
		step = max - count < STEP ? max - count : STEP;
		TRY(state_range(store, range, place, cells, step, &read, err));
		for (size_t i = 0; i < read; i++)
			rows[count++] = (struct copy_row){kind, cells[i].value};
		if (read > 0)
			last = cells[read - 1].key;
		place = read > 0 ? &last : place;
	}
	if (count > 0)
		*ret_last = last;
	*ret_count = count;
	return ERR_OK;
}

/* What the sink has stands together, and what it lacks before and behind that. */
enum err_code
store_list_lacking(struct store *store, enum copy_kind kind, const struct id *sink,
    struct copy_row *rows, size_t max, size_t *ret_count, struct err *err)
{
	SQL_SCOPE scope = {0};
	const struct tree_range all = all_of(kind), with = those_with(kind, sink);
	const struct tree_range before = {all.from, with.from}, behind = {with.to, all.to};
	struct tree_key last;
	size_t first, rest;

	TRY(sql_enter(store->sql, &scope, err));
	TRY(list_range(store, kind, &before, NULL, rows, max, &first, &last, err));
	TRY(list_range(store, kind, &behind, NULL, rows + first, max - first, &rest, &last, err));
	*ret_count = first + rest;
	return ERR_OK;
}

enum err_code
store_next_copies(struct store *store, enum copy_kind kind, const struct id *sink,
    struct copy_walk *walk, struct copy_row *rows, size_t max, size_t *ret_count, struct err *err)
{
	SQL_SCOPE scope = {0};
	const struct tree_range range = sink != NULL ? those_with(kind, sink) : all_of(kind);
	size_t count;

	TRY(sql_enter(store->sql, &scope, err));
	TRY(list_range(store, kind, &range, walk->begun ? &walk->place : NULL, rows, max, &count,
	    &walk->place, err));
	walk->begun = walk->begun || count > 0;
	*ret_count = count;
	return ERR_OK;
}
