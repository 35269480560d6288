/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cryptography we use, over OpenSSL 3.0: SHA-256, HMAC, HKDF (RFC 5869), AEADs; keys of public-key
 * cryptography are crypto_key.h's.  Private keys and derived keys are secrets or opaque keys in
 * OpenSSL's secure heap; call crypto_start() once before anything else.
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

#endif
