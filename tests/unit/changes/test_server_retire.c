/* SPDX-License-Identifier: Apache-2.0 */
/* A secret that is retired: refused while something of it is owed, and afterwards nothing of it is asked or listed. */
#include <stdio.h>

#include "base/text.h"
#include "ceremony/server/rotation/wait.h"
#include "tests/unit/changes/changes_bench.h"
#include "tests/unit/server/batch_bench.h"

enum { YEARS = 3 * 365 * 86400 };
static const int quorum[] = {SECOPS, INFRA, -1};

static enum err_code
retire(struct bench *bench, const char *name, const int *people, bool *ret_live, struct err *err)
{
	DEFINITION next = {0};
	DSSE statement = {0};

	changes_draw(bench, name, &next);
	next.change.retires = true;
	changes_state(bench, &next, 1, &statement);
	return changes_send(bench, &statement, people, ret_live, err);
}

static void
retire_it(struct bench *bench)
{
	bool live;
	struct err err;

	assert_ok(retire(bench, "prod/db", quorum, &live, &err));
	assert_true(live);
}

static void
nothing_is_retired_while_something_of_it_is_owed(void **state)
{
	struct bench *bench = *state;

	bench_keep(bench, "none");
	for (enum situation situation = OWED; situation < SITUATIONS; situation++) {
		NIGHT night = {0};
		DEFINITION before = {0}, after = {0};
		struct err err;
		bool live;

		if (situation == COLLECTING)
			continue;
		changes_bring_about(bench, situation, &night);
		changes_in_force(bench, "prod/db", &before);
		size_t begun = changes_begun(bench);
		uint64_t leaves = bench_log_size(bench);
		print_message("# %s\n", situation_names[situation]);
		assert_error(ERR_REFUSED, retire(bench, "prod/db", quorum, &live, &err));
		assert_says("nothing is retired while one is open");
		assert_int_equal(bench_log_size(bench), leaves);
		assert_int_equal(changes_begun(bench), begun);
		changes_in_force(bench, "prod/db", &after);
		assert_true(digest_equal(&before.digest, &after.digest));
		bench_restore(bench, "none");
	}
}

/* A debt that began after the draft was signed by the first. */
static void
a_debt_that_begins_meanwhile_keeps_the_secret(void **state)
{
	static const int first[] = {SECOPS, -1};
	struct bench *bench = *state;
	NIGHT night = {0};
	DEFINITION next = {0};
	DSSE statement = {0};
	struct err err;
	bool live;

	bench_keep(bench, "none");
	changes_draw(bench, "prod/db", &next);
	next.change.retires = true;
	changes_state(bench, &next, 1, &statement);
	assert_ok(changes_send(bench, &statement, first, &live, &err));
	night_release(bench, &night);
	assert_error(ERR_REFUSED,
	    bench_sign(bench, &bench->people[INFRA], &statement, &live, &err));
	assert_says("nothing is retired while one is open");
	assert_ok(bench_done(bench, &night.id, night.debt, &err));
	assert_string_equal(night.debt, "retired");
	assert_ok(bench_sign(bench, &bench->people[INFRA], &statement, &live, &err));
	assert_true(live);
	bench_verify(bench);
	bench_restore(bench, "none");
}

static void
fewer_than_the_quorum_retire_nothing(void **state)
{
	static const int wrong[][3] = {{SECOPS, -1, -1}, {INFRA, AUDIT, -1}, {AUDIT, -1, -1}};
	struct bench *bench = *state;
	struct err err;
	bool live;

	bench_keep(bench, "none");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_ok(retire(bench, "prod/db", wrong[i], &live, &err));
		assert_false(live);
		bench_verify(bench);
		(void)bench_request(bench, &bench->people[ALICE], "prod/db");
		bench_restore(bench, "none");
	}
}

static enum err_code
ask(struct bench *bench, struct json *request, struct json **ret_reply, struct buf *ret_blob,
    struct err *err)
{
	return bench_call(bench, request, (struct view){0}, ret_reply, ret_blob, err);
}

static void
expect_no_request(struct bench *bench, const struct request *before)
{
	struct request request = *before;
	struct id id;
	struct err err;

	assert_error(ERR_REFUSED,
	    bench_request_send(bench, &bench->people[ALICE], &request, &id, &err));
	DEFINITION now = {0};
	struct item item = before->items.rows[0];
	changes_in_force(bench, "prod/db", &now);
	item.definition = now.digest;
	request.items = (struct items){&item, 1};
	assert_error(ERR_REFUSED,
	    bench_request_send(bench, &bench->people[ALICE], &request, &id, &err));
	assert_says("no longer the current one");
}

