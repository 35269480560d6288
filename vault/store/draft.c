/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/draft.h"

#include "vault/store/inside.h"
#include "vault/store/rows.h"
#include "vault/store/state.h"
#include "vault/store/state_index.h"

enum err_code
store_add_draft(struct store *store, const struct draft_row *row, struct err *err)
{
	SQL_QUERY query =
	    sql_query(store->sql, "drafts", "INSERT INTO drafts VALUES (?, ?, ?)", err);

	sql_put_int(&query, state_arrival(store));
	store_put_digest(&query, &row->digest);
	sql_put_text(&query, row->seat);
	return state_insert(store, TABLE_DRAFTS, &query);
}

/* RET_ARRIVAL may be NULL. */
static enum err_code
get_draft(struct store *store, const struct digest *digest, int64_t *ret_arrival,
    struct draft_row *ret_row, struct err *err)
{
	SQL_QUERY query =
	    sql_query(store->sql, "drafts", "SELECT * FROM drafts WHERE digest = ?", err);
	struct draft_row row = {{{0}}, ""};

	store_put_digest(&query, digest);
	TRY(state_one(store, TABLE_DRAFTS, &query, "draft"));
	int64_t arrival = sql_get_int(&query, "arrival", 0, INT64_MAX);
	store_get_digest(&query, "digest", &row.digest);
	store_get_name(&query, "seat", row.seat);
	TRY(sql_end(&query));
	if (ret_arrival != NULL)
		*ret_arrival = arrival;
	*ret_row = row;
	return ERR_OK;
}

enum err_code
store_get_draft(struct store *store, const struct digest *digest, struct draft_row *ret_row,
    struct err *err)
{
	return get_draft(store, digest, NULL, ret_row, err);
}

enum err_code
store_next_draft(struct store *store, int64_t *arrival, struct draft_row *ret_row, struct err *err)
{
	SQL_SCOPE scope = {0};
	struct tree_key after;
	struct tree_cell cell;
	size_t count;

	TRY(sql_enter(store->sql, &scope, err));
	TRY(cell_index_after(CELL_DRAFTS, NULL, (uint64_t)*arrival, &after, err));
	TRY(state_first(store, CELL_DRAFTS, NULL, &after, &cell, 1, &count, err));
	if (count == 0)
		return err_set(err, ERR_NOT_FOUND, "there is no such draft");
	return get_draft(store, &cell.value, arrival, ret_row, err);
}

enum err_code
store_drop_draft(struct store *store, const struct digest *digest, struct err *err)
{
	SQL_QUERY query =
	    sql_query(store->sql, "drafts", "DELETE FROM drafts WHERE digest = ?", err);

	store_put_digest(&query, digest);
	return state_change(store, TABLE_DRAFTS, &query, 0, NULL);
}
