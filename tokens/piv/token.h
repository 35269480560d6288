/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One opened PIV token: the token_ops (token.h) on top of a card that exchanges commands
 * (tokens/piv/card.h) and of PC/SC transactions (reader.h).  For tokens/piv/piv.c, which fills the struct.
 *
 *	open --info, attest, generate--> open	each in a transaction of its own
 *	  |
 *	unlock --sign, agree, info, ...--> unlocked	all in one transaction, until close
 *	  |
 *	  +--pulled or reset--> gone			every call fails; only close is left
 */
#ifndef TOKENS_PIV_TOKEN_H
#define TOKENS_PIV_TOKEN_H

#include <stdatomic.h>

#include "tokens/piv/card.h"
#include "tokens/reader/reader.h"

/* The slots of our keys, in order: retired ones, which nothing else uses. */
enum { PIV_FIRST_SLOT = 0x82 };
static inline uint8_t
piv_slot(enum token_key key)
{
	return (uint8_t)(PIV_FIRST_SLOT + key);
}

struct piv_token {
	_Atomic(struct pcsc_card *) pcsc; /* closed by piv.c; NULL until connected */
	struct piv_card card;
	struct token_ui ui;
	char reader[TOKEN_READER_MAX + 1];
	uint32_t serial;     /* 0: it does not tell; may be made (token_serial_is_made) */
	uint8_t firmware[3]; /* 0.0.0: no YubiKey */
	bool known;          /* SERIAL and FIRMWARE are */
	bool gone;
	atomic_bool waits; /* for other programs */
	/* What it attested of its keys, without metadata: asking takes a token a second each.  From
	 * the first look until close, or until we make another. */
	struct token_key_info attested[TOKEN_KEYS];
	bool asked[TOKEN_KEYS];

	/* From unlock on. */
	bool unlocked;
	struct secret *pin; /* the caller's */
	bool metadata;      /* KEYS are known */
	struct token_key_info keys[TOKEN_KEYS];
	unsigned touches, touched; /* announced, and done */

	bool dirty; /* it knows a PIN or management key that it must forget at the end */
};

/* Connect to the card in TOKEN->reader; who it is the first session will learn.  MILLISECONDS: of
 * waiting for other programs, at most. */
enum err_code piv_token_connect(struct piv_token *token, unsigned milliseconds,
    struct err *err) MUST_CHECK;
/* The same, only to look who it is: its serial, and the FIRMWARE if that is asked for.  ERR_NOT_FOUND: it
 * has no PIV application. */
enum err_code piv_token_look(struct piv_token *token, bool firmware, unsigned milliseconds,
    struct err *err) MUST_CHECK;

/* As in struct token_ops. */
enum err_code piv_token_info(void *token, enum token_detail detail, struct token_info *ret_info,
    struct err *err);
enum err_code piv_token_attest(void *token, enum token_key key, struct buf *ret_slot,
    struct buf *ret_device, struct err *err);

/* End the transaction; the card forgets the PIN, and so do we. */
void piv_token_lock(struct piv_token *token);

/* For use.c, make.c and manage.c. */

/* Begin a session, which the variable ends when it leaves its scope (unless the token was unlocked
 * meanwhile, or before: that one lasts):
 *
 *	SESSION *session = NULL;
 *	TRY(piv_token_begin(token, err));
 *	session = token;
 */
enum err_code piv_token_begin(struct piv_token *token, struct err *err) MUST_CHECK;
void piv_token_endp(struct piv_token **token);
#define SESSION CLEANUP(piv_token_endp) struct piv_token

/* Run BODY(ARGUMENT) on a locked stack, for at most 45 s; meanwhile tell the person each second
 * that we are waiting when TELL. */
enum err_code piv_token_run(struct piv_token *token,
    enum err_code (*body)(void *argument, struct err *err), void *argument, bool tell,
    struct err *err) MUST_CHECK;
/* Put the token's name in front of the error CODE, if it is one, and remember when it is gone.
 * Returns CODE; that another program holds the token is ERR_TOKEN to our callers. */
enum err_code piv_token_named(struct piv_token *token, enum err_code code, struct err *err);
/* ERR_TOKEN_GONE when it is. */
enum err_code piv_token_check_usable(const struct piv_token *token, struct err *err) MUST_CHECK;
/* All that can be known of KEY's slot without PIN and touch. */
enum err_code piv_token_read_key(struct piv_token *token, enum token_key key,
    struct token_key_info *ret_info, struct err *err) MUST_CHECK;
/* What must be known of the keys before one is used, into TOKEN->keys: a slot's certificate is read only
 * where nothing else tells of its key. */
enum err_code piv_token_use_keys(struct piv_token *token, struct err *err) MUST_CHECK;
/* A YubiKey with at least this firmware? */
bool piv_token_has(const struct piv_token *token, uint8_t major, uint8_t minor, uint8_t patch);

#endif
