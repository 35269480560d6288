/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whoever proposes a document signs it, and has a seat: in the charter in force, or, for a roster or suspension, is
 * one of those who may sign that.  Before the first charter there is nobody to ask, and a seat of the draft
 * itself is enough.  With the last signature that it needs a document comes into force in the same transaction.
 */
#include "ceremony/server/documents/propose.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ceremony/protocol/message.h"
#include "ceremony/server/documents/charter.h"
#include "ceremony/server/documents/definition.h"
#include "ceremony/server/documents/enrolments.h"
#include "ceremony/server/documents/roster.h"
#include "ceremony/server/documents/suspend.h"
#include "ceremony/server/documents/waiting.h"
#include "ceremony/server/opening/erase.h"
#include "ceremony/server/opening/refuse.h"
#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/copy_sink.h"
#include "ceremony/server/vault/open.h"
#include "vault/documents/signers.h"
#include "vault/store/statement.h"

static const struct kind {
	proposal_verify verify;
	proposal_weigh weigh;
	proposal_enact enact; /* NULL: it is no document of the chain (definition.h) */
} kinds[STATEMENT_TYPES] = {[STATEMENT_CHARTER] = {charter_vet, charter_weigh, charter_enact},
    [STATEMENT_ROSTER] = {roster_vet, roster_weigh, roster_enact},
    [STATEMENT_SUSPEND] = {suspension_vet, suspension_weigh, suspension_enact},
    [STATEMENT_SECRET] = {definition_vet, definition_weigh, NULL}};

/* What was found of it, so that it is looked at anew. */
static void
proposal_forget(struct proposal *proposal)
{
	charter_freep(&proposal->charter);
	roster_freep(&proposal->roster);
	definitions_done(&proposal->definitions);
	suspensions_done(&proposal->after);
	proposal->after = (struct suspensions){0};
	proposal->waits = false;
}

static void
proposal_done(struct proposal *proposal)
{
	proposal_forget(proposal);
	dsse_done(&proposal->statement);
}
#define PROPOSAL CLEANUP(proposal_done) struct proposal

/* Whose signature KEYID is, after it was verified; PROPOSER: who may propose only. */
static enum err_code
find_signer(const struct session *session, struct proposal *proposal, const char *keyid,
    bool proposer, struct err *err)
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
	snprintf(proposal->seat, sizeof(proposal->seat), "%s", seat->name);
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

static enum err_code
enact_document(struct session *session, const struct proposal *proposal, struct err *err)
{
	LEAF leaf = leaf_new(statement_names[proposal->type]);

	TRY(chain_keep(session, err));
	TRY(store_add_document(session->store, &proposal->digest, err));
	TRY(check_room(session, err));
	TRY(draft_clear(session, proposal, err));
	leaf_statement(&leaf, &proposal->digest);
	TRY(kinds[proposal->type].enact(session, proposal, &leaf, err));
	return journal_add(session, &leaf, err);
}

/* It is in force from this commit on. */
static enum err_code
enact(struct session *session, const struct proposal *proposal, struct err *err)
{
	if (session->state == SESSION_LIVE)
		TRY(none_releasing(session, err));
	TRY(store_drop_draft(session->store, &proposal->digest, err));
	if (kinds[proposal->type].enact != NULL)
		return enact_document(session, proposal, err);
	TRY(draft_clear(session, proposal, err));
	return definitions_enact(session, proposal, err);
}

/* The document is in force, whatever the sink says, which `copy --repair` marks later. */
static void
mark_sink(struct session *session)
{
	struct err cause;

	if (copy_mark(session, &cause) != ERR_OK)
		session_progress(session,
		    "the new copy sink cannot be used yet, `halligan copy --repair` tries again: %s",
		    QUOTED(cause.text));
}

/* Inside a change: into force, or on waiting.  Commits and replies. */
static enum err_code
settle(struct session *session, struct change *change, const struct proposal *proposal,
    struct json *reply, struct err *err)
{
	BUF lost = {0};
	bool live = !proposal->waits, founding = session->state == SESSION_FOUNDING;

