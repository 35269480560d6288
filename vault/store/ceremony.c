/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/ceremony.h"

#include <stdlib.h>
#include <string.h>

#include "vault/store/inside.h"
#include "vault/store/rows.h"
#include "vault/store/state.h"
#include "vault/store/state_index.h"

static void
put_boot(struct sql_query *query, const struct boot *boot)
{
	if (boot_is_known(boot))
		sql_put_bytes(query, VIEW_OF(boot->id));
	else
		sql_put_null(query);
	sql_put_int(query, boot->seconds);
}

static void
get_boot(struct sql_query *query, struct boot *ret_boot)
{
	if (sql_is_null(query))
		sql_skip(query);
	else
		sql_get_exactly(query, "boot", ret_boot->id, sizeof(ret_boot->id));
	ret_boot->seconds = store_get_time(query, "over");
}

static enum err_code
add_row(struct store *store, const struct ceremony_row *row, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "ceremonies",
	    "INSERT INTO ceremonies VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", err);
	sql_put_int(&query, state_arrival(store));
	store_put_id(&query, &row->id);
	store_put_digest(&query, &row->digest);
	store_put_digest(&query, &row->request);
	sql_put_text(&query, mode_names[row->mode]);
	sql_put_text(&query, ceremony_state_names[row->state]);
	sql_put_text(&query, row->requester);
	sql_put_text(&query, row->reason);
	store_put_digest(&query, &row->charter);
	sql_put_int(&query, row->created);
	sql_put_int(&query, row->deadline);
	sql_put_int(&query, row->released);
	sql_put_int(&query, row->expires);
	put_boot(&query, &row->over);
	sql_put_null(&query);
	return state_insert(store, TABLE_CEREMONIES, &query);
}

static enum err_code
check_unused(struct store *store, const struct digest *request, struct err *err)
{
	struct sql_value sought = sql_bytes(VIEW_OF(request->bytes));
	struct digest ceremony;
	enum err_code code = state_named(store, CELL_REQUESTS, &sought, "ceremony", &ceremony, err);
	if (code == ERR_NOT_FOUND)
		return ERR_OK;
	if (code != ERR_OK)
		return code;
	return err_set(err, ERR_EXISTS, "this request was used before; make a new one");
}

static enum err_code
add_item(struct store *store, const struct id *ceremony, size_t position,
    const struct item_row *row, struct err *err)
{
	SQL_QUERY query =
	    sql_query(store->sql, "items", "INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?)", err);
	store_put_item(&query, ceremony, position);
	store_put_number(&query, &row->secret, row->version);
	sql_put_text(&query, item_state_names[row->state]);
	sql_put_null(&query);
	sql_put_text(&query, row->note);
	return state_insert(store, TABLE_ITEMS, &query);
}

static enum err_code
check_distinct(const struct item_row *items, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			if (memcmp(&items[i].secret, &items[j].secret, sizeof(items[i].secret)) ==
			    0)
				return err_set(err, ERR_EXISTS,
				    "items: there is one of this secret already");
	return ERR_OK;
}

enum err_code
store_add_ceremony(struct store *store, const struct ceremony_row *row,
    const struct item_row *items, size_t count, struct err *err)
{
	TRY(check_unused(store, &row->request, err));
	TRY(check_distinct(items, count, err));
	TRY(add_row(store, row, err));
	for (size_t i = 0; i < count; i++)
		TRY(add_item(store, &row->id, i, &items[i], err));
	return ERR_OK;
}

/* What the ceremony statement fixed stays; only its course is updated. */
enum err_code
store_update_ceremony(struct store *store, const struct ceremony_row *row, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "ceremonies",
	    "UPDATE ceremonies SET state = ?,"
	    " reason = ?, released = ?, expires = ?, boot = ?, over = ?, release = ? WHERE id = ?",
	    err);
	sql_put_text(&query, ceremony_state_names[row->state]);
	sql_put_text(&query, row->reason);
	sql_put_int(&query, row->released);
	sql_put_int(&query, row->expires);
	put_boot(&query, &row->over);
	store_put_digest_or_null(&query, &row->release);
	store_put_id(&query, &row->id);
	return state_change(store, TABLE_CEREMONIES, &query, 7, "ceremony");
}

static void
read_ceremony(struct sql_query *query, struct ceremony_row *ret_row)
{
	struct ceremony_row row = {0};
	sql_skip(query);
	store_get_id(query, "id", &row.id);
	store_get_digest(query, "digest", &row.digest);
	store_get_digest(query, "request", &row.request);
	row.mode = (enum mode)store_get_state(query, "mode", mode_names);
	row.state = (enum ceremony_state)store_get_state(query, "state", ceremony_state_names);
	store_get_name(query, "requester", row.requester);
	sql_get_text(query, "reason", row.reason, sizeof(row.reason));
	store_get_digest(query, "charter", &row.charter);
	row.created = store_get_time(query, "created");
	row.deadline = store_get_time(query, "deadline");
	row.released = store_get_time(query, "released");
	row.expires = store_get_time(query, "expires");
	get_boot(query, &row.over);
	(void)store_get_digest_or_null(query, "release", &row.release);
	if (query->code == ERR_OK)
		*ret_row = row;
}

