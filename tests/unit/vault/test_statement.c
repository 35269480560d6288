/* SPDX-License-Identifier: Apache-2.0 */
/* vault/documents/statement.c: types, nonces, and the two kinds of signature. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/json_in.h"
#include "tests/lib/founded.h"

static void
make(bool training, struct dsse *ret_statement)
{
	struct err err;
	JSON *payload = json_new_object();
	json_put_text(payload, "reason", "because");
	fine(statement_new(STATEMENT_DENIAL, training, payload, ret_statement, &err), &err);
}

static void
the_type_says_what_it_is_and_whether_it_is_training(void **state)
{
	(void)state;
	DSSE production = {0};
	DSSE training = {0};
	make(false, &production);
	make(true, &training);
	assert_string_equal(production.type, "application/vnd.halligan.denial+json");
	assert_string_equal(training.type, "application/vnd.halligan.training.denial+json");
	assert_false(statement_is_training(&production));
	assert_true(statement_is_training(&training));
}

static void
every_type_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < STATEMENT_TYPES; i++) {
		assert_non_null(statement_names[i]);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(statement_names[i], statement_names[j]);
	}
	assert_null(statement_names[STATEMENT_TYPES]);
	assert_string_equal(statement_names[STATEMENT_ENROLMENT], "enrolment");
	assert_string_equal(statement_names[STATEMENT_SECRET], "secret");
	assert_string_equal(statement_names[STATEMENT_ROTATION], "rotation");
}

static void
two_statements_of_one_payload_differ_by_their_nonce(void **state)
{
	(void)state;
	struct err err;
	struct digest a, b;
	DSSE first = {0};
	DSSE second = {0};
	JSON *payload = NULL;
	uint8_t nonce[16];
	make(false, &first);
	make(false, &second);
	fine(dsse_digest(&first, &a, &err), &err);
	fine(dsse_digest(&second, &b, &err), &err);
	assert_false(digest_equal(&a, &b));
	fine(statement_payload(&first, STATEMENT_DENIAL, false, &payload, &err), &err);
	struct json_in in = json_in(payload, "denial", &err);
	assert_string_equal(json_in_text(&in, "reason", 1, 20), "because");
	json_in_hex(&in, "nonce", nonce, sizeof(nonce));
	fine(json_in_end(&in), &err);
}

static void
training_and_production_never_mix(void **state)
{
	(void)state;
	struct err err;
	DSSE production = {0};
	DSSE training = {0};
	struct json *payload = NULL;
	make(false, &production);
	make(true, &training);
	expect_error(statement_payload(&training, STATEMENT_DENIAL, false, &payload, &err),
	    ERR_REFUSED, &err, "a training statement cannot be used in a production vault");
	expect_error(statement_payload(&production, STATEMENT_DENIAL, true, &payload, &err),
	    ERR_REFUSED, &err, "a production statement cannot be used in a training vault");
	assert_null(payload);
}

static void
a_statement_of_another_type_is_refused(void **state)
{
	(void)state;
	struct err err;
	DSSE statement = {0};
	struct json *payload = NULL;
	make(false, &statement);
	expect_error(statement_payload(&statement, STATEMENT_CANCEL, false, &payload, &err),
	    ERR_INVALID, &err, "cancel: the statement's type is \"application/vnd.halligan.denial");
	assert_null(payload);
}

static void
a_payload_that_is_no_object_is_refused(void **state)
{
	(void)state;
	struct err err;
	struct json *payload = NULL;
	static const char *const texts[] = {"", "[]", "{} ,", "{\"a\":1,\"a\":1}",
	    "{\"a\":\"\\u202e\"}"};
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		DSSE statement = {0};
		fine(dsse_set(&statement, "application/vnd.halligan.denial+json",
		         view_of_text(texts[i]), &err),
		    &err);
		expect_error(statement_payload(&statement, STATEMENT_DENIAL, false, &payload, &err),
		    ERR_INVALID, &err, "denial: ");
	}
	assert_null(payload);
}

static void
a_tokens_signature_verifies_and_every_byte_of_it_counts(void **state)
{
	(void)state;
	struct err err;
	DSSE statement = {0};
	P256_KEY *key = NULL;
	struct point public;
	fine(p256_key_new(&key, &err), &err);
	p256_key_public(key, &public);
	make(false, &statement);
	expect_error(statement_verify_token(&statement, SIGNS_DIGEST, &public, &err), ERR_REFUSED,
	    &err, "did not sign");
	sign_with(&statement, key);
	fine(statement_verify_token(&statement, SIGNS_DIGEST, &public, &err), &err);
	for (size_t i = 0; i < statement.signatures[0].size; i++) {
		statement.signatures[0].sig[i] ^= 1;
		expect_error(statement_verify_token(&statement, SIGNS_DIGEST, &public, &err),
		    ERR_INTEGRITY, &err, "the signature of token");
		statement.signatures[0].sig[i] ^= 1;
	}
	for (size_t i = 0; i < statement.payload.size; i++) {
		statement.payload.data[i] ^= 1;
		expect_error(statement_verify_token(&statement, SIGNS_DIGEST, &public, &err),
		    ERR_INTEGRITY, &err, "the signature of token");
		statement.payload.data[i] ^= 1;
	}
	statement.type[30] ^= 1;
	expect_error(statement_verify_token(&statement, SIGNS_DIGEST, &public, &err), ERR_INTEGRITY,
	    &err, "the signature of token");
}

static void
another_tokens_signature_under_the_same_keyid_is_refused(void **state)
{
	(void)state;
	struct err err;
	DSSE statement = {0};
	P256_KEY *key = NULL;
	P256_KEY *other = NULL;
	struct point public;
	fine(p256_key_new(&key, &err), &err);
	fine(p256_key_new(&other, &err), &err);
	p256_key_public(key, &public);
	make(false, &statement);
	sign_with(&statement, other);
	char other_keyid[DSSE_KEYID_MAX + 1];
	memcpy(other_keyid, statement.signatures[0].keyid, sizeof(other_keyid));
	struct digest id;
	fine(token_id(&public, &id, &err), &err);
	text_hex(VIEW_OF(id.bytes), statement.signatures[0].keyid);
	assert_string_not_equal(statement.signatures[0].keyid, other_keyid);
	expect_error(statement_verify_token(&statement, SIGNS_DIGEST, &public, &err), ERR_INTEGRITY,
	    &err, "the signature of token");
}

static void
the_hosts_signature_verifies_with_its_key_only(void **state)
{
	(void)state;
	struct err err;
	DSSE statement = {0};
	SECRET *seed = NULL;
	struct ed25519_public host;
	fine(secret_new(32, &seed, &err), &err);
	fine(secret_random(seed, 32, &err), &err);
	fine(ed25519_public(seed, &host, &err), &err);
	make(false, &statement);
	expect_error(statement_verify_host(&statement, &host, &err), ERR_REFUSED, &err,
	    "host did not sign");
	fine(statement_sign_host(&statement, seed, &err), &err);
	assert_string_equal(statement.signatures[0].keyid, "host");
	fine(statement_verify_host(&statement, &host, &err), &err);
	statement.payload.data[3] ^= 1;
	expect_error(statement_verify_host(&statement, &host, &err), ERR_INTEGRITY, &err,
	    "signature of the vault's host");
	statement.payload.data[3] ^= 1;
	secret_data(seed)[0] ^= 1;
	fine(ed25519_public(seed, &host, &err), &err);
	expect_error(statement_verify_host(&statement, &host, &err), ERR_INTEGRITY, &err,
	    "signature of the vault's host");
}

static void
a_token_id_is_the_hash_of_its_sign_key(void **state)
{
	(void)state;
	struct err err;
	struct point point;
	struct digest id, expected;
	memset(point.bytes, 0x42, POINT_SIZE);
	fine(token_id(&point, &id, &err), &err);
	fine(sha256_one(VIEW_OF(point.bytes), &expected, &err), &err);
	assert_true(digest_equal(&id, &expected));
}

static int
start(void **state)
{
	(void)state;
	struct err err;
	return crypto_start(&err) == ERR_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_type_says_what_it_is_and_whether_it_is_training),
	    cmocka_unit_test(every_type_has_a_name_of_its_own),
	    cmocka_unit_test(two_statements_of_one_payload_differ_by_their_nonce),
	    cmocka_unit_test(training_and_production_never_mix),
	    cmocka_unit_test(a_statement_of_another_type_is_refused),
	    cmocka_unit_test(a_payload_that_is_no_object_is_refused),
	    cmocka_unit_test(a_tokens_signature_verifies_and_every_byte_of_it_counts),
	    cmocka_unit_test(another_tokens_signature_under_the_same_keyid_is_refused),
	    cmocka_unit_test(the_hosts_signature_verifies_with_its_key_only),
	    cmocka_unit_test(a_token_id_is_the_hash_of_its_sign_key),
	};
	return cmocka_run_group_tests(tests, start, NULL);
}
