/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/state.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vault/log/tree.h"
#include "vault/store/anchored.h"
#include "vault/store/inside.h"
#include "vault/store/nodes.h"

enum { ARRIVALS = 1 << 20 };

/* ---- what changes ---- */

static enum err_code
alarm(const struct table *table, const char *met, struct err *err)
{
	return err_set(err, ERR_INTEGRITY,
	    "a row of %s in the database %s: somebody wrote there, or an older database was put in "
	    "place",
	    table->name, met);
}

static void
note_change(struct state *state, const struct tree_change *change)
{
	if (state->count == state->room) {
		size_t room = state->room == 0 ? 64 : 2 * state->room;
		struct state_change *grown = realloc(state->changes, room * sizeof(*grown));

		if (grown == NULL) {
			state->code =
			    err_set(&state->err, ERR_MEMORY, "out of memory for a change");
			return;
		}
		state->changes = grown;
		state->room = room;
	}
	state->changes[state->count] = (struct state_change){*change, state->count};
	state->count++;
}

/* HAD and HAS say whether OLD and NOW are cells; their keys may differ. */
static void
note_cells(struct state *state, bool had, const struct tree_cell *old, bool has,
    const struct tree_cell *now)
{
	struct tree_change change = {.had = had, .has = has};

	if (had && has && tree_key_order(&old->key, &now->key) != 0) {
		note_cells(state, true, old, false, NULL);
		note_cells(state, false, NULL, true, now);
		return;
	}
	if (!had && !has)
		return;
	change.key = had ? old->key : now->key;
	if (had)
		change.old = old->value;
	if (has)
		change.now = now->value;
	note_change(state, &change);
}

static enum err_code
note_row(struct state *state, const struct table *table, const struct sql_row *old,
    const struct sql_row *now, struct err *err)
{
	struct tree_cell was, is;

	if (old != NULL)
		TRY(cell_of_row(table, old, &was, err));
	if (now != NULL)
		TRY(cell_of_row(table, now, &is, err));
	note_cells(state, old != NULL, &was, now != NULL, &is);
	for (size_t i = 0; i < CELL_INDEXES && table->indexes[i].kind != 0; i++) {
		bool had = false, has = false;

		if (old != NULL)
			TRY(cell_of_index(table, &table->indexes[i], old, &had, &was, err));
		if (now != NULL)
			TRY(cell_of_index(table, &table->indexes[i], now, &has, &is, err));
		note_cells(state, had, &was, has, &is);
	}
	return ERR_OK;
}

static void
on_change(void *context, const char *name, const struct sql_row *old, const struct sql_row *now)
{
	struct store *store = context;
	struct state *state = &store->state;
	const struct table *table = cell_table(name);

	if (table == NULL && state->code == ERR_OK)
		state->code = err_set(&state->err, ERR_INTEGRITY,
		    "the database has a table \"%.60s\" that is not the vault's", name);
	if (table != NULL && table->kind != 0 && state->code == ERR_OK)
		state->code = note_row(state, table, old, now, &state->err);
}

static void
on_begin(void *context)
{
	struct store *store = context;

	store->state.before = store->state.count;
}

static void
on_failure(void *context)
{
	struct store *store = context;

	store->state.count = store->state.before;
}

void
state_watch(struct store *store)
{
	static const struct sql_watcher watcher = {on_begin, on_change, on_failure};

	sql_watch(store->sql, &watcher, store);
}

bool
state_is_changed(const struct store *store)
{
	return store->state.count > 0;
}

void
state_forget(struct store *store)
{
	struct state *state = &store->state;

	free(state->changes);
	*state = (struct state){0};
}

static int
compare_changes(const void *a, const void *b)
{
	const struct state_change *first = a, *second = b;
	int order = tree_key_order(&first->change.key, &second->change.key);

	if (order != 0)
		return order;
	return first->number < second->number ? -1 : first->number > second->number;
}

/* Of several changes of one cell, what it was before the first and is after the last. */
static size_t
merge_changes(struct state *state, struct tree_change *ret_changes)
{
	size_t count = 0;

	qsort(state->changes, state->count, sizeof(*state->changes), compare_changes);
	for (size_t i = 0; i < state->count; i++) {
		const struct tree_change *change = &state->changes[i].change;

		if (count > 0 && tree_key_order(&ret_changes[count - 1].key, &change->key) == 0) {
			ret_changes[count - 1].has = change->has;
			ret_changes[count - 1].now = change->now;
		} else {
			ret_changes[count++] = *change;
		}
	}
	return count;
}

static enum err_code
state_fail(const struct store *store, struct err *err)
{
	*err = store->state.err;
	return store->state.code;
}

/* The table of a row's cell, or of an index's. */
static const struct table *
table_of_kind(uint8_t kind)
{
	for (size_t i = 0; i < TABLES; i++) {
		if (cell_tables[i].kind == kind)
			return &cell_tables[i];
		for (size_t j = 0; j < CELL_INDEXES; j++)
			if (cell_tables[i].indexes[j].kind == kind)
				return &cell_tables[i];
	}
	return NULL;
}

