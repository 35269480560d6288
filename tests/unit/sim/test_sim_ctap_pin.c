/* SPDX-License-Identifier: Apache-2.0 */
/* The FIDO2 applet's PIN, tokens and fingers, under both protocols. */
#include "tests/unit/sim/ctap_bench.h"

enum { MAKE = CTAP_MAY_MAKE, ASSERT = CTAP_MAY_ASSERT, CLIENT_PIN = 0x06 };

static const char rp[] = "vault.invalid";

static uint8_t
token(struct ctap_bench *bench, uint8_t protocol, const char *pin)
{
	uint8_t ignored[32];

	return ctap_bench_token(bench, protocol, pin, ASSERT, rp, ignored);
}

static void
either_protocol_sets_changes_and_checks_the_pin(void **state)
{
	struct ctap_bench *bench = *state;

	for (uint8_t protocol = 1; protocol <= 2; protocol++) {
		const uint8_t other = (uint8_t)(3 - protocol);
		sim_fido_init(&bench->state.fido, false, false);
		assert_int_equal(token(bench, protocol, "1234"), CTAP2_ERR_PIN_NOT_SET);
		assert_int_equal(ctap_bench_change_pin(bench, protocol, "1234", "4321"),
		    CTAP2_ERR_PIN_NOT_SET);
		assert_int_equal(ctap_bench_set_pin(bench, protocol, "1234"), CTAP2_OK);
		assert_int_equal(ctap_bench_set_pin(bench, protocol, "4321"),
		    CTAP2_ERR_PIN_AUTH_INVALID);
		assert_int_equal(token(bench, other, "1234"), CTAP2_OK);
		assert_int_equal(ctap_bench_change_pin(bench, other, "1234", "4321"), CTAP2_OK);
		assert_int_equal(token(bench, protocol, "1234"), CTAP2_ERR_PIN_INVALID);
		assert_int_equal(token(bench, protocol, "4321"), CTAP2_OK);
	}
}

static void
a_pin_has_enough_characters_and_not_too_many_bytes(void **state)
{
	static const struct {
		const char *pin;
		uint8_t status;
	} cases[] = {
	    {"", CTAP2_ERR_PIN_POLICY_VIOLATION},
	    {"123", CTAP2_ERR_PIN_POLICY_VIOLATION},
	    {"\xc3\xa9\xc3\xa9\xc3\xa9",
	        CTAP2_ERR_PIN_POLICY_VIOLATION}, /* 6 bytes, 3 characters */
	    {"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", CTAP2_OK},
	    {"1234", CTAP2_OK},
	    {"123456789012345678901234567890123456789012345678901234567890123", CTAP2_OK},
	    {"1234567890123456789012345678901234567890123456789012345678901234",
	        CTAP2_ERR_PIN_POLICY_VIOLATION},
	};
	struct ctap_bench *bench = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		sim_fido_init(&bench->state.fido, false, false);
		assert_int_equal(ctap_bench_set_pin(bench, 1 + i % 2, cases[i].pin),
		    cases[i].status);
		assert_int_equal(bench->state.fido.pin_set, cases[i].status == CTAP2_OK);
	}
}

static void
three_wrong_pins_block_until_pulled_and_eight_for_ever(void **state)
{
	struct ctap_bench *bench = *state;

	assert_int_equal(ctap_bench_set_pin(bench, 2, "1234"), CTAP2_OK);
	for (uint8_t tries = 8; tries > 0; tries--) {
		bool third = (8 - tries) % 3 == 2;
		assert_int_equal(token(bench, 2, "9999"),
		    tries == 1 ? CTAP2_ERR_PIN_BLOCKED :
		        third  ? CTAP2_ERR_PIN_AUTH_BLOCKED :
		                 CTAP2_ERR_PIN_INVALID);
		assert_int_equal(bench->state.fido.pin_tries, tries - 1);
		if (!third)
			continue;
		assert_int_equal(token(bench, 2, "1234"), CTAP2_ERR_PIN_AUTH_BLOCKED);
		assert_int_equal(ctap_bench_change_pin(bench, 1, "1234", "4321"),
		    CTAP2_ERR_PIN_AUTH_BLOCKED);
		assert_int_equal(bench->state.fido.pin_tries, tries - 1);
		ctap_plug(&bench->ctap);
	}
	ctap_plug(&bench->ctap);
	assert_int_equal(token(bench, 2, "1234"), CTAP2_ERR_PIN_BLOCKED);
	assert_int_equal(ctap_bench_change_pin(bench, 1, "1234", "4321"), CTAP2_ERR_PIN_BLOCKED);
}

