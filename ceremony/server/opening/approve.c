/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An approval has two halves.  `approve` takes the signed statement and hands out the seat's envelope;
 * `shares` takes the shares that came out of it, re-sealed to the ceremony's key under the
 * encapsulation that the statement signed.  Only both together count.  Every refusal names the
 * seat and leaves the ceremony as it was.
 */
#include "ceremony/server/opening/approve.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/protocol/message.h"
#include "ceremony/server/opening/shares.h"
#include "ceremony/server/opening/to_responder.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/log.h"
#include "vault/seal/envelope.h"

/* A ceremony that is late or void ends here and now; the caller is told why. */
static enum err_code
end_if_over(struct session *session, struct change *change, struct matter *matter, struct err *err)
{
	BUF text = {0};
	char deadline[TEXT_TIME_SIZE];
	int missing;
	enum ceremony_state next;

	TRY(table_next(matter->row.state, EVENT_APPROVE, &next, err));
	enum verdict verdict =
	    matter_verdict(session, matter, session_now(session), &missing, &text);
	if (verdict != VERDICT_EXPIRED && verdict != VERDICT_VOID)
		return ERR_OK;
	TRY(matter_refuse(session, &matter->row,
	    verdict == VERDICT_EXPIRED ? EVENT_EXPIRE : EVENT_VOID, buf_string(&text), err));
	TRY(change_commit(session, change, err));
	TRY(ceremony_key_erase(session->folder, &matter->row.id, err));
	text_time(matter->row.deadline, deadline);
	if (verdict == VERDICT_EXPIRED)
		return err_set(err, ERR_EXPIRED,
		    "the ceremony's deadline was %s: the approval is too late and counts for nothing; a "
		    "new request is needed",
		    deadline);
	return err_set(err, ERR_REFUSED, "the ceremony is void: %s; a new request is needed",
	    matter->row.reason);
}

static enum err_code
check_seat(const struct session *session, const struct matter *matter, const char *name,
    struct err *err)
{
	const struct seat *seat =
	    seat_by_name(session->chain.charter->seats, session->chain.charter->seat_count, name);
	const struct approval_row *row = matter_approval(matter, name);

	if (strcmp(name, matter->row.requester) == 0)
		return err_set(err, ERR_REFUSED,
		    "seat \"%s\" is the requester, and nobody approves an own request", name);
	if (seat == NULL || (seat->roles & ROLE_OFFICER) == 0)
		return err_set(err, ERR_REFUSED, "seat \"%s\" is no officer of the charter", name);
	if (row != NULL && row->complete)
		return err_set(err, ERR_EXISTS, "seat \"%s\" has approved already", name);
	if (matter_denied(matter, name))
		return err_set(err, ERR_REFUSED,
		    "seat \"%s\" has denied it and cannot approve it now", name);
	return ERR_OK;
}

static enum err_code
check_statement(struct session *session, const struct matter *matter, const struct dsse *statement,
    const struct approval *approval, struct err *err)
{
	const struct seat_token *token =
	    chain_token(&session->chain, approval->seat, &approval->token);

	if (!digest_equal(&approval->vault, &session->chain.vault))
		return err_set(err, ERR_REFUSED, "vault: it is for another vault");
	if (!digest_equal(&approval->ceremony, &matter->row.digest))
		return err_set(err, ERR_REFUSED, "ceremony: it is for another ceremony");
	if (token == NULL)
		return chain_refuse_token(&session->chain, approval->seat, &approval->token, err) !=
		        ERR_OK ?
		    err_add(err, "token") :
		    ERR_OK;
	if (statement->count != 1)
		return err_set(err, ERR_INVALID, "it must carry one signature");
	TRY(seat_token_verify(statement, token, err));
	return journal_check_seen(session, approval->seat, approval->size, &approval->root, err);
}

