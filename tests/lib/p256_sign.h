/* SPDX-License-Identifier: Apache-2.0 */
/* What a token does with its sign key; nothing that ships signs with P-256 in software. */
#ifndef TESTS_LIB_P256_SIGN_H
#define TESTS_LIB_P256_SIGN_H

#include "base/crypto_key.h"

/* ECDSA over a SHA-256 digest, DER (Ecdsa-Sig-Value), as PIV cards give it; appended. */
enum err_code p256_sign(const struct p256_key *key, const struct digest *digest,
    struct buf *ret_signature, struct err *err) MUST_CHECK;

#endif
