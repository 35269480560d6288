/* SPDX-License-Identifier: Apache-2.0 */
/* Where a value is put when there is no room for it, and that nothing of it stays in the end.  A place without room is
 * played by file_write() itself. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "rotators/checker/keep.h"
#include "tests/unit/contract_bench.h"

enum { MADE_MAX = 8 };

static const char *full[2]; /* what these parts of a path name has no room */
static char made[MADE_MAX][256];
static size_t made_count;

char *__real_mkdtemp(char *path);
char *__wrap_mkdtemp(char *path);
enum err_code __real_file_write(const char *path, struct view bytes, mode_t mode, struct err *err);
enum err_code __wrap_file_write(const char *path, struct view bytes, mode_t mode, struct err *err);

char *
__wrap_mkdtemp(char *path)
{
	char *folder = __real_mkdtemp(path);

	if (folder != NULL && made_count < MADE_MAX)
		(void)snprintf(made[made_count++], sizeof(made[0]), "%s", folder);
	return folder;
}

enum err_code
__wrap_file_write(const char *path, struct view bytes, mode_t mode, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(full); i++)
		if (full[i] != NULL && strstr(path, full[i]) != NULL)
			return err_set(err, ERR_NO_SPACE, "%s: no room", path);
	return __real_file_write(path, bytes, mode, err);
}

/* In the fixture's folder, with its value CURRENT, which has two fields. */
static int
set_up_keep(void **state)
{
	full[0] = full[1] = NULL;
	if (set_up(state) != 0)
		return -1;
	made_count = 0;
	return chdir(((struct fixture *)*state)->folder);
}

static int
tear_down_keep(void **state)
{
	return chdir("/") == 0 ? tear_down(state) : -1;
}

static void
begin(struct keep *keep)
{
	struct err err;

	*keep = (struct keep){.count = 0};
	assert_ok(keep_begin(keep, &err));
}

static size_t
files_in(const char *folder)
{
	DIR *dir = opendir(folder);
	size_t count = 0;

	for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
		count += entry->d_name[0] != '.';
	if (dir != NULL)
		(void)closedir(dir);
	return count;
}

static void
assert_files(const struct keep *keep, size_t index, const char *inside)
{
	BUF files = {0};

	keep_files(keep, index, &files);
	if (strncmp(buf_string(&files), inside, strlen(inside)) != 0)
		fail_msg("%s is not in %s", buf_string(&files), inside);
}

/* No folder that was made is there. */
static void
assert_all_erased(struct keep *keep)
{
	struct err err;

	full[0] = full[1] = NULL;
	assert_ok(keep_erase(keep, &err));
	assert_true(made_count > 0);
	for (size_t i = 0; i < made_count; i++)
		if (file_exists(made[i]))
			fail_msg("%s is there", made[i]);
	keep_done(keep);
}

static void
each_place_is_tried_in_turn(void **state)
{
	struct fixture *fixture = *state;
	struct keep keep;
	struct err err;

	begin(&keep);
	full[0] = fixture->folder;
	full[1] = "/dev/shm/";
	assert_int_equal(keep_add(&keep, fixture->current, &err), ERR_NO_SPACE);
	assert_ok(keep_save(&keep, 0, &err));
	assert_files(&keep, 0, made[2]);
	assert_int_equal(made_count, 3);
	assert_memory_equal(made[1], "/dev/shm/", 9);
	assert_false(file_exists(made[1]));
	assert_all_erased(&keep);
}

static void
where_no_place_has_room_nothing_is_left(void **state)
{
	struct fixture *fixture = *state;
	struct keep keep;
	struct err err;

	begin(&keep);
	full[0] = ".password";
	assert_int_equal(keep_add(&keep, fixture->current, &err), ERR_NO_SPACE);
	assert_int_equal(keep_save(&keep, 0, &err), ERR_NO_SPACE);
	assert_non_null(strstr(err.text, fixture->folder));
	assert_int_equal(files_in(keep.folder), 0);
	assert_int_equal(made_count, 3);
	assert_false(file_exists(made[1]));
	assert_false(file_exists(made[2]));
	assert_all_erased(&keep);
}

