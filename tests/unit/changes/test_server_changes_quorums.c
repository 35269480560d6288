/* SPDX-License-Identifier: Apache-2.0 */
/* Whose quorums a change needs, whom it reaches, and what it must leave to them. */
#include <stdio.h>

#include "tests/unit/changes/changes_bench.h"
#include "tests/unit/server/batch_bench.h"
#include "tests/unit/server/spare_bench.h"

/* After a change of policy: the new one's, and that to which the version is still sealed. */
static void
a_change_needs_its_policys_quorum_and_that_of_what_is_sealed(void **state)
{
	static const int wide[] = {SECOPS, INFRA, -1}, both[] = {CISO, CAROL, -1};
	struct bench *bench = *state;
	DEFINITION next = {0};
	DSSE statement = {0}, stale = {0}, right = {0};
	bool live;
	struct err err;

	bench_keep(bench, "none");
	changes_make(bench, POLICY);
	changes_draw_part(bench, HOST, &statement);
	assert_ok(changes_send(bench, &statement, wide, &live, &err));
	assert_false(live); /* enough for the header alone */
	/* One that does not name the header's quorum. */
	changes_draw(bench, "prod/db", &next);
	assert_int_equal(next.change.quorum_count, 1);
	free(next.change.quorums[0]);
	next.change.quorum_count = 0;
	changes_edit(bench, ACCOUNT, &next);
	changes_state(bench, &next, 1, &stale);
	assert_error(ERR_REFUSED, changes_send(bench, &stale, both, &live, &err));
	assert_says("not those to which its versions are sealed today");
	changes_draw_part(bench, ACCOUNT, &right);
	assert_ok(changes_send(bench, &right, both, &live, &err));
	assert_true(live);
	bench_verify(bench);
	bench_restore(bench, "none");
}

/* Of a debt both versions count: the one that was released, and the one that waits for its target. */
static void
a_change_needs_the_quorum_of_each_version_of_a_debt(void **state)
{
	static const int wide[] = {SECOPS, INFRA, -1}, narrow[] = {CISO, CAROL, -1};
	struct bench *bench = *state;
	NIGHT night = {0};
	DEFINITION next = {0};
	DSSE statement = {0}, right = {0};
	bool live;
	struct err err;

	bench_keep(bench, "none");
	night_release(bench, &night);
	changes_make(bench, POLICY);
	target_mode(bench, "apply=lost\nprobe=unreachable\n");
	assert_ok(bench_done(bench, &night.id, night.debt, &err));
	assert_string_equal(night.debt, "applying");
	changes_draw(bench, "prod/db", &next);
	assert_int_equal(next.change.quorum_count, 2);
	changes_edit(bench, PROGRAM, &next);
	snprintf(next.policy, sizeof(next.policy), "production");
	changes_state(bench, &next, 1, &statement);
	assert_ok(changes_send(bench, &statement, wide, &live, &err));
	assert_false(live);
	changes_edit(bench, HOST, &next);
	changes_state(bench, &next, 1, &right);
	assert_ok(changes_send(bench, &right, narrow, &live, &err));
	assert_true(live);
	bench_verify(bench);
	bench_restore(bench, "none");
}

/* What the target refused is in its escrow until the debt is paid. */
static void
a_change_needs_the_quorum_of_what_the_target_refused(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	DEFINITION next = {0};
	struct err err;

	bench_keep(bench, "none");
	night_release(bench, &night);
	changes_make(bench, POLICY);
	target_mode(bench, REJECT_THREE);
	assert_ok(bench_done(bench, &night.id, night.debt, &err));
	assert_string_equal(night.debt, "degraded");
	changes_draw(bench, "prod/db", &next);
	assert_int_equal(next.change.quorum_count, 2);
	bench_restore(bench, "none");
}