static void
the_right_pin_gives_all_tries_back(void **state)
{
	struct ctap_bench *bench = *state;

	assert_int_equal(ctap_bench_set_pin(bench, 2, "1234"), CTAP2_OK);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(token(bench, 1, "9999"), CTAP2_ERR_PIN_INVALID);
		assert_int_equal(token(bench, 1, "9998"), CTAP2_ERR_PIN_INVALID);
		assert_int_equal(token(bench, 1, "1234"), CTAP2_OK);
		assert_int_equal(bench->state.fido.pin_tries, 8);
	}
}

static void
a_try_is_spent_before_the_pin_is_compared(void **state)
{
	struct ctap_bench *bench = *state;

	assert_int_equal(ctap_bench_set_pin(bench, 2, "1234"), CTAP2_OK);
	unsigned saves = bench->saves;
	assert_int_equal(token(bench, 2, "9999"), CTAP2_ERR_PIN_INVALID);
	assert_int_equal(bench->saves, saves + 1);
	bench->broken = true;
	assert_int_equal(token(bench, 2, "1234"), CTAP1_ERR_OTHER);
	assert_int_equal(bench->state.fido.pin_tries, 6);
}

static void
a_wrong_pin_ends_the_key_agreement(void **state)
{
	struct ctap_bench *bench = *state;

	assert_int_equal(ctap_bench_set_pin(bench, 2, "1234"), CTAP2_OK);
	assert_true(bench->ctap.agreement[1].size > 0);
	assert_int_equal(token(bench, 2, "9999"), CTAP2_ERR_PIN_INVALID);
	assert_int_equal(bench->ctap.agreement[1].size, 0);
}

/* setPIN whose MAC, ciphertext or point is spoiled. */
static uint8_t
spoiled_set_pin(struct ctap_bench *bench, uint8_t protocol, unsigned what)
{
	uint8_t padded[64] = "1234";
	struct err err;
	BUF request = {0};
	BUF cipher = {0};
	BUF mac = {0};

	ctap_bench_agree(bench, protocol);
	assert_ok(
	    ctap_encrypt(&bench->shared, view_of(padded, what == 2 ? 48 : 64), &cipher, &err));
	if (what == 3)
		cipher.size--;
	const struct view part = buf_view(&cipher);
	ctap_bench_mac(protocol, bench->shared.mac_key, &part, 1, &mac);
	if (what == 0)
		mac.data[mac.size - 1] ^= 1;
	if (what == 1)
		cipher.data[0] ^= 1;
	if (what == 4)
		bench->platform.bytes[40] ^= 1;
	if (what == 5)
		mac.size--;
	cbor_put_map(&request, 5);
	cbor_put_int(&request, 1);
	cbor_put_int(&request, protocol);
	cbor_put_int(&request, 2);
	cbor_put_int(&request, 3);
	cbor_put_int(&request, 3);
	ctap_put_cose(&request, &bench->platform, what == 6 ? -7 : -25);
	cbor_put_int(&request, 4);
	cbor_put_bytes(&request, buf_view(&mac));
	cbor_put_int(&request, 5);
	cbor_put_bytes(&request, buf_view(&cipher));
	return ctap_bench_send(bench, CLIENT_PIN, &request, NULL);
}

