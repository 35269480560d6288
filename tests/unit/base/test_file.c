/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files in a folder of their own.  The system calls of writing are wrapped by the linker: each in
 * turn fails, or writes only a part.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/file_lock.h"
#include "base/process.h"
#include "tests/unit/check.h"

static struct {
	unsigned fail_at; /* make the Nth wrapped call fail; 0: none */
	int error_number;
	unsigned calls;
	const char *failed; /* the call that failed */
	size_t write_step;  /* write at most that many bytes at once; 0: all */
	unsigned zeros;     /* bytes of zeros that were written */
	int unsynced;       /* files that were written and not yet synced */
} seam;

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __real_openat64(int folder, const char *path, int flags, ...);
int __wrap_openat64(int folder, const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __real_renameat2(int from_folder, const char *from, int to_folder, const char *to,
    unsigned flags);
int __wrap_renameat2(int from_folder, const char *from, int to_folder, const char *to,
    unsigned flags);
int __real_unlinkat(int folder, const char *name, int flags);
int __wrap_unlinkat(int folder, const char *name, int flags);

static bool
fails_now(const char *call)
{
	if (++seam.calls != seam.fail_at)
		return false;
	errno = seam.error_number;
	seam.failed = call;
	return true;
}

int
__wrap_open64(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
	va_end(args);
	return fails_now("open") ? -1 : __real_open64(path, flags, mode);
}

int
__wrap_openat64(int folder, const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
	va_end(args);
	return fails_now("openat") ? -1 : __real_openat64(folder, path, flags, mode);
}

ssize_t
__wrap_write(int fd, const void *bytes, size_t size)
{
	if (fails_now("write"))
		return -1;
	if (seam.write_step != 0 && size > seam.write_step)
		size = seam.write_step;
	for (size_t i = 0; i < size; i++)
		seam.zeros += ((const uint8_t *)bytes)[i] == 0;
	seam.unsynced = 1;
	return __real_write(fd, bytes, size);
}

int
__wrap_fsync(int fd)
{
	seam.unsynced = 0;
	return fails_now("fsync") ? -1 : __real_fsync(fd);
}

int
__wrap_fchmod(int fd, mode_t mode)
{
	return fails_now("fchmod") ? -1 : __real_fchmod(fd, mode);
}

int
__wrap_renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
	assert_int_equal(seam.unsynced, 0);
	seam.unsynced = 1; /* the folder */
	return fails_now("renameat2") ? -1 :
	                                __real_renameat2(from_folder, from, to_folder, to, flags);
}

int
__wrap_unlinkat(int folder, const char *name, int flags)
{
	return fails_now("unlinkat") ? -1 : __real_unlinkat(folder, name, flags);
}

/* The folder of the running test, where it is the working directory. */
static int
enter_folder(void **state)
{
	char folder[] = "/tmp/test-file-XXXXXX";

	memset(&seam, 0, sizeof(seam));
	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		return -1;
	*state = strdup(folder);
	return *state != NULL ? 0 : -1;
}

static int
leave_folder(void **state)
{
	char command[64];
	int status;

	snprintf(command, sizeof(command), "rm -rf '%s'", (char *)*state);
	status = chdir("/") == 0 ? system(command) : -1;
	free(*state);
	return status;
}

static size_t
names_in_folder(void)
{
	DIR *folder = opendir(".");
	size_t count = 0;

	assert_non_null(folder);
	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count - 2; /* . and .. */
}

static void
assert_content(const char *path, const char *expected)
{
	struct err err;
	BUF bytes = {0};

	assert_ok(file_read(path, 1024 * 1024, &bytes, &err));
	assert_view(buf_view(&bytes), view_of_text(expected));
}

static mode_t
mode_of(const char *path)
{
	struct stat status;

	assert_int_equal(lstat(path, &status), 0);
	return status.st_mode & 07777;
}

static void
what_is_written_is_read_with_the_mode_asked_for(void **state)
{
	struct err err;

	(void)state;
	umask(077);
	assert_ok(file_write("a", view_of_text("one"), 0644, &err));
	assert_content("a", "one");
	assert_int_equal(mode_of("a"), 0644);
	assert_ok(file_write("a", view_of_text("two two"), 0600, &err));
	assert_content("a", "two two");
	assert_int_equal(mode_of("a"), 0600);
	assert_ok(file_write("./a", (struct view){0}, 0600, &err));
	assert_content("a", "");
	assert_int_equal(names_in_folder(), 1);
	assert_int_equal(seam.unsynced, 0);
	assert_true(file_exists("a"));
	assert_false(file_exists("b"));
}

