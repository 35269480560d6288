/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each look through /proc finds the children of ours that still run, and ends them; what those had started is ours then, and
 * found by the next look.  A process is held by a descriptor before it is judged, so that none is killed that has got the
 * number of another.
 */
#include "base/left.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"

enum { BLIND_MILLISECONDS = 5 };

enum err_code
left_watch(struct err *err)
{
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
		return err_errno(err, ERR_IO, errno,
		    "cannot watch for processes that are left behind");
	return ERR_OK;
}

/* Of the process PID; false when it is none, or is gone. */
static bool
read_stat(pid_t pid, char *ret_state, pid_t *ret_parent, pid_t *ret_group)
{
	char path[64], text[512];
	FILE *file;
	size_t got;
	const char *end;
	int parent, group;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	got = fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	text[got] = '\0';
	end = strrchr(text, ')'); /* what is in between the program chose */
	if (end == NULL || sscanf(end, ") %c %d %d", ret_state, &parent, &group) != 3)
		return false;
	*ret_parent = parent;
	*ret_group = group;
	return true;
}

/* Did CHILD leave PID behind, and does it still run?  One of ours that has ended is reaped. */
static bool
is_left(pid_t pid, pid_t child)
{
	pid_t parent, group;
	char state;
	int status;

	if (pid <= 0 || pid == child || !read_stat(pid, &state, &parent, &group))
		return false;
	if (state == 'Z' || state == 'X') {
		if (parent == getpid())
			(void)waitpid(pid, &status, WNOHANG);
		return false;
	}
	return group == child || parent == getpid();
}

/* Sleeps until the process behind PIDFD has ended, or until DEADLINE. */
static void
await_death(int pidfd, int64_t deadline)
{
	struct pollfd fd = {.fd = pidfd, .events = POLLIN};
	int64_t left = deadline - process_milliseconds();

	if (pidfd < 0 && left > BLIND_MILLISECONDS)
		left = BLIND_MILLISECONDS;
	if (left > 0)
		(void)poll(&fd, pidfd < 0 ? 0 : 1, (int)left);
}

/* True when it has ended now.  One that cannot be killed is not waited for. */
static bool
end_one(pid_t pid, pid_t child, int64_t deadline)
{
	FD pidfd = pidfd_open(pid, 0); /* -1 in a sandbox, under valgrind */

	while (is_left(pid, child)) {
		int killed =
		    pidfd < 0 ? kill(pid, SIGKILL) : pidfd_send_signal(pidfd, SIGKILL, NULL, 0);

		if ((killed != 0 && errno != ESRCH) || process_milliseconds() >= deadline)
			return false;
		await_death(pidfd, deadline);
	}
	return true;
}

/* One look; false: some stay.  RET_MORE: some were there. */
static bool
look(pid_t child, int64_t deadline, unsigned *count, bool *ret_more)
{
	DIR *folder = opendir("/proc");
	struct dirent *entry;
	bool ended = folder != NULL;

	*ret_more = false;
	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		pid_t pid = (pid_t)atoi(entry->d_name);

		if (!is_left(pid, child))
			continue;
		*ret_more = true;
		(*count)++;
		if (!end_one(pid, child, deadline))
			ended = false;
	}
	if (folder != NULL)
		(void)closedir(folder);
	return ended;
}

enum err_code
left_end(pid_t child, int milliseconds, unsigned *ret_count, struct err *err)
{
	int64_t deadline = process_milliseconds() + milliseconds;
	unsigned count = 0;
	bool more = true, ended = true;

	while (more && ended) {
		ended = look(child, deadline, &count, &more);
		ended = ended && (!more || process_milliseconds() < deadline);
	}
	*ret_count = count;
	if (!ended)
		return err_set(err, ERR_IO,
		    "a process that the program left behind cannot be ended");
	return ERR_OK;
}
