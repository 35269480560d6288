/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/nodes.h"

#include "base/random.h"
#include "vault/store/inside.h"
#include "vault/store/sql_query.h"

#define IDS_IN_TURN (UINT64_C(1) << 62)

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
last_node(const struct store *store, uint64_t *ret_id, struct err *err)
{
	SQL_QUERY query =
	    sql_query(store->sql, "nodes", "SELECT coalesce(max(id), 1) FROM nodes", err);
	int64_t id;

	TRY(sql_one_int(&query, "id", INT64_MIN, INT64_MAX, &id));
	*ret_id = id > TREE_ROOT_ID ? (uint64_t)id : TREE_ROOT_ID;
	return ERR_OK;
}

static enum err_code
is_free(const struct store *store, uint64_t id, bool *ret_free, struct err *err)
{
	SQL_QUERY query =
	    sql_query(store->sql, "nodes", "SELECT count(*) FROM nodes WHERE id = ?", err);
	int64_t count;

	sql_put_int(&query, (int64_t)id);
	TRY(sql_one_int(&query, "id", 0, 1, &count));
	*ret_free = count == 0;
	return ERR_OK;
}

/* One of so many that it is met by none that is taken or was reserved in this transaction. */
static enum err_code
any_node(const struct store *store, uint64_t *ret_id, struct err *err)
{
	bool is_it = false;
	uint64_t id = 0;

	while (!is_it) {
		TRY(random_bytes(&id, sizeof(id), err));
		id = id % (IDS_IN_TURN - TREE_ROOT_ID - 1) + TREE_ROOT_ID + 1;
		TRY(is_free(store, id, &is_it, err));
	}
	*ret_id = id;
	return ERR_OK;
}

/* The next one.  No hash covers an id, so whoever can write the database may have moved a row to the last one
 * there is: then others do as well. */
static enum err_code
reserve_node(void *context, uint64_t *ret_id, struct err *err)
{
	struct store *store = context;

	if (store->next_node == 0) {
		uint64_t last;

		TRY(last_node(store, &last, err));
		store->next_node = last + 1;
	}
	if (store->next_node >= IDS_IN_TURN)
		return any_node(store, ret_id, err);
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
