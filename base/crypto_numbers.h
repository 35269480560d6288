/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private keys of all kinds that SSH accounts have, as the numbers that they are: made, and read from what OpenSSL
 * reads.  Elsewhere only P-256 and Ed25519 are used (base/crypto_key.h).
 */
#ifndef BASE_CRYPTO_NUMBERS_H
#define BASE_CRYPTO_NUMBERS_H

#include "base/crypto.h"

enum key_family { FAMILY_ED25519, FAMILY_ECDSA, FAMILY_RSA };
enum {
	KEY_NUMBERS = 6,
	KEY_PUBLIC_MAX = 133, /* an uncompressed point of P-521 */
	KEY_RSA_MIN = 1024,
	KEY_RSA_MAX = 8192,
	KEY_PASSPHRASE_MAX = 1000
};
/* Big-endian, without zeros in front.  RSA: n, e, d, 1/q mod p, p, q.  ECDSA: the scalar.  Ed25519: the seed of 32 bytes. */
struct key_numbers {
	enum key_family family;
	unsigned bits; /* of an RSA modulus; of the curve: 256, 384 or 521; Ed25519: 256 */
	struct secret *values[KEY_NUMBERS];
	uint8_t
	    public_half[KEY_PUBLIC_MAX]; /* the uncompressed point; Ed25519: 32 bytes; RSA: none */
	size_t public_size;
};
void key_numbers_done(struct key_numbers *numbers); /* accepts {0} */
#define KEY_NUMBERS_OF CLEANUP(key_numbers_done) struct key_numbers
/* Are all NUMBERS, which may be anything, of one key, and is its public half the one that they give?  ERR_INVALID: no. */
enum err_code key_numbers_check(const struct key_numbers *numbers, struct err *err) MUST_CHECK;

/* A new key; BITS as above.  RSA of 4096 bits takes some seconds. */
enum err_code key_numbers_make(enum key_family family, unsigned bits,
    struct key_numbers *ret_numbers, struct err *err) MUST_CHECK;
/* From TEXT with one PEM block: PKCS#8, PKCS#1 or SEC1, locked by PASSPHRASE (NULL: it is not).  OpenSSL's copies of it stay
 * in ordinary memory: for processes that clear what they free.
 * ERR_INTEGRITY: locked, and this is not the passphrase, or the file is damaged; ERR_REFUSED: a key that SSH accounts do not have, by its
 * name; ERR_INVALID: damaged. */
enum err_code key_numbers_from_pem(struct view text, const struct secret *passphrase,
    struct key_numbers *ret_numbers, struct err *err) MUST_CHECK;

#endif
