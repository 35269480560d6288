/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each kind of change of a definition, whatever is open of the secret, by the right and by the wrong people: with the whole
 * quorum it is in force and what was open goes on by it; with less nothing happens at all.
 */
#include <stdio.h>

#include "ceremony/server/rotation/wait.h"
#include "tests/unit/changes/changes_bench.h"
#include "tests/unit/server/batch_bench.h"

/* Of policy production, 2 of (ciso, secops, infra, carol). */
static const struct signers {
	const char *what;
	int people[4];
	bool enough;
} signers[] = {{"the quorum", {SECOPS, INFRA, -1}, true},
    {"the quorum but one", {SECOPS, -1}, false},
    {"an operator and an officer outside the quorum", {INFRA, AUDIT, -1}, false}};

struct row {
	struct bench *bench;
	enum situation situation;
	enum part member;
	struct night *night;
	struct digest before, next; /* definitions */
};

/* A debt that has no way on by the new style keeps its secret as it is. */
static bool
has_a_way_on(const struct row *row)
{
	return !(row->situation == EXPELLED && row->member == STYLE) &&
	    !(row->situation == WITHDRAWING && row->member == PROGRAM);
}

static void
expect_definition(const struct row *row, const struct digest *digest)
{
	DEFINITION now = {0};

	changes_in_force(row->bench, "prod/db", &now);
	if (!digest_equal(&now.digest, digest))
		fail_msg("%s, %s: revision %u is in force", situation_names[row->situation],
		    part_names[row->member], now.revision);
}

/* What was open is as it was. */
static void
expect_open(const struct row *row)
{
	struct bench *bench = row->bench;
	SHOWN shown = {0};
	char debt[20];

	bench_debt(bench, "prod/db", debt);
	if (row->situation == WITHDRAWING || row->situation == WATCHED)
		assert_string_equal(debt, ""); /* it keeps nobody from opening the secret */
	else if (changes_has_debt(row->situation))
		assert_string_equal(debt, situation_names[row->situation]);
	else
		assert_string_equal(debt, row->situation == LEASE ? "owed" : "");
	if (row->situation != COLLECTING && row->situation != LEASE)
		return;
	bench_show(bench, &row->night->id, &shown);
	assert_string_equal(shown.state, row->situation == LEASE ? "released" : "collecting");
}

static void
expect_void(const struct row *row)
{
	struct bench *bench = row->bench;
	SHOWN shown = {0};
	struct err err;

	if (row->situation != COLLECTING) {
		expect_open(row);
		return;
	}
	bench_show(bench, &row->night->id, &shown);
	assert_string_equal(shown.state, "refused");
	assert_string_equal(shown.reason, "the definition of a secret changed");
	assert_error(ERR_REFUSED,
	    bench_approve(bench, &bench->people[SECOPS], &row->night->id, &err));
	bench_end(bench);
	assert_int_equal(bench_files(bench, "ceremony"), 0);
}

/* The rebuilt host was restored from a backup, and the account has the old value under its new name; where the new one is
 * current already, that. */
static void
fill_place(const struct row *row)
{
	struct bench *bench = row->bench;

	changes_move(bench, row->member);
	if (row->member != HOST && row->member != ACCOUNT)
		return;
	if (row->situation == OWED || row->situation == APPLYING || row->situation == EXPELLED ||
	    row->situation == DEGRADED)
		night_repair(bench, row->night);
	else
		bench_shell(bench, "cp target/accepts '%s'", bench->target);
}

static void
expect_lease_goes_on(const struct row *row)
{
	struct bench *bench = row->bench;
	SECRET *again = NULL;
	struct err err;

	assert_ok(bench_open(bench, &bench->people[ALICE], &row->night->id, &again, NULL, &err));
	assert_true(secret_equal(again, row->night->old));
	assert_ok(bench_done(bench, &row->night->id, row->night->debt, &err));
	assert_string_equal(row->night->debt, "retired");
}

