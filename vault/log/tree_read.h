/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a row of the state tree: hash, compare, and only then parse.
 *
 * Within one transaction the same rows are met again and again: those near the root by each question, all
 * others by the change after the proof.  What was verified once may be remembered until the transaction ends;
 * who changes a row forgets it.
 */
#ifndef VAULT_LOG_TREE_READ_H
#define VAULT_LOG_TREE_READ_H

#include "vault/log/tree_node.h"

/* ERR_INTEGRITY when it is not what PLACE says. */
enum err_code tree_read(const struct tree_nodes *nodes, const struct tree_place *place,
    struct tree_node *ret_node, struct err *err) MUST_CHECK;

/* Some 270 KB: the rows that were verified last, by their ids; nothing at first. */
enum err_code tree_known_new(struct tree_known **ret_known, struct err *err) MUST_CHECK;
void tree_known_free(struct tree_known *known); /* accepts NULL */
/* Another transaction begins; the row ID is written or erased.  Both accept NULL. */
void tree_known_clear(struct tree_known *known);
void tree_known_drop(struct tree_known *known, uint64_t id);

#endif
