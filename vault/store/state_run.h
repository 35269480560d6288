/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing rows.  SQL finds the rows that a change means by indices that nobody proved; so what it has changed is
 * compared with what was meant: not another row, none twice, and none that is gone.  What the rows were before, the
 * state tree is asked when the change becomes part of it (state_change.h).  For vault/store/ alone.
 *
 * ERR_INTEGRITY of every call: the database is not as the vault left it; it says which row.
 */
#ifndef VAULT_STORE_STATE_RUN_H
#define VAULT_STORE_STATE_RUN_H

#include "vault/store/cells.h"
#include "vault/store/sql_query.h"

struct store;

/* Run QUERY, which adds one row and whose parameters are its columns.  ERR_EXISTS: there is one by that primary
 * key; what else must be unique was asked for before, so that a row that stands in the way is an alarm. */
enum err_code state_insert(struct store *store, enum table_name table,
    struct sql_query *query) MUST_CHECK;
/* Run QUERY, which adds one row or changes that with the same primary key, its first parameters. */
enum err_code state_put(struct store *store, enum table_name table,
    struct sql_query *query) MUST_CHECK;
/* Run QUERY, which changes or removes the row whose primary key is its last parameters.  ERR_NOT_FOUND "there is
 * no such WHAT": proven. */
enum err_code state_run_one(struct store *store, enum table_name table, struct sql_query *query,
    const char *what) MUST_CHECK;
/* Run QUERY, which changes or removes all rows below a parent: its parameters are the parent's columns. */
enum err_code state_run_below(struct store *store, enum table_name table,
    struct sql_query *query) MUST_CHECK;

#endif
