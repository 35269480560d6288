/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What officers ask and say about a batch:
 *
 *	batch-get	its statements and voices, and which versions SEAT has given shares for
 *	batch-item	one version: definition, header, who can open it with a spare token
 *	batch-approve	a signed approval: from now on the seat's envelopes are handed out
 *	batch-envelope	one of them
 *	batch-shares	what came out of it, re-sealed to the ceremony
 *	batch-advance	the seat is through: open everything if the quorum is met
 *	batch-object	a denial, or the requester's withdrawal
 *
 * An officer who was interrupted approves again (a new encapsulation) and gives what is missing.
 */
#include "ceremony/server/opening/batch_serve.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto_key.h"
#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/protocol/message.h"
#include "ceremony/server/opening/batch.h"
#include "ceremony/server/opening/batch_run.h"
#include "ceremony/server/opening/batch_shares.h"
#include "ceremony/server/rotation/lease.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/log.h"
#include "vault/seal/envelope.h"

static enum err_code
put_voices(struct session *session, struct json *reply, const struct batch *batch, struct err *err)
{
	JSON *array = json_new_array();

	for (size_t i = 0; i < batch->voice_count; i++) {
		JSON *object = json_new_object();
		const struct voice_row *voice = &batch->voices[i];
		size_t given = 0;

		TRY(store_count_batch_shares(session->store, &batch->row.id, voice->seat, NULL,
		    &given, err));
		json_put_text(object, "seat", voice->seat);
		json_put_bool(object, "denies", voice->denies);
		json_put_int(object, "given", (int64_t)given);
		TRY(session_put_statement(session, object, "statement", &voice->statement, err));
		json_add(array, TAKE(object));
	}
	json_put(reply, "voices", TAKE(array));
	return ERR_OK;
}

static void
put_item_states(struct json *reply, const struct batch *batch)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < batch->ceremony.items.count; i++) {
		struct json *object = json_new_object();

		json_put_text(object, "state", item_state_names[batch->items[i].state]);
		json_put_text(object, "note", batch->items[i].note);
		json_add(array, object);
	}
	json_put(reply, "items", array);
}

enum err_code
serve_batch_get(struct session *session, struct call *call, struct err *err)
{
	BATCH *batch = NULL;
	BUF text = {0};
	struct json *reply = call->reply;
	enum verdict verdict;
	struct id id;

	json_in_hex(&call->in, "id", id.bytes, ID_SIZE);
	TRY(json_in_end(&call->in));
	TRY(batch_load(session, &id, &batch, err));
	TRY(session_put_statement(session, reply, "request", &batch->row.request, err));
	TRY(session_put_statement(session, reply, "ceremony", &batch->row.digest, err));
	json_put_text(reply, "state", ceremony_state_names[batch->row.state]);
	json_put_text(reply, "reason", batch->row.reason);
	TRY(put_voices(session, reply, batch, err));
	put_item_states(reply, batch);
	if (batch->row.state == CEREMONY_COLLECTING)
		TRY(batch_verdict(session, batch, session_now(session), &verdict, &text, err));
	json_put_text(reply, "missing", text.size > 0 ? buf_string(&text) : "");
	return ERR_OK;
}

static void
put_spares(struct json *reply, const struct case_item *item)
{
	struct json *array = json_new_array();

	for (size_t i = 0; item->spares != NULL && i < item->spares->count; i++) {
		struct json *object = json_new_object();

		json_put_hex(object, "token", VIEW_OF(item->spares->rows[i].token.bytes));
		json_put_int(object, "envelope", item->spares->rows[i].envelope);
		json_add(array, object);
	}
	json_put(reply, "spares", array);
}

/* "id", "position" of CALL, and the seat if WITH_SEAT. */
static enum err_code
load_position(struct session *session, struct call *call, bool with_seat, struct batch **ret_batch,
    size_t *ret_position, char ret_seat[SEAT_NAME_MAX + 1], struct err *err)
{
	struct id id;

	json_in_hex(&call->in, "id", id.bytes, ID_SIZE);
	size_t position = (size_t)json_in_int(&call->in, "position", 0, CEREMONY_ITEMS - 1);
	if (with_seat)
		snprintf(ret_seat, SEAT_NAME_MAX + 1, "%s",
		    json_in_text(&call->in, "seat", 1, SEAT_NAME_MAX));
	TRY(json_in_end(&call->in));
	TRY(batch_load(session, &id, ret_batch, err));
	if (position >= (*ret_batch)->ceremony.items.count)
		return err_set(err, ERR_INVALID, "position: the ceremony has %zu versions",
		    (*ret_batch)->ceremony.items.count);
	*ret_position = position;
	return ERR_OK;
}

