/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state tree (vault/log/tree*.h) against the set of cells that it stands for, through thousands of
 * batches, and against roots that tests/lib/state_tree.py computes from docs/FORMAT.md.
 */
#include <stdio.h>

#include "base/text.h"
#include "tests/unit/tree_bench.h"

enum { BATCH_MAX = 4096, LIST_MAX = 64 };

static void
assert_digest(const struct digest *got, const struct digest *expected)
{
	assert_memory_equal(got->bytes, expected->bytes, DIGEST_SIZE);
}

static void
the_empty_tree_is_the_hash_of_its_label_and_has_no_row(void **state)
{
	TABLE *table = table_new();
	struct err err;
	struct digest hash, empty = tree_empty(), value;
	const struct tree_key key = {{1}};
	const struct tree_range all = tree_below(view_of(NULL, 0));
	struct tree_cell cell;
	struct tree_totals totals;
	uint64_t cells = 7;
	size_t count = 7;
	bool has = true;

	(void)state;
	assert_ok(sha256_one(VIEW_OF("halligan/v1 empty"), &hash, &err));
	assert_digest(&empty, &hash);
	assert_ok(tree_get(&table->nodes, &empty, &key, &has, &value, &err));
	assert_false(has);
	assert_ok(tree_count(&table->nodes, &empty, &all, &cells, &err));
	assert_int_equal(cells, 0);
	assert_ok(tree_next(&table->nodes, &empty, &all, NULL, &cell, 1, &count, &err));
	assert_int_equal(count, 0);
	assert_ok(tree_verify(&table->nodes, &empty, &totals, &err));
	assert_true(totals.rows == 0 && totals.cells == 0);
	assert_int_equal(table->calls, 0);
}

/* ---- against the reference ---- */

/* The cells of tests/lib/state_tree.py: key I is HASH("key I"), stretched; see there. */
static struct digest
text_hash(const char *word, unsigned number)
{
	char text[32];
	struct digest hash;
	struct err err;
	snprintf(text, sizeof(text), "%s %u", word, number);
	assert_ok(sha256_one(view_of_text(text), &hash, &err));
	return hash;
}

static struct tree_change
golden_cell(unsigned number, bool ordered)
{
	struct digest middle = text_hash("parent", number % 3), last = text_hash("key", number);
	if (ordered) {
		memset(middle.bytes, 0, DIGEST_SIZE);
		middle.bytes[DIGEST_SIZE - 2] = (uint8_t)(number / 7 >> 8);
		middle.bytes[DIGEST_SIZE - 1] = (uint8_t)(number / 7);
	}
	return (struct tree_change){
	    .key = tree_key_of(ordered ? 2 : 1, &middle, &last),
	    .has = true,
	    .now = text_hash("value", number),
	};
}

static const struct golden {
	unsigned cells;
	bool ordered; /* all of them; else every third */
	const char *root;
} goldens[] = {
    {1, false, "aa4dc6baca68961f7e7d9cb328d6c9b354d813895a7563a6cfc35b1eda40ccef"},
    {32, false, "9ea66426ba8604770255afd3bfb98996cd22c423dab05153f641fd897d506349"},
    {33, false, "16df5656be874212d48cc903e1615fcf1542bb8999a49a7623b36ae16c03fefb"},
    {33, true, "62ce24959a12186b6db45077f51f6c77e30e8b15d1de82e81d28a5226b1258f2"},
    {1000, false, "e8f850ed673faa5f6f3fcca7145f6ee606bf8f38b0ff404e2a993f8b15332edd"},
    {5000, true, "1c6eb3186b287b9da9314bf8144f41e651bf234fcecf8ba8ecbf4030a05c12a3"},
};

