/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree of n leaves is a row of complete subtrees, one for each bit that is set in n, largest
 * first; their hashes are stored.  Any range that a proof needs begins at a multiple of its own
 * width (rounded up to a power of two), so that it is such a row too: range_hash folds it from the
 * right.  Only a frontier walks leaves.
 *
 * Proving (RFC 9162, 2.1.3.1 and 2.1.4.1) goes down from the root and collects siblings, which the
 * proof lists from the bottom up.
 */
#include "vault/log/tlog.h"

static const uint8_t leaf_prefix[] = {0x00}, node_prefix[] = {0x01};

struct stored {
	tlog_fetch fetch;
	void *context;
};

struct proof {
	struct digest hashes[TLOG_PROOF_MAX];
	size_t count;
};

enum err_code
tlog_leaf_hash(struct view data, struct digest *ret_hash, struct err *err)
{
	const struct view parts[] = {VIEW_OF(leaf_prefix), data};
	if (data.size > TLOG_LEAF_MAX)
		return err_set(err, ERR_INVALID, "a log leaf of %zu bytes; at most %d are allowed",
		    data.size, TLOG_LEAF_MAX);
	return sha256(parts, ARRAY_SIZE(parts), ret_hash, err);
}

/* RET_HASH may be LEFT or RIGHT. */
static enum err_code
node_hash(const struct digest *left, const struct digest *right, struct digest *ret_hash,
    struct err *err)
{
	const struct view parts[] = {VIEW_OF(node_prefix), VIEW_OF(left->bytes),
	    VIEW_OF(right->bytes)};
	return sha256(parts, ARRAY_SIZE(parts), ret_hash, err);
}

static enum err_code
check_size(uint64_t size, struct err *err)
{
	if (size >> TLOG_LEVELS != 0)
		return err_set(err, ERR_INVALID,
		    "a log of %llu leaves; fewer than 2^63 are allowed", (unsigned long long)size);
	return ERR_OK;
}

/* The level of the largest power of two that is at most SIZE, which is not 0. */
static unsigned
level_within(uint64_t size)
{
	return 63U - (unsigned)__builtin_clzll(size);
}

/* How many leaves the left subtree of a tree of SIZE >= 2 leaves has. */
static uint64_t
left_width(uint64_t size)
{
	return 1ULL << level_within(size - 1);
}

/* The hash of the leaves FIRST..END-1, at least one. */
static enum err_code
range_hash(const struct stored *stored, uint64_t first, uint64_t end, struct digest *ret_hash,
    struct err *err)
{
	struct digest row[TLOG_LEVELS];
	size_t count = 0;
	while (first < end) {
		unsigned level = level_within(end - first);
		TRY(stored->fetch(stored->context, level, first >> level, &row[count++], err));
		first += 1ULL << level;
	}
	while (--count > 0)
		TRY(node_hash(&row[count - 1], &row[count], &row[count - 1], err));
	*ret_hash = row[0];
	return ERR_OK;
}

enum err_code
tlog_root(uint64_t size, tlog_fetch fetch, void *context, struct digest *ret_root, struct err *err)
{
	const struct stored stored = {fetch, context};
	TRY(check_size(size, err));
	if (size == 0)
		return sha256_one(view_of(NULL, 0), ret_root, err);
	return range_hash(&stored, 0, size, ret_root, err);
}

static enum err_code
add_range(struct proof *proof, const struct stored *stored, uint64_t first, uint64_t end,
    struct err *err)
{
	TRY(range_hash(stored, first, end, &proof->hashes[proof->count], err));
	proof->count++;
	return ERR_OK;
}

static void
hand_over(const struct proof *proof, struct digest *ret_proof, size_t *ret_count)
{
	for (size_t i = 0; i < proof->count; i++)
		ret_proof[i] = proof->hashes[proof->count - 1 - i];
	*ret_count = proof->count;
}

