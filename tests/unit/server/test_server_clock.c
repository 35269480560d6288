/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's clock was ahead for a while, or goes back: what was begun ends, what is new waits for an officer's word
 * (ceremony/server/clock.c), and leases last as long as was asked for.
 */
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "ceremony/protocol/clock.h"
#include "ceremony/server/rotation/wait.h"
#include "tests/unit/server/night_bench.h"

enum { YEAR = 365 * 86400, LEASE = 600 };

/* The newest leaf has PART in it. */
static bool
newest_has(struct bench *bench, const char *part)
{
	struct json *request = op_new("log-list");
	JSON *reply = NULL;
	struct err err;

	json_put_int(request, "from", (int64_t)bench_log_size(bench) - 1);
	json_put_int(request, "max", 1);
	assert_ok(bench_call(bench, request, (struct view){0}, &reply, NULL, &err));
	struct json_in in = json_in(reply, "log-list", &err);
	const struct json *leaves = json_in_array(&in, "leaves", 1, 1);
	assert_int_equal(in.code, ERR_OK);
	return strstr(json_array_text(leaves, 0), part) != NULL;
}

/* The clock of BENCH was a year ahead while alice received prod/db, and is right again. */
static int64_t
release_ahead(struct bench *bench, struct night *night)
{
	int64_t right = bench->shared->now;

	bench->shared->boot = 1;
	bench->shared->now += YEAR;
	night_release(bench, night);
	bench_end(bench);
	bench->shared->now = right + 30;
	return right + YEAR;
}

static void
word_of(const struct bench *bench, int by, int64_t newest, struct clock_word *ret_word)
{
	struct clock_word word = {.vault = bench->vault_id,
	    .token = bench->people[by].seat.tokens[0].id,
	    .host = bench->shared->now,
	    .newest = newest,
	    .time = bench->shared->now};
	struct err err;

	snprintf(word.seat, sizeof(word.seat), "%s", bench->people[by].name);
	assert_ok(sha256_one(view_of(NULL, 0), &word.root, &err)); /* of a log of 0 leaves */
	*ret_word = word;
}

static enum err_code
send_word(struct bench *bench, int by, const struct clock_word *word, struct dsse *ret_statement,
    struct err *err)
{
	struct json *request = op_new("clock");
	JSON *payload = NULL, *reply = NULL;

	TRY(clock_payload(word, &payload, err));
	TRY(statement_new(STATEMENT_CLOCK, false, payload, ret_statement, err));
	person_sign(&bench->people[by], ret_statement);
	put_statement(request, "clock", ret_statement);
	return bench_call(bench, request, (struct view){0}, &reply, NULL, err);
}

static enum err_code
say_right(struct bench *bench, int by, int64_t newest, struct err *err)
{
	struct clock_word word;
	DSSE statement = {0};

	word_of(bench, by, newest, &word);
	return send_word(bench, by, &word, &statement, err);
}

static enum err_code
ask(struct bench *bench, struct id *ret_id, struct err *err)
{
	struct request request;

	bench_request_make(bench, &bench->people[CAROL], "prod/db", &request);
	return bench_request_send(bench, &bench->people[CAROL], &request, ret_id, err);
}

static void
what_was_released_opens_and_ends_by_a_clock_that_is_behind(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	SECRET *credential = NULL;
	struct err err;
	struct id id;

	(void)release_ahead(bench, &night);
	bench_due(bench);
	assert_ok(bench_open(bench, &bench->people[ALICE], &night.id, &credential, NULL, &err));
	bench_expect_line(bench, "the vault host's", "nothing is requested, approved or released");
	assert_false(bench_status(bench, "alarm", "clock"));
	assert_ok(bench_done(bench, &night.id, night.debt, &err));
	assert_string_equal(night.debt, "retired");
	assert_true(newest_has(bench, "\"clock\":\"behind\""));
	assert_error(ERR_REFUSED, ask(bench, &id, &err));
	assert_says("364 d 23 h later");
	assert_says("halligan clock");
	bench_verify(bench);
}

