/* SPDX-License-Identifier: Apache-2.0 */
/* A batch is decided, and does what it was requested for. */
#ifndef CEREMONY_SERVER_OPENING_BATCH_RUN_H
#define CEREMONY_SERVER_OPENING_BATCH_RUN_H

#include "ceremony/server/vault/session.h"

/* Ends what is late, void or unreachable; opens what has its quorum, going on where it
 * was cut off.  Safe at any time, by any session. */
enum err_code batch_advance(struct session *session, const struct id *id,
    struct err *err) MUST_CHECK;
/* batch_advance for all; problems other than ERR_INTEGRITY become alarms. */
enum err_code batches_resume(struct session *session, struct err *err) MUST_CHECK;

#endif
