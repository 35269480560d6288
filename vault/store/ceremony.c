/* SPDX-License-Identifier: Apache-2.0 */
/* Ceremonies, and what officers said in them: approvals and denials. */
#include "vault/store/ceremony.h"

#include "vault/seal/envelope.h"
#include "vault/store/inside.h"
#include "vault/store/rows.h"

#define CEREMONY_COLUMNS                                                                           \
	"id, digest, request, secret, version, state, requester, reason, charter, created, "       \
	"deadline, released, expires, done"

enum err_code
store_add_ceremony(struct store *store, const struct ceremony_row *row, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "ceremonies",
	    "INSERT INTO ceremonies (" CEREMONY_COLUMNS
	    ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    err);
	store_put_id(&query, &row->id);
	store_put_digest(&query, &row->digest);
	store_put_digest(&query, &row->request);
	store_put_secret_id(&query, &row->secret);
	sql_put_int(&query, row->version);
	sql_put_text(&query, ceremony_state_names[row->state]);
	sql_put_text(&query, row->requester);
	sql_put_text(&query, row->reason);
	store_put_digest(&query, &row->charter);
	sql_put_int(&query, row->created);
	sql_put_int(&query, row->deadline);
	sql_put_int(&query, row->released);
	sql_put_int(&query, row->expires);
	sql_put_int(&query, row->done);
	if (sql_run(&query, NULL) == ERR_EXISTS)
		return err_set(err, ERR_EXISTS, "this request was used before; make a new one");
	return sql_end(&query);
}

/* What the ceremony statement fixed stays; only its course is updated. */
enum err_code
store_update_ceremony(struct store *store, const struct ceremony_row *row, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "ceremonies",
	    "UPDATE ceremonies SET state = ?,"
	    " reason = ?, released = ?, expires = ?, done = ? WHERE id = ?",
	    err);
	sql_put_text(&query, ceremony_state_names[row->state]);
	sql_put_text(&query, row->reason);
	sql_put_int(&query, row->released);
	sql_put_int(&query, row->expires);
	sql_put_int(&query, row->done);
	store_put_id(&query, &row->id);
	return sql_run_one(&query, "ceremony");
}

static void
read_ceremony(struct sql_query *query, struct ceremony_row *ret_row)
{
	struct ceremony_row row = {0};
	store_get_id(query, "id", &row.id);
	store_get_digest(query, "digest", &row.digest);
	store_get_digest(query, "request", &row.request);
	store_get_secret_id(query, "secret", &row.secret);
	row.version = (uint32_t)sql_get_int(query, "version", 1, UINT32_MAX);
	row.state = (enum ceremony_state)store_get_state(query, "state", ceremony_state_names);
	store_get_name(query, "requester", row.requester);
	sql_get_text(query, "reason", row.reason, sizeof(row.reason));
	store_get_digest(query, "charter", &row.charter);
	row.created = store_get_time(query, "created");
	row.deadline = store_get_time(query, "deadline");
	row.released = store_get_time(query, "released");
	row.expires = store_get_time(query, "expires");
	row.done = store_get_flag(query, "done");
	if (query->code == ERR_OK)
		*ret_row = row;
}

enum err_code
store_get_ceremony(struct store *store, const struct id *id, struct ceremony_row *ret_row,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "ceremonies",
	    "SELECT " CEREMONY_COLUMNS " FROM ceremonies WHERE id = ?", err);
	store_put_id(&query, id);
	TRY(sql_one(&query, "ceremony"));
	read_ceremony(&query, ret_row);
	return sql_end(&query);
}

enum err_code
store_list_ceremonies(struct store *store, unsigned states, struct ceremony_row *rows, size_t max,
    size_t *ret_count, struct err *err)
{
	size_t count = 0;
	SQL_QUERY query = sql_query(store->sql, "ceremonies",
	    "SELECT " CEREMONY_COLUMNS " FROM ceremonies WHERE state IN (?, ?, ?, ?, ?, ?, ?)"
	    " ORDER BY arrival DESC LIMIT ?",
	    err);
	store_put_states(&query, states, ceremony_state_names, CEREMONY_STATES);
	sql_put_int(&query, (int64_t)max);
	while (count < max && sql_next(&query))
		read_ceremony(&query, &rows[count++]);
	TRY(sql_end(&query));
	*ret_count = count;
	return ERR_OK;
}

void
approval_row_done(struct approval_row *row)
{
	sealed_box_done(&row->shares);
}

