/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/documents/roster_verify.h"

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

/* An operator and another seat that is an officer; a seat with both roles can be either. */
static enum err_code
check_signers(const struct dsse *statement, const struct charter *charter, struct err *err)
{
	bool signed_by[CHARTER_SEATS];
	bool operator= false, officer = false;
	signers_mark(statement, charter->seats, charter->seat_count, signed_by);
	for (size_t i = 0; i < charter->seat_count; i++) {
		unsigned first = signed_by[i] ? charter->seats[i].roles : 0;
		operator= operator||(first &ROLE_OPERATOR) != 0;
		officer = officer || (first & ROLE_OFFICER) != 0;
		for (size_t j = 0; j < charter->seat_count && (first & ROLE_OPERATOR) != 0; j++)
			if (j != i && signed_by[j] && (charter->seats[j].roles & ROLE_OFFICER) != 0)
				return ERR_OK;
	}
	if (operator&& officer)
		return err_set(err, ERR_WAITING,
		    "roster: one person signed as operator and officer; a second must sign");
	return err_set(err, ERR_WAITING, "roster: not signed yet by %s",
	                                 operator? "an officer" :
	        officer                          ? "an operator" :
	                                           "an operator and an officer");
}

enum err_code
roster_verify(const struct dsse *statement, const struct roster *roster, const struct chain *chain,
    struct err *err)
{
	const struct charter *charter = chain->charter;

	TRY(signers_check_digest(statement, &roster->digest, "roster", err));
	if (!digest_equal(&roster->vault, &chain->vault))
		return err_set(err, ERR_INTEGRITY, "roster: vault: belongs to another vault");
	if (!digest_equal(&roster->charter, &charter->digest))
		return err_set(err, ERR_INTEGRITY, "roster: charter: names another than charter %u",
		    charter->version);
	TRY(check_step(roster, chain->roster, err));
	if (signers_verify(statement, charter->seats, charter->seat_count, NULL, 0, err) != ERR_OK)
		return err_add(err, "roster");
	if (chain_check_signers(chain, statement, err) != ERR_OK)
		return err_add(err, "roster");
	return check_signers(statement, charter, err);
}
