/* SPDX-License-Identifier: Apache-2.0 */
/* The bench's client: secrets that are defined and adopted. */
#include <stdio.h>

#include "base/credential.h"
#include "base/crypto_key.h"
#include "base/hpke.h"
#include "base/random.h"
#include "rotators/contract/rotator.h"
#include "tests/unit/server/server_bench.h"

void
credential_box_done(struct credential_box *box)
{
	dsse_done(&box->statement);
	dsse_done(&box->adopt);
	definition_done(&box->definition);
	buf_done(&box->ciphertext);
}

/* The digest of lp8 LABEL, the vault's id, and what follows in BYTES. */
static struct digest
labelled(const struct bench *bench, const char *label, struct view bytes)
{
	struct err err;
	struct digest digest;
	BUF all = {0};

	buf_lp8(&all, view_of_text(label));
	buf_bytes(&all, VIEW_OF(bench->vault_id.bytes));
	buf_bytes(&all, bytes);
	assert_ok(sha256_one(buf_view(&all), &digest, &err));
	return digest;
}

/* Signed by infra; its key for the box goes to RET_SEED. */
static void
state_adoption(struct bench *bench, struct credential_box *box, struct digest *ret_digest,
    struct secret **ret_seed)
{
	struct err err;
	JSON *payload = NULL;
	struct order_item item = {box->definition.secret, box->definition.digest, 0};
	struct adopt adopt = {.order = {.vault = bench->vault_id,
	                          .token = bench->people[INFRA].seat.tokens[0].id,
	                          .items = &item,
	                          .count = 1,
	                          .created = bench->shared->now,
	                          .expires = bench->shared->now + ORDER_LIFE},
	    .rotate = !box->keeps};

	assert_ok(secret_new(ED25519_SIZE, ret_seed, &err));
	assert_ok(secret_random(*ret_seed, ED25519_SIZE, &err));
	assert_ok(ed25519_public(*ret_seed, &adopt.box_key, &err));
	snprintf(adopt.order.seat, sizeof(adopt.order.seat), "%s", bench->people[INFRA].name);
	assert_ok(order_payload(&adopt.order, adopt_members, &adopt, &payload, &err));
	assert_ok(statement_new(STATEMENT_ADOPT, false, payload, &box->adopt, &err));
	person_sign(&bench->people[INFRA], &box->adopt);
	assert_ok(dsse_digest(&box->adopt, ret_digest, &err));
}

void
bench_box_value(struct bench *bench, const char *password, struct credential_box *box)
{
	struct err err;
	SECRET *credential = NULL, *seed = NULL;
	HPKE *hpke = NULL;
	BUF bytes = {0}, over = {0};
	struct digest info, digest;

	snprintf(box->password, sizeof(box->password), "%s", password);
	state_adoption(bench, box, &digest, &seed);
	assert_ok(credential_new(&credential, &err));
	assert_ok(credential_add(credential, FIELD_PASSWORD, view_of_text(password), &err));
	if (box->key != NULL)
		assert_ok(
		    credential_add(credential, FIELD_PRIVATE_KEY, secret_view(box->key), &err));
	if (box->note != NULL)
		assert_ok(credential_add(credential, FIELD_NOTE, view_of_text(box->note), &err));
	buf_bytes(&bytes, VIEW_OF(box->definition.secret.bytes));
	buf_bytes(&bytes, VIEW_OF(box->definition.digest.bytes));
	info = labelled(bench, "halligan/v1 adopt", buf_view(&bytes));
	assert_ok(hpke_sender(hpke_suite_default, &bench->charter->host_escrow, VIEW_OF(info.bytes),
	    &hpke, &box->enc, &err));
	assert_ok(hpke_seal(hpke, VIEW_OF(digest.bytes), secret_view(credential), &box->ciphertext,
	    &err));
	buf_bytes(&over, VIEW_OF(digest.bytes));
	buf_bytes(&over, VIEW_OF(box->definition.secret.bytes));
	buf_bytes(&over, VIEW_OF(box->enc.bytes));
	buf_lp32(&over, buf_view(&box->ciphertext));
	info = labelled(bench, "halligan/v1 adopt box", buf_view(&over));
	assert_ok(ed25519_sign(seed, VIEW_OF(info.bytes), box->signature, &err));
}

void
bench_box(struct bench *bench, const char *name, const char *password,
    struct credential_box *ret_box)
{
	struct err err;
	struct definition definition = {.revision = 1,
	    .target = json_new_object(),
	    .announced = bench->announced};
	const struct definitions definitions = {.vault = bench->vault_id,
	    .created = BENCH_START,
	    .rows = &definition,
	    .count = 1};
	DEFINITIONS_OF read = {0};
	JSON *payload = NULL, *target = definition.target;

