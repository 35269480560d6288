/* SPDX-License-Identifier: Apache-2.0 */
/* tokens/attest/fido.c: registrations attested rightly, and wrongly in one way each. */
#include "base/crypto_key.h"
#include "tests/unit/certificates.h"
#include "tests/unit/registration.h"
#include "tokens/attest/fido.h"

static const uint8_t model[TOKEN_AAGUID_SIZE] = {0xaa, 0xbb};
static const uint8_t model_octets[18] = {0x04, 0x10, 0xaa, 0xbb};
static const uint8_t other_octets[18] = {0x04, 0x10, 0xaa, 0xbc};
static const uint8_t firmware_octets[] = {0x04, 0x03, 5, 7, 4};
static const uint8_t old_octets[] = {0x04, 0x03, 5, 4, 3};

struct bench {
	struct authority root, intermediate;
	EVP_PKEY *batch; /* the leaf's key */
	struct point public;
	struct attest_policy policy;
	struct buf authdata, signature, leaf;
	struct attest_fido attestation;
	struct attest_fido_facts facts;
};

static struct recipe
usual(void)
{
	return (struct recipe){.subject = "Vendor FIDO2 attestation",
	    .unit = "Authenticator Attestation",
	    .no_authority = true,
	    .aaguid = VIEW_OF(model_octets),
	    .fido_firmware = VIEW_OF(firmware_octets)};
}

static void
sign_with(struct bench *bench, EVP_PKEY *key)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t signature[ECDSA_MAX];
	size_t size = sizeof(signature);
	BUF message = {0};

	buf_bytes(&message, buf_view(&bench->authdata));
	buf_bytes(&message, VIEW_OF(bench->attestation.client_data_hash.bytes));
	assert_non_null(context);
	assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestSign(context, signature, &size, message.data, message.size), 1);
	EVP_MD_CTX_free(context);
	buf_done(&bench->signature);
	buf_bytes(&bench->signature, view_of(signature, size));
	bench->attestation.signature = buf_view(&bench->signature);
}

/* The whole attestation, with a leaf after RECIPE. */
static void
attest(struct bench *bench, const struct recipe *recipe)
{
	const struct registration_recipe registration = {.aaguid = model};

	buf_done(&bench->authdata);
	buf_done(&bench->leaf);
	registration_make(&registration, &bench->public, &bench->authdata);
	certificate_make(recipe, bench->batch, &bench->intermediate, &bench->leaf);
	bench->attestation = (struct attest_fido){
	    .authdata = buf_view(&bench->authdata),
	    .leaf = buf_view(&bench->leaf),
	    .others = buf_view(&bench->intermediate.der),
	    .client_data_hash = {{8}},
	    .firmware = {5, 7, 1},
	};
	sign_with(bench, bench->batch);
}

static enum err_code
verify(struct bench *bench, struct err *err)
{
	const struct view roots[] = {buf_view(&bench->root.der)};

	return attest_fido_verify(&bench->attestation, roots, ARRAY_SIZE(roots), &bench->policy,
	    &bench->facts, err);
}

static int
start(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	P256_KEY *key = NULL;
	struct err err;

	assert_non_null(bench);
	assert_ok(crypto_start(&err));
	authority_make(&(struct recipe){.subject = "Root", .authority = true}, NULL, &bench->root);
	authority_make(&(struct recipe){.subject = "Intermediate", .authority = true}, &bench->root,
	    &bench->intermediate);
	bench->batch = EVP_EC_gen("P-256");
	assert_non_null(bench->batch);
	assert_ok(p256_key_new(&key, &err));
	p256_key_public(key, &bench->public);
	bench->policy = (struct attest_policy){.roots = {bench->root.fingerprint},
	    .root_count = 1,
	    .min_firmware = {5, 7, 0}};
	struct recipe recipe = usual();

	attest(bench, &recipe);
	*state = bench;
	return 0;
}

static int
stop(void **state)
{
	struct bench *bench = *state;

	authority_done(&bench->root);
	authority_done(&bench->intermediate);
	EVP_PKEY_free(bench->batch);
	buf_done(&bench->authdata);
	buf_done(&bench->signature);
	buf_done(&bench->leaf);
	free(bench);
	return 0;
}

static void
a_right_attestation_tells_key_credential_model_and_firmware(void **state)
{
	struct bench *bench = *state;
	const struct attest_fido_facts *facts = &bench->facts;
	struct err err;

	assert_ok(verify(bench, &err));
	assert_true(facts->attested && facts->firmware_attested && !facts->simulated);
	assert_true(point_equal(&facts->key, &bench->public));
	assert_view(view_of(facts->credential, facts->credential_size), view_of_text("credential"));
	assert_memory_equal(facts->aaguid, model, sizeof(model));
	assert_memory_equal(facts->firmware, ((uint8_t[]){5, 7, 4}), 3);
	assert_true(digest_equal(&facts->root, &bench->root.fingerprint));
}