static void
add_policy(struct bench *bench, const char *name, const char *quorum)
{
	struct policy *policy = &bench->charter->policies[bench->charter->policy_count++];

	*policy = bench->charter->policies[0];
	snprintf(policy->name, sizeof(policy->name), "%s", name);
	memset(&policy->quorum, 0, sizeof(policy->quorum));
	snprintf(policy->quorum_text, sizeof(policy->quorum_text), "%s", quorum);
	bench_change(bench);
}

static enum err_code
give_policy(struct bench *bench, const char *name, struct err *err)
{
	static const int whole[] = {SECOPS, INFRA, -1};
	DEFINITION next = {0};
	DSSE statement = {0};
	bool live;

	changes_draw(bench, "prod/db", &next);
	snprintf(next.policy, sizeof(next.policy), "%s", name);
	changes_state(bench, &next, 1, &statement);
	TRY(changes_send(bench, &statement, whole, &live, err));
	assert_true(live);
	return ERR_OK;
}

/* audit has no envelope of what is sealed to the others. */
static void
no_change_comes_into_force_under_which_nobody_could_open_it(void **state)
{
	struct bench *bench = *state;
	SECRET *value = NULL;
	struct err err;

	add_policy(bench, "apart", "2 of (audit, ciso)");
	add_policy(bench, "between", "2 of (ciso, secops, infra, carol, audit)");
	size_t begun = changes_begun(bench);
	assert_error(ERR_REFUSED, give_policy(bench, "apart", &err));
	assert_says("nobody could open version 2 under apart");
	/* As that says. */
	assert_ok(give_policy(bench, "between", &err));
	assert_error(ERR_REFUSED, give_policy(bench, "apart", &err));
	struct id reseal = batch_ask(bench, MODE_RESEAL);
	batch_approve(bench, &bench->people[CISO], &reseal);
	batch_approve(bench, &bench->people[SECOPS], &reseal);
	assert_int_equal(bench_current(bench, "prod/db"), 3);
	assert_ok(give_policy(bench, "apart", &err));
	assert_int_equal(changes_begun(bench), begun);
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	assert_ok(bench_approve(bench, &bench->people[AUDIT], &id, &err));
	assert_ok(bench_open(bench, &bench->people[ALICE], &id, &value, NULL, &err));
	assert_true(target_accepts(bench, value));
	bench_verify(bench);
}

/* A version that was handed on to a spare is of another class under another policy, with that spare. */
static void
what_was_handed_on_to_a_spare_stays_so_under_another_policy(void **state)
{
	struct bench *bench = handing_bench();
	SECRET *value = NULL;
	struct err err;

	(void)state;
	handing_run(bench);
	bench_verify(bench);
	changes_make(bench, POLICY);
	bench_verify(bench);
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	assert_ok(handing_approve(bench, &id, &err));
	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	assert_ok(bench_approve(bench, &bench->people[CAROL], &id, &err));
	assert_ok(bench_open(bench, &bench->people[ALICE], &id, &value, NULL, &err));
	assert_true(target_accepts(bench, value));
	bench_verify(bench);
	bench_free(bench);
}

/* Nor one that waits for its target, when that has the other policy's envelopes. */
static void
what_waits_for_its_target_is_not_shut_up_either(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	struct err err;

	add_policy(bench, "apart", "2 of (audit, ciso)");
	changes_bring_about(bench, APPLYING, &night);
	assert_error(ERR_REFUSED, give_policy(bench, "apart", &err));
	assert_says("nobody could open version");
	bench_verify(bench);
}

