/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row of the state tree (vault/log/tree_node.c): what is parsed, and what is refused even though its
 * hash is right; and that each failure of what is below is handed on.
 */
#include <stdio.h>

#include "tests/unit/tree_bench.h"
#include "vault/log/tree_read.h"

enum { CELLS = 40 };

/* Calls of the allocator that fail, when it is their turn. */
static size_t allocations, failing; /* the tests' own */

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *
__wrap_calloc(size_t count, size_t size)
{
	return ++allocations == failing ? NULL : __real_calloc(count, size);
}

void *
__wrap_malloc(size_t size)
{
	return ++allocations == failing ? NULL : __real_malloc(size);
}

/* ---- rows made by hand ---- */

/* COUNT cells under PATH, in order. */
static void
make_cells(const struct tree_path *path, struct tree_cell *ret_cells, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		memset(&ret_cells[i], 0x11, sizeof(ret_cells[i]));
		memcpy(ret_cells[i].key.bytes, path->bytes, path->nibbles / 2);
		if (path->nibbles % 2 != 0)
			ret_cells[i].key.bytes[path->nibbles / 2] =
			    path->bytes[path->nibbles / 2] | 0x01;
		ret_cells[i].key.bytes[TREE_KEY_SIZE - 1] = (uint8_t)i;
	}
}

static struct tree_fork
make_fork(const uint8_t *prefix, size_t nibbles)
{
	struct tree_fork fork = {.prefix = tree_path_of(prefix, nibbles), .cells = 33};
	fork.children[0] = (struct tree_child){2, {{0xaa}}, 32};
	fork.children[15] = (struct tree_child){3, {{0xbb}}, 1};
	return fork;
}

static enum err_code
parse(const struct tree_path *path, struct view body, struct view kids, struct err *err)
{
	struct tree_node node;
	uint8_t *exact_body = exact_copy(body), *exact_kids = exact_copy(kids);
	enum err_code code = tree_parse(path, view_of(exact_body, body.size),
	    view_of(exact_kids, kids.size), &node, err);
	free(exact_body);
	free(exact_kids);
	return code;
}

static enum err_code
parse_fork(const struct tree_fork *fork, const struct tree_path *path, struct err *err)
{
	BUF body = {0};
	BUF kids = {0};
	tree_put_fork(&body, &kids, fork);
	return parse(path, buf_view(&body), buf_view(&kids), err);
}

static const uint8_t beginning[TREE_KEY_SIZE] = {0x12, 0x34, 0x56, 0x78};

static void
a_bucket_is_read_as_it_was_written_at_every_depth(void **state)
{
	struct tree_cell cells[TREE_BUCKET_MAX];
	struct err err;

	(void)state;
	for (size_t nibbles = 0; nibbles < TREE_NIBBLES - 2; nibbles++) {
		const struct tree_path path = tree_path_of(beginning, nibbles);
		struct tree_node node;
		BUF body = {0};
		make_cells(&path, cells, TREE_BUCKET_MAX);
		tree_put_bucket(&body, &path, cells, TREE_BUCKET_MAX);
		assert_int_equal(body.size,
		    2 + TREE_BUCKET_MAX * (TREE_KEY_SIZE - nibbles / 2 + DIGEST_SIZE));
		assert_ok(tree_parse(&path, buf_view(&body), view_of(NULL, 0), &node, &err));
		assert_true(node.is_bucket && node.bucket.count == TREE_BUCKET_MAX);
		assert_memory_equal(node.bucket.cells, cells, sizeof(cells));
	}
}

