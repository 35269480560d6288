/* SPDX-License-Identifier: Apache-2.0 */
/* Children that are run to their end: whatever they do with their pipes, nothing blocks or is
 * lost. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/left.h"
#include "base/process.h"
#include "base/runner.h"
#include "tests/unit/check.h"

enum { LARGE = 300 * 1024 };

static int
start(void **state)
{
	struct err err;

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	return left_watch(&err) == ERR_OK ? 0 : -1;
}

/* A shell that runs SCRIPT, with ten seconds. */
static enum err_code
run(const char *script, struct child *child, int *ret_status, struct err *err)
{
	static const char *const env[] = {"PATH=/usr/bin:/bin", NULL};
	const char *const argv[] = {"sh", "-c", script, NULL};

	child->path = "/bin/sh";
	child->argv = argv;
	child->env = env;
	child->executable = -1;
	if (child->deadline == 0)
		child->deadline = process_milliseconds() + 10000;
	return child_run(child, ret_status, err);
}

static void
input_comes_back_whole_whatever_its_size(void **state)
{
	uint8_t *bytes = malloc(LARGE);
	struct err err;

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < LARGE; i++)
		bytes[i] = (uint8_t)(i * 31 + i / 251);
	static const size_t sizes[] = {0, 1, 4096, 65536, 65537, LARGE};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		BUF output = {0};
		struct child child = {.input = view_of(bytes, sizes[i]), .output = &output};
		int status = -1;

		assert_ok(run("cat", &child, &status, &err));
		assert_int_equal(status, 0);
		assert_view(buf_view(&output), view_of(bytes, sizes[i]));
	}
	free(bytes);
}

static void
values_and_errors_go_their_own_ways(void **state)
{
	BUF output = {0}, errors = {0};
	SECRET *generated = NULL;
	struct err err;
	int status;

	(void)state;
	assert_ok(secret_new(16, &generated, &err));
	struct child child = {.input = view_of_text("in"),
	    .values = {view_of_text("three"), view_of_text("four")},
	    .generated = generated,
	    .output = &output,
	    .errors = &errors};

	assert_ok(run("cat; cat <&3; cat <&4; echo bad >&2; printf five >&5; exit 7", &child,
	    &status, &err));
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_view(buf_view(&output), view_of_text("inthreefour"));
	assert_view(buf_view(&errors), view_of_text("bad\n"));
	assert_view(secret_view(generated), view_of_text("five"));
}

static void
descriptors_without_a_value_are_closed(void **state)
{
	struct child child = {0};
	struct err err;
	int status;

	(void)state;
	assert_ok(run("for n in 3 4 5 6 7 8 9; do (: <&$n) 2>/dev/null && exit $n; done; exit 0",
	    &child, &status, &err));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
a_child_that_reads_nothing_does_not_block(void **state)
{
	uint8_t *bytes = calloc(1, LARGE);
	struct err err;
	int status;

	(void)state;
	assert_non_null(bytes);
	struct child child = {.input = view_of(bytes, LARGE),
	    .values = {view_of(bytes, LARGE), view_of(bytes, LARGE)}};

	assert_ok(run("exec 0<&- 3<&-; exit 0", &child, &status, &err));
	assert_int_equal(status, 0);
	free(bytes);
}

static void
a_grandchild_that_keeps_the_pipes_is_not_waited_for(void **state)
{
	BUF output = {0};
	struct child child = {.output = &output};
	struct err err;
	int status;

	(void)state;
	assert_ok(run("(sleep 600) & echo said", &child, &status, &err));
	assert_view(buf_view(&output), view_of_text("said\n"));
}

static void
a_child_over_its_deadline_is_unknown(void **state)
{
	struct child child = {.deadline = process_milliseconds() + 300};
	struct err err;
	int status = 4711;

	(void)state;
	assert_error(ERR_TARGET_UNKNOWN, run("sleep 600", &child, &status, &err));
	assert_says("did not end in time");
	assert_int_equal(status, 4711);
}

static void
endless_output_is_refused_and_endless_errors_are_cut(void **state)
{
	BUF output = {0}, errors = {0};
	struct child talks = {.output = &output};
	struct child complains = {.errors = &errors};
	struct err err;
	int status;

	(void)state;
	assert_error(ERR_PROTOCOL, run("exec yes", &talks, &status, &err));
	assert_ok(run("yes | head -c 100000 >&2", &complains, &status, &err));
	assert_int_equal(errors.size, CHILD_ERRORS_MAX);
}

static void
too_large_a_value_is_refused(void **state)
{
	SECRET *generated = NULL;
	struct err err;
	int status;

	(void)state;
	assert_ok(secret_new(4, &generated, &err));
	struct child child = {.generated = generated};

	assert_ok(run("printf 1234 >&5", &child, &status, &err));
	secret_clear(generated);
	assert_error(ERR_PROTOCOL, run("printf 12345 >&5", &child, &status, &err));
	assert_says("more than 4 bytes");
}

static void
statuses_are_told_apart(void **state)
{
	struct child exits = {0}, dies = {0};
	BUF exited = {0}, died = {0};
	struct err err;
	int status;

	(void)state;
	assert_ok(run("exit 3", &exits, &status, &err));
	child_status(status, &exited);
	assert_string_equal(buf_string(&exited), "exited with status 3");
	assert_ok(run("kill -9 $$", &dies, &status, &err));
	child_status(status, &died);
	assert_string_equal(buf_string(&died), "was killed by signal 9");
}

static void
a_program_that_is_not_there_is_an_error(void **state)
{
	static const char *const argv[] = {"x", NULL};
	struct child child = {.path = "/nowhere/x",
	    .argv = argv,
	    .env = argv,
	    .executable = -1,
	    .deadline = process_milliseconds() + 5000};
	struct err err;
	int status;

	(void)state;
	assert_int_not_equal(child_run(&child, &status, &err), ERR_OK);
	assert_says("/nowhere/x");
}

/* What comes of SCRIPT with our stdout's reader gone, as when the vault died. */
static enum err_code
run_unheard(const char *script, struct child *child, int *ret_status)
{
	struct err err;
	int ends[2], kept = dup(STDOUT_FILENO);
	enum err_code code;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	(void)fflush(stdout);
	dup2(ends[1], STDOUT_FILENO);
	close(ends[1]);
	close(ends[0]);
	code = run(script, child, ret_status, &err);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	return code;
}

static void
a_child_is_ended_when_nobody_waits_for_the_answer(void **state)
{
	struct child child = {0};
	int status;

	(void)state;
	assert_int_equal(run_unheard("sleep 600", &child, &status), ERR_WAITING);
}

static void
beside_others_neither_they_nor_a_reader_of_stdout_count(void **state)
{
	struct child child = {.beside_others = true};
	int status = -1;
	pid_t other = fork();

	(void)state;
	if (other == 0) {
		(void)pause();
		_exit(0);
	}
	assert_int_equal(run_unheard("sleep 0.2; exit 3", &child, &status), ERR_OK);
	assert_int_equal(WEXITSTATUS(status), 3);
	child.deadline = process_milliseconds() + 200;
	assert_int_equal(run_unheard("sleep 600", &child, &status), ERR_TARGET_UNKNOWN);
	assert_int_equal(waitpid(other, &status, WNOHANG), 0); /* it runs */
	assert_int_equal(kill(other, SIGKILL), 0);
	assert_int_equal(waitpid(other, &status, 0), other);
}

/* A rotator that is killed leaves no program behind: the last holder of a pipe's end is gone. */
static void
a_child_is_ended_when_whoever_runs_it_is_killed(void **state)
{
	int ends[2], status;
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		BUF errors = {0};
		struct child child = {.errors = &errors};
		struct err err;
		char script[80];

		(void)snprintf(script, sizeof(script),
		    "exec >/proc/%d/fd/%d; echo .; exec sleep 600", (int)getpid(), ends[1]);
		(void)!run(script, &child, &status, &err);
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1); /* it runs */
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	while (read(ends[0], &byte, 1) > 0)
		continue; /* to the end, which comes with the last one's */
	close(ends[0]);
}

