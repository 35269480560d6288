/* SPDX-License-Identifier: Apache-2.0 */
/* An officer hands shares on to a spare token. */
#include "base/crypto_key.h"
#include "base/hpke.h"
#include "tests/unit/server/spare_bench.h"
#include "vault/seal/envelope.h"
#include "vault/seal/reply.h"

static void
a_spare_approves_once_its_seat_handed_the_shares_on(void **state)
{
	struct bench *bench = handing_bench();
	struct err err;
	SECRET *credential = NULL;
	struct spare_open open;
	char debt[20];
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");

	(void)state;
	handing_expect(handing_approve(bench, &id, &err), ERR_REFUSED, &err, "halligan spare");
	handing_run(bench);
	assert_int_equal(handing_missing(bench, &open), 0);
	assert_ok(handing_approve(bench, &id, &err));
	handing_expect(bench_approve(bench, &bench->people[SECOPS], &id, &err), ERR_EXISTS, &err,
	    "approved already");
	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	assert_ok(bench_open(bench, &bench->people[ALICE], &id, &credential, NULL, &err));
	assert_true(target_accepts(bench, credential));
	assert_ok(bench_done(bench, &id, debt, &err));
	assert_string_equal(debt, "retired");
	bench_verify(bench);
	bench_free(bench);
}

/* The token that made it is lost and gone from the charter: that is what spares are for. */
static void
a_spare_approves_when_the_other_token_has_left(void **state)
{
	struct bench *bench = handing_bench();
	struct err err;
	SECRET *credential = NULL;
	struct seat *seat = &bench->charter->seats[SECOPS];

	(void)state;
	handing_run(bench);
	seat->tokens[0] = seat->tokens[1];
	seat->token_count = 1;
	bench_change(bench);
	struct id id = bench_request(bench, &bench->people[CAROL], "prod/db");
	assert_ok(handing_approve(bench, &id, &err));
	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	assert_ok(bench_open(bench, &bench->people[CAROL], &id, &credential, NULL, &err));
	bench_verify(bench);
	bench_free(bench);
}

static void
nothing_is_handed_out_without_a_right_statement(void **state)
{
	struct bench *bench = handing_bench();
	struct err err;
	HANDING handing = {0};

	(void)state;
	assert_int_equal(handing_missing(bench, &handing.open), 1);
	handing_draw(bench, &handing);
	handing_expect(handing_send(bench, &handing, &bench->people[CISO], &err), ERR_REFUSED, &err,
	    "");
	handing_expect(handing_send(bench, &handing, &bench->people[SECOND], &err), ERR_REFUSED,
	    &err, "");
	handing.spare.to = bench->people[CISO].seat.tokens[0].id;
	handing_expect(handing_send(bench, &handing, &bench->people[SECOPS], &err), ERR_REFUSED,
	    &err, "no such spare token");
	handing.spare.to = bench->people[SECOND].seat.tokens[0].id;
	handing.spare.time -= 2 * 86400;
	handing_expect(handing_send(bench, &handing, &bench->people[SECOPS], &err), ERR_EXPIRED,
	    &err, "not of today");
	handing.spare.time += 2 * 86400;
	handing.open.envelope ^= 1;
	handing_expect(handing_send(bench, &handing, &bench->people[SECOPS], &err), ERR_REFUSED,
	    &err, "prod/db");
	handing.open.envelope ^= 1;
	handing.open.header.bytes[0] ^= 1;
	handing_expect(handing_send(bench, &handing, &bench->people[SECOPS], &err), ERR_REFUSED,
	    &err, "header");
	handing.open.header.bytes[0] ^= 1;
	handing.spare.vault.bytes[0] ^= 1;
	handing_expect(handing_send(bench, &handing, &bench->people[SECOPS], &err), ERR_REFUSED,
	    &err, "vault: it is for another vault");
	handing.spare.vault.bytes[0] ^= 1;
	handing_expect(handing_fetch(bench, &handing, &err), ERR_NOT_FOUND, &err,
	    "no such spare statement");
	assert_ok(handing_send(bench, &handing, &bench->people[SECOPS], &err));
	assert_ok(handing_fetch(bench, &handing, &err));
	bench_free(bench);
}

static void
a_statement_ends_with_its_day_and_with_its_charter(void **state)
{
	struct bench *bench = handing_bench();
	struct err err;
	HANDING handing = {0};
	struct seat *seat = &bench->charter->seats[SECOPS];

	(void)state;
	assert_int_equal(handing_missing(bench, &handing.open), 1);
	handing_draw(bench, &handing);
	assert_ok(handing_send(bench, &handing, &bench->people[SECOPS], &err));
	bench->shared->now += 2 * 86400;
	handing_expect(handing_fetch(bench, &handing, &err), ERR_EXPIRED, &err, "not of today");
	bench->shared->now -= 2 * 86400;
	assert_ok(handing_fetch(bench, &handing, &err));
	seat->token_count = 1;
	bench_change(bench);
	handing_expect(handing_fetch(bench, &handing, &err), ERR_REFUSED, &err,
	    "no such spare token");
	bench_free(bench);
}

/* A box that is wrong harms its own seat alone, and is told when the spare opens it. */
static void
a_wrong_box_opens_nothing(void **state)
{
	struct bench *bench = handing_bench();
	struct err err;
	HANDING handing = {0};
	BUF ciphertext = {0};

	(void)state;
	assert_int_equal(handing_missing(bench, &handing.open), 1);
	handing_draw(bench, &handing);
	assert_ok(handing_send(bench, &handing, &bench->people[SECOPS], &err));
	assert_ok(handing_fetch(bench, &handing, &err));
	handing_seal(bench, &handing, &ciphertext);
	handing_expect(handing_store(bench, &handing, view_of(ciphertext.data, ciphertext.size - 1),
	                   &err),
	    ERR_INVALID, &err, "bytes");
	ciphertext.data[3] ^= 1;
	assert_ok(handing_store(bench, &handing, buf_view(&ciphertext), &err));
	handing_expect(handing_store(bench, &handing, buf_view(&ciphertext), &err), ERR_EXISTS,
	    &err, "has the envelope of this statement already");
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	handing_expect(handing_approve(bench, &id, &err), ERR_INTEGRITY, &err, "was changed");
	assert_ok(bench_approve(bench, &bench->people[SECOPS], &id, &err));
	bench_free(bench);
}

