/* SPDX-License-Identifier: Apache-2.0 */
/* vault/documents/charter.c and seat.c: FIDO2 tokens, form factors and waivers in a charter; statements that
 * FIDO2 tokens sign. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/assertion.h"
#include "tests/lib/founded.h"
#include "tests/lib/p256_sign.h"
#include "vault/documents/charter_verify.h"

static void
parse(const struct dsse *statement, struct charter **ret_charter)
{
	struct err err;
	fine(charter_parse(statement, ret_charter, &err), &err);
}

static void
refuse(const struct founded *founded, const char *cause)
{
	struct err err;
	DSSE statement = {0};
	struct charter *charter = NULL;
	founded_state(founded, &statement);
	expect_error(charter_parse(&statement, &charter, &err), ERR_INVALID, &err, cause);
	assert_null(charter);
}

/* Audit's token is a FIDO2 one that does not tell its serial. */
static void
found_fido2(struct founded *founded)
{
	found(founded);
	struct seat_token *token = &founded->charter->seats[AUDIT].tokens[0];
	snprintf(token->driver, sizeof(token->driver), "fido2");
	token->serial = 0;
	token->signs = SIGNS_ASSERTION;
	token->credential_size = FIDO2_CREDENTIAL_MAX;
	memset(token->credential, 0xc1, token->credential_size);
	memset(token->salt.bytes, 0x5a, DIGEST_SIZE);
	memcpy(token->aaguid, "NOT A REAL TOKEN", AAGUID_SIZE);
}

static void
add_waiver(struct founded *founded, size_t seat, unsigned waives, const char *reason)
{
	struct charter *charter = founded->charter;
	struct charter_waiver *waiver = &charter->waivers[charter->waiver_count++];
	*waiver =
	    (struct charter_waiver){.token = charter->seats[seat].tokens[0].id, .waives = waives};
	snprintf(waiver->reason, sizeof(waiver->reason), "%s", reason);
}

static void
a_fido2_token_reads_back(void **state)
{
	(void)state;
	FOUNDED founded = {0};
	DSSE statement = {0};
	CHARTER *charter = NULL;
	found_fido2(&founded);
	founded_state(&founded, &statement);
	parse(&statement, &charter);
	assert_memory_equal(charter->seats, founded.charter->seats, sizeof(charter->seats));
	assert_int_equal(charter->seats[AUDIT].tokens[0].signs, SIGNS_ASSERTION);
	assert_int_equal(charter->seats[CISO].tokens[0].signs, SIGNS_DIGEST);
}

static void
a_broken_fido2_token_is_refused_with_its_name(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to, *cause;
	} rows[] = {
	    {"\"driver\":\"fido2\"", "\"driver\":\"piv\"", "token: serial"},
	    {"\"fido2\":{", "\"fido\":{", "fido"},
	    {"\"credential\":\"w", "\"credential\":\"=", "token \"audit key\": fido2: credential"},
	    {"\"credential\":\"wc", "\"credential\":\"wcHB", "fido2: credential"},
	    {"\"salt\":\"5a", "\"salt\":\"", "token \"audit key\": fido2: salt"},
	    {"\"aaguid\":\"4e", "\"aaguid\":\"4e4e", "token \"audit key\": fido2: aaguid"},
	    {"\"aaguid\":\"", "\"more\":1,\"aaguid\":\"", "\"more\""},
	    {"\"salt\":\"", "\"slat\":\"", "fido2"},
	};
	struct err err;
	FOUNDED founded = {0};
	DSSE statement = {0};
	found_fido2(&founded);
	founded_state(&founded, &statement);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		DSSE edited = {0};
		struct charter *charter = NULL;
		edit_payload(&statement, rows[i].from, rows[i].to, &edited);
		expect_error(charter_parse(&edited, &charter, &err), ERR_INVALID, &err,
		    rows[i].cause);
		assert_null(charter);
	}
	founded.charter->seats[AUDIT].tokens[0].credential_size = 0;
	refuse(&founded, "\"fido2\" is missing");
}

static void
a_piv_token_has_no_credential(void **state)
{
	(void)state;
	struct err err;
	FOUNDED founded = {0};
	DSSE statement = {0};
	DSSE edited = {0};
	struct charter *charter = NULL;
	found(&founded);
	founded_state(&founded, &statement);
	edit_payload(&statement, "\"driver\":\"piv\"", "\"driver\":\"piv\",\"fido2\":{}", &edited);
	expect_error(charter_parse(&edited, &charter, &err), ERR_INVALID, &err, "\"fido2\"");
}

