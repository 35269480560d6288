/* SPDX-License-Identifier: Apache-2.0 */
/* Giving the copy sink what it lacks. */
#ifndef CEREMONY_SERVER_COPIES_SEND_H
#define CEREMONY_SERVER_COPIES_SEND_H

#include "ceremony/server/call.h"
#include "vault/store/copy.h"

/* How much the sink in force has not acknowledged, by kind; all of it where it has no marker yet.  Nothing where the charter
 * names none. */
struct copies_lacking {
	uint64_t all[COPY_KINDS], lacking[COPY_KINDS];
};
enum err_code copies_count(struct session *session, struct copies_lacking *ret_count,
    struct err *err) MUST_CHECK;
/* Is there something to send, and a sink that would take it, as far as a look can tell? */
enum err_code copies_wait(struct session *session, bool *ret_wait, struct err *err) MUST_CHECK;
/* Send some of what it lacks; nothing more is begun after DEADLINE.  Another process that is at it: nothing happens. */
enum err_code copies_send_due(struct session *session, int64_t deadline,
    struct err *err) MUST_CHECK;

/* The same for a person, who waits for all of it; what was acknowledged is compared, too, and put back where it is not as it
 * was. */
enum err_code serve_copy_repair(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;

#endif
