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

enum err_code
signers_check_two(const struct dsse *statement, const struct seat *seats, size_t count,
    const char *what, struct err *err)
{
	bool signed_by[CHARTER_SEATS];
	bool operator= false, officer = false;

	signers_mark(statement, seats, count, signed_by);
	for (size_t i = 0; i < count; i++) {
		unsigned first = signed_by[i] ? seats[i].roles : 0;

		operator= operator||(first &ROLE_OPERATOR) != 0;
		officer = officer || (first & ROLE_OFFICER) != 0;
		for (size_t j = 0; j < count && (first & ROLE_OPERATOR) != 0; j++)
			if (j != i && signed_by[j] && (seats[j].roles & ROLE_OFFICER) != 0)
				return ERR_OK;
	}
	if (operator&& officer)
		return err_set(err, ERR_WAITING,
		    "%s: one person signed as operator and officer; a second must sign", what);
	return err_set(err, ERR_WAITING, "%s: not signed yet by %s", what,
	                                                             operator? "an officer" :
	        officer                                                      ? "an operator" :
	                  "an operator and an officer");
}

enum err_code
signers_check_quorum(const struct dsse *statement, const struct quorum *quorum,
    const struct seat *seats, size_t count, const char *whose, struct err *err)
{
	BUF missing = {0};
	bool signed_by[CHARTER_SEATS], present[QUORUM_SEATS], all[QUORUM_SEATS];

	signers_mark(statement, seats, count, signed_by);
	for (unsigned i = 0; i < quorum->seat_count; i++) {
		const struct seat *seat = seat_by_name(seats, count, quorum->seats[i]);

		present[i] = seat != NULL && signed_by[seat - seats];
		all[i] = seat != NULL;
		if (!present[i] && all[i])
			buf_format(&missing, "%s%s", missing.size > 0 ? ", " : "",
			    quorum->seats[i]);
	}
	TRY(buf_check(&missing, err));
	if (quorum_met(quorum, present))
		return ERR_OK;
	int more = quorum_missing(quorum, present, all);

	if (more < 0)
		return err_set(err, ERR_REFUSED,
		    "%s can be met by nobody: too few of its seats are in the charter", whose);
	return err_set(err, ERR_WAITING, "%s needs %d more %s; not signed yet by %s", whose, more,
	    text_plural((uint64_t)more, "signature", "signatures"), buf_string(&missing));
}
