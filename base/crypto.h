/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cryptography we use, over OpenSSL 3.0: SHA-256, HMAC, HKDF (RFC 5869), AEADs, P-256
 * (SP 800-186) ECDH and ECDSA, Ed25519 (RFC 8032).  Private keys and derived keys are secrets
 * or opaque keys in OpenSSL's secure heap; call crypto_start() once before anything else.
 */
#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include "base/secret.h"

enum {
	DIGEST_SIZE = 32,
	POINT_SIZE = 65,
	SCALAR_SIZE = 32,
	ED25519_SIZE = 32,
	ED25519_SIGNATURE_SIZE = 64,
	ECDSA_MAX = 72,
	AEAD_TAG_SIZE = 16,
	AEAD_NONCE_SIZE = 12
};

struct digest {
	uint8_t bytes[DIGEST_SIZE];
};
struct point { /* uncompressed: 04 || X || Y */
	uint8_t bytes[POINT_SIZE];
};
struct ed25519_public {
	uint8_t bytes[ED25519_SIZE];
};

/* Prepares OpenSSL's locked heap.  ERR_MEMORY names RLIMIT_MEMLOCK.  May be called again. */
enum err_code crypto_start(struct err *err) MUST_CHECK;

/* Public random bytes (nonces, ids, salts) from getrandom(2). */
enum err_code crypto_random(void *ret_bytes, size_t size, struct err *err) MUST_CHECK;
/* Constant time in the content. */
bool crypto_equal(const void *a, const void *b, size_t size);
bool digest_equal(const struct digest *a, const struct digest *b);
bool point_equal(const struct point *a, const struct point *b);

/* SHA-256 of the concatenation of COUNT parts. */
enum err_code sha256(const struct view *parts, size_t count, struct digest *ret_digest,
    struct err *err) MUST_CHECK;
enum err_code sha256_one(struct view bytes, struct digest *ret_digest, struct err *err) MUST_CHECK;

/* HMAC-SHA-256 of the concatenation of COUNT parts; public result. */
enum err_code hmac_sha256(struct view key, const struct view *parts, size_t count,
    struct digest *ret_mac, struct err *err) MUST_CHECK;
/* HMAC-SHA-256 with a secret result of 32 bytes. */
enum err_code hmac_sha256_secret(struct view key, const struct view *parts, size_t count,
    struct secret **ret_mac, struct err *err) MUST_CHECK;
/* HKDF-SHA-256.  Extract gives 32 bytes; Expand gives 1..8160 bytes. */
enum err_code hkdf_extract(struct view salt, const struct view *ikm_parts, size_t count,
    struct secret **ret_prk, struct err *err) MUST_CHECK;
enum err_code hkdf_expand(const struct secret *prk, const struct view *info_parts, size_t count,
    size_t size, struct secret **ret_okm, struct err *err) MUST_CHECK;
/* The same into memory of the caller's, which must lie in a secret; pages of secret memory are
 * dear, and a key schedule needs many values.  PRK is 32 bytes; RET_OKM has room for SIZE bytes
 * rounded up to whole blocks of 32, of which only SIZE count. */
enum err_code hkdf_extract_to(struct view salt, const struct view *ikm_parts, size_t count,
    uint8_t ret_prk[DIGEST_SIZE], struct err *err) MUST_CHECK;
enum err_code hkdf_expand_to(struct view prk, const struct view *info_parts, size_t count,
    size_t size, uint8_t *ret_okm, struct err *err) MUST_CHECK;

/* AEAD by RFC 9180 identifiers.  The key size must be Nk.  Ciphertext is plaintext || tag (16). */
enum aead {
	AEAD_AES_128_GCM = 0x0001,
	AEAD_AES_256_GCM = 0x0002,
	AEAD_CHACHA20_POLY1305 = 0x0003,
};
size_t aead_key_size(enum aead aead); /* 0 for an unknown one */
/* Appends to RET_CIPHERTEXT. */
enum err_code aead_seal(enum aead aead, const struct secret *key,
    const uint8_t nonce[AEAD_NONCE_SIZE], struct view aad, struct view plaintext,
    struct buf *ret_ciphertext, struct err *err) MUST_CHECK;
/* ERR_CRYPTO when the tag does not verify; then there is no plaintext. */
enum err_code aead_open(enum aead aead, const struct secret *key,
    const uint8_t nonce[AEAD_NONCE_SIZE], struct view aad, struct view ciphertext,
    struct secret **ret_plaintext, struct err *err) MUST_CHECK;
/* The same with a key that is a part of a secret. */
enum err_code aead_seal_with(enum aead aead, struct view key, const uint8_t nonce[AEAD_NONCE_SIZE],
    struct view aad, struct view plaintext, struct buf *ret_ciphertext, struct err *err) MUST_CHECK;
enum err_code aead_open_with(enum aead aead, struct view key, const uint8_t nonce[AEAD_NONCE_SIZE],
    struct view aad, struct view ciphertext, struct secret **ret_plaintext,
    struct err *err) MUST_CHECK;

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
void p256_key_freep(struct p256_key **key);
#define P256_KEY CLEANUP(p256_key_freep) struct p256_key

/* Exactly 65 bytes, 04 first, on the curve: anything else is ERR_INVALID.  Call it on every
 * received point before a key or card sees it: OpenSSL's import also takes compressed, hybrid
 * (06, 07) and infinity encodings. */
enum err_code point_from(struct view bytes, struct point *ret_point, struct err *err) MUST_CHECK;
/* The x-coordinate, 32 bytes.  Checks PEER again. */
enum err_code p256_agree(const struct p256_key *key, const struct point *peer,
    struct secret **ret_shared, struct err *err) MUST_CHECK;
/* ECDSA over a SHA-256 digest, DER (Ecdsa-Sig-Value), as PIV cards give it. */
enum err_code p256_sign(const struct p256_key *key, const struct digest *digest,
    struct buf *ret_signature, struct err *err) MUST_CHECK;
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
