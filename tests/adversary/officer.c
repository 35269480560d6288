/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An officer: ciso, who has a seat in the charter, a share of prod/db, and a token to sign with.  Where it takes another
 * office, audit (no share), infra (an operator as well) or secops (a second token).
 */
#include <stdio.h>

#include "tests/adversary/stage.h"
#include "tests/unit/server/spare_bench.h"

static bool
has_voice(struct bench *bench)
{
	return stage_rows(bench, "voices WHERE denies = 0") > 0;
}

/* --- A vote that is not one ------------------------------------------------------------------- */

static bool
another_officer_s_vote_is_given(void *stage, struct err *why)
{
	struct bench *bench = stage;
	MASK secops = stage_mask(bench, SECOPS, &bench->people[CISO]);
	struct id id = stage_asked(bench, ALICE);

	(void)!bench_approve(bench, &secops, &id, why);
	return has_voice(bench);
}

/* With a token that is right, but of another seat. */
static bool
a_vote_is_given_under_another_seat_s_name(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_asked(bench, ALICE);
	struct person ciso = bench->people[CISO];

	ciso.name = "secops";
	(void)!bench_approve(bench, &ciso, &id, why);
	return has_voice(bench);
}

static bool
an_officer_without_a_share_votes(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_asked(bench, ALICE);

	(void)!bench_approve(bench, &bench->people[AUDIT], &id, why);
	return has_voice(bench);
}

/* In a session that was there before. */
static bool
a_vote_counts_after_the_deadline(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_asked(bench, ALICE);
	SHOWN shown = {0};
	APPROVING approving = {0};
	BUF envelope = {0};

	bench_show(bench, &id, &shown);
	approving_draw(bench, &bench->people[CISO], &shown, &approving);
	approving_sign(&approving);
	bench->shared->now += 1000;
	(void)!approving_ask(bench, &shown, &approving, &envelope, why);
	return envelope.size > 0;
}

static bool
a_vote_counts_after_a_denial_of_the_same_seat(void *stage, struct err *why)
{
	struct bench *bench = stage;
	const struct person *ciso = &bench->people[CISO];
	struct id id = stage_asked(bench, ALICE);
	struct err err;

	assert_ok(bench_object(bench, ciso, &id, STATEMENT_DENIAL, &err));
	(void)!bench_approve(bench, ciso, &id, why);
	return has_voice(bench);
}

static bool
a_vote_rests_on_a_log_that_is_not_this_one(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_asked(bench, ALICE);
	SHOWN shown = {0};
	APPROVING approving = {0};
	BUF envelope = {0};

	bench_show(bench, &id, &shown);
	approving_draw(bench, &bench->people[CISO], &shown, &approving);
	approving.approval.root.bytes[0] ^= 1;
	approving_sign(&approving);
	(void)!approving_ask(bench, &shown, &approving, &envelope, why);
	return has_voice(bench);
}

static bool
wrong_shares_are_kept_for_right_ones(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_asked(bench, ALICE);
	SHOWN shown = {0};
	APPROVING approving = {.spoil = true};
	struct err err;

	bench_show(bench, &id, &shown);
	approving_draw(bench, &bench->people[CISO], &shown, &approving);
	approving_sign(&approving);
	assert_ok(approving_send(bench, &shown, &approving, &err));
	(void)!approving_finish(bench, &shown, &approving, why);
	return stage_rows(bench, "shares") > 0;
}

static bool
one_seat_fills_the_room_for_voices(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_asked(bench, ALICE);
	SHOWN shown = {0};

	bench_show(bench, &id, &shown);
	for (int i = 0; i < 61; i++) {
		APPROVING approving = {0};

		approving_draw(bench, &bench->people[CISO], &shown, &approving);
		approving_sign(&approving);
		(void)!stage_send(bench, "approve", &id, "approval", &approving.statement, why);
	}
	return stage_rows(bench, "voices") > 60;
}

static bool
a_suspended_officer_votes(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_asked(bench, ALICE);
	struct err err;

	assert_ok(bench_suspend(bench, SECOPS, CISO, &err));
	(void)!bench_approve(bench, &bench->people[CISO], &id, why);
	return has_voice(bench);
}

static bool
a_vote_counts_after_its_token_was_suspended(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_approved(bench, ALICE);
	struct err err;

	assert_ok(bench_suspend(bench, SECOPS, CISO, &err));
	(void)!bench_approve(bench, &bench->people[SECOPS], &id, why);
	return stage_is(bench, &id, "released");
}

