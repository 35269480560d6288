/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ceremony/protocol/ceremony.c: a ceremony from its statements, with real keys: what contradicts is
 * named, what changed since makes it void.
 */
#include "ceremony/protocol/ceremony.h"

#include "tests/lib/called.h"

/* --- The two statements ------------------------------------------------------------------- */

static void
right_statements_make_a_ceremony_that_opens_all_its_items(void **state)
{
	CALLED called = {0};
	TRANSCRIPT *transcript = NULL;
	struct err err;

	(void)state;
	call(&called);
	fine(called_begin(&called, &transcript, &err), &err);
	assert_true(transcript->in_force);
	assert_string_equal(transcript->why_void, "");
	assert_string_equal(transcript->requester->name, "alice");
	assert_ptr_equal(transcript->token, &called.chain.roster->seats[0].tokens[0]);
	for (size_t i = 0; i < CALLED_ITEMS; i++) {
		EXHIBIT *exhibit = NULL;

		fine(called_show(&called, transcript, i, &exhibit, &err), &err);
		assert_string_equal(exhibit->item->name, called.items[i].name);
		assert_string_equal(exhibit->definition.name, called.items[i].name);
		assert_ptr_equal(exhibit->policy, &called.chain.charter->policies[0]);
		assert_int_equal(exhibit->header->version, called.items[i].version);
		assert_int_equal(exhibit->quorum.seat_count, 3);
	}
}

static void
a_contradiction_between_request_and_ceremony_is_named(void **state)
{
	struct item swapped[2], twice[2];
	struct err err;

	(void)state;
	for (int fault = 0; fault < 10; fault++) {
		static const char *const says[] = {"another vault", "another mode", "another items",
		    "another items", "items[1]: the secret stands twice", "another items",
		    "another items", "another items", "another recipients", "another recipients"};
		CALLED called = {0};
		TRANSCRIPT *transcript = NULL;

		call(&called);
		struct ceremony *ceremony = &called.ceremony;
		memcpy(twice, called.items, sizeof(twice));
		swapped[0] = called.items[1];
		swapped[1] = called.items[0];
		if (fault == 0)
			ceremony->vault.bytes[0] ^= 1;
		else if (fault == 1)
			ceremony->mode = MODE_DRILL;
		else if (fault == 2)
			ceremony->items.rows = swapped;
		else if (fault == 3)
			ceremony->items.count = 1;
		else if (fault < 8)
			ceremony->items.rows = twice;
		if (fault == 4)
			twice[1] = twice[0];
		else if (fault == 5)
			twice[0].version++;
		else if (fault == 6)
			twice[1].definition.bytes[0] ^= 1;
		else if (fault == 7)
			twice[1].header.bytes[0] ^= 1;
		else if (fault == 8)
			ceremony->recipients.count = 1;
		else if (fault == 9)
			ceremony->recipients.rows[1].token.bytes[0] ^= 1;
		expect_error(called_begin(&called, &transcript, &err), ERR_INTEGRITY, &err,
		    says[fault]);
		assert_non_null(strstr(err.text, "ceremony statement"));
		assert_null(transcript);
	}
}

static void
an_answer_to_another_request_is_no_answer(void **state)
{
	CALLED called = {0};
	TRANSCRIPT *transcript = NULL;
	DSSE request = {0}, other = {0}, ceremony = {0};
	struct err err;

	(void)state;
	call(&called);
	called_request(&called, called.keys[ALICE][KEY_SIGN], &request);
	called.request.duration = 60;
	called_request(&called, called.keys[ALICE][KEY_SIGN], &other);
	called_ceremony(&called, &other, &ceremony);
	expect_error(transcript_new(&request, &ceremony, &called.chain, &transcript, &err),
	    ERR_INTEGRITY, &err, "ceremony statement names another request");
	expect_error(transcript_new(&ceremony, &request, &called.chain, &transcript, &err),
	    ERR_INTEGRITY, &err, "the request");
}

