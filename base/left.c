/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever a child left behind is a child of ours once its parents have ended, and ended they are, one look after the other,
 * until a look meets none at all: what a process had started comes to us when it ends, behind the look that meets it.
 * The number of a child of ours belongs to nobody else until we reap it, so that no other is ever killed.  A look costs
 * less than a fork: what forks without end is not faster.
 */
#include "base/left.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"

enum err_code
left_watch(struct err *err)
{
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
		return err_errno(err, ERR_IO, errno,
		    "cannot watch for processes that are left behind");
	return ERR_OK;
}

struct look {
	pid_t child;
	unsigned killed;
	bool met; /* one that ran, or has ended since */
};

/* Where PID is a child of ours that runs: not much longer.  One that has ended is reaped. */
static void
look_at(struct look *look, pid_t pid)
{
	siginfo_t ended = {0};
	int status;

	if (pid <= 1 || pid == look->child ||
	    waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT | WNOHANG) != 0)
		return;
	look->met = true;
	if (ended.si_pid == pid) {
		(void)waitpid(pid, &status, WNOHANG);
		look->killed++;
		return;
	}
	(void)kill(pid, SIGKILL); /* who cannot be killed is met again until the deadline */
}

/* As the kernel lists them (proc(5): CONFIG_PROC_CHILDREN); false: it does not, or there is no /proc. */
static bool
look_at_listed(struct look *look)
{
	FILE *list = fopen("/proc/thread-self/children", "re");
	int pid;

	if (list == NULL)
		return false;
	while (fscanf(list, "%d", &pid) == 1)
		look_at(look, pid);
	(void)fclose(list);
	return true;
}

/* Numbers are given in their order, so that a new process has the last one. */
static void
look_at_numbers(struct look *look)
{
	pid_t last = fork();

	if (last == 0)
		_exit(0);
	look->met |= last < 0; /* nobody can tell */
	while (last > 0 && waitpid(last, NULL, 0) < 0 && errno == EINTR)
		continue;
	for (pid_t pid = 2; pid < last; pid++)
		look_at(look, pid);
}

enum err_code
left_end(pid_t child, int milliseconds, unsigned *ret_count, struct err *err)
{
	int64_t deadline = process_milliseconds() + milliseconds;
	struct look look = {.child = child};

	do {
		look.met = false;
		if (!look_at_listed(&look))
			look_at_numbers(&look);
		if (look.met)
			(void)sched_yield();
	} while (look.met && process_milliseconds() < deadline);
	*ret_count = look.killed;
	if (look.met)
		return err_set(err, ERR_IO,
		    "a process that the program left behind cannot be ended");
	return ERR_OK;
}