/* --- A night that is stopped ------------------------------------------------------------------ */

static bool
one_denial_ends_what_others_could_approve(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_asked(bench, ALICE);

	(void)!bench_object(bench, &bench->people[CISO], &id, STATEMENT_DENIAL, why);
	return stage_is(bench, &id, "refused");
}

static bool
an_officer_cancels_another_s_night(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_asked(bench, ALICE);

	(void)!bench_object(bench, &bench->people[CISO], &id, STATEMENT_CANCEL, why);
	return stage_is(bench, &id, "refused");
}

static bool
a_lease_is_ended_by_an_officer(void *stage, struct err *why)
{
	struct bench *bench = stage;
	const struct person *ciso = &bench->people[CISO];
	struct id id = stage_released(bench, ALICE);

	(void)!stage_done(bench, &id, ciso, ciso, why);
	return !stage_is(bench, &id, "released");
}

static bool
a_night_is_stopped_by_suspending_its_requester(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_asked(bench, ALICE);

	(void)!bench_suspend(bench, CISO, ALICE, why);
	return stage_is(bench, &id, "refused");
}

/* --- What takes more than one ----------------------------------------------------------------- */

static bool
a_charter_comes_into_force_by_one_signature(void *stage, struct err *why)
{
	struct bench *bench = stage;
	const struct person *const signers[] = {&bench->people[CISO]};
	int64_t before = stage_rows(bench, "documents");

	bench->charter->policies[0].max_duration = 7200;
	(void)!stage_charter(bench, signers, 1, 0, -1, why);
	return stage_rows(bench, "documents") > before;
}

/* infra is an operator and an officer. */
static bool
a_roster_comes_into_force_by_one_person(void *stage, struct err *why)
{
	struct bench *bench = stage;
	const struct person *const signers[] = {&bench->people[INFRA]};
	int64_t before = stage_rows(bench, "documents");

	(void)!stage_roster(bench, NULL, 0, signers, 1, 0, -1, why);
	return stage_rows(bench, "documents") > before;
}

static bool
a_secret_is_defined_by_one_person(void *stage, struct err *why)
{
	struct bench *bench = stage;
	CLEANUP(credential_box_done) struct credential_box box = {0};
	DEFINITIONS_OF read = {0};
	struct json *payload = NULL;
	DSSE statement = {0};
	struct err err;

	bench_box(bench, "prod/mine", "my-password", &box);
	assert_ok(definitions_parse(&box.statement, false, &read, &err));
	assert_ok(definitions_payload(&read, &payload, &err));
	stage_state(STATEMENT_SECRET, payload, &bench->people[INFRA], &statement);
	(void)!bench_propose(bench, &statement, 0, -1, why);
	return stage_rows(bench, "definitions") > 1;
}

/* "narrow" is 2 of (ciso, carol). */
static bool
a_secret_is_shut_for_everybody_by_one_suspension(void *stage, struct err *why)
{
	struct bench *bench = stage;
	CLEANUP(credential_box_done) struct credential_box box = {0};
	JSON *reply = NULL;
	struct err err;

	bench->policy = "narrow";
	target_accept(bench, "another-password\n");
	bench_box(bench, "prod/two", "another-password", &box);
	assert_ok(bench_send_box(bench, &box, false, &reply, &err));
	int64_t before = stage_rows(bench, "documents");
	(void)!bench_suspend(bench, CISO, CAROL, why);
	return stage_rows(bench, "documents") > before;
}

static bool
a_vault_is_shut_for_changes_by_suspensions(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct err err;

	assert_ok(bench_suspend(bench, CISO, SECOPS, &err));
	int64_t before = stage_rows(bench, "documents");
	(void)!bench_suspend(bench, CISO, INFRA, why);
	return stage_rows(bench, "documents") > before;
}

/* --- Papers ----------------------------------------------------------------------------------- */

static void
draft(struct bench *bench, int by, struct dsse *ret_statement)
{
	struct charter *next = bench->charter;
	struct json *payload = NULL;
	struct digest of_force = next->digest;
	struct err err;

	next->previous = of_force;
	next->version = 2;
	next->policies[0].max_duration = 7200;
	assert_ok(charter_payload(next, &payload, &err));
	stage_state(STATEMENT_CHARTER, payload, &bench->people[by], ret_statement);
}