enum err_code
store_get_ceremony(struct store *store, const struct id *id, struct ceremony_row *ret_row,
    struct err *err)
{
	SQL_QUERY query =
	    sql_query(store->sql, "ceremonies", "SELECT * FROM ceremonies WHERE id = ?", err);
	store_put_id(&query, id);
	TRY(state_one(store, TABLE_CEREMONIES, &query, "ceremony"));
	read_ceremony(&query, ret_row);
	return sql_end(&query);
}

enum err_code
store_newest_ceremonies(struct store *store, unsigned states, size_t max,
    struct ceremony_row **ret_rows, size_t *ret_count, uint64_t *ret_all, struct err *err)
{
	SQL_SCOPE scope = {0};
	STATE_CELLS cells = {0};
	CEREMONY_ROWS *rows = NULL;
	uint64_t all;
	TRY(sql_enter(store->sql, &scope, err));
	TRY(state_of_states(store, CELL_CEREMONIES, ceremony_state_names, states, true, max, &cells,
	    &all, err));
	rows = calloc(cells.count + 1, sizeof(*rows));
	if (rows == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a list of ceremonies");
	for (size_t i = 0; i < cells.count; i++) {
		struct id id;
		memcpy(id.bytes, cells.rows[i].value.bytes, ID_SIZE);
		TRY(store_get_ceremony(store, &id, &rows[i], err));
	}
	*ret_rows = TAKE(rows);
	*ret_count = cells.count;
	*ret_all = all;
	return ERR_OK;
}

enum err_code
store_list_ceremonies(struct store *store, unsigned states, struct ceremony_row **ret_rows,
    size_t *ret_count, struct err *err)
{
	uint64_t all;
	return store_newest_ceremonies(store, states, SIZE_MAX, ret_rows, ret_count, &all, err);
}

static void
read_item(struct sql_query *query, struct item_row *row)
{
	*row = (struct item_row){0};
	sql_skip(query);
	sql_skip(query);
	store_get_secret_id(query, "secret", &row->secret);
	row->version = (uint32_t)sql_get_int(query, "version", 1, UINT32_MAX);
	row->state = (enum item_state)store_get_state(query, "state", item_state_names);
	row->has_debt = store_get_id_or_null(query, "debt", &row->debt);
	sql_get_text(query, "note", row->note, sizeof(row->note));
}

enum err_code
store_list_items(struct store *store, const struct id *ceremony, struct item_row *rows, size_t max,
    size_t *ret_count, struct err *err)
{
	size_t count = 0;
	SQL_QUERY query = sql_query(store->sql, "items",
	    "SELECT * FROM items WHERE ceremony = ? ORDER BY position", err);
	store_put_id(&query, ceremony);
	STATE_LIST list = state_list(store, TABLE_ITEMS, &query);
	while (state_next(&list))
		if (count < max)
			read_item(&query, &rows[count++]);
	TRY(sql_end(&query));
	*ret_count = count;
	return ERR_OK;
}

enum err_code
store_update_item(struct store *store, const struct id *ceremony, size_t position,
    const struct item_row *row, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "items",
	    "UPDATE items SET state = ?, debt = ?, note = ? WHERE ceremony = ? AND position = ?",
	    err);
	sql_put_text(&query, item_state_names[row->state]);
	store_put_id_or_null(&query, row->has_debt ? &row->debt : NULL);
	sql_put_text(&query, row->note);
	store_put_item(&query, ceremony, position);
	return state_change(store, TABLE_ITEMS, &query, 3, "item of a ceremony");
}

enum err_code
store_has_item(struct store *store, const struct id *ceremony, const struct secret_id *secret,
    bool *ret_has, struct err *err)
{
	uint8_t middle[ID_SIZE + SECRET_ID_SIZE];
	struct tree_cell cell;
	size_t count;
	memcpy(middle, ceremony->bytes, ID_SIZE);
	memcpy(middle + ID_SIZE, secret->bytes, SECRET_ID_SIZE);
	struct tree_range range = cell_index_from(CELL_ITEM_OF_SECRET, VIEW_OF(middle));
	TRY(state_range(store, &range, NULL, &cell, 1, &count, err));
	*ret_has = count == 1;
	return ERR_OK;
}

static enum err_code
get_item(struct store *store, const struct id *ceremony, uint32_t position,
    struct item_row *ret_row, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "items",
	    "SELECT * FROM items WHERE ceremony = ? AND position = ?", err);
	store_put_item(&query, ceremony, position);
	TRY(state_one(store, TABLE_ITEMS, &query, "item of a ceremony"));
	read_item(&query, ret_row);
	return sql_end(&query);
}

enum err_code
store_debt_is_opening(struct store *store, const struct id *debt, bool *ret_is, struct err *err)
{
	SQL_SCOPE scope = {0};
	struct sql_value sought = sql_bytes(VIEW_OF(debt->bytes));
	struct digest key;
	struct id ceremony;
	struct item_row row;
	TRY(sql_enter(store->sql, &scope, err));
	enum err_code code = state_named(store, CELL_ITEM_OF_DEBT, &sought, "item", &key, err);
	*ret_is = false;
	if (code == ERR_NOT_FOUND)
		return ERR_OK;
	if (code != ERR_OK)
		return code;
	struct reader reader = reader_of(VIEW_OF(key.bytes));
	reader_copy(&reader, ceremony.bytes, ID_SIZE);
	TRY(get_item(store, &ceremony, reader_u32(&reader), &row, err));
	*ret_is = row.state == ITEM_OPENING;
	return ERR_OK;
}
