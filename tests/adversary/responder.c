/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A responder: alice, who has a seat in the roster and a token of her own, asks when she likes, and may be given a
 * credential.  Where it takes somebody who is an officer as well, carol.
 */
#include <stdio.h>

#include "tests/adversary/stage.h"

/* PERSON's request, sent as it is; true: it has become a ceremony. */
static bool
ask(struct bench *bench, const struct person *person, const struct request *request,
    struct err *why)
{
	int64_t before = stage_rows(bench, "ceremonies");
	struct id id;

	(void)!bench_request_send(bench, person, request, &id, why);
	return stage_rows(bench, "ceremonies") > before;
}

/* alice's, as an honest client makes it; what is asked for is bench->asked. */
static struct request
draw(struct bench *bench)
{
	struct request request;

	bench_request_make(bench, &bench->people[ALICE], "prod/db", &request);
	return request;
}

/* --- More than is hers ------------------------------------------------------------------------ */

static bool
a_lease_is_longer_than_its_policy_allows(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct request request = draw(bench);

	request.duration = 36000;
	return ask(bench, &bench->people[ALICE], &request, why);
}

static bool
a_request_waits_for_officers_for_a_week(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct request request = draw(bench);

	request.expires = request.created + 7 * 86400;
	return ask(bench, &bench->people[ALICE], &request, why);
}

static bool
a_request_is_signed_for_a_later_day(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct request request = draw(bench);

	request.created += 600;
	return ask(bench, &bench->people[ALICE], &request, why);
}

static bool
a_request_of_yesterday_is_taken_today(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct request request = draw(bench);

	bench->shared->now += 86400;
	return ask(bench, &bench->people[ALICE], &request, why);
}

static bool
a_release_goes_to_a_token_that_nobody_admitted(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct request request = draw(bench);
	const struct seat_token *other = &bench->people[OTHER].seat.tokens[0];

	request.recipients.rows[0] = (struct recipient){other->id, other->keys[KEY_RELEASE]};
	return ask(bench, &bench->people[ALICE], &request, why);
}

static bool
a_release_goes_to_a_key_beside_her_token(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct request request = draw(bench);

	request.recipients.rows[0].key = bench->people[OTHER].seat.tokens[0].keys[KEY_RELEASE];
	return ask(bench, &bench->people[ALICE], &request, why);
}

static bool
a_release_goes_to_another_seat_too(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct request request = draw(bench);
	const struct seat_token *carol = &bench->people[CAROL].seat.tokens[0];

	request.recipients.rows[request.recipients.count++] =
	    (struct recipient){carol->id, carol->keys[KEY_RELEASE]};
	return ask(bench, &bench->people[ALICE], &request, why);
}

static bool
a_responder_asks_in_an_operator_s_mode(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct request request = draw(bench);

	request.mode = MODE_RESEAL;
	request.recipients.count = 0;
	request.duration = 0;
	request.incident[0] = '\0';
	return ask(bench, &bench->people[ALICE], &request, why);
}

/* --- Something else than officers see --------------------------------------------------------- */

/* That of a harmless secret, which officers would read. */
static bool
a_request_names_another_definition(void *stage, struct err *why)
{
	struct bench *bench = stage;
	CLEANUP(credential_box_done) struct credential_box box = {0};
	struct err err;

	bench_box(bench, "test/toy", "a-password", &box);
	assert_ok(bench_propose(bench, &box.statement, 0, -1, &err));
	struct request request = draw(bench);
	bench->asked.definition = box.definition.digest;
	return ask(bench, &bench->people[ALICE], &request, why);
}

static bool
a_request_names_another_header(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct request request = draw(bench);

	bench->asked.header.bytes[0] ^= 1;
	return ask(bench, &bench->people[ALICE], &request, why);
}

static bool
a_request_calls_the_secret_by_a_harmless_name(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct request request = draw(bench);

	snprintf(bench->asked.name, sizeof(bench->asked.name), "test/toy");
	return ask(bench, &bench->people[ALICE], &request, why);
}

static bool
a_request_names_a_secret_twice(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct request request = draw(bench);
	struct item rows[] = {bench->asked, bench->asked};

	request.items = (struct items){rows, ARRAY_SIZE(rows)};
	return ask(bench, &bench->people[ALICE], &request, why);
}

/* As JSON lets one write it, where no client of ours would. */
static bool
a_reason_clears_the_screens_of_officers(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct request request = draw(bench);
	struct json *payload = NULL;
	JSON *reply = NULL;
	DSSE statement = {0};
	struct json *message = op_new("request");
	struct err err;

	snprintf(request.reason, sizeof(request.reason), "ESCAPE[2J");
	assert_ok(request_payload(&request, &payload, &err));
	stage_state(STATEMENT_REQUEST, payload, NULL, &statement);
	uint8_t *at = memmem(statement.payload.data, statement.payload.size, "ESCAPE", 6);
	assert_non_null(at);
	memcpy(at, "\\u001b", 6);
	person_sign(&bench->people[ALICE], &statement);
	put_statement(message, "request", &statement);
	json_put_bool(message, "another", true);
	(void)!bench_call(bench, message, (struct view){0}, &reply, NULL, why);
	return stage_rows(bench, "ceremonies") > 0;
}