static void
short_writes_are_continued(void **state)
{
	struct err err;

	(void)state;
	seam.write_step = 3;
	assert_ok(file_write("a", view_of_text("0123456789"), 0600, &err));
	seam.write_step = 0;
	assert_content("a", "0123456789");
}

static void
a_new_file_replaces_nothing(void **state)
{
	struct err err;

	(void)state;
	assert_ok(file_write_new("a", view_of_text("one"), 0600, &err));
	assert_error(ERR_EXISTS, file_write_new("a", view_of_text("two"), 0600, &err));
	assert_says("a exists already");
	assert_content("a", "one");
	assert_int_equal(names_in_folder(), 1);
	assert_int_equal(symlink("nowhere", "link"), 0);
	assert_error(ERR_REFUSED, file_write_new("link", view_of_text("two"), 0600, &err));
	assert_int_equal(names_in_folder(), 2);
}

/* Call WRITE with each of its system calls failing in turn. */
static void
fail_each_call(enum err_code (
                   *write)(const char *path, struct view bytes, mode_t mode, struct err *err),
    const char *old, int error_number, enum err_code expected)
{
	struct err err;

	for (unsigned at = 1;; at++) {
		enum err_code code;
		bool in_place;

		seam.fail_at = 0;
		if (old != NULL)
			assert_ok(file_write("a", view_of_text(old), 0600, &err));
		seam.fail_at = at;
		seam.calls = 0;
		seam.failed = NULL;
		seam.error_number = error_number;
		code = write("a", view_of_text("new"), 0600, &err);
		seam.fail_at = 0;
		if (seam.failed == NULL) {
			assert_int_equal(code, ERR_OK);
			assert_true(at > 6);
			unlink("a");
			return;
		}
		assert_int_equal(code, expected);
		assert_non_null(strstr(err.text, "a"));
		/* Only the folder's fsync comes after the rename. */
		in_place = strcmp(seam.failed, "fsync") == 0 && file_exists("a") && at > 6;
		if (in_place)
			assert_content("a", "new");
		else if (old != NULL)
			assert_content("a", old);
		else
			assert_false(file_exists("a"));
		assert_int_equal(names_in_folder(), old != NULL || in_place ? 1 : 0);
		if (old == NULL)
			unlink("a");
	}
}

static void
after_any_failure_the_old_content_stands_and_nothing_is_left(void **state)
{
	(void)state;
	fail_each_call(file_write, "old", EIO, ERR_IO);
	fail_each_call(file_write, "old", ENOSPC, ERR_NO_SPACE);
	fail_each_call(file_write, "old", EDQUOT, ERR_NO_SPACE);
}

static void
after_any_failure_there_is_no_new_file(void **state)
{
	(void)state;
	fail_each_call(file_write_new, NULL, EIO, ERR_IO);
	fail_each_call(file_write_new, NULL, ENOSPC, ERR_NO_SPACE);
}

static void
a_temporary_file_of_a_dead_process_is_replaced(void **state)
{
	char name[64];
	struct err err;
	FILE *stale;

	(void)state;
	snprintf(name, sizeof(name), ".a.tmp.%ld", (long)getpid());
	stale = fopen(name, "w");
	assert_non_null(stale);
	fputs("much longer than the new content", stale);
	fclose(stale);
	assert_ok(file_write("a", view_of_text("new"), 0600, &err));
	assert_content("a", "new");
	assert_int_equal(names_in_folder(), 1);
}

static void
links_pipes_and_folders_are_refused(void **state)
{
	BUF bytes = {0};
	SECRET *secret = NULL;
	struct err err;

	(void)state;
	assert_ok(file_write("a", view_of_text("one"), 0600, &err));
	assert_int_equal(symlink("a", "link"), 0);
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_int_equal(mkdir("folder", 0700), 0);
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = {"link", "pipe", "folder"};

		assert_error(ERR_REFUSED, file_read(names[i], 10, &bytes, &err));
		assert_says(names[i]);
		assert_error(ERR_REFUSED, file_read_secret(names[i], 10, &secret, &err));
		assert_error(ERR_REFUSED, file_write(names[i], view_of_text("x"), 0600, &err));
		assert_says(i == 0 ? "is a symbolic link" : "is not a regular file");
		assert_int_not_equal(file_erase(names[i], &err), ERR_OK);
		assert_true(file_exists(names[i]));
	}
	assert_content("a", "one");
	assert_null(secret);
}

