/* SPDX-License-Identifier: Apache-2.0 */
/* Children with a deadline. */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum { PROCESS_FDS = 9 };
struct process_spawn {
	const char *path;        /* absolute */
	const char *name;        /* of it in messages; NULL: PATH */
	const char *const *argv; /* NULL-terminated */
	const char *const *env;  /* NULL-terminated, the whole environment of the child */
	/* The child's descriptor N (0..8) is our FDS[N]; -1 is closed, but 0..2 are /dev/null.  From 3 on 0 is closed, too: what a
	 * caller names no descriptor for gets none, not our input. */
	int fds[PROCESS_FDS];
	/* The child stays in our process group, so that it may ask at the terminal (ssh does, for
	 * passphrases and host keys); then only itself is killed, not a whole group. */
	bool same_group;
	/* A session of its own instead: nothing that ends ours ends it. */
	bool own_session;
	/* It is killed when we end, however that comes; what it started is not. */
	bool ends_with_us;
};
/* For a child of one's own making, before it executes something: its descriptor N is FDS[N], as above, REPORT (any) is
 * PROCESS_FDS, close-on-exec, and all others are closed.  Only system calls; false with errno. */
bool process_arrange(const int fds[PROCESS_FDS], int report);
/* Likewise: every signal as after login. */
void process_reset_signals(void);
/* Start a child in its own process group; all other descriptors are closed in it, and it gets
 * the default signal actions.  ERR_NOT_FOUND, ERR_IO: it could not be executed.  Not on the stack
 * of secret_stack_run(), which does not exist in a child. */
enum err_code process_start(const struct process_spawn *spawn, pid_t *ret_pid,
    struct err *err) MUST_CHECK;
/* Wait until DEADLINE (process_milliseconds; -1: no deadline); then kill the whole group and
 * return ERR_TARGET_UNKNOWN.  RET_STATUS is waitpid's. */
enum err_code process_wait(pid_t pid, int64_t deadline, int *ret_status,
    struct err *err) MUST_CHECK;
/* True once PID has ended, or is no child of ours; false when it still runs at DEADLINE (0: look once).  It is not reaped,
 * so that its number, and its group's, stay its own. */
bool process_await(pid_t pid, int64_t deadline);
void process_kill(pid_t pid); /* the group, and reap */

#endif
