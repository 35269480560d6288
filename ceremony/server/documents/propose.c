/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whoever proposes a document signs it, and has a seat: in the charter in force, or, for a roster or suspension, is
 * one of those who may sign that.  Before the first charter there is nobody to ask, and a seat of the draft
 * itself is enough.  With the last signature that it needs a document comes into force in the same transaction.
 */
#include "ceremony/server/documents/propose.h"

#include <stdio.h>

#include "base/text.h"
#include "ceremony/protocol/message.h"
#include "ceremony/server/documents/charter.h"
#include "ceremony/server/documents/enrolments.h"
#include "ceremony/server/documents/roster.h"
#include "ceremony/server/documents/suspend.h"
#include "ceremony/server/documents/waiting.h"
#include "ceremony/server/opening/erase.h"
#include "ceremony/server/opening/refuse.h"
#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/open.h"
#include "vault/documents/signers.h"
#include "vault/store/statement.h"

static const struct kind {
	proposal_judge judge;
	proposal_enact enact;
} kinds[STATEMENT_TYPES] = {[STATEMENT_CHARTER] = {charter_judge, charter_enact},
    [STATEMENT_ROSTER] = {roster_judge, roster_enact},
    [STATEMENT_SUSPEND] = {suspension_judge, suspension_enact}};

static void
proposal_done(struct proposal *proposal)
{
	dsse_done(&proposal->statement);
	charter_freep(&proposal->charter);
	roster_freep(&proposal->roster);
	suspensions_done(&proposal->after);
}
#define PROPOSAL CLEANUP(proposal_done) struct proposal

/* Whose signature KEYID is, after the proposal was judged; PROPOSER: who may propose only. */
static enum err_code
find_signer(const struct session *session, const struct proposal *proposal, const char *keyid,
    bool proposer, const char **ret_name, struct err *err)
{
	const struct charter *own = proposal->charter, *now = session->chain.charter;
	const struct seat *seat =
	    now != NULL ? signer_of(keyid, now->seats, now->seat_count) : NULL;

	if (seat == NULL && own == NULL)
		seat = signer_of(keyid, session->chain.people, session->chain.people_count);
	if (seat == NULL && own != NULL && (now == NULL || !proposer))
		seat = signer_of(keyid, own->seats, own->seat_count);
	if (seat == NULL)
		return err_set(err, ERR_REFUSED,
		    "%s: whoever %s it has a seat in the charter%s; this token, %.16s, has none",
		    statement_names[proposal->type], proposer ? "proposes" : "signs",
		    now != NULL && proposer ? " in force" : "", keyid);
	*ret_name = seat->name;
	return ERR_OK;
}

/* What is in force every client must be able to take. */
static enum err_code
check_room(struct session *session, struct err *err)
{
	uint64_t bytes;
	uint32_t count;

	TRY(store_count_documents(session->store, &count, err));
	TRY(store_measure_documents(session->store, &bytes, err));
	return chain_check_room(count, bytes, err);
}

/* It is in force from this commit on. */
static enum err_code
enact(struct session *session, const struct proposal *proposal, struct err *err)
{
	LEAF leaf = leaf_new(statement_names[proposal->type]);

	if (session->state == SESSION_LIVE)
		TRY(none_releasing(session, err));
	TRY(store_drop_draft(session->store, &proposal->digest, err));
	TRY(store_add_document(session->store, &proposal->digest, err));
	TRY(check_room(session, err));
	TRY(draft_clear(session, proposal, err));
	leaf_statement(&leaf, &proposal->digest);
	TRY(kinds[proposal->type].enact(session, proposal, &leaf, err));
	return journal_add(session, &leaf, err);
}

/* Inside a change, judged with CODE: into force, or on waiting.  Commits and replies. */
static enum err_code
settle(struct session *session, struct change *change, const struct proposal *proposal,
    enum err_code code, struct json *reply, struct err *err)
{
	BUF lost = {0};
	bool live = code == ERR_OK, founding = session->state == SESSION_FOUNDING;

	survey_names(&proposal->lost, &lost);
	json_put_hex(reply, "digest", VIEW_OF(proposal->digest.bytes));
	json_put_bool(reply, "live", live);
	json_put_text(reply, "missing", live ? "" : err->text);
	json_put_text(reply, "lost", lost.size > 0 ? buf_string(&lost) : "");
	if (live)
		TRY(enact(session, proposal, err));
	if (live && !founding)
		TRY(prove_ended(session, err));
	TRY(change_commit(session, change, err));
	if (!live)
		return ERR_OK;
	if (founding)
		return session_go_live(session, err);
	TRY(chain_refresh(session, err));
	return erase_ended(session, err);
}

static enum err_code
judge(struct session *session, struct proposal *proposal, const struct json *given,
    struct leaf *leaf, struct err *err)
{
	TRY(dsse_digest(&proposal->statement, &proposal->digest, err));
	return kinds[proposal->type].judge(session, proposal, given, leaf, err);
}

/* "charter-proposed", "roster-signed", ... */
static struct leaf
leaf_of(enum statement_type type, const char *event)
{
	char name[40];

	snprintf(name, sizeof(name), "%s-%s", statement_names[type], event);
	return leaf_new(name);
}

