/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ceremony/server/due.c: what is due is done after a session, by one process at a time, and what it could not do is
 * told by `status` until it is done.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "ceremony/server/due.h"
#include "tests/unit/server/batch_bench.h"
#include "tests/unit/server/night_bench.h"

enum { LEASE = 7200 };

static void
write_note(struct bench *bench, const char *text)
{
	char path[300];
	struct err err;

	snprintf(path, sizeof(path), "%s/due.note", bench->vault);
	assert_ok(file_write(path, view_of_text(text), 0600, &err));
}

static bool
is_noted(struct bench *bench)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/due.note", bench->vault);
	return file_exists(path);
}

/* alice has opened prod/db, and her lease is over. */
static void
let_expire(struct bench *bench, struct night *night)
{
	night_release(bench, night);
	bench->shared->no_due = 1;
	bench_end(bench);
	bench->shared->no_due = 0;
	bench->shared->now += LEASE;
}

static void
the_reply_comes_before_what_is_due(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	struct err err;

	let_expire(bench, &night);
	assert_ok(bench_hello(bench, &err));
	assert_true(bench_status(bench, "lease", "prod/db"));
	night_calls(bench, "");
	assert_true(target_accepts(bench, night.old));
	bench_end(bench);
	night_calls(bench, "check\ngenerate\napply\nexpel\nprobe next\nprobe current\n");
	night_paid(bench, &night);
}

static const char collecting[] = "SELECT count(*) FROM ceremonies WHERE state = 'collecting'";

/* A ceremony is late, and stays as it is. */
static void
after_a_minute_nothing_more_is_begun(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(DUE_SECONDS, 60);
	(void)bench_request(bench, &bench->people[ALICE], "prod/db");
	bench->shared->no_due = 1;
	bench_end(bench);
	bench->shared->no_due = 0;
	bench->shared->now += 86400;
	bench->shared->due_seconds = -1; /* the minute is over when it begins */
	bench_due(bench);
	assert_int_equal(bench_count(bench, collecting), 1);
	bench->shared->due_seconds = 0;
	bench_due(bench);
	assert_int_equal(bench_count(bench, collecting), 0);
}

/* What officers or requesters leave open does not keep an old value alive: with each run the list gets shorter. */
static void
one_debt_is_paid_though_the_minute_is_over(void **state)
{
	struct bench *bench = batch_bench(false, 3);
	BUF calls = {0};

	(void)state;
	struct id id = batch_ask(bench, MODE_RELEASE);
	batch_approve(bench, &bench->people[CISO], &id);
	batch_approve(bench, &bench->people[SECOPS], &id);
	bench->shared->no_due = 1;
	bench_end(bench);
	bench->shared->no_due = 0;
	(void)target_calls(bench, &calls);
	target_mode(bench, "check=refuse!\n");
	bench->shared->now += LEASE;
	bench->shared->due_seconds = -1;
	for (int i = 0; i < 3; i++) {
		bench_due(bench);
		night_calls(bench, "check\n");
	}
	bench_due(bench); /* all three have been tried, and wait for their next time */
	night_calls(bench, "");
	bench_free(bench);
}

static void
one_process_does_it_at_a_time(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	char path[300];

	let_expire(bench, &night);
	snprintf(path, sizeof(path), "%s/due.lock", bench->vault);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	bench_due(bench);
	night_calls(bench, "");
	close(fd);
	bench_due(bench);
	night_paid(bench, &night);
}

static void
a_session_that_an_error_ended_is_followed_by_nothing(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	struct err err;
	JSON *reply = NULL;

	let_expire(bench, &night);
	assert_error(ERR_PROTOCOL,
	    bench_call(bench, op_new("release-everything"), (struct view){0}, &reply, NULL, &err));
	bench_end(bench);
	night_calls(bench, "");
	bench_due(bench);
	night_paid(bench, &night);
}