static void
bad_paths_are_errors_that_name_them(void **state)
{
	char longest[PATH_MAX + 10];
	char path[4096];
	BUF bytes = {0};
	struct err err;

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_error(ERR_NOT_FOUND, file_read("absent", 10, &bytes, &err));
	assert_says("absent does not exist");
	assert_error(ERR_NOT_FOUND, file_write("no/such", VIEW_OF("x"), 0600, &err));
	assert_error(ERR_INVALID, file_write("", VIEW_OF("x"), 0600, &err));
	assert_error(ERR_INVALID, file_write("folder/", VIEW_OF("x"), 0600, &err));
	assert_error(ERR_INVALID, file_write(longest, VIEW_OF("x"), 0600, &err));
	assert_error(ERR_INVALID, file_path("folder", longest, path, &err));
	assert_ok(file_path("folder", "name", path, &err));
	assert_string_equal(path, "folder/name");
	longest[4095 - 2] = '\0';
	assert_ok(file_path("d", longest, path, &err));
	assert_int_equal(strlen(path), 4095);
	longest[4095 - 2] = 'x';
	longest[4095 - 1] = '\0';
	assert_error(ERR_INVALID, file_path("d", longest, path, &err));
}

static void
reading_stops_at_the_maximum(void **state)
{
	struct err err;

	(void)state;
	assert_ok(file_write("a", view_of_text("0123456789"), 0600, &err));
	for (size_t max = 0; max <= 11; max++) {
		BUF bytes = {0};
		SECRET *secret = NULL;

		buf_text(&bytes, "before ");
		if (max >= 10) {
			assert_ok(file_read("a", max, &bytes, &err));
			assert_view(buf_view(&bytes), view_of_text("before 0123456789"));
			assert_ok(file_read_secret("a", max, &secret, &err));
			assert_view(secret_view(secret), view_of_text("0123456789"));
		} else {
			assert_error(ERR_INVALID, file_read("a", max, &bytes, &err));
			assert_says("larger than");
			assert_view(buf_view(&bytes), view_of_text("before "));
			assert_error(ERR_INVALID, file_read_secret("a", max, &secret, &err));
			assert_null(secret);
		}
	}
}

static void
a_secret_file_open_to_others_is_refused(void **state)
{
	static const mode_t modes[] = {0640, 0604, 0610, 0601, 0620, 0602};
	SECRET *secret = NULL;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		assert_ok(file_write("a", view_of_text("key"), modes[i], &err));
		assert_error(ERR_REFUSED, file_read_secret("a", 10, &secret, &err));
		assert_says("open to other users");
	}
	assert_ok(file_write("a", view_of_text("key"), 0400, &err));
	assert_ok(file_read_secret("a", 10, &secret, &err));
}

static void
a_secret_file_of_another_user_is_refused(void **state)
{
	SECRET *secret = NULL;
	struct err err;

	(void)state;
	if (geteuid() != 0) {
		printf("# skipped: only root can make such a file\n");
		return;
	}
	assert_ok(file_write("a", view_of_text("key"), 0600, &err));
	assert_int_equal(chown("a", 65534, 65534), 0);
	assert_error(ERR_REFUSED, file_read_secret("a", 10, &secret, &err));
	assert_says("another user");
}

static void
an_erased_file_was_overwritten_and_is_gone(void **state)
{
	static char content[10000];
	struct err err;

	(void)state;
	memset(content, 'k', sizeof(content) - 1);
	assert_ok(file_write("a", view_of_text(content), 0600, &err));
	seam.zeros = 0;
	assert_ok(file_erase("a", &err));
	assert_int_equal(seam.zeros, sizeof(content) - 1);
	assert_int_equal(seam.unsynced, 0);
	assert_int_equal(names_in_folder(), 0);
	assert_ok(file_erase("a", &err));
}

static void
a_failed_erasure_is_an_error(void **state)
{
	struct err err;

	(void)state;
	for (unsigned at = 1;; at++) {
		enum err_code code;

		seam.fail_at = 0;
		assert_ok(file_write("a", view_of_text("key"), 0600, &err));
		seam.fail_at = at;
		seam.calls = 0;
		seam.failed = NULL;
		seam.error_number = EIO;
		code = file_erase("a", &err);
		seam.fail_at = 0;
		if (seam.failed == NULL) {
			assert_int_equal(code, ERR_OK);
			assert_true(at >= 6);
			return;
		}
		assert_int_equal(code, ERR_IO);
	}
}

