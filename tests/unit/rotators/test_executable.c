/* SPDX-License-Identifier: Apache-2.0 */
/* Which programs may get credentials. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"
#include "rotators/contract/executable.h"
#include "tests/unit/check.h"

struct fixture {
	char folder[64];
	char path[128];
};

static int
set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	(void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/halligan-test-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	(void)snprintf(fixture->path, sizeof(fixture->path), "%s/halligan-rotate-test",
	    fixture->folder);
	*state = fixture;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;

	unlink(fixture->path);
	rmdir(fixture->folder);
	free(fixture);
	return 0;
}

static void
install(const struct fixture *fixture, const char *content, mode_t mode)
{
	FD fd = open(fixture->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	assert_int_equal(fchmod(fd, mode), 0);
}

/* Refused, with WORDS, and no descriptor given. */
static void
assert_refused(const struct fixture *fixture, const char *words)
{
	struct digest hash;
	struct err err;
	int fd = -1;

	assert_error(ERR_REFUSED, executable_open(fixture->path, &fd, &hash, &err));
	assert_says(words);
	assert_int_equal(fd, -1);
}

static void
the_hash_is_that_of_the_content(void **state)
{
	const struct fixture *fixture = *state;
	struct digest hash, expected;
	FD fd = -1;
	struct err err;

	install(fixture, "#!/bin/sh\n", 0755);
	assert_ok(sha256_one(view_of_text("#!/bin/sh\n"), &expected, &err));
	assert_ok(executable_open(fixture->path, &fd, &hash, &err));
	assert_true(digest_equal(&hash, &expected));
}

static void
programs_that_others_can_write_are_refused(void **state)
{
	install(*state, "#!/bin/sh\n", 0720);
	assert_refused(*state, "written by others");
	install(*state, "#!/bin/sh\n", 0702);
	assert_refused(*state, "written by others");
}

static void
programs_of_other_users_are_refused(void **state)
{
	const struct fixture *fixture = *state;

	if (geteuid() != 0) {
		printf("# skipped: only root can give files away\n");
		return;
	}
	install(fixture, "#!/bin/sh\n", 0755);
	assert_int_equal(chown(fixture->path, 65534, 65534), 0);
	assert_refused(fixture, "belongs to user 65534");
}

static void
what_is_no_program_is_refused(void **state)
{
	const struct fixture *fixture = *state;

	install(fixture, "text", 0600);
	assert_refused(fixture, "not an executable file");
	unlink(fixture->path);
	assert_int_equal(mkfifo(fixture->path, 0700), 0);
	assert_refused(fixture, "not a plain file");
	unlink(fixture->path);
	assert_int_equal(symlink("/bin/true", fixture->path), 0);
	assert_refused(fixture, "symbolic link");
}

static void
relative_paths_are_refused(void **state)
{
	struct digest hash;
	struct err err;
	int fd = -1;

	(void)state;
	assert_error(ERR_INVALID, executable_open("bin/true", &fd, &hash, &err));
	assert_says("absolute");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(the_hash_is_that_of_the_content),
	    CASE(programs_that_others_can_write_are_refused),
	    CASE(programs_of_other_users_are_refused),
	    CASE(what_is_no_program_is_refused),
	    CASE(relative_paths_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
