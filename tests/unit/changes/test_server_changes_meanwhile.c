/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A definition that changes while a session rotates the secret: that run goes no further, and the next one goes on as the
 * new definition says, wherever the first one stood.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "ceremony/protocol/wire.h"
#include "ceremony/server/rotation/wait.h"
#include "tests/unit/changes/changes_bench.h"

/* The calls of one run, each of which may wait (fake_rotator.c) while the definition changes; and what is still asked of the
 * old target then, up to where that step is written down. */
static const struct moment {
	const char *mode, *calls, *rest;
} moments[] = {{"check=wait\n", "check\n", "generate\n"},
    {"generate=wait\n", "check\ngenerate\n", ""},
    {"apply=wait\n", "check\ngenerate\napply\n", "expel\n"},
    {"expel=wait\n", "check\ngenerate\napply\nexpel\n", ""},
    {"probe=wait\n", "check\ngenerate\napply\nexpel\nprobe next\n", "probe current\n"},
    {"probe=pass\nprobe=wait\n", "check\ngenerate\napply\nexpel\nprobe next\nprobe current\n", ""}};

/* Another session of BENCH's vault. */
static void
other_begin(const struct bench *bench, struct bench *other)
{
	struct err err;

	*other = *bench;
	other->pid = 0;
	other->progress = (struct buf){0};
	assert_ok(bench_hello(other, &err));
}

static void
other_end(struct bench *other)
{
	bench_end(other);
	buf_done(&other->progress);
}

static void
say_go(struct bench *bench, bool go)
{
	char path[300];
	struct err err;

	snprintf(path, sizeof(path), "%s/go", bench->target);
	if (go)
		assert_ok(file_write(path, view_of_text("go\n"), 0600, &err));
	else
		(void)unlink(path);
}

/* Until the run waits where MOMENT says. */
static void
wait_for(struct bench *bench, const struct moment *moment)
{
	char path[300];
	BUF calls = {0};
	struct err err;

	snprintf(path, sizeof(path), "%s/calls", bench->target);
	for (int i = 0; i < 2000; i++) {
		calls.size = 0;

		if (file_exists(path))
			assert_ok(file_read(path, 4096, &calls, &err));
		if (calls.size > 0 && strcmp(buf_string(&calls), moment->calls) == 0)
			return;
		usleep(5000);
	}
	fail_msg("the run never came to %s, but to %s", moment->calls,
	    calls.size > 0 ? buf_string(&calls) : "nothing");
}

/* The reply to what OTHER was asked. */
static void
hear(struct bench *other, struct json **ret_reply)
{
	struct err err;

	for (;;) {
		JSON *reply = NULL;
		BUF out = {0};

		assert_ok(wire_receive(other->fd, &reply, &out, -1, &err));
		if (json_object_text(reply, "progress") != NULL)
			continue;
		*ret_reply = TAKE(reply);
		return;
	}
}

/* REQUEST of another session, with BLOB, until it waits; then prod/db's definition changes by PART, or new/db's. */
static void
change_while(struct bench *bench, struct json *request, struct view blob,
    const struct moment *moment, enum part part, struct json **ret_reply)
{
	static const int quorum[] = {SECOPS, INFRA, -1};
	CLEANUP(json_freep) struct json *owned = request;
	DEFINITION next = {0};
	DSSE statement = {0};
	struct bench other;
	bool live;
	struct err err;

	target_mode(bench, moment->mode);
	say_go(bench, false);
	other_begin(bench, &other);
	assert_ok(wire_send(other.fd, owned, blob, -1, &err));
	wait_for(bench, moment);
	changes_draw(bench, part == MEMBERS ? "new/db" : "prod/db", &next);
	changes_edit(bench, part == MEMBERS ? PROGRAM : part, &next);
	changes_state(bench, &next, 1, &statement);
	assert_ok(changes_send(bench, &statement, quorum, &live, &err));
	assert_true(live);
	say_go(bench, true);
	hear(&other, ret_reply);
	other_end(&other);
}

static void
change_meanwhile(struct bench *bench, struct json *request, const struct moment *moment,
    enum part part, struct json **ret_reply)
{
	change_while(bench, request, (struct view){0}, moment, part, ret_reply);
}

