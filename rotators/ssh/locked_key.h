/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private keys that OpenSSH locked by a passphrase, through libssh: the derivation, bcrypt_pbkdf, is in neither OpenSSL nor the C
 * library.
 */
#ifndef ROTATORS_SSH_LOCKED_KEY_H
#define ROTATORS_SSH_LOCKED_KEY_H

#include "base/secret.h"

/* TEXT of a file (base/key_text.h) that is locked by CIPHER, without its passphrase: OpenSSH's form or PKCS#8, as libssh likes.  Its comment is lost.
 * ERR_INTEGRITY: the passphrase is wrong, or the file damaged; ERR_REFUSED: CIPHER is one with which libssh would crash. */
enum err_code locked_key_open(const struct secret *text, const char *cipher,
    const struct secret *passphrase, struct secret **ret_text, struct err *err) MUST_CHECK;

#endif
