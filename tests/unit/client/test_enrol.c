/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ceremony/client/enrol and hand/pin_change.c: the walk of one person with one token, from factory
 * values to a public file, and what is refused on the way.
 */
#include <unistd.h>

#include "base/file.h"
#include "ceremony/client/hand/pin_change.h"
#include "ceremony/protocol/enrolment_verify.h"
#include "tests/unit/check.h"
#include "tests/unit/client/enrol_bench.h"

static void
an_officer_is_enrolled_with_two_touches(void **state)
{
	struct bench *bench = *state;
	const struct enrol_plan plan = plan_of(bench);
	struct enrol_result result;
	struct err err;
	ENROLMENT read = {0};
	DSSE statement = {0};
	BUF text = {0};

	bench->answers[0] = bench->pin;
	assert_ok(enroll(bench, &plan, &result, &err));
	assert_int_equal(bench->touches, 2);
	assert_true(
	    bench->made[TOKEN_SIGN] && bench->made[TOKEN_SHARE] && !bench->made[TOKEN_RELEASE]);
	assert_true(
	    saw(bench, "PIV PIN of the token \"carol-1\" (serial 1000001), 3 tries left: "));
	assert_ok(file_read(bench->out, 65536, &text, &err));
	text.size--;
	assert_ok(dsse_parse(buf_view(&text), &statement, &err));
	assert_ok(enrolment_parse(&statement, false, &read, &err));
	assert_ok(enrolment_verify(&statement, &read, &plan.init, &plan.policy, &err));
	assert_true(digest_equal(&read.digest, &result.digest) && result.attested);
	assert_int_equal(result.serial, SERIAL);
	assert_true(read.unsealed[KEY_SHARE]);
}

static void
factory_values_are_changed_in_the_walk(void **state)
{
	struct bench *bench = *state;
	const struct enrol_plan plan = plan_of(bench);
	struct enrol_result result;
	struct err err;

	snprintf(bench->pin, sizeof(bench->pin), "123456");
	snprintf(bench->puk, sizeof(bench->puk), "12345678");
	bench->management_default = true;
	bench->protected = false;
	bench->answers[0] = "864209"; /* the two differ: once more */
	bench->answers[1] = "864208";
	bench->answers[2] = bench->answers[3] = "864209";
	bench->answers[4] = bench->answers[5] = "97531864";
	bench->answers[6] = "864209";
	assert_ok(enroll(bench, &plan, &result, &err));
	assert_string_equal(bench->pin, "864209");
	assert_string_equal(bench->puk, "97531864");
	assert_true(bench->protected);
	assert_true(saw(bench, "still has the factory PIN, which everybody knows."));
	assert_true(saw(bench, "The two differ; nothing was changed."));
	assert_true(saw(bench, "Write the PUK down and keep it apart from the token"));
	assert_true(saw(bench, "is a random one now, kept behind its PIN"));
	assert_false(saw(bench, "864209"));
	assert_false(saw(bench, "97531864"));
}

static void
factory_values_that_stay_are_refused(void **state)
{
	struct bench *bench = *state;
	struct enrol_plan plan = plan_of(bench);
	struct enrol_result result;
	struct err err;

	for (int round = 0; round < 2; round++) {
		plan.offer = round == 0;
		for (size_t i = 0; i < ANSWERS; i++)
			bench->words[i] = "no";
		snprintf(bench->pin, sizeof(bench->pin), "123456");
		assert_error(ERR_REFUSED, enroll(bench, &plan, &result, &err));
		assert_says("factory PIN");
		snprintf(bench->pin, sizeof(bench->pin), "73920158");
		snprintf(bench->puk, sizeof(bench->puk), "12345678");
		assert_error(ERR_REFUSED, enroll(bench, &plan, &result, &err));
		assert_says("factory PUK");
		snprintf(bench->puk, sizeof(bench->puk), "51907364");
		bench->management_default = true;
		assert_error(ERR_REFUSED, enroll(bench, &plan, &result, &err));
		assert_says("factory management key");
		bench->management_default = false;
		assert_int_equal(bench->answered, 0);
		assert_true(nothing_made(bench));
	}
	assert_int_equal(bench->confirmed, 3);
}

static void
strange_keys_go_only_after_overwrite_and_the_typed_serial(void **state)
{
	struct bench *bench = *state;
	struct enrol_plan plan = plan_of(bench);
	struct enrol_result result;
	struct err err;

	bench->strange[TOKEN_SHARE] = true;
	assert_error(ERR_EXISTS, enroll(bench, &plan, &result, &err));
	assert_says("--overwrite");
	plan.overwrite = true;
	bench->words[0] = "yes";
	assert_error(ERR_REFUSED, enroll(bench, &plan, &result, &err));
	assert_says("\"1000001\"");
	assert_true(saw(bench, "stops for ever"));
	assert_true(nothing_made(bench) && !bench->destroyed);
	bench->words[1] = "1000001";
	bench->answers[0] = bench->pin;
	assert_ok(enroll(bench, &plan, &result, &err));
	assert_true(bench->destroyed);
}

