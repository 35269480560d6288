/* SPDX-License-Identifier: Apache-2.0 */
/* vault/documents/charter.c, seat.c, seats_check.c: every rule broken once. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/lib/founded.h"
#include "vault/documents/charter.h"

static void
parse(const struct dsse *statement, struct charter **ret_charter)
{
	struct err err;
	fine(charter_parse(statement, ret_charter, &err), &err);
}

/* The charter as it was edited must be refused with a text that holds CAUSE. */
static void
refuse(const struct founded *founded, const char *cause)
{
	struct err err;
	DSSE statement = {0};
	struct charter *charter = NULL;
	founded_state(founded, &statement);
	expect_error(charter_parse(&statement, &charter, &err), ERR_INVALID, &err, cause);
	if (strncmp(err.text, "charter", 7) != 0)
		fail_msg("\"%s\" does not begin with charter", err.text);
	assert_null(charter);
}

static void
a_charter_reads_back_as_it_was_written(void **state)
{
	(void)state;
	struct err err;
	FOUNDED founded = {0};
	DSSE statement = {0};
	CHARTER *charter = NULL;
	struct digest digest;
	found(&founded);
	founded_state(&founded, &statement);
	parse(&statement, &charter);
	fine(dsse_digest(&statement, &digest, &err), &err);
	assert_true(digest_equal(&charter->digest, &digest));
	assert_string_equal(charter->name, "example.org");
	assert_false(charter->training);
	assert_int_equal(charter->version, 1);
	assert_int_equal(charter->seat_count, FOUNDED_SEATS);
	assert_memory_equal(charter->seats, founded.charter->seats, sizeof(charter->seats));
	assert_int_equal(charter->policies[0].max_duration, 3600);
	assert_int_equal(charter->policies[0].request_ttl, 900);
	assert_int_equal(charter->policies[0].max_age, 365 * 86400);
	assert_int_equal(charter->policies[0].quorum.clauses[0].groups[0].m, 2);
	assert_int_equal(charter->change.seat_count, 3);
	assert_memory_equal(charter->roots, founded.charter->roots, sizeof(charter->roots));
	assert_memory_equal(charter->min_firmware, founded.charter->min_firmware, 3);
	assert_true(point_equal(&charter->host_escrow, &founded.charter->host_escrow));
	assert_int_equal(charter->created, 1767225600);
	assert_string_equal(charter->copy, "none");
}

static void
quorum_texts_become_canonical_and_must_be(void **state)
{
	(void)state;
	struct err err;
	FOUNDED founded = {0};
	DSSE statement = {0};
	DSSE edited = {0};
	CHARTER *charter = NULL;
	found(&founded);
	snprintf(founded.charter->change_text, QUORUM_TEXT_MAX, " (2  of(ciso,infra)) ");
	founded_state(&founded, &statement);
	parse(&statement, &charter);
	assert_string_equal(charter->change_text, "2 of (ciso, infra)");
	edit_payload(&statement, "\"2 of (ciso, infra)\"", "\"2 of (ciso,infra)\"", &edited);
	struct charter *none = NULL;
	expect_error(charter_parse(&edited, &none, &err), ERR_INVALID, &err,
	    "charter: change: quorum: not in its canonical form, which is: 2 of (ciso, infra)");
	snprintf(founded.charter->change_text, QUORUM_TEXT_MAX, "2 off (ciso)");
	struct json *payload = NULL;
	expect_error(charter_payload(founded.charter, &payload, &err), ERR_INVALID, &err,
	    "change: quorum: column 3");
	assert_null(payload);
}