/* The reply has one row that says so. */
static void
expect_busy_of(const struct json *reply, const char *array, const char *debt, const char *why)
{
	struct err err;
	struct json_in in = json_in(reply, "reply", &err);

	if (!json_in_bool(&in, "ok"))
		fail_msg("%s", json_object_text(reply, "text"));
	const struct json *row = json_array_object(json_in_array(&in, array, 1, 1), 0);
	assert_string_equal(json_object_text(row, "code"), "busy");
	assert_non_null(strstr(json_object_text(row, "note"), why));
	if (debt != NULL)
		assert_string_equal(json_object_text(row, "debt"), debt);
}

static void
expect_busy(const struct json *reply, const char *array, const char *debt)
{
	expect_busy_of(reply, array, debt, "definition changed while it was rotated");
}

/* Where the value is after a change: as the host has it now, or as it had it before the lease. */
enum place { AS_IT_IS, AS_IT_WAS, PLACES };

static void
fill(struct bench *bench, const struct night *night, enum part part, enum place place)
{
	BUF calls = {0};

	changes_move(bench, part);
	if (part == HOST || part == ACCOUNT) {
		bench_shell(bench, "cp target/accepts '%s'", bench->target);
		if (place == AS_IT_WAS)
			night_repair(bench, night);
	}
	(void)target_calls(bench, &calls);
}

static void
go_on(struct bench *bench, const struct night *night, enum part part)
{
	BUF calls = {0};
	char code[32], note[600];

	bench->shared->now += WAIT_LONGEST;
	bench_rotate(bench, "prod/db", code, note);
	if (strcmp(code, "ok") != 0)
		fail_msg("%s: %s: %s", part_names[part], code, note);
	night_paid(bench, night);
	if (part == HOST || part == ACCOUNT) {
		changes_return(bench);
		assert_string_equal(target_calls(bench, &calls), "");
	}
}

static void
try_moment(struct bench *bench, const struct moment *moment, enum part part, enum place place,
    const struct night *night)
{
	JSON *reply = NULL;
	BUF calls = {0}, expected = {0};

	bench_restore(bench, "lease");
	bench->shared->no_due = 1; /* until the new place is filled */
	print_message("# %s, at moment %zu\n", part_names[part], (size_t)(moment - moments));
	change_meanwhile(bench, bench_done_message(bench, &night->id), moment, part, &reply);
	expect_busy(reply, "debts", NULL);
	buf_format(&expected, "%s%s", moment->calls, moment->rest);
	assert_string_equal(target_calls(bench, &calls), buf_string(&expected));
	bench_verify(bench);
	fill(bench, night, part, place);
	bench->shared->no_due = 0;
	go_on(bench, night, part);
	changes_return(bench);
}

static void
a_run_ends_where_the_definition_changes_and_the_next_goes_on_by_that(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};

	changes_folders(bench);
	bench_keep(bench, "none");
	night_release(bench, &night);
	bench_keep(bench, "lease");
	for (size_t i = 0; i < ARRAY_SIZE(moments); i++)
		for (enum part part = 0; part < MEMBERS; part++)
			for (enum place place = 0; place < PLACES; place++)
				if ((place == AS_IT_IS || part <= ACCOUNT) &&
				    !(part == STYLE && i >= 4)) /* it has no way on there */
					try_moment(bench, &moments[i], part, place, &night);
	bench_restore(bench, "none");
}

/* Another debt, of new/db, which is due with the one of prod/db. */
static void
owe_another(struct bench *bench)
{
	CLEANUP(credential_box_done) struct credential_box box = {0};
	JSON *reply = NULL;
	BUF accepts = {0};
	struct err err;
	char path[300];

	snprintf(path, sizeof(path), "%s/accepts", bench->target);
	assert_ok(file_read(path, 4096, &accepts, &err));
	buf_text(&accepts, "another-password\n");
	target_accept(bench, buf_string(&accepts));
	bench_box(bench, "new/db", "another-password", &box);
	target_mode(bench,
	    "generate=pass\ngenerate=refuse\n"); /* the first one proves that a probe proves */
	assert_ok(bench_send_box(bench, &box, true, &reply, &err));
	assert_string_equal(json_object_text(reply, "state"), "owed");
}

