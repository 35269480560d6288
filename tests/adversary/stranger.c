/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stranger with frames alone: reaches a server of the vault, can read what everybody may, hears what others say to it,
 * and has no token, no account and no key that the vault knows.
 */
#include <stdio.h>

#include "base/crypto_key.h"
#include "base/text.h"
#include "tests/adversary/stage.h"
#include "tests/unit/server/spare_bench.h"
#include "vault/seal/envelope.h"

/* A stranger's own person, whom nobody knows: of another name than everybody's. */
static struct person
somebody(const struct bench *bench, int like)
{
	struct person person = stage_mask(bench, like, NULL);
	struct err err;
	struct seat_token *token = &person.seat.tokens[0];

	person.name = "mallory";
	snprintf(person.seat.name, sizeof(person.seat.name), "mallory");
	for (int i = 0; i < KEY_COUNT; i++)
		p256_key_public(person.keys[i], &token->keys[i]);
	assert_ok(token_id(&token->keys[KEY_SIGN], &token->id, &err));
	return person;
}

/* --- In the name of others -------------------------------------------------------------------- */

static bool
a_request_in_the_name_of_a_responder_is_taken(void *stage, struct err *why)
{
	struct bench *bench = stage;
	MASK alice = stage_mask(bench, ALICE, NULL);
	struct request request;
	struct id id;

	bench_request_make(bench, &alice, "prod/db", &request);
	(void)!bench_request_send(bench, &alice, &request, &id, why);
	return stage_rows(bench, "ceremonies") > 0;
}

/* From nobody's seat at all. */
static bool
a_request_of_somebody_without_a_seat_is_taken(void *stage, struct err *why)
{
	struct bench *bench = stage;
	MASK mallory = somebody(bench, ALICE);
	struct request request;
	struct id id;

	bench_request_make(bench, &mallory, "prod/db", &request);
	(void)!bench_request_send(bench, &mallory, &request, &id, why);
	return stage_rows(bench, "ceremonies") > 0;
}

static bool
approve_as(struct bench *bench, const struct person *person, struct err *why)
{
	struct id id = stage_asked(bench, ALICE);

	(void)!bench_approve(bench, person, &id, why);
	return stage_rows(bench, "voices") > 0;
}

static bool
an_approval_in_the_name_of_an_officer_counts(void *stage, struct err *why)
{
	MASK ciso = stage_mask(stage, CISO, NULL);

	return approve_as(stage, &ciso, why);
}

static bool
a_denial_in_the_name_of_an_officer_counts(void *stage, struct err *why)
{
	struct bench *bench = stage;
	MASK ciso = stage_mask(bench, CISO, NULL);
	struct id id = stage_asked(bench, ALICE);

	(void)!bench_object(bench, &ciso, &id, STATEMENT_DENIAL, why);
	return stage_rows(bench, "voices") > 0;
}

static bool
a_night_is_cancelled_in_the_name_of_the_requester(void *stage, struct err *why)
{
	struct bench *bench = stage;
	MASK alice = stage_mask(bench, ALICE, NULL);
	struct id id = stage_asked(bench, ALICE);

	(void)!bench_object(bench, &alice, &id, STATEMENT_CANCEL, why);
	return stage_is(bench, &id, "refused");
}

static bool
a_lease_is_ended_in_the_name_of_the_requester(void *stage, struct err *why)
{
	struct bench *bench = stage;
	MASK alice = stage_mask(bench, ALICE, NULL);
	struct id id = stage_released(bench, ALICE);

	(void)!stage_done(bench, &id, &alice, &alice, why);
	return !stage_is(bench, &id, "released");
}

static bool
a_lease_is_ended_with_a_made_up_lease_key(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_released(bench, ALICE);
	struct json *payload = NULL;
	SECRET *seed = NULL;
	DSSE statement = {0};
	SHOWN shown = {0};
	struct err err;

	bench_show(bench, &id, &shown);
	const struct done done = {.vault = bench->vault_id,
	    .release = shown.release,
	    .time = bench->shared->now};
	assert_ok(secret_new(ED25519_SIZE, &seed, &err));
	assert_ok(secret_random(seed, ED25519_SIZE, &err));
	assert_ok(done_payload(&done, &payload, &err));
	stage_state(STATEMENT_DONE, payload, NULL, &statement);
	assert_ok(statement_sign_lease(&statement, seed, &err));
	(void)!stage_send(bench, "done", &id, "done", &statement, why);
	return !stage_is(bench, &id, "released");
}