enum err_code
tlog_prove_inclusion(uint64_t index, uint64_t size, tlog_fetch fetch, void *context,
    struct digest ret_proof[TLOG_PROOF_MAX], size_t *ret_count, struct err *err)
{
	const struct stored stored = {fetch, context};
	struct proof proof = {.count = 0};
	uint64_t first = 0, end = size;
	TRY(check_size(size, err));
	if (index >= size)
		return err_set(err, ERR_INVALID, "no leaf %llu in a log of %llu",
		    (unsigned long long)index, (unsigned long long)size);
	while (end - first > 1) {
		uint64_t middle = first + left_width(end - first);
		if (index < middle) {
			TRY(add_range(&proof, &stored, middle, end, err));
			end = middle;
		} else {
			TRY(add_range(&proof, &stored, first, middle, err));
			first = middle;
		}
	}
	hand_over(&proof, ret_proof, ret_count);
	return ERR_OK;
}

enum err_code
tlog_prove_consistency(uint64_t old, uint64_t size, tlog_fetch fetch, void *context,
    struct digest ret_proof[TLOG_PROOF_MAX], size_t *ret_count, struct err *err)
{
	const struct stored stored = {fetch, context};
	struct proof proof = {.count = 0};
	uint64_t first = 0, end = size;
	TRY(check_size(size, err));
	if (old == 0 || old > size)
		return err_set(err, ERR_INVALID,
		    "a log of %llu leaves has no earlier state of %llu", (unsigned long long)size,
		    (unsigned long long)old);
	while (end != old) {
		uint64_t middle = first + left_width(end - first);
		if (old <= middle) {
			TRY(add_range(&proof, &stored, middle, end, err));
			end = middle;
		} else {
			TRY(add_range(&proof, &stored, first, middle, err));
			first = middle;
		}
	}
	if (first != 0) /* else this range is the old tree, whose root the verifier knows */
		TRY(add_range(&proof, &stored, first, end, err));
	hand_over(&proof, ret_proof, ret_count);
	return ERR_OK;
}

/* The place of a node on its level and that of the level's last node. */
struct path {
	uint64_t node, last;
};

static void
climb(struct path *path)
{
	path->node >>= 1;
	path->last >>= 1;
}

/* A right child, or the last node of its level, has its sibling on the left. */
static bool
sibling_is_left(const struct path *path)
{
	return (path->node & 1) != 0 || path->node == path->last;
}

/* A last node without a sibling stands for itself on the levels above. */
static void
skip_lonely(struct path *path)
{
	while ((path->node & 1) == 0 && path->node != 0)
		climb(path);
}

enum err_code
tlog_verify_inclusion(uint64_t index, uint64_t size, const struct digest *leaf_hash,
    const struct digest *proof, size_t count, const struct digest *root, struct err *err)
{
	static const char wrong[] = "inclusion of leaf %llu in a log of %llu is not proven: %s";
	const unsigned long long i = index, n = size;
	struct digest hash = *leaf_hash;
	if (index >= size)
		return err_set(err, ERR_INTEGRITY, wrong, i, n, "there is no such leaf");
	struct path path = {index, size - 1};
	for (size_t at = 0; at < count; at++) {
		if (path.last == 0)
			return err_set(err, ERR_INTEGRITY, wrong, i, n, "the proof is too long");
		if (sibling_is_left(&path)) {
			TRY(node_hash(&proof[at], &hash, &hash, err));
			skip_lonely(&path);
		} else {
			TRY(node_hash(&hash, &proof[at], &hash, err));
		}
		climb(&path);
	}
	if (path.last != 0)
		return err_set(err, ERR_INTEGRITY, wrong, i, n, "the proof is too short");
	if (!digest_equal(&hash, root))
		return err_set(err, ERR_INTEGRITY, wrong, i, n, "the proof leads to another root");
	return ERR_OK;
}

static const char inconsistent[] =
    "a log of %llu leaves is not proven to begin with that of %llu: %s";

static enum err_code
verify_same_size(uint64_t size, const struct digest *old_root, const struct digest *root,
    size_t count, struct err *err)
{
	const unsigned long long n = size;
	if (count != 0)
		return err_set(err, ERR_INTEGRITY, inconsistent, n, n, "the proof is too long");
	if (!digest_equal(old_root, root))
		return err_set(err, ERR_INTEGRITY, inconsistent, n, n, "the roots differ");
	return ERR_OK;
}

