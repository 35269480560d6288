/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each table is read in the order of its primary keys, some rows in each transaction, and each row proven
 * against the tree of that transaction.  Keys that only ascend are all different, whatever the database's own
 * index says; so as many rows as the tree has are all of them.
 *
 * What the vault itself changes meanwhile changes row and cell together: no row becomes wrong by it, but they
 * cannot be counted while they change.  Then the table is read once more, and at last in one transaction.
 */
#include "vault/store/verify.h"

#include <string.h>

#include "vault/log/tree_verify.h"
#include "vault/store/anchored.h"
#include "vault/store/inside.h"
#include "vault/store/nodes.h"
#include "vault/store/state.h"
#include "vault/store/state_index.h"

enum { ROWS_AT_ONCE = 1000, WALKS_BESIDE_OTHERS = 2 };

struct verifying {
	struct store *store;
	void (*progress)(void *context, uint64_t done, uint64_t rows);
	void *context;
	struct store_totals totals;
	uint64_t rows; /* as the tree counts them */
};

/* Through one table. */
struct walk {
	struct store *store;
	const struct table *table;
	struct anchor_state state; /* that of its first transaction */
	bool begun, changed;       /* is it another one now? */
	struct sql_value last[CELL_KEYS];
	struct buf bytes; /* of LAST */
	uint64_t rows, cells[CELL_INDEXES];
};

static void
walk_done(struct walk *walk)
{
	buf_done(&walk->bytes);
}
#define WALK CLEANUP(walk_done) struct walk

/* ---- keys ---- */

/* As SQLite orders them. */
static int
compare_values(const struct sql_value *a, const struct sql_value *b)
{
	size_t shorter = a->bytes.size < b->bytes.size ? a->bytes.size : b->bytes.size;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->kind == SQL_INTEGER)
		return a->number < b->number ? -1 : a->number > b->number;
	int order = shorter > 0 ? memcmp(a->bytes.data, b->bytes.data, shorter) : 0;
	if (order != 0)
		return order;
	return a->bytes.size < b->bytes.size ? -1 : a->bytes.size > b->bytes.size;
}

static bool
ascends(const struct walk *walk, const struct sql_row *row)
{
	int order = 0;

	for (size_t i = 0; i < walk->table->key_count && order == 0; i++)
		order = compare_values(&walk->last[i], &row->values[walk->table->keys[i]]);
	return walk->rows == 0 || order < 0;
}

/* With a NUL behind each, since texts are bound as such. */
static enum err_code
keep_key(struct walk *walk, const struct sql_row *row, struct err *err)
{
	size_t at = 0;

	walk->bytes.size = 0;
	for (size_t i = 0; i < walk->table->key_count; i++) {
		walk->last[i] = row->values[walk->table->keys[i]];
		buf_bytes(&walk->bytes, walk->last[i].bytes);
		buf_u8(&walk->bytes, 0);
	}
	TRY(buf_check(&walk->bytes, err));
	for (size_t i = 0; i < walk->table->key_count; i++) {
		walk->last[i].bytes.data = walk->bytes.data + at;
		at += walk->last[i].bytes.size + 1;
	}
	return ERR_OK;
}

static void
put_key(struct sql_query *query, const struct walk *walk)
{
	for (size_t i = 0; i < walk->table->key_count; i++)
		sql_put_value(query, &walk->last[i]);
}

/* ---- rows ---- */

/* A row proves its own cell; its index cells are counted, and each is sought. */
static enum err_code
verify_row(struct walk *walk, const struct sql_query *query, struct err *err)
{
	const struct table *table = walk->table;
	struct sql_row row;
	struct tree_key key;

	sql_get_row(query, &row);
	TRY(state_prove(walk->store, table, &row, &key, err));
	if (!ascends(walk, &row))
		return state_alarm(table, "comes twice or not in its order", err);
	for (size_t i = 0; i < CELL_INDEXES && table->indexes[i].kind != 0; i++) {
		bool has;

		TRY(state_prove_index(walk->store, table, &table->indexes[i], &row, &has, err));
		walk->cells[i] += has;
	}
	walk->rows++;
	return keep_key(walk, &row, err);
}

/* The tree has as many cells of the table as were met. */
static enum err_code
check_counts(const struct walk *walk, struct err *err)
{
	const struct table *table = walk->table;
	uint64_t count;

	TRY(state_count(walk->store, table->kind, &count, err));
	if (count != walk->rows)
		return state_alarm(table, "is gone", err);
	for (size_t i = 0; i < CELL_INDEXES && table->indexes[i].kind != 0; i++) {
		TRY(state_count(walk->store, table->indexes[i].kind, &count, err));
		if (count != walk->cells[i])
			return state_alarm(table, "stands in a list without belonging there", err);
	}
	return ERR_OK;
}

static enum err_code
note_state(struct walk *walk, struct err *err)
{
	TRY(store_anchored(walk->store, err));
	if (!walk->begun)
		walk->state = walk->store->now;
	walk->begun = true;
	walk->changed = walk->changed || !anchor_state_equal(&walk->state, &walk->store->now);
	return ERR_OK;
}

