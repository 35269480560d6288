/* SPDX-License-Identifier: Apache-2.0 */
/* An officer's shares on their way to a ceremony: which envelopes are this token's, the signed
 * approval, and each envelope opened and sealed on. */
#ifndef CEREMONY_CLIENT_OPENING_GIVING_H
#define CEREMONY_CLIENT_OPENING_GIVING_H

#include "base/crypto_key.h"
#include "ceremony/client/case_fetch.h"
#include "ceremony/client/hand/hand.h"

/* This token's envelope of one item. */
struct mine {
	uint32_t envelope;
	bool is, spare, left; /* left: to be given now */
};
struct giving {
	struct client *client;
	const struct vault_view *view;
	struct dossier *dossier;
	struct hand hand;
	struct p256_key *ephemeral, *reply;
	struct digest approval; /* of the signed statement */
	struct mine *mine;      /* by position */
	size_t total, left;     /* mine in all; of them to be given now */
	size_t later, part;     /* of them to be given after that, the first in this part */
	struct positions sent;  /* whose shares are on their way */
};

void giving_done(struct giving *giving); /* accepts {0} */
#define GIVING CLEANUP(giving_done) struct giving

/* Fill in what is the token's in hand, of a dossier with all its items, and what its seat has not given.
 * ERR_REFUSED: nothing is. */
enum err_code giving_find(struct giving *giving, struct err *err) MUST_CHECK;
/* Sign the approval and send it. */
enum err_code giving_approve(struct giving *giving, struct err *err) MUST_CHECK;
/* Hand over the shares of whatever is left.  After a failure what was given stays. */
enum err_code giving_give(struct giving *giving, struct err *err) MUST_CHECK;
/* {"op":NAME,"id":..} */
struct json *giving_op(const struct giving *giving, const char *op);

#endif