/* What is owed is paid where the new definition says, and nothing is asked elsewhere. */
static void
expect_paid(const struct row *row)
{
	struct bench *bench = row->bench;
	BUF calls = {0};
	char code[32], note[600];

	if (row->situation == LEASE) {
		expect_lease_goes_on(row);
	} else if (changes_has_debt(row->situation)) {
		bench->shared->now += WAIT_LONGEST;
		bench_rotate(bench, "prod/db", code, note);
		if (strcmp(code, "ok") != 0)
			fail_msg("%s, %s: %s: %s", situation_names[row->situation],
			    part_names[row->member], code, note);
	} else {
		return;
	}
	night_paid(bench, row->night);
	assert_string_not_equal(target_calls(bench, &calls), "");
}

static void
expect_elsewhere_silent(const struct row *row)
{
	struct bench *bench = row->bench;
	BUF calls = {0};

	for (enum part member = 0; member < MEMBERS; member++) {
		if (member == row->member || (member > ACCOUNT && row->member > ACCOUNT))
			continue; /* the same place */
		changes_move(bench, member);
		assert_string_equal(target_calls(bench, &calls), "");
	}
	changes_move(bench, row->member);
}

/* What `reseal-list` says of it: that it is sealed to another quorum than that of its policy; that officers opened shares
 * of it in a ceremony that became void. */
static void
expect_listed(const struct row *row, bool other, bool exposed)
{
	struct item items[SECRETS];
	char why[600] = "";

	assert_int_equal(batch_list(row->bench, false, items, why), other || exposed ? 1 : 0);
	assert_int_equal(strstr(why, "another quorum than policy narrow has") != NULL, other);
	assert_int_equal(strstr(why, "shares of it were opened") != NULL, exposed);
}

static void
approve(struct bench *bench, const struct id *id, int person)
{
	struct err err;

	assert_ok(bench_approve(bench, &bench->people[person], id, &err));
}

/* The next ceremony opens what is current, with the quorum to which it is sealed and with that of the policy. */
static void
expect_opens(const struct row *row)
{
	struct bench *bench = row->bench;
	char quorum[QUORUM_TEXT_MAX + 1], debt[20];
	struct digest sealed;
	size_t earlier = changes_earlier(bench, "prod/db", &sealed, quorum);
	bool narrow = row->member == POLICY, wide = strstr(quorum, "secops") != NULL;
	SHOWN shown = {0};
	SECRET *value = NULL;
	struct err err;

	assert_int_equal(earlier > 0, !digest_equal(&sealed, &row->next));
	if (row->situation == NOTHING || row->situation == COLLECTING)
		assert_true(earlier > 0);
	if (row->situation == OWED || row->situation == LEASE)
		assert_true(earlier == 0 && wide == !narrow);
	expect_listed(row, narrow && wide, row->situation == COLLECTING);
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	assert_int_equal(changes_shown_earlier(bench, &id), earlier);
	approve(bench, &id, CISO);
	if (wide)
		approve(bench, &id, SECOPS);
	if (narrow) {
		bench_show(bench, &id, &shown);
		assert_string_equal(shown.state, "collecting");
		approve(bench, &id, CAROL);
	}
	assert_ok(bench_open(bench, &bench->people[ALICE], &id, &value, NULL, &err));
	assert_true(target_accepts(bench, value));
	assert_ok(bench_done(bench, &id, debt, &err));
	if (row->situation != WATCHED || row->member == PROGRAM || row->member == STYLE)
		assert_string_equal(debt, "retired");
	assert_int_equal(changes_earlier(bench, "prod/db", &sealed, quorum), 0);
	assert_int_equal(strstr(quorum, "secops") == NULL, narrow);
	expect_listed(row, false, false);
	expect_elsewhere_silent(row);
	bench_verify(bench);
}

static void
expect_in_force(const struct row *row)
{
	BUF calls = {0};

	expect_definition(row, &row->next);
	expect_void(row);
	bench_verify(row->bench);
	fill_place(row);
	(void)target_calls(row->bench, &calls);
	expect_paid(row);
	expect_elsewhere_silent(row);
	expect_opens(row);
}