/* Another had it gone between the look and the end. */
static void
of_two_who_erase_at_once_neither_fails(void **state)
{
	struct err err;
	bool met = false;

	(void)state;
	for (unsigned at = 1; !met; at++) {
		seam.fail_at = 0;
		assert_ok(file_write("a", view_of_text("key"), 0600, &err));
		seam.calls = 0;
		seam.failed = NULL;
		seam.error_number = ENOENT;
		seam.fail_at = at;
		enum err_code code = file_erase("a", &err);
		assert_non_null(seam.failed);
		met = strcmp(seam.failed, "unlinkat") == 0;
		if (met)
			assert_int_equal(code, ERR_OK);
	}
}

static void
folders_can_be_synced(void **state)
{
	struct err err;

	(void)state;
	assert_ok(file_sync_folder(".", &err));
	assert_error(ERR_NOT_FOUND, file_sync_folder("absent", &err));
	seam.calls = 0;
	seam.fail_at = 2;
	seam.error_number = EIO;
	assert_error(ERR_IO, file_sync_folder(".", &err));
}

static void
a_second_locker_is_told_who_holds_it(void **state)
{
	struct file_lock *lock = NULL;
	struct file_lock *second = NULL;
	char expected[64];
	struct err err;

	(void)state;
	snprintf(expected, sizeof(expected), "(%ld halligan approve)", (long)getpid());
	assert_ok(file_lock("lock", "halligan approve", 0, &lock, &err));
	assert_error(ERR_BUSY, file_lock("lock", "halligan request", 0, &second, &err));
	assert_says(expected);
	assert_null(second);
	file_unlock(lock);
	assert_ok(file_lock("lock", "halligan request", 0, &second, &err));
	file_unlockp(&second);
	assert_null(second);
	file_unlock(NULL);
}

static void
a_locker_waits_until_the_other_is_done_or_dead(void **state)
{
	struct file_lock *lock = NULL;
	int64_t start;
	struct err err;
	int ends[2];
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (file_lock("lock", "child", 0, &lock, &err) != ERR_OK)
			_exit(1);
		__real_write(ends[1], "x", 1);
		usleep(300000);
		_exit(0); /* without unlocking */
	}
	assert_int_equal(read(ends[0], &byte, 1), 1);
	start = process_milliseconds();
	assert_ok(file_lock("lock", "parent", 60, &lock, &err));
	assert_true(process_milliseconds() - start < 60000);
	file_unlock(lock);
	waitpid(pid, NULL, 0);
	close(ends[0]);
	close(ends[1]);
}

static void
a_lock_is_no_link(void **state)
{
	struct file_lock *lock = NULL;
	struct err err;

	(void)state;
	assert_int_equal(symlink("elsewhere", "lock"), 0);
	assert_int_not_equal(file_lock("lock", "x", 0, &lock, &err), ERR_OK);
	assert_false(file_exists("elsewhere"));
	assert_null(lock);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    IN_FOLDER(what_is_written_is_read_with_the_mode_asked_for),
	    IN_FOLDER(short_writes_are_continued),
	    IN_FOLDER(a_new_file_replaces_nothing),
	    IN_FOLDER(after_any_failure_the_old_content_stands_and_nothing_is_left),
	    IN_FOLDER(after_any_failure_there_is_no_new_file),
	    IN_FOLDER(a_temporary_file_of_a_dead_process_is_replaced),
	    IN_FOLDER(links_pipes_and_folders_are_refused),
	    IN_FOLDER(bad_paths_are_errors_that_name_them),
	    IN_FOLDER(reading_stops_at_the_maximum),
	    IN_FOLDER(a_secret_file_open_to_others_is_refused),
	    IN_FOLDER(a_secret_file_of_another_user_is_refused),
	    IN_FOLDER(an_erased_file_was_overwritten_and_is_gone),
	    IN_FOLDER(of_two_who_erase_at_once_neither_fails),
	    IN_FOLDER(a_failed_erasure_is_an_error),
	    IN_FOLDER(folders_can_be_synced),
	    IN_FOLDER(a_second_locker_is_told_who_holds_it),
	    IN_FOLDER(a_locker_waits_until_the_other_is_done_or_dead),
	    IN_FOLDER(a_lock_is_no_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