static void
a_bucket_of_another_form_is_refused(void **state)
{
	const struct tree_path path = tree_path_of(beginning, 3);
	struct tree_cell cells[TREE_BUCKET_MAX + 1];
	struct err err;
	BUF body = {0};
	BUF swapped = {0};
	BUF twice = {0};

	(void)state;
	make_cells(&path, cells, 2);
	tree_put_bucket(&body, &path, cells, 2);
	assert_ok(parse(&path, buf_view(&body), view_of(NULL, 0), &err));
	for (size_t size = 0; size < body.size; size++)
		assert_error(ERR_INTEGRITY,
		    parse(&path, view_of(body.data, size), view_of(NULL, 0), &err));
	assert_error(ERR_INTEGRITY, parse(&path, buf_view(&body), view_of(beginning, 8), &err));
	buf_u8(&body, 0);
	assert_error(ERR_INTEGRITY, parse(&path, buf_view(&body), view_of(NULL, 0), &err));
	body.data[1] = 0;
	assert_error(ERR_INTEGRITY, parse(&path, view_of(body.data, 2), view_of(NULL, 0), &err));
	assert_says("a bucket of 0 cells");
	body.data[0] = 3;
	assert_error(ERR_INTEGRITY, parse(&path, buf_view(&body), view_of(NULL, 0), &err));
	assert_says("neither");
	tree_put_bucket(&swapped, &path, (struct tree_cell[]){cells[1], cells[0]}, 2);
	assert_error(ERR_INTEGRITY, parse(&path, buf_view(&swapped), view_of(NULL, 0), &err));
	assert_says("out of order");
	tree_put_bucket(&twice, &path, (struct tree_cell[]){cells[1], cells[1]}, 2);
	assert_error(ERR_INTEGRITY, parse(&path, buf_view(&twice), view_of(NULL, 0), &err));
	assert_says("out of order");
}

static void
a_bucket_of_too_many_or_of_foreign_cells_is_refused(void **state)
{
	const struct tree_path path = tree_path_of(beginning, 3);
	struct tree_cell cells[TREE_BUCKET_MAX + 1];
	struct err err;
	BUF body = {0};
	BUF foreign = {0};

	(void)state;
	make_cells(&path, cells, TREE_BUCKET_MAX + 1);
	tree_put_bucket(&body, &path, cells, TREE_BUCKET_MAX + 1);
	assert_error(ERR_INTEGRITY, parse(&path, buf_view(&body), view_of(NULL, 0), &err));
	assert_says("a bucket of 33 cells");
	cells[0].key.bytes[1] ^= 0x10; /* the half byte that stands in path and key */
	tree_put_bucket(&foreign, &path, cells, 1);
	assert_error(ERR_INTEGRITY, parse(&path, buf_view(&foreign), view_of(NULL, 0), &err));
	assert_says("belongs elsewhere");
}

static void
a_fork_is_read_as_it_was_written_at_every_depth(void **state)
{
	struct err err;

	(void)state;
	for (size_t nibbles = 0; nibbles < TREE_NIBBLES; nibbles++) {
		const struct tree_fork fork = make_fork(beginning, nibbles);
		const struct tree_path path = tree_path_of(beginning, nibbles / 2);
		struct tree_node node;
		BUF body = {0};
		BUF kids = {0};
		tree_put_fork(&body, &kids, &fork);
		assert_int_equal(body.size, 2 + (nibbles + 1) / 2 + 2 + 2 * (DIGEST_SIZE + 4));
		assert_ok(tree_parse(&path, buf_view(&body), buf_view(&kids), &node, &err));
		assert_true(!node.is_bucket && node.fork.cells == fork.cells);
		assert_memory_equal(&node.fork.prefix, &fork.prefix, sizeof(fork.prefix));
		for (unsigned i = 0; i < TREE_FORK_MAX; i++) {
			assert_int_equal(node.fork.children[i].id, fork.children[i].id);
			assert_int_equal(node.fork.children[i].cells, fork.children[i].cells);
			assert_true(
			    digest_equal(&node.fork.children[i].hash, &fork.children[i].hash));
		}
	}
}

