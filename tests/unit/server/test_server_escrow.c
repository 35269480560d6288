/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file in escrow/ may be all that has what a target accepts.  So none is erased or written over that the database
 * does not know, but what a cut-off command wrote before it committed.
 */
#include <stdio.h>

#include "tests/unit/server/batch_bench.h"
#include "tests/unit/server/night_bench.h"
#include "tests/unit/sweep.h"

#define VALUES "*[0-9a-f]" /* those of a debt */

enum { STEPS = 60 }; /* durable ones, of any command here */

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

static int64_t
count_owed(struct bench *bench, const char *states)
{
	char query[100];

	snprintf(query, sizeof(query), "SELECT count(*) FROM debts WHERE state %s", states);
	return bench_count(bench, query);
}

/* The vault as it was kept in FROM is put in the place of the one that there is, whose escrow files stay: "newer", and
 * "before" as it is then. */
static void
put_back(struct bench *bench, const char *from)
{
	bench_end(bench);
	bench_shell(bench, "rm -rf newer before && cp -a vault newer");
	bench_shell(bench,
	    "rm -rf vault && cp -a $PWD/%s/vault vault && cp newer/escrow/" VALUES " vault/escrow/",
	    from);
	bench_shell(bench, "cp -a vault before");
}

/* --- Files of debts that the database does not know ---------------------------------------- */

static void
an_older_database_is_known_by_an_escrow_file_and_the_file_stays(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	struct err err;

	bench_keep(bench, "older");
	night_release(bench, &night);
	put_back(bench, "older");
	assert_error(ERR_INTEGRITY, bench_hello(bench, &err));
	assert_says("has the values of a rotation debt that the database does not know");
	assert_says(
	    "  What to do: copy the vault's folder away whole, as it is; then put the newer database");
	bench_end(bench);
	bench_shell(bench, "diff -r before vault");
	/* Once it is elsewhere the older database is what there is. */
	bench_shell(bench, "rm vault/escrow/*");
	assert_ok(bench_hello(bench, &err));
	bench_end(bench);
	bench_restore(bench, "older");
}

/* Not even what time alone brings about. */
static void
nothing_happens_before_that_alarm(void **state)
{
	struct bench *bench = *state;
	struct err err;

	bench_keep(bench, "none");
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	bench_keep(bench, "older");
	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	assert_ok(bench_approve(bench, &bench->people[SECOPS], &id, &err));
	put_back(bench, "older");
	int64_t now = bench->shared->now;
	for (int i = 0; i < 2; i++) {
		/* The deadline has passed; the clock is wrong. */
		bench->shared->now = i == 0 ? now + 86400 : now - 3600;
		assert_error(ERR_INTEGRITY, bench_hello(bench, &err));
		assert_says("that the database does not know");
		bench_end(bench);
		bench_shell(bench, "diff -r before vault");
	}
	bench->shared->now = now;
	bench_restore(bench, "none");
}

/* The backup was taken while the lease ran: it knows the debt, and not what became of it. */
static void
a_newer_escrow_of_a_debt_that_is_known_is_never_written_over(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	struct err err;
	char code[32], note[600];
	BUF none = {0}, calls = {0};

	bench_keep(bench, "none");
	night_release(bench, &night);
	bench_keep(bench, "older");
	target_mode(bench, "apply=lost\nprobe=unreachable\n");
	assert_ok(bench_done(bench, &night.id, night.debt, &err));
	put_back(bench, "older");
	target_mode(bench, "");
	(void)target_calls(bench, &none);
	assert_error(ERR_INTEGRITY, bench_done(bench, &night.id, night.debt, &err));
	assert_says("has a value of version 3 that the database does not know");
	assert_says(
	    "  Since when at the earliest: 2026-01-01T00:00:00Z, when its rotation debt began.");
	assert_says("  What to do: put the newer database and its anchor back");
	bench_rotate(bench, "prod/db", code, note);
	assert_string_equal(code, "integrity");
	assert_non_null(strstr(note, "put the newer database"));
	bench_end(bench);
	bench_shell(bench, "diff -r -x '*.lock' before/escrow vault/escrow");
	assert_string_equal(target_calls(bench, &calls), "");
	/* The newer vault goes on where it was. */
	bench_shell(bench, "rm -rf vault && cp -a newer vault");
	bench->shared->now += 3600;
	bench_rotate(bench, "prod/db", code, note);
	assert_string_equal(code, "ok");
	bench_end(bench);
	bench_restore(bench, "none");
}

