/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Denials and cancelling.  A denial takes that seat out of the count, for good; the ceremony ends only
 * when the others cannot meet the quorum any more.  Cancelling is the requester's alone.
 */
#include "ceremony/server/opening/object.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ceremony/protocol/message.h"
#include "ceremony/server/opening/item.h"
#include "ceremony/server/opening/list.h"
#include "ceremony/server/opening/refuse.h"
#include "ceremony/server/vault/alarm.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/log.h"

struct objecting {
	enum statement_type type;
	struct dsse statement;
	struct objection objection;
	struct id id;
	struct opening *opening;
};

static void
objecting_done(struct objecting *objecting)
{
	dsse_done(&objecting->statement);
	opening_freep(&objecting->opening);
}

static enum err_code
read_objection(struct session *session, struct call *call, struct objecting *objecting,
    struct err *err)
{
	json_in_hex(&call->in, "id", objecting->id.bytes, ID_SIZE);
	in_statement(&call->in, "statement", &objecting->statement);
	TRY(json_in_end(&call->in));
	objecting->type = statement_is(&objecting->statement, STATEMENT_CANCEL) ? STATEMENT_CANCEL :
	                                                                          STATEMENT_DENIAL;
	const char *name = statement_names[objecting->type];
	if (objecting->statement.count != 1)
		return err_set(err, ERR_INVALID, "%s: it must carry one signature", name);
	TRY(objection_parse(&objecting->statement, objecting->type,
	    session->chain.charter->training, &objecting->objection, err));
	if (!digest_equal(&objecting->objection.vault, &session->chain.vault))
		return err_set(err, ERR_REFUSED, "%s: vault: it is for another vault", name);
	return ERR_OK;
}

/* Who may: the requester cancels, officers deny, once. */
static enum err_code
check_seat(const struct session *session, const struct objecting *objecting,
    const struct opening *opening, struct err *err)
{
	const char *name = objecting->objection.seat;

	if (objecting->type == STATEMENT_CANCEL && strcmp(name, opening->row.requester) != 0)
		return err_set(err, ERR_REFUSED,
		    "only the requester, seat \"%s\", can cancel it; officers deny",
		    opening->row.requester);
	if (objecting->type == STATEMENT_CANCEL)
		return ERR_OK;
	if (transcript_denied(opening->transcript, name))
		return err_set(err, ERR_EXISTS, "seat \"%s\" has denied already", name);
	return transcript_check_seat(opening->transcript, &session->chain, name, err);
}

/* It is for this ceremony, which still collects, and the token of that seat signed it. */
static enum err_code
judge_objection(struct session *session, void *context, struct err *err)
{
	struct objecting *objecting = context;
	const char *name = statement_names[objecting->type];
	const struct objection *objection = &objecting->objection;
	const struct seat_token *token =
	    chain_token(&session->chain, objection->seat, &objection->token);
	enum ceremony_state next;

	opening_freep(&objecting->opening);
	TRY(opening_load(session, &objecting->id, &objecting->opening, err));
	if (!digest_equal(&objection->ceremony, &objecting->opening->row.digest))
		return err_set(err, ERR_REFUSED, "%s: ceremony: it is for another ceremony", name);
	TRY(table_next(objecting->opening->row.state,
	    objecting->type == STATEMENT_CANCEL ? EVENT_CANCEL : EVENT_DENY, &next, err));
	TRY(check_seat(session, objecting, objecting->opening, err));
	if (token == NULL &&
	    chain_refuse_token(&session->chain, objection->seat, &objection->token, err) != ERR_OK)
		return err_add(err, "%s: token", name);
	if (alarm_of_client(session, seat_token_verify(&objecting->statement, token, err)) !=
	    ERR_OK)
		return err_add(err, "%s: seat \"%s\"", name, objection->seat);
	return ERR_OK;
}

/* What the ceremony is after the denial, which is stored. */
static enum err_code
deny(struct session *session, struct objecting *objecting, struct err *err)
{
	struct voice_row row = {.token = objecting->objection.token, .denies = true};
	BUF text = {0};
	char reason[NOTE_TEXT_MAX + 1];
	enum verdict verdict;

	snprintf(row.seat, sizeof(row.seat), "%s", objecting->objection.seat);
	TRY(voice_store(session, objecting->opening, &objecting->statement, &row, err));
	opening_freep(&objecting->opening);
	TRY(opening_load(session, &objecting->id, &objecting->opening, err));
	TRY(opening_verdict(objecting->opening, session_now(session), &verdict, &text, err));
	if (verdict == VERDICT_MET || verdict == VERDICT_OPEN)
		return ERR_OK;
	snprintf(reason, sizeof(reason), "seat %s denied it: %.400s", row.seat,
	    text.size > 0 ? buf_string(&text) : "");
	return ceremony_refuse(session, &objecting->opening->row, event_of(verdict), reason, err);
}

static enum err_code
cancel(struct session *session, struct objecting *objecting, struct err *err)
{
	LEAF leaf = leaf_new("cancel");
	struct digest digest;
	BUF reason = {0};

	TRY(session_keep(session, &objecting->statement, STATEMENT_CANCEL, false, &digest, err));
	leaf_bytes(&leaf, "ceremony", VIEW_OF(objecting->id.bytes));
	leaf_text(&leaf, "seat", objecting->objection.seat);
	leaf_statement(&leaf, &digest);
	TRY(journal_add(session, &leaf, err));
	buf_format(&reason, "cancelled by %s: ", objecting->objection.seat);
	text_quote(objecting->objection.reason, &reason);
	TRY(buf_check(&reason, err));
	return ceremony_refuse(session, &objecting->opening->row, EVENT_CANCEL, buf_string(&reason),
	    err);
}

enum err_code
serve_object(struct session *session, struct call *call, struct err *err)
{
	CLEANUP(objecting_done) struct objecting objecting = {0};
	CHANGE change = {0};

	TRY(read_objection(session, call, &objecting, err));
	TRY(change_begin_judged(session, &change, judge_objection, &objecting, err));
	if (objecting.type == STATEMENT_CANCEL)
		TRY(cancel(session, &objecting, err));
	else
		TRY(deny(session, &objecting, err));
	TRY(change_commit(session, &change, err));
	bool ended = objecting.opening->row.state == CEREMONY_REFUSED;
	/* What it read is kept as verified here: nothing more is met after the change. */
	opening_freep(&objecting.opening);
	if (ended)
		TRY(ceremony_key_erase(session->folder, &objecting.id, err));
	return reply_state(session, call->reply, &objecting.id, err);
}
