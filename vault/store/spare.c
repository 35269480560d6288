/* SPDX-License-Identifier: Apache-2.0 */
/* Shares that stand beside a version for a spare token, and the erasure of a version's envelopes. */
#include "vault/store/spare.h"

#include <stdlib.h>

#include "vault/documents/class.h"
#include "vault/seal/envelope.h"
#include "vault/store/inside.h"
#include "vault/store/rows.h"
#include "vault/store/state.h"
#include "vault/store/state_index.h"

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
	return state_change(store, TABLE_SPARES, &query, 0, NULL);
}

/* The columns of a row behind its key; STATEMENT is zero while there is no box. */
struct columns {
	struct digest accepted;
	struct spare_row row;
	struct buf ciphertext;
};

static void
columns_done(struct columns *columns)
{
	buf_done(&columns->ciphertext);
}

static void
read_columns(struct sql_query *query, struct columns *columns)
{
	struct spare_row *row = &columns->row;
	store_get_secret_id(query, "secret", &row->secret);
	row->version = store_get_version_number(query, "version");
	store_get_digest(query, "token", &row->token);
	store_get_digest(query, "accepted", &columns->accepted);
	if (sql_is_null(query))
		return;
	row->envelope = (uint32_t)sql_get_int(query, "envelope", 0, HEADER_ENVELOPES - 1);
	store_get_digest(query, "statement", &row->statement);
	store_get_digest(query, "box", &row->box);
	sql_get_exactly(query, "signature", row->signature, sizeof(row->signature));
	sql_get_bytes(query, "ciphertext", 1, ENVELOPE_CT_MAX, &columns->ciphertext);
	row->tested = !sql_is_null(query);
}

static bool
has_box(const struct columns *columns)
{
	return columns->ciphertext.size > 0;
}

static enum err_code
get_columns(struct store *store, const struct secret_id *secret, uint32_t version,
    const struct digest *token, struct columns *columns, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "spares",
	    "SELECT * FROM spares WHERE secret = ? AND version = ? AND token = ?", err);
	store_put_number(&query, secret, version);
	store_put_digest(&query, token);
	TRY(state_one(store, TABLE_SPARES, &query, "envelope for this spare token"));
	read_columns(&query, columns);
	return sql_end(&query);
}

static enum err_code
set_class(struct store *store, const struct version_row *row, const struct digest *class,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "versions",
	    "UPDATE versions SET class = ? WHERE secret = ? AND number = ?", err);
	store_put_digest(&query, class);
	store_put_number(&query, &row->secret, row->number);
	return state_change(store, TABLE_VERSIONS, &query, 1, "version");
}

/* After a change of its spares. */
static enum err_code
renew_class(struct store *store, const struct secret_id *secret, uint32_t version, struct err *err)
{
	VERSION_ROW row = {0};
	struct digest class;
	TRY(store_get_version(store, secret, version, &row, err));
	TRY(store_find_class(store, &row, &class, err));
	return digest_equal(&class, &row.class) ? ERR_OK : set_class(store, &row, &class, err);
}

enum err_code
store_put_spare(struct store *store, const struct spare_row *row, struct view ciphertext,
    struct err *err)
{
	CLEANUP(columns_done) struct columns present = {0};
	enum err_code code =
	    get_columns(store, &row->secret, row->version, &row->token, &present, err);
	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	if (code == ERR_NOT_FOUND || !digest_equal(&present.accepted, &row->statement) ||
	    digest_equal(&present.row.statement, &row->statement))
		return err_set(err, ERR_EXISTS,
		    "version %u has the envelope of this statement already, or a later statement has taken its place",
		    row->version);
	TRY(sql_erases(store->sql, err)); /* the envelope that this one replaces */
	SQL_QUERY query = sql_query(store->sql, "spares",
	    "UPDATE spares SET statement = accepted, envelope = ?, box = ?, signature = ?,"
	    " ciphertext = ?, test = NULL WHERE secret = ? AND version = ? AND token = ?",
	    err);
	sql_put_int(&query, row->envelope);
	store_put_digest(&query, &row->box);
	sql_put_bytes(&query, VIEW_OF(row->signature));
	sql_put_bytes(&query, ciphertext);
	store_put_number(&query, &row->secret, row->version);
	store_put_digest(&query, &row->token);
	TRY(state_change(store, TABLE_SPARES, &query, 4, "spare"));
	return renew_class(store, &row->secret, row->version, err);
}

enum err_code
store_list_spares(struct store *store, const struct secret_id *secret, uint32_t version,
    struct spare_row *rows, size_t max, size_t *ret_count, struct err *err)
{
	size_t count = 0;
	SQL_QUERY query = sql_query(store->sql, "spares",
	    "SELECT * FROM spares WHERE secret = ? AND version = ? ORDER BY token", err);
	store_put_number(&query, secret, version);
	STATE_LIST list = state_list(store, TABLE_SPARES, &query);
	while (state_next(&list)) {
		CLEANUP(columns_done) struct columns columns = {0};
		read_columns(&query, &columns);
		if (!has_box(&columns))
			continue;
		if (count == max)
			sql_fail(&query, "token", "has too many rows");
		else
			rows[count++] = columns.row;
	}
	TRY(sql_end(&query));
	*ret_count = count;
	return ERR_OK;
}

