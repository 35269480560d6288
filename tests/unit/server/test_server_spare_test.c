/* SPDX-License-Identifier: Apache-2.0 */
/* Which envelopes of spares count: those that `token test` opened. */
#include "base/crypto_key.h"
#include "tests/unit/server/spare_bench.h"
#include "vault/seal/reply.h"

/* Is the spare's envelope of prod/db counted? */
static bool
counted(struct bench *bench)
{
	struct err err;
	struct json *request = op_new("secret-find");
	JSON *reply = NULL;

	json_put_text(request, "name", "prod/db");
	assert_ok(bench_call(bench, request, (struct view){0}, &reply, NULL, &err));
	struct json_in in = json_in(reply, "reply", &err);
	const struct json *spares = json_in_array(&in, "spares", 0, 8);
	if (json_array_count(spares) == 0)
		return false;
	in = json_in(json_array_object(spares, 0), "spare", &err);
	return json_in_bool(&in, "tested");
}

static void
an_envelope_counts_once_the_spare_has_opened_that_very_one(void **state)
{
	struct bench *bench = handing_bench();
	struct err err;

	(void)state;
	handing_run(bench);
	assert_false(counted(bench));
	{
		/* A test that names nothing, or something else, proves nothing. */
		TESTING testing = {0};
		testing_begin(bench, &testing);
		assert_int_equal(testing.listed, 1);
		assert_ok(testing_sign(bench, &testing, &err));
		assert_false(counted(bench));
		testing.readiness.spares = &testing.spare;
		testing.readiness.spare_count = 1;
		testing.readiness.time++;
		assert_ok(testing_sign(bench, &testing, &err));
		assert_false(counted(bench));
	}
	TESTING testing = {0};
	testing_begin(bench, &testing);
	assert_int_equal(testing.listed, 1);
	assert_ok(testing_open(bench, &testing, &err));
	testing.readiness.spares = &testing.spare;
	testing.readiness.spare_count = 1;
	testing.readiness.time += 2;
	assert_ok(testing_sign(bench, &testing, &err));
	assert_true(counted(bench));
	TESTING after = {0};
	testing_begin(bench, &after);
	assert_int_equal(after.listed, 0);
	bench_verify(bench);
	bench_free(bench);
}

/* All spoilt, and the margins looked fine. */
static void
a_spoilt_envelope_never_counts_and_its_seat_replaces_it(void **state)
{
	struct bench *bench = handing_bench();
	struct err err;
	struct spare_open open;

	(void)state;
	handing_run_with(bench, false, true);
	{
		TESTING testing = {0};
		testing_begin(bench, &testing);
		handing_expect(testing_open(bench, &testing, &err), ERR_INTEGRITY, &err,
		    "was changed");
	}
	assert_false(counted(bench));
	assert_int_equal(handing_missing(bench, &open), 0);
	handing_run_with(bench, true, false);
	TESTING testing = {0};
	testing_begin(bench, &testing);
	assert_ok(testing_open(bench, &testing, &err));
	testing.readiness.spares = &testing.spare;
	testing.readiness.spare_count = 1;
	assert_ok(testing_sign(bench, &testing, &err));
	assert_true(counted(bench));
	/* What was tested is not handed on again. */
	assert_int_equal(handing_list(bench, true, &open), 0);
	bench_free(bench);
}

static void
an_envelope_under_test_goes_out_to_whoever_opened_the_probe_alone(void **state)
{
	struct bench *bench = handing_bench();
	struct err err;
	TESTING testing = {0};
	BUF blob = {0}, opened = {0};
	P256_KEY *stranger = NULL;
	struct digest wrong;

	(void)state;
	handing_run(bench);
	testing_begin(bench, &testing);
	uint64_t before = handing_leaves(bench);
	wrong = testing.readiness.opened[KEY_SHARE];
	wrong.bytes[0] ^= 1;
	handing_expect(testing_box(bench, &testing, &wrong, &blob, &err), ERR_REFUSED, &err,
	    "did not open");
	/* Whoever repeats it has heard the digest, not the probe. */
	assert_ok(testing_box(bench, &testing, &testing.readiness.opened[KEY_SHARE], &blob, &err));
	struct reader reader = reader_of(buf_view(&blob));
	struct view bytes = reader_lp32(&reader, HEADER_MAX);
	struct reply_ids ids = {.vault = bench->vault_id,
	    .statement = testing.spare.statement,
	    .seat = "secops",
	    .token = testing.readiness.token};
	assert_ok(header_hash(bytes, &ids.header, &err));
	assert_ok(p256_key_new(&stranger, &err));
	handing_expect(reply_open(&ids, stranger, reader.rest, &opened, &err), ERR_INTEGRITY, &err,
	    "not sealed to this request");
	assert_int_equal(handing_leaves(bench), before);
	bench->shared->now += READINESS_SECONDS;
	handing_expect(testing_box(bench, &testing, &testing.readiness.opened[KEY_SHARE], &blob,
	                   &err),
	    ERR_EXPIRED, &err, "ten minutes");
	bench_free(bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_envelope_counts_once_the_spare_has_opened_that_very_one),
	    cmocka_unit_test(a_spoilt_envelope_never_counts_and_its_seat_replaces_it),
	    cmocka_unit_test(an_envelope_under_test_goes_out_to_whoever_opened_the_probe_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