static bool
has_given(const struct case_item *item, const char *seat)
{
	for (size_t i = 0; i < item->share_count; i++)
		if (strcmp(item->shares[i].seat, seat) == 0)
			return true;
	return false;
}

enum err_code
serve_batch_item(struct session *session, struct call *call, struct err *err)
{
	BATCH *batch = NULL;
	CASE_ITEM *item = NULL;
	size_t position = 0;
	struct json *given = json_new_array();
	JSON *owned = given;

	TRY(load_position(session, call, false, &batch, &position, NULL, err));
	TRY(case_item_load(session, batch, position, &item, err));
	TRY(session_put_statement(session, call->reply, "definition",
	    &batch->ceremony.items.rows[position].definition, err));
	json_put_text(call->reply, "stale", item->stale);
	put_spares(call->reply, item);
	for (size_t i = 0; i < item->share_count; i++)
		json_add_text(given, item->shares[i].seat);
	json_put(call->reply, "given", TAKE(owned));
	json_put_bool(call->reply, "part_exposed", item->version.part_exposed);
	buf_bytes(&call->out, buf_view(&item->version.header));
	return buf_check(&call->out, err);
}

/* --- Saying yes --------------------------------------------------------------------------- */

static enum err_code
check_open(const struct session *session, const struct batch *batch, struct err *err)
{
	enum ceremony_state next;
	char deadline[TEXT_TIME_SIZE];

	TRY(table_next(batch->row.state, EVENT_APPROVE, &next, err));
	text_time(batch->row.deadline, deadline);
	if (!batch->in_force)
		return err_set(err, ERR_REFUSED,
		    "the ceremony is void: %s; a new request is needed", batch->why_void);
	if (session_now(session) >= batch->row.deadline)
		return err_set(err, ERR_EXPIRED,
		    "the ceremony's deadline was %s: the approval is too late and counts for nothing; a "
		    "new request is needed",
		    deadline);
	return ERR_OK;
}

static enum err_code
check_seat(const struct session *session, const struct batch *batch, const char *name,
    struct err *err)
{
	const struct seat *seat =
	    seat_by_name(session->chain.charter->seats, session->chain.charter->seat_count, name);

	if (strcmp(name, batch->row.requester) == 0)
		return err_set(err, ERR_REFUSED,
		    "seat \"%s\" is the requester, and nobody approves an own request", name);
	if (seat == NULL || (seat->roles & ROLE_OFFICER) == 0)
		return err_set(err, ERR_REFUSED, "seat \"%s\" is no officer of the charter", name);
	if (batch_denied(batch, name))
		return err_set(err, ERR_REFUSED,
		    "seat \"%s\" has denied it and cannot approve it now", name);
	return ERR_OK;
}

static enum err_code
check_approval(struct session *session, const struct batch *batch, const struct dsse *statement,
    const struct approval *approval, struct err *err)
{
	const struct seat_token *token =
	    chain_token(&session->chain, approval->seat, &approval->token);

	if (!digest_equal(&approval->vault, &session->chain.vault))
		return err_set(err, ERR_REFUSED, "vault: it is for another vault");
	if (!digest_equal(&approval->ceremony, &batch->row.digest))
		return err_set(err, ERR_REFUSED, "ceremony: it is for another ceremony");
	if (token == NULL)
		return err_set(err, ERR_REFUSED, "token: it is no active token of seat \"%s\"",
		    approval->seat);
	if (statement->count != 1)
		return err_set(err, ERR_INVALID, "it must carry one signature");
	TRY(seat_token_verify(statement, token, err));
	return journal_check_seen(session, approval->seat, approval->size, &approval->root, err);
}

/* Inside a change. */
static enum err_code
add_voice(struct session *session, const struct batch *batch, const struct dsse *statement,
    const char *seat, const struct digest *token, bool denies, struct err *err)
{
	struct voice_row row = {.token = *token, .denies = denies};
	LEAF leaf = leaf_new(denies ? "denial" : "approval");

	snprintf(row.seat, sizeof(row.seat), "%s", seat);
	TRY(session_keep(session, statement, denies ? STATEMENT_DENIAL : STATEMENT_APPROVAL, false,
	    &row.statement, err));
	TRY(store_add_voice(session->store, &batch->row.id, &row, err));
	leaf_bytes(&leaf, "batch", VIEW_OF(batch->row.id.bytes));
	leaf_text(&leaf, "seat", row.seat);
	leaf_bytes(&leaf, "token", VIEW_OF(row.token.bytes));
	leaf_statement(&leaf, &row.statement);
	return journal_add(session, &leaf, err);
}

