/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/opened.h"

#include "vault/seal/payload.h"
#include "vault/store/inside.h"
#include "vault/store/rows.h"
#include "vault/store/state.h"
#include "vault/store/state_run.h"

enum { ANSWER_MAX = CIPHERTEXT_MAX + 32 };

enum err_code
store_add_opened(struct store *store, const struct secret_id *secret, uint32_t version,
    const struct id *ceremony, const struct id *recovers, struct err *err)
{
	struct id before;
	enum err_code code = store_get_opened(store, secret, version, &before, err);
	if (recovers == NULL && code == ERR_OK)
		return err_set(err, ERR_EXISTS,
		    "version %u was opened before; a version is opened once", version);
	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	SQL_QUERY query =
	    sql_query(store->sql, "opened", "INSERT INTO opened VALUES (?, ?, ?, ?)", err);
	store_put_number(&query, secret, version);
	store_put_id(&query, ceremony);
	store_put_id_or_null(&query, recovers);
	return state_insert(store, TABLE_OPENED, &query);
}

enum err_code
store_get_opened(struct store *store, const struct secret_id *secret, uint32_t version,
    struct id *ret_ceremony, struct err *err)
{
	struct id ceremony, recovered;
	bool found = false;
	SQL_QUERY query = sql_query(store->sql, "opened",
	    "SELECT * FROM opened WHERE secret = ? AND version = ?", err);
	store_put_number(&query, secret, version);
	STATE_LIST list = state_list(store, TABLE_OPENED, &query);
	while (state_next(&list)) {
		sql_skip(&query);
		sql_skip(&query);
		store_get_id(&query, "ceremony", &ceremony);
		if (!store_get_id_or_null(&query, "recovers", &recovered)) {
			*ret_ceremony = ceremony;
			found = true;
		}
	}
	TRY(sql_end(&query));
	return found ? ERR_OK : err_set(err, ERR_NOT_FOUND, "there is no such opening");
}

enum err_code
store_add_answer(struct store *store, const struct id *ceremony, size_t position,
    const struct digest *token, const struct sealed_box *box, struct err *err)
{
	SQL_QUERY query =
	    sql_query(store->sql, "answers", "INSERT INTO answers VALUES (?, ?, ?, ?, ?)", err);
	store_put_item(&query, ceremony, position);
	store_put_digest(&query, token);
	store_put_box(&query, box);
	return state_insert(store, TABLE_ANSWERS, &query);
}

enum err_code
store_get_answer(struct store *store, const struct id *ceremony, size_t position,
    const struct digest *token, struct sealed_box *ret_box, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "answers",
	    "SELECT * FROM answers WHERE ceremony = ? AND position = ? AND token = ?", err);
	store_put_item(&query, ceremony, position);
	store_put_digest(&query, token);
	TRY(state_one(store, TABLE_ANSWERS, &query, "answer for this token"));
	for (int i = 0; i < 3; i++)
		sql_skip(&query);
	store_get_box(&query, ANSWER_MAX, ret_box);
	return sql_end(&query);
}
