/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/ceremony.h"

#include "vault/store/inside.h"
#include "vault/store/rows.h"

#define CEREMONY_COLUMNS                                                                           \
	"id, digest, request, mode, state, requester, reason, charter, created, deadline, "        \
	"released, expires, release"

static enum err_code
add_row(struct store *store, const struct ceremony_row *row, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "ceremonies",
	    "INSERT INTO ceremonies (" CEREMONY_COLUMNS
	    ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
	    err);
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
	if (sql_run(&query, NULL) == ERR_EXISTS)
		return err_set(err, ERR_EXISTS, "this request was used before; make a new one");
	return sql_end(&query);
}

static enum err_code
add_item(struct store *store, const struct id *ceremony, size_t position,
    const struct item_row *row, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "items",
	    "INSERT INTO items (ceremony, position, secret, version, state, note)"
	    " VALUES (?, ?, ?, ?, ?, ?)",
	    err);
	store_put_item(&query, ceremony, position);
	store_put_number(&query, &row->secret, row->version);
	sql_put_text(&query, item_state_names[row->state]);
	sql_put_text(&query, row->note);
	return sql_run(&query, NULL);
}

enum err_code
store_add_ceremony(struct store *store, const struct ceremony_row *row,
    const struct item_row *items, size_t count, struct err *err)
{
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
	    " reason = ?, released = ?, expires = ?, release = ? WHERE id = ?",
	    err);
	sql_put_text(&query, ceremony_state_names[row->state]);
	sql_put_text(&query, row->reason);
	sql_put_int(&query, row->released);
	sql_put_int(&query, row->expires);
	store_put_digest_or_null(&query, &row->release);
	store_put_id(&query, &row->id);
	return sql_run_one(&query, "ceremony");
}

static void
read_ceremony(struct sql_query *query, struct ceremony_row *ret_row)
{
	struct ceremony_row row = {0};
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
	if (!sql_is_null(query))
		store_get_digest(query, "release", &row.release);
	if (query->code == ERR_OK)
		*ret_row = row;
}

enum err_code
store_get_ceremony(struct store *store, const struct id *id, struct ceremony_row *ret_row,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "ceremonies",
	    "SELECT " CEREMONY_COLUMNS " FROM ceremonies WHERE id = ?", err);
	store_put_id(&query, id);
	TRY(sql_one(&query, "ceremony"));
	read_ceremony(&query, ret_row);
	return sql_end(&query);
}

enum err_code
store_list_ceremonies(struct store *store, unsigned states, struct ceremony_row *rows, size_t max,
    size_t *ret_count, struct err *err)
{
	size_t count = 0;
	SQL_QUERY query = sql_query(store->sql, "ceremonies",
	    "SELECT " CEREMONY_COLUMNS " FROM ceremonies WHERE state IN (?, ?, ?, ?, ?, ?, ?)"
	    " ORDER BY arrival DESC LIMIT ?",
	    err);
	store_put_states(&query, states, ceremony_state_names, CEREMONY_STATES);
	sql_put_int(&query, (int64_t)max);
	while (count < max && sql_next(&query))
		read_ceremony(&query, &rows[count++]);
	TRY(sql_end(&query));
	*ret_count = count;
	return ERR_OK;
}

static void
read_item(struct sql_query *query, struct item_row *row)
{
	*row = (struct item_row){0};
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
	    "SELECT secret, version, state, debt, note FROM items WHERE ceremony = ?"
	    " ORDER BY position LIMIT ?",
	    err);
	store_put_id(&query, ceremony);
	sql_put_int(&query, (int64_t)max);
	while (count < max && sql_next(&query))
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
	return sql_run_one(&query, "item of a ceremony");
}

static enum err_code
is_one(struct sql_query *query, bool *ret_is)
{
	int64_t count;
	TRY(sql_one_int(query, "count", 0, 1, &count));
	*ret_is = count == 1;
	return ERR_OK;
}

enum err_code
store_has_item(struct store *store, const struct id *ceremony, const struct secret_id *secret,
    bool *ret_has, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "items",
	    "SELECT count(*) FROM items WHERE ceremony = ? AND secret = ?", err);
	store_put_id(&query, ceremony);
	store_put_secret_id(&query, secret);
	return is_one(&query, ret_has);
}

enum err_code
store_debt_is_opening(struct store *store, const struct id *debt, bool *ret_is, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "items",
	    "SELECT count(*) FROM items WHERE debt = ? AND state = 'opening'", err);
	store_put_id(&query, debt);
	return is_one(&query, ret_is);
}
