/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/documents/roster_verify.h"

#include "vault/documents/charter_verify.h"
#include "vault/documents/signers.h"

static enum err_code
check_step(const struct roster *roster, const struct roster *previous, struct err *err)
{
	uint32_t before = previous->version;

	if (roster->version == 0 || roster->version - 1 != before)
		return err_set(err, ERR_INTEGRITY, "roster: version: %u does not follow %u",
		    roster->version, before);
	if (before > 0 && !digest_equal(&roster->previous, &previous->digest))
		return err_set(err, ERR_INTEGRITY, "roster: previous: names another roster %u",
		    before);
	return ERR_OK;
}

static bool
had_token(const struct seat *former, const struct seat_token *token)
{
	for (size_t i = 0; i < former->token_count; i++) {
		const struct seat_token *own = &former->tokens[i];
		bool same = digest_equal(&own->enrolment, &token->enrolment) &&
		    digest_equal(&own->id, &token->id);

		for (int k = 0; k < KEY_COUNT; k++)
			same = same && own->has[k] == token->has[k] &&
			    (!own->has[k] || point_equal(&own->keys[k], &token->keys[k]));
		if (same)
			return true;
	}
	return false;
}

enum err_code
roster_owners(const struct roster *roster, const struct chain *chain, struct seat **ret_owners,
    size_t *ret_count, struct err *err)
{
	struct seat *owners = calloc(roster->seat_count + 1, sizeof(*owners));
	size_t count = 0;

	if (owners == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a roster");
	for (size_t i = 0; i < roster->seat_count; i++) {
		const struct seat *seat = &roster->seats[i];
		const struct seat *former =
		    seat_by_name(chain->people, chain->people_count, seat->name);
		bool another = false;

		for (size_t t = 0; former != NULL && t < seat->token_count; t++)
			another = another || !had_token(former, &seat->tokens[t]);
		if (another)
			owners[count++] = *former;
	}
	*ret_owners = owners;
	*ret_count = count;
	return ERR_OK;
}

/* Each of OWNERS signed, or the charter's change quorum did. */
static enum err_code
check_owners(const struct dsse *statement, const struct seat *owners, size_t count,
    const struct charter *charter, struct err *err)
{
	struct err missing;

	for (size_t i = 0; i < count; i++) {
		bool has_signed;

		signers_mark(statement, &owners[i], 1, &has_signed);
		if (!has_signed && charter_check_change(statement, charter, &missing) != ERR_OK)
			return err_set(err, ERR_WAITING,
			    "roster: seat \"%s\" gets another token: not signed yet by one of its own that "
			    "is not suspended, nor by the charter's change quorum (%.300s)",
			    owners[i].name, charter->change_text);
	}
	return ERR_OK;
}

enum err_code
roster_verify(const struct dsse *statement, const struct roster *roster, const struct chain *chain,
    struct err *err)
{
	const struct charter *charter = chain->charter;
	CLEANUP(seats_freep) struct seat *owners = NULL;
	size_t count;

	TRY(signers_check_digest(statement, &roster->digest, "roster", err));
	if (!digest_equal(&roster->vault, &chain->vault))
		return err_set(err, ERR_INTEGRITY, "roster: vault: belongs to another vault");
	if (!digest_equal(&roster->charter, &charter->digest))
		return err_set(err, ERR_INTEGRITY, "roster: charter: names another than charter %u",
		    charter->version);
	TRY(check_step(roster, chain->roster, err));
	if (chain_check_people(chain, roster->seats, roster->seat_count, err) != ERR_OK)
		return err_add(err, "roster");
	TRY(roster_owners(roster, chain, &owners, &count, err));
	if (signers_verify(statement, charter->seats, charter->seat_count, owners, count, err) !=
	        ERR_OK ||
	    chain_check_signers(chain, statement, err) != ERR_OK)
		return err_add(err, "roster");
	TRY(signers_check_two(statement, charter->seats, charter->seat_count, "roster", err));
	return check_owners(statement, owners, count, charter, err);
}
