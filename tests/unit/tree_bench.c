/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/tree_bench.h"

#include <stdlib.h>

/* ---- the table ---- */

/* Fails when it is the call's turn. */
static enum err_code
turn(struct table *table, struct err *err)
{
	if (++table->calls == table->fails_at)
		return err_set(err, ERR_IO, "call %zu fails", table->calls);
	return ERR_OK;
}

static enum err_code
read_row(void *context, uint64_t id, struct buf *ret_body, struct buf *ret_kids, struct err *err)
{
	struct table *table = context;
	TRY(turn(table, err));
	table->reads++;
	assert_int_equal(ret_body->size + ret_kids->size, 0);
	assert_true(id >= TREE_ROOT_ID && id <= INT64_MAX);
	if (id >= TABLE_ROWS || table->rows[id] == NULL) {
		assert_true(table->forged);
		return err_set(err, ERR_INTEGRITY, "there is no row");
	}
	const struct row *row = table->rows[id];
	buf_bytes(ret_body, view_of(row->body, row->body_size));
	buf_bytes(ret_kids, view_of(row->kids, row->kids_size));
	return ERR_OK;
}

static enum err_code
write_row(void *context, uint64_t id, struct view body, struct view kids, struct err *err)
{
	struct table *table = context;
	TRY(turn(table, err));
	table->writes++;
	assert_true(id >= TREE_ROOT_ID && id < table->next);
	assert_true(body.size > 0 && body.size <= TREE_BODY_MAX && kids.size <= TREE_KIDS_MAX);
	struct row *row = reallocarray(NULL, 1, sizeof(*row)); /* a test has others fail */
	assert_non_null(row);
	*row = (struct row){body.size, kids.size, {0}, {0}};
	memcpy(row->body, body.data, body.size);
	if (kids.size > 0)
		memcpy(row->kids, kids.data, kids.size);
	table_put(table, id, row);
	return ERR_OK;
}

static enum err_code
erase_row(void *context, uint64_t id, struct err *err)
{
	struct table *table = context;
	TRY(turn(table, err));
	assert_true(id >= TREE_ROOT_ID && id < TABLE_ROWS);
	assert_true(table->forged || table->rows[id] != NULL);
	table_put(table, id, NULL);
	return ERR_OK;
}

static enum err_code
reserve_id(void *context, uint64_t *ret_id, struct err *err)
{
	struct table *table = context;
	TRY(turn(table, err));
	assert_true(table->next < TABLE_ROWS);
	*ret_id = table->next++;
	return ERR_OK;
}

struct table *
table_new(void)
{
	struct table *table = calloc(1, sizeof(*table));
	assert_non_null(table);
	table->nodes = (struct tree_nodes){read_row, write_row, erase_row, reserve_id, table};
	table->next = TREE_ROOT_ID + 1;
	return table;
}

void
table_free(struct table *table)
{
	table_forget(table);
	for (size_t id = 0; id < TABLE_ROWS; id++)
		free(table->rows[id]);
	free(table);
}

void
table_put(struct table *table, uint64_t id, struct row *row)
{
	struct row *before = table->rows[id];
	if (table->saved_count == TABLE_SAVED)
		table_forget(table);
	table->saved[table->saved_count++] = (struct saved){id, before};
	table->live += (row != NULL) - (size_t)(before != NULL);
	table->rows[id] = row;
}

struct row *
row_copy(const struct row *row)
{
	if (row == NULL)
		return NULL;
	struct row *copy = reallocarray(NULL, 1, sizeof(*copy));
	assert_non_null(copy);
	*copy = *row;
	return copy;
}

void
table_forget(struct table *table)
{
	while (table->saved_count > 0)
		free(table->saved[--table->saved_count].row);
}

void
table_restore(struct table *table, size_t count)
{
	while (table->saved_count > count) {
		const struct saved *saved = &table->saved[--table->saved_count];
		struct row **row = &table->rows[saved->id];
		table->live += (saved->row != NULL) - (size_t)(*row != NULL);
		free(*row);
		*row = saved->row;
	}
}

/* ---- the world ---- */

/* xorshift64 */
uint64_t
bench_random(uint64_t *state, uint64_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (*state >> 11) % below;
}

struct digest
bench_digest(uint64_t *state)
{
	struct digest digest;
	for (size_t i = 0; i < DIGEST_SIZE; i++)
		digest.bytes[i] = (uint8_t)bench_random(state, 256);
	return digest;
}

static struct digest
number(uint64_t value)
{
	struct digest digest = {{0}};
	for (size_t i = 0; i < 8; i++)
		digest.bytes[DIGEST_SIZE - 1 - i] = (uint8_t)(value >> 8 * i);
	return digest;
}

/* A row's key, an index's, an ordered one's, or one that differs from others in its last bytes alone. */
static struct tree_key
draw_key(uint64_t *random, size_t at)
{
	struct digest middle = bench_digest(random), last = bench_digest(random);
	const struct digest few = number(bench_random(random, 4096));
	switch (at % 4) {
	case 0:
		return tree_key_of(1, &middle, &last);
	case 1:
		memset(middle.bytes, (int)(0x55 * bench_random(random, 3)), DIGEST_SIZE);
		return tree_key_of(2, &middle, &last);
	case 2:
		middle = number(at / 8);
		return tree_key_of(3, &middle, &last);
	default:
		memset(middle.bytes, 0, DIGEST_SIZE);
		return tree_key_of(1, &middle, &few);
	}
}

