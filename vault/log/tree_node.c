/* SPDX-License-Identifier: Apache-2.0 */
/*
 *	bucket	u8 1, u8 n 1..32, then n times: the key from byte d / 2 on, [32] value
 *	fork	u8 2, u8 L, L nibbles, u16 which children, then for each: [32] hash, u32 cells
 *
 * A bucket's hash covers the d nibbles of its path as well, since its keys stand without them; a fork's
 * body says its whole prefix by itself, so that it may move to another row.  Nibbles fill bytes from the
 * front, high before low; the last half byte is zero where their number is odd.
 *
 * What is parsed is what the hash of the row above promised, so that a fault found here is ours, or that
 * of somebody who could write the log; it is an alarm all the same.  Each path goes on from the one above
 * it: no walk down visits more than TREE_NIBBLES rows, whatever the kids say.
 */
#include "vault/log/tree_node.h"

#include <string.h>

#include "base/text.h"

enum { BUCKET = 1, FORK = 2, NIBBLE_BITS = 4 };

static const char bucket_label[] = "halligan/v1 bucket", node_label[] = "halligan/v1 node";

/* ---- keys ---- */

struct tree_key
tree_key_of(uint8_t kind, const struct digest *middle, const struct digest *last)
{
	struct tree_key key = {{kind}};

	memcpy(key.bytes + 1, middle->bytes, DIGEST_SIZE);
	memcpy(key.bytes + 1 + DIGEST_SIZE, last->bytes, DIGEST_SIZE);
	return key;
}

int
tree_key_order(const struct tree_key *a, const struct tree_key *b)
{
	return memcmp(a->bytes, b->bytes, TREE_KEY_SIZE);
}

struct tree_range
tree_below(struct view prefix)
{
	struct tree_range range;
	size_t size = prefix.size < TREE_KEY_SIZE ? prefix.size : TREE_KEY_SIZE;

	memset(range.from.bytes, 0x00, TREE_KEY_SIZE);
	memset(range.to.bytes, 0xff, TREE_KEY_SIZE);
	if (size > 0) {
		memcpy(range.from.bytes, prefix.data, size);
		memcpy(range.to.bytes, prefix.data, size);
	}
	return range;
}

void
tree_key_text(const struct tree_key *key, char ret_text[TREE_KEY_TEXT])
{
	text_hex(VIEW_OF(key->bytes), ret_text);
}

/* ---- paths and places ---- */

unsigned
tree_nibble(const uint8_t *bytes, size_t index)
{
	return index % 2 == 0 ? bytes[index / 2] >> NIBBLE_BITS : bytes[index / 2] & 0x0fu;
}

size_t
tree_shared(const uint8_t *a, const uint8_t *b, size_t max)
{
	size_t shared = 0;

	while (shared + 1 < max && a[shared / 2] == b[shared / 2])
		shared += 2;
	while (shared < max && tree_nibble(a, shared) == tree_nibble(b, shared))
		shared++;
	return shared;
}

bool
tree_is_below(const struct tree_path *path, const struct tree_key *key)
{
	const size_t bytes = path->nibbles / 2;

	return memcmp(path->bytes, key->bytes, bytes) == 0 &&
	    (path->nibbles % 2 == 0 ||
	        tree_nibble(path->bytes, path->nibbles - 1) ==
	            tree_nibble(key->bytes, path->nibbles - 1));
}

struct tree_path
tree_path_of(const uint8_t *bytes, size_t nibbles)
{
	struct tree_path path = {.nibbles = nibbles};

	memcpy(path.bytes, bytes, (nibbles + 1) / 2);
	if (nibbles % 2 != 0)
		path.bytes[nibbles / 2] &= 0xf0;
	return path;
}

static struct view
path_bytes(const struct tree_path *path)
{
	return view_of(path->bytes, (path->nibbles + 1) / 2);
}

