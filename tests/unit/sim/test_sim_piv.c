/* SPDX-License-Identifier: Apache-2.0 */
/* The PIV applet by its APDUs: selection, PIN, PUK, management key, objects and reset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/crypto.h"
#include "base/text.h"
#include "tests/unit/sim/sim_bench.h"
#include "tokens/sim/crypto/ber.h"

/* "Virtual mgr - FW version 5.7.4" */
#define VIRTUAL_MANAGER "5669727475616c206d6772202d2046572076657273696f6e20352e372e34"

static void
select_version_and_serial_are_a_yubikeys(void **state)
{
	struct bench *bench = *state;

	bench_expect(bench, bench_select, "61114f0600001000010079074f05a0000003089000");
	bench_expect(bench, "00a404000ba000000308000010000100",
	    "61114f0600001000010079074f05a0000003089000");
	bench_expect(bench, "00fd000000", "0507049000");
	bench_expect(bench, "00f8000000", "00a1b2c39000");
	/* The OTP application is a YubiKey 4's, and FIDO2 is not on this bench. */
	bench_expect(bench, "00a4040007a0000005272001", "6a82");
	bench_expect(bench, "00a4040008a0000006472f0001", "6a82");
	bench_expect(bench, "00a404000ba000000308000010000200", "6a82");
	bench_expect(bench, "00fd000000", "0507049000");
}

/* Every instruction: who may, before anything was authenticated. */
static void
nothing_secret_is_done_without_authentication(void **state)
{
	struct bench *bench = *state;
	static const struct {
		const char *command;
		uint16_t status;
	} cases[] = {
	    {"0047009a05ac03800111", SW_SECURITY_STATUS},
	    {"0087119a087c068200810201ff", SW_WRONG_DATA},
	    {"00cb3fff055c035fc102", SW_NOT_FOUND},
	    {"00cb3fff055c035fc109", SW_SECURITY_STATUS},
	    {"00db3fff075c035fc1025300", SW_SECURITY_STATUS},
	    {"00f69a82", SW_SECURITY_STATUS},
	    {"00f9f900", SW_WRONG_P1P2},
	    {"00f98200", SW_NO_REFERENCE},
	    {"00f7009a", SW_NO_REFERENCE},
	    {"00fa0505", SW_SECURITY_STATUS},
	    {"00fb0000", SW_CONDITIONS},
	    {"00fe119a0306010100", SW_SECURITY_STATUS},
	    {"00ffffff1b039b18"
	     "010101010101010102020202020202020303030303030303",
	        SW_SECURITY_STATUS},
	};

	bench_begin(bench);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(bench_status_of(bench, cases[i].command), cases[i].status);
	for (unsigned ins = 0; ins < 256; ins++) {
		static const uint8_t known[] = {0x20, 0x24, 0x2c, 0x47, 0x87, 0xa4, 0xcb, 0xdb,
		    0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfd, 0xfe, 0xff};
		char command[9];
		snprintf(command, sizeof(command), "00%02x0000", ins);
		if (memchr(known, (int)ins, sizeof(known)) == NULL)
			assert_int_equal(bench_status_of(bench, command), SW_UNKNOWN_INS);
		else
			assert_int_not_equal(bench_status_of(bench, command), SW_UNKNOWN_INS);
	}
	assert_int_equal(bench->saves, 0);
}

static void
an_older_firmware_lacks_newer_instructions(void **state)
{
	struct bench *bench = *state;

	bench_begin(bench);
	bench_expect(bench, "00fd000000", "0402009000");
	assert_int_equal(bench_status_of(bench, "00f69a82"), SW_UNKNOWN_INS);
	assert_int_equal(bench_status_of(bench, "00f70080"), SW_UNKNOWN_INS);
	assert_int_equal(bench_status_of(bench, "00f80000"), SW_UNKNOWN_INS);
	assert_int_equal(bench_status_of(bench, "00f99a00"), SW_UNKNOWN_INS);
	bench_admin(bench);
	/* AES management keys came with 5.4.2 */
	assert_int_equal(bench_status_of(bench, "00ffffff13089b1001020304050607080102030405060708"),
	    SW_WRONG_DATA);
	/* RSA-3072 with 5.7.0 */
	assert_int_equal(bench_status_of(bench, "0047009a05ac03800105"), SW_WRONG_DATA);
}

