/* SPDX-License-Identifier: Apache-2.0 */
/* Two, four, eight people who do the same at once, each in a session of their own: it has one effect, and nobody is told that it
 * failed. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/server/night_bench.h"

enum { CROWD = 8 };

/* What one of them does; 0: they were told that it is as they wanted it. */
typedef int one_of_them(struct bench *bench, const struct id *id, int which);

/* SIZE processes that do ACT at once.  How many were told something else. */
static int
all_at_once(struct bench *bench, const struct id *id, int size, one_of_them *act)
{
	pid_t people[CROWD];
	int starts[2], wrong = 0;

	bench_end(bench);
	assert_int_equal(pipe(starts), 0);
	for (int i = 0; i < size; i++) {
		people[i] = fork();
		assert_true(people[i] >= 0);
		if (people[i] == 0) {
			struct bench own = *bench;
			char byte;

			close(starts[1]);
			own.fd = -1;
			own.progress = (struct buf){0};
			if (read(starts[0], &byte, 1) != 0) /* until all are there */
				_exit(99);
			int result = act(&own, id, i);
			bench_end(&own);
			_exit(result);
		}
	}
	close(starts[0]);
	close(starts[1]);
	for (int i = 0; i < size; i++) {
		int status;

		assert_int_equal(waitpid(people[i], &status, 0), people[i]);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
			print_message("# one of %d: status %d\n", size, WEXITSTATUS(status));
			wrong++;
		}
	}
	return wrong;
}

static int
end_it(struct bench *bench, const struct id *id, int which)
{
	char debt[20] = "";
	struct err err;

	(void)which;
	if (bench_done(bench, id, debt, &err) != ERR_OK) {
		print_message("# %s\n", err.text);
		return 1;
	}
	if (strcmp(debt, "retired") != 0)
		print_message("# the debt is %s\n", debt);
	return strcmp(debt, "retired") == 0 ? 0 : 2;
}

static void
who_ends_a_lease_at_once_ends_it_once(void **state)
{
	(void)state;
	for (int size = 2; size <= CROWD; size *= 2) {
		struct bench *bench = bench_new(false);
		NIGHT night = {0};

		bench_add_secret(bench);
		night_release(bench, &night);
		assert_int_equal(all_at_once(bench, &night.id, size, end_it), 0);
		night_paid(bench, &night);
		assert_int_equal(bench_count(bench, "SELECT count(*) FROM debts"), 2);
		assert_int_equal(bench_count(bench, "SELECT max(number) FROM versions"), 3);
		bench_verify(bench);
		bench_free(bench);
	}
}

static int
deny_it(struct bench *bench, const struct id *id, int which)
{
	static const int officers[] = {CISO, SECOPS, INFRA, CAROL};
	struct err err;

	if (bench_object(bench, &bench->people[officers[which % 4]], id, STATEMENT_DENIAL, &err) ==
	    ERR_OK)
		return 0;
	print_message("# %s\n", err.text);
	return strstr(err.text, "was refused") != NULL ||
	        strstr(err.text, "has denied already") != NULL ?
	    0 :
	    1;
}

/* Of eight four have the same seat twice. */
static void
who_denies_at_once_ends_it_once(void **state)
{
	(void)state;
	for (int size = 2; size <= CROWD; size *= 2) {
		struct bench *bench = bench_new(false);
		SHOWN shown = {0};

		bench_add_secret(bench);
		struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
		assert_int_equal(all_at_once(bench, &id, size, deny_it), 0);
		bench_show(bench, &id, &shown);
		assert_string_equal(shown.state, size == 2 ? "collecting" : "refused");
		bench_verify(bench);
		bench_free(bench);
	}
}

static int
approve_it(struct bench *bench, const struct id *id, int which)
{
	static const int officers[] = {CISO, SECOPS, INFRA, CAROL};
	struct err err;

	if (bench_approve(bench, &bench->people[officers[which % 4]], id, &err) == ERR_OK)
		return 0;
	print_message("# %s\n", err.text);
	return strstr(err.text, "released") != NULL || strstr(err.text, "releasing") != NULL ||
	        strstr(err.text, "already") != NULL ||
	        strstr(err.text, "nothing more is needed") != NULL ?
	    0 :
	    1;
}

static void
who_approves_at_once_releases_it_once(void **state)
{
	(void)state;
	for (int size = 2; size <= CROWD; size *= 2) {
		struct bench *bench = bench_new(false);
		SHOWN shown = {0};

		bench_add_secret(bench);
		struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
		assert_int_equal(all_at_once(bench, &id, size, approve_it), 0);
		bench_show(bench, &id, &shown);
		assert_string_equal(shown.state, "released");
		assert_int_equal(bench_count(bench, "SELECT count(*) FROM opened"), 1);
		assert_int_equal(bench_count(bench, "SELECT count(*) FROM answers"), 1);
		bench_verify(bench);
		bench_free(bench);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_ends_a_lease_at_once_ends_it_once),
	    cmocka_unit_test(who_denies_at_once_ends_it_once),
	    cmocka_unit_test(who_approves_at_once_releases_it_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
