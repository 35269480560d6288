/* SPDX-License-Identifier: Apache-2.0 */
/* Batches: ceremonies over many versions, their items, what officers said and handed over. */
#include "vault/store/batch.h"

#include "vault/seal/envelope.h"
#include "vault/store/inside.h"
#include "vault/store/rows.h"

#define BATCH_COLUMNS "id, digest, request, state, requester, reason, charter, created, deadline"

static enum err_code
add_item(struct store *store, const struct id *batch, size_t position, const struct item_row *row,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "batch_items",
	    "INSERT INTO batch_items (batch,"
	    " position, secret, version, state, debt, note) VALUES (?, ?, ?, ?, ?, NULL, ?)",
	    err);
	store_put_id(&query, batch);
	sql_put_int(&query, (int64_t)position);
	store_put_secret_id(&query, &row->secret);
	sql_put_int(&query, row->version);
	sql_put_text(&query, item_state_names[row->state]);
	sql_put_text(&query, row->note);
	return sql_run(&query, NULL);
}

enum err_code
store_add_batch(struct store *store, const struct batch_row *row, const struct item_row *items,
    size_t count, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "batches",
	    "INSERT INTO batches (" BATCH_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", err);
	store_put_id(&query, &row->id);
	store_put_digest(&query, &row->digest);
	store_put_digest(&query, &row->request);
	sql_put_text(&query, ceremony_state_names[row->state]);
	sql_put_text(&query, row->requester);
	sql_put_text(&query, row->reason);
	store_put_digest(&query, &row->charter);
	sql_put_int(&query, row->created);
	sql_put_int(&query, row->deadline);
	if (sql_run(&query, NULL) == ERR_EXISTS)
		return err_set(err, ERR_EXISTS, "this request was used before; make a new one");
	TRY(sql_end(&query));
	for (size_t i = 0; i < count; i++)
		TRY(add_item(store, &row->id, i, &items[i], err));
	return ERR_OK;
}

enum err_code
store_update_batch(struct store *store, const struct batch_row *row, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "batches",
	    "UPDATE batches SET state = ?, reason = ? WHERE id = ?", err);
	sql_put_text(&query, ceremony_state_names[row->state]);
	sql_put_text(&query, row->reason);
	store_put_id(&query, &row->id);
	return sql_run_one(&query, "batch");
}

static void
read_batch(struct sql_query *query, struct batch_row *ret_row)
{
	struct batch_row row = {0};
	store_get_id(query, "id", &row.id);
	store_get_digest(query, "digest", &row.digest);
	store_get_digest(query, "request", &row.request);
	row.state = (enum ceremony_state)store_get_state(query, "state", ceremony_state_names);
	store_get_name(query, "requester", row.requester);
	sql_get_text(query, "reason", row.reason, sizeof(row.reason));
	store_get_digest(query, "charter", &row.charter);
	row.created = store_get_time(query, "created");
	row.deadline = store_get_time(query, "deadline");
	if (query->code == ERR_OK)
		*ret_row = row;
}

enum err_code
store_get_batch(struct store *store, const struct id *id, struct batch_row *ret_row,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "batches",
	    "SELECT " BATCH_COLUMNS " FROM batches WHERE id = ?", err);
	store_put_id(&query, id);
	TRY(sql_one(&query, "batch"));
	read_batch(&query, ret_row);
	return sql_end(&query);
}

enum err_code
store_list_batches(struct store *store, unsigned states, struct batch_row *rows, size_t max,
    size_t *ret_count, struct err *err)
{
	size_t count = 0;
	SQL_QUERY query = sql_query(store->sql, "batches",
	    "SELECT " BATCH_COLUMNS
	    " FROM batches WHERE state IN (?, ?, ?, ?, ?, ?, ?) ORDER BY arrival DESC LIMIT ?",
	    err);
	store_put_states(&query, states, ceremony_state_names, CEREMONY_STATES);
	sql_put_int(&query, (int64_t)max);
	while (count < max && sql_next(&query))
		read_batch(&query, &rows[count++]);
	TRY(sql_end(&query));
	*ret_count = count;
	return ERR_OK;
}

