/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/documents/chain.h"

#include <stdlib.h>
#include <string.h>

#include "vault/documents/definition_verify.h"

void
chain_done(struct chain *chain)
{
	for (size_t i = 0; i < chain->charter_count; i++)
		charter_freep(&chain->charters[i]);
	free(chain->charters);
	roster_freep(&chain->roster);
	suspensions_done(&chain->suspensions);
	for (size_t i = 0; i < chain->document_count; i++)
		free(chain->documents[i].by);
	free(chain->documents);
	free(chain->people);
	free(chain->stays);
	free(chain->enrolments);
	free(chain->leavers);
	*chain = (struct chain){0};
}

/* The last document of TYPE, or that at POSITION among them. */
static const struct chain_document *
document_of(const struct chain *chain, enum statement_type type, size_t position)
{
	const struct chain_document *found = NULL;

	for (size_t i = 0, seen = 0; i < chain->document_count && seen <= position; i++)
		if (chain->documents[i].type == type) {
			found = &chain->documents[i];
			seen++;
		}
	return found;
}

/* The statement of DOCUMENT, whose signatures were verified when it was folded. */
static enum err_code
fetch(const struct chain *chain, const struct chain_document *document, struct dsse *ret_statement,
    struct err *err)
{
	struct digest digest;

	if (chain->fetch == NULL)
		return err_set(err, ERR_INTERNAL, "nobody has the documents of this chain");
	if (chain->fetch(chain->context, &document->digest, ret_statement, err) != ERR_OK)
		return err_add(err, "document %zu (a charter, roster or suspension)",
		    (size_t)(document - chain->documents) + 1);
	TRY(dsse_digest(ret_statement, &digest, err));
	if (!digest_equal(&digest, &document->digest))
		return err_set(err, ERR_INTEGRITY,
		    "another document is shown than that which is in force");
	return ERR_OK;
}

enum err_code
chain_charter(const struct chain *chain, size_t position, const struct charter **ret_charter,
    struct err *err)
{
	struct charter **place = &chain->charters[position];
	DSSE statement = {0};

	if (*place == NULL) {
		TRY(fetch(chain, document_of(chain, STATEMENT_CHARTER, position), &statement, err));
		TRY(charter_parse(&statement, place, err));
	}
	*ret_charter = *place;
	return ERR_OK;
}

enum err_code
chain_refuse_vault(struct err *err)
{
	return err_set(err, ERR_INTEGRITY,
	    "the vault id names another first charter: another vault stands at this place, or "
	    "somebody lies");
}

enum err_code
chain_read_roster(struct chain *chain, struct err *err)
{
	const struct chain_document *document = document_of(chain, STATEMENT_ROSTER, SIZE_MAX);
	DSSE statement = {0};

	if (document == NULL)
		return roster_new(&chain->roster, err);
	TRY(fetch(chain, document, &statement, err));
	return roster_parse(&statement, chain->charter, &chain->roster, err);
}

enum err_code
chain_digest(const struct chain *chain, size_t count, struct digest *ret_digest, struct err *err)
{
	BUF bytes = {0};

	for (size_t i = 0; i < count; i++)
		buf_bytes(&bytes, VIEW_OF(chain->documents[i].digest.bytes));
	TRY(buf_check(&bytes, err));
	return sha256_one(buf_view(&bytes), ret_digest, err);
}

const struct chain_document *
chain_admission(const struct chain *chain, const char *name, const struct digest *token)
{
	const struct seat *seat = seat_by_name(chain->people, chain->people_count, name);
	const struct chain_stay *stay;

	if (seat == NULL)
		return NULL;
	stay = &chain->stays[seat - chain->people];
	if (token == NULL)
		return &chain->documents[stay->seat];
	for (size_t i = 0; i < seat->token_count; i++)
		if (digest_equal(&seat->tokens[i].id, token))
			return &chain->documents[stay->tokens[i]];
	return NULL;
}

bool
chain_accepted(const struct chain *chain, const struct digest *enrolment)
{
	for (size_t i = 0; i < chain->enrolment_count; i++)
		if (digest_equal(&chain->enrolments[i], enrolment))
			return true;
	return false;
}