static enum err_code
find_envelope(const struct matter *matter, const struct approval *approval, uint32_t *ret_index,
    const struct spare_row **ret_spare, struct err *err)
{
	if (spares_envelope(matter->header, &matter->spares, approval->seat, &approval->token,
	        ret_index, ret_spare, err) == ERR_OK)
		return ERR_OK;
	return err_set(err, ERR_REFUSED,
	    "seat \"%s\" has no envelope for this token in version %u of %s: it was sealed before the "
	    "token was enrolled (then halligan spare, with an older token of the seat, mends that), or its "
	    "quorum does not name the seat",
	    approval->seat, matter->row.version, matter->secret.name);
}

static enum err_code
store_approval(struct session *session, const struct matter *matter, const struct dsse *statement,
    const struct approval *approval, uint32_t index, struct err *err)
{
	struct approval_row row = {.ceremony = matter->row.id,
	    .token = approval->token,
	    .envelope = index};
	LEAF leaf = leaf_new("approval");

	snprintf(row.seat, sizeof(row.seat), "%s", approval->seat);
	TRY(session_keep(session, statement, STATEMENT_APPROVAL, false, &row.statement, err));
	TRY(store_put_approval(session->store, &row, err));
	leaf_bytes(&leaf, "ceremony", VIEW_OF(row.ceremony.bytes));
	leaf_text(&leaf, "seat", row.seat);
	leaf_bytes(&leaf, "token", VIEW_OF(row.token.bytes));
	leaf_statement(&leaf, &row.statement);
	return journal_add(session, &leaf, err);
}

enum err_code
serve_approve(struct session *session, struct call *call, struct err *err)
{
	DSSE statement = {0};
	CHANGE change = {0};
	MATTER *matter = NULL;
	struct approval approval;
	struct id id;
	const struct spare_row *spare = NULL;
	uint32_t index = 0;

	json_in_hex(&call->in, "id", id.bytes, ID_SIZE);
	in_statement(&call->in, "approval", &statement);
	TRY(json_in_end(&call->in));
	TRY(approval_parse(&statement, session->chain.charter->training, &approval, err));
	TRY(change_begin(session, &change, err));
	TRY(journal_check_clock(session, err));
	TRY(matter_load(session, &id, &matter, err));
	TRY(end_if_over(session, &change, matter, err));
	TRY(check_seat(session, matter, approval.seat, err));
	if (check_statement(session, matter, &statement, &approval, err) != ERR_OK)
		return err_add(err, "the approval of seat \"%s\"", approval.seat);
	TRY(find_envelope(matter, &approval, &index, &spare, err));
	TRY(spares_read_box(session, matter->header, index, spare, &call->out, err));
	TRY(store_approval(session, matter, &statement, &approval, index, err));
	TRY(change_commit(session, &change, err));
	json_put_int(call->reply, "envelope", index);
	return ERR_OK;
}

/* The re-sealed shares, opened with the ceremony's key and held against their commitments. */
static enum err_code
check_shares(struct session *session, const struct matter *matter, const struct approval_row *row,
    struct view enc, struct view ciphertext, struct err *err)
{
	SECRET *shares = NULL;
	enum err_code code = shares_open(session, matter, row, enc, ciphertext, &shares, err);

	if (code == ERR_CRYPTO)
		return err_set(err, ERR_INTEGRITY,
		    "the shares of seat \"%s\" do not open: they are not those that it signed; the "
		    "ceremony goes on, and the seat may approve again",
		    row->seat);
	if (code != ERR_OK)
		return code; /* the host's own fault, not the seat's */
	if (seal_check_shares(matter->header, row->envelope, shares, err) != ERR_OK)
		return err_add(err, "the shares of seat \"%s\" are wrong; the ceremony goes on",
		    row->seat);
	return ERR_OK;
}