enum err_code
serve_batch_approve(struct session *session, struct call *call, struct err *err)
{
	DSSE statement = {0};
	CHANGE change = {0};
	BATCH *batch = NULL;
	struct approval approval;
	struct id id;

	json_in_hex(&call->in, "id", id.bytes, ID_SIZE);
	in_statement(&call->in, "approval", &statement);
	TRY(json_in_end(&call->in));
	TRY(approval_parse(&statement, session->chain.charter->training, &approval, err));
	TRY(change_begin(session, &change, err));
	TRY(journal_check_clock(session, err));
	TRY(batch_load(session, &id, &batch, err));
	TRY(check_open(session, batch, err));
	TRY(check_seat(session, batch, approval.seat, err));
	if (check_approval(session, batch, &statement, &approval, err) != ERR_OK)
		return err_add(err, "the approval of seat \"%s\"", approval.seat);
	if (batch->voice_count == BATCH_VOICES)
		return err_set(err, ERR_REFUSED,
		    "this ceremony has too many approvals; request again");
	TRY(add_voice(session, batch, &statement, approval.seat, &approval.token, false, err));
	return change_commit(session, &change, err);
}

/* The standing approval of SEAT and its envelope of CASE_ITEM. */
static enum err_code
find_envelope(const struct batch *batch, const struct case_item *item, const char *seat,
    const struct voice_row **ret_voice, uint32_t *ret_index, const struct spare_row **ret_spare,
    struct err *err)
{
	const struct voice_row *voice = batch_approval(batch, seat);

	if (voice == NULL)
		return err_set(err, ERR_REFUSED, "seat \"%s\" has signed no approval", seat);
	if (item->stale[0] != '\0')
		return err_set(err, ERR_REFUSED, "%s: %s", item->secret.name, item->stale);
	if (has_given(item, seat))
		return err_set(err, ERR_EXISTS, "seat \"%s\" has given its shares of %s already",
		    seat, item->secret.name);
	if (spares_envelope(item->header, item->spares, seat, &voice->token, ret_index, ret_spare,
	        err) != ERR_OK)
		return err_set(err, ERR_REFUSED, "seat \"%s\" has no envelope for this token in %s",
		    seat, item->secret.name);
	*ret_voice = voice;
	return ERR_OK;
}

enum err_code
serve_batch_envelope(struct session *session, struct call *call, struct err *err)
{
	BATCH *batch = NULL;
	CASE_ITEM *item = NULL;
	const struct voice_row *voice = NULL;
	const struct spare_row *spare = NULL;
	char seat[SEAT_NAME_MAX + 1];
	size_t position = 0;
	uint32_t index = 0;

	TRY(load_position(session, call, true, &batch, &position, seat, err));
	TRY(check_open(session, batch, err));
	TRY(check_seat(session, batch, seat, err));
	TRY(case_item_load(session, batch, position, &item, err));
	TRY(find_envelope(batch, item, seat, &voice, &index, &spare, err));
	json_put_int(call->reply, "envelope", index);
	return spares_read_box(session, item->header, index, spare, &call->out, err);
}

static enum err_code
store_shares(struct session *session, const struct batch *batch, const struct batch_share_row *row,
    struct err *err)
{
	LEAF leaf = leaf_new("shares");

	TRY(store_add_batch_share(session->store, &batch->row.id, row, err));
	leaf_bytes(&leaf, "batch", VIEW_OF(batch->row.id.bytes));
	leaf_int(&leaf, "item", row->position);
	leaf_text(&leaf, "seat", row->seat);
	leaf_statement(&leaf, &row->statement);
	return journal_add(session, &leaf, err);
}

/* Inside a change. */
static enum err_code
accept_shares(struct session *session, const struct batch *batch, size_t position, const char *seat,
    struct view ciphertext, struct err *err)
{
	CASE_ITEM *item = NULL;
	P256_KEY *key = NULL;
	SECRET *shares = NULL;
	const struct voice_row *voice = NULL;
	const struct spare_row *spare = NULL;
	CLEANUP(batch_share_row_done) struct batch_share_row row = {.position = (uint32_t)position};

	TRY(case_item_load(session, batch, position, &item, err));
	TRY(find_envelope(batch, item, seat, &voice, &row.envelope, &spare, err));
	row.statement = voice->statement;
	snprintf(row.seat, sizeof(row.seat), "%s", seat);
	buf_bytes(&row.ciphertext, ciphertext);
	TRY(buf_check(&row.ciphertext, err));
	TRY(batch_key(session, batch, &key, err));
	if (batch_shares_open(session, batch, item, &row, key, &shares, err) != ERR_OK)
		return err_add(err, "%s: the shares of seat \"%s\" are wrong; the ceremony goes on",
		    item->secret.name, seat);
	return store_shares(session, batch, &row, err);
}