static void
both_statements_of_another_vault_are_refused(void **state)
{
	CALLED called = {0};
	TRANSCRIPT *transcript = NULL;
	struct err err;

	(void)state;
	call(&called);
	called.request.vault.bytes[0] ^= 1;
	called.ceremony.vault.bytes[0] ^= 1;
	expect_error(called_begin(&called, &transcript, &err), ERR_INTEGRITY, &err,
	    "request names another vault");
}

/* Each signature that is not the one, and each that was not there when it was accepted. */
static void
a_wrong_signature_is_an_alarm_and_never_void(void **state)
{
	CALLED called = {0};
	TRANSCRIPT *transcript = NULL;
	DSSE request = {0}, ceremony = {0}, bobs = {0};
	struct err err;

	(void)state;
	call(&called);
	called_request(&called, called.keys[BOB][KEY_SIGN], &bobs);
	called_ceremony(&called, &bobs, &ceremony);
	expect_error(transcript_new(&bobs, &ceremony, &called.chain, &transcript, &err),
	    ERR_INTEGRITY, &err, "the request");
	dsse_done(&ceremony);
	called_request(&called, called.keys[ALICE][KEY_SIGN], &request);
	called_ceremony(&called, &request, &ceremony);
	sign_with(&request, called.keys[BOB][KEY_SIGN]);
	expect_error(transcript_new(&request, &ceremony, &called.chain, &transcript, &err),
	    ERR_INTEGRITY, &err, "one signature");
	request.count = 0;
	expect_error(transcript_new(&request, &ceremony, &called.chain, &transcript, &err),
	    ERR_INTEGRITY, &err, "the request");
	ceremony.signatures[0].sig[5] ^= 1;
	expect_error(transcript_new(&request, &ceremony, &called.chain, &transcript, &err),
	    ERR_INTEGRITY, &err, "ceremony statement");
	ceremony.count = 0;
	expect_error(transcript_new(&request, &ceremony, &called.chain, &transcript, &err),
	    ERR_INTEGRITY, &err, "ceremony statement");
}

/* --- Void --------------------------------------------------------------------------------- */

static void
expect_void(struct called *called, const char *why)
{
	struct err err;
	TRANSCRIPT *transcript = NULL;
	EXHIBIT *exhibit = NULL;

	fine(called_begin(called, &transcript, &err), &err);
	assert_false(transcript->in_force);
	if (strstr(transcript->why_void, why) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", transcript->why_void, why);
	fine(called_show(called, transcript, 0, &exhibit, &err), &err);
	called_verdict(called, transcript, exhibit, VERDICT_VOID, 0, why);
}

static void
a_changed_charter_makes_it_void_and_silences_all(void **state)
{
	CALLED called = {0};
	TRANSCRIPT *transcript = NULL;
	struct err err;

	(void)state;
	call(&called);
	struct charter *next = called.founded.charter;
	next->version = 2;
	next->previous = called.chain.vault;
	called_charter(&called);
	expect_void(&called, "the charter changed since the request");
	fine(called_begin(&called, &transcript, &err), &err);
	fine(called_speak(&called, transcript, CISO, false, &err), &err);
	assert_false(transcript->voices[0].counts);
	assert_null(transcript_approval(transcript, "ciso"));
}

static void
who_is_suspended_since_makes_it_void(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		CALLED called = {0};

		call(&called);
		called_suspend(&called, "alice", &called.chain.roster->seats[0].tokens[i].id);
		expect_void(&called,
		    i == 0 ? "token: a token of seat \"alice\" was suspended" :
		             "recipients[1]: a token of seat \"alice\" was");
	}
}

static void
a_requester_who_left_since_makes_it_void(void **state)
{
	CALLED called = {0};
	ROSTER *roster = NULL;
	TRANSCRIPT *transcript = NULL;
	struct err err;

	(void)state;
	call(&called);
	fine(roster_new(&roster, &err), &err);
	memcpy(roster, called.chain.roster, sizeof(*roster));
	assert_true(seat_remove(roster->seats, &roster->seat_count, "alice"));
	called_roster(&called, roster);
	expect_void(&called, "seat: neither charter nor roster has an active seat \"alice\"");
	fine(called_begin(&called, &transcript, &err), &err);
	assert_null(transcript->requester);
	assert_null(transcript->token);
}

