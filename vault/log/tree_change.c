/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run of sorted changes goes down the tree; at each fork it parts by the next nibble.  Each place keeps
 * the id of its row while it has cells, so that the root keeps its own, and nobody above need know what
 * became of the row:
 *
 *	a bucket that grows above 32	becomes a fork, with rows for its children
 *	a key beside a fork's prefix	a shorter fork takes the row; the old one moves to a new row below
 *	a fork with one child left	the child, a fork itself, moves up into the row
 *	a fork with 32 cells left	gathers them: its children are buckets
 *
 * A fork is the same wherever it stands; a bucket's place is told by the fork above it, whose prefix never
 * changes: both move or stay without being made anew.  A row that moves is written twice at most, and
 * seldom.
 */
#include "vault/log/tree_change.h"

#include <stdlib.h>
#include <string.h>

#include "vault/log/tree_read.h"

/* Changes in the order of their keys. */
struct run {
	const struct tree_change *changes;
	size_t count;
};

DESTRUCTOR(cells_freep, struct tree_cell, free)

/* ---- rows ---- */

/* BODY becomes the row of PLACE, whose id is 0 when it has none yet. */
static enum err_code
write_row(const struct tree_nodes *nodes, struct tree_place *place, const struct buf *body,
    const struct buf *kids, uint64_t cells, struct err *err)
{
	TRY(buf_check(body, err));
	TRY(buf_check(kids, err));
	TRY(tree_hash(&place->path, buf_view(body), &place->hash, err));
	if (place->id == 0)
		TRY(nodes->reserve(nodes->context, &place->id, err));
	place->cells = cells;
	tree_known_drop(nodes->known, place->id);
	return nodes->write(nodes->context, place->id, buf_view(body), buf_view(kids), err);
}

static enum err_code
write_bucket(const struct tree_nodes *nodes, struct tree_place *place,
    const struct tree_cell *cells, size_t count, struct err *err)
{
	BUF body = {0};
	const struct buf no_kids = {0};

	tree_put_bucket(&body, &place->path, cells, count);
	return write_row(nodes, place, &body, &no_kids, count, err);
}

static enum err_code
write_fork(const struct tree_nodes *nodes, struct tree_place *place, const struct tree_fork *fork,
    struct err *err)
{
	BUF body = {0};
	BUF kids = {0};

	tree_put_fork(&body, &kids, fork);
	return write_row(nodes, place, &body, &kids, fork->cells, err);
}

/* No cells are left at PLACE. */
static enum err_code
clear(const struct tree_nodes *nodes, struct tree_place *place, struct err *err)
{
	if (place->cells > 0) {
		tree_known_drop(nodes->known, place->id);
		TRY(nodes->erase(nodes->context, place->id, err));
	}
	place->cells = 0;
	return ERR_OK;
}

static void
set_child(struct tree_fork *fork, unsigned nibble, const struct tree_place *place)
{
	fork->children[nibble] = (struct tree_child){
	    .id = place->id,
	    .hash = place->hash,
	    .cells = (uint32_t)place->cells,
	};
}

/* ---- building from cells ---- */

static enum err_code build(const struct tree_nodes *nodes, struct tree_place *place,
    const struct tree_cell *cells, size_t count, struct err *err);

/* How many of the COUNT cells, at least one, have the first one's nibble number AT. */
static size_t
alike(const struct tree_cell *cells, size_t count, size_t at)
{
	const unsigned nibble = tree_nibble(cells[0].key.bytes, at);
	size_t same = 1;

	while (same < count && tree_nibble(cells[same].key.bytes, at) == nibble)
		same++;
	return same;
}

static enum err_code
build_fork(const struct tree_nodes *nodes, struct tree_place *place, const struct tree_cell *cells,
    size_t count, struct err *err)
{
	const uint8_t *first = cells[0].key.bytes, *last = cells[count - 1].key.bytes;
	const size_t shared = tree_shared(first, last, TREE_NIBBLES);
	struct tree_fork fork = {.prefix = tree_path_of(first, shared), .cells = count};

	if (place->id == 0) /* before its children */
		TRY(nodes->reserve(nodes->context, &place->id, err));
	for (size_t at = 0, size = 0; at < count; at += size) {
		const unsigned nibble = tree_nibble(cells[at].key.bytes, shared);
		struct tree_place child = tree_child_place(&fork, nibble);
		size = alike(cells + at, count - at, shared);
		TRY(build(nodes, &child, cells + at, size, err));
		set_child(&fork, nibble, &child);
	}
	return write_fork(nodes, place, &fork, err);
}

/* COUNT cells, sorted, become all that is at PLACE. */
static enum err_code
build(const struct tree_nodes *nodes, struct tree_place *place, const struct tree_cell *cells,
    size_t count, struct err *err)
{
	if (count == 0)
		return clear(nodes, place, err);
	if (count <= TREE_BUCKET_MAX)
		return write_bucket(nodes, place, cells, count, err);
	return build_fork(nodes, place, cells, count, err);
}

