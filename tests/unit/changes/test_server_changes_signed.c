/* SPDX-License-Identifier: Apache-2.0 */
/* Who signs definitions and their changes, and in what order: too few, the same one twice, of yesterday, two at once. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crypto_key.h"
#include "ceremony/protocol/wire.h"
#include "tests/unit/changes/changes_bench.h"

enum { DAYS_14 = 14 * 86400 };

/* --- A new secret --------------------------------------------------------------------------- */

static void
draw_new(struct bench *bench, struct credential_box *ret_box, struct dsse *ret_statement)
{
	bench_box(bench, "new/db", "first-password", ret_box);
	changes_state(bench, &ret_box->definition, 1, ret_statement);
}

static void
expect_undefined(struct bench *bench, const struct credential_box *box)
{
	struct json *request = op_new("secret-find");
	JSON *found = NULL, *adopted = NULL;
	struct err err;

	json_put_text(request, "name", "new/db");
	assert_error(ERR_NOT_FOUND,
	    bench_call(bench, request, (struct view){0}, &found, NULL, &err));
	assert_error(ERR_NOT_FOUND, bench_send_value(bench, box, false, &adopted, &err));
}

static void
with_one_signature_no_program_runs_and_no_leaf_but_the_drafts_is_written(void **state)
{
	static const int alone[][3] = {{INFRA, -1}, {SECOPS, -1}, {SECOPS, CISO, -1}};
	struct bench *bench = *state;
	bool live;
	struct err err;

	bench_keep(bench, "none");
	for (size_t i = 0; i < ARRAY_SIZE(alone); i++) { /* the last two: no operator */
		CLEANUP(credential_box_done) struct credential_box box = {0};
		DSSE statement = {0};
		BUF events = {0};

		draw_new(bench, &box, &statement);
		size_t begun = changes_begun(bench);
		uint64_t leaves = bench_log_size(bench);
		assert_ok(changes_send(bench, &statement, alone[i], &live, &err));
		assert_false(live);
		expect_undefined(bench, &box);
		bench_due(bench);
		assert_int_equal(changes_begun(bench), begun);
		assert_string_equal(changes_events(bench, leaves, &events),
		    alone[i][1] < 0 ? "secret-proposed\n" : "secret-proposed\nsecret-signed\n");
		bench_verify(bench);
		/* With both it is there. */
		assert_ok(bench_sign(bench, &bench->people[i == 0 ? CISO : INFRA], &statement,
		    &live, &err));
		assert_true(live);
		assert_int_equal(changes_revision(bench, "new/db"), 1);
		assert_int_equal(changes_begun(bench), begun);
		assert_string_equal(changes_events(bench, bench_log_size(bench) - 1, &events),
		    "secret\n");
		bench_restore(bench, "none");
	}
}

static void
of_two_drafts_of_one_name_one_comes_into_force(void **state)
{
	static const int first[] = {INFRA, -1};
	struct bench *bench = *state;
	CLEANUP(credential_box_done) struct credential_box a_box = {0}, b_box = {0};
	DSSE a = {0}, b = {0};
	bool live;
	struct err err;

	bench_keep(bench, "none");
	draw_new(bench, &a_box, &a);
	draw_new(bench, &b_box, &b);
	assert_ok(changes_send(bench, &a, first, &live, &err));
	assert_ok(changes_send(bench, &b, first, &live, &err));
	assert_int_equal(changes_drafts(bench), 2);
	assert_ok(bench_sign(bench, &bench->people[CISO], &b, &live, &err));
	assert_true(live);
	assert_int_equal(changes_drafts(bench), 0);
	assert_error(ERR_NOT_FOUND, bench_sign(bench, &bench->people[CISO], &a, &live, &err));
	bench_verify(bench);
	bench_restore(bench, "none");
}

/* --- Two changes ---------------------------------------------------------------------------- */

static void
of_two_changes_of_one_definition_one_comes_into_force(void **state)
{
	static const int first[] = {SECOPS, -1}, whole[] = {SECOPS, INFRA, -1};
	struct bench *bench = *state;
	DSSE a = {0}, b = {0}, again = {0};
	bool live;
	struct err err;

	bench_keep(bench, "none");
	changes_draw_part(bench, HOST, &a);
	changes_draw_part(bench, POLICY, &b);
	assert_ok(changes_send(bench, &a, first, &live, &err));
	assert_ok(changes_send(bench, &b, first, &live, &err));
	assert_ok(bench_sign(bench, &bench->people[INFRA], &b, &live, &err));
	assert_true(live);
	assert_int_equal(changes_drafts(bench), 0);
	assert_error(ERR_NOT_FOUND, bench_sign(bench, &bench->people[INFRA], &a, &live, &err));
	assert_says("no such draft waits");
	/* Nor is it taken anew. */
	assert_int_not_equal(changes_send(bench, &a, whole, &live, &err), ERR_OK);
	assert_int_equal(changes_revision(bench, "prod/db"), 2);
	changes_draw_part(bench, HOST, &again);
	static const int narrow[] = {CISO, CAROL, -1};
	assert_ok(changes_send(bench, &again, narrow, &live, &err));
	assert_true(live);
	assert_int_equal(changes_revision(bench, "prod/db"), 3);
	bench_verify(bench);
	bench_restore(bench, "none");
}

