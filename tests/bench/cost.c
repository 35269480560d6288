/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command costs, with all that it starts:
 *
 *	usage: bench-cost FILE COMMAND [ARGUMENT]...
 *
 * Exits as COMMAND does, on its terminal, and writes one line to FILE: microseconds of CPU of COMMAND and the
 * children it waited for; of what it left behind, which is waited for here; from the start to its end; and the
 * most memory that one process of them took, in KiB.  A small program, since a child's figure for memory begins
 * with what its parent had.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct cost {
	double own, after, wall;
	long memory;
	int status;
};

static double
now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double
cpu(const struct rusage *usage)
{
	return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1e6 +
	    (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec);
}

/* All are our children: those that were left behind become so. */
static void
gather(pid_t command, double began, struct cost *cost)
{
	struct rusage usage;
	int status;

	for (pid_t pid; (pid = wait4(-1, &status, 0, &usage)) > 0;) {
		if (pid == command) {
			cost->own = cpu(&usage);
			cost->wall = now() - began;
			cost->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
		} else {
			cost->after += cpu(&usage);
		}
		if (usage.ru_maxrss > cost->memory)
			cost->memory = usage.ru_maxrss;
	}
}

int
main(int argc, char **argv)
{
	struct cost cost = {.status = 127};

	if (argc < 3) {
		fprintf(stderr, "usage: bench-cost FILE COMMAND [ARGUMENT]...\n");
		return 2;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGHUP, SIG_IGN); /* its terminal may go before what was left behind ends */
	double began = now();
	pid_t pid = fork();
	if (pid == 0) {
		signal(SIGHUP, SIG_DFL);
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	gather(pid, began, &cost);
	FILE *file = fopen(argv[1], "w");
	if (file == NULL)
		return 2;
	fprintf(file, "%.0f %.0f %.0f %ld\n", cost.own, cost.after, cost.wall, cost.memory);
	return fclose(file) == 0 ? cost.status : 2;
}
