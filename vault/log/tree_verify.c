/* SPDX-License-Identifier: Apache-2.0 */
/* What a row may look like tree_read says; here all of them are read. */
#include "vault/log/tree_verify.h"

#include "vault/log/tree_read.h"

static enum err_code
verify_at(const struct tree_nodes *nodes, const struct tree_place *place,
    struct tree_totals *totals, struct err *err)
{
	struct tree_node node;

	if (place->cells == 0)
		return ERR_OK;
	TRY(tree_read(nodes, place, &node, err));
	totals->rows++;
	if (node.is_bucket) {
		totals->cells += node.bucket.count;
		return ERR_OK;
	}
	for (unsigned nibble = 0; nibble < TREE_FORK_MAX; nibble++) {
		const struct tree_place child = tree_child_place(&node.fork, nibble);
		TRY(verify_at(nodes, &child, totals, err));
	}
	return ERR_OK;
}

enum err_code
tree_verify(const struct tree_nodes *nodes, const struct digest *root,
    struct tree_totals *ret_totals, struct err *err)
{
	const struct tree_place place = tree_root_place(root);
	struct tree_totals totals = {0};

	TRY(verify_at(nodes, &place, &totals, err));
	*ret_totals = totals;
	return ERR_OK;
}
