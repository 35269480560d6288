/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/sealed.h"

#include "vault/store/inside.h"
#include "vault/store/rows.h"

enum err_code
store_next_sealed_under(struct store *store, const struct digest *after, struct digest *ret_charter,
    struct err *err)
{
	static const struct digest zero;
	SQL_QUERY query = sql_query(store->sql, "versions",
	    "SELECT substr(header, 92, 32) FROM versions"
	    " WHERE state = 'current' AND substr(header, 92, 32) > ?"
	    " ORDER BY substr(header, 92, 32) LIMIT 1",
	    err);
	store_put_digest(&query, after != NULL ? after : &zero);
	TRY(sql_one(&query, "charter of a sealed version"));
	store_get_digest(&query, "header", ret_charter);
	return sql_end(&query);
}

enum err_code
store_list_sealed_under(struct store *store, const struct digest *charter,
    const struct secret_id *after, struct sealed_row *rows, size_t max, size_t *ret_count,
    struct err *err)
{
	size_t count = 0;
	SQL_QUERY query = sql_query(store->sql, "versions",
	    "SELECT secret, number FROM versions"
	    " WHERE state = 'current' AND substr(header, 92, 32) = ?1 AND secret > ?2"
	    " ORDER BY secret LIMIT ?3",
	    err);
	store_put_digest(&query, charter);
	store_put_secret_id(&query, after);
	sql_put_int(&query, (int64_t)max);
	while (count < max && sql_next(&query)) {
		store_get_secret_id(&query, "secret", &rows[count].secret);
		rows[count++].number = (uint32_t)sql_get_int(&query, "number", 1, UINT32_MAX);
	}
	TRY(sql_end(&query));
	*ret_count = count;
	return ERR_OK;
}

enum err_code
store_list_exposed(struct store *store, const struct secret_id *after, struct sealed_row *rows,
    size_t max, size_t *ret_count, struct err *err)
{
	size_t count = 0;
	SQL_QUERY query = sql_query(store->sql, "versions",
	    "SELECT secret, number FROM versions WHERE state = 'current' AND part_exposed = 1"
	    " AND secret > ?1 ORDER BY secret LIMIT ?2",
	    err);
	store_put_secret_id(&query, after);
	sql_put_int(&query, (int64_t)max);
	while (count < max && sql_next(&query)) {
		store_get_secret_id(&query, "secret", &rows[count].secret);
		rows[count++].number = (uint32_t)sql_get_int(&query, "number", 1, UINT32_MAX);
	}
	TRY(sql_end(&query));
	*ret_count = count;
	return ERR_OK;
}
