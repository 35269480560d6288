/* SPDX-License-Identifier: Apache-2.0 */
/* Shares that stand beside a version for a spare token, and the erasure of a version's envelopes. */
#include "vault/store/spare.h"

#include "vault/seal/envelope.h"
#include "vault/store/inside.h"
#include "vault/store/rows.h"

enum err_code
store_accept_spare(struct store *store, const struct secret_id *secret, uint32_t version,
    const struct digest *token, const struct digest *statement, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "spares",
	    "INSERT INTO spares (secret, version, token, accepted) VALUES (?, ?, ?, ?)"
	    " ON CONFLICT DO UPDATE SET accepted = excluded.accepted",
	    err);
	store_put_number(&query, secret, version);
	store_put_digest(&query, token);
	store_put_digest(&query, statement);
	return sql_run(&query, NULL);
}

enum err_code
store_put_spare(struct store *store, const struct spare_row *row, struct view ciphertext,
    struct err *err)
{
	uint64_t rows;
	TRY(sql_erases(store->sql, err)); /* the envelope that this one replaces */
	SQL_QUERY query = sql_query(store->sql, "spares",
	    "UPDATE spares SET statement = accepted, envelope = ?, box = ?, signature = ?,"
	    " ciphertext = ?, test = NULL"
	    " WHERE secret = ? AND version = ? AND token = ? AND accepted = ?"
	    " AND statement IS NOT accepted",
	    err);
	sql_put_int(&query, row->envelope);
	store_put_digest(&query, &row->box);
	sql_put_bytes(&query, VIEW_OF(row->signature));
	sql_put_bytes(&query, ciphertext);
	store_put_number(&query, &row->secret, row->version);
	store_put_digest(&query, &row->token);
	store_put_digest(&query, &row->statement);
	TRY(sql_run(&query, &rows));
	if (rows != 1)
		return err_set(err, ERR_EXISTS,
		    "version %u has the envelope of this statement already, or a later statement has taken its place",
		    row->version);
	return ERR_OK;
}

#define COLUMNS "secret, version, token, envelope, statement, box, signature, test IS NOT NULL"

/* The rows of QUERY, which is done then. */
static enum err_code
list(struct sql_query query, struct spare_row *rows, size_t max, size_t *ret_count)
{
	SQL_QUERY own = query;
	size_t count = 0;
	while (sql_next_below(&own, count, max, "token")) {
		struct spare_row *row = &rows[count++];
		store_get_secret_id(&own, "secret", &row->secret);
		row->version = store_get_version_number(&own, "version");
		store_get_digest(&own, "token", &row->token);
		row->envelope = (uint32_t)sql_get_int(&own, "envelope", 0, HEADER_ENVELOPES - 1);
		store_get_digest(&own, "statement", &row->statement);
		store_get_digest(&own, "box", &row->box);
		sql_get_exactly(&own, "signature", row->signature, sizeof(row->signature));
		row->tested = store_get_flag(&own, "test");
	}
	TRY(sql_end(&own));
	*ret_count = count;
	return ERR_OK;
}

enum err_code
store_list_spares(struct store *store, const struct secret_id *secret, uint32_t version,
    struct spare_row *rows, size_t max, size_t *ret_count, struct err *err)
{
	struct sql_query query = sql_query(store->sql, "spares",
	    "SELECT " COLUMNS " FROM spares"
	    " WHERE secret = ? AND version = ? AND statement IS NOT NULL ORDER BY token",
	    err);
	store_put_number(&query, secret, version);
	return list(query, rows, max, ret_count);
}

enum err_code
store_list_untested_spares(struct store *store, const struct digest *token, struct spare_row *rows,
    size_t max, size_t *ret_count, struct err *err)
{
	struct sql_query query = sql_query(store->sql, "spares",
	    "SELECT " COLUMNS " FROM spares"
	    " WHERE token = ? AND statement IS NOT NULL AND test IS NULL"
	    " ORDER BY statement, secret, version LIMIT ?",
	    err);
	store_put_digest(&query, token);
	sql_put_int(&query, (int64_t)max);
	return list(query, rows, max, ret_count);
}

enum err_code
store_get_spare(struct store *store, const struct secret_id *secret, uint32_t version,
    const struct digest *token, struct buf *ret_ciphertext, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "spares",
	    "SELECT ciphertext FROM spares"
	    " WHERE secret = ? AND version = ? AND token = ? AND statement IS NOT NULL",
	    err);
	store_put_number(&query, secret, version);
	store_put_digest(&query, token);
	TRY(sql_one(&query, "envelope for this spare token"));
	sql_get_bytes(&query, "ciphertext", 1, ENVELOPE_CT_MAX, ret_ciphertext);
	return sql_end(&query);
}

enum err_code
store_test_spare(struct store *store, const struct digest *token, const struct digest *box,
    const struct digest *test, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "spares",
	    "UPDATE spares SET test = ? WHERE token = ? AND box = ?", err);
	store_put_digest(&query, test);
	store_put_digest(&query, token);
	store_put_digest(&query, box);
	return sql_run(&query, NULL);
}

static enum err_code
erase_from(struct store *store, const char *table, const char *text, const struct secret_id *secret,
    uint32_t version, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, table, text, err);
	store_put_number(&query, secret, version);
	return sql_run(&query, NULL);
}

enum err_code
store_erase_envelopes(struct store *store, const struct secret_id *secret, uint32_t version,
    struct err *err)
{
	TRY(sql_erases(store->sql, err));
	TRY(erase_from(store, "envelopes", "DELETE FROM envelopes WHERE secret = ? AND version = ?",
	    secret, version, err));
	return erase_from(store, "spares", "DELETE FROM spares WHERE secret = ? AND version = ?",
	    secret, version, err);
}
