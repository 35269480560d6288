/* SPDX-License-Identifier: Apache-2.0 */
/* tokens/attest/piv.c against chains made here, each wrong in one way. */
#include "tests/unit/certificates.h"
#include "tests/unit/check.h"
#include "tokens/attest/chain.h"

/* Root -> intermediate -> device -> slot, as firmware 5.7.4 has it (but shorter). */
struct bench {
	struct authority root, intermediate, device;
	EVP_PKEY *key;
	struct attest_policy policy;
};

static const uint8_t new_firmware[] = {5, 7, 4}, old_firmware[] = {5, 4, 3};
static const uint8_t serial[] = {0x02, 0x04, 0x02, 0x2a, 0x96, 0x7f};
static const uint8_t once_always[] = {PIN_ONCE, TOUCH_ALWAYS};
static const uint8_t form[] = {0x01};

static struct recipe
right(void)
{
	return (struct recipe){.subject = "YubiKey PIV Attestation 82",
	    .firmware = VIEW_OF(new_firmware),
	    .serial = VIEW_OF(serial),
	    .policies = VIEW_OF(once_always),
	    .form = VIEW_OF(form)};
}

static int
start(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct err err;

	assert_non_null(bench);
	assert_ok(crypto_start(&err));
	authority_make(&(struct recipe){.subject = "Root", .authority = true}, NULL, &bench->root);
	authority_make(&(struct recipe){.subject = "Intermediate", .authority = true}, &bench->root,
	    &bench->intermediate);
	authority_make(&(struct recipe){.subject = "Device", .authority = true},
	    &bench->intermediate, &bench->device);
	bench->key = EVP_EC_gen("P-256");
	bench->policy = (struct attest_policy){.roots = {bench->root.fingerprint},
	    .root_count = 1,
	    .min_firmware = {5, 7, 0}};
	*state = bench;
	return 0;
}

static int
stop(void **state)
{
	struct bench *bench = *state;

	authority_done(&bench->root);
	authority_done(&bench->intermediate);
	authority_done(&bench->device);
	EVP_PKEY_free(bench->key);
	free(bench);
	return 0;
}

static enum err_code
verify_slot(struct bench *bench, struct view slot, struct attest_facts *ret_facts, struct err *err)
{
	const struct view others[] = {buf_view(&bench->root.der),
	    buf_view(&bench->intermediate.der)};

	return attest_verify(slot, buf_view(&bench->device.der), others, ARRAY_SIZE(others),
	    &bench->policy, ret_facts, err);
}

static enum err_code
verify(struct bench *bench, const struct recipe *recipe, struct attest_facts *ret_facts,
    struct err *err)
{
	BUF slot = {0};

	certificate_make(recipe, bench->key, &bench->device, &slot);
	return verify_slot(bench, buf_view(&slot), ret_facts, err);
}

#define assert_refused(recipe, part)                                                               \
	do {                                                                                       \
		struct attest_facts untouched = {.serial = 4711};                                  \
                                                                                                   \
		assert_error(ERR_REFUSED, verify(bench, &(recipe), &untouched, &err));             \
		assert_says(part);                                                                 \
		assert_int_equal(untouched.serial, 4711);                                          \
	} while (0)

static void
a_right_chain_tells_key_serial_firmware_policies_and_slot(void **state)
{
	struct bench *bench = *state;
	struct recipe recipe = right();
	struct attest_facts facts;
	uint8_t point[POINT_SIZE];
	size_t size;
	struct err err;

	assert_ok(verify(bench, &recipe, &facts, &err));
	assert_int_equal(EVP_PKEY_get_octet_string_param(bench->key, "encoded-pub-key", point,
	                     sizeof(point), &size),
	    1);
	assert_memory_equal(facts.key.bytes, point, POINT_SIZE);
	assert_int_equal(facts.serial, 0x022a967f);
	assert_memory_equal(facts.firmware, new_firmware, 3);
	assert_int_equal(facts.pin, PIN_ONCE);
	assert_int_equal(facts.touch, TOUCH_ALWAYS);
	assert_int_equal(facts.form_factor, 1);
	assert_int_equal(facts.slot, 0x82);
	assert_true(digest_equal(&facts.root, &bench->root.fingerprint));
	assert_false(facts.simulated);
}

