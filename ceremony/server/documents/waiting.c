/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A draft is a statement like any other, named by its digest in a text of the store; collecting a
 * signature replaces its envelope, never its payload.
 */
#include "ceremony/server/documents/waiting.h"

#include <string.h>

#include "base/text.h"
#include "ceremony/protocol/enrolment.h"
#include "ceremony/protocol/enrolment_verify.h"
#include "ceremony/protocol/message.h"
#include "vault/store/statement.h"

static const char *const draft_names[] = {"draft", "roster-draft", "suspension-draft"};
static const enum statement_type draft_types[] = {STATEMENT_CHARTER, STATEMENT_ROSTER,
    STATEMENT_SUSPEND};

enum err_code
draft_load(struct session *session, enum draft_kind kind, struct dsse *ret_statement,
    struct err *err)
{
	BUF text = {0};
	struct digest digest;

	TRY(store_get_text(session->store, draft_names[kind], &text, err));
	if (!text_from_hex(buf_string(&text), digest.bytes, DIGEST_SIZE))
		return err_set(err, ERR_INTEGRITY, "the stored draft of a %s is damaged",
		    statement_names[draft_types[kind]]);
	return session_statement(session, &digest, statement_names[draft_types[kind]],
	    ret_statement, err);
}

enum err_code
draft_keep(struct session *session, enum draft_kind kind, const struct dsse *statement,
    struct digest *ret_digest, struct err *err)
{
	char hex[2 * DIGEST_SIZE + 1];

	TRY(session_keep(session, statement, draft_types[kind], true, ret_digest, err));
	text_hex(VIEW_OF(ret_digest->bytes), hex);
	return store_set_text(session->store, draft_names[kind], hex, err);
}

enum err_code
draft_drop(struct session *session, enum draft_kind kind, struct err *err)
{
	return store_set_text(session->store, draft_names[kind], NULL, err);
}

enum err_code
draft_put_enrolments(struct session *session, struct json *object, const struct seat *seats,
    size_t count, struct err *err)
{
	JSON *array = json_new_array();

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < seats[i].token_count; j++) {
			DSSE statement = {0};

			TRY(session_statement(session, &seats[i].tokens[j].enrolment, "enrolment",
			    &statement, err));
			add_statement(array, &statement);
		}
	json_put(object, "enrolments", TAKE(array));
	return ERR_OK;
}

enum { GIVEN_MAX = DRAFT_ENROLMENTS };

static enum err_code
given_statement(const struct json *given, size_t index, struct dsse *ret_statement, struct err *err)
{
	const char *text = json_array_text(given, index);

	if (text == NULL || dsse_parse(view_of_text(text), ret_statement, err) != ERR_OK)
		return err_set(err, ERR_INVALID, "enrolments[%zu] is no statement", index);
	return ERR_OK;
}

/* The statement in GIVEN with DIGEST; ERR_NOT_FOUND. */
static enum err_code
find_given(const struct json *given, const struct digest *digest, bool *used,
    struct dsse *ret_statement, struct err *err)
{
	for (size_t i = 0; i < json_array_count(given); i++) {
		DSSE statement = {0};
		struct digest computed;

		TRY(given_statement(given, i, &statement, err));
		TRY(dsse_digest(&statement, &computed, err));
		if (!digest_equal(&computed, digest))
			continue;
		used[i] = true;
		*ret_statement = statement;
		statement.payload = (struct buf){0};
		return ERR_OK;
	}
	return err_set(err, ERR_NOT_FOUND, "its enrolment was not handed in");
}

struct enrolling {
	struct session *session;
	const struct json *given;
	bool *used;
	const struct charter *charter;
	struct leaf *leaf;
};

static enum err_code
enrol_token(const struct enrolling *enrolling, const struct seat *seat,
    const struct seat_token *token, struct err *err)
{
	DSSE statement = {0};
	ENROLMENT enrolment = {0};
	struct attest_policy policy;
	struct digest digest;
	enum err_code code =
	    find_given(enrolling->given, &token->enrolment, enrolling->used, &statement, err);

	if (code == ERR_NOT_FOUND) {
		BUF text = {0};

		if (store_get_statement(enrolling->session->store, &token->enrolment, &text, err) ==
		    ERR_NOT_FOUND)
			return err_set(err, ERR_INVALID, "hand in the enrolment file of token %u",
			    token->serial);
		code = session_statement(enrolling->session, &token->enrolment, "enrolment",
		    &statement, err);
	}
	if (code != ERR_OK)
		return code;
	attest_policy_of(enrolling->charter, &token->id, &policy);
	TRY(enrolment_parse(&statement, enrolling->charter->training, &enrolment, err));
	TRY(enrolment_verify(&statement, &enrolment, &enrolling->charter->init, &policy, err));
	TRY(enrolment_matches(&enrolment, seat, token, err));
	/* A draft that collects signatures comes with the same ones each time. */
	if (session_keep(enrolling->session, &statement, STATEMENT_ENROLMENT, false, &digest,
	        err) != ERR_OK &&
	    err->code != ERR_EXISTS)
		return err->code;
	leaf_statement(enrolling->leaf, &token->enrolment);
	return ERR_OK;
}