struct digest
tree_empty(void)
{
	static const struct digest empty = {{
	    0x05,
	    0xf4,
	    0x96,
	    0x01,
	    0x98,
	    0x74,
	    0x95,
	    0xa1,
	    0x39,
	    0x4b,
	    0x94,
	    0xe4,
	    0x23,
	    0x17,
	    0x02,
	    0x80,
	    0x87,
	    0x84,
	    0x2b,
	    0x16,
	    0x3c,
	    0x5b,
	    0xa0,
	    0x27,
	    0xf4,
	    0x1c,
	    0x96,
	    0xc9,
	    0x7c,
	    0x09,
	    0x2c,
	    0x5d,
	}};

	return empty;
}

struct tree_place
tree_root_place(const struct digest *root)
{
	const struct digest empty = tree_empty();

	return (struct tree_place){
	    .id = TREE_ROOT_ID,
	    .hash = *root,
	    .cells = digest_equal(root, &empty) ? 0 : TREE_ANY,
	};
}

struct tree_place
tree_child_place(const struct tree_fork *fork, unsigned nibble)
{
	const struct tree_child *child = &fork->children[nibble];
	struct tree_place place = {fork->prefix, child->id, child->hash, child->cells};
	size_t at = place.path.nibbles++;

	place.path.bytes[at / 2] |= (uint8_t)(at % 2 == 0 ? nibble << NIBBLE_BITS : nibble);
	return place;
}

/* ---- reading ---- */

enum err_code
tree_hash(const struct tree_path *path, struct view body, struct digest *ret_hash, struct err *err)
{
	const uint8_t nibbles[] = {(uint8_t)(path->nibbles >> 8), (uint8_t)path->nibbles};
	const struct view bucket[] = {VIEW_OF(bucket_label), VIEW_OF(nibbles), path_bytes(path),
	    body};
	const struct view fork[] = {VIEW_OF(node_label), body};

	if (body.size > 0 && body.size <= TREE_BODY_MAX && body.data[0] == BUCKET)
		return sha256(bucket, ARRAY_SIZE(bucket), ret_hash, err);
	if (body.size > 0 && body.size <= TREE_BODY_MAX && body.data[0] == FORK)
		return sha256(fork, ARRAY_SIZE(fork), ret_hash, err);
	return err_set(err, ERR_INTEGRITY, "its %zu bytes are no row's", body.size);
}

/* One cell of a bucket under PATH. */
static struct tree_cell
take_cell(struct reader *reader, const struct tree_path *path)
{
	struct tree_cell cell;
	size_t given = path->nibbles / 2;

	memcpy(cell.key.bytes, path->bytes, given);
	reader_copy(reader, cell.key.bytes + given, TREE_KEY_SIZE - given);
	reader_copy(reader, cell.value.bytes, DIGEST_SIZE);
	return cell;
}

static enum err_code
parse_bucket(const struct tree_path *path, struct reader *reader, struct tree_bucket *ret_bucket,
    struct err *err)
{
	size_t count = reader_u8(reader);

	if (reader->failed || count == 0 || count > TREE_BUCKET_MAX)
		return err_set(err, ERR_INTEGRITY, "a bucket of %zu cells", count);
	for (size_t i = 0; i < count; i++) {
		struct tree_cell *cell = &ret_bucket->cells[i];
		*cell = take_cell(reader, path);
		if (reader->failed)
			return err_set(err, ERR_INTEGRITY, "a bucket that ends too early");
		if (!tree_is_below(path, &cell->key))
			return err_set(err, ERR_INTEGRITY, "a cell that belongs elsewhere");
		if (i > 0 && tree_key_order(&cell[-1].key, &cell->key) >= 0)
			return err_set(err, ERR_INTEGRITY, "cells out of order");
	}
	ret_bucket->count = count;
	return ERR_OK;
}

static enum err_code
parse_prefix(const struct tree_path *path, struct reader *reader, struct tree_path *ret_prefix,
    struct err *err)
{
	size_t nibbles = reader_u8(reader);

	if (nibbles >= TREE_NIBBLES || nibbles < path->nibbles)
		return err_set(err, ERR_INTEGRITY, "a prefix of %zu nibbles", nibbles);
	struct view bytes = reader_bytes(reader, (nibbles + 1) / 2);
	if (reader->failed)
		return err_set(err, ERR_INTEGRITY, "a prefix that ends too early");
	*ret_prefix = tree_path_of(bytes.data, nibbles);
	if (!view_equal(path_bytes(ret_prefix), bytes))
		return err_set(err, ERR_INTEGRITY, "half a byte too many in a prefix");
	if (tree_shared(path->bytes, ret_prefix->bytes, path->nibbles) != path->nibbles)
		return err_set(err, ERR_INTEGRITY, "a prefix that belongs elsewhere");
	return ERR_OK;
}

