/* SPDX-License-Identifier: Apache-2.0 */
/* The hashes of the log's complete subtrees (vault/log/tlog.h); nothing here is compared with the anchor. */
#ifndef VAULT_STORE_LOG_HASH_H
#define VAULT_STORE_LOG_HASH_H

#include <stdbool.h>

#include "vault/log/tlog.h"

struct store;

/* Where the hash stands among all, from 0 on; false for one that no log of ours can have. */
bool log_hash_position(unsigned level, uint64_t index, int64_t *ret_position);
/* tlog_fetch and tlog_store over the stored hashes; CONTEXT is the store. */
enum err_code store_log_fetch(void *context, unsigned level, uint64_t index,
    struct digest *ret_hash, struct err *err) MUST_CHECK;
enum err_code store_log_keep(void *context, unsigned level, uint64_t index,
    const struct digest *hash, struct err *err) MUST_CHECK;
/* Of the first SIZE leaves, by the hashes. */
enum err_code store_log_root(struct store *store, uint64_t size, struct digest *ret_root,
    struct err *err) MUST_CHECK;

#endif