	json_put_text(target, "folder", bench->target);
	json_put_text(target, "name", name);
	assert_ok(random_bytes(definition.secret.bytes, SECRET_ID_SIZE, &err));
	snprintf(definition.name, sizeof(definition.name), "%s", name);
	snprintf(definition.policy, sizeof(definition.policy), "%s", bench->policy);
	snprintf(definition.rotator, sizeof(definition.rotator), "fake");
	snprintf(definition.effect, sizeof(definition.effect), "root on %s", name);
	definition.contract = ROTATOR_CONTRACT;
	assert_ok(definitions_payload(&definitions, &payload, &err));
	assert_ok(statement_new(STATEMENT_SECRET, false, payload, &ret_box->statement, &err));
	person_sign(&bench->people[INFRA], &ret_box->statement);
	person_sign(&bench->people[SECOPS], &ret_box->statement);
	assert_ok(definitions_parse(&ret_box->statement, false, &read, &err));
	assert_ok(definition_copy(&read.rows[0], &ret_box->definition, &err));
	bench_box_value(bench, password, ret_box);
}

static enum err_code
send_value(struct bench *bench, const struct credential_box *box, struct json **ret_reply,
    struct err *err)
{
	struct json *request = op_new("adopt");

	put_statement(request, "adopt", &box->adopt);
	json_put_hex(request, "secret", VIEW_OF(box->definition.secret.bytes));
	json_put_hex(request, "enc", VIEW_OF(box->enc.bytes));
	json_put_hex(request, "signature", VIEW_OF(box->signature));
	return bench_call(bench, request, buf_view(&box->ciphertext), ret_reply, NULL, err);
}

/* As it is; one that is not to be replaced is signed anew. */
enum err_code
bench_send_value(struct bench *bench, const struct credential_box *box, bool rotate,
    struct json **ret_reply, struct err *err)
{
	CLEANUP(credential_box_done) struct credential_box kept = {.key = box->key, .keeps = true};
	struct err inner;

	if (rotate)
		return send_value(bench, box, ret_reply, err);
	assert_int_equal(definition_copy(&box->definition, &kept.definition, &inner), ERR_OK);
	bench_box_value(bench, box->password, &kept);
	return send_value(bench, &kept, ret_reply, err);
}

enum err_code
bench_send_box(struct bench *bench, const struct credential_box *box, bool rotate,
    struct json **ret_reply, struct err *err)
{
	TRY(bench_propose(bench, &box->statement, 0, -1, err));
	return bench_send_value(bench, box, rotate, ret_reply, err);
}

void
bench_order(struct bench *bench, const struct person *person, const char *name,
    struct order_item *ret_item, struct dsse *ret_statement)
{
	struct err err;
	struct item item;
	JSON *payload = NULL;
	struct order order = {.vault = bench->vault_id,
	    .token = person->seat.tokens[0].id,
	    .items = ret_item,
	    .count = 1,
	    .created = bench->shared->now,
	    .expires = bench->shared->now + ORDER_LIFE};

	bench_item(bench, name, &item);
	*ret_item = (struct order_item){item.secret, item.definition, item.version};
	snprintf(order.seat, sizeof(order.seat), "%s", person->name);
	assert_ok(order_payload(&order, NULL, NULL, &payload, &err));
	assert_ok(statement_new(STATEMENT_ROTATE, false, payload, ret_statement, &err));
	person_sign(person, ret_statement);
}

enum err_code
bench_send_order(struct bench *bench, const struct dsse *statement, const struct secret_id *secret,
    struct json **ret_reply, struct err *err)
{
	struct json *request = op_new("rotate-unseen");

	put_statement(request, "rotate", statement);
	json_put_hex(request, "secret", VIEW_OF(secret->bytes));
	return bench_call(bench, request, (struct view){0}, ret_reply, NULL, err);
}

void
bench_add_secret(struct bench *bench)
{
	struct err err;
	CLEANUP(credential_box_done) struct credential_box box = {0};
	JSON *reply = NULL;
	BUF calls = {0};

	target_accept(bench, "first-password\n");
	bench_box(bench, "prod/db", "first-password", &box);
	assert_ok(bench_send_box(bench, &box, true, &reply, &err));
	assert_string_equal(json_object_text(reply, "state"), "rotated");
	(void)target_calls(bench, &calls);
}
