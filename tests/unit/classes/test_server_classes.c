/* SPDX-License-Identifier: Apache-2.0 */
/* What is told and asked of all secrets, whatever their number, from one version of each class: ceremony/server/secrets/classes.c ... */
#include <stdio.h>

#include "tests/unit/server/batch_bench.h"
#include "tests/unit/server/grown_bench.h"
#include "tests/unit/server/hand_bench.h"
#include "tests/unit/server/spare_bench.h"
#include "vault/documents/charter.h"
#include "vault/documents/suspension.h"

enum {
	GROWN = 1200 /* more than any page or step */,
	DAY = 86400,
	AGE = 365 * DAY /* production's max_age */
};

/* GROWN secrets that nobody can open, and that look as if the quorum of "production" could. */
static struct bench *
grown_vault(void)
{
	struct bench *bench = bench_new(false);

	bench_grow(bench, &(struct growth){GROWN, 0, 0});
	return bench;
}

/* ---- who can open what ---- */

static void
each_suspension_thins_the_margin_of_every_secret(void **state)
{
	struct bench *bench = grown_vault();
	struct err err;

	(void)state;
	bench_expect_line(bench, "tokens", "");
	assert_ok(bench_suspend(bench, AUDIT, CISO, &err));
	bench_expect_line(bench, "tokens",
	    "1 suspended, 1200 secrets that one seat may be lost of, no more");
	bench_add_secret(bench);
	bench_expect_line(bench, "tokens",
	    "1 suspended, 1201 secrets that one seat may be lost of, no more");
	assert_ok(bench_suspend(bench, AUDIT, CAROL, &err));
	bench_expect_line(bench, "tokens", "2 suspended, 1201 secrets that no seat may be lost of");
	bench_verify(bench);
	bench_free(bench);
}

static void
a_suspension_that_shuts_every_secret_needs_a_second_officer(void **state)
{
	struct bench *bench = grown_vault();
	struct charter *next = bench->charter;
	struct json *request = op_new("propose");
	JSON *reply = NULL;
	DSSE statement = {0};
	struct err err;

	(void)state;
	snprintf(next->policies[0].quorum_text, sizeof(next->policies[0].quorum_text),
	    "2 of (ciso, carol)");
	bench_change(bench);
	bench_expect_line(bench, "tokens", "1200 secrets that no seat may be lost of");
	bench_draw_suspension(bench, AUDIT, CAROL, &statement);
	put_statement(request, "statement", &statement);
	json_put_bool(request, "try", false);
	json_put(request, "enrolments", json_new_array());
	assert_ok(bench_call(bench, request, (struct view){0}, &reply, NULL, &err));
	struct json_in in = json_in(reply, "reply", &err);
	assert_false(json_in_bool(&in, "live"));
	assert_non_null(strstr(json_in_text(&in, "lost", 1, 600), "/root and 1195 more"));
	bench_expect_line(bench, "suspend", "audit proposes it; 1 signed so far");
	bench_free(bench);
}

/* What is said to whoever tries a charter under which QUORUM stands where production's stood. */
static enum err_code
try_quorum(struct bench *bench, const char *quorum, struct err *err)
{
	struct charter *next = bench->charter;
	struct json *request = op_new("propose");
	JSON *payload = NULL;
	DSSE statement = {0};

	next->previous = next->digest;
	next->version++;
	next->created = bench->shared->now;
	snprintf(next->policies[0].quorum_text, sizeof(next->policies[0].quorum_text), "%s",
	    quorum);
	TRY(charter_payload(next, &payload, err));
	TRY(statement_new(STATEMENT_CHARTER, false, payload, &statement, err));
	put_statement(request, "statement", &statement);
	json_put_bool(request, "try", true);
	json_put(request, "enrolments", json_new_array());
	return bench_call(bench, request, (struct view){0}, NULL, NULL, err);
}

