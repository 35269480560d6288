/* SPDX-License-Identifier: Apache-2.0 */
/* ceremony/server/vault/folder.c: who may reach a vault's folder, and what is told when it is others. */
#include "ceremony/server/vault/folder.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/check.h"

static const char *const files[] = {"anchor", "host.key", "vault.id", "lock", "vault.db",
    "vault.db-journal", "vault.db.new", "ceremony/00.key", "ceremony/.00.key.tmp.1", "escrow/00",
    "escrow/00.lock"};
static const char *const folders[] = {"", "ceremony", "escrow"};

struct bench {
	char folder[64];
};

static void
path_of(const struct bench *bench, const char *name, char ret_path[4096])
{
	struct err err;

	assert_ok(file_path(bench->folder, name, ret_path, &err));
	if (name[0] == '\0')
		snprintf(ret_path, 4096, "%s", bench->folder);
}

static int
start(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	char path[4096];
	struct err err;

	snprintf(bench->folder, sizeof(bench->folder), "/tmp/halligan-folder-XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	assert_ok(folder_make(bench->folder, &err));
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		path_of(bench, files[i], path);
		assert_ok(file_write(path, view_of_text("x"), 0600, &err));
	}
	*state = bench;
	return 0;
}

static int
stop(void **state)
{
	struct bench *bench = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", bench->folder);
	assert_int_equal(system(command), 0);
	free(bench);
	return 0;
}

static void
a_folder_as_we_make_it_is_taken(void **state)
{
	const struct bench *bench = *state;
	char nowhere[128];
	struct err err;

	assert_ok(folder_check(bench->folder, &err));
	snprintf(nowhere, sizeof(nowhere), "%s/is-not-here", bench->folder);
	assert_ok(folder_check(nowhere, &err));
}

static void
check_modes(const struct bench *bench, const char *const *names, size_t count, unsigned right,
    unsigned wrong)
{
	for (size_t i = 0; i < count; i++) {
		char path[4096], cure[4200], mode[16];
		struct err err;

		path_of(bench, names[i], path);
		snprintf(cure, sizeof(cure), "(chmod %o %s)", right, path);
		snprintf(mode, sizeof(mode), "%04o", wrong);
		assert_int_equal(chmod(path, wrong), 0);
		assert_error(ERR_REFUSED, folder_check(bench->folder, &err));
		assert_says(cure);
		assert_says(mode);
		assert_int_equal(chmod(path, right), 0);
		assert_ok(folder_check(bench->folder, &err));
	}
}

static void
each_part_that_others_can_reach_is_refused_with_the_command_that_mends_it(void **state)
{
	const struct bench *bench = *state;

	check_modes(bench, folders, ARRAY_SIZE(folders), 0700, 0777);
	check_modes(bench, folders, ARRAY_SIZE(folders), 0700, 0710);
	check_modes(bench, files, ARRAY_SIZE(files), 0600, 0666);
	check_modes(bench, files, ARRAY_SIZE(files), 0600, 0640);
	check_modes(bench, files, ARRAY_SIZE(files), 0600, 0601);
}

static void
each_part_of_another_account_is_refused_with_the_command_that_mends_it(void **state)
{
	const struct bench *bench = *state;

	if (geteuid() != 0) {
		printf("# skipped: only root can give files away\n");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(files) + ARRAY_SIZE(folders); i++) {
		char path[4096], cure[4200];
		struct err err;

		path_of(bench, i < ARRAY_SIZE(files) ? files[i] : folders[i - ARRAY_SIZE(files)],
		    path);
		snprintf(cure, sizeof(cure), "(chown 0 %s)", path);
		assert_int_equal(chown(path, 65534, 65534), 0);
		assert_error(ERR_REFUSED, folder_check(bench->folder, &err));
		assert_says(cure);
		assert_says("65534");
		assert_int_equal(chown(path, 0, 0), 0);
	}
}

