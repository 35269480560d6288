/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Denials and cancelling.  A denial takes that seat out of the count, for good; the ceremony ends only
 * when the others cannot meet the quorum any more.  Cancelling is the requester's alone.
 */
#include "ceremony/server/opening/object.h"

#include <stdio.h>
#include <string.h>

#include "ceremony/protocol/message.h"
#include "ceremony/server/opening/matter.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/log.h"

struct objecting {
	enum statement_type type;
	struct dsse statement;
	struct objection objection;
	struct id id;
};

static void
objecting_done(struct objecting *objecting)
{
	dsse_done(&objecting->statement);
}

static enum err_code
read_objection(struct session *session, struct call *call, struct objecting *objecting,
    struct err *err)
{
	const char *name = statement_names[objecting->type];

	json_in_hex(&call->in, "id", objecting->id.bytes, ID_SIZE);
	in_statement(&call->in, name, &objecting->statement);
	TRY(json_in_end(&call->in));
	if (objecting->statement.count != 1)
		return err_set(err, ERR_INVALID, "%s: it must carry one signature", name);
	TRY(objection_parse(&objecting->statement, objecting->type,
	    session->chain.charter->training, &objecting->objection, err));
	if (!digest_equal(&objecting->objection.vault, &session->chain.vault))
		return err_set(err, ERR_REFUSED, "%s: vault: it is for another vault", name);
	return ERR_OK;
}

/* It is for this ceremony, which still collects, and the token of that seat signed it. */
static enum err_code
check(struct session *session, const struct objecting *objecting, const struct matter *matter,
    enum ceremony_event event, struct err *err)
{
	const char *name = statement_names[objecting->type];
	const struct objection *objection = &objecting->objection;
	const struct seat_token *token =
	    chain_token(&session->chain, objection->seat, &objection->token);
	enum ceremony_state next;

	if (!digest_equal(&objection->ceremony, &matter->row.digest))
		return err_set(err, ERR_REFUSED, "%s: ceremony: it is for another ceremony", name);
	TRY(table_next(matter->row.state, event, &next, err));
	if (token == NULL)
		return chain_refuse_token(&session->chain, objection->seat, &objection->token,
		           err) != ERR_OK ?
		    err_add(err, "%s: token", name) :
		    ERR_OK;
	if (seat_token_verify(&objecting->statement, token, err) != ERR_OK)
		return err_add(err, "%s: seat \"%s\"", name, objection->seat);
	return ERR_OK;
}

static enum err_code
check_denier(const struct session *session, const struct matter *matter, const char *name,
    struct err *err)
{
	const struct seat *seat =
	    seat_by_name(session->chain.charter->seats, session->chain.charter->seat_count, name);

	if (strcmp(name, matter->row.requester) == 0)
		return err_set(err, ERR_REFUSED,
		    "seat \"%s\" is the requester; 'halligan cancel' takes the request back", name);
	if (seat == NULL || (seat->roles & ROLE_OFFICER) == 0)
		return err_set(err, ERR_REFUSED, "seat \"%s\" is no officer", name);
	if (matter_denied(matter, name))
		return err_set(err, ERR_EXISTS, "seat \"%s\" has denied already", name);
	return ERR_OK;
}

static enum err_code
store_denial(struct session *session, const struct objecting *objecting, struct err *err)
{
	struct denial_row row = {.ceremony = objecting->id};
	LEAF leaf = leaf_new("denial");

	snprintf(row.seat, sizeof(row.seat), "%s", objecting->objection.seat);
	TRY(session_keep(session, &objecting->statement, STATEMENT_DENIAL, false, &row.statement,
	    err));
	TRY(store_add_denial(session->store, &row, err));
	leaf_bytes(&leaf, "ceremony", VIEW_OF(row.ceremony.bytes));
	leaf_text(&leaf, "seat", row.seat);
	leaf_statement(&leaf, &row.statement);
	return journal_add(session, &leaf, err);
}

