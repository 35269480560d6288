/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state tree's cells and the rows that hold them: keys, ranges of keys, and the bytes of one row
 * (docs/FORMAT.md, "State tree").  tree.h reads the tree, tree_change.h changes it, tree_verify.h walks it.
 *
 * A cell is a key of 65 bytes and a value of 32.  At most 32 cells are one bucket; more are a fork, which
 * says what the keys below it have in common and, for each next nibble, the hash and the number of the
 * cells below: the set of cells alone decides the tree.  Each is one row: an id, a body that its hash
 * covers, and kids, the ids of a fork's children, which no hash covers: a wrong one leads to a body that
 * does not match.
 */
#ifndef VAULT_LOG_TREE_NODE_H
#define VAULT_LOG_TREE_NODE_H

#include "base/crypto.h"

enum {
	TREE_KEY_SIZE = 65,
	TREE_NIBBLES = 2 * TREE_KEY_SIZE,
	TREE_KEY_TEXT = 2 * TREE_KEY_SIZE + 1,
	TREE_BUCKET_MAX = 32,
	TREE_FORK_MAX = 16,
	TREE_ROOT_ID = 1,
	TREE_BODY_MAX = 2 + TREE_BUCKET_MAX * (TREE_KEY_SIZE + DIGEST_SIZE),
	TREE_KIDS_MAX = 8 * TREE_FORK_MAX
};

/* ---- cells ---- */

/* Kind, 32 bytes in the middle, 32 bytes of the thing's own hash; ordered as bytes. */
struct tree_key {
	uint8_t bytes[TREE_KEY_SIZE];
};
struct tree_cell {
	struct tree_key key;
	struct digest value;
};
/* The keys FROM..TO, both included; none when FROM is above TO. */
struct tree_range {
	struct tree_key from, to;
};

struct tree_key tree_key_of(uint8_t kind, const struct digest *middle, const struct digest *last);
/* Its 65 bytes in hex, for what is said of it. */
void tree_key_text(const struct tree_key *key, char ret_text[TREE_KEY_TEXT]);
/* Below 0, equal 0, above 0: as memcmp. */
int tree_key_order(const struct tree_key *a, const struct tree_key *b);
/* The keys that begin with PREFIX, at most TREE_KEY_SIZE bytes of it; all when it is empty. */
struct tree_range tree_below(struct view prefix);

/* ---- rows ---- */

struct tree_known;

/* Where rows are kept.  Only tree_change.h needs write, erase and reserve.  An error of these is handed
 * on as it is. */
struct tree_nodes {
	/* The row ID; appends to buffers that are empty.  ERR_INTEGRITY when there is none.  A body above
	 * TREE_BODY_MAX or kids above TREE_KIDS_MAX need not be read: ERR_INTEGRITY, which it becomes
	 * anyway. */
	enum err_code (*read)(void *context, uint64_t id, struct buf *ret_body,
	    struct buf *ret_kids, struct err *err);
	/* Make the row ID, or replace it. */
	enum err_code (*write)(void *context, uint64_t id, struct view body, struct view kids,
	    struct err *err);
	/* The row is there, unless somebody tampered: then its absence is no error. */
	enum err_code (*erase)(void *context, uint64_t id, struct err *err);
	/* An id for a new row, 2..INT64_MAX: above each in use, and given once in a transaction.  A row
	 * may never be written under it. */
	enum err_code (*reserve)(void *context, uint64_t *ret_id, struct err *err);
	void *context;
	struct tree_known *known; /* tree_read.h; or NULL */
};

/* The first NIBBLES nibbles of keys, high before low; what is behind them is zero. */
struct tree_path {
	uint8_t bytes[TREE_KEY_SIZE];
	size_t nibbles;
};
/* Where a subtree stands, and what it must be.  CELLS is 0 where there is none; and at the root, whose
 * number of cells nobody says (TREE_ANY). */
struct tree_place {
	struct tree_path path;
	uint64_t id;
	struct digest hash;
	uint64_t cells;
};
#define TREE_ANY UINT64_MAX

struct tree_child {
	uint64_t id;
	struct digest hash;
	uint32_t cells; /* 0: no such child */
};
struct tree_bucket {
	struct tree_cell cells[TREE_BUCKET_MAX];
	size_t count; /* 1..32 */
};
struct tree_fork {
	struct tree_path prefix; /* of all cells below; no longer one is */
	struct tree_child children[TREE_FORK_MAX];
	uint64_t cells; /* the children's sum: 33..UINT32_MAX */
};
struct tree_node {
	bool is_bucket;
	union {
		struct tree_bucket bucket;
		struct tree_fork fork;
	};
};

unsigned tree_nibble(const uint8_t *bytes, size_t index);
/* How many nibbles A and B have in common, at most MAX. */
size_t tree_shared(const uint8_t *a, const uint8_t *b, size_t max);
bool tree_is_below(const struct tree_path *path, const struct tree_key *key);
struct tree_path tree_path_of(const uint8_t *bytes, size_t nibbles);
/* The root of no cells: SHA-256("halligan/v1 empty" || 00).  It has no row. */
struct digest tree_empty(void);
struct tree_place tree_root_place(const struct digest *root);
/* Where the child NIBBLE of FORK stands; cells 0 when there is none. */
struct tree_place tree_child_place(const struct tree_fork *fork, unsigned nibble);

/* The hash of a row's body under PATH, which a bucket's covers.  ERR_INTEGRITY when the body is neither a
 * bucket's nor a fork's, by its first byte. */
enum err_code tree_hash(const struct tree_path *path, struct view body, struct digest *ret_hash,
    struct err *err) MUST_CHECK;
/* Strict: sizes, order, number, that each key and the prefix go on from PATH, ids in 2..INT64_MAX.
 * ERR_INTEGRITY. */
enum err_code tree_parse(const struct tree_path *path, struct view body, struct view kids,
    struct tree_node *ret_node, struct err *err) MUST_CHECK;

/* COUNT cells, 1..32, sorted, all under PATH.  BODY's failures stick. */
void tree_put_bucket(struct buf *body, const struct tree_path *path, const struct tree_cell *cells,
    size_t count);
void tree_put_fork(struct buf *body, struct buf *kids, const struct tree_fork *fork);

#endif
