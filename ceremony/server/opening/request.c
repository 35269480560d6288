/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request becomes a ceremony: everything that the request names must be what is in force, and the
 * quorum must be reachable without the person who asks.  The ceremony's key is made while the
 * writer lock is held, so that no other session takes its file for a leftover.
 */
#include "ceremony/server/opening/request.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/statements_host.h"
#include "ceremony/server/opening/matter.h"
#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/log.h"
#include "vault/store/release.h"

struct asking {
	struct request request;
	struct dsse statement;
	struct secret_row secret;
	struct definition definition;
	const struct policy *policy;
	struct version_row version;
	struct header *header;
	struct spare_set spares; /* beside it */
};

static void
asking_done(struct asking *asking)
{
	request_done(&asking->request);
	dsse_done(&asking->statement);
	definition_done(&asking->definition);
	version_row_done(&asking->version);
	header_freep(&asking->header);
}

static enum err_code
check_requester(const struct session *session, const struct asking *asking, struct err *err)
{
	const struct request *request = &asking->request;
	const struct seat *seat = chain_seat(&session->chain, request->seat);
	const struct seat_token *token =
	    chain_token(&session->chain, request->seat, &request->token);

	if (seat == NULL)
		return err_set(err, ERR_REFUSED,
		    "request: seat: neither charter nor roster has an active seat \"%s\"",
		    request->seat);
	if ((seat->roles & ROLE_RESPONDER) == 0)
		return err_set(err, ERR_REFUSED,
		    "request: seat: \"%s\" does not have the role responder", request->seat);
	if (token == NULL)
		return chain_refuse_token(&session->chain, request->seat, &request->token, err) !=
		        ERR_OK ?
		    err_add(err, "request: token") :
		    ERR_OK;
	if (asking->statement.count != 1)
		return err_set(err, ERR_INVALID, "request: it must carry one signature");
	if (seat_token_verify(&asking->statement, token, err) != ERR_OK)
		return err_add(err, "request: seat \"%s\"", request->seat);
	return ERR_OK;
}

/* What is released is sealed to these and to no others: active tokens of the seat that asks. */
static enum err_code
check_recipients(const struct session *session, const struct request *request, struct err *err)
{
	for (size_t i = 0; i < request->recipients.count; i++) {
		const struct recipient *recipient = &request->recipients.rows[i];
		const struct seat_token *token =
		    chain_token(&session->chain, request->seat, &recipient->token);

		if (token == NULL &&
		    chain_refuse_token(&session->chain, request->seat, &recipient->token, err) !=
		        ERR_OK)
			return err_add(err, "request: recipients[%zu]", i);
		if (token == NULL || !token->has[KEY_RELEASE])
			return err_set(err, ERR_REFUSED,
			    "request: recipients[%zu]: the token has no release key", i);
		if (!point_equal(&token->keys[KEY_RELEASE], &recipient->key))
			return err_set(err, ERR_REFUSED,
			    "request: recipients[%zu]: the key is not the release key that the token "
			    "was admitted with",
			    i);
	}
	return ERR_OK;
}

static enum err_code
check_times(const struct asking *asking, int64_t now, struct err *err)
{
	const struct request *request = &asking->request;
	char most[TEXT_DURATION_SIZE];

	text_duration(asking->policy->max_duration, most);
	if (request->duration > asking->policy->max_duration)
		return err_set(err, ERR_REFUSED,
		    "request: duration: policy \"%s\" allows at most %s", asking->policy->name,
		    most);
	if (now >= request->expires)
		return err_set(err, ERR_EXPIRED,
		    "request: expires: it has expired; make a new one");
	if (request->created > now + CLOCK_BACK_MAX)
		return err_set(err, ERR_REFUSED,
		    "request: created: it comes from the future; compare the clocks of your machine and "
		    "of the vault's host");
	text_duration(asking->policy->request_ttl, most);
	if (request->expires - now > asking->policy->request_ttl + CLOCK_BACK_MAX)
		return err_set(err, ERR_REFUSED,
		    "request: expires: policy \"%s\" lets a request live %s at most",
		    asking->policy->name, most);
	return ERR_OK;
}

