/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process of our own that keeps an ssh-agent and its folder: both go when we end, however that comes, or at a
 * time that was set.  It is forked from us before anything secret is held.
 */
#ifndef CLI_AGENT_KEEPER_H
#define CLI_AGENT_KEEPER_H

#include <sys/types.h>

#include "base/err.h"

struct agent_keeper {
	pid_t pid; /* 0: none */
	int order; /* the end of a pipe: it ends when this is closed */
};

/* SOCKET lies in FOLDER, of which nothing is left afterwards.  The agent may not answer yet. */
enum err_code agent_keeper_start(const char *folder, const char *socket,
    struct agent_keeper *ret_keeper, struct err *err) MUST_CHECK;
/* From now on it goes on without us, for SECONDS by the clock that nobody sets (CLOCK_BOOTTIME). */
enum err_code agent_keeper_leave(struct agent_keeper *keeper, int64_t seconds,
    struct err *err) MUST_CHECK;
/* ERR_OK: the agent has ended, and the folder is gone; or there was none.  ERR_TARGET_UNKNOWN: it could not be told. */
enum err_code agent_keeper_end(struct agent_keeper *keeper, struct err *err) MUST_CHECK;

#endif
