/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator's attestations before the product's own judge (tokens/attest/piv.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"
#include "tests/unit/sim/sim_bench.h"
#include "tokens/attest/piv.h"
#include "tokens/sim/crypto/ber.h"

/* What halligan-simtoken root printed when version 0.1.0 was made. */
static const char root_fingerprint[] =
    "16c0f2c3436501af99fefc4b80aeecaf6fdccad8f8e54ee4070e1d6fd07fa0e1";

static const struct attest_policy training = {.min_firmware = {5, 7, 0}, .training = true};

static void
the_simulated_root_is_the_same_everywhere_and_pinned(void **state)
{
	struct digest digest;
	struct err err;
	BUF root = {0};
	BUF hex = {0};

	(void)state;
	assert_int_equal(sim_root_certificate(&root, &err), ERR_OK);
	assert_int_equal(sha256_one(buf_view(&root), &digest, &err), ERR_OK);
	buf_hex(&hex, VIEW_OF(digest.bytes));
	assert_string_equal(buf_string(&hex), root_fingerprint);
	assert_true(digest_equal(&digest, &attest_simulated_root));
}

/* Attestation of SLOT, and the device's certificate. */
static void
attest(struct bench *bench, uint8_t slot, struct buf *ret_slot, struct buf *ret_device)
{
	struct view value, certificate;
	BUF object = {0};
	uint8_t command[5] = {0x00, 0xf9, slot, 0x00, 0x00};

	assert_int_equal(bench_exchange(bench, VIEW_OF(command), ret_slot), SW_OK);
	assert_int_equal(bench_send_data(bench, "00cb3fff", view_of("\x5c\x03\x5f\xff\x01", 5),
	                     &object),
	    SW_OK);
	assert_true(ber_find(buf_view(&object), 0x53, &value));
	assert_true(ber_find(value, 0x70, &certificate));
	buf_bytes(ret_device, certificate);
}

static enum err_code
judge(struct view slot, struct view device, const struct attest_policy *policy,
    struct attest_facts *ret_facts, struct err *err)
{
	struct attest_policy pinned = *policy;
	struct view roots[1];
	BUF root = {0};

	pinned.roots[0] = attest_simulated_root;
	pinned.root_count = 1;
	assert_int_equal(sim_root_certificate(&root, err), ERR_OK);
	roots[0] = buf_view(&root);
	return attest_verify(slot, device, roots, 1, &pinned, ret_facts, err);
}

static void
an_attestation_says_what_the_token_did(void **state)
{
	struct bench *bench = *state;
	struct attest_facts facts;
	struct point point;
	struct err err;
	BUF slot = {0};
	BUF device = {0};

	bench_begin(bench);
	bench_admin(bench);
	bench_generate(bench, 0x84, PIV_PIN_ONCE, PIV_TOUCH_ALWAYS, &point);
	attest(bench, 0x84, &slot, &device);
	assert_int_equal(judge(buf_view(&slot), buf_view(&device), &training, &facts, &err),
	    ERR_OK);
	assert_true(point_equal(&facts.key, &point));
	assert_int_equal(facts.serial, bench->state.serial);
	assert_memory_equal(facts.firmware, "\5\7\4", 3);
	assert_int_equal(facts.pin, PIN_ONCE);
	assert_int_equal(facts.touch, TOUCH_ALWAYS);
	assert_int_equal(facts.slot, 0x84);
	assert_true(facts.simulated);
}

static void
a_simulated_token_is_refused_by_a_production_vault(void **state)
{
	struct bench *bench = *state;
	struct attest_policy production = training;
	struct attest_facts facts;
	struct point point;
	struct err err;
	BUF slot = {0};
	BUF device = {0};

	bench_begin(bench);
	bench_admin(bench);
	bench_generate(bench, 0x82, PIV_PIN_ONCE, PIV_TOUCH_ALWAYS, &point);
	attest(bench, 0x82, &slot, &device);
	production.training = false;
	assert_int_equal(judge(buf_view(&slot), buf_view(&device), &production, &facts, &err),
	    ERR_REFUSED);
	assert_non_null(strstr(err.text, "NOT A REAL TOKEN"));
}

/* Serials of every length of a DER INTEGER, with and without a leading zero byte. */
static void
every_serial_number_is_attested_as_it_is(void **state)
{
	struct bench *bench = *state;
	static const uint32_t serials[] = {1, 127, 128, 255, 256, 32767, 32768, 0x7fffff, 0x800000,
	    0x7fffffff, 0x80000000, 0xffffffff};
	struct point point;

	bench_begin(bench);
	bench_admin(bench);
	bench_generate(bench, 0x82, PIV_PIN_ONCE, PIV_TOUCH_ALWAYS, &point);
	for (size_t i = 0; i < ARRAY_SIZE(serials); i++) {
		struct attest_facts facts;
		struct err err;
		BUF slot = {0};
		BUF device = {0};
		bench->state.serial = serials[i];
		attest(bench, 0x82, &slot, &device);
		assert_int_equal(judge(buf_view(&slot), buf_view(&device), &training, &facts, &err),
		    ERR_OK);
		assert_int_equal(facts.serial, serials[i]);
	}
}

static void
another_tokens_device_certificate_does_not_fit(void **state)
{
	struct bench *bench = *state;
	struct attest_facts facts;
	struct point point;
	struct err err;
	BUF slot = {0};
	BUF device = {0};
	BUF other_slot = {0};
	BUF other_device = {0};

	bench_begin(bench);
	bench_admin(bench);
	bench_generate(bench, 0x82, PIV_PIN_ONCE, PIV_TOUCH_ALWAYS, &point);
	attest(bench, 0x82, &slot, &device);
	assert_int_equal(sim_state_attest(&bench->state, &err), ERR_OK);
	attest(bench, 0x82, &other_slot, &other_device);
	assert_int_equal(judge(buf_view(&other_slot), buf_view(&other_device), &training, &facts,
	                     &err),
	    ERR_OK);
	assert_int_equal(judge(buf_view(&slot), buf_view(&other_device), &training, &facts, &err),
	    ERR_REFUSED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_simulated_root_is_the_same_everywhere_and_pinned),
	    cmocka_unit_test_setup_teardown(an_attestation_says_what_the_token_did, bench_setup,
	        bench_teardown),
	    cmocka_unit_test_setup_teardown(a_simulated_token_is_refused_by_a_production_vault,
	        bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(every_serial_number_is_attested_as_it_is, bench_setup,
	        bench_teardown),
	    cmocka_unit_test_setup_teardown(another_tokens_device_certificate_does_not_fit,
	        bench_setup, bench_teardown),
	};
	struct err err;

	if (crypto_start(&err) != ERR_OK) {
		print_error("%s\n", err.text);
		return 1;
	}
	return cmocka_run_group_tests_name("simulated attestation", tests, NULL, NULL);
}
