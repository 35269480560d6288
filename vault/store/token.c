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
	TRY(sql_one(&query, "count"));
	int64_t count = sql_get_int(&query, "count", 0, INT64_MAX);
	TRY(sql_end(&query));
	*ret_count = (uint64_t)count;
	return ERR_OK;
}

static enum err_code
newest(struct sql_query query, const struct digest *token, const char *what,
    struct digest *ret_statement)
{
	SQL_QUERY own = query;
	struct digest statement;
	store_put_digest(&own, token);
	TRY(sql_one(&own, what));
	store_get_digest(&own, "statement", &statement);
	TRY(sql_end(&own));
	*ret_statement = statement;
	return ERR_OK;
}

enum err_code
store_newest_test(struct store *store, const struct digest *token, struct digest *ret_statement,
    struct err *err)
{
	return newest(
	    sql_query(store->sql, "tests",
	        "SELECT statement FROM tests WHERE token = ? ORDER BY position DESC LIMIT 1", err),
	    token, "test", ret_statement);
}

enum err_code
store_newest_approval(struct store *store, const struct digest *token, struct digest *ret_statement,
    struct err *err)
{
	return newest(
	    sql_query(store->sql, "approvals",
	        "SELECT statement FROM approvals WHERE token = ? ORDER BY arrival DESC LIMIT 1",
	        err),
	    token, "approval", ret_statement);
}

enum err_code
store_withdraw_approvals(struct store *store, const struct digest *token, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "approvals",
	    "UPDATE approvals SET complete = 0, enc = NULL, ciphertext = NULL WHERE token = ?"
	    " AND ceremony IN (SELECT id FROM ceremonies WHERE state = 'collecting')",
	    err);
	store_put_digest(&query, token);
	TRY(sql_run(&query, NULL));
	query = sql_query(store->sql, "batch_shares",
	    "DELETE FROM batch_shares WHERE statement IN"
	    " (SELECT statement FROM batch_voices WHERE token = ?)"
	    " AND batch IN (SELECT id FROM batches WHERE state = 'collecting')",
	    err);
	store_put_digest(&query, token);
	return sql_run(&query, NULL);
}