/* ---- changing cells ---- */

/* MET is the value that the tree has for CHANGE's key, or NULL. */
static enum err_code
check_old(const struct tree_change *change, const struct digest *met, struct err *err)
{
	char key[TREE_KEY_TEXT];
	const char *fault = NULL;

	if (!change->had && met != NULL)
		fault = "is there and should not be";
	else if (change->had && met == NULL)
		fault = "is missing";
	else if (change->had && !digest_equal(&change->old, met))
		fault = "has another value";
	if (fault == NULL)
		return ERR_OK;
	tree_key_text(&change->key, key);
	return err_set(err, ERR_INTEGRITY, "cell %s of the state tree %s", key, fault);
}

/* What RUN makes of a bucket's COUNT cells; RET_CELLS has room for all. */
static enum err_code
merge(const struct tree_cell *cells, size_t count, struct run run, struct tree_cell *ret_cells,
    size_t *ret_count, struct err *err)
{
	size_t at = 0, merged = 0;

	for (size_t i = 0; i < run.count; i++) {
		const struct tree_change *change = &run.changes[i];
		while (at < count && tree_key_order(&cells[at].key, &change->key) < 0)
			ret_cells[merged++] = cells[at++];
		bool met = at < count && tree_key_order(&cells[at].key, &change->key) == 0;
		TRY(check_old(change, met ? &cells[at++].value : NULL, err));
		if (change->has)
			ret_cells[merged++] = (struct tree_cell){change->key, change->now};
	}
	while (at < count)
		ret_cells[merged++] = cells[at++];
	*ret_count = merged;
	return ERR_OK;
}

/* BUCKET stands at PLACE: none when it has no cells. */
static enum err_code
change_bucket(const struct tree_nodes *nodes, struct tree_place *place,
    const struct tree_bucket *bucket, struct run run, struct err *err)
{
	CLEANUP(cells_freep)
	struct tree_cell *cells = calloc(bucket->count + run.count, sizeof(*cells));
	size_t count = 0;

	if (cells == NULL)
		return err_set(err, ERR_MEMORY, "no memory for %zu cells",
		    bucket->count + run.count);
	TRY(merge(bucket->cells, bucket->count, run, cells, &count, err));
	if (count == bucket->count && memcmp(cells, bucket->cells, count * sizeof(*cells)) == 0)
		return ERR_OK;
	return build(nodes, place, cells, count, err);
}

/* ---- changing forks ---- */

static enum err_code change_at(const struct tree_nodes *nodes, struct tree_place *place,
    struct run run, struct err *err);

/* The 32 cells below FORK, or fewer, become the bucket of PLACE. */
static enum err_code
gather(const struct tree_nodes *nodes, struct tree_place *place, const struct tree_fork *fork,
    struct err *err)
{
	struct tree_bucket all = {.count = 0};
	struct tree_node node;

	for (unsigned nibble = 0; nibble < TREE_FORK_MAX; nibble++) {
		struct tree_place child = tree_child_place(fork, nibble);
		if (child.cells == 0)
			continue;
		TRY(tree_read(nodes, &child, &node, err)); /* so few cells are no fork */
		memcpy(all.cells + all.count, node.bucket.cells,
		    node.bucket.count * sizeof(*all.cells));
		all.count += node.bucket.count;
		TRY(clear(nodes, &child, err));
	}
	return write_bucket(nodes, place, all.cells, all.count, err);
}

/* The only child that is left takes PLACE: with more than 32 cells it is a fork. */
static enum err_code
move_up(const struct tree_nodes *nodes, struct tree_place *place, struct tree_place *child,
    struct err *err)
{
	struct tree_node node;

	TRY(tree_read(nodes, child, &node, err));
	TRY(clear(nodes, child, err));
	return write_fork(nodes, place, &node.fork, err);
}

/* FORK's children have changed. */
static enum err_code
settle(const struct tree_nodes *nodes, struct tree_place *place, struct tree_fork *fork,
    struct err *err)
{
	unsigned children = 0, last = 0;

	fork->cells = 0;
	for (unsigned nibble = 0; nibble < TREE_FORK_MAX; nibble++) {
		if (fork->children[nibble].cells == 0)
			continue;
		fork->cells += fork->children[nibble].cells;
		last = nibble;
		children++;
	}
	if (fork->cells == 0)
		return clear(nodes, place, err);
	if (fork->cells <= TREE_BUCKET_MAX)
		return gather(nodes, place, fork, err);
	if (fork->cells > UINT32_MAX)
		return err_set(err, ERR_REFUSED, "a state tree of more than 4,294,967,295 cells");
	if (children > 1)
		return write_fork(nodes, place, fork, err);
	struct tree_place child = tree_child_place(fork, last);
	return move_up(nodes, place, &child, err);
}

