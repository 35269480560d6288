/* SPDX-License-Identifier: Apache-2.0 */
/* vault/documents/suspension.c and ceremony/protocol/test.c: what the statements of single tokens may say. */
#include "ceremony/protocol/test.h"
#include "tests/lib/founded.h"
#include "vault/documents/suspension_verify.h"

static void
suspension_of(const struct founded *founded, size_t by, size_t of, struct suspension *ret)
{
	const struct seat *seats = founded->charter->seats;

	*ret = (struct suspension){.charter = founded->charter->digest,
	    .token = seats[by].tokens[0].id,
	    .suspended = seats[of].tokens[0].id,
	    .reason = "lost on the train",
	    .time = 1767225600};
	memset(ret->vault.bytes, 3, DIGEST_SIZE);
	snprintf(ret->seat, sizeof(ret->seat), "%s", seats[by].name);
	snprintf(ret->holder, sizeof(ret->holder), "%s", seats[of].name);
}

static void
state(const struct suspension *suspension, struct dsse *ret_statement)
{
	struct err err;
	JSON *payload = NULL;

	fine(suspension_payload(suspension, &payload, &err), &err);
	fine(statement_new(STATEMENT_SUSPEND, false, payload, ret_statement, &err), &err);
}

static void
a_suspension_says_all_of_it_and_nothing_else(void **unused)
{
	static const struct {
		const char *from, *to, *says;
	} faults[] = {
	    {"\"format\":1", "\"format\":2", "format"},
	    {"\"vault\":\"03", "\"vault\":\"0", "vault"},
	    {"\"charter\":", "\"charters\":", "charter"},
	    {"\"roster\":", "\"rosters\":", "roster"},
	    {"\"seat\":\"infra\"", "\"seat\":\"In Fra\"", "seat"},
	    {"\"reason\":\"lost on the train\"", "\"reason\":\"\"", "reason"},
	    {"\"suspends\":{\"seat\":\"ciso\",", "\"suspends\":{", "seat"},
	    {"\"suspends\":{", "\"suspends\":{\"why\":\"x\",", "why"},
	    {"\"time\":\"2026", "\"time\":\"x026", "time"},
	    {"{\"format\"", "{\"more\":1,\"format\"", "more"},
	};
	struct err err;
	FOUNDED founded = {0};
	DSSE statement = {0};
	struct suspension suspension, parsed;

	(void)unused;
	found(&founded);
	suspension_of(&founded, INFRA, CISO, &suspension);
	state(&suspension, &statement);
	fine(suspension_parse(&statement, false, &parsed, &err), &err);
	assert_string_equal(parsed.seat, "infra");
	assert_string_equal(parsed.holder, "ciso");
	assert_string_equal(parsed.reason, "lost on the train");
	assert_true(digest_equal(&parsed.suspended, &suspension.suspended));
	expect_error(suspension_parse(&statement, true, &parsed, &err), ERR_REFUSED, &err,
	    "training");
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		DSSE edited = {0};

		edit_payload(&statement, faults[i].from, faults[i].to, &edited);
		expect_error(suspension_parse(&edited, false, &parsed, &err), ERR_INVALID, &err,
		    faults[i].says);
	}
}

static enum err_code
verify(const struct founded *founded, const struct dsse *statement, struct err *err)
{
	struct suspension parsed;
	ROSTER *nobody = NULL;

	TRY(suspension_parse(statement, false, &parsed, err));
	TRY(roster_new(&nobody, err));
	TRY(quorum_parse(founded->charter->change_text, &founded->charter->change, err));
	const struct chain chain = {.vault = parsed.vault,
	    .charter = founded->charter,
	    .roster = nobody};
	SUSPENSIONS after = {0};
	return suspension_verify(statement, &parsed, &chain, &after, err);
}

