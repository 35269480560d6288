/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row has one place to be remembered in, by its id, which it shares with others: the last one stands.  Forks
 * have places of their own, so that buckets, of which there are many more, do not drive them out.
 *
 * What is remembered counts for a place that has the same id, path and hash.  Then it is what the hash
 * promises; and the ids of its children, which no hash covers, are those that the row has in this transaction.
 */
#include "vault/log/tree_read.h"

#include <stdlib.h>
#include <string.h>

enum { KNOWN = 64 /* of each sort */ };

struct known_row {
	struct tree_place place; /* id 0: none */
	uint64_t transaction;
};
struct tree_known {
	uint64_t transaction;
	struct known_fork {
		struct known_row row;
		struct tree_fork fork;
	} forks[KNOWN];
	struct known_bucket {
		struct known_row row;
		struct tree_bucket bucket;
	} buckets[KNOWN];
};

enum err_code
tree_known_new(struct tree_known **ret_known, struct err *err)
{
	struct tree_known *known = calloc(1, sizeof(*known));

	if (known == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for rows of the state tree");
	*ret_known = known;
	return ERR_OK;
}

void
tree_known_free(struct tree_known *known)
{
	free(known);
}

void
tree_known_clear(struct tree_known *known)
{
	if (known != NULL)
		known->transaction++;
}

void
tree_known_drop(struct tree_known *known, uint64_t id)
{
	if (known == NULL)
		return;
	if (known->forks[id % KNOWN].row.place.id == id)
		known->forks[id % KNOWN].row.place.id = 0;
	if (known->buckets[id % KNOWN].row.place.id == id)
		known->buckets[id % KNOWN].row.place.id = 0;
}

static bool
is_known(const struct tree_known *known, const struct known_row *row,
    const struct tree_place *place)
{
	return row->place.id == place->id && row->transaction == known->transaction &&
	    row->place.path.nibbles == place->path.nibbles &&
	    memcmp(row->place.path.bytes, place->path.bytes, TREE_KEY_SIZE) == 0 &&
	    digest_equal(&row->place.hash, &place->hash);
}

static bool
recall(const struct tree_known *known, const struct tree_place *place, struct tree_node *ret_node)
{
	const struct known_fork *fork = &known->forks[place->id % KNOWN];
	const struct known_bucket *bucket = &known->buckets[place->id % KNOWN];

	ret_node->is_bucket = !is_known(known, &fork->row, place);
	if (!ret_node->is_bucket) {
		ret_node->fork = fork->fork;
		return true;
	}
	if (!is_known(known, &bucket->row, place))
		return false;
	memcpy(&ret_node->bucket.cells, &bucket->bucket.cells,
	    bucket->bucket.count * sizeof(bucket->bucket.cells[0]));
	ret_node->bucket.count = bucket->bucket.count;
	return true;
}

static void
remember(struct tree_known *known, const struct tree_place *place, const struct tree_node *node)
{
	const struct known_row row = {*place, known->transaction};
	struct known_bucket *bucket = &known->buckets[place->id % KNOWN];

	if (!node->is_bucket) {
		known->forks[place->id % KNOWN] = (struct known_fork){row, node->fork};
		return;
	}
	bucket->row = row;
	memcpy(&bucket->bucket.cells, &node->bucket.cells,
	    node->bucket.count * sizeof(node->bucket.cells[0]));
	bucket->bucket.count = node->bucket.count;
}

static enum err_code
read_row(const struct tree_nodes *nodes, const struct tree_place *place, struct tree_node *ret_node,
    struct err *err)
{
	BUF body = {0};
	BUF kids = {0};
	struct digest hash;

	TRY(nodes->read(nodes->context, place->id, &body, &kids, err));
	TRY(buf_check(&body, err));
	TRY(buf_check(&kids, err));
	TRY(tree_hash(&place->path, buf_view(&body), &hash, err));
	if (!digest_equal(&hash, &place->hash))
		return err_set(err, ERR_INTEGRITY, "somebody changed it: its hash is another");
	return tree_parse(&place->path, buf_view(&body), buf_view(&kids), ret_node, err);
}

static enum err_code
check_count(const struct tree_place *place, const struct tree_node *node, struct err *err)
{
	uint64_t cells = node->is_bucket ? node->bucket.count : node->fork.cells;

	if (place->cells != TREE_ANY && place->cells != cells)
		return err_set(err, ERR_INTEGRITY, "%llu cells where %llu are counted",
		    (unsigned long long)cells, (unsigned long long)place->cells);
	return ERR_OK;
}

static enum err_code
find_row(const struct tree_nodes *nodes, const struct tree_place *place, struct tree_node *ret_node,
    struct err *err)
{
	if (nodes->known != NULL && recall(nodes->known, place, ret_node))
		return check_count(place, ret_node, err);
	TRY(read_row(nodes, place, ret_node, err));
	TRY(check_count(place, ret_node, err));
	if (nodes->known != NULL)
		remember(nodes->known, place, ret_node);
	return ERR_OK;
}

enum err_code
tree_read(const struct tree_nodes *nodes, const struct tree_place *place,
    struct tree_node *ret_node, struct err *err)
{
	if (find_row(nodes, place, ret_node, err) != ERR_OK)
		return err_add(err, "row %llu of the state tree", (unsigned long long)place->id);
	return ERR_OK;
}
