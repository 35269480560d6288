/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/rotation/lease.h"

#include <stdlib.h>
#include <string.h>

#include "base/process.h"
#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/rows.h"
#include "ceremony/protocol/states.h"
#include "ceremony/server/opening/ceremony.h"
#include "ceremony/server/rotation/debt.h"
#include "ceremony/server/rotation/lease_left.h"
#include "ceremony/server/rotation/payment.h"
#include "ceremony/server/rotation/wait.h"
#include "ceremony/server/vault/alarm.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/log.h"
#include "ceremony/server/vault/rehearsal.h"
#include "vault/seal/envelope.h"
#include "vault/store/debt.h"
#include "vault/store/opened.h"
#include "vault/store/secret.h"

/* Its debts are due from now on. */
static enum err_code
make_due(struct session *session, const struct id *ceremony, int64_t expires,
    const struct digest *done, struct err *err)
{
	struct item_row items[CEREMONY_ITEMS];
	size_t count;

	TRY(store_list_items(session->store, ceremony, items, CEREMONY_ITEMS, &count, err));
	for (size_t i = 0; i < count; i++) {
		struct debt_row debt;
		LEAF leaf = leaf_new("ended");

		if (!items[i].has_debt)
			continue;
		TRY(store_get_debt(session->store, &items[i].debt, &debt, err));
		if (debt.state == DEBT_RETIRED)
			continue;
		leaf.at = done != NULL ? 0 : expires;
		debt.due = session_now(session);
		TRY(store_update_debt(session->store, &debt, err));
		leaf_bytes(&leaf, "ceremony", VIEW_OF(ceremony->bytes));
		leaf_text(&leaf, "by", done != NULL ? "done" : "time");
		leaf_debt(&leaf, &debt);
		if (done != NULL)
			leaf_statement(&leaf, done);
		TRY(journal_add(session, &leaf, err));
	}
	return ERR_OK;
}

/* Who may end a lease: whoever holds its key, the requester, or an officer. */
static enum err_code
check_done(struct session *session, const struct ceremony_row *row, const struct dsse *statement,
    struct err *err)
{
	bool training = session->chain.charter->training;
	DSSE released = {0};
	RELEASE release = {0};
	struct done done;
	const struct seat *seat;
	const struct seat_token *token;

	TRY(done_parse(statement, training, &done, err));
	if (!digest_equal(&done.vault, &session->chain.vault))
		return err_set(err, ERR_REFUSED, "vault: it is for another vault");
	if (!digest_equal(&done.release, &row->release))
		return err_set(err, ERR_REFUSED, "release: it is for another release");
	if (statement->count != 1)
		return err_set(err, ERR_INVALID, "it must carry one signature");
	if (done.seat[0] == '\0') {
		TRY(session_statement(session, &row->release, "release", &released, err));
		TRY(release_parse(&released, training, &release, err));
		return alarm_of_client(session,
		    statement_verify_lease(statement, &release.key, err));
	}
	seat = chain_seat(&session->chain, done.seat);
	token = chain_token(&session->chain, done.seat, &done.token);
	if (token == NULL)
		return chain_refuse_token(&session->chain, done.seat, &done.token, err);
	if (strcmp(done.seat, row->requester) != 0 && (seat->roles & ROLE_OFFICER) == 0)
		return err_set(err, ERR_REFUSED,
		    "seat \"%s\" neither asked for it nor is an officer", done.seat);
	return alarm_of_client(session, seat_token_verify(statement, token, err));
}

/* RELEASED becomes ROTATING by the statement DONE (NULL: when its time is over now); in any other state
 * nothing happens. */
static enum err_code
end_one(struct session *session, const struct id *ceremony, const struct dsse *done,
    struct err *err)
{
	CHANGE change = {0};
	struct ceremony_row row;
	struct digest digest;
	int64_t left = 0;

