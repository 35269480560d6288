/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/opened.h"

#include "vault/seal/payload.h"
#include "vault/store/inside.h"
#include "vault/store/rows.h"

enum { ANSWER_MAX = CIPHERTEXT_MAX + 32 };

enum err_code
store_add_opened(struct store *store, const struct secret_id *secret, uint32_t version,
    const struct id *ceremony, const struct id *recovers, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "opened",
	    "INSERT INTO opened (secret, version, ceremony, recovers) VALUES (?, ?, ?, ?)", err);
	store_put_number(&query, secret, version);
	store_put_id(&query, ceremony);
	store_put_id_or_null(&query, recovers);
	if (sql_run(&query, NULL) == ERR_EXISTS)
		return err_set(err, ERR_EXISTS,
		    "version %u was opened before; a version is opened once", version);
	return sql_end(&query);
}

enum err_code
store_get_opened(struct store *store, const struct secret_id *secret, uint32_t version,
    struct id *ret_ceremony, struct err *err)
{
	struct id ceremony;
	SQL_QUERY query = sql_query(store->sql, "opened",
	    "SELECT ceremony FROM opened WHERE secret = ? AND version = ? AND recovers IS NULL",
	    err);
	store_put_number(&query, secret, version);
	TRY(sql_one(&query, "opening"));
	store_get_id(&query, "ceremony", &ceremony);
	TRY(sql_end(&query));
	*ret_ceremony = ceremony;
	return ERR_OK;
}

enum err_code
store_add_answer(struct store *store, const struct id *ceremony, size_t position,
    const struct digest *token, const struct sealed_box *box, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "answers",
	    "INSERT INTO answers (ceremony, position, token, enc, ciphertext)"
	    " VALUES (?, ?, ?, ?, ?)",
	    err);
	store_put_item(&query, ceremony, position);
	store_put_digest(&query, token);
	store_put_box(&query, box);
	return sql_run(&query, NULL);
}

enum err_code
store_get_answer(struct store *store, const struct id *ceremony, size_t position,
    const struct digest *token, struct sealed_box *ret_box, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "answers",
	    "SELECT enc, ciphertext FROM answers WHERE ceremony = ? AND position = ? AND token = ?",
	    err);
	store_put_item(&query, ceremony, position);
	store_put_digest(&query, token);
	TRY(sql_one(&query, "answer for this token"));
	store_get_box(&query, ANSWER_MAX, ret_box);
	return sql_end(&query);
}
