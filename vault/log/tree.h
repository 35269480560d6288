/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the state tree with proof: a value, its absence, the size of a range, its cells in order.
 * Nothing is believed but ROOT: each row is hashed as it is stored and compared before it is parsed, on
 * the way down from the root.  What is answered is so for the set of cells that ROOT stands for, or the
 * answer is ERR_INTEGRITY, which names the row that does not match; errors of NODES are handed on.
 */
#ifndef VAULT_LOG_TREE_H
#define VAULT_LOG_TREE_H

#include "vault/log/tree_node.h"

/* RET_VALUE is untouched when KEY has no cell: then that is proven. */
enum err_code tree_get(const struct tree_nodes *nodes, const struct digest *root,
    const struct tree_key *key, bool *ret_has, struct digest *ret_value,
    struct err *err) MUST_CHECK;

/* How many cells RANGE has.  Of what lies wholly within it no row is read; of a prefix (tree_below) about as
 * many are as for one key, of another range twice that. */
enum err_code tree_count(const struct tree_nodes *nodes, const struct digest *root,
    const struct tree_range *range, uint64_t *ret_count, struct err *err) MUST_CHECK;

/* The first MAX cells of RANGE in the order of keys, of those after AFTER where it is not NULL.  Fewer than
 * MAX: there are no more. */
enum err_code tree_next(const struct tree_nodes *nodes, const struct digest *root,
    const struct tree_range *range, const struct tree_key *after, struct tree_cell *ret_cells,
    size_t max, size_t *ret_count, struct err *err) MUST_CHECK;
/* The last ones, the highest key first, of those before BEFORE where it is not NULL. */
enum err_code tree_previous(const struct tree_nodes *nodes, const struct digest *root,
    const struct tree_range *range, const struct tree_key *before, struct tree_cell *ret_cells,
    size_t max, size_t *ret_count, struct err *err) MUST_CHECK;

#endif
