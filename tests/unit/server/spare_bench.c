/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/spare_bench.h"

#include <stdio.h>

#include "base/crypto_key.h"
#include "base/hpke.h"
#include "vault/seal/envelope.h"
#include "vault/seal/reply.h"

void
handing_done(struct handing *handing)
{
	p256_key_free(handing->ephemeral);
	p256_key_free(handing->reply);
	secret_free(handing->box_seed);
	dsse_done(&handing->statement);
	buf_done(&handing->box);
}
void
handing_expect(enum err_code got, enum err_code code, const struct err *err, const char *part)
{
	if (got != code || strstr(err->text, part) == NULL)
		fail_msg("%s instead of %s (%s): %s", err_name(got), err_name(code), part,
		    got != ERR_OK ? err->text : "");
}

size_t
handing_list(struct bench *bench, bool again, struct spare_open *ret_open)
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

size_t
handing_missing(struct bench *bench, struct spare_open *ret_open)
{
	return handing_list(bench, false, ret_open);
}

void
handing_draw(struct bench *bench, struct handing *handing)
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

enum err_code
handing_send(struct bench *bench, struct handing *handing, const struct person *signer,
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

struct json *
handing_about(const char *op, const struct handing *handing)
{
	struct json *request = op_new(op);

	json_put_hex(request, "statement", VIEW_OF(handing->spare.digest.bytes));
	json_put_int(request, "index", 0);
	return request;
}

enum err_code
handing_fetch(struct bench *bench, struct handing *handing, struct err *err)
{
	JSON *reply = NULL;

	buf_done(&handing->box);
	return bench_call(bench, handing_about("spare-envelope", handing), (struct view){0}, &reply,
	    &handing->box, err);
}

/* The envelope that was sealed to the statement's one-time key, opened with KEY. */
enum err_code
handing_unwrap(const struct handing *handing, struct p256_key *key, struct view box,
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
void
handing_seal(struct bench *bench, const struct handing *handing, struct buf *ret_ciphertext)
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
	assert_ok(handing_unwrap(handing, handing->reply, reader.rest, &envelope, &err));
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

enum err_code
handing_store_signed(struct bench *bench, const struct handing *handing, const struct secret *seed,
    struct view ciphertext, struct err *err)
{
	struct err inner;
	JSON *reply = NULL;
	struct json *request = handing_about("spare-box", handing);
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	struct digest digest;

	assert_int_equal(spare_box_digest(&handing->spare, &handing->open, ciphertext, &digest,
	                     &inner),
	    ERR_OK);
	assert_int_equal(ed25519_sign(seed, VIEW_OF(digest.bytes), signature, &inner), ERR_OK);
	json_put_hex(request, "signature", VIEW_OF(signature));
	return bench_call(bench, request, ciphertext, &reply, NULL, err);
}

enum err_code
handing_store(struct bench *bench, const struct handing *handing, struct view ciphertext,
    struct err *err)
{
	return handing_store_signed(bench, handing, handing->box_seed, ciphertext, err);
}

/* All of it, for the only secret; with SPOILT, one byte of the box is wrong. */
void
handing_run_with(struct bench *bench, bool again, bool spoilt)
{
	struct err err;
	HANDING handing = {0};
	BUF ciphertext = {0};

	assert_int_equal(handing_list(bench, again, &handing.open), 1);
	handing_draw(bench, &handing);
	assert_ok(handing_send(bench, &handing, &bench->people[SECOPS], &err));
	assert_ok(handing_fetch(bench, &handing, &err));
	handing_seal(bench, &handing, &ciphertext);
	ciphertext.data[3] ^= spoilt;
	assert_ok(handing_store(bench, &handing, buf_view(&ciphertext), &err));
}

void
handing_run(struct bench *bench)
{
	handing_run_with(bench, false, false);
}

struct bench *
handing_bench(void)
{
	struct bench *bench = bench_new(false);

	bench_add_secret(bench);
	bench_spare(bench);
	return bench;
}

uint64_t
handing_leaves(struct bench *bench)
{
	struct err err;
	JSON *reply = NULL;

	assert_ok(bench_call(bench, op_new("log-verify"), (struct view){0}, &reply, NULL, &err));
	struct json_in in = json_in(reply, "reply", &err);
	return (uint64_t)json_in_int(&in, "size", 0, INT64_MAX);
}

/* The envelope is opened as the spare's client would. */
enum err_code
handing_approve(struct bench *bench, const struct id *id, struct err *err)
{
	struct err inner;
	SHOWN shown = {0};
	APPROVING approving = {0};
	BUF out = {0};
	const struct person *spare = &bench->people[SECOND];

	bench_show(bench, id, &shown);
	approving_draw(bench, spare, &shown, &approving);
	approving_sign(&approving);
	TRY(approving_ask(bench, &shown, &approving, &out, err));
	TRY(seal_open_spare(shown.header, &shown.ceremony.items.rows[0].header, approving.envelope,
	    &spare->seat.tokens[0].id, &spare->seat.tokens[0].keys[KEY_SHARE],
	    view_of(out.data, POINT_SIZE), view_of(out.data + POINT_SIZE, out.size - POINT_SIZE),
	    hpke_agree_local, spare->keys[KEY_SHARE], &approving.shares, err));
	assert_int_equal(hpke_seal(approving.hpke, VIEW_OF(shown.ceremony.digest.bytes),
	                     secret_view(approving.shares), &approving.ciphertext, &inner),
	    ERR_OK);
	return approving_finish(bench, &shown, &approving, err);
}

/* --- Testing ------------------------------------------------------------------------------ */

void
testing_done(struct testing *testing)
{
	secret_freep(&testing->probe);
}
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

void
testing_begin(struct bench *bench, struct testing *testing)
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
	snprintf(testing->name, sizeof(testing->name), "%s", json_in_text(&in, "name", 1, 64));
	testing->open.version = (uint32_t)json_in_int(&in, "version", 1, 99);
	testing->open.envelope = (uint32_t)json_in_int(&in, "envelope", 0, 127);
	assert_ok(json_in_end(&in));
}

enum err_code
testing_box(struct bench *bench, const struct testing *testing, const struct digest *opened,
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

enum err_code
testing_open(struct bench *bench, struct testing *testing, struct err *err)
{
	const struct person *person = &bench->people[SECOND];
	BUF blob = {0}, envelope = {0};
	P256_KEY *key = NULL;
	HEADER *header = NULL;
	SECRET *shares = NULL;
	struct digest hash;
	const struct spare spare = {.vault = bench->vault_id, .digest = testing->spare.statement};

	TRY(testing_box(bench, testing, &testing->readiness.opened[KEY_SHARE], &blob, err));
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

enum err_code
testing_sign(struct bench *bench, struct testing *testing, struct err *err)
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
