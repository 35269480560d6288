/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting in the foreground while a lease runs. */
#ifndef CLI_LEASE_H
#define CLI_LEASE_H

#include "ceremony/client/opening/done.h"
#include "cli/call.h"

/* Count down until the lease expires, is ended elsewhere, or the person wants its end: on a terminal by Ctrl-C twice, since it
 * closes sessions and cost several officers; elsewhere by SIGINT; and by SIGTERM, or when the terminal closes.  Whatever
 * becomes of the vault's server, the clock alone decides when it is over.  RET_END: it is for us to end it (lease_end);
 * RET_DEAD: CLIENT's server has stopped answering, and it goes over a new connection. */
enum err_code lease_wait(const struct cli_call *call, struct client *client,
    const struct opened *opened, bool *ret_end, bool *ret_dead, struct err *err) MUST_CHECK;

#endif