static enum err_code
check_debt(struct session *session, const struct asking *asking, struct err *err)
{
	struct debt_row debt;
	struct release_row release;
	enum err_code code = store_open_debt(session->store, &asking->secret.id, &debt, err);

	if (code == ERR_OK)
		return err_set(err, ERR_REFUSED,
		    "%s has an unpaid rotation debt (%s%s%s): its credential was used and not yet "
		    "replaced; 'halligan rotate %s' pays it, then request again",
		    asking->secret.name, debt_state_names[debt.state],
		    debt.note[0] != '\0' ? ": " : "", debt.note, asking->secret.name);
	if (code != ERR_NOT_FOUND)
		return code;
	code = store_get_release(session->store, &asking->secret.id,
	    asking->request.items.rows[0].version, &release, err);
	if (code == ERR_OK)
		return err_set(err, ERR_REFUSED, "version %u of %s was released before",
		    asking->request.items.rows[0].version, asking->secret.name);
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

static enum err_code
load_secret(struct session *session, struct asking *asking, struct err *err)
{
	const struct request *request = &asking->request;
	enum err_code code =
	    store_get_secret(session->store, &request->items.rows[0].secret, &asking->secret, err);

	if (code == ERR_NOT_FOUND)
		return err_set(err, ERR_NOT_FOUND, "request: secret: there is no such secret");
	if (code != ERR_OK)
		return code;
	if (strcmp(asking->secret.name, request->items.rows[0].name) != 0)
		return err_set(err, ERR_REFUSED, "request: name: the secret is called \"%s\"",
		    asking->secret.name);
	if (!digest_equal(&asking->secret.definition, &request->items.rows[0].definition))
		return err_set(err, ERR_REFUSED,
		    "request: definition: it changed meanwhile; request again");
	if (asking->secret.current != request->items.rows[0].version)
		return err_set(err, ERR_REFUSED,
		    "request: version: the current one is %u; request again",
		    asking->secret.current);
	TRY(chain_definition(session, &request->items.rows[0].definition, &asking->definition,
	    err));
	asking->policy = charter_policy(session->chain.charter, asking->definition.policy);
	return ERR_OK;
}

static enum err_code
load_header(struct session *session, struct asking *asking, struct err *err)
{
	struct digest hash;

	TRY(store_get_version(session->store, &asking->secret.id,
	    asking->request.items.rows[0].version, &asking->version, err));
	TRY(header_hash(buf_view(&asking->version.header), &hash, err));
	if (!digest_equal(&hash, &asking->version.header_hash))
		return err_set(err, ERR_INTEGRITY, "the stored header of %s version %u was changed",
		    asking->secret.name, asking->request.items.rows[0].version);
	if (!digest_equal(&hash, &asking->request.items.rows[0].header))
		return err_set(err, ERR_REFUSED, "request: header: it is not that of %s version %u",
		    asking->secret.name, asking->request.items.rows[0].version);
	TRY(header_new(&asking->header, err));
	TRY(header_decode(buf_view(&asking->version.header), asking->header, err));
	return spares_load(session, asking->header, &asking->spares, err);
}

/* Could officers other than the requester still meet it? */
static enum err_code
check_reachable(const struct session *session, const struct asking *asking, int64_t now,
    struct err *err)
{
	BUF text = {0};
	struct quorum quorum;
	const char *unusable[2 * QUORUM_SEATS];
	int missing;

	TRY(quorum_parse(asking->header->quorum, &quorum, err));
	struct verdict_facts facts = {.header = &quorum,
	    .policy = &asking->policy->quorum,
	    .seats = session->chain.charter->seats,
	    .seat_count = session->chain.charter->seat_count,
	    .requester = asking->request.seat,
	    .denied = unusable,
	    .now = now,
	    .deadline = asking->request.expires,
	    .charter_unchanged = true};

	for (size_t i = 0; i < quorum.seat_count; i++)
		if (!spares_seat_usable(session, asking->header, &asking->spares, quorum.seats[i]))
			unusable[facts.denied_count++] = quorum.seats[i];
	for (size_t i = 0; i < facts.policy->seat_count; i++)
		if (!spares_seat_usable(session, asking->header, &asking->spares,
		        facts.policy->seats[i]))
			unusable[facts.denied_count++] = facts.policy->seats[i];
	if (verdict_of(&facts, &missing, &text) != VERDICT_UNREACHABLE)
		return ERR_OK;
	facts.requester = ""; /* a name that nobody has */
	if (verdict_of(&facts, &missing, &text) == VERDICT_UNREACHABLE)
		return err_set(err, ERR_REFUSED,
		    "the quorum \"%s\" cannot be met by anybody: too few of its seats have a token that is "
		    "active and that version %u is sealed to; `halligan charter status` says which",
		    asking->header->quorum, asking->request.items.rows[0].version);
	return err_set(err, ERR_REFUSED,
	    "the quorum \"%s\" cannot be met without your own seat \"%s\", which does not count "
	    "for your own request; somebody else must request",
	    asking->header->quorum, asking->request.seat);
}

static enum err_code
check(struct session *session, struct asking *asking, struct err *err)
{
	int64_t now = session_now(session);

	if (!digest_equal(&asking->request.vault, &session->chain.vault))
		return err_set(err, ERR_REFUSED, "request: vault: it is for another vault");
	if (asking->request.mode != MODE_RELEASE || asking->request.items.count != 1)
		return err_set(err, ERR_REFUSED, "request: mode: this asks for one release");
	TRY(check_requester(session, asking, err));
	TRY(check_recipients(session, &asking->request, err));
	TRY(load_secret(session, asking, err));
	TRY(load_header(session, asking, err));
	TRY(check_times(asking, now, err));
	TRY(check_debt(session, asking, err));
	return check_reachable(session, asking, now, err);
}

/* The host's statement, with a fresh key. */
static enum err_code
make_statement(struct session *session, const struct asking *asking, struct ceremony *ceremony,
    struct dsse *ret_statement, struct err *err)
{
	JSON *payload = NULL;
	const struct request *request = &asking->request;

	*ceremony = (struct ceremony){.vault = session->chain.vault,
	    .request = request->digest,
	    .mode = request->mode,
	    .recipients = request->recipients,
	    .charter = session->chain.charter->digest,
	    .roster = session->chain.roster->digest,
	    .created = session_now(session),
	    .deadline = request->expires};
	TRY(items_copy(&request->items, &ceremony->items, err));
	snprintf(ceremony->items.rows[0].quorum, sizeof(ceremony->items.rows[0].quorum), "%s",
	    asking->header->quorum);
	TRY(id_new(&ceremony->id, err));
	TRY(journal_head(session, &ceremony->size, &ceremony->root, err));
	TRY(ceremony_key_make(session->folder, &ceremony->id, &ceremony->key, err));
	TRY(ceremony_payload(ceremony, &payload, err));
	TRY(statement_new(STATEMENT_CEREMONY, session->chain.charter->training, payload,
	    ret_statement, err));
	return statement_sign_host(ret_statement, session->keys.statement, err);
}

static enum err_code
store_ceremony(struct session *session, const struct asking *asking,
    const struct ceremony *ceremony, const struct dsse *statement, struct err *err)
{
	struct ceremony_row row = {.id = ceremony->id,
	    .secret = ceremony->items.rows[0].secret,
	    .version = ceremony->items.rows[0].version,
	    .state = CEREMONY_COLLECTING,
	    .charter = ceremony->charter,
	    .created = ceremony->created,
	    .deadline = ceremony->deadline};
	LEAF leaf = leaf_new("request");

	snprintf(row.requester, sizeof(row.requester), "%s", asking->request.seat);
	TRY(session_keep(session, &asking->statement, STATEMENT_REQUEST, false, &row.request, err));
	TRY(session_keep(session, statement, STATEMENT_CEREMONY, false, &row.digest, err));
	TRY(store_add_ceremony(session->store, &row, err));
	leaf_bytes(&leaf, "ceremony", VIEW_OF(row.id.bytes));
	leaf_bytes(&leaf, "secret", VIEW_OF(row.secret.bytes));
	leaf_text(&leaf, "name", asking->secret.name);
	leaf_int(&leaf, "version", row.version);
	leaf_text(&leaf, "seat", row.requester);
	leaf_statement(&leaf, &row.request);
	leaf_statement(&leaf, &row.digest);
	return journal_add(session, &leaf, err);
}

static enum err_code
make_ceremony(struct session *session, struct asking *asking, struct ceremony *ceremony,
    struct dsse *ret_statement, struct err *err)
{
	CHANGE change = {0};

	TRY(change_begin(session, &change, err));
	TRY(journal_check_clock(session, err));
	TRY(check(session, asking, err));
	TRY(make_statement(session, asking, ceremony, ret_statement, err));
	TRY(store_ceremony(session, asking, ceremony, ret_statement, err));
	return change_commit(session, &change, err);
}

enum err_code
serve_request(struct session *session, struct call *call, struct err *err)
{
	CLEANUP(asking_done) struct asking asking = {0};
	DSSE statement = {0};
	CEREMONY ceremony = {0};
	struct ceremony_row row;

	in_statement(&call->in, "request", &asking.statement);
	TRY(json_in_end(&call->in));
	TRY(request_parse(&asking.statement, session->chain.charter->training, &asking.request,
	    err));
	if (make_ceremony(session, &asking, &ceremony, &statement, err) != ERR_OK) {
		struct err ignored;

		/* Without a row nobody needs the key; a failed erasure is left to the next session. */
		if (ceremony.created != 0 &&
		    store_get_ceremony(session->store, &ceremony.id, &row, &ignored) ==
		        ERR_NOT_FOUND)
			(void)!ceremony_key_erase(session->folder, &ceremony.id, &ignored);
		return err->code;
	}
	json_put_hex(call->reply, "id", VIEW_OF(ceremony.id.bytes));
	put_statement(call->reply, "ceremony", &statement);
	return ERR_OK;
}
