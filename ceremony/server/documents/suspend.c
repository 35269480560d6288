/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Suspending a token: one signature, at once.  Inside the transaction the server asks of every secret
 * whether somebody could still open it; when not, the suspension waits as a draft for a second
 * officer.  One after which nobody could change the charter is never taken: it would be for ever.
 *
 * What it ends in the same transaction: requests of the token, what it approved in ceremonies that still
 * collect, and drafts that bear its signature.
 */
#include "ceremony/server/documents/suspend.h"

#include "ceremony/protocol/message.h"
#include "ceremony/server/documents/openable.h"
#include "ceremony/server/documents/waiting.h"
#include "ceremony/server/opening/erase.h"
#include "ceremony/server/opening/refuse.h"
#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/log.h"
#include "vault/documents/suspension_verify.h"
#include "vault/store/statement.h"
#include "vault/store/token.h"
#include "vault/store/voice.h"

enum err_code
serve_suspension_draft(struct session *session, struct call *call, struct err *err)
{
	DSSE draft = {0};

	TRY(json_in_end(&call->in));
	enum err_code code = draft_load(session, DRAFT_SUSPENSION, &draft, err);
	if (code == ERR_NOT_FOUND)
		return ERR_OK;
	if (code != ERR_OK)
		return code;
	put_statement(call->reply, "suspension", &draft);
	return ERR_OK;
}

static enum err_code
drop_if_signed(struct session *session, enum draft_kind kind, const struct suspensions *suspended,
    struct err *err)
{
	DSSE draft = {0};
	enum err_code code = draft_load(session, kind, &draft, err);

	if (code == ERR_NOT_FOUND)
		return ERR_OK;
	if (code != ERR_OK)
		return code;
	if (suspensions_signer(suspended, &draft) == NULL)
		return ERR_OK;
	return draft_drop(session, kind, err);
}

static enum err_code
end_token(struct session *session, const struct digest *token, struct err *err)
{
	TRY(store_drop_shares_of(session->store, token, err));
	return void_token(session, token, "the requester's token was suspended", err);
}

static enum err_code
enact(struct session *session, const struct dsse *statement, const struct suspension *suspension,
    const struct suspensions *after, struct err *err)
{
	LEAF leaf = leaf_new("suspend");
	struct digest digest;

	TRY(session_keep(session, statement, STATEMENT_SUSPEND, true, &digest, err));
	TRY(store_add_document(session->store, &digest, err));
	TRY(draft_drop(session, DRAFT_SUSPENSION, err));
	TRY(drop_if_signed(session, DRAFT_CHARTER, after, err));
	TRY(drop_if_signed(session, DRAFT_ROSTER, after, err));
	leaf_text(&leaf, "seat", suspension->seat);
	leaf_text(&leaf, "holder", suspension->holder);
	leaf_bytes(&leaf, "token", VIEW_OF(suspension->suspended.bytes));
	leaf_statement(&leaf, &digest);
	TRY(journal_add(session, &leaf, err));
	for (size_t i = session->chain.suspensions.count; i < after->count; i++)
		TRY(end_token(session, &after->rows[i].suspended, err));
	return ERR_OK;
}

static enum err_code
keep_waiting(struct session *session, const struct dsse *statement,
    const struct suspension *suspension, struct err *err)
{
	LEAF leaf = leaf_new("suspend-proposed");
	struct digest digest;

	TRY(draft_keep(session, DRAFT_SUSPENSION, statement, &digest, err));
	leaf_text(&leaf, "seat", suspension->seat);
	leaf_text(&leaf, "holder", suspension->holder);
	leaf_bytes(&leaf, "token", VIEW_OF(suspension->suspended.bytes));
	leaf_statement(&leaf, &digest);
	return journal_add(session, &leaf, err);
}

static void
reply_lost(struct json *reply, bool live, const struct survey_lost *lost)
{
	BUF names = {0};

	survey_names(lost, &names);
	json_put_bool(reply, "live", live);
	json_put_int(reply, "lost", (int64_t)lost->count);
	json_put_text(reply, "secrets", names.size > 0 ? buf_string(&names) : "");
}

enum err_code
serve_suspend(struct session *session, struct call *call, struct err *err)
{
	DSSE statement = {0};
	SUSPENSIONS after = {0};
	CHANGE change = {0};
	struct suspension suspension;
	struct survey_lost lost;

	in_statement(&call->in, "suspension", &statement);
	TRY(json_in_end(&call->in));
	TRY(suspension_parse(&statement, session->chain.charter->training, &suspension, err));
	TRY(change_begin(session, &change, err));
	if (suspension_verify(&statement, &suspension, &session->chain, &after, err) != ERR_OK)
		return err_add(err, "suspension");
	TRY(none_releasing(session, err));
	TRY(survey_find_lost(session, NULL, session->chain.charter, &after, &lost, err));
	bool live = lost.count == 0 || suspension_signers(&statement, session->chain.charter) >= 2;
	if (live)
		TRY(enact(session, &statement, &suspension, &after, err));
	else
		TRY(keep_waiting(session, &statement, &suspension, err));
	TRY(change_commit(session, &change, err));
	reply_lost(call->reply, live, &lost);
	TRY(chain_refresh(session, err));
	return erase_ended(session, err);
}
