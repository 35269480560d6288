/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As a shell does it: the process group of the child becomes the terminal's foreground, and afterwards ours.  A child
 * that was stopped by Ctrl-Z stops us, so that the shell which waits for us sees it; one that was ended by
 * Ctrl-C ends us, and whoever else is in our group.
 */
#include "ceremony/client/lending.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"

enum { LOOK_MILLISECONDS = 100, DEATH_MILLISECONDS = 500 };

bool
lending_can(struct lending *ret_lending)
{
	int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (terminal >= 0 && tcgetpgrp(terminal) != getpgrp())
		fd_closep(&terminal);
	*ret_lending = (struct lending){.terminal = terminal};
	return terminal >= 0;
}

/* GROUP becomes the foreground. */
static void
give(const struct lending *lending, pid_t group)
{
	(void)!tcsetpgrp(lending->terminal, group);
	kill(-group, SIGCONT); /* whoever tried before */
}

static void
take(const struct lending *lending)
{
	if (tcgetpgrp(lending->terminal) == lending->to)
		give(lending, getpgrp());
}

void
lending_begin(struct lending *lending, pid_t to)
{
	sigset_t stop;

	if (to <= 0)
		lending_end(lending);
	if (lending->terminal < 0)
		return;
	lending->to = to;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTTOU); /* in the background we go on telling, and take it back */
	sigprocmask(SIG_BLOCK, &stop, &lending->before);
	give(lending, to);
}

/* By Ctrl-Z, or since it tried in the background: so are we, until somebody has us go on. */
static void
mind_stop(const struct lending *lending)
{
	siginfo_t stopped = {0};

	if (waitid(P_PID, (id_t)lending->to, &stopped, WSTOPPED | WNOHANG) != 0 ||
	    stopped.si_pid == 0)
		return;
	take(lending);
	kill(0, SIGTSTP);
	if (tcgetpgrp(lending->terminal) == getpgrp())
		give(lending, lending->to);
	else
		kill(-lending->to, SIGCONT);
}

/* What a Ctrl-C ended, it ends us with. */
static void
mind_interrupt(const struct lending *lending)
{
	siginfo_t ended = {0};

	if (!process_await(lending->to, process_milliseconds() + DEATH_MILLISECONDS) ||
	    waitid(P_PID, (id_t)lending->to, &ended, WEXITED | WNOWAIT | WNOHANG) != 0)
		return;
	if (ended.si_pid != 0 && ended.si_code == CLD_KILLED && ended.si_status == SIGINT) {
		take(lending);
		kill(0, SIGINT);
	}
}

void
lending_await(struct lending *lending, int fd, const struct fd_beside *beside)
{
	int64_t deadline = process_milliseconds() + LENT_SECONDS * 1000;

	while (lending->terminal >= 0 && process_milliseconds() < deadline) {
		struct pollfd fds[] = {{.fd = fd, .events = POLLIN},
		    {.fd = beside->fd, .events = POLLIN}};
		int ready = poll(fds, ARRAY_SIZE(fds), LOOK_MILLISECONDS);

		if (ready > 0 && fds[1].revents != 0)
			beside->hear(beside->context);
		if (ready > 0 && (fds[0].revents & (POLLHUP | POLLERR)) != 0)
			mind_interrupt(lending);
		if (ready > 0 && fds[0].revents != 0)
			return;
		mind_stop(lending);
	}
}

void
lending_end(struct lending *lending)
{
	if (lending->terminal >= 0 && lending->to > 0) {
		take(lending);
		sigprocmask(SIG_SETMASK, &lending->before, NULL);
	}
	fd_closep(&lending->terminal);
}
