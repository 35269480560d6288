/* SPDX-License-Identifier: Apache-2.0 */
/* vault/documents/roster.c: what a roster may add, and who must sign it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/lib/founded.h"
#include "vault/documents/roster_verify.h"

struct enlisted {
	struct founded founded;
	struct charter *charter;
	struct roster *roster;       /* to edit, then enlisted_state */
	struct p256_key *keys[2][2]; /* of responders anna, ben: sign, release */
	struct digest vault;
};

static void
enlisted_done(struct enlisted *enlisted)
{
	founded_done(&enlisted->founded);
	charter_freep(&enlisted->charter);
	roster_freep(&enlisted->roster);
	for (size_t i = 0; i < 4; i++)
		p256_key_freep(&enlisted->keys[i / 2][i % 2]);
}
#define ENLISTED CLEANUP(enlisted_done) struct enlisted

static void
put_responder(struct enlisted *enlisted, size_t index, const char *name)
{
	struct err err;
	struct seat *seat = &enlisted->roster->seats[index];
	struct seat_token *token = &seat->tokens[0];
	snprintf(seat->name, sizeof(seat->name), "%s", name);
	snprintf(seat->person, sizeof(seat->person), "Person %s", name);
	snprintf(token->label, sizeof(token->label), "%s key", name);
	snprintf(token->driver, sizeof(token->driver), "piv");
	seat->roles = ROLE_RESPONDER;
	seat->token_count = 1;
	token->serial = 5000 + (uint32_t)index;
	for (size_t i = 0; i < 2; i++)
		fine(p256_key_new(&enlisted->keys[index][i], &err), &err);
	put_key(token, KEY_SIGN, enlisted->keys[index][0]);
	put_key(token, KEY_RELEASE, enlisted->keys[index][1]);
	enlisted->roster->seat_count = index + 1;
}

static void
enlist(struct enlisted *enlisted)
{
	struct err err;
	DSSE statement = {0};
	found(&enlisted->founded);
	founded_state(&enlisted->founded, &statement);
	fine(charter_parse(&statement, &enlisted->charter, &err), &err);
	enlisted->vault = enlisted->charter->digest;
	fine(roster_new(&enlisted->roster, &err), &err);
	enlisted->roster->version = 1;
	enlisted->roster->vault = enlisted->vault;
	enlisted->roster->charter = enlisted->charter->digest;
	enlisted->roster->created = 1767225600;
	put_responder(enlisted, 0, "anna");
	put_responder(enlisted, 1, "ben");
}

static void
enlisted_state(const struct enlisted *enlisted, struct dsse *ret_statement)
{
	struct err err;
	JSON *payload = NULL;
	fine(roster_payload(enlisted->roster, &payload, &err), &err);
	fine(statement_new(STATEMENT_ROSTER, false, payload, ret_statement, &err), &err);
}

static const struct p256_key *
signer(const struct enlisted *enlisted, size_t seat)
{
	return enlisted->founded.keys[seat][KEY_SIGN];
}

static void
parse(const struct enlisted *enlisted, const struct dsse *statement, struct roster **ret_roster)
{
	struct err err;
	fine(roster_parse(statement, enlisted->charter, ret_roster, &err), &err);
}

/* After PREVIOUS; NULL: after none. */
static enum err_code
verify(const struct enlisted *enlisted, const struct dsse *statement, const struct roster *roster,
    const struct roster *previous, const struct digest *vault, struct err *err)
{
	ROSTER *before = NULL;

	fine(roster_new(&before, err), err);
	if (previous != NULL)
		*before = *previous;
	const struct chain chain = {.vault = *vault,
	    .charter = enlisted->charter,
	    .roster = before};
	return roster_verify(statement, roster, &chain, err);
}