/* --- More than once --------------------------------------------------------------------------- */

static bool
a_value_is_asked_for_again_while_it_is_out(void *stage, struct err *why)
{
	struct bench *bench = stage;

	(void)stage_released(bench, ALICE);
	struct request request = draw(bench);
	return ask(bench, &bench->people[ALICE], &request, why);
}

/* Both were asked for before one was released. */
static bool
two_ceremonies_release_the_same_value(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id first = stage_asked(bench, ALICE), second = stage_asked(bench, ALICE);
	struct err err;

	assert_ok(bench_approve(bench, &bench->people[CISO], &first, &err));
	assert_ok(bench_approve(bench, &bench->people[CISO], &second, &err));
	assert_ok(bench_approve(bench, &bench->people[SECOPS], &first, &err));
	(void)!bench_approve(bench, &bench->people[SECOPS], &second, why);
	return stage_rows(bench, "answers") > 1;
}

static bool
a_version_that_was_replaced_is_asked_for(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct request request = draw(bench);
	const struct item before = bench->asked;
	struct id id = stage_released(bench, ALICE);
	char debt[20];
	struct err err;

	assert_ok(bench_done(bench, &id, debt, &err));
	request = draw(bench);
	bench->asked = before;
	return ask(bench, &bench->people[ALICE], &request, why);
}

/* What would end it by itself is not there. */
static bool
an_answer_is_fetched_after_its_lease(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_released(bench, ALICE);

	bench->shared->no_due = 1;
	bench_end(bench);
	bench->shared->now += 601;
	return stage_opens(bench, &bench->people[ALICE], &id, why);
}

/* --- In an office that she does not have ------------------------------------------------------ */

static bool
a_requester_s_own_vote_makes_the_quorum(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_approved(bench, CAROL);

	(void)!bench_approve(bench, &bench->people[CAROL], &id, why);
	return stage_is(bench, &id, "released");
}

static bool
a_responder_s_denial_counts(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_asked(bench, CAROL);

	(void)!bench_object(bench, &bench->people[ALICE], &id, STATEMENT_DENIAL, why);
	return stage_rows(bench, "voices") > 0;
}

static bool
another_s_night_is_cancelled(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_asked(bench, CAROL);

	(void)!bench_object(bench, &bench->people[ALICE], &id, STATEMENT_CANCEL, why);
	return stage_is(bench, &id, "refused");
}

static bool
another_s_lease_is_ended(void *stage, struct err *why)
{
	struct bench *bench = stage;
	const struct person *alice = &bench->people[ALICE];
	struct id id = stage_released(bench, CAROL);

	(void)!stage_done(bench, &id, alice, alice, why);
	return !stage_is(bench, &id, "released");
}

static bool
an_officer_s_token_is_suspended_by_a_responder(void *stage, struct err *why)
{
	struct bench *bench = stage;
	int64_t before = stage_rows(bench, "documents");

	(void)!stage_suspend(bench, &bench->people[ALICE], CISO, why);
	return stage_rows(bench, "documents") > before;
}

static bool
her_second_token_is_admitted_by_herself(void *stage, struct err *why)
{
	struct bench *bench = stage;
	const struct person *const signers[] = {&bench->people[ALICE]};
	struct seat seat = bench->people[ALICE].seat;
	int64_t before = stage_rows(bench, "documents");

	seat.tokens[seat.token_count++] = bench->people[OTHER].seat.tokens[0];
	(void)!stage_roster(bench, &seat, 1, signers, 1, OTHER, OTHER, why);
	return stage_rows(bench, "documents") > before;
}

static bool
a_value_is_replaced_by_a_responder_s_order(void *stage, struct err *why)
{
	struct bench *bench = stage;

	(void)!stage_order(bench, &bench->people[ALICE], why);
	return bench_current(bench, "prod/db") != 2;
}

/* --- With what others said before ------------------------------------------------------------- */

/* ciso approved a request of hers that she took back before anybody heard of it but she. */
static bool
an_approval_of_another_request_counts(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id first = stage_asked(bench, ALICE);
	SHOWN shown = {0};
	APPROVING approving = {0};
	struct err err;

	bench_show(bench, &first, &shown);
	approving_draw(bench, &bench->people[CISO], &shown, &approving);
	approving_sign(&approving);
	assert_ok(bench_object(bench, &bench->people[ALICE], &first, STATEMENT_CANCEL, &err));
	struct id second = stage_asked(bench, ALICE);
	(void)!stage_send(bench, "approve", &second, "approval", &approving.statement, why);
	return stage_rows(bench, "voices") > 0;
}

