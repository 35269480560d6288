/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many tasks (processes and their threads) an account has: the kernel's limit of them (RLIMIT_NPROC, setrlimit(2)) counts all
 * of an account's, whoever started them, so that what a rotator may have comes on top of those that are there.
 */
#ifndef DAEMON_STARTER_TASKS_H
#define DAEMON_STARTER_TASKS_H

#include <sys/types.h>

#include "base/err.h"

/* By real user id, as /proc tells us: of others' processes only where it lets us see them.  ERR_IO: there is no /proc. */
enum err_code tasks_of(uid_t uid, unsigned *ret_count, struct err *err) MUST_CHECK;

#endif