static void
roots_are_those_of_the_written_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(goldens); i++) {
		TABLE *table = table_new();
		struct err err;
		struct digest root = tree_empty();
		struct tree_change *changes = calloc(goldens[i].cells, sizeof(*changes));
		char hex[2 * DIGEST_SIZE + 1];
		assert_non_null(changes);
		for (unsigned k = 0; k < goldens[i].cells; k++)
			changes[k] = golden_cell(k, goldens[i].ordered || k % 3 == 2);
		assert_ok(tree_apply(&table->nodes, &root, changes, goldens[i].cells, &root, &err));
		text_hex(VIEW_OF(root.bytes), hex);
		assert_string_equal(hex, goldens[i].root);
		free(changes);
	}
}

/* ---- against the set ---- */

static void
assert_tree_is_fresh(struct world *world)
{
	TABLE *fresh = table_new();
	struct err err;
	const struct tree_range all = tree_below(view_of(NULL, 0));
	struct tree_totals totals;
	struct digest root = world_fresh(world, fresh);

	assert_digest(&world->root, &root);
	assert_int_equal(world->table->live, fresh->live);
	assert_ok(tree_verify(&world->table->nodes, &world->root, &totals, &err));
	assert_int_equal(totals.rows, fresh->live);
	assert_int_equal(totals.cells, world_count(world, &all));
}

static void
assert_get(struct world *world, const struct tree_key *key, bool has, const struct digest *value)
{
	struct err err;
	const struct digest untouched = {{0x77}};
	struct digest got = untouched;
	bool got_has = !has;
	assert_ok(tree_get(&world->table->nodes, &world->root, key, &got_has, &got, &err));
	assert_int_equal(got_has, has);
	assert_digest(&got, has ? value : &untouched);
}

static void
assert_values(struct world *world)
{
	for (unsigned i = 0; i < 4; i++) {
		size_t at = bench_random(&world->random, world->size);
		struct tree_key other = world->keys[at];
		assert_get(world, &other, world->has[at], &world->values[at]);
		other.bytes[bench_random(&world->random, TREE_KEY_SIZE)] ^= 0x10;
		if (bsearch(&other, world->keys, world->size, TREE_KEY_SIZE,
		        (int (*)(const void *, const void *))tree_key_order) == NULL)
			assert_get(world, &other, false, NULL);
	}
}

static void
assert_range(struct world *world)
{
	static struct tree_cell got[LIST_MAX], expected[LIST_MAX];
	const struct tree_range range = world_range(world);
	const struct tree_key *at = &world->keys[bench_random(&world->random, world->size)];
	const struct tree_key *behind = bench_random(&world->random, 2) == 0 ? NULL : at;
	const size_t max = bench_random(&world->random, LIST_MAX + 1);
	struct err err;
	uint64_t cells;
	size_t count, wanted;

	assert_ok(tree_count(&world->table->nodes, &world->root, &range, &cells, &err));
	assert_int_equal(cells, world_count(world, &range));
	wanted = world_list(world, &range, false, behind, expected, max);
	assert_ok(
	    tree_next(&world->table->nodes, &world->root, &range, behind, got, max, &count, &err));
	assert_view(view_of(got, count * sizeof(*got)), view_of(expected, wanted * sizeof(*got)));
	wanted = world_list(world, &range, true, behind, expected, max);
	assert_ok(tree_previous(&world->table->nodes, &world->root, &range, behind, got, max,
	    &count, &err));
	assert_view(view_of(got, count * sizeof(*got)), view_of(expected, wanted * sizeof(*got)));
}

/* Batches of up to MAX changes of about KEYS keys; now and then much ends, or all. */
static void
run_batches(uint64_t seed, size_t keys, size_t batches, size_t max)
{
	static struct tree_change changes[BATCH_MAX];
	WORLD *world = world_new(seed, keys);

	for (size_t i = 0; i < batches; i++) {
		unsigned ends = i / 40 % 2 == 0 ? 2 : 14; /* it grows, it shrinks */
		size_t count = i % 97 == 96 ?
		    world_draw_end(world, changes) :
		    world_draw(world, changes, 1 + bench_random(&world->random, max), ends);
		world_apply(world, changes, count);
		assert_tree_is_fresh(world);
		assert_values(world);
		assert_range(world);
		table_forget(world->table);
	}
}

