/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hashes of complete subtrees, in the order in which it came.
 * The hash (level, index) is complete when leaf ((index + 1) << level) - 1 comes; before that leaf,
 * L, there are 2 L - popcount(L) hashes (tlog_append stores one for the leaf and one for each carry
 * of L), and those of lower levels come first:
 *
 *	leaf		0    1    1    2    3    3    3    4	...
 *	(level, index)	0,0  0,1  1,0  0,2  0,3  1,1  2,0  0,4	...
 *	position	0    1    2    3    4    5    6    7	...
 *
 * So the table grows at its end like that of the leaves, nothing is sorted, and verifying reads each once.
 */
#include "vault/store/log_hash.h"

#include <inttypes.h>

#include "vault/store/inside.h"
#include "vault/store/rows.h"

static uint64_t
hashes_before(uint64_t leaf)
{
	return 2 * leaf - (uint64_t)__builtin_popcountll(leaf);
}

/* SQLite's integers have 63 bits; false for a hash that no log of ours can have. */
bool
log_hash_position(unsigned level, uint64_t index, int64_t *ret_position)
{
	if (level >= TLOG_LEVELS || index >= (1ULL << 61) >> level)
		return false;
	uint64_t last_leaf = ((index + 1) << level) - 1;
	*ret_position = (int64_t)(hashes_before(last_leaf) + level);
	return true;
}

enum err_code
store_log_fetch(void *context, unsigned level, uint64_t index, struct digest *ret_hash,
    struct err *err)
{
	struct store *store = context;
	int64_t position;
	if (!log_hash_position(level, index, &position))
		return err_set(err, ERR_INTERNAL, "no log has a hash %u/%" PRIu64, level, index);
	SQL_QUERY query =
	    sql_query(store->sql, "log_hash", "SELECT hash FROM log_hash WHERE position = ?", err);
	sql_put_int(&query, position);
	if (sql_one(&query, "hash") == ERR_NOT_FOUND)
		return err_set(err, ERR_INTEGRITY,
		    "the log lacks the hash %u/%" PRIu64 ": somebody removed it", level, index);
	store_get_digest(&query, "hash", ret_hash);
	return sql_end(&query);
}

enum err_code
store_log_keep(void *context, unsigned level, uint64_t index, const struct digest *hash,
    struct err *err)
{
	struct store *store = context;
	int64_t position;
	if (!log_hash_position(level, index, &position))
		return err_set(err, ERR_INTERNAL, "the log is full");
	SQL_QUERY query = sql_query(store->sql, "log_hash",
	    "INSERT INTO log_hash (position, hash) VALUES (?, ?)", err);
	sql_put_int(&query, position);
	store_put_digest(&query, hash);
	enum err_code code = sql_run(&query);
	if (code == ERR_EXISTS) /* nobody of ours writes one before its leaf */
		return err_set(err, ERR_INTEGRITY,
		    "the log has the hash %u/%" PRIu64
		    " of leaves that are not there: somebody wrote there",
		    level, index);
	return code;
}

enum err_code
store_log_root(struct store *store, uint64_t size, struct digest *ret_root, struct err *err)
{
	return tlog_root(size, store_log_fetch, store, ret_root, err);
}
