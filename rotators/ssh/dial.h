/* SPDX-License-Identifier: Apache-2.0 */
/* TCP to a host, and waits that end when nobody wants the answer any more. */
#ifndef ROTATORS_SSH_DIAL_H
#define ROTATORS_SSH_DIAL_H

#include <stdint.h>

#include "base/err.h"

/* Does anybody still want the answer?  ERR_TARGET_UNKNOWN: DEADLINE (process_milliseconds) has passed.  ERR_WAITING: the
 * reader of our stdout went away. */
enum err_code dial_check(int64_t deadline, struct err *err) MUST_CHECK;
/* Waits until FD has one of EVENTS (poll(2)), at most 20 ms: the caller looks and comes again.  Errors as above. */
enum err_code dial_wait(int fd, short events, int64_t deadline, struct err *err) MUST_CHECK;

/* A connected, non-blocking descriptor.  HOST is a name or an address; its addresses are tried in turn.
 * ERR_TARGET: no address was found, or nobody listens, in words of ours; ERR_TARGET_UNKNOWN, ERR_WAITING as
 * above; else the error is ours (no descriptor, a lookup that failed). */
enum err_code dial(const char *host, unsigned port, int64_t deadline, int *ret_fd,
    struct err *err) MUST_CHECK;

#endif
