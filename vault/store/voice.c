/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/voice.h"

#include <stdlib.h>
#include <string.h>

#include "vault/documents/state_names.h"
#include "vault/store/inside.h"
#include "vault/store/rows.h"
#include "vault/store/state.h"
#include "vault/store/state_index.h"

enum { STEP = 32 };

enum err_code
store_add_voice(struct store *store, const struct id *ceremony, const struct voice_row *row,
    struct err *err)
{
	SQL_QUERY query =
	    sql_query(store->sql, "voices", "INSERT INTO voices VALUES (?, ?, ?, ?, ?, ?)", err);
	sql_put_int(&query, state_arrival(store));
	store_put_id(&query, ceremony);
	sql_put_text(&query, row->seat);
	store_put_digest(&query, &row->token);
	store_put_digest(&query, &row->statement);
	sql_put_int(&query, row->denies);
	if (state_insert(store, TABLE_VOICES, &query) == ERR_EXISTS)
		return err_set(err, ERR_EXISTS,
		    "this approval or denial of seat \"%.63s\" was counted before", row->seat);
	return sql_end(&query);
}

static enum err_code
get_voice(struct store *store, const struct digest *statement, struct voice_row *ret_row,
    struct err *err)
{
	struct voice_row row = {0};
	SQL_QUERY query =
	    sql_query(store->sql, "voices", "SELECT * FROM voices WHERE statement = ?", err);
	store_put_digest(&query, statement);
	TRY(state_one(store, TABLE_VOICES, &query, "approval or denial"));
	sql_skip(&query);
	sql_skip(&query);
	store_get_name(&query, "seat", row.seat);
	store_get_digest(&query, "token", &row.token);
	store_get_digest(&query, "statement", &row.statement);
	row.denies = store_get_flag(&query, "denies");
	TRY(sql_end(&query));
	*ret_row = row;
	return ERR_OK;
}

enum err_code
store_list_voices(struct store *store, const struct id *ceremony, struct voice_row *rows,
    size_t max, size_t *ret_count, struct err *err)
{
	SQL_SCOPE scope = {0};
	struct sql_value sought = sql_bytes(VIEW_OF(ceremony->bytes));
	STATE_CELLS cells = {calloc(max + 1, sizeof(*cells.rows)), 0};
	if (cells.rows == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a list");
	TRY(sql_enter(store->sql, &scope, err));
	TRY(state_first(store, CELL_VOICES, &sought, NULL, cells.rows, max + 1, &cells.count, err));
	if (cells.count > max)
		return err_set(err, ERR_INTEGRITY, "voices.seat in the database has too many rows");
	for (size_t i = 0; i < cells.count; i++)
		TRY(get_voice(store, &cells.rows[i].value, &rows[i], err));
	*ret_count = cells.count;
	return ERR_OK;
}

void
share_row_done(struct share_row *row)
{
	buf_done(&row->ciphertext);
}

enum err_code
store_add_share(struct store *store, const struct id *ceremony, const struct share_row *row,
    struct err *err)
{
	SQL_QUERY query =
	    sql_query(store->sql, "shares", "INSERT INTO shares VALUES (?, ?, ?, ?, ?, ?)", err);
	store_put_item(&query, ceremony, row->position);
	sql_put_text(&query, row->seat);
	store_put_digest(&query, &row->statement);
	sql_put_int(&query, row->envelope);
	sql_put_bytes(&query, buf_view(&row->ciphertext));
	if (state_insert(store, TABLE_SHARES, &query) == ERR_EXISTS)
		return err_set(err, ERR_EXISTS,
		    "seat \"%.63s\" has handed over these shares already", row->seat);
	return sql_end(&query);
}

static void
read_share(struct sql_query *query, size_t position, struct share_row *row)
{
	row->position = (uint32_t)position;
	sql_skip(query);
	sql_skip(query);
	store_get_name(query, "seat", row->seat);
	store_get_digest(query, "statement", &row->statement);
	row->envelope = (uint32_t)sql_get_int(query, "envelope", 0, HEADER_ENVELOPES - 1);
	if (!sql_is_null(query))
		sql_get_bytes(query, "ciphertext", 1, ENVELOPE_CT_MAX, &row->ciphertext);
}

enum err_code
store_list_shares(struct store *store, const struct id *ceremony, size_t position,
    struct share_row rows[QUORUM_SEATS], size_t *ret_count, struct err *err)
{
	size_t count = 0;
	SQL_QUERY query = sql_query(store->sql, "shares",
	    "SELECT * FROM shares WHERE ceremony = ? AND position = ? ORDER BY seat", err);
	store_put_item(&query, ceremony, position);
	STATE_LIST list = state_list(store, TABLE_SHARES, &query);
	while (state_next(&list)) {
		if (count == QUORUM_SEATS) {
			sql_fail(&query, "seat", "has too many rows");
			break;
		}
		rows[count] = (struct share_row){0};
		read_share(&query, position, &rows[count++]);
	}
	if (sql_end(&query) == ERR_OK) {
		*ret_count = count;
		return ERR_OK;
	}
	while (count > 0)
		share_row_done(&rows[--count]);
	return sql_end(&query);
}

static enum err_code
erase_shares_of(struct store *store, const struct id *ceremony, size_t position, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "shares",
	    "UPDATE shares SET ciphertext = NULL WHERE ceremony = ? AND position = ?", err);
	store_put_item(&query, ceremony, position);
	return state_change_below(store, TABLE_SHARES, &query);
}