	TRY(change_begin(session, &change, err));
	TRY(store_get_ceremony(session->store, ceremony, &row, err));
	if (row.state == CEREMONY_RELEASED && done == NULL)
		TRY(lease_left(session, &row, &left, err));
	if (row.state != CEREMONY_RELEASED || left > 0)
		return ERR_OK;
	if (done != NULL && check_done(session, &row, done, err) != ERR_OK)
		return err_add(err, "done");
	if (done != NULL)
		TRY(session_keep(session, done, STATEMENT_DONE, false, &digest, err));
	TRY(table_next(row.state, EVENT_END, &row.state, err));
	TRY(store_update_ceremony(session->store, &row, err));
	TRY(make_due(session, ceremony, row.expires, done != NULL ? &digest : NULL, err));
	return change_commit(session, &change, err);
}

struct expired {
	struct ceremony_row *rows;
	size_t count;
};

static enum err_code
end_all(struct session *session, const void *context, struct err *err)
{
	const struct expired *expired = context;

	for (size_t i = 0; i < expired->count; i++)
		TRY(end_one(session, &expired->rows[i].id, NULL, err));
	return ERR_OK;
}

enum err_code
leases_end_expired(struct session *session, struct err *err)
{
	CEREMONY_ROWS *rows = NULL;
	size_t count, ended = 0;

	TRY(store_list_ceremonies(session->store, 1u << CEREMONY_RELEASED, &rows, &count, err));
	for (size_t i = 0; i < count; i++) {
		int64_t left;

		TRY(lease_left(session, &rows[i], &left, err));
		if (left == 0)
			rows[ended++] = rows[i];
	}
	if (ended == 0)
		return ERR_OK;
	const struct expired expired = {rows, ended};
	TRY(rehearse(session, end_all, &expired, err));
	return end_all(session, &expired, err);
}

/* A degraded one, unless a ceremony took it over since it was tried last: whoever has the value then is to lose it. */
static bool
waits_for_a_person(const struct debt_row *row)
{
	return row->state == DEBT_DEGRADED && row->tries > 0;
}

static enum err_code
list_due(struct session *session, struct debt_row **ret_rows, size_t *ret_count, struct err *err)
{
	size_t count, due = 0;
	struct debt_row *rows;

	TRY(store_list_debts(session->store, DEBT_UNPAID, ret_rows, &count, err));
	rows = *ret_rows;
	for (size_t i = 0; i < count; i++)
		if (!wait_goes_on(&rows[i], session_now(session)) && !waits_for_a_person(&rows[i]))
			rows[due++] = rows[i];
	*ret_count = due;
	return ERR_OK;
}

enum err_code
leases_pay_due(struct session *session, int64_t deadline, struct err *err)
{
	DEBT_ROWS *rows = NULL;
	size_t count;

	TRY(list_due(session, &rows, &count, err));
	for (size_t i = 0; i < count && (i == 0 || process_milliseconds() < deadline); i++) {
		struct paid paid;

		TRY(rotate_pay(session, &rows[i].id, &paid, err));
	}
	return ERR_OK;
}

enum err_code
leases_wait(struct session *session, bool *ret_wait, struct err *err)
{
	CEREMONY_ROWS *ceremonies = NULL;
	DEBT_ROWS *debts = NULL;
	size_t count;

	TRY(list_due(session, &debts, &count, err));
	*ret_wait = count > 0;
	TRY(store_list_ceremonies(session->store, 1u << CEREMONY_RELEASED, &ceremonies, &count,
	    err));
	for (size_t i = 0; i < count && !*ret_wait; i++) {
		int64_t left;

		TRY(lease_left(session, &ceremonies[i], &left, err));
		*ret_wait = left == 0;
	}
	return ERR_OK;
}

enum err_code
leases_pay_of(struct session *session, const struct id *id, struct err *err)
{
	struct item_row items[CEREMONY_ITEMS];
	size_t count;

	TRY(store_list_items(session->store, id, items, CEREMONY_ITEMS, &count, err));
	for (size_t i = 0; i < count; i++) {
		struct paid paid;

		if (items[i].has_debt)
			TRY(rotate_pay(session, &items[i].debt, &paid, err));
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
		    row->state == CEREMONY_RELEASED ? "it ended at" : "it was to end at", expires);
	}
}

