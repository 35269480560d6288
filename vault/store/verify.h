/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that has authority, compared with the state tree, row by row and cell by cell. */
#ifndef VAULT_STORE_VERIFY_H
#define VAULT_STORE_VERIFY_H

#include "vault/store/store.h"

struct store_totals {
	uint64_t rows, cells;
};
/* The tree against its root, each row and each index cell against the tree, and that the tree has no others.
 * Where no transaction is open it takes several, so that nobody's commit waits for long, and memory for one row
 * at a time.  PROGRESS (may be NULL) is told now and then, between transactions, of ROWS. */
enum err_code store_verify_state(struct store *store,
    void (*progress)(void *context, uint64_t done, uint64_t rows), void *context,
    struct store_totals *ret_totals, struct err *err) MUST_CHECK;

#endif
