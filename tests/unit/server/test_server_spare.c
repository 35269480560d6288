/* SPDX-License-Identifier: Apache-2.0 */
/* An officer hands shares on to a spare token, spoken by hand so that each step can be wrong. */
#include "base/crypto_key.h"
#include "base/hpke.h"
#include "base/text.h"
#include "ceremony/protocol/spare.h"
#include "tests/unit/server/server_bench.h"
#include "vault/seal/envelope.h"
#include "vault/seal/reply.h"

static void
expect(enum err_code got, enum err_code code, const struct err *err, const char *part)
{
	if (got != code || strstr(err->text, part) == NULL)
		fail_msg("%s instead of %s (%s): %s", err_name(got), err_name(code), part,
		    got != ERR_OK ? err->text : "");
}

/* A handing on under way: of one secret, by secops to the spare. */
struct handing {
	struct p256_key *ephemeral, *reply;
	struct secret *box_seed;
	struct spare spare;
	struct spare_open open;
	struct dsse statement;
	struct buf box; /* header and sealed envelope, as they came */
};

static void
handing_done(struct handing *handing)
{
	p256_key_free(handing->ephemeral);
	p256_key_free(handing->reply);
	secret_free(handing->box_seed);
	dsse_done(&handing->statement);
	buf_done(&handing->box);
}
#define HANDING CLEANUP(handing_done) struct handing

static size_t
list_of(struct bench *bench, bool again, struct spare_open *ret_open)
{
	struct err err;
	JSON *reply = NULL;
	struct json *request = op_new("spare-list");

	json_put_hex(request, "from", VIEW_OF(bench->people[SECOPS].seat.tokens[0].id.bytes));
	json_put_hex(request, "to", VIEW_OF(bench->people[SECOND].seat.tokens[0].id.bytes));
	json_put_bool(request, "again", again);
	assert_ok(bench_call(bench, request, (struct view){0}, &reply, NULL, &err));
	struct json_in in = json_in(reply, "reply", &err);
	const struct json *items = json_in_array(&in, "items", 0, SPARE_OPENS);
	if (json_array_count(items) > 0) {
		struct json_in item = json_in(json_array_object(items, 0), "item", &err);

		json_in_hex(&item, "secret", ret_open->secret.bytes, SECRET_ID_SIZE);
		ret_open->version = (uint32_t)json_in_int(&item, "version", 1, UINT32_MAX);
		json_in_hex(&item, "header", ret_open->header.bytes, DIGEST_SIZE);
		ret_open->envelope = (uint32_t)json_in_int(&item, "envelope", 0, 127);
		assert_int_equal(item.code, ERR_OK);
	}
	return json_array_count(items);
}

static size_t
fetch_list(struct bench *bench, struct spare_open *ret_open)
{
	return list_of(bench, false, ret_open);
}

static void
draw(struct bench *bench, struct handing *handing)
{
	struct err err;
	struct spare *spare = &handing->spare;

	*spare = (struct spare){.vault = bench->vault_id,
	    .from = bench->people[SECOPS].seat.tokens[0].id,
	    .to = bench->people[SECOND].seat.tokens[0].id,
	    .time = bench->shared->now,
	    .size = 0,
	    .opens = &handing->open,
	    .count = 1};
	snprintf(spare->seat, sizeof(spare->seat), "secops");
	assert_ok(sha256(NULL, 0, &spare->root, &err)); /* of an empty log */
	assert_ok(p256_key_new(&handing->ephemeral, &err));
	assert_ok(p256_key_new(&handing->reply, &err));
	assert_ok(secret_new(ED25519_SIZE, &handing->box_seed, &err));
	assert_ok(secret_random(handing->box_seed, ED25519_SIZE, &err));
	p256_key_public(handing->ephemeral, &spare->enc);
	p256_key_public(handing->reply, &spare->reply);
	assert_ok(ed25519_public(handing->box_seed, &spare->box_key, &err));
}

static enum err_code
send_statement(struct bench *bench, struct handing *handing, const struct person *signer,
    struct err *err)
{
	struct err inner;
	JSON *payload = NULL, *reply = NULL;
	struct json *request = op_new("spare");

