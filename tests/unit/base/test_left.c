/* SPDX-License-Identifier: Apache-2.0 */
/* What a child left behind ends whole, however it falls: here each process that is looked at has ended by itself a moment
 * before, so that what it had started has come to us behind the look. */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/left.h"
#include "tests/unit/check.h"

enum { GENERATIONS = 6, WITHIN = 10000 };

static bool falls_by_itself;

int __real_waitid(idtype_t which, id_t id, siginfo_t *info, int options);
int __wrap_waitid(idtype_t which, id_t id, siginfo_t *info, int options);

int
__wrap_waitid(idtype_t which, id_t id, siginfo_t *info, int options)
{
	int is_ours = __real_waitid(which, id, info, options);

	if (!falls_by_itself || is_ours != 0)
		return is_ours;
	assert_int_equal(kill((pid_t)id, SIGKILL), 0);
	return __real_waitid(which, id, info, options & ~WNOHANG);
}

/* A process, its child, and so on, each of which says a byte at END and stays. */
static pid_t
found_family(int generations, int end)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (generations > 1)
		(void)found_family(generations - 1, end);
	(void)!write(end, "", 1);
	for (;;)
		(void)pause();
}

static void
all_generations_end(bool by_themselves)
{
	int ends[2], status;
	char byte;
	unsigned count;
	struct err err;

	assert_ok(left_watch(&err));
	assert_int_equal(pipe(ends), 0);
	(void)found_family(GENERATIONS, ends[1]);
	assert_int_equal(close(ends[1]), 0);
	for (int i = 0; i < GENERATIONS; i++)
		assert_int_equal(read(ends[0], &byte, 1), 1);
	falls_by_itself = by_themselves;
	assert_ok(left_end(-1, WITHIN, &count, &err));
	falls_by_itself = false;
	assert_int_equal(count, GENERATIONS);
	assert_int_equal(waitpid(-1, &status, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	assert_int_equal(close(ends[0]), 0);
}

static void
whole_families_are_killed(void **state)
{
	(void)state;
	all_generations_end(false);
}

static void
those_whose_parents_end_while_they_are_looked_at_are_met_too(void **state)
{
	(void)state;
	all_generations_end(true);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whole_families_are_killed),
	    cmocka_unit_test(those_whose_parents_end_while_they_are_looked_at_are_met_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
