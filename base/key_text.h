/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of a private key as people have it: with any line ends, with indents, a byte-order mark, text around, or no newline
 * at the end; and, where it is something else, what it is.
 */
#ifndef BASE_KEY_TEXT_H
#define BASE_KEY_TEXT_H

#include "base/openssh_key.h"

enum key_form {
	KEY_FORM_OPENSSH, /* openssh_key_look() takes it */
	KEY_FORM_PEM,     /* key_numbers_from_pem() may */
};
struct key_text {
	enum key_form form;
	bool locked; /* by a passphrase */
	struct secret *
	    text; /* the key's block alone: no blanks around its lines, each ended by one newline */
};
void key_text_done(struct key_text *key); /* accepts {0} */
#define KEY_TEXT CLEANUP(key_text_done) struct key_text

/* Finds the one private key in FILE, of at least one byte.  ERR_REFUSED, ERR_INVALID: what it is instead, and what to do:
 * a public key, a certificate, a key of a FIDO2 token, two keys, one that is cut off, another program's format, a type
 * that accounts do not have (as far as that is seen without a passphrase). */
enum err_code key_text_read(struct view file, struct key_text *ret_key, struct err *err) MUST_CHECK;

/* TYPE, as it stands in a public key, is of a private key that logs in by itself: ERR_REFUSED, in words, if not. */
enum err_code key_type_check(const char *type, struct err *err) MUST_CHECK;

#endif