/* Both roots grow from the same hash: the old one from left siblings, the new one from all. */
static enum err_code
climb_both(struct path *path, const struct digest *proof, size_t count, struct digest *old,
    struct digest *new, struct err *err)
{
	for (size_t at = 0; at < count; at++) {
		if (path->last == 0)
			return err_set(err, ERR_INTEGRITY, "the proof is too long");
		if (sibling_is_left(path)) {
			TRY(node_hash(&proof[at], old, old, err));
			TRY(node_hash(&proof[at], new, new, err));
			skip_lonely(path);
		} else {
			TRY(node_hash(new, &proof[at], new, err));
		}
		climb(path);
	}
	return path->last == 0 ? ERR_OK : err_set(err, ERR_INTEGRITY, "the proof is too short");
}

enum err_code
tlog_verify_consistency(uint64_t old, uint64_t size, const struct digest *old_root,
    const struct digest *root, const struct digest *proof, size_t count, struct err *err)
{
	const unsigned long long o = old, n = size;
	if (old == 0 || old > size)
		return err_set(err, ERR_INTEGRITY, inconsistent, n, o, "there is no such state");
	if (old == size)
		return verify_same_size(size, old_root, root, count, err);
	struct path path = {old - 1, size - 1};
	while ((path.node & 1) != 0)
		climb(&path);
	/* When OLD is a power of two its root begins the proof, and is not in it. */
	bool known = path.node == 0;
	if (!known && count == 0)
		return err_set(err, ERR_INTEGRITY, inconsistent, n, o, "the proof is empty");
	struct digest from_old = known ? *old_root : proof[0];
	struct digest from_new = from_old;
	size_t used = known ? 0 : 1;
	if (climb_both(&path, proof + used, count - used, &from_old, &from_new, err) != ERR_OK)
		return err_add(err, "a log of %llu leaves is not proven to begin with that of %llu",
		    n, o);
	if (!digest_equal(&from_old, old_root))
		return err_set(err, ERR_INTEGRITY, inconsistent, n, o, "the old root is another");
	if (!digest_equal(&from_new, root))
		return err_set(err, ERR_INTEGRITY, inconsistent, n, o, "the new root is another");
	return ERR_OK;
}

/* ---- leaf after leaf ---- */

enum err_code
tlog_frontier_fetch(uint64_t size, tlog_fetch fetch, void *context,
    struct tlog_frontier *ret_frontier, struct err *err)
{
	struct tlog_frontier frontier = {.size = size};

	TRY(check_size(size, err));
	for (unsigned level = 0; level < TLOG_LEVELS; level++)
		if ((size >> level & 1) != 0)
			TRY(fetch(context, level, (size >> level) - 1, &frontier.levels[level],
			    err));
	*ret_frontier = frontier;
	return ERR_OK;
}

enum err_code
tlog_append(struct tlog_frontier *frontier, const struct digest *leaf_hash, tlog_store store,
    void *context, struct err *err)
{
	const uint64_t index = frontier->size;
	struct digest node = *leaf_hash;
	unsigned level = 0;

	TRY(check_size(index + 1, err));
	for (;; level++) {
		if (store != NULL)
			TRY(store(context, level, index >> level, &node, err));
		if ((index >> level & 1) == 0)
			break;
		TRY(node_hash(&frontier->levels[level], &node, &node, err));
	}
	frontier->levels[level] = node;
	frontier->size++;
	return ERR_OK;
}

enum err_code
tlog_add(struct tlog_frontier *frontier, struct view leaf, struct err *err)
{
	struct digest hash;

	TRY(tlog_leaf_hash(leaf, &hash, err));
	return tlog_append(frontier, &hash, NULL, NULL, err);
}

static enum err_code
fetch_level(void *context, unsigned level, uint64_t index, struct digest *ret_hash, struct err *err)
{
	const struct tlog_frontier *frontier = context;

	(void)index;
	(void)err;
	*ret_hash = frontier->levels[level];
	return ERR_OK;
}

enum err_code
tlog_frontier_root(struct tlog_frontier *frontier, struct digest *ret_root, struct err *err)
{
	return tlog_root(frontier->size, fetch_level, frontier, ret_root, err);
}