enum err_code
store_put_approval(struct store *store, const struct approval_row *row, struct err *err)
{
	uint64_t rows = 0;
	SQL_QUERY query = sql_query(store->sql, "approvals",
	    "INSERT INTO approvals (ceremony, seat, token, statement, envelope, complete, enc,"
	    " ciphertext) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (ceremony, seat) DO UPDATE"
	    " SET token = excluded.token, statement = excluded.statement,"
	    " envelope = excluded.envelope, complete = excluded.complete, enc = excluded.enc,"
	    " ciphertext = excluded.ciphertext WHERE complete = 0",
	    err);
	store_put_id(&query, &row->ceremony);
	sql_put_text(&query, row->seat);
	store_put_digest(&query, &row->token);
	store_put_digest(&query, &row->statement);
	sql_put_int(&query, row->envelope);
	sql_put_int(&query, row->complete);
	store_put_box(&query, &row->shares);
	TRY(sql_run(&query, &rows));
	if (rows == 0)
		return err_set(err, ERR_EXISTS, "seat \"%.63s\" has approved this ceremony already",
		    row->seat);
	return ERR_OK;
}

enum err_code
store_complete_approval(struct store *store, const struct id *ceremony, const char *seat,
    const struct sealed_box *shares, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "approvals",
	    "UPDATE approvals SET complete = 1, enc = ?, ciphertext = ?"
	    " WHERE ceremony = ? AND seat = ? AND complete = 0",
	    err);
	store_put_box(&query, shares);
	store_put_id(&query, ceremony);
	sql_put_text(&query, seat);
	return sql_run_one(&query, "approval that waits for its shares");
}

static void
read_approval(struct sql_query *query, const struct id *ceremony, struct approval_row *row)
{
	row->ceremony = *ceremony;
	store_get_name(query, "seat", row->seat);
	store_get_digest(query, "token", &row->token);
	store_get_digest(query, "statement", &row->statement);
	row->envelope = (uint32_t)sql_get_int(query, "envelope", 0, HEADER_ENVELOPES - 1);
	row->complete = store_get_flag(query, "complete");
	if (!sql_is_null(query))
		store_get_box(query, ENVELOPE_CT_MAX, &row->shares);
}

enum err_code
store_list_approvals(struct store *store, const struct id *ceremony,
    struct approval_row rows[QUORUM_SEATS], size_t *ret_count, struct err *err)
{
	size_t count = 0;
	SQL_QUERY query = sql_query(store->sql, "approvals",
	    "SELECT seat, token, statement, envelope, complete, enc, ciphertext"
	    " FROM approvals WHERE ceremony = ? ORDER BY arrival",
	    err);
	store_put_id(&query, ceremony);
	while (sql_next(&query)) {
		if (count == QUORUM_SEATS) {
			sql_fail(&query, "seat", "has too many rows");
			break;
		}
		rows[count] = (struct approval_row){0};
		read_approval(&query, ceremony, &rows[count++]);
	}
	if (sql_end(&query) == ERR_OK) {
		*ret_count = count;
		return ERR_OK;
	}
	while (count > 0)
		approval_row_done(&rows[--count]);
	return sql_end(&query);
}

enum err_code
store_erase_shares(struct store *store, const struct id *ceremony, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "approvals",
	    "UPDATE approvals SET enc = NULL,"
	    " ciphertext = NULL WHERE ceremony = ? AND enc IS NOT NULL",
	    err);
	store_put_id(&query, ceremony);
	return sql_run(&query, NULL);
}

enum err_code
store_add_denial(struct store *store, const struct denial_row *row, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "denials",
	    "INSERT INTO denials (ceremony, seat, statement) VALUES (?, ?, ?)", err);
	store_put_id(&query, &row->ceremony);
	sql_put_text(&query, row->seat);
	store_put_digest(&query, &row->statement);
	if (sql_run(&query, NULL) == ERR_EXISTS)
		return err_set(err, ERR_EXISTS, "seat \"%.63s\" has denied this ceremony already",
		    row->seat);
	return sql_end(&query);
}

enum err_code
store_list_denials(struct store *store, const struct id *ceremony,
    struct denial_row rows[QUORUM_SEATS], size_t *ret_count, struct err *err)
{
	size_t count = 0;
	SQL_QUERY query = sql_query(store->sql, "denials",
	    "SELECT seat, statement FROM denials WHERE ceremony = ? ORDER BY arrival", err);
	store_put_id(&query, ceremony);
	while (sql_next(&query)) {
		if (count == QUORUM_SEATS) {
			sql_fail(&query, "seat", "has too many rows");
			break;
		}
		struct denial_row *row = &rows[count++];
		row->ceremony = *ceremony;
		store_get_name(&query, "seat", row->seat);
		store_get_digest(&query, "statement", &row->statement);
	}
	TRY(sql_end(&query));
	*ret_count = count;
	return ERR_OK;
}
