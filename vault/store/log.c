/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/log.h"

#include <inttypes.h>

#include "vault/store/anchored.h"
#include "vault/store/inside.h"
#include "vault/store/log_hash.h"
#include "vault/store/rows.h"
#include "vault/store/state.h"

enum { PROGRESS_LEAVES = 10000 };

enum err_code
store_log_size(struct store *store, uint64_t *ret_size, struct err *err)
{
	SQL_SCOPE scope = {0};
	TRY(sql_enter(store->sql, &scope, err));
	TRY(store_anchored(store, err));
	*ret_size = store->now.size;
	return ERR_OK;
}

static enum err_code
read_leaf(struct store *store, uint64_t index, struct buf *ret_data, struct err *err)
{
	SQL_QUERY query =
	    sql_query(store->sql, "log_leaf", "SELECT data FROM log_leaf WHERE position = ?", err);
	sql_put_int(&query, (int64_t)index);
	if (!sql_next(&query)) {
		TRY(sql_end(&query));
		return err_set(err, ERR_INTEGRITY, "the log lacks leaf %" PRIu64, index);
	}
	sql_get_bytes(&query, "data", 0, TLOG_LEAF_MAX, ret_data);
	return sql_end(&query);
}

static enum err_code
prove_leaf(struct store *store, uint64_t index, struct view data, struct err *err)
{
	struct digest hash, proof[TLOG_PROOF_MAX];
	uint64_t size = store->now.size;
	size_t count;
	TRY(tlog_leaf_hash(data, &hash, err));
	TRY(tlog_prove_inclusion(index, size, store_log_fetch, store, proof, &count, err));
	if (tlog_verify_inclusion(index, size, &hash, proof, count, &store->now.log_root, err) !=
	    ERR_OK)
		return err_add(err, "leaf %" PRIu64 " of the log is not the one that was logged",
		    index);
	return ERR_OK;
}

enum err_code
store_log_leaf(struct store *store, uint64_t index, struct buf *ret_data, struct err *err)
{
	SQL_SCOPE scope = {0};
	BUF data = {0};
	TRY(sql_enter(store->sql, &scope, err));
	TRY(store_anchored(store, err));
	if (index >= store->now.size)
		return err_set(err, ERR_NOT_FOUND, "there is no such leaf in the log");
	TRY(read_leaf(store, index, &data, err));
	TRY(prove_leaf(store, index, buf_view(&data), err));
	buf_bytes(ret_data, buf_view(&data));
	return buf_check(ret_data, err);
}

enum err_code
store_log_head(struct store *store, uint64_t *ret_size, struct digest *ret_root, struct err *err)
{
	SQL_SCOPE scope = {0};
	TRY(sql_enter(store->sql, &scope, err));
	TRY(store_check_frontier(store, err));
	*ret_size = store->now.size;
	*ret_root = store->now.log_root;
	return ERR_OK;
}

static enum err_code
insert_leaf(struct store *store, uint64_t index, struct view data, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "log_leaf",
	    "INSERT INTO log_leaf (position, data) VALUES (?, ?)", err);
	sql_put_int(&query, (int64_t)index);
	sql_put_bytes(&query, data);
	return sql_run(&query);
}

static enum err_code
append(struct store *store, struct view data, const struct digest *hash, struct err *err)
{
	TRY(insert_leaf(store, store->now.size, data, err));
	TRY(tlog_append(&store->frontier, hash, store_log_keep, store, err));
	return tlog_frontier_root(&store->frontier, &store->now.log_root, err);
}

enum err_code
store_append_leaf(struct store *store, struct view data, uint64_t *ret_index, struct err *err)
{
	struct digest hash;
	TRY(store_check_frontier(store, err));
	TRY(state_apply(store, &store->logged, err));
	TRY(tlog_leaf_hash(data, &hash, err));
	uint64_t before = store->leaves;
	store->leaves = 0; /* half a leaf counts as none, and makes none of those before it */
	TRY(append(store, data, &hash, err));
	store->leaves = before + 1;
	*ret_index = store->now.size++;
	return ERR_OK;
}