	dsse_done(&handing->statement);
	assert_int_equal(spare_payload(&handing->spare, &payload, &inner), ERR_OK);
	assert_int_equal(statement_new(STATEMENT_SPARE, false, payload, &handing->statement,
	                     &inner),
	    ERR_OK);
	person_sign(signer, &handing->statement);
	assert_int_equal(dsse_digest(&handing->statement, &handing->spare.digest, &inner), ERR_OK);
	put_statement(request, "spare", &handing->statement);
	return bench_call(bench, request, (struct view){0}, &reply, NULL, err);
}

static struct json *
about(const char *op, const struct handing *handing)
{
	struct json *request = op_new(op);

	json_put_hex(request, "statement", VIEW_OF(handing->spare.digest.bytes));
	json_put_int(request, "index", 0);
	return request;
}

static enum err_code
fetch_envelope(struct bench *bench, struct handing *handing, struct err *err)
{
	JSON *reply = NULL;

	buf_done(&handing->box);
	return bench_call(bench, about("spare-envelope", handing), (struct view){0}, &reply,
	    &handing->box, err);
}

/* The envelope that was sealed to the statement's one-time key, opened with KEY. */
static enum err_code
unwrap(const struct handing *handing, struct p256_key *key, struct view box,
    struct buf *ret_envelope, struct err *err)
{
	const struct reply_ids ids = {.vault = handing->spare.vault,
	    .statement = handing->spare.digest,
	    .header = handing->open.header,
	    .seat = "secops",
	    .token = handing->spare.from};

	return reply_open(&ids, key, box, ret_envelope, err);
}

/* What an honest officer's client makes of the envelope. */
static void
seal_on(struct bench *bench, const struct handing *handing, struct buf *ret_ciphertext)
{
	struct err err;
	struct reader reader = reader_of(buf_view(&handing->box));
	struct view bytes = reader_lp32(&reader, HEADER_MAX);
	BUF envelope = {0};
	const struct point *share = &bench->people[SECOND].seat.tokens[0].keys[KEY_SHARE];
	HEADER *header = NULL;
	SECRET *shares = NULL;
	HPKE *hpke = NULL;
	struct digest info;
	struct point made;

	assert_ok(header_new(&header, &err));
	assert_ok(header_decode(bytes, header, &err));
	assert_ok(unwrap(handing, handing->reply, reader.rest, &envelope, &err));
	assert_ok(seal_open_envelope(header, &handing->open.header, handing->open.envelope,
	    view_of(envelope.data, POINT_SIZE),
	    view_of(envelope.data + POINT_SIZE, envelope.size - POINT_SIZE), hpke_agree_local,
	    bench->people[SECOPS].keys[KEY_SHARE], &shares, &err));
	assert_ok(seal_spare_info(header, handing->open.envelope, &handing->spare.to, &info, &err));
	assert_ok(hpke_sender_with(hpke_suite_default, share, VIEW_OF(info.bytes),
	    handing->ephemeral, &hpke, &made, &err));
	assert_ok(hpke_seal(hpke, VIEW_OF(handing->open.header.bytes), secret_view(shares),
	    ret_ciphertext, &err));
}

static enum err_code
send_signed(struct bench *bench, const struct handing *handing, const struct secret *seed,
    struct view ciphertext, struct err *err)
{
	struct err inner;
	JSON *reply = NULL;
	struct json *request = about("spare-box", handing);
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	struct digest digest;

	assert_int_equal(spare_box_digest(&handing->spare, &handing->open, ciphertext, &digest,
	                     &inner),
	    ERR_OK);
	assert_int_equal(ed25519_sign(seed, VIEW_OF(digest.bytes), signature, &inner), ERR_OK);
	json_put_hex(request, "signature", VIEW_OF(signature));
	return bench_call(bench, request, ciphertext, &reply, NULL, err);
}

static enum err_code
send_box(struct bench *bench, const struct handing *handing, struct view ciphertext,
    struct err *err)
{
	return send_signed(bench, handing, handing->box_seed, ciphertext, err);
}

