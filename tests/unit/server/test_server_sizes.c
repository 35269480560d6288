/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `log verify` takes of a server whose vault has grown.  The full run has a log of 1,000,000 leaves and a
 * state of 300,000 cells, others a smaller one.
 */
#include <stdio.h>

#include "tests/unit/server/grown_bench.h"
#include "tests/unit/sweep.h"

enum { TOLERATED = 1024 /* KiB */, CASE = 7, STEP = 8 };

static const struct growth small = {300, 100, 10000}, larger = {500, 300, 50000},
                           whole = {28000, 6000, 1000000};

/* The most memory that the server's process took so far, in KiB. */
static unsigned long
peak(const struct bench *bench)
{
	char path[64], line[200];
	unsigned long size = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)bench->pid);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			size = strtoul(line + 6, NULL, 10);
	fclose(file);
	assert_true(size > 0);
	return size;
}

static struct bench *
grown(const struct growth *growth)
{
	struct bench *bench = bench_new(false);

	bench_grow(bench, growth);
	return bench;
}

static unsigned long
peak_of_verifying(const struct growth *growth)
{
	struct bench *bench = grown(growth);

	bench_verify(bench);
	unsigned long size = peak(bench);
	bench_free(bench);
	return size;
}

static void
verifying_takes_no_more_memory_for_more_leaves_and_cells(void **state)
{
	const struct growth *large = sweep_takes(CASE, STEP) ? &whole : &larger;
	unsigned long few = peak_of_verifying(&small), many = peak_of_verifying(large);

	(void)state;
	printf("# %llu leaves: %lu KiB, %llu leaves: %lu KiB\n", (unsigned long long)small.leaves,
	    few, (unsigned long long)large->leaves, many);
	if (many > few + TOLERATED)
		fail_msg("%lu KiB, and %lu KiB for fewer", many, few);
}

/* Each is far behind the first rows, which are looked at in a transaction of their own. */
static void
what_is_wrong_behind_thousands_is_found(void **state)
{
	static const struct {
		const char *change, *says;
	} changes[] = {
	    {"DELETE FROM envelopes WHERE secret = (SELECT secret FROM envelopes ORDER BY secret"
	     " LIMIT 1 OFFSET 1500) AND position = 2",
	        "a row of envelopes in the database is gone"},
	    {"UPDATE envelopes SET enc = zeroblob(65) WHERE secret = (SELECT secret FROM envelopes"
	     " ORDER BY secret LIMIT 1 OFFSET 1700) AND position = 0",
	        "a row of envelopes in the database is not as the vault left it"},
	    {"INSERT INTO envelopes SELECT secret, version, 99, token, enc, ciphertext FROM envelopes"
	     " WHERE position = 3 ORDER BY secret LIMIT 1 OFFSET 490",
	        "a row of envelopes in the database is none that the vault has"},
	    {"UPDATE log_leaf SET data = CAST('{}' AS BLOB) WHERE position = 9000", "hash 0/9000"},
	    {"DELETE FROM log_hash WHERE position = 17000", "the log lacks the hash"},
	};
	struct err err;
	struct bench *bench = grown(&(struct growth){500, 0, 10000});

	(void)state;
	bench_verify(bench);
	bench_keep(bench, "grown");
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		JSON *reply = NULL;

		bench_tamper(bench, changes[i].change);
		assert_error(ERR_INTEGRITY,
		    bench_call(bench, op_new("log-verify"), (struct view){0}, &reply, NULL, &err));
		assert_says(changes[i].says);
		bench_restore(bench, "grown");
	}
	bench_free(bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(verifying_takes_no_more_memory_for_more_leaves_and_cells),
	    cmocka_unit_test(what_is_wrong_behind_thousands_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
