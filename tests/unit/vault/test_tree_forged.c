/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Somebody writes the table of the state tree (vault/log/tree*.h), who knows all its rows, older ones too,
 * but cannot change the root: each question is answered as before, or by an alarm.
 */
#include <stdio.h>

#include "tests/unit/tree_bench.h"

enum { KEYS = 420, HISTORY = 60, BATCH = 40, FORGERIES = 20000, PLANS = 40, LIST_MAX = 24 };

/* ---- the forger ---- */

struct forger {
	struct world *world;
	struct table *table;
	struct saved older[TABLE_SAVED / 8]; /* rows as they once were */
	size_t older_count;
	uint64_t ids[TABLE_ROWS]; /* of all rows */
	size_t count;
};

static uint64_t
draw(struct forger *forger, uint64_t below)
{
	return bench_random(&forger->world->random, below);
}

static uint64_t
draw_id(struct forger *forger)
{
	return forger->ids[draw(forger, forger->count)];
}

static void
put_copy(struct forger *forger, uint64_t id, const struct row *row)
{
	table_put(forger->table, id, row_copy(row));
}

static void
flip_body(struct forger *forger, uint64_t id, struct row *row)
{
	(void)id;
	row->body[draw(forger, row->body_size)] ^= (uint8_t)(1u << draw(forger, 8));
}

static void
write_byte(struct forger *forger, uint64_t id, struct row *row)
{
	(void)id;
	row->body[draw(forger, row->body_size < 40 ? row->body_size : 40)] =
	    (uint8_t)draw(forger, 256);
}

static void
change_body_size(struct forger *forger, uint64_t id, struct row *row)
{
	(void)id;
	if (draw(forger, 2) == 0)
		row->body_size -= 1 + draw(forger, row->body_size);
	else
		row->body_size++;
}

static void
flip_kids(struct forger *forger, uint64_t id, struct row *row)
{
	(void)id;
	if (row->kids_size > 0)
		row->kids[draw(forger, row->kids_size)] ^= (uint8_t)(1u << draw(forger, 8));
}

static void
change_kids_size(struct forger *forger, uint64_t id, struct row *row)
{
	(void)id;
	if (row->kids_size > 0 && draw(forger, 2) == 0)
		row->kids_size -= 1 + draw(forger, row->kids_size);
	else
		row->kids_size += 1 + draw(forger, 8);
}

static void
exchange_kids(struct forger *forger, uint64_t id, struct row *row)
{
	size_t a, b;
	uint8_t kid[8];
	(void)id;
	if (row->kids_size == 0)
		return;
	a = 8 * draw(forger, row->kids_size / 8);
	b = 8 * draw(forger, row->kids_size / 8);
	memcpy(kid, row->kids + a, 8);
	memcpy(row->kids + a, row->kids + b, 8);
	memcpy(row->kids + b, kid, 8);
}

/* To itself, to the root, or to any row: circles, too. */
static void
lead_elsewhere(struct forger *forger, uint64_t id, struct row *row)
{
	const uint64_t targets[] = {id, TREE_ROOT_ID, draw_id(forger), draw(forger, TABLE_ROWS)};
	uint64_t target = targets[draw(forger, ARRAY_SIZE(targets))];
	if (row->kids_size == 0)
		return;
	uint8_t *kid = row->kids + 8 * draw(forger, row->kids_size / 8);
	for (size_t i = 0; i < 8; i++)
		kid[i] = (uint8_t)(target >> (56 - 8 * i));
}

static void
take_other(struct forger *forger, uint64_t id, struct row *row)
{
	(void)id;
	*row = *forger->table->rows[draw_id(forger)];
}

static void
take_older(struct forger *forger, uint64_t id, struct row *row)
{
	const struct saved *saved = NULL;
	bool same = draw(forger, 4) != 0; /* mostly of the same id */
	for (unsigned i = 0; i < 400; i++) {
		saved = &forger->older[draw(forger, forger->older_count)];
		if (saved->row != NULL && (!same || saved->id == id)) {
			*row = *saved->row;
			return;
		}
	}
}

/* The body of another row, and the kids of this one. */
static void
take_body(struct forger *forger, uint64_t id, struct row *row)
{
	const struct row *other = forger->table->rows[draw_id(forger)];
	(void)id;
	row->body_size = other->body_size;
	memcpy(row->body, other->body, sizeof(row->body));
}

typedef void (*forgery)(struct forger *forger, uint64_t id, struct row *row);
static const forgery forgeries[] = {flip_body, write_byte, change_body_size, flip_kids,
    change_kids_size, exchange_kids, lead_elsewhere, take_other, take_older, take_older, take_body};

