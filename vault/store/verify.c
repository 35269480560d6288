/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/verify.h"

#include <stdlib.h>
#include <string.h>

#include "vault/log/tree_verify.h"
#include "vault/store/anchored.h"
#include "vault/store/inside.h"
#include "vault/store/nodes.h"
#include "vault/store/state.h"
#include "vault/store/state_index.h"

/* The rows of a table, by what their keys end with, so that none stands for another that is gone. */
struct seen {
	struct digest *rows;
	uint64_t count, expected;
};

static void
seen_done(struct seen *seen)
{
	free(seen->rows);
}

/* A row proves its own cell; its index cells are counted, and each is sought. */
static enum err_code
verify_row(struct store *store, const struct table *table, const struct sql_query *query,
    struct seen *seen, struct store_totals *totals, struct err *err)
{
	struct sql_row row;
	struct tree_key key;

	sql_get_row(query, &row);
	TRY(state_prove(store, table, &row, &key, err));
	if (seen->count == seen->expected)
		return state_alarm(table, "comes twice", err);
	memcpy(seen->rows[seen->count++].bytes, key.bytes + TREE_KEY_SIZE - DIGEST_SIZE,
	    DIGEST_SIZE);
	totals->rows++;
	totals->cells++;
	for (size_t i = 0; i < CELL_INDEXES && table->indexes[i].kind != 0; i++) {
		bool has;

		TRY(state_prove_index(store, table, &table->indexes[i], &row, &has, err));
		totals->cells += has;
	}
	return ERR_OK;
}

static int
compare_rows(const void *a, const void *b)
{
	return memcmp(a, b, DIGEST_SIZE);
}

static enum err_code
verify_seen(const struct table *table, struct seen *seen, struct err *err)
{
	qsort(seen->rows, seen->count, sizeof(*seen->rows), compare_rows);
	for (size_t i = 1; i < seen->count; i++)
		if (compare_rows(&seen->rows[i - 1], &seen->rows[i]) == 0)
			return state_alarm(table, "comes twice", err);
	return seen->count == seen->expected ? ERR_OK : state_alarm(table, "is gone", err);
}

static enum err_code
verify_table(struct store *store, const struct table *table, struct store_totals *totals,
    struct err *err)
{
	CLEANUP(seen_done) struct seen seen = {0};
	SQL_QUERY query = sql_query(store->sql, table->name, table->all, err);

	TRY(state_count(store, table->kind, &seen.expected, err));
	seen.rows = calloc(seen.expected + 1, sizeof(*seen.rows));
	if (seen.rows == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for the rows of %s", table->name);
	while (sql_next(&query))
		TRY(verify_row(store, table, &query, &seen, totals, err));
	TRY(sql_end(&query));
	return verify_seen(table, &seen, err);
}

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

enum err_code
store_verify_state(struct store *store,
    void (*progress)(void *context, uint64_t done, uint64_t cells), void *context,
    struct store_totals *ret_totals, struct err *err)
{
	struct tree_nodes nodes = store_nodes(store);
	struct tree_totals tree;
	struct store_totals totals = {0};

	TRY(store_anchored(store, err));
	TRY(tree_verify(&nodes, &store->now.state_root, progress, context, &tree, err));
	TRY(verify_nodes(store, tree.rows, err));
	for (size_t i = 0; i < TABLES; i++)
		if (cell_tables[i].kind != 0)
			TRY(verify_table(store, &cell_tables[i], &totals, err));
	if (totals.cells != tree.cells)
		return err_set(err, ERR_INTEGRITY,
		    "the state tree has cells of rows that are gone from the database");
	*ret_totals = totals;
	return ERR_OK;
}