static void
the_cells_alone_decide_the_tree_and_its_answers(void **state)
{
	(void)state;
	run_batches(1, 40, 1000, 6);
	run_batches(2, 90, 1000, 12);
	run_batches(3, 300, 1400, 30);
	run_batches(4, 1500, 600, 120);
}

static void
a_batch_is_the_same_as_its_changes_one_by_one(void **state)
{
	static struct tree_change changes[BATCH_MAX];
	(void)state;
	for (uint64_t seed = 10; seed < 30; seed++) {
		WORLD *one = world_new(seed, 200);
		WORLD *other = world_new(seed, 200);
		size_t count = world_draw(one, changes, 150, 0);
		world_apply(one, changes, count);
		for (size_t i = count; i > 0; i--)
			world_apply(other, &changes[i - 1], 1);
		assert_digest(&one->root, &other->root);
		assert_int_equal(one->table->live, other->table->live);
	}
}

/* ---- what is read ---- */

static void
what_lies_within_a_range_is_counted_without_reading_it(void **state)
{
	static const uint8_t kinds[] = {1, 2, 3};
	static struct tree_change changes[BATCH_MAX];
	WORLD *world = world_new(5, 4000);
	struct err err;
	uint64_t cells;

	(void)state;
	world_apply(world, changes, world_draw(world, changes, BATCH_MAX, 0));
	assert_true(world->table->live > 100);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct tree_range range = tree_below(view_of(&kinds[i], 1));
		world->table->reads = 0;
		assert_ok(tree_count(&world->table->nodes, &world->root, &range, &cells, &err));
		assert_int_equal(cells, world_count(world, &range));
		assert_true(cells > 300);
		assert_in_range(world->table->reads, 1, 2);
	}
}

/* All keys have 02 in common. */
static void
an_absence_beside_a_prefix_is_proven_by_the_row_that_says_it(void **state)
{
	static struct tree_change changes[1000];
	TABLE *table = table_new();
	const struct tree_key beside[] = {{{1}}, {{3}}, {{0x20}}};
	struct digest root = tree_empty(), value;
	struct err err;
	bool has;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(changes); i++)
		changes[i] = golden_cell(i, true);
	assert_ok(tree_apply(&table->nodes, &root, changes, ARRAY_SIZE(changes), &root, &err));
	table->reads = 0;
	for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
		assert_ok(tree_get(&table->nodes, &root, &beside[i], &has, &value, &err));
		assert_false(has);
		assert_int_equal(table->reads, i + 1);
	}
}

static void
a_list_reads_the_rows_of_its_cells_and_those_on_the_way(void **state)
{
	static struct tree_change changes[BATCH_MAX];
	static struct tree_cell cells[LIST_MAX];
	const uint8_t numbered = 3;
	const struct tree_range range = tree_below(view_of(&numbered, 1));
	WORLD *world = world_new(6, 4000);
	struct err err;
	size_t count;

	(void)state;
	world_apply(world, changes, world_draw(world, changes, BATCH_MAX, 0));
	world->table->reads = 0;
	assert_ok(
	    tree_next(&world->table->nodes, &world->root, &range, NULL, cells, 20, &count, &err));
	assert_int_equal(count, 20);
	assert_in_range(world->table->reads, 2, 12);
	world->table->reads = 0;
	assert_ok(tree_previous(&world->table->nodes, &world->root, &range, NULL, cells, 0, &count,
	    &err));
	assert_true(count == 0 && world->table->reads == 0);
}

static void
a_list_goes_on_where_it_ended_until_it_has_all(void **state)
{
	static struct tree_change changes[BATCH_MAX];
	static struct tree_cell all[BATCH_MAX], page[7];
	WORLD *world = world_new(7, 600);
	const struct tree_range range = tree_below(view_of(NULL, 0));
	struct err err;
	size_t total, got = 0, count = ARRAY_SIZE(page);

	(void)state;
	world_apply(world, changes, world_draw(world, changes, 600, 0));
	total = world_list(world, &range, true, NULL, all, BATCH_MAX);
	while (count == ARRAY_SIZE(page)) {
		const struct tree_key *before = got > 0 ? &all[got - 1].key : NULL;
		assert_ok(tree_previous(&world->table->nodes, &world->root, &range, before, page,
		    ARRAY_SIZE(page), &count, &err));
		assert_true(got + count <= total);
		assert_memory_equal(page, all + got, count * sizeof(*page));
		got += count;
	}
	assert_int_equal(got, total);
}

