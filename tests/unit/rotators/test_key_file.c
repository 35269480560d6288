/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "rotators/ssh/key_file.h"
#include "tests/unit/check.h"

static const char tag[] = "0123456789abcdef";

/* A file "old" of mode 600 in a new folder, and as it was read. */
struct bench {
	char folder[40], path[60];
	struct key_file file;
};

static void
bench_start(struct bench *bench)
{
	struct err err;
	int fd;

	*bench = (struct bench){.folder = "/tmp/halligan-test-XXXXXX",
	    .file = {.folder = -1, .file = -1}};
	assert_non_null(mkdtemp(bench->folder));
	(void)snprintf(bench->path, sizeof(bench->path), "%s/keys", bench->folder);
	fd = open(bench->path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_int_equal(write(fd, "old", 3), 3);
	close(fd);
	assert_ok(key_file_read(bench->path, geteuid(), 100, &bench->file, &err));
	assert_view(buf_view(&bench->file.content), view_of_text("old"));
}

static void
bench_end(struct bench *bench)
{
	key_file_done(&bench->file);
	unlink(bench->path);
	assert_int_equal(rmdir(bench->folder), 0); /* nothing was left */
}

static void
content_is_replaced(void **state)
{
	struct bench bench;
	KEY_FILE after = KEY_FILE_NONE;
	struct err err;

	(void)state;
	bench_start(&bench);
	assert_ok(key_file_replace(&bench.file, tag, view_of_text("new"), &err));
	assert_ok(key_file_read(bench.path, geteuid(), 100, &after, &err));
	assert_view(buf_view(&after.content), view_of_text("new"));
	bench_end(&bench);
}

static void
what_somebody_changed_since_it_was_read_is_not_replaced(void **state)
{
	struct err err;

	(void)state;
	for (int what = 0; what < 3; what++) {
		struct bench bench;
		char other[80];

		bench_start(&bench);
		(void)snprintf(other, sizeof(other), "%s-2", bench.path);
		usleep(20000); /* a file's times go in steps */
		if (what == 0)
			assert_int_equal(truncate(bench.path, 2), 0);
		if (what == 1)
			assert_int_equal(chmod(bench.path, 0640), 0);
		if (what == 2)
			assert_int_equal(link(bench.path, other), 0);
		assert_error(ERR_BUSY,
		    key_file_replace(&bench.file, tag, view_of_text("new"), &err));
		if (what == 2)
			unlink(other);
		bench_end(&bench);
	}
}

/* --- Links, where root looks after another account ---------------------------------------- */

enum { GUEST = 1234 };

/* A folder NAME in that of BENCH, of OWNER, with a file "keys" of its own; RET_PATH is NAME/keys. */
static void
folder_of(const struct bench *bench, const char *name, uid_t owner, char ret_path[120])
{
	char folder[100];
	FILE *file;

	(void)snprintf(folder, sizeof(folder), "%s/%s", bench->folder, name);
	assert_int_equal(mkdir(folder, 0755), 0);
	(void)snprintf(ret_path, 120, "%s/keys", folder);
	file = fopen(ret_path, "w");
	assert_non_null(file);
	assert_int_equal(fputs(name, file) >= 0 && fclose(file) == 0 && chmod(ret_path, 0600) == 0,
	    true);
	assert_int_equal(chown(ret_path, owner, owner) == 0 && chown(folder, owner, owner) == 0,
	    true);
}

static void
link_of(const char *target, uid_t owner, const char *folder, const char *name, char ret_path[120])
{
	(void)snprintf(ret_path, 120, "%s/%s", folder, name);
	assert_int_equal(symlink(target, ret_path), 0);
	assert_int_equal(lchown(ret_path, owner, owner), 0);
}

/* What comes of reading FOLDER/LINK/keys, or FOLDER/LINK itself. */
static enum err_code
read_through(const char *link, bool file, const char *expected)
{
	KEY_FILE got = KEY_FILE_NONE;
	char path[130];
	struct err err;
	enum err_code code;

	(void)snprintf(path, sizeof(path), "%s%s", link, file ? "" : "/keys");
	code = key_file_read(path, GUEST, 100, &got, &err);
	if (code == ERR_OK)
		assert_view(buf_view(&got.content), view_of_text(expected));
	else if (code == ERR_REFUSED)
		assert_non_null(strstr(err.text, "symbolic link"));
	return code;
}

static void
remove_all(const struct bench *bench)
{
	char command[100];

	(void)snprintf(command, sizeof(command), "rm -rf %s/?*.d", bench->folder);
	assert_int_equal(system(command), 0);
}

static void
links_of_the_account_lead_to_its_own_things_alone(void **state)
{
	struct bench bench;
	char roots[120], own[120], home[120], link[120], home_folder[100];

	(void)state;
	if (geteuid() != 0) {
		printf("# skipped: only root looks after other accounts\n");
		return;
	}
	bench_start(&bench);
	assert_int_equal(chmod(bench.folder, 0755), 0);
	folder_of(&bench, "roots.d", 0, roots);
	folder_of(&bench, "own.d", GUEST, own);
	folder_of(&bench, "home.d", GUEST, home);
	(void)snprintf(home_folder, sizeof(home_folder), "%s/home.d", bench.folder);

	/* The file itself, or a folder before it. */
	link_of("../roots.d/keys", GUEST, home_folder, "1", link);
	assert_int_equal(read_through(link, true, NULL), ERR_REFUSED);
	link_of("../roots.d", GUEST, home_folder, "2", link);
	assert_int_equal(read_through(link, false, NULL), ERR_REFUSED);
	/* A link of root's, where the account may exchange it; also behind a link of root's that nobody may. */
	link_of("../roots.d", 0, home_folder, "3", link);
	assert_int_equal(read_through(link, false, NULL), ERR_REFUSED);
	link_of("home.d/3", 0, bench.folder, "4.d", link);
	assert_int_equal(read_through(link, false, NULL), ERR_REFUSED);
	/* What is its own in a folder of root's, as a crontab is. */
	assert_int_equal(chown(roots, GUEST, GUEST), 0);
	assert_int_equal(read_through(link, false, NULL), ERR_REFUSED);
	assert_int_equal(chown(roots, 0, 0), 0);
	/* Of somebody else's. */
	link_of("../own.d", GUEST + 1, home_folder, "5", link);
	assert_int_equal(read_through(link, false, NULL), ERR_REFUSED);

	link_of("../own.d", GUEST, home_folder, "6", link);
	assert_int_equal(read_through(link, false, "own.d"), ERR_OK);
	link_of(own, GUEST, home_folder, "7", link);
	assert_int_equal(read_through(link, true, "own.d"), ERR_OK);
	/* Of root's, as /home may be. */
	link_of("roots.d/../roots.d", 0, bench.folder, "8.d", link);
	assert_int_equal(read_through(link, false, "roots.d"), ERR_OK);
	link_of("9", GUEST, home_folder, "9", link);
	assert_int_equal(read_through(link, true, NULL), ERR_IO);
	remove_all(&bench);
	bench_end(&bench);
}

static void
what_the_account_calls_its_things_is_quoted(void **state)
{
	/* A right-to-left override, what is no UTF-8, and a mark that would close ours. */
	static const char *const names[] = {"b\xe2\x80\xaey.d", "b\xff.d",
	    "x\" was replaced; all is well.d", NULL};
	char own[120], link[120], wanted[60];
	struct bench bench;
	struct err err;

	(void)state;
	bench_start(&bench);
	for (size_t i = 0; names[i] != NULL; i++) {
		KEY_FILE file = KEY_FILE_NONE;

		folder_of(&bench, names[i], geteuid(), own);
		link_of(names[i], geteuid(), bench.folder, "link.d", link);
		assert_int_equal(chmod(own, 0666), 0);
		(void)strcat(link, "/keys");
		assert_error(ERR_REFUSED, key_file_read(link, geteuid(), 100, &file, &err));
		(void)snprintf(wanted, sizeof(wanted), "\"%s/", bench.folder);
		assert_non_null(strstr(err.text, wanted));
		assert_non_null(strstr(err.text, "/keys\" can be written by other users"));
		assert_true(text_is_plain(view_of_text(err.text)));
		remove_all(&bench);
	}
	bench_end(&bench);
}

static void
a_long_path_leaves_room_for_our_words(void **state)
{
	char path[1000], quoted[KEY_PATH_QUOTED];

	(void)state;
	memset(path, 'y', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	key_path_quote(path, quoted);
	assert_int_equal(strlen(quoted), KEY_PATH_QUOTED - 1);
	assert_string_equal(quoted + KEY_PATH_QUOTED - 6, "y...\"");
	path[KEY_PATH_QUOTED - 3] = '\0';
	key_path_quote(path, quoted);
	assert_string_equal(quoted + KEY_PATH_QUOTED - 6, "yyyy\"");
}

static void
a_folder_exchanged_after_reading_changes_nothing_elsewhere(void **state)
{
	struct bench bench;
	char roots[120], home[120], link[120], from[100], to[100];
	KEY_FILE file = KEY_FILE_NONE, after = KEY_FILE_NONE;
	struct err err;

	(void)state;
	if (geteuid() != 0) {
		printf("# skipped: only root looks after other accounts\n");
		return;
	}
	bench_start(&bench);
	folder_of(&bench, "roots.d", 0, roots);
	folder_of(&bench, "home.d", GUEST, home);
	assert_ok(key_file_read(home, GUEST, 100, &file, &err));
	(void)snprintf(from, sizeof(from), "%s/home.d", bench.folder);
	(void)snprintf(to, sizeof(to), "%s/moved.d", bench.folder);
	assert_int_equal(rename(from, to), 0);
	link_of("roots.d", GUEST, bench.folder, "home.d", link);
	assert_ok(key_file_replace(&file, tag, view_of_text("new"), &err));
	assert_ok(key_file_read(roots, 0, 100, &after, &err));
	assert_view(buf_view(&after.content), view_of_text("roots.d"));
	remove_all(&bench);
	bench_end(&bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(content_is_replaced),
	    cmocka_unit_test(what_somebody_changed_since_it_was_read_is_not_replaced),
	    cmocka_unit_test(links_of_the_account_lead_to_its_own_things_alone),
	    cmocka_unit_test(what_the_account_calls_its_things_is_quoted),
	    cmocka_unit_test(a_long_path_leaves_room_for_our_words),
	    cmocka_unit_test(a_folder_exchanged_after_reading_changes_nothing_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
