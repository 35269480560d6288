/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/state_index.h"

#include <stdlib.h>

#include "vault/log/tree.h"
#include "vault/store/anchored.h"
#include "vault/store/inside.h"
#include "vault/store/nodes.h"
#include "vault/store/state.h"

enum { STEP = 64 };

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
	TRY(state_apply_for(store, range, err));
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

/* What state_of_states was asked for. */
struct sought {
	struct store *store;
	uint8_t kind;
	bool newest;
	size_t max; /* of each state */
};

static enum err_code
read_more(const struct sought *sought, const struct sql_value *state, const struct tree_key *from,
    struct tree_cell *ret_cells, size_t max, size_t *ret_count, struct err *err)
{
	if (sought->newest)
		return state_last(sought->store, sought->kind, state, from, ret_cells, max,
		    ret_count, err);
	return state_first(sought->store, sought->kind, state, from, ret_cells, max, ret_count,
	    err);
}

static enum err_code
count_state(const struct sought *sought, const struct sql_value *state, uint64_t *ret_count,
    struct err *err)
{
	struct tree_range range;

	TRY(cell_index_below(sought->kind, state, &range, err));
	return state_count_range(sought->store, &range, ret_count, err);
}

static enum err_code
add_state(const struct sought *sought, const char *name, struct state_cells *cells, uint64_t *all,
    struct err *err)
{
	struct sql_value state = sql_text(name);
	const size_t before = cells->count;
	uint64_t count;
	struct tree_key last;
	const struct tree_key *from = NULL;
	size_t left = sought->max, step = STEP, read = STEP;

	while (left > 0 && read == step) {
		struct tree_cell *rows =
		    reallocarray(cells->rows, cells->count + STEP, sizeof(*rows));

		if (rows == NULL)
			return err_set(err, ERR_MEMORY, "out of memory for a list");
		cells->rows = rows;
		step = left < STEP ? left : STEP;
		TRY(read_more(sought, &state, from, rows + cells->count, step, &read, err));
		cells->count += read;
		left -= read;
		if (read > 0)
			last = rows[cells->count - 1].key;
		from = &last;
	}
	count = cells->count - before;
	if (left == 0)
		TRY(count_state(sought, &state, &count, err));
	*all += count;
	return ERR_OK;
}

enum err_code
state_of_states(struct store *store, uint8_t kind, const char *const *names, unsigned states,
    bool newest, size_t max, struct state_cells *ret_cells, uint64_t *ret_all, struct err *err)
{
	SQL_SCOPE scope = {0};
	STATE_CELLS cells = {0};
	const struct sought sought = {store, kind, newest, max};
	uint64_t all = 0;

	TRY(sql_enter(store->sql, &scope, err));
	for (size_t i = 0; names[i] != NULL; i++)
		if ((states >> i & 1) != 0)
			TRY(add_state(&sought, names[i], &cells, &all, err));
	if (cells.count > 0)
		qsort(cells.rows, cells.count, sizeof(*cells.rows),
		    newest ? compare_newest : compare_oldest);
	cells.count = cells.count < max ? cells.count : max;
	*ret_all = all;
	*ret_cells = cells;
	cells = (struct state_cells){0};
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
state_count_range(struct store *store, const struct tree_range *range, uint64_t *ret_count,
    struct err *err)
{
	SQL_SCOPE scope = {0};
	struct tree_nodes nodes = store_nodes(store);

	TRY(sql_enter(store->sql, &scope, err));
	TRY(store_anchored(store, err));
	TRY(state_apply_for(store, range, err));
	return tree_count(&nodes, &store->now.state_root, range, ret_count, err);
}

enum err_code
state_count(struct store *store, uint8_t kind, uint64_t *ret_count, struct err *err)
{
	struct tree_range range = cell_index_from(kind, view_of(NULL, 0));

	return state_count_range(store, &range, ret_count, err);
}