static void
a_roster_reads_back_as_it_was_written(void **state)
{
	(void)state;
	struct err err;
	ENLISTED enlisted = {0};
	DSSE statement = {0};
	ROSTER *roster = NULL;
	struct digest digest;
	enlist(&enlisted);
	enlisted_state(&enlisted, &statement);
	parse(&enlisted, &statement, &roster);
	fine(dsse_digest(&statement, &digest, &err), &err);
	assert_true(digest_equal(&roster->digest, &digest));
	assert_true(digest_equal(&roster->vault, &enlisted.vault));
	assert_int_equal(roster->version, 1);
	assert_int_equal(roster->seat_count, 2);
	assert_int_equal(roster->created, 1767225600);
	assert_memory_equal(roster->seats, enlisted.roster->seats, sizeof(roster->seats));
}

static void
the_empty_roster_has_version_0_and_nobody(void **state)
{
	(void)state;
	struct err err;
	ROSTER *roster = NULL;
	fine(roster_new(&roster, &err), &err);
	assert_int_equal(roster->version, 0);
	assert_int_equal(roster->seat_count, 0);
}

static void
a_roster_may_dismiss_everybody(void **state)
{
	(void)state;
	ENLISTED enlisted = {0};
	DSSE statement = {0};
	ROSTER *roster = NULL;
	enlist(&enlisted);
	enlisted.roster->seat_count = 0;
	enlisted_state(&enlisted, &statement);
	parse(&enlisted, &statement, &roster);
	assert_int_equal(roster->seat_count, 0);
}

static void
every_broken_member_is_refused_with_its_name(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to, *cause;
	} rows[] = {
	    {"\"format\":1", "\"format\":2", "roster: format"},
	    {"\"vault\":\"", "\"vault\":\"0", "roster: vault"},
	    {"\"charter\":\"", "\"charter\":\"0", "roster: charter"},
	    {"\"version\":1", "\"version\":0", "roster: version"},
	    {"\"version\":1", "\"version\":2", "roster: previous"},
	    {"\"responders\":[", "\"responders\":[\"x\",", "roster: responders[0]"},
	    {"\"roles\":[\"responder\"]", "\"roles\":[\"responder\",\"officer\"]",
	        "roster: seat \"anna\": a roster has responders only"},
	    {"\"roles\":[\"responder\"]", "\"roles\":[\"operator\"]",
	        "roster: seat \"anna\": a roster has responders only"},
	    {"\"created\":\"2026", "\"created\":\"x026", "roster: created"},
	    {"\"nonce\":", "\"once\":", "roster: \"nonce\""},
	    {"\"created\":", "\"extra\":true,\"created\":", "\"extra\""},
	};
	struct err err;
	ENLISTED enlisted = {0};
	DSSE statement = {0};
	enlist(&enlisted);
	enlisted_state(&enlisted, &statement);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		DSSE edited = {0};
		struct roster *roster = NULL;
		edit_payload(&statement, rows[i].from, rows[i].to, &edited);
		expect_error(roster_parse(&edited, enlisted.charter, &roster, &err), ERR_INVALID,
		    &err, rows[i].cause);
		assert_null(roster);
	}
}

static void
refuse(const struct enlisted *enlisted, const char *cause)
{
	struct err err;
	DSSE statement = {0};
	struct roster *roster = NULL;
	enlisted_state(enlisted, &statement);
	expect_error(roster_parse(&statement, enlisted->charter, &roster, &err), ERR_INVALID, &err,
	    cause);
	assert_null(roster);
}

