/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An operator with an officer: infra and audit.  Two people are enough for a roster and for what is defined first; they are no
 * quorum, neither of prod/db (audit has no share) nor of the charter.
 */
#include <stdio.h>

#include "base/credential.h"
#include "base/crypto_key.h"
#include "base/hpke.h"
#include "tests/adversary/stage.h"
#include "tests/unit/changes/changes_bench.h"

enum { OWNS = 2 };

/* Both sign. */
static void
sign(const struct bench *bench, struct dsse *statement)
{
	person_sign(&bench->people[INFRA], statement);
	person_sign(&bench->people[AUDIT], statement);
}

/* --- Rosters ---------------------------------------------------------------------------------- */

/* True: a roster with SEATS is in force, and was not before. */
static bool
roster(struct bench *bench, const struct seat *seats, size_t count, int enrolled, struct err *why)
{
	const struct person *const signers[OWNS] = {&bench->people[INFRA], &bench->people[AUDIT]};
	int64_t before = stage_rows(bench, "documents");

	(void)!stage_roster(bench, seats, count, signers, OWNS, enrolled,
	    enrolled < 0 ? enrolled - 1 : enrolled, why);
	return stage_rows(bench, "documents") > before;
}

static bool
another_s_seat_gets_a_token_of_theirs(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct seat seat = bench->people[ALICE].seat;

	seat.tokens[seat.token_count++] = bench->people[OTHER].seat.tokens[0];
	return roster(bench, &seat, 1, OTHER, why);
}

static bool
another_s_token_is_exchanged_for_theirs(void *stage, struct err *why)
{
	struct bench *bench = stage;

	return roster(bench, &bench->people[OTHER].seat, 1, OTHER, why);
}

static bool
a_seat_that_left_comes_back_with_a_token_of_theirs(void *stage, struct err *why)
{
	struct bench *bench = stage;

	assert_true(roster(bench, NULL, 0, -1, why));
	return roster(bench, &bench->people[OTHER].seat, 1, OTHER, why);
}

static bool
a_seat_becomes_another_person_s(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct seat seat = bench->people[ALICE].seat;

	snprintf(seat.person, sizeof(seat.person), "Mallory");
	return roster(bench, &seat, 1, -1, why);
}

static bool
who_left_comes_back_with_the_enrolment_of_then(void *stage, struct err *why)
{
	struct bench *bench = stage;

	assert_true(roster(bench, NULL, 0, -1, why));
	return roster(bench, &bench->people[ALICE].seat, 1, -1, why);
}

static bool
a_release_key_is_exchanged_under_a_token(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct seat seat = bench->people[ALICE].seat;

	seat.tokens[0].keys[KEY_RELEASE] = bench->people[OTHER].seat.tokens[0].keys[KEY_RELEASE];
	return roster(bench, &seat, 1, -1, why);
}

/* mallory's seat beside alice's. */
static bool
admit(struct bench *bench, const struct person *mallory, struct err *why)
{
	const struct seat seats[] = {bench->people[ALICE].seat, mallory->seat};

	return roster(bench, seats, ARRAY_SIZE(seats), OTHER, why);
}

/* A program, as the simulated one, says of itself that it is a token. */
static bool
a_token_of_no_known_make_is_admitted(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct authority root = bench->root, device = bench->device;

	authority_make(&(struct recipe){.subject = "Root", .authority = true}, NULL, &bench->root);
	authority_make(&(struct recipe){.subject = "Device", .authority = true}, &bench->root,
	    &bench->device);
	const struct person *mallory = stage_newcomer(bench, ROLE_RESPONDER);
	authority_done(&bench->root);
	authority_done(&bench->device);
	bench->root = root;
	bench->device = device;
	return admit(bench, mallory, why);
}

static bool
an_enrolment_for_another_vault_is_taken(void *stage, struct err *why)
{
	struct bench *bench = stage;

	bench->init.bytes[0] ^= 1;
	return admit(bench, stage_newcomer(bench, ROLE_RESPONDER), why);
}

