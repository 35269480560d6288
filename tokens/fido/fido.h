/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FIDO2 tokens through libfido2.  It keeps its copies of PIN and PRF in ordinary memory while a
 * call runs and wipes them itself, but for the second half of the PIN's SHA-256, which is wiped
 * after it here.
 */
#ifndef TOKENS_FIDO_FIDO_H
#define TOKENS_FIDO_FIDO_H

#include "tokens/fido/token.h"

/* The token at READER: a hidraw device's path, or a PC/SC reader's exact name.  Waits at most
 * MILLISECONDS for other programs.  What it is the first session will learn.  ERR_TOKEN_ABSENT,
 * ERR_BUSY, ERR_TOKEN. */
enum err_code fido_token_new(const char *reader, unsigned milliseconds,
    struct fido_token **ret_token, struct err *err) MUST_CHECK;
/* The same, with a session to see what it is: ERR_NOT_FOUND: it knows no FIDO2.  Where MAY_BE says no to
 * the serial that another application told, FIDO2 is not even selected, so that it may be missing, and
 * the token knows no more than its serial. */
typedef bool fido_may_be(const void *context, uint32_t serial);
enum err_code fido_token_look(const char *reader, fido_may_be *may_be, const void *context,
    unsigned milliseconds, struct fido_token **ret_token, struct err *err) MUST_CHECK;
void fido_token_close(struct fido_token *token); /* accepts NULL */
DESTRUCTOR(fido_token_closep, struct fido_token, fido_token_close)
#define FIDO_TOKEN CLEANUP(fido_token_closep) struct fido_token

#endif