/* Their positions are the numbers below. */
static enum err_code
count_items(struct store *store, const struct id *ceremony, uint64_t *ret_count, struct err *err)
{
	const struct sql_value parent = sql_bytes(VIEW_OF(ceremony->bytes));
	return state_count_below(store, TABLE_ITEMS, &parent, ret_count, err);
}

enum err_code
store_erase_shares(struct store *store, const struct id *ceremony, int64_t position,
    struct err *err)
{
	uint64_t count;
	TRY(sql_erases(store->sql, err));
	if (position >= 0)
		return erase_shares_of(store, ceremony, (size_t)position, err);
	TRY(count_items(store, ceremony, &count, err));
	for (size_t i = 0; i < count; i++)
		TRY(erase_shares_of(store, ceremony, i, err));
	return ERR_OK;
}

enum err_code
store_drop_share(struct store *store, const struct id *ceremony, size_t position, const char *seat,
    struct err *err)
{
	TRY(sql_erases(store->sql, err));
	SQL_QUERY query = sql_query(store->sql, "shares",
	    "DELETE FROM shares WHERE ceremony = ? AND position = ? AND seat = ?", err);
	store_put_item(&query, ceremony, position);
	sql_put_text(&query, seat);
	return state_change(store, TABLE_SHARES, &query, 0, NULL);
}

/* What was handed over with an approval by TOKEN. */
static enum err_code
drop_if_by(struct store *store, const struct id *ceremony, const struct share_row *share,
    const struct digest *token, struct err *err)
{
	struct voice_row voice;
	enum err_code code = get_voice(store, &share->statement, &voice, err);
	if (code == ERR_NOT_FOUND)
		return ERR_OK;
	if (code != ERR_OK || !digest_equal(&voice.token, token))
		return code;
	return store_drop_share(store, ceremony, share->position, share->seat, err);
}

static enum err_code
drop_from_item(struct store *store, const struct id *ceremony, size_t position,
    const struct digest *token, struct err *err)
{
	struct share_row shares[QUORUM_SEATS];
	enum err_code code = ERR_OK;
	size_t count;
	TRY(store_list_shares(store, ceremony, position, shares, &count, err));
	for (size_t i = 0; i < count; i++) {
		if (code == ERR_OK)
			code = drop_if_by(store, ceremony, &shares[i], token, err);
		share_row_done(&shares[i]);
	}
	return code;
}

static enum err_code
drop_from(struct store *store, const struct tree_cell *cell, const struct digest *token,
    struct err *err)
{
	struct id ceremony;
	uint64_t count;
	memcpy(ceremony.bytes, cell->value.bytes, ID_SIZE);
	TRY(count_items(store, &ceremony, &count, err));
	for (size_t i = 0; i < count; i++)
		TRY(drop_from_item(store, &ceremony, i, token, err));
	return ERR_OK;
}

enum err_code
store_drop_shares_of(struct store *store, const struct digest *token, struct err *err)
{
	const struct sql_value collecting = sql_text(ceremony_state_names[CEREMONY_COLLECTING]);
	struct tree_cell cells[STEP];
	struct tree_key last;
	size_t read = STEP;
	TRY(sql_erases(store->sql, err));
	for (const struct tree_key *after = NULL; read == STEP; after = &last) {
		TRY(state_first(store, CELL_CEREMONIES, &collecting, after, cells, STEP, &read,
		    err));
		for (size_t i = 0; i < read; i++)
			TRY(drop_from(store, &cells[i], token, err));
		if (read > 0)
			last = cells[read - 1].key;
	}
	return ERR_OK;
}

enum err_code
store_newest_approval(struct store *store, const struct digest *token, struct digest *ret_statement,
    struct err *err)
{
	struct sql_value sought = sql_bytes(VIEW_OF(token->bytes));
	return state_named(store, CELL_APPROVALS, &sought, "approval", ret_statement, err);
}
