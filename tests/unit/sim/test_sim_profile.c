/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds of cards: what each firmware knows, what a card that is no YubiKey lacks, and quirks. */
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
#include "tokens/sim/state/identity.h"

/* The first byte of the firmware under test says which answers are expected. */
static void
each_firmware_knows_what_it_should(void **state)
{
	struct bench *bench = *state;
	static const struct {
		const char *command;
		uint8_t from[3];
	} cases[] = {
	    {"00f6ff82", {5, 7, 0}}, /* delete a key */
	    {"00f70080", {5, 3, 0}}, /* metadata of the PIN */
	    {"00f80000", {5, 0, 0}}, /* serial number */
	    {"00f98200", {4, 3, 0}}, /* attest */
	    {"00fa0505", {1, 0, 0}}, /* tries */
	    {"00fb0000", {1, 0, 0}}, /* reset */
	    {"00fd0000", {1, 0, 0}}, /* version */
	    {"00fe119a0306010100", {1, 0, 0}},
	    {"00ffffff1b039b18010101010101010102020202020202020303030303030303", {1, 0, 0}},
	};
	static const struct {
		uint8_t algorithm;
		uint8_t from[3];
	} algorithms[] = {
	    {SIM_P256, {0}},
	    {SIM_P384, {0}},
	    {SIM_ED25519, {5, 7, 0}},
	    {SIM_X25519, {5, 7, 0}},
	};

	bench_begin(bench);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const uint8_t *from = cases[i].from;
		uint16_t status = bench_status_of(bench, cases[i].command);
		if (sim_state_has(&bench->state, from[0], from[1], from[2]))
			assert_int_not_equal(status, SW_UNKNOWN_INS);
		else
			assert_int_equal(status, SW_UNKNOWN_INS);
	}
	bench_admin(bench);
	for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
		const uint8_t *from = algorithms[i].from;
		char command[32];
		snprintf(command, sizeof(command), "0047008205ac038001%02x",
		    algorithms[i].algorithm);
		assert_int_equal(bench_status_of(bench, command),
		    sim_state_has(&bench->state, from[0], from[1], from[2]) ? SW_OK :
		                                                              SW_WRONG_DATA);
	}
	/* An AES-128 management key: not before 5.4.2. */
	if (sim_state_is_yubikey(&bench->state))
		assert_int_equal(bench_status_of(bench,
		                     "00ffffff13089b10000102030405060708090a0b0c0d0e0f"),
		    sim_state_has(&bench->state, 5, 4, 2) ? SW_OK : SW_WRONG_DATA);
}

static void
the_management_application_tells_what_the_token_is(void **state)
{
	struct bench *bench = *state;

	bench_expect(bench, bench_select_management,
	    "5669727475616c206d6772202d2046572076657273696f6e20352e372e34" /* "... 5.7.4" */
	    "9000");
	bench_expect(bench, "001d000000",
	    "2301020010020400a1b2c303020010040101050305070406020000"
	    "07010f0801000a01009000");
	bench_expect(bench, "001d010000", "6a86");
	bench_expect(bench, "001c0000", "6d00"); /* configuration cannot be written */
	/* PIV's commands are not its own, and a longer or shorter AID is not meant. */
	bench_expect(bench, "00fd000000", "6d00");
	bench_expect(bench, "00a4040007a0000005274711", "6a82");
	bench_expect(bench, "00a4040009a0000005274711170100", "6a82");
}

static void
a_yubikey_4_tells_its_serial_elsewhere(void **state)
{
	struct bench *bench = *state;

	bench_begin(bench);
	bench_expect(bench, "00f8000000", "6d00");
	bench_expect(bench, bench_select_management,
	    "5669727475616c206d6772202d2046572076657273696f6e20342e332e35" /* "... 4.3.5" */
	    "9000");
	bench_expect(bench, "001d000000", "0c010111020400a1b2c30301119000");
	bench_expect(bench, "00a4040007a000000527200100", "0403050000009000");
	bench_expect(bench, "0001100000", "00a1b2c39000");
	bench_expect(bench, "00a4040008a00000052720010100", "0403050000009000");
	bench_expect(bench, "00a4040008a00000052720010200", "6a82");
	bench_expect(bench, "0001300000", "6a86");
	bench_expect(bench, "0002000000", "6d00");
}