static void
a_spoiled_new_pin_is_refused(void **state)
{
	static const uint8_t wanted[] = {CTAP2_ERR_PIN_AUTH_INVALID, CTAP2_ERR_PIN_AUTH_INVALID,
	    CTAP1_ERR_INVALID_PARAMETER, CTAP1_ERR_INVALID_PARAMETER, CTAP1_ERR_INVALID_PARAMETER,
	    CTAP2_ERR_PIN_AUTH_INVALID, CTAP1_ERR_INVALID_PARAMETER};
	struct ctap_bench *bench = *state;

	for (uint8_t protocol = 1; protocol <= 2; protocol++)
		for (unsigned what = 0; what < ARRAY_SIZE(wanted); what++) {
			assert_int_equal(spoiled_set_pin(bench, protocol, what), wanted[what]);
			assert_false(bench->state.fido.pin_set);
		}
	assert_int_equal(spoiled_set_pin(bench, 1, 99), CTAP2_OK);
}

static void
permissions_are_known_complete_and_kept(void **state)
{
	struct ctap_bench *bench = *state;
	struct ctap_bench_ask ask = {.protocol = 2};
	uint8_t value[32], id[FIDO_ID_SIZE];

	assert_int_equal(ctap_bench_set_pin(bench, 2, "1234"), CTAP2_OK);
	assert_int_equal(ctap_bench_token(bench, 2, "1234", 0, rp, value),
	    CTAP1_ERR_INVALID_PARAMETER);
	assert_int_equal(ctap_bench_token(bench, 2, "1234", 0x08, rp, value),
	    CTAP2_ERR_UNAUTHORIZED_PERMISSION);
	assert_int_equal(ctap_bench_token(bench, 2, "1234", MAKE, NULL, value),
	    CTAP2_ERR_MISSING_PARAMETER);
	assert_int_equal(bench->state.fido.pin_tries, 8);
	ask.token = value;
	assert_int_equal(ctap_bench_token(bench, 2, "1234", ASSERT, rp, value), CTAP2_OK);
	assert_int_equal(ctap_bench_make(bench, &ask, NULL), CTAP2_ERR_PIN_AUTH_INVALID);
	assert_int_equal(ctap_bench_token(bench, 2, "1234", MAKE, "other", value), CTAP2_OK);
	assert_int_equal(ctap_bench_make(bench, &ask, NULL), CTAP2_ERR_PIN_AUTH_INVALID);
	assert_int_equal(ctap_bench_token(bench, 2, "1234", MAKE, rp, value), CTAP2_OK);
	ask.protocol = 1; /* not the one it was made for */
	assert_int_equal(ctap_bench_make(bench, &ask, NULL), CTAP2_ERR_PIN_AUTH_INVALID);
	ask.protocol = 2;
	assert_int_equal(ctap_bench_make(bench, &ask, id), CTAP2_OK);
	assert_int_equal(ctap_bench_make(bench, &ask, NULL), CTAP2_ERR_PIN_AUTH_INVALID);
	/* The touch spends all that it may, management too. */
	const uint8_t metadata = 1;
	const struct view part = view_of(&metadata, 1);
	for (unsigned spent = 0; spent < 2; spent++) {
		BUF request = {0};
		BUF mac = {0};
		assert_int_equal(ctap_bench_token(bench, 2, "1234", MAKE | CTAP_MAY_MANAGE, NULL,
		                     value),
		    CTAP2_ERR_MISSING_PARAMETER);
		assert_int_equal(ctap_bench_token(bench, 2, "1234",
		                     spent == 0 ? CTAP_MAY_MANAGE : MAKE | CTAP_MAY_MANAGE,
		                     spent == 0 ? NULL : rp, value),
		    CTAP2_OK);
		if (spent == 1)
			assert_int_equal(ctap_bench_make(bench, &ask, NULL), CTAP2_OK);
		bench->ctap.token.bound = false;
		ctap_bench_mac(2, value, &part, 1, &mac);
		cbor_put_map(&request, 3);
		cbor_put_int(&request, 1);
		cbor_put_int(&request, metadata);
		cbor_put_int(&request, 3);
		cbor_put_int(&request, 2);
		cbor_put_int(&request, 4);
		cbor_put_bytes(&request, buf_view(&mac));
		assert_int_equal(ctap_bench_send(bench, 0x0a, &request, NULL),
		    spent == 0 ? CTAP2_OK : CTAP2_ERR_PIN_AUTH_INVALID);
	}
	/* A new token ends the old one. */
	uint8_t newer[32];
	assert_int_equal(ctap_bench_token(bench, 2, "1234", MAKE, rp, value), CTAP2_OK);
	assert_int_equal(ctap_bench_token(bench, 2, "1234", MAKE, rp, newer), CTAP2_OK);
	assert_int_equal(ctap_bench_make(bench, &ask, NULL), CTAP2_ERR_PIN_AUTH_INVALID);
	/* So does pulling it. */
	ctap_plug(&bench->ctap);
	ask.token = newer;
	assert_int_equal(ctap_bench_make(bench, &ask, NULL), CTAP2_ERR_PIN_AUTH_INVALID);
}