static bool
a_token_is_suspended_in_the_name_of_an_officer(void *stage, struct err *why)
{
	struct bench *bench = stage;
	MASK ciso = stage_mask(bench, CISO, NULL);
	int64_t before = stage_rows(bench, "documents");

	(void)!stage_suspend(bench, &ciso, SECOPS, why);
	return stage_rows(bench, "documents") > before;
}

static bool
a_charter_in_the_name_of_its_quorum_comes_into_force(void *stage, struct err *why)
{
	struct bench *bench = stage;
	MASK ciso = stage_mask(bench, CISO, NULL), secops = stage_mask(bench, SECOPS, NULL);
	const struct person *const signers[] = {&ciso, &secops};
	int64_t before = stage_rows(bench, "documents");

	bench->charter->policies[0].max_duration = 7200;
	(void)!stage_charter(bench, signers, ARRAY_SIZE(signers), 0, -1, why);
	return stage_rows(bench, "documents") > before;
}

static bool
a_roster_with_a_seat_for_a_stranger_comes_into_force(void *stage, struct err *why)
{
	struct bench *bench = stage;
	MASK infra = stage_mask(bench, INFRA, NULL), ciso = stage_mask(bench, CISO, NULL);
	const struct person *const signers[] = {&infra, &ciso};
	struct seat seats[] = {bench->people[ALICE].seat, bench->people[OTHER].seat};
	int64_t before = stage_rows(bench, "documents");

	snprintf(seats[1].name, sizeof(seats[1].name), "mallory");
	(void)!stage_roster(bench, seats, 1, signers, ARRAY_SIZE(signers), 0, -1, why);
	return stage_rows(bench, "documents") > before;
}

static bool
a_secret_is_defined_in_the_name_of_two_people(void *stage, struct err *why)
{
	struct bench *bench = stage;
	CLEANUP(credential_box_done) struct credential_box box = {0};
	MASK infra = stage_mask(bench, INFRA, NULL), secops = stage_mask(bench, SECOPS, NULL);
	DSSE forged = {0};
	JSON *payload = NULL;
	DEFINITIONS_OF read = {0};
	struct err err;

	bench_box(bench, "prod/mine", "my-password", &box);
	assert_ok(definitions_parse(&box.statement, false, &read, &err));
	assert_ok(definitions_payload(&read, &payload, &err));
	assert_ok(statement_new(STATEMENT_SECRET, false, payload, &forged, &err));
	person_sign(&infra, &forged);
	person_sign(&secops, &forged);
	(void)!bench_propose(bench, &forged, 0, -1, why);
	return stage_rows(bench, "definitions") > 1;
}

static bool
an_unseen_value_is_replaced_in_the_name_of_an_operator(void *stage, struct err *why)
{
	MASK infra = stage_mask(stage, INFRA, NULL);

	(void)!stage_order(stage, &infra, why);
	return bench_current(stage, "prod/db") != 2;
}

/* --- Papers of others ------------------------------------------------------------------------- */

/* ciso proposes a charter that waits for others. */
static void
draft(struct bench *bench, struct dsse *ret_statement)
{
	struct charter *next = bench->charter;
	struct json *payload = NULL;
	struct err err;

	next->previous = next->digest;
	next->version++;
	next->policies[0].max_duration = 7200;
	assert_ok(charter_payload(next, &payload, &err));
	stage_state(STATEMENT_CHARTER, payload, &bench->people[CISO], ret_statement);
	assert_ok(bench_propose(bench, ret_statement, 0, -1, &err));
}

static bool
a_draft_of_others_is_withdrawn(void *stage, struct err *why)
{
	struct bench *bench = stage;
	MASK ciso = stage_mask(bench, CISO, NULL);
	struct objection objection = {.vault = bench->vault_id,
	    .seat = "ciso",
	    .token = ciso.seat.tokens[0].id,
	    .time = bench->shared->now,
	    .reason = "a mistake"};
	DSSE statement = {0}, cancel = {0};
	struct json *payload = NULL;
	struct err err;

	draft(bench, &statement);
	assert_ok(dsse_digest(&statement, &objection.ceremony, &err));
	assert_ok(objection_payload(&objection, &payload, &err));
	stage_state(STATEMENT_CANCEL, payload, &ciso, &cancel);
	(void)!stage_send(bench, "withdraw", NULL, "statement", &cancel, why);
	return stage_rows(bench, "drafts") == 0;
}

