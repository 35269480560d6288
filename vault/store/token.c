/* SPDX-License-Identifier: Apache-2.0 */
/* What is known about single tokens: tests, and what they approved. */
#include "vault/store/token.h"

#include "vault/store/inside.h"
#include "vault/store/rows.h"

enum err_code
store_add_test(struct store *store, const struct digest *token, const struct digest *statement,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "tests",
	    "INSERT INTO tests (token, statement) VALUES (?, ?)", err);
	store_put_digest(&query, token);
	store_put_digest(&query, statement);
	return sql_run(&query, NULL);
}

enum err_code
store_count_tests(struct store *store, uint64_t *ret_count, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "tests", "SELECT count(*) FROM tests", err);
	int64_t count;
	TRY(sql_one_int(&query, "count", 0, INT64_MAX, &count));
	*ret_count = (uint64_t)count;
	return ERR_OK;
}

enum err_code
store_newest_test(struct store *store, const struct digest *token, struct digest *ret_statement,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "tests",
	    "SELECT statement FROM tests WHERE token = ? ORDER BY position DESC LIMIT 1", err);
	store_put_digest(&query, token);
	return store_one_digest(&query, "test", "statement", ret_statement);
}