/* The end of a pipe comes when its last holder is gone. */
static void
what_left_the_group_does_not_outlive_the_run(void **state)
{
	static const struct {
		const char *ends;
		int64_t within; /* milliseconds */
		enum err_code code;
	} runs[] = {{"exit 7", 10000, ERR_OK}, {"sleep 600", 500, ERR_TARGET_UNKNOWN}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		struct child child = {.deadline = process_milliseconds() + runs[i].within};
		struct err err;
		char script[400], bytes[300];
		int ends[2], status = 0;
		size_t seen = 0;
		ssize_t got;

		assert_int_equal(pipe(ends), 0);
		(void)snprintf(script, sizeof(script),
		    "exec >/proc/%d/fd/%d; for n in $(seq 150); do\n"
		    "setsid sh -c 'echo; setsid sleep 600 & exec sleep 600' & done\n"
		    "sleep 0.3; %s",
		    (int)getpid(), ends[1], runs[i].ends);
		assert_int_equal(run(script, &child, &status, &err), runs[i].code);
		close(ends[1]);
		while ((got = read(ends[0], bytes, sizeof(bytes))) > 0)
			seen += (size_t)got;
		close(ends[0]);
		assert_true(seen > 0);
		assert_int_equal(waitpid(-1, &status, WNOHANG), -1);
		assert_int_equal(errno, ECHILD); /* all are reaped */
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(input_comes_back_whole_whatever_its_size),
	    cmocka_unit_test(values_and_errors_go_their_own_ways),
	    cmocka_unit_test(descriptors_without_a_value_are_closed),
	    cmocka_unit_test(a_child_that_reads_nothing_does_not_block),
	    cmocka_unit_test(a_grandchild_that_keeps_the_pipes_is_not_waited_for),
	    cmocka_unit_test(a_child_over_its_deadline_is_unknown),
	    cmocka_unit_test(endless_output_is_refused_and_endless_errors_are_cut),
	    cmocka_unit_test(too_large_a_value_is_refused),
	    cmocka_unit_test(statuses_are_told_apart),
	    cmocka_unit_test(a_program_that_is_not_there_is_an_error),
	    cmocka_unit_test(a_child_is_ended_when_nobody_waits_for_the_answer),
	    cmocka_unit_test(beside_others_neither_they_nor_a_reader_of_stdout_count),
	    cmocka_unit_test(a_child_is_ended_when_whoever_runs_it_is_killed),
	    cmocka_unit_test(what_left_the_group_does_not_outlive_the_run),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