/* --- Who may ask -------------------------------------------------------------------------- */

static void
expect_refused(const struct called *called, const struct p256_key *key, const char *says)
{
	DSSE statement = {0};
	REQUEST parsed = {0};
	struct err err;

	called_request(called, key, &statement);
	fine(request_parse(&statement, false, &parsed, &err), &err);
	expect_error(request_check(&statement, &parsed, &called->chain, &err), ERR_REFUSED, &err,
	    says);
}

static void
a_request_names_active_tokens_of_its_own_seat_with_their_release_keys(void **state)
{
	CALLED called = {0};

	(void)state;
	call(&called);
	const struct p256_key *key = called.keys[ALICE][KEY_SIGN];
	const struct seat *bob = &called.chain.roster->seats[1];
	const struct recipients good = called.request.recipients;
	struct recipient *second = &called.request.recipients.rows[1];

	*second = (struct recipient){bob->tokens[0].id, bob->tokens[0].keys[KEY_RELEASE]};
	expect_refused(&called, key, "recipients[1]: it is no active token of seat \"alice\"");
	*second = good.rows[1];
	second->key = bob->tokens[0].keys[KEY_RELEASE];
	expect_refused(&called, key, "recipients[1]: the key is not the release key");
	called.request.recipients = good;
	called.request.recipients.rows[0].key =
	    called.chain.roster->seats[0].tokens[0].keys[KEY_SIGN];
	expect_refused(&called, key, "recipients[0]: the key is not the release key");
	called.request.recipients = good;
	called.chain.roster->seats[0].tokens[1].has[KEY_RELEASE] = false;
	expect_refused(&called, key, "recipients[1]: the token has no release key");
	called_suspend(&called, "alice", &good.rows[1].token);
	expect_refused(&called, key, "recipients[1]: a token of seat \"alice\" was suspended");
	called.request.vault.bytes[3] ^= 1;
	expect_refused(&called, key, "vault: it is for another vault");
}

static void
only_who_has_the_role_asks(void **state)
{
	static const struct {
		const char *seat;
		enum mode mode;
		const char *says; /* NULL: may */
	} rows[] = {{"ops", MODE_RELEASE, "\"ops\" does not have the role responder"},
	    {"ciso", MODE_DRILL, "\"ciso\" does not have the role responder"},
	    {"alice", MODE_RESEAL, "\"alice\" does not have the role operator or officer"},
	    {"alice", MODE_ROTATE, "\"alice\" does not have the role operator or officer"},
	    {"alice", MODE_RECOVER, "\"alice\" does not have the role operator or officer"},
	    {"mallory", MODE_RELEASE, "neither charter nor roster has an active seat \"mallory\""},
	    {"ops", MODE_ROTATE, NULL}, {"ciso", MODE_RESEAL, NULL}, {"ops", MODE_RECOVER, NULL}};
	CALLED called = {0};
	struct err err;

	(void)state;
	call(&called);
	const struct recipients receive = called.request.recipients;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct seat *seat = chain_seat(&called.chain, rows[i].seat);
		const struct p256_key *key = called.keys[ALICE][KEY_SIGN];
		DSSE statement = {0};
		REQUEST parsed = {0};

		if (strcmp(rows[i].seat, "ops") == 0 || strcmp(rows[i].seat, "ciso") == 0)
			key = called.founded.keys[rows[i].seat[0] == 'o' ? OPS : CISO][KEY_SIGN];
		called.request.mode = rows[i].mode;
		called.request.duration = mode_releases(rows[i].mode) ? 60 : 0;
		called.request.recipients =
		    mode_releases(rows[i].mode) ? receive : (struct recipients){0};
		snprintf(called.request.seat, sizeof(called.request.seat), "%s", rows[i].seat);
		if (seat != NULL)
			called.request.token = seat->tokens[0].id;
		if (rows[i].says != NULL) {
			expect_refused(&called, key, rows[i].says);
			continue;
		}
		called_request(&called, key, &statement);
		fine(request_parse(&statement, false, &parsed, &err), &err);
		fine(request_check(&statement, &parsed, &called.chain, &err), &err);
	}
}

