/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that are proven: what a query reads is compared with the state tree, whose root the anchor gives,
 * and what changes is written into it.  For vault/store/ alone.
 *
 * A row is read whole ("SELECT *"), proven, and only then taken apart; what is not there is proven too.  Every
 * row that SQL adds, changes or removes is seen as it was and as it is, and at state_apply the tree must have
 * known it as it was; that it is the row which was meant, the calls below see to.
 *
 * ERR_INTEGRITY of every call: the database is not as the vault left it; it says which row.
 */
#ifndef VAULT_STORE_STATE_H
#define VAULT_STORE_STATE_H

#include "vault/log/tree_change.h"
#include "vault/store/cells.h"
#include "vault/store/sql_query.h"

struct store;

/* After the database was opened. */
void state_watch(struct store *store);
/* What changed since the transaction began becomes part of the tree; RET_ROOT is its new root. */
enum err_code state_apply(struct store *store, struct digest *ret_root, struct err *err) MUST_CHECK;
/* The same where a cell in RANGE is concerned, about which somebody asks (NULL: none), or where much has
 * gathered. */
enum err_code state_apply_for(struct store *store, const struct tree_range *range,
    struct err *err) MUST_CHECK;
/* How much has changed since the transaction began: another number after each change. */
uint64_t state_changes(const struct store *store);
void state_forget(struct store *store); /* the transaction is over */

/* ERR_INTEGRITY "a row of TABLE in the database MET", and what that means. */
enum err_code state_alarm(const struct table *table, const char *met, struct err *err);
/* ROW, which was read from TABLE and has RET_KEY; and that which INDEX has for it, if it has. */
enum err_code state_prove(struct store *store, const struct table *table, const struct sql_row *row,
    struct tree_key *ret_key, struct err *err) MUST_CHECK;
enum err_code state_prove_index(struct store *store, const struct table *table,
    const struct index *index, const struct sql_row *row, bool *ret_has,
    struct err *err) MUST_CHECK;
/* The only row of QUERY, whose parameters are the primary key of TABLE in its order.  ERR_NOT_FOUND "there is
 * no such WHAT": proven. */
enum err_code state_one(struct store *store, enum table_name table, struct sql_query *query,
    const char *what) MUST_CHECK;
/* Does the tree have a row of TABLE with this primary KEY?  The row is not read. */
enum err_code state_has(struct store *store, enum table_name table, const struct sql_value *key,
    bool *ret_has, struct err *err) MUST_CHECK;
/* Run QUERY, which adds one row and whose parameters are its columns.  ERR_EXISTS: there is one by that primary
 * key; what else must be unique was asked for before, so that a row that stands in the way is an alarm. */
enum err_code state_insert(struct store *store, enum table_name table,
    struct sql_query *query) MUST_CHECK;

/* Run QUERY, which changes or removes one row, or adds it where there is none; its parameters from the one at
 * KEY_AT on (the first is at 0) are the primary key.  It changes that row and no other, wherever the database's
 * own index leads.  ERR_NOT_FOUND "there is no such WHAT": proven; WHAT may be NULL, then that is right too.  As
 * for state_insert, what else must be unique was asked for before. */
enum err_code state_change(struct store *store, enum table_name table, struct sql_query *query,
    size_t key_at, const char *what) MUST_CHECK;
/* The same of all rows below a parent, whose columns are the first parameters. */
enum err_code state_change_below(struct store *store, enum table_name table,
    struct sql_query *query) MUST_CHECK;
/* How many they are. */
enum err_code state_count_below(struct store *store, enum table_name table,
    const struct sql_value *parent, uint64_t *ret_count, struct err *err) MUST_CHECK;

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

/* A number above all that were given before, for the order of arrival. */
int64_t state_arrival(struct store *store);

#endif
