/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that a child left behind: orphans that came to us (left_watch), whatever session they
 * made for themselves. */
#ifndef BASE_LEFT_H
#define BASE_LEFT_H

#include <sys/types.h>

#include "base/err.h"

/* From now on orphans of our children become ours, whatever group they are in.  ERR_IO. */
enum err_code left_watch(struct err *err) MUST_CHECK;
/* Kills what is left of CHILD, which has ended and is not reaped, until there is none, and reaps what is ours; CHILD itself
 * is not reaped (-1: it was, and so was its group).  Whoever calls has no other child.  RET_COUNT: how many processes that were.  ERR_IO: some could not be
 * ended within MILLISECONDS. */
enum err_code left_end(pid_t child, int milliseconds, unsigned *ret_count,
    struct err *err) MUST_CHECK;

#endif