static void
expect_no_rotation(struct bench *bench)
{
	char code[32], note[600];
	BUF calls = {0};

	bench_rotate(bench, "prod/db", code, note);
	assert_string_equal(code, "ok"); /* nothing of it is owed */
	assert_string_equal(target_calls(bench, &calls), "");
}

/* Nor one that names the retired definition, of a person who signs what they are given. */
static void
expect_no_adoption(struct bench *bench)
{
	CLEANUP(credential_box_done) struct credential_box box = {0};
	JSON *reply = NULL;
	struct err err;

	changes_in_force(bench, "prod/db", &box.definition);
	bench_box_value(bench, "first-password", &box);
	assert_error(ERR_REFUSED, bench_send_value(bench, &box, false, &reply, &err));
	assert_says("it is retired");
}

static void
expect_no_change(struct bench *bench)
{
	static const int all[] = {CISO, SECOPS, -1};
	CLEANUP(credential_box_done) struct credential_box box = {0};
	DEFINITION next = {0};
	DSSE statement = {0};
	JSON *reply = NULL;
	struct err err;
	bool live;

	changes_draw(bench, "prod/db", &next);
	changes_edit(bench, PROGRAM, &next);
	changes_state(bench, &next, 1, &statement);
	assert_error(ERR_REFUSED, changes_send(bench, &statement, all, &live, &err));
	assert_says("it is retired");
	assert_error(ERR_REFUSED, retire(bench, "prod/db", all, &live, &err));
	bench_box(bench, "prod/db", "first-password", &box);
	assert_error(ERR_EXISTS, bench_send_box(bench, &box, false, &reply, &err));
	assert_says("a name is never used again");
}

static void
expect_listed_nowhere(struct bench *bench)
{
	static const char *const kinds[] = {"debt", "watch", "reseal", "overdue", "degraded",
	    "exposed", "readiness", "stuck"};
	struct item items[SECRETS];
	char why[600] = "";
	JSON *found = NULL, *headers = NULL;
	BUF blob = {0};
	struct err err;
	struct json *request = op_new("reseal-find"), *names = json_new_array();

	assert_int_equal(batch_list(bench, false, items, why), 0);
	assert_int_equal(batch_list(bench, true, items, why), 0);
	json_add_text(names, "prod/db");
	json_put(request, "names", names);
	assert_ok(ask(bench, request, &found, NULL, &err));
	struct json_in in = json_in(found, "reply", &err);
	assert_int_equal(json_array_count(json_in_array(&in, "secrets", 0, 10)), 0);
	request = op_new("secret-headers");
	json_put_text(request, "after", "");
	assert_ok(ask(bench, request, &headers, &blob, &err));
	in = json_in(headers, "reply", &err);
	assert_int_equal(json_array_count(json_in_array(&in, "secrets", 0, 10)), 0);
	assert_int_equal(blob.size, 0);
	bench_expect_line(bench, "prod/db", "");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		assert_false(bench_status(bench, kinds[i], "prod/db"));
}

static void
expect_state(struct bench *bench, const char *state)
{
	struct json *request = op_new("secret-list");
	JSON *reply = NULL;
	struct err err;

	json_put_text(request, "after", "");
	json_put_int(request, "max", 10);
	assert_ok(ask(bench, request, &reply, NULL, &err));
	struct json_in in = json_in(reply, "reply", &err);
	const struct json *row = json_array_object(json_in_array(&in, "secrets", 1, 1), 0);
	assert_string_equal(json_object_text(row, "name"), "prod/db");
	assert_string_equal(json_object_text(row, "state"), state);
}

static void
what_is_retired_is_asked_for_and_listed_no_more(void **state)
{
	struct bench *bench = *state;
	struct request before;
	uint64_t leaves;

	bench_keep(bench, "none");
	bench_request_make(bench, &bench->people[ALICE], "prod/db", &before);
	retire_it(bench);
	leaves = bench_log_size(bench);
	expect_state(bench, "retired");
	expect_no_request(bench, &before);
	expect_no_rotation(bench);
	expect_no_adoption(bench);
	expect_no_change(bench);
	assert_int_equal(bench_log_size(bench), leaves);
	expect_listed_nowhere(bench);
	/* It grows too old, and nobody is told. */
	bench->shared->now += YEARS;
	bench_due(bench);
	expect_listed_nowhere(bench);
	bench_verify(bench);
	bench_restore(bench, "none");
}