/* --- Commands that are cut off -------------------------------------------------------------- */

static void
add(struct bench *bench, const struct credential_box *box, int64_t kill_at)
{
	struct err err;
	JSON *reply = NULL;

	bench->shared->points = 0;
	bench->shared->kill_at = kill_at;
	(void)!bench_send_value(bench, box, true, &reply, &err);
	bench_end(bench); /* with what is due after it */
	bench->shared->kill_at = 0;
}

/* Its files are those of its debt, whatever was cut off. */
static void
expect_settled(struct bench *bench, int64_t at)
{
	char code[32] = "ok", note[600];
	bool added = bench_count(bench,
	                 "SELECT count(*) FROM secrets WHERE name = 'new/db' AND newest > 0") > 0;
	int64_t owed = count_owed(bench, "<> 'retired'");

	target_mode(bench, "");
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
an_adoption_that_is_cut_off_leaves_the_escrow_of_its_debt_or_none(void **state)
{
	struct bench *bench = *state;
	CLEANUP(credential_box_done) struct credential_box box = {0};
	int64_t points, kept = 0;
	struct err err;

	target_accept(bench, "first-password\n");
	bench_box(bench, "new/db", "first-password", &box);
	bench_keep(bench, "before");
	assert_ok(bench_propose(bench, &box.statement, 0, -1, &err));
	bench_keep(bench, "none");
	add(bench, &box, 0);
	points = bench->shared->points;
	assert_true(points > 20);
	for (int64_t at = 1; at <= points; at++) {
		bench_restore(bench, "none");
		add(bench, &box, at);
		kept += count_files(bench, "*.new") > 0;
		expect_settled(bench, at);
	}
	assert_true(kept > 1); /* cut off before and after the commit */
	bench_restore(bench, "before");
}

/* Whoever is asked meanwhile finds ID.new, and goes on from there. */
static void
another_session_pays_what_a_cut_off_adoption_owes(void **state)
{
	struct bench *bench = *state;
	CLEANUP(credential_box_done) struct credential_box box = {0};
	int met = 0;
	struct err err;

	target_accept(bench, "first-password\n");
	bench_box(bench, "new/db", "first-password", &box);
	bench_keep(bench, "before");
	assert_ok(bench_propose(bench, &box.statement, 0, -1, &err));
	bench_keep(bench, "none");
	for (int64_t at = 1; at <= STEPS; at++) {
		struct bench other = *bench;
		char code[32], note[600];

		bench_restore(bench, "none");
		other.pid = 0;
		other.progress = (struct buf){0};
		assert_ok(bench_hello(&other, &err));
		add(bench, &box, at);
		bool whole = bench->shared->points < at;
		if (count_files(bench, "*.new") > 0 && count_owed(bench, "= 'owed'") > 0) {
			met++;
			target_mode(bench, "apply=lost\nprobe=unreachable\n");
			bench_rotate(&other, "new/db", code, note);
			assert_string_equal(code, "target-unknown");
			assert_int_equal(count_files(bench, "*.new"), 0);
		}
		bench_end(&other);
		buf_done(&other.progress);
		expect_settled(bench, at);
		if (whole)
			break;
	}
	assert_true(met > 0);
	bench_restore(bench, "none");
}

static enum err_code
ask_rotation(struct bench *bench, struct err *err)
{
	struct json *request = op_new("rotate");
	JSON *reply = NULL;

	json_put_text(request, "name", "prod/db");
	return bench_call(bench, request, (struct view){0}, &reply, NULL, err);
}

static enum err_code
kill_done(struct bench *bench, const struct id *id, int64_t at)
{
	struct json *message = bench_done_message(bench, id);
	struct err err;
	JSON *reply = NULL;

	bench->shared->points = 0;
	bench->shared->kill_at = at;
	enum err_code code = bench_call(bench, message, (struct view){0}, &reply, NULL, &err);
	bench->shared->kill_at = 0;
	bench_end(bench);
	return code;
}

/* A value that a crash left uncommitted does not keep the rehearsal from proving what comes behind it. */
static void
no_target_is_asked_before_the_alarm_where_a_crash_left_a_value(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	int met = 0;

	bench_keep(bench, "none");
	night_release(bench, &night);
	bench_keep(bench, "released");
	for (int64_t at = 1; at <= STEPS; at++) {
		struct err err;
		BUF before = {0}, calls = {0};

		bench_restore(bench, "released");
		if (kill_done(bench, &night.id, at) == ERR_OK)
			break;
		if (count_files(bench, "*.new") == 0 || count_owed(bench, "= 'owed'") == 0)
			continue;
		met++;
		bench_tamper(bench, "UPDATE versions SET created = created - 1 WHERE number = 2");
		(void)target_calls(bench, &before);
		bench->shared->now += 7200;
		bench_due(bench);
		assert_string_equal(target_calls(bench, &calls), "");
		assert_error(ERR_INTEGRITY, ask_rotation(bench, &err));
		bench_end(bench);
		assert_string_equal(target_calls(bench, &calls), "");
	}
	assert_true(met > 0);
	bench_restore(bench, "none");
}

/* The old value may be in no other file. */
static void
what_was_not_committed_stays_where_the_escrow_is_gone(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	int met = 0;

	bench_keep(bench, "none");
	night_release(bench, &night);
	bench_keep(bench, "released");
	for (int64_t at = 1; at <= STEPS; at++) {
		char code[32], note[600];

		bench_restore(bench, "released");
		if (kill_done(bench, &night.id, at) == ERR_OK)
			break;
		if (count_files(bench, "*.new") == 0 || count_owed(bench, "= 'owed'") == 0)
			continue;
		met++;
		bench_shell(bench, "rm vault/escrow/" VALUES " && cat vault/escrow/*.new > left");
		bench->shared->now += 7200;
		for (int i = 0; i < 2; i++) {
			bench_rotate(bench, "prod/db", code, note);
			assert_string_equal(code, "integrity");
			bench_end(bench);
			bench_shell(bench, "cat vault/escrow/*[0-9a-fw] | cmp - left");
		}
	}
	assert_true(met > 0);
	bench_restore(bench, "none");
}

/* --- Files that are lost -------------------------------------------------------------------- */

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
	bench_shell(bench, "mkdir away");
	for (int i = 0; i < 2; i++) {
		JSON *reply = NULL;

		assert_ok(
		    bench_call(bench, op_new("status"), (struct view){0}, &reply, NULL, &err));
		assert_int_equal(has_alarm(reply, "put the escrow file back as it was"), i == 1);
		bench_end(bench);
		bench_shell(bench,
		    i == 0 ? "mv vault/escrow/" VALUES " away" : "mv away/* vault/escrow/");
	}
	assert_ok(bench_done(bench, &night.id, night.debt, &err));
	night_paid(bench, &night);
}

