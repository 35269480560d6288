/* SPDX-License-Identifier: Apache-2.0 */
/* ceremony/server/server.c: whole ceremonies against a real server, and everything that it must refuse. */
#include "tests/unit/server/server_bench.h"

#include <stdio.h>

#include "base/file.h"
#include "base/text.h"

static struct person *
who(struct bench *bench, int index)
{
	return &bench->people[index];
}

/* Each test leaves no ceremony open and no debt unpaid. */
static struct id
request(struct bench *bench)
{
	return bench_request(bench, who(bench, ALICE), "prod/db");
}

static void
assert_state(struct bench *bench, const struct id *id, const char *state)
{
	SHOWN shown = {0};

	bench_show(bench, id, &shown);
	assert_string_equal(shown.state, state);
}

static void
cancel(struct bench *bench, const struct id *id)
{
	struct err err;

	assert_ok(bench_object(bench, who(bench, ALICE), id, STATEMENT_CANCEL, &err));
}

/* --- The way it should go ----------------------------------------------------------------- */

static void
a_quorum_releases_once_and_done_replaces_the_credential(void **state)
{
	struct bench *bench = *state;
	struct err err;
	SECRET *first = NULL, *second = NULL;
	BUF box = {0}, again = {0}, calls = {0};
	char debt[20];
	uint32_t before = bench_current(bench, "prod/db");
	struct id id = request(bench);

	assert_ok(bench_approve(bench, who(bench, CISO), &id, &err));
	assert_error(ERR_WAITING, bench_open(bench, who(bench, ALICE), &id, &first, NULL, &err));
	assert_ok(bench_approve(bench, who(bench, SECOPS), &id, &err));
	assert_ok(bench_open(bench, who(bench, ALICE), &id, &first, &box, &err));
	bench_end(bench); /* another session gives the same bytes */
	assert_ok(bench_open(bench, who(bench, ALICE), &id, &second, &again, &err));
	assert_view(buf_view(&again), buf_view(&box));
	assert_true(secret_equal(first, second));
	assert_true(target_accepts(bench, first));
	(void)target_calls(bench, &calls);
	assert_ok(bench_done(bench, &id, debt, &err));
	assert_string_equal(debt, "retired");
	assert_string_equal(target_calls(bench, &calls),
	    "check\ngenerate\napply\nexpel\nprobe next\nprobe current\n");
	assert_false(target_accepts(bench, first));
	assert_int_equal(bench_current(bench, "prod/db"), before + 1);
	assert_error(ERR_EXPIRED, bench_open(bench, who(bench, ALICE), &id, &second, NULL, &err));
	assert_state(bench, &id, "closed");
	assert_int_equal(bench_files(bench, "ceremony"), 0);
	assert_int_equal(bench_files(bench, "escrow"), 0);
	bench_verify(bench);
}

static void
a_lease_that_expires_is_rotated_by_the_next_session(void **state)
{
	struct bench *bench = *state;
	struct err err;
	SECRET *credential = NULL, *late = NULL;
	struct id id = request(bench);

	assert_ok(bench_approve(bench, who(bench, CISO), &id, &err));
	assert_ok(bench_approve(bench, who(bench, INFRA), &id, &err));
	assert_ok(bench_open(bench, who(bench, ALICE), &id, &credential, NULL, &err));
	bench->shared->now += 600;
	/* Decided when asked, not by whoever comes by to clean up. */
	assert_error(ERR_EXPIRED, bench_open(bench, who(bench, ALICE), &id, &late, NULL, &err));
	assert_true(target_accepts(bench, credential));
	bench_end(bench);
	assert_state(bench, &id, "closed");
	assert_false(target_accepts(bench, credential));
}

static void
a_credential_sealed_to_one_seat_is_for_its_tokens_only(void **state)
{
	struct bench *bench = *state;
	struct err err;
	char debt[20];
	SECRET *credential = NULL;
	struct id id = request(bench);

	assert_ok(bench_approve(bench, who(bench, CISO), &id, &err));
	assert_ok(bench_approve(bench, who(bench, SECOPS), &id, &err));
	assert_error(ERR_REFUSED,
	    bench_open(bench, who(bench, CAROL), &id, &credential, NULL, &err));
	assert_says("only the recipients that the request of \"alice\" names");
	assert_ok(bench_done(bench, &id, debt, &err));
}