	survey_names(&proposal->lost, &lost);
	json_put_hex(reply, "digest", VIEW_OF(proposal->digest.bytes));
	json_put_bool(reply, "live", live);
	json_put_text(reply, "missing", live ? "" : proposal->missing);
	json_put_text(reply, "lost", lost.size > 0 ? buf_string(&lost) : "");
	if (live)
		TRY(enact(session, proposal, err));
	if (live && !founding)
		TRY(prove_ended(session, err));
	TRY(change_commit(session, change, err));
	if (!live)
		return ERR_OK;
	if (founding)
		TRY(session_go_live(session, err));
	TRY(chain_refresh(session, err));
	mark_sink(session);
	return founding ? ERR_OK : erase_ended(session, err);
}

static enum err_code
note_waiting(struct proposal *proposal, enum err_code code, const struct err *err)
{
	if (code != ERR_WAITING)
		return code;
	proposal->waits = true;
	memcpy(proposal->missing, err->text, sizeof(proposal->missing));
	return ERR_OK;
}

static enum err_code
verify(struct session *session, struct proposal *proposal, struct err *err)
{
	proposal_forget(proposal);
	TRY(dsse_digest(&proposal->statement, &proposal->digest, err));
	return note_waiting(proposal, kinds[proposal->type].verify(session, proposal, err), err);
}