static void
wrong_pins_count_down_and_block(void **state)
{
	struct bench *bench = *state;

	bench_begin(bench);
	bench_expect(bench, "00200080", "63c3");
	bench_expect(bench, bench_verify_wrong, "63c2");
	assert_int_equal(bench->saves, 1);
	bench_expect(bench, "00200080", "63c2");
	bench_expect(bench, bench_verify, "9000");
	bench_expect(bench, "00200080", "9000");
	bench_expect(bench, bench_verify_wrong, "63c2");
	bench_expect(bench, "00200080", "63c2");
	bench_expect(bench, bench_verify_wrong, "63c1");
	bench_expect(bench, bench_verify_wrong, "6983");
	bench_expect(bench, bench_verify, "6983");
	bench_expect(bench, "00200080", "6983");
}

static void
verification_ends_on_demand_and_with_the_selection(void **state)
{
	struct bench *bench = *state;

	bench_begin(bench);
	bench_expect(bench, bench_verify, "9000");
	bench_expect(bench, "0020ff80", "9000");
	bench_expect(bench, "00200080", "63c3");
	bench_expect(bench, bench_verify, "9000");
	bench_admin(bench);
	/* PIV again (SP 800-73-4 part 2, 3.1.1), and what is not there, change nothing. */
	bench_begin(bench);
	bench_expect(bench, "00a4040007a0000005272001", "6a82");
	bench_expect(bench, "00200080", "9000");
	assert_true(bench->piv.management_verified);
	/* Another application does. */
	bench_expect(bench, bench_select_management, VIRTUAL_MANAGER "9000");
	bench_begin(bench);
	bench_expect(bench, "00200080", "63c3");
	assert_false(bench->piv.management_verified);
	bench_expect(bench, bench_verify, "9000");
	card_reset(&bench->card);
	bench_begin(bench);
	bench_expect(bench, "00200080", "63c3");
	bench_expect(bench, bench_verify, "9000");
	piv_unplug(&bench->piv);
	bench_expect(bench, "00200080", "63c3");
}

static void
a_malformed_verify_costs_no_try(void **state)
{
	struct bench *bench = *state;

	bench_begin(bench);
	bench_expect(bench, "0020008007313233343536ff", "6a80");
	bench_expect(bench, "0020008009313233343536ffffff", "6a80");
	bench_expect(bench, "0020018008313233343536ffff", "6a86");
	bench_expect(bench, "0020008108313233343536ffff", "6a88");
	bench_expect(bench, "0020ff8008313233343536ffff", "6a80");
	bench_expect(bench, "00200080", "63c3");
}

static void
a_try_is_spent_before_it_can_be_undone(void **state)
{
	struct bench *bench = *state;

	bench_begin(bench);
	bench->broken = true;
	bench_expect(bench, bench_verify_wrong, "6581");
	assert_int_equal(bench->state.pin.tries, 2);
}

static void
pin_and_puk_change_only_against_the_old(void **state)
{
	struct bench *bench = *state;

	bench_begin(bench);
	bench_expect(bench, "0024008010393939393939ffff363534333231ffff", "63c2");
	bench_expect(bench, "0024008010313233343536ffff3635343332ffffff", "6a80"); /* five digits */
	bench_expect(bench, "0024008010313233343536ffff36353433ff3231ff", "6a80"); /* a gap */
	bench_expect(bench, "0024008010313233343536ffff363534333231ffff", "9000");
	bench_expect(bench, bench_verify, "63c2");
	bench_expect(bench, "0020008008363534333231ffff", "9000");
	bench_expect(bench,
	    "00240081103132333435363738"
	    "3837363534333231",
	    "9000");
	bench_expect(bench,
	    "00240081103132333435363738"
	    "3837363534333231",
	    "63c2");
	bench_expect(bench,
	    "00240082103132333435363738"
	    "3837363534333231",
	    "6a88");
	/* A blocked PIN, unblocked with the new PUK. */
	for (unsigned i = 0; i < 3; i++)
		(void)bench_status_of(bench, bench_verify_wrong);
	bench_expect(bench,
	    "002c0080103837363534333231"
	    "313131313131ffff",
	    "9000");
	bench_expect(bench, "0020008008313131313131ffff", "9000");
	bench_expect(bench,
	    "002c0080103132333435363738"
	    "313131313131ffff",
	    "63c2");
}

