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
/* Of an ordered index that has a parent for each state, those of the states in the bit set STATES by their numbers: the
 * MAX lowest first, or the highest.  RET_ALL: how many there are; no cell behind MAX is read for it. */
struct state_cells {
	struct tree_cell *rows;
	size_t count;
};
void state_cells_done(struct state_cells *cells);
#define STATE_CELLS CLEANUP(state_cells_done) struct state_cells
enum err_code state_of_states(struct store *store, uint8_t kind, const char *const *names,
    unsigned states, bool newest, size_t max, struct state_cells *ret_cells, uint64_t *ret_all,
    struct err *err) MUST_CHECK;
/* How many cells are in RANGE: no row is read of what lies wholly within it. */
enum err_code state_count_range(struct store *store, const struct tree_range *range,
    uint64_t *ret_count, struct err *err) MUST_CHECK;
/* How many rows TABLE has, or cells an index has. */
enum err_code state_count(struct store *store, uint8_t kind, uint64_t *ret_count,
    struct err *err) MUST_CHECK;

#endif
