/* SPDX-License-Identifier: Apache-2.0 */
/* May a roster follow what is in force, and is it signed by those who must? */
#ifndef VAULT_DOCUMENTS_ROSTER_VERIFY_H
#define VAULT_DOCUMENTS_ROSTER_VERIFY_H

#include "vault/documents/chain.h"

/* Signatures of STATEMENT, from which ROSTER was parsed, and the step from CHAIN: its vault and charter,
 * the next version, the roster in force as previous.  ERR_WAITING says who is missing; ERR_REFUSED: signed
 * by a token that is unknown or suspended; ERR_INTEGRITY: a wrong signature, or another chain. */
enum err_code roster_verify(const struct dsse *statement, const struct roster *roster,
    const struct chain *chain, struct err *err) MUST_CHECK;

#endif