static void
form_factor_and_slot_may_be_unknown(void **state)
{
	struct bench *bench = *state;
	struct recipe recipe = right();
	struct attest_facts facts;
	struct err err;

	recipe.form = (struct view){0};
	recipe.subject = "YubiKey PIV Attestation 8";
	assert_ok(verify(bench, &recipe, &facts, &err));
	assert_int_equal(facts.form_factor, 0);
	assert_int_equal(facts.slot, 0);
}

static void
certificates_may_come_in_any_order_but_all_must_come(void **state)
{
	struct bench *bench = *state;
	struct view device = buf_view(&bench->device.der);
	struct view root = buf_view(&bench->root.der), middle = buf_view(&bench->intermediate.der);
	struct recipe recipe = right();
	struct attest_facts facts;
	struct err err;
	BUF slot = {0};

	certificate_make(&recipe, bench->key, &bench->device, &slot);
	assert_ok(attest_verify(buf_view(&slot), device, (struct view[]){middle, root}, 2,
	    &bench->policy, &facts, &err));
	assert_ok(attest_verify(buf_view(&slot), device,
	    (struct view[]){root, middle, root, device}, 4, &bench->policy, &facts, &err));
	assert_error(ERR_REFUSED,
	    attest_verify(buf_view(&slot), device, (struct view[]){root}, 1, &bench->policy, &facts,
	        &err));
	assert_says("does not chain to a root that this vault pins");
	assert_says("Intermediate");
	assert_says("--attestation-certs");
	assert_error(ERR_REFUSED,
	    attest_verify(buf_view(&slot), device, (struct view[]){middle}, 1, &bench->policy,
	        &facts, &err));
	assert_error(ERR_REFUSED,
	    attest_verify(buf_view(&slot), device, NULL, 0, &bench->policy, &facts, &err));
}

static void
a_root_counts_by_its_fingerprint_alone(void **state)
{
	struct bench *bench = *state;
	struct attest_policy policy = bench->policy;
	struct recipe recipe = right();
	struct err err;

	bench->policy.roots[0].bytes[31] ^= 1;
	assert_refused(recipe, "does not chain to a root that this vault pins");
	bench->policy.root_count = 0;
	assert_refused(recipe, "does not chain to a root that this vault pins");
	bench->policy = policy;
}

static void
a_chain_of_the_same_names_by_others_is_refused(void **state)
{
	struct bench *bench = *state;
	struct authority root, middle, device;
	struct recipe recipe = right();
	struct attest_facts facts;
	struct err err;
	BUF slot = {0};

	authority_make(&(struct recipe){.subject = "Root", .authority = true}, NULL, &root);
	authority_make(&(struct recipe){.subject = "Intermediate", .authority = true}, &root,
	    &middle);
	authority_make(&(struct recipe){.subject = "Device", .authority = true}, &middle, &device);
	certificate_make(&recipe, bench->key, &device, &slot);
	const struct view forged[] = {buf_view(&root.der), buf_view(&middle.der)};
	const struct view mixed[] = {buf_view(&bench->root.der), buf_view(&middle.der),
	    buf_view(&bench->intermediate.der)};
	assert_error(ERR_REFUSED,
	    attest_verify(buf_view(&slot), buf_view(&device.der), forged, 2, &bench->policy, &facts,
	        &err));
	assert_error(ERR_REFUSED,
	    attest_verify(buf_view(&slot), buf_view(&device.der), mixed, 3, &bench->policy, &facts,
	        &err));
	/* The right device's certificate, but a slot that another key of that name signed. */
	assert_error(ERR_REFUSED, verify_slot(bench, buf_view(&slot), &facts, &err));
	authority_done(&root);
	authority_done(&middle);
	authority_done(&device);
}

