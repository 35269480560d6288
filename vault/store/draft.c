/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/draft.h"

#include "vault/store/inside.h"
#include "vault/store/rows.h"

enum err_code
store_add_draft(struct store *store, const struct draft_row *row, struct err *err)
{
	SQL_QUERY query =
	    sql_query(store->sql, "drafts", "INSERT INTO drafts (digest, seat) VALUES (?, ?)", err);

	store_put_digest(&query, &row->digest);
	sql_put_text(&query, row->seat);
	return sql_run(&query, NULL);
}

enum err_code
store_get_draft(struct store *store, const struct digest *digest, struct draft_row *ret_row,
    struct err *err)
{
	SQL_QUERY query =
	    sql_query(store->sql, "drafts", "SELECT seat FROM drafts WHERE digest = ?", err);
	struct draft_row row = {.digest = *digest};

	store_put_digest(&query, digest);
	TRY(sql_one(&query, "draft"));
	store_get_name(&query, "seat", row.seat);
	TRY(sql_end(&query));
	*ret_row = row;
	return ERR_OK;
}

enum err_code
store_next_draft(struct store *store, int64_t *arrival, struct draft_row *ret_row, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "drafts",
	    "SELECT arrival, digest, seat FROM drafts WHERE arrival > ? ORDER BY arrival LIMIT 1",
	    err);
	struct draft_row row;

	sql_put_int(&query, *arrival);
	TRY(sql_one(&query, "draft"));
	int64_t at = sql_get_int(&query, "arrival", 1, INT64_MAX);
	store_get_digest(&query, "digest", &row.digest);
	store_get_name(&query, "seat", row.seat);
	TRY(sql_end(&query));
	*arrival = at;
	*ret_row = row;
	return ERR_OK;
}

enum err_code
store_drop_draft(struct store *store, const struct digest *digest, struct err *err)
{
	SQL_QUERY query =
	    sql_query(store->sql, "drafts", "DELETE FROM drafts WHERE digest = ?", err);

	store_put_digest(&query, digest);
	return sql_run(&query, NULL);
}
