/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PIN/UV auth protocols one and two (CTAP 2.1, 6.5.6 and 6.5.7), the authenticator's side.
 *
 *		one					two
 *	keys	SHA-256(Z) for both			HKDF-SHA-256(Z), salt 32 zeros, info
 *							"CTAP2 HMAC key" and "CTAP2 AES key"
 *	encrypt	AES-256-CBC, IV zero			IV || AES-256-CBC, IV random
 *	MAC	16 bytes of HMAC-SHA-256		HMAC-SHA-256
 */
#ifndef TOKENS_SIM_CTAP_PROTOCOL_H
#define TOKENS_SIM_CTAP_PROTOCOL_H

#include "base/crypto.h"
#include "tokens/sim/ctap/cbor.h"

enum { CTAP_PROTOCOLS = 2, CTAP_TOKEN_SIZE = 32, CTAP_BLOCK = 16 };

struct ctap_shared {
	uint8_t protocol; /* 1 or 2 */
	uint8_t mac_key[32], aes_key[32];
};

/* AES-256-CBC without padding over a multiple of 16 bytes; RET_OUT may be IN. */
enum err_code ctap_cbc(const uint8_t key[32], const uint8_t iv[CTAP_BLOCK], bool encrypt,
    struct view in, uint8_t *ret_out, struct err *err) MUST_CHECK;

/* A COSE key for key agreement: a P-256 point with ALGORITHM (-25, or -7 for signatures). */
void ctap_put_cose(struct buf *buf, const struct point *point, int64_t algorithm);
/* The platform's; a CTAP status. */
uint8_t ctap_read_cose(const struct cbor *map, struct point *ret_point);
/* The point of a private key (PKCS#8). */
enum err_code ctap_public(struct view private_key, struct point *ret_point,
    struct err *err) MUST_CHECK;

/* PROTOCOL is 1 or 2. */
enum err_code ctap_agree(uint8_t protocol, struct view private_key, const struct point *peer,
    struct ctap_shared *ret_shared, struct err *err) MUST_CHECK;
enum err_code ctap_encrypt(const struct ctap_shared *shared, struct view plain,
    struct buf *ret_cipher, struct err *err) MUST_CHECK;
/* ERR_INVALID when CIPHER is no whole number of blocks. */
enum err_code ctap_decrypt(const struct ctap_shared *shared, struct view cipher,
    struct buf *ret_plain, struct err *err) MUST_CHECK;
/* Does MAC authenticate COUNT parts under KEY (32 bytes)?  Exactly the protocol's size. */
bool ctap_authentic(uint8_t protocol, const uint8_t key[32], const struct view *parts, size_t count,
    struct view mac);

#endif
