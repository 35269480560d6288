/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/documents/enrolments.h"

#include <string.h>

#include "ceremony/protocol/enrolment.h"
#include "ceremony/protocol/enrolment_verify.h"
#include "ceremony/server/vault/alarm.h"
#include "vault/store/statement.h"

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
		*ret_statement = TAKE(statement);
		return ERR_OK;
	}
	return err_set(err, ERR_NOT_FOUND, "its enrolment was not handed in");
}

struct enrolling {
	struct session *session;
	const struct json *given;
	bool *used;
	const struct charter *charter;
};

static enum err_code
enrol_token(const struct enrolling *enrolling, const struct seat *seat,
    const struct seat_token *token, struct err *err)
{
	DSSE statement = {0};
	ENROLMENT enrolment = {0};
	struct attest_policy policy;
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
	TRY(alarm_of_client(enrolling->session,
	    enrolment_verify(&statement, &enrolment, &enrolling->charter->init, &policy, err)));
	TRY(alarm_of_client(enrolling->session, enrolment_matches(&enrolment, seat, token, err)));
	if (!chain_accepted(&enrolling->session->chain, &token->enrolment))
		TRY(enrolment_check_time(&enrolment, session_now(enrolling->session), err));
	return ERR_OK;
}

/* Was all that it says accepted before? */
static bool
is_known(const struct seat *seat, const struct seat_token *token, const struct seat *known,
    size_t count)
{
	const struct seat *before = seat_by_name(known, count, seat->name);

	return before != NULL && seat_same_token(before, seat, token);
}

enum err_code
enrolments_keep(struct session *session, const struct json *given, struct leaf *leaf,
    struct err *err)
{
	for (size_t i = 0; i < json_array_count(given); i++) {
		DSSE statement = {0};
		struct digest digest;

		TRY(given_statement(given, i, &statement, err));
		/* Drafts that wait side by side come with the same ones. */
		if (session_keep(session, &statement, STATEMENT_ENROLMENT, false, &digest, err) !=
		        ERR_OK &&
		    err->code != ERR_EXISTS)
			return err->code;
		TRY(dsse_digest(&statement, &digest, err));
		leaf_statement(leaf, &digest);
	}
	return ERR_OK;
}

enum err_code
enrolments_check(struct session *session, const struct json *given, const struct seat *seats,
    size_t count, const struct seat *known, size_t known_count, const struct charter *charter,
    struct err *err)
{
	bool used[ENROLMENTS_GIVEN_MAX] = {false};
	struct enrolling enrolling = {session, given, used, charter};

	if (json_array_count(given) > ENROLMENTS_GIVEN_MAX)
		return err_set(err, ERR_INVALID, "enrolments: more than %d",
		    (int)ENROLMENTS_GIVEN_MAX);
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