static void
others_are_rotated_beside_one_whose_definition_changes(void **state)
{
	static const struct moment moment = {"check=wait\napply=one!\n", "check\n", ""};
	struct bench *bench = *state;
	NIGHT night = {0};
	JSON *reply = NULL;
	BUF calls = {0};
	char debt[20];
	struct err err;

	bench_keep(bench, "none");
	changes_bring_about(bench, OWED, &night);
	bench->shared->no_due = 1;
	owe_another(bench);
	(void)target_calls(bench, &calls);
	bench->shared->now += WAIT_LONGEST;
	change_meanwhile(bench, op_new("rotate"), &moment, POLICY, &reply);
	struct json_in in = json_in(reply, "reply", &err);
	if (!json_in_bool(&in, "ok"))
		fail_msg("%s", json_object_text(reply, "text"));
	const struct json *rows = json_in_array(&in, "rotations", 2, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct json *row = json_array_object(rows, i);
		bool changed = strcmp(json_object_text(row, "name"), "prod/db") == 0;

		assert_string_equal(json_object_text(row, "code"), changed ? "busy" : "ok");
	}
	bench_debt(bench, "new/db", debt);
	assert_string_equal(debt, "");
	bench->shared->no_due = 0;
	bench->shared->now += WAIT_LONGEST;
	bench_end(bench);
	bench_due(bench);
	night_paid(bench, &night);
	bench_restore(bench, "none");
}

/* --- What is opened ---------------------------------------------------------------------------- */

/* While somebody waits for the target's debt. */
static void
say_go_soon(struct bench *bench)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return;
	usleep(500000);
	say_go(bench, true);
	_exit(0);
}

/* Its old value was sealed when the run began, and its quorum opens it: no step of that run says otherwise afterwards, and
 * nothing of what either of them has is lost. */
static void
an_ordered_run_ends_where_its_quorum_opens_the_value(void **state)
{
	static const struct moment opened_at[] =
	    {{"check=ok\ncheck=ok\ngenerate=ok\ngenerate=ok\napply=wait\n",
	         "check\ngenerate\ncheck\ngenerate\napply\n", ""},
	        {"probe=wait\n", "check\ngenerate\ncheck\ngenerate\napply\nprobe next\n", ""}};
	struct bench *bench = *state;
	struct err err;

	bench_keep(bench, "none");
	for (size_t i = 0; i < ARRAY_SIZE(opened_at); i++) {
		DSSE statement = {0};
		struct order_item item;
		JSON *request = op_new("rotate-unseen"), *reply = NULL;
		SECRET *credential = NULL;
		struct bench other;
		char debt[20];
		BUF calls = {0};

		(void)target_calls(bench, &calls);
		bench->shared->no_due = 1;
		bench_order(bench, &bench->people[INFRA], "prod/db", &item, &statement);
		target_mode(bench, opened_at[i].mode);
		say_go(bench, false);
		other_begin(bench, &other);
		put_statement(request, "rotate", &statement);
		json_put_hex(request, "secret", VIEW_OF(item.secret.bytes));
		assert_ok(wire_send(other.fd, request, (struct view){0}, -1, &err));
		wait_for(bench, &opened_at[i]);
		struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
		assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
		say_go_soon(bench);
		assert_ok(bench_approve(bench, &bench->people[SECOPS], &id, &err));
		hear(&other, &reply);
		expect_busy_of(reply, "rotations", i == 0 ? "applying" : "expelled",
		    "its quorum opened it while it was rotated");
		other_end(&other);
		assert_ok(bench_open(bench, &bench->people[ALICE], &id, &credential, NULL, &err));
		bench->shared->no_due = 0;
		assert_ok(bench_done(bench, &id, debt, &err));
		assert_string_equal(debt, "retired");
		assert_int_equal(bench_current(bench, "prod/db"), 3);
		bench_verify(bench);
		bench_restore(bench, "none");
	}
}

/* --- What is watched, and what is adopted ---------------------------------------------------- */

static void
a_watch_ends_where_the_definition_changes_and_the_next_goes_on_by_that(void **state)
{
	static const struct moment moment = {"probe=wait\n", "probe next\n", ""};
	struct bench *bench = *state;

	changes_folders(bench);
	bench_keep(bench, "none");
	for (enum part part = 0; part < MEMBERS; part++) {
		NIGHT night = {0};
		struct json *request = op_new("rotate");
		JSON *reply = NULL;
		BUF calls = {0};

		changes_bring_about(bench, WATCHED, &night);
		bench->shared->no_due = 1;
		bench->shared->now += WAIT_LONGEST;
		json_put_text(request, "name", "prod/db");
		change_meanwhile(bench, request, &moment, part, &reply);
		expect_busy(reply, "rotations", "watched");
		(void)target_calls(bench, &calls);
		fill(bench, &night, part, AS_IT_IS);
		bench->shared->no_due = 0;
		go_on(bench, &night, part);
		changes_return(bench);
		bench_restore(bench, "none");
	}
}

