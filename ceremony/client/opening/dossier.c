/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each document is bound to the next by digest:
 *
 *	request (responder's token) <- ceremony (host) <- approvals, denials (officers' tokens)
 *	   \-> definition (operator's token), header of the sealed version
 */
#include "ceremony/client/opening/dossier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ceremony/client/opening/list.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/statements_host.h"
#include "vault/documents/reach.h"

void
dossier_freep(struct dossier **dossier)
{
	if (*dossier == NULL)
		return;
	request_done(&(*dossier)->request);
	ceremony_done(&(*dossier)->ceremony);
	definition_done(&(*dossier)->definition);
	header_freep(&(*dossier)->header);
	free((*dossier)->quorum);
	free(TAKE(*dossier));
}

static enum err_code
contradicts(struct err *err, const char *document, const char *what)
{
	return err_set(err, ERR_INTEGRITY,
	    "the %s names another %s than the rest: somebody "
	    "exchanged a document; do not go on",
	    document, what);
}

/* ---- the request ---- */

/* The seat and token that signed; active means: in the charter or roster of today. */
static enum err_code
find_requester(const struct vault_view *view, const struct request *request,
    const struct seat **ret_seat, const struct seat_token **ret_token, struct err *err)
{
	const struct seat_token *token = NULL;
	const struct seat *seat = seat_by_token(view->chain.charter->seats,
	    view->chain.charter->seat_count, &request->token, &token);

	if (seat == NULL)
		seat = seat_by_token(view->chain.roster->seats, view->chain.roster->seat_count,
		    &request->token, &token);
	if (seat == NULL)
		return err_set(err, ERR_INTEGRITY,
		    "the request is of a token that stands neither in the charter nor in the roster");
	if (strcmp(seat->name, request->seat) != 0)
		return err_set(err, ERR_INTEGRITY,
		    "the request says seat %s, but its token belongs to %s", request->seat,
		    seat->name);
	if ((seat->roles & ROLE_RESPONDER) == 0)
		return err_set(err, ERR_INTEGRITY, "the requester %s is no responder", seat->name);
	*ret_seat = seat;
	*ret_token = token;
	return ERR_OK;
}

/* Whoever receives is a token of the seat that asks, with the key that it was admitted with. */
static enum err_code
check_recipients(const struct dossier *dossier, struct err *err)
{
	const struct recipients *recipients = &dossier->request.recipients;

	for (size_t i = 0; i < recipients->count; i++) {
		const struct seat_token *token = NULL;

		if (seat_by_token(dossier->requester, 1, &recipients->rows[i].token, &token) ==
		        NULL ||
		    !token->has[KEY_RELEASE] ||
		    !point_equal(&token->keys[KEY_RELEASE], &recipients->rows[i].key))
			return err_set(err, ERR_INTEGRITY,
			    "recipients[%zu] is no token of %s that could receive it", i,
			    dossier->requester->name);
	}
	return ERR_OK;
}

static enum err_code
verify_request(const struct dsse *statement, const struct vault_view *view, struct dossier *dossier,
    struct err *err)
{
	TRY(request_parse(statement, view->chain.charter->training, &dossier->request, err));
	if (dossier->request.mode != MODE_RELEASE || dossier->request.items.count != 1)
		return contradicts(err, "request", "mode");
	if (!digest_equal(&dossier->request.vault, &view->chain.vault))
		return contradicts(err, "request", "vault");
	TRY(find_requester(view, &dossier->request, &dossier->requester, &dossier->requester_token,
	    err));
	TRY(check_recipients(dossier, err));
	return seat_token_verify(statement, dossier->requester_token, err);
}

/* ---- the ceremony ---- */

static enum err_code
compare_ceremony(const struct ceremony *ceremony, const struct request *request,
    const struct vault_view *view, struct err *err)
{
	const char *differs = ceremony_differs(ceremony, request);

	if (differs == NULL && ceremony->size == view->checkpoint.size &&
	    !digest_equal(&ceremony->root, &view->checkpoint.root))
		differs = "log";
	if (differs != NULL)
		return contradicts(err, "ceremony", differs);
	return ERR_OK;
}

enum err_code
ceremony_check(const struct dsse *statement, const struct vault_view *view,
    const struct request *request, struct ceremony *ret_ceremony, struct err *err)
{
	CEREMONY ceremony = {0};

	TRY(ceremony_parse(statement, view->chain.charter->training, &ceremony, err));
	TRY(statement_verify_host(statement, &view->chain.charter->host_statement, err));
	TRY(compare_ceremony(&ceremony, request, view, err));
	*ret_ceremony = ceremony;
	ceremony.items.rows = NULL;
	return ERR_OK;
}

/* The quorum that the host signed is the sealed version's; the policy's, which may be another since a charter
 * changed it, is the charter's to say and must be met as well.  A charter that changed since the request
 * makes it void. */
static enum err_code
check_policy(const struct dossier *dossier, const struct vault_view *view, struct err *err)
{
	if (strcmp(dossier->ceremony.items.rows[0].quorum, dossier->header->quorum) != 0)
		return err_set(err, ERR_INTEGRITY,
		    "the ceremony asks for the quorum \"%s\", but the version was sealed to \"%s\"",
		    dossier->ceremony.items.rows[0].quorum, dossier->header->quorum);
	if (!digest_equal(&dossier->ceremony.charter, &view->chain.charter->digest))
		return ERR_OK; /* dossier_check_open judges it */
	if (dossier->policy == NULL)
		return err_set(err, ERR_INTEGRITY,
		    "the definition names the policy %s, which the "
		    "charter does not have",
		    dossier->definition.policy);
	if (strcmp(dossier->ceremony.items.rows[0].quorum, dossier->header->quorum) != 0)
		return err_set(err, ERR_INTEGRITY,
		    "the ceremony asks for the quorum \"%s\", but the version is sealed to \"%s\"",
		    dossier->ceremony.items.rows[0].quorum, dossier->header->quorum);
	return ERR_OK;
}

/* ---- definition and header ---- */

static enum err_code
verify_target(const struct dsse *statement, struct view header, const struct vault_view *view,
    struct dossier *dossier, struct err *err)
{
	const struct request *request = &dossier->request;

	TRY(definition_parse(statement, view->chain.charter->training, &dossier->definition, err));
	TRY(chain_verify_definition(&view->chain, statement, &dossier->definition, err));
	if (!digest_equal(&dossier->definition.digest, &request->items.rows[0].definition))
		return contradicts(err, "definition", "digest");
	if (strcmp(dossier->definition.name, request->items.rows[0].name) != 0)
		return contradicts(err, "definition", "name");
	if (memcmp(&dossier->definition.secret, &request->items.rows[0].secret,
	        sizeof(request->items.rows[0].secret)) != 0)
		return contradicts(err, "definition", "secret");
	TRY(lookup_header(header, view, &dossier->definition, &dossier->header, &dossier->quorum,
	    &dossier->header_hash, err));
	if (!digest_equal(&dossier->header_hash, &request->items.rows[0].header))
		return contradicts(err, "header", "hash");
	if (dossier->header->version != request->items.rows[0].version)
		return contradicts(err, "header", "version");
	dossier->policy = charter_policy(view->chain.charter, dossier->definition.policy);
	return ERR_OK;
}

/* ---- approvals and denials ---- */

/* STATEMENT is of SEAT's token TOKEN, for this ceremony. */
static enum err_code
verify_officer(const struct dsse *statement, const struct vault_view *view,
    const struct dossier *dossier, const char *seat_name, const struct digest *token_id,
    const struct digest *ceremony, const struct digest *vault, struct err *err)
{
	const struct seat_token *token = NULL;
	const struct seat *seat = seat_by_token(view->chain.charter->seats,
	    view->chain.charter->seat_count, token_id, &token);

	if (!digest_equal(vault, &view->chain.vault))
		return contradicts(err, "approval or denial", "vault");
	if (!digest_equal(ceremony, &dossier->ceremony.digest))
		return contradicts(err, "approval or denial", "ceremony");
	if (seat == NULL || strcmp(seat->name, seat_name) != 0)
		return err_set(err, ERR_INTEGRITY, "the token does not belong to that seat");
	return seat_token_verify(statement, token, err);
}

/* Documents of an earlier charter are of seats that may be gone: then they only count as told. */
static bool
is_of_today(const struct dossier *dossier, const struct vault_view *view)
{
	return digest_equal(&dossier->ceremony.charter, &view->chain.charter->digest);
}

static enum err_code
read_approval(const struct json *object, const struct vault_view *view, struct dossier *dossier,
    struct err *err)
{
	struct dossier_approval *row = &dossier->approvals[dossier->approval_count];
	struct json_in in;
	DSSE statement = {0};
	char seat[SEAT_NAME_MAX + 1];

	if (object == NULL)
		return err_set(err, ERR_PROTOCOL, "the server's list is malformed");
	in = json_in(object, "approval", err);
	snprintf(seat, sizeof(seat), "%s", json_in_text(&in, "seat", 1, SEAT_NAME_MAX));
	row->complete = json_in_bool(&in, "complete");
	in_statement(&in, "statement", &statement);
	TRY(json_in_end(&in));
	TRY(approval_parse(&statement, view->chain.charter->training, &row->approval, err));
	if (strcmp(row->approval.seat, seat) != 0)
		return contradicts(err, "approval", "seat");
	if (is_of_today(dossier, view) &&
	    verify_officer(&statement, view, dossier, seat, &row->approval.token,
	        &row->approval.ceremony, &row->approval.vault, err) != ERR_OK) {
		err->code = ERR_INTEGRITY;
		return err_add(err, "%s's approval", seat);
	}
	dossier->approval_count++;
	return ERR_OK;
}

static enum err_code
read_denial(const struct json *object, const struct vault_view *view, struct dossier *dossier,
    struct err *err)
{
	struct objection *row = &dossier->denials[dossier->denial_count];
	struct json_in in;
	DSSE statement = {0};

	if (object == NULL)
		return err_set(err, ERR_PROTOCOL, "the server's list is malformed");
	in = json_in(object, "denial", err);
	(void)json_in_text(&in, "seat", 1, SEAT_NAME_MAX);
	in_statement(&in, "statement", &statement);
	TRY(json_in_end(&in));
	TRY(objection_parse(&statement, STATEMENT_DENIAL, view->chain.charter->training, row, err));
	if (is_of_today(dossier, view) &&
	    verify_officer(&statement, view, dossier, row->seat, &row->token, &row->ceremony,
	        &row->vault, err) != ERR_OK) {
		err->code = ERR_INTEGRITY;
		return err_add(err, "%s's denial", row->seat);
	}
	dossier->denial_count++;
	return ERR_OK;
}

static bool
seat_stands_before(const struct dossier *dossier)
{
	const char *newest = dossier->approvals[dossier->approval_count - 1].approval.seat;

	for (size_t i = 0; i + 1 < dossier->approval_count; i++) {
		if (strcmp(dossier->approvals[i].approval.seat, newest) == 0)
			return true;
	}
	return false;
}

static enum err_code
read_votes(const struct json *approvals, const struct json *denials, const struct vault_view *view,
    struct dossier *dossier, struct err *err)
{
	for (size_t i = 0; i < json_array_count(approvals); i++) {
		TRY(read_approval(json_array_object(approvals, i), view, dossier, err));
		if (seat_stands_before(dossier))
			return err_set(err, ERR_INTEGRITY,
			    "the server shows two approvals of one seat");
	}
	for (size_t i = 0; i < json_array_count(denials); i++)
		TRY(read_denial(json_array_object(denials, i), view, dossier, err));
	return ERR_OK;
}

/* ---- the whole ---- */

struct documents {
	struct dsse request, ceremony, definition;
	const struct json *approvals, *denials, *spares;
};

static void
documents_done(struct documents *documents)
{
	dsse_done(&documents->request);
	dsse_done(&documents->ceremony);
	dsse_done(&documents->definition);
}

static enum err_code
read_reply(const struct json *reply, struct documents *documents, struct dossier *dossier,
    struct err *err)
{
	struct json_in in = reply_in(reply, "ceremony-get", err);

	in_statement(&in, "request", &documents->request);
	in_statement(&in, "ceremony", &documents->ceremony);
	in_statement(&in, "definition", &documents->definition);
	dossier->state = (enum ceremony_state)json_in_choice(&in, "state", ceremony_state_names);
	snprintf(dossier->reason, sizeof(dossier->reason), "%s",
	    json_in_text(&in, "reason", 0, NOTE_TEXT_MAX));
	documents->approvals = json_in_array(&in, "approvals", 0, QUORUM_SEATS);
	documents->denials = json_in_array(&in, "denials", 0, QUORUM_SEATS);
	(void)json_in_text(&in, "missing", 0, QUORUM_TEXT_MAX); /* we find out ourselves */
	documents->spares = json_in_array(&in, "spares", 0, HEADER_ENVELOPES);
	dossier->released = in_moment(&in, "released");
	dossier->expires = in_moment(&in, "expires");
	dossier->part_exposed = json_in_bool(&in, "part_exposed");
	return json_in_end(&in);
}

static enum err_code
verify_documents(const struct documents *documents, struct view header,
    const struct vault_view *view, struct dossier *dossier, struct err *err)
{
	uint8_t id[ID_SIZE];

	if (verify_request(&documents->request, view, dossier, err) != ERR_OK)
		return err_add(err, "the request");
	if (ceremony_check(&documents->ceremony, view, &dossier->request, &dossier->ceremony,
	        err) != ERR_OK)
		return err_add(err, "the ceremony statement");
	if (!text_from_hex(dossier->id, id, sizeof(id)) ||
	    memcmp(id, dossier->ceremony.id.bytes, sizeof(id)) != 0)
		return contradicts(err, "ceremony", "id");
	if (verify_target(&documents->definition, header, view, dossier, err) != ERR_OK)
		return err_add(err, "the secret %s", dossier->request.items.rows[0].name);
	TRY(check_policy(dossier, view, err));
	TRY(lookup_spares(documents->spares, dossier->header, &dossier->spares, err));
	return read_votes(documents->approvals, documents->denials, view, dossier, err);
}

/* A document that does not hold is an alarm, whatever its first fault is called. */
static enum err_code
alarm(enum err_code code, struct err *err)
{
	if (code == ERR_REFUSED || code == ERR_INVALID)
		err->code = code = ERR_INTEGRITY;
	return code;
}

enum err_code
dossier_fetch(struct client *client, const struct vault_view *view, const char *id,
    struct dossier **ret_dossier, struct err *err)
{
	CLEANUP(documents_done) struct documents documents = {0};
	DOSSIER *dossier = calloc(1, sizeof(*dossier));
	struct json *request = op_new("ceremony-get");
	JSON *reply = NULL;
	BUF header = {0};

	json_put_text(request, "id", id);
	if (dossier == NULL) {
		json_free(request);
		return err_set(err, ERR_MEMORY, "out of memory");
	}
	TRY(client_call(client, request, (struct view){0}, &reply, &header, err));
	snprintf(dossier->id, sizeof(dossier->id), "%s", id);
	TRY(read_reply(reply, &documents, dossier, err));
	TRY(alarm(verify_documents(&documents, buf_view(&header), view, dossier, err), err));
	*ret_dossier = TAKE(dossier);
	return ERR_OK;
}

enum err_code
dossier_check_open(const struct dossier *dossier, const struct vault_view *view, int64_t now,
    struct err *err)
{
	if (dossier->state != CEREMONY_COLLECTING)
		return err_set(err, ERR_REFUSED, "ceremony %.8s is %s%s%s%s", dossier->id,
		    ceremony_state_names[dossier->state], dossier->reason[0] != '\0' ? ": " : "",
		    dossier->reason,
		    dossier->state == CEREMONY_REFUSED ? "; if it is still needed, request again" :
		                                         "");
	if (!is_of_today(dossier, view))
		return err_set(err, ERR_REFUSED,
		    "the charter has changed since this ceremony "
		    "began; it is void, and %s must request again",
		    dossier->request.seat);
	if (suspensions_find(&view->chain.suspensions, &dossier->request.token) != NULL)
		return err_set(err, ERR_REFUSED,
		    "the token of %s that asked is suspended; the "
		    "ceremony is void",
		    dossier->request.seat);
	if (now >= dossier->ceremony.deadline || now >= dossier->request.expires)
		return err_set(err, ERR_REFUSED,
		    "ceremony %.8s is past its deadline; %s must "
		    "request again",
		    dossier->id, dossier->request.seat);
	return ERR_OK;
}

enum verdict
dossier_verdict(const struct dossier *dossier, const struct vault_view *view, int64_t now,
    int *ret_missing, struct buf *ret_text)
{
	const char *approved[QUORUM_SEATS], *denied[3 * QUORUM_SEATS];
	struct verdict_facts facts = {.header = dossier->quorum,
	    .policy = dossier->policy != NULL ? &dossier->policy->quorum : dossier->quorum,
	    .seats = view->chain.charter->seats,
	    .seat_count = view->chain.charter->seat_count,
	    .requester = dossier->request.seat,
	    .approved = approved,
	    .denied = denied,
	    .now = now,
	    .deadline = dossier->ceremony.deadline,
	    .charter_unchanged = is_of_today(dossier, view)};

	for (size_t i = 0; i < dossier->approval_count; i++) {
		if (dossier->approvals[i].complete &&
		    suspensions_find(&view->chain.suspensions,
		        &dossier->approvals[i].approval.token) == NULL)
			approved[facts.approved_count++] = dossier->approvals[i].approval.seat;
	}
	for (size_t i = 0; i < dossier->denial_count; i++)
		denied[facts.denied_count++] = dossier->denials[i].seat;
	for (size_t i = 0; i < facts.header->seat_count; i++)
		if (!reach_seat(view->chain.charter, &view->chain.suspensions, dossier->header,
		        &dossier->spares, facts.header->seats[i]))
			denied[facts.denied_count++] = facts.header->seats[i];
	for (size_t i = 0; i < facts.policy->seat_count; i++)
		if (!reach_seat(view->chain.charter, &view->chain.suspensions, dossier->header,
		        &dossier->spares, facts.policy->seats[i]))
			denied[facts.denied_count++] = facts.policy->seats[i];
	return verdict_of(&facts, ret_missing, ret_text);
}
