/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/state.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vault/log/tree.h"
#include "vault/store/anchored.h"
#include "vault/store/inside.h"
#include "vault/store/nodes.h"
#include "vault/store/state_change.h"

enum { ARRIVALS = 1 << 20 };

/* ---- what is read ---- */

static enum err_code
prove_cell(struct store *store, const struct table *table, const struct tree_cell *cell,
    struct err *err)
{
	struct digest value;
	bool has;

	TRY(state_find(store, &cell->key, &has, &value, err));
	if (!has)
		return state_alarm(table, "is none that the vault has", err);
	if (!digest_equal(&value, &cell->value))
		return state_alarm(table, "is not as the vault left it", err);
	return ERR_OK;
}

enum err_code
state_prove(struct store *store, const struct table *table, const struct sql_row *row,
    struct err *err)
{
	struct tree_cell cell;

	TRY(cell_of_row(table, row, &cell, err));
	return prove_cell(store, table, &cell, err);
}

enum err_code
state_prove_index(struct store *store, const struct table *table, const struct index *index,
    const struct sql_row *row, bool *ret_has, struct err *err)
{
	struct tree_cell cell;

	TRY(cell_of_index(table, index, row, ret_has, &cell, err));
	return *ret_has ? prove_cell(store, table, &cell, err) : ERR_OK;
}

static enum err_code
prove_row(struct store *store, const struct table *table, const struct sql_query *query,
    struct tree_cell *ret_cell)
{
	struct sql_row row;

	sql_get_row(query, &row);
	TRY(cell_of_row(table, &row, ret_cell, query->err));
	return prove_cell(store, table, ret_cell, query->err);
}

/* The row that the parameters name, or that there is none. */
static enum err_code
prove_named(struct store *store, const struct table *table, struct sql_query *query, bool found)
{
	struct tree_key key;
	struct tree_cell cell;
	struct digest value;
	bool has;

	TRY(cell_key(table, query->bound.values, &key, query->err));
	if (found) {
		TRY(prove_row(store, table, query, &cell));
		if (tree_key_order(&cell.key, &key) != 0)
			return state_alarm(table, "is another than was asked for", query->err);
		return ERR_OK;
	}
	TRY(state_find(store, &key, &has, &value, query->err));
	return has ? state_alarm(table, "is gone", query->err) : ERR_OK;
}

enum err_code
state_has(struct store *store, enum table_name name, struct sql_query *query, bool *ret_has)
{
	bool found = sql_next(query);

	TRY(sql_end(query));
	query->code = prove_named(store, &cell_tables[name], query, found);
	*ret_has = found;
	return query->code;
}

enum err_code
state_one(struct store *store, enum table_name name, struct sql_query *query, const char *what)
{
	bool found;

	TRY(state_has(store, name, query, &found));
	if (!found)
		query->code = err_set(query->err, ERR_NOT_FOUND, "there is no such %s", what);
	return query->code;
}

/* ---- lists ---- */

void
state_list_done(struct state_list *list)
{
	free(list->seen);
	list->seen = NULL;
}

struct state_list
state_list(struct store *store, enum table_name name, struct sql_query *query)
{
	return (struct state_list){.store = store, .table = name, .query = query};
}

/* After the first row was read, so that it is the same state. */
static enum err_code
count_expected(struct state_list *list)
{
	struct sql_query *query = list->query;
	struct tree_nodes nodes = store_nodes(list->store);

	TRY(store_anchored(list->store, query->err));
	if (state_is_changed(list->store))
		TRY(state_apply(list->store, &list->store->now.state_root, query->err));
	TRY(cell_rows_below(&cell_tables[list->table], query->bound.values, &list->range,
	    query->err));
	TRY(tree_count(&nodes, &list->store->now.state_root, &list->range, &list->expected,
	    query->err));
	list->seen = calloc(list->expected + 1, sizeof(*list->seen));
	if (list->seen == NULL)
		return err_set(query->err, ERR_MEMORY, "out of memory for a list");
	return ERR_OK;
}

/* Each is a row of the vault, below the parent that was asked for, and comes once; so there are not more of
 * them than the tree has. */
static enum err_code
check_next(struct state_list *list)
{
	const struct table *table = &cell_tables[list->table];
	struct err *err = list->query->err;
	struct tree_cell cell;

	TRY(prove_row(list->store, table, list->query, &cell));
	if (!tree_range_has(&list->range, &cell.key))
		return state_alarm(table, "is another than was asked for", err);
	for (size_t i = list->count; i > 0; i--)
		if (tree_key_order(&list->seen[i - 1], &cell.key) == 0)
			return state_alarm(table, "comes twice", err);
	if (list->count == list->expected)
		return state_alarm(table, "is one too many", err);
	list->seen[list->count++] = cell.key;
	return ERR_OK;
}

