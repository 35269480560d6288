/* SPDX-License-Identifier: Apache-2.0 */
/* tokens/formats/certificate.c: what certificates say, and bytes that are none. */
#include "base/crypto_key.h"
#include "tests/unit/certificates.h"
#include "tests/unit/check.h"
#include "tokens/formats/certificate.h"

static const uint8_t policies[] = {PIN_ONCE, TOUCH_ALWAYS};

static int
start(void **state)
{
	struct authority *authority = calloc(1, sizeof(*authority));

	assert_non_null(authority);
	authority_make(&(struct recipe){.subject = "Ada \"A\" L\xc3\xb8velace",
	                   .policies = VIEW_OF(policies)},
	    NULL, authority);
	*state = authority;
	return 0;
}

static int
stop(void **state)
{
	authority_done(*state);
	free(*state);
	return 0;
}

static void
key_name_and_policies_are_read(void **state)
{
	const struct authority *authority = *state;
	struct certificate facts;
	unsigned char *point = NULL;

	assert_true(certificate_read(buf_view(&authority->der), &facts));
	assert_true(facts.p256);
	assert_int_equal(EVP_PKEY_get1_encoded_public_key(authority->key, &point), POINT_SIZE);
	assert_memory_equal(facts.key.bytes, point, POINT_SIZE);
	OPENSSL_free(point);
	assert_true(facts.policies);
	assert_int_equal(facts.pin, PIN_ONCE);
	assert_int_equal(facts.touch, TOUCH_ALWAYS);
	/* Nothing that could end a quotation or move a terminal's cursor. */
	assert_string_equal(facts.name, "CN=Ada ?A? L??velace");
}

static void
without_the_extension_the_policies_are_unknown(void **state)
{
	const struct authority *authority = *state;
	struct certificate facts;
	BUF der = {0};

	certificate_make(&(struct recipe){.subject = "plain"}, authority->key, authority, &der);
	assert_true(certificate_read(buf_view(&der), &facts));
	assert_false(facts.policies);
	assert_string_equal(facts.name, "CN=plain");
}

static void
a_cut_certificate_is_none_and_no_byte_too_far_is_read(void **state)
{
	const struct authority *authority = *state;
	struct certificate facts = {.name = "untouched"};

	for (size_t size = 0; size < authority->der.size; size++) {
		uint8_t *copy = exact_copy(view_of(authority->der.data, size));

		assert_false(certificate_read(view_of(copy, size), &facts));
		free(copy);
	}
	assert_string_equal(facts.name, "untouched");
}

/* A flipped byte may still be a certificate, of another name: but never of a point off the curve. */
static void
flipped_bytes_never_give_a_key_off_the_curve(void **state)
{
	const struct authority *authority = *state;
	uint8_t *copy = exact_copy(buf_view(&authority->der));
	unsigned read = 0, lost = 0;

	for (size_t at = 0; at < authority->der.size; at++) {
		struct certificate facts = {0};
		struct point checked;
		struct err err;

		copy[at] ^= 1;
		if (certificate_read(view_of(copy, authority->der.size), &facts)) {
			read++;
			lost += !facts.p256;
			if (facts.p256)
				assert_ok(point_from(VIEW_OF(facts.key.bytes), &checked, &err));
			else
				assert_int_equal(facts.key.bytes[0], 0);
		}
		copy[at] ^= 1;
	}
	free(copy);
	assert_true(read > 0 && read < authority->der.size);
	assert_true(lost >= POINT_SIZE - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(key_name_and_policies_are_read),
	    cmocka_unit_test(without_the_extension_the_policies_are_unknown),
	    cmocka_unit_test(a_cut_certificate_is_none_and_no_byte_too_far_is_read),
	    cmocka_unit_test(flipped_bytes_never_give_a_key_off_the_curve),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
