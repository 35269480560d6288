/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log's hashes, all recomputed, beside OpenSSL's SHA-256 of the same bytes:
 *
 *	usage: bench-verify VAULT ROUNDS
 *
 * Prints a line for each round: "verify LEAVES OURS BOUND", microseconds of CPU.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/process.h"
#include "ceremony/server/vault/open.h"
#include "ceremony/server/vault/session.h"
#include "rotators/contract/places.h"
#include "tests/bench/bound.h"
#include "tests/unit/check.h"
#include "vault/store/log.h"

enum { NODE = 65 }; /* bytes of an inner node that are hashed: a prefix and two hashes */

static enum err_code
count(void *context, uint64_t index, struct view data, struct err *err)
{
	struct bound *leaves = context;

	(void)index;
	(void)err;
	leaves->messages++;
	leaves->bytes += 1 + data.size;
	return ERR_OK;
}

static double
cpu(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void
verify(struct store *store)
{
	struct err err;
	struct bound leaves = {0};
	const struct store_log_visitor visitor = {.leaf = count, .context = &leaves};
	double began = cpu();

	assert_ok(store_log_recompute(store, &visitor, &err));
	double took = cpu() - began;
	const struct bound nodes = {.messages = leaves.messages, .bytes = NODE * leaves.messages};
	printf("verify %llu %.0f %.0f\n", (unsigned long long)leaves.messages, took,
	    bound_measure(&leaves) + bound_measure(&nodes));
}

int
main(int argc, char **argv)
{
	struct err err;
	static const struct rotator_places none = {.shipped = "/nonexistent"};

	if (argc != 3) {
		fprintf(stderr, "usage: bench-verify VAULT ROUNDS\n");
		return 2;
	}
	const struct server_options options = {.folder = argv[1],
	    .rotators = &none,
	    .now = process_now};
	SESSION session = {0};
	setvbuf(stdout, NULL, _IOLBF, 0);
	assert_ok(crypto_start(&err));
	assert_ok(session_open(&session, &options, -1, &err));
	for (unsigned long i = strtoul(argv[2], NULL, 10); i > 0; i--)
		verify(session.store);
	return 0;
}
