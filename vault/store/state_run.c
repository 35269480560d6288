/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/state_run.h"

#include "vault/store/state_change.h"

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
		query->code = state_find(store, &cell.key, &has, &value, query->err);
	if (query->code == ERR_OK && has)
		query->code =
		    err_set(query->err, ERR_EXISTS, "%s: there is one already", table->name);
	if (query->code == ERR_OK && sql_run(query, NULL) == ERR_EXISTS)
		query->code = state_alarm(table, "is none that the vault has", query->err);
	return query->code;
}

/* What must be unique is, among the vault's rows: another is a stranger's. */
static enum err_code
run(const struct table *table, struct sql_query *query, uint64_t *ret_rows)
{
	if (sql_run(query, ret_rows) == ERR_EXISTS)
		return state_alarm(table, "is none that the vault has", query->err);
	return query->code;
}

/* SQL changes one at most, and it is that with KEY. */
static enum err_code
run_one(struct store *store, const struct table *table, struct sql_query *query,
    const struct tree_key *key, uint64_t *ret_rows)
{
	const struct tree_range only = {*key, *key};

	TRY(run(table, query, ret_rows));
	return state_check_changed(store, table, &only, query->err);
}

enum err_code
state_put(struct store *store, enum table_name name, struct sql_query *query)
{
	const struct table *table = &cell_tables[name];
	struct tree_key key;
	uint64_t rows;

	TRY(sql_end(query));
	query->code = cell_key(table, query->bound.values, &key, query->err);
	if (query->code == ERR_OK)
		query->code = run_one(store, table, query, &key, &rows);
	return query->code;
}

/* None was changed: is there none? */
static enum err_code
prove_absent(struct store *store, const struct table *table, const struct tree_key *key,
    const char *what, struct err *err)
{
	struct digest value;
	bool has;

	TRY(state_find(store, key, &has, &value, err));
	return has ? state_alarm(table, "is gone", err) :
	             err_set(err, ERR_NOT_FOUND, "there is no such %s", what);
}

enum err_code
state_run_one(struct store *store, enum table_name name, struct sql_query *query, const char *what)
{
	const struct table *table = &cell_tables[name];
	const struct sql_row *bound = &query->bound;
	struct tree_key key;
	uint64_t rows = 0;

	TRY(sql_end(query));
	query->code =
	    cell_key(table, bound->values + bound->count - table->key_count, &key, query->err);
	if (query->code == ERR_OK)
		query->code = run_one(store, table, query, &key, &rows);
	if (query->code == ERR_OK && rows == 0)
		query->code = prove_absent(store, table, &key, what, query->err);
	return query->code;
}

static enum err_code
run_below(struct store *store, const struct table *table, struct sql_query *query)
{
	struct tree_range range;
	uint64_t expected, rows;

	TRY(cell_rows_below(table, query->bound.values, &range, query->err));
	TRY(state_count_in(store, &range, &expected, query->err));
	TRY(run(table, query, &rows));
	if (rows != expected)
		return state_alarm(table, rows < expected ? "is gone" : "is one too many",
		    query->err);
	return state_check_changed(store, table, &range, query->err);
}

enum err_code
state_run_below(struct store *store, enum table_name name, struct sql_query *query)
{
	TRY(sql_end(query));
	query->code = run_below(store, &cell_tables[name], query);
	return query->code;
}
