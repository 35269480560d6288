/* SPDX-License-Identifier: Apache-2.0 */
/* The whole state tree, row by row. */
#ifndef VAULT_LOG_TREE_VERIFY_H
#define VAULT_LOG_TREE_VERIFY_H

#include "vault/log/tree_node.h"

/* What the tree has: a table with other rows than these has some that belong to no cell. */
struct tree_totals {
	uint64_t rows, cells;
};

/*
 * Reads every row below ROOT, in the order of keys, one at a time, and verifies hashes, numbers of cells
 * and shape.  ERR_INTEGRITY names the first row that is wrong.
 */
enum err_code tree_verify(const struct tree_nodes *nodes, const struct digest *root,
    struct tree_totals *ret_totals, struct err *err) MUST_CHECK;

#endif