bool
state_next(struct state_list *list)
{
	struct sql_query *query = list->query;
	bool found = sql_next(query);

	if (query->code == ERR_OK && list->seen == NULL)
		query->code = count_expected(list);
	if (query->code == ERR_OK && found)
		query->code = check_next(list);
	if (query->code == ERR_OK && !found && list->count != list->expected)
		query->code = state_alarm(&cell_tables[list->table], "is gone", query->err);
	return found && query->code == ERR_OK;
}

typedef enum err_code cells_in_order(const struct tree_nodes *nodes, const struct digest *root,
    const struct tree_range *range, const struct tree_key *from, struct tree_cell *ret_cells,
    size_t max, size_t *ret_count, struct err *err);

static enum err_code
read_cells(struct store *store, cells_in_order *read, const struct tree_range *range,
    const struct tree_key *from, struct tree_cell *ret_cells, size_t max, size_t *ret_count,
    struct err *err)
{
	SQL_SCOPE scope = {0};
	struct tree_nodes nodes = store_nodes(store);

	TRY(sql_enter(store->sql, &scope, err));
	TRY(store_anchored(store, err));
	if (state_is_changed(store))
		TRY(state_apply(store, &store->now.state_root, err));
	return read(&nodes, &store->now.state_root, range, from, ret_cells, max, ret_count, err);
}

enum err_code
state_range(struct store *store, const struct tree_range *range, const struct tree_key *after,
    struct tree_cell *ret_cells, size_t max, size_t *ret_count, struct err *err)
{
	return read_cells(store, tree_next, range, after, ret_cells, max, ret_count, err);
}

enum err_code
state_first(struct store *store, uint8_t kind, const struct sql_value *parent,
    const struct tree_key *from, struct tree_cell *ret_cells, size_t max, size_t *ret_count,
    struct err *err)
{
	struct tree_range range;

	TRY(cell_index_below(kind, parent, &range, err));
	return read_cells(store, tree_next, &range, from, ret_cells, max, ret_count, err);
}

enum err_code
state_last(struct store *store, uint8_t kind, const struct sql_value *parent,
    const struct tree_key *from, struct tree_cell *ret_cells, size_t max, size_t *ret_count,
    struct err *err)
{
	struct tree_range range;

	TRY(cell_index_below(kind, parent, &range, err));
	return read_cells(store, tree_previous, &range, from, ret_cells, max, ret_count, err);
}

void
state_cells_done(struct state_cells *cells)
{
	free(cells->rows);
	*cells = (struct state_cells){0};
}

static int
compare_newest(const void *a, const void *b)
{
	const struct tree_cell *first = a, *second = b;
	uint64_t left = cell_number(&first->key), right = cell_number(&second->key);

	return left > right ? -1 : left < right;
}

static int
compare_oldest(const void *a, const void *b)
{
	return compare_newest(b, a);
}

enum err_code
state_of_states(struct store *store, uint8_t kind, const char *const *names, unsigned states,
    bool newest, size_t max, struct state_cells *ret_cells, struct err *err)
{
	SQL_SCOPE scope = {0};
	STATE_CELLS cells = {calloc((size_t)__builtin_popcount(states) * max + 1,
	                         sizeof(*cells.rows)),
	    0};

	if (cells.rows == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a list");
	TRY(sql_enter(store->sql, &scope, err));
	for (size_t i = 0; names[i] != NULL; i++) {
		struct sql_value state = sql_text(names[i]);
		size_t count = 0;

		if ((states >> i & 1) != 0)
			TRY((newest ? state_last : state_first)(store, kind, &state, NULL,
			    cells.rows + cells.count, max, &count, err));
		cells.count += count;
	}
	qsort(cells.rows, cells.count, sizeof(*cells.rows),
	    newest ? compare_newest : compare_oldest);
	ret_cells->rows = TAKE(cells.rows);
	ret_cells->count = cells.count < max ? cells.count : max;
	return ERR_OK;
}

enum err_code
state_named(struct store *store, uint8_t kind, const struct sql_value *parent, const char *what,
    struct digest *ret_key, struct err *err)
{
	struct tree_cell cell;
	size_t count;

	TRY(state_last(store, kind, parent, NULL, &cell, 1, &count, err));
	if (count == 0)
		return err_set(err, ERR_NOT_FOUND, "there is no such %s", what);
	*ret_key = cell.value;
	return ERR_OK;
}

enum err_code
state_count(struct store *store, uint8_t kind, uint64_t *ret_count, struct err *err)
{
	SQL_SCOPE scope = {0};
	struct tree_nodes nodes = store_nodes(store);
	struct tree_range range = cell_index_from(kind, view_of(NULL, 0));

	TRY(sql_enter(store->sql, &scope, err));
	TRY(store_anchored(store, err));
	if (state_is_changed(store))
		TRY(state_apply(store, &store->now.state_root, err));
	return tree_count(&nodes, &store->now.state_root, &range, ret_count, err);
}

int64_t
state_arrival(struct store *store)
{
	return (int64_t)(store->now.size * ARRIVALS + ++store->arrivals); /* 0 is before all */
}
