/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What isolating a rotator costs: the same rotator is started, checked and ended as a child of ours, and isolated.
 *
 *	usage: bench-isolation ROTATOR STARTER COMMAND ROUNDS
 *
 * A line a round: microseconds of time of the one and the other, and how many processes each took, all of them counted that this
 * machine (or these namespaces) made meanwhile.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/process.h"
#include "rotators/contract/rotator.h"

enum { SECONDS = 20 };

struct bench {
	const char *rotator;
	char folder[4096], target[8192];
	struct rotator_places places;
	struct rotator_found found;
};
struct run {
	double time;
	long processes;
};

static double
now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* The number that was given last. */
static long
last_process(void)
{
	FILE *file = fopen("/proc/loadavg", "re");
	long number = 0;

	if (file == NULL || fscanf(file, "%*f %*f %*f %*s %ld", &number) != 1)
		number = 0;
	if (file != NULL)
		(void)fclose(file);
	return number;
}

static enum err_code
run_once(const struct bench *bench, const char *starter, struct run *ret_run, struct err *err)
{
	struct rotator_places places = bench->places;
	JSON *target = NULL;
	ROTATOR *rotator = NULL;

	places.starter = starter;
	TRY(json_parse(view_of_text(bench->target), &target, err));
	const struct rotator_start start = {.path = bench->found.path,
	    .hash = bench->found.hash,
	    .places = &places,
	    .target = target,
	    .seconds = SECONDS};
	long before = last_process();
	double began = now();

	TRY(rotator_start(&start, &rotator, err));
	TRY(rotator_check(rotator, NULL, err));
	rotator_free(TAKE(rotator));
	ret_run->time = now() - began;
	ret_run->processes = last_process() - before;
	return ERR_OK;
}

static enum err_code
find_all(struct bench *bench, const char *command, struct err *err)
{
	struct digest hash;
	char hex[2 * DIGEST_SIZE + 1];
	FD fd = -1;

	(void)snprintf(bench->folder, sizeof(bench->folder), "%.*s",
	    (int)(strrchr(bench->rotator, '/') - bench->rotator), bench->rotator);
	bench->places = (struct rotator_places){.shipped = bench->folder, .own = {PROGRAMS_FOLDER}};
	TRY(rotator_find(&bench->places, "exec", &bench->found, err));
	TRY(program_open_path(&bench->places, command, &fd, &hash, err));
	for (size_t i = 0; i < sizeof(hash.bytes); i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", hash.bytes[i]);
	(void)snprintf(bench->target, sizeof(bench->target),
	    "{\"command\":[\"%.1000s\"],\"hash\":\"%s\"}", command, hex);
	return ERR_OK;
}

static enum err_code
measure(struct bench *bench, char **argv, struct err *err)
{
	struct run direct, isolated;

	bench->rotator = argv[1];
	TRY(find_all(bench, argv[3], err));
	for (int i = atoi(argv[4]); i > 0; i--) {
		TRY(run_once(bench, NULL, &direct, err));
		TRY(run_once(bench, argv[2], &isolated, err));
		printf("%.0f %.0f %ld %ld\n", direct.time, isolated.time, direct.processes,
		    isolated.processes);
	}
	return ERR_OK;
}

int
main(int argc, char **argv)
{
	struct bench bench = {0};
	struct err err;

	if (argc != 5 || strchr(argv[1], '/') == NULL) {
		fprintf(stderr, "usage: bench-isolation ROTATOR STARTER COMMAND ROUNDS\n");
		return 2;
	}
	if (measure(&bench, argv, &err) == ERR_OK)
		return 0;
	fprintf(stderr, "bench-isolation: %s\n", err.text);
	return 1;
}