static void
every_broken_member_is_refused_with_its_name(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to, *cause;
	} rows[] = {
	    {"\"format\":1", "\"format\":2", "charter: format"},
	    {"\"name\":\"example.org\"", "\"name\":\"exa mple\"", "charter: name"},
	    {"\"name\":\"example.org\"", "\"name\":\".org\"", "charter: name"},
	    {"\"name\":\"example.org\"", "\"name\":\"a/b\"", "charter: name"},
	    {"\"name\":\"example.org\"", "\"name\":\"\"", "charter: name"},
	    {"\"training\":false,", "", "charter: \"training\""},
	    {"\"training\":false", "\"training\":0", "charter: training"},
	    {"\"version\":1", "\"version\":0", "charter: version"},
	    {"\"version\":1", "\"version\":2", "charter: previous"},
	    {"\"version\":1", "\"version\":1,\"previous\":\"00\"", "charter: previous"},
	    {"\"init\":\"07", "\"init\":\"7", "charter: init"},
	    {"\"statement\":\"08", "\"statement\":\"G8", "charter: host: statement"},
	    {"\"escrow\":\"04", "\"escrow\":\"06", "charter: host: escrow"},
	    {"\"roots\":[\"0a", "\"roots\":[\"a", "charter: attestation: roots[0]"},
	    {"\"min_firmware\":\"5.7.0\"", "\"min_firmware\":\"5.07.0\"",
	        "charter: attestation: min_firmware"},
	    {"\"min_firmware\":\"5.7.0\"", "\"min_firmware\":\"5.7.256\"",
	        "charter: attestation: min_firmware"},
	    {"\"seats\":[{", "\"seats\":[1,{", "charter: seats[0]"},
	    {"\"name\":\"ciso\"", "\"name\":\"Ciso\"", "charter: seats[0]: seat: name"},
	    {"\"person\":\"Person ciso\"", "\"person\":\"\"", "charter: seats[0]: seat: person"},
	    {"\"roles\":[\"officer\"]", "\"roles\":[]", "charter: seats[0]: seat: roles"},
	    {"\"roles\":[\"officer\"]", "\"roles\":[\"boss\"]",
	        "charter: seats[0]: seat \"ciso\": roles: \"boss\""},
	    {"\"roles\":[\"officer\"]", "\"roles\":[\"officer\",\"officer\"]",
	        "charter: seats[0]: seat \"ciso\": roles: \"officer\" stands twice"},
	    {"\"label\":\"infra key\"", "\"label\":\"\"",
	        "charter: seats[1]: seat \"infra\": tokens[0]: token: label"},
	    {"\"driver\":\"piv\"", "\"driver\":\"pvi\"", "tokens[0]: token: driver"},
	    {"\"serial\":1000", "\"serial\":0", "tokens[0]: token: serial"},
	    {"\"serial\":1000", "\"serial\":4294967296", "tokens[0]: token: serial"},
	    {"\"firmware\":\"5.7.4\"", "\"firmware\":\"5.7\"", "tokens[0]: token: firmware"},
	    {"\"enrolment\":\"01", "\"enrolment\":\"", "tokens[0]: token: enrolment"},
	    {"\"sign\":\"04", "\"sign\":\"02", "token \"ciso key\": the sign key"},
	    {"\"share\":\"04", "\"share\":\"07", "token \"ciso key\": the share key"},
	    {"\"sign\":", "\"sing\":", "keys"},
	    {"\"name\":\"default\"", "\"name\":\"De\"", "charter: policies[0]: policy: name"},
	    {"\"quorum\":\"2 of (ciso, infra, audit)\"", "\"quorum\":\"4 of (ciso, infra, audit)\"",
	        "charter: policies[0]: policy \"default\": quorum: column 1: m is 4"},
	    {"\"class\":\"break-glass\"", "\"class\":\"developer\"", "policy: class"},
	    {"\"max_duration\":3600", "\"max_duration\":0", "policy: max_duration"},
	    {"\"request_ttl\":900", "\"request_ttl\":-1", "policy: request_ttl"},
	    {"\"max_age\":31536000", "\"max_age\":31536000000", "policy: max_age"},
	    {"\"max_age\":31536000", "\"max_age\":31536000,\"x\":1", "\"x\""},
	    {"\"copy\":\"none\"", "\"copy\":\"\"", "charter: copy"},
	    {"\"copy\":\"none\"", "\"copy\":\"directory:relative\"", "charter: copy"},
	    {"\"copy\":\"none\"", "\"copy\":\"s3:bucket\"", "charter: copy"},
	    {"\"created\":\"2026", "\"created\":\"26", "charter: created"},
	    {"\"nonce\":\"", "\"nonce\":\"0", "charter: nonce"},
	    {"\"copy\":\"none\"", "\"copy\":\"none\",\"more\":1", "\"more\""},
	    {"\"copy\":\"none\"", "\"copy\":\"none\",\"copy\":\"none\"", "duplicate"},
	    {"\"person\":\"Person ops\"", "\"person\":\"a\\u202eb\"", "charter"},
	};
	struct err err;
	FOUNDED founded = {0};
	DSSE statement = {0};
	found(&founded);
	founded_state(&founded, &statement);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		DSSE edited = {0};
		struct charter *charter = NULL;
		edit_payload(&statement, rows[i].from, rows[i].to, &edited);
		expect_error(charter_parse(&edited, &charter, &err), ERR_INVALID, &err,
		    rows[i].cause);
		assert_null(charter);
	}
}