enum err_code
serve_batch_shares(struct session *session, struct call *call, struct err *err)
{
	CHANGE change = {0};
	BATCH *batch = NULL;
	char seat[SEAT_NAME_MAX + 1];
	size_t position = 0;

	if (call->blob.size == 0 || call->blob.size > ENVELOPE_CT_MAX)
		return err_set(err, ERR_INVALID, "the shares have %zu bytes", call->blob.size);
	TRY(change_begin(session, &change, err));
	TRY(journal_check_clock(session, err));
	TRY(load_position(session, call, true, &batch, &position, seat, err));
	TRY(check_open(session, batch, err));
	TRY(check_seat(session, batch, seat, err));
	TRY(accept_shares(session, batch, position, seat, call->blob, err));
	return change_commit(session, &change, err);
}

enum err_code
serve_batch_advance(struct session *session, struct call *call, struct err *err)
{
	BATCH *batch = NULL;
	struct id id;

	json_in_hex(&call->in, "id", id.bytes, ID_SIZE);
	TRY(json_in_end(&call->in));
	TRY(batch_advance(session, &id, err));
	TRY(batch_load(session, &id, &batch, err));
	if (batch->row.state == CEREMONY_CLOSED && batch->ceremony.mode == MODE_ROTATE)
		TRY(leases_pay_due(session, err));
	json_put_text(call->reply, "state", ceremony_state_names[batch->row.state]);
	return ERR_OK;
}

/* --- Saying no ---------------------------------------------------------------------------- */

static enum err_code
check_objection(struct session *session, const struct batch *batch, const struct dsse *statement,
    const struct objection *objection, bool cancels, struct err *err)
{
	const struct seat_token *token =
	    chain_token(&session->chain, objection->seat, &objection->token);

	if (!digest_equal(&objection->vault, &session->chain.vault) ||
	    !digest_equal(&objection->ceremony, &batch->row.digest))
		return err_set(err, ERR_REFUSED, "it is for another ceremony");
	if (token == NULL || statement->count != 1)
		return err_set(err, ERR_REFUSED, "it is of no active token of seat \"%s\"",
		    objection->seat);
	if (cancels && strcmp(objection->seat, batch->row.requester) != 0)
		return err_set(err, ERR_REFUSED, "only the requester, \"%s\", can withdraw it",
		    batch->row.requester);
	TRY(seat_token_verify(statement, token, err));
	return cancels ? ERR_OK : check_seat(session, batch, objection->seat, err);
}

static enum err_code
cancel(struct session *session, struct batch *batch, const struct dsse *statement,
    const char *reason, struct err *err)
{
	struct digest digest;
	LEAF leaf = leaf_new("cancel");
	char text[NOTE_TEXT_MAX + 1];

	TRY(session_keep(session, statement, STATEMENT_CANCEL, false, &digest, err));
	leaf_bytes(&leaf, "batch", VIEW_OF(batch->row.id.bytes));
	leaf_statement(&leaf, &digest);
	TRY(journal_add(session, &leaf, err));
	snprintf(text, sizeof(text), "withdrawn by %s: %.400s", batch->row.requester, reason);
	return batch_refuse(session, batch, EVENT_CANCEL, text, err);
}

enum err_code
serve_batch_object(struct session *session, struct call *call, struct err *err)
{
	static const char *const kinds[] = {"denial", "cancel", NULL};
	DSSE statement = {0};
	CHANGE change = {0};
	BATCH *batch = NULL;
	struct objection objection;
	struct id id;

	json_in_hex(&call->in, "id", id.bytes, ID_SIZE);
	bool cancels = json_in_choice(&call->in, "kind", kinds) == 1;
	in_statement(&call->in, "statement", &statement);
	TRY(json_in_end(&call->in));
	TRY(objection_parse(&statement, cancels ? STATEMENT_CANCEL : STATEMENT_DENIAL,
	    session->chain.charter->training, &objection, err));
	TRY(change_begin(session, &change, err));
	TRY(batch_load(session, &id, &batch, err));
	TRY(check_open(session, batch, err));
	if (check_objection(session, batch, &statement, &objection, cancels, err) != ERR_OK)
		return err_add(err, "the objection of seat \"%s\"", objection.seat);
	if (cancels)
		TRY(cancel(session, batch, &statement, objection.reason, err));
	else
		TRY(add_voice(session, batch, &statement, objection.seat, &objection.token, true,
		    err));
	TRY(change_commit(session, &change, err));
	TRY(batch_advance(session, &id, err));
	if (cancels)
		TRY(ceremony_key_erase(session->folder, &id, err));
	batch_freep(&batch);
	TRY(batch_load(session, &id, &batch, err));
	json_put_text(call->reply, "state", ceremony_state_names[batch->row.state]);
	return ERR_OK;
}