static void
the_oldest_management_application_has_no_configuration(void **state)
{
	struct bench *bench = *state;

	bench->state.firmware[1] = 0;
	bench_status_of(bench, bench_select_management);
	bench_expect(bench, "001d000000", "6d00");
}

static void
a_yubikey_4_begins_anew_at_each_select(void **state)
{
	struct bench *bench = *state;

	bench_begin(bench);
	bench_expect(bench, bench_verify, "9000");
	bench_begin(bench);
	bench_expect(bench, "00200080", "63c3");
}

static void
each_kind_has_its_atr(void **state)
{
	static const uint8_t old[] = {4, 3, 5}, new[] = {5, 0, 0}, plain[] = {0, 0, 0};
	const struct view atrs[] = {sim_atr(old), sim_atr(new), sim_atr(plain)};

	(void)state;
	assert_memory_equal(atrs[0].data + 9, "Yubikey4", 8);
	assert_memory_equal(atrs[1].data + 15, "YubiKey", 7);
	for (size_t i = 0; i < ARRAY_SIZE(atrs); i++) {
		uint8_t check = 0;
		for (size_t k = 1; k < atrs[i].size; k++) /* ISO 7816-3, 8.2.5 */
			check ^= atrs[i].data[k];
		assert_int_equal(check, 0);
		assert_int_equal(view_equal(atrs[i], atrs[(i + 1) % 3]), false);
	}
	assert_null(memmem(atrs[2].data, atrs[2].size, "ubi", 3));
}

static void
a_card_that_is_no_yubikey_does_not_know_yubicos_things(void **state)
{
	struct bench *bench = *state;

	bench_expect(bench, bench_select_management, "6a82");
	bench_begin(bench);
	assert_int_equal(bench->state.management.algorithm, SIM_3DES);
	bench_expect(bench, "00cb3fff055c035fff01", "6a82"); /* attestation certificate */
	bench_admin(bench);
	/* Policies, the attestation slot, and objects of Yubico's own. */
	bench_expect(bench, "0047008208ac06800111ab0102", "6a80");
	bench_expect(bench, "004700f905ac03800111", "6b00");
	bench_expect(bench, "00db3fff085c035fff00530180", "6a80");
	bench_expect(bench, "00db3fff085c035fc105530180", "9000");
}

/* Read an object whole, its tag 53 checked. */
static void
read_object(struct bench *bench, uint32_t tag, struct buf *ret_value)
{
	struct view value;
	const uint8_t list[] = {0x5c, 3, (uint8_t)(tag >> 16), (uint8_t)(tag >> 8), (uint8_t)tag};
	BUF answer = {0};

	assert_int_equal(bench_send_data(bench, "00cb3fff", VIEW_OF(list), &answer), SW_OK);
	assert_true(ber_find(buf_view(&answer), 0x53, &value));
	buf_bytes(ret_value, value);
}

/* Five bits each, the lowest data bit first, odd parity: the characters, as text. */
static void
decode_fascn(struct view bytes, char ret_text[41])
{
	unsigned lrc = 0;

	assert_int_equal(bytes.size, 25);
	for (size_t i = 0; i < 40; i++) {
		unsigned value = 0, ones = 0;
		for (size_t bit = 0; bit < 5; bit++) {
			size_t at = 5 * i + bit;
			unsigned one = (unsigned)bytes.data[at / 8] >> (7 - at % 8) & 1U;
			ones += one;
			value |= bit < 4 ? one << bit : 0;
		}
		assert_int_equal(ones % 2, 1);
		lrc ^= value;
		ret_text[i] = "0123456789?S?F?E"[value];
	}
	assert_int_equal(lrc, 0);
	ret_text[39] = '\0'; /* the check itself */
}