/* Was this very token with these very keys accepted for the seat before? */
static bool
is_known(const struct seat *seat, const struct seat_token *token, const struct seat *known,
    size_t count)
{
	const struct seat_token *found;
	const struct seat *holder = seat_by_token(known, count, &token->id, &found);

	if (holder == NULL || strcmp(holder->name, seat->name) != 0 ||
	    !digest_equal(&found->enrolment, &token->enrolment) || found->serial != token->serial)
		return false;
	for (int i = 0; i < KEY_COUNT; i++)
		if (token->has[i] &&
		    (!found->has[i] || !point_equal(&token->keys[i], &found->keys[i])))
			return false;
	return true;
}

enum err_code
draft_enrolments(struct session *session, const struct json *given, const struct seat *seats,
    size_t count, const struct seat *known, size_t known_count, const struct charter *charter,
    struct leaf *leaf, struct err *err)
{
	bool used[GIVEN_MAX] = {false};
	struct enrolling enrolling = {session, given, used, charter, leaf};

	if (json_array_count(given) > GIVEN_MAX)
		return err_set(err, ERR_INVALID, "enrolments: more than %d", (int)GIVEN_MAX);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < seats[i].token_count; j++) {
			const struct seat_token *token = &seats[i].tokens[j];

			if (!is_known(&seats[i], token, known, known_count) &&
			    enrol_token(&enrolling, &seats[i], token, err) != ERR_OK)
				return err_add(err, "seat \"%s\"", seats[i].name);
		}
	for (size_t i = 0; i < json_array_count(given); i++) {
		DSSE statement = {0};
		struct digest digest;
		BUF text = {0};

		if (used[i])
			continue;
		TRY(given_statement(given, i, &statement, err));
		TRY(dsse_digest(&statement, &digest, err));
		/* One that is known already may be handed in again. */
		if (store_get_statement(session->store, &digest, &text, err) != ERR_OK)
			return err_set(err, ERR_INVALID,
			    "enrolments[%zu] is of a token that does not stand in the document", i);
	}
	return ERR_OK;
}

enum err_code
draft_sign(struct call *call, struct dsse *draft, const struct seat *a, size_t a_count,
    const struct seat *b, size_t b_count, const struct seat **ret_seat, struct err *err)
{
	struct digest digest, present, token;
	const struct seat_token *found = NULL;
	const struct seat *seat;
	BUF sig = {0};
	BUF authdata = {0};
	char hex[2 * DIGEST_SIZE + 1];

	json_in_hex(&call->in, "digest", digest.bytes, DIGEST_SIZE);
	json_in_hex(&call->in, "keyid", token.bytes, DIGEST_SIZE);
	json_in_base64(&call->in, "sig", &sig, DSSE_SIG_MAX);
	if (json_in_has(&call->in, "authData"))
		json_in_base64(&call->in, "authData", &authdata, ASSERTION_DATA_MAX);
	TRY(json_in_end(&call->in));
	TRY(dsse_digest(draft, &present, err));
	if (!digest_equal(&digest, &present))
		return err_set(err, ERR_REFUSED,
		    "the draft was replaced since it was shown; look at the new one and sign that");
	seat = seat_by_token(a, a_count, &token, &found);
	if (seat == NULL)
		seat = seat_by_token(b, b_count, &token, &found);
	if (seat == NULL)
		return err_set(err, ERR_REFUSED, "this token has no seat in the draft");
	text_hex(VIEW_OF(token.bytes), hex);
	if (dsse_find(draft, hex) != NULL)
		return err_set(err, ERR_EXISTS, "seat \"%s\" has signed it with this token already",
		    seat->name);
	TRY(dsse_add(draft, hex, buf_view(&sig), buf_view(&authdata), err));
	if (seat_token_verify(draft, found, err) != ERR_OK)
		return err_add(err, "seat \"%s\"", seat->name);
	*ret_seat = seat;
	return ERR_OK;
}