static enum err_code
store_shares(struct session *session, const struct matter *matter, const struct approval_row *row,
    const struct approval *approval, struct view ciphertext, struct err *err)
{
	CLEANUP(sealed_box_done) struct sealed_box box = {0};
	LEAF leaf = leaf_new("shares");

	memcpy(box.enc, approval->enc.bytes, POINT_SIZE);
	buf_bytes(&box.ciphertext, ciphertext);
	TRY(buf_check(&box.ciphertext, err));
	TRY(store_complete_approval(session->store, &matter->row.id, row->seat, &box, err));
	leaf_bytes(&leaf, "ceremony", VIEW_OF(matter->row.id.bytes));
	leaf_text(&leaf, "seat", row->seat);
	leaf_statement(&leaf, &row->statement);
	return journal_add(session, &leaf, err);
}

/* Inside a change. */
static enum err_code
accept_shares(struct session *session, struct change *change, struct matter *matter,
    const char *seat, struct view ciphertext, struct err *err)
{
	DSSE statement = {0};
	struct approval approval;
	const struct approval_row *row = matter_approval(matter, seat);

	TRY(end_if_over(session, change, matter, err));
	if (row == NULL)
		return err_set(err, ERR_REFUSED, "seat \"%s\" has signed no approval", seat);
	TRY(check_seat(session, matter, seat, err));
	if (chain_token(&session->chain, seat, &row->token) == NULL)
		return chain_refuse_token(&session->chain, seat, &row->token, err);
	TRY(session_statement(session, &row->statement, "approval", &statement, err));
	TRY(approval_parse(&statement, session->chain.charter->training, &approval, err));
	TRY(check_shares(session, matter, row, VIEW_OF(approval.enc.bytes), ciphertext, err));
	return store_shares(session, matter, row, &approval, ciphertext, err);
}

static enum err_code
reply_shares(struct session *session, struct json *reply, const struct id *id, struct err *err)
{
	MATTER *matter = NULL;
	BUF text = {0};
	JSON *approved = json_new_array();
	int missing;

	TRY(matter_load(session, id, &matter, err));
	if (matter->row.state == CEREMONY_DEGRADED)
		return err_set(err, ERR_INTEGRITY,
		    "the quorum is met, but nothing could be released: %s", matter->row.reason);
	if (matter->row.state == CEREMONY_COLLECTING)
		(void)matter_verdict(session, matter, session_now(session), &missing, &text);
	json_put_text(reply, "state", ceremony_state_names[matter->row.state]);
	json_put_text(reply, "missing", text.size > 0 ? buf_string(&text) : "");
	for (size_t i = 0; i < matter->approval_count; i++)
		if (matter->approvals[i].complete)
			json_add_text(approved, matter->approvals[i].seat);
	json_put(reply, "approved", TAKE(approved));
	return ERR_OK;
}

enum err_code
serve_shares(struct session *session, struct call *call, struct err *err)
{
	CHANGE change = {0};
	MATTER *matter = NULL;
	struct id id;

	json_in_hex(&call->in, "id", id.bytes, ID_SIZE);
	const char *seat = json_in_text(&call->in, "seat", 1, SEAT_NAME_MAX);
	TRY(json_in_end(&call->in));
	if (call->blob.size == 0 || call->blob.size > ENVELOPE_CT_MAX)
		return err_set(err, ERR_INVALID, "the shares of seat \"%s\" have %zu bytes", seat,
		    call->blob.size);
	TRY(change_begin(session, &change, err));
	TRY(journal_check_clock(session, err));
	TRY(matter_load(session, &id, &matter, err));
	TRY(accept_shares(session, &change, matter, seat, call->blob, err));
	TRY(change_commit(session, &change, err));
	enum err_code code = release_advance(session, &id, err);
	if (code == ERR_CRYPTO)
		return err->code = ERR_INTEGRITY;
	if (code != ERR_OK)
		return err_add(err,
		    "the approval is recorded and counts; the next command finishes the "
		    "release, once this is mended");
	return reply_shares(session, call->reply, &id, err);
}