static void
a_seat_may_have_both_drivers_of_one_device_and_no_other_seat(void **state)
{
	(void)state;
	FOUNDED founded = {0};
	DSSE statement = {0};
	CHARTER *charter = NULL;
	found_fido2(&founded);
	struct seat *seat = &founded.charter->seats[AUDIT];
	seat->tokens[0].serial = 1001; /* infra's PIV token */
	refuse(&founded, "1001 is enrolled for both infra and audit");
	seat->tokens[0].serial = 1002;
	seat->tokens[1] = founded.charter->seats[CISO].tokens[0];
	seat->token_count = 2;
	seat->tokens[1].serial = 1002;
	snprintf(seat->tokens[1].label, LABEL_MAX, "audit piv");
	put_key(&seat->tokens[1], KEY_SIGN, founded.spares[1]);
	put_key(&seat->tokens[1], KEY_SHARE, founded.spares[2]);
	founded_state(&founded, &statement);
	parse(&statement, &charter);
	seat->tokens[0] = seat->tokens[1]; /* but not one driver twice */
	put_key(&seat->tokens[0], KEY_SIGN, founded.spares[3]);
	put_key(&seat->tokens[0], KEY_SHARE, founded.keys[AUDIT][KEY_SHARE]);
	snprintf(seat->tokens[0].label, LABEL_MAX, "audit other");
	refuse(&founded, "token serial 1002 is enrolled twice for audit");
}

static void
any_number_of_fido2_tokens_may_not_tell_their_serial(void **state)
{
	(void)state;
	FOUNDED founded = {0};
	DSSE statement = {0};
	CHARTER *charter = NULL;
	found_fido2(&founded);
	struct seat_token *ciso = &founded.charter->seats[CISO].tokens[0], piv = *ciso;
	*ciso = founded.charter->seats[AUDIT].tokens[0];
	memcpy(ciso->label, piv.label, sizeof(piv.label));
	memcpy(ciso->keys, piv.keys, sizeof(piv.keys));
	ciso->id = piv.id;
	memset(ciso->credential, 0xc2, ciso->credential_size);
	founded_state(&founded, &statement);
	parse(&statement, &charter);
	assert_int_equal(charter->seats[CISO].tokens[0].serial, 0);
}

static void
form_factors_read_back_and_have_bounds(void **state)
{
	(void)state;
	struct err err;
	FOUNDED founded = {0};
	DSSE statement = {0};
	DSSE edited = {0};
	CHARTER *charter = NULL;
	struct charter *none = NULL;
	found(&founded);
	founded.charter->form_factors[0] = 3;
	founded.charter->form_factors[1] = 0x83;
	founded.charter->form_factor_count = 2;
	founded_state(&founded, &statement);
	parse(&statement, &charter);
	assert_int_equal(charter->form_factor_count, 2);
	assert_memory_equal(charter->form_factors, founded.charter->form_factors, 2);
	edit_payload(&statement, "\"form_factors\":[3,131]", "\"form_factors\":[0]", &edited);
	expect_error(charter_parse(&edited, &none, &err), ERR_INVALID, &err, "form_factors[0]");
	edit_payload(&statement, "\"form_factors\":[3,131]", "\"form_factors\":[3,256]", &edited);
	expect_error(charter_parse(&edited, &none, &err), ERR_INVALID, &err, "form_factors[1]");
	edit_payload(&statement, "\"form_factors\":[3,131]", "\"form_factors\":[\"3\"]", &edited);
	expect_error(charter_parse(&edited, &none, &err), ERR_INVALID, &err, "form_factors[0]");
	edit_payload(&statement, "\"form_factors\":[3,131]",
	    "\"form_factors\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", &edited);
	expect_error(charter_parse(&edited, &none, &err), ERR_INVALID, &err, "form_factors");
}

static void
waivers_read_back_and_are_found_by_token(void **state)
{
	(void)state;
	FOUNDED founded = {0};
	DSSE statement = {0};
	CHARTER *charter = NULL;
	found_fido2(&founded);
	add_waiver(&founded, AUDIT, WAIVE_ATTESTATION | WAIVE_FORM_FACTOR,
	    "older key, replaced in May");
	add_waiver(&founded, INFRA, WAIVE_FIRMWARE | WAIVE_TOUCH, "x");
	founded_state(&founded, &statement);
	parse(&statement, &charter);
	assert_int_equal(charter->waiver_count, 2);
	const struct charter_waiver *waiver =
	    charter_waiver(charter, &charter->seats[AUDIT].tokens[0].id);
	assert_non_null(waiver);
	assert_int_equal(waiver->waives, WAIVE_ATTESTATION | WAIVE_FORM_FACTOR);
	assert_string_equal(waiver->reason, "older key, replaced in May");
	assert_int_equal(charter_waiver(charter, &charter->seats[INFRA].tokens[0].id)->waives,
	    WAIVE_FIRMWARE | WAIVE_TOUCH);
	assert_null(charter_waiver(charter, &charter->seats[CISO].tokens[0].id));
}

