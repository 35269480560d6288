/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FIDO2 assertions as signatures (WebAuthn level 2, 6.1 and 6.3.3; CTAP 2.1, 6.2): what a token
 * signs is authenticatorData || clientDataHash, and our clientDataHash is a statement's digest.
 *
 *	authenticatorData	32 rpIdHash, u8 flags, u32 counter, with flag ED a CBOR map
 *
 * The relying party's name is not one that a web page can have, so that no browser can be talked
 * into signing for it.
 */
#ifndef BASE_ASSERTION_H
#define BASE_ASSERTION_H

#include "base/crypto.h"

#define ASSERTION_RP_ID "halligan:vault"

enum {
	ASSERTION_DATA_MIN = 37,
	ASSERTION_DATA_MAX = 256,
	ASSERTION_UP = 0x01, /* flags: a person was present, */
	ASSERTION_UV = 0x04, /* and was verified (PIN, fingerprint) */
	ASSERTION_AT = 0x40, /* attested credential data follow: a registration, no assertion */
	ASSERTION_ED = 0x80, /* extensions' outputs follow */
};

/* Is DATA authenticatorData of an assertion for our relying party with UP and UV, and nothing but
 * what its flags announce?  ERR_INTEGRITY says what is wrong. */
enum err_code assertion_check(struct view data, struct err *err) MUST_CHECK;
/* SHA-256(DATA || CLIENT_DATA_HASH): what the token's ECDSA signature is over. */
enum err_code assertion_digest(struct view data, const struct digest *client_data_hash,
    struct digest *ret_digest, struct err *err) MUST_CHECK;
/* Both, and the signature (DER) by KEY: ERR_INTEGRITY when it is wrong. */
enum err_code assertion_verify(const struct point *key, struct view data,
    const struct digest *client_data_hash, struct view signature, struct err *err) MUST_CHECK;

#endif
