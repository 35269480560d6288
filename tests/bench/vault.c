/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a large vault costs its server:
 *
 *	usage: bench-vault SECRETS DEBTS LEAVES
 *
 * For each operation the time of a session that does nothing else, and the most memory that its process took.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/unit/server/grown_bench.h"

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A line of /proc/PID/status, in KiB. */
static unsigned long
memory(pid_t pid, const char *name)
{
	char path[64], line[200];
	unsigned long size = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "r");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			size = strtoul(line + strlen(name) + 1, NULL, 10);
	if (file != NULL)
		fclose(file);
	return size;
}

static void
ask(struct bench *bench, const char *op)
{
	double began = seconds(), opened;

	bench_end(bench);
	bench_must(bench, op_new("founding"));
	opened = seconds();
	bench_must(bench, op_new(op));
	printf("%-12s %8.3f s, and %.3f s to begin the session; %6lu KiB\n", op, seconds() - opened,
	    opened - began, memory(bench->pid, "VmHWM"));
}

static void
measure(const struct growth *growth)
{
	struct bench *bench = bench_new(false);
	double began = seconds();

	bench_grow(bench, growth);
	printf("%u secrets, %u debts, %llu leaves: made in %.1f s\n", growth->secrets,
	    growth->debts, (unsigned long long)growth->leaves, seconds() - began);
	ask(bench, "status");
	ask(bench, "status");
	ask(bench, "log-verify");
	printf("%s", (const char *)bench->progress.data);
	bench_free(bench);
}

int
main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: bench-vault SECRETS DEBTS LEAVES\n");
		return 2;
	}
	const struct growth growth = {(unsigned)strtoul(argv[1], NULL, 10),
	    (unsigned)strtoul(argv[2], NULL, 10), strtoull(argv[3], NULL, 10)};
	setvbuf(stdout, NULL, _IOLBF, 0);
	measure(&growth);
	return 0;
}
