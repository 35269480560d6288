/* SPDX-License-Identifier: Apache-2.0 */
/* May a suspension follow what is in force, and is it signed by those who may? */
#ifndef VAULT_DOCUMENTS_SUSPENSION_VERIFY_H
#define VAULT_DOCUMENTS_SUSPENSION_VERIFY_H

#include "vault/documents/chain.h"

/* Vault, charter, who may sign, and every signature.  ERR_REFUSED: may not; ERR_INTEGRITY: a wrong
 * signature.  Whether a suspended token signed it, and whether its token is suspended, is
 * suspensions_add's. */
enum err_code suspension_verify(const struct dsse *statement, const struct suspension *suspension,
    const struct chain *chain, struct err *err) MUST_CHECK;

#endif
