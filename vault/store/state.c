/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/state.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vault/log/tree.h"
#include "vault/store/anchored.h"
#include "vault/store/inside.h"
#include "vault/store/nodes.h"

enum { ARRIVALS = 1 << 20, GATHERED = 100 /* changes */ };

/* ---- what changes ---- */

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

uint64_t
state_changes(const struct store *store)
{
	return store->state.applied + store->state.count;
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
	if (state->count == 0) {
		*ret_root = store->now.state_root;
		return ERR_OK;
	}
	changes = calloc(state->count, sizeof(*changes));
	if (changes == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for changes");
	size_t count = merge_changes(state, changes);
	TRY(tree_apply(&nodes, &store->now.state_root, changes, count, &store->now.state_root,
	    err));
	state->applied += state->count;
	state->count = 0;
	*ret_root = store->now.state_root;
	return ERR_OK;
}

static bool
lies_in(const struct tree_range *range, const struct tree_key *key)
{
	return tree_key_order(&range->from, key) <= 0 && tree_key_order(key, &range->to) <= 0;
}

enum err_code
state_apply_for(struct store *store, const struct tree_range *range, struct err *err)
{
	const struct state *state = &store->state;
	bool concerned = state->count >= GATHERED || state->code != ERR_OK;

	for (size_t i = 0; range != NULL && i < state->count && !concerned; i++)
		concerned = lies_in(range, &state->changes[i].change.key);
	return concerned ? state_apply(store, &store->now.state_root, err) : ERR_OK;
}

/* ---- what is read ---- */

enum err_code
state_alarm(const struct table *table, const char *met, struct err *err)
{
	return err_set(err, ERR_INTEGRITY,
	    "a row of %s in the database %s: somebody wrote there since the vault wrote that row, or put "
	    "an older database in place",
	    table->name, met);
}

/* As it is after the first CHANGES of this transaction. */
static enum err_code
find_after(struct store *store, size_t changes, const struct tree_key *key, bool *ret_has,
    struct digest *ret_value, struct err *err)
{
	struct tree_nodes nodes = store_nodes(store);

	TRY(store_anchored(store, err));
	for (size_t i = changes; i > 0; i--) {
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
find(struct store *store, const struct tree_key *key, bool *ret_has, struct digest *ret_value,
    struct err *err)
{
	return find_after(store, store->state.count, key, ret_has, ret_value, err);
}

static enum err_code
compare(const struct table *table, bool has, const struct digest *value,
    const struct digest *expected, struct err *err)
{
	if (!has)
		return state_alarm(table, "is none that the vault has", err);
	if (!digest_equal(value, expected))
		return state_alarm(table, "is not as the vault left it", err);
	return ERR_OK;
}

static enum err_code
prove_cell(struct store *store, const struct table *table, const struct tree_cell *cell,
    struct err *err)
{
	struct digest value;
	bool has;

	TRY(find(store, &cell->key, &has, &value, err));
	return compare(table, has, &cell->value, &value, err);
}

enum err_code
state_prove(struct store *store, const struct table *table, const struct sql_row *row,
    struct tree_key *ret_key, struct err *err)
{
	struct tree_cell cell;

	TRY(cell_of_row(table, row, &cell, err));
	TRY(prove_cell(store, table, &cell, err));
	*ret_key = cell.key;
	return ERR_OK;
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
	TRY(find(store, &key, &has, &value, query->err));
	return has ? state_alarm(table, "is gone", query->err) : ERR_OK;
}

enum err_code
state_one(struct store *store, enum table_name name, struct sql_query *query, const char *what)
{
	bool found = sql_next(query);

	TRY(sql_end(query));
	query->code = prove_named(store, &cell_tables[name], query, found);
	if (query->code == ERR_OK && !found)
		query->code = err_set(query->err, ERR_NOT_FOUND, "there is no such %s", what);
	return query->code;
}

enum err_code
state_has(struct store *store, enum table_name name, const struct sql_value *key, bool *ret_has,
    struct err *err)
{
	SQL_SCOPE scope = {0};
	struct tree_key sought;
	struct digest value;

	TRY(sql_enter(store->sql, &scope, err));
	TRY(cell_key(&cell_tables[name], key, &sought, err));
	return find(store, &sought, ret_has, &value, err);
}

/* ---- changes ---- */

static bool
is_of_index(const struct table *table, uint8_t kind)
{
	for (size_t i = 0; i < CELL_INDEXES && table->indexes[i].kind != 0; i++)
		if (table->indexes[i].kind == kind)
			return true;
	return false;
}

/* That what the statement changed, whose first change has number FROM, is EXPECTED rows in RANGE, as the vault
 * left them. */
static enum err_code
check_changed(struct store *store, const struct table *table, size_t from,
    const struct tree_range *range, uint64_t expected, struct err *err)
{
	uint64_t count = 0;

	for (size_t i = from; i < store->state.count; i++) {
		const struct tree_change change = store->state.changes[i].change;
		struct digest value;
		bool has;

		if (is_of_index(table, change.key.bytes[0]))
			continue;
		if (change.key.bytes[0] != table->kind)
			return state_alarm(table, "changes others with it", err);
		if (!lies_in(range, &change.key))
			return state_alarm(table, "is another than was asked for", err);
		if (!change.had)
			continue;
		TRY(find_after(store, from, &change.key, &has, &value, err));
		TRY(compare(table, has, &change.old, &value, err));
		count++;
	}
	return count == expected ? ERR_OK : state_alarm(table, "is gone", err);
}

/* A change that the form does not take: when the row of KEY is not as the vault left it, that is what is told,
 * and else our own fault. */
static enum err_code
blame_row(struct store *store, const struct table *table, const struct sql_value *key,
    struct err *err)
{
	const struct err ours = *err;
	struct tree_cell cell;
	SQL_QUERY query = sql_query(store->sql, table->name, table->of_key, err);

	for (size_t i = 0; i < table->key_count; i++)
		sql_put_value(&query, &key[i]);
	if (sql_next(&query))
		TRY(prove_row(store, table, &query, &cell));
	TRY(sql_end(&query));
	*err = ours;
	return ours.code;
}

/* After an alarm nothing is committed, should somebody try.  KEY may be NULL. */
static enum err_code
run_change(struct store *store, const struct table *table, struct sql_query *query,
    const struct tree_range *range, uint64_t expected, const struct sql_value *key)
{
	struct state *state = &store->state;
	size_t from = state->count;

	if (sql_run(query) == ERR_EXISTS)
		query->code = state_alarm(table, "is none that the vault has", query->err);
	if (query->code == ERR_INTERNAL && key != NULL)
		query->code = blame_row(store, table, key, query->err);
	if (query->code == ERR_OK && state->code != ERR_OK)
		query->code = state_fail(store, query->err);
	if (query->code == ERR_OK)
		query->code = check_changed(store, table, from, range, expected, query->err);
	if (query->code == ERR_INTEGRITY && state->code == ERR_OK) {
		state->code = query->code;
		state->err = *query->err;
	}
	return query->code;
}

enum err_code
state_insert(struct store *store, enum table_name name, struct sql_query *query)
{
	const struct table *table = &cell_tables[name];
	struct tree_cell cell;
	struct tree_range range;
	struct digest value;
	bool has;

	TRY(sql_end(query));
	query->code = cell_of_row(table, &query->bound, &cell, query->err);
	if (query->code == ERR_OK)
		query->code = find(store, &cell.key, &has, &value, query->err);
	if (query->code == ERR_OK && has)
		query->code =
		    err_set(query->err, ERR_EXISTS, "%s: there is one already", table->name);
	range = (struct tree_range){cell.key, cell.key};
	if (query->code == ERR_OK)
		return run_change(store, table, query, &range, 0, NULL);
	return query->code;
}

enum err_code
state_change(struct store *store, enum table_name name, struct sql_query *query, size_t key_at,
    const char *what)
{
	const struct table *table = &cell_tables[name];
	struct tree_range range;
	struct digest value;
	bool has;

	TRY(sql_end(query));
	const struct sql_value *key = query->bound.values + key_at;
	query->code = cell_key(table, key, &range.from, query->err);
	range.to = range.from;
	if (query->code == ERR_OK)
		query->code = find(store, &range.from, &has, &value, query->err);
	if (query->code == ERR_OK && run_change(store, table, query, &range, has, key) == ERR_OK &&
	    !has && what != NULL)
		query->code = err_set(query->err, ERR_NOT_FOUND, "there is no such %s", what);
	return query->code;
}

static enum err_code
count_below(struct store *store, const struct table *table, const struct sql_value *parent,
    struct tree_range *ret_range, uint64_t *ret_count, struct err *err)
{
	struct tree_nodes nodes = store_nodes(store);

	TRY(store_anchored(store, err));
	TRY(cell_rows_below(table, parent, ret_range, err));
	TRY(state_apply_for(store, ret_range, err));
	return tree_count(&nodes, &store->now.state_root, ret_range, ret_count, err);
}

enum err_code
state_change_below(struct store *store, enum table_name name, struct sql_query *query)
{
	const struct table *table = &cell_tables[name];
	struct tree_range range;
	uint64_t expected;

	TRY(sql_end(query));
	query->code = count_below(store, table, query->bound.values, &range, &expected, query->err);
	if (query->code == ERR_OK)
		return run_change(store, table, query, &range, expected, NULL);
	return query->code;
}

enum err_code
state_count_below(struct store *store, enum table_name name, const struct sql_value *parent,
    uint64_t *ret_count, struct err *err)
{
	SQL_SCOPE scope = {0};
	struct tree_range range;

	TRY(sql_enter(store->sql, &scope, err));
	return count_below(store, &cell_tables[name], parent, &range, ret_count, err);
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

	TRY(count_below(list->store, &cell_tables[list->table], query->bound.values, &list->range,
	    &list->expected, query->err));
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
	if (!lies_in(&list->range, &cell.key))
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

int64_t
state_arrival(struct store *store)
{
	return (int64_t)(store->now.size * ARRIVALS + ++store->arrivals); /* 0 is before all */
}