static bool
a_suspended_token_asks(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct err err;

	assert_ok(bench_suspend(bench, CISO, ALICE, &err));
	struct request request = draw(bench);
	return ask(bench, &bench->people[ALICE], &request, why);
}

static bool
a_suspended_token_fetches_what_was_released_to_it(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_released(bench, ALICE);
	struct err err;

	assert_ok(bench_suspend(bench, CISO, ALICE, &err));
	return stage_opens(bench, &bench->people[ALICE], &id, why);
}

/* She who has the credential has the key that came with it. */
static bool
a_lease_is_ended_by_its_key(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_released(bench, ALICE);
	struct json *payload = NULL;
	SECRET *answer = NULL, *seed = NULL;
	DSSE statement = {0};
	SHOWN shown = {0};
	struct err err;

	bench_show(bench, &id, &shown);
	const struct done done = {.vault = bench->vault_id,
	    .release = shown.release,
	    .time = bench->shared->now};
	assert_ok(bench_open_answer(bench, &bench->people[ALICE], &id, 0, &answer, NULL, &err));
	assert_ok(secret_from(view_of(secret_data(answer), ED25519_SIZE), &seed, &err));
	assert_ok(done_payload(&done, &payload, &err));
	stage_state(STATEMENT_DONE, payload, NULL, &statement);
	assert_ok(statement_sign_lease(&statement, seed, &err));
	(void)!stage_send(bench, "done", &id, "done", &statement, why);
	return !stage_is(bench, &id, "released");
}

/* What was once logged would be before what is logged now. */
static bool
a_responder_says_that_the_log_is_wrong(void *stage, struct err *why)
{
	return stage_sets_clock(stage, ALICE, 0, why);
}

static const struct attempt attempts[] = {
    ATTEMPT(a_lease_is_longer_than_its_policy_allows, "a_policy_s_limits"),
    ATTEMPT(a_request_waits_for_officers_for_a_week, "a_policy_s_limits"),
    ATTEMPT(a_request_is_signed_for_a_later_day, "a_request_s_time"),
    ATTEMPT(a_request_of_yesterday_is_taken_today, "a_request_s_time"),
    ATTEMPT(a_release_goes_to_a_token_that_nobody_admitted, "a_recipient_is_the_requester_s"),
    ATTEMPT(a_release_goes_to_a_key_beside_her_token, "a_recipient_s_key"),
    ATTEMPT(a_release_goes_to_another_seat_too, "a_recipient_is_the_requester_s"),
    ATTEMPT(a_responder_asks_in_an_operator_s_mode, "a_requester_s_role"),
    ATTEMPT(a_request_names_another_definition, "an_item_s_definition"),
    ATTEMPT(a_request_names_another_header, "an_item_s_header"),
    ATTEMPT(a_request_calls_the_secret_by_a_harmless_name, "an_item_s_name"),
    ATTEMPT(a_request_names_a_secret_twice, "items_are_distinct"),
    ATTEMPT(a_reason_clears_the_screens_of_officers, "texts_are_plain"),
    ATTEMPT(a_value_is_asked_for_again_while_it_is_out, "a_debt_stops_requests"),
    ATTEMPT(two_ceremonies_release_the_same_value, "a_version_is_opened_once"),
    ATTEMPT(a_version_that_was_replaced_is_asked_for, "an_item_is_current"),
    ATTEMPT(an_answer_is_fetched_after_its_lease, "answers_end_with_the_lease"),
    ATTEMPT(a_requester_s_own_vote_makes_the_quorum, "the_requester_does_not_count"),
    ATTEMPT(a_responder_s_denial_counts, "voices_are_of_officers"),
    ATTEMPT(another_s_night_is_cancelled, "a_cancel_is_the_requester_s"),
    ATTEMPT(another_s_lease_is_ended, "a_lease_s_end_is_an_officer_s"),
    ATTEMPT(an_officer_s_token_is_suspended_by_a_responder, "a_suspension_is_an_officer_s"),
    ATTEMPT(her_second_token_is_admitted_by_herself, "two_people_sign_a_roster"),
    ATTEMPT(a_value_is_replaced_by_a_responder_s_order, "an_order_is_an_operator_s"),
    ATTEMPT(an_approval_of_another_request_counts, "an_approval_names_its_ceremony"),
    ATTEMPT(a_suspended_token_asks, "a_suspended_token_counts_for_nothing"),
    ATTEMPT(a_suspended_token_fetches_what_was_released_to_it, "answers_end_with_a_suspension"),
    ATTEMPT(a_responder_says_that_the_log_is_wrong, "a_clock_is_an_officer_s"),
    CONCEDED(a_lease_is_ended_by_its_key),
};

int
main(int argc, char **argv)
{
	static const struct adversary responder = {.name = "responder",
	    .who = "a responder",
	    .attempts = attempts,
	    .count = ARRAY_SIZE(attempts),
	    STAGE};

	return adversary_main(&responder, argc, argv);
}
