/* SPDX-License-Identifier: Apache-2.0 */
/* What officers, and the requester, do about a batch (ceremony/server/opening/batch.h). */
#ifndef CEREMONY_CLIENT_OPENING_BATCH_APPROVE_H
#define CEREMONY_CLIENT_OPENING_BATCH_APPROVE_H

#include "ceremony/client/connection.h"

/* approve_run, deny_run and cancel_run (approve.h) for the batch ID of VIEW. */
enum err_code batch_approve_run(struct client *client, const struct vault_view *view,
    const char *id, struct err *err) MUST_CHECK;
enum err_code batch_object_run(struct client *client, const struct vault_view *view, const char *id,
    bool cancels, const char *reason, struct err *err) MUST_CHECK;

#endif