/* But that there is a draft, with its leaves. */
static void
expect_nothing(const struct row *row, const struct signers *who, bool waits, uint64_t leaves,
    size_t begun)
{
	struct bench *bench = row->bench;
	BUF events = {0}, expected = {0};

	for (size_t i = 0; waits && who->people[i] >= 0; i++)
		buf_format(&expected, "secret-%s\n", i == 0 ? "proposed" : "signed");
	assert_string_equal(changes_events(bench, leaves, &events),
	    waits ? buf_string(&expected) : "");
	assert_int_equal(changes_begun(bench), begun);
	expect_definition(row, &row->before);
	expect_open(row);
	bench_verify(bench);
}

static void
try_change(struct row *row, const struct signers *who)
{
	struct bench *bench = row->bench;
	DEFINITION next = {0};
	DSSE statement = {0};
	DEFINITIONS_OF read = {0};
	bool live, way = has_a_way_on(row);
	size_t begun = changes_begun(bench);
	uint64_t leaves;
	struct err err;

	changes_draw(bench, "prod/db", &next);
	row->before = next.digest;
	changes_edit(bench, row->member, &next);
	changes_state(bench, &next, 1, &statement);
	assert_ok(definitions_parse(&statement, false, &read, &err));
	row->next = read.rows[0].digest;
	leaves = bench_log_size(bench);
	if (way)
		assert_ok(changes_send(bench, &statement, who->people, &live, &err));
	else
		assert_error(ERR_REFUSED,
		    changes_send(bench, &statement, who->people, &live, &err));
	if (!way)
		assert_says("has no way on");
	assert_int_equal(changes_begun(bench), begun);
	assert_int_equal(live, way && who->enough);
	if (live)
		expect_in_force(row);
	else
		expect_nothing(row, who, way, leaves, begun);
	changes_return(bench);
}

static void
try_all(struct bench *bench, enum situation situation)
{
	NIGHT night = {0};

	changes_folders(bench);
	bench_keep(bench, "none");
	changes_bring_about(bench, situation, &night);
	bench_keep(bench, "open");
	for (enum part member = 0; member < MEMBERS; member++)
		for (size_t i = 0; i < ARRAY_SIZE(signers); i++) {
			struct row row = {bench, situation, member, &night, .before = {{0}}};

			if (situation == WITHDRAWING && member == STYLE)
				continue; /* it is so already */
			print_message("# %s of a secret with %s, by %s\n", part_names[member],
			    situation_names[situation], signers[i].what);
			bench_restore(bench, "open");
			try_change(&row, &signers[i]);
		}
	bench_restore(bench, "none");
}

#define TABLE(name, situation)                                                                     \
	static void name(void **state)                                                             \
	{                                                                                          \
		try_all(*state, situation);                                                        \
	}

TABLE(a_change_with_nothing_open, NOTHING)
TABLE(a_change_with_a_debt_that_is_owed, OWED)
TABLE(a_change_with_a_debt_whose_target_may_have_been_told, APPLYING)
TABLE(a_change_with_a_debt_whose_old_value_still_works, EXPELLED)
TABLE(a_change_with_a_debt_that_is_degraded, DEGRADED)
TABLE(a_change_with_an_old_value_that_is_taken_away, WITHDRAWING)
TABLE(a_change_with_a_death_that_is_watched, WATCHED)
TABLE(a_change_with_a_ceremony_that_collects, COLLECTING)
TABLE(a_change_with_a_lease_that_runs, LEASE)

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_start, bench_stop)
	const struct CMUnitTest tests[] = {
	    TEST(a_change_with_nothing_open),
	    TEST(a_change_with_a_debt_that_is_owed),
	    TEST(a_change_with_a_debt_whose_target_may_have_been_told),
	    TEST(a_change_with_a_debt_whose_old_value_still_works),
	    TEST(a_change_with_a_debt_that_is_degraded),
	    TEST(a_change_with_an_old_value_that_is_taken_away),
	    TEST(a_change_with_a_death_that_is_watched),
	    TEST(a_change_with_a_ceremony_that_collects),
	    TEST(a_change_with_a_lease_that_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