static enum err_code
parse_children(struct reader *reader, struct reader *kids, struct tree_fork *fork, struct err *err)
{
	unsigned which = reader_u16(reader), count = 0;

	for (unsigned nibble = 0; nibble < TREE_FORK_MAX; nibble++) {
		struct tree_child *child = &fork->children[nibble];
		if ((which >> nibble & 1) == 0)
			continue;
		reader_copy(reader, child->hash.bytes, DIGEST_SIZE);
		child->cells = reader_u32(reader);
		child->id = reader_u64(kids);
		if (child->cells == 0)
			return err_set(err, ERR_INTEGRITY, "a child without cells");
		if (child->id <= TREE_ROOT_ID || child->id > INT64_MAX)
			return err_set(err, ERR_INTEGRITY, "a child without a row");
		fork->cells += child->cells;
		count++;
	}
	if (count < 2)
		return err_set(err, ERR_INTEGRITY, "a fork of %u children", count);
	return ERR_OK;
}

static enum err_code
parse_fork(const struct tree_path *path, struct reader *reader, struct reader *kids,
    struct tree_fork *ret_fork, struct err *err)
{
	memset(ret_fork, 0, sizeof(*ret_fork));
	TRY(parse_prefix(path, reader, &ret_fork->prefix, err));
	TRY(parse_children(reader, kids, ret_fork, err));
	if (ret_fork->cells <= TREE_BUCKET_MAX || ret_fork->cells > UINT32_MAX)
		return err_set(err, ERR_INTEGRITY, "a fork of %llu cells",
		    (unsigned long long)ret_fork->cells);
	return ERR_OK;
}

enum err_code
tree_parse(const struct tree_path *path, struct view body, struct view kids,
    struct tree_node *ret_node, struct err *err)
{
	struct reader reader = reader_of(body), ids = reader_of(kids);
	uint8_t kind = reader_u8(&reader);

	ret_node->is_bucket = kind == BUCKET;
	if (kind == BUCKET)
		TRY(parse_bucket(path, &reader, &ret_node->bucket, err));
	else if (kind == FORK)
		TRY(parse_fork(path, &reader, &ids, &ret_node->fork, err));
	else
		return err_set(err, ERR_INTEGRITY, "neither a bucket nor a fork");
	if (!reader_end(&reader) || !reader_end(&ids))
		return err_set(err, ERR_INTEGRITY, "bytes too many or too few");
	return ERR_OK;
}

/* ---- writing ---- */

void
tree_put_bucket(struct buf *body, const struct tree_path *path, const struct tree_cell *cells,
    size_t count)
{
	size_t given = path->nibbles / 2;

	buf_u8(body, BUCKET);
	buf_u8(body, (uint8_t)count);
	for (size_t i = 0; i < count; i++) {
		buf_bytes(body, view_of(cells[i].key.bytes + given, TREE_KEY_SIZE - given));
		buf_bytes(body, VIEW_OF(cells[i].value.bytes));
	}
}

void
tree_put_fork(struct buf *body, struct buf *kids, const struct tree_fork *fork)
{
	unsigned which = 0;

	for (unsigned nibble = 0; nibble < TREE_FORK_MAX; nibble++)
		which |= (fork->children[nibble].cells > 0 ? 1u : 0u) << nibble;
	buf_u8(body, FORK);
	buf_u8(body, (uint8_t)fork->prefix.nibbles);
	buf_bytes(body, path_bytes(&fork->prefix));
	buf_u16(body, (uint16_t)which);
	for (unsigned nibble = 0; nibble < TREE_FORK_MAX; nibble++) {
		const struct tree_child *child = &fork->children[nibble];
		if (child->cells == 0)
			continue;
		buf_bytes(body, VIEW_OF(child->hash.bytes));
		buf_u32(body, child->cells);
		buf_u64(kids, child->id);
	}
}