static void
of_two_open_ceremonies_the_second_becomes_void(void **state)
{
	struct bench *bench = *state;
	struct err err;
	SHOWN shown = {0};
	char debt[20];
	struct id one = request(bench), two = bench_request(bench, who(bench, CAROL), "prod/db");

	assert_ok(bench_approve(bench, who(bench, CISO), &two, &err));
	assert_ok(bench_approve(bench, who(bench, CISO), &one, &err));
	assert_ok(bench_approve(bench, who(bench, SECOPS), &one, &err));
	assert_error(ERR_REFUSED, bench_approve(bench, who(bench, SECOPS), &two, &err));
	bench_show(bench, &two, &shown);
	assert_string_equal(shown.state, "refused");
	assert_string_equal(shown.reason, "another ceremony opened the version");
	assert_ok(bench_done(bench, &one, debt, &err));
	bench_verify(bench);
}

static void
an_unpaid_debt_keeps_new_requests_away(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct request again;
	struct id id = request(bench), other;
	char debt[20];

	assert_ok(bench_approve(bench, who(bench, CISO), &id, &err));
	assert_ok(bench_approve(bench, who(bench, SECOPS), &id, &err));
	bench_request_make(bench, who(bench, CAROL), "prod/db", &again);
	assert_error(ERR_REFUSED,
	    bench_request_send(bench, who(bench, CAROL), &again, &other, &err));
	assert_says("unpaid rotation debt");
	assert_says("halligan rotate prod/db");
	assert_ok(bench_done(bench, &id, debt, &err));
}

/* --- Approvals that must not count -------------------------------------------------------- */

static void
the_requester_never_approves(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct id id = bench_request(bench, who(bench, CAROL), "prod/db");

	assert_error(ERR_REFUSED, bench_approve(bench, who(bench, CAROL), &id, &err));
	assert_says("seat \"carol\" is the requester");
	assert_ok(bench_object(bench, who(bench, CAROL), &id, STATEMENT_CANCEL, &err));
}

static void
a_seat_approves_once(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct id id = request(bench);

	assert_ok(bench_approve(bench, who(bench, CISO), &id, &err));
	assert_error(ERR_EXISTS, bench_approve(bench, who(bench, CISO), &id, &err));
	assert_says("seat \"ciso\" has approved already");
	assert_state(bench, &id, "collecting");
	cancel(bench, &id);
}

static void
an_officer_outside_the_quorum_is_told_so(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct id id = request(bench);

	assert_error(ERR_REFUSED, bench_approve(bench, who(bench, AUDIT), &id, &err));
	assert_says("was not sealed to this token of audit");
	assert_error(ERR_REFUSED, bench_approve(bench, who(bench, ALICE), &id, &err));
	cancel(bench, &id);
}

static void
an_approval_is_for_one_ceremony(void **state)
{
	struct bench *bench = *state;
	struct err err;
	SHOWN first = {0}, second = {0};
	APPROVING approving = {0};
	struct id one = request(bench), two = request(bench);

	bench_show(bench, &one, &first);
	bench_show(bench, &two, &second);
	approving_draw(bench, who(bench, CISO), &first, &approving);
	approving_sign(&approving);
	assert_error(ERR_REFUSED, approving_send(bench, &second, &approving, &err));
	assert_says("it is for another ceremony");
	cancel(bench, &one);
	cancel(bench, &two);
}

