/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/nodes.h"

#include "vault/store/inside.h"
#include "vault/store/sql_query.h"

static enum err_code
read_node(void *context, uint64_t id, struct buf *ret_body, struct buf *ret_kids, struct err *err)
{
	const struct store *store = context;
	SQL_QUERY query =
	    sql_query(store->sql, "nodes", "SELECT body, kids FROM nodes WHERE id = ?", err);

	sql_put_int(&query, (int64_t)id);
	if (!sql_next(&query)) {
		TRY(sql_end(&query));
		return err_set(err, ERR_INTEGRITY, "a row of the state tree is gone");
	}
	sql_get_bytes(&query, "body", 0, TREE_BODY_MAX, ret_body);
	sql_get_bytes(&query, "kids", 0, TREE_KIDS_MAX, ret_kids);
	return sql_end(&query);
}

static enum err_code
write_node(void *context, uint64_t id, struct view body, struct view kids, struct err *err)
{
	const struct store *store = context;
	SQL_QUERY query = sql_query(store->sql, "nodes",
	    "INSERT INTO nodes (id, body, kids) VALUES (?, ?, ?)"
	    " ON CONFLICT (id) DO UPDATE SET body = excluded.body, kids = excluded.kids",
	    err);

	sql_put_int(&query, (int64_t)id);
	sql_put_bytes(&query, body);
	sql_put_bytes(&query, kids);
	return sql_run(&query);
}

static enum err_code
erase_node(void *context, uint64_t id, struct err *err)
{
	const struct store *store = context;
	SQL_QUERY query = sql_query(store->sql, "nodes", "DELETE FROM nodes WHERE id = ?", err);

	sql_put_int(&query, (int64_t)id);
	return sql_run(&query);
}

static enum err_code
reserve_node(void *context, uint64_t *ret_id, struct err *err)
{
	struct store *store = context;

	if (store->next_node == 0) {
		SQL_QUERY query = sql_query(store->sql, "nodes",
		    "SELECT coalesce(max(id), 1) + 1 FROM nodes", err);
		int64_t next;

		TRY(sql_one_int(&query, "id", TREE_ROOT_ID + 1, INT64_MAX - UINT32_MAX, &next));
		store->next_node = (uint64_t)next;
	}
	*ret_id = store->next_node++;
	return ERR_OK;
}

struct tree_nodes
store_nodes(struct store *store)
{
	return (struct tree_nodes){.read = read_node,
	    .write = write_node,
	    .erase = erase_node,
	    .reserve = reserve_node,
	    .context = store,
	    .known = store->known};
}