/* ERR says that the tree does not have what was changed: of which table, where that can be told. */
static enum err_code
name_changed(const struct tree_nodes *nodes, const struct digest *root,
    const struct tree_change *changes, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct tree_change *change = &changes[i];
		const struct table *table = table_of_kind(change->key.bytes[0]);
		struct digest value;
		struct err ignored;
		bool has;

		if (table == NULL ||
		    tree_get(nodes, root, &change->key, &has, &value, &ignored) != ERR_OK)
			continue;
		if (change->had && !has)
			return alarm(table, "is none that the vault has", err);
		if (!change->had && has)
			return alarm(table, "is gone", err);
		if (has && !digest_equal(&value, &change->old))
			return alarm(table, "is not as the vault left it", err);
	}
	return err->code;
}

DESTRUCTOR(changes_free, struct tree_change, free)

enum err_code
state_apply(struct store *store, struct digest *ret_root, struct err *err)
{
	struct state *state = &store->state;
	struct tree_nodes nodes = store_nodes(store);
	CLEANUP(changes_free) struct tree_change *changes = NULL;

	TRY(store_anchored(store, err));
	if (state->code != ERR_OK)
		return state_fail(store, err);
	changes = calloc(state->count + 1, sizeof(*changes));
	if (changes == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for changes");
	size_t count = merge_changes(state, changes);
	enum err_code code =
	    tree_apply(&nodes, &store->now.state_root, changes, count, &store->now.state_root, err);
	if (code == ERR_INTEGRITY)
		return name_changed(&nodes, &store->now.state_root, changes, count, err);
	TRY(code);
	state->count = 0;
	*ret_root = store->now.state_root;
	return ERR_OK;
}

/* ---- what is read ---- */

static enum err_code
find(struct store *store, const struct tree_key *key, bool *ret_has, struct digest *ret_value,
    struct err *err)
{
	struct tree_nodes nodes = store_nodes(store);

	TRY(store_anchored(store, err));
	/* What was changed within this transaction counts. */
	for (size_t i = store->state.count; i > 0; i--) {
		const struct tree_change *change = &store->state.changes[i - 1].change;

		if (tree_key_order(&change->key, key) == 0) {
			*ret_has = change->has;
			*ret_value = change->now;
			return store->state.code == ERR_OK ? ERR_OK : state_fail(store, err);
		}
	}
	return tree_get(&nodes, &store->now.state_root, key, ret_has, ret_value, err);
}

static enum err_code
prove_cell(struct store *store, const struct table *table, const struct tree_cell *cell,
    struct err *err)
{
	struct digest value;
	bool has;

	TRY(find(store, &cell->key, &has, &value, err));
	if (!has)
		return alarm(table, "is none that the vault has", err);
	if (!digest_equal(&value, &cell->value))
		return alarm(table, "is not as the vault left it", err);
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
			return alarm(table, "is another than was asked for", query->err);
		return ERR_OK;
	}
	TRY(find(store, &key, &has, &value, query->err));
	return has ? alarm(table, "is gone", query->err) : ERR_OK;
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

enum err_code
state_insert(struct store *store, enum table_name name, struct sql_query *query)
{
	const struct table *table = &cell_tables[name];
	struct tree_cell cell;
	struct digest value;
	bool has;

	TRY(sql_end(query));
	query->code = cell_of_row(table, &query->bound, &cell, query->err);
	if (query->code == ERR_OK)
		query->code = find(store, &cell.key, &has, &value, query->err);
	if (query->code == ERR_OK && has)
		query->code =
		    err_set(query->err, ERR_EXISTS, "%s: there is one already", table->name);
	if (query->code == ERR_OK && sql_run(query, NULL) == ERR_EXISTS)
		query->code = alarm(table, "is none that the vault has", query->err);
	return query->code;
}

enum err_code
state_update(struct store *store, enum table_name name, struct sql_query *query, const char *what)
{
	const struct table *table = &cell_tables[name];
	struct tree_key key;
	struct digest value;
	bool has;

	if (sql_run_one(query, what) != ERR_NOT_FOUND)
		return query->code;
	TRY(cell_key(table, &query->bound.values[query->bound.count - table->key_count], &key,
	    query->err));
	TRY(find(store, &key, &has, &value, query->err));
	if (has)
		return query->code = alarm(table, "is gone", query->err);
	return err_set(query->err, ERR_NOT_FOUND, "there is no such %s", what);
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
	struct tree_range range;

	TRY(store_anchored(list->store, query->err));
	if (state_is_changed(list->store))
		TRY(state_apply(list->store, &list->store->now.state_root, query->err));
	TRY(cell_rows_below(&cell_tables[list->table], query->bound.values, &range, query->err));
	TRY(tree_count(&nodes, &list->store->now.state_root, &range, &list->expected, query->err));
	list->seen = calloc(list->expected + 1, sizeof(*list->seen));
	list->room = list->expected;
	if (list->seen == NULL)
		return err_set(query->err, ERR_MEMORY, "out of memory for a list");
	return ERR_OK;
}

static enum err_code
check_next(struct state_list *list)
{
	const struct table *table = &cell_tables[list->table];
	struct tree_cell cell;

	if (list->count == list->room)
		return alarm(table, "is one too many", list->query->err);
	TRY(prove_row(list->store, table, list->query, &cell));
	for (size_t i = list->count; i > 0; i--)
		if (tree_key_order(&list->seen[i - 1], &cell.key) == 0)
			return alarm(table, "comes twice", list->query->err);
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
		query->code = alarm(&cell_tables[list->table], "is gone", query->err);
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
	return (int64_t)(store->now.size * ARRIVALS + store->arrivals++);
}