/* One statement about secrets of several policies needs the quorum of each. */
static void
one_statement_changes_secrets_of_several_policies_by_all_their_quorums(void **state)
{
	static const int wide[] = {SECOPS, INFRA, -1};
	struct bench *bench = *state;
	CLEANUP(credential_box_done) struct credential_box box = {0};
	struct definition rows[2] = {{.revision = 0}};
	JSON *reply = NULL;
	DSSE statement = {0};
	bool live;
	struct err err;

	target_accept(bench, "narrow-password\n");
	bench->policy = "narrow";
	bench_box(bench, "prod/narrow", "narrow-password", &box);
	assert_ok(bench_send_box(bench, &box, false, &reply, &err));
	changes_draw(bench, "prod/db", &rows[0]);
	changes_draw(bench, "prod/narrow", &rows[1]);
	changes_edit(bench, PROGRAM, &rows[0]);
	changes_edit(bench, PROGRAM, &rows[1]);
	changes_state(bench, rows, 2, &statement);
	assert_ok(changes_send(bench, &statement, wide, &live, &err));
	assert_false(live);
	assert_ok(bench_sign(bench, &bench->people[CISO], &statement, &live, &err));
	assert_false(live);
	assert_int_equal(changes_revision(bench, "prod/db"), 1);
	assert_ok(bench_sign(bench, &bench->people[CAROL], &statement, &live, &err));
	assert_true(live);
	assert_int_equal(changes_revision(bench, "prod/db"), 2);
	assert_int_equal(changes_revision(bench, "prod/narrow"), 2);
	bench_verify(bench);
	definition_done(&rows[0]);
	definition_done(&rows[1]);
}

/* A charter ends the drafts that can come into force no more, and no others. */
static void
a_draft_waits_on_under_another_charter_while_that_has_its_policy(void **state)
{
	static const int first[] = {SECOPS, -1};
	struct bench *bench = *state;
	DSSE host = {0}, policy = {0};
	bool live;
	struct err err;

	changes_draw_part(bench, HOST, &host);
	changes_draw_part(bench, POLICY, &policy);
	assert_ok(changes_send(bench, &host, first, &live, &err));
	assert_ok(changes_send(bench, &policy, first, &live, &err));
	bench_charter(bench, 1800);
	assert_int_equal(changes_drafts(bench), 2);
	bench->charter->policy_count = 1; /* narrow goes */
	bench_change(bench);
	assert_int_equal(changes_drafts(bench), 1);
	assert_error(ERR_NOT_FOUND, bench_sign(bench, &bench->people[INFRA], &policy, &live, &err));
	assert_ok(bench_sign(bench, &bench->people[INFRA], &host, &live, &err));
	assert_true(live);
	bench_verify(bench);
}

/* What the signed statement of the last rotation says of the old value's death. */
static enum grade
last_grade(struct bench *bench)
{
	struct json *request = op_new("secret-find");
	JSON *found = NULL;
	DSSE statement = {0};
	struct rotation rotation;
	struct err err;

	json_put_text(request, "name", "prod/db");
	json_put_bool(request, "rotation", true);
	assert_ok(bench_call(bench, request, (struct view){0}, &found, NULL, &err));
	struct json_in in = json_in(found, "reply", &err);

	in_statement(&in, "rotation", &statement);
	assert_int_equal(in.code, ERR_OK);
	assert_ok(rotation_parse(&statement, false, &rotation, &err));
	return rotation.grade;
}

/* Another host says nothing of the one that the value was made for. */
static void
a_value_of_before_is_dead_on_peoples_word_where_its_target_moved(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	char debt[20];
	struct err err;

	changes_folders(bench);
	assert_int_equal(last_grade(bench), GRADE_REFUSED);
	night_release(bench, &night);
	changes_make(bench, HOST);
	changes_move(bench, HOST);
	bench_shell(bench, "cp target/accepts '%s'", bench->target);
	assert_ok(bench_done(bench, &night.id, debt, &err));
	assert_string_equal(debt, "retired");
	assert_int_equal(last_grade(bench), GRADE_ATTESTED);
	changes_return(bench);
	assert_true(target_accepts(bench, night.old)); /* there it lives on */
}

