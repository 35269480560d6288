/* SPDX-License-Identifier: Apache-2.0 */
/* The PIV applet by its APDUs: keys, their policies, metadata and attestation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/crypto.h"
#include "base/crypto_key.h"
#include "base/text.h"
#include "tests/unit/sim/sim_bench.h"
#include "tokens/sim/crypto/ber.h"

static void
a_generated_key_signs_what_verifies(void **state)
{
	struct bench *bench = *state;
	struct point point;
	struct digest digest;
	struct err err;
	BUF signature = {0};

	bench_begin(bench);
	bench_admin(bench);
	bench_generate(bench, 0x82, PIV_PIN_ONCE, PIV_TOUCH_NEVER, &point);
	bench_expect(bench, bench_verify, "9000");
	assert_int_equal(bench_sign(bench, 0x82, &signature), SW_OK);
	memcpy(digest.bytes, bench_digest, DIGEST_SIZE);
	assert_int_equal(p256_verify(&point, &digest, buf_view(&signature), &err), ERR_OK);
	digest.bytes[0] ^= 1;
	assert_int_equal(p256_verify(&point, &digest, buf_view(&signature), &err), ERR_INTEGRITY);
	/* The wrong algorithm for the key, an empty slot, and the attestation key. */
	assert_int_equal(bench_status_of(bench, "00871482087c068200810201ff"), SW_WRONG_P1P2);
	assert_int_equal(bench_status_of(bench, "00871183087c068200810201ff"), SW_WRONG_DATA);
	assert_int_equal(bench_status_of(bench, "008711f9087c068200810201ff"), SW_WRONG_P1P2);
}

static void
key_agreement_meets_the_other_side(void **state)
{
	struct bench *bench = *state;
	struct point card, host;
	struct view value, shared;
	struct err err;
	P256_KEY *key = NULL;
	SECRET *expected = NULL;
	BUF inner = {0};
	BUF command = {0};
	BUF answer = {0};

	bench_begin(bench);
	bench_admin(bench);
	bench_generate(bench, 0x83, PIV_PIN_ONCE, PIV_TOUCH_NEVER, &card);
	bench_expect(bench, bench_verify, "9000");
	assert_int_equal(p256_key_new(&key, &err), ERR_OK);
	p256_key_public(key, &host);
	assert_int_equal(p256_agree(key, &card, &expected, &err), ERR_OK);
	ber_put(&inner, 0x82, (struct view){0});
	ber_put(&inner, 0x85, VIEW_OF(host.bytes));
	ber_put(&command, 0x7c, buf_view(&inner));
	assert_int_equal(bench_send_data(bench, "00871183", buf_view(&command), &answer), SW_OK);
	assert_true(ber_find(buf_view(&answer), 0x7c, &value));
	assert_true(ber_find(value, 0x82, &shared));
	assert_true(view_equal(shared, secret_view(expected)));
	/* A hybrid encoding of the same point, which OpenSSL alone would take. */
	command.data[command.size - POINT_SIZE] =
	    (uint8_t)(0x06 | (host.bytes[POINT_SIZE - 1] & 1));
	assert_int_equal(bench_send_data(bench, "00871183", buf_view(&command), &answer),
	    SW_WRONG_DATA);
	command.data[command.size - POINT_SIZE] = 0x04;
	/* One bit off the curve. */
	command.data[command.size - 1] ^= 1;
	assert_int_equal(bench_send_data(bench, "00871183", buf_view(&command), &answer),
	    SW_WRONG_DATA);
}

/* One element 81 or 85 of the template for GENERAL AUTHENTICATE; the answer's 82. */
static uint16_t
use_key(struct bench *bench, const char *header, uint8_t tag, const char *hex, struct buf *ret_hex)
{
	struct view value, result;
	uint8_t bytes[64];
	BUF inner = {0};
	BUF command = {0};
	BUF answer = {0};

	assert_true(strlen(hex) <= 2 * sizeof(bytes) && text_from_hex(hex, bytes, strlen(hex) / 2));
	ber_put(&inner, 0x82, (struct view){0});
	ber_put(&inner, tag, view_of(bytes, strlen(hex) / 2));
	ber_put(&command, 0x7c, buf_view(&inner));
	uint16_t status = bench_send_data(bench, header, buf_view(&command), &answer);
	if (status == SW_OK) {
		assert_true(ber_find(buf_view(&answer), 0x7c, &value));
		assert_true(ber_find(value, 0x82, &result));
		buf_hex(ret_hex, result);
	}
	return status;
}

