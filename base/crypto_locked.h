/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How OpenSSH locks a private key by a passphrase: bcrypt_pbkdf (OpenBSD's bcrypt_pbkdf(3)), then one of OpenSSH's ciphers.
 */
#ifndef BASE_CRYPTO_LOCKED_H
#define BASE_CRYPTO_LOCKED_H

#include "base/crypto.h"

enum { LOCKED_SALT_MAX = 64, LOCKED_ROUNDS_MAX = 1 << 11 };
struct crypto_lock {
	const char *cipher; /* OpenSSH's name */
	struct view salt;   /* 1 to LOCKED_SALT_MAX bytes */
	uint32_t rounds;
	struct view sealed, tag; /* the latter is empty where the cipher has none */
};
/* ERR_REFUSED: a cipher that is not known, or too many rounds; ERR_INVALID: sizes that do not fit; ERR_INTEGRITY: the tag says that
 * the passphrase is wrong, or the file is damaged.  Without a tag a wrong passphrase gives nonsense.  16 rounds take some tenths of a
 * second. */
enum err_code crypto_unlock(const struct crypto_lock *lock, const struct secret *passphrase,
    struct secret **ret_plain, struct err *err) MUST_CHECK;

#endif
