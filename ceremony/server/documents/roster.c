/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proposing and signing rosters: like charters, but an operator and an officer are enough, and the
 * first of them signs with the proposal.
 */
#include "ceremony/server/documents/roster.h"

#include <string.h>

#include "ceremony/protocol/message.h"
#include "ceremony/server/documents/waiting.h"
#include "ceremony/server/opening/erase.h"
#include "ceremony/server/opening/refuse.h"
#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/log.h"
#include "vault/documents/roster_verify.h"
#include "vault/store/statement.h"

enum err_code
serve_roster_draft(struct session *session, struct call *call, struct err *err)
{
	DSSE draft = {0};
	ROSTER *roster = NULL;

	TRY(json_in_end(&call->in));
	enum err_code code = draft_load(session, DRAFT_ROSTER, &draft, err);
	if (code == ERR_NOT_FOUND)
		return ERR_OK;
	if (code != ERR_OK)
		return code;
	TRY(roster_parse(&draft, session->chain.charter, &roster, err));
	put_statement(call->reply, "roster", &draft);
	return draft_put_enrolments(session, call->reply, roster->seats, roster->seat_count, err);
}

static enum err_code
check_step(const struct session *session, const struct roster *roster, struct err *err)
{
	if (!digest_equal(&roster->vault, &session->chain.vault))
		return err_set(err, ERR_INVALID, "roster: vault: it is for another vault");
	if (!digest_equal(&roster->charter, &session->chain.charter->digest))
		return err_set(err, ERR_REFUSED,
		    "roster: charter: not the charter in force; draw the roster up again");
	if (roster->version != session->chain.roster->version + 1)
		return err_set(err, ERR_REFUSED,
		    "roster: version: %u does not follow %u; draw the roster up again",
		    roster->version, session->chain.roster->version);
	return ERR_OK;
}

/* What seats asked for that it changes is void: nobody agreed to their present tokens. */
static enum err_code
void_changed(struct session *session, const struct roster *roster, struct err *err)
{
	const struct roster *before = session->chain.roster;

	for (size_t i = 0; i < before->seat_count; i++) {
		const struct seat *seat = &before->seats[i];
		const struct seat *now =
		    seat_by_name(roster->seats, roster->seat_count, seat->name);

		if (now != NULL && now->token_count == seat->token_count &&
		    memcmp(now->tokens, seat->tokens, sizeof(seat->tokens)) == 0)
			continue;
		TRY(void_seat(session, seat->name, "a new roster changes the requester's seat",
		    err));
	}
	return ERR_OK;
}

static enum err_code
enact(struct session *session, const struct roster *roster, struct err *err)
{
	LEAF leaf = leaf_new("roster");

	TRY(none_releasing(session, err));
	TRY(store_add_document(session->store, &roster->digest, err));
	TRY(draft_drop(session, DRAFT_ROSTER, err));
	TRY(draft_drop(session, DRAFT_SUSPENSION, err)); /* it names the roster before */
	leaf_int(&leaf, "version", roster->version);
	leaf_statement(&leaf, &roster->digest);
	TRY(journal_add(session, &leaf, err));
	return void_changed(session, roster, err);
}

/* Inside a change: the roster with the signatures that it has now.  Commits and replies. */
static enum err_code
settle(struct session *session, struct change *change, const struct dsse *statement,
    const struct roster *roster, struct json *reply, struct err *err)
{
	struct err missing;
	enum err_code code = roster_verify(statement, roster, &session->chain, &missing);

	if (code != ERR_OK && code != ERR_WAITING) {
		*err = missing;
		return code;
	}
	if (code == ERR_OK)
		TRY(enact(session, roster, err));
	TRY(change_commit(session, change, err));
	json_put_bool(reply, "live", code == ERR_OK);
	json_put_text(reply, "missing", code == ERR_OK ? "" : missing.text);
	if (code != ERR_OK)
		return ERR_OK;
	TRY(chain_refresh(session, err));
	return erase_ended(session, err);
}

enum err_code
serve_roster_propose(struct session *session, struct call *call, struct err *err)
{
	DSSE statement = {0};
	ROSTER *roster = NULL;
	CHANGE change = {0};
	LEAF leaf = leaf_new("roster-proposed");
	struct digest digest;

	in_statement(&call->in, "roster", &statement);
	const struct json *given = json_in_array(&call->in, "enrolments", 0, DRAFT_ENROLMENTS);
	TRY(json_in_end(&call->in));
	TRY(change_begin(session, &change, err));
	TRY(roster_parse(&statement, session->chain.charter, &roster, err));
	TRY(check_step(session, roster, err));
	if (statement.count == 0)
		return err_set(err, ERR_REFUSED, "roster: whoever proposes it signs it");
	TRY(draft_enrolments(session, given, roster->seats, roster->seat_count,
	    session->chain.roster->seats, session->chain.roster->seat_count, session->chain.charter,
	    &leaf, err));
	TRY(draft_keep(session, DRAFT_ROSTER, &statement, &digest, err));
	leaf_statement(&leaf, &digest);
	leaf_bytes(&leaf, "digest", VIEW_OF(digest.bytes));
	TRY(journal_add(session, &leaf, err));
	return settle(session, &change, &statement, roster, call->reply, err);
}

enum err_code
serve_roster_sign(struct session *session, struct call *call, struct err *err)
{
	DSSE draft = {0};
	ROSTER *roster = NULL;
	CHANGE change = {0};
	LEAF leaf = leaf_new("roster-signed");
	struct digest digest;
	const struct seat *seat;

	TRY(change_begin(session, &change, err));
	enum err_code code = draft_load(session, DRAFT_ROSTER, &draft, err);
	if (code == ERR_NOT_FOUND)
		return err_set(err, ERR_NOT_FOUND,
		    "no roster waits for signatures; draw one up first");
	if (code != ERR_OK)
		return code;
	TRY(roster_parse(&draft, session->chain.charter, &roster, err));
	TRY(check_step(session, roster, err));
	TRY(draft_sign(call, &draft, session->chain.charter->seats,
	    session->chain.charter->seat_count, session->chain.people, session->chain.people_count,
	    &seat, err));
	TRY(draft_keep(session, DRAFT_ROSTER, &draft, &digest, err));
	leaf_bytes(&leaf, "digest", VIEW_OF(digest.bytes));
	leaf_text(&leaf, "seat", seat->name);
	TRY(journal_add(session, &leaf, err));
	return settle(session, &change, &draft, roster, call->reply, err);
}
