/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/state_change.h"

#include <stdlib.h>

#include "vault/log/tree.h"
#include "vault/store/anchored.h"
#include "vault/store/cells.h"
#include "vault/store/inside.h"
#include "vault/store/nodes.h"

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

/* Is what CHANGE found what LAST had left?  Of two rows with one primary key, which only a stranger can make, one
 * would speak for the other. */
static bool
goes_on(const struct tree_change *last, const struct tree_change *change)
{
	return last->has == change->had && (!last->has || digest_equal(&last->now, &change->old));
}

/* Of several changes of one cell, what it was before the first and is after the last. */
static enum err_code
merge_changes(struct state *state, struct tree_change *ret_changes, size_t *ret_count,
    struct err *err)
{
	size_t count = 0;

	qsort(state->changes, state->count, sizeof(*state->changes), compare_changes);
	for (size_t i = 0; i < state->count; i++) {
		const struct tree_change *change = &state->changes[i].change;

		if (count > 0 && tree_key_order(&ret_changes[count - 1].key, &change->key) == 0) {
			if (!goes_on(&ret_changes[count - 1], change))
				return err_set(err, ERR_INTEGRITY,
				    "a row comes twice in the database: somebody wrote there");
			ret_changes[count - 1].has = change->has;
			ret_changes[count - 1].now = change->now;
		} else {
			ret_changes[count++] = *change;
		}
	}
	*ret_count = count;
	return ERR_OK;
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
	size_t count = 0;

	TRY(store_anchored(store, err));
	if (state->code != ERR_OK)
		return state_fail(store, err);
	changes = calloc(state->count + 1, sizeof(*changes));
	if (changes == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for changes");
	TRY(merge_changes(state, changes, &count, err));
	TRY(tree_apply(&nodes, &store->now.state_root, changes, count, &store->now.state_root,
	    err));
	state->count = 0;
	*ret_root = store->now.state_root;
	return ERR_OK;
}

/* ---- what is there ---- */

enum err_code
state_alarm(const struct table *table, const char *met, struct err *err)
{
	return err_set(err, ERR_INTEGRITY,
	    "a row of %s in the database %s: somebody wrote there, or an older database was put in "
	    "place",
	    table->name, met);
}

enum err_code
state_find(struct store *store, const struct tree_key *key, bool *ret_has, struct digest *ret_value,
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

/* What was applied already is in the tree; the changes of one cell go on from each other. */
enum err_code
state_count_in(struct store *store, const struct tree_range *range, uint64_t *ret_count,
    struct err *err)
{
	const struct state *state = &store->state;
	struct tree_nodes nodes = store_nodes(store);
	uint64_t count;

	TRY(store_anchored(store, err));
	if (state->code != ERR_OK)
		return state_fail(store, err);
	TRY(tree_count(&nodes, &store->now.state_root, range, &count, err));
	for (size_t i = 0; i < state->count; i++) {
		const struct tree_change *change = &state->changes[i].change;

		if (tree_range_has(range, &change->key))
			count += (uint64_t)change->has - (uint64_t)change->had;
	}
	*ret_count = count;
	return ERR_OK;
}

enum err_code
state_check_changed(const struct store *store, const struct table *table,
    const struct tree_range *range, struct err *err)
{
	const struct state *state = &store->state;

	for (size_t i = state->before; i < state->count; i++) {
		const struct tree_key *key = &state->changes[i].change.key;

		if (key->bytes[0] == table->kind && !tree_range_has(range, key))
			return state_alarm(table, "is another than was asked for", err);
	}
	return state->code == ERR_OK ? ERR_OK : state_fail(store, err);
}