static struct json *
adopt_message(const struct credential_box *box)
{
	struct json *request = op_new("adopt");

	put_statement(request, "adopt", &box->adopt);
	json_put_hex(request, "secret", VIEW_OF(box->definition.secret.bytes));
	json_put_hex(request, "enc", VIEW_OF(box->enc.bytes));
	json_put_hex(request, "signature", VIEW_OF(box->signature));
	return request;
}

static void
nothing_is_adopted_by_a_definition_that_changes_meanwhile(void **state)
{
	static const struct moment moment = {"check=wait\n", "check\n", ""};
	struct bench *bench = *state;
	CLEANUP(credential_box_done) struct credential_box box = {0}, again = {0};
	JSON *reply = NULL, *second = NULL;
	BUF calls = {0};
	struct err err;

	bench_keep(bench, "none");
	target_accept(bench, "new-password\n");
	bench_box(bench, "new/db", "new-password", &box);
	assert_ok(bench_propose(bench, &box.statement, 0, -1, &err));
	(void)target_calls(bench, &calls);
	change_while(bench, adopt_message(&box), buf_view(&box.ciphertext), &moment, MEMBERS,
	    &reply);
	assert_string_equal(json_object_text(reply, "code"), "refused");
	assert_non_null(strstr(json_object_text(reply, "text"), "its definition changed"));
	bench_end(bench);
	assert_int_equal(bench_files(bench, "escrow"), 0);
	assert_int_equal(bench_count(bench,
	                     "SELECT count(*) FROM secrets WHERE name = 'new/db' AND newest = 0"),
	    1);
	changes_in_force(bench, "new/db", &again.definition);
	bench_box_value(bench, "new-password", &again);
	assert_ok(bench_send_value(bench, &again, true, &second, &err));
	assert_string_equal(json_object_text(second, "state"), "rotated");
	bench_verify(bench);
	bench_restore(bench, "none");
}

/* What was adopted is there, and owed. */
static void
an_adoption_whose_rotation_is_overtaken_says_that_it_is_owed(void **state)
{
	static const struct moment moment = {"generate=pass\ngenerate=wait\n",
	    "check\nprobe current\ngenerate\nprobe next\ncheck\ngenerate\n", ""};
	struct bench *bench = *state;
	CLEANUP(credential_box_done) struct credential_box box = {0};
	JSON *reply = NULL;
	BUF calls = {0};
	char code[32], note[600];
	struct err err;

	bench_keep(bench, "none");
	target_accept(bench, "new-password\n");
	bench_box(bench, "new/db", "new-password", &box);
	assert_ok(bench_propose(bench, &box.statement, 0, -1, &err));
	(void)target_calls(bench, &calls);
	change_while(bench, adopt_message(&box), buf_view(&box.ciphertext), &moment, MEMBERS,
	    &reply);
	if (json_object_text(reply, "state") == NULL)
		fail_msg("%s", json_object_text(reply, "text"));
	assert_string_equal(json_object_text(reply, "state"), "owed");
	assert_non_null(strstr(json_object_text(reply, "note"), "its definition changed"));
	bench_rotate(bench, "new/db", code, note);
	assert_string_equal(code, "ok");
	bench_end(bench);
	assert_int_equal(bench_files(bench, "escrow"), 0);
	bench_verify(bench);
	bench_restore(bench, "none");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_start, bench_stop)
	const struct CMUnitTest tests[] = {
	    TEST(a_run_ends_where_the_definition_changes_and_the_next_goes_on_by_that),
	    TEST(a_watch_ends_where_the_definition_changes_and_the_next_goes_on_by_that),
	    TEST(nothing_is_adopted_by_a_definition_that_changes_meanwhile),
	    TEST(an_adoption_whose_rotation_is_overtaken_says_that_it_is_owed),
	    TEST(others_are_rotated_beside_one_whose_definition_changes),
	    TEST(an_ordered_run_ends_where_its_quorum_opens_the_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
