/* SPDX-License-Identifier: Apache-2.0 */
/* May a suspension follow what is in force, and is it signed by those who may? */
#ifndef VAULT_DOCUMENTS_SUSPENSION_VERIFY_H
#define VAULT_DOCUMENTS_SUSPENSION_VERIFY_H

#include "vault/documents/chain.h"

/* Vault, charter, roster, who may sign, every signature, and that the charter can be changed still.
 * RET_AFTER is what is suspended then: the token, and each that has one of its keys or its proven serial.
 * ERR_REFUSED: may not, or a suspended token signed; ERR_INTEGRITY: a wrong signature; ERR_NOT_FOUND: no
 * seat has the token; ERR_EXISTS: it is suspended. */
enum err_code suspension_verify(const struct dsse *statement, const struct suspension *suspension,
    const struct chain *chain, struct suspensions *ret_after, struct err *err) MUST_CHECK;

#endif