static void
a_late_approval_counts_for_nothing_and_the_next_session_ends_the_ceremony(void **state)
{
	struct bench *bench = *state;
	struct err err;
	SHOWN shown = {0};
	APPROVING approving = {0};
	struct id id = request(bench);

	assert_ok(bench_approve(bench, who(bench, CISO), &id, &err));
	bench_show(bench, &id, &shown);
	approving_draw(bench, who(bench, SECOPS), &shown, &approving);
	approving_sign(&approving);
	bench->shared->now = shown.ceremony.deadline - 1;
	assert_ok(approving_send(bench, &shown, &approving, &err));
	bench->shared->now = shown.ceremony.deadline;
	assert_error(ERR_EXPIRED, approving_finish(bench, &shown, &approving, &err));
	assert_says("too late");
	assert_ok(bench_hello(bench, &err));
	bench_show(bench, &id, &shown);
	assert_string_equal(shown.state, "refused");
	assert_true(shown.part_exposed);
	assert_int_equal(bench_files(bench, "ceremony"), 0);
}

static void
a_token_of_nobody_and_a_token_of_another_seat_are_refused(void **state)
{
	struct bench *bench = *state;
	struct err err;
	SHOWN shown = {0};
	struct id id = request(bench);

	bench_show(bench, &id, &shown);
	{
		APPROVING approving = {0};

		approving_draw(bench, who(bench, CISO), &shown, &approving);
		approving.approval.token.bytes[0] ^= 1;
		approving_sign(&approving);
		assert_error(ERR_REFUSED, approving_send(bench, &shown, &approving, &err));
		assert_says("no active token of seat \"ciso\"");
	}
	{
		APPROVING approving = {0};

		approving_draw(bench, who(bench, CISO), &shown, &approving);
		snprintf(approving.approval.seat, sizeof(approving.approval.seat), "secops");
		approving_sign(&approving);
		assert_error(ERR_REFUSED, approving_send(bench, &shown, &approving, &err));
		assert_says("no active token of seat \"secops\"");
	}
	cancel(bench, &id);
}

/* Change one byte and it is void: in the payload, the signature, the key's name. */
static void
a_changed_approval_is_refused_and_nothing_is_handed_out(void **state)
{
	struct bench *bench = *state;
	struct err err;
	SHOWN shown = {0};
	struct id id = request(bench);

	bench_show(bench, &id, &shown);
	for (int i = 0; i < 3; i++) {
		APPROVING approving = {0};

		approving_draw(bench, who(bench, CISO), &shown, &approving);
		approving_sign(&approving);
		struct dsse *statement = &approving.statement;
		uint8_t *digit =
		    &statement->payload.data[statement->payload.size - 3]; /* of the nonce */
		if (i == 0)
			*digit = *digit == '0' ? '1' : '0';
		else if (i == 1)
			statement->signatures[0].sig[20] ^= 1;
		else
			statement->signatures[0].keyid[0] ^= 1;
		assert_int_not_equal(approving_send(bench, &shown, &approving, &err), ERR_OK);
		assert_says("seat \"ciso\"");
	}
	bench_show(bench, &id, &shown);
	assert_string_equal(shown.state, "collecting");
	cancel(bench, &id);
}

static void
a_bad_share_is_named_at_once_and_the_ceremony_goes_on(void **state)
{
	struct bench *bench = *state;
	struct err err;
	SHOWN shown = {0};
	APPROVING approving = {0}, other = {0};
	SECRET *credential = NULL;
	char debt[20];
	struct id id = request(bench);

	bench_show(bench, &id, &shown);
	approving_draw(bench, who(bench, CISO), &shown, &approving);
	approving_sign(&approving);
	assert_ok(approving_send(bench, &shown, &approving, &err));
	approving.ciphertext.data[3] ^= 1;
	assert_error(ERR_INTEGRITY, approving_finish(bench, &shown, &approving, &err));
	assert_says("the shares of seat \"ciso\"");
	approving.ciphertext.data[3] ^= 1;
	/* Right in form and sealed under what it signed, but not its shares. */
	approving_draw(bench, who(bench, SECOPS), &shown, &other);
	approving_sign(&other);
	other.spoil = true;
	assert_ok(approving_send(bench, &shown, &other, &err));
	assert_error(ERR_INTEGRITY, approving_finish(bench, &shown, &other, &err));
	assert_says("the shares of seat \"secops\"");
	assert_state(bench, &id, "collecting");
	assert_ok(approving_finish(bench, &shown, &approving, &err));
	assert_ok(bench_approve(bench, who(bench, SECOPS), &id, &err));
	assert_ok(bench_open(bench, who(bench, ALICE), &id, &credential, NULL, &err));
	assert_ok(bench_done(bench, &id, debt, &err));
}

