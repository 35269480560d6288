/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work that commits more than once, or that has effects outside the database, is rehearsed before its first
 * effect: it is done once from end to end in one transaction, which is rolled back.  Every row that it reads, adds
 * or changes is proven so, whatever it would come to only after a rotator has run.  While session->rehearses:
 *
 *	changes are parts of that transaction	(change_begin, change_commit)
 *	nothing is told				(session_progress, session_alarm)
 *	no file is written or erased, no lock is taken, nothing is copied or settled
 *	the target does what it should		(rotation/target)
 */
#ifndef CEREMONY_SERVER_VAULT_REHEARSAL_H
#define CEREMONY_SERVER_VAULT_REHEARSAL_H

#include "ceremony/server/vault/session.h"

typedef enum err_code rehearsed(struct session *session, const void *context, struct err *err);
/* Rehearse WORK of CONTEXT; as a part of another's rehearsal nothing.  ERR_INTEGRITY alone is a reason not to do
 * it: of what else stops it some may be done before.  ERR_BUSY, ERR_IO: it could not begin. */
enum err_code rehearse(struct session *session, rehearsed *work, const void *context,
    struct err *err) MUST_CHECK;

#endif
