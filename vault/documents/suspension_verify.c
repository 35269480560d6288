/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/documents/suspension_verify.h"

#include <string.h>

#include "base/text.h"
#include "vault/documents/reach.h"

static enum err_code
find_signer(const struct suspension *suspension, const struct chain *chain,
    const struct seat_token **ret_token, struct err *err)
{
	const struct seat *seat = chain_seat(chain, suspension->seat);
	const struct seat_token *token =
	    chain_listed_token(chain, suspension->seat, &suspension->token);

	if (token == NULL)
		return err_set(err, ERR_REFUSED,
		    "the token that it names as its signer is not one of seat \"%s\"",
		    suspension->seat);
	if ((seat->roles & ROLE_OFFICER) == 0 && strcmp(suspension->seat, suspension->holder) != 0)
		return err_set(err, ERR_REFUSED,
		    "seat \"%s\" is no officer, and the token is not its own", suspension->seat);
	*ret_token = token;
	return ERR_OK;
}

/* The signature of somebody other than the one whom the statement names. */
static enum err_code
check_second(const struct dsse *statement, const struct dsse_signature *signature,
    const struct suspension *suspension, const struct charter *charter, struct err *err)
{
	struct digest id;
	const struct seat_token *token = NULL;
	const struct seat *seat = NULL;

	if (text_from_hex(signature->keyid, id.bytes, DIGEST_SIZE))
		seat = seat_by_token(charter->seats, charter->seat_count, &id, &token);
	if (seat == NULL)
		return err_set(err, ERR_REFUSED,
		    "signed with an unknown key, %.16s: no token of a seat has it",
		    signature->keyid);
	if ((seat->roles & ROLE_OFFICER) == 0 || strcmp(seat->name, suspension->seat) == 0)
		return err_set(err, ERR_REFUSED,
		    "seat \"%s\" cannot be its second signer: that is another officer", seat->name);
	if (signature_verify(statement, signature, token->signs, &token->keys[KEY_SIGN], err) !=
	    ERR_OK)
		return err_add(err, "seat \"%s\"", seat->name);
	return ERR_OK;
}

static enum err_code
check_place(const struct suspension *suspension, const struct chain *chain, struct err *err)
{
	if (!digest_equal(&suspension->vault, &chain->vault))
		return err_set(err, ERR_REFUSED, "vault: it is for another vault");
	if (!digest_equal(&suspension->charter, &chain->charter->digest))
		return err_set(err, ERR_REFUSED, "charter: it is not of the charter in force");
	if (!digest_equal(&suspension->roster, &chain->roster->digest))
		return err_set(err, ERR_REFUSED, "roster: it is not of the roster in force");
	return ERR_OK;
}

static enum err_code
check_signatures(const struct dsse *statement, const struct suspension *suspension,
    const struct chain *chain, struct err *err)
{
	const struct seat_token *token = NULL;
	char keyid[2 * DIGEST_SIZE + 1];

	TRY(find_signer(suspension, chain, &token, err));
	TRY(seat_token_verify(statement, token, err));
	text_hex(VIEW_OF(suspension->token.bytes), keyid);
	for (size_t i = 0; i < statement->count; i++) {
		if (strcmp(statement->signatures[i].keyid, keyid) == 0)
			continue;
		TRY(check_second(statement, &statement->signatures[i], suspension, chain->charter,
		    err));
	}
	return ERR_OK;
}

enum err_code
suspension_verify(const struct dsse *statement, const struct suspension *suspension,
    const struct chain *chain, struct suspensions *ret_after, struct err *err)
{
	const struct charter *charter = chain->charter;
	const struct seat_token *token =
	    chain_listed_token(chain, suspension->holder, &suspension->suspended);
	struct suspension bound = *suspension;
	SUSPENSIONS after = {0};

	TRY(check_place(suspension, chain, err));
	if (token == NULL)
		return err_set(err, ERR_NOT_FOUND,
		    "neither charter nor roster has that token of seat \"%s\"", suspension->holder);
	TRY(check_signatures(statement, suspension, chain, err));
	bound.bound = *token;
	const struct charter_waiver *waiver = charter_waiver(charter, &token->id);
	if (waiver != NULL && (waiver->waives & WAIVE_ATTESTATION) != 0)
		bound.bound.serial = 0;
	TRY(suspensions_copy(&chain->suspensions, &after, err));
	TRY(suspensions_add(&after, statement, &bound, err));
	TRY(suspensions_extend(&after, charter->seats, charter->seat_count, err));
	TRY(suspensions_extend(&after, chain->roster->seats, chain->roster->seat_count, err));
	if (!reach_signers(charter, &after, &charter->change))
		return err_set(err, ERR_REFUSED,
		    "with this token suspended nobody could change the charter any more (%.300s), so "
		    "nothing could ever end the suspension; propose a charter without its seat, or with "
		    "another token for it, instead",
		    charter->change_text);
	*ret_after = after;
	after = (struct suspensions){0};
	return ERR_OK;
}
