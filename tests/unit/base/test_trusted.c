/* SPDX-License-Identifier: Apache-2.0 */
/* Whose hand was in a file: each part of its path is looked at. */
#include "base/trusted.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"
#include "tests/unit/check.h"

enum { SIZE = 160, OTHER = 65534 };

struct fixture {
	char folder[SIZE]; /* with way/inner/file, and a link "there" to way/inner */
};

/* NAME below the folder. */
static const char *
below(const struct fixture *fixture, const char *name)
{
	static char paths[4][2 * SIZE];
	static unsigned next;
	char *path = paths[next++ % ARRAY_SIZE(paths)];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", fixture->folder, name);
	return path;
}

static int
set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	FD fd = -1;

	assert_non_null(fixture);
	(void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/halligan-test-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	assert_int_equal(mkdir(below(fixture, "way"), 0755), 0);
	assert_int_equal(mkdir(below(fixture, "way/inner"), 0755), 0);
	fd = open(below(fixture, "way/inner/file"), O_WRONLY | O_CREAT | O_EXCL, 0644);
	assert_int_equal(write(fd, "text", 4), 4);
	assert_int_equal(symlink("way/inner", below(fixture, "there")), 0);
	*state = fixture;
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = {"way/inner/file", "way/inner/link", "loop", "there",
	    "up"};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unlink(below(fixture, names[i]));
	rmdir(below(fixture, "way/inner"));
	rmdir(below(fixture, "way"));
	rmdir(fixture->folder);
	free(fixture);
	return 0;
}

static void
assert_opened(const struct fixture *fixture, const char *name)
{
	char text[5] = "";
	FD fd = -1;
	struct err err;

	assert_ok(trusted_open(below(fixture, name), &fd, &err));
	assert_int_equal(read(fd, text, 4), 4);
	assert_string_equal(text, "text");
}

static void
assert_not_opened(const struct fixture *fixture, const char *name, enum err_code code,
    const char *words)
{
	struct err err;
	int fd = -1;

	assert_error(code, trusted_open(below(fixture, name), &fd, &err));
	assert_says(words);
	assert_int_equal(fd, -1);
}

/* Only root can give things away; another one is asked nothing. */
static bool
can_give(void)
{
	if (geteuid() == 0)
		return true;
	printf("# skipped: only root can give files away\n");
	return false;
}

static void
a_file_of_ours_below_folders_of_ours_is_opened(void **state)
{
	assert_opened(*state, "way/inner/file");
	assert_opened(*state, "way//inner/./file");
}

static void
a_folder_on_the_way_that_others_can_write_is_refused_by_its_name(void **state)
{
	static const mode_t modes[] = {0775, 0757, 0777};
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		assert_int_equal(chmod(below(fixture, "way"), modes[i]), 0);
		assert_not_opened(fixture, "way/inner/file", ERR_REFUSED,
		    below(fixture, "way can be written"));
	}
	assert_int_equal(chmod(below(fixture, "way"), 0755), 0);
	assert_int_equal(chmod(below(fixture, "way/inner"), 0775), 0);
	assert_not_opened(fixture, "way/inner/file", ERR_REFUSED, "way/inner can be written");
}

static void
a_folder_where_each_keeps_his_own_files_is_passed(void **state)
{
	const struct fixture *fixture = *state;

	assert_int_equal(chmod(below(fixture, "way"), 01777), 0);
	assert_opened(fixture, "way/inner/file");
}

static void
a_folder_or_file_of_somebody_else_is_refused(void **state)
{
	const struct fixture *fixture = *state;

	if (!can_give())
		return;
	assert_int_equal(chown(below(fixture, "way"), OTHER, OTHER), 0);
	assert_not_opened(fixture, "way/inner/file", ERR_REFUSED, "way belongs to user 65534");
	assert_int_equal(chmod(below(fixture, "way"), 01777), 0);
	assert_not_opened(fixture, "way/inner/file", ERR_REFUSED, "way belongs to user 65534");
	assert_int_equal(chown(below(fixture, "way"), 0, 0), 0);
	assert_int_equal(chown(below(fixture, "way/inner/file"), OTHER, OTHER), 0);
	assert_not_opened(fixture, "way/inner/file", ERR_REFUSED, "file belongs to user 65534");
}

static void
a_link_of_ours_is_followed_and_the_way_behind_it_looked_at(void **state)
{
	const struct fixture *fixture = *state;

	assert_opened(fixture, "there/file");
	assert_int_equal(symlink(fixture->folder, below(fixture, "up")), 0);
	assert_opened(fixture, "up/way/inner/file");
	assert_int_equal(chmod(below(fixture, "way"), 0777), 0);
	assert_not_opened(fixture, "there/file", ERR_REFUSED, "way can be written");
	assert_not_opened(fixture, "up/there/file", ERR_REFUSED, "way can be written");
	assert_not_opened(fixture, "there/../../way/./inner/file", ERR_REFUSED,
	    below(fixture, "way can be written"));
}

static void
a_link_of_somebody_else_leads_nowhere(void **state)
{
	const struct fixture *fixture = *state;

	if (!can_give())
		return;
	assert_int_equal(lchown(below(fixture, "there"), OTHER, OTHER), 0);
	assert_not_opened(fixture, "there/file", ERR_REFUSED, "there belongs to user 65534");
}

static void
links_that_lead_in_a_circle_end(void **state)
{
	const struct fixture *fixture = *state;

	assert_int_equal(symlink("loop", below(fixture, "loop")), 0);
	assert_not_opened(fixture, "loop/file", ERR_INVALID, "too many links");
}

static void
what_is_no_file_is_refused(void **state)
{
	const struct fixture *fixture = *state;

	assert_not_opened(fixture, "way/inner", ERR_REFUSED, "not a plain file");
	assert_not_opened(fixture, "way/absent/file", ERR_NOT_FOUND, "there is no");
	assert_not_opened(fixture, "way/inner/file/more", ERR_NOT_FOUND, "there is no");
	assert_int_equal(symlink("file", below(fixture, "way/inner/link")), 0);
	assert_not_opened(fixture, "way/inner/link", ERR_REFUSED, "symbolic link");
	assert_int_equal(chmod(below(fixture, "way/inner/file"), 0664), 0);
	assert_not_opened(fixture, "way/inner/file", ERR_REFUSED, "file can be written by others");
}

static void
a_path_is_absolute_and_names_a_file(void **state)
{
	static const char *const wrong[] = {"", "bin/true", "/", "//"};
	struct err err;
	int fd = -1;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_error(ERR_INVALID, trusted_open(wrong[i], &fd, &err));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_file_of_ours_below_folders_of_ours_is_opened),
	    CASE(a_folder_on_the_way_that_others_can_write_is_refused_by_its_name),
	    CASE(a_folder_where_each_keeps_his_own_files_is_passed),
	    CASE(a_folder_or_file_of_somebody_else_is_refused),
	    CASE(a_link_of_ours_is_followed_and_the_way_behind_it_looked_at),
	    CASE(a_link_of_somebody_else_leads_nowhere),
	    CASE(links_that_lead_in_a_circle_end),
	    CASE(what_is_no_file_is_refused),
	    CASE(a_path_is_absolute_and_names_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