static void
a_second_signature_is_another_officers(void **unused)
{
	struct err err;
	FOUNDED founded = {0};
	struct suspension suspension;
	struct {
		const struct p256_key *second;
		enum err_code code;
		const char *says;
	} rows[3];

	(void)unused;
	found(&founded);
	rows[0].second = founded.keys[AUDIT][KEY_SIGN];
	rows[0].code = ERR_OK;
	rows[1].second = founded.keys[OPS][KEY_SIGN];
	rows[1].code = ERR_REFUSED;
	rows[1].says = "another officer";
	rows[2].second = founded.spares[1];
	rows[2].code = ERR_REFUSED;
	rows[2].says = "unknown key";
	suspension_of(&founded, INFRA, CISO, &suspension);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		DSSE statement = {0};

		state(&suspension, &statement);
		expect_error(verify(&founded, &statement, &err), ERR_REFUSED, &err, "did not sign");
		sign_with(&statement, founded.keys[INFRA][KEY_SIGN]);
		assert_int_equal(suspension_signers(&statement, founded.charter), 1);
		sign_with(&statement, rows[i].second);
		if (rows[i].code != ERR_OK) {
			expect_error(verify(&founded, &statement, &err), rows[i].code, &err,
			    rows[i].says);
			continue;
		}
		fine(verify(&founded, &statement, &err), &err);
		assert_int_equal(suspension_signers(&statement, founded.charter), 2);
		statement.signatures[1].sig[statement.signatures[1].size - 1] ^= 1;
		assert_int_not_equal(verify(&founded, &statement, &err), ERR_OK);
	}
}

static void
the_order_of_suspensions_is_part_of_them(void **unused)
{
	struct err err;
	FOUNDED founded = {0};
	SUSPENSIONS list = {0};
	DSSE first = {0};
	DSSE second = {0};
	struct suspension one, other;

	(void)unused;
	found(&founded);
	suspension_of(&founded, INFRA, CISO, &one);
	state(&one, &first);
	sign_with(&first, founded.keys[INFRA][KEY_SIGN]);
	fine(suspension_parse(&first, false, &one, &err), &err);
	suspension_of(&founded, CISO, INFRA, &other);
	state(&other, &second);
	sign_with(&second, founded.keys[CISO][KEY_SIGN]);
	fine(suspension_parse(&second, false, &other, &err), &err);
	fine(suspensions_add(&list, &first, &one, &err), &err);
	expect_error(suspensions_add(&list, &second, &other, &err), ERR_REFUSED, &err,
	    "suspended before");
	expect_error(suspensions_add(&list, &first, &one, &err), ERR_EXISTS, &err,
	    "suspended already");
	assert_non_null(suspensions_find(&list, &one.suspended));
	assert_null(suspensions_find(&list, &one.token));
}

static void
a_test_says_what_was_opened_and_nothing_else(void **unused)
{
	static const struct {
		const char *from, *to, *says;
	} faults[] = {
	    {"\"format\":1", "\"format\":2", "format"},
	    {"\"seat\":\"ciso\"", "\"seat\":\"\"", "seat"},
	    {"\"opened\":{\"share\"", "\"opened\":{\"sign\"", "sign"},
	    {"\"size\":9", "\"size\":-9", "size"},
	    {"\"root\":", "\"roots\":", "root"},
	    {"{\"format\"", "{\"more\":1,\"format\"", "more"},
	};
	struct err err;
	JSON *payload = NULL;
	DSSE statement = {0};
	struct readiness readiness = {.seat = "ciso",
	    .has = {[KEY_SHARE] = true},
	    .size = 9,
	    .time = 1767225600};
	READINESS parsed = {0};

	(void)unused;
	fine(crypto_start(&err), &err);
	fine(readiness_payload(&readiness, &payload, &err), &err);
	fine(statement_new(STATEMENT_TEST, false, payload, &statement, &err), &err);
	fine(readiness_parse(&statement, false, &parsed, &err), &err);
	assert_true(parsed.has[KEY_SHARE]);
	assert_false(parsed.has[KEY_RELEASE]);
	assert_int_equal(parsed.size, 9);
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		DSSE edited = {0};

		edit_payload(&statement, faults[i].from, faults[i].to, &edited);
		expect_error(readiness_parse(&edited, false, &parsed, &err), ERR_INVALID, &err,
		    faults[i].says);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_suspension_says_all_of_it_and_nothing_else),
	    cmocka_unit_test(a_second_signature_is_another_officers),
	    cmocka_unit_test(the_order_of_suspensions_is_part_of_them),
	    cmocka_unit_test(a_test_says_what_was_opened_and_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
