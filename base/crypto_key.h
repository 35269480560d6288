/* SPDX-License-Identifier: Apache-2.0 */
/* P-256 (SP 800-186) ECDH and ECDSA, Ed25519 (RFC 8032), over OpenSSL 3.0. */
#ifndef BASE_CRYPTO_KEY_H
#define BASE_CRYPTO_KEY_H

#include "base/crypto.h"

/* P-256 private key in this process (host keys, ceremony keys, simulated tokens). */
struct p256_key;
enum err_code p256_key_new(struct p256_key **ret_key, struct err *err) MUST_CHECK;
/* From a big-endian scalar of 32 bytes in 1..n-1. */
enum err_code p256_key_from(const struct secret *scalar, struct p256_key **ret_key,
    struct err *err) MUST_CHECK;
enum err_code p256_key_scalar(const struct p256_key *key, struct secret **ret_scalar,
    struct err *err) MUST_CHECK;
void p256_key_public(const struct p256_key *key, struct point *ret_point);
void p256_key_free(struct p256_key *key);
DESTRUCTOR(p256_key_freep, struct p256_key, p256_key_free)
#define P256_KEY CLEANUP(p256_key_freep) struct p256_key

/* Exactly 65 bytes, 04 first, on the curve: anything else is ERR_INVALID.  Call it on every
 * received point before a key or card sees it: OpenSSL's import also takes compressed, hybrid
 * (06, 07) and infinity encodings. */
enum err_code point_from(struct view bytes, struct point *ret_point, struct err *err) MUST_CHECK;
/* The x-coordinate, 32 bytes.  Checks PEER again. */
enum err_code p256_agree(const struct p256_key *key, const struct point *peer,
    struct secret **ret_shared, struct err *err) MUST_CHECK;
/* ERR_INTEGRITY when SIGNATURE (strict DER, both integers in 1..n-1) does not verify. */
enum err_code p256_verify(const struct point *key, const struct digest *digest,
    struct view signature, struct err *err) MUST_CHECK;

/* Ed25519; SEED is the 32-byte private key of RFC 8032. */
enum err_code ed25519_public(const struct secret *seed, struct ed25519_public *ret_key,
    struct err *err) MUST_CHECK;
enum err_code ed25519_sign(const struct secret *seed, struct view message,
    uint8_t ret_signature[ED25519_SIGNATURE_SIZE], struct err *err) MUST_CHECK;
/* ERR_INTEGRITY when it does not verify. */
enum err_code ed25519_verify(const struct ed25519_public *key, struct view message,
    struct view signature, struct err *err) MUST_CHECK;

#endif