static void
a_slot_that_the_device_did_not_sign_is_refused(void **state)
{
	struct bench *bench = *state;
	struct recipe recipe = right();
	struct attest_facts facts;
	struct err err;
	BUF slot = {0};

	certificate_make(&recipe, bench->key, &bench->intermediate, &slot);
	assert_error(ERR_REFUSED, verify_slot(bench, buf_view(&slot), &facts, &err));
	assert_says("was not signed by the device's attestation key (F9)");
}

static void
a_device_that_is_no_authority_is_refused(void **state)
{
	struct bench *bench = *state;
	const struct view others[] = {buf_view(&bench->root.der),
	    buf_view(&bench->intermediate.der)};
	struct recipe recipe = right();
	struct authority device;
	struct attest_facts facts;
	struct err err;
	BUF slot = {0};

	authority_make(&(struct recipe){.subject = "Device"}, &bench->intermediate, &device);
	certificate_make(&recipe, bench->key, &device, &slot);
	assert_error(ERR_REFUSED,
	    attest_verify(buf_view(&slot), buf_view(&device.der), others, 2, &bench->policy, &facts,
	        &err));
	authority_done(&device);
}

static void
a_weak_signature_is_refused(void **state)
{
	struct bench *bench = *state;
	struct recipe recipe = right();
	struct err err;

	recipe.digest = "SHA1";
	assert_refused(recipe, "does not chain");
}

static void
negative_serial_numbers_and_old_dates_of_certificates_are_no_fault(void **state)
{
	struct bench *bench = *state;
	struct recipe recipe = right();
	struct attest_facts facts;
	struct err err;

	recipe.negative = recipe.expired = true;
	assert_ok(verify(bench, &recipe, &facts, &err));
}

static void
firmware_below_the_charter_s_is_refused(void **state)
{
	static const uint8_t least[] = {5, 7, 0}, below[] = {5, 6, 255}, two[] = {5, 7};
	struct bench *bench = *state;
	struct recipe recipe = right();
	struct attest_facts facts;
	struct err err;

	recipe.firmware = VIEW_OF(least);
	assert_ok(verify(bench, &recipe, &facts, &err));
	recipe.firmware = VIEW_OF(below);
	assert_refused(recipe,
	    "token 36345471 has firmware 5.6.255, and the charter asks for 5.7.0");
	recipe.firmware = VIEW_OF(two);
	assert_refused(recipe, "does not tell the firmware");
	recipe.firmware = (struct view){0};
	assert_refused(recipe, "does not tell the firmware");
	recipe.firmware = VIEW_OF(old_firmware);
	bench->policy.min_firmware[1] = 4;
	assert_ok(verify(bench, &recipe, &facts, &err));
	bench->policy.min_firmware[1] = 7;
}

static void
policies_other_than_pin_and_touch_always_are_refused(void **state)
{
	static const struct {
		uint8_t policies[2];
		const char *says; /* NULL: accepted */
	} cases[] = {
	    {{PIN_NEVER, TOUCH_ALWAYS}, "does not ask for a PIN"},
	    {{0, TOUCH_ALWAYS}, "does not ask for a PIN"},
	    {{4, TOUCH_ALWAYS}, "does not ask for a PIN"},
	    {{PIN_ONCE, TOUCH_NEVER}, "does not ask for a touch each time"},
	    {{PIN_ONCE, TOUCH_CACHED}, "does not ask for a touch each time"},
	    {{PIN_ONCE, 0}, "does not ask for a touch each time"},
	    {{PIN_ONCE, TOUCH_ALWAYS}, NULL},
	    {{PIN_ALWAYS, TOUCH_ALWAYS}, NULL},
	};
	struct bench *bench = *state;
	struct recipe recipe = right();
	struct attest_facts facts;
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		recipe.policies = VIEW_OF(cases[i].policies);
		if (cases[i].says == NULL)
			assert_ok(verify(bench, &recipe, &facts, &err));
		else
			assert_refused(recipe, cases[i].says);
	}
	recipe.policies = view_of(once_always, 1);
	assert_refused(recipe, "does not tell the key's policies");
	recipe.policies = (struct view){0};
	assert_refused(recipe, "does not tell the key's policies");
}