static void
what_must_be_unique_is_refused_twice_with_both_names(void **state)
{
	(void)state;
	FOUNDED founded = {0};
	found(&founded);
	struct charter *charter = founded.charter, good = *charter;
	struct seat_token *infra = &charter->seats[INFRA].tokens[0];
	struct seat_token *ciso = &charter->seats[CISO].tokens[0];

	infra->serial = 1000;
	refuse(&founded, "charter: token serial 1000 is enrolled for both ciso and infra");
	*charter = good;
	snprintf(infra->label, sizeof(infra->label), "ciso key");
	refuse(&founded, "charter: token label \"ciso key\" is enrolled for both ciso and infra");
	*charter = good;
	snprintf(charter->seats[INFRA].name, SEAT_NAME_MAX, "audit");
	refuse(&founded, "charter: seat \"audit\" stands twice");
	*charter = good;
	infra->keys[KEY_SIGN] = ciso->keys[KEY_SIGN];
	refuse(&founded,
	    "the sign key of token serial 1000 (ciso) is also the sign key of token "
	    "serial 1001 (infra)");
	*charter = good;
	infra->keys[KEY_SHARE] = ciso->keys[KEY_SIGN];
	refuse(&founded,
	    "the sign key of token serial 1000 (ciso) is also the share key of token "
	    "serial 1001 (infra)");
	*charter = good;
	ciso->keys[KEY_SHARE] = ciso->keys[KEY_SIGN];
	refuse(&founded,
	    "the sign key of token serial 1000 (ciso) is also the share key of token "
	    "serial 1000 (ciso)");
	*charter = good;
	charter->policies[1] = charter->policies[0];
	charter->policy_count = 2;
	refuse(&founded, "charter: policy \"default\" stands twice");
	*charter = good;
	charter->roots[1] = charter->roots[0];
	charter->root_count = 2;
	refuse(&founded, "roots[1]: stands twice");
	*charter = good;
	memcpy(charter->host_log.bytes, charter->host_statement.bytes, ED25519_SIZE);
	refuse(&founded, "charter: host: statement and log are one key");
}

static void
a_spare_token_of_a_seat_needs_keys_and_a_serial_of_its_own(void **state)
{
	(void)state;
	FOUNDED founded = {0};
	DSSE statement = {0};
	CHARTER *charter = NULL;
	found(&founded);
	struct seat *seat = &founded.charter->seats[CISO];
	seat->tokens[1] = seat->tokens[0];
	seat->token_count = 2;
	refuse(&founded, "token serial 1000 is enrolled twice for ciso");
	seat->tokens[1].serial = 2000;
	refuse(&founded, "token label \"ciso key\" is enrolled twice for ciso");
	snprintf(seat->tokens[1].label, LABEL_MAX, "ciso spare");
	refuse(&founded, "is also the sign key of token serial 2000");
	put_key(&seat->tokens[1], KEY_SIGN, founded.spares[1]);
	refuse(&founded, "is also the share key of token serial 2000");
	put_key(&seat->tokens[1], KEY_SHARE, founded.spares[2]);
	founded_state(&founded, &statement);
	parse(&statement, &charter);
	const struct seat_token *token = NULL;
	const struct seat *found_seat =
	    seat_by_token(charter->seats, charter->seat_count, &seat->tokens[1].id, &token);
	assert_ptr_equal(found_seat, &charter->seats[CISO]);
	assert_int_equal(token->serial, 2000);
	assert_null(seat_by_token(charter->seats, charter->seat_count, &charter->digest, &token));
}

static void
a_role_without_its_keys_is_refused(void **state)
{
	(void)state;
	FOUNDED founded = {0};
	found(&founded);
	struct charter *charter = founded.charter;
	charter->seats[CISO].tokens[0].has[KEY_SHARE] = false;
	refuse(&founded,
	    "seat \"ciso\": token serial 1000 has no share key, which the role officer "
	    "needs");
	charter->seats[CISO].tokens[0].has[KEY_SHARE] = true;
	charter->seats[OPS].roles |= ROLE_RESPONDER;
	refuse(&founded,
	    "seat \"ops\": token serial 1003 has no release key, which the role responder "
	    "needs");
	charter->seats[OPS].roles = ROLE_OPERATOR;
	charter->seats[OPS].tokens[0].has[KEY_SIGN] = false;
	refuse(&founded, "token \"ops key\": it has no sign key");
}

