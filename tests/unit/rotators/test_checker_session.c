/* SPDX-License-Identifier: Apache-2.0 */
/* What is seen of a rotator that is killed in the middle, and of one that has ended.  What cannot be killed is played by
 * left_end() itself: root could kill anything else. */
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/left.h"
#include "base/process.h"
#include "rotators/checker/session.h"
#include "rotators/contract/executable.h"
#include "tests/unit/contract_bench.h"

static bool cannot_end;

enum err_code __real_left_end(pid_t child, int milliseconds, unsigned *ret_count, struct err *err);
enum err_code __wrap_left_end(pid_t child, int milliseconds, unsigned *ret_count, struct err *err);

enum err_code
__wrap_left_end(pid_t child, int milliseconds, unsigned *ret_count, struct err *err)
{
	TRY(__real_left_end(child, milliseconds, ret_count, err));
	if (!cannot_end)
		return ERR_OK;
	*ret_count = 3;
	return err_set(err, ERR_IO, "a process that was left behind cannot be ended");
}

struct seen {
	struct trial trial;
	struct buf lines;
};

static void
note_line(void *context, const char *line)
{
	struct buf *lines = context;

	buf_format(lines, "%s\n", line);
}

/* Makes the script BODY the rotator of a trial. */
static void
begin(struct fixture *fixture, const char *body, struct seen *seen)
{
	struct digest hash;
	struct err err;

	*seen = (struct seen){.trial = {.program = fixture->path,
	                          .executable = -1,
	                          .target = fixture->target,
	                          .seconds = 10,
	                          .label = "halligan-test-0",
	                          .report = {.print = note_line}}};
	seen->trial.report.context = &seen->lines;
	install(fixture, body);
	assert_ok(left_watch(&err));
	assert_ok(executable_open(fixture->path, &seen->trial.executable, &hash, &err));
}

static void
end(struct seen *seen)
{
	fd_closep(&seen->trial.executable);
	buf_done(&seen->lines);
	cannot_end = false;
}

/* Asks the script BODY to apply, waits for its answer where WAITS, and kills it. */
static bool
crash(struct fixture *fixture, const char *body, bool waits, struct seen *seen)
{
	struct session session;

	begin(fixture, body, seen);
	session_start(&session, &seen->trial, NULL, fixture->current, fixture->next);
	session_send(&session, "apply", NULL);
	for (int i = 0; waits && i < 1000 && !file_exists(fixture->trace); i++)
		(void)usleep(5000);
	return session_crash(&session);
}

static void
what_cannot_be_ended_after_a_kill_is_told(void **state)
{
	struct seen seen;

	cannot_end = true;
	assert_false(crash(*state, "ask; sleep 100\n", false, &seen));
	assert_int_equal(seen.trial.report.states[FIND_LEFT], FAULT);
	assert_non_null(strstr(buf_string(&seen.lines),
	    "it leaves a process behind: 3 of them; a process that was left behind cannot be ended"));
	end(&seen);
}

static void
one_that_could_be_killed_is_no_fault(void **state)
{
	struct seen seen;

	assert_true(crash(*state,
	    "ask; sleep 100 & : >\"$t\"; say '{\"result\":\"applied\"}'; ask\n", true, &seen));
	assert_int_equal(seen.trial.report.wrong, 0);
	assert_string_equal(buf_string(&seen.lines), "");
	end(&seen);
}

static void
a_value_that_was_told_before_the_kill_is_found(void **state)
{
	struct seen seen;

	assert_true(
	    crash(*state, "ask; echo '" PASSWORD "' >&2; : >\"$t\"; sleep 100\n", true, &seen));
	assert_int_equal(seen.trial.report.states[FIND_ECHO_ERRORS], FAULT);
	end(&seen);
	assert_int_equal(unlink(((struct fixture *)*state)->trace), 0);
	assert_true(crash(*state, "ask; say '" PASSWORD "'; : >\"$t\"; sleep 100\n", true, &seen));
	assert_int_equal(seen.trial.report.states[FIND_ECHO_ANSWER], FAULT);
	assert_int_equal(seen.trial.report.states[FIND_UNASKED], UNTRIED);
	assert_null(strstr(buf_string(&seen.lines), PASSWORD));
	end(&seen);
}

static void
a_value_far_behind_the_last_answer_is_found(void **state)
{
	struct seen seen;
	struct session session;

	begin(*state,
	    "ask; say '{\"result\":\"ok\"}'; read -r line\n"
	    "head -c 30000 /dev/zero | tr '\\0' x; say '" PASSWORD "'\n",
	    &seen);
	session_start(&session, &seen.trial, NULL, ((struct fixture *)*state)->current, NULL);
	assert_int_equal(session_ask(&session, "check", NULL, (const char *const[]){"ok", NULL}),
	    0);
	session_end(&session);
	assert_int_equal(seen.trial.report.states[FIND_ECHO_ANSWER], FAULT);
	assert_non_null(strstr(buf_string(&seen.lines), "30022 bytes after its last answer"));
	end(&seen);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    CASE(what_cannot_be_ended_after_a_kill_is_told),
	    CASE(one_that_could_be_killed_is_no_fault),
	    CASE(a_value_that_was_told_before_the_kill_is_found),
	    CASE(a_value_far_behind_the_last_answer_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
