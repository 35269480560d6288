/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/voice.h"

#include "vault/store/inside.h"
#include "vault/store/rows.h"

enum err_code
store_add_voice(struct store *store, const struct id *ceremony, const struct voice_row *row,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "voices",
	    "INSERT INTO voices"
	    " (ceremony, seat, token, statement, denies) VALUES (?, ?, ?, ?, ?)",
	    err);
	store_put_id(&query, ceremony);
	sql_put_text(&query, row->seat);
	store_put_digest(&query, &row->token);
	store_put_digest(&query, &row->statement);
	sql_put_int(&query, row->denies);
	if (sql_run(&query, NULL) == ERR_EXISTS)
		return err_set(err, ERR_EXISTS,
		    "this approval or denial of seat \"%.63s\" was counted "
		    "before",
		    row->seat);
	return sql_end(&query);
}

enum err_code
store_list_voices(struct store *store, const struct id *ceremony, struct voice_row *rows,
    size_t max, size_t *ret_count, struct err *err)
{
	size_t count = 0;
	SQL_QUERY query = sql_query(store->sql, "voices",
	    "SELECT seat, token, statement, denies"
	    " FROM voices WHERE ceremony = ? ORDER BY arrival",
	    err);
	store_put_id(&query, ceremony);
	while (sql_next_below(&query, count, max, "seat")) {
		struct voice_row *row = &rows[count++];
		*row = (struct voice_row){0};
		store_get_name(&query, "seat", row->seat);
		store_get_digest(&query, "token", &row->token);
		store_get_digest(&query, "statement", &row->statement);
		row->denies = store_get_flag(&query, "denies");
	}
	TRY(sql_end(&query));
	*ret_count = count;
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
	SQL_QUERY query = sql_query(store->sql, "shares",
	    "INSERT INTO shares (ceremony,"
	    " seat, position, statement, envelope, ciphertext) VALUES (?, ?, ?, ?, ?, ?)",
	    err);
	store_put_id(&query, ceremony);
	sql_put_text(&query, row->seat);
	sql_put_int(&query, row->position);
	store_put_digest(&query, &row->statement);
	sql_put_int(&query, row->envelope);
	sql_put_bytes(&query, buf_view(&row->ciphertext));
	if (sql_run(&query, NULL) == ERR_EXISTS)
		return err_set(err, ERR_EXISTS,
		    "seat \"%.63s\" has handed over these shares already", row->seat);
	return sql_end(&query);
}

static void
read_share(struct sql_query *query, size_t position, struct share_row *row)
{
	row->position = (uint32_t)position;
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
	    "SELECT seat, statement, envelope,"
	    " ciphertext FROM shares WHERE ceremony = ? AND position = ? ORDER BY seat",
	    err);
	store_put_item(&query, ceremony, position);
	while (sql_next_below(&query, count, QUORUM_SEATS, "seat")) {
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

enum err_code
store_erase_shares(struct store *store, const struct id *ceremony, int64_t position,
    struct err *err)
{
	TRY(sql_erases(store->sql, err));
	SQL_QUERY query = sql_query(store->sql, "shares",
	    "UPDATE shares SET ciphertext ="
	    " NULL WHERE ceremony = ?1 AND (?2 < 0 OR position = ?2) AND ciphertext IS NOT NULL",
	    err);
	store_put_id(&query, ceremony);
	sql_put_int(&query, position);
	return sql_run(&query, NULL);
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
	return sql_run(&query, NULL);
}

enum err_code
store_drop_shares_of(struct store *store, const struct digest *token, struct err *err)
{
	TRY(sql_erases(store->sql, err));
	SQL_QUERY query = sql_query(store->sql, "shares",
	    "DELETE FROM shares WHERE statement IN (SELECT statement FROM voices WHERE token = ?)"
	    " AND ceremony IN (SELECT id FROM ceremonies WHERE state = 'collecting')",
	    err);
	store_put_digest(&query, token);
	return sql_run(&query, NULL);
}

enum err_code
store_newest_approval(struct store *store, const struct digest *token, struct digest *ret_statement,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "voices",
	    "SELECT statement FROM voices WHERE token = ? AND denies = 0"
	    " ORDER BY arrival DESC LIMIT 1",
	    err);
	store_put_digest(&query, token);
	return store_one_digest(&query, "approval", "statement", ret_statement);
}