/* A paper that somebody else's signature stands under is one that the others may not sign. */
static bool
a_draft_of_others_bears_the_signature_of_a_stranger(void *stage, struct err *why)
{
	struct bench *bench = stage;
	MASK mallory = somebody(bench, CISO);
	DSSE statement = {0};
	bool live;

	draft(bench, &statement);
	int64_t leaves = stage_rows(bench, "log_leaf");
	(void)!bench_sign(bench, &mallory, &statement, &live, why);
	return stage_rows(bench, "log_leaf") > leaves;
}

/* With a token of a make that the charter lets in, and its enrolment. */
static bool
a_draft_of_a_stranger_waits_in_the_vault(void *stage, struct err *why)
{
	struct bench *bench = stage;
	const struct person *mallory = stage_newcomer(bench, ROLE_OFFICER);
	const struct person *const signers[] = {mallory};

	bench->charter->seats[bench->charter->seat_count++] = mallory->seat;
	(void)!stage_charter(bench, signers, ARRAY_SIZE(signers), OTHER, OTHER, why);
	return stage_rows(bench, "drafts") > 0;
}

/* --- What was heard --------------------------------------------------------------------------- */

struct heard {
	struct id id;
	struct shown shown;
	struct approving approving;
};

static void
heard_done(struct heard *heard)
{
	shown_done(&heard->shown);
	approving_done(&heard->approving);
}
#define HEARD CLEANUP(heard_done) struct heard

/* ciso has approved, and did not come to give shares. */
static void
hear_approval(struct bench *bench, struct heard *heard)
{
	struct err err;

	heard->id = stage_asked(bench, ALICE);
	bench_show(bench, &heard->id, &heard->shown);
	approving_draw(bench, &bench->people[CISO], &heard->shown, &heard->approving);
	approving_sign(&heard->approving);
	assert_ok(stage_send(bench, "approve", &heard->id, "approval", &heard->approving.statement,
	    &err));
}

static struct json *
about_approval(const char *op, const struct heard *heard)
{
	struct json *message = op_new(op);

	json_put_hex(message, "id", VIEW_OF(heard->id.bytes));
	bench_put_position(message, 0);
	json_put_hex(message, "approval", VIEW_OF(heard->approving.digest.bytes));
	return message;
}

static bool
the_envelope_of_an_approval_that_was_heard_is_handed_out(void *stage, struct err *why)
{
	struct bench *bench = stage;
	HEARD heard = {0};
	JSON *reply = NULL;
	BUF out = {0};

	hear_approval(bench, &heard);
	(void)!stage_send(bench, "approve", &heard.id, "approval", &heard.approving.statement, why);
	(void)!bench_call(bench, about_approval("envelopes", &heard), (struct view){0}, &reply,
	    &out, why);
	return stage_has_envelope(bench, buf_view(&out));
}

/* The same words, but for the key to which the envelope is sealed: the signature stands beside them. */
static bool
an_approval_that_was_heard_names_the_key_of_a_stranger(void *stage, struct err *why)
{
	struct bench *bench = stage;
	HEARD heard = {0};
	APPROVING stolen = {0};
	BUF envelope = {0};
	MASK mask = stage_mask(bench, CISO, NULL);

	hear_approval(bench, &heard);
	approving_draw(bench, &mask, &heard.shown, &stolen);
	stolen.approval.enc = heard.approving.approval.enc;
	approving_sign(&stolen);
	struct dsse_signature kept = stolen.statement.signatures[0];
	stolen.statement.signatures[0] = heard.approving.statement.signatures[0];
	(void)!approving_ask(bench, &heard.shown, &stolen, &envelope, why);
	stolen.statement.signatures[0] = kept;
	return stage_has_envelope(bench, buf_view(&envelope));
}

/* Then the officer has given, and gives no other. */
static bool
the_shares_of_an_approval_that_was_heard_are_a_stranger_s(void *stage, struct err *why)
{
	struct bench *bench = stage;
	HEARD heard = {0};
	JSON *reply = NULL;
	BUF sealed = {0};
	uint8_t junk[ENVELOPE_SHARE_SIZE + AEAD_TAG_SIZE] = {7};

	hear_approval(bench, &heard);
	bench_as_field(VIEW_OF(junk), &sealed);
	(void)!bench_call(bench, about_approval("shares", &heard), buf_view(&sealed), &reply, NULL,
	    why);
	return stage_rows(bench, "shares") > 0;
}