/* The last leaf that names it, of all that the log has. */
static void
last_leaf(struct bench *bench, struct buf *ret_leaf)
{
	struct json *request = op_new("log-list");
	JSON *reply = NULL;
	struct err err;

	json_put_int(request, "from", 0);
	json_put_int(request, "max", 1000);
	assert_ok(ask(bench, request, &reply, NULL, &err));
	struct json_in in = json_in(reply, "reply", &err);
	const struct json *leaves = json_in_array(&in, "leaves", 1, 1000);
	assert_int_equal(json_array_count(leaves), bench_log_size(bench));
	for (size_t i = json_array_count(leaves); i-- > 0;) {
		const char *leaf = json_array_text(leaves, i);

		if (strstr(leaf, "\"name\":\"prod/db\"") == NULL)
			continue;
		buf_text(ret_leaf, leaf);
		return;
	}
	fail_msg("no leaf names it");
}

static void
expect_last_leaf(struct bench *bench)
{
	static const char *const parts[] = {"\"event\":\"secret\"", "\"revision\":2",
	    "\"state\":\"retired\""};
	BUF leaf = {0};

	last_leaf(bench, &leaf);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (strstr(buf_string(&leaf), parts[i]) == NULL)
			fail_msg("no %s in %s", parts[i], buf_string(&leaf));
}

/* Whatever was open, and whatever is asked and comes due afterwards. */
static void
its_last_leaf_says_that_it_is_retired(void **state)
{
	static const enum situation situations[] = {NOTHING, COLLECTING};
	struct bench *bench = *state;

	bench_keep(bench, "none");
	for (size_t i = 0; i < ARRAY_SIZE(situations); i++) {
		NIGHT night = {0};
		struct request before;

		changes_bring_about(bench, situations[i], &night);
		bench_request_make(bench, &bench->people[ALICE], "prod/db", &before);
		retire_it(bench);
		expect_last_leaf(bench);
		expect_no_request(bench, &before);
		expect_no_rotation(bench);
		bench->shared->now += YEARS;
		bench_due(bench);
		expect_last_leaf(bench);
		bench_verify(bench);
		bench_restore(bench, "none");
	}
}

static void
a_ceremony_about_it_is_void(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	SHOWN shown = {0};

	bench_keep(bench, "none");
	changes_bring_about(bench, COLLECTING, &night);
	retire_it(bench);
	bench_show(bench, &night.id, &shown);
	assert_string_equal(shown.state, "refused");
	assert_string_equal(shown.reason, "the secret was retired");
	expect_listed_nowhere(bench); /* although shares of it were opened */
	bench_end(bench);
	assert_int_equal(bench_files(bench, "ceremony"), 0);
	bench_verify(bench);
	bench_restore(bench, "none");
}

/* Nobody needs to be able to open it any more: seats and policies may go. */
static void
it_stands_in_the_way_of_no_charter(void **state)
{
	struct bench *bench = *state;
	struct charter *charter = bench->charter;

	retire_it(bench);
	charter->policies[0] = charter->policies[1]; /* production goes */
	charter->policy_count = 1;
	bench_change(bench);
	bench_verify(bench);
	expect_state(bench, "retired");
	expect_listed_nowhere(bench);
	expect_no_rotation(bench);
}

/* Defined, and never given a value. */
static void
one_without_a_value_is_retired_too(void **state)
{
	struct bench *bench = bench_new(false);
	CLEANUP(credential_box_done) struct credential_box box = {0};
	JSON *reply = NULL;
	struct err err;
	bool live;

	(void)state;
	bench_box(bench, "prod/db", "first-password", &box);
	assert_ok(bench_propose(bench, &box.statement, 0, -1, &err));
	expect_state(bench, "defined");
	assert_ok(retire(bench, "prod/db", quorum, &live, &err));
	assert_true(live);
	expect_state(bench, "retired");
	assert_error(ERR_REFUSED, bench_send_value(bench, &box, false, &reply, &err));
	assert_says("it is retired");
	expect_listed_nowhere(bench);
	bench_verify(bench);
	bench_free(bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_retired_while_something_of_it_is_owed),
	    cmocka_unit_test(a_debt_that_begins_meanwhile_keeps_the_secret),
	    cmocka_unit_test(fewer_than_the_quorum_retire_nothing),
	    cmocka_unit_test(what_is_retired_is_asked_for_and_listed_no_more),
	    cmocka_unit_test(its_last_leaf_says_that_it_is_retired),
	    cmocka_unit_test(a_ceremony_about_it_is_void),
	    cmocka_unit_test(one_without_a_value_is_retired_too),
	    cmocka_unit_test(it_stands_in_the_way_of_no_charter), /* the last: its charter stays */
	};

	return cmocka_run_group_tests(tests, bench_start, bench_stop);
}
