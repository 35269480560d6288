/* SPDX-License-Identifier: Apache-2.0 */
/* Which envelopes of spares count: those that `token test` opened. */
#include "ceremony/protocol/test.h"
#include "base/crypto_key.h"
#include "base/hpke.h"
#include "tests/unit/server/spare_bench.h"
#include "vault/seal/envelope.h"
#include "vault/seal/reply.h"

/* `token test` of the spare: of its share key, and of each envelope that was handed on to it. */
struct testing {
	struct readiness readiness;
	struct readiness_spare spare;
	int64_t begun;
	struct secret *probe;
	struct spare_open open;
	size_t listed;
};

static void
testing_done(struct testing *testing)
{
	secret_freep(&testing->probe);
}
#define TESTING CLEANUP(testing_done) struct testing

static void
open_probe(struct bench *bench, const struct json *object, struct testing *testing)
{
	const struct person *spare = &bench->people[SECOND];
	struct err err;
	struct json_in in = json_in(object, "probe", &err);
	uint8_t enc[POINT_SIZE];
	BUF ciphertext = {0};
	HPKE *hpke = NULL;
	struct digest info;

	assert_int_equal(json_in_choice(&in, "key", key_names), KEY_SHARE);
	json_in_hex(&in, "enc", enc, sizeof(enc));
	json_in_base64(&in, "ciphertext", &ciphertext, 256);
	assert_ok(json_in_end(&in));
	assert_ok(readiness_info(&bench->vault_id, &spare->seat.tokens[0].id, KEY_SHARE,
	    testing->begun, &info, &err));
	assert_ok(
	    hpke_recipient(hpke_suite_default, VIEW_OF(enc), &spare->seat.tokens[0].keys[KEY_SHARE],
	        hpke_agree_local, spare->keys[KEY_SHARE], VIEW_OF(info.bytes), &hpke, &err));
	assert_ok(hpke_open(hpke, (struct view){0}, buf_view(&ciphertext), &testing->probe, &err));
	assert_ok(
	    sha256_one(secret_view(testing->probe), &testing->readiness.opened[KEY_SHARE], &err));
	testing->readiness.has[KEY_SHARE] = true;
}

static void
test_begin(struct bench *bench, struct testing *testing)
{
	const struct digest *token = &bench->people[SECOND].seat.tokens[0].id;
	struct err err;
	struct json *request = op_new("test-begin");
	JSON *reply = NULL;

	testing->readiness = (struct readiness){.vault = bench->vault_id,
	    .token = *token,
	    .seat = "secops",
	    .time = bench->shared->now};
	assert_ok(sha256_one((struct view){0}, &testing->readiness.root, &err));
	json_put_text(request, "seat", "secops");
	json_put_hex(request, "token", VIEW_OF(token->bytes));
	assert_ok(bench_call(bench, request, (struct view){0}, &reply, NULL, &err));
	struct json_in in = reply_in(reply, "test-begin", &err);
	testing->begun = json_in_time(&in, "begun");
	const struct json *probes = json_in_array(&in, "probes", 1, 1);
	const struct json *spares = json_in_array(&in, "spares", 0, READINESS_SPARES);
	assert_ok(json_in_end(&in));
	open_probe(bench, json_array_object(probes, 0), testing);
	testing->listed = json_array_count(spares);
	if (testing->listed == 0)
		return;
	in = json_in(json_array_object(spares, 0), "spare", &err);
	json_in_hex(&in, "statement", testing->spare.statement.bytes, DIGEST_SIZE);
	json_in_hex(&in, "secret", testing->open.secret.bytes, SECRET_ID_SIZE);
	assert_string_equal(json_in_text(&in, "name", 1, 64), "prod/db");
	testing->open.version = (uint32_t)json_in_int(&in, "version", 1, 99);
	testing->open.envelope = (uint32_t)json_in_int(&in, "envelope", 0, 127);
	assert_ok(json_in_end(&in));
}

static enum err_code
test_box(struct bench *bench, const struct testing *testing, const struct digest *opened,
    struct buf *ret_blob, struct err *err)
{
	struct json *request = op_new("test-box");
	JSON *reply = NULL;

	json_put_text(request, "seat", "secops");
	json_put_hex(request, "token", VIEW_OF(testing->readiness.token.bytes));
	json_put_hex(request, "opened", VIEW_OF(opened->bytes));
	json_put_time(request, "begun", testing->begun);
	json_put_hex(request, "secret", VIEW_OF(testing->open.secret.bytes));
	json_put_int(request, "version", testing->open.version);
	return bench_call(bench, request, (struct view){0}, &reply, ret_blob, err);
}