/* The last key of all has none after it, the first none before. */
static void
a_list_ends_at_the_ends_of_all_keys(void **state)
{
	TABLE *table = table_new();
	struct tree_change changes[2] = {{.has = true}, {.has = true}};
	const struct tree_range all = tree_below(view_of(NULL, 0));
	struct digest root = tree_empty();
	struct tree_cell cells[3];
	struct err err;
	size_t count;

	(void)state;
	memset(changes[1].key.bytes, 0xff, TREE_KEY_SIZE);
	assert_ok(tree_apply(&table->nodes, &root, changes, 2, &root, &err));
	assert_ok(tree_next(&table->nodes, &root, &all, NULL, cells, 3, &count, &err));
	assert_int_equal(count, 2);
	assert_ok(tree_next(&table->nodes, &root, &all, &cells[0].key, cells, 3, &count, &err));
	assert_int_equal(count, 1);
	assert_ok(tree_next(&table->nodes, &root, &all, &cells[0].key, cells, 3, &count, &err));
	assert_int_equal(count, 0);
	assert_ok(tree_previous(&table->nodes, &root, &all, NULL, cells, 1, &count, &err));
	assert_memory_equal(&cells[0].key, all.to.bytes, TREE_KEY_SIZE);
	assert_ok(tree_previous(&table->nodes, &root, &all, &all.from, cells, 3, &count, &err));
	assert_int_equal(count, 0);
}

/* ---- what is changed ---- */

/* KEY is changed from OLD (NULL: none) to nothing. */
static enum err_code
end_cell(struct world *world, const struct tree_key *key, const struct digest *old, struct err *err)
{
	struct tree_change change = {.key = *key, .had = old != NULL};
	struct digest root = {{0x77}}, untouched = root;
	if (old != NULL)
		change.old = *old;
	enum err_code code = tree_apply(&world->table->nodes, &world->root, &change, 1, &root, err);
	if (code != ERR_OK)
		assert_digest(&root, &untouched);
	return code;
}

static void
a_cell_that_was_not_as_said_is_an_alarm(void **state)
{
	static struct tree_change changes[BATCH_MAX];
	char key[TREE_KEY_TEXT];
	WORLD *world = world_new(8, 400);
	const struct digest other = {{9}};
	struct err err;

	(void)state;
	world_apply(world, changes, world_draw(world, changes, 300, 0));
	world->table->writes = 0;
	for (size_t i = 0; i < world->size; i++) {
		if (world->has[i]) {
			assert_error(ERR_INTEGRITY, end_cell(world, &world->keys[i], NULL, &err));
			assert_says("is there and should not be");
			assert_error(ERR_INTEGRITY, end_cell(world, &world->keys[i], &other, &err));
			assert_says("has another value");
		} else {
			assert_error(ERR_INTEGRITY, end_cell(world, &world->keys[i], &other, &err));
			assert_says("is missing");
		}
		tree_key_text(&world->keys[i], key);
		assert_says(key);
	}
	assert_int_equal(world->table->writes, 0);
}

static void
a_change_that_is_none_writes_nothing(void **state)
{
	static struct tree_change changes[BATCH_MAX];
	WORLD *world = world_new(9, 400);
	struct digest root;
	struct err err;

	(void)state;
	world_apply(world, changes, world_draw(world, changes, 300, 0));
	world->table->writes = world->table->reads = 0;
	for (size_t i = 0; i < world->size; i++)
		changes[i] = (struct tree_change){world->keys[i], world->has[i], world->has[i],
		    world->values[i], world->values[i]};
	assert_ok(
	    tree_apply(&world->table->nodes, &world->root, changes, world->size, &root, &err));
	assert_digest(&root, &world->root);
	assert_true(world->table->writes == 0 && world->table->reads >= world->table->live - 1);
	world->table->reads = 0;
	assert_ok(tree_apply(&world->table->nodes, &world->root, changes, 0, &root, &err));
	assert_digest(&root, &world->root);
	assert_int_equal(world->table->reads, 0);
}