/* Those by which FORMER, which did not leave, has its tokens stay; NULL: nobody stays. */
static enum err_code
check_enrolments(const struct chain *chain, const struct seat *seat, const struct seat *former,
    struct err *err)
{
	for (size_t i = 0; i < seat->token_count; i++) {
		const struct digest *enrolment = &seat->tokens[i].enrolment;

		if ((former == NULL || seat_by_enrolment(former, enrolment) == NULL) &&
		    chain_accepted(chain, enrolment))
			return err_set(err, ERR_REFUSED,
			    "seat \"%s\", token \"%s\": its enrolment was accepted before, and is "
			    "accepted once; enroll the token again",
			    seat->name, seat->tokens[i].label);
	}
	return ERR_OK;
}

enum err_code
chain_check_people(const struct chain *chain, const struct seat *seats, size_t count,
    struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct seat *former =
		    seat_by_name(chain->people, chain->people_count, seats[i].name);
		bool stays = former != NULL && chain->stays[former - chain->people].present;

		if (former != NULL && strcmp(former->person, seats[i].person) != 0)
			return err_set(err, ERR_REFUSED,
			    "seat \"%s\" is that of %s: its name is never used for another person; "
			    "give %s another one",
			    seats[i].name, former->person, seats[i].person);
		TRY(check_enrolments(chain, &seats[i], stays ? former : NULL, err));
	}
	return ERR_OK;
}

const struct seat *
chain_seat(const struct chain *chain, const char *name)
{
	const struct seat *seat =
	    seat_by_name(chain->charter->seats, chain->charter->seat_count, name);

	return seat != NULL ? seat :
	                      seat_by_name(chain->roster->seats, chain->roster->seat_count, name);
}

const struct seat_token *
chain_token(const struct chain *chain, const char *name, const struct digest *token)
{
	if (suspensions_find(&chain->suspensions, token) != NULL)
		return NULL;
	return chain_listed_token(chain, name, token);
}

static enum err_code
refuse_suspended(const struct suspension *suspension, struct err *err)
{
	BUF text = {0};

	suspension_text(suspension, &text);
	return err_set(err, ERR_REFUSED,
	    "a token of seat \"%s\" was %s; use another token, or have a new charter restore it",
	    suspension->holder, text.size > 0 ? buf_string(&text) : "suspended");
}

enum err_code
chain_refuse_token(const struct chain *chain, const char *name, const struct digest *token,
    struct err *err)
{
	const struct suspension *suspension = suspensions_find(&chain->suspensions, token);

	if (suspension != NULL && chain_listed_token(chain, name, token) != NULL)
		return refuse_suspended(suspension, err);
	return err_set(err, ERR_REFUSED, "it is no active token of seat \"%s\"", name);
}

enum err_code
chain_check_room(uint64_t documents, uint64_t bytes, struct err *err)
{
	if (documents <= CHAIN_DOCUMENTS_MAX && bytes <= CHAIN_TEXT_MAX)
		return ERR_OK;
	return err_set(err, ERR_REFUSED,
	    "with it the vault would have %llu charters, rosters and suspensions of %llu KiB; the most are "
	    "%d of %d KiB: found a new vault, and move the secrets there",
	    (unsigned long long)documents, (unsigned long long)(bytes / 1024),
	    (int)CHAIN_DOCUMENTS_MAX, (int)CHAIN_TEXT_MAX / 1024);
}

enum err_code
chain_check_signers(const struct chain *chain, const struct dsse *statement, struct err *err)
{
	const struct suspension *suspension = suspensions_signer(&chain->suspensions, statement);

	return suspension == NULL ? ERR_OK : refuse_suspended(suspension, err);
}

const struct seat_token *
chain_listed_token(const struct chain *chain, const char *name, const struct digest *token)
{
	const struct seat *seat = chain_seat(chain, name);

	for (size_t i = 0; seat != NULL && i < seat->token_count; i++)
		if (digest_equal(&seat->tokens[i].id, token))
			return &seat->tokens[i];
	return NULL;
}

enum err_code
chain_verify_definitions(const struct chain *chain, const struct dsse *statement,
    const struct definitions *definitions, struct err *err)
{
	enum err_code code = ERR_REFUSED;

	for (size_t i = chain->charter_count; code != ERR_OK && i > 0; i--) {
		const struct charter *charter;

		TRY(chain_charter(chain, i - 1, &charter, err));
		code = definitions_verify(statement, definitions, charter, &chain->vault, err);
	}
	if (code != ERR_OK)
		code =
		    definitions_verify(statement, definitions, chain->charter, &chain->vault, err);
	if (code == ERR_WAITING) /* it was whole when it was accepted */
		code = err->code = ERR_INTEGRITY;
	return code;
}
