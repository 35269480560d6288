/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a FIDO2 token's secret function to the keys of the seam (tokens/token.h).
 *
 *	salt of KEY	SHA-256(lp8 "halligan/v1 fido2 KEY" || enrolment's salt), KEY: share, release
 *	PRF output	HMAC-SHA-256(secret of the credential, salt), computed by the token
 *	ikm of KEY	HKDF-Expand(HKDF-Extract("", PRF output), lp8 "halligan/v1 fido2 KEY", 32)
 *	KEY		DeriveKeyPair(ikm) of DHKEM(P-256, HKDF-SHA256) (RFC 9180, 7.1.3)
 *
 * lp8 is one length byte, then the text.
 */
#ifndef TOKENS_FORMATS_FIDO_KEYS_H
#define TOKENS_FORMATS_FIDO_KEYS_H

#include "base/crypto_key.h"
#include "tokens/token.h"

enum { FIDO_SALTS_SIZE = 2 * DIGEST_SIZE }; /* share, then release; the PRF's output likewise */

/* Both salts, which the token takes in one touch. */
enum err_code fido_salts(const struct digest *salt, uint8_t ret_salts[FIDO_SALTS_SIZE],
    struct err *err) MUST_CHECK;
/* The key that PRF, both outputs, gives for KEY (share or release).  ERR_INTERNAL for another
 * key; ERR_INVALID when PRF has another size. */
enum err_code fido_key(const struct secret *prf, enum token_key key, struct p256_key **ret_key,
    struct err *err) MUST_CHECK;

/* The clientDataHash under which a credential is made:
 * SHA-256(lp8 "halligan/v1 fido2 credential" || INIT || lp8 SEAT || SALT). */
enum err_code fido_credential_hash(const struct digest *init, const char *seat,
    const struct digest *salt, struct digest *ret_hash, struct err *err) MUST_CHECK;
/* The clientDataHash of an assertion that signs nothing:
 * SHA-256(lp8 "halligan/v1 fido2 derive" || 32 random bytes); never a statement's digest. */
enum err_code fido_derive_hash(struct digest *ret_hash, struct err *err) MUST_CHECK;

#endif
