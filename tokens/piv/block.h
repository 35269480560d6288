/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One block of a block cipher, for the challenge and response of PIV's management key
 * (SP 800-73-4 part 2, 3.2.4).  Not for anything else: a block alone hides nothing.
 */
#ifndef TOKENS_PIV_BLOCK_H
#define TOKENS_PIV_BLOCK_H

#include "base/secret.h"

/* Algorithm identifiers of SP 800-78-4, table 6-2. */
enum block_cipher {
	BLOCK_3DES = 0x03,
	BLOCK_AES_128 = 0x08,
	BLOCK_AES_192 = 0x0a,
	BLOCK_AES_256 = 0x0c,
};
enum { BLOCK_MAX = 16 };

/* Bytes of a key and of a block; 0 for an unknown cipher. */
size_t block_key_size(uint8_t cipher);
size_t block_size(uint8_t cipher);

/* IN and RET_OUT have block_size() bytes.  ERR_INVALID when the cipher is unknown or KEY has
 * another size; ERR_CRYPTO when OpenSSL fails. */
enum err_code block_encrypt(uint8_t cipher, const struct secret *key, const uint8_t *in,
    uint8_t *ret_out, struct err *err) MUST_CHECK;
enum err_code block_decrypt(uint8_t cipher, const struct secret *key, const uint8_t *in,
    uint8_t *ret_out, struct err *err) MUST_CHECK;

#endif
