/* SPDX-License-Identifier: Apache-2.0 */
/* vault/documents/chain_fold.c: what comes into force, and what stays in force. */
#include "tests/unit/chain_bench.h"

static bool
is_suspended(const struct vault *vault, size_t seat)
{
	return suspensions_find(&vault->chain.suspensions, token_of(vault, seat)) != NULL;
}

static void
a_suspended_token_stays_suspended_under_an_unrelated_charter(void **state)
{
	VAULT vault = {0};
	struct err err;

	(void)state;
	found_vault(&vault);
	fine(suspend(&vault, CISO, "audit", token_of(&vault, AUDIT), &err), &err);
	vault.founded.charter->policies[0].max_duration = 7200;
	fine(add_charter(&vault, &err), &err);
	assert_true(is_suspended(&vault, AUDIT));
	assert_null(chain_token(&vault.chain, "audit", token_of(&vault, AUDIT)));
	fine(add_charter(&vault, &err), &err);
	assert_true(is_suspended(&vault, AUDIT));
}

static void
only_a_charter_that_names_the_suspension_restores_the_token(void **state)
{
	VAULT vault = {0};
	struct err err;
	struct charter *charter;

	(void)state;
	found_vault(&vault);
	charter = vault.founded.charter;
	fine(suspend(&vault, CISO, "audit", token_of(&vault, AUDIT), &err), &err);
	charter->restored_count = 1;
	charter->restored[0] = *token_of(&vault, AUDIT);
	expect_error(add_charter(&vault, &err), ERR_INTEGRITY, &err,
	    "restored[0]: names no suspension that is in force");
	charter->restored[0] = vault.chain.suspensions.rows[0].digest;
	fine(add_charter(&vault, &err), &err);
	assert_false(is_suspended(&vault, AUDIT));
	/* It has ended: it cannot be named again, and the token can be suspended again. */
	expect_error(add_charter(&vault, &err), ERR_INTEGRITY, &err, "names no suspension");
	charter->restored_count = 0;
	fine(suspend(&vault, CISO, "audit", token_of(&vault, AUDIT), &err), &err);
	assert_true(is_suspended(&vault, AUDIT));
}

/* The same for whoever folds the chain: server, client, log. */
static void
a_policy_is_changed_by_its_present_quorum_or_all_of_it_that_suspensions_left(void **state)
{
	VAULT vault = {0};
	struct err err;
	struct charter *charter;

	(void)state;
	found_vault(&vault);
	charter = vault.founded.charter;
	snprintf(charter->policies[0].quorum_text, QUORUM_TEXT_MAX, "2 of (infra, audit)");
	snprintf(charter->change_text, QUORUM_TEXT_MAX, "2 of (ciso, infra)");
	fine(add_charter(&vault, &err), &err);
	charter->policies[0].max_duration = 7200;
	expect_error(add_charter(&vault, &err), ERR_INTEGRITY, &err,
	    "changes the policy default, whose present quorum (2 of (infra, audit)) needs 1 more "
	    "signature; not signed yet by audit");
	fine(suspend(&vault, CISO, "audit", token_of(&vault, AUDIT), &err), &err);
	fine(add_charter(&vault, &err), &err);
	/* Restored, it counts again. */
	charter->restored_count = 1;
	charter->restored[0] = vault.chain.suspensions.rows[0].digest;
	fine(add_charter(&vault, &err), &err);
	charter->restored_count = 0;
	charter->policies[0].max_duration = 9000;
	expect_error(add_charter(&vault, &err), ERR_INTEGRITY, &err, "not signed yet by audit");
}