/* Within one transaction. */
static enum err_code
walk_some(struct walk *walk, bool *ret_end, struct err *err)
{
	SQL_SCOPE scope = {0};
	const struct table *table = walk->table;
	const uint64_t before = walk->rows;
	BUF bound = TAKE(walk->bytes); /* the key that the query has stays while it runs */
	(void)bound;

	TRY(sql_enter(walk->store->sql, &scope, err));
	SQL_QUERY query = sql_query(walk->store->sql, table->name,
	    before == 0 ? table->first : table->after, err);
	TRY(note_state(walk, err));
	if (before > 0)
		put_key(&query, walk);
	sql_put_int(&query, ROWS_AT_ONCE);
	while (sql_next(&query))
		TRY(verify_row(walk, &query, err));
	TRY(sql_end(&query));
	*ret_end = walk->rows - before < ROWS_AT_ONCE;
	return *ret_end && !walk->changed ? check_counts(walk, err) : ERR_OK;
}

static void
tell(const struct verifying *all, uint64_t rows)
{
	uint64_t done = all->totals.rows + rows;

	if (all->progress != NULL)
		all->progress(all->context, done < all->rows ? done : all->rows, all->rows);
}

static void
add_totals(struct verifying *all, const struct walk *walk)
{
	all->totals.rows += walk->rows;
	all->totals.cells += walk->rows;
	for (size_t i = 0; i < CELL_INDEXES; i++)
		all->totals.cells += walk->cells[i];
}

/* RET_CHANGED: they are all right, and could not be counted. */
static enum err_code
walk_all(struct verifying *all, const struct table *table, bool *ret_changed, struct err *err)
{
	WALK walk = {.store = all->store, .table = table};
	bool end = false;

	while (!end) {
		TRY(walk_some(&walk, &end, err));
		tell(all, walk.rows);
	}
	*ret_changed = walk.changed;
	if (!walk.changed)
		add_totals(all, &walk);
	return ERR_OK;
}

static enum err_code
verify_table(struct verifying *all, const struct table *table, struct err *err)
{
	SQL_SCOPE scope = {0};
	struct verifying quiet = {.store = all->store};
	bool changed = true;

	for (int i = 0; i < WALKS_BESIDE_OTHERS && changed; i++)
		TRY(walk_all(all, table, &changed, err));
	if (!changed)
		return ERR_OK;
	quiet.totals = all->totals;
	TRY(sql_enter(all->store->sql, &scope, err));
	TRY(walk_all(&quiet, table, &changed, err));
	all->totals = quiet.totals;
	return ERR_OK;
}

/* ---- the tree ---- */

static enum err_code
verify_nodes(struct store *store, uint64_t expected, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "nodes", "SELECT count(*) FROM nodes", err);
	int64_t count;

	TRY(sql_one_int(&query, "count", 0, INT64_MAX, &count));
	if ((uint64_t)count != expected)
		return err_set(err, ERR_INTEGRITY,
		    "the state tree has rows that belong to no cell");
	return ERR_OK;
}

/* Cells of tables, and of their indexes; there are no others. */
static enum err_code
count_cells(struct verifying *all, uint64_t expected, struct err *err)
{
	uint64_t cells = 0;

	for (size_t i = 0; i < TABLES; i++) {
		const struct table *table = &cell_tables[i];
		uint64_t count;

		if (table->kind == 0)
			continue;
		TRY(state_count(all->store, table->kind, &count, err));
		all->rows += count;
		cells += count;
		for (size_t k = 0; k < CELL_INDEXES && table->indexes[k].kind != 0; k++) {
			TRY(state_count(all->store, table->indexes[k].kind, &count, err));
			cells += count;
		}
	}
	if (cells != expected)
		return err_set(err, ERR_INTEGRITY, "the state tree has cells of no table");
	return ERR_OK;
}

static enum err_code
verify_tree(struct verifying *all, struct err *err)
{
	SQL_SCOPE scope = {0};
	struct tree_nodes nodes = store_nodes(all->store);
	struct tree_totals tree;

	nodes.known = NULL; /* as they are in the database */
	TRY(sql_enter(all->store->sql, &scope, err));
	TRY(store_anchored(all->store, err));
	TRY(tree_verify(&nodes, &all->store->now.state_root, &tree, err));
	TRY(verify_nodes(all->store, tree.rows, err));
	return count_cells(all, tree.cells, err);
}

enum err_code
store_verify_state(struct store *store,
    void (*progress)(void *context, uint64_t done, uint64_t rows), void *context,
    struct store_totals *ret_totals, struct err *err)
{
	struct verifying all = {.store = store, .progress = progress, .context = context};

	TRY(verify_tree(&all, err));
	for (size_t i = 0; i < TABLES; i++)
		if (cell_tables[i].kind != 0)
			TRY(verify_table(&all, &cell_tables[i], err));
	*ret_totals = all.totals;
	return ERR_OK;
}
