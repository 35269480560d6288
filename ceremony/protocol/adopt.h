/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The present value of a new secret, on its way to the host: sealed with HPKE to the charter's escrow
 * key, info = SHA-256(lp8 "halligan/v1 adopt" || vault || secret id || definition digest), AAD the
 * definition's digest.
 */
#ifndef CEREMONY_PROTOCOL_SECRET_ADD_H
#define CEREMONY_PROTOCOL_SECRET_ADD_H

#include "vault/documents/definition.h"

enum err_code adopt_info(const struct digest *vault, const struct definition *definition,
    struct digest *ret_info, struct err *err) MUST_CHECK;

#endif