static void
no_enrolment_lifts_a_suspension_neither_of_the_key_nor_of_the_serial(void **state)
{
	VAULT vault = {0};
	struct err err;
	struct charter *charter;
	struct seat_token *token;

	(void)state;
	found_vault(&vault);
	charter = vault.founded.charter;
	token = &charter->seats[AUDIT].tokens[0];
	fine(suspend(&vault, CISO, "audit", &token->id, &err), &err);
	/* New keys on the same device, under another label. */
	put_key(token, KEY_SIGN, vault.founded.spares[1]);
	put_key(token, KEY_SHARE, vault.founded.spares[2]);
	snprintf(token->label, sizeof(token->label), "quite another");
	fine(add_charter(&vault, &err), &err);
	assert_true(is_suspended(&vault, AUDIT));
	/* One of the old keys, said to be on another device. */
	token->serial = 77;
	put_key(token, KEY_SHARE, vault.founded.keys[AUDIT][KEY_SHARE]);
	fine(add_charter(&vault, &err), &err);
	assert_true(is_suspended(&vault, AUDIT));
	/* Another device with keys of its own. */
	put_key(token, KEY_SHARE, vault.founded.spares[2]);
	token->serial = 78;
	put_key(token, KEY_SIGN, vault.founded.spares[3]);
	fine(add_charter(&vault, &err), &err);
	assert_false(is_suspended(&vault, AUDIT));
}

static void
a_serial_that_nothing_proves_is_not_bound(void **state)
{
	VAULT vault = {0};
	struct err err;
	struct charter *charter;
	struct seat_token *token;

	(void)state;
	found(&vault.founded);
	charter = vault.founded.charter;
	token = &charter->seats[AUDIT].tokens[0];
	charter->waiver_count = 1;
	charter->waivers[0] = (struct charter_waiver){.token = token->id,
	    .waives = WAIVE_ATTESTATION,
	    .reason = "a card of another maker"};
	fine(add_charter(&vault, &err), &err);
	fine(suspend(&vault, CISO, "audit", &token->id, &err), &err);
	put_key(token, KEY_SIGN, vault.founded.spares[1]);
	put_key(token, KEY_SHARE, vault.founded.spares[2]);
	charter->waiver_count = 0;
	fine(add_charter(&vault, &err), &err);
	assert_false(is_suspended(&vault, AUDIT));
}

static void
no_suspension_and_no_charter_makes_the_change_quorum_unreachable(void **state)
{
	VAULT vault = {0};
	SUSPENSIONS after = {0};
	struct err err;

	(void)state;
	found_vault(&vault);
	fine(suspend(&vault, CISO, "audit", token_of(&vault, AUDIT), &err), &err);
	expect_error(suspend(&vault, CISO, "infra", token_of(&vault, INFRA), &err), ERR_INTEGRITY,
	    &err, "nobody could change the charter any more");
	snprintf(vault.founded.charter->change_text, QUORUM_TEXT_MAX, "3 of (ciso, infra, audit)");
	fine(quorum_parse(vault.founded.charter->change_text, &vault.founded.charter->change, &err),
	    &err);
	expect_error(chain_suspended_under(&vault.chain, vault.founded.charter, &after, &err),
	    ERR_REFUSED, &err, "officers whose tokens are not suspended can never meet");
}

static void
a_suspended_token_signs_no_document(void **state)
{
	VAULT vault = {0};
	struct err err;

	(void)state;
	found_vault(&vault);
	fine(suspend(&vault, AUDIT, "infra", token_of(&vault, INFRA), &err), &err);
	expect_error(add_charter(&vault, &err), ERR_INTEGRITY, &err, "suspended by audit");
	expect_error(suspend(&vault, INFRA, "audit", token_of(&vault, AUDIT), &err), ERR_INTEGRITY,
	    &err, "suspended before");
	assert_int_equal(vault.chain.document_count, 2);
}

static void
a_document_that_cannot_stand_there_changes_nothing(void **state)
{
	VAULT vault = {0};
	struct err err;
	JSON *payload = json_new_object();
	DSSE statement = {0};

	(void)state;
	found_vault(&vault);
	fine(statement_new(STATEMENT_TEST, false, payload, &statement, &err), &err);
	expect_error(add(&vault, &statement, &err), ERR_INTEGRITY, &err,
	    "document 2: it is a statement that cannot stand there");
	assert_int_equal(vault.chain.document_count, 1);
	assert_int_equal(vault.chain.charter_count, 1);
}

