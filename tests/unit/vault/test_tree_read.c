/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that were met are remembered: everything is as without, but for what is read. */
#include "tests/unit/tree_bench.h"
#include "vault/log/tree_read.h"

enum { CELLS = 6000, BATCH = 40 };

DESTRUCTOR(known_freep, struct tree_known, tree_known_free)
#define KNOWN CLEANUP(known_freep) struct tree_known

static struct tree_known *
known_new(void)
{
	struct err err;
	struct tree_known *known = NULL;
	assert_ok(tree_known_new(&known, &err));
	return known;
}

/* Each cell and each key without one, as WORLD has them. */
static void
assert_cells(const struct world *world, size_t step)
{
	struct err err;
	for (size_t i = 0; i < world->size; i += step) {
		struct digest value;
		bool has;
		assert_ok(tree_get(&world->table->nodes, &world->root, &world->keys[i], &has,
		    &value, &err));
		assert_int_equal(has, world->has[i]);
		if (has)
			assert_true(digest_equal(&value, &world->values[i]));
	}
}

static void
a_tree_whose_rows_are_remembered_is_the_same(void **state)
{
	static struct tree_change changes[BATCH];
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		WORLD *world = world_new(seed, 400), *plain = world_new(seed, 400);
		KNOWN *known = known_new();
		world->table->nodes.known = known;
		for (unsigned batch = 0; batch < 60; batch++) {
			size_t count = world_draw(world, changes, BATCH, batch % 9 == 0 ? 14 : 3);
			assert_cells(world, 7);
			world_apply(world, changes, count);
			count = world_draw(plain, changes, BATCH, batch % 9 == 0 ? 14 : 3);
			world_apply(plain, changes, count);
			assert_true(digest_equal(&world->root, &plain->root));
			assert_int_equal(world->table->live, plain->table->live);
			assert_cells(world, 3); /* in the same transaction, after the change */
			if (batch % 3 == 0)
				tree_known_clear(known);
		}
	}
}

/* Many cells, and one of them. */
static struct world *
grown(struct tree_known *known, struct tree_key *ret_key)
{
	struct world *world = world_new(5, CELLS);
	struct tree_change *changes = calloc(CELLS, sizeof(*changes));
	assert_non_null(changes);
	for (size_t i = 0; i < world->size; i++)
		changes[i] = (struct tree_change){.key = world->keys[i],
		    .has = true,
		    .now = bench_digest(&world->random)};
	world_apply(world, changes, world->size);
	free(changes);
	world->table->nodes.known = known;
	*ret_key = world->keys[world->size / 2];
	return world;
}

static enum err_code
ask(struct world *world, const struct tree_key *key, struct err *err)
{
	struct digest value;
	bool has;
	TRY(tree_get(&world->table->nodes, &world->root, key, &has, &value, err));
	assert_true(has);
	return ERR_OK;
}

static void
what_was_met_in_this_transaction_is_not_read_again(void **state)
{
	KNOWN *known = known_new();
	struct tree_key key;
	WORLD *world = grown(known, &key);
	struct err err;
	(void)state;
	world->table->reads = 0;
	assert_ok(ask(world, &key, &err));
	size_t first = world->table->reads;
	assert_true(first > 1);
	assert_ok(ask(world, &key, &err));
	assert_int_equal(world->table->reads, first);
	tree_known_clear(known);
	assert_ok(ask(world, &key, &err));
	assert_int_equal(world->table->reads, 2 * first);
}

/* Every row becomes another. */
static void
forge_all(struct world *world)
{
	for (uint64_t id = TREE_ROOT_ID; id < world->table->next; id++) {
		struct row *row = row_copy(world->table->rows[id]);
		if (row != NULL)
			row->body[row->body_size - 1] ^= 1;
		table_put(world->table, id, row);
	}
}

static void
a_forged_row_is_an_alarm_as_soon_as_it_is_read(void **state)
{
	KNOWN *known = known_new();
	struct tree_key key;
	WORLD *world = grown(known, &key);
	struct err err;
	(void)state;
	assert_ok(ask(world, &key, &err));
	forge_all(world);
	assert_ok(ask(world, &key, &err)); /* it is the true one that is known */
	assert_error(ERR_INTEGRITY, ask(world, &world->keys[0], &err));
	tree_known_clear(known);
	assert_error(ERR_INTEGRITY, ask(world, &key, &err));
}

static void
what_is_known_counts_for_its_own_place_alone(void **state)
{
	KNOWN *known = known_new();
	struct tree_key key;
	WORLD *world = grown(known, &key);
	const struct tree_nodes *nodes = &world->table->nodes;
	struct tree_place right = tree_root_place(&world->root), place;
	struct tree_node node;
	struct err err;
	(void)state;
	assert_ok(tree_read(nodes, &right, &node, &err));
	right.cells = node.fork.cells;
	assert_ok(tree_read(nodes, &right, &node, &err));
	place = right;
	place.hash.bytes[31] ^= 1;
	assert_error(ERR_INTEGRITY, tree_read(nodes, &place, &node, &err));
	place = right;
	place.cells++;
	assert_error(ERR_INTEGRITY, tree_read(nodes, &place, &node, &err));
	assert_says("are counted");
	place = right;
	place.path = tree_path_of(key.bytes, 70);
	assert_error(ERR_INTEGRITY, tree_read(nodes, &place, &node, &err));
	assert_ok(tree_read(nodes, &right, &node, &err));
}

/* The row of an id, which has another child by then. */
static void
a_row_that_is_written_is_not_what_was_known(void **state)
{
	KNOWN *known = known_new();
	struct tree_key key;
	WORLD *world = grown(known, &key);
	const struct tree_place root = tree_root_place(&world->root);
	struct tree_node node;
	struct err err;
	(void)state;
	assert_ok(tree_read(&world->table->nodes, &root, &node, &err));
	tree_known_drop(known, TREE_ROOT_ID + 1); /* another one */
	forge_all(world);
	assert_ok(tree_read(&world->table->nodes, &root, &node, &err));
	tree_known_drop(known, TREE_ROOT_ID);
	assert_error(ERR_INTEGRITY, tree_read(&world->table->nodes, &root, &node, &err));
	tree_known_drop(NULL, TREE_ROOT_ID);
	tree_known_clear(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_tree_whose_rows_are_remembered_is_the_same),
	    cmocka_unit_test(what_was_met_in_this_transaction_is_not_read_again),
	    cmocka_unit_test(a_forged_row_is_an_alarm_as_soon_as_it_is_read),
	    cmocka_unit_test(what_is_known_counts_for_its_own_place_alone),
	    cmocka_unit_test(a_row_that_is_written_is_not_what_was_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