static void
firmware_that_is_not_attested_is_what_the_token_says(void **state)
{
	struct bench *bench = *state;
	struct recipe recipe = usual();
	struct err err;

	recipe.fido_firmware = (struct view){0};
	attest(bench, &recipe);
	assert_ok(verify(bench, &err));
	assert_false(bench->facts.firmware_attested);
	assert_memory_equal(bench->facts.firmware, ((uint8_t[]){5, 7, 1}), 3);
	memcpy(bench->attestation.firmware, (uint8_t[]){0, 0, 0}, 3);
	assert_error(ERR_REFUSED, verify(bench, &err));
	assert_says("firmware 0.0.0, and the charter asks for 5.7.0 or later");
}

static void
old_firmware_is_refused_but_where_it_is_waived(void **state)
{
	struct bench *bench = *state;
	struct recipe recipe = usual();
	struct err err;

	recipe.fido_firmware = VIEW_OF(old_octets);
	attest(bench, &recipe);
	memcpy(bench->attestation.firmware, (uint8_t[]){9, 9, 9},
	    3); /* what it says is not asked */
	assert_error(ERR_REFUSED, verify(bench, &err));
	assert_says("this FIDO2 token has firmware 5.4.3");
	bench->policy.waives = ATTEST_WAIVE_FIRMWARE;
	assert_ok(verify(bench, &err));
}

static void
form_factors_are_not_told(void **state)
{
	struct bench *bench = *state;
	struct err err;

	bench->policy.form_factors[0] = 1;
	bench->policy.form_factor_count = 1;
	assert_error(ERR_REFUSED, verify(bench, &err));
	assert_says("does not tell the form factor");
	bench->policy.waives = ATTEST_WAIVE_FORM_FACTOR;
	assert_ok(verify(bench, &err));
}

static void
leaves_that_are_not_for_authenticators_are_refused(void **state)
{
	static const uint8_t bare[] = {0xaa, 0xbb};
	struct bench *bench = *state;
	struct recipe good = usual();
	struct err err;
	struct {
		struct recipe recipe;
		const char *says;
	} rows[] = {
	    {good, "not one for authenticators"},
	    {good, "not one for authenticators"},
	    {good, "not one for authenticators"},
	    {good, "not one for authenticators"},
	    {good, "another model"},
	    {good, "does not tell the model"},
	    {good, "malformed"},
	    {good, "malformed"},
	};

	rows[0].recipe.unit = "Attestation";
	rows[1].recipe.unit = NULL;
	rows[2].recipe.no_authority = false;
	rows[3].recipe.authority = true;
	rows[4].recipe.aaguid = VIEW_OF(other_octets);
	rows[5].recipe.aaguid = (struct view){0};
	rows[6].recipe.aaguid = VIEW_OF(bare);
	rows[7].recipe.fido_firmware = view_of(firmware_octets, 4);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		attest(bench, &rows[i].recipe);
		assert_error(ERR_REFUSED, verify(bench, &err));
		assert_says(rows[i].says);
	}
}

static void
only_a_pinned_root_is_one(void **state)
{
	struct bench *bench = *state;
	struct err err;

	bench->attestation.others = (struct view){0};
	assert_error(ERR_REFUSED, verify(bench, &err));
	assert_says("does not chain to a root that this vault pins");
	bench->attestation.others = buf_view(&bench->intermediate.der);
	bench->policy.roots[0].bytes[0] ^= 1;
	assert_error(ERR_REFUSED, verify(bench, &err));
	bench->policy.roots[0] = bench->intermediate.fingerprint; /* no root of its own */
	assert_error(ERR_REFUSED, verify(bench, &err));
}

static void
the_signature_is_over_this_registration_and_hash(void **state)
{
	struct bench *bench = *state;
	struct err err;

	bench->attestation.client_data_hash.bytes[5] ^= 1;
	assert_error(ERR_INTEGRITY, verify(bench, &err));
	bench->attestation.client_data_hash.bytes[5] ^= 1;
	assert_ok(verify(bench, &err));
	bench->authdata.data[36] ^= 1; /* the counter */
	assert_error(ERR_INTEGRITY, verify(bench, &err));
	bench->authdata.data[36] ^= 1;
	EVP_PKEY *stranger = EVP_EC_gen("P-256");

	sign_with(bench, stranger);
	EVP_PKEY_free(stranger);
	assert_error(ERR_INTEGRITY, verify(bench, &err));
	bench->attestation.signature = (struct view){0};
	assert_error(ERR_INTEGRITY, verify(bench, &err));
}

