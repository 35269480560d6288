/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/log.h"

#include <inttypes.h>

#include "vault/store/anchored.h"
#include "vault/store/inside.h"
#include "vault/store/log_hash.h"
#include "vault/store/roots.h"
#include "vault/store/rows.h"
#include "vault/store/state.h"

enum {
	LEAVES_AT_ONCE = 2000 /* a tenth of a second */,
	LEAVES_TRIED = 64 /* for a text */
};

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
		return err_set(err, ERR_INTEGRITY,
		    "the log lacks leaf %" PRIu64 ": somebody removed it", index);
	}
	sql_get_bytes(&query, "data", 0, TLOG_LEAF_MAX, ret_data);
	return sql_end(&query);
}

static enum err_code
prove_leaf(struct store *store, const struct anchor_state *state, uint64_t index, struct view data,
    struct err *err)
{
	struct digest hash, proof[TLOG_PROOF_MAX];
	size_t count;
	TRY(tlog_leaf_hash(data, &hash, err));
	TRY(tlog_prove_inclusion(index, state->size, store_log_fetch, store, proof, &count, err));
	if (tlog_verify_inclusion(index, state->size, &hash, proof, count, &state->log_root, err) !=
	    ERR_OK)
		return err_add(err,
		    "leaf %" PRIu64
		    " of the log is not the one that was logged, or its hashes were changed",
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
	TRY(prove_leaf(store, &store->now, index, buf_view(&data), err));
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
prove_continues(struct store *store, uint64_t old, struct digest *ret_root,
    struct digest proof[TLOG_PROOF_MAX], size_t *ret_count, struct err *err)
{
	const struct anchor_state *now = &store->now;
	TRY(store_log_root(store, old, ret_root, err));
	*ret_count = 0;
	if (old == 0)
		return ERR_OK;
	if (old < now->size)
		TRY(tlog_prove_consistency(old, now->size, store_log_fetch, store, proof, ret_count,
		    err));
	if (tlog_verify_consistency(old, now->size, ret_root, &now->log_root, proof, *ret_count,
	        err) != ERR_OK)
		return err_set(err, ERR_INTEGRITY,
		    "the log was changed: its hashes are not those of the root that the vault's anchor has");
	return ERR_OK;
}

enum err_code
store_log_continues(struct store *store, uint64_t old, struct digest *ret_root,
    struct digest ret_proof[TLOG_PROOF_MAX], size_t *ret_count, struct err *err)
{
	SQL_SCOPE scope = {0};
	TRY(sql_enter(store->sql, &scope, err));
	TRY(store_anchored(store, err));
	if (old > store->now.size)
		return err_set(err, ERR_INTERNAL, "the log does not have %" PRIu64 " leaves", old);
	return prove_continues(store, old, ret_root, ret_proof, ret_count, err);
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
	if (store->now.size == 0)
		TRY(store_keep_roots(store, err));
	TRY(state_apply_for(store, NULL, err));
	TRY(tlog_leaf_hash(data, &hash, err));
	uint64_t before = store->leaves;
	store->leaves = 0; /* half a leaf counts as none, and makes none of those before it */
	TRY(append(store, data, &hash, err));
	store->leaves = before + 1;
	store->logged = state_changes(store);
	*ret_index = store->now.size++;
	return ERR_OK;
}

static enum err_code
find_proven(struct store *store, const struct anchor_state *state, uint64_t *ret_index,
    struct buf *ret_data, struct err *err)
{
	for (uint64_t i = state->size; i > 0 && state->size - i < LEAVES_TRIED; i--) {
		BUF data = {0};
		if (read_leaf(store, i - 1, &data, err) != ERR_OK ||
		    prove_leaf(store, state, i - 1, buf_view(&data), err) != ERR_OK)
			continue;
		buf_bytes(ret_data, buf_view(&data));
		*ret_index = i - 1;
		return buf_check(ret_data, err);
	}
	return err_set(err, ERR_NOT_FOUND, "no leaf of the log is shown to be the vault's");
}

enum err_code
store_log_proven(struct store *store, uint64_t *ret_index, struct buf *ret_data, struct err *err)
{
	SQL_SCOPE scope = {0};
	struct anchor_slot slot;
	TRY(sql_enter(store->sql, &scope, err));
	TRY(anchor_read(store->anchor, &slot, err));
	if (find_proven(store, &slot.to, ret_index, ret_data, err) == ERR_OK)
		return ERR_OK;
	/* Who wrote TO may have died before he committed. */
	return find_proven(store, &slot.from, ret_index, ret_data, err);
}

/* One pass over leaves and hashes. */
struct recompute {
	const struct store_log_visitor *visitor;
	struct sql_query *leaves, *hashes; /* of the transaction */
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
		return err_set(err, ERR_INTEGRITY,
		    "the log lacks the hash %u/%" PRIu64 ": somebody removed it", level, index);
	}
	int64_t position = sql_get_int(pass->hashes, "position", 0, INT64_MAX);
	store_get_digest(pass->hashes, "hash", &stored);
	TRY(sql_end(pass->hashes));
	if (position != expected)
		return err_set(err, ERR_INTEGRITY,
		    "the log lacks the hash %u/%" PRIu64 ": somebody removed it", level, index);
	if (!digest_equal(&stored, hash))
		return err_set(err, ERR_INTEGRITY,
		    "the log's hash %u/%" PRIu64
		    " is not that of its leaves: leaves or hashes were changed",
		    level, index);
	return ERR_OK;
}

static enum err_code
check_leaf(struct recompute *pass, struct buf *data, struct err *err)
{
	const struct store_log_visitor *visitor = pass->visitor;
	uint64_t index = pass->frontier.size;
	struct digest hash;
	data->size = 0;
	int64_t position = -1;
	if (sql_next(pass->leaves))
		position = sql_get_int(pass->leaves, "position", 0, INT64_MAX);
	TRY(sql_end(pass->leaves));
	if (position != (int64_t)index)
		return err_set(err, ERR_INTEGRITY,
		    "the log lacks leaf %" PRIu64 ": somebody removed it", index);
	sql_get_bytes(pass->leaves, "data", 0, TLOG_LEAF_MAX, data);
	TRY(sql_end(pass->leaves));
	TRY(tlog_leaf_hash(buf_view(data), &hash, err));
	TRY(tlog_append(&pass->frontier, &hash, compare_hash, pass, err));
	if (visitor->leaf == NULL)
		return ERR_OK;
	return visitor->leaf(visitor->context, index, buf_view(data), err);
}

static enum err_code
check_end(struct store *store, struct recompute *pass, struct err *err)
{
	const struct store_log_visitor *visitor = pass->visitor;
	struct digest root;
	if (sql_next(pass->leaves))
		return err_set(err, ERR_INTEGRITY,
		    "the log has leaves that have no place in it: somebody wrote there");
	TRY(sql_end(pass->leaves));
	if (sql_next(pass->hashes))
		return err_set(err, ERR_INTEGRITY,
		    "the log has hashes of leaves that are not there: somebody wrote there");
	TRY(sql_end(pass->hashes));
	TRY(tlog_frontier_root(&pass->frontier, &root, err));
	/* Somebody who changes both makes them agree. */
	TRY(store_check_root(store, &root, err));
	return visitor->end != NULL ? visitor->end(visitor->context, err) : ERR_OK;
}

/* The first row of a table of the log from which PASS goes on: at the start the very first, whatever its position. */
static int64_t
start_of(const struct recompute *pass, bool of_hashes)
{
	int64_t position = (int64_t)pass->frontier.size;
	if (pass->frontier.size == 0)
		return INT64_MIN;
	if (of_hashes && !log_hash_position(0, pass->frontier.size, &position))
		return INT64_MAX;
	return position;
}

/* Within one transaction. */
static enum err_code
recompute_some(struct store *store, struct recompute *pass, uint64_t *ret_size, struct err *err)
{
	SQL_SCOPE scope = {0};
	BUF data = {0};
	TRY(sql_enter(store->sql, &scope, err));
	SQL_QUERY hashes = sql_query(store->sql, "log_hash",
	    "SELECT position, hash FROM log_hash WHERE position >= ? ORDER BY position", err);
	SQL_QUERY leaves = sql_query(store->sql, "log_leaf",
	    "SELECT position, data FROM log_leaf WHERE position >= ? ORDER BY position", err);
	TRY(store_anchored(store, err));
	*ret_size = store->base.size;
	sql_put_int(&hashes, start_of(pass, true));
	sql_put_int(&leaves, start_of(pass, false));
	pass->hashes = &hashes;
	pass->leaves = &leaves;
	for (size_t i = 0; i < LEAVES_AT_ONCE && pass->frontier.size < *ret_size; i++)
		TRY(check_leaf(pass, &data, err));
	return pass->frontier.size == *ret_size ? check_end(store, pass, err) : ERR_OK;
}

enum err_code
store_log_recompute(struct store *store, const struct store_log_visitor *visitor, struct err *err)
{
	static const struct store_log_visitor nobody;
	struct recompute pass = {.visitor = visitor != NULL ? visitor : &nobody};
	uint64_t size = 0;
	do {
		TRY(recompute_some(store, &pass, &size, err));
		if (pass.visitor->progress != NULL)
			pass.visitor->progress(pass.visitor->context, pass.frontier.size, size);
	} while (pass.frontier.size < size);
	return ERR_OK;
}