/* All of it, for the only secret; with SPOILT, one byte of the box is wrong. */
static void
hand_on_with(struct bench *bench, bool again, bool spoilt)
{
	struct err err;
	HANDING handing = {0};
	BUF ciphertext = {0};

	assert_int_equal(list_of(bench, again, &handing.open), 1);
	draw(bench, &handing);
	assert_ok(send_statement(bench, &handing, &bench->people[SECOPS], &err));
	assert_ok(fetch_envelope(bench, &handing, &err));
	seal_on(bench, &handing, &ciphertext);
	ciphertext.data[3] ^= spoilt;
	assert_ok(send_box(bench, &handing, buf_view(&ciphertext), &err));
}

static void
hand_on(struct bench *bench)
{
	hand_on_with(bench, false, false);
}

/* secops approves with the spare: opened as its client would. */
static enum err_code
approve_with_spare(struct bench *bench, const struct id *id, struct err *err)
{
	struct err inner;
	SHOWN shown = {0};
	APPROVING approving = {0};
	JSON *reply = NULL;
	BUF out = {0};
	struct json *request = op_new("approve");
	const struct person *spare = &bench->people[SECOND];

	bench_show(bench, id, &shown);
	approving_draw(bench, spare, &shown, &approving);
	approving_sign(&approving);
	json_put_hex(request, "id", VIEW_OF(id->bytes));
	put_statement(request, "approval", &approving.statement);
	TRY(bench_call(bench, request, (struct view){0}, &reply, &out, err));
	struct json_in in = json_in(reply, "reply", &inner);
	uint32_t index = (uint32_t)json_in_int(&in, "envelope", 0, 127);
	TRY(seal_open_spare(shown.header, &shown.ceremony.items.rows[0].header, index,
	    &spare->seat.tokens[0].id, &spare->seat.tokens[0].keys[KEY_SHARE],
	    view_of(out.data, POINT_SIZE), view_of(out.data + POINT_SIZE, out.size - POINT_SIZE),
	    hpke_agree_local, spare->keys[KEY_SHARE], &approving.shares, err));
	assert_int_equal(hpke_seal(approving.hpke, VIEW_OF(shown.ceremony.digest.bytes),
	                     secret_view(approving.shares), &approving.ciphertext, &inner),
	    ERR_OK);
	return approving_finish(bench, &shown, &approving, err);
}

static struct bench *
with_spare(void)
{
	struct bench *bench = bench_new(false);

	bench_add_secret(bench);
	bench_spare(bench);
	return bench;
}