static void
what_was_written_in_part_is_removed(void **state)
{
	struct fixture *fixture = *state;
	char part[4096];
	struct keep keep;
	struct err err;

	begin(&keep);
	assert_ok(file_path(keep.folder, "1.password", part, &err));
	full[0] = part;
	assert_int_equal(keep_add(&keep, fixture->current, &err), ERR_NO_SPACE);
	assert_int_equal(files_in(keep.folder), 0);
	assert_ok(keep_save(&keep, 0, &err));
	assert_int_equal(files_in(keep.folder), 0);
	assert_files(&keep, 0, "/dev/shm/");
	assert_int_equal(files_in(made[1]), 2);
	assert_all_erased(&keep);
}

static void
another_value_in_a_place_stays_there(void **state)
{
	struct fixture *fixture = *state;
	struct keep keep;
	struct err err;

	begin(&keep);
	full[0] = fixture->folder;
	assert_int_equal(keep_add(&keep, fixture->current, &err), ERR_NO_SPACE);
	assert_int_equal(keep_add(&keep, fixture->via, &err), ERR_NO_SPACE);
	assert_ok(keep_save(&keep, 0, &err));
	full[1] = "/dev/shm/";
	assert_ok(keep_save(&keep, 1, &err));
	assert_files(&keep, 0, "/dev/shm/");
	assert_files(&keep, 1, "/tmp/");
	assert_int_equal(files_in(made[1]), 2);
	assert_int_equal(files_in(made[2]), 2);
	assert_all_erased(&keep);
}

static void
what_was_written_and_is_gone_is_written_again(void **state)
{
	struct fixture *fixture = *state;
	char path[4096];
	struct keep keep;
	struct err err;

	begin(&keep);
	assert_ok(keep_add(&keep, fixture->current, &err));
	assert_ok(file_path(keep.folder, "1.password", path, &err));
	assert_int_equal(unlink(path), 0);
	assert_ok(keep_save(&keep, 0, &err));
	assert_true(file_exists(path));
	assert_ok(file_write(path, view_of_text("another"), 0600, &err));
	full[0] = fixture->folder;
	assert_ok(keep_save(&keep, 0, &err));
	assert_files(&keep, 0, "/dev/shm/");
	assert_int_equal(files_in(keep.folder), 0);
	assert_all_erased(&keep);
}

static void
what_stands_yet_stays_where_no_place_has_room(void **state)
{
	struct fixture *fixture = *state;
	char path[4096];
	struct keep keep;
	struct err err;

	begin(&keep);
	assert_ok(keep_add(&keep, fixture->current, &err));
	assert_ok(file_path(keep.folder, "1.username", path, &err));
	assert_int_equal(unlink(path), 0);
	full[0] = ".username";
	assert_int_equal(keep_save(&keep, 0, &err), ERR_NO_SPACE);
	assert_int_equal(files_in(keep.folder), 1);
	assert_all_erased(&keep);
}

static void
one_that_cannot_be_erased_keeps_no_other(void **state)
{
	struct fixture *fixture = *state;
	char path[4096];
	struct keep keep;
	struct err err;

	begin(&keep);
	assert_ok(keep_add(&keep, fixture->current, &err));
	assert_ok(keep_add(&keep, fixture->via, &err));
	assert_ok(file_path(keep.folder, "1.username", path, &err));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_not_equal(keep_erase(&keep, &err), ERR_OK);
	assert_non_null(strstr(err.text, "1.username"));
	assert_int_equal(files_in(keep.folder), 1);
	assert_int_equal(rmdir(path), 0);
	assert_all_erased(&keep);
}

#define KEEP_CASE(name) cmocka_unit_test_setup_teardown(name, set_up_keep, tear_down_keep)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    KEEP_CASE(each_place_is_tried_in_turn),
	    KEEP_CASE(where_no_place_has_room_nothing_is_left),
	    KEEP_CASE(what_was_written_in_part_is_removed),
	    KEEP_CASE(another_value_in_a_place_stays_there),
	    KEEP_CASE(what_was_written_and_is_gone_is_written_again),
	    KEEP_CASE(what_stands_yet_stays_where_no_place_has_room),
	    KEEP_CASE(one_that_cannot_be_erased_keeps_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