static void
other_end(struct other_server *server)
{
	close(server->to);
	close(server->from);
	assert_int_equal(waitpid(server->pid, NULL, 0), server->pid);
}

static struct json *
sign_message(const struct person *person, const struct dsse *statement)
{
	struct json *request = op_new("sign");
	DSSE copy = {0};
	BUF text = {0};
	struct digest digest;
	struct err err;

	assert_ok(dsse_encode(statement, &text, &err));
	assert_ok(dsse_parse(buf_view(&text), &copy, &err));
	person_sign(person, &copy);
	assert_ok(dsse_digest(&copy, &digest, &err));
	json_put_hex(request, "digest", VIEW_OF(digest.bytes));
	put_signature(request, &copy.signatures[copy.count - 1]);
	return request;
}

/* The last signatures of both, in two sessions, neither of which waits for the other's reply. */
static void
two_sessions_bring_one_of_two_changes_into_force(void **state)
{
	static const int first[] = {SECOPS, -1};
	struct bench *bench = *state;
	struct dsse statements[2] = {{.count = 0}};
	struct err err;
	bool live;

	bench_keep(bench, "none");
	changes_draw_part(bench, HOST, &statements[0]);
	changes_draw_part(bench, POLICY, &statements[1]);
	for (int i = 0; i < 2; i++)
		assert_ok(changes_send(bench, &statements[i], first, &live, &err));
	bench_keep(bench, "waits");
	for (int round = 0; round < 20; round++) {
		struct other_server servers[2];
		int came = 0;

		bench_restore(bench, "waits");
		for (int i = 0; i < 2; i++)
			other_server_start(bench, &servers[i]);
		for (int i = 0; i < 2; i++) {
			JSON *request = sign_message(&bench->people[INFRA], &statements[i]);

			assert_ok(wire_send(servers[i].to, request, (struct view){0}, -1, &err));
		}
		for (int i = 0; i < 2; i++) {
			JSON *reply = NULL;
			BUF out = {0};

			assert_ok(wire_receive(servers[i].from, &reply, &out, -1, &err));
			struct json_in in = json_in(reply, "reply", &err);
			came += json_in_bool(&in, "ok");
			other_end(&servers[i]);
		}
		assert_int_equal(came, 1);
		assert_int_equal(changes_revision(bench, "prod/db"), 2);
		assert_int_equal(changes_drafts(bench), 0);
		bench_verify(bench);
	}
	dsse_done(&statements[0]);
	dsse_done(&statements[1]);
	bench_restore(bench, "none");
}

static void
a_change_to_what_it_is_already_is_refused(void **state)
{
	static const int whole[] = {SECOPS, INFRA, -1};
	struct bench *bench = *state;
	DEFINITION next = {0};
	DSSE same = {0};
	bool live;
	struct err err;
	char ignored[QUORUM_TEXT_MAX + 1];
	struct digest sealed;

	bench_keep(bench, "none");
	changes_draw(bench, "prod/db", &next);
	changes_state(bench, &next, 1, &same);
	assert_error(ERR_EXISTS, changes_send(bench, &same, whole, &live, &err));
	assert_says("nothing would change");
	/* There and back: two changes, each of which is shown. */
	changes_make(bench, PROGRAM);
	DEFINITION back = {0};
	DSSE statement = {0};
	changes_draw(bench, "prod/db", &back);
	changes_use_rotator(&back, "fake");
	changes_state(bench, &back, 1, &statement);
	assert_ok(changes_send(bench, &statement, whole, &live, &err));
	assert_true(live);
	assert_int_equal(changes_revision(bench, "prod/db"), 3);
	assert_int_equal(changes_earlier(bench, "prod/db", &sealed, ignored), 2);
	bench_verify(bench);
	bench_restore(bench, "none");
}

/* --- Second signers --------------------------------------------------------------------------- */

static void
who_signed_first_is_no_second(void **state)
{
	static const int first[] = {SECOPS, -1};
	struct bench *bench = *state;
	DSSE statement = {0};
	bool live;
	struct err err;

	changes_draw_part(bench, HOST, &statement);
	assert_ok(changes_send(bench, &statement, first, &live, &err));
	assert_error(ERR_EXISTS,
	    bench_sign(bench, &bench->people[SECOPS], &statement, &live, &err));
	assert_says("has signed it already");
	assert_int_equal(changes_revision(bench, "prod/db"), 1);
	/* Nor with another token of theirs. */
	bench_spare(bench);
	assert_int_equal(changes_drafts(bench), 1); /* the charter did not end it */
	assert_ok(bench_sign(bench, &bench->people[SECOND], &statement, &live, &err));
	assert_false(live);
	assert_int_equal(changes_revision(bench, "prod/db"), 1);
	assert_ok(bench_sign(bench, &bench->people[INFRA], &statement, &live, &err));
	assert_true(live);
	bench_verify(bench);
}