static void
a_fork_of_another_form_is_refused(void **state)
{
	const struct tree_path path = tree_path_of(beginning, 3);
	const struct tree_fork fork = make_fork(beginning, 5);
	struct err err;
	BUF body = {0};
	BUF kids = {0};

	(void)state;
	tree_put_fork(&body, &kids, &fork);
	buf_u8(&body, 0);
	buf_u64(&kids, 4);
	const struct view good = view_of(body.data, body.size - 1), ids = view_of(kids.data, 16);
	assert_ok(parse(&path, good, ids, &err));
	for (size_t size = 0; size <= body.size; size++) {
		if (size != good.size)
			assert_error(ERR_INTEGRITY,
			    parse(&path, view_of(body.data, size), ids, &err));
	}
	for (size_t size = 0; size <= kids.size; size++) {
		if (size != ids.size)
			assert_error(ERR_INTEGRITY,
			    parse(&path, good, view_of(kids.data, size), &err));
	}
	body.data[4] |= 0x01; /* behind the fifth nibble */
	assert_error(ERR_INTEGRITY, parse(&path, good, ids, &err));
	assert_says("half a byte");
	body.data[1] = TREE_NIBBLES;
	assert_error(ERR_INTEGRITY, parse(&path, good, ids, &err));
	assert_says("a prefix of 130 nibbles");
}

static void
a_fork_whose_prefix_does_not_go_on_is_refused(void **state)
{
	const struct tree_path path = tree_path_of(beginning, 5),
	                       other = tree_path_of(beginning + 1, 3);
	const struct tree_fork fork = make_fork(beginning, 5), shorter = make_fork(beginning, 4);
	struct err err;

	(void)state;
	assert_ok(parse_fork(&fork, &path, &err));
	assert_error(ERR_INTEGRITY, parse_fork(&shorter, &path, &err));
	assert_says("a prefix of 4 nibbles");
	assert_error(ERR_INTEGRITY, parse_fork(&fork, &other, &err));
	assert_says("a prefix that belongs elsewhere");
}

static void
a_fork_with_wrong_children_is_refused(void **state)
{
	static const uint64_t ids[] = {0, TREE_ROOT_ID, (uint64_t)INT64_MAX + 1, UINT64_MAX};
	const struct tree_path path = {.nibbles = 0};
	struct tree_fork fork = make_fork(beginning, 5);
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		fork.children[15].id = ids[i];
		assert_error(ERR_INTEGRITY, parse_fork(&fork, &path, &err));
		assert_says("a child without a row");
	}
	fork = make_fork(beginning, 5);
	fork.children[0].cells = 31;
	assert_error(ERR_INTEGRITY, parse_fork(&fork, &path, &err));
	assert_says("a fork of 32 cells");
	fork.children[0].cells = UINT32_MAX;
	assert_error(ERR_INTEGRITY, parse_fork(&fork, &path, &err));
	assert_says("a fork of 4294967296 cells");
	fork.children[0].cells = UINT32_MAX - 1;
	assert_ok(parse_fork(&fork, &path, &err));
	fork.children[15].cells = 0;
	assert_error(ERR_INTEGRITY, parse_fork(&fork, &path, &err));
	assert_says("a fork of 1 children");
}

static void
a_child_that_is_named_has_cells(void **state)
{
	const struct tree_path path = {.nibbles = 0};
	const struct tree_fork fork = make_fork(beginning, 0);
	struct err err;
	BUF body = {0};
	BUF kids = {0};

	(void)state;
	tree_put_fork(&body, &kids, &fork);
	body.data[body.size - 1] = 0; /* of the last child */
	assert_error(ERR_INTEGRITY, parse(&path, buf_view(&body), buf_view(&kids), &err));
	assert_says("a child without cells");
}

/* ---- right hashes, wrong numbers ---- */

/* FORK becomes the root, whose hash is returned. */
static struct digest
put_root(struct table *table, const struct tree_fork *fork)
{
	const struct tree_path path = {.nibbles = 0};
	struct digest root;
	struct err err;
	BUF body = {0};
	BUF kids = {0};
	tree_put_fork(&body, &kids, fork);
	assert_ok(table->nodes.write(table, TREE_ROOT_ID, buf_view(&body), buf_view(&kids), &err));
	assert_ok(tree_hash(&path, buf_view(&body), &root, &err));
	return root;
}

