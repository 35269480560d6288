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
	return store_one_digest(&query, "charter of a sealed version", "header", ret_charter);
}

/* At most MAX rows of QUERY, which its last parameter says, and which is done then. */
static enum err_code
list(struct sql_query query, struct sealed_row *rows, size_t max, size_t *ret_count)
{
	SQL_QUERY own = query;
	size_t count = 0;
	sql_put_int(&own, (int64_t)max);
	while (count < max && sql_next(&own)) {
		store_get_secret_id(&own, "secret", &rows[count].secret);
		rows[count++].number = (uint32_t)sql_get_int(&own, "number", 1, UINT32_MAX);
	}
	TRY(sql_end(&own));
	*ret_count = count;
	return ERR_OK;
}

enum err_code
store_list_sealed_under(struct store *store, const struct digest *charter,
    const struct secret_id *after, struct sealed_row *rows, size_t max, size_t *ret_count,
    struct err *err)
{
	struct sql_query query = sql_query(store->sql, "versions",
	    "SELECT secret, number FROM versions"
	    " WHERE state = 'current' AND substr(header, 92, 32) = ?1 AND secret > ?2"
	    " ORDER BY secret LIMIT ?3",
	    err);
	store_put_digest(&query, charter);
	store_put_secret_id(&query, after);
	return list(query, rows, max, ret_count);
}

enum err_code
store_list_exposed(struct store *store, const struct secret_id *after, struct sealed_row *rows,
    size_t max, size_t *ret_count, struct err *err)
{
	struct sql_query query = sql_query(store->sql, "versions",
	    "SELECT secret, number FROM versions WHERE state = 'current' AND part_exposed = 1"
	    " AND secret > ?1 ORDER BY secret LIMIT ?2",
	    err);
	store_put_secret_id(&query, after);
	return list(query, rows, max, ret_count);
}