/* RFC 8032, 7.1, TEST 3, and RFC 7748, 6.1 */
static void
edwards_keys_are_imported_and_compute_as_their_rfcs_say(void **state)
{
	static const char x_other[] =
	    "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f";
	static const char low_order[] =
	    "0000000000000000000000000000000000000000000000000000000000000000";
	struct bench *bench = *state;
	BUF signature = {0};
	BUF shared = {0};
	BUF nothing = {0};

	bench_begin(bench);
	bench_admin(bench);
	bench_expect(bench,
	    "00fee082220720"
	    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	    "9000");
	bench_expect(bench,
	    "00fee183220820"
	    "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
	    "9000");
	bench_expect(bench, bench_verify, "9000");
	assert_int_equal(use_key(bench, "0087e082", 0x81, "af82", &signature), SW_OK);
	assert_string_equal(buf_string(&signature),
	    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
	    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a");
	assert_int_equal(use_key(bench, "0087e183", 0x85, x_other, &shared), SW_OK);
	assert_string_equal(buf_string(&shared),
	    "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
	/* Neither does the other's work, and X25519 takes no point of low order. */
	assert_int_equal(use_key(bench, "0087e082", 0x85, x_other, &nothing), SW_WRONG_DATA);
	assert_int_equal(use_key(bench, "0087e183", 0x81, x_other, &nothing), SW_WRONG_DATA);
	assert_int_equal(use_key(bench, "0087e183", 0x85, "00", &nothing), SW_WRONG_DATA);
	assert_int_equal(use_key(bench, "0087e183", 0x85, low_order, &nothing), SW_WRONG_DATA);
	/* A seed of 31 bytes, and one with a tag of another kind. */
	assert_int_equal(bench_status_of(bench,
	                     "00fee08221071f"
	                     "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458"),
	    SW_WRONG_DATA);
	assert_int_equal(bench_status_of(bench,
	                     "00fee082220620"
	                     "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"),
	    SW_WRONG_DATA);
}

static void
pin_policy_never_once_and_always(void **state)
{
	struct bench *bench = *state;
	struct point point;

	bench_begin(bench);
	bench_admin(bench);
	bench_generate(bench, 0x82, PIV_PIN_NEVER, PIV_TOUCH_NEVER, &point);
	bench_generate(bench, 0x83, PIV_PIN_ONCE, PIV_TOUCH_NEVER, &point);
	bench_generate(bench, 0x84, PIV_PIN_ALWAYS, PIV_TOUCH_NEVER, &point);
	assert_int_equal(bench_try_sign(bench, 0x82), SW_OK);
	assert_int_equal(bench_try_sign(bench, 0x83), SW_SECURITY_STATUS);
	assert_int_equal(bench_try_sign(bench, 0x84), SW_SECURITY_STATUS);
	bench_expect(bench, bench_verify, "9000");
	assert_int_equal(bench_try_sign(bench, 0x84), SW_OK);
	assert_int_equal(bench_try_sign(bench, 0x84), SW_SECURITY_STATUS);
	assert_int_equal(bench_try_sign(bench, 0x83), SW_OK);
	/* Any command between VERIFY and the operation spoils it. */
	bench_expect(bench, bench_verify, "9000");
	bench_expect(bench, "00fd000000", "0507049000");
	assert_int_equal(bench_try_sign(bench, 0x84), SW_SECURITY_STATUS);
}

static void
touch_policy_never_always_and_cached(void **state)
{
	struct bench *bench = *state;
	struct point point;

	bench_begin(bench);
	bench_admin(bench);
	bench_generate(bench, 0x82, PIV_PIN_NEVER, PIV_TOUCH_NEVER, &point);
	bench_generate(bench, 0x83, PIV_PIN_NEVER, PIV_TOUCH_ALWAYS, &point);
	bench_generate(bench, 0x84, PIV_PIN_NEVER, PIV_TOUCH_CACHED, &point);
	assert_int_equal(bench_try_sign(bench, 0x82), SW_OK);
	assert_int_equal(bench->touches, 0);
	assert_int_equal(bench_try_sign(bench, 0x83), SW_OK);
	assert_int_equal(bench_try_sign(bench, 0x83), SW_OK);
	assert_int_equal(bench->touches, 2);
	bench->touched = false;
	assert_int_equal(bench_try_sign(bench, 0x83), SW_SECURITY_STATUS);
	assert_int_equal(bench->touches, 3);
	/* Within 15 s a touch serves cached keys too; unplugging forgets it. */
	bench->now = PIV_TOUCH_CACHE_MS - 1;
	assert_int_equal(bench_try_sign(bench, 0x84), SW_OK);
	bench->now = PIV_TOUCH_CACHE_MS;
	assert_int_equal(bench_try_sign(bench, 0x84), SW_SECURITY_STATUS);
	bench->touched = true;
	assert_int_equal(bench_try_sign(bench, 0x84), SW_OK);
	piv_unplug(&bench->piv);
	bench->touched = false;
	assert_int_equal(bench_try_sign(bench, 0x84), SW_SECURITY_STATUS);
}

static void
metadata_tell_kind_policies_origin_and_defaults(void **state)
{
	struct bench *bench = *state;
	struct point point;
	BUF text = {0};

	bench_begin(bench);
	bench_expect(bench, "00f7008000",
	    "0101ff0501010602030"
	    "3"
	    "9000");
	bench_expect(bench, "00f7008100",
	    "0101ff05010106020303"
	    "9000");
	bench_expect(bench, "00f7009b00",
	    "01010a0202000105010"
	    "1"
	    "9000");
	bench_expect(bench, "00f7008200", "6a88");
	bench_expect(bench, bench_verify_wrong, "63c2");
	bench_expect(bench, "0024008010313233343536ffff363534333231ffff", "9000");
	bench_expect(bench, bench_verify_wrong, "63c2");
	bench_expect(bench, "00f7008000",
	    "0101ff05010006020302"
	    "9000");
	bench_admin(bench);
	bench_generate(bench, 0x82, PIV_PIN_ALWAYS, PIV_TOUCH_CACHED, &point);
	buf_text(&text,
	    "010111020203030301010443"
	    "8641");
	buf_hex(&text, VIEW_OF(point.bytes));
	buf_text(&text, "9000");
	bench_expect(bench, "00f7008200", buf_string(&text));
	/* An imported scalar 1 in 9E: the generator, never a PIN, origin 2. */
	bench_expect(bench, "00fe119e03060101", "9000");
	bench_expect(bench, "00f7009e00",
	    "0101110202010103010204438641046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945"
	    "d8"
	    "98c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f59000");
}

static void
default_policies_depend_on_the_slot(void **state)
{
	struct bench *bench = *state;
	static const struct {
		uint8_t slot, pin;
	} slots[] = {{0x9a, PIV_PIN_ONCE}, {0x9c, PIV_PIN_ALWAYS}, {0x9d, PIV_PIN_ONCE},
	    {0x9e, PIV_PIN_NEVER}, {0x82, PIV_PIN_ONCE}, {0x95, PIV_PIN_ONCE}};

	bench_begin(bench);
	bench_admin(bench);
	for (size_t i = 0; i < ARRAY_SIZE(slots); i++) {
		char command[32];
		snprintf(command, sizeof(command), "004700%02x05ac0380011100", slots[i].slot);
		assert_int_equal(bench_status_of(bench, command), SW_OK);
		assert_int_equal(sim_state_key(&bench->state, slots[i].slot)->pin_policy,
		    slots[i].pin);
		assert_int_equal(sim_state_key(&bench->state, slots[i].slot)->touch_policy,
		    PIV_TOUCH_NEVER);
	}
}

static void
malformed_key_commands_leave_the_key(void **state)
{
	struct bench *bench = *state;
	struct point point;
	static const char *const bad[] = {
	    "0047008203ac0180",
	    "0047008205ac03800199",
	    "004700820100",
	    "0047008206ac0380011100",
	    "0047008208ac06800111aa0104",
	    "0047008208ac06800111ab0104",
	    "0047008208ac06800111ac0101",
	    "0047008209ac07800111aa020101",
	    "00fe11820306010000",
	    "00fe118203060100",
	    "00fe11820105",
	    "00fe11820405010101",
	    "00fe0782030601010a",
	    "00fe99820306010100",
	    "00fe118204060101aa",
	    "00fe118206060101aa0109",
	};

	bench_begin(bench);
	bench_admin(bench);
	bench_generate(bench, 0x82, PIV_PIN_NEVER, PIV_TOUCH_NEVER, &point);
	struct view before = buf_view(&sim_state_key(&bench->state, 0x82)->private_key);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_not_equal(bench_status_of(bench, bad[i]), SW_OK);
	assert_ptr_equal(sim_state_key(&bench->state, 0x82)->private_key.data, before.data);
	assert_int_equal(bench_status_of(bench, "0047009b05ac03800111"), SW_WRONG_SLOT);
	/* A key that cannot be made durable is not made. */
	bench->broken = true;
	assert_int_equal(bench_status_of(bench, "0047008205ac03800111"), SW_MEMORY_FAILURE);
	assert_ptr_equal(sim_state_key(&bench->state, 0x82)->private_key.data, before.data);
}

static void
only_generated_keys_are_attested(void **state)
{
	struct bench *bench = *state;
	struct point point;

	bench_begin(bench);
	bench_admin(bench);
	bench_generate(bench, 0x82, PIV_PIN_ONCE, PIV_TOUCH_ALWAYS, &point);
	bench_expect(bench, "00fe118303060101", "9000");
	bench_expect(bench, "00f98300", "6a80");
	bench_expect(bench, "00f98400", "6a88");
	bench_expect(bench, "00f9f900", "6a86");
	bench_expect(bench, "00f98201", "6a86");
	assert_int_equal(bench_status_of(bench, "00f98200"), SW_OK);
	/* Without the device's certificate there is nobody to name as issuer. */
	assert_int_equal(bench_status_of(bench, "00db3fff075c035fff015300"), SW_OK);
	bench_expect(bench, "00f98200", "6a80");
}

static void
keys_move_and_are_deleted(void **state)
{
	struct bench *bench = *state;
	struct point point;

	bench_begin(bench);
	bench_admin(bench);
	bench_generate(bench, 0x82, PIV_PIN_NEVER, PIV_TOUCH_NEVER, &point);
	bench_expect(bench, "00f69582", "9000");
	bench_expect(bench, "00f7008200", "6a88");
	assert_int_equal(bench_try_sign(bench, 0x95), SW_OK);
	bench_expect(bench, "00f6f995", "6a86");
	bench_expect(bench, "00f69595", "6a86");
	bench_expect(bench, "00f69582", "6a88");
	bench_expect(bench, "00f6ff95", "9000");
	bench_expect(bench, "00f7009500", "6a88");
}

/* Every command of the recorded conversation, cut and flipped at every byte. */
static void
no_byte_of_a_command_can_hurt(void **state)
{
	struct bench *bench = *state;
	static const char *const commands[] = {"00a4040005a00000030800",
	    "0020008008313233343536ffff", "0024008010313233343536ffff363534333231ffff",
	    "0047008208ac06800111aa0101", "00fe11830806010caa0101ab", "00871182087c068200810201ff",
	    "00870a9b047c028000", "00cb3fff055c035fc10200", "00db3fff095c035fc102530201ff",
	    "00f7008200", "00f9820000", "00ffffff13089b1001020304050607080102030405060708",
	    "00f69582"};
	struct point point;

	bench_begin(bench);
	bench_admin(bench);
	bench_generate(bench, 0x82, PIV_PIN_NEVER, PIV_TOUCH_NEVER, &point);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		uint8_t bytes[64];
		size_t size = strlen(commands[i]) / 2;
		assert_true(text_from_hex(commands[i], bytes, size));
		for (size_t at = 0; at < size; at++) {
			BUF data = {0};
			bench->piv.management_verified = true;
			if (at > 0)
				assert_int_not_equal(bench_exchange(bench, view_of(bytes, at),
				                         &data),
				    0);
			bytes[at] ^= 0x41;
			/* Not into a large RSA key, which takes its time. */
			if (memmem(bytes, size, "\x80\x01\x50", 3) == NULL)
				assert_int_not_equal(bench_exchange(bench, view_of(bytes, size),
				                         &data),
				    0);
			bytes[at] ^= 0x41;
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_generated_key_signs_what_verifies, bench_setup,
	        bench_teardown),
	    cmocka_unit_test_setup_teardown(key_agreement_meets_the_other_side, bench_setup,
	        bench_teardown),
	    cmocka_unit_test_setup_teardown(edwards_keys_are_imported_and_compute_as_their_rfcs_say,
	        bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(pin_policy_never_once_and_always, bench_setup,
	        bench_teardown),
	    cmocka_unit_test_setup_teardown(touch_policy_never_always_and_cached, bench_setup,
	        bench_teardown),
	    cmocka_unit_test_setup_teardown(metadata_tell_kind_policies_origin_and_defaults,
	        bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(default_policies_depend_on_the_slot, bench_setup,
	        bench_teardown),
	    cmocka_unit_test_setup_teardown(malformed_key_commands_leave_the_key, bench_setup,
	        bench_teardown),
	    cmocka_unit_test_setup_teardown(only_generated_keys_are_attested, bench_setup,
	        bench_teardown),
	    cmocka_unit_test_setup_teardown(keys_move_and_are_deleted, bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(no_byte_of_a_command_can_hurt, bench_setup,
	        bench_teardown),
	};
	struct err err;

	if (crypto_start(&err) != ERR_OK) {
		print_error("%s\n", err.text);
		return 1;
	}
	return cmocka_run_group_tests_name("simulated PIV keys", tests, NULL, NULL);
}
