/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a lease lasts.  In the start of the kernel in which it began, by the time since then, which nobody sets; in
 * another one by the wall clock, and where that stands behind the log nobody can tell: it is over.
 */
#ifndef CEREMONY_SERVER_ROTATION_LEASE_LEFT_H
#define CEREMONY_SERVER_ROTATION_LEASE_LEFT_H

#include "ceremony/server/vault/session.h"
#include "vault/store/ceremony.h"

/* Of ROW, which was released; RET_SECONDS: 0 where it is over, at most the duration that was asked for. */
enum err_code lease_left(struct session *session, const struct ceremony_row *row,
    int64_t *ret_seconds, struct err *err) MUST_CHECK;

#endif
