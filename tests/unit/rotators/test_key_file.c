/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(content_is_replaced),
	    cmocka_unit_test(what_somebody_changed_since_it_was_read_is_not_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