static void
extensions_of_wrong_size_or_number_are_refused(void **state)
{
	struct bench *bench = *state;
	struct recipe recipe = right();
	struct err err;

	recipe.form = VIEW_OF(once_always);
	assert_refused(recipe, "form factor is malformed");
	recipe = right();
	recipe.twice = VIEW_OF(new_firmware);
	assert_refused(recipe, "extension 1.3.6.1.4.1.41482.3.3 twice");
}

static void
serials_that_are_no_number_of_32_bits_are_refused(void **state)
{
	static const struct {
		uint8_t bytes[8];
		size_t size;
	} wrong[] = {
	    {{0x02, 0x01, 0x00}, 3},                         /* zero */
	    {{0x02, 0x04, 0x82, 0x2a, 0x96, 0x7f}, 6},       /* negative */
	    {{0x02, 0x05, 0x01, 0x02, 0x2a, 0x96, 0x7f}, 7}, /* 33 bits */
	    {{0x02, 0x05, 0x00, 0x02, 0x2a, 0x96, 0x7f}, 7}, /* not the shortest */
	    {{0x02, 0x04, 0x02, 0x2a, 0x96, 0x7f, 0x00}, 7}, /* trailing byte */
	    {{0x02, 0x04, 0x02, 0x2a, 0x96}, 5},             /* cut */
	    {{0x02, 0x81, 0x04, 0x02, 0x2a, 0x96, 0x7f}, 7}, /* long length */
	    {{0x04, 0x04, 0x02, 0x2a, 0x96, 0x7f}, 6},       /* another type */
	    {{0x02, 0x00}, 2},
	};
	static const uint8_t largest[] = {0x02, 0x05, 0x00, 0xff, 0xff, 0xff, 0xff};
	struct bench *bench = *state;
	struct recipe recipe = right();
	struct attest_facts facts;
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		recipe.serial = view_of(wrong[i].bytes, wrong[i].size);
		assert_refused(recipe, "serial number is not one of 32 bits");
	}
	recipe.serial = (struct view){0};
	assert_refused(recipe, "the attestation has no serial number");
	recipe.serial = VIEW_OF(largest);
	assert_ok(verify(bench, &recipe, &facts, &err));
	assert_int_equal(facts.serial, UINT32_MAX);
}

static void
keys_that_are_not_p256_are_refused(void **state)
{
	struct bench *bench = *state;
	EVP_PKEY *p256 = bench->key;
	struct recipe recipe = right();
	struct err err;

	bench->key = EVP_EC_gen("P-384");
	assert_refused(recipe, "not one of P-256");
	EVP_PKEY_free(bench->key);
	bench->key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	assert_refused(recipe, "not one of P-256");
	EVP_PKEY_free(bench->key);
	bench->key = p256;
}

static void
simulated_tokens_are_for_training_vaults_and_real_ones_are_not(void **state)
{
	struct bench *bench = *state;
	struct recipe recipe = right();
	struct err err;

	bench->policy.training = true;
	assert_refused(recipe, "is real, and this is a training vault");
	bench->policy.training = false;
}

static void
every_cut_and_every_flipped_byte_is_refused(void **state)
{
	struct bench *bench = *state;
	struct recipe recipe = right();
	struct attest_facts facts;
	struct err err;
	BUF slot = {0};

	certificate_make(&recipe, bench->key, &bench->device, &slot);
	struct view all[] = {buf_view(&slot), buf_view(&bench->device.der),
	    buf_view(&bench->root.der), buf_view(&bench->intermediate.der)};
	certificates_spoil(all, ARRAY_SIZE(all), &bench->policy, NULL);
	buf_u8(&slot, 0);
	assert_error(ERR_INVALID, verify_slot(bench, buf_view(&slot), &facts, &err));
	assert_says("the slot's attestation is not an X.509 certificate in DER");
}

