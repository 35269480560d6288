/* SPDX-License-Identifier: Apache-2.0 */
/* What an officer, or the requester, does about an open ceremony. */
#ifndef CEREMONY_CLIENT_OPENING_APPROVE_H
#define CEREMONY_CLIENT_OPENING_APPROVE_H

#include "ceremony/client/connection.h"

/* Show the ceremony (ID or a prefix of it; NULL: the only open one), ask, sign (touch 1 of 2), open
 * the officer's envelope (touch 2 of 2), hand over its shares re-sealed to the ceremony.  Running it
 * again after a failure between the touches completes it. */
enum err_code approve_run(struct client *client, const char *id, struct err *err) MUST_CHECK;
/* An officer's refusal, signed. */
enum err_code deny_run(struct client *client, const char *id, const char *reason,
    struct err *err) MUST_CHECK;
/* The requester's own withdrawal, signed. */
enum err_code cancel_run(struct client *client, const char *id, const char *reason,
    struct err *err) MUST_CHECK;

#endif
