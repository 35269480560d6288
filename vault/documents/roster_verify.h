/* SPDX-License-Identifier: Apache-2.0 */
/* May a roster follow what is in force, and is it signed by those who must? */
#ifndef VAULT_DOCUMENTS_ROSTER_VERIFY_H
#define VAULT_DOCUMENTS_ROSTER_VERIFY_H

#include "vault/documents/chain.h"

/* Signatures of STATEMENT, from which ROSTER was parsed, and the step from CHAIN: its vault and charter,
 * the next version, the roster in force as previous.  A seat that ever had a token gets another only under
 * the signature of one of its last, or of the charter's change quorum.  ERR_WAITING says who is missing;
 * ERR_REFUSED: signed by a token that is unknown or suspended, or a name is used for another person;
 * ERR_INTEGRITY: a wrong signature, or another chain. */
enum err_code roster_verify(const struct dsse *statement, const struct roster *roster,
    const struct chain *chain, struct err *err) MUST_CHECK;
/* The seats that get another token by ROSTER, with the tokens that they had last; the caller frees. */
enum err_code roster_owners(const struct roster *roster, const struct chain *chain,
    struct seat **ret_owners, size_t *ret_count, struct err *err) MUST_CHECK;
DESTRUCTOR(seats_freep, struct seat, free)

#endif
