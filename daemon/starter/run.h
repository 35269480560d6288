/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One rotator, from its start to the end of all that it started.
 *
 *	we		the starter's process for this rotator: watches its end, the vault's, and the deadline
 *	  first		the first process of its namespaces, as confined as the rotator: reaps; its end is the end of all
 *	    rotator	executes the program
 *
 * Without namespaces there is no `first`: what the rotator leaves behind comes to us (base/left.h).
 */
#ifndef DAEMON_STARTER_RUN_H
#define DAEMON_STARTER_RUN_H

#include "daemon/starter/plan.h"

struct run {
	pid_t pid;  /* of FIRST, or of the rotator; 0: none */
	int life;   /* what it sees of us: it is open while we live */
	bool alone; /* without namespaces */
	int64_t deadline;
};
/* The program runs when it returns.  FDS are the vault's.  ERR_IO, ERR_REFUSED say at which step it stopped: then nothing of the
 * program ran. */
enum err_code run_start(const struct plan *plan, const int fds[START_FDS], struct run *ret_run,
    struct err *err) MUST_CHECK;
/* Until it ends, its deadline comes, or the other side of SOCKET says something or goes: then it is ended.  All that it started
 * has ended when this returns; ERR_IO: but for what cannot be. */
enum err_code run_watch(struct run *run, int socket, struct start_ended *ret_ended,
    struct err *err) MUST_CHECK;

#endif
