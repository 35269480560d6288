/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The private-key file of SSH, "openssh-key-v1" (OpenSSH's PROTOCOL.key).  Private parts never leave secret memory.
 */
#ifndef BASE_OPENSSH_KEY_H
#define BASE_OPENSSH_KEY_H

#include "base/ssh_public.h"

enum { SSH_COMMENT_MAX = 400, SSH_CIPHER_MAX = 63 };

/* A new key as the text of a private-key file, without passphrase.  COMMENT is plain text of at most
 * SSH_COMMENT_MAX bytes. */
enum err_code openssh_key_make(enum key_family family, unsigned bits, const char *comment,
    struct secret **ret_text, struct err *err) MUST_CHECK;
/* The same of given NUMBERS and CHECK, the number that the format repeats. */
enum err_code openssh_key_write(const struct key_numbers *numbers, uint32_t check,
    const char *comment, struct secret **ret_text, struct err *err) MUST_CHECK;
/* What can be read of a private-key file without its passphrase.  Errors as below. */
struct openssh_look {
	struct ssh_public public_key;
	bool locked; /* by a passphrase: then its private part was not looked at */
	char cipher[SSH_CIPHER_MAX + 1];
};
enum err_code openssh_key_look(struct view text, struct openssh_look *ret_look,
    struct err *err) MUST_CHECK;
/* TEXT, which is locked, without its passphrase; its comment stays.  ERR_INTEGRITY: the passphrase is wrong, or the file damaged;
 * ERR_REFUSED: a cipher that is not known; ERR_INVALID. */
enum err_code openssh_key_unlock(struct view text, const struct secret *passphrase,
    struct secret **ret_text, struct err *err) MUST_CHECK;
/* The public half of a private-key file of any key type.  Where it is one of ssh_public_family()'s, the private part is
 * one key's, and the public half that key's.  ERR_INVALID: not openssh-key-v1 (an older PEM format, for example),
 * more than one key, malformed, halves that do not belong together; ERR_REFUSED: it is protected
 * by a passphrase. */
enum err_code openssh_key_public(struct view text, struct ssh_public *ret_public,
    struct err *err) MUST_CHECK;

#endif