static bool
another_officer_s_draft_is_withdrawn(void *stage, struct err *why)
{
	struct bench *bench = stage;
	DSSE statement = {0}, cancel = {0};
	struct json *payload = NULL;
	struct err err;
	struct objection objection = {.vault = bench->vault_id,
	    .seat = "ciso",
	    .token = bench->people[CISO].seat.tokens[0].id,
	    .time = bench->shared->now,
	    .reason = "a mistake"};

	draft(bench, SECOPS, &statement);
	assert_ok(bench_propose(bench, &statement, 0, -1, &err));
	assert_ok(dsse_digest(&statement, &objection.ceremony, &err));
	assert_ok(objection_payload(&objection, &payload, &err));
	stage_state(STATEMENT_CANCEL, payload, &bench->people[CISO], &cancel);
	(void)!stage_send(bench, "withdraw", NULL, "statement", &cancel, why);
	return stage_rows(bench, "drafts") == 0;
}

static bool
one_seat_fills_the_room_for_drafts(void *stage, struct err *why)
{
	struct bench *bench = stage;

	for (int i = 0; i < 5; i++) {
		DSSE statement = {0};

		draft(bench, CISO, &statement);
		(void)!bench_propose(bench, &statement, 0, -1, why);
	}
	return stage_rows(bench, "drafts") > 4;
}

static bool
a_draft_of_last_year_waits_on(void *stage, struct err *why)
{
	struct bench *bench = stage;
	DSSE statement = {0};

	draft(bench, CISO, &statement);
	bench->shared->now += 30 * 86400;
	(void)!bench_propose(bench, &statement, 0, -1, why);
	return stage_rows(bench, "drafts") > 0;
}

static bool
an_officer_who_is_no_operator_orders_a_rotation(void *stage, struct err *why)
{
	struct bench *bench = stage;

	(void)!stage_order(bench, &bench->people[AUDIT], why);
	return bench_current(bench, "prod/db") != 2;
}

/* --- Shares ----------------------------------------------------------------------------------- */

static bool
fetch(struct bench *bench, const struct id *id, const struct approving *approving, struct err *why)
{
	struct json *message = op_new("envelopes");
	JSON *reply = NULL;
	BUF out = {0};

	json_put_hex(message, "id", VIEW_OF(id->bytes));
	bench_put_position(message, 0);
	json_put_hex(message, "approval", VIEW_OF(approving->digest.bytes));
	(void)!bench_call(bench, message, (struct view){0}, &reply, &out, why);
	return out.size > 0;
}

static void
vote_without_shares(struct bench *bench, const struct id *id, struct approving *approving)
{
	SHOWN shown = {0};
	struct err err;

	bench_show(bench, id, &shown);
	approving_draw(bench, &bench->people[CISO], &shown, approving);
	approving_sign(approving);
	assert_ok(stage_send(bench, "approve", id, "approval", &approving->statement, &err));
}

static bool
an_envelope_is_fetched_in_a_ceremony_that_was_not_approved(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id first = stage_asked(bench, ALICE), second = stage_asked(bench, ALICE);
	APPROVING approving = {0};

	vote_without_shares(bench, &first, &approving);
	return fetch(bench, &second, &approving, why);
}

static bool
an_envelope_is_fetched_after_the_night(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_asked(bench, ALICE);
	APPROVING approving = {0};
	struct err err;

	vote_without_shares(bench, &id, &approving);
	assert_ok(bench_object(bench, &bench->people[ALICE], &id, STATEMENT_CANCEL, &err));
	return fetch(bench, &id, &approving, why);
}

static bool
an_envelope_is_fetched_by_a_suspended_token(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_asked(bench, ALICE);
	APPROVING approving = {0};
	struct err err;

	vote_without_shares(bench, &id, &approving);
	assert_ok(bench_suspend(bench, SECOPS, CISO, &err));
	return fetch(bench, &id, &approving, why);
}

