/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/rotation/lease.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/server/opening/matter.h"
#include "ceremony/server/rotation/debt.h"
#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/log.h"
#include "vault/seal/envelope.h"
#include "vault/store/release.h"

enum { DEBTS_MAX = 1024 };

static const unsigned unpaid_states = ((1u << DEBT_STATES) - 1) & ~(1u << DEBT_RETIRED);

DESTRUCTOR(freep, struct debt_row, free)
#define DEBT_ROWS CLEANUP(freep) struct debt_row

static enum err_code
end_locked(struct session *session, struct ceremony_row *row, bool done, struct err *err)
{
	struct debt_row debt;
	LEAF leaf = leaf_new("ended");

	TRY(table_next(row->state, EVENT_END, &row->state, err));
	row->done = done;
	TRY(store_open_debt(session->store, &row->secret, &debt, err));
	debt.due = session_now(session);
	TRY(store_update_ceremony(session->store, row, err));
	TRY(store_update_debt(session->store, &debt, err));
	leaf_bytes(&leaf, "ceremony", VIEW_OF(row->id.bytes));
	leaf_text(&leaf, "by", done ? "done" : "time");
	leaf_debt(&leaf, &debt);
	return journal_add(session, &leaf, err);
}

/* RELEASED becomes ROTATING when DONE or when its time is over now; in any other state nothing
 * happens. */
static enum err_code
end_one(struct session *session, const struct id *ceremony, bool done, struct err *err)
{
	CHANGE change = {0};
	struct ceremony_row row;

	TRY(change_begin(session, &change, err));
	TRY(store_get_ceremony(session->store, ceremony, &row, err));
	if (row.state != CEREMONY_RELEASED || (!done && session_now(session) < row.expires))
		return ERR_OK;
	TRY(end_locked(session, &row, done, err));
	return change_commit(session, &change, err);
}

enum err_code
leases_end_expired(struct session *session, struct err *err)
{
	CEREMONY_ROWS *rows = NULL;
	size_t count;

	TRY(matter_list(session, 1u << CEREMONY_RELEASED, &rows, &count, err));
	for (size_t i = 0; i < count; i++)
		if (session_now(session) >= rows[i].expires)
			TRY(end_one(session, &rows[i].id, false, err));
	return ERR_OK;
}