/* The requester of what waits for officers may sign, and has it void by that. */
static void
a_requester_who_signs_opens_nothing_by_it(void **state)
{
	static const int both[] = {CAROL, INFRA, -1};
	struct bench *bench = *state;
	struct id id = bench_request(bench, &bench->people[CAROL], "prod/db");
	DSSE statement = {0};
	SHOWN shown = {0};
	bool live;
	struct err err;

	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	changes_draw_part(bench, HOST, &statement);
	assert_ok(changes_send(bench, &statement, both, &live, &err));
	assert_true(live);
	bench_show(bench, &id, &shown);
	assert_string_equal(shown.state, "refused");
	assert_string_equal(shown.reason, "the definition of a secret changed");
	bench_verify(bench);
}

static void
a_token_suspended_since_brings_nothing_into_force(void **state)
{
	static const int first[] = {SECOPS, -1};
	struct bench *bench = *state;
	DSSE statement = {0};
	bool live;
	struct err err;

	bench_keep(bench, "none");
	changes_draw_part(bench, HOST, &statement);
	for (int second = 0; second < 2; second++) {
		assert_ok(changes_send(bench, &statement, first, &live, &err));
		assert_ok(bench_suspend(bench, CISO, second ? CAROL : SECOPS, &err));
		assert_int_equal(changes_drafts(bench), second);
		assert_error(second ? ERR_REFUSED : ERR_NOT_FOUND,
		    bench_sign(bench, &bench->people[second ? CAROL : INFRA], &statement, &live,
		        &err));
		assert_int_equal(changes_revision(bench, "prod/db"), 1);
		bench_verify(bench);
		bench_restore(bench, "none");
	}
}

static void
nobody_of_another_vault_signs(void **state)
{
	static const int first[] = {SECOPS, -1}, whole[] = {SECOPS, INFRA, -1};
	struct bench *bench = *state;
	DSSE statement = {0}, foreign = {0};
	const struct digest own = bench->vault_id;
	DEFINITION next = {0};
	bool live;
	struct err err;

	changes_draw_part(bench, HOST, &statement);
	assert_ok(changes_send(bench, &statement, first, &live, &err));
	uint64_t leaves = bench_log_size(bench);
	assert_error(ERR_REFUSED,
	    bench_sign(bench, &bench->people[OTHER], &statement, &live, &err));
	assert_error(ERR_REFUSED,
	    bench_sign(bench, &bench->people[ALICE], &statement, &live, &err));
	changes_draw(bench, "prod/db", &next);
	changes_edit(bench, ACCOUNT, &next);
	bench->vault_id.bytes[0] ^= 1;
	changes_state(bench, &next, 1, &foreign);
	bench->vault_id = own;
	assert_error(ERR_REFUSED, changes_send(bench, &foreign, whole, &live, &err));
	assert_says("secret: vault: it is for another vault");
	assert_int_equal(bench_log_size(bench), leaves);
}

static void
a_draft_counts_for_two_weeks(void **state)
{
	static const int first[] = {SECOPS, -1};
	struct bench *bench = *state;
	DSSE statement = {0};
	bool live;
	struct err err;

	bench_keep(bench, "none");
	changes_draw_part(bench, HOST, &statement);
	assert_ok(changes_send(bench, &statement, first, &live, &err));
	bench->shared->now += DAYS_14;
	assert_error(ERR_EXPIRED,
	    bench_sign(bench, &bench->people[INFRA], &statement, &live, &err));
	assert_int_equal(changes_revision(bench, "prod/db"), 1);
	bench_restore(bench, "none");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_start, bench_stop)
	const struct CMUnitTest tests[] = {
	    TEST(with_one_signature_no_program_runs_and_no_leaf_but_the_drafts_is_written),
	    TEST(of_two_drafts_of_one_name_one_comes_into_force),
	    TEST(of_two_changes_of_one_definition_one_comes_into_force),
	    TEST(two_sessions_bring_one_of_two_changes_into_force),
	    TEST(a_change_to_what_it_is_already_is_refused),
	    TEST(who_signed_first_is_no_second),
	    TEST(a_requester_who_signs_opens_nothing_by_it),
	    TEST(a_token_suspended_since_brings_nothing_into_force),
	    TEST(nobody_of_another_vault_signs),
	    TEST(a_draft_counts_for_two_weeks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