static void
quorums_of_a_charter_name_officers_and_need_two_persons(void **state)
{
	(void)state;
	FOUNDED founded = {0};
	found(&founded);
	char *policy = founded.charter->policies[0].quorum_text;
	char *change = founded.charter->change_text;
	snprintf(policy, QUORUM_TEXT_MAX, "2 of (ciso, ops)");
	refuse(&founded, "charter: policy \"default\": quorum: seat \"ops\" is not an officer");
	snprintf(policy, QUORUM_TEXT_MAX, "2 of (ciso, infar)");
	refuse(&founded,
	    "policy \"default\": quorum: there is no seat \"infar\"; did you mean "
	    "\"infra\"?");
	snprintf(policy, QUORUM_TEXT_MAX, "1 of (ciso, infra)");
	refuse(&founded, "charter: policy \"default\": quorum: one person could meet it alone");
	snprintf(policy, QUORUM_TEXT_MAX, "2 of (ciso, infra) or 1 of (audit)");
	refuse(&founded, "one person could meet it alone");
	snprintf(policy, QUORUM_TEXT_MAX, "2 of (ciso, infra)");
	snprintf(change, QUORUM_TEXT_MAX, "1 of (ciso, infra)");
	refuse(&founded, "charter: change: quorum: one person could meet it alone");
}

static void
a_charter_without_an_operator_is_refused(void **state)
{
	(void)state;
	FOUNDED founded = {0};
	found(&founded);
	founded.charter->seats[INFRA].roles = ROLE_OFFICER;
	founded.charter->seat_count = OPS;
	refuse(&founded, "charter: no seat is an operator");
}

static void
training_stands_in_type_and_payload_alike(void **state)
{
	(void)state;
	struct err err;
	FOUNDED founded = {0};
	DSSE statement = {0};
	DSSE edited = {0};
	CHARTER *charter = NULL;
	struct charter *none = NULL;
	found(&founded);
	founded.charter->training = true;
	founded_state(&founded, &statement);
	parse(&statement, &charter);
	assert_true(charter->training);
	edit_payload(&statement, "\"training\":true", "\"training\":false", &edited);
	expect_error(charter_parse(&edited, &none, &err), ERR_REFUSED, &err, "charter: training");
}

static void
look_ups_find_by_name_only(void **state)
{
	(void)state;
	FOUNDED founded = {0};
	found(&founded);
	const struct charter *charter = founded.charter;
	assert_ptr_equal(seat_by_name(charter->seats, charter->seat_count, "audit"),
	    &charter->seats[AUDIT]);
	assert_null(seat_by_name(charter->seats, charter->seat_count, "audi"));
	assert_null(seat_by_name(charter->seats, 2, "audit"));
	assert_ptr_equal(charter_policy(charter, "default"), &charter->policies[0]);
	assert_null(charter_policy(charter, "Default"));
}

static void
a_token_is_named_so_that_a_shell_takes_it_for_nothing_else(void **state)
{
	static const struct {
		const char *label, *typed;
		uint32_t serial;
	} rows[] = {{"ciso-1", "ciso-1", 7}, {"ciso key", "7", 7},
	    {"x'; id #", "4294967295", UINT32_MAX}, {"-x", "7", 7}, {"$(id)", "LABEL", 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct seat_token token = {.serial = rows[i].serial};
		char typed[LABEL_MAX + 1];

		snprintf(token.label, sizeof(token.label), "%s", rows[i].label);
		seat_token_typed(&token, typed);
		assert_string_equal(typed, rows[i].typed);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_token_is_named_so_that_a_shell_takes_it_for_nothing_else),
	    cmocka_unit_test(a_charter_reads_back_as_it_was_written),
	    cmocka_unit_test(quorum_texts_become_canonical_and_must_be),
	    cmocka_unit_test(every_broken_member_is_refused_with_its_name),
	    cmocka_unit_test(what_must_be_unique_is_refused_twice_with_both_names),
	    cmocka_unit_test(a_spare_token_of_a_seat_needs_keys_and_a_serial_of_its_own),
	    cmocka_unit_test(a_role_without_its_keys_is_refused),
	    cmocka_unit_test(quorums_of_a_charter_name_officers_and_need_two_persons),
	    cmocka_unit_test(a_charter_without_an_operator_is_refused),
	    cmocka_unit_test(training_stands_in_type_and_payload_alike),
	    cmocka_unit_test(look_ups_find_by_name_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
