/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the state tree: what is accepted is written as it was read, its cells and children stand under its
 * path, and a question to it gives an answer or an alarm.  The input is
 *
 *	u8 nibbles of the path, its bytes, u8 number of kids, u64 each, the body
 */
#include <string.h>

#include "tests/fuzz/target.h"
#include "vault/log/tree.h"

struct row {
	struct view body, kids;
};

/* Each row is this one. */
static enum err_code
read_row(void *context, uint64_t id, struct buf *ret_body, struct buf *ret_kids, struct err *err)
{
	const struct row *row = context;

	(void)err;
	MUST(id >= TREE_ROOT_ID && id <= INT64_MAX);
	buf_bytes(ret_body, row->body);
	buf_bytes(ret_kids, row->kids);
	return ERR_OK;
}

static void
check_bucket(const struct tree_path *path, const struct tree_bucket *bucket)
{
	MUST(bucket->count > 0 && bucket->count <= TREE_BUCKET_MAX);
	for (size_t i = 0; i < bucket->count; i++) {
		MUST(tree_is_below(path, &bucket->cells[i].key));
		MUST(
		    i == 0 || tree_key_order(&bucket->cells[i - 1].key, &bucket->cells[i].key) < 0);
	}
}

static void
check_fork(const struct tree_path *path, const struct tree_fork *fork)
{
	uint64_t cells = 0;

	MUST(fork->prefix.nibbles >= path->nibbles && fork->prefix.nibbles < TREE_NIBBLES);
	for (unsigned nibble = 0; nibble < TREE_FORK_MAX; nibble++) {
		struct tree_place place = tree_child_place(fork, nibble);
		MUST(tree_shared(place.path.bytes, path->bytes, path->nibbles) == path->nibbles);
		MUST(place.path.nibbles == fork->prefix.nibbles + 1);
		MUST(tree_nibble(place.path.bytes, fork->prefix.nibbles) == nibble);
		MUST(place.cells == 0 || (place.id > TREE_ROOT_ID && place.id <= INT64_MAX));
		cells += place.cells;
	}
	MUST(cells == fork->cells && cells > TREE_BUCKET_MAX && cells <= UINT32_MAX);
}

static void
check_node(const struct tree_path *path, const struct row *row, const struct tree_node *node)
{
	BUF body = {0};
	BUF kids = {0};

	if (node->is_bucket) {
		check_bucket(path, &node->bucket);
		tree_put_bucket(&body, path, node->bucket.cells, node->bucket.count);
	} else {
		check_fork(path, &node->fork);
		tree_put_fork(&body, &kids, &node->fork);
	}
	MUST(view_equal(buf_view(&body), row->body) && view_equal(buf_view(&kids), row->kids));
}

/* The row as a root: its cells are found, and what is not below it is not. */
static void
ask(struct row *row, const struct digest *root, const struct tree_key *key)
{
	const struct tree_nodes nodes = {.read = read_row, .context = row};
	const struct tree_range all = tree_below(view_of(NULL, 0));
	struct tree_cell cells[TREE_BUCKET_MAX];
	struct digest value;
	struct err err;
	size_t count;
	bool has;

	enum err_code code = tree_get(&nodes, root, key, &has, &value, &err);
	MUST(code == ERR_OK || code == ERR_INTEGRITY);
	code = tree_next(&nodes, root, &all, NULL, cells, TREE_BUCKET_MAX, &count, &err);
	MUST(code == ERR_OK || code == ERR_INTEGRITY);
	for (size_t i = 0; code == ERR_OK && i < count; i++) {
		MUST(tree_get(&nodes, root, &cells[i].key, &has, &value, &err) == ERR_OK);
		MUST(has && digest_equal(&value, &cells[i].value));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader reader = reader_of(view_of(data, size));
	size_t nibbles = reader_u8(&reader) % (TREE_NIBBLES + 1);
	struct view bytes = reader_bytes(&reader, (nibbles + 1) / 2);
	struct row row = {.kids = reader_bytes(&reader, 8 * (size_t)reader_u8(&reader))};
	struct tree_node node;
	struct tree_key key = {{0}};
	struct digest hash;
	struct err err;

	row.body = reader.rest;
	if (reader.failed)
		return 0;
	const struct tree_path path = tree_path_of(bytes.data, nibbles);
	memcpy(key.bytes, path.bytes, sizeof(key.bytes));
	if (tree_hash(&path, row.body, &hash, &err) != ERR_OK)
		MUST(err.code == ERR_INTEGRITY);
	else if (nibbles == 0)
		ask(&row, &hash, &key);
	if (tree_parse(&path, row.body, row.kids, &node, &err) == ERR_OK)
		check_node(&path, &row, &node);
	else
		MUST(err.code == ERR_INTEGRITY);
	return 0;
}