static void
a_changed_value_writes_the_rows_on_its_way_and_no_other(void **state)
{
	static struct tree_change changes[BATCH_MAX];
	WORLD *world = world_new(12, 4000);
	struct err err;
	struct digest value;
	bool has;

	(void)state;
	world_apply(world, changes, world_draw(world, changes, BATCH_MAX, 0));
	for (size_t i = 0; i < world->size; i += 50) {
		if (!world->has[i])
			continue;
		world->table->reads = world->table->writes = 0;
		assert_ok(tree_get(&world->table->nodes, &world->root, &world->keys[i], &has,
		    &value, &err));
		size_t way = world->table->reads;
		changes[0] = (struct tree_change){world->keys[i], true, true, value, {{1}}};
		world_apply(world, changes, 1);
		assert_int_equal(world->table->writes, way);
		assert_int_equal(world->table->reads, 2 * way);
	}
}

static void
two_changes_of_a_cell_are_refused(void **state)
{
	TABLE *table = table_new();
	struct tree_change changes[] = {{.key = {{1}}, .has = true}, {.key = {{2}}, .has = true},
	    {.key = {{1}}, .has = true}};
	const struct digest empty = tree_empty();
	struct digest root;
	struct err err;

	(void)state;
	assert_error(ERR_INTERNAL, tree_apply(&table->nodes, &empty, changes, 3, &root, &err));
	assert_says("two changes of cell 01000");
	assert_error(ERR_REFUSED,
	    tree_apply(&table->nodes, &empty, changes, (size_t)TREE_CHANGES_MAX + 1, &root, &err));
	assert_int_equal(table->calls, 0);
}

static void
a_root_keeps_its_row_and_forks_stand_before_their_children(void **state)
{
	static struct tree_change changes[BATCH_MAX];
	TABLE *table = table_new();
	WORLD *world = world_new(11, 3000);

	(void)state;
	world_apply(world, changes, world_draw(world, changes, BATCH_MAX, 0));
	(void)world_fresh(world, table);
	assert_non_null(table->rows[TREE_ROOT_ID]);
	for (size_t id = TREE_ROOT_ID; id < TABLE_ROWS; id++) {
		const struct row *row = table->rows[id];
		struct reader kids =
		    reader_of(row == NULL ? view_of(NULL, 0) : view_of(row->kids, row->kids_size));
		while (kids.rest.size > 0)
			assert_true(reader_u64(&kids) > id);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_empty_tree_is_the_hash_of_its_label_and_has_no_row),
	    cmocka_unit_test(roots_are_those_of_the_written_rules),
	    cmocka_unit_test(the_cells_alone_decide_the_tree_and_its_answers),
	    cmocka_unit_test(a_batch_is_the_same_as_its_changes_one_by_one),
	    cmocka_unit_test(what_lies_within_a_range_is_counted_without_reading_it),
	    cmocka_unit_test(an_absence_beside_a_prefix_is_proven_by_the_row_that_says_it),
	    cmocka_unit_test(a_list_reads_the_rows_of_its_cells_and_those_on_the_way),
	    cmocka_unit_test(a_list_goes_on_where_it_ended_until_it_has_all),
	    cmocka_unit_test(a_list_ends_at_the_ends_of_all_keys),
	    cmocka_unit_test(a_cell_that_was_not_as_said_is_an_alarm),
	    cmocka_unit_test(a_change_that_is_none_writes_nothing),
	    cmocka_unit_test(a_changed_value_writes_the_rows_on_its_way_and_no_other),
	    cmocka_unit_test(two_changes_of_a_cell_are_refused),
	    cmocka_unit_test(a_root_keeps_its_row_and_forks_stand_before_their_children),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
