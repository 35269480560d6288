/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose credential a definition is about, by public facts alone, so that one credential under two names is noticed:
 *
 *	SHA-256(lp8 "halligan/v1 account" || lp8 rotator || MEMBERS as json_encode writes them)
 *
 * MEMBERS are those of the target that the rotator announced as its account (base/announcement.h), or all; what the target
 * has not is absent.  Members of objects stand in the order of their names' bytes, in arrays as they are.  A text that is an
 * SSH public key (a pinned host key) stands as "TYPE BASE64", without the comment that people add.
 */
#ifndef VAULT_DOCUMENTS_DEFINITION_ACCOUNT_H
#define VAULT_DOCUMENTS_DEFINITION_ACCOUNT_H

#include "vault/documents/definition.h"

enum err_code definition_account(const struct definition *definition, struct digest *ret_account,
    struct err *err) MUST_CHECK;

#endif
