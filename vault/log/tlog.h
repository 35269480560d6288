/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Merkle tree of RFC 6962 / RFC 9162: leaf = SHA-256(00 || data), node = SHA-256(01 || left ||
 * right), the empty tree = SHA-256("").  Pure functions; hashes are fetched through a callback,
 * so that appending and proving cost O(log n) whatever the size.
 *
 * Stored hashes: (level, index) is the hash of the complete subtree of 2^level leaves that begins
 * at leaf index * 2^level.  They never change once written.
 */
#ifndef VAULT_LOG_TLOG_H
#define VAULT_LOG_TLOG_H

#include "base/crypto.h"

enum { TLOG_LEAF_MAX = 65535, TLOG_PROOF_MAX = 64, TLOG_LEVELS = 63 };

/* Read the stored hash (level, index).  ERR_INTEGRITY when it is missing. */
typedef enum err_code (*tlog_fetch)(void *context, unsigned level, uint64_t index,
    struct digest *ret_hash, struct err *err);
/* Store a newly completed hash. */
typedef enum err_code (*tlog_store)(void *context, unsigned level, uint64_t index,
    const struct digest *hash, struct err *err);

enum err_code tlog_leaf_hash(struct view data, struct digest *ret_hash, struct err *err) MUST_CHECK;
enum err_code tlog_root(uint64_t size, tlog_fetch fetch, void *context, struct digest *ret_root,
    struct err *err) MUST_CHECK;
enum err_code tlog_prove_inclusion(uint64_t index, uint64_t size, tlog_fetch fetch, void *context,
    struct digest ret_proof[TLOG_PROOF_MAX], size_t *ret_count, struct err *err) MUST_CHECK;
/* 0 < OLD <= SIZE. */
enum err_code tlog_prove_consistency(uint64_t old, uint64_t size, tlog_fetch fetch, void *context,
    struct digest ret_proof[TLOG_PROOF_MAX], size_t *ret_count, struct err *err) MUST_CHECK;
/* RFC 9162 2.1.3.2 and 2.1.4.2.  ERR_INTEGRITY when the proof does not verify. */
enum err_code tlog_verify_inclusion(uint64_t index, uint64_t size, const struct digest *leaf_hash,
    const struct digest *proof, size_t count, const struct digest *root,
    struct err *err) MUST_CHECK;
enum err_code tlog_verify_consistency(uint64_t old, uint64_t size, const struct digest *old_root,
    const struct digest *root, const struct digest *proof, size_t count,
    struct err *err) MUST_CHECK;

/* What is needed of a log to go on with it: one hash for each of the complete subtrees side by side, as in a
 * binary counter.  {0} is the empty tree. */
struct tlog_frontier {
	struct digest levels[TLOG_LEVELS];
	uint64_t size;
};
/* That of the first SIZE leaves, by the stored hashes. */
enum err_code tlog_frontier_fetch(uint64_t size, tlog_fetch fetch, void *context,
    struct tlog_frontier *ret_frontier, struct err *err) MUST_CHECK;
/* The next leaf; STORE (may be NULL) is given every hash that it completes, the lower ones first. */
enum err_code tlog_append(struct tlog_frontier *frontier, const struct digest *leaf_hash,
    tlog_store store, void *context, struct err *err) MUST_CHECK;
enum err_code tlog_add(struct tlog_frontier *frontier, struct view leaf,
    struct err *err) MUST_CHECK;
enum err_code tlog_frontier_root(struct tlog_frontier *frontier, struct digest *ret_root,
    struct err *err) MUST_CHECK;

#endif