static void
nobody_adds_a_token_to_somebody_elses_seat(void **state)
{
	VAULT vault = {0};
	struct err err;
	struct p256_key *const *spares = vault.founded.spares;

	(void)state;
	found_vault(&vault);
	put_alice(&vault, 0, 1);
	fine(add_roster(&vault, NULL, &err), &err);
	put_alice(&vault, 1, 2);
	expect_error(add_roster(&vault, NULL, &err), ERR_INTEGRITY, &err,
	    "seat \"alice\" gets another token: not signed yet by one of its own");
	/* The new token is none of its own. */
	expect_error(add_roster(&vault, spares[2], &err), ERR_INTEGRITY, &err,
	    "signed with an unknown key");
	fine(add_roster(&vault, spares[1], &err), &err);
	assert_non_null(chain_token(&vault.chain, "alice", &vault.roster->seats[0].tokens[1].id));
}

static void
the_charters_change_quorum_may_add_a_token_too(void **state)
{
	VAULT vault = {0};
	struct err err;

	(void)state;
	found_vault(&vault);
	put_alice(&vault, 0, 1);
	fine(add_roster(&vault, NULL, &err), &err);
	put_alice(&vault, 1, 2);
	fine(add_roster(&vault, key_of(&vault, AUDIT), &err), &err);
}

static void
a_removed_seat_is_not_added_again_with_another_token(void **state)
{
	VAULT vault = {0};
	struct err err;

	(void)state;
	found_vault(&vault);
	put_alice(&vault, 0, 1);
	fine(add_roster(&vault, NULL, &err), &err);
	vault.roster->seat_count = 0;
	fine(add_roster(&vault, NULL, &err), &err);
	put_alice(&vault, 0, 2);
	expect_error(add_roster(&vault, NULL, &err), ERR_INTEGRITY, &err,
	    "seat \"alice\" gets another token");
	/* Under her own token, or with it, she comes back. */
	fine(add_roster(&vault, vault.founded.spares[1], &err), &err);
	assert_string_equal(chain_admission(&vault.chain, "alice", NULL)->by, "ops, ciso, alice");
}

/* alice-1 as she comes with the enrolment NUMBER. */
static void
enroll_again(struct vault *vault, int number)
{
	struct seat *seat = &vault->roster->seats[0];

	vault->roster->seat_count = 1;
	memset(seat->tokens[0].enrolment.bytes, number, DIGEST_SIZE);
}

static void
an_enrolment_is_accepted_once(void **state)
{
	VAULT vault = {0};
	struct err err;
	struct p256_key *own;

	(void)state;
	found_vault(&vault);
	own = vault.founded.spares[1];
	put_alice(&vault, 0, 1);
	fine(add_roster(&vault, NULL, &err), &err);
	fine(add_roster(&vault, NULL, &err), &err); /* she stays by it */
	vault.roster->seat_count = 0;
	fine(add_roster(&vault, NULL, &err), &err);
	/* The file of old, brought back by others or by herself. */
	vault.roster->seat_count = 1;
	expect_error(add_roster(&vault, NULL, &err), ERR_INTEGRITY, &err,
	    "seat \"alice\", token \"alice-1\": its enrolment was accepted before");
	expect_error(add_roster(&vault, own, &err), ERR_INTEGRITY, &err, "accepted once");
	/* The same token by a new one is another to the seat. */
	enroll_again(&vault, 77);
	expect_error(add_roster(&vault, NULL, &err), ERR_INTEGRITY, &err,
	    "seat \"alice\" gets another token");
	fine(add_roster(&vault, own, &err), &err);
	/* Nor an older one of a seat that never left. */
	enroll_again(&vault, 101);
	expect_error(add_roster(&vault, own, &err), ERR_INTEGRITY, &err, "accepted before");
}

static void
a_charter_takes_no_enrolment_twice_either(void **state)
{
	VAULT vault = {0};
	struct err err;
	struct charter *charter;
	struct seat_token *spare;

	(void)state;
	found_vault(&vault);
	charter = vault.founded.charter;
	spare = &charter->seats[AUDIT].tokens[1];
	*spare = charter->seats[AUDIT].tokens[0];
	spare->serial = 2000;
	snprintf(spare->label, sizeof(spare->label), "spare key");
	memset(spare->enrolment.bytes, 55, DIGEST_SIZE);
	put_key(spare, KEY_SIGN, vault.founded.spares[0]);
	put_key(spare, KEY_SHARE, vault.founded.spares[1]);
	charter->seats[AUDIT].token_count = 2;
	fine(add_charter(&vault, &err), &err);
	fine(add_charter(&vault, &err), &err);
	charter->seats[AUDIT].token_count = 1;
	fine(add_charter(&vault, &err), &err);
	charter->seats[AUDIT].token_count = 2;
	expect_error(add_charter(&vault, &err), ERR_INTEGRITY, &err,
	    "seat \"audit\", token \"spare key\": its enrolment was accepted before");
	memset(spare->enrolment.bytes, 56, DIGEST_SIZE);
	fine(add_charter(&vault, &err), &err);
}

