/* SPDX-License-Identifier: Apache-2.0 */
/* What a row may look like tree_read says; here all of them are read. */
#include "vault/log/tree_verify.h"

enum { PROGRESS_CELLS = 10000 };

struct pass {
	const struct tree_nodes *nodes;
	void (*progress)(void *context, uint64_t done, uint64_t cells);
	void *context;
	struct tree_totals totals;
	uint64_t cells; /* as the root counts them */
};

static void
count_bucket(struct pass *pass, size_t count)
{
	uint64_t before = pass->totals.cells / PROGRESS_CELLS;

	pass->totals.cells += count;
	if (pass->progress != NULL && pass->totals.cells / PROGRESS_CELLS != before)
		pass->progress(pass->context, pass->totals.cells, pass->cells);
}

static enum err_code
verify_at(struct pass *pass, const struct tree_place *place, struct err *err)
{
	struct tree_node node;

	if (place->cells == 0)
		return ERR_OK;
	TRY(tree_read(pass->nodes, place, &node, err));
	pass->totals.rows++;
	if (node.is_bucket) {
		count_bucket(pass, node.bucket.count);
		return ERR_OK;
	}
	if (place->cells == TREE_ANY)
		pass->cells = node.fork.cells;
	for (unsigned nibble = 0; nibble < TREE_FORK_MAX; nibble++) {
		const struct tree_place child = tree_child_place(&node.fork, nibble);
		TRY(verify_at(pass, &child, err));
	}
	return ERR_OK;
}

enum err_code
tree_verify(const struct tree_nodes *nodes, const struct digest *root,
    void (*progress)(void *context, uint64_t done, uint64_t cells), void *context,
    struct tree_totals *ret_totals, struct err *err)
{
	const struct tree_place place = tree_root_place(root);
	struct pass pass = {.nodes = nodes, .progress = progress, .context = context};

	TRY(verify_at(&pass, &place, err));
	*ret_totals = pass.totals;
	return ERR_OK;
}
