/* SPDX-License-Identifier: Apache-2.0 */
/* What is known about single tokens: tests, and what they approved. */
#include "vault/store/token.h"

#include "vault/store/inside.h"
#include "vault/store/rows.h"
#include "vault/store/state.h"
#include "vault/store/state_index.h"

enum err_code
store_add_test(struct store *store, const struct digest *token, const struct digest *statement,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "tests", "INSERT INTO tests VALUES (?, ?, ?)", err);
	sql_put_int(&query, state_arrival(store));
	store_put_digest(&query, token);
	store_put_digest(&query, statement);
	return state_insert(store, TABLE_TESTS, &query);
}

enum err_code
store_newest_test(struct store *store, const struct digest *token, struct digest *ret_statement,
    struct err *err)
{
	struct sql_value sought = sql_bytes(VIEW_OF(token->bytes));
	return state_named(store, CELL_TESTS, &sought, "test", ret_statement, err);
}