static void
a_link_in_place_of_a_part_is_refused(void **state)
{
	const struct bench *bench = *state;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char path[4096], aside[4096];
		struct err err;

		path_of(bench, files[i], path);
		path_of(bench, "aside", aside);
		assert_int_equal(rename(path, aside), 0);
		assert_int_equal(symlink(aside, path), 0);
		assert_error(ERR_REFUSED, folder_check(bench->folder, &err));
		assert_says(path);
		assert_says("symbolic link");
		bool kept = strcmp(files[i], "anchor") == 0 || strcmp(files[i], "host.key") == 0 ||
		    strcmp(files[i], "vault.id") == 0 || strcmp(files[i], "vault.db") == 0;
		assert_true(kept == (strstr(err.text, "or: rm ") == NULL));
		assert_int_equal(unlink(path), 0);
		assert_int_equal(link(aside, path), 0);
		assert_error(ERR_REFUSED, folder_check(bench->folder, &err));
		assert_says(path);
		assert_says("second name");
		assert_int_equal(unlink(aside), 0);
		assert_ok(folder_check(bench->folder, &err));
	}
}

static void
a_folder_in_place_of_a_file_and_a_link_in_place_of_a_folder_are_refused(void **state)
{
	const struct bench *bench = *state;
	char path[4096], aside[4096];
	struct err err;

	path_of(bench, "aside", aside);
	path_of(bench, "ceremony", path);
	assert_int_equal(rename(path, aside), 0);
	assert_int_equal(symlink(aside, path), 0);
	assert_error(ERR_REFUSED, folder_check(bench->folder, &err));
	assert_says("ceremony is a symbolic link");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rename(aside, path), 0);
	path_of(bench, "lock", path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_error(ERR_REFUSED, folder_check(bench->folder, &err));
	assert_says("lock is no regular file");
	assert_says("(rm -r ");
	assert_int_equal(rmdir(path), 0);
	assert_ok(file_write(path, view_of_text("x"), 0600, &err));
}

static void
many_faults_are_told_at_once_and_the_rest_counted(void **state)
{
	const struct bench *bench = *state;
	char path[4096];
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		path_of(bench, files[i], path);
		assert_int_equal(chmod(path, 0666), 0);
	}
	assert_int_equal(chmod(bench->folder, 0777), 0);
	assert_error(ERR_REFUSED, folder_check(bench->folder, &err));
	assert_says("chmod 700");
	assert_says("host.key");
	assert_says("vault.id");
	assert_says("; and 8 more");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		path_of(bench, files[i], path);
		assert_int_equal(chmod(path, 0600), 0);
	}
	assert_int_equal(chmod(bench->folder, 0700), 0);
}

static void
what_is_no_part_of_a_vault_is_left_alone(void **state)
{
	const struct bench *bench = *state;
	char path[4096], other[128];
	struct err err;

	path_of(bench, "notes", path);
	assert_ok(file_write(path, view_of_text("x"), 0644, &err));
	assert_ok(folder_check(bench->folder, &err));
	/* Nobody is told to close /tmp because they named it as a vault. */
	snprintf(other, sizeof(other), "%s/elsewhere", bench->folder);
	assert_int_equal(mkdir(other, 0700), 0);
	assert_int_equal(chmod(other, 0777), 0);
	assert_ok(folder_check(other, &err));
	assert_error(ERR_REFUSED, folder_make(other, &err));
}

static void
the_umask_changes_no_mode(void **state)
{
	const struct bench *bench = *state;
	static const mode_t masks[] = {0, 0277, 0777};

	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		char folder[128];
		struct stat status;
		struct err err;

		snprintf(folder, sizeof(folder), "%s/mask-%zu", bench->folder, i);
		mode_t before = umask(masks[i]);
		enum err_code code = folder_make(folder, &err);
		umask(before);
		assert_int_equal(code, ERR_OK);
		assert_int_equal(stat(folder, &status), 0);
		assert_int_equal(status.st_mode & 07777, 0700);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_folder_as_we_make_it_is_taken),
	    cmocka_unit_test(
	        each_part_that_others_can_reach_is_refused_with_the_command_that_mends_it),
	    cmocka_unit_test(
	        each_part_of_another_account_is_refused_with_the_command_that_mends_it),
	    cmocka_unit_test(a_link_in_place_of_a_part_is_refused),
	    cmocka_unit_test(
	        a_folder_in_place_of_a_file_and_a_link_in_place_of_a_folder_are_refused),
	    cmocka_unit_test(many_faults_are_told_at_once_and_the_rest_counted),
	    cmocka_unit_test(what_is_no_part_of_a_vault_is_left_alone),
	    cmocka_unit_test(the_umask_changes_no_mode),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