/* FORK moves to a row of its own below a new one, whose prefix has SHARED nibbles. */
static enum err_code
move_down(const struct tree_nodes *nodes, struct tree_fork *fork, size_t shared, struct err *err)
{
	const unsigned nibble = tree_nibble(fork->prefix.bytes, shared);
	struct tree_fork above = {.prefix = tree_path_of(fork->prefix.bytes, shared)};
	struct tree_place place = tree_child_place(&above, nibble);

	TRY(write_fork(nodes, &place, fork, err));
	set_child(&above, nibble, &place);
	*fork = above;
	return ERR_OK;
}

/* How many nibbles of PREFIX the cells that RUN leaves there have in common with it. */
static size_t
shared_by(const struct tree_path *prefix, struct run run)
{
	size_t shared = prefix->nibbles;

	for (size_t i = 0; i < run.count; i++) {
		if (run.changes[i].has)
			shared = tree_shared(prefix->bytes, run.changes[i].key.bytes, shared);
	}
	return shared;
}

/* How many changes of RUN, which is not empty, go where the first one goes: below one child of a fork with
 * PREFIX; or 0 when that one is not below it. */
static size_t
going_together(const struct tree_path *prefix, struct run run)
{
	struct tree_path path = tree_path_of(run.changes[0].key.bytes, prefix->nibbles + 1);
	size_t count = 0;

	if (!tree_is_below(prefix, &run.changes[0].key))
		return 0;
	while (count < run.count && tree_is_below(&path, &run.changes[count].key))
		count++;
	return count;
}

static enum err_code
change_child(const struct tree_nodes *nodes, struct tree_fork *fork, struct run run, bool *changed,
    struct err *err)
{
	const unsigned nibble = tree_nibble(run.changes[0].key.bytes, fork->prefix.nibbles);
	const struct tree_place before = tree_child_place(fork, nibble);
	struct tree_place child = before;

	TRY(change_at(nodes, &child, run, err));
	if (child.cells == before.cells && digest_equal(&child.hash, &before.hash))
		return ERR_OK;
	*changed = true;
	set_child(fork, nibble, &child);
	return ERR_OK;
}

static enum err_code
change_fork(const struct tree_nodes *nodes, struct tree_place *place, struct tree_fork *fork,
    struct run run, struct err *err)
{
	const size_t shared = shared_by(&fork->prefix, run);
	bool changed = false;

	if (shared < fork->prefix.nibbles)
		TRY(move_down(nodes, fork, shared, err));
	while (run.count > 0) {
		size_t count = going_together(&fork->prefix, run);
		if (count == 0) { /* beside the prefix, so there is no cell, and none comes */
			TRY(check_old(&run.changes[0], NULL, err));
			count = 1;
		} else {
			TRY(change_child(nodes, fork, (struct run){run.changes, count}, &changed,
			    err));
		}
		run = (struct run){run.changes + count, run.count - count};
	}
	return changed ? settle(nodes, place, fork, err) : ERR_OK;
}

/* PLACE is what stands there, and becomes what RUN makes of it. */
static enum err_code
change_at(const struct tree_nodes *nodes, struct tree_place *place, struct run run, struct err *err)
{
	struct tree_node node = {.is_bucket = true};

	if (place->cells > 0)
		TRY(tree_read(nodes, place, &node, err));
	if (node.is_bucket)
		return change_bucket(nodes, place, &node.bucket, run, err);
	return change_fork(nodes, place, &node.fork, run, err);
}

static int
order_changes(const void *a, const void *b)
{
	const struct tree_change *left = a, *right = b;

	return tree_key_order(&left->key, &right->key);
}

enum err_code
tree_apply(const struct tree_nodes *nodes, const struct digest *root, struct tree_change *changes,
    size_t count, struct digest *ret_root, struct err *err)
{
	struct tree_place place = tree_root_place(root);
	char key[TREE_KEY_TEXT];

	if (count > TREE_CHANGES_MAX)
		return err_set(err, ERR_REFUSED, "%zu changes of the state tree at once", count);
	if (count > 0)
		qsort(changes, count, sizeof(*changes), order_changes);
	for (size_t i = 1; i < count; i++) {
		if (order_changes(&changes[i - 1], &changes[i]) != 0)
			continue;
		tree_key_text(&changes[i].key, key);
		return err_set(err, ERR_INTERNAL, "two changes of cell %s of the state tree", key);
	}
	if (count > 0)
		TRY(change_at(nodes, &place, (struct run){changes, count}, err));
	*ret_root = place.cells > 0 ? place.hash : tree_empty();
	return ERR_OK;
}
