/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets that are all sealed again, in ceremonies of up to 500, and what that takes of the server:
 *
 *	usage: bench-reseal ROUNDS SECRETS...
 *
 * Prints a line for each round and number of secrets: "reseal SECRETS OURS BOUND TIME", microseconds: of CPU, of the
 * server's session from the first request to the end, and of OpenSSL for keys and agreements of two approvals that
 * are opened and four envelopes that are sealed; of time, client included.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "tests/bench/bound.h"
#include "tests/unit/server/batch_bench.h"
#include "tests/unit/server/grown_bench.h"

enum { OFFICERS = 4, APPROVALS = 2 };

static double
children(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
	    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static double
wall(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static void
reseal(struct bench *bench, size_t secrets)
{
	struct err err;
	struct request request;
	struct id id;
	struct item *opens = calloc(secrets, sizeof(*opens));

	assert_non_null(opens);
	batch_draw_request(bench, &bench->people[INFRA], MODE_RESEAL, true, opens, &request);
	assert_int_equal(request.items.count, secrets);
	for (size_t i = 0; i < secrets; i += request.items.count) {
		const size_t left = secrets - i;

		request.items =
		    (struct items){&opens[i], left < CEREMONY_ITEMS ? left : CEREMONY_ITEMS};
		assert_ok(batch_send_request(bench, &bench->people[INFRA], &request, &id, &err));
		batch_approve(bench, &bench->people[CISO], &id);
		batch_approve(bench, &bench->people[CAROL], &id);
	}
	free(opens);
}

static void
measure(size_t secrets, unsigned rounds)
{
	struct bench *bench = bench_new(false);
	const struct bound bound = {.agree = secrets * (OFFICERS + APPROVALS)};

	bench_grow(bench, &(struct growth){.secrets = (unsigned)secrets, .openable = true});
	for (unsigned i = 0; i < rounds; i++) {
		double before = children(), began = wall();

		reseal(bench, secrets);
		bench_end(bench);
		double took = wall() - began;
		printf("reseal %zu %.0f %.0f %.0f\n", secrets, children() - before,
		    bound_measure(&bound), took);
	}
	bench_free(bench);
}

int
main(int argc, char **argv)
{
	unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;

	if (rounds == 0) {
		fprintf(stderr, "usage: bench-reseal ROUNDS SECRETS...\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 2; i < argc; i++)
		measure(strtoul(argv[i], NULL, 10), rounds);
	return 0;
}
