/* SPDX-License-Identifier: Apache-2.0 */
/* Hardening (in children, since it cannot be undone), children, and descriptors with a deadline. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/child.h"
#include "base/process.h"
#include "tests/unit/check.h"

/* Fork, run CHECK in the child; it must return true. */
static void
in_child(bool (*check)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(check() ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static bool
is_hardened(void)
{
	struct rlimit core;
	struct err err;

	return process_harden(2, &err) == ERR_OK && prctl(PR_GET_DUMPABLE) == 0 &&
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && getrlimit(RLIMIT_CORE, &core) == 0 &&
	    core.rlim_cur == 0 && core.rlim_max == 0 && umask(0) == 077 &&
	    signal(SIGPIPE, SIG_DFL) == SIG_IGN;
}

static void
a_hardened_process_gives_nothing_away(void **state)
{
	(void)state;
	in_child(is_hardened);
}

static bool
closes_descriptors(void)
{
	struct err err;

	for (int fd = 3; fd < 12; fd++) {
		if (dup2(0, fd) != fd)
			return false;
	}
	if (process_harden(5, &err) != ERR_OK)
		return false;
	for (int fd = 0; fd < 12; fd++) {
		if ((fcntl(fd, F_GETFD) >= 0) != (fd <= 5))
			return false;
	}
	return true;
}

static void
descriptors_above_the_kept_ones_are_closed(void **state)
{
	(void)state;
	in_child(closes_descriptors);
}

static bool
opens_standard(void)
{
	struct stat null, status;
	struct err err;

	for (int fd = 0; fd <= 2; fd++)
		close(fd);
	if (process_harden(0, &err) != ERR_OK || stat("/dev/null", &null) != 0)
		return false;
	for (int fd = 0; fd <= 2; fd++) {
		if (fstat(fd, &status) != 0 || status.st_rdev != null.st_rdev)
			return false;
	}
	return true;
}

static void
closed_standard_descriptors_become_dev_null(void **state)
{
	(void)state;
	in_child(opens_standard);
}

static bool
drops_variables(void)
{
	static const char *const dropped[] = {"LD_PRELOAD", "LD_DEBUG", "MALLOC_TRACE",
	    "GLIBC_TUNABLES", "OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES", "FIDO_DEBUG",
	    "PCSCLITE_DEBUG", "LIBPCSCLITE_DELEGATE", "SQLITE_TMPDIR"};
	static const char *const kept[] = {"PCSCLITE_CSOCK_NAME", "TMPDIR", "HOME", "NO_COLOR",
	    "XLD_PRELOAD", "FIDO_DEBUGGER"};
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(dropped); i++)
		setenv(dropped[i], "x", 1);
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		setenv(kept[i], "y", 1);
	if (process_harden(2, &err) != ERR_OK)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(dropped); i++) {
		if (getenv(dropped[i]) != NULL)
			return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		if (getenv(kept[i]) == NULL || strcmp(getenv(kept[i]), "y") != 0)
			return false;
	}
	return true;
}

static void
debug_variables_of_libraries_are_dropped(void **state)
{
	(void)state;
	in_child(drops_variables);
}

/* A shell with SCRIPT; all descriptors closed, those from 3 on since nobody names any. */
static struct process_spawn
shell(const char *const argv[])
{
	static const char *const env[] = {"PATH=/usr/bin:/bin", "ONLY=this", NULL};
	struct process_spawn spawn = {.path = "/bin/sh", .argv = argv, .env = env};

	for (int i = 0; i <= 2; i++)
		spawn.fds[i] = -1;
	return spawn;
}

/* What the script writes to its descriptor 1 and how it ends. */
static int
run_shell(const char *script, struct buf *ret_output)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct process_spawn spawn = shell(argv);
	uint8_t bytes[4096];
	struct err err;
	int status = -1;
	int ends[2];
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	spawn.fds[1] = ends[1];
	assert_ok(process_start(&spawn, &pid, &err));
	close(ends[1]);
	while ((got = read(ends[0], bytes, sizeof(bytes))) > 0)
		buf_bytes(ret_output, view_of(bytes, (size_t)got));
	close(ends[0]);
	assert_ok(process_wait(pid, -1, &status, &err));
	return status;
}