static void
a_certificate_in_looser_encoding_than_der_is_refused(void **state)
{
	struct bench *bench = *state;
	struct recipe recipe = right();
	struct attest_facts facts;
	struct err err;
	BUF slot = {0};
	BUF loose = {0};

	/* 30 82 hh ll becomes 30 83 00 hh ll: what was signed is the same. */
	certificate_make(&recipe, bench->key, &bench->device, &slot);
	assert_int_equal(slot.data[1], 0x82);
	buf_bytes(&loose, view_of((const uint8_t[]){0x30, 0x83, 0x00}, 3));
	buf_bytes(&loose, view_of(slot.data + 2, slot.size - 2));
	assert_ok(verify_slot(bench, buf_view(&slot), &facts, &err));
	assert_error(ERR_INVALID, verify_slot(bench, buf_view(&loose), &facts, &err));
	assert_says("not encoded in DER throughout");
}

static void
pem_files_are_split_and_damaged_ones_refused(void **state)
{
	struct bench *bench = *state;
	struct view views[ATTEST_CERTIFICATES_MAX];
	size_t count = 0;
	struct err err;
	BUF pem = {0};
	BUF der = {0};

	buf_text(&der, "before");
	buf_text(&pem, "some words\n");
	append_pem(&pem, buf_view(&bench->root.der));
	buf_text(&pem, "\nmore words\n");
	append_pem(&pem, buf_view(&bench->device.der));
	assert_ok(attest_split_pem(buf_view(&pem), &der, views, &count, &err));
	assert_int_equal(count, 2);
	assert_view(views[0], buf_view(&bench->root.der));
	assert_view(views[1], buf_view(&bench->device.der));
	assert_error(ERR_INVALID,
	    attest_split_pem(view_of(pem.data, pem.size - 40), &der, views, &count, &err));
	pem.data[pem.size - 60] = '!';
	assert_error(ERR_INVALID, attest_split_pem(buf_view(&pem), &der, views, &count, &err));
	assert_says("damaged");
	assert_error(ERR_INVALID,
	    attest_split_pem(view_of_text("words"), &der, views, &count, &err));
	assert_says("no certificate");
	assert_error(ERR_INVALID, attest_split_pem((struct view){0}, &der, views, &count, &err));
	buf_done(&pem);
	for (int i = 0; i < ATTEST_CERTIFICATES_MAX; i++)
		append_pem(&pem, buf_view(&bench->root.der));
	assert_ok(attest_split_pem(buf_view(&pem), &der, views, &count, &err));
	assert_int_equal(count, ATTEST_CERTIFICATES_MAX);
	append_pem(&pem, buf_view(&bench->root.der));
	assert_error(ERR_INVALID, attest_split_pem(buf_view(&pem), &der, views, &count, &err));
	assert_says("more than 12");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_right_chain_tells_key_serial_firmware_policies_and_slot),
	    cmocka_unit_test(form_factor_and_slot_may_be_unknown),
	    cmocka_unit_test(certificates_may_come_in_any_order_but_all_must_come),
	    cmocka_unit_test(a_root_counts_by_its_fingerprint_alone),
	    cmocka_unit_test(a_chain_of_the_same_names_by_others_is_refused),
	    cmocka_unit_test(a_slot_that_the_device_did_not_sign_is_refused),
	    cmocka_unit_test(a_device_that_is_no_authority_is_refused),
	    cmocka_unit_test(a_weak_signature_is_refused),
	    cmocka_unit_test(negative_serial_numbers_and_old_dates_of_certificates_are_no_fault),
	    cmocka_unit_test(firmware_below_the_charter_s_is_refused),
	    cmocka_unit_test(policies_other_than_pin_and_touch_always_are_refused),
	    cmocka_unit_test(extensions_of_wrong_size_or_number_are_refused),
	    cmocka_unit_test(serials_that_are_no_number_of_32_bits_are_refused),
	    cmocka_unit_test(keys_that_are_not_p256_are_refused),
	    cmocka_unit_test(simulated_tokens_are_for_training_vaults_and_real_ones_are_not),
	    cmocka_unit_test(every_cut_and_every_flipped_byte_is_refused),
	    cmocka_unit_test(a_certificate_in_looser_encoding_than_der_is_refused),
	    cmocka_unit_test(pem_files_are_split_and_damaged_ones_refused),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