/* --- Voices ------------------------------------------------------------------------------- */

static void
a_voice_that_nobody_entitled_signed_is_an_alarm(void **state)
{
	static const struct {
		size_t seat, signer; /* of founded.h */
		enum err_code code;
		const char *says;
	} rows[] = {{OPS, OPS, ERR_INTEGRITY, "the charter has no such officer"},
	    {CISO, INFRA, ERR_INTEGRITY, "the "}, {AUDIT, OPS, ERR_INTEGRITY, "the "}};
	CALLED called = {0};
	TRANSCRIPT *transcript = NULL;
	struct err err;

	(void)state;
	call(&called);
	fine(called_begin(&called, &transcript, &err), &err);
	const struct digest *ceremony = &transcript->ceremony.digest;
	const struct seat *seats = called.founded.charter->seats;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		DSSE voice = {0};
		size_t seat = rows[i / 2].seat;

		called_voice(&called, ceremony, seats[seat].name, &seats[seat].tokens[0].id,
		    i % 2 == 0, called.founded.keys[rows[i / 2].signer][KEY_SIGN], &voice);
		expect_error(transcript_add(transcript, &voice, &called.chain, &err),
		    rows[i / 2].code, &err, rows[i / 2].says);
	}
	DSSE responders = {0}, another = {0}, many = {0};
	called_voice(&called, ceremony, "alice", &called.request.token, false,
	    called.keys[ALICE][KEY_SIGN], &responders);
	expect_error(transcript_add(transcript, &responders, &called.chain, &err), ERR_INTEGRITY,
	    &err, "the approval: the charter has no such officer");
	called_voice(&called, ceremony, "ciso", &seats[INFRA].tokens[0].id, false,
	    called.founded.keys[INFRA][KEY_SIGN], &another);
	expect_error(transcript_add(transcript, &another, &called.chain, &err), ERR_INTEGRITY, &err,
	    "no such officer and token");
	called_voice(&called, ceremony, "ciso", &seats[CISO].tokens[0].id, false,
	    called.founded.keys[CISO][KEY_SIGN], &many);
	sign_with(&many, called.founded.keys[INFRA][KEY_SIGN]);
	expect_error(transcript_add(transcript, &many, &called.chain, &err), ERR_INTEGRITY, &err,
	    "one signature");
	assert_int_equal(transcript->voice_count, 0);
}

static void
a_voice_of_another_ceremony_or_vault_is_named(void **state)
{
	CALLED called = {0};
	TRANSCRIPT *transcript = NULL;
	struct err err;
	DSSE request = {0};

	(void)state;
	call(&called);
	fine(called_begin(&called, &transcript, &err), &err);
	const struct seat *ciso = &called.founded.charter->seats[CISO];
	const struct p256_key *key = called.founded.keys[CISO][KEY_SIGN];
	for (int denies = 0; denies < 2; denies++) {
		DSSE elsewhere = {0}, stranger = {0};
		struct digest other = transcript->ceremony.digest;

		other.bytes[31] ^= 1;
		called_voice(&called, &other, "ciso", &ciso->tokens[0].id, denies != 0, key,
		    &elsewhere);
		expect_error(transcript_add(transcript, &elsewhere, &called.chain, &err),
		    ERR_INTEGRITY, &err, "names another ceremony");
		called.request.vault.bytes[0] ^= 1;
		called_voice(&called, &transcript->ceremony.digest, "ciso", &ciso->tokens[0].id,
		    denies != 0, key, &stranger);
		called.request.vault.bytes[0] ^= 1;
		expect_error(transcript_add(transcript, &stranger, &called.chain, &err),
		    ERR_INTEGRITY, &err, "names another vault");
		assert_non_null(strstr(err.text, denies != 0 ? "denial" : "approval"));
	}
	called_request(&called, called.keys[ALICE][KEY_SIGN], &request);
	expect_error(transcript_add(transcript, &request, &called.chain, &err), ERR_INTEGRITY, &err,
	    "the approval");
	assert_int_equal(transcript->voice_count, 0);
}