static enum err_code
weigh(struct session *session, struct proposal *proposal, const struct json *given, struct err *err)
{
	return note_waiting(proposal, kinds[proposal->type].weigh(session, proposal, given, err),
	    err);
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
note(struct session *session, const struct proposal *proposal, struct leaf *leaf, struct err *err)
{
	leaf_bytes(leaf, "digest", VIEW_OF(proposal->digest.bytes));
	leaf_text(leaf, "seat", proposal->seat);
	return journal_add(session, leaf, err);
}

static enum err_code
take(struct session *session, const struct proposal *proposal, const struct json *given,
    struct err *err)
{
	LEAF leaf = leaf_of(proposal->type, "proposed");
	struct draft_row row = {.digest = proposal->digest};
	struct digest digest;

	memcpy(row.seat, proposal->seat, sizeof(row.seat));
	TRY(enrolments_keep(session, given, &leaf, err));
	TRY(session_keep(session, &proposal->statement, proposal->type, false, &digest, err));
	/* What is in force at once takes no room, above all an officer's suspension. */
	if (proposal->waits) {
		TRY(draft_check_room(session, row.seat, proposal->statement.signatures[0].keyid,
		    err));
		TRY(store_add_draft(session->store, &row, err));
	}
	leaf_statement(&leaf, &digest);
	return note(session, proposal, &leaf, err);
}

/* Somebody who may proposes it, and it is new. */
static enum err_code
judge_proposal(struct session *session, void *context, struct err *err)
{
	struct proposal *proposal = context;

	TRY(verify(session, proposal, err));
	TRY(find_signer(session, proposal, proposal->statement.signatures[0].keyid, true, err));
	return session_check_new(session, &proposal->statement, proposal->type, err);
}

/* What a proposal must be before anybody looks at who signed it. */
static enum err_code
check_form(struct session *session, struct proposal *proposal, bool try, struct err *err)
{
	if (!draft_type(&proposal->statement, &proposal->type))
		return err_set(err, ERR_INVALID,
		    "statement: only a charter, roster, suspension or definition is proposed");
	if (session->state == SESSION_FOUNDING && proposal->type != STATEMENT_CHARTER)
		return err_set(err, ERR_REFUSED, "%s: the vault has no charter yet",
		    statement_names[proposal->type]);
	if (proposal->statement.count == 0 && !try)
		return err_set(err, ERR_REFUSED, "%s: whoever proposes it signs it",
		    statement_names[proposal->type]);
	return draft_check_time(session, &proposal->statement, err);
}

/* Before PIN and touch it is said that the new sink cannot be used; the present one may be dead. */
static enum err_code
try_sink(const struct session *session, const struct proposal *proposal, struct err *err)
{
	const struct charter *now = session->chain.charter, *next = proposal->charter;

	if (next == NULL || now == NULL || strcmp(next->copy, now->copy) == 0)
		return ERR_OK;
	return copy_check(next->copy, &session->chain.vault, err);
}

enum err_code
serve_propose(struct session *session, struct call *call, struct err *err)
{
	PROPOSAL proposal = {0};
	CHANGE change = {0};

	in_statement(&call->in, "statement", &proposal.statement);
	const struct json *given = json_in_array(&call->in, "enrolments", 0, ENROLMENTS_GIVEN_MAX);
	bool try = json_in_bool(&call->in, "try");
	TRY(json_in_end(&call->in));
	TRY(check_form(session, &proposal, try, err));
	if (try) {
		TRY(verify(session, &proposal, err));
		TRY(try_sink(session, &proposal, err));
		return weigh(session, &proposal, given, err);
	}
	TRY(change_begin_judged(session, &change, judge_proposal, &proposal, err));
	TRY(weigh(session, &proposal, given, err));
	TRY(take(session, &proposal, given, err));
	return settle(session, &change, &proposal, call->reply, err);
}

struct signing {
	struct digest digest, token;
	struct buf sig, authdata;
	struct proposal proposal; /* the draft that it is for, with it */
};

static void
signing_done(struct signing *signing)
{
	buf_done(&signing->sig);
	buf_done(&signing->authdata);
	proposal_done(&signing->proposal);
}

static enum err_code
add_signature(struct session *session, struct signing *signing, const char *keyid, struct err *err)
{
	CLEANUP(draft_done) struct draft draft = {0};

	TRY(draft_take(session, &signing->digest, &draft, err));
	if (dsse_find(&draft.statement, keyid) != NULL)
		return err_set(err, ERR_EXISTS, "token %.16s has signed it already", keyid);
	TRY(dsse_add(&draft.statement, keyid, buf_view(&signing->sig), buf_view(&signing->authdata),
	    err));
	dsse_done(&signing->proposal.statement);
	signing->proposal.type = draft.type;
	signing->proposal.statement = TAKE(draft.statement);
	return ERR_OK;
}

/* It is of a seat whose signature the draft lacks. */
static enum err_code
judge_signature(struct session *session, void *context, struct err *err)
{
	struct signing *signing = context;
	char keyid[2 * DIGEST_SIZE + 1];

	text_hex(VIEW_OF(signing->token.bytes), keyid);
	TRY(add_signature(session, signing, keyid, err));
	TRY(verify(session, &signing->proposal, err));
	return find_signer(session, &signing->proposal, keyid, false, err);
}

enum err_code
serve_sign(struct session *session, struct call *call, struct err *err)
{
	CLEANUP(signing_done) struct signing signing = {0};
	struct proposal *proposal = &signing.proposal;
	CHANGE change = {0};
	struct digest digest;

	json_in_hex(&call->in, "digest", signing.digest.bytes, DIGEST_SIZE);
	json_in_hex(&call->in, "keyid", signing.token.bytes, DIGEST_SIZE);
	json_in_base64(&call->in, "sig", &signing.sig, DSSE_SIG_MAX);
	if (json_in_has(&call->in, "authData"))
		json_in_base64(&call->in, "authData", &signing.authdata, ASSERTION_DATA_MAX);
	TRY(json_in_end(&call->in));
	TRY(change_begin_judged(session, &change, judge_signature, &signing, err));
	TRY(weigh(session, proposal, NULL, err));
	LEAF leaf = leaf_of(proposal->type, "signed");
	TRY(session_keep(session, &proposal->statement, proposal->type, true, &digest, err));
	TRY(note(session, proposal, &leaf, err));
	return settle(session, &change, proposal, call->reply, err);
}
