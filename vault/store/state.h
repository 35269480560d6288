/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that are proven: what a query reads is compared with the state tree, whose root the anchor gives.  A row
 * is read whole ("SELECT *"), proven, and only then taken apart; what is not there is proven too.  For
 * vault/store/ alone.
 *
 * ERR_INTEGRITY of every call: the database is not as the vault left it; it says which row.
 */
#ifndef VAULT_STORE_STATE_H
#define VAULT_STORE_STATE_H

#include "vault/log/tree_node.h"
#include "vault/store/cells.h"
#include "vault/store/sql_query.h"

struct store;

/* ROW, which was read from TABLE; and that which INDEX has for it, if it has. */
enum err_code state_prove(struct store *store, const struct table *table, const struct sql_row *row,
    struct err *err) MUST_CHECK;
enum err_code state_prove_index(struct store *store, const struct table *table,
    const struct index *index, const struct sql_row *row, bool *ret_has,
    struct err *err) MUST_CHECK;
/* The only row of QUERY, whose parameters are the primary key of TABLE in its order.  ERR_NOT_FOUND "there is
 * no such WHAT": proven. */
enum err_code state_one(struct store *store, enum table_name table, struct sql_query *query,
    const char *what) MUST_CHECK;
/* Is there such a row?  The parameters as for state_one. */
enum err_code state_has(struct store *store, enum table_name table, struct sql_query *query,
    bool *ret_has) MUST_CHECK;

/* All rows of TABLE below a parent: the parameters of QUERY are the parent's columns. */
struct state_list {
	struct store *store;
	enum table_name table;
	struct sql_query *query;
	struct tree_range range;
	uint64_t expected, count;
	struct tree_key *seen; /* COUNT of them */
};
void state_list_done(struct state_list *list);
#define STATE_LIST CLEANUP(state_list_done) struct state_list
struct state_list state_list(struct store *store, enum table_name table, struct sql_query *query);
/* The next one, proven; false after the last one and after a failure, for sql_end to tell. */
bool state_next(struct state_list *list);

/* The first MAX cells of an index below PARENT (NULL: of one that has none), or the last ones; after or before
 * FROM where it is not NULL. */
enum err_code state_first(struct store *store, uint8_t kind, const struct sql_value *parent,
    const struct tree_key *from, struct tree_cell *ret_cells, size_t max, size_t *ret_count,
    struct err *err) MUST_CHECK;
enum err_code state_last(struct store *store, uint8_t kind, const struct sql_value *parent,
    const struct tree_key *from, struct tree_cell *ret_cells, size_t max, size_t *ret_count,
    struct err *err) MUST_CHECK;
/* Those in RANGE. */
enum err_code state_range(struct store *store, const struct tree_range *range,
    const struct tree_key *after, struct tree_cell *ret_cells, size_t max, size_t *ret_count,
    struct err *err) MUST_CHECK;
/* The only cell of an index below PARENT: the primary key that it names.  ERR_NOT_FOUND "there is no such
 * WHAT". */
enum err_code state_named(struct store *store, uint8_t kind, const struct sql_value *parent,
    const char *what, struct digest *ret_key, struct err *err) MUST_CHECK;
/* Up to MAX cells of an ordered index that has a parent for each of the states in the bit set STATES, by their
 * numbers: the lowest ones, or the highest, those first. */
struct state_cells {
	struct tree_cell *rows;
	size_t count;
};
void state_cells_done(struct state_cells *cells);
#define STATE_CELLS CLEANUP(state_cells_done) struct state_cells
enum err_code state_of_states(struct store *store, uint8_t kind, const char *const *names,
    unsigned states, bool newest, size_t max, struct state_cells *ret_cells,
    struct err *err) MUST_CHECK;
/* How many rows TABLE has, or cells an index has. */
enum err_code state_count(struct store *store, uint8_t kind, uint64_t *ret_count,
    struct err *err) MUST_CHECK;

/* A number above all that were given before, for the order of arrival. */
int64_t state_arrival(struct store *store);

#endif