static void
read_item(struct sql_query *query, struct item_row *row)
{
	store_get_secret_id(query, "secret", &row->secret);
	row->version = (uint32_t)sql_get_int(query, "version", 1, UINT32_MAX);
	row->state = (enum item_state)store_get_state(query, "state", item_state_names);
	row->has_debt = !sql_is_null(query);
	if (row->has_debt)
		store_get_id(query, "debt", &row->debt);
	else
		sql_skip(query);
	sql_get_text(query, "note", row->note, sizeof(row->note));
}

enum err_code
store_list_items(struct store *store, const struct id *batch, struct item_row rows[CEREMONY_ITEMS],
    size_t *ret_count, struct err *err)
{
	size_t count = 0;
	SQL_QUERY query = sql_query(store->sql, "batch_items",
	    "SELECT position, secret, version,"
	    " state, debt, note FROM batch_items WHERE batch = ? ORDER BY position",
	    err);
	store_put_id(&query, batch);
	while (sql_next(&query)) {
		/* Positions are 0, 1, 2, ...: as many as the statement has. */
		if (count == CEREMONY_ITEMS) {
			sql_fail(&query, "position", "has too many rows");
			break;
		}
		(void)sql_get_int(&query, "position", (int64_t)count, (int64_t)count);
		rows[count] = (struct item_row){0};
		read_item(&query, &rows[count++]);
	}
	TRY(sql_end(&query));
	*ret_count = count;
	return ERR_OK;
}

enum err_code
store_update_item(struct store *store, const struct id *batch, size_t position,
    const struct item_row *row, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "batch_items",
	    "UPDATE batch_items SET state = ?,"
	    " debt = ?, note = ? WHERE batch = ? AND position = ?",
	    err);
	sql_put_text(&query, item_state_names[row->state]);
	if (row->has_debt)
		store_put_id(&query, &row->debt);
	else
		sql_put_null(&query);
	sql_put_text(&query, row->note);
	store_put_id(&query, batch);
	sql_put_int(&query, (int64_t)position);
	return sql_run_one(&query, "item of a batch");
}

enum err_code
store_debt_is_opening(struct store *store, const struct id *debt, bool *ret_is, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "batch_items",
	    "SELECT count(*) FROM batch_items WHERE debt = ? AND state = 'opening'", err);
	store_put_id(&query, debt);
	TRY(sql_one(&query, "count"));
	bool is = sql_get_int(&query, "count", 0, 1) == 1;
	TRY(sql_end(&query));
	*ret_is = is;
	return ERR_OK;
}