static int
order_keys(const void *a, const void *b)
{
	return tree_key_order(a, b);
}

struct world *
world_new(uint64_t seed, size_t size)
{
	struct world *world = calloc(1, sizeof(*world));
	assert_non_null(world);
	world->table = table_new();
	world->root = tree_empty();
	world->random = 0x9e3779b97f4a7c15 ^ seed;
	world->keys = calloc(size, sizeof(*world->keys));
	world->values = calloc(size, sizeof(*world->values));
	world->has = calloc(size, sizeof(*world->has));
	assert_true(world->keys != NULL && world->values != NULL && world->has != NULL);
	for (size_t i = 0; i < size; i++)
		world->keys[i] = draw_key(&world->random, i);
	qsort(world->keys, size, sizeof(*world->keys), order_keys);
	for (size_t i = 0; i < size; i++) { /* each once */
		if (i == 0 || order_keys(&world->keys[world->size - 1], &world->keys[i]) != 0)
			world->keys[world->size++] = world->keys[i];
	}
	return world;
}

void
world_free(struct world *world)
{
	table_free(world->table);
	free(world->keys);
	free(world->values);
	free(world->has);
	free(world);
}

static struct tree_change
draw_change(struct world *world, size_t at, unsigned ends)
{
	struct tree_change change = {.key = world->keys[at], .had = world->has[at]};
	uint64_t chance = bench_random(&world->random, 16);
	change.old = change.had ? world->values[at] : bench_digest(&world->random);
	if (change.had)
		change.has = chance >= ends;
	else
		change.has = chance < 12;
	change.now = chance == 15 ? change.old : bench_digest(&world->random);
	return change;
}

size_t
world_draw(struct world *world, struct tree_change *ret_changes, size_t count, unsigned ends)
{
	size_t drawn = 0;
	for (size_t i = 0; i < count; i++) {
		size_t at = bench_random(&world->random, world->size);
		bool again = false;
		for (size_t k = 0; k < drawn && !again; k++)
			again = tree_key_order(&ret_changes[k].key, &world->keys[at]) == 0;
		if (!again)
			ret_changes[drawn++] = draw_change(world, at, ends);
	}
	return drawn;
}

size_t
world_draw_end(struct world *world, struct tree_change *ret_changes)
{
	size_t drawn = 0;
	for (size_t i = 0; i < world->size; i++) {
		if (world->has[i])
			ret_changes[drawn++] = (struct tree_change){.key = world->keys[i],
			    .had = true,
			    .old = world->values[i]};
	}
	return drawn;
}

void
world_apply(struct world *world, struct tree_change *changes, size_t count)
{
	struct err err;
	assert_ok(
	    tree_apply(&world->table->nodes, &world->root, changes, count, &world->root, &err));
	for (size_t i = 0; i < count; i++) {
		const struct tree_key *key = bsearch(&changes[i].key, world->keys, world->size,
		    sizeof(*world->keys), order_keys);
		assert_non_null(key);
		world->has[key - world->keys] = changes[i].has;
		world->values[key - world->keys] = changes[i].now;
	}
}

struct digest
world_fresh(const struct world *world, struct table *table)
{
	struct err err;
	struct digest root = tree_empty();
	size_t count = 0;
	struct tree_change *all = calloc(world->size, sizeof(*all));
	assert_non_null(all);
	for (size_t i = 0; i < world->size; i++) {
		if (world->has[i])
			all[count++] = (struct tree_change){.key = world->keys[i],
			    .has = true,
			    .now = world->values[i]};
	}
	assert_ok(tree_apply(&table->nodes, &root, all, count, &root, &err));
	free(all);
	return root;
}

static bool
in_range(const struct tree_range *range, const struct tree_key *key)
{
	return memcmp(range->from.bytes, key->bytes, TREE_KEY_SIZE) <= 0 &&
	    memcmp(key->bytes, range->to.bytes, TREE_KEY_SIZE) <= 0;
}

size_t
world_count(const struct world *world, const struct tree_range *range)
{
	size_t count = 0;
	for (size_t i = 0; i < world->size; i++)
		count += world->has[i] && in_range(range, &world->keys[i]);
	return count;
}

size_t
world_list(const struct world *world, const struct tree_range *range, bool down,
    const struct tree_key *behind, struct tree_cell *ret_cells, size_t max)
{
	size_t count = 0;
	for (size_t i = 0; i < world->size && count < max; i++) {
		const size_t at = down ? world->size - 1 - i : i;
		const struct tree_key *key = &world->keys[at];
		int order = behind == NULL ? 0 : tree_key_order(key, behind);
		if (behind != NULL && (down ? order >= 0 : order <= 0))
			continue;
		if (world->has[at] && in_range(range, key))
			ret_cells[count++] = (struct tree_cell){*key, world->values[at]};
	}
	return count;
}

struct tree_range
world_range(struct world *world)
{
	const struct tree_key *a = &world->keys[bench_random(&world->random, world->size)];
	const struct tree_key *b = &world->keys[bench_random(&world->random, world->size)];
	static const size_t sizes[] = {0, 1, 1, 20, 33, 33, 64, 65};
	switch (bench_random(&world->random, 3)) {
	case 0:
		return tree_below(view_of(a->bytes, sizes[bench_random(&world->random, 8)]));
	case 1:
		return (struct tree_range){*a, *b}; /* none, half the time */
	default:
		return tree_key_order(a, b) < 0 ? (struct tree_range){*a, *b} :
		                                  (struct tree_range){*b, *a};
	}
}
