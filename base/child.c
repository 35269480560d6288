/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Children (base/process.h).  Between fork and exec the child only makes system calls; what goes
 * wrong there travels as an errno through a pipe that a successful exec closes.
 *
 * The wanted descriptors are first moved out of the way, to 64 and above, since each may be the
 * number that another one shall get.
 */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"

enum { ASIDE = 64, REPORT_FD = PROCESS_FDS, BLIND_MILLISECONDS = 5 };

/* What we ignore or block is our own affair. */
void
process_reset_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL); /* fails for SIGKILL and SIGSTOP, which have no other */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

bool
process_arrange(const int fds[PROCESS_FDS], int report)
{
	int null = open("/dev/null", O_RDWR);
	int aside[PROCESS_FDS];

	report = fcntl(report, F_DUPFD, ASIDE);
	null = fcntl(null, F_DUPFD, ASIDE);
	if (report < 0 || null < 0)
		return false;
	for (int fd = 0; fd < PROCESS_FDS; fd++) {
		bool wanted = fd <= 2 ? fds[fd] >= 0 : fds[fd] > 0;

		aside[fd] = wanted ? fcntl(fds[fd], F_DUPFD, ASIDE) : -1;
		if (wanted && aside[fd] < 0)
			return false;
	}
	for (int fd = 0; fd < PROCESS_FDS; fd++) {
		if (aside[fd] < 0 && fd <= 2)
			aside[fd] = null;
		if (aside[fd] >= 0 && dup2(aside[fd], fd) < 0)
			return false;
		if (aside[fd] < 0 && fd > 2)
			close(fd);
	}
	return dup3(report, REPORT_FD, O_CLOEXEC) == REPORT_FD &&
	    close_range(REPORT_FD + 1, UINT_MAX, 0) == 0;
}

/* Its parent may have ended before it could ask to be told. */
static bool
bind_to(pid_t parent)
{
	return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

static _Noreturn void
run_child(const struct process_spawn *spawn, int report, pid_t parent)
{
	int at = report;
	int error_number;

	if ((!spawn->ends_with_us || bind_to(parent)) &&
	    (spawn->same_group || (spawn->own_session ? setsid() > 0 : setpgid(0, 0) == 0))) {
		process_reset_signals();
		if (process_arrange(spawn->fds, report)) {
			at = REPORT_FD;
			execve(spawn->path, (char *const *)(uintptr_t)spawn->argv,
			    (char *const *)(uintptr_t)spawn->env);
		}
	}
	error_number = errno;
	while (write(at, &error_number, sizeof(error_number)) < 0 && errno == EINTR)
		continue;
	_exit(127);
}

/* The child's errno, or 0 once it runs its program. */
static int
read_report(int fd)
{
	int error_number = 0;
	ssize_t got;

	do
		got = read(fd, &error_number, sizeof(error_number));
	while (got < 0 && errno == EINTR);
	if (got == 0)
		return 0;
	return got == sizeof(error_number) && error_number != 0 ? error_number : EIO;
}

static pid_t
reap(pid_t pid, int *ret_status)
{
	pid_t reaped;

	do
		reaped = waitpid(pid, ret_status, 0);
	while (reaped < 0 && errno == EINTR);
	return reaped;
}

enum err_code
process_start(const struct process_spawn *spawn, pid_t *ret_pid, struct err *err)
{
	int ends[2];
	int status;
	int error_number;
	pid_t us = getpid(), pid;
	const char *name = spawn->name != NULL ? spawn->name : spawn->path;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_errno(err, ERR_IO, errno, "cannot start %s", name);
	pid = fork();
	if (pid == 0)
		run_child(spawn, ends[1], us);
	error_number = errno;
	close(ends[1]);
	if (pid > 0) {
		if (!spawn->same_group && !spawn->own_session)
			setpgid(pid, pid); /* the child does too; whoever comes first */
		error_number = read_report(ends[0]);
	}
	close(ends[0]);
	if (pid > 0 && error_number == 0) {
		*ret_pid = pid;
		return ERR_OK;
	}
	if (pid > 0)
		reap(pid, &status);
	return err_errno(err, error_number == ENOENT ? ERR_NOT_FOUND : ERR_IO, error_number,
	    "cannot start %s", name);
}

/* Sleep until the child behind PIDFD ends, or for MILLISECONDS at most.  Without a pidfd (in a
 * sandbox, under valgrind) the caller looks again every few milliseconds. */
static void
sleep_until_ended(int pidfd, int64_t milliseconds)
{
	struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};

	if (pidfd < 0 && milliseconds > BLIND_MILLISECONDS)
		milliseconds = BLIND_MILLISECONDS;
	poll(&poll_fd, pidfd < 0 ? 0 : 1, milliseconds > INT_MAX ? INT_MAX : (int)milliseconds);
}

/* PID when it was reaped, 0 at the deadline, -1 with errno set. */
static pid_t
reap_until(pid_t pid, int64_t deadline, int *ret_status)
{
	FD pidfd = -1;

	if (deadline < 0)
		return reap(pid, ret_status);
	pidfd = pidfd_open(pid, 0);
	for (;;) {
		pid_t reaped = waitpid(pid, ret_status, WNOHANG);
		int64_t left = deadline - process_milliseconds();

		if (reaped != 0 || left <= 0)
			return reaped;
		sleep_until_ended(pidfd, left);
	}
}

enum err_code
process_wait(pid_t pid, int64_t deadline, int *ret_status, struct err *err)
{
	int status;
	pid_t reaped = reap_until(pid, deadline, &status);

	if (reaped == 0) {
		process_kill(pid);
		return err_set(err, ERR_TARGET_UNKNOWN,
		    "a program did not end in time and was killed");
	}
	if (reaped != pid)
		return err_errno(err, ERR_INTERNAL, errno, "cannot wait for a program");
	*ret_status = status;
	return ERR_OK;
}

bool
process_await(pid_t pid, int64_t deadline)
{
	FD pidfd = -1;

	for (;;) {
		siginfo_t ended = {0};
		int64_t left = deadline - process_milliseconds();

		if (waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT | WNOHANG) != 0 ||
		    ended.si_pid != 0)
			return true;
		if (left <= 0)
			return false;
		if (pidfd < 0)
			pidfd = pidfd_open(pid, 0);
		sleep_until_ended(pidfd, left);
	}
}

void
process_kill(pid_t pid)
{
	int status;

	/* Until it is reaped the number cannot belong to anybody else. */
	kill(getpgid(pid) == pid ? -pid : pid, SIGKILL);
	reap(pid, &status);
}
