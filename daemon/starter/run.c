/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/starter/run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/left.h"
#include "base/process.h"
#include "daemon/starter/filter.h"
#include "rotators/contract/executable.h"

enum { REPORT_MILLISECONDS = 10000, LEFT_MILLISECONDS = 5000, SIGNALLED = 128 };

/* --- Inside ------------------------------------------------------------------------------- */

struct report {
	int number; /* errno */
	char step[160];
};

struct inside {
	const struct plan *plan;
	const int *fds;
	struct view filter;
	int report, go, life;
};

static _Noreturn void
give_up(int report, const char *step)
{
	struct report said = {.number = errno};

	(void)snprintf(said.step, sizeof(said.step), "%s", step);
	(void)!write(report, &said, sizeof(said));
	_exit(127);
}

static _Noreturn void
execute(const struct inside *inside)
{
	static const char *const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
	    "HOME=/tmp", "TMPDIR=/tmp",
#ifdef __SANITIZE_ADDRESS__
	    "ASAN_OPTIONS=detect_leaks=0", /* which traces processes */
#endif
	    NULL};
	const struct plan *plan = inside->plan;
	const int *given = inside->fds;
	const char *const argv[] = {plan->name, NULL};
	const int fds[PROCESS_FDS] = {given[START_REQUESTS], given[START_ANSWERS], -1,
	    given[START_CURRENT], given[START_NEXT], given[START_GENERATED], given[START_VIA],
	    plan->executable, plan->program};

	if (!process_arrange(fds, inside->report))
		give_up(inside->report, "handing its descriptors over");
	execve(EXECUTABLE_PATH, (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)env);
	give_up(PROCESS_FDS, "executing it");
}

/* First of all processes in its namespaces: orphans come to it, and with it all end. */
static _Noreturn void
be_first(pid_t rotator)
{
	int status = 0;
	pid_t ended;

	(void)close_range(0, UINT_MAX, 0);
	do
		ended = waitpid(-1, &status, 0);
	while (ended != rotator && (ended > 0 || errno == EINTR));
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : SIGNALLED + WTERMSIG(status));
}

static bool
confine(const struct inside *inside, const char **ret_step)
{
	const struct plan *plan = inside->plan;

	if (plan->namespaces && !space_enter(&plan->space, inside->go, ret_step))
		return false;
	if (!confine_limits(&plan->identity, ret_step) ||
	    !confine_identity(&plan->identity, ret_step) || !confine_bind(inside->life, ret_step) ||
	    !confine_landlock(&plan->show, plan->namespaces, plan->landlock, ret_step))
		return false;
	*ret_step = "leaving the session";
	return setsid() >= 0 || errno == EPERM; /* the first process has one already */
}

/* When memory runs out it is the first to go. */
static void
be_expendable(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, "1000", 4);
	close(fd);
}

static _Noreturn void
run_inside(const struct inside *inside)
{
	const char *step = "";
	pid_t rotator = 0;

	be_expendable();
	process_reset_signals();
	if (!confine(inside, &step))
		give_up(inside->report, step);
	if (!filter_enter(inside->filter))
		give_up(inside->report, "filtering its system calls");
	if (inside->plan->namespaces)
		rotator = fork();
	if (rotator < 0)
		give_up(inside->report, "making its process");
	if (rotator > 0)
		be_first(rotator);
	execute(inside);
}

/* --- Outside ------------------------------------------------------------------------------ */