static enum err_code
list_unpaid(struct session *session, struct debt_row **ret_rows, size_t *ret_count, struct err *err)
{
	DEBT_ROWS *rows = calloc(DEBTS_MAX, sizeof(*rows));

	if (rows == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for rotation debts");
	TRY(store_list_debts(session->store, unpaid_states, rows, DEBTS_MAX, ret_count, err));
	*ret_rows = TAKE(rows);
	return ERR_OK;
}

enum err_code
leases_pay_due(struct session *session, struct err *err)
{
	DEBT_ROWS *rows = NULL;
	size_t count;

	TRY(list_unpaid(session, &rows, &count, err));
	for (size_t i = 0; i < count; i++) {
		struct paid paid;

		if (rows[i].state != DEBT_DEGRADED && session_now(session) >= rows[i].due)
			TRY(rotate_pay(session, &rows[i].id, &paid, err));
	}
	return ERR_OK;
}

static enum err_code
not_released(const struct ceremony_row *row, struct err *err)
{
	char expires[TEXT_TIME_SIZE];

	switch (row->state) {
	case CEREMONY_COLLECTING:
	case CEREMONY_RELEASING:
		return err_set(err, ERR_WAITING,
		    "nothing is released yet: officers must approve first");
	case CEREMONY_REFUSED:
		return err_set(err, ERR_REFUSED, "the ceremony was refused: %s", row->reason);
	case CEREMONY_RELEASED:
	case CEREMONY_ROTATING:
	case CEREMONY_CLOSED:
	case CEREMONY_DEGRADED:
	case CEREMONY_STATES:
	default:
		text_time(row->expires, expires);
		return err_set(err, ERR_EXPIRED,
		    "the lease is over (%s %s): the credential is replaced; make a new request",
		    row->done ? "it was ended before" : "it ended at", expires);
	}
}

enum err_code
serve_open(struct session *session, struct call *call, struct err *err)
{
	CLEANUP(sealed_box_done) struct sealed_box box = {0};
	BUF note = {0};
	struct ceremony_row row;
	struct release_row release;
	struct digest token;
	struct id id;

	json_in_hex(&call->in, "id", id.bytes, ID_SIZE);
	json_in_hex(&call->in, "token", token.bytes, DIGEST_SIZE);
	TRY(json_in_end(&call->in));
	TRY(chain_refresh(session, err));
	TRY(journal_check_clock(session, err));
	TRY(store_get_ceremony(session->store, &id, &row, err));
	if (suspensions_find(&session->chain.suspensions, &token) != NULL)
		return chain_refuse_token(&session->chain, row.requester, &token, err);
	if (row.state != CEREMONY_RELEASED || session_now(session) >= row.expires)
		return not_released(&row, err);
	TRY(store_get_release(session->store, &row.secret, row.version, &release, err));
	enum err_code code = store_get_answer(session->store, &id, &token, &box, err);
	if (code == ERR_NOT_FOUND)
		return err_set(err, ERR_REFUSED,
		    "nothing was sealed to this token: only tokens of seat \"%s\" with a release key get "
		    "an answer",
		    row.requester);
	if (code != ERR_OK)
		return code;
	TRY(session_put_statement(session, call->reply, "release", &release.statement, err));
	TRY(journal_checkpoint(session, &note, err));
	json_put_base64(call->reply, "checkpoint", buf_view(&note));
	buf_bytes(&call->out, VIEW_OF(box.enc));
	buf_bytes(&call->out, buf_view(&box.ciphertext));
	return buf_check(&call->out, err);
}

/* The debt that the release of ROW's ceremony left. */
static enum err_code
debt_of(struct session *session, const struct ceremony_row *row, struct id *ret_debt,
    struct err *err)
{
	struct release_row release;
	enum err_code code =
	    store_get_release(session->store, &row->secret, row->version, &release, err);

	if (code == ERR_NOT_FOUND ||
	    (code == ERR_OK && memcmp(&release.ceremony, &row->id, sizeof(row->id)) != 0))
		return not_released(row, err);
	if (code != ERR_OK)
		return code;
	*ret_debt = release.debt;
	return ERR_OK;
}

enum err_code
serve_done(struct session *session, struct call *call, struct err *err)
{
	struct ceremony_row row;
	struct paid paid;
	struct id id, debt;

	json_in_hex(&call->in, "id", id.bytes, ID_SIZE);
	TRY(json_in_end(&call->in));
	TRY(store_get_ceremony(session->store, &id, &row, err));
	TRY(debt_of(session, &row, &debt, err));
	TRY(end_one(session, &id, true, err));
	TRY(rotate_pay(session, &debt, &paid, err));
	if (paid.code == ERR_INTEGRITY)
		return err_set(err, ERR_INTEGRITY, "%s", paid.note);
	TRY(store_get_ceremony(session->store, &id, &row, err));
	json_put_text(call->reply, "state", ceremony_state_names[row.state]);
	json_put_text(call->reply, "debt", debt_state_names[paid.state]);
	json_put_text(call->reply, "note", paid.note);
	return ERR_OK;
}

static enum err_code
rotate_one(struct session *session, struct json *array, const struct debt_row *debt,
    struct err *err)
{
	struct secret_row secret;
	struct paid paid;
	struct json *object;

	TRY(store_get_secret(session->store, &debt->secret, &secret, err));
	TRY(rotate_pay(session, &debt->id, &paid, err));
	object = json_new_object();
	json_put_text(object, "name", secret.name);
	json_put_text(object, "debt", debt_state_names[paid.state]);
	json_put_text(object, "code", paid.code == ERR_OK ? "ok" : err_name(paid.code));
	json_put_text(object, "note", paid.note);
	json_add(array, object);
	return ERR_OK;
}

static enum err_code
rotate_named(struct session *session, struct json *array, const char *name, struct err *err)
{
	struct secret_row secret;
	struct debt_row debt;
	enum err_code code = store_find_secret(session->store, name, &secret, err);

	if (code == ERR_NOT_FOUND)
		return err_set(err, ERR_NOT_FOUND,
		    "there is no secret \"%s\"; 'halligan secret list' shows them", name);
	if (code != ERR_OK)
		return code;
	code = store_open_debt(session->store, &secret.id, &debt, err);
	if (code == ERR_NOT_FOUND)
		return err_set(err, ERR_REFUSED,
		    "%s has no rotation debt: nobody has seen its current value", name);
	return code == ERR_OK ? rotate_one(session, array, &debt, err) : code;
}

enum err_code
serve_rotate(struct session *session, struct call *call, struct err *err)
{
	const char *name = json_in_text_optional(&call->in, "name", 1, SEAT_NAME_MAX);
	DEBT_ROWS *rows = NULL;
	JSON *array = json_new_array();
	size_t count = 0;

	TRY(json_in_end(&call->in));
	TRY(leases_end_expired(session, err));
	if (name != NULL)
		TRY(rotate_named(session, array, name, err));
	else
		TRY(list_unpaid(session, &rows, &count, err));
	for (size_t i = 0; i < count; i++)
		TRY(rotate_one(session, array, &rows[i], err));
	json_put(call->reply, "rotations", TAKE(array));
	return ERR_OK;
}
