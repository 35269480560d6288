/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Living on after the end.  Each way leaves a process that answers no signal that can be ignored.  It takes a name that the
 * driver looks for among all processes (world_alias), and knocks, where it reaches so far: a datagram to
 * WORLD_KNOCK_PORT with the way's number, and a byte more in the file "knock" of WORLD_PLACE.  It ends by itself after
 * WORLD_OUTLIVE seconds, or when there is a file "stop" in WORLD_PLACE.  These are run by the rotator's first process, and return at once.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/process.h"
#include "tests/adversary/rotator/attempts.h"

enum { BETWEEN_KNOCKS = 10 * 1000 * 1000 /* ns */ };

static void
prepare(const struct world *world, const struct attempt *attempt)
{
	char alias[WORLD_ALIAS_SIZE];
	sigset_t all;

	world_alias(world, attempt->of, alias);
	(void)prctl(PR_SET_NAME, alias);
	for (int number = 1; number <= SIGRTMAX; number++)
		(void)signal(number, SIG_IGN);
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)prctl(PR_SET_PDEATHSIG, 0);
}

static void
knock(const struct world *world, const struct attempt *attempt)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)world->numbers[WORLD_KNOCK_PORT]),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const char way = (char)attempt->of;
	FD fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	FD file = open(PATH(world->texts[WORLD_PLACE], "knock"),
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	(void)sendto(fd, &way, 1, MSG_DONTWAIT, (const void *)&address, sizeof(address));
	(void)!write(file, &way, 1);
}

static bool
goes_on(const struct world *world, int64_t last)
{
	return process_milliseconds() < last &&
	    access(PATH(world->texts[WORLD_PLACE], "stop"), F_OK) != 0;
}

static int64_t
last_moment(const struct world *world)
{
	return process_milliseconds() + world->numbers[WORLD_OUTLIVE] * 1000;
}

static _Noreturn void
live_on(const struct world *world, const struct attempt *attempt)
{
	int64_t last = last_moment(world);

	prepare(world, attempt);
	while (goes_on(world, last)) {
		knock(world, attempt);
		nanosleep(&(struct timespec){.tv_nsec = BETWEEN_KNOCKS}, NULL);
	}
	_exit(0);
}

/* It has the rotator's descriptors, and is where its group is killed. */
static int
stay_in_group(const struct world *world, const struct attempt *attempt)
{
	pid_t pid = fork();

	if (pid == 0)
		live_on(world, attempt);
	return code_of(pid);
}

static int
leave_group(const struct world *world, const struct attempt *attempt)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)setpgid(0, 0);
		live_on(world, attempt);
	}
	return code_of(pid);
}

static void
close_all(void)
{
	for (int fd = 0; fd < 64; fd++)
		close(fd);
}

/* As daemons do: nothing ties it to who made it. */
static int
leave_session(const struct world *world, const struct attempt *attempt)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)setsid();
		if (fork() != 0)
			_exit(0);
		close_all();
		live_on(world, attempt);
	}
	return code_of(pid);
}

/* A brother instead of a child: our parent has one more that it did not make. */
static int
leave_parent(const struct world *world, const struct attempt *attempt)
{
	long pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0) {
		(void)setsid();
		live_on(world, attempt);
	}
	return code_of(pid);
}

/* Another number at each moment: whoever looks for it finds one that has gone. */
static _Noreturn void
run_away(const struct world *world, const struct attempt *attempt)
{
	int64_t last = last_moment(world);

	prepare(world, attempt);
	while (goes_on(world, last)) {
		knock(world, attempt);
		nanosleep(&(struct timespec){.tv_nsec = 1000 * 1000}, NULL);
		if (fork() > 0)
			_exit(0);
		(void)setsid();
	}
	_exit(0);
}

static int
fork_away(const struct world *world, const struct attempt *attempt)
{
	pid_t pid = fork();

	if (pid == 0) {
		close_all();
		run_away(world, attempt);
	}
	return code_of(pid);
}

#define OUTLIVES ATTEMPT_OUTLIVES
static const struct attempt rows[] = {
    {"outlive_in_group", "one more hour", stay_in_group, 1, OUTLIVES},
    {"outlive_by_group", "likewise", leave_group, 2, OUTLIVES},
    {"outlive_by_session", "likewise", leave_session, 3, OUTLIVES},
    {"outlive_by_parent", "likewise", leave_parent, 4, OUTLIVES},
    {"outlive_by_forking", "likewise", fork_away, 5, OUTLIVES},
};

struct attempts
attempts_outlive(void)
{
	return (struct attempts){rows, ARRAY_SIZE(rows)};
}
