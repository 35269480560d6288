/* SPDX-License-Identifier: Apache-2.0 */
/* Who must have signed a charter. */
#ifndef VAULT_DOCUMENTS_CHARTER_VERIFY_H
#define VAULT_DOCUMENTS_CHARTER_VERIFY_H

#include "vault/documents/suspension.h"

/* Are the signatures of STATEMENT, from which CHARTER was parsed, complete for charter 1 (PREVIOUS is
 * NULL) / for the step from PREVIOUS, which was verified before?  SUSPENDED (may be NULL): what was in force
 * before it; that no such token signed is the caller's to check.  ERR_WAITING names the seats still missing;
 * every signature present must be valid and of a known token (of either charter): ERR_REFUSED and
 * ERR_INTEGRITY name the keyid or the seat.  ERR_INTEGRITY too when CHARTER does not follow
 * PREVIOUS. */
enum err_code charter_verify(const struct dsse *statement, const struct charter *charter,
    const struct charter *previous, const struct suspensions *suspended,
    struct err *err) MUST_CHECK;
/* Does the change quorum of OF, with its own seats and keys, stand under STATEMENT, whose signatures were
 * verified?  ERR_WAITING says how many are missing. */
enum err_code charter_check_change(const struct dsse *statement, const struct charter *of,
    struct err *err) MUST_CHECK;

#endif
