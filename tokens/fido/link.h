/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a FIDO2 token can be asked, as functions: tokens/fido/fido.c puts libfido2 behind them, tests
 * put fakes that lie.  Everything that comes back was chosen by the token.
 *
 * Functions with RET_STATUS return ERR_OK when the token answered at all; what else they return is
 * set only when the status is FIDO_STATUS_OK.  All may return ERR_TOKEN, ERR_TOKEN_GONE and
 * ERR_BUSY, and after an answer that did not come in time ERR_TOUCH; the link then forgets the
 * answer that may still come.
 */
#ifndef TOKENS_FIDO_LINK_H
#define TOKENS_FIDO_LINK_H

#include "tokens/formats/fido_keys.h"

/* Status codes of CTAP 2.1, section 8.2, that mean something to us. */
enum fido_status {
	FIDO_STATUS_OK = 0x00,
	FIDO_STATUS_TIMEOUT = 0x05,
	FIDO_STATUS_INVALID_CREDENTIAL = 0x22,
	FIDO_STATUS_UNSUPPORTED_ALGORITHM = 0x26,
	FIDO_STATUS_OPERATION_DENIED = 0x27,
	FIDO_STATUS_UNSUPPORTED_OPTION = 0x2b,
	FIDO_STATUS_CANCELLED = 0x2d,
	FIDO_STATUS_NO_CREDENTIALS = 0x2e,
	FIDO_STATUS_USER_TIMEOUT = 0x2f,
	FIDO_STATUS_PIN_INVALID = 0x31,
	FIDO_STATUS_PIN_BLOCKED = 0x32,
	FIDO_STATUS_PIN_AUTH_INVALID = 0x33,
	FIDO_STATUS_PIN_AUTH_BLOCKED = 0x34,
	FIDO_STATUS_PIN_NOT_SET = 0x35,
	FIDO_STATUS_PIN_REQUIRED = 0x36,
	FIDO_STATUS_PIN_POLICY = 0x37,
	FIDO_STATUS_ACTION_TIMEOUT = 0x3a,
	FIDO_STATUS_UV_BLOCKED = 0x3c,
	FIDO_STATUS_UV_INVALID = 0x3f,
};

struct fido_facts { /* getInfo */
	uint8_t aaguid[TOKEN_AAGUID_SIZE];
	uint8_t firmware[3];
	bool pin_possible, pin_set, pin_change; /* PIN_CHANGE: it must be changed first */
	bool uv;                                /* built in, and set up */
	bool always_uv;
	bool hmac_secret, cred_protect, es256;
	unsigned min_pin; /* characters; at least 4 */
};

/* What an assertion is asked for with. */
struct fido_ask {
	struct view credential;
	struct digest client_data_hash;
	bool touch;
	const uint8_t *salts; /* FIDO_SALTS_SIZE bytes, or NULL */
};
struct fido_answer {
	struct token_signature signature;
	struct secret *prf; /* NULL: none; of whatever size the token chose */
};
static inline void
fido_answer_done(struct fido_answer *answer)
{
	secret_freep(&answer->prf);
}
#define ANSWER CLEANUP(fido_answer_done) struct fido_answer

struct fido_link {
	void *context;
	uint32_t serial;         /* 0: it does not tell */
	struct fido_facts facts; /* as of the last begin */
	/* Have the token for ourselves, the same one as at opening (ERR_TOKEN_ABSENT otherwise);
	 * waits at most MILLISECONDS for other programs (ERR_BUSY).  FACTS are read again. */
	enum err_code (*begin)(void *context, unsigned milliseconds, struct err *err);
	void (*end)(void *context);
	/* Tries left for the PIN, or for built-in verification (UV).  RET_REPLUG: none until it is
	 * plugged in again; false where the token does not tell. */
	enum err_code (
	    *tries)(void *context, bool uv, int *ret_tries, bool *ret_replug, struct err *err);
	/* PIN: with a NUL at its end that counts in its size; NULL for built-in verification. */
	enum err_code (*make)(void *context, const struct token_wish *wish,
	    const struct secret *pin, int *ret_status, struct token_made *ret_made,
	    struct err *err);
	enum err_code (*ask)(void *context, const struct fido_ask *ask, const struct secret *pin,
	    int *ret_status, struct fido_answer *ret_answer, struct err *err);
	/* OLD NULL: there is none. */
	enum err_code (*set_pin)(void *context, const struct secret *pin, const struct secret *old,
	    int *ret_status, struct err *err);
	/* From another thread: whatever is under way must come to an end. */
	void (*abort)(void *context);
	void (*free)(void *context);
};

#endif
