/* SPDX-License-Identifier: Apache-2.0 */
/* Against a ceremony: an officer's denial, the requester's withdrawal. */
#ifndef CEREMONY_CLIENT_OPENING_OBJECT_H
#define CEREMONY_CLIENT_OPENING_OBJECT_H

#include "ceremony/client/hand/hand.h"

/* What they will ask for; PLAN is their ID. */
void object_foresee(struct client *client, const void *plan);
/* ID or a prefix of it; NULL: the only open one.  It is shown, asked about and signed. */
enum err_code deny_run(struct client *client, const char *id, const char *reason,
    struct err *err) MUST_CHECK;
enum err_code cancel_run(struct client *client, const char *id, const char *reason,
    struct err *err) MUST_CHECK;

/* The TYPE of statement by which HAND's token is against ABOUT, a ceremony or draft of VAULT. */
enum err_code objection_sign(struct hand *hand, enum statement_type type, bool training,
    const struct digest *vault, const struct digest *about, const char *reason, const char *purpose,
    struct dsse *ret_statement, struct err *err) MUST_CHECK;

#endif
