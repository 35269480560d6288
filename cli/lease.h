/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting in the foreground while a lease runs. */
#ifndef CLI_LEASE_H
#define CLI_LEASE_H

#include "ceremony/client/opening/done.h"
#include "cli/call.h"

/* Count down until the lease expires, is ended elsewhere, or the person types Ctrl-C (or the
 * terminal closes).  RET_END: it is for us to end it (lease_end). */
enum err_code lease_wait(const struct cli_call *call, struct client *client,
    const struct opened *opened, bool *ret_end, struct err *err) MUST_CHECK;

#endif