static void
a_card_is_known_by_chuid_and_ccc(void **state)
{
	struct bench *bench = *state;
	struct view fascn, guid, expiry, identifier;
	char text[41];
	BUF chuid = {0};
	BUF ccc = {0};
	BUF other = {0};

	bench_begin(bench);
	read_object(bench, SIM_OBJECT_CHUID, &chuid);
	read_object(bench, SIM_OBJECT_CCC, &ccc);
	assert_true(ber_find(buf_view(&chuid), 0x30, &fascn));
	decode_fascn(fascn, text);
	/* serial 0x00a1b2c3 is 10597059 */
	assert_string_equal(text, "S9999F0042F597059F1F1F0010597059399991E");
	assert_true(ber_find(buf_view(&chuid), 0x34, &guid));
	assert_int_equal(guid.size, 16);
	assert_memory_equal(guid.data + 12, "\x00\xa1\xb2\xc3", 4);
	assert_true(ber_find(buf_view(&chuid), 0x35, &expiry));
	assert_int_equal(expiry.size, 8);
	assert_true(ber_find(buf_view(&ccc), 0xf0, &identifier));
	assert_int_equal(identifier.size, 21);
	sim_chuid(0x00a1b2c4, &other);
	assert_int_equal(other.size, chuid.size);
	assert_memory_not_equal(other.data, chuid.data, chuid.size);
}

/* P-256 in 9A: VERIFY, then sign. */
static uint16_t
verify_and_sign(struct bench *bench)
{
	bench_expect(bench, bench_verify, "9000");
	return bench_try_sign(bench, 0x9a);
}

static void
make_key(struct bench *bench, const char *expected)
{
	struct view template = VIEW_OF("\xac\x03\x80\x01\x11");
	BUF answer = {0};
	BUF text = {0};

	template.size--; /* without the NUL */
	bench_begin(bench);
	bench_admin(bench);
	assert_int_equal(bench_send_data(bench, "0047009a", template, &answer), SW_OK);
	buf_hex(&text, view_of(answer.data, strlen(expected) / 2));
	assert_string_equal(buf_string(&text), expected);
}

static void
without_quirks_it_is_as_the_standard_says(void **state)
{
	struct bench *bench = *state;

	make_key(bench,
	    "7f49438641"
	    "04");
	assert_int_equal(bench_try_sign(bench, 0x9a), SW_SECURITY_STATUS);
	assert_int_equal(verify_and_sign(bench), SW_OK);
	assert_int_equal(bench_try_sign(bench, 0x9a), SW_OK);
	assert_int_equal(bench->touches, 0);
}

static void
quirk_long_lengths_is_ber_but_not_der(void **state)
{
	struct bench *bench = *state;

	bench->state.quirks = SIM_QUIRK_LONG_LENGTHS;
	make_key(bench,
	    "7f498144"
	    "868141"
	    "04");
}

static void
quirk_forgets_pin_lets_a_key_be_used_once(void **state)
{
	struct bench *bench = *state;

	make_key(bench, "7f49");
	bench->state.quirks = SIM_QUIRK_FORGETS_PIN;
	assert_int_equal(verify_and_sign(bench), SW_OK);
	assert_int_equal(bench_try_sign(bench, 0x9a), SW_SECURITY_STATUS);
	bench_expect(bench, bench_verify, "9000");
	bench_expect(bench, "00200080", "9000"); /* asking for the state does not change it */
	bench_expect(bench, "00cb3fff035c017e", "7e124f0ba0000003080000100001005f2f0240009000");
	assert_int_equal(bench_try_sign(bench, 0x9a), SW_SECURITY_STATUS);
}

static void
quirk_touch_answers_6600_when_nobody_comes(void **state)
{
	struct bench *bench = *state;

	make_key(bench, "7f49");
	bench->state.quirks = SIM_QUIRK_TOUCH;
	assert_int_equal(verify_and_sign(bench), SW_OK);
	assert_int_equal(bench->touches, 1);
	bench->touched = false;
	assert_int_equal(bench_try_sign(bench, 0x9a), SW_NO_ANSWER);
}

static void
quirk_touch_first_asks_before_the_pin(void **state)
{
	struct bench *bench = *state;

	bench->state.quirks = SIM_QUIRK_TOUCH;
	make_key(bench, "7f49");
	assert_int_equal(bench_try_sign(bench, 0x9a), SW_SECURITY_STATUS);
	assert_int_equal(bench->touches, 0);
	bench->state.quirks |= SIM_QUIRK_TOUCH_FIRST;
	assert_int_equal(bench_try_sign(bench, 0x9a), SW_SECURITY_STATUS);
	assert_int_equal(bench->touches, 1);
	assert_int_equal(verify_and_sign(bench), SW_OK);
	assert_int_equal(bench->touches, 2);
}