static void
done_pays_the_others_and_tells_of_a_lost_escrow_once(void **state)
{
	struct bench *bench = batch_bench(false, 3);
	struct err err;
	JSON *reply = NULL;

	(void)state;
	struct id id = batch_ask(bench, MODE_RELEASE);
	batch_approve(bench, &bench->people[CISO], &id);
	batch_approve(bench, &bench->people[SECOPS], &id);
	struct json *message = bench_done_message(bench, &id);
	bench_shell(bench, "mkdir away && mv $(ls -d vault/escrow/" VALUES " | head -1) away");
	assert_error(ERR_INTEGRITY,
	    bench_call(bench, message, (struct view){0}, &reply, NULL, &err));
	assert_says("  Since when at the earliest: 20");
	assert_says("  What to do: put the escrow file back as it was");
	assert_null(strstr(err.text, "backup"));
	assert_null(strstr(strstr(err.text, "  What to do: ") + 1, "  What to do: "));
	bench_end(bench);
	assert_int_equal(count_owed(bench, "<> 'retired'"), 1);
	bench_free(bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_older_database_is_known_by_an_escrow_file_and_the_file_stays),
	    cmocka_unit_test(nothing_happens_before_that_alarm),
	    cmocka_unit_test(a_newer_escrow_of_a_debt_that_is_known_is_never_written_over),
	    cmocka_unit_test(an_adoption_that_is_cut_off_leaves_the_escrow_of_its_debt_or_none),
	    cmocka_unit_test(another_session_pays_what_a_cut_off_adoption_owes),
	    cmocka_unit_test(no_target_is_asked_before_the_alarm_where_a_crash_left_a_value),
	    cmocka_unit_test(what_was_not_committed_stays_where_the_escrow_is_gone),
	    cmocka_unit_test(status_tells_of_a_lost_escrow_before_anybody_needs_it),
	    cmocka_unit_test(done_pays_the_others_and_tells_of_a_lost_escrow_once),
	};
	return cmocka_run_group_tests(tests, bench_start_copied, bench_stop);
}