static void
an_officer_who_saw_another_log_is_an_alarm(void **state)
{
	struct bench *bench = *state;
	struct err err;
	SHOWN shown = {0};
	struct id id = request(bench);

	bench_show(bench, &id, &shown);
	for (int i = 0; i < 2; i++) {
		APPROVING approving = {0};

		approving_draw(bench, who(bench, CISO), &shown, &approving);
		if (i == 0)
			approving.approval.size += 5;
		else
			approving.approval.root.bytes[0] ^= 1;
		approving_sign(&approving);
		assert_error(ERR_INTEGRITY, approving_send(bench, &shown, &approving, &err));
		assert_says(i == 0 ? "an old database was restored" : "another log");
	}
	cancel(bench, &id);
}

/* --- Denials and cancelling --------------------------------------------------------------- */

static void
a_denial_ends_only_what_the_others_cannot_meet(void **state)
{
	struct bench *bench = *state;
	struct err err;
	SHOWN shown = {0};
	struct id id = request(bench);

	assert_ok(bench_object(bench, who(bench, CISO), &id, STATEMENT_DENIAL, &err));
	assert_error(ERR_EXISTS,
	    bench_object(bench, who(bench, CISO), &id, STATEMENT_DENIAL, &err));
	assert_error(ERR_REFUSED, bench_approve(bench, who(bench, CISO), &id, &err));
	assert_says("seat \"ciso\" has denied it");
	bench_show(bench, &id, &shown);
	assert_string_equal(shown.state, "collecting");
	assert_string_equal(shown.missing, "2 more of secops, infra, carol");
	assert_ok(bench_object(bench, who(bench, SECOPS), &id, STATEMENT_DENIAL, &err));
	assert_state(bench, &id, "collecting");
	assert_ok(bench_object(bench, who(bench, INFRA), &id, STATEMENT_DENIAL, &err));
	bench_show(bench, &id, &shown);
	assert_string_equal(shown.state, "refused");
	assert_int_equal(bench_files(bench, "ceremony"), 0);
	assert_error(ERR_REFUSED, bench_approve(bench, who(bench, CAROL), &id, &err));
}

static void
a_denial_takes_back_an_approval(void **state)
{
	struct bench *bench = *state;
	struct err err;
	SHOWN shown = {0};
	struct id id = request(bench);

	assert_ok(bench_approve(bench, who(bench, CISO), &id, &err));
	assert_ok(bench_object(bench, who(bench, CISO), &id, STATEMENT_DENIAL, &err));
	bench_show(bench, &id, &shown);
	assert_string_equal(shown.missing, "2 more of secops, infra, carol");
	assert_ok(bench_approve(bench, who(bench, SECOPS), &id, &err));
	assert_state(bench, &id, "collecting");
	cancel(bench, &id);
}

static void
only_the_requester_cancels(void **state)
{
	struct bench *bench = *state;
	struct err err;
	SHOWN shown = {0};
	struct id id = request(bench);

	assert_error(ERR_REFUSED,
	    bench_object(bench, who(bench, CISO), &id, STATEMENT_CANCEL, &err));
	assert_says("only the requester, seat \"alice\"");
	assert_error(ERR_REFUSED,
	    bench_object(bench, who(bench, ALICE), &id, STATEMENT_DENIAL, &err));
	assert_state(bench, &id, "collecting");
	cancel(bench, &id);
	bench_show(bench, &id, &shown);
	assert_string_equal(shown.state, "refused");
	assert_string_equal(shown.reason, "cancelled by alice: \"not like this\"");
	assert_error(ERR_REFUSED,
	    bench_object(bench, who(bench, ALICE), &id, STATEMENT_CANCEL, &err));
	assert_int_equal(bench_files(bench, "ceremony"), 0);
}