static void
keys_that_an_attempt_left_behind_are_enrolled_after_a_yes(void **state)
{
	struct bench *bench = *state;
	struct enrol_plan plan = plan_of(bench);
	struct enrol_result result;
	struct err err;

	bench->made[TOKEN_SIGN] = bench->made[TOKEN_SHARE] = true;
	bench->words[0] = "no";
	assert_error(ERR_REFUSED, enroll(bench, &plan, &result, &err));
	bench->answers[0] = bench->pin;
	assert_ok(enroll(bench, &plan, &result, &err));
	assert_true(saw(bench, "as after an enrolment that did not come to its end"));
}

static void
only_a_waiver_lets_old_or_unattested_tokens_pass(void **state)
{
	struct bench *bench = *state;
	struct enrol_plan plan = plan_of(bench);
	struct enrol_result result;
	struct err err;

	bench->firmware[1] = 4;
	for (size_t i = 0; i < ANSWERS; i++)
		bench->answers[i] = bench->pin;
	assert_error(ERR_REFUSED, enroll(bench, &plan, &result, &err));
	assert_says("firmware 5.4.4");
	assert_int_equal(bench->touches, 0);
	plan.policy.waives = ATTEST_WAIVE_FIRMWARE;
	assert_ok(enroll(bench, &plan, &result, &err));
	assert_int_equal(unlink(bench->out), 0);
	bench->no_attestation = true;
	assert_error(ERR_TOKEN, enroll(bench, &plan, &result, &err));
	plan.certificates = (struct view){0};
	assert_error(ERR_USAGE, enroll(bench, &plan, &result, &err));
	plan.policy.waives = ATTEST_WAIVE_ATTESTATION;
	assert_ok(enroll(bench, &plan, &result, &err));
	assert_false(result.attested);
}

static void
another_seats_token_is_refused_before_it_is_asked_for_anything(void **state)
{
	struct bench *bench = *state;
	struct enrol_plan plan = plan_of(bench);
	struct enrol_result result;
	struct seat *seat = calloc(1, sizeof(*seat));
	struct err err;

	assert_non_null(seat);
	snprintf(seat->name, sizeof(seat->name), "dave");
	seat->token_count = 1;
	seat->tokens[0].serial = SERIAL;
	plan.enrolled[1] = (struct hand_list){seat, 1};
	assert_error(ERR_EXISTS, enroll(bench, &plan, &result, &err));
	assert_says("for the seat dave already");
	assert_int_equal(bench->answered, 0);
	free(seat);
}

static void
a_pin_is_changed_by_who_knows_it(void **state)
{
	struct bench *bench = *state;
	const struct client_options options = options_of(bench);
	struct err err;
	HAND hand = {0};

	assert_ok(hand_take_any(&options, &hand, &err));
	bench->answers[0] = "00000000";
	bench->answers[1] = bench->answers[2] = "864209";
	assert_error(ERR_PIN, upkeep_pin(&hand, &err));
	assert_says("changing the PIV PIN of the token with serial 1000001: refused, 2 tries left");
	bench->answers[3] = "73920158";
	bench->answers[4] = bench->answers[5] = "cccccccfhcjkbdefghijklnrtuvcbdefghijklnrtuvc";
	assert_error(ERR_REFUSED, upkeep_pin(&hand, &err));
	assert_says("one-time password");
	bench->answers[6] = "73920158";
	bench->answers[7] = bench->answers[8] = "864209";
	assert_ok(upkeep_pin(&hand, &err));
	assert_string_equal(bench->pin, "864209");
	bench->answers[9] = "51907364";
	bench->answers[10] = bench->answers[11] = "97531864";
	assert_ok(upkeep_puk(&hand, &err));
	assert_true(saw(bench, "Present PIV PIN of the token with serial 1000001, 3 tries left: "));
}

int
main(void)
{
#define CLAIM(name) cmocka_unit_test_setup_teardown(name, enrol_start, enrol_stop)
	const struct CMUnitTest tests[] = {
	    CLAIM(an_officer_is_enrolled_with_two_touches),
	    CLAIM(factory_values_are_changed_in_the_walk),
	    CLAIM(factory_values_that_stay_are_refused),
	    CLAIM(strange_keys_go_only_after_overwrite_and_the_typed_serial),
	    CLAIM(keys_that_an_attempt_left_behind_are_enrolled_after_a_yes),
	    CLAIM(only_a_waiver_lets_old_or_unattested_tokens_pass),
	    CLAIM(another_seats_token_is_refused_before_it_is_asked_for_anything),
	    CLAIM(a_pin_is_changed_by_who_knows_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