enum err_code
store_find_class(struct store *store, const struct version_row *row, struct digest *ret_class,
    struct err *err)
{
	struct spare_row rows[HEADER_ENVELOPES];
	struct reach_spare spares[HEADER_ENVELOPES];
	size_t count;
	TRY(store_list_spares(store, &row->secret, row->number, rows, ARRAY_SIZE(rows), &count,
	    err));
	for (size_t i = 0; i < count; i++)
		spares[i] = (struct reach_spare){rows[i].token, rows[i].envelope, rows[i].tested};
	return class_of(&row->shape, spares, count, ret_class, err);
}

enum err_code
store_list_untested_spares(struct store *store, const struct digest *token, struct spare_row *rows,
    size_t max, size_t *ret_count, struct err *err)
{
	SQL_SCOPE scope = {0};
	struct sql_value sought = sql_bytes(VIEW_OF(token->bytes));
	STATE_CELLS cells = {calloc(max + 1, sizeof(*cells.rows)), 0};
	if (cells.rows == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a list");
	TRY(sql_enter(store->sql, &scope, err));
	TRY(state_first(store, CELL_UNTESTED, &sought, NULL, cells.rows, max, &cells.count, err));
	for (size_t i = 0; i < cells.count; i++) {
		CLEANUP(columns_done) struct columns columns = {0};
		struct reader reader = reader_of(VIEW_OF(cells.rows[i].value.bytes));
		struct secret_id secret;
		reader_copy(&reader, secret.bytes, SECRET_ID_SIZE);
		TRY(get_columns(store, &secret, reader_u32(&reader), token, &columns, err));
		rows[i] = columns.row;
	}
	*ret_count = cells.count;
	return ERR_OK;
}

enum err_code
store_get_spare(struct store *store, const struct secret_id *secret, uint32_t version,
    const struct digest *token, struct buf *ret_ciphertext, struct err *err)
{
	CLEANUP(columns_done) struct columns columns = {0};
	TRY(get_columns(store, secret, version, token, &columns, err));
	if (!has_box(&columns))
		return err_set(err, ERR_NOT_FOUND,
		    "there is no such envelope for this spare token");
	buf_bytes(ret_ciphertext, buf_view(&columns.ciphertext));
	return buf_check(ret_ciphertext, err);
}

static enum err_code
set_test(struct store *store, const struct spare_row *row, const struct digest *test,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "spares",
	    "UPDATE spares SET test = ? WHERE secret = ? AND version = ? AND token = ?", err);
	store_put_digest(&query, test);
	store_put_number(&query, &row->secret, row->version);
	store_put_digest(&query, &row->token);
	TRY(state_change(store, TABLE_SPARES, &query, 1, "spare"));
	return renew_class(store, &row->secret, row->version, err);
}

enum err_code
store_test_spare(struct store *store, const struct digest *token, const struct digest *box,
    const struct digest *test, struct err *err)
{
	CLEANUP(columns_done) struct columns columns = {0};
	struct sql_value sought = sql_bytes(VIEW_OF(box->bytes));
	struct digest key;
	struct secret_id secret;
	enum err_code code = state_named(store, CELL_BOXES, &sought, "box", &key, err);
	if (code == ERR_NOT_FOUND)
		return ERR_OK;
	if (code != ERR_OK)
		return code;
	struct reader reader = reader_of(VIEW_OF(key.bytes));
	reader_copy(&reader, secret.bytes, SECRET_ID_SIZE);
	code = get_columns(store, &secret, reader_u32(&reader), token, &columns, err);
	if (code == ERR_OK)
		return set_test(store, &columns.row, test, err);
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

static enum err_code
erase_from(struct store *store, enum table_name table, const char *text,
    const struct secret_id *secret, uint32_t version, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, cell_tables[table].name, text, err);
	store_put_number(&query, secret, version);
	return state_change_below(store, table, &query);
}

/* Few versions have any; then the class changes with them. */
static enum err_code
erase_spares(struct store *store, const struct secret_id *secret, uint32_t version, struct err *err)
{
	const struct sql_value parent[] = {sql_bytes(VIEW_OF(secret->bytes)),
	    {.kind = SQL_INTEGER, .number = version}};
	uint64_t count;
	TRY(state_count_below(store, TABLE_SPARES, parent, &count, err));
	if (count == 0)
		return ERR_OK;
	TRY(erase_from(store, TABLE_SPARES, "DELETE FROM spares WHERE secret = ? AND version = ?",
	    secret, version, err));
	return renew_class(store, secret, version, err);
}

enum err_code
store_erase_envelopes(struct store *store, const struct secret_id *secret, uint32_t version,
    struct err *err)
{
	TRY(sql_erases(store->sql, err));
	TRY(erase_from(store, TABLE_ENVELOPES,
	    "DELETE FROM envelopes WHERE secret = ? AND version = ?", secret, version, err));
	return erase_spares(store, secret, version, err);
}

enum err_code
store_set_shape(struct store *store, const struct secret_id *secret, uint32_t number,
    const struct digest *shape, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "versions",
	    "UPDATE versions SET shape = ? WHERE secret = ? AND number = ?", err);
	store_put_digest(&query, shape);
	store_put_number(&query, secret, number);
	TRY(state_change(store, TABLE_VERSIONS, &query, 1, "version"));
	return renew_class(store, secret, number, err);
}
