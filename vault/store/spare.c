/* SPDX-License-Identifier: Apache-2.0 */
/* Shares that stand beside a version for a spare token, and the erasure of a version's envelopes. */
#include "vault/store/spare.h"

#include "vault/seal/envelope.h"
#include "vault/store/inside.h"
#include "vault/store/rows.h"

enum err_code
store_add_spare(struct store *store, const struct spare_row *row, const struct sealed_box *box,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "spares",
	    "INSERT INTO spares (secret, version, token, envelope, statement, enc, ciphertext)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?)",
	    err);
	store_put_secret_id(&query, &row->secret);
	sql_put_int(&query, row->version);
	store_put_digest(&query, &row->token);
	sql_put_int(&query, row->envelope);
	store_put_digest(&query, &row->statement);
	store_put_box(&query, box);
	if (sql_run(&query, NULL) == ERR_EXISTS)
		return err_set(err, ERR_EXISTS,
		    "version %u has an envelope for this spare token already", row->version);
	return sql_end(&query);
}

enum err_code
store_list_spares(struct store *store, const struct secret_id *secret, uint32_t version,
    struct spare_row *rows, size_t max, size_t *ret_count, struct err *err)
{
	size_t count = 0;
	SQL_QUERY query = sql_query(store->sql, "spares",
	    "SELECT token, envelope, statement"
	    " FROM spares WHERE secret = ? AND version = ? ORDER BY token",
	    err);
	store_put_secret_id(&query, secret);
	sql_put_int(&query, version);
	while (sql_next(&query)) {
		if (count == max) {
			sql_fail(&query, "token", "has too many rows");
			break;
		}
		struct spare_row *row = &rows[count++];
		*row = (struct spare_row){.secret = *secret, .version = version};
		store_get_digest(&query, "token", &row->token);
		row->envelope = (uint32_t)sql_get_int(&query, "envelope", 0, HEADER_ENVELOPES - 1);
		store_get_digest(&query, "statement", &row->statement);
	}
	TRY(sql_end(&query));
	*ret_count = count;
	return ERR_OK;
}

enum err_code
store_get_spare(struct store *store, const struct secret_id *secret, uint32_t version,
    const struct digest *token, struct sealed_box *ret_box, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "spares",
	    "SELECT enc, ciphertext FROM spares"
	    " WHERE secret = ? AND version = ? AND token = ?",
	    err);
	store_put_secret_id(&query, secret);
	sql_put_int(&query, version);
	store_put_digest(&query, token);
	TRY(sql_one(&query, "envelope for this spare token"));
	store_get_box(&query, ENVELOPE_CT_MAX, ret_box);
	return sql_end(&query);
}

static enum err_code
erase_from(struct store *store, const char *table, const char *text, const struct secret_id *secret,
    uint32_t version, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, table, text, err);
	store_put_secret_id(&query, secret);
	sql_put_int(&query, version);
	return sql_run(&query, NULL);
}

enum err_code
store_erase_envelopes(struct store *store, const struct secret_id *secret, uint32_t version,
    struct err *err)
{
	TRY(erase_from(store, "envelopes", "DELETE FROM envelopes WHERE secret = ? AND version = ?",
	    secret, version, err));
	return erase_from(store, "spares", "DELETE FROM spares WHERE secret = ? AND version = ?",
	    secret, version, err);
}