static bool
an_enrolment_of_last_year_is_taken(void *stage, struct err *why)
{
	struct bench *bench = stage;
	const struct person *mallory = stage_newcomer(bench, ROLE_RESPONDER);

	bench->shared->now += 365 * 86400;
	return admit(bench, mallory, why);
}

static bool
a_seat_of_the_charter_stands_in_the_roster_too(void *stage, struct err *why)
{
	struct bench *bench = stage;

	stage_enroll(bench, OTHER, "secops", ROLE_RESPONDER, 2000001);
	return admit(bench, &bench->people[OTHER], why);
}

static bool
a_made_up_person_is_admitted(void *stage, struct err *why)
{
	struct bench *bench = stage;

	return admit(bench, stage_newcomer(bench, ROLE_RESPONDER), why);
}

/* alice's token was stolen, and is suspended; mallory asks with it, or with its device after a reset. */
static bool
ask_as_mallory(struct bench *bench, bool reset, struct err *why)
{
	const struct person *mallory = &bench->people[OTHER];
	struct request request;
	struct id id;
	struct err err;

	assert_ok(bench_suspend(bench, CISO, ALICE, &err));
	if (reset)
		stage_enroll(bench, OTHER, "mallory", ROLE_RESPONDER,
		    bench->people[ALICE].seat.tokens[0].serial);
	else
		stage_steal(bench);
	if (!roster(bench, &mallory->seat, 1, OTHER, why))
		return false;
	bench_request_make(bench, mallory, "prod/db", &request);
	(void)!bench_request_send(bench, mallory, &request, &id, why);
	return stage_rows(bench, "ceremonies") > 0;
}

static bool
a_suspended_token_asks_from_another_seat(void *stage, struct err *why)
{
	return ask_as_mallory(stage, false, why);
}

static bool
a_suspended_device_asks_with_new_keys(void *stage, struct err *why)
{
	return ask_as_mallory(stage, true, why);
}

static bool
a_charter_comes_into_force_by_two_who_are_no_quorum(void *stage, struct err *why)
{
	struct bench *bench = stage;
	const struct person *const signers[OWNS] = {&bench->people[INFRA], &bench->people[AUDIT]};
	int64_t before = stage_rows(bench, "documents");

	bench->charter->policies[0].max_duration = 7200;
	(void)!stage_charter(bench, signers, OWNS, 0, -1, why);
	return stage_rows(bench, "documents") > before;
}

/* --- What is defined -------------------------------------------------------------------------- */

/* prod/db changes so by their signatures; true: it has. */
static bool
change(struct bench *bench, enum part part, struct err *why)
{
	DEFINITION next = {0};
	DSSE statement = {0};

	changes_draw(bench, "prod/db", &next);
	changes_edit(bench, part, &next);
	changes_state(bench, &next, 1, &statement);
	sign(bench, &statement);
	(void)!bench_propose(bench, &statement, 0, -1, why);
	return changes_revision(bench, "prod/db") > 1;
}

static bool
a_secret_moves_to_a_target_of_theirs(void *stage, struct err *why)
{
	return change(stage, HOST, why);
}

static bool
a_secret_is_rotated_by_another_program(void *stage, struct err *why)
{
	return change(stage, PROGRAM, why);
}

static bool
a_secret_gets_a_weaker_policy(void *stage, struct err *why)
{
	return change(stage, POLICY, why);
}

static bool
a_secret_is_retired(void *stage, struct err *why)
{
	struct bench *bench = stage;
	DEFINITION next = {0};
	DSSE statement = {0};

	changes_draw(bench, "prod/db", &next);
	next.change.retires = true;
	changes_state(bench, &next, 1, &statement);
	sign(bench, &statement);
	(void)!bench_propose(bench, &statement, 0, -1, why);
	return stage_rows(bench, "secrets WHERE retired = 1") > 0;
}