static bool
rows_equal(const struct row *a, const struct row *b)
{
	return a != NULL && b != NULL &&
	    view_equal(view_of(a->body, a->body_size), view_of(b->body, b->body_size)) &&
	    view_equal(view_of(a->kids, a->kids_size), view_of(b->kids, b->kids_size));
}

static void
exchange_rows(struct forger *forger, uint64_t a, uint64_t b)
{
	struct row *row = row_copy(forger->table->rows[a]);
	put_copy(forger, a, forger->table->rows[b]);
	table_put(forger->table, b, row);
}

/* Whether anything is other than before. */
static bool
forge(struct forger *forger)
{
	const size_t before = forger->table->saved_count;
	const uint64_t id = draw_id(forger);
	const size_t way = draw(forger, ARRAY_SIZE(forgeries) + 2);
	bool changed = false;

	if (way == ARRAY_SIZE(forgeries)) {
		table_put(forger->table, id, NULL);
	} else if (way > ARRAY_SIZE(forgeries)) {
		exchange_rows(forger, id, draw_id(forger));
	} else {
		struct row *row = row_copy(forger->table->rows[id]);
		forgeries[way](forger, id, row);
		table_put(forger->table, id, row);
	}
	for (size_t i = before; i < forger->table->saved_count && !changed; i++) {
		const struct saved *saved = &forger->table->saved[i];
		changed = !rows_equal(saved->row, forger->table->rows[saved->id]);
	}
	return changed;
}

/* ---- who is asked ---- */

/* Batches, and the root that each makes. */
struct plan {
	struct tree_change changes[BATCH];
	size_t count;
	struct digest root;
};

static void
make_plan(struct world *world, struct plan *plan)
{
	const size_t saved = world->table->saved_count;
	const uint64_t next = world->table->next;
	struct err err;
	plan->count = world_draw(world, plan->changes, 1 + bench_random(&world->random, BATCH), 12);
	assert_ok(tree_apply(&world->table->nodes, &world->root, plan->changes, plan->count,
	    &plan->root, &err));
	table_restore(world->table, saved);
	world->table->next = next;
}

/* An alarm, or an answer: which one. */
static bool
alarms(enum err_code code)
{
	assert_true(code == ERR_OK || code == ERR_INTEGRITY);
	return code != ERR_OK;
}

static bool
get_is_right_or_alarms(struct world *world)
{
	const size_t at = bench_random(&world->random, world->size);
	struct digest value;
	struct err err;
	bool has;
	if (alarms(
	        tree_get(&world->table->nodes, &world->root, &world->keys[at], &has, &value, &err)))
		return true;
	assert_int_equal(has, world->has[at]);
	if (has)
		assert_memory_equal(value.bytes, world->values[at].bytes, DIGEST_SIZE);
	return false;
}

static bool
range_is_right_or_alarms(struct world *world)
{
	const struct tree_range range = world_range(world);
	struct tree_cell got[LIST_MAX], expected[LIST_MAX];
	struct err err;
	size_t count, wanted;
	uint64_t cells;
	bool alarm = alarms(tree_count(&world->table->nodes, &world->root, &range, &cells, &err));
	if (!alarm)
		assert_int_equal(cells, world_count(world, &range));
	if (alarms(tree_next(&world->table->nodes, &world->root, &range, NULL, got, LIST_MAX,
	        &count, &err)))
		return true;
	wanted = world_list(world, &range, false, NULL, expected, LIST_MAX);
	assert_view(view_of(got, count * sizeof(*got)), view_of(expected, wanted * sizeof(*got)));
	if (alarms(tree_previous(&world->table->nodes, &world->root, &range, NULL, got, LIST_MAX,
	        &count, &err)))
		return true;
	wanted = world_list(world, &range, true, NULL, expected, LIST_MAX);
	assert_view(view_of(got, count * sizeof(*got)), view_of(expected, wanted * sizeof(*got)));
	return alarm;
}

static bool
change_is_right_or_alarms(struct world *world, const struct plan *plan)
{
	struct tree_change changes[BATCH];
	struct digest root;
	struct err err;
	memcpy(changes, plan->changes, plan->count * sizeof(*changes));
	if (alarms(
	        tree_apply(&world->table->nodes, &world->root, changes, plan->count, &root, &err)))
		return true;
	assert_memory_equal(root.bytes, plan->root.bytes, DIGEST_SIZE);
	return false;
}