static void
the_same_sign_key_with_another_release_key_is_another_token(void **state)
{
	VAULT vault = {0};
	struct err err;

	(void)state;
	found_vault(&vault);
	put_alice(&vault, 0, 1);
	fine(add_roster(&vault, NULL, &err), &err);
	put_alice(&vault, 0, 1);
	expect_error(add_roster(&vault, NULL, &err), ERR_INTEGRITY, &err,
	    "seat \"alice\" gets another token");
}

static void
a_suspended_token_adds_none(void **state)
{
	VAULT vault = {0};
	struct err err;

	(void)state;
	found_vault(&vault);
	put_alice(&vault, 0, 1);
	fine(add_roster(&vault, NULL, &err), &err);
	fine(suspend(&vault, CISO, "alice", &vault.roster->seats[0].tokens[0].id, &err), &err);
	put_alice(&vault, 1, 2);
	expect_error(add_roster(&vault, vault.founded.spares[1], &err), ERR_INTEGRITY, &err,
	    "suspended by ciso");
}

static void
a_name_is_never_used_for_another_person(void **state)
{
	VAULT vault = {0};
	struct err err;

	(void)state;
	found_vault(&vault);
	put_alice(&vault, 0, 1);
	fine(add_roster(&vault, NULL, &err), &err);
	vault.roster->seat_count = 0;
	fine(add_roster(&vault, NULL, &err), &err);
	put_alice(&vault, 0, 1);
	snprintf(vault.roster->seats[0].person, PERSON_MAX, "Mallory");
	expect_error(add_roster(&vault, vault.founded.spares[1], &err), ERR_INTEGRITY, &err,
	    "seat \"alice\" is that of Alice A.");
	snprintf(vault.founded.charter->seats[AUDIT].person, PERSON_MAX, "Mallory");
	expect_error(add_charter(&vault, &err), ERR_INTEGRITY, &err,
	    "seat \"audit\" is that of Person audit");
}

/* The seat, or its token INDEX as SEAT has it, came with VERSION of TYPE, which BY signed. */
static void
expect_admitted(const struct vault *vault, const struct seat *seat, int index,
    enum statement_type type, uint32_t version, const char *by)
{
	const struct chain_document *document =
	    chain_admission(&vault->chain, seat->name, index < 0 ? NULL : &seat->tokens[index].id);

	assert_non_null(document);
	assert_int_equal(document->type, type);
	assert_int_equal(document->version, version);
	assert_string_equal(document->by, by);
}

static void
since_when_and_by_whom_each_was_admitted_is_known(void **state)
{
	static const char founders[] = "ciso, infra, audit";
	VAULT vault = {0};
	struct err err;
	const struct seat *alice, *audit;

	(void)state;
	found_vault(&vault);
	alice = &vault.roster->seats[0];
	audit = &vault.founded.charter->seats[AUDIT];
	put_alice(&vault, 0, 1);
	fine(add_roster(&vault, NULL, &err), &err);
	put_alice(&vault, 1, 2);
	fine(add_roster(&vault, vault.founded.spares[1], &err), &err);
	fine(add_charter(&vault, &err), &err);
	fine(add_roster(&vault, NULL, &err), &err);
	/* Later documents name them again, and admit nobody anew. */
	expect_admitted(&vault, alice, -1, STATEMENT_ROSTER, 1, "ops, ciso");
	expect_admitted(&vault, alice, 0, STATEMENT_ROSTER, 1, "ops, ciso");
	expect_admitted(&vault, alice, 1, STATEMENT_ROSTER, 2, "ops, ciso, alice");
	expect_admitted(&vault, audit, -1, STATEMENT_CHARTER, 1, founders);
	expect_admitted(&vault, audit, 0, STATEMENT_CHARTER, 1, founders);
	assert_null(chain_admission(&vault.chain, "nobody", NULL));
}