static void
an_officer_says_that_it_is_right_and_all_goes_on(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	struct err err;
	struct id id, late;

	int64_t newest = release_ahead(bench, &night);
	assert_ok(bench_done(bench, &night.id, night.debt, &err));
	bench->shared->now += YEAR;
	assert_ok(ask(bench, &late, &err)); /* the clock is ahead once more */
	bench->shared->now -= YEAR;
	newest += 30;
	assert_error(ERR_REFUSED, bench_approve(bench, &bench->people[CISO], &late, &err));
	assert_says("halligan clock");
	assert_ok(say_right(bench, CISO, newest, &err));
	SHOWN shown = {0};
	bench_show(bench, &late, &shown);
	assert_string_equal(shown.state, "refused");
	assert_non_null(strstr(shown.reason, "clock was ahead when it was requested"));
	assert_ok(ask(bench, &id, &err));
	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	assert_false(newest_has(bench, "behind"));
	assert_false(bench_status(bench, "clock", "the vault host's"));
	bench_verify(bench);
	assert_error(ERR_REFUSED, say_right(bench, CISO, newest, &err));
	assert_says("nothing to say");
}

#define REFUSED(code, says, by, change)                                                            \
	do {                                                                                       \
		struct clock_word word;                                                            \
		DSSE statement = {0};                                                              \
                                                                                                   \
		word_of(bench, by, newest, &word);                                                 \
		change;                                                                            \
		assert_error(code, send_word(bench, by, &word, &statement, &err));                 \
		assert_says(says);                                                                 \
	} while (0)

static void
its_word_is_an_officer_s_about_this_moment_and_log(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	struct err err;
	struct clock_word old;
	DSSE first = {0};

	int64_t newest = release_ahead(bench, &night);
	REFUSED(ERR_REFUSED, "is no officer", ALICE, (void)word);
	REFUSED(ERR_REFUSED, "another vault", CISO, word.vault.bytes[0] ^= 1);
	REFUSED(ERR_REFUSED, "seat \"ciso\"", CISO,
	    word.token = bench->people[INFRA].seat.tokens[0].id);
	REFUSED(ERR_EXPIRED, "the log has gone on", CISO, word.newest--);
	REFUSED(ERR_EXPIRED, "not signed just now", CISO, word.host -= CLOCK_BACK_MAX + 1);
	REFUSED(ERR_EXPIRED, "not signed just now", CISO, word.host += CLOCK_BACK_MAX + 1);
	REFUSED(ERR_REFUSED, "the officer's clock says", CISO, word.time += CLOCK_BACK_MAX + 1);
	REFUSED(ERR_REFUSED, "2 h behind", CISO, word.time -= 7200);
	REFUSED(ERR_INTEGRITY, "has seen another log", CISO, word.root.bytes[0] ^= 1);
	REFUSED(ERR_INTEGRITY, "only", CISO, word.size = 1000);
	/* Signed by somebody else, in ciso's name. */
	word_of(bench, CISO, newest, &old);
	assert_error(ERR_REFUSED, send_word(bench, SECOPS, &old, &first, &err));
	bench_verify(bench);
	assert_true(bench_status(bench, "clock", "the vault host's"));
}
#undef REFUSED

/* With a request that is late by then, which the host's clock ends. */
static void
who_only_looks_by_a_clock_that_is_ahead_does_not_move_the_log(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct id id;
	int64_t right = bench->shared->now;

	assert_ok(ask(bench, &id, &err));
	bench->shared->now = right + YEAR;
	bench_due(bench);
	assert_false(bench_status(bench, "ceremony", "prod/db"));
	bench_end(bench);
	bench->shared->now = right + 3600;
	assert_false(bench_status(bench, "clock", "the vault host's"));
	assert_ok(ask(bench, &id, &err));
}

