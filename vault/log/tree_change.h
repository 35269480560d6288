/* SPDX-License-Identifier: Apache-2.0 */
/* Changing the state tree: all the cells of a transaction at once, before it is committed. */
#ifndef VAULT_LOG_TREE_CHANGE_H
#define VAULT_LOG_TREE_CHANGE_H

#include "vault/log/tree_node.h"

enum { TREE_CHANGES_MAX = INT32_MAX };

struct tree_change {
	struct tree_key key;
	bool had, has;          /* a cell before, a cell after */
	struct digest old, now; /* its value where it has one */
};

/*
 * Sorts CHANGES, verifies each row that it meets and each old value, and writes what became of them.
 * The new root depends on the set of cells alone, whatever their history.  A change that is none (the same
 * before and after) is verified, and writes nothing.  No change at all: RET_ROOT is ROOT, and nothing is
 * read.  RET_ROOT may be ROOT.
 *
 * ERR_INTEGRITY: a row does not match, or a cell was not as OLD says; it says what was met.
 * ERR_INTERNAL: two changes of one key.  ERR_REFUSED: more than UINT32_MAX cells, or TREE_CHANGES_MAX changes.  ERR_MEMORY; errors of
 * NODES are handed on.  After an error rows may be half written: roll back.
 */
enum err_code tree_apply(const struct tree_nodes *nodes, const struct digest *root,
    struct tree_change *changes, size_t count, struct digest *ret_root, struct err *err) MUST_CHECK;

#endif