/* What secops hands on to second, once the charter has it; CHARTER: it has. */
static bool
hand_on(struct bench *bench, bool charter, struct err *why)
{
	HANDING handing = {0};
	struct item item;
	BUF envelope = {0};

	bench_item(bench, "prod/db", &item);
	handing.open = (struct spare_open){.secret = item.secret,
	    .version = item.version,
	    .header = item.header,
	    .envelope = 1};
	if (charter)
		stage_spare(bench);
	handing_draw(bench, &handing);
	if (handing_send(bench, &handing, &bench->people[SECOPS], why) != ERR_OK ||
	    handing_fetch(bench, &handing, why) != ERR_OK)
		return false;
	struct reader reader = reader_of(buf_view(&handing.box));
	(void)reader_lp32(&reader, HEADER_MAX);
	return handing_unwrap(&handing, handing.reply, reader.rest, &envelope, why) == ERR_OK;
}

static bool
shares_are_handed_on_to_a_token_of_one_s_choice(void *stage, struct err *why)
{
	return hand_on(stage, false, why);
}

static bool
one_s_own_shares_are_had_without_a_ceremony(void *stage, struct err *why)
{
	return hand_on(stage, true, why);
}

/* What was once logged would be before what is logged now. */
static bool
a_word_about_the_clock_of_another_day_is_kept(void *stage, struct err *why)
{
	return stage_sets_clock(stage, CISO, -86400, why);
}

static const struct attempt attempts[] = {
    ATTEMPT(another_officer_s_vote_is_given, "a_token_s_signature"),
    ATTEMPT(a_vote_is_given_under_another_seat_s_name, "a_token_is_of_its_seat"),
    ATTEMPT(an_officer_without_a_share_votes, "an_approval_is_needed"),
    ATTEMPT(a_vote_counts_after_the_deadline, "a_ceremony_s_deadline"),
    ATTEMPT(a_vote_counts_after_a_denial_of_the_same_seat, "a_denial_is_for_good"),
    ATTEMPT(a_vote_rests_on_a_log_that_is_not_this_one, "the_log_that_was_seen"),
    ATTEMPT(wrong_shares_are_kept_for_right_ones, "shares_open"),
    ATTEMPT(one_seat_fills_the_room_for_voices, "room_for_voices"),
    ATTEMPT(a_suspended_officer_votes, "a_suspended_token_counts_for_nothing"),
    ATTEMPT(a_vote_counts_after_its_token_was_suspended, "a_suspension_takes_votes_back"),
    ATTEMPT(one_denial_ends_what_others_could_approve, "a_denial_takes_one_seat"),
    ATTEMPT(an_officer_cancels_another_s_night, "a_cancel_is_the_requester_s"),
    CONCEDED(a_lease_is_ended_by_an_officer),
    CONCEDED(a_night_is_stopped_by_suspending_its_requester),
    ATTEMPT(a_charter_comes_into_force_by_one_signature, "a_charter_s_quorums"),
    ATTEMPT(a_roster_comes_into_force_by_one_person, "two_people_sign_a_roster"),
    ATTEMPT(a_secret_is_defined_by_one_person, "two_people_sign_a_definition"),
    ATTEMPT(a_secret_is_shut_for_everybody_by_one_suspension, "a_suspension_shuts_nothing"),
    ATTEMPT(a_vault_is_shut_for_changes_by_suspensions, "a_suspension_leaves_a_quorum"),
    ATTEMPT(another_officer_s_draft_is_withdrawn, "a_draft_is_its_proposer_s"),
    ATTEMPT(one_seat_fills_the_room_for_drafts, "room_for_drafts"),
    ATTEMPT(a_draft_of_last_year_waits_on, "a_draft_s_time"),
    ATTEMPT(an_officer_who_is_no_operator_orders_a_rotation, "an_order_is_an_operator_s"),
    ATTEMPT(an_envelope_is_fetched_in_a_ceremony_that_was_not_approved,
        "envelopes_need_an_approval"),
    ATTEMPT(an_envelope_is_fetched_after_the_night, "envelopes_end_with_the_ceremony"),
    ATTEMPT(an_envelope_is_fetched_by_a_suspended_token, "a_suspended_token_counts_for_nothing"),
    ATTEMPT(shares_are_handed_on_to_a_token_of_one_s_choice, "a_spare_is_in_the_charter"),
    ATTEMPT(a_word_about_the_clock_of_another_day_is_kept, "a_clock_s_word_is_of_now"),
    CONCEDED(one_s_own_shares_are_had_without_a_ceremony),
};

int
main(int argc, char **argv)
{
	static const struct adversary officer = {.name = "officer",
	    .who = "an officer",
	    .attempts = attempts,
	    .count = ARRAY_SIZE(attempts),
	    STAGE};

	return adversary_main(&officer, argc, argv);
}