static void
a_responder_collides_with_nobody(void **state)
{
	(void)state;
	ENLISTED enlisted = {0};
	enlist(&enlisted);
	struct roster *roster = enlisted.roster, good = *roster;
	snprintf(roster->seats[0].name, SEAT_NAME_MAX, "ciso");
	refuse(&enlisted, "roster: seat \"ciso\" stands twice");
	*roster = good;
	snprintf(roster->seats[1].name, SEAT_NAME_MAX, "anna");
	refuse(&enlisted, "roster: seat \"anna\" stands twice");
	*roster = good;
	roster->seats[0].tokens[0].serial = 1002;
	refuse(&enlisted, "roster: token serial 1002 is enrolled for both audit and anna");
	*roster = good;
	roster->seats[1].tokens[0].serial = 5000;
	refuse(&enlisted, "roster: token serial 5000 is enrolled for both anna and ben");
	*roster = good;
	put_key(&roster->seats[0].tokens[0], KEY_RELEASE, enlisted.founded.keys[CISO][KEY_SHARE]);
	refuse(&enlisted,
	    "the share key of token serial 1000 (ciso) is also the release key of token "
	    "serial 5000 (anna)");
	*roster = good;
	roster->seats[0].tokens[0].has[KEY_RELEASE] = false;
	refuse(&enlisted, "has no release key, which the role responder needs");
}

static void
a_training_roster_is_refused_in_production(void **state)
{
	(void)state;
	struct err err;
	ENLISTED enlisted = {0};
	DSSE statement = {0};
	JSON *payload = NULL;
	struct roster *roster = NULL;
	enlist(&enlisted);
	fine(roster_payload(enlisted.roster, &payload, &err), &err);
	fine(statement_new(STATEMENT_ROSTER, true, payload, &statement, &err), &err);
	expect_error(roster_parse(&statement, enlisted.charter, &roster, &err), ERR_REFUSED, &err,
	    "roster: a training statement");
}

static void
an_operator_and_another_officer_must_sign(void **state)
{
	(void)state;
	static const struct {
		int signers[3]; /* -1: none */
		enum err_code code;
		const char *text;
	} rows[] = {
	    {{-1, -1, -1}, ERR_WAITING, "not signed yet by an operator and an officer"},
	    {{OPS, -1, -1}, ERR_WAITING, "not signed yet by an officer"},
	    {{CISO, -1, -1}, ERR_WAITING, "not signed yet by an operator"},
	    {{CISO, AUDIT, -1}, ERR_WAITING, "not signed yet by an operator"},
	    /* infra is both, and still one person */
	    {{INFRA, -1, -1}, ERR_WAITING, "a second must sign"},
	    {{OPS, CISO, -1}, ERR_OK, ""},
	    {{INFRA, CISO, -1}, ERR_OK, ""},
	    {{INFRA, OPS, -1}, ERR_OK, ""},
	    {{OPS, CISO, AUDIT}, ERR_OK, ""},
	};
	struct err err;
	ENLISTED enlisted = {0};
	enlist(&enlisted);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		DSSE statement = {0};
		ROSTER *roster = NULL;
		enlisted_state(&enlisted, &statement);
		parse(&enlisted, &statement, &roster);
		for (size_t j = 0; j < 3 && rows[i].signers[j] >= 0; j++)
			sign_with(&statement, signer(&enlisted, (size_t)rows[i].signers[j]));
		enum err_code code =
		    verify(&enlisted, &statement, roster, NULL, &enlisted.vault, &err);
		if (rows[i].code == ERR_OK)
			fine(code, &err);
		else
			expect_error(code, rows[i].code, &err, rows[i].text);
	}
}

static void
unknown_and_wrong_signatures_are_refused(void **state)
{
	(void)state;
	struct err err;
	ENLISTED enlisted = {0};
	DSSE statement = {0};
	ROSTER *roster = NULL;
	enlist(&enlisted);
	enlisted_state(&enlisted, &statement);
	parse(&enlisted, &statement, &roster);
	sign_with(&statement, signer(&enlisted, OPS));
	sign_with(&statement, signer(&enlisted, CISO));
	sign_with(&statement, enlisted.keys[0][0]); /* a responder may not sign their own roster */
	expect_error(verify(&enlisted, &statement, roster, NULL, &enlisted.vault, &err),
	    ERR_REFUSED, &err, "roster: signed with an unknown key");
	statement.count = 2;
	statement.signatures[1].sig[10] ^= 1;
	expect_error(verify(&enlisted, &statement, roster, NULL, &enlisted.vault, &err),
	    ERR_INTEGRITY, &err, "roster: ciso, token serial 1000");
	statement.signatures[1].sig[10] ^= 1;
	fine(verify(&enlisted, &statement, roster, NULL, &enlisted.vault, &err), &err);
	statement.payload.data[5] ^= 1;
	expect_error(verify(&enlisted, &statement, roster, NULL, &enlisted.vault, &err),
	    ERR_INTEGRITY, &err, "roster: the statement has another digest");
}

