/* SPDX-License-Identifier: Apache-2.0 */
/* ceremony/protocol/enrolment*.c for FIDO2: the registration is this seat's, the cosigner this device's. */
#include <stdio.h>
#include <stdlib.h>

#include "base/crypto_key.h"
#include "base/text.h"
#include "ceremony/protocol/enrolment.h"
#include "ceremony/protocol/enrolment_verify.h"
#include "tests/lib/p256_sign.h"
#include "tests/unit/certificates.h"
#include "tests/unit/registration.h"
#include "tokens/formats/fido_keys.h"

static const uint8_t model[TOKEN_AAGUID_SIZE] = {0xaa, 0xbb};
static const uint8_t model_octets[18] = {0x04, 0x10, 0xaa, 0xbb};
static const uint8_t firmware_octets[] = {0x04, 0x03, 5, 7, 4};
static const uint8_t serial_bytes[] = {0x02, 0x03, 0x0f, 0x42, 0x41};
static const uint8_t policies[] = {PIN_ONCE, TOUCH_ALWAYS};
enum { SERIAL = 1000001 };

struct bench {
	struct authority root, device;
	EVP_PKEY *batch, *piv;
	struct p256_key *batch_key, *piv_key, *sign, *share;
	struct attest_policy policy;
	struct enrolment enrolment;
};

static void
sign_packed(struct bench *bench, const char *seat)
{
	struct enrolment *enrolment = &bench->enrolment;
	struct digest hash, digest;
	struct err err;

	assert_ok(fido_credential_hash(&enrolment->init, seat, &enrolment->seat.tokens[0].salt,
	    &hash, &err));
	assert_ok(assertion_digest(buf_view(&enrolment->authdata), &hash, &digest, &err));
	buf_done(&enrolment->signature);
	assert_ok(p256_sign(bench->batch_key, &digest, &enrolment->signature, &err));
}

static void
put_cosigner(struct bench *bench)
{
	static const uint8_t firmware[] = {5, 7, 4};
	const struct recipe recipe = {.subject = "YubiKey PIV Attestation 82",
	    .firmware = VIEW_OF(firmware),
	    .serial = VIEW_OF(serial_bytes),
	    .policies = VIEW_OF(policies)};

	bench->enrolment.cosigned = true;
	bench->enrolment.seat.tokens[0].serial = SERIAL;
	p256_key_public(bench->piv_key, &bench->enrolment.cosigner);
	certificate_make(&recipe, bench->piv, &bench->device, &bench->enrolment.cosigner_slot);
	buf_bytes(&bench->enrolment.cosigner_device, buf_view(&bench->device.der));
}

static int
start(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	const struct registration_recipe registration = {.aaguid = model};
	const struct recipe leaf = {.subject = "Vendor FIDO2 attestation",
	    .unit = "Authenticator Attestation",
	    .no_authority = true,
	    .aaguid = VIEW_OF(model_octets),
	    .fido_firmware = VIEW_OF(firmware_octets)};
	struct err err;

	assert_non_null(bench);
	assert_ok(crypto_start(&err));
	authority_make(&(struct recipe){.subject = "Root", .authority = true}, NULL, &bench->root);
	authority_make(&(struct recipe){.subject = "Device", .authority = true}, &bench->root,
	    &bench->device);
	bench->batch = EVP_EC_gen("P-256");
	bench->piv = EVP_EC_gen("P-256");
	bench->batch_key = certificate_key(bench->batch);
	bench->piv_key = certificate_key(bench->piv);
	assert_ok(p256_key_new(&bench->sign, &err));
	assert_ok(p256_key_new(&bench->share, &err));
	bench->policy = (struct attest_policy){.roots = {bench->root.fingerprint},
	    .root_count = 1,
	    .min_firmware = {5, 7, 0}};
	struct enrolment *enrolment = &bench->enrolment;
	struct seat_token *token = &enrolment->seat.tokens[0];
	*enrolment = (struct enrolment){.init = {{7}},
	    .created = 1767225600,
	    .expires = 1767225600 + ENROLMENT_LIFE,
	    .attested = true,
	    .unsealed = {false, true, false},
	    .seat = {.name = "legal",
	        .person = "Lea Gal",
	        .roles = ROLE_OFFICER,
	        .token_count = 1,
	        .tokens = {{.label = "legal-1",
	            .driver = "fido2",
	            .signs = SIGNS_ASSERTION,
	            .firmware = {5, 7, 4},
	            .has = {true, true, false},
	            .credential = "credential",
	            .credential_size = 10,
	            .salt = {{9}}}}}};
	memcpy(token->aaguid, model, sizeof(model));
	p256_key_public(bench->sign, &token->keys[KEY_SIGN]);
	p256_key_public(bench->share, &token->keys[KEY_SHARE]);
	registration_make(&registration, &token->keys[KEY_SIGN], &enrolment->authdata);
	sign_packed(bench, "legal");
	certificate_make(&leaf, bench->batch, &bench->root, &enrolment->leaf);
	assert_ok(enrolment_add_certificates(enrolment, buf_view(&bench->root.der), &err));
	*state = bench;
	return 0;
}