enum err_code
store_log_end(struct store *store, uint64_t *ret_index, struct buf *ret_data, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "log_leaf",
	    "SELECT position, data FROM log_leaf ORDER BY position DESC LIMIT 1", err);
	TRY(sql_one(&query, "leaf"));
	int64_t index = sql_get_int(&query, "position", 0, INT64_MAX);
	sql_get_bytes(&query, "data", 0, TLOG_LEAF_MAX, ret_data);
	TRY(sql_end(&query));
	*ret_index = (uint64_t)index;
	return ERR_OK;
}

/* One pass over leaves and hashes. */
struct recompute {
	struct sql_query *hashes;
	struct tlog_frontier frontier;
};

/* The stored hash that comes next must stand at its place and be HASH. */
static enum err_code
compare_hash(void *context, unsigned level, uint64_t index, const struct digest *hash,
    struct err *err)
{
	struct recompute *pass = context;
	struct digest stored = {{0}};
	int64_t expected = 0;
	if (!log_hash_position(level, index, &expected))
		return err_set(err, ERR_INTEGRITY,
		    "log_leaf.position in the database is out of range");
	if (!sql_next(pass->hashes)) {
		TRY(sql_end(pass->hashes));
		return err_set(err, ERR_INTEGRITY, "the log lacks the hash %u/%" PRIu64, level,
		    index);
	}
	int64_t position = sql_get_int(pass->hashes, "position", 0, INT64_MAX);
	store_get_digest(pass->hashes, "hash", &stored);
	TRY(sql_end(pass->hashes));
	if (position != expected)
		return err_set(err, ERR_INTEGRITY, "the log lacks the hash %u/%" PRIu64, level,
		    index);
	if (!digest_equal(&stored, hash))
		return err_set(err, ERR_INTEGRITY,
		    "the log's hash %u/%" PRIu64
		    " is not that of its leaves: leaves or hashes were changed",
		    level, index);
	return ERR_OK;
}

static enum err_code
check_leaf(struct recompute *pass, struct sql_query *leaves, uint64_t index, struct buf *data,
    struct err *err)
{
	struct digest hash;
	data->size = 0;
	uint64_t position = (uint64_t)sql_get_int(leaves, "position", 0, INT64_MAX);
	sql_get_bytes(leaves, "data", 0, TLOG_LEAF_MAX, data);
	TRY(sql_end(leaves));
	if (position != index)
		return err_set(err, ERR_INTEGRITY, "the log lacks leaf %" PRIu64, index);
	TRY(tlog_leaf_hash(buf_view(data), &hash, err));
	return tlog_append(&pass->frontier, &hash, compare_hash, pass, err);
}

static enum err_code
recompute(struct store *store, uint64_t size,
    void (*progress)(void *context, uint64_t done, uint64_t size), void *context, struct err *err)
{
	SQL_QUERY hashes = sql_query(store->sql, "log_hash",
	    "SELECT position, hash FROM log_hash ORDER BY position", err);
	SQL_QUERY leaves = sql_query(store->sql, "log_leaf",
	    "SELECT position, data FROM log_leaf ORDER BY position", err);
	BUF data = {0};
	struct recompute pass = {.hashes = &hashes};
	uint64_t done = 0;
	while (sql_next(&leaves)) {
		TRY(check_leaf(&pass, &leaves, done++, &data, err));
		if (progress != NULL && done % PROGRESS_LEAVES == 0)
			progress(context, done, size);
	}
	TRY(sql_end(&leaves));
	if (sql_next(&hashes))
		return err_set(err, ERR_INTEGRITY,
		    "the log has hashes of leaves that are not there");
	return sql_end(&hashes);
}

enum err_code
store_log_recompute(struct store *store,
    void (*progress)(void *context, uint64_t done, uint64_t size), void *context, struct err *err)
{
	SQL_SCOPE scope = {0};
	TRY(sql_enter(store->sql, &scope, err));
	TRY(store_anchored(store, err));
	TRY(recompute(store, store->base.size, progress, context, err));
	/* Somebody who changes both makes them agree. */
	return store_check_frontier(store, err);
}