static void
a_child_gets_its_arguments_and_only_its_environment(void **state)
{
	BUF output = {0};
	int status = run_shell("echo \"$ONLY\" \"$HOME\"; env | grep -c =; exit 7", &output);

	(void)state;
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	/* ONLY and PATH, and what the shell itself adds (PWD and, in some, _). */
	assert_non_null(strstr(buf_string(&output), "this \n"));
	assert_true(atoi(strchr(buf_string(&output), '\n') + 1) <= 4);
}

static void
a_child_has_no_other_descriptors(void **state)
{
	BUF output = {0};
	int extra[40];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(extra); i++)
		extra[i] = dup(0); /* inheritable, some above 8 */
	run_shell("cd /proc/self/fd && echo [0-9]*", &output);
	for (size_t i = 0; i < ARRAY_SIZE(extra); i++)
		close(extra[i]);
	/* 3 is the shell's own, on the folder; nothing else, not even the report pipe. */
	assert_string_equal(buf_string(&output), "0 1 2 3\n");
}

/* A pipe whose ends are out of the way of the numbers that a child gets. */
static void
high_pipe(int ret_ends[2])
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	for (int i = 0; i < 2; i++) {
		ret_ends[i] = fcntl(ends[i], F_DUPFD_CLOEXEC, 100);
		assert_true(ret_ends[i] >= 100);
		close(ends[i]);
	}
}

static bool
descriptors_come_out_of_the_ring(void)
{
	static const char script[] = "cat <&3; cat <&4; cat <&5; cat <&6; cat <&7";
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct process_spawn spawn = shell(argv);
	char bytes[16] = "";
	int status, out[2];
	struct err err;
	pid_t pid;

	high_pipe(out);
	for (int i = 0; i < 5; i++) { /* our descriptor 3 + I holds the text I */
		int ends[2];

		high_pipe(ends);
		dprintf(ends[1], "%d", i);
		close(ends[1]);
		dup3(ends[0], 3 + i, O_CLOEXEC);
	}
	for (int i = 0; i < 5; i++) /* each must leave for the next: 3<-4<-5<-6<-7<-3 */
		spawn.fds[3 + i] = 3 + (i + 1) % 5;
	spawn.fds[1] = out[1];
	return process_start(&spawn, &pid, &err) == ERR_OK &&
	    process_wait(pid, process_milliseconds() + 20000, &status, &err) == ERR_OK &&
	    read(out[0], bytes, sizeof(bytes) - 1) == 5 && strcmp(bytes, "12340") == 0;
}

static void
descriptors_may_overlap(void **state)
{
	(void)state;
	in_child(descriptors_come_out_of_the_ring);
}

static void
a_program_that_is_not_there_is_an_error_here(void **state)
{
	const char *const argv[] = {"x", NULL};
	struct process_spawn spawn = shell(argv);
	struct err err;
	pid_t pid = -1;

	(void)state;
	spawn.path = "/no/such/program";
	assert_error(ERR_NOT_FOUND, process_start(&spawn, &pid, &err));
	assert_says("/no/such/program");
	spawn.path = "/etc/passwd";
	assert_error(ERR_IO, process_start(&spawn, &pid, &err));
	assert_int_equal(pid, -1);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no zombie */
}