enum err_code
serve_open(struct session *session, struct call *call, struct err *err)
{
	CLEANUP(sealed_box_done) struct sealed_box box = {0};
	BUF note = {0};
	struct ceremony_row row;
	struct digest token;
	struct id id;
	int64_t left = 0;

	json_in_hex(&call->in, "id", id.bytes, ID_SIZE);
	size_t position = (size_t)json_in_int(&call->in, "position", 0, CEREMONY_ITEMS - 1);
	json_in_hex(&call->in, "token", token.bytes, DIGEST_SIZE);
	TRY(json_in_end(&call->in));
	TRY(store_get_ceremony(session->store, &id, &row, err));
	if (suspensions_find(&session->chain.suspensions, &token) != NULL)
		return chain_refuse_token(&session->chain, row.requester, &token, err);
	if (row.state == CEREMONY_RELEASED)
		TRY(lease_left(session, &row, &left, err));
	if (left == 0)
		return not_released(&row, err);
	enum err_code code = store_get_answer(session->store, &id, position, &token, &box, err);
	if (code == ERR_NOT_FOUND)
		return err_set(err, ERR_REFUSED,
		    "nothing was sealed to this token: only the recipients that the request of \"%s\" "
		    "names get an answer",
		    row.requester);
	if (code != ERR_OK)
		return code;
	TRY(session_put_statement(session, call->reply, "release", &row.release, err));
	TRY(journal_checkpoint(session, &note, err));
	json_put_base64(call->reply, "checkpoint", buf_view(&note));
	json_put_int(call->reply, "left", left);
	buf_bytes(&call->out, VIEW_OF(box.enc));
	buf_bytes(&call->out, buf_view(&box.ciphertext));
	return buf_check(&call->out, err);
}

/* Why PAID stopped, when that is an alarm. */
static enum err_code
alarm_of(struct session *session, const struct secret_row *secret, const struct id *id,
    const struct paid *paid, struct err *err)
{
	struct debt_row debt;
	char began[TEXT_TIME_SIZE];
	size_t cure = paid->lost != NULL ? strlen(": ") + strlen(paid->lost) : 0;

	TRY(store_get_debt(session->store, id, &debt, err));
	text_time(debt.created, began);
	err_set(err, ERR_INTEGRITY, "%s is not replaced: %.*s", secret->name,
	    (int)(strlen(paid->note) - cure), paid->note);
	err_part(err, "Since when at the earliest: %s, when its rotation debt began", began);
	if (paid->lost != NULL)
		err_part(err, "What to do: %s", paid->lost);
	return err->code;
}

/* The others are paid before it is told that one met an alarm of its own; RET_ALARM is that. */
static enum err_code
pay_item(struct session *session, struct json *array, const struct item_row *item,
    struct err *ret_alarm, struct err *err)
{
	struct secret_row secret;
	struct paid paid;

	TRY(store_get_secret(session->store, &item->secret, &secret, err));
	TRY(rotate_pay(session, &item->debt, &paid, err));
	if (paid.code == ERR_INTEGRITY && ret_alarm->code == ERR_OK)
		(void)alarm_of(session, &secret, &item->debt, &paid, ret_alarm);
	paid_tell(array, secret.name, debt_state_names[paid.state], &paid);
	return ERR_OK;
}

struct ending {
	struct id id;
	struct dsse statement;
	struct json *array; /* what became of each debt */
};

static void
ending_done(struct ending *ending)
{
	dsse_done(&ending->statement);
	json_freep(&ending->array);
}