static void
run_done(struct run *run)
{
	fd_closep(&run->life);
	if (run->pid == 0)
		return;
	kill(run->pid, SIGKILL);
	while (waitpid(run->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	run->pid = 0;
}

static enum err_code
make_pipe(int *ret_read, int *ret_write, struct err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_errno(err, ERR_IO, errno, "making a pipe");
	*ret_read = ends[0];
	*ret_write = ends[1];
	return ERR_OK;
}

/* Nothing comes when the program is executed. */
static enum err_code
read_report(int fd, struct err *err)
{
	struct report said = {0};
	struct pollfd one = {.fd = fd, .events = POLLIN};
	ssize_t got = 0;

	if (poll(&one, 1, REPORT_MILLISECONDS) <= 0)
		return err_set(err, ERR_IO, "isolating the rotator took too long");
	got = read(fd, &said, sizeof(said));
	if (got == 0)
		return ERR_OK;
	if (got != sizeof(said) || said.step[sizeof(said.step) - 1] != '\0')
		return err_set(err, ERR_IO, "isolating the rotator failed");
	return err_errno(err, ERR_IO, said.number, "isolating the rotator: %s%s", said.step,
	    said.number == ESTALE ? " (it was exchanged after it was checked)" : "");
}

static enum err_code
fork_inside(const struct plan *plan, struct inside *inside, struct run *run, struct err *err)
{
	FD report = -1, report_end = -1, go = -1, go_end = -1, life = -1;

	TRY(make_pipe(&report, &report_end, err));
	TRY(make_pipe(&go, &go_end, err));
	TRY(make_pipe(&life, &run->life, err));
	inside->report = report_end;
	inside->go = go;
	inside->life = life;
	pid_t pid = plan->namespaces ? space_fork(&plan->space) : fork();

	if (pid == 0) {
		fd_closep(&run->life);
		fd_closep(&go_end);
		fd_closep(&report);
		run_inside(inside);
	}
	if (pid < 0)
		return err_errno(err, ERR_IO, errno, "making a process for the rotator");
	run->pid = pid;
	fd_closep(&report_end);
	if (plan->namespaces && plan->space.right == SPACE_SUB) {
		TRY(space_map(&plan->space, pid, err));
		(void)!write(go_end, "", 1);
	}
	return read_report(report, err);
}

enum err_code
run_start(const struct plan *plan, const int fds[START_FDS], struct run *ret_run, struct err *err)
{
	CLEANUP(run_done) struct run run = {.life = -1, .alone = !plan->namespaces};
	struct space space = plan->space;
	struct plan with = *plan; /* borrows what PLAN owns */
	BUF filter = {0};

	TRY(filter_make(plan->parts, &filter, err));
	if (run.alone)
		TRY(left_watch(err));
	space.shown = plan->show.shown;
	space.count = plan->show.count;
	with.space = space;
	struct inside inside = {.plan = &with, .fds = fds, .filter = buf_view(&filter)};

	TRY(fork_inside(&with, &inside, &run, err));
	run.deadline = process_milliseconds() + (int64_t)plan->seconds * 1000;
	*ret_run = run;
	run = (struct run){.life = -1};
	return ERR_OK;
}

/* --- Watching ----------------------------------------------------------------------------- */

enum cause { ENDED, WANTED, DEADLINE };

static enum cause
wait_for_end(const struct run *run, int socket)
{
	FD pidfd = pidfd_open(run->pid, 0);

	for (;;) {
		struct pollfd fds[] = {{.fd = socket, .events = POLLIN},
		    {.fd = pidfd, .events = POLLIN}};
		int64_t left = run->deadline - process_milliseconds();

		if (left <= 0)
			return DEADLINE;
		if (poll(fds, ARRAY_SIZE(fds), left > INT_MAX ? INT_MAX : (int)left) < 0)
			continue;
		if (pidfd < 0 || fds[1].revents != 0)
			return ENDED;
		if (fds[0].revents != 0)
			return WANTED;
	}
}

static enum err_code
end_all(struct run *run, int *ret_status, struct err *err)
{
	unsigned ignored;
	enum err_code code = ERR_OK;

	if (run->alone) {
		kill(-run->pid, SIGKILL);
		kill(run->pid, SIGKILL);
		(void)process_await(run->pid, process_milliseconds() + LEFT_MILLISECONDS);
		code = left_end(run->pid, LEFT_MILLISECONDS, &ignored, err);
	} else
		kill(run->pid, SIGKILL); /* the kernel ends all others before it is reaped */
	while (waitpid(run->pid, ret_status, 0) < 0 && errno == EINTR)
		continue;
	run->pid = 0;
	fd_closep(&run->life);
	return code;
}

enum err_code
run_watch(struct run *run, int socket, struct start_ended *ret_ended, struct err *err)
{
	enum cause cause = wait_for_end(run, socket);
	int status = 0;

	TRY(end_all(run, &status, err));
	if (WIFEXITED(status) && WEXITSTATUS(status) <= SIGNALLED)
		*ret_ended = (struct start_ended){START_EXITED, WEXITSTATUS(status)};
	else
		*ret_ended = (struct start_ended){START_KILLED,
		    WIFEXITED(status) ? WEXITSTATUS(status) - SIGNALLED : WTERMSIG(status)};
	if (cause == DEADLINE)
		ret_ended->how = START_DEADLINE;
	return ERR_OK;
}