static void
a_charter_is_asked_about_every_secret(void **state)
{
	struct bench *bench = grown_vault();
	struct err err;

	(void)state;
	bench_add_secret(bench);
	/* audit has no envelopes. */
	assert_error(ERR_REFUSED, try_quorum(bench, "2 of (ciso, audit)", &err));
	assert_says("nobody could open ");
	assert_says(" and 1196 more any more"); /* five are named */
	bench_free(bench);
}

static void
a_secret_counts_once_whatever_waits_for_its_target(void **state)
{
	struct bench *bench = bench_new(false);
	struct err err;
	char debt[20];

	(void)state;
	bench_add_secret(bench);
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	assert_ok(bench_approve(bench, &bench->people[SECOPS], &id, &err));
	target_mode(bench, "apply=lost\nprobe=unreachable\n");
	assert_ok(bench_done(bench, &id, debt, &err));
	assert_int_equal(bench_count(bench,
	                     "SELECT count(*) FROM versions WHERE state = 'pending'"),
	    1);
	assert_error(ERR_REFUSED, try_quorum(bench, "2 of (ciso, audit)", &err));
	assert_says("nobody could open prod/db any more");
	/* And when nothing of it is current. */
	hand_write(bench,
	    "UPDATE versions SET state = 'previous' WHERE state = 'current'; UPDATE secrets SET current = NULL");
	bench->charter->version--;
	bench->charter->digest = bench->charter->previous;
	assert_error(ERR_REFUSED, try_quorum(bench, "2 of (ciso, audit)", &err));
	assert_says("nobody could open prod/db any more");
	bench_free(bench);
}

/* ---- what should be sealed again ---- */

static void
a_charter_makes_all_stale_that_it_would_seal_otherwise(void **state)
{
	struct bench *bench = grown_vault();

	(void)state;
	bench_expect_line(bench, "secrets", "");
	bench_charter(bench, 7200); /* which concerns no sealing */
	bench_expect_line(bench, "secrets", "");
	bench_spare(bench);
	bench_expect_line(bench, "secrets", "1200 secrets should be sealed again; host-");
	bench_expect_line(bench, "secrets", "has no envelope");
	bench_add_secret(bench); /* to the spare, too */
	bench_expect_line(bench, "secrets", "1200 secrets should be sealed again; host-");
	batch_replace_token(bench);
	bench_expect_line(bench, "leaver",
	    "a token that left today still has envelopes of 1201 secrets; after 7 days");
	bench_expect_line(bench, "secrets", "1201 secrets should be sealed again");
	bench_free(bench);
}

static void
go_to(struct bench *bench, int64_t now)
{
	bench->shared->now = now;
	bench_end(bench);
}

static void
secrets_are_told_before_they_are_too_old_and_then_each_by_its_age(void **state)
{
	struct bench *bench = bench_new(false);
	const int64_t end =
	    bench->shared->now + AGE; /* of prod/db; the others are ten days younger */

	(void)state;
	bench_add_secret(bench);
	go_to(bench, bench->shared->now + 10 * DAY);
	bench_grow(bench, &(struct growth){GROWN, 0, 0});
	go_to(bench, end - 8 * DAY);
	bench_expect_line(bench, "soon", "");
	go_to(bench, end - 2 * DAY - DAY / 2);
	bench_expect_line(bench, "soon",
	    "1 secret gets older than the policy allows within 7 days, prod/db first: in 2 days");
	bench_expect_line(bench, "secrets", "");
	go_to(bench, end);
	bench_expect_line(bench, "secrets", "");
	go_to(bench, end + 4 * DAY);
	bench_expect_line(bench, "secrets",
	    "1 secret should be sealed again; prod/db: it is older than 365 d");
	bench_expect_line(bench, "soon",
	    "1200 secrets get older than the policy allows within 7 days, host-");
	bench_expect_line(bench, "soon", "first: in 6 days");
	go_to(bench, end + 11 * DAY);
	bench_expect_line(bench, "secrets", "1201 secrets should be sealed again; ");
	bench_expect_line(bench, "secrets", "it is older than 365 d");
	bench_expect_line(bench, "soon", "");
	bench_free(bench);
}

