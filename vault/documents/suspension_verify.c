/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/documents/suspension_verify.h"

#include <string.h>

#include "base/text.h"

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

enum err_code
suspension_verify(const struct dsse *statement, const struct suspension *suspension,
    const struct chain *chain, struct err *err)
{
	const struct charter *charter = chain->charter;
	const struct seat_token *token = NULL;
	char keyid[2 * DIGEST_SIZE + 1];

	if (!digest_equal(&suspension->vault, &chain->vault))
		return err_set(err, ERR_REFUSED, "vault: it is for another vault");
	if (!digest_equal(&suspension->charter, &charter->digest))
		return err_set(err, ERR_REFUSED, "charter: it is not of the charter in force");
	TRY(find_signer(suspension, chain, &token, err));
	TRY(seat_token_verify(statement, token, err));
	text_hex(VIEW_OF(suspension->token.bytes), keyid);
	for (size_t i = 0; i < statement->count; i++) {
		if (strcmp(statement->signatures[i].keyid, keyid) == 0)
			continue;
		TRY(check_second(statement, &statement->signatures[i], suspension, charter, err));
	}
	return ERR_OK;
}