static void
a_broken_waiver_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to, *cause;
	} rows[] = {
	    {"[\"firmware\"]", "[]", "waivers[0]: waiver: waives"},
	    {"[\"firmware\"]", "[\"everything\"]", "waivers[0]: waives[0]: unknown"},
	    {"[\"firmware\"]", "[\"firmware\",\"firmware\"]", "waivers[0]: waives[1]"},
	    {"[\"firmware\"]", "[1]", "waivers[0]: waives[0]: unknown"},
	    {"\"reason\":\"old\"", "\"reason\":\"\"", "waivers[0]: waiver: reason"},
	    {"\"reason\":\"old\"", "\"cause\":\"old\"", "waivers[0]"},
	    {"\"waivers\":[{\"token\":\"", "\"waivers\":[{\"token\":\"0",
	        "waivers[0]: waiver: token"},
	};
	struct err err;
	FOUNDED founded = {0};
	DSSE statement = {0};
	found(&founded);
	add_waiver(&founded, CISO, WAIVE_FIRMWARE, "old");
	founded_state(&founded, &statement);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		DSSE edited = {0};
		struct charter *charter = NULL;
		edit_payload(&statement, rows[i].from, rows[i].to, &edited);
		expect_error(charter_parse(&edited, &charter, &err), ERR_INVALID, &err,
		    rows[i].cause);
		assert_null(charter);
	}
	add_waiver(&founded, CISO, WAIVE_TOUCH, "again");
	refuse(&founded, "waivers[1]: a second one for one token");
	founded.charter->waiver_count = 1;
	memset(founded.charter->waivers[0].token.bytes, 1, DIGEST_SIZE);
	refuse(&founded, "waivers[0]: of a token that no seat has");
}

/* Sign as a FIDO2 token does, with FLAGS. */
static void
assert_with(struct dsse *statement, const struct p256_key *key, uint8_t flags)
{
	struct err err;
	struct point public;
	struct digest id, digest, rp, signed_digest;
	char keyid[2 * DIGEST_SIZE + 1];
	BUF data = {0};
	BUF signature = {0};
	p256_key_public(key, &public);
	fine(token_id(&public, &id, &err), &err);
	text_hex(VIEW_OF(id.bytes), keyid);
	fine(sha256_one(view_of_text(ASSERTION_RP_ID), &rp, &err), &err);
	buf_bytes(&data, VIEW_OF(rp.bytes));
	buf_u8(&data, flags);
	buf_u32(&data, 1);
	fine(dsse_digest(statement, &digest, &err), &err);
	fine(assertion_digest(buf_view(&data), &digest, &signed_digest, &err), &err);
	fine(p256_sign(key, &signed_digest, &signature, &err), &err);
	fine(dsse_add(statement, keyid, buf_view(&signature), buf_view(&data), &err), &err);
}

/* The charter signed by ciso and infra, and by audit as SIGN says. */
static enum err_code
verify_with(void (*sign)(struct dsse *statement, const struct p256_key *key), bool fido2,
    struct err *err)
{
	FOUNDED founded = {0};
	DSSE statement = {0};
	CHARTER *charter = NULL;
	if (fido2)
		found_fido2(&founded);
	else
		found(&founded);
	founded_state(&founded, &statement);
	parse(&statement, &charter);
	sign_with(&statement, founded.keys[CISO][KEY_SIGN]);
	sign_with(&statement, founded.keys[INFRA][KEY_SIGN]);
	sign(&statement, founded.keys[AUDIT][KEY_SIGN]);
	return charter_verify(&statement, charter, NULL, NULL, err);
}

static void
with_touch_and_pin(struct dsse *statement, const struct p256_key *key)
{
	assert_with(statement, key, ASSERTION_UP | ASSERTION_UV);
}

static void
without_pin(struct dsse *statement, const struct p256_key *key)
{
	assert_with(statement, key, ASSERTION_UP);
}

static void
without_touch(struct dsse *statement, const struct p256_key *key)
{
	assert_with(statement, key, ASSERTION_UV);
}

static void
plainly(struct dsse *statement, const struct p256_key *key)
{
	sign_with(statement, key);
}

static void
each_kind_of_token_signs_in_its_own_way_only(void **state)
{
	(void)state;
	struct err err;
	fine(verify_with(with_touch_and_pin, true, &err), &err);
	fine(verify_with(plainly, false, &err), &err);
	assert_int_not_equal(verify_with(without_pin, true, &err), ERR_OK);
	assert_int_not_equal(verify_with(without_touch, true, &err), ERR_OK);
	assert_int_not_equal(verify_with(plainly, true, &err), ERR_OK);
	assert_int_not_equal(verify_with(with_touch_and_pin, false, &err), ERR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_fido2_token_reads_back),
	    cmocka_unit_test(a_broken_fido2_token_is_refused_with_its_name),
	    cmocka_unit_test(a_piv_token_has_no_credential),
	    cmocka_unit_test(a_seat_may_have_both_drivers_of_one_device_and_no_other_seat),
	    cmocka_unit_test(any_number_of_fido2_tokens_may_not_tell_their_serial),
	    cmocka_unit_test(form_factors_read_back_and_have_bounds),
	    cmocka_unit_test(waivers_read_back_and_are_found_by_token),
	    cmocka_unit_test(a_broken_waiver_is_refused),
	    cmocka_unit_test(each_kind_of_token_signs_in_its_own_way_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
