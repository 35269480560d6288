/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who must have signed definitions of secrets.  The first of a secret: two people, an operator and another officer.  A
 * change: the quorum of the policy that protects it, and that of every header of it that is not retired, so that whoever
 * could not open the secret cannot make it open to others, nor send its value elsewhere.  Where the charter has that
 * policy no more, the quorum that changes the charter stands for it.  Of a header's quorum of which too few seats are left in
 * the charter, all who are left sign; where nobody is, the quorum of its policy is enough.
 *
 * That a change names the right definition, policy and headers is asked of what is stored, when it is accepted and by
 * each who signs (definition_follows); whoever reads it later is shown the definitions before it.
 */
#ifndef VAULT_DOCUMENTS_DEFINITION_VERIFY_H
#define VAULT_DOCUMENTS_DEFINITION_VERIFY_H

#include "vault/documents/definition.h"

/* Vault id, every policy exists in CHARTER, and every signature is valid and of a token of CHARTER.  ERR_WAITING says
 * who has not signed yet, of each quorum that is not met, however many of the definitions ask it; ERR_REFUSED: an unknown key; a quorum that nobody can meet. */
enum err_code definitions_verify(const struct dsse *statement,
    const struct definitions *definitions, const struct charter *charter,
    const struct digest *vault, struct err *err) MUST_CHECK;
/* Is LATER the change of EARLIER that comes next?  ERR_REFUSED says what differs; ERR_EXISTS: it changes nothing. */
enum err_code definition_follows(const struct definition *later, const struct definition *earlier,
    struct err *err) MUST_CHECK;
/* Is LATER's value changed by another rotator, or at another target? */
bool definition_moves(const struct definition *earlier, const struct definition *later);
/* From LATER back, change by change, through the COUNT SETS that were verified, to the definition with DIGEST, which may be
 * LATER itself: that of a header with QUORUM, whose officers signed each change since.  ERR_INTEGRITY: LATER does not come
 * of that, what lies between was not shown, or they were not asked. */
enum err_code definition_trace(const struct definition *later, const struct definitions *sets,
    size_t count, const struct digest *digest, const char *quorum,
    const struct definition **ret_earlier, struct err *err) MUST_CHECK;

#endif