static int
stop(void **state)
{
	struct bench *bench = *state;

	authority_done(&bench->root);
	authority_done(&bench->device);
	EVP_PKEY_free(bench->batch);
	EVP_PKEY_free(bench->piv);
	p256_key_free(bench->batch_key);
	p256_key_free(bench->piv_key);
	p256_key_free(bench->sign);
	p256_key_free(bench->share);
	enrolment_done(&bench->enrolment);
	free(bench);
	return 0;
}

static void
sign(struct dsse *statement, const struct p256_key *key, bool fido)
{
	uint8_t authdata[ASSERTION_DATA_MIN] = {0};
	char keyid[2 * DIGEST_SIZE + 1];
	struct digest digest, id, rp;
	struct point public;
	struct err err;
	BUF der = {0};

	p256_key_public(key, &public);
	assert_ok(token_id(&public, &id, &err));
	text_hex(VIEW_OF(id.bytes), keyid);
	assert_ok(dsse_digest(statement, &digest, &err));
	assert_ok(sha256_one(view_of_text(ASSERTION_RP_ID), &rp, &err));
	memcpy(authdata, rp.bytes, DIGEST_SIZE);
	authdata[DIGEST_SIZE] = ASSERTION_UP | ASSERTION_UV;
	if (fido)
		assert_ok(assertion_digest(VIEW_OF(authdata), &digest, &digest, &err));
	assert_ok(p256_sign(key, &digest, &der, &err));
	assert_ok(dsse_add(statement, keyid, buf_view(&der),
	    fido ? VIEW_OF(authdata) : (struct view){0}, &err));
}

/* What a founder says of it, signed by its token and perhaps by COSIGNER. */
static enum err_code
judge(struct bench *bench, const struct p256_key *cosigner, struct err *err)
{
	struct err inner;
	DSSE statement = {0};
	JSON *payload = NULL;
	ENROLMENT read = {0};

	assert_int_equal(enrolment_payload(&bench->enrolment, &payload, &inner), ERR_OK);
	assert_int_equal(statement_new(STATEMENT_ENROLMENT, false, payload, &statement, &inner),
	    ERR_OK);
	sign(&statement, bench->sign, true);
	if (cosigner != NULL)
		sign(&statement, cosigner, false);
	TRY(enrolment_parse(&statement, false, &read, err));
	assert_int_equal(read.seat.tokens[0].signs, SIGNS_ASSERTION);
	return enrolment_verify(&statement, &read, &bench->enrolment.init, &bench->policy, err);
}

static void
a_registration_is_this_foundings_seats_and_credentials(void **state)
{
	struct bench *bench = *state;
	struct seat_token *token = &bench->enrolment.seat.tokens[0];
	struct err err;

	assert_ok(judge(bench, NULL, &err));
	sign_packed(bench, "ciso");
	assert_error(ERR_INTEGRITY, judge(bench, NULL, &err));
	assert_says("enrolment of seat \"legal\", token \"legal-1\"");
	sign_packed(bench, "legal");
	token->credential[0] ^= 1;
	assert_error(ERR_INTEGRITY, judge(bench, NULL, &err));
	assert_says("of another credential");
	token->credential[0] ^= 1;
	token->aaguid[0] ^= 1;
	assert_error(ERR_INTEGRITY, judge(bench, NULL, &err));
	token->aaguid[0] ^= 1;
	token->firmware[2]++;
	assert_error(ERR_INTEGRITY, judge(bench, NULL, &err));
	assert_says("of another firmware");
	token->firmware[2]--;
	bench->enrolment.unsealed[KEY_SHARE] = false;
	assert_error(ERR_REFUSED, judge(bench, NULL, &err));
	bench->enrolment.unsealed[KEY_SHARE] = true;
	assert_ok(judge(bench, NULL, &err));
}

static void
without_attestation_only_a_waiver_takes_it(void **state)
{
	struct bench *bench = *state;
	struct err err;

	buf_done(&bench->enrolment.leaf);
	assert_error(ERR_REFUSED, judge(bench, NULL, &err));
	bench->policy.waives = ATTEST_WAIVE_ATTESTATION;
	assert_ok(judge(bench, NULL, &err));
	bench->enrolment.seat.tokens[0].credential[0] ^= 1;
	assert_error(ERR_INTEGRITY, judge(bench, NULL, &err));
}

static void
a_cosigner_is_the_piv_side_with_this_serial(void **state)
{
	struct bench *bench = *state;
	struct err err;

	assert_error(ERR_REFUSED, judge(bench, bench->piv_key, &err));
	assert_says("alone");
	put_cosigner(bench);
	assert_ok(judge(bench, bench->piv_key, &err));
	assert_error(ERR_REFUSED, judge(bench, NULL, &err));
	assert_says("its cosigner, and no other");
	assert_error(ERR_REFUSED, judge(bench, bench->share, &err));
	bench->enrolment.seat.tokens[0].serial++;
	assert_error(ERR_INTEGRITY, judge(bench, bench->piv_key, &err));
	assert_says("its cosigner is a token with serial 1000001");
	bench->enrolment.seat.tokens[0].serial--;
	p256_key_public(bench->share, &bench->enrolment.cosigner);
	assert_error(ERR_INTEGRITY, judge(bench, bench->share, &err));
	assert_says("of another key");
}

int
main(void)
{
#define CLAIM(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
	    CLAIM(a_registration_is_this_foundings_seats_and_credentials),
	    CLAIM(without_attestation_only_a_waiver_takes_it),
	    CLAIM(a_cosigner_is_the_piv_side_with_this_serial),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