static void
a_voice_is_heard_once_and_a_seat_may_approve_again(void **state)
{
	CALLED called = {0};
	TRANSCRIPT *transcript = NULL;
	DSSE voice = {0};
	struct err err;

	(void)state;
	call(&called);
	fine(called_begin(&called, &transcript, &err), &err);
	const struct digest *token = &called.founded.charter->seats[CISO].tokens[0].id;
	called_voice(&called, &transcript->ceremony.digest, "ciso", token, false,
	    called.founded.keys[CISO][KEY_SIGN], &voice);
	fine(transcript_add(transcript, &voice, &called.chain, &err), &err);
	expect_error(transcript_add(transcript, &voice, &called.chain, &err), ERR_EXISTS, &err,
	    "ciso said this before");
	assert_int_equal(transcript->voice_count, 1);
	fine(called_speak(&called, transcript, CISO, false, &err), &err); /* another nonce */
	assert_int_equal(transcript->voice_count, 2);
	assert_ptr_equal(transcript_approval(transcript, "ciso"), &transcript->voices[1]);
	fine(called_speak(&called, transcript, CISO, true, &err), &err);
	assert_true(transcript_denied(transcript, "ciso"));
	assert_null(transcript_approval(transcript, "ciso"));
	fine(called_speak(&called, transcript, CISO, false, &err), &err);
	assert_null(transcript_approval(transcript, "ciso")); /* who denied has denied */
	assert_string_equal(transcript->voices[2].reason, "not tonight");
}

static void
the_requester_a_stranger_and_who_denied_cannot_approve(void **state)
{
	CALLED called = {0};
	TRANSCRIPT *transcript = NULL;
	struct err err;

	(void)state;
	call(&called);
	fine(called_begin(&called, &transcript, &err), &err);
	fine(called_speak(&called, transcript, AUDIT, true, &err), &err);
	fine(transcript_check_seat(transcript, &called.chain, "ciso", &err), &err);
	expect_error(transcript_check_seat(transcript, &called.chain, "alice", &err), ERR_REFUSED,
	    &err, "is the requester");
	expect_error(transcript_check_seat(transcript, &called.chain, "ops", &err), ERR_REFUSED,
	    &err, "no officer");
	expect_error(transcript_check_seat(transcript, &called.chain, "mallory", &err), ERR_REFUSED,
	    &err, "no officer");
	expect_error(transcript_check_seat(transcript, &called.chain, "audit", &err), ERR_REFUSED,
	    &err, "has denied");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(right_statements_make_a_ceremony_that_opens_all_its_items),
	    cmocka_unit_test(a_contradiction_between_request_and_ceremony_is_named),
	    cmocka_unit_test(an_answer_to_another_request_is_no_answer),
	    cmocka_unit_test(both_statements_of_another_vault_are_refused),
	    cmocka_unit_test(a_wrong_signature_is_an_alarm_and_never_void),
	    cmocka_unit_test(a_changed_charter_makes_it_void_and_silences_all),
	    cmocka_unit_test(who_is_suspended_since_makes_it_void),
	    cmocka_unit_test(a_requester_who_left_since_makes_it_void),
	    cmocka_unit_test(a_request_names_active_tokens_of_its_own_seat_with_their_release_keys),
	    cmocka_unit_test(only_who_has_the_role_asks),
	    cmocka_unit_test(a_voice_that_nobody_entitled_signed_is_an_alarm),
	    cmocka_unit_test(a_voice_of_another_ceremony_or_vault_is_named),
	    cmocka_unit_test(a_voice_is_heard_once_and_a_seat_may_approve_again),
	    cmocka_unit_test(the_requester_a_stranger_and_who_denied_cannot_approve),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
