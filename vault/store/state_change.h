/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state tree as a transaction leaves it so far.  A change needs no call: every row that SQL adds, changes or
 * removes is seen as it was and as it is, and at state_apply the tree must have known it as it was.  For
 * vault/store/ alone.
 *
 * ERR_INTEGRITY of every call: the database is not as the vault left it; it says which row.
 */
#ifndef VAULT_STORE_STATE_CHANGE_H
#define VAULT_STORE_STATE_CHANGE_H

#include "vault/log/tree_node.h"
#include "vault/store/cells.h"

struct store;

/* After the database was opened. */
void state_watch(struct store *store);
/* What changed since the transaction began becomes part of the tree; RET_ROOT is its new root. */
enum err_code state_apply(struct store *store, struct digest *ret_root, struct err *err) MUST_CHECK;
/* Is anything changed that was not applied? */
bool state_is_changed(const struct store *store);
void state_forget(struct store *store); /* the transaction is over */

/* The cell KEY, with what was changed and not applied yet; RET_VALUE is set when there is one. */
enum err_code state_find(struct store *store, const struct tree_key *key, bool *ret_has,
    struct digest *ret_value, struct err *err) MUST_CHECK;
/* How many cells RANGE has, in the same way. */
enum err_code state_count_in(struct store *store, const struct tree_range *range,
    uint64_t *ret_count, struct err *err) MUST_CHECK;
/* Of the change of TABLE that ended just now, no row lies outside RANGE. */
enum err_code state_check_changed(const struct store *store, const struct table *table,
    const struct tree_range *range, struct err *err) MUST_CHECK;

/* ERR_INTEGRITY: a row of TABLE was MET. */
enum err_code state_alarm(const struct table *table, const char *met, struct err *err) MUST_CHECK;

#endif
