/* SPDX-License-Identifier: Apache-2.0 */
/* What a session finishes before its first request: whatever a crash or the passing of time left. */
#ifndef CEREMONY_SERVER_DUE_H
#define CEREMONY_SERVER_DUE_H

#include "ceremony/server/vault/session.h"

/* Erases leftovers; ends what is late; releases what has its quorum; ends leases and pays debts that are
 * due.  What cannot be finished becomes an alarm for `status` and does not keep the session from
 * working; ERR_INTEGRITY does. */
enum err_code resume(struct session *session, struct err *err) MUST_CHECK;

#endif