static void
a_child_has_default_signals(void **state)
{
	BUF output = {0};
	sigset_t all, before;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	run_shell("grep -E '^Sig(Blk|Ign)' /proc/self/status", &output);
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGPIPE, SIG_DFL);
	assert_string_equal(buf_string(&output),
	    "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

static bool
is_alive(pid_t pid)
{
	char path[64];
	char line[256] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	file = fopen(path, "r");
	if (file == NULL)
		return false;
	if (fgets(line, sizeof(line), file) == NULL)
		line[0] = '\0';
	fclose(file);
	return strstr(line, ") Z ") == NULL && strstr(line, ") X ") == NULL && line[0] != '\0';
}

static void
at_the_deadline_the_whole_group_is_killed(void **state)
{
	const char *const argv[] = {"sh", "-c", "sleep 600 & echo $!; wait", NULL};
	struct process_spawn spawn = shell(argv);
	BUF line = {0};
	struct err err;
	int status, ends[2];
	pid_t pid, grandchild;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	spawn.fds[1] = ends[1];
	assert_ok(process_start(&spawn, &pid, &err));
	close(ends[1]);
	assert_ok(fd_read_line(ends[0], 20, &line, process_milliseconds() + 20000, &err));
	grandchild = atoi(buf_string(&line));
	assert_true(grandchild > 1 && is_alive(grandchild));
	assert_error(ERR_TARGET_UNKNOWN,
	    process_wait(pid, process_milliseconds() + 50, &status, &err));
	assert_false(is_alive(pid));
	/* Its pipe closes once nobody of the group is left. */
	assert_error(ERR_PROTOCOL,
	    fd_read_line(ends[0], 20, &line, process_milliseconds() + 20000, &err));
	close(ends[0]);
}

static void
a_child_in_our_group_is_killed_alone(void **state)
{
	const char *const argv[] = {"sh", "-c", "sleep 600", NULL};
	struct process_spawn spawn = shell(argv);
	struct err err;
	pid_t pid;

	(void)state;
	spawn.same_group = true;
	assert_ok(process_start(&spawn, &pid, &err));
	assert_int_equal(getpgid(pid), getpgrp());
	process_kill(pid);
	assert_false(is_alive(pid));
}

static void
one_that_is_awaited_is_not_reaped(void **state)
{
	(void)state;
	int64_t start = process_milliseconds();
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		pause();
		_exit(0);
	}
	assert_false(process_await(pid, 0));
	assert_false(process_await(pid, start + 100));
	assert_true(process_milliseconds() >= start + 100);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_true(process_await(pid, process_milliseconds() + 60000));
	assert_true(process_milliseconds() < start + 30000);
	assert_true(process_await(pid, 0)); /* as often as it is asked */
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(process_await(pid, process_milliseconds() + 60000)); /* no child of ours */
}

static void
reading_ends_at_a_deadline_or_when_the_peer_is_gone(void **state)
{
	uint8_t bytes[8];
	struct err err;
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_error(ERR_TARGET_UNKNOWN,
	    fd_read(ends[0], bytes, 1, process_milliseconds() + 30, &err));
	assert_error(ERR_TARGET_UNKNOWN, fd_read(ends[0], bytes, 1, 0, &err));
	assert_ok(fd_write(ends[1], view_of("abc", 3), -1, &err));
	assert_ok(fd_read(ends[0], bytes, 2, -1, &err));
	assert_memory_equal(bytes, "ab", 2);
	close(ends[1]);
	assert_error(ERR_PROTOCOL, fd_read(ends[0], bytes, 2, -1, &err));
	assert_error(ERR_IO, fd_read(9999, bytes, 1, -1, &err));
	close(ends[0]);
}

