/* SPDX-License-Identifier: Apache-2.0 */
/* base/whole.c: whether swap may see what a library copies, as root and as somebody who may lock little. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/whole.h"
#include "tests/unit/check.h"

#define HEADINGS "Filename\tType\tSize\tUsed\tPriority\n"
enum { NOBODY = 65534, LITTLE = 8 * 1024 * 1024 };

static void
write_swaps(const char *text, char ret_path[64])
{
	struct err err;

	(void)snprintf(ret_path, 64, "/tmp/swaps-%d", (int)getpid());
	assert_ok(file_write(ret_path, view_of_text(text), 0644, &err));
}

/* As somebody who may lock LIMIT bytes: in a child, since nobody gets a right back. */
static bool
may_swap_for(uid_t uid, rlim_t limit, const char *path)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		const struct rlimit little = {.rlim_cur = limit, .rlim_max = limit};

		if (setrlimit(RLIMIT_MEMLOCK, &little) != 0 || (uid != 0 && setuid(uid) != 0))
			_exit(2);
		_exit(whole_may_swap(path) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	return WEXITSTATUS(status) == 1;
}

static void
who_may_lock_little_is_told_where_there_is_swap(void **state)
{
	char path[64];
	uid_t nobody = geteuid() == 0 ? NOBODY : geteuid();

	(void)state;
	write_swaps(HEADINGS "/dev/sda2\tpartition\t100\t0\t-2\n", path);
	assert_true(may_swap_for(nobody, LITTLE, path));
	assert_int_equal(unlink(path), 0);
}

static void
without_swap_there_is_nothing_to_tell(void **state)
{
	char path[64];
	uid_t nobody = geteuid() == 0 ? NOBODY : geteuid();

	(void)state;
	write_swaps(HEADINGS, path);
	assert_false(may_swap_for(nobody, LITTLE, path));
	assert_int_equal(unlink(path), 0);
	assert_false(may_swap_for(nobody, LITTLE, "/nowhere/swaps"));
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