/* What the ceremony is after the denial. */
static enum err_code
settle_denial(struct session *session, const struct objecting *objecting, struct ceremony_row *row,
    struct buf *ret_missing, struct err *err)
{
	MATTER *after = NULL;
	char reason[200];
	int missing;

	TRY(matter_load(session, &objecting->id, &after, err));
	enum verdict verdict =
	    matter_verdict(session, after, session_now(session), &missing, ret_missing);
	*row = after->row;
	if (verdict == VERDICT_MET || verdict == VERDICT_OPEN)
		return ERR_OK;
	snprintf(reason, sizeof(reason), "seat %s denied it: %s", objecting->objection.seat,
	    buf_string(ret_missing));
	enum ceremony_event event = verdict == VERDICT_EXPIRED ? EVENT_EXPIRE :
	    verdict == VERDICT_VOID                            ? EVENT_VOID :
	                                                         EVENT_REFUSE;
	return matter_refuse(session, row, event, reason, err);
}

enum err_code
serve_deny(struct session *session, struct call *call, struct err *err)
{
	CLEANUP(objecting_done) struct objecting objecting = {.type = STATEMENT_DENIAL};
	CHANGE change = {0};
	MATTER *matter = NULL;
	BUF missing = {0};
	struct ceremony_row row;

	TRY(read_objection(session, call, &objecting, err));
	TRY(change_begin(session, &change, err));
	TRY(matter_load(session, &objecting.id, &matter, err));
	TRY(check_denier(session, matter, objecting.objection.seat, err));
	TRY(check(session, &objecting, matter, EVENT_DENY, err));
	TRY(store_denial(session, &objecting, err));
	TRY(settle_denial(session, &objecting, &row, &missing, err));
	TRY(change_commit(session, &change, err));
	if (row.state == CEREMONY_REFUSED)
		TRY(ceremony_key_erase(session->folder, &row.id, err));
	json_put_text(call->reply, "state", ceremony_state_names[row.state]);
	json_put_text(call->reply, "missing",
	    row.state == CEREMONY_COLLECTING && missing.size > 0 ? buf_string(&missing) : "");
	return ERR_OK;
}

enum err_code
serve_cancel(struct session *session, struct call *call, struct err *err)
{
	CLEANUP(objecting_done) struct objecting objecting = {.type = STATEMENT_CANCEL};
	CHANGE change = {0};
	MATTER *matter = NULL;
	LEAF leaf = leaf_new("cancel");
	struct digest digest;
	char reason[REASON_MAX + 1];

	TRY(read_objection(session, call, &objecting, err));
	TRY(change_begin(session, &change, err));
	TRY(matter_load(session, &objecting.id, &matter, err));
	if (strcmp(objecting.objection.seat, matter->row.requester) != 0)
		return err_set(err, ERR_REFUSED,
		    "only the requester, seat \"%s\", can cancel it; officers deny",
		    matter->row.requester);
	TRY(check(session, &objecting, matter, EVENT_CANCEL, err));
	TRY(session_keep(session, &objecting.statement, STATEMENT_CANCEL, false, &digest, err));
	leaf_bytes(&leaf, "ceremony", VIEW_OF(objecting.id.bytes));
	leaf_text(&leaf, "seat", objecting.objection.seat);
	leaf_statement(&leaf, &digest);
	TRY(journal_add(session, &leaf, err));
	snprintf(reason, sizeof(reason), "cancelled by %.60s: %.400s", objecting.objection.seat,
	    objecting.objection.reason);
	TRY(matter_refuse(session, &matter->row, EVENT_CANCEL, reason, err));
	TRY(change_commit(session, &change, err));
	TRY(ceremony_key_erase(session->folder, &objecting.id, err));
	json_put_text(call->reply, "state", ceremony_state_names[matter->row.state]);
	return ERR_OK;
}
