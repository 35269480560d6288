/* SPDX-License-Identifier: Apache-2.0 */
/* Against a ceremony: an officer's denial, the requester's withdrawal. */
#ifndef CEREMONY_CLIENT_OPENING_OBJECT_H
#define CEREMONY_CLIENT_OPENING_OBJECT_H

#include "ceremony/client/connection.h"

/* ID or a prefix of it; NULL: the only open one.  It is shown, asked about and signed. */
enum err_code deny_run(struct client *client, const char *id, const char *reason,
    struct err *err) MUST_CHECK;
enum err_code cancel_run(struct client *client, const char *id, const char *reason,
    struct err *err) MUST_CHECK;

#endif
