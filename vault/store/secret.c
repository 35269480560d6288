/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets, their sealed versions, and the envelopes of each version. */
#include "vault/store/secret.h"

#include "base/text.h"
#include "vault/seal/envelope.h"
#include "vault/seal/payload.h"
#include "vault/store/inside.h"
#include "vault/store/rows.h"

#define SECRET_COLUMNS "id, name, definition, current, newest"

void
version_row_done(struct version_row *row)
{
	buf_done(&row->header);
	buf_done(&row->ciphertext);
}

static enum err_code
check_name(const char *name, struct err *err)
{
	if (!text_is_name(name))
		return err_set(err, ERR_INVALID,
		    "\"%.63s\" cannot be the name of a secret: 1..63 of a-z "
		    "0-9 - _ . / beginning with a letter or digit",
		    name);
	return ERR_OK;
}

enum err_code
store_add_secret(struct store *store, const struct secret_row *row, struct err *err)
{
	TRY(check_name(row->name, err));
	SQL_QUERY query = sql_query(store->sql, "secrets",
	    "INSERT INTO secrets (" SECRET_COLUMNS ") VALUES (?, ?, ?, ?, ?)", err);
	store_put_secret_id(&query, &row->id);
	sql_put_text(&query, row->name);
	store_put_digest(&query, &row->definition);
	store_put_version(&query, row->current);
	sql_put_int(&query, row->newest);
	return sql_run(&query, NULL);
}

enum err_code
store_update_secret(struct store *store, const struct secret_row *row, struct err *err)
{
	TRY(check_name(row->name, err));
	SQL_QUERY query = sql_query(store->sql, "secrets",
	    "UPDATE secrets SET name = ?, definition = ?, current = ?, newest = ? WHERE id = ?",
	    err);
	sql_put_text(&query, row->name);
	store_put_digest(&query, &row->definition);
	store_put_version(&query, row->current);
	sql_put_int(&query, row->newest);
	store_put_secret_id(&query, &row->id);
	return sql_run_one(&query, "secret");
}

/* RET_ROW is written only when all of it is right. */
static void
read_secret(struct sql_query *query, struct secret_row *ret_row)
{
	struct secret_row row = {0};
	store_get_secret_id(query, "id", &row.id);
	store_get_name(query, "name", row.name);
	store_get_digest(query, "definition", &row.definition);
	row.current = store_get_version_number(query, "current");
	row.newest = store_get_u32(query, "newest");
	if (row.current > row.newest)
		sql_fail(query, "current", "is out of range");
	if (query->code == ERR_OK)
		*ret_row = row;
}

enum err_code
store_get_secret(struct store *store, const struct secret_id *id, struct secret_row *ret_row,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "secrets",
	    "SELECT " SECRET_COLUMNS " FROM secrets WHERE id = ?", err);
	store_put_secret_id(&query, id);
	TRY(sql_one(&query, "secret"));
	read_secret(&query, ret_row);
	return sql_end(&query);
}

enum err_code
store_find_secret(struct store *store, const char *name, struct secret_row *ret_row,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "secrets",
	    "SELECT " SECRET_COLUMNS " FROM secrets WHERE name = ?", err);
	sql_put_text(&query, name);
	if (sql_one(&query, "secret") == ERR_NOT_FOUND)
		return err_set(err, ERR_NOT_FOUND, "there is no secret \"%.63s\"", name);
	read_secret(&query, ret_row);
	return sql_end(&query);
}

enum err_code
store_list_secrets(struct store *store, const char *after, struct secret_row *rows, size_t max,
    size_t *ret_count, struct err *err)
{
	size_t count = 0;
	SQL_QUERY query = sql_query(store->sql, "secrets",
	    "SELECT " SECRET_COLUMNS " FROM secrets WHERE name > ? ORDER BY name LIMIT ?", err);
	sql_put_text(&query, after);
	sql_put_int(&query, (int64_t)max);
	while (count < max && sql_next(&query))
		read_secret(&query, &rows[count++]);
	TRY(sql_end(&query));
	*ret_count = count;
	return ERR_OK;
}

enum err_code
store_count_secrets(struct store *store, uint64_t *ret_count, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "secrets", "SELECT count(*) FROM secrets", err);
	TRY(sql_one(&query, "count"));
	int64_t count = sql_get_int(&query, "count", 0, INT64_MAX);
	TRY(sql_end(&query));
	*ret_count = (uint64_t)count;
	return ERR_OK;
}