/* NAME, of whose definition EDIT makes another, and PASSWORD for it. */
typedef void edit_definition(struct bench *bench, struct definition *definition);
static void
define(struct bench *bench, const char *name, const char *password, edit_definition *edit,
    struct credential_box *ret_box)
{
	DEFINITIONS_OF read = {0}, made = {0};
	struct err err;

	bench_box(bench, name, password, ret_box);
	assert_ok(definitions_parse(&ret_box->statement, false, &read, &err));
	if (edit != NULL)
		edit(bench, &read.rows[0]);
	dsse_done(&ret_box->statement);
	ret_box->statement = (struct dsse){0};
	changes_state(bench, &read.rows[0], 1, &ret_box->statement);
	sign(bench, &ret_box->statement);
	assert_ok(definitions_parse(&ret_box->statement, false, &made, &err));
	definition_done(&ret_box->definition);
	ret_box->definition = (struct definition){0};
	assert_ok(definition_copy(&made.rows[0], &ret_box->definition, &err));
	buf_done(&ret_box->ciphertext);
	dsse_done(&ret_box->adopt);
	ret_box->adopt = (struct dsse){0};
	bench_box_value(bench, password, ret_box);
}
#define BOX CLEANUP(credential_box_done) struct credential_box

/* True: one more is defined. */
static bool
propose(struct bench *bench, const struct credential_box *box, struct err *why)
{
	int64_t before = stage_rows(bench, "secrets");

	(void)!bench_propose(bench, &box->statement, 0, -1, why);
	return stage_rows(bench, "secrets") > before;
}

static void
aim_elsewhere(struct bench *bench, struct definition *definition)
{
	JSON *target = json_new_object();
	struct err err;

	json_put_text(target, "folder", bench->target);
	json_put_text(target, "name", "elsewhere");
	assert_ok(definition_set_target(definition, target, &err));
}

static bool
a_name_means_another_secret(void *stage, struct err *why)
{
	BOX box = {0};

	define(stage, "prod/db", "a-password", aim_elsewhere, &box);
	return propose(stage, &box, why);
}

static void
aim_at_prod_db(struct bench *bench, struct definition *definition)
{
	JSON *target = json_new_object();
	struct err err;

	json_put_text(target, "folder", bench->target);
	json_put_text(target, "name", "prod/db");
	assert_ok(definition_set_target(definition, target, &err));
}

static bool
an_account_has_a_second_name_with_a_weaker_policy(void *stage, struct err *why)
{
	struct bench *bench = stage;
	BOX box = {0};

	bench->policy = "narrow";
	define(bench, "prod/two", "a-password", aim_at_prod_db, &box);
	return propose(bench, &box, why);
}

static void
announce_more(struct bench *bench, struct definition *definition)
{
	(void)bench;
	definition->announced.grace = 86400;
}

static bool
a_definition_promises_what_its_rotator_does_not(void *stage, struct err *why)
{
	BOX box = {0};

	define(stage, "prod/two", "a-password", announce_more, &box);
	return propose(stage, &box, why);
}

static void
name_no_policy(struct bench *bench, struct definition *definition)
{
	(void)bench;
	snprintf(definition->policy, sizeof(definition->policy), "nobody");
}

static bool
a_secret_has_a_policy_that_no_charter_has(void *stage, struct err *why)
{
	BOX box = {0};

	define(stage, "prod/two", "a-password", name_no_policy, &box);
	return propose(stage, &box, why);
}

/* --- Values ----------------------------------------------------------------------------------- */

static bool
a_value_that_no_target_takes_is_kept(void *stage, struct err *why)
{
	struct bench *bench = stage;
	BOX box = {0};
	JSON *reply = NULL;

	define(bench, "prod/two", "not-this-one", NULL, &box);
	assert_true(propose(bench, &box, why));
	int64_t before = stage_rows(bench, "versions");
	(void)!bench_send_value(bench, &box, true, &reply, why);
	return stage_rows(bench, "versions") > before;
}