static void
without_attestation_only_a_waiver_helps(void **state)
{
	struct bench *bench = *state;
	struct err err;

	bench->attestation.leaf = bench->attestation.signature = (struct view){0};
	assert_error(ERR_REFUSED, verify(bench, &err));
	assert_says("gave no attestation");
	bench->policy.waives = ATTEST_WAIVE_ATTESTATION;
	assert_ok(verify(bench, &err));
	assert_false(bench->facts.attested || bench->facts.firmware_attested);
	assert_true(point_equal(&bench->facts.key, &bench->public));
	bench->authdata.data[32] &= (uint8_t)~ASSERTION_UV; /* never waived */
	assert_error(ERR_INTEGRITY, verify(bench, &err));
}

static void
simulated_tokens_are_for_training_vaults_and_real_ones_are_not(void **state)
{
	struct bench *bench = *state;
	const struct registration_recipe simulated = {
	    .aaguid = (const uint8_t *)"NOT A REAL TOKEN"};
	struct err err;

	bench->policy.training = true;
	assert_error(ERR_REFUSED, verify(bench, &err));
	assert_says("is real, and this is a training vault");
	bench->policy.training = false;
	bench->policy.waives = ATTEST_WAIVE_ATTESTATION;
	buf_done(&bench->authdata);
	registration_make(&simulated, &bench->public, &bench->authdata);
	bench->attestation.authdata = buf_view(&bench->authdata);
	assert_error(ERR_REFUSED, verify(bench, &err));
	assert_says("is simulated (NOT A REAL TOKEN)");
	bench->policy.training = true;
	assert_ok(verify(bench, &err));
	assert_true(bench->facts.simulated);
}

/* Each certificate and the registration, cut at every length and with every byte flipped. */
static void
every_cut_and_every_flipped_byte_is_refused(void **state)
{
	struct bench *bench = *state;
	struct attest_fido *attestation = &bench->attestation;
	struct view *all[] = {&attestation->authdata, &attestation->signature, &attestation->leaf,
	    &attestation->others};
	size_t step = under_valgrind() ? 17 : 1;
	struct err err;

	assert_ok(verify(bench, &err));
	for (size_t which = 0; which < ARRAY_SIZE(all); which++) {
		struct view whole = *all[which];

		for (size_t size = 0; size < whole.size; size += step) {
			uint8_t *copy = exact_copy(view_of(whole.data, size));

			*all[which] = view_of(copy, size);
			assert_int_not_equal(verify(bench, &err), ERR_OK);
			free(copy);
		}
		for (size_t at = 0; at < whole.size; at += step) {
			uint8_t *copy = exact_copy(whole);

			copy[at] ^= 0x01;
			*all[which] = view_of(copy, whole.size);
			assert_int_not_equal(verify(bench, &err), ERR_OK);
			free(copy);
		}
		*all[which] = whole;
	}
	assert_ok(verify(bench, &err));
}

static void
bytes_between_certificates_are_refused(void **state)
{
	struct bench *bench = *state;
	struct err err;
	BUF many = {0};

	for (int i = 0; i < 9; i++)
		buf_bytes(&many, buf_view(&bench->intermediate.der));
	bench->attestation.others = buf_view(&many);
	assert_error(ERR_INVALID, verify(bench, &err));
	bench->attestation.others = view_of(many.data, 2 * bench->intermediate.der.size);
	assert_ok(verify(bench, &err));
	bench->attestation.others = view_of(many.data, bench->intermediate.der.size + 1);
	assert_error(ERR_INVALID, verify(bench, &err));
	assert_says("not one after the other");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_right_attestation_tells_key_credential_model_and_firmware),
	    TEST(firmware_that_is_not_attested_is_what_the_token_says),
	    TEST(old_firmware_is_refused_but_where_it_is_waived),
	    TEST(form_factors_are_not_told),
	    TEST(leaves_that_are_not_for_authenticators_are_refused),
	    TEST(only_a_pinned_root_is_one),
	    TEST(the_signature_is_over_this_registration_and_hash),
	    TEST(without_attestation_only_a_waiver_helps),
	    TEST(simulated_tokens_are_for_training_vaults_and_real_ones_are_not),
	    TEST(every_cut_and_every_flipped_byte_is_refused),
	    TEST(bytes_between_certificates_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