static enum err_code
add_version_row(struct store *store, const struct version_row *row, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "versions",
	    "INSERT INTO versions (secret, number, state, header_hash, header, ciphertext,"
	    " part_exposed, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	    err);
	store_put_number(&query, &row->secret, row->number);
	sql_put_text(&query, version_state_names[row->state]);
	store_put_digest(&query, &row->header_hash);
	sql_put_bytes(&query, buf_view(&row->header));
	sql_put_bytes(&query, buf_view(&row->ciphertext));
	sql_put_int(&query, row->part_exposed);
	sql_put_int(&query, row->created);
	return sql_run(&query, NULL);
}

static enum err_code
add_envelope(struct store *store, const struct version_row *row, size_t index,
    const struct digest *token, const struct sealed_box *box, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "envelopes",
	    "INSERT INTO envelopes (secret, version, position, token, enc, ciphertext)"
	    " VALUES (?, ?, ?, ?, ?, ?)",
	    err);
	store_put_number(&query, &row->secret, row->number);
	sql_put_int(&query, (int64_t)index);
	store_put_digest(&query, token);
	store_put_box(&query, box);
	return sql_run(&query, NULL);
}

enum err_code
store_add_version(struct store *store, const struct version_row *row, const struct header *header,
    const struct sealed_box *envelopes, size_t envelope_count, struct err *err)
{
	if (envelope_count != header->envelope_count || envelope_count > HEADER_ENVELOPES)
		return err_set(err, ERR_INTERNAL,
		    "a version has %zu envelopes and its header names %u", envelope_count,
		    header->envelope_count);
	TRY(add_version_row(store, row, err));
	for (size_t i = 0; i < envelope_count; i++)
		TRY(add_envelope(store, row, i, &header->envelopes[i].token, &envelopes[i], err));
	return ERR_OK;
}

static void
read_version(struct sql_query *query, struct version_row *row)
{
	row->state = (enum version_state)store_get_state(query, "state", version_state_names);
	store_get_digest(query, "header_hash", &row->header_hash);
	sql_get_bytes(query, "header", 1, HEADER_MAX, &row->header);
	sql_get_bytes(query, "ciphertext", 1, CIPHERTEXT_MAX, &row->ciphertext);
	row->part_exposed = store_get_flag(query, "part_exposed");
	row->created = store_get_time(query, "created");
}

enum err_code
store_get_version(struct store *store, const struct secret_id *secret, uint32_t number,
    struct version_row *ret_row, struct err *err)
{
	VERSION_ROW row = {.secret = *secret, .number = number};
	SQL_QUERY query = sql_query(store->sql, "versions",
	    "SELECT state, header_hash, header, ciphertext, part_exposed, created"
	    " FROM versions WHERE secret = ? AND number = ?",
	    err);
	store_put_number(&query, secret, number);
	TRY(sql_one(&query, "version"));
	read_version(&query, &row);
	TRY(sql_end(&query));
	*ret_row = row;
	row.header = row.ciphertext = (struct buf){0};
	return ERR_OK;
}

enum err_code
store_set_version_state(struct store *store, const struct secret_id *secret, uint32_t number,
    enum version_state state, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "versions",
	    "UPDATE versions SET state = ? WHERE secret = ? AND number = ?", err);
	sql_put_text(&query, version_state_names[state]);
	store_put_number(&query, secret, number);
	return sql_run_one(&query, "version");
}

enum err_code
store_set_part_exposed(struct store *store, const struct secret_id *secret, uint32_t number,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "versions",
	    "UPDATE versions SET part_exposed = 1 WHERE secret = ? AND number = ?", err);
	store_put_number(&query, secret, number);
	return sql_run_one(&query, "version");
}

enum err_code
store_get_envelope(struct store *store, const struct secret_id *secret, uint32_t number,
    uint32_t index, struct digest *ret_token, struct sealed_box *ret_box, struct err *err)
{
	struct digest token;
	SQL_QUERY query = sql_query(store->sql, "envelopes",
	    "SELECT token, enc, ciphertext"
	    " FROM envelopes WHERE secret = ? AND version = ? AND position = ?",
	    err);
	store_put_number(&query, secret, number);
	sql_put_int(&query, index);
	TRY(sql_one(&query, "envelope"));
	store_get_digest(&query, "token", &token);
	store_get_box(&query, ENVELOPE_CT_MAX, ret_box);
	TRY(sql_end(&query));
	*ret_token = token;
	return ERR_OK;
}