static void
the_management_key_opens_by_both_protocols(void **state)
{
	struct bench *bench = *state;
	uint8_t algorithm = bench->state.management.algorithm, answer[SIM_BLOCK_MAX];
	size_t size = sim_block_size(algorithm);
	uint8_t wrong[SIM_BLOCK_KEY_MAX] = {1};
	struct view value, challenge;
	struct err err;
	char header[9];
	BUF data = {0};
	BUF inner = {0};
	BUF command = {0};

	bench_begin(bench);
	assert_int_equal(bench_authenticate(bench, wrong), SW_SECURITY_STATUS);
	assert_false(bench->piv.management_verified);
	bench_admin(bench);
	assert_true(bench->piv.management_verified);
	card_reset(&bench->card);
	bench_begin(bench);
	assert_false(bench->piv.management_verified);

	snprintf(header, sizeof(header), "0087%02x9b", algorithm);
	assert_int_equal(bench_send_data(bench, header,
	                     VIEW_OF(((const uint8_t[]){0x7c, 2, 0x81, 0})), &data),
	    SW_OK);
	assert_true(ber_find(buf_view(&data), 0x7c, &value) && ber_find(value, 0x81, &challenge));
	assert_int_equal(challenge.size, size);
	assert_int_equal(sim_block(algorithm, bench->state.management.key, true, challenge.data,
	                     answer, &err),
	    ERR_OK);
	ber_put(&inner, 0x82, view_of(answer, size));
	ber_put(&command, 0x7c, buf_view(&inner));
	BUF nothing = {0};
	BUF false_command = {0};
	buf_bytes(&false_command, buf_view(&command));
	false_command.data[false_command.size - 1] ^= 1;
	struct piv before = bench->piv;
	assert_int_equal(bench_send_data(bench, header, buf_view(&false_command), &nothing),
	    SW_SECURITY_STATUS);
	assert_false(bench->piv.management_verified);
	bench->piv = before; /* the same challenge once more */
	assert_int_equal(bench_send_data(bench, header, buf_view(&command), &nothing), SW_OK);
	assert_true(bench->piv.management_verified);
	/* The same answer again: its challenge is spent. */
	assert_int_equal(bench_send_data(bench, header, buf_view(&command), &nothing),
	    SW_WRONG_DATA);
	assert_false(bench->piv.management_verified);
}

static void
a_witness_answers_only_the_next_command(void **state)
{
	struct bench *bench = *state;
	struct view value, witness;
	uint8_t plain[SIM_BLOCK_MAX];
	struct err err;
	BUF data = {0};
	BUF template = {0};
	BUF command = {0};

	bench_begin(bench);
	assert_int_equal(bench_send_data(bench, "00870a9b",
	                     VIEW_OF(((const uint8_t[]){0x7c, 2, 0x80, 0})), &data),
	    SW_OK);
	assert_true(ber_find(buf_view(&data), 0x7c, &value) && ber_find(value, 0x80, &witness));
	assert_int_equal(sim_block(SIM_AES192, bench->state.management.key, false, witness.data,
	                     plain, &err),
	    ERR_OK);
	ber_put(&template, 0x80, VIEW_OF(plain));
	ber_put(&template, 0x81, VIEW_OF(plain));
	ber_put(&command, 0x7c, buf_view(&template));
	bench_expect(bench, "00fd000000", "0507049000");
	assert_int_equal(bench_send_data(bench, "00870a9b", buf_view(&command), &data),
	    SW_WRONG_DATA);
	assert_false(bench->piv.management_verified);
}

static void
the_management_key_can_be_of_every_kind(void **state)
{
	struct bench *bench = *state;
	static const uint8_t kinds[] = {SIM_3DES, SIM_AES128, SIM_AES192, SIM_AES256};

	bench_begin(bench);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		uint8_t key[SIM_BLOCK_KEY_MAX] = "a management key of any kind...";
		BUF data = {0};
		BUF nothing = {0};
		bench_admin(bench);
		buf_u8(&data, kinds[i]);
		ber_put(&data, 0x9b, view_of(key, sim_block_key_size(kinds[i])));
		assert_int_equal(bench_send_data(bench, "00ffffff", buf_view(&data), &nothing),
		    SW_OK);
		assert_int_equal(bench->state.management.algorithm, kinds[i]);
		bench_begin(bench);
		assert_int_equal(bench_authenticate(bench, key), SW_OK);
	}
	/* A key of another length is refused, and so is the algorithm of the last but one. */
	assert_int_equal(bench_status_of(bench, "00ffffff050a9b020102"), SW_WRONG_DATA);
	assert_int_equal(bench_status_of(bench, "00870a9b047c028000"), SW_WRONG_P1P2);
	/* P2 FE: from now on it wants a touch. */
	BUF data = {0};
	BUF nothing = {0};
	buf_u8(&data, SIM_3DES);
	ber_put(&data, 0x9b, view_of("012345670123456701234567", 24));
	assert_int_equal(bench_send_data(bench, "00fffffe", buf_view(&data), &nothing), SW_OK);
	bench_admin(bench);
	assert_int_equal(bench->touches, 1);
	bench->touched = false;
	assert_int_equal(bench_authenticate(bench, bench->state.management.key),
	    SW_SECURITY_STATUS);
}

