/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is due: whatever a crash or the passing of time left.  A session answers from the state as it is, and nobody
 * waits for somebody else's target; what is due is done after its replies, by one process a vault, which has a session
 * of its own and nothing of the client's.
 *
 *	before the first reply	every file is shown to be of this database; temporary ones of writers who died are
 *				erased; a release that was cut off is finished: the quorum was met, no target is asked
 *	after the replies	ceremonies are decided that can be, leases ended, debts paid, leftovers erased
 */
#ifndef CEREMONY_SERVER_DUE_H
#define CEREMONY_SERVER_DUE_H

#include "ceremony/server/vault/session.h"

/* Nothing more is begun after so long, but one debt in each case; ceremonies have half of it. */
enum { DUE_SECONDS = 60 };

/* What the first reply rests on.  What cannot be finished becomes an alarm for `status` and does not keep the session
 * from working; ERR_INTEGRITY does. */
enum err_code due_first(struct session *session, struct err *err) MUST_CHECK;
/* Is there something that due_run would do? */
enum err_code due_waits(struct session *session, bool *ret_waits, struct err *err) MUST_CHECK;
/* Does it, unless another process is at it.  What came to nothing, an alarm too, is noted for `status`
 * (due_note.h); the commands that rest on the same rows tell of it in full. */
enum err_code due_run(const struct server_options *options, struct err *err) MUST_CHECK;

#endif
