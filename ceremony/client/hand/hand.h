/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token in somebody's hand: found among those plugged in, compared with the document that names
 * it, unlocked with its PIN, used, closed.  No PIN outlives the token, and none is ever tried on
 * another one.
 */
#ifndef CEREMONY_CLIENT_HAND_HAND_H
#define CEREMONY_CLIENT_HAND_HAND_H

#include "base/hpke.h"
#include "ceremony/client/hand/names.h"
#include "ceremony/client/hand/want.h"

struct hand {
	const struct client_options *options;
	struct token_found found;
	struct token *token;
	struct token_info info;  /* TOKEN_FOR_USE where an entry names it */
	struct secret *pin;      /* until the token is closed, which refers to it */
	const struct seat *seat; /* owned by the document; NULL: an unknown token */
	const struct seat_token *entry;
	char label[LABEL_MAX + 1];
};
void hand_done(struct hand *hand); /* closes the token, forgets the PIN; accepts {0} */
#define HAND CLEANUP(hand_done) struct hand

/* The one token that fits, or that of options->serial, label and driver (find.h says how one of
 * several is chosen, and when it waits).  Its keys are compared with the document, or its credential
 * is bound.  ERR_TOKEN_ABSENT: none is there or none fits; ERR_USAGE: several fit, choose by serial;
 * ERR_INTEGRITY: it holds other keys than the document says. */
enum err_code hand_take(const struct client_options *options, const struct hand_want *want,
    struct hand *ret_hand, struct err *err) MUST_CHECK;
/* The only token plugged in, or that of options->serial, whatever it is. */
enum err_code hand_take_any(const struct client_options *options, struct hand *ret_hand,
    struct err *err) MUST_CHECK;
/* hand_take; NOT_THIS (may be NULL) does not count until it was taken out.  WANT NULL: any. */
enum err_code hand_take_not(const struct client_options *options, const struct hand_want *want,
    const struct token_found *not_this, struct hand *ret_hand, struct err *err) MUST_CHECK;
/* Close the token and open it again: what it says about its tries must be fresh. */
enum err_code hand_reopen(struct hand *hand, struct err *err) MUST_CHECK;
/* Sign STATEMENT with the sign key SIGNER (checked: a signature that does not verify is ERR_TOKEN). */
enum err_code hand_sign_as(struct hand *hand, const struct point *signer, struct dsse *statement,
    const char *purpose, struct err *err) MUST_CHECK;
/* The same as the seat's entry in the document. */
enum err_code hand_sign(struct hand *hand, struct dsse *statement, const char *purpose,
    struct err *err) MUST_CHECK;

/* The statement of TYPE with PAYLOAD, signed by the same. */
enum err_code hand_state(struct hand *hand, enum statement_type type, bool training,
    struct json *payload, const char *purpose, struct dsse *ret_statement,
    struct err *err) MUST_CHECK;

/* The hpke_agree for a token's key; CONTEXT is a struct hand_agree *. */
struct hand_agree {
	struct hand *hand;
	enum token_key key;
	const char *purpose;
};
enum err_code hand_agree(void *context, const struct point *peer, struct secret **ret_shared,
    struct err *err) MUST_CHECK;

/* "ciso's token "ciso-1" (serial 1234)", for sentences. */
void hand_name(const struct hand *hand, char ret_text[HAND_NAME_SIZE]);

#endif