static void
quirk_few_slots_ends_at_83(void **state)
{
	struct bench *bench = *state;

	make_key(bench, "7f49");
	assert_int_equal(bench_status_of(bench, "0047008405ac03800111"), SW_OK);
	bench->state.quirks = SIM_QUIRK_FEW_SLOTS;
	assert_int_equal(bench_status_of(bench, "0047008305ac03800111"), SW_OK);
	assert_int_equal(bench_status_of(bench, "0047008405ac03800111"), SW_WRONG_SLOT);
	assert_int_equal(bench_status_of(bench, "0047009e05ac03800111"), SW_OK);
}

static void
profiles_and_quirks_are_found_by_name(void **state)
{
	const struct sim_profile *profile = NULL;
	unsigned quirks = 99;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sim_profile_count; i++) {
		BUF text = {0};
		assert_int_equal(sim_profile_from(sim_profiles[i].name, &profile, &err), ERR_OK);
		assert_ptr_equal(profile, &sim_profiles[i]);
		sim_quirks_text(profile->quirks, &text);
		assert_int_equal(sim_quirks_from(buf_string(&text), &quirks, &err), ERR_OK);
		assert_int_equal(quirks, profile->quirks);
	}
	assert_int_equal(sim_profile_from("yubikey-5.7.5", &profile, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "did you mean yubikey-5.7.4?"));
	quirks = 99;
	static const char *const wrong[] = {"", ",", "touch,", ",touch", "touch,touch", "touches",
	    "touc", "none,touch", "touch touch-first"};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(sim_quirks_from(wrong[i], &quirks, &err), ERR_INVALID);
		assert_int_equal(quirks, 99);
	}
	assert_int_equal(sim_quirks_from("touch-first,few-slots", &quirks, &err), ERR_OK);
	assert_int_equal(quirks, SIM_QUIRK_TOUCH_FIRST | SIM_QUIRK_FEW_SLOTS);
}

int
main(void)
{
#define WITH(setup, test) cmocka_unit_test_setup_teardown(test, setup, bench_teardown)
	const struct CMUnitTest tests[] = {
	    WITH(bench_setup_old, each_firmware_knows_what_it_should),
	    WITH(bench_setup_4, each_firmware_knows_what_it_should),
	    WITH(bench_setup_3des, each_firmware_knows_what_it_should),
	    WITH(bench_setup, each_firmware_knows_what_it_should),
	    WITH(bench_setup_58, each_firmware_knows_what_it_should),
	    WITH(bench_setup_plain, each_firmware_knows_what_it_should),
	    WITH(bench_setup, the_management_application_tells_what_the_token_is),
	    WITH(bench_setup_4, a_yubikey_4_tells_its_serial_elsewhere),
	    WITH(bench_setup_4, the_oldest_management_application_has_no_configuration),
	    WITH(bench_setup_4, a_yubikey_4_begins_anew_at_each_select),
	    cmocka_unit_test(each_kind_has_its_atr),
	    WITH(bench_setup_plain, a_card_that_is_no_yubikey_does_not_know_yubicos_things),
	    WITH(bench_setup_plain, a_card_is_known_by_chuid_and_ccc),
	    WITH(bench_setup_plain, without_quirks_it_is_as_the_standard_says),
	    WITH(bench_setup_plain, quirk_long_lengths_is_ber_but_not_der),
	    WITH(bench_setup_plain, quirk_forgets_pin_lets_a_key_be_used_once),
	    WITH(bench_setup_plain, quirk_touch_answers_6600_when_nobody_comes),
	    WITH(bench_setup_plain, quirk_touch_first_asks_before_the_pin),
	    WITH(bench_setup_plain, quirk_few_slots_ends_at_83),
	    cmocka_unit_test(profiles_and_quirks_are_found_by_name),
	};
	struct err err;

	if (crypto_start(&err) != ERR_OK) {
		print_error("%s\n", err.text);
		return 1;
	}
	return cmocka_run_group_tests_name("kinds of simulated cards", tests, NULL, NULL);
}