/* Whoever knew the statement's digest could have rubbish stored. */
static void
a_box_that_its_statements_one_time_key_did_not_sign_is_refused(void **state)
{
	struct bench *bench = handing_bench();
	struct err err;
	HANDING handing = {0};
	BUF ciphertext = {0};
	SECRET *other = NULL;
	JSON *reply = NULL;

	(void)state;
	assert_int_equal(handing_missing(bench, &handing.open), 1);
	handing_draw(bench, &handing);
	assert_ok(handing_send(bench, &handing, &bench->people[SECOPS], &err));
	assert_ok(handing_fetch(bench, &handing, &err));
	handing_seal(bench, &handing, &ciphertext);
	uint64_t before = handing_leaves(bench);
	assert_ok(secret_new(ED25519_SIZE, &other, &err));
	assert_ok(secret_random(other, ED25519_SIZE, &err));
	handing_expect(handing_store_signed(bench, &handing, other, buf_view(&ciphertext), &err),
	    ERR_REFUSED, &err, "one-time key");
	assert_int_not_equal(bench_call(bench, handing_about("spare-box", &handing),
	                         buf_view(&ciphertext), &reply, NULL, &err),
	    ERR_OK);
	assert_int_equal(handing_leaves(bench), before);
	assert_ok(handing_store(bench, &handing, buf_view(&ciphertext), &err));
	bench_free(bench);
}

/* Each step said again by somebody who heard it. */
static void
a_repeated_request_gives_nothing_that_opens_and_makes_no_leaf(void **state)
{
	struct bench *bench = handing_bench();
	struct err err;
	HANDING handing = {0};
	BUF ciphertext = {0}, opened = {0};
	P256_KEY *stranger = NULL;
	JSON *reply = NULL;

	(void)state;
	assert_int_equal(handing_missing(bench, &handing.open), 1);
	handing_draw(bench, &handing);
	assert_ok(handing_send(bench, &handing, &bench->people[SECOPS], &err));
	assert_ok(handing_fetch(bench, &handing, &err));
	handing_seal(bench, &handing, &ciphertext);
	assert_ok(handing_store(bench, &handing, buf_view(&ciphertext), &err));
	uint64_t before = handing_leaves(bench);
	struct json *again = op_new("spare");
	put_statement(again, "spare", &handing.statement);
	handing_expect(bench_call(bench, again, (struct view){0}, &reply, NULL, &err), ERR_EXISTS,
	    &err, "");
	handing_expect(handing_store(bench, &handing, buf_view(&ciphertext), &err), ERR_EXISTS,
	    &err, "");
	assert_ok(handing_fetch(bench, &handing, &err));
	struct reader reader = reader_of(buf_view(&handing.box));
	(void)reader_lp32(&reader, HEADER_MAX);
	assert_ok(p256_key_new(&stranger, &err));
	handing_expect(handing_unwrap(&handing, stranger, reader.rest, &opened, &err),
	    ERR_INTEGRITY, &err, "not sealed to this request");
	/* Nor does the share key of the token that it was sealed to first. */
	handing_expect(handing_unwrap(&handing, bench->people[SECOPS].keys[KEY_SHARE], reader.rest,
	                   &opened, &err),
	    ERR_INTEGRITY, &err, "not sealed to this request");
	assert_int_equal(handing_leaves(bench), before);
	bench_verify(bench);
	bench_free(bench);
}

static void
the_seat_replaces_a_spoilt_box_and_the_earlier_statement_stores_none_any_more(void **state)
{
	struct bench *bench = handing_bench();
	struct err err;
	HANDING handing = {0};
	BUF ciphertext = {0};

	(void)state;
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	assert_int_equal(handing_missing(bench, &handing.open), 1);
	handing_draw(bench, &handing);
	assert_ok(handing_send(bench, &handing, &bench->people[SECOPS], &err));
	assert_ok(handing_fetch(bench, &handing, &err));
	handing_seal(bench, &handing, &ciphertext);
	handing_run_with(bench, false, true);
	handing_expect(handing_approve(bench, &id, &err), ERR_INTEGRITY, &err, "was changed");
	/* Neither the first statement's box, which is a right one, nor a repetition of it. */
	handing_expect(handing_store(bench, &handing, buf_view(&ciphertext), &err), ERR_EXISTS,
	    &err, "later statement");
	handing_run_with(bench, true, false);
	bench_verify(bench);
	bench_free(bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_spare_approves_once_its_seat_handed_the_shares_on),
	    cmocka_unit_test(a_spare_approves_when_the_other_token_has_left),
	    cmocka_unit_test(nothing_is_handed_out_without_a_right_statement),
	    cmocka_unit_test(a_statement_ends_with_its_day_and_with_its_charter),
	    cmocka_unit_test(a_wrong_box_opens_nothing),
	    cmocka_unit_test(a_box_that_its_statements_one_time_key_did_not_sign_is_refused),
	    cmocka_unit_test(a_repeated_request_gives_nothing_that_opens_and_makes_no_leaf),
	    cmocka_unit_test(
	        the_seat_replaces_a_spoilt_box_and_the_earlier_statement_stores_none_any_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
