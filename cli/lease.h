/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting in the foreground while a lease runs. */
#ifndef CLI_LEASE_H
#define CLI_LEASE_H

#include "ceremony/client/opening/done.h"
#include "cli/call.h"

/* Count down until the lease expires, is ended elsewhere, or the person ends it: the first Ctrl-C asks at the terminal, a
 * second one, SIGTERM, and a terminal that closes end it.  RET_END: it is for us to end it (lease_end).  A client that has
 * ceased to answer is freed: CALL's is NULL then.  Afterwards Ctrl-C ends this process, as it does elsewhere; SIGTERM and
 * SIGHUP stay blocked. */
enum err_code lease_wait(struct cli_call *call, const struct opened *opened, bool *ret_end,
    struct err *err) MUST_CHECK;

#endif