static void
tokens_expire(void **state)
{
	struct ctap_bench *bench = *state;
	uint8_t value[32], id[FIDO_ID_SIZE];
	struct ctap_bench_ask ask = {.protocol = 2,
	    .token = value,
	    .id = VIEW_OF(id),
	    .option = "up"};

	assert_int_equal(ctap_bench_make(bench, &(struct ctap_bench_ask){0}, id), CTAP2_OK);
	assert_int_equal(ctap_bench_set_pin(bench, 2, "1234"), CTAP2_OK);
	assert_int_equal(ctap_bench_token(bench, 2, "1234", ASSERT, rp, value), CTAP2_OK);
	bench->now += CTAP_TOKEN_FIRST_MS;
	assert_int_equal(ctap_bench_get(bench, &ask, NULL), CTAP2_ERR_PIN_AUTH_INVALID);
	assert_int_equal(ctap_bench_token(bench, 2, "1234", ASSERT, rp, value), CTAP2_OK);
	assert_int_equal(ctap_bench_get(bench, &ask, NULL), CTAP2_OK);
	bench->now += CTAP_TOKEN_MS - 1;
	assert_int_equal(ctap_bench_get(bench, &ask, NULL), CTAP2_OK);
	bench->now += 1;
	assert_int_equal(ctap_bench_get(bench, &ask, NULL), CTAP2_ERR_PIN_AUTH_INVALID);
}

static void
a_finger_verifies_and_three_wrong_ones_block(void **state)
{
	struct ctap_bench *bench = *state;
	struct ctap_bench_ask ask = {.option = "uv", .value = true};
	uint8_t value[32];

	assert_int_equal(token(bench, 2, NULL), CTAP2_ERR_INVALID_SUBCOMMAND);
	assert_int_equal(ctap_bench_make(bench, &ask, NULL), CTAP2_ERR_INVALID_OPTION);
	bench->state.fido.uv = true;
	assert_int_equal(ctap_bench_make(bench, &ask, NULL), CTAP2_OK);
	assert_int_equal(bench->touches, 1);
	/* The touch for the token counts for what it is used for, for half a minute. */
	struct ctap_bench_ask with = {.token = value, .protocol = 2};
	assert_int_equal(ctap_bench_token(bench, 2, NULL, MAKE, rp, value), CTAP2_OK);
	assert_int_equal(ctap_bench_make(bench, &with, NULL), CTAP2_OK);
	assert_int_equal(bench->touches, 2);
	bench->wrong_finger = true;
	assert_int_equal(ctap_bench_make(bench, &ask, NULL), CTAP2_ERR_OPERATION_DENIED);
	assert_int_equal(token(bench, 2, NULL), CTAP2_ERR_UV_INVALID);
	assert_int_equal(token(bench, 2, NULL), CTAP2_ERR_UV_BLOCKED);
	bench->wrong_finger = false;
	assert_int_equal(token(bench, 2, NULL), CTAP2_ERR_UV_BLOCKED);
	/* The PIN gives the finger its tries back. */
	assert_int_equal(ctap_bench_set_pin(bench, 2, "1234"), CTAP2_OK);
	assert_int_equal(token(bench, 2, NULL), CTAP2_OK);
}