static void
what_was_exposed_is_counted_once(void **state)
{
	struct bench *bench = grown_vault();
	const int64_t begin = bench->shared->now;

	(void)state;
	hand_write(bench,
	    "UPDATE versions SET part_exposed = 1 WHERE rowid IN (SELECT rowid FROM versions LIMIT 60)");
	bench_expect_line(bench, "secrets", "60 secrets should be sealed again; host-");
	bench_expect_line(bench, "secrets", "shares of it were opened in a refused ceremony");
	bench->shared->now = begin + AGE - DAY;
	bench_end(bench);
	bench_expect_line(bench, "soon", "1140 secrets get older");
	bench->shared->now = begin + AGE + DAY;
	bench_end(bench);
	bench_expect_line(bench, "secrets", "1200 secrets should be sealed again; host-");
	bench_verify(bench);
	bench_free(bench);
}

/* ---- spares ---- */

static void
a_spare_counts_for_the_margin_from_its_test_on(void **state)
{
	struct bench *bench = handing_bench();
	struct err err;

	(void)state;
	handing_run(bench);
	assert_ok(bench_suspend(bench, CISO, SECOPS, &err));
	bench_expect_line(bench, "tokens",
	    "1 suspended, 1 secret that one seat may be lost of, no more");
	TESTING testing = {0};
	testing_begin(bench, &testing);
	assert_ok(testing_open(bench, &testing, &err));
	testing.readiness.spares = &testing.spare;
	testing.readiness.spare_count = 1;
	assert_ok(testing_sign(bench, &testing, &err));
	bench_expect_line(bench, "tokens", "1 suspended");
	char text[600];
	bench_status_of(bench, "tokens", "text", text);
	assert_string_equal(text, "1 suspended");
	bench_verify(bench);
	bench_free(bench);
}

/* ---- a class that is not that of its version ---- */

static void
expect_alarm(struct bench *bench, const char *op)
{
	struct err err;

	assert_error(ERR_INTEGRITY,
	    bench_call(bench, op_new(op), (struct view){0}, NULL, NULL, &err));
	assert_says("its row in the database says that it is sealed otherwise than it is");
}

static void
spoil_shape(const struct bench *bench, struct hand_version *version)
{
	(void)bench;
	version->row.shape.bytes[0] ^= 1;
}

/* Whose row, cells and anchor are as they should be. */
static void
a_class_that_is_not_that_of_its_version_is_an_alarm(void **state)
{
	static const char last[] = "UPDATE versions SET class = zeroblob(32) WHERE secret ="
	                           " (SELECT id FROM secrets ORDER BY name LIMIT 1 OFFSET 1199)";
	struct bench *bench = grown_vault();

	(void)state;
	bench_add_secret(bench);
	bench_verify(bench);
	bench_keep(bench, "kept");
	hand_write(bench, last);
	expect_alarm(bench, "log-verify");
	expect_alarm(bench, "status"); /* it is the only one of that class */
	bench_restore(bench, "kept");
	hand_exchange(bench, "prod/db", spoil_shape);
	expect_alarm(bench, "log-verify");
	expect_alarm(bench, "status");
	bench_free(bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_suspension_thins_the_margin_of_every_secret),
	    cmocka_unit_test(a_suspension_that_shuts_every_secret_needs_a_second_officer),
	    cmocka_unit_test(a_charter_is_asked_about_every_secret),
	    cmocka_unit_test(a_secret_counts_once_whatever_waits_for_its_target),
	    cmocka_unit_test(a_charter_makes_all_stale_that_it_would_seal_otherwise),
	    cmocka_unit_test(secrets_are_told_before_they_are_too_old_and_then_each_by_its_age),
	    cmocka_unit_test(what_was_exposed_is_counted_once),
	    cmocka_unit_test(a_spare_counts_for_the_margin_from_its_test_on),
	    cmocka_unit_test(a_class_that_is_not_that_of_its_version_is_an_alarm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
