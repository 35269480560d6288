/* SPDX-License-Identifier: Apache-2.0 */
/* The log: its leaves (vault/log/tlog.h), shown to be in the log that the anchor knows. */
#ifndef VAULT_STORE_LOG_H
#define VAULT_STORE_LOG_H

#include "vault/log/tlog.h"
#include "vault/store/store.h"

enum err_code store_append_leaf(struct store *store, struct view data, uint64_t *ret_index,
    struct err *err) MUST_CHECK; /* inside begin..commit; at most TLOG_LEAF_MAX bytes */
enum err_code store_log_size(struct store *store, uint64_t *ret_size, struct err *err) MUST_CHECK;
/* Size and root, as the anchor has them and the hashes give them. */
enum err_code store_log_head(struct store *store, uint64_t *ret_size, struct digest *ret_root,
    struct err *err) MUST_CHECK;
/* The first OLD leaves, at most as many as there are: their root, and the proof that the log went on from them, of
 * no hashes where OLD is 0 or all. */
enum err_code store_log_continues(struct store *store, uint64_t old, struct digest *ret_root,
    struct digest ret_proof[TLOG_PROOF_MAX], size_t *ret_count, struct err *err) MUST_CHECK;
/* Shown to be in the log. */
enum err_code store_log_leaf(struct store *store, uint64_t index, struct buf *ret_data,
    struct err *err) MUST_CHECK;
/* For the text of an alarm, outside a transaction: the newest of the last leaves that is shown to be in the log of
 * which the anchor has the root, whatever else the database has.  ERR_NOT_FOUND: none is; also ERR_INTEGRITY, ERR_IO:
 * then nothing is known. */
enum err_code store_log_proven(struct store *store, uint64_t *ret_index, struct buf *ret_data,
    struct err *err) MUST_CHECK;
/* Who goes through the whole log; each call may be NULL. */
struct store_log_visitor {
	/* Leaf INDEX, in order from 0 on: its hash is right. */
	enum err_code (*leaf)(void *context, uint64_t index, struct view data, struct err *err);
	/* After the last one, in the same transaction: it is the log that the anchor knows. */
	enum err_code (*end)(void *context, struct err *err);
	/* Now and then, between transactions. */
	void (*progress)(void *context, uint64_t done, uint64_t size);
	void *context;
};
/* Recompute every stored hash from the leaves, and compare the root with the anchor's.  ERR_INTEGRITY names
 * the first that differs; VISITOR may be NULL.  Where no transaction is open it takes several, so that nobody's
 * commit waits for long; what is appended meanwhile is seen too. */
enum err_code store_log_recompute(struct store *store, const struct store_log_visitor *visitor,
    struct err *err) MUST_CHECK;

#endif