static bool
an_adoption_of_last_week_is_taken(void *stage, struct err *why)
{
	struct bench *bench = stage;
	BOX box = {0};
	JSON *reply = NULL;

	target_accept(bench, "a-password\n");
	define(bench, "prod/two", "a-password", NULL, &box);
	assert_true(propose(bench, &box, why));
	int64_t before = stage_rows(bench, "versions");
	bench->shared->now += 7 * 86400;
	(void)!bench_send_value(bench, &box, true, &reply, why);
	return stage_rows(bench, "versions") > before;
}

/* PASSWORD, sealed as the adoption of BOX wants it, by somebody who heard that. */
static void
exchange_value(struct bench *bench, const char *password, struct credential_box *box)
{
	const struct order_item item = {box->definition.secret, box->definition.digest, 0};
	SECRET *credential = NULL;
	HPKE *hpke = NULL;
	struct digest info, digest;
	struct err err;

	assert_ok(dsse_digest(&box->adopt, &digest, &err));
	assert_ok(credential_new(&credential, &err));
	assert_ok(credential_add(credential, FIELD_PASSWORD, view_of_text(password), &err));
	assert_ok(adopt_info(&bench->vault_id, &item, &info, &err));
	assert_ok(hpke_sender(hpke_suite_default, &bench->charter->host_escrow, VIEW_OF(info.bytes),
	    &hpke, &box->enc, &err));
	buf_done(&box->ciphertext);
	assert_ok(hpke_seal(hpke, VIEW_OF(digest.bytes), secret_view(credential), &box->ciphertext,
	    &err));
}

/* infra signed for one value; audit, who heard that, gives another first. */
static bool
an_adoption_brings_another_value_than_its_operator_gave(void *stage, struct err *why)
{
	struct bench *bench = stage;
	BOX box = {0};
	JSON *reply = NULL;

	target_accept(bench, "another-one\n");
	define(bench, "prod/two", "a-password", NULL, &box);
	assert_true(propose(bench, &box, why));
	exchange_value(bench, "another-one", &box);
	int64_t before = stage_rows(bench, "versions");
	(void)!bench_send_value(bench, &box, true, &reply, why);
	return stage_rows(bench, "versions") > before;
}

static bool
a_secret_of_their_own_is_defined(void *stage, struct err *why)
{
	struct bench *bench = stage;
	BOX box = {0};

	define(bench, "prod/two", "a-password", NULL, &box);
	return propose(bench, &box, why);
}

/* --- Orders ----------------------------------------------------------------------------------- */

static bool
an_unseen_value_is_replaced(void *stage, struct err *why)
{
	struct bench *bench = stage;

	(void)!stage_order(bench, &bench->people[INFRA], why);
	return bench_current(bench, "prod/db") == 3;
}

static bool
a_value_that_was_seen_is_replaced_and_nobody_sees_the_old_one_die(void *stage, struct err *why)
{
	struct bench *bench = stage;
	BOX box = {0};
	JSON *reply = NULL, *done = NULL;
	struct order_item item;
	DSSE statement = {0};
	struct err err;

	target_accept(bench, "a-password\n");
	define(bench, "prod/two", "a-password", NULL, &box);
	assert_true(propose(bench, &box, why));
	assert_ok(bench_send_value(bench, &box, false, &reply, &err));
	bench_order(bench, &bench->people[INFRA], "prod/two", &item, &statement);
	(void)!bench_send_order(bench, &statement, &item.secret, &done, why);
	return bench_current(bench, "prod/two") == 2;
}

static bool
an_order_stops_what_officers_have_begun(void *stage, struct err *why)
{
	struct bench *bench = stage;

	(void)stage_approved(bench, ALICE);
	(void)!stage_order(bench, &bench->people[INFRA], why);
	return bench_current(bench, "prod/db") == 3;
}