static void
always_uv_lets_nothing_go_without(void **state)
{
	struct ctap_bench *bench = *state;
	uint8_t id[FIDO_ID_SIZE], value[32];
	struct ctap_bench_ask ask = {.id = VIEW_OF(id)};

	assert_int_equal(ctap_bench_make(bench, &(struct ctap_bench_ask){0}, id), CTAP2_OK);
	bench->state.fido.always_uv = true;
	assert_int_equal(ctap_bench_make(bench, &(struct ctap_bench_ask){0}, NULL),
	    CTAP2_ERR_PUAT_REQUIRED);
	assert_int_equal(ctap_bench_get(bench, &ask, NULL), CTAP2_ERR_PUAT_REQUIRED);
	ask.option = "up";
	assert_int_equal(ctap_bench_get(bench, &ask, NULL), CTAP2_OK);
	assert_int_equal(ctap_bench_set_pin(bench, 1, "1234"), CTAP2_OK);
	assert_int_equal(ctap_bench_token(bench, 1, "1234", ASSERT, rp, value), CTAP2_OK);
	ask.option = NULL;
	ask.token = value;
	ask.protocol = 1;
	assert_int_equal(ctap_bench_get(bench, &ask, NULL), CTAP2_OK);
	/* A fingerprint reader is used unasked. */
	bench->state.fido.uv = true;
	ask.token = NULL;
	assert_int_equal(ctap_bench_get(bench, &ask, NULL), CTAP2_OK);
	bench->wrong_finger = true;
	assert_int_equal(ctap_bench_get(bench, &ask, NULL), CTAP2_ERR_PUAT_REQUIRED);
}

static void
settings_need_a_token_once_there_is_a_pin(void **state)
{
	struct ctap_bench *bench = *state;

	assert_int_equal(ctap_bench_status(bench, 0x0d, "a10102"), CTAP2_OK);
	assert_true(bench->state.fido.always_uv);
	assert_int_equal(ctap_bench_status(bench, 0x0d, "a2010302a10106"), CTAP2_OK);
	assert_int_equal(bench->state.fido.min_pin, 6);
	assert_int_equal(ctap_bench_status(bench, 0x0d, "a2010302a10105"),
	    CTAP2_ERR_PIN_POLICY_VIOLATION);
	assert_int_equal(ctap_bench_set_pin(bench, 2, "12345"), CTAP2_ERR_PIN_POLICY_VIOLATION);
	assert_int_equal(ctap_bench_set_pin(bench, 2, "123456"), CTAP2_OK);
	assert_int_equal(ctap_bench_status(bench, 0x0d, "a10102"), CTAP2_ERR_PUAT_REQUIRED);
	assert_int_equal(ctap_bench_status(bench, 0x0d, "a2010302a10108"), CTAP2_ERR_PUAT_REQUIRED);
	assert_true(bench->state.fido.always_uv);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ctap_bench_setup, ctap_bench_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(either_protocol_sets_changes_and_checks_the_pin),
	    TEST(a_pin_has_enough_characters_and_not_too_many_bytes),
	    TEST(three_wrong_pins_block_until_pulled_and_eight_for_ever),
	    TEST(the_right_pin_gives_all_tries_back),
	    TEST(a_try_is_spent_before_the_pin_is_compared),
	    TEST(a_wrong_pin_ends_the_key_agreement),
	    TEST(a_spoiled_new_pin_is_refused),
	    TEST(permissions_are_known_complete_and_kept),
	    TEST(tokens_expire),
	    TEST(a_finger_verifies_and_three_wrong_ones_block),
	    TEST(always_uv_lets_nothing_go_without),
	    TEST(settings_need_a_token_once_there_is_a_pin),
	};
	struct err err;

	if (crypto_start(&err) != ERR_OK) {
		print_error("%s\n", err.text);
		return 1;
	}
	return cmocka_run_group_tests_name("simulated FIDO2 PIN", tests, NULL, NULL);
}
