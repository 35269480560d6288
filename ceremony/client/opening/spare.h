/* SPDX-License-Identifier: Apache-2.0 */
/* Handing one's own shares on to a spare token, the officer's side. */
#ifndef CEREMONY_CLIENT_OPENING_SPARE_H
#define CEREMONY_CLIENT_OPENING_SPARE_H

#include "ceremony/client/connection.h"

/* The token plugged in opens what it can, and its shares are sealed to the spare token of the same
 * seat with the label LABEL (NULL: the only other one).  One signature, and one agreement for each
 * secret; what was handed on stays when the person stops.  AGAIN: also what the spare has an envelope of
 * that it has not opened yet, which is replaced.  RET_COUNT: so many are done now.
 * ERR_TOKEN_ABSENT: the token plugged in is the one that lacks envelopes. */
enum err_code spare_run(struct client *client, const char *label, bool again, size_t *ret_count,
    struct err *err) MUST_CHECK;

#endif
