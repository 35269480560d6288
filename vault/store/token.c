/* SPDX-License-Identifier: Apache-2.0 */
/* What is known about single tokens: suspensions, tests, and what they approved. */
#include "vault/store/token.h"

#include "vault/store/inside.h"
#include "vault/store/rows.h"

enum err_code
store_add_suspension(struct store *store, const struct digest *charter, const struct digest *token,
    const struct digest *statement, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "suspensions",
	    "INSERT INTO suspensions (charter, token, statement) VALUES (?, ?, ?)", err);
	store_put_digest(&query, charter);
	store_put_digest(&query, token);
	store_put_digest(&query, statement);
	return sql_run(&query, NULL);
}

enum err_code
store_list_suspensions(struct store *store, const struct digest *charter,
    struct digest *ret_statements, size_t max, size_t *ret_count, struct err *err)
{
	size_t count = 0;
	SQL_QUERY query = sql_query(store->sql, "suspensions",
	    "SELECT statement FROM suspensions WHERE charter = ? ORDER BY position", err);
	store_put_digest(&query, charter);
	while (count < max && sql_next(&query))
		store_get_digest(&query, "statement", &ret_statements[count++]);
	TRY(sql_end(&query));
	*ret_count = count;
	return ERR_OK;
}

static enum err_code
count_rows(struct sql_query query, uint64_t *ret_count)
{
	SQL_QUERY own = query;
	TRY(sql_one(&own, "count"));
	int64_t count = sql_get_int(&own, "count", 0, INT64_MAX);
	TRY(sql_end(&own));
	*ret_count = (uint64_t)count;
	return ERR_OK;
}

enum err_code
store_count_suspensions(struct store *store, const struct digest *charter, uint64_t *ret_count,
    struct err *err)
{
	if (charter == NULL)
		return count_rows(sql_query(store->sql, "suspensions",
		                      "SELECT count(*) FROM suspensions", err),
		    ret_count);
	struct sql_query query = sql_query(store->sql, "suspensions",
	    "SELECT count(*) FROM suspensions WHERE charter = ?", err);
	store_put_digest(&query, charter);
	return count_rows(query, ret_count);
}

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
	return count_rows(sql_query(store->sql, "tests", "SELECT count(*) FROM tests", err),
	    ret_count);
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