static void
a_spare_approves_once_its_seat_handed_the_shares_on(void **state)
{
	struct bench *bench = with_spare();
	struct err err;
	SECRET *credential = NULL;
	struct spare_open open;
	char debt[20];
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");

	(void)state;
	expect(approve_with_spare(bench, &id, &err), ERR_REFUSED, &err, "halligan spare");
	hand_on(bench);
	assert_int_equal(fetch_list(bench, &open), 0);
	assert_ok(approve_with_spare(bench, &id, &err));
	expect(bench_approve(bench, &bench->people[SECOPS], &id, &err), ERR_EXISTS, &err,
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
	struct bench *bench = with_spare();
	struct err err;
	SECRET *credential = NULL;
	struct seat *seat = &bench->charter->seats[SECOPS];

	(void)state;
	hand_on(bench);
	seat->tokens[0] = seat->tokens[1];
	seat->token_count = 1;
	bench_change(bench);
	struct id id = bench_request(bench, &bench->people[CAROL], "prod/db");
	assert_ok(approve_with_spare(bench, &id, &err));
	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	assert_ok(bench_open(bench, &bench->people[CAROL], &id, &credential, NULL, &err));
	bench_verify(bench);
	bench_free(bench);
}

static void
nothing_is_handed_out_without_a_right_statement(void **state)
{
	struct bench *bench = with_spare();
	struct err err;
	HANDING handing = {0};

	(void)state;
	assert_int_equal(fetch_list(bench, &handing.open), 1);
	draw(bench, &handing);
	expect(send_statement(bench, &handing, &bench->people[CISO], &err), ERR_REFUSED, &err, "");
	expect(send_statement(bench, &handing, &bench->people[SECOND], &err), ERR_REFUSED, &err,
	    "");
	handing.spare.to = bench->people[CISO].seat.tokens[0].id;
	expect(send_statement(bench, &handing, &bench->people[SECOPS], &err), ERR_REFUSED, &err,
	    "no such spare token");
	handing.spare.to = bench->people[SECOND].seat.tokens[0].id;
	handing.spare.time -= 2 * 86400;
	expect(send_statement(bench, &handing, &bench->people[SECOPS], &err), ERR_EXPIRED, &err,
	    "not of today");
	handing.spare.time += 2 * 86400;
	handing.open.envelope ^= 1;
	expect(send_statement(bench, &handing, &bench->people[SECOPS], &err), ERR_REFUSED, &err,
	    "prod/db");
	handing.open.envelope ^= 1;
	handing.open.header.bytes[0] ^= 1;
	expect(send_statement(bench, &handing, &bench->people[SECOPS], &err), ERR_REFUSED, &err,
	    "header");
	handing.open.header.bytes[0] ^= 1;
	handing.spare.vault.bytes[0] ^= 1;
	expect(send_statement(bench, &handing, &bench->people[SECOPS], &err), ERR_REFUSED, &err,
	    "another vault");
	handing.spare.vault.bytes[0] ^= 1;
	expect(fetch_envelope(bench, &handing, &err), ERR_INTEGRITY, &err, "gone");
	assert_ok(send_statement(bench, &handing, &bench->people[SECOPS], &err));
	assert_ok(fetch_envelope(bench, &handing, &err));
	bench_free(bench);
}

static void
a_statement_ends_with_its_day_and_with_its_charter(void **state)
{
	struct bench *bench = with_spare();
	struct err err;
	HANDING handing = {0};
	struct seat *seat = &bench->charter->seats[SECOPS];

	(void)state;
	assert_int_equal(fetch_list(bench, &handing.open), 1);
	draw(bench, &handing);
	assert_ok(send_statement(bench, &handing, &bench->people[SECOPS], &err));
	bench->shared->now += 2 * 86400;
	expect(fetch_envelope(bench, &handing, &err), ERR_EXPIRED, &err, "not of today");
	bench->shared->now -= 2 * 86400;
	assert_ok(fetch_envelope(bench, &handing, &err));
	seat->token_count = 1;
	bench_change(bench);
	expect(fetch_envelope(bench, &handing, &err), ERR_REFUSED, &err, "no such spare token");
	bench_free(bench);
}

/* A box that is wrong harms its own seat alone, and is told when the spare opens it. */
static void
a_wrong_box_opens_nothing(void **state)
{
	struct bench *bench = with_spare();
	struct err err;
	HANDING handing = {0};
	BUF ciphertext = {0};

	(void)state;
	assert_int_equal(fetch_list(bench, &handing.open), 1);
	draw(bench, &handing);
	assert_ok(send_statement(bench, &handing, &bench->people[SECOPS], &err));
	assert_ok(fetch_envelope(bench, &handing, &err));
	seal_on(bench, &handing, &ciphertext);
	expect(send_box(bench, &handing, view_of(ciphertext.data, ciphertext.size - 1), &err),
	    ERR_INVALID, &err, "bytes");
	ciphertext.data[3] ^= 1;
	assert_ok(send_box(bench, &handing, buf_view(&ciphertext), &err));
	expect(send_box(bench, &handing, buf_view(&ciphertext), &err), ERR_EXISTS, &err,
	    "has the envelope of this statement already");
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	expect(approve_with_spare(bench, &id, &err), ERR_INTEGRITY, &err, "was changed");
	assert_ok(bench_approve(bench, &bench->people[SECOPS], &id, &err));
	bench_free(bench);
}

static uint64_t
leaves(struct bench *bench)
{
	struct err err;
	JSON *reply = NULL;

	assert_ok(bench_call(bench, op_new("log-verify"), (struct view){0}, &reply, NULL, &err));
	struct json_in in = json_in(reply, "reply", &err);
	return (uint64_t)json_in_int(&in, "size", 0, INT64_MAX);
}

/* B4: whoever knew the statement's digest could have rubbish stored. */
static void
a_box_that_its_statements_one_time_key_did_not_sign_is_refused(void **state)
{
	struct bench *bench = with_spare();
	struct err err;
	HANDING handing = {0};
	BUF ciphertext = {0};
	SECRET *other = NULL;
	JSON *reply = NULL;

	(void)state;
	assert_int_equal(fetch_list(bench, &handing.open), 1);
	draw(bench, &handing);
	assert_ok(send_statement(bench, &handing, &bench->people[SECOPS], &err));
	assert_ok(fetch_envelope(bench, &handing, &err));
	seal_on(bench, &handing, &ciphertext);
	uint64_t before = leaves(bench);
	assert_ok(secret_new(ED25519_SIZE, &other, &err));
	assert_ok(secret_random(other, ED25519_SIZE, &err));
	expect(send_signed(bench, &handing, other, buf_view(&ciphertext), &err), ERR_REFUSED, &err,
	    "one-time key");
	assert_int_not_equal(bench_call(bench, about("spare-box", &handing), buf_view(&ciphertext),
	                         &reply, NULL, &err),
	    ERR_OK);
	assert_int_equal(leaves(bench), before);
	assert_ok(send_box(bench, &handing, buf_view(&ciphertext), &err));
	bench_free(bench);
}

/* B5: each step said again by somebody who heard it. */
static void
a_repeated_request_gives_nothing_that_opens_and_makes_no_leaf(void **state)
{
	struct bench *bench = with_spare();
	struct err err;
	HANDING handing = {0};
	BUF ciphertext = {0}, opened = {0};
	P256_KEY *stranger = NULL;
	JSON *reply = NULL;

	(void)state;
	assert_int_equal(fetch_list(bench, &handing.open), 1);
	draw(bench, &handing);
	assert_ok(send_statement(bench, &handing, &bench->people[SECOPS], &err));
	assert_ok(fetch_envelope(bench, &handing, &err));
	seal_on(bench, &handing, &ciphertext);
	assert_ok(send_box(bench, &handing, buf_view(&ciphertext), &err));
	uint64_t before = leaves(bench);
	struct json *again = op_new("spare");
	put_statement(again, "spare", &handing.statement);
	expect(bench_call(bench, again, (struct view){0}, &reply, NULL, &err), ERR_EXISTS, &err,
	    "");
	expect(send_box(bench, &handing, buf_view(&ciphertext), &err), ERR_EXISTS, &err, "");
	assert_ok(fetch_envelope(bench, &handing, &err));
	struct reader reader = reader_of(buf_view(&handing.box));
	(void)reader_lp32(&reader, HEADER_MAX);
	assert_ok(p256_key_new(&stranger, &err));
	expect(unwrap(&handing, stranger, reader.rest, &opened, &err), ERR_INTEGRITY, &err,
	    "not sealed to this request");
	/* Nor does the share key of the token that it was sealed to first. */
	expect(unwrap(&handing, bench->people[SECOPS].keys[KEY_SHARE], reader.rest, &opened, &err),
	    ERR_INTEGRITY, &err, "not sealed to this request");
	assert_int_equal(leaves(bench), before);
	bench_verify(bench);
	bench_free(bench);
}

static void
the_seat_replaces_a_spoilt_box_and_the_earlier_statement_stores_none_any_more(void **state)
{
	struct bench *bench = with_spare();
	struct err err;
	HANDING handing = {0};
	BUF ciphertext = {0};

	(void)state;
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	assert_int_equal(fetch_list(bench, &handing.open), 1);
	draw(bench, &handing);
	assert_ok(send_statement(bench, &handing, &bench->people[SECOPS], &err));
	assert_ok(fetch_envelope(bench, &handing, &err));
	seal_on(bench, &handing, &ciphertext);
	hand_on_with(bench, false, true);
	expect(approve_with_spare(bench, &id, &err), ERR_INTEGRITY, &err, "was changed");
	/* Neither the first statement's box, which is a right one, nor a repetition of it. */
	expect(send_box(bench, &handing, buf_view(&ciphertext), &err), ERR_EXISTS, &err,
	    "later statement");
	hand_on_with(bench, true, false);
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
