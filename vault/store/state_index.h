/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the state tree lists, without a row of the table: what was changed in this transaction is in it.
 * For vault/store/ alone.  ERR_INTEGRITY of every call: the tree in the database is not as the vault left it.
 */
#ifndef VAULT_STORE_STATE_INDEX_H
#define VAULT_STORE_STATE_INDEX_H

#include "vault/store/cells.h"

struct store;

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
/* All cells of an ordered index that has a parent for each of the states in the bit set STATES, by their numbers:
 * the lowest first, or the highest. */
struct state_cells {
	struct tree_cell *rows;
	size_t count;
};
void state_cells_done(struct state_cells *cells);
#define STATE_CELLS CLEANUP(state_cells_done) struct state_cells
enum err_code state_of_states(struct store *store, uint8_t kind, const char *const *names,
    unsigned states, bool newest, struct state_cells *ret_cells, struct err *err) MUST_CHECK;
/* How many rows TABLE has, or cells an index has. */
enum err_code state_count(struct store *store, uint8_t kind, uint64_t *ret_count,
    struct err *err) MUST_CHECK;

#endif