static void
a_roster_follows_its_predecessor(void **state)
{
	(void)state;
	struct err err;
	ENLISTED enlisted = {0};
	DSSE first_statement = {0};
	DSSE statement = {0};
	ROSTER *first = NULL;
	ROSTER *second = NULL;
	enlist(&enlisted);
	enlisted_state(&enlisted, &first_statement);
	parse(&enlisted, &first_statement, &first);
	sign_with(&first_statement, signer(&enlisted, OPS));
	sign_with(&first_statement, signer(&enlisted, CISO));
	fine(verify(&enlisted, &first_statement, first, NULL, &enlisted.vault, &err), &err);
	enlisted.roster->version = 2;
	enlisted.roster->previous = first->digest;
	enlisted_state(&enlisted, &statement);
	parse(&enlisted, &statement, &second);
	sign_with(&statement, signer(&enlisted, OPS));
	sign_with(&statement, signer(&enlisted, CISO));
	fine(verify(&enlisted, &statement, second, first, &enlisted.vault, &err), &err);
	expect_error(verify(&enlisted, &statement, second, NULL, &enlisted.vault, &err),
	    ERR_INTEGRITY, &err, "roster: version: 2 does not follow 0");
	expect_error(verify(&enlisted, &statement, second, second, &enlisted.vault, &err),
	    ERR_INTEGRITY, &err, "roster: version: 2 does not follow 2");
	first->digest.bytes[0] ^= 1;
	expect_error(verify(&enlisted, &statement, second, first, &enlisted.vault, &err),
	    ERR_INTEGRITY, &err, "roster: previous: names another roster 1");
}

static void
a_roster_of_another_vault_or_charter_is_refused(void **state)
{
	(void)state;
	struct err err;
	ENLISTED enlisted = {0};
	DSSE statement = {0};
	ROSTER *roster = NULL;
	enlist(&enlisted);
	enlisted_state(&enlisted, &statement);
	parse(&enlisted, &statement, &roster);
	sign_with(&statement, signer(&enlisted, OPS));
	sign_with(&statement, signer(&enlisted, CISO));
	struct digest other = enlisted.vault;
	other.bytes[31] ^= 1;
	expect_error(verify(&enlisted, &statement, roster, NULL, &other, &err), ERR_INTEGRITY, &err,
	    "roster: vault");
	enlisted.charter->digest = other;
	expect_error(verify(&enlisted, &statement, roster, NULL, &enlisted.vault, &err),
	    ERR_INTEGRITY, &err, "roster: charter");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_roster_reads_back_as_it_was_written),
	    cmocka_unit_test(the_empty_roster_has_version_0_and_nobody),
	    cmocka_unit_test(a_roster_may_dismiss_everybody),
	    cmocka_unit_test(every_broken_member_is_refused_with_its_name),
	    cmocka_unit_test(a_responder_collides_with_nobody),
	    cmocka_unit_test(a_training_roster_is_refused_in_production),
	    cmocka_unit_test(an_operator_and_another_officer_must_sign),
	    cmocka_unit_test(unknown_and_wrong_signatures_are_refused),
	    cmocka_unit_test(a_roster_follows_its_predecessor),
	    cmocka_unit_test(a_roster_of_another_vault_or_charter_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