/* Whatever it may be of, nothing is done before that is known: a ceremony is late, and stays as it is. */
static void
beside_an_escrow_file_of_no_debt_nothing_is_done(void **state)
{
	struct bench *bench = *state;
	struct err err;
	char path[300];

	(void)bench_request(bench, &bench->people[ALICE], "prod/db");
	bench->shared->now += 86400;
	snprintf(path, sizeof(path), "%s/escrow/00112233445566778899aabbccddeeff", bench->vault);
	assert_ok(file_write(path, view_of_text("values"), 0600, &err));
	bench_end(bench);
	assert_int_equal(bench_count(bench, collecting), 1);
	assert_error(ERR_INTEGRITY, bench_hello(bench, &err));
	assert_int_equal(bench_count(bench, collecting), 1);
	assert_int_equal(unlink(path), 0);
	bench_due(bench);
	assert_int_equal(bench_count(bench, collecting), 0);
}

/* A lease of which nobody can tell how long it lasts is over. */
static void
by_a_clock_that_went_back_what_is_owed_is_paid(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};

	let_expire(bench, &night);
	bench_charter(bench, 3000); /* so far the log has come */
	bench->shared->no_due = 1;
	bench_end(bench);
	bench->shared->no_due = 0;
	bench->shared->now -= LEASE / 2;
	bench_due(bench);
	night_paid(bench, &night);
}

/* Each file that is written after the session fails in turn, once. */
static void
what_could_not_be_done_is_told_until_it_is_done(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	unsigned told = 0;
	bool failed = true;

	let_expire(bench, &night);
	bench_keep(bench, "late");
	for (int64_t at = 1; failed; at++) {
		bench_restore(bench, "late");
		bench->shared->fail_fsync = at;
		bench_due(bench);
		failed = bench->shared->fail_fsync == 0;
		bench->shared->fail_fsync = 0;
		if (is_noted(bench)) {
			told++;
			assert_true(bench_status(bench, "alarm", "what is due") ||
			    bench_status(bench, "alarm", "leases") ||
			    bench_status(bench, "alarm", "rotation"));
		}
		bench->shared->now += LEASE; /* tried again */
		bench_due(bench);
		bench_due(bench);
		assert_false(is_noted(bench));
		night_paid(bench, &night);
	}
	assert_true(told > 1);
}

/* It is nobody's signed word. */
static void
a_note_that_was_changed_is_told_as_far_as_it_can_be_read(void **state)
{
	struct bench *bench = *state;
	BUF huge = {0};

	write_note(bench, "\n\tno\nno subject\nprod/db\tfell \x1b[31m\xff over\n");
	assert_true(bench_status(bench, "alarm", "prod/db"));
	assert_false(bench_status(bench, "alarm", "no subject"));
	bench_end(bench); /* nothing is due any more, and nothing is noted */
	assert_false(is_noted(bench));
	for (int i = 0; i < 4000; i++)
		buf_text(&huge, "prod/db\tx\n");
	buf_u8(&huge, 0);
	write_note(bench, (const char *)huge.data);
	assert_false(bench_status(bench, "alarm", "prod/db"));
	bench_end(bench);
	assert_false(is_noted(bench));
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_start, bench_stop)
	const struct CMUnitTest tests[] = {
	    CASE(the_reply_comes_before_what_is_due),
	    CASE(after_a_minute_nothing_more_is_begun),
	    cmocka_unit_test(one_debt_is_paid_though_the_minute_is_over),
	    CASE(one_process_does_it_at_a_time),
	    CASE(a_session_that_an_error_ended_is_followed_by_nothing),
	    CASE(beside_an_escrow_file_of_no_debt_nothing_is_done),
	    CASE(by_a_clock_that_went_back_what_is_owed_is_paid),
	    CASE(what_could_not_be_done_is_told_until_it_is_done),
	    CASE(a_note_that_was_changed_is_told_as_far_as_it_can_be_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