static enum err_code
note(struct session *session, const struct proposal *proposal, const char *seat, struct leaf *leaf,
    struct err *err)
{
	leaf_bytes(leaf, "digest", VIEW_OF(proposal->digest.bytes));
	leaf_text(leaf, "seat", seat);
	return journal_add(session, leaf, err);
}

static enum err_code
take(struct session *session, const struct proposal *proposal, bool waits, struct leaf *leaf,
    struct err *err)
{
	struct draft_row row = {.digest = proposal->digest};
	struct digest digest;
	const char *seat;

	TRY(find_signer(session, proposal, proposal->statement.signatures[0].keyid, true, &seat,
	    err));
	snprintf(row.seat, sizeof(row.seat), "%s", seat);
	TRY(session_keep(session, &proposal->statement, proposal->type, false, &digest, err));
	if (waits) { /* what is in force at once takes no room, above all an officer's suspension */
		TRY(draft_check_room(session, seat, proposal->statement.signatures[0].keyid, err));
		TRY(store_add_draft(session->store, &row, err));
	}
	leaf_statement(leaf, &digest);
	return note(session, proposal, seat, leaf, err);
}

enum err_code
serve_propose(struct session *session, struct call *call, struct err *err)
{
	PROPOSAL proposal = {0};
	CHANGE change = {0};
	struct err missing;

	in_statement(&call->in, "statement", &proposal.statement);
	const struct json *given = json_in_array(&call->in, "enrolments", 0, ENROLMENTS_GIVEN_MAX);
	bool try = json_in_bool(&call->in, "try");
	TRY(json_in_end(&call->in));
	if (!draft_type(&proposal.statement, &proposal.type))
		return err_set(err, ERR_INVALID,
		    "statement: only a charter, roster or suspension is proposed");
	if (session->state == SESSION_FOUNDING && proposal.type != STATEMENT_CHARTER)
		return err_set(err, ERR_REFUSED, "%s: the vault has no charter yet",
		    statement_names[proposal.type]);
	if (proposal.statement.count == 0 && !try)
		return err_set(err, ERR_REFUSED, "%s: whoever proposes it signs it",
		    statement_names[proposal.type]);
	TRY(draft_check_time(session, &proposal.statement, err));
	LEAF leaf = leaf_of(proposal.type, "proposed");
	TRY(change_begin(session, &change, err));
	enum err_code code = judge(session, &proposal, given, &leaf, err);
	if (try || (code != ERR_OK && code != ERR_WAITING))
		return code == ERR_WAITING ? ERR_OK : code;
	missing = *err;
	TRY(take(session, &proposal, code == ERR_WAITING, &leaf, err));
	*err = missing;
	return settle(session, &change, &proposal, code, call->reply, err);
}

struct signature {
	struct digest digest, token;
	struct buf sig, authdata;
};

static void
signature_done(struct signature *signature)
{
	buf_done(&signature->sig);
	buf_done(&signature->authdata);
}

/* The draft that it is for, with it. */
static enum err_code
add_signature(struct session *session, const struct signature *signature, struct proposal *proposal,
    struct err *err)
{
	CLEANUP(draft_done) struct draft draft = {0};
	char keyid[2 * DIGEST_SIZE + 1];

	TRY(draft_take(session, &signature->digest, &draft, err));
	text_hex(VIEW_OF(signature->token.bytes), keyid);
	if (dsse_find(&draft.statement, keyid) != NULL)
		return err_set(err, ERR_EXISTS, "token %.16s has signed it already", keyid);
	TRY(dsse_add(&draft.statement, keyid, buf_view(&signature->sig),
	    buf_view(&signature->authdata), err));
	proposal->type = draft.type;
	proposal->statement = TAKE(draft.statement);
	return ERR_OK;
}

enum err_code
serve_sign(struct session *session, struct call *call, struct err *err)
{
	CLEANUP(signature_done) struct signature signature = {0};
	PROPOSAL proposal = {0};
	CHANGE change = {0};
	struct err missing;
	struct digest digest;
	const char *seat;

	json_in_hex(&call->in, "digest", signature.digest.bytes, DIGEST_SIZE);
	json_in_hex(&call->in, "keyid", signature.token.bytes, DIGEST_SIZE);
	json_in_base64(&call->in, "sig", &signature.sig, DSSE_SIG_MAX);
	if (json_in_has(&call->in, "authData"))
		json_in_base64(&call->in, "authData", &signature.authdata, ASSERTION_DATA_MAX);
	TRY(json_in_end(&call->in));
	TRY(change_begin(session, &change, err));
	TRY(add_signature(session, &signature, &proposal, err));
	LEAF leaf = leaf_of(proposal.type, "signed");
	enum err_code code = judge(session, &proposal, NULL, &leaf, err);
	if (code != ERR_OK && code != ERR_WAITING)
		return code;
	missing = *err;
	TRY(find_signer(session, &proposal,
	    proposal.statement.signatures[proposal.statement.count - 1].keyid, false, &seat, err));
	TRY(session_keep(session, &proposal.statement, proposal.type, true, &digest, err));
	TRY(note(session, &proposal, seat, &leaf, err));
	*err = missing;
	return settle(session, &change, &proposal, code, call->reply, err);
}
