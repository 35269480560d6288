/* SPDX-License-Identifier: Apache-2.0 */
/* base/whole.c: whether swap may see what a library copies, for somebody who may lock little. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/whole.h"
#include "tests/unit/check.h"

#define HEADINGS "Filename\tType\tSize\tUsed\tPriority\n"
enum { NOBODY = 65534, LITTLE = 8 * 1024 * 1024 };

/* In a child, since nobody gets a right back. */
static bool
may_swap_for_nobody(const char *path)
{
	static const struct rlimit little = {.rlim_cur = LITTLE, .rlim_max = LITTLE};
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (setrlimit(RLIMIT_MEMLOCK, &little) != 0)
			_exit(2);
		(void)!setuid(NOBODY); /* an ordinary user stays one */
		_exit(whole_may_swap(path) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	return WEXITSTATUS(status) == 1;
}

static bool
may_swap_with(const char *swaps)
{
	char path[] = "/tmp/halligan-swaps-XXXXXX";
	int fd = mkstemp(path);
	bool may;

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_int_equal(write(fd, swaps, strlen(swaps)), strlen(swaps));
	assert_int_equal(close(fd), 0);
	may = may_swap_for_nobody(path);
	assert_int_equal(unlink(path), 0);
	return may;
}

static void
who_may_lock_little_is_told_where_there_is_swap(void **state)
{
	(void)state;
	assert_true(may_swap_with(HEADINGS "/dev/sda2\tpartition\t100\t0\t-2\n"));
}

static void
without_swap_there_is_nothing_to_tell(void **state)
{
	(void)state;
	assert_false(may_swap_with(HEADINGS));
	assert_false(may_swap_with(""));
	assert_false(may_swap_for_nobody("/nowhere/swaps"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_may_lock_little_is_told_where_there_is_swap),
	    cmocka_unit_test(without_swap_there_is_nothing_to_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
