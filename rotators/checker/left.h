/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that a child left behind: those of its group, and orphans that came to us (left_watch). */
#ifndef ROTATORS_CHECKER_LEFT_H
#define ROTATORS_CHECKER_LEFT_H

#include <sys/types.h>

#include "base/err.h"

/* From now on orphans of our children become ours, whatever group they are in.  ERR_IO. */
enum err_code left_watch(struct err *err) MUST_CHECK;
/* Kills what is left of CHILD, which has ended and is not reaped, and reaps it; how many processes that were. */
unsigned left_end(pid_t child);

#endif
