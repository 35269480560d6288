/* SPDX-License-Identifier: Apache-2.0 */
/*
 *	open --agent ---- keeper ---- ssh-agent
 *	          pipe: closed       killed with the keeper (PR_SET_PDEATHSIG)
 *
 * The keeper has a session of its own, so that no terminal ends it, and neither our descriptors nor our output.  It
 * may gain no rights by what it executes (no_new_privs): where ssh-agent is set-group-id, the kernel would
 * otherwise forget to kill it.
 */
#include "cli/agent_keeper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/child.h"
#include "base/process.h"

#define SSH_AGENT "/usr/bin/ssh-agent"
enum { END_MILLISECONDS = 10000, SLICE_MILLISECONDS = 5000 };

static int64_t
boot_seconds(void)
{
	struct timespec now;

	return clock_gettime(CLOCK_BOOTTIME, &now) == 0 ? (int64_t)now.tv_sec : INT64_MAX;
}

/* ---- in the keeper ---- */

struct kept {
	const char *folder, *socket;
	pid_t agent;
	int order, signals;
	int64_t until; /* boot_seconds(); 0: as long as ORDER is open */
};

static bool
start_agent(struct kept *kept)
{
	const char *const argv[] = {"ssh-agent", "-D", "-a", kept->socket, NULL};
	const char *const env[] = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8", NULL};
	const struct process_spawn spawn = {.path = SSH_AGENT,
	    .argv = argv,
	    .env = env,
	    .fds = {-1, -1, -1, -1, -1, -1, -1, -1, -1},
	    .ends_with_us = true};
	struct err ignored;

	return process_start(&spawn, &kept->agent, &ignored) == ERR_OK;
}

static bool
prepare(struct kept *kept)
{
	static const int fds[PROCESS_FDS] = {-1, -1, -1, -1, -1, -1, -1, -1, -1};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	process_reset_signals();
	if (setsid() < 0 || sigprocmask(SIG_BLOCK, &set, NULL) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !process_arrange(fds, kept->order))
		return false;
	kept->order = PROCESS_FDS; /* where process_arrange puts it */
	kept->signals = signalfd(-1, &set, SFD_CLOEXEC);
	return kept->signals >= 0 && chdir("/") == 0;
}

/* What they say, or that they have gone: false ends it. */
static bool
obey(struct kept *kept)
{
	ssize_t got = read(kept->order, &kept->until, sizeof(kept->until));

	if (got == sizeof(kept->until))
		return true;
	fd_closep(&kept->order);
	return got == 0 && kept->until != 0;
}

/* Until it is over.  A computer that slept has its poll end late, and not by more than a slice. */
static void
attend(struct kept *kept)
{
	for (;;) {
		struct pollfd fds[] = {{.fd = kept->signals, .events = POLLIN},
		    {.fd = kept->order, .events = POLLIN}};
		int64_t left =
		    kept->until == 0 ? SLICE_MILLISECONDS : (kept->until - boot_seconds()) * 1000;

		if (left <= 0)
			return;
		if (poll(fds, ARRAY_SIZE(fds),
		        left < SLICE_MILLISECONDS ? (int)left : SLICE_MILLISECONDS) < 0 &&
		    errno != EINTR)
			return;
		if (fds[0].revents != 0 || (fds[1].revents != 0 && !obey(kept)))
			return;
	}
}

/* Files alone are in it. */
static bool
erase_folder(const char *path)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;

	while (folder != NULL && (entry = readdir(folder)) != NULL)
		(void)unlinkat(dirfd(folder), entry->d_name, 0);
	if (folder != NULL)
		closedir(folder);
	return rmdir(path) == 0 || errno == ENOENT;
}

static _Noreturn void
run_keeper(struct kept *kept)
{
	bool begun = prepare(kept) && start_agent(kept);

	if (begun)
		attend(kept);
	if (kept->agent > 0)
		process_kill(kept->agent);
	_exit(erase_folder(kept->folder) && begun ? 0 : 1);
}

/* ---- in us ---- */

enum err_code
agent_keeper_start(const char *folder, const char *socket, struct agent_keeper *ret_keeper,
    struct err *err)
{
	struct kept kept = {.folder = folder, .socket = socket, .signals = -1};
	int ends[2];
	pid_t pid;

	if (access(SSH_AGENT, X_OK) != 0)
		return err_set(err, ERR_REFUSED, "there is no %s; install openssh-client",
		    SSH_AGENT);
	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_errno(err, ERR_IO, errno, "cannot start an ssh-agent");
	kept.order = ends[0];
	pid = fork();
	if (pid == 0)
		run_keeper(&kept);
	close(ends[0]);
	if (pid < 0) {
		close(ends[1]);
		return err_errno(err, ERR_IO, errno, "cannot start an ssh-agent");
	}
	*ret_keeper = (struct agent_keeper){.pid = pid, .order = ends[1]};
	return ERR_OK;
}

enum err_code
agent_keeper_leave(struct agent_keeper *keeper, int64_t seconds, struct err *err)
{
	const int64_t until = boot_seconds() + (seconds > 0 ? seconds : 1);

	if (write(keeper->order, &until, sizeof(until)) != sizeof(until))
		return err_set(err, ERR_IO, "the ssh-agent of this lease has ended");
	fd_closep(&keeper->order);
	keeper->pid = 0;
	return ERR_OK;
}

enum err_code
agent_keeper_end(struct agent_keeper *keeper, struct err *err)
{
	int status = 0;

	if (keeper->pid == 0)
		return ERR_OK;
	fd_closep(&keeper->order);
	enum err_code code = process_wait(TAKE(keeper->pid),
	    process_milliseconds() + END_MILLISECONDS, &status, err);
	if (code == ERR_OK && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return ERR_OK;
	return err_set(err, ERR_TARGET_UNKNOWN, "its process was killed, or left something behind");
}
