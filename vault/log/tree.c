/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One way down for one key.  For a range, all ways down whose keys may lie in it; a count takes what lies
 * within it wholly from the fork above.
 */
#include "vault/log/tree.h"

#include <string.h>

#include "vault/log/tree_read.h"

/* The value of KEY in BUCKET, or NULL. */
static const struct digest *
value_in(const struct tree_bucket *bucket, const struct tree_key *key)
{
	for (size_t i = 0; i < bucket->count; i++) {
		if (tree_key_order(&bucket->cells[i].key, key) == 0)
			return &bucket->cells[i].value;
	}
	return NULL;
}

enum err_code
tree_get(const struct tree_nodes *nodes, const struct digest *root, const struct tree_key *key,
    bool *ret_has, struct digest *ret_value, struct err *err)
{
	struct tree_place place = tree_root_place(root);
	const struct digest *value = NULL;
	struct tree_node node;

	while (place.cells > 0) {
		TRY(tree_read(nodes, &place, &node, err));
		if (node.is_bucket) {
			value = value_in(&node.bucket, key);
			break;
		}
		if (!tree_is_below(&node.fork.prefix, key))
			break;
		place =
		    tree_child_place(&node.fork, tree_nibble(key->bytes, node.fork.prefix.nibbles));
	}
	*ret_has = value != NULL;
	if (value != NULL)
		*ret_value = *value;
	return ERR_OK;
}

/* ---- ranges ---- */

static bool
in_range(const struct tree_range *range, const struct tree_key *key)
{
	return tree_key_order(&range->from, key) <= 0 && tree_key_order(key, &range->to) <= 0;
}

/* The keys below PATH. */
static struct tree_range
span_of(const struct tree_path *path)
{
	struct tree_range span = tree_below(view_of(path->bytes, path->nibbles / 2));

	if (path->nibbles % 2 != 0) {
		span.from.bytes[path->nibbles / 2] = path->bytes[path->nibbles / 2];
		span.to.bytes[path->nibbles / 2] = path->bytes[path->nibbles / 2] | 0x0f;
	}
	return span;
}

static bool
are_apart(const struct tree_range *a, const struct tree_range *b)
{
	return tree_key_order(&a->to, &b->from) < 0 || tree_key_order(&b->to, &a->from) < 0;
}

static bool
is_within(const struct tree_range *inner, const struct tree_range *outer)
{
	return in_range(outer, &inner->from) && in_range(outer, &inner->to);
}

static uint64_t
count_in(const struct tree_bucket *bucket, const struct tree_range *range)
{
	uint64_t count = 0;

	for (size_t i = 0; i < bucket->count; i++)
		count += in_range(range, &bucket->cells[i].key);
	return count;
}

/* Adds to COUNT the cells at PLACE that are in RANGE. */
static enum err_code
count_at(const struct tree_nodes *nodes, const struct tree_place *place,
    const struct tree_range *range, uint64_t *count, struct err *err)
{
	const struct tree_range span = span_of(&place->path);
	struct tree_node node;

	if (place->cells == 0 || are_apart(&span, range))
		return ERR_OK;
	if (place->cells != TREE_ANY && is_within(&span, range)) {
		*count += place->cells;
		return ERR_OK;
	}
	TRY(tree_read(nodes, place, &node, err));
	if (node.is_bucket) {
		*count += count_in(&node.bucket, range);
		return ERR_OK;
	}
	for (unsigned nibble = 0; nibble < TREE_FORK_MAX; nibble++) {
		const struct tree_place child = tree_child_place(&node.fork, nibble);
		TRY(count_at(nodes, &child, range, count, err));
	}
	return ERR_OK;
}

enum err_code
tree_count(const struct tree_nodes *nodes, const struct digest *root,
    const struct tree_range *range, uint64_t *ret_count, struct err *err)
{
	const struct tree_place place = tree_root_place(root);
	uint64_t count = 0;

	TRY(count_at(nodes, &place, range, &count, err));
	*ret_count = count;
	return ERR_OK;
}

/* ---- lists ---- */

struct list {
	const struct tree_nodes *nodes;
	struct tree_range range;
	bool down; /* the highest key first */
	struct tree_cell *cells;
	size_t max, count;
};

static void
list_bucket(struct list *list, const struct tree_bucket *bucket)
{
	for (size_t i = 0; i < bucket->count && list->count < list->max; i++) {
		const struct tree_cell *cell =
		    &bucket->cells[list->down ? bucket->count - 1 - i : i];
		if (in_range(&list->range, &cell->key))
			list->cells[list->count++] = *cell;
	}
}

static enum err_code
list_at(struct list *list, const struct tree_place *place, struct err *err)
{
	const struct tree_range span = span_of(&place->path);
	struct tree_node node;

	if (place->cells == 0 || list->count == list->max || are_apart(&span, &list->range))
		return ERR_OK;
	TRY(tree_read(list->nodes, place, &node, err));
	if (node.is_bucket) {
		list_bucket(list, &node.bucket);
		return ERR_OK;
	}
	for (unsigned i = 0; i < TREE_FORK_MAX; i++) {
		const struct tree_place child =
		    tree_child_place(&node.fork, list->down ? TREE_FORK_MAX - 1 - i : i);
		TRY(list_at(list, &child, err));
	}
	return ERR_OK;
}

/* Add one to KEY, or take one away: false when there is no such key. */
static bool
step(struct tree_key *key, bool down)
{
	const uint8_t last = down ? 0x00 : 0xff;
	size_t at = TREE_KEY_SIZE;

	while (at > 0 && key->bytes[at - 1] == last)
		key->bytes[--at] = (uint8_t)~last;
	if (at == 0)
		return false;
	key->bytes[at - 1] = (uint8_t)(key->bytes[at - 1] + (down ? 0xff : 0x01));
	return true;
}

/* LIST begins behind the key BEHIND, where that is in its range: false when nothing is there. */
static bool
begin_behind(struct list *list, const struct tree_key *behind)
{
	struct tree_key *end = list->down ? &list->range.to : &list->range.from;
	struct tree_key next = *behind;

	if (!step(&next, list->down))
		return false;
	if ((tree_key_order(&next, end) > 0) != list->down)
		*end = next;
	return true;
}

static enum err_code
run_list(struct list *list, const struct digest *root, const struct tree_key *behind,
    size_t *ret_count, struct err *err)
{
	const struct tree_place place = tree_root_place(root);

	if (behind == NULL || begin_behind(list, behind))
		TRY(list_at(list, &place, err));
	*ret_count = list->count;
	return ERR_OK;
}

enum err_code
tree_next(const struct tree_nodes *nodes, const struct digest *root, const struct tree_range *range,
    const struct tree_key *after, struct tree_cell *ret_cells, size_t max, size_t *ret_count,
    struct err *err)
{
	struct list list = {.nodes = nodes, .range = *range, .cells = ret_cells, .max = max};

	return run_list(&list, root, after, ret_count, err);
}

enum err_code
tree_previous(const struct tree_nodes *nodes, const struct digest *root,
    const struct tree_range *range, const struct tree_key *before, struct tree_cell *ret_cells,
    size_t max, size_t *ret_count, struct err *err)
{
	struct list list = {.nodes = nodes,
	    .range = *range,
	    .down = true,
	    .cells = ret_cells,
	    .max = max};

	return run_list(&list, root, before, ret_count, err);
}
