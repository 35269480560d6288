/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leases: from the release until its end, by `done` or by time.  The end begins the rotation.
 */
#ifndef CEREMONY_SERVER_ROTATION_LEASE_H
#define CEREMONY_SERVER_ROTATION_LEASE_H

#include "ceremony/server/call.h"

/* End every lease whose time is over. */
enum err_code leases_end_expired(struct session *session, struct err *err) MUST_CHECK;
/* Pay every debt that is due and not DEGRADED; none but the first is begun after DEADLINE
 * (process_milliseconds). */
enum err_code leases_pay_due(struct session *session, int64_t deadline, struct err *err) MUST_CHECK;
/* Is there a lease or a debt for these two? */
enum err_code leases_wait(struct session *session, bool *ret_wait, struct err *err) MUST_CHECK;
/* Pay what the ceremony ID owes, one after the other, telling the client. */
enum err_code leases_pay_of(struct session *session, const struct id *id,
    struct err *err) MUST_CHECK;

/* open gives the requester what was released, done ends the lease, rotate pays debts. */
enum err_code serve_open(struct session *session, struct call *call, struct err *err) MUST_CHECK;
enum err_code serve_done(struct session *session, struct call *call, struct err *err) MUST_CHECK;
enum err_code serve_rotate(struct session *session, struct call *call, struct err *err) MUST_CHECK;

#endif
