/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file in escrow/ may be all that has what a target accepts.  So none is erased whose debt the database does not
 * know, but the one that a cut-off `secret-add` wrote before its debt was.
 */
#include <stdio.h>

#include "tests/unit/server/night_bench.h"
#include "tests/unit/sweep.h"

static size_t
count_files(struct bench *bench, const char *pattern)
{
	char command[400];
	unsigned count = 0;

	snprintf(command, sizeof(command), "ls -d %s/escrow/%s 2>/dev/null | wc -l", bench->vault,
	    pattern);
	FILE *list = popen(command, "r");
	assert_non_null(list);
	assert_int_equal(fscanf(list, "%u", &count), 1);
	pclose(list);
	return count;
}

#define VALUES "*[0-9a-f]" /* those of a debt */

static void
assert_older(const struct err *err)
{
	assert_non_null(
	    strstr(err->text, "has the values of a rotation debt that the database does not know"));
	assert_non_null(strstr(err->text,
	    "  What to do: copy the vault's folder away whole, as it is; then put the newer database"));
}

static void
an_older_database_is_known_by_an_escrow_file_and_the_file_stays(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	struct request request;
	struct id ignored;
	JSON *reply = NULL;
	struct err err;

	bench_keep(bench, "older");
	night_release(bench, &night);
	bench_shell(bench, "cp -a vault/escrow kept");
	/* The whole backup is put back, and with it what escrow/ had when somebody wrote there. */
	bench_restore(bench, "older");
	bench_shell(bench,
	    "cp kept/* vault/escrow/ && rm -f vault/escrow/*.lock && cp -a vault before");
	bench_due(bench);
	assert_error(ERR_INTEGRITY,
	    bench_call(bench, op_new("status"), (struct view){0}, &reply, NULL, &err));
	assert_older(&err);
	bench_request_make(bench, &bench->people[CAROL], "prod/db", &request);
	assert_error(ERR_INTEGRITY,
	    bench_request_send(bench, &bench->people[CAROL], &request, &ignored, &err));
	assert_older(&err);
	bench_end(bench);
	bench_shell(bench, "diff -r -x '*lock' before vault");
	/* Once it is elsewhere the older database is what there is. */
	bench_shell(bench, "rm vault/escrow/*");
	assert_ok(bench_hello(bench, &err));
	bench_shell(bench, "rm -r kept before");
}

static void
send(struct bench *bench, const struct credential_box *box)
{
	struct err err;
	JSON *reply = NULL;

	bench->shared->points = 0;
	(void)!bench_send_box(bench, box, true, &reply, &err);
	bench_end(bench); /* with what is due after it */
}

/* Its files are those of its debt, whatever was cut off. */
static void
expect_settled(struct bench *bench, int64_t at)
{
	char code[32] = "ok", note[600];
	bool added = bench_count(bench, "SELECT count(*) FROM secrets WHERE name = 'new/db'") > 0;
	int64_t owed = bench_count(bench, "SELECT count(*) FROM debts WHERE state <> 'retired'");

	bench->shared->now += 3600; /* it is due again */
	bench_due(bench);
	if (count_files(bench, "*.new") != 0 || count_files(bench, VALUES) > (size_t)owed)
		fail_msg("killed at %lld: escrow/ has more than the %lld that are owed",
		    (long long)at, (long long)owed);
	if (added)
		bench_rotate(bench, "new/db", code, note);
	assert_string_equal(code, "ok");
	bench_end(bench);
	assert_int_equal(count_files(bench, VALUES), 0);
}

static void
a_secret_add_that_is_cut_off_leaves_the_escrow_of_its_debt_or_none(void **state)
{
	struct bench *bench = *state;
	CLEANUP(credential_box_done) struct credential_box box = {0};
	int64_t points, kept = 0;

	target_accept(bench, "first-password\n");
	bench_box(bench, "new/db", "first-password", &box);
	bench_keep(bench, "before");
	bench->shared->kill_at = 0;
	send(bench, &box);
	points = bench->shared->points;
	assert_true(points > 20);
	for (int64_t at = 1; at <= points; at++) {
		bench_restore(bench, "before");
		bench->shared->kill_at = at;
		send(bench, &box);
		bench->shared->kill_at = 0;
		kept += count_files(bench, "*.new") > 0;
		expect_settled(bench, at);
	}
	assert_true(kept > 1); /* cut off before and after the commit */
}

static bool
has_alarm(const struct json *reply, const char *what)
{
	struct err err;
	struct json_in in = json_in(reply, "reply", &err);
	const struct json *items = json_in_array(&in, "items", 0, 100);

	for (size_t i = 0; i < json_array_count(items); i++) {
		const struct json *item = json_array_object(items, i);

		if (strcmp(json_object_text(item, "kind"), "alarm") == 0)
			return strstr(json_object_text(item, "text"), what) != NULL;
	}
	return false;
}

/* Also while the lease runs. */
static void
status_tells_of_a_lost_escrow_before_anybody_needs_it(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	struct err err;

	night_release(bench, &night);
	for (int i = 0; i < 2; i++) {
		JSON *reply = NULL;

		bench_shell(bench, i == 0 ? "mkdir away" : "mv vault/escrow/*[0-9a-f] away");
		assert_ok(
		    bench_call(bench, op_new("status"), (struct view){0}, &reply, NULL, &err));
		assert_int_equal(has_alarm(reply, "put the escrow file back as it was"), i == 1);
		bench_end(bench);
	}
	bench_shell(bench, "mv away/* vault/escrow/ && rmdir away");
	assert_ok(bench_done(bench, &night.id, night.debt, &err));
	night_paid(bench, &night);
}

static int
start(void **state)
{
	struct bench *bench = bench_new(true);

	bench_add_secret(bench);
	*state = bench;
	return 0;
}

static int
stop(void **state)
{
	bench_free(*state);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_older_database_is_known_by_an_escrow_file_and_the_file_stays),
	    cmocka_unit_test(a_secret_add_that_is_cut_off_leaves_the_escrow_of_its_debt_or_none),
	    cmocka_unit_test(status_tells_of_a_lost_escrow_before_anybody_needs_it),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