enum err_code
store_add_voice(struct store *store, const struct id *batch, const struct voice_row *row,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "batch_voices",
	    "INSERT INTO batch_voices"
	    " (batch, seat, token, statement, denies) VALUES (?, ?, ?, ?, ?)",
	    err);
	store_put_id(&query, batch);
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
store_list_voices(struct store *store, const struct id *batch, struct voice_row *rows, size_t max,
    size_t *ret_count, struct err *err)
{
	size_t count = 0;
	SQL_QUERY query = sql_query(store->sql, "batch_voices",
	    "SELECT seat, token, statement, denies"
	    " FROM batch_voices WHERE batch = ? ORDER BY arrival",
	    err);
	store_put_id(&query, batch);
	while (sql_next(&query)) {
		if (count == max) {
			sql_fail(&query, "seat", "has too many rows");
			break;
		}
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
batch_share_row_done(struct batch_share_row *row)
{
	buf_done(&row->ciphertext);
}

enum err_code
store_add_batch_share(struct store *store, const struct id *batch,
    const struct batch_share_row *row, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "batch_shares",
	    "INSERT INTO batch_shares (batch,"
	    " seat, position, statement, envelope, ciphertext) VALUES (?, ?, ?, ?, ?, ?)",
	    err);
	store_put_id(&query, batch);
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
read_share(struct sql_query *query, size_t position, struct batch_share_row *row)
{
	row->position = (uint32_t)position;
	store_get_name(query, "seat", row->seat);
	store_get_digest(query, "statement", &row->statement);
	row->envelope = (uint32_t)sql_get_int(query, "envelope", 0, HEADER_ENVELOPES - 1);
	if (!sql_is_null(query))
		sql_get_bytes(query, "ciphertext", 1, ENVELOPE_CT_MAX, &row->ciphertext);
}

enum err_code
store_list_batch_shares(struct store *store, const struct id *batch, size_t position,
    struct batch_share_row rows[QUORUM_SEATS], size_t *ret_count, struct err *err)
{
	size_t count = 0;
	SQL_QUERY query = sql_query(store->sql, "batch_shares",
	    "SELECT seat, statement, envelope,"
	    " ciphertext FROM batch_shares WHERE batch = ? AND position = ? ORDER BY seat",
	    err);
	store_put_id(&query, batch);
	sql_put_int(&query, (int64_t)position);
	while (sql_next(&query)) {
		if (count == QUORUM_SEATS) {
			sql_fail(&query, "seat", "has too many rows");
			break;
		}
		rows[count] = (struct batch_share_row){0};
		read_share(&query, position, &rows[count++]);
	}
	if (sql_end(&query) == ERR_OK) {
		*ret_count = count;
		return ERR_OK;
	}
	while (count > 0)
		batch_share_row_done(&rows[--count]);
	return sql_end(&query);
}

enum err_code
store_count_batch_shares(struct store *store, const struct id *batch, const char *seat,
    bool *ret_given, size_t *ret_count, struct err *err)
{
	size_t count = 0;
	SQL_QUERY query = sql_query(store->sql, "batch_shares",
	    "SELECT position FROM batch_shares WHERE batch = ? AND seat = ?", err);
	store_put_id(&query, batch);
	sql_put_text(&query, seat);
	while (sql_next(&query)) {
		size_t position = (size_t)sql_get_int(&query, "position", 0, CEREMONY_ITEMS - 1);
		if (ret_given != NULL && query.code == ERR_OK)
			ret_given[position] = true;
		count++;
	}
	TRY(sql_end(&query));
	*ret_count = count;
	return ERR_OK;
}

enum err_code
store_erase_batch_shares(struct store *store, const struct id *batch, int64_t position,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "batch_shares",
	    "UPDATE batch_shares SET ciphertext ="
	    " NULL WHERE batch = ?1 AND (?2 < 0 OR position = ?2) AND ciphertext IS NOT NULL",
	    err);
	store_put_id(&query, batch);
	sql_put_int(&query, position);
	return sql_run(&query, NULL);
}

enum err_code
store_next_sealed_under(struct store *store, const struct digest *after, struct digest *ret_charter,
    struct err *err)
{
	static const struct digest zero;
	SQL_QUERY query = sql_query(store->sql, "versions",
	    "SELECT substr(header, 92, 32) FROM versions"
	    " WHERE state = 'current' AND substr(header, 92, 32) > ?"
	    " ORDER BY substr(header, 92, 32) LIMIT 1",
	    err);
	store_put_digest(&query, after != NULL ? after : &zero);
	TRY(sql_one(&query, "charter of a sealed version"));
	store_get_digest(&query, "header", ret_charter);
	return sql_end(&query);
}

enum err_code
store_list_sealed_under(struct store *store, const struct digest *charter,
    const struct secret_id *after, struct sealed_row *rows, size_t max, size_t *ret_count,
    struct err *err)
{
	size_t count = 0;
	SQL_QUERY query = sql_query(store->sql, "versions",
	    "SELECT secret, number FROM versions"
	    " WHERE state = 'current' AND substr(header, 92, 32) = ?1 AND secret > ?2"
	    " ORDER BY secret LIMIT ?3",
	    err);
	store_put_digest(&query, charter);
	store_put_secret_id(&query, after);
	sql_put_int(&query, (int64_t)max);
	while (count < max && sql_next(&query)) {
		store_get_secret_id(&query, "secret", &rows[count].secret);
		rows[count++].number = (uint32_t)sql_get_int(&query, "number", 1, UINT32_MAX);
	}
	TRY(sql_end(&query));
	*ret_count = count;
	return ERR_OK;
}
