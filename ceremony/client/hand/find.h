/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of the tokens plugged in is meant.  A token that tells its serial is found by driver and
 * serial; a FIDO2 token that does not is found by its model, as a candidate: whether it holds the
 * credential is known only after its PIN.
 */
#ifndef CEREMONY_CLIENT_HAND_FIND_H
#define CEREMONY_CLIENT_HAND_FIND_H

#include "ceremony/client/connection.h"
#include "ceremony/client/hand/want.h"

struct hand_match {
	struct token_found found;
	const struct seat *seat; /* owned by the document; NULL: nothing was wanted of it */
	const struct seat_token *entry;
};

/* The one token that fits WANT (NULL: any), options->serial, label and driver.  When none is there
 * and options->wait allows it, says what is wanted and waits for it, naming those that are plugged in
 * meanwhile and do not fit.  NOT_THIS (may be NULL) does not count until it was taken out.
 * ERR_TOKEN_ABSENT, ERR_TOKEN: none fits, with the cause; ERR_USAGE: several fit. */
enum err_code hand_find(const struct client_options *options, const struct hand_want *want,
    const struct token_found *not_this, struct hand_match *ret_match, struct err *err) MUST_CHECK;

#endif