static enum err_code
end_and_pay(struct session *session, const void *context, struct err *err)
{
	const struct ending *ending = context;
	struct item_row items[CEREMONY_ITEMS];
	JSON *unheard = json_new_array();
	struct json *array = session->rehearses ? unheard : ending->array;
	struct err alarm = {0};
	size_t count;

	TRY(end_one(session, &ending->id, &ending->statement, err));
	TRY(store_list_items(session->store, &ending->id, items, CEREMONY_ITEMS, &count, err));
	for (size_t i = 0; i < count; i++)
		if (items[i].has_debt)
			TRY(pay_item(session, array, &items[i], &alarm, err));
	if (alarm.code == ERR_OK)
		return ERR_OK;
	session->told = true; /* it is not about the database */
	*err = alarm;
	return err->code;
}

enum err_code
serve_done(struct session *session, struct call *call, struct err *err)
{
	CLEANUP(ending_done) struct ending ending = {.array = json_new_array()};
	struct ceremony_row row;

	json_in_hex(&call->in, "id", ending.id.bytes, ID_SIZE);
	in_statement(&call->in, "done", &ending.statement);
	TRY(json_in_end(&call->in));
	TRY(store_get_ceremony(session->store, &ending.id, &row, err));
	if (!mode_releases(row.mode) || row.released == 0)
		return not_released(&row, err);
	if (check_done(session, &row, &ending.statement, err) != ERR_OK)
		return err_add(err, "done");
	TRY(rehearse(session, end_and_pay, &ending, err));
	TRY(end_and_pay(session, &ending, err));
	TRY(store_get_ceremony(session->store, &ending.id, &row, err));
	json_put_text(call->reply, "state", ceremony_state_names[row.state]);
	json_put(call->reply, "debts", TAKE(ending.array));
	return ERR_OK;
}

static enum err_code
rotate_one(struct session *session, struct json *array, const struct debt_row *debt,
    struct err *err)
{
	struct secret_row secret;
	struct paid paid = {.note = "this vault has given its current value to nobody"};
	bool owed = debt->state != DEBT_RETIRED;

	TRY(store_get_secret(session->store, &debt->secret, &secret, err));
	if (owed)
		TRY(rotate_pay(session, &debt->id, &paid, err));
	paid_tell(array, secret.name, owed ? debt_state_names[paid.state] : "none", &paid);
	return ERR_OK;
}

/* Its death watches, oldest first, and what it owes; else the last that it had, which may be paid by now: by this very
 * session, when it began. */
static enum err_code
rotate_all_of(struct session *session, struct json *array, const struct secret_row *secret,
    struct err *err)
{
	struct debt_row rows[DEBT_WATCHES_MAX], debt;
	size_t count;
	enum err_code code;

	TRY(store_list_watches(session->store, &secret->id, rows, DEBT_WATCHES_MAX, &count, err));
	for (size_t i = 0; i < count; i++)
		TRY(rotate_one(session, array, &rows[i], err));
	code = count > 0 ? store_open_debt(session->store, &secret->id, &debt, err) :
	                   store_last_debt(session->store, &secret->id, &debt, err);
	if (code == ERR_NOT_FOUND && count > 0)
		return ERR_OK;
	if (code == ERR_NOT_FOUND)
		return err_set(err, ERR_REFUSED,
		    "%s has no rotation debt: nothing of it was released", secret->name);
	return code == ERR_OK ? rotate_one(session, array, &debt, err) : code;
}

static enum err_code
rotate_named(struct session *session, struct json *array, const char *name, struct err *err)
{
	struct secret_row secret;
	enum err_code code = store_find_secret(session->store, name, &secret, err);

	if (code == ERR_NOT_FOUND)
		return err_set(err, ERR_NOT_FOUND,
		    "there is no secret \"%s\"; 'halligan secret list' shows them", name);
	return code == ERR_OK ? rotate_all_of(session, array, &secret, err) : code;
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
		TRY(store_list_debts(session->store, DEBT_UNPAID, &rows, &count, err));
	for (size_t i = 0; i < count; i++)
		TRY(rotate_one(session, array, &rows[i], err));
	json_put(call->reply, "rotations", TAKE(array));
	return ERR_OK;
}