static void
a_new_charter_voids_every_open_ceremony(void **state)
{
	struct bench *bench = *state;
	struct err err;
	SHOWN shown = {0};
	SECRET *credential = NULL;
	char debt[20];
	struct id id = request(bench);

	assert_ok(bench_approve(bench, who(bench, CISO), &id, &err));
	bench_charter(bench, 1800);
	bench_show(bench, &id, &shown);
	assert_string_equal(shown.state, "refused");
	assert_true(shown.part_exposed);
	assert_int_equal(bench_files(bench, "ceremony"), 0);
	assert_error(ERR_REFUSED, bench_approve(bench, who(bench, SECOPS), &id, &err));
	/* What was sealed under the old one opens under the new one. */
	id = request(bench);
	assert_ok(bench_approve(bench, who(bench, CISO), &id, &err));
	assert_ok(bench_approve(bench, who(bench, SECOPS), &id, &err));
	assert_ok(bench_open(bench, who(bench, ALICE), &id, &credential, NULL, &err));
	assert_ok(bench_done(bench, &id, debt, &err));
	assert_string_equal(debt, "retired");
	bench_verify(bench);
}

/* --- Requests ----------------------------------------------------------------------------- */

static void
a_request_that_names_anything_else_is_refused(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct request right, wrong;
	struct id id;
	struct person *alice = who(bench, ALICE);
	const struct seat_token *carol = &who(bench, CAROL)->seat.tokens[0];
	const struct recipient carols = {carol->id, carol->keys[KEY_RELEASE]};
	const struct point wrong_key = alice->seat.tokens[0].keys[KEY_SIGN];

	bench_request_make(bench, alice, "prod/db", &right);
#define REFUSED(code, change, says)                                                                \
	do {                                                                                       \
		struct item item = right.items.rows[0];                                            \
                                                                                                   \
		wrong = right;                                                                     \
		wrong.items.rows = &item;                                                          \
		change;                                                                            \
		assert_error(code, bench_request_send(bench, alice, &wrong, &id, &err));           \
		assert_says(says);                                                                 \
	} while (0)
	REFUSED(ERR_REFUSED, wrong.vault.bytes[0] ^= 1, "request: vault");
	REFUSED(ERR_NOT_FOUND, item.secret.bytes[0] ^= 1, "items[0]: secret");
	REFUSED(ERR_REFUSED, item.name[0] = 'x', "items[0]: name");
	REFUSED(ERR_REFUSED, item.definition.bytes[0] ^= 1, "items[0]: definition");
	REFUSED(ERR_REFUSED, item.header.bytes[0] ^= 1, "items[0]: header");
	REFUSED(ERR_REFUSED, item.version--, "items[0]: version");
	REFUSED(ERR_REFUSED, snprintf(wrong.seat, sizeof(wrong.seat), "nobody"), "request: seat");
	REFUSED(ERR_REFUSED, snprintf(wrong.seat, sizeof(wrong.seat), "ciso"), "role responder");
	REFUSED(ERR_REFUSED, snprintf(wrong.seat, sizeof(wrong.seat), "carol"), "request: token");
	REFUSED(ERR_REFUSED, wrong.recipients.rows[0].token.bytes[0] ^= 1, "recipients[0]");
	REFUSED(ERR_REFUSED, wrong.recipients.rows[0].key = wrong_key, "recipients[0]: the key");
	REFUSED(ERR_REFUSED, wrong.recipients.rows[0] = carols, "recipients[0]");
	REFUSED(ERR_REFUSED, wrong.mode = MODE_DRILL, "request: mode");
	REFUSED(ERR_REFUSED, wrong.duration = 3601, "request: duration");
	REFUSED(ERR_EXPIRED, (wrong.created -= 5, wrong.expires = bench->shared->now),
	    "has expired");
	REFUSED(ERR_REFUSED, wrong.created += 300, "the asking computer's clock says 2026-01-01");
	REFUSED(ERR_REFUSED, wrong.expires += 3600, "request: expires");
	REFUSED(ERR_INVALID, wrong.reason[0] = '\0', "reason");
#undef REFUSED
	/* Another's signature under the right words. */
	assert_error(ERR_REFUSED, bench_request_send(bench, who(bench, CAROL), &right, &id, &err));
	assert_ok(bench_request_send(bench, alice, &right, &id, &err));
	cancel(bench, &id);
}