/* alice has taken it back; what she said then is said again. */
static bool
a_request_that_was_heard_is_taken_again(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_asked(bench, ALICE);
	JSON *found = NULL, *reply = NULL;
	DSSE asked = {0};
	struct json *get = op_new("ceremony-get"), *again = op_new("request");
	struct err err;

	assert_ok(bench_object(bench, &bench->people[ALICE], &id, STATEMENT_CANCEL, &err));
	json_put_hex(get, "id", VIEW_OF(id.bytes));
	assert_ok(bench_call(bench, get, (struct view){0}, &found, NULL, &err));
	struct json_in in = json_in(found, "reply", &err);
	in_statement(&in, "request", &asked);
	put_statement(again, "request", &asked);
	json_put_bool(again, "another", true);
	(void)!bench_call(bench, again, (struct view){0}, &reply, NULL, why);
	return stage_rows(bench, "ceremonies") > 1;
}

static bool
a_handing_on_that_was_heard_is_taken_again(void *stage, struct err *why)
{
	struct bench *bench = stage;
	HANDING handing = {0};
	struct err err;

	stage_spare(bench);
	assert_int_equal(handing_missing(bench, &handing.open), 1);
	handing_draw(bench, &handing);
	assert_ok(handing_send(bench, &handing, &bench->people[SECOPS], &err));
	int64_t leaves = stage_rows(bench, "log_leaf");
	(void)!stage_send(bench, "spare", NULL, "spare", &handing.statement, why);
	return stage_rows(bench, "log_leaf") > leaves;
}

static bool
the_answer_to_a_responder_is_read(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_released(bench, ALICE);
	struct json *message = op_new("open");
	JSON *reply = NULL;
	BUF box = {0};

	json_put_hex(message, "id", VIEW_OF(id.bytes));
	json_put_int(message, "position", 0);
	json_put_hex(message, "token", VIEW_OF(bench->people[ALICE].seat.tokens[0].id.bytes));
	(void)!bench_call(bench, message, (struct view){0}, &reply, &box, why);
	return stage_holds(bench, buf_view(&box));
}

/* --- Spares ----------------------------------------------------------------------------------- */

static void
hear_spare(struct bench *bench, struct handing *handing)
{
	struct err err;

	stage_spare(bench);
	assert_int_equal(handing_missing(bench, &handing->open), 1);
	handing_draw(bench, handing);
	assert_ok(handing_send(bench, handing, &bench->people[SECOPS], &err));
	assert_ok(handing_fetch(bench, handing, &err));
}

static bool
a_box_of_a_stranger_stands_in_the_place_of_a_spare_s(void *stage, struct err *why)
{
	struct bench *bench = stage;
	HANDING handing = {0};
	SECRET *seed = NULL;
	BUF box = {0};
	struct err err;

	hear_spare(bench, &handing);
	handing_seal(bench, &handing, &box);
	box.data[3] ^= 1;
	assert_ok(secret_new(ED25519_SIZE, &seed, &err));
	assert_ok(secret_random(seed, ED25519_SIZE, &err));
	(void)!handing_store_signed(bench, &handing, seed, buf_view(&box), why);
	return stage_rows(bench, "spares WHERE ciphertext IS NOT NULL") > 0;
}

static bool
the_envelope_for_a_spare_is_handed_out(void *stage, struct err *why)
{
	struct bench *bench = stage;
	HANDING handing = {0};

	hear_spare(bench, &handing);
	(void)!handing_fetch(bench, &handing, why);
	return stage_has_envelope(bench, buf_view(&handing.box));
}

static bool
a_spare_s_envelope_is_handed_out_for_a_guess(void *stage, struct err *why)
{
	struct bench *bench = stage;
	const struct digest guess = {{1}};
	TESTING testing = {0};
	BUF blob = {0};

	stage_spare(bench);
	handing_run(bench);
	testing_begin(bench, &testing);
	(void)!testing_box(bench, &testing, &guess, &blob, why);
	return blob.size > 0;
}

/* --- Nobody's words --------------------------------------------------------------------------- */

/* A debt is owed, and the target was down when it was tried. */
static bool
an_account_is_locked_out_by_asking(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_released(bench, ALICE);
	BUF calls = {0};
	char debt[20], code[32], note[600];
	struct err err;

	target_mode(bench, "probe=unreachable!\n");
	assert_ok(bench_done(bench, &id, debt, &err));
	(void)target_calls(bench, &calls);
	bench_rotate(bench, "prod/db", code, note);
	err_set(why, ERR_WAITING, "%s: %s", code, note);
	return target_calls(bench, &calls)[0] != '\0';
}

