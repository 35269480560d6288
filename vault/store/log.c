/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log's leaves, and the hashes of its complete subtrees, each in the order in which it came.
 * The hash (level, index) is complete when leaf ((index + 1) << level) - 1 comes; before that leaf,
 * L, there are 2 L - popcount(L) hashes (tlog_append stores one for the leaf and one for each carry
 * of L), and those of lower levels come first:
 *
 *	leaf		0    1    1    2    3    3    3    4	...
 *	(level, index)	0,0  0,1  1,0  0,2  0,3  1,1  2,0  0,4	...
 *	position	0    1    2    3    4    5    6    7	...
 *
 * So both tables grow at their ends, nothing is sorted, and verifying reads each once.
 */
#include "vault/store/log.h"

#include <inttypes.h>

#include "vault/store/anchored.h"
#include "vault/store/inside.h"
#include "vault/store/rows.h"
#include "vault/store/state.h"

enum { PROGRESS_LEAVES = 10000 };

static uint64_t
hashes_before(uint64_t leaf)
{
	return 2 * leaf - (uint64_t)__builtin_popcountll(leaf);
}

/* SQLite's integers have 63 bits; false for a hash that no log of ours can have. */
static bool
find_position(unsigned level, uint64_t index, int64_t *ret_position)
{
	if (level >= TLOG_LEVELS || index >= (1ULL << 61) >> level)
		return false;
	uint64_t last_leaf = ((index + 1) << level) - 1;
	*ret_position = (int64_t)(hashes_before(last_leaf) + level);
	return true;
}

enum err_code
store_log_size(struct store *store, uint64_t *ret_size, struct err *err)
{
	SQL_SCOPE scope = {0};
	TRY(sql_enter(store->sql, &scope, err));
	TRY(store_anchored(store, err));
	*ret_size = store->now.size;
	return ERR_OK;
}

enum err_code
store_log_fetch(void *context, unsigned level, uint64_t index, struct digest *ret_hash,
    struct err *err)
{
	struct store *store = context;
	int64_t position;
	if (!find_position(level, index, &position))
		return err_set(err, ERR_INTERNAL, "no log has a hash %u/%" PRIu64, level, index);
	SQL_QUERY query =
	    sql_query(store->sql, "log_hash", "SELECT hash FROM log_hash WHERE position = ?", err);
	sql_put_int(&query, position);
	if (sql_one(&query, "hash") == ERR_NOT_FOUND)
		return err_set(err, ERR_INTEGRITY, "the log lacks the hash %u/%" PRIu64, level,
		    index);
	store_get_digest(&query, "hash", ret_hash);
	return sql_end(&query);
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

/* What stands where the next row goes was not put there by us. */
static enum err_code
add_row(struct sql_query *query)
{
	enum err_code code = sql_run(query, NULL);
	if (code == ERR_EXISTS)
		return err_set(query->err, ERR_INTEGRITY,
		    "the log has a row in %s where its next one goes: somebody wrote there",
		    query->table);
	return code;
}

static enum err_code
store_hash(void *context, unsigned level, uint64_t index, const struct digest *hash,
    struct err *err)
{
	struct store *store = context;
	int64_t position;
	if (!find_position(level, index, &position))
		return err_set(err, ERR_INTERNAL, "the log is full");
	SQL_QUERY query = sql_query(store->sql, "log_hash",
	    "INSERT INTO log_hash (position, hash) VALUES (?, ?)", err);
	sql_put_int(&query, position);
	store_put_digest(&query, hash);
	return add_row(&query);
}

static enum err_code
insert_leaf(struct store *store, uint64_t index, struct view data, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "log_leaf",
	    "INSERT INTO log_leaf (position, data) VALUES (?, ?)", err);
	sql_put_int(&query, (int64_t)index);
	sql_put_bytes(&query, data);
	return add_row(&query);
}

enum err_code
store_append_leaf(struct store *store, struct view data, uint64_t *ret_index, struct err *err)
{
	struct digest hash;
	TRY(state_apply(store, &store->logged, err));
	uint64_t size = store->now.size;
	TRY(tlog_leaf_hash(data, &hash, err));
	TRY(insert_leaf(store, size, data, err));
	TRY(tlog_append(size, &hash, store_log_fetch, store_hash, store, err));
	TRY(store_log_root(store, size + 1, &store->now.log_root, err));
	store->now.size++;
	store->leaves++;
	*ret_index = size;
	return ERR_OK;
}

enum err_code
store_log_root(struct store *store, uint64_t size, struct digest *ret_root, struct err *err)
{
	return tlog_root(size, store_log_fetch, store, ret_root, err);
}

/* One pass: the hashes of the left subtrees that still wait for their right ones, by level. */
struct recompute {
	struct sql_query *hashes;
	struct digest waiting[TLOG_LEVELS];
};

static enum err_code
read_hash(void *context, unsigned level, uint64_t index, struct digest *ret_hash, struct err *err)
{
	const struct recompute *pass = context;
	(void)index, (void)err;
	*ret_hash = pass->waiting[level];
	return ERR_OK;
}

/* The stored hash that comes next must stand at its place and be HASH. */
static enum err_code
compare_hash(void *context, unsigned level, uint64_t index, const struct digest *hash,
    struct err *err)
{
	struct recompute *pass = context;
	struct digest stored = {{0}};
	int64_t expected = 0;
	if (!find_position(level, index, &expected))
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
	if ((index & 1) == 0)
		pass->waiting[level] = *hash;
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
	return tlog_append(index, &hash, read_hash, compare_hash, pass, err);
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
	uint64_t size;
	TRY(store_log_size(store, &size, err));
	return recompute(store, size, progress, context, err);
}