static void
a_request_is_accepted_once(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct request wanted;
	JSON *payload = NULL, *first = NULL, *second = NULL;
	DSSE statement = {0};
	struct id id;

	bench_request_make(bench, who(bench, ALICE), "prod/db", &wanted);
	assert_ok(request_payload(&wanted, &payload, &err));
	assert_ok(statement_new(STATEMENT_REQUEST, false, payload, &statement, &err));
	person_sign(who(bench, ALICE), &statement);
	struct json *message = op_new("request");
	put_statement(message, "request", &statement);
	json_put_bool(message, "another", true);
	assert_ok(bench_call(bench, message, (struct view){0}, &first, NULL, &err));
	assert_true(text_from_hex(json_object_text(first, "id"), id.bytes, ID_SIZE));
	cancel(bench, &id);
	message = op_new("request");
	put_statement(message, "request", &statement);
	json_put_bool(message, "another", true);
	assert_error(ERR_EXISTS, bench_call(bench, message, (struct view){0}, &second, NULL, &err));
	assert_int_equal(bench_files(bench, "ceremony"), 0);
}

static void
a_request_whose_own_seat_is_needed_is_refused(void **state)
{
	struct bench *bench = *state;
	struct err err;
	CLEANUP(credential_box_done) struct credential_box box = {0};
	JSON *reply = NULL;
	struct request wanted;
	struct id id;

	target_accept(bench, "narrow-password\n");
	bench->policy = "narrow";
	bench_box(bench, "narrow/db", "narrow-password", &box);
	bench->policy = "production";
	assert_ok(bench_send_box(bench, &box, false, &reply, &err));
	bench_request_make(bench, who(bench, CAROL), "narrow/db", &wanted);
	assert_error(ERR_REFUSED, bench_request_send(bench, who(bench, CAROL), &wanted, &id, &err));
	assert_says("cannot be met without your own seat \"carol\"");
	bench_request_make(bench, who(bench, ALICE), "narrow/db", &wanted);
	assert_ok(bench_request_send(bench, who(bench, ALICE), &wanted, &id, &err));
	cancel(bench, &id);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_quorum_releases_once_and_done_replaces_the_credential),
	    cmocka_unit_test(a_lease_that_expires_is_rotated_by_the_next_session),
	    cmocka_unit_test(a_credential_sealed_to_one_seat_is_for_its_tokens_only),
	    cmocka_unit_test(of_two_open_ceremonies_the_second_becomes_void),
	    cmocka_unit_test(an_unpaid_debt_keeps_new_requests_away),
	    cmocka_unit_test(the_requester_never_approves),
	    cmocka_unit_test(a_seat_approves_once),
	    cmocka_unit_test(an_officer_outside_the_quorum_is_told_so),
	    cmocka_unit_test(an_approval_is_for_one_ceremony),
	    cmocka_unit_test(
	        a_late_approval_counts_for_nothing_and_the_next_session_ends_the_ceremony),
	    cmocka_unit_test(a_token_of_nobody_and_a_token_of_another_seat_are_refused),
	    cmocka_unit_test(a_changed_approval_is_refused_and_nothing_is_handed_out),
	    cmocka_unit_test(a_bad_share_is_named_at_once_and_the_ceremony_goes_on),
	    cmocka_unit_test(an_officer_who_saw_another_log_is_an_alarm),
	    cmocka_unit_test(a_denial_ends_only_what_the_others_cannot_meet),
	    cmocka_unit_test(a_denial_takes_back_an_approval),
	    cmocka_unit_test(only_the_requester_cancels),
	    cmocka_unit_test(a_new_charter_voids_every_open_ceremony),
	    cmocka_unit_test(a_request_that_names_anything_else_is_refused),
	    cmocka_unit_test(a_request_is_accepted_once),
	    cmocka_unit_test(a_request_whose_own_seat_is_needed_is_refused),
	};
	return cmocka_run_group_tests(tests, bench_start, bench_stop);
}