static void
writing_ends_at_a_deadline_or_when_the_peer_is_gone(void **state)
{
	static const uint8_t much[1024 * 1024];
	struct err err;
	int ends[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_error(ERR_TARGET_UNKNOWN,
	    fd_write(ends[1], VIEW_OF(much), process_milliseconds() + 50, &err));
	close(ends[0]);
	assert_error(ERR_PROTOCOL, fd_write(ends[1], VIEW_OF(much), -1, &err));
	close(ends[1]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_error(ERR_TARGET_UNKNOWN,
	    fd_write(ends[1], VIEW_OF(much), process_milliseconds() + 50, &err));
	close(ends[0]);
	assert_error(ERR_PROTOCOL, fd_write(ends[1], VIEW_OF(much), -1, &err));
	close(ends[1]);
	signal(SIGPIPE, SIG_DFL);
}

static void
a_line_is_read_without_what_follows_it(void **state)
{
	BUF line = {0};
	char rest[8] = "";
	struct err err;
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_ok(fd_write(ends[1], view_of_text("hello\n\nrest"), -1, &err));
	assert_ok(fd_read_line(ends[0], 5, &line, -1, &err));
	assert_string_equal(buf_string(&line), "hello");
	assert_ok(fd_read_line(ends[0], 5, &line, -1, &err));
	assert_string_equal(buf_string(&line), "hello");
	assert_int_equal(read(ends[0], rest, sizeof(rest)), 4);
	assert_string_equal(rest, "rest");
	close(ends[0]);
	close(ends[1]);
}

static void
a_line_that_is_too_long_or_unfinished_is_refused(void **state)
{
	BUF line = {0};
	struct err err;
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_ok(fd_write(ends[1], view_of_text("123456\nabc"), -1, &err));
	close(ends[1]);
	assert_error(ERR_PROTOCOL, fd_read_line(ends[0], 5, &line, -1, &err));
	assert_says("more than 5 bytes");
	assert_ok(fd_read_line(ends[0], 5, &line, -1, &err));
	assert_error(ERR_PROTOCOL, fd_read_line(ends[0], 5, &line, -1, &err));
	assert_int_equal(line.size, 0);
	close(ends[0]);
}

static void
descriptors_close_once(void **state)
{
	int fd = dup(0);
	int before = fd;

	(void)state;
	fd_closep(&fd);
	assert_int_equal(fd, -1);
	assert_int_equal(fcntl(before, F_GETFD), -1);
	fd_closep(&fd);
}

static void
clocks_run(void **state)
{
	int64_t start = process_milliseconds();

	(void)state;
	assert_true(process_now() > 1700000000);
	assert_true(llabs(process_now() - (int64_t)time(NULL)) <= 1);
	usleep(20000);
	assert_true(process_milliseconds() >= start + 20);
}

static void
places_are_beside_our_executable_unless_absolute(void **state)
{
	char self[4096], path[4096], deep[4096 - 8];
	const char *slash;
	struct err err;

	(void)state;
	assert_int_equal(process_self(self, &err), ERR_OK);
	slash = strrchr(self, '/');
	assert_string_equal(slash, "/test-process");
	assert_int_equal(process_beside("../rotators", path, &err), ERR_OK);
	assert_memory_equal(path, self, (size_t)(slash + 1 - self));
	assert_string_equal(path + (slash + 1 - self), "../rotators");
	assert_int_equal(process_beside("/usr/libexec/halligan", path, &err), ERR_OK);
	assert_string_equal(path, "/usr/libexec/halligan");
	memset(deep, 'd', sizeof(deep));
	deep[sizeof(deep) - 1] = '\0';
	assert_int_equal(process_beside(deep, path, &err), ERR_IO);
	assert_string_equal(path, "/usr/libexec/halligan"); /* untouched */
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_hardened_process_gives_nothing_away),
	    cmocka_unit_test(descriptors_above_the_kept_ones_are_closed),
	    cmocka_unit_test(closed_standard_descriptors_become_dev_null),
	    cmocka_unit_test(debug_variables_of_libraries_are_dropped),
	    cmocka_unit_test(a_child_gets_its_arguments_and_only_its_environment),
	    cmocka_unit_test(a_child_has_no_other_descriptors),
	    cmocka_unit_test(descriptors_may_overlap),
	    cmocka_unit_test(a_program_that_is_not_there_is_an_error_here),
	    cmocka_unit_test(a_child_has_default_signals),
	    cmocka_unit_test(at_the_deadline_the_whole_group_is_killed),
	    cmocka_unit_test(a_child_in_our_group_is_killed_alone),
	    cmocka_unit_test(one_that_is_awaited_is_not_reaped),
	    cmocka_unit_test(reading_ends_at_a_deadline_or_when_the_peer_is_gone),
	    cmocka_unit_test(writing_ends_at_a_deadline_or_when_the_peer_is_gone),
	    cmocka_unit_test(a_line_is_read_without_what_follows_it),
	    cmocka_unit_test(a_line_that_is_too_long_or_unfinished_is_refused),
	    cmocka_unit_test(descriptors_close_once),
	    cmocka_unit_test(clocks_run),
	    cmocka_unit_test(places_are_beside_our_executable_unless_absolute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