/* By whatever is asked while it lasts: the release itself asks, too. */
static bool
a_lease_ends_before_its_time_by_asking(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_approved(bench, ALICE);
	struct json *request = op_new("rotate");
	JSON *reply = NULL;
	BUF calls = {0};
	struct err err;

	(void)target_calls(bench, &calls);
	(void)!bench_approve(bench, &bench->people[SECOPS], &id, &err);
	json_put_text(request, "name", "prod/db");
	(void)!bench_call(bench, request, (struct view){0}, &reply, NULL, why);
	return target_calls(bench, &calls)[0] != '\0';
}

static bool
a_ceremony_is_advanced_to_a_release(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct id id = stage_asked(bench, ALICE);
	struct json *request = op_new("advance");
	JSON *reply = NULL;

	json_put_hex(request, "id", VIEW_OF(id.bytes));
	(void)!bench_call(bench, request, (struct view){0}, &reply, NULL, why);
	return !stage_is(bench, &id, "collecting");
}

static const struct attempt attempts[] = {
    ATTEMPT(a_request_in_the_name_of_a_responder_is_taken, "a_token_s_signature"),
    ATTEMPT(a_request_of_somebody_without_a_seat_is_taken, "a_requester_s_seat"),
    ATTEMPT(an_approval_in_the_name_of_an_officer_counts, "a_token_s_signature"),
    ATTEMPT(a_denial_in_the_name_of_an_officer_counts, "a_token_s_signature"),
    ATTEMPT(a_night_is_cancelled_in_the_name_of_the_requester, "a_token_s_signature"),
    ATTEMPT(a_lease_is_ended_in_the_name_of_the_requester, "a_token_s_signature"),
    ATTEMPT(a_lease_is_ended_with_a_made_up_lease_key, "the_lease_key_s_signature"),
    ATTEMPT(a_token_is_suspended_in_the_name_of_an_officer, "a_token_s_signature"),
    ATTEMPT(a_charter_in_the_name_of_its_quorum_comes_into_force, "a_token_s_signature"),
    ATTEMPT(a_roster_with_a_seat_for_a_stranger_comes_into_force, "a_token_s_signature"),
    ATTEMPT(a_secret_is_defined_in_the_name_of_two_people, "a_token_s_signature"),
    ATTEMPT(an_unseen_value_is_replaced_in_the_name_of_an_operator, "a_token_s_signature"),
    ATTEMPT(a_draft_of_others_is_withdrawn, "a_token_s_signature"),
    ATTEMPT(a_draft_of_others_bears_the_signature_of_a_stranger, "signers_are_known"),
    ATTEMPT(a_draft_of_a_stranger_waits_in_the_vault, "a_proposer_has_a_seat"),
    ATTEMPT(the_envelope_of_an_approval_that_was_heard_is_handed_out, "envelopes_are_sealed"),
    ATTEMPT(an_approval_that_was_heard_names_the_key_of_a_stranger, "a_token_s_signature"),
    ATTEMPT(the_shares_of_an_approval_that_was_heard_are_a_stranger_s, "shares_open"),
    ATTEMPT(a_request_that_was_heard_is_taken_again, "a_statement_once"),
    ATTEMPT(a_handing_on_that_was_heard_is_taken_again, "a_statement_once"),
    ATTEMPT(the_answer_to_a_responder_is_read, "answers_are_sealed"),
    ATTEMPT(a_box_of_a_stranger_stands_in_the_place_of_a_spare_s, "boxes_are_signed"),
    ATTEMPT(the_envelope_for_a_spare_is_handed_out, "envelopes_are_sealed"),
    ATTEMPT(a_spare_s_envelope_is_handed_out_for_a_guess, "probes_are_opened"),
    ATTEMPT(an_account_is_locked_out_by_asking, "a_debt_waits"),
    ATTEMPT(a_lease_ends_before_its_time_by_asking, "a_lease_lasts"),
    ATTEMPT(a_ceremony_is_advanced_to_a_release, "a_quorum_is_met"),
};

int
main(int argc, char **argv)
{
	static const struct adversary stranger = {.name = "stranger",
	    .who = "a stranger with frames alone",
	    .attempts = attempts,
	    .count = ARRAY_SIZE(attempts),
	    STAGE};

	return adversary_main(&stranger, argc, argv);
}
