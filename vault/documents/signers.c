/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signature that nobody can place is refused, not skipped: it would change the bytes that are
 * stored and shown without changing what they prove.
 */
#include "vault/documents/signers.h"

#include "base/text.h"

static const struct seat *
find_signer(const char *keyid, const struct seat *seats, size_t count,
    const struct seat_token **ret_token)
{
	struct digest id;
	if (!text_from_hex(keyid, id.bytes, DIGEST_SIZE))
		return NULL;
	return seat_by_token(seats, count, &id, ret_token);
}

const struct seat *
signer_of(const char *keyid, const struct seat *seats, size_t count)
{
	const struct seat_token *token;
	return find_signer(keyid, seats, count, &token);
}

enum err_code
signers_check_digest(const struct dsse *statement, const struct digest *digest, const char *what,
    struct err *err)
{
	struct digest actual;
	TRY(dsse_digest(statement, &actual, err));
	if (!digest_equal(&actual, digest))
		return err_set(err, ERR_INTEGRITY, "%s: the statement has another digest", what);
	return ERR_OK;
}

enum err_code
signers_verify(const struct dsse *statement, const struct seat *a, size_t a_count,
    const struct seat *b, size_t b_count, struct err *err)
{
	for (size_t i = 0; i < statement->count; i++) {
		const char *keyid = statement->signatures[i].keyid;
		const struct seat_token *token = NULL;
		const struct seat *seat = find_signer(keyid, a, a_count, &token);
		if (seat == NULL)
			seat = find_signer(keyid, b, b_count, &token);
		if (seat == NULL)
			return err_set(err, ERR_REFUSED,
			    "signed with an unknown key, %.16s: no token of a seat has it", keyid);
		if (dsse_find(statement, keyid) != &statement->signatures[i])
			return err_set(err, ERR_INVALID, "token serial %u of %s signed twice",
			    token->serial, seat->name);
		if (seat_token_verify(statement, token, err) != ERR_OK)
			return err_add(err, "%s, token serial %u", seat->name, token->serial);
	}
	return ERR_OK;
}

void
signers_mark(const struct dsse *statement, const struct seat *seats, size_t count, bool *ret_signed)
{
	for (size_t i = 0; i < count; i++)
		ret_signed[i] = false;
	for (size_t i = 0; i < statement->count; i++) {
		const struct seat_token *token;
		const struct seat *seat =
		    find_signer(statement->signatures[i].keyid, seats, count, &token);
		if (seat != NULL)
			ret_signed[seat - seats] = true;
	}
}