static bool
an_order_that_was_carried_out_is_carried_out_again(void *stage, struct err *why)
{
	struct bench *bench = stage;
	struct order_item item;
	DSSE statement = {0};
	JSON *reply = NULL, *again = NULL;
	struct err err;

	bench_order(bench, &bench->people[INFRA], "prod/db", &item, &statement);
	assert_ok(bench_send_order(bench, &statement, &item.secret, &reply, &err));
	assert_int_equal(bench_current(bench, "prod/db"), 3);
	(void)!bench_send_order(bench, &statement, &item.secret, &again, why);
	return bench_current(bench, "prod/db") == 4;
}

static const struct attempt attempts[] = {
    ATTEMPT(another_s_seat_gets_a_token_of_theirs, "a_seat_s_owner_signs"),
    ATTEMPT(another_s_token_is_exchanged_for_theirs, "a_seat_s_owner_signs"),
    ATTEMPT(a_seat_that_left_comes_back_with_a_token_of_theirs, "a_seat_s_owner_signs"),
    ATTEMPT(a_seat_becomes_another_person_s, "a_seat_s_person"),
    ATTEMPT(who_left_comes_back_with_the_enrolment_of_then, "an_enrolment_once"),
    ATTEMPT(a_release_key_is_exchanged_under_a_token, "a_token_is_as_it_was_enrolled"),
    ATTEMPT(a_token_of_no_known_make_is_admitted, "an_attestation"),
    ATTEMPT(an_enrolment_for_another_vault_is_taken, "an_enrolment_s_vault"),
    ATTEMPT(an_enrolment_of_last_year_is_taken, "an_enrolment_s_time"),
    ATTEMPT(a_seat_of_the_charter_stands_in_the_roster_too, "a_seat_stands_once"),
    ATTEMPT(a_suspended_token_asks_from_another_seat, "a_suspended_token_counts_for_nothing"),
    ATTEMPT(a_suspended_device_asks_with_new_keys, "a_suspension_binds_the_device"),
    CONCEDED(a_made_up_person_is_admitted),
    ATTEMPT(a_charter_comes_into_force_by_two_who_are_no_quorum, "a_charter_s_quorums"),
    ATTEMPT(a_secret_moves_to_a_target_of_theirs, "a_change_s_quorums"),
    ATTEMPT(a_secret_is_rotated_by_another_program, "a_change_s_quorums"),
    ATTEMPT(a_secret_gets_a_weaker_policy, "a_change_s_quorums"),
    ATTEMPT(a_secret_is_retired, "a_change_s_quorums"),
    ATTEMPT(a_name_means_another_secret, "a_name_once"),
    ATTEMPT(an_account_has_a_second_name_with_a_weaker_policy, "an_account_once"),
    ATTEMPT(a_definition_promises_what_its_rotator_does_not, "an_announcement_is_its_rotator_s"),
    ATTEMPT(a_secret_has_a_policy_that_no_charter_has, "a_policy_is_in_the_charter"),
    ATTEMPT(a_value_that_no_target_takes_is_kept, "a_value_is_proven"),
    ATTEMPT(an_adoption_of_last_week_is_taken, "an_order_s_time"),
    ATTEMPT(an_adoption_brings_another_value_than_its_operator_gave, "a_value_is_its_operator_s"),
    CONCEDED(a_secret_of_their_own_is_defined),
    CONCEDED(an_unseen_value_is_replaced),
    ATTEMPT(a_value_that_was_seen_is_replaced_and_nobody_sees_the_old_one_die, "a_seen_value_dies"),
    ATTEMPT(an_order_stops_what_officers_have_begun, "an_order_waits_for_officers"),
    ATTEMPT(an_order_that_was_carried_out_is_carried_out_again, "an_order_names_its_version"),
};

int
main(int argc, char **argv)
{
	static const struct adversary pair = {.name = "operator",
	    .who = "an operator with an officer",
	    .attempts = attempts,
	    .count = ARRAY_SIZE(attempts),
	    STAGE};

	return adversary_main(&pair, argc, argv);
}