/* Opens the one envelope as the spare's client does; what it finds is its answer. */
static enum err_code
test_open(struct bench *bench, struct testing *testing, struct err *err)
{
	const struct person *person = &bench->people[SECOND];
	BUF blob = {0}, envelope = {0};
	P256_KEY *key = NULL;
	HEADER *header = NULL;
	SECRET *shares = NULL;
	struct digest hash;
	const struct spare spare = {.vault = bench->vault_id, .digest = testing->spare.statement};

	TRY(test_box(bench, testing, &testing->readiness.opened[KEY_SHARE], &blob, err));
	struct reader reader = reader_of(buf_view(&blob));
	struct view bytes = reader_lp32(&reader, HEADER_MAX);
	TRY(header_hash(bytes, &hash, err));
	TRY(header_new(&header, err));
	TRY(header_decode(bytes, header, err));
	TRY(readiness_reply(testing->probe, &key, err));
	const struct reply_ids ids = {.vault = bench->vault_id,
	    .statement = testing->spare.statement,
	    .header = hash,
	    .seat = "secops",
	    .token = testing->readiness.token};
	TRY(reply_open(&ids, key, reader.rest, &envelope, err));
	struct view ciphertext = view_of(envelope.data + POINT_SIZE, envelope.size - POINT_SIZE);
	TRY(spare_box_digest(&spare, &testing->open, ciphertext, &testing->spare.box, err));
	return seal_open_spare(header, &hash, testing->open.envelope, &testing->readiness.token,
	    &person->seat.tokens[0].keys[KEY_SHARE], view_of(envelope.data, POINT_SIZE), ciphertext,
	    hpke_agree_local, person->keys[KEY_SHARE], &shares, err);
}

static enum err_code
test_sign(struct bench *bench, struct testing *testing, struct err *err)
{
	struct json *request = op_new("test");
	JSON *payload = NULL, *reply = NULL;
	DSSE statement = {0};

	TRY(readiness_payload(&testing->readiness, &payload, err));
	TRY(statement_new(STATEMENT_TEST, false, payload, &statement, err));
	person_sign(&bench->people[SECOND], &statement);
	json_put_time(request, "begun", testing->begun);
	put_statement(request, "test", &statement);
	return bench_call(bench, request, (struct view){0}, &reply, NULL, err);
}

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
		test_begin(bench, &testing);
		assert_int_equal(testing.listed, 1);
		assert_ok(test_sign(bench, &testing, &err));
		assert_false(counted(bench));
		testing.readiness.spares = &testing.spare;
		testing.readiness.spare_count = 1;
		testing.readiness.time++;
		assert_ok(test_sign(bench, &testing, &err));
		assert_false(counted(bench));
	}
	TESTING testing = {0};
	test_begin(bench, &testing);
	assert_int_equal(testing.listed, 1);
	assert_ok(test_open(bench, &testing, &err));
	testing.readiness.spares = &testing.spare;
	testing.readiness.spare_count = 1;
	testing.readiness.time += 2;
	assert_ok(test_sign(bench, &testing, &err));
	assert_true(counted(bench));
	TESTING after = {0};
	test_begin(bench, &after);
	assert_int_equal(after.listed, 0);
	bench_verify(bench);
	bench_free(bench);
}

/* B4: all spoilt, and the margins looked fine. */
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
		test_begin(bench, &testing);
		handing_expect(test_open(bench, &testing, &err), ERR_INTEGRITY, &err,
		    "was changed");
	}
	assert_false(counted(bench));
	assert_int_equal(handing_missing(bench, &open), 0);
	handing_run_with(bench, true, false);
	TESTING testing = {0};
	test_begin(bench, &testing);
	assert_ok(test_open(bench, &testing, &err));
	testing.readiness.spares = &testing.spare;
	testing.readiness.spare_count = 1;
	assert_ok(test_sign(bench, &testing, &err));
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
	test_begin(bench, &testing);
	uint64_t before = handing_leaves(bench);
	wrong = testing.readiness.opened[KEY_SHARE];
	wrong.bytes[0] ^= 1;
	handing_expect(test_box(bench, &testing, &wrong, &blob, &err), ERR_REFUSED, &err,
	    "did not open");
	/* Whoever repeats it has heard the digest, not the probe. */
	assert_ok(test_box(bench, &testing, &testing.readiness.opened[KEY_SHARE], &blob, &err));
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
	handing_expect(test_box(bench, &testing, &testing.readiness.opened[KEY_SHARE], &blob, &err),
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
