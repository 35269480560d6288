/* SPDX-License-Identifier: Apache-2.0 */
/* Several secrets that one statement changes or retires: all of them or none, and each as if it were alone. */
#include <stdio.h>

#include "tests/unit/changes/changes_bench.h"
#include "tests/unit/server/batch_bench.h"

enum { MANY = 3 };
static const int quorum[] = {SECOPS, INFRA, -1};
static const int first[] = {SECOPS, -1};

/* The next definitions of prod/s0 to prod/s2, not edited yet. */
struct rows {
	struct definition rows[MANY];
};

static void
rows_done(struct rows *rows)
{
	for (size_t i = 0; i < MANY; i++)
		definition_done(&rows->rows[i]);
}
#define ROWS CLEANUP(rows_done) struct rows

static void
draw(struct bench *bench, struct rows *rows)
{
	for (size_t i = 0; i < MANY; i++) {
		char name[32];

		batch_name(i, name);
		changes_draw(bench, name, &rows->rows[i]);
	}
}

static void
edit(struct bench *bench, enum part part, struct rows *rows)
{
	for (size_t i = 0; i < MANY; i++)
		changes_edit(bench, part, &rows->rows[i]);
}

static enum err_code
send_rows(struct bench *bench, struct rows *rows, size_t count, const int *people, bool *ret_live,
    struct err *err)
{
	DSSE statement = {0};

	changes_state(bench, rows->rows, count, &statement);
	return changes_send(bench, &statement, people, ret_live, err);
}

static void
expect_revisions(struct bench *bench, uint32_t a, uint32_t b, uint32_t c)
{
	assert_int_equal(changes_revision(bench, "prod/s0"), a);
	assert_int_equal(changes_revision(bench, "prod/s1"), b);
	assert_int_equal(changes_revision(bench, "prod/s2"), c);
	bench_verify(bench);
}

static void
each_is_enacted_with_a_leaf_of_its_own_in_one_transaction(void **state)
{
	struct bench *bench = *state;
	BUF events = {0};
	ROWS rows = {0};
	uint64_t leaves;
	bool live;
	struct err err;

	bench_keep(bench, "many");
	leaves = bench_log_size(bench);
	draw(bench, &rows);
	edit(bench, PROGRAM, &rows);
	assert_ok(send_rows(bench, &rows, MANY, quorum, &live, &err));
	assert_true(live);
	expect_revisions(bench, 2, 2, 2);
	assert_string_equal(changes_events(bench, leaves, &events),
	    "secret-proposed\nsecret-signed\nsecret\nsecret\nsecret\n");
	bench_restore(bench, "many");
}

static void
one_that_is_not_allowed_keeps_all_as_they_are(void **state)
{
	struct bench *bench = *state;
	uint64_t leaves = bench_log_size(bench);
	bool live;
	struct err err;

	for (size_t wrong = 0; wrong < MANY; wrong++) {
		ROWS rows = {0};
		char place[40];

		draw(bench, &rows);
		edit(bench, PROGRAM, &rows);
		rows.rows[wrong].change.previous.bytes[0] ^= 1;
		snprintf(place, sizeof(place), "definitions[%zu]: secret: prod/s%zu", wrong, wrong);
		assert_error(ERR_REFUSED, send_rows(bench, &rows, MANY, quorum, &live, &err));
		assert_says(place);
		assert_int_equal(bench_log_size(bench), leaves);
		expect_revisions(bench, 1, 1, 1);
	}
}

/* It was allowed when the first signed, and is no more: the draft is over, for all of them. */
static void
one_that_changed_meanwhile_keeps_all_as_they_are(void **state)
{
	struct bench *bench = *state;
	DSSE statement = {0};
	ROWS rows = {0}, alone = {0};
	bool live;
	struct err err;

	bench_keep(bench, "many");
	draw(bench, &rows);
	edit(bench, PROGRAM, &rows);
	changes_state(bench, rows.rows, MANY, &statement);
	assert_ok(changes_send(bench, &statement, first, &live, &err));
	draw(bench, &alone);
	edit(bench, POLICY, &alone);
	assert_ok(send_rows(bench, &alone, 1, quorum, &live, &err));
	assert_true(live);
	assert_int_equal(changes_drafts(bench), 0);
	assert_error(ERR_NOT_FOUND,
	    bench_sign(bench, &bench->people[INFRA], &statement, &live, &err));
	expect_revisions(bench, 2, 1, 1);
	bench_restore(bench, "many");
}