static void
objects_are_written_read_and_deleted(void **state)
{
	struct bench *bench = *state;
	BUF large = {0};
	BUF data = {0};

	bench_begin(bench);
	bench_expect(bench, "00cb3fff035c017e00", "7e124f0ba0000003080000100001005f2f0240009000");
	bench_expect(bench, "00cb3fff055c035fc10200", "6a82");
	bench_admin(bench);
	bench_expect(bench, "00db3fff095c035fc102530201ff", "9000");
	bench_expect(bench, "00cb3fff055c035fc10200", "530201ff9000");
	bench_expect(bench, "00db3fff075c035fc1025300", "9000");
	bench_expect(bench, "00cb3fff055c035fc10200", "6a82");
	/* The largest object, and one byte more. */
	for (size_t more = 0; more < 2; more++) {
		buf_done(&large);
		buf_bytes(&large, view_of("\x5c\x03\x5f\xc1\x05", 5));
		ber_put_header(&large, 0x53, SIM_OBJECT_MAX + more);
		for (size_t i = 0; i < SIM_OBJECT_MAX + more; i++)
			buf_u8(&large, (uint8_t)i);
		assert_int_equal(bench_send_data(bench, "00db3fff", buf_view(&large), &data),
		    more == 0 ? SW_OK : SW_NO_SPACE);
	}
	assert_int_equal(bench_send_data(bench, "00cb3fff", view_of("\x5c\x03\x5f\xc1\x05", 5),
	                     &data),
	    SW_OK);
	assert_int_equal(data.size, SIM_OBJECT_MAX + 4);
	/* A PIN protects what is printed on the card. */
	bench_expect(bench, "00db3fff095c035fc109530201ff", "9000");
	bench_expect(bench, "00cb3fff055c035fc10900", "6982");
	bench_expect(bench, bench_verify, "9000");
	bench_expect(bench, "00cb3fff055c035fc10900", "530201ff9000");
	bench_expect(bench, "00db3fff055c02010253", "6a80");
	bench_expect(bench, "00db3fff065c0201025300", "6a80");
	bench_expect(bench, "00db0000095c035fc102530201ff", "6a86");
}

/* SP 800-73-4 part 1, table 3: what is read only after the PIN, whether it is there or not. */
static void
what_is_personal_is_read_only_after_the_pin(void **state)
{
	struct bench *bench = *state;
	static const char *const personal[] = {"5fc103", "5fc108", "5fc109", "5fc121"};
	char command[64];

	bench_begin(bench);
	bench_admin(bench);
	for (size_t i = 0; i < ARRAY_SIZE(personal); i++) {
		char get[32];
		snprintf(get, sizeof(get), "00cb3fff055c03%s", personal[i]);
		bench_expect(bench, get, "6982");
		bench_expect(bench, bench_verify, "9000");
		bench_expect(bench, get, "6a82");
		/* The management key writes it, and does not read it. */
		snprintf(command, sizeof(command), "00db3fff085c03%s5301aa", personal[i]);
		bench_expect(bench, command, "9000");
		bench_expect(bench, get, "5301aa9000");
		bench_expect(bench, "0020ff80", "9000");
		bench_expect(bench, get, "6982");
	}
	/* ykman's flags are for everybody. */
	bench_expect(bench, "00db3fff0c5c035fff0053058003810102", "9000");
	bench_expect(bench, "00cb3fff055c035fff00", "530580038101029000");
}

static void
reset_needs_both_blocked_and_keeps_the_attestation_key(void **state)
{
	struct bench *bench = *state;
	struct point point;

	bench_begin(bench);
	bench_admin(bench);
	bench_generate(bench, 0x82, PIV_PIN_NEVER, PIV_TOUCH_NEVER, &point);
	bench_expect(bench, "00db3fff095c035fc102530201ff", "9000");
	bench_expect(bench, "00fa0102", "6982"); /* the PIN too is needed */
	bench_expect(bench, bench_verify, "9000");
	bench_expect(bench, "00fa0001", "6a86");
	bench_expect(bench, "00fa0102", "9000");
	bench_expect(bench, "00fb0000", "6985");
	bench_expect(bench, bench_verify_wrong, "6983");
	bench_expect(bench, "00fb0000", "6985");
	bench_expect(bench,
	    "002c0080103030303030303030"
	    "313131313131ffff",
	    "63c1");
	bench_expect(bench,
	    "002c0080103030303030303030"
	    "313131313131ffff",
	    "6983");
	bench_expect(bench, "00fb0000", "9000");
	bench_expect(bench, "00200080", "63c3");
	bench_expect(bench, bench_verify, "9000");
	bench_expect(bench, "00f7008200", "6a88");
	bench_expect(bench, "00cb3fff055c035fc10200", "6a82");
	assert_int_equal(bench_status_of(bench, "00cb3fff055c035fff0100"), SW_OK);
	assert_int_equal(bench_status_of(bench, "00f700f900"), SW_OK);
	assert_false(bench->piv.management_verified);
}

