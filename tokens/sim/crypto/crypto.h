/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cryptography inside a simulated token: block ciphers for the management key, key pairs as
 * PKCS#8, signing, key agreement, and attestation certificates.  Nothing here is secret: a
 * simulated token's keys lie readable in its state file, and the attestation root is derived
 * from a string in the source, so that it is the same everywhere and known to everybody.
 */
#ifndef TOKENS_SIM_CRYPTO_CRYPTO_H
#define TOKENS_SIM_CRYPTO_CRYPTO_H

#include "base/bytes.h"

/* Algorithm references of SP 800-78-4 table 6-2, plus Yubico's from firmware 5.7 on. */
enum sim_algorithm {
	SIM_3DES = 0x03,
	SIM_RSA3072 = 0x05,
	SIM_RSA1024 = 0x06,
	SIM_RSA2048 = 0x07,
	SIM_AES128 = 0x08,
	SIM_AES192 = 0x0a,
	SIM_AES256 = 0x0c,
	SIM_P256 = 0x11,
	SIM_P384 = 0x14,
	SIM_RSA4096 = 0x16,
	SIM_ED25519 = 0xe0,
	SIM_X25519 = 0xe1,
};

enum { SIM_BLOCK_MAX = 16, SIM_BLOCK_KEY_MAX = 32, SIM_PRIVATE_MAX = 4096 };

/* Bytes of a block and of a key; 0 when ALGORITHM is no block cipher. */
size_t sim_block_size(uint8_t algorithm);
size_t sim_block_key_size(uint8_t algorithm);
/* One block, as GENERAL AUTHENTICATE uses it (ECB).  RET_OUT has sim_block_size() bytes. */
enum err_code sim_block(uint8_t algorithm, const uint8_t *key, bool encrypt, const uint8_t *in,
    uint8_t *ret_out, struct err *err) MUST_CHECK;

/* Bytes of a coordinate or modulus; 0 when ALGORITHM is no key pair's. */
size_t sim_key_size(uint8_t algorithm);
bool sim_key_is_rsa(uint8_t algorithm);

/* Make a key pair; PKCS#8 DER is appended to RET_PRIVATE. */
enum err_code sim_key_generate(uint8_t algorithm, struct buf *ret_private,
    struct err *err) MUST_CHECK;
/* The parts of an imported key: a scalar or seed, or p, q, dP, dQ, qInv (public exponent 65537). */
struct sim_key_parts {
	struct view scalar;
	struct view rsa[5];
};
/* ERR_INVALID when the parts are no key of that algorithm. */
enum err_code sim_key_import(uint8_t algorithm, const struct sim_key_parts *parts,
    struct buf *ret_private, struct err *err) MUST_CHECK;
/* The public key as a card encodes it: 86 point, or 81 modulus 82 exponent. */
enum err_code sim_key_public(struct view private_key, struct buf *ret_encoded,
    struct err *err) MUST_CHECK;

/* ECDSA (DER) over a digest of at most the curve's size, Ed25519 over a whole message, or the raw
 * RSA private operation over exactly a modulus' size.  ERR_INVALID for other sizes and kinds. */
enum err_code sim_key_sign(struct view private_key, struct view input, struct buf *ret_signature,
    struct err *err) MUST_CHECK;
/* The x-coordinate of ECDH with an uncompressed point, or X25519 with 32 bytes.  ERR_INVALID when
 * it is none of that curve. */
enum err_code sim_key_agree(struct view private_key, struct view point, struct buf *ret_shared,
    struct err *err) MUST_CHECK;

/* The root of all simulated tokens, "NOT A REAL TOKEN Halligan Simulated Root"; its key, which is
 * no secret, is PKCS#8. */
enum err_code sim_root_private(struct buf *ret_private, struct err *err) MUST_CHECK;
enum err_code sim_root_certificate(struct buf *ret_der, struct err *err) MUST_CHECK;
enum err_code sim_root_pem(struct buf *ret_pem, struct err *err) MUST_CHECK;

struct sim_attestation {
	uint8_t firmware[3];
	uint32_t serial;
	uint8_t slot;
	uint8_t pin_policy, touch_policy, form_factor;
};
/* The certificate of a token's attestation key (slot F9), signed by the root. */
enum err_code sim_device_certificate(const struct sim_attestation *facts, struct view device_key,
    struct buf *ret_der, struct err *err) MUST_CHECK;
/* The attestation of KEY, signed by DEVICE_KEY, whose certificate's subject is the issuer. */
enum err_code sim_slot_certificate(const struct sim_attestation *facts, struct view key,
    struct view device_key, struct view device_certificate, struct buf *ret_der,
    struct err *err) MUST_CHECK;

#endif