/* A tree of CELLS cells under two children, the first of which says one cell MORE or less. */
static struct digest
miscount(struct table *table, int more, struct tree_key *ret_key)
{
	struct tree_change changes[CELLS];
	struct digest root = tree_empty();
	struct tree_node node;
	struct err err;
	memset(changes, 0, sizeof(changes));
	for (unsigned i = 0; i < CELLS; i++) {
		changes[i].has = true;
		changes[i].key.bytes[0] = i < 35 ? 0x10 : 0x20;
		changes[i].key.bytes[1] = (uint8_t)i;
	}
	assert_ok(tree_apply(&table->nodes, &root, changes, CELLS, &root, &err));
	const struct tree_place place = tree_root_place(&root);
	assert_ok(tree_read(&table->nodes, &place, &node, &err));
	for (unsigned nibble = 1; nibble < 3; nibble++)
		node.fork.children[nibble].cells += (uint32_t)more;
	*ret_key = changes[more > 0 ? 0 : CELLS - 1].key; /* below a fork, in a bucket */
	return put_root(table, &node.fork);
}

static void
a_number_of_cells_that_is_not_below_is_an_alarm(void **state)
{
	struct tree_totals totals;
	struct digest value;
	struct tree_key key;
	struct err err;
	bool has;

	(void)state;
	for (int more = -1; more < 2; more += 2) {
		TABLE *table = table_new();
		struct digest root = miscount(table, more, &key);
		assert_error(ERR_INTEGRITY, tree_verify(&table->nodes, &root, &totals, &err));
		assert_says("cells where");
		assert_error(ERR_INTEGRITY,
		    tree_get(&table->nodes, &root, &key, &has, &value, &err));
		assert_says("cells where");
	}
}

static void
a_full_tree_takes_no_further_cell(void **state)
{
	TABLE *table = table_new();
	struct tree_fork fork = make_fork(beginning, 0);
	struct tree_change change = {.key = {{0x70}}, .has = true};
	struct err err;

	(void)state;
	fork.children[0].cells = UINT32_MAX - 2;
	const struct digest roomy = put_root(table, &fork);
	struct digest root;
	assert_ok(tree_apply(&table->nodes, &roomy, &change, 1, &root, &err));
	change.key.bytes[0] = 0x80;
	assert_error(ERR_REFUSED, tree_apply(&table->nodes, &root, &change, 1, &root, &err));
	assert_says("4,294,967,295 cells");
}

static void
a_row_longer_than_any_is_not_hashed(void **state)
{
	static uint8_t body[TREE_BODY_MAX + 1];
	const struct tree_path path = {.nibbles = 0};
	struct digest hash;
	struct err err;

	(void)state;
	body[0] = 1;
	assert_ok(tree_hash(&path, view_of(body, TREE_BODY_MAX), &hash, &err));
	assert_error(ERR_INTEGRITY, tree_hash(&path, VIEW_OF(body), &hash, &err));
	assert_error(ERR_INTEGRITY, tree_hash(&path, view_of(NULL, 0), &hash, &err));
	body[0] = 3;
	assert_error(ERR_INTEGRITY, tree_hash(&path, view_of(body, 100), &hash, &err));
}

/* ---- what is below fails ---- */

/* Everything that can be asked; ERR_OK, or what failed first. */
static enum err_code
ask_all(struct world *world, struct tree_change *changes, size_t count, struct err *err)
{
	const struct tree_nodes *nodes = &world->table->nodes;
	const struct tree_range all = tree_below(view_of(NULL, 0)),
	                        some = tree_below(view_of("\1", 1));
	struct digest value, root = {{0x77}};
	struct tree_cell cells[4];
	struct tree_totals totals;
	uint64_t number;
	size_t got;
	bool has;
	TRY(tree_get(nodes, &world->root, &world->keys[1], &has, &value, err));
	TRY(tree_count(nodes, &world->root, &some, &number, err));
	TRY(tree_next(nodes, &world->root, &all, NULL, cells, 4, &got, err));
	TRY(tree_previous(nodes, &world->root, &all, NULL, cells, 4, &got, err));
	TRY(tree_verify(nodes, &world->root, &totals, err));
	enum err_code code = tree_apply(nodes, &world->root, changes, count, &root, err);
	assert_true(code == ERR_OK || root.bytes[0] == 0x77);
	return code;
}