static void
two_entries_about_one_secret_are_refused(void **state)
{
	struct bench *bench = *state;
	uint64_t leaves = bench_log_size(bench);
	ROWS rows = {0};
	bool live;
	struct err err;

	draw(bench, &rows);
	edit(bench, PROGRAM, &rows);
	rows.rows[2].secret = rows.rows[0].secret;
	assert_error(ERR_INVALID, send_rows(bench, &rows, MANY, quorum, &live, &err));
	assert_says("definitions[2]: secret: secret: that of \"prod/s2\" stands twice");
	snprintf(rows.rows[2].name, sizeof(rows.rows[2].name), "prod/s0");
	assert_error(ERR_INVALID, send_rows(bench, &rows, MANY, quorum, &live, &err));
	assert_says("definitions[2]: secret: name: that of \"prod/s0\" stands twice");
	assert_int_equal(bench_log_size(bench), leaves);
	expect_revisions(bench, 1, 1, 1);
}

static void
expect_state(struct bench *bench, const struct id *id, const char *expected)
{
	SEEN seen = {0};

	batch_look(bench, id, &seen);
	assert_string_equal(seen.state, expected);
}

/* One names two of them, and one the third secret, which stays as it is. */
static void
ceremonies_that_name_any_of_them_are_void(void **state)
{
	struct bench *bench = *state;
	const struct person *alice = &bench->people[ALICE];
	struct item opens[SECRETS];
	struct request request;
	struct id both, other;
	ROWS rows = {0};
	bool live;
	struct err err;

	bench_keep(bench, "many");
	batch_draw_request(bench, alice, MODE_RELEASE, true, opens, &request);
	request.items.count = 2;
	assert_ok(batch_send_request(bench, alice, &request, &both, &err));
	other = bench_request(bench, alice, "prod/s2");
	draw(bench, &rows);
	edit(bench, PROGRAM, &rows);
	assert_ok(send_rows(bench, &rows, 2, quorum, &live, &err));
	assert_true(live);
	expect_state(bench, &both, "refused");
	expect_state(bench, &other, "collecting");
	expect_revisions(bench, 2, 2, 1);
	bench_restore(bench, "many");
}

/* Of prod/s1, whose target makes no new value. */
static void
owe(struct bench *bench)
{
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/s1");
	SECRET *value = NULL;
	char debt[20];
	struct err err;

	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	assert_ok(bench_approve(bench, &bench->people[SECOPS], &id, &err));
	assert_ok(bench_open(bench, &bench->people[ALICE], &id, &value, NULL, &err));
	target_mode(bench, "generate=refuse\n");
	assert_ok(bench_done(bench, &id, debt, &err));
	assert_string_equal(debt, "owed");
}

static void
a_debt_of_one_keeps_none_from_a_change_and_all_from_their_end(void **state)
{
	struct bench *bench = *state;
	ROWS ends = {0}, rows = {0};
	char debt[20];
	bool live;
	struct err err;

	bench_keep(bench, "many");
	owe(bench);
	draw(bench, &ends);
	for (size_t i = 0; i < MANY; i++)
		ends.rows[i].change.retires = true;
	assert_error(ERR_REFUSED, send_rows(bench, &ends, MANY, quorum, &live, &err));
	assert_says(
	    "secret: prod/s1: it has a debt (owed), and nothing is retired while one is open: "
	    "halligan rotate prod/s1");
	expect_revisions(bench, 1, 1, 1);
	draw(bench, &rows);
	edit(bench, PROGRAM, &rows);
	assert_ok(send_rows(bench, &rows, MANY, quorum, &live, &err));
	assert_true(live);
	bench_debt(bench, "prod/s1", debt);
	assert_string_equal(debt, "owed");
	expect_revisions(bench, 2, 2, 2);
	bench_restore(bench, "many");
}

static void
several_are_retired_at_once(void **state)
{
	struct bench *bench = *state;
	ROWS rows = {0}, later = {0};
	bool live;
	struct err err;

	bench_keep(bench, "many");
	draw(bench, &rows);
	rows.rows[0].change.retires = rows.rows[1].change.retires = true;
	assert_ok(send_rows(bench, &rows, 2, quorum, &live, &err));
	assert_true(live);
	draw(bench, &later);
	edit(bench, PROGRAM, &later);
	assert_error(ERR_REFUSED, send_rows(bench, &later, MANY, quorum, &live, &err));
	assert_says("prod/s0: it is retired");
	expect_revisions(bench, 2, 2, 1);
	assert_int_equal(bench_count(bench, "SELECT count(*) FROM secrets WHERE retired = 1"), 2);
	bench_restore(bench, "many");
}

static int
start(void **state)
{
	*state = batch_bench(false, MANY);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_is_enacted_with_a_leaf_of_its_own_in_one_transaction),
	    cmocka_unit_test(one_that_is_not_allowed_keeps_all_as_they_are),
	    cmocka_unit_test(one_that_changed_meanwhile_keeps_all_as_they_are),
	    cmocka_unit_test(two_entries_about_one_secret_are_refused),
	    cmocka_unit_test(ceremonies_that_name_any_of_them_are_void),
	    cmocka_unit_test(a_debt_of_one_keeps_none_from_a_change_and_all_from_their_end),
	    cmocka_unit_test(several_are_retired_at_once),
	};

	return cmocka_run_group_tests(tests, start, bench_stop);
}