static struct forger *
forger_new(struct world *world)
{
	static struct tree_change changes[KEYS];
	struct forger *forger = calloc(1, sizeof(*forger));
	struct table *table = world->table;
	assert_non_null(forger);
	for (unsigned i = 0; i < HISTORY; i++)
		world_apply(world, changes, world_draw(world, changes, BATCH, i % 3 == 2 ? 12 : 1));
	assert_true(table->saved_count > 200 && table->saved_count < ARRAY_SIZE(forger->older));
	memcpy(forger->older, table->saved, table->saved_count * sizeof(*table->saved));
	forger->older_count = TAKE(table->saved_count);
	for (size_t id = 0; id < TABLE_ROWS; id++) {
		if (table->rows[id] != NULL)
			forger->ids[forger->count++] = id;
	}
	assert_true(forger->count > 15);
	table->forged = true;
	forger->world = world;
	forger->table = table;
	return forger;
}

static void
forger_free(struct forger *forger)
{
	for (size_t i = 0; i < forger->older_count; i++)
		free(forger->older[i].row);
	free(forger);
}
DESTRUCTOR(forger_freep, struct forger, forger_free)

static void
a_forged_row_is_an_alarm_or_changes_no_answer(void **state)
{
	static struct plan plans[PLANS];
	WORLD *world = world_new(100, KEYS);
	CLEANUP(forger_freep) struct forger *forger = forger_new(world);
	const unsigned runs = under_valgrind() ? FORGERIES / 20 : FORGERIES;
	const uint64_t next = world->table->next;
	unsigned forged = 0, gets = 0, ranges = 0, changes = 0;
	struct tree_totals totals;
	struct err err;

	(void)state;
	for (size_t i = 0; i < PLANS; i++)
		make_plan(world, &plans[i]);
	while (forged < runs) {
		if (forge(forger)) {
			forged++;
			gets += get_is_right_or_alarms(world);
			ranges += range_is_right_or_alarms(world);
			assert_error(ERR_INTEGRITY,
			    tree_verify(&world->table->nodes, &world->root, &totals, &err));
			assert_says("of the state tree");
			changes += change_is_right_or_alarms(world, &plans[forged % PLANS]);
		}
		table_restore(world->table, 0);
		world->table->next = next;
	}
	/* Neither is every question on the way of every forgery, nor none. */
	assert_in_range(gets, runs / 50, runs / 2);
	assert_in_range(ranges, runs / 10, runs - runs / 10);
	assert_in_range(changes, runs / 5, runs - runs / 50);
	assert_ok(tree_verify(&world->table->nodes, &world->root, &totals, &err));
	assert_int_equal(totals.rows, forger->count);
}

/* The table as it was some batches ago, whole: every row matches another. */
static void
an_older_table_answers_nothing_that_changed_since(void **state)
{
	static struct tree_change changes[KEYS];
	WORLD *world = world_new(101, KEYS);
	struct digest value;
	struct err err;
	bool has;

	(void)state;
	world_apply(world, changes, world_draw(world, changes, 300, 0));
	table_forget(world->table);
	size_t count = world_draw(world, changes, 30, 0);
	world_apply(world, changes, count);
	table_restore(world->table, 0);
	world->table->forged = true;
	for (size_t i = 0; i < count; i++)
		assert_error(ERR_INTEGRITY,
		    tree_get(&world->table->nodes, &world->root, &changes[i].key, &has, &value,
		        &err));
}

/* A row under the empty root is nobody's, and is written over. */
static void
a_row_left_by_somebody_does_not_fill_an_empty_tree(void **state)
{
	WORLD *world = world_new(102, KEYS);
	TABLE *fresh = table_new();
	static struct tree_change changes[KEYS];
	struct digest root, value;
	struct err err;
	bool has;

	(void)state;
	world_apply(world, changes, world_draw(world, changes, 20, 0));
	put_copy(&(struct forger){.table = fresh}, TREE_ROOT_ID, world->table->rows[TREE_ROOT_ID]);
	const struct digest empty = tree_empty();
	assert_ok(tree_get(&fresh->nodes, &empty, &changes[0].key, &has, &value, &err));
	assert_false(has);
	root = world_fresh(world, fresh);
	assert_memory_equal(root.bytes, world->root.bytes, DIGEST_SIZE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_forged_row_is_an_alarm_or_changes_no_answer),
	    cmocka_unit_test(an_older_table_answers_nothing_that_changed_since),
	    cmocka_unit_test(a_row_left_by_somebody_does_not_fill_an_empty_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