/* A ceremony about several secrets is void by the change of one; a lease of several goes on, and each is paid by its own. */
static void
a_change_of_one_of_several_secrets(void **state)
{
	struct bench *bench = batch_bench(false, 3);
	DEFINITION next = {0}, later = {0};
	DSSE statement = {0}, second = {0};
	SEEN seen = {0};
	static const int quorum[] = {SECOPS, INFRA, -1};
	JSON *reply = NULL;
	bool live;
	struct err err;

	(void)state;
	struct id collecting = batch_ask(bench, MODE_RELEASE);
	changes_draw(bench, "prod/s1", &next);
	changes_edit(bench, PROGRAM, &next);
	changes_state(bench, &next, 1, &statement);
	assert_ok(changes_send(bench, &statement, quorum, &live, &err));
	assert_true(live);
	batch_look(bench, &collecting, &seen);
	assert_string_equal(seen.state, "refused");
	struct id lease = batch_ask(bench, MODE_RELEASE);
	batch_approve(bench, &bench->people[CISO], &lease);
	batch_approve(bench, &bench->people[SECOPS], &lease);
	changes_draw(bench, "prod/s2", &later);
	changes_edit(bench, POLICY, &later);
	changes_state(bench, &later, 1, &second);
	assert_ok(changes_send(bench, &second, quorum, &live, &err));
	assert_true(live);
	batch_look(bench, &lease, &seen);
	assert_string_equal(seen.state, "released");
	target_accept(bench, "password-0\npassword-1\npassword-2\n");
	target_mode(bench, "apply=one!\n");
	assert_ok(bench_call(bench, bench_done_message(bench, &lease), (struct view){0}, &reply,
	    NULL, &err));
	assert_string_equal(json_object_text(reply, "state"), "closed");
	for (int i = 0; i < 3; i++) {
		char name[32], sealed_to[QUORUM_TEXT_MAX + 1];
		struct digest sealed;

		batch_name((size_t)i, name);
		assert_int_equal(changes_earlier(bench, name, &sealed, sealed_to), 0);
		assert_int_equal(strstr(sealed_to, "secops") == NULL, i == 2);
	}
	bench_verify(bench);
	bench_free(bench);
}

/* The program itself verifies the way from what is sealed to what is in force. */
static void
the_program_shows_a_secret_whose_definition_changed_since_it_was_sealed(void **state)
{
	struct bench *bench = *state;

	changes_make(bench, PROGRAM);
	changes_make(bench, POLICY);
	bench_end(bench);
	assert_int_equal(setenv("PROGRAM", BENCH_HALLIGAN, 1), 0);
	bench_shell(bench,
	    "export HOME=$PWD XDG_STATE_HOME=$PWD/state; \"$PROGRAM\" secret show prod/db --vault vault > shown && "
	    "grep -q twin shown && grep -q narrow shown && "
	    "\"$PROGRAM\" secret list --vault vault | grep -q prod/db && "
	    "\"$PROGRAM\" log verify --vault vault > /dev/null");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_start, bench_stop)
	const struct CMUnitTest tests[] = {
	    TEST(a_change_needs_its_policys_quorum_and_that_of_what_is_sealed),
	    TEST(a_change_needs_the_quorum_of_each_version_of_a_debt),
	    TEST(a_change_needs_the_quorum_of_what_the_target_refused),
	    TEST(no_change_comes_into_force_under_which_nobody_could_open_it),
	    cmocka_unit_test(what_was_handed_on_to_a_spare_stays_so_under_another_policy),
	    TEST(what_waits_for_its_target_is_not_shut_up_either),
	    TEST(one_statement_changes_secrets_of_several_policies_by_all_their_quorums),
	    TEST(a_draft_waits_on_under_another_charter_while_that_has_its_policy),
	    TEST(a_value_of_before_is_dead_on_peoples_word_where_its_target_moved),
	    cmocka_unit_test(a_change_of_one_of_several_secrets),
	    TEST(the_program_shows_a_secret_whose_definition_changed_since_it_was_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
