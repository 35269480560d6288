/* SPDX-License-Identifier: Apache-2.0 */
/* The statement is a cancel, as for a request; before the first charter it names the founding's nonce as the vault. */
#include "ceremony/server/documents/withdraw.h"

#include <string.h>

#include "ceremony/protocol/message.h"
#include "ceremony/protocol/statements.h"
#include "ceremony/server/documents/waiting.h"
#include "ceremony/server/vault/alarm.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/log.h"

struct withdrawing {
	struct dsse statement;
	struct objection objection; /* what it says */
	struct draft draft;
};

static void
withdrawing_done(struct withdrawing *withdrawing)
{
	dsse_done(&withdrawing->statement);
	draft_done(&withdrawing->draft);
}

/* Any token of the proposer's seat: of today, or, at the founding, of the draft. */
static enum err_code
check_signature(struct session *session, const struct draft *draft, const struct dsse *statement,
    const struct objection *objection, struct err *err)
{
	const struct chain *chain = &session->chain;
	const struct seat_token *token = NULL;
	CHARTER *own = NULL;

	if (strcmp(objection->seat, draft->row.seat) != 0)
		return err_set(err, ERR_REFUSED,
		    "only seat \"%s\", which proposed it, withdraws it", draft->row.seat);
	if (session->state == SESSION_LIVE) {
		token = chain_token(chain, objection->seat, &objection->token);
		if (token == NULL)
			return chain_refuse_token(chain, objection->seat, &objection->token, err);
	} else {
		TRY(charter_parse(&draft->statement, &own, err));
		const struct seat *seat =
		    seat_by_token(own->seats, own->seat_count, &objection->token, &token);
		if (seat == NULL || strcmp(seat->name, objection->seat) != 0)
			return err_set(err, ERR_REFUSED,
			    "this token is not one of seat \"%s\" in the draft", objection->seat);
	}
	return alarm_of_client(session, seat_token_verify(statement, token, err));
}

static enum err_code
judge_withdrawal(struct session *session, void *context, struct err *err)
{
	struct withdrawing *withdrawing = context;

	draft_done(&withdrawing->draft);
	withdrawing->draft = (struct draft){0};
	TRY(draft_take(session, &withdrawing->objection.ceremony, &withdrawing->draft, err));
	if (check_signature(session, &withdrawing->draft, &withdrawing->statement,
	        &withdrawing->objection, err) != ERR_OK)
		return err_add(err, "cancel");
	return ERR_OK;
}

enum err_code
serve_withdraw(struct session *session, struct call *call, struct err *err)
{
	CLEANUP(withdrawing_done) struct withdrawing withdrawing = {0};
	const struct dsse *statement = &withdrawing.statement;
	const struct objection *objection = &withdrawing.objection;
	CHANGE change = {0};
	LEAF leaf = leaf_new("withdrawn");
	struct digest digest;
	const struct digest *vault =
	    session->state == SESSION_LIVE ? &session->chain.vault : &session->founding.init;

	in_statement(&call->in, "statement", &withdrawing.statement);
	TRY(json_in_end(&call->in));
	TRY(objection_parse(statement, STATEMENT_CANCEL, session->founding.training,
	    &withdrawing.objection, err));
	if (!digest_equal(&objection->vault, vault))
		return err_set(err, ERR_REFUSED, "cancel: vault: it is for another vault");
	if (statement->count != 1)
		return err_set(err, ERR_INVALID, "cancel: it must carry one signature");
	TRY(change_begin_judged(session, &change, judge_withdrawal, &withdrawing, err));
	TRY(session_keep(session, statement, STATEMENT_CANCEL, false, &digest, err));
	TRY(store_drop_draft(session->store, &withdrawing.draft.row.digest, err));
	leaf_bytes(&leaf, "digest", VIEW_OF(withdrawing.draft.row.digest.bytes));
	leaf_text(&leaf, "seat", objection->seat);
	leaf_statement(&leaf, &digest);
	TRY(journal_add(session, &leaf, err));
	return change_commit(session, &change, err);
}