static void
no_document_comes_into_force_that_no_client_could_take(void **state)
{
	struct err err;

	(void)state;
	fine(chain_check_room(CHAIN_DOCUMENTS_MAX, CHAIN_TEXT_MAX, &err), &err);
	expect_error(chain_check_room(CHAIN_DOCUMENTS_MAX + 1, 1, &err), ERR_REFUSED, &err,
	    "4097 charters");
	expect_error(chain_check_room(1, CHAIN_TEXT_MAX + 1, &err), ERR_REFUSED, &err,
	    "found a new vault");
}

static void
a_token_keeps_its_admission_in_another_place_of_the_list(void **state)
{
	VAULT vault = {0};
	struct err err;
	struct seat *alice;

	(void)state;
	found_vault(&vault);
	alice = &vault.roster->seats[0];
	put_alice(&vault, 0, 1);
	fine(add_roster(&vault, NULL, &err), &err);
	put_alice(&vault, 1, 2);
	fine(add_roster(&vault, vault.founded.spares[1], &err), &err);
	alice->tokens[0] = alice->tokens[1];
	alice->token_count = 1;
	fine(add_roster(&vault, NULL, &err), &err);
	expect_admitted(&vault, alice, 0, STATEMENT_ROSTER, 2, "ops, ciso, alice");
	expect_admitted(&vault, alice, -1, STATEMENT_ROSTER, 1, "ops, ciso");
}

/* Who left and comes back is admitted by whoever signed that. */
static void
a_seat_that_comes_back_is_admitted_anew(void **state)
{
	VAULT vault = {0};
	struct err err;
	const struct seat *alice;

	(void)state;
	found_vault(&vault);
	alice = &vault.roster->seats[0];
	put_alice(&vault, 0, 1);
	fine(add_roster(&vault, NULL, &err), &err);
	vault.roster->seat_count = 0;
	fine(add_roster(&vault, NULL, &err), &err);
	enroll_again(&vault, 77);
	fine(add_roster(&vault, vault.founded.spares[1], &err), &err);
	expect_admitted(&vault, alice, -1, STATEMENT_ROSTER, 3, "ops, ciso, alice");
	expect_admitted(&vault, alice, 0, STATEMENT_ROSTER, 3, "ops, ciso, alice");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_suspended_token_stays_suspended_under_an_unrelated_charter),
	    cmocka_unit_test(only_a_charter_that_names_the_suspension_restores_the_token),
	    cmocka_unit_test(
	        a_policy_is_changed_by_its_present_quorum_or_all_of_it_that_suspensions_left),
	    cmocka_unit_test(no_enrolment_lifts_a_suspension_neither_of_the_key_nor_of_the_serial),
	    cmocka_unit_test(a_serial_that_nothing_proves_is_not_bound),
	    cmocka_unit_test(no_suspension_and_no_charter_makes_the_change_quorum_unreachable),
	    cmocka_unit_test(a_suspended_token_signs_no_document),
	    cmocka_unit_test(a_document_that_cannot_stand_there_changes_nothing),
	    cmocka_unit_test(nobody_adds_a_token_to_somebody_elses_seat),
	    cmocka_unit_test(the_charters_change_quorum_may_add_a_token_too),
	    cmocka_unit_test(a_removed_seat_is_not_added_again_with_another_token),
	    cmocka_unit_test(an_enrolment_is_accepted_once),
	    cmocka_unit_test(a_charter_takes_no_enrolment_twice_either),
	    cmocka_unit_test(the_same_sign_key_with_another_release_key_is_another_token),
	    cmocka_unit_test(a_suspended_token_adds_none),
	    cmocka_unit_test(a_name_is_never_used_for_another_person),
	    cmocka_unit_test(since_when_and_by_whom_each_was_admitted_is_known),
	    cmocka_unit_test(no_document_comes_into_force_that_no_client_could_take),
	    cmocka_unit_test(a_token_keeps_its_admission_in_another_place_of_the_list),
	    cmocka_unit_test(a_seat_that_comes_back_is_admitted_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