/* Much ends and the rest changes: forks are written, others gather their cells or move up. */
static size_t
prepare(struct world *world, struct tree_change *changes)
{
	world_apply(world, changes, world_draw(world, changes, 300, 0));
	size_t count = world_draw_end(world, changes);
	assert_true(count > 120);
	for (size_t i = 0; i < 80; i++)
		changes[i].has = true;
	return count;
}

static void
each_failure_of_the_table_is_handed_on(void **state)
{
	static struct tree_change changes[300], again[300];
	WORLD *world = world_new(200, 300);
	const size_t count = prepare(world, changes);
	const size_t saved = world->table->saved_count;
	const uint64_t next = world->table->next;
	struct err err;
	size_t at = 0;

	(void)state;
	do {
		memcpy(again, changes, sizeof(again));
		world->table->fails_at = ++at;
		world->table->calls = 0;
		enum err_code code = ask_all(world, again, count, &err);
		table_restore(world->table, saved);
		world->table->next = next;
		assert_int_equal(code, world->table->calls < at ? ERR_OK : ERR_IO);
	} while (world->table->calls >= at);
	assert_true(at > 60);
}

static void
each_lack_of_memory_is_an_error_of_its_own(void **state)
{
	static struct tree_change changes[300], again[300];
	WORLD *world = world_new(200, 300);
	const size_t count = prepare(world, changes);
	const size_t saved = world->table->saved_count;
	const uint64_t next = world->table->next;
	struct err err;
	size_t at = 0;

	(void)state;
	do {
		memcpy(again, changes, sizeof(again));
		allocations = 0;
		failing = ++at;
		enum err_code code = ask_all(world, again, count, &err);
		failing = 0;
		table_restore(world->table, saved);
		world->table->next = next;
		assert_int_equal(code, allocations < at ? ERR_OK : ERR_MEMORY);
	} while (allocations >= at);
	assert_true(at > 60);
}

/* ---- a large one ---- */

static void
every_row_and_cell_is_counted(void **state)
{
	TABLE *table = table_new();
	enum { MANY = 25000 };
	struct tree_change *changes = calloc(MANY, sizeof(*changes));
	uint64_t random = 77;
	struct tree_totals totals;
	struct digest root = tree_empty();
	struct err err;

	(void)state;
	assert_non_null(changes);
	for (size_t i = 0; i < MANY; i++) {
		const struct digest middle = bench_digest(&random), last = bench_digest(&random);
		changes[i] =
		    (struct tree_change){.key = tree_key_of(1, &middle, &last), .has = true};
	}
	assert_ok(tree_apply(&table->nodes, &root, changes, MANY, &root, &err));
	free(changes);
	assert_ok(tree_verify(&table->nodes, &root, &totals, &err));
	assert_int_equal(totals.cells, MANY);
	assert_int_equal(totals.rows, table->live);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_bucket_is_read_as_it_was_written_at_every_depth),
	    cmocka_unit_test(a_bucket_of_another_form_is_refused),
	    cmocka_unit_test(a_bucket_of_too_many_or_of_foreign_cells_is_refused),
	    cmocka_unit_test(a_fork_is_read_as_it_was_written_at_every_depth),
	    cmocka_unit_test(a_fork_of_another_form_is_refused),
	    cmocka_unit_test(a_fork_whose_prefix_does_not_go_on_is_refused),
	    cmocka_unit_test(a_fork_with_wrong_children_is_refused),
	    cmocka_unit_test(a_child_that_is_named_has_cells),
	    cmocka_unit_test(a_number_of_cells_that_is_not_below_is_an_alarm),
	    cmocka_unit_test(a_full_tree_takes_no_further_cell),
	    cmocka_unit_test(a_row_longer_than_any_is_not_hashed),
	    cmocka_unit_test(each_failure_of_the_table_is_handed_on),
	    cmocka_unit_test(each_lack_of_memory_is_an_error_of_its_own),
	    cmocka_unit_test(every_row_and_cell_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