static enum err_code
open_it(struct bench *bench, const struct night *night, struct err *err)
{
	SECRET *credential = NULL;

	bench_due(bench);
	return bench_open(bench, &bench->people[ALICE], &night->id, &credential, NULL, err);
}

static void
a_lease_lasts_as_long_as_was_asked_for_whoever_sets_the_clock(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	struct err err;
	int64_t right = bench->shared->now;

	bench->shared->boot = 7;
	bench->shared->uptime = 5000;
	night_release(bench, &night);
	bench->shared->now = right + YEAR;
	bench->shared->uptime += LEASE - 1;
	assert_ok(open_it(bench, &night, &err));
	bench->shared->now = right - YEAR;
	assert_ok(open_it(bench, &night, &err));
	bench->shared->uptime += 1;
	assert_error(ERR_EXPIRED, open_it(bench, &night, &err));
	night_paid(bench, &night);
}

static void
after_another_start_the_wall_clock_decides_unless_it_is_behind(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	struct err err;
	int64_t right = bench->shared->now;

	bench->shared->boot = 7;
	bench->shared->uptime = 5000;
	night_release(bench, &night);
	bench->shared->boot = 8;
	bench->shared->uptime = 20;
	bench->shared->now = right + LEASE - 1;
	assert_ok(open_it(bench, &night, &err));
	bench->shared->now = right - CLOCK_BACK_MAX;
	assert_ok(open_it(bench, &night, &err));
	bench->shared->now = right - CLOCK_BACK_MAX - 1;
	assert_error(ERR_EXPIRED, open_it(bench, &night, &err));
	night_paid(bench, &night);
}

static int64_t
late_debts(struct bench *bench)
{
	char query[100];

	snprintf(query, sizeof(query), "SELECT count(*) FROM debts WHERE due > %lld",
	    (long long)bench->shared->now + WAIT_LONGEST);
	return bench_count(bench, query);
}

/* A target was away while the clock was ahead. */
static void
live_through_a_wrong_clock(struct bench *bench, bool tries_at_once)
{
	NIGHT night = {0};
	struct err err;
	char code[32], note[600];

	int64_t right = bench->shared->now;
	bench->shared->now += YEAR;
	night_live_through(bench, "check=refuse!\n", &night);
	bench_rotate(bench, "prod/db", code, note);
	assert_string_equal(code, "waiting");
	bench->shared->no_due = 1;
	bench->shared->now = right;
	assert_int_equal(late_debts(bench), 1);
	if (tries_at_once)
		bench_rotate(bench, "prod/db", code,
		    note); /* it is tried, though the clock is behind */
	assert_string_equal(code, tries_at_once ? "target" : "waiting");
	target_mode(bench, "");
	assert_ok(say_right(bench, CISO, right + YEAR, &err));
	assert_int_equal(late_debts(bench), 0);
	bench->shared->now += WAIT_LONGEST;
	bench_rotate(bench, "prod/db", code, note);
	assert_string_equal(code, "ok");
	night_paid(bench, &night);
	bench_verify(bench);
}

static void
no_debt_waits_for_a_time_that_a_wrong_clock_brought(void **state)
{
	live_through_a_wrong_clock(*state, false);
}

static void
a_debt_is_tried_though_the_clock_is_behind(void **state)
{
	live_through_a_wrong_clock(*state, true);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_start, bench_stop)
	const struct CMUnitTest tests[] = {
	    CASE(what_was_released_opens_and_ends_by_a_clock_that_is_behind),
	    CASE(an_officer_says_that_it_is_right_and_all_goes_on),
	    CASE(its_word_is_an_officer_s_about_this_moment_and_log),
	    CASE(who_only_looks_by_a_clock_that_is_ahead_does_not_move_the_log),
	    CASE(a_lease_lasts_as_long_as_was_asked_for_whoever_sets_the_clock),
	    CASE(after_another_start_the_wall_clock_decides_unless_it_is_behind),
	    CASE(no_debt_waits_for_a_time_that_a_wrong_clock_brought),
	    CASE(a_debt_is_tried_though_the_clock_is_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
