/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One opened FIDO2 token: the token_ops (token.h) on top of a link (tokens/fido/link.h).  For
 * tokens/fido/fido.c, which fills the struct.
 *
 *	open --info, change--> open		each in a session of its own
 *	  |
 *	unlock --make, derive, sign, agree, info--> unlocked	one session, until close
 *	  |
 *	  +--pulled--> gone			every call fails; only close is left
 *
 * A touch computes both PRF outputs; they and the keys made from them stay here, in locked memory,
 * until close, so that agree needs no touch of its own.
 */
#ifndef TOKENS_FIDO_TOKEN_H
#define TOKENS_FIDO_TOKEN_H

#include "base/crypto_key.h"
#include "tokens/fido/link.h"

struct fido_token {
	struct fido_link link;
	struct token_ui ui;
	char reader[TOKEN_READER_MAX + 1];
	bool gone;
	bool replug; /* it told us so */

	bool bound;
	struct token_credential credential;

	/* From unlock on. */
	bool unlocked;
	struct secret *pin;        /* with a NUL; NULL: it verifies the person itself */
	bool refused;              /* it did not take the PIN any more */
	unsigned touches, touched; /* announced, and done */
	/* From the first touch on. */
	struct secret *prf;
	struct p256_key *keys[TOKEN_KEYS];
};

/* "token 1001", or "the FIDO2 token at /dev/hidraw3" when it does not tell its serial. */
enum { FIDO_NAME_SIZE = TOKEN_READER_MAX + 32 };
void fido_token_name(const struct fido_token *token, char ret_name[FIDO_NAME_SIZE]);

/* As in struct token_ops. */
enum err_code fido_token_info(void *token, enum token_detail detail, struct token_info *ret_info,
    struct err *err);
enum err_code fido_token_bind(void *token, const struct token_credential *credential,
    struct err *err);
enum err_code fido_token_unlock(void *token, struct secret *pin, bool last_try, unsigned touches,
    struct err *err);
enum err_code fido_token_change(void *token, enum token_reference which, const struct secret *old,
    const struct secret *pin, struct err *err);
/* Forget everything; the link is freed by whoever made it. */
void fido_token_lock(struct fido_token *token);

/* For use.c. */

/* Run BODY(ARGUMENT) on a locked stack, for at most 70 s; meanwhile tell the person each second
 * that we are waiting when TELL.  Puts the token's name in front of an error, and remembers when
 * it is gone. */
enum err_code fido_token_run(struct fido_token *token,
    enum err_code (*body)(void *argument, struct err *err), void *argument, bool tell,
    struct err *err) MUST_CHECK;
/* What a status means that is no success, for the person; never ERR_OK.  A PIN that was refused
 * is not sent again. */
enum err_code fido_token_failure(struct fido_token *token, int status, const char *doing,
    struct err *err);
/* ERR_TOKEN_GONE when it is. */
enum err_code fido_token_check_usable(const struct fido_token *token, struct err *err) MUST_CHECK;
/* Forget what was derived. */
void fido_token_forget(struct fido_token *token);

#endif