static void
block_ciphers_agree_with_their_standards(void **state)
{
	uint8_t key[32], in[16], out[16], expected[16];
	struct err err;
	static const struct {
		uint8_t algorithm;
		const char *key, *in, *out;
	} cases[] = {
	    /* FIPS 197, appendix C */
	    {SIM_AES128, "000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff",
	        "69c4e0d86a7b0430d8cdb78070b4c55a"},
	    {SIM_AES192, "000102030405060708090a0b0c0d0e0f1011121314151617",
	        "00112233445566778899aabbccddeeff", "dda97ca4864cdfe06eaf70a0ec0d7191"},
	    {SIM_AES256, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	        "00112233445566778899aabbccddeeff", "8ea2b7ca516745bfeafc49904b496089"},
	    /* SP 800-67 keys of the Triple DES example in SP 800-38A's companion (ECB, block 1) */
	    {SIM_3DES, "0123456789abcdef23456789abcdef01456789abcdef0123", "5468652071756663",
	        "a826fd8ce53b855f"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t size = sim_block_size(cases[i].algorithm);
		assert_true(
		    text_from_hex(cases[i].key, key, sim_block_key_size(cases[i].algorithm)));
		assert_true(text_from_hex(cases[i].in, in, size));
		assert_true(text_from_hex(cases[i].out, expected, size));
		assert_int_equal(sim_block(cases[i].algorithm, key, true, in, out, &err), ERR_OK);
		assert_memory_equal(out, expected, size);
		assert_int_equal(sim_block(cases[i].algorithm, key, false, expected, out, &err),
		    ERR_OK);
		assert_memory_equal(out, in, size);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(select_version_and_serial_are_a_yubikeys, bench_setup,
	        bench_teardown),
	    cmocka_unit_test_setup_teardown(nothing_secret_is_done_without_authentication,
	        bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(an_older_firmware_lacks_newer_instructions,
	        bench_setup_old, bench_teardown),
	    cmocka_unit_test_setup_teardown(wrong_pins_count_down_and_block, bench_setup,
	        bench_teardown),
	    cmocka_unit_test_setup_teardown(verification_ends_on_demand_and_with_the_selection,
	        bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(a_malformed_verify_costs_no_try, bench_setup,
	        bench_teardown),
	    cmocka_unit_test_setup_teardown(a_try_is_spent_before_it_can_be_undone, bench_setup,
	        bench_teardown),
	    cmocka_unit_test_setup_teardown(pin_and_puk_change_only_against_the_old, bench_setup,
	        bench_teardown),
	    cmocka_unit_test_setup_teardown(the_management_key_opens_by_both_protocols, bench_setup,
	        bench_teardown),
	    cmocka_unit_test_setup_teardown(the_management_key_opens_by_both_protocols,
	        bench_setup_3des, bench_teardown),
	    cmocka_unit_test_setup_teardown(a_witness_answers_only_the_next_command, bench_setup,
	        bench_teardown),
	    cmocka_unit_test_setup_teardown(the_management_key_can_be_of_every_kind, bench_setup,
	        bench_teardown),
	    cmocka_unit_test_setup_teardown(objects_are_written_read_and_deleted, bench_setup,
	        bench_teardown),
	    cmocka_unit_test_setup_teardown(what_is_personal_is_read_only_after_the_pin,
	        bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(what_is_personal_is_read_only_after_the_pin,
	        bench_setup_4, bench_teardown),
	    cmocka_unit_test_setup_teardown(reset_needs_both_blocked_and_keeps_the_attestation_key,
	        bench_setup, bench_teardown),
	    cmocka_unit_test(block_ciphers_agree_with_their_standards),
	};
	struct err err;

	if (crypto_start(&err) != ERR_OK) {
		print_error("%s\n", err.text);
		return 1;
	}
	return cmocka_run_group_tests_name("simulated PIV applet", tests, NULL, NULL);
}
