/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a transaction stands by the anchor, and its commit (docs/DESIGN.md, "The anchor"):
 *
 *	read the database, then the slots: it is at FROM or at TO, else it is an alarm;
 *	write {R,S} | COMMIT | write {S,S}	-- and {R,R} when the commit failed and the disk did not
 */
#ifndef VAULT_STORE_ANCHORED_H
#define VAULT_STORE_ANCHORED_H

#include "base/crypto.h"
#include "base/file_lock.h"

struct store;

/* Within a transaction: finds store->base once.  ERR_INTEGRITY: an older database, or another one. */
enum err_code store_anchored(struct store *store, struct err *err) MUST_CHECK;
/* The same for whoever appends to the log: its hashes must fold to the anchored root. */
enum err_code store_check_frontier(struct store *store, struct err *err) MUST_CHECK;
/* Is ROOT that of the log where the transaction began?  ERR_INTEGRITY. */
enum err_code store_check_root(const struct store *store, const struct digest *root,
    struct err *err) MUST_CHECK;
/* Under the writer's lock, before anything is written: what a writer committed and did not live to settle lasts
 * from now on.  ERR_IO. */
enum err_code store_make_last(struct store *store, struct err *err) MUST_CHECK;
/* The writer's lock; ERR_BUSY names the holder. */
enum err_code store_lock(const struct store *store, struct file_lock **ret_lock,
    struct err *err) MUST_CHECK;
/* Commits what has changed, between two slots. */
enum err_code store_commit_anchored(struct store *store, struct err *err) MUST_CHECK;

#endif
