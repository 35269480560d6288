/* SPDX-License-Identifier: Apache-2.0 */
/* The bench's client: secrets, requests, approvals, releases. */
#include <stdio.h>

#include "base/credential.h"
#include "base/crypto_key.h"
#include "base/hpke.h"
#include "base/random.h"
#include "base/text.h"
#include "ceremony/protocol/adopt.h"
#include "ceremony/protocol/statements_host.h"
#include "rotators/contract/rotator.h"
#include "tests/unit/server/server_bench.h"
#include "vault/seal/envelope.h"
#include "vault/seal/reply.h"

/* --- Looking ------------------------------------------------------------------------------ */

static void
find_secret(struct bench *bench, const char *name, struct json **ret_reply, struct buf *ret_header)
{
	struct err err;
	struct json *request = op_new("secret-find");

	json_put_text(request, "name", name);
	assert_ok(bench_call(bench, request, (struct view){0}, ret_reply, ret_header, &err));
}

uint32_t
bench_current(struct bench *bench, const char *name)
{
	struct err err;
	JSON *reply = NULL;

	find_secret(bench, name, &reply, NULL);
	struct json_in in = json_in(reply, "reply", &err);
	return (uint32_t)json_in_int(&in, "current", 1, UINT32_MAX);
}

void
bench_debt(struct bench *bench, const char *name, char ret_state[20])
{
	struct err err;
	JSON *reply = NULL;

	find_secret(bench, name, &reply, NULL);
	struct json_in in = json_in(reply, "reply", &err);
	const struct json *debt = json_in_object_optional(&in, "debt");
	snprintf(ret_state, 20, "%s", debt != NULL ? json_object_text(debt, "state") : "");
}

uint64_t
bench_log_size(struct bench *bench)
{
	struct err err;
	JSON *reply = NULL;

	assert_ok(bench_call(bench, op_new("log-verify"), (struct view){0}, &reply, NULL, &err));
	struct json_in in = json_in(reply, "reply", &err);
	return (uint64_t)json_in_int(&in, "size", 1, INT64_MAX);
}

void
bench_verify(struct bench *bench)
{
	struct err err;
	JSON *reply = NULL;

	assert_ok(bench_call(bench, op_new("log-verify"), (struct view){0}, &reply, NULL, &err));
}

void
bench_rotate(struct bench *bench, const char *name, char ret_code[32], char ret_note[600])
{
	struct err err;
	struct json *request = op_new("rotate");
	JSON *reply = NULL;

	json_put_text(request, "name", name);
	assert_ok(bench_call(bench, request, (struct view){0}, &reply, NULL, &err));
	struct json_in in = json_in(reply, "reply", &err);
	const struct json *one = json_array_object(json_in_array(&in, "rotations", 1, 1), 0);
	snprintf(ret_code, 32, "%s", json_object_text(one, "code"));
	snprintf(ret_note, 600, "%s", json_object_text(one, "note"));
}

/* --- Requests ----------------------------------------------------------------------------- */

void
bench_item(struct bench *bench, const char *name, struct item *ret_item)
{
	struct err err;
	JSON *reply = NULL;
	DSSE statement = {0};
	DEFINITIONS_OF definitions = {0};
	BUF header = {0};

	find_secret(bench, name, &reply, &header);
	struct json_in in = json_in(reply, "reply", &err);
	in_statement(&in, "definition", &statement);
	ret_item->version = (uint32_t)json_in_int(&in, "current", 1, UINT32_MAX);
	assert_int_equal(in.code, ERR_OK);
	assert_ok(definitions_parse(&statement, false, &definitions, &err));
	ret_item->secret = definitions.rows[0].secret;
	ret_item->definition = definitions.rows[0].digest;
	assert_ok(header_hash(buf_view(&header), &ret_item->header, &err));
	snprintf(ret_item->name, sizeof(ret_item->name), "%s", name);
}

void
bench_request_make(struct bench *bench, const struct person *person, const char *name,
    struct request *ret_request)
{
	const struct seat_token *token = &person->seat.tokens[0];
	struct request request = {.vault = bench->vault_id,
	    .items = {&bench->asked, 1},
	    .recipients = {.rows = {{token->id, token->keys[KEY_RELEASE]}}, .count = 1},
	    .duration = 600,
	    .token = token->id,
	    .created = bench->shared->now,
	    .expires = bench->shared->now + 900};

	bench_item(bench, name, &bench->asked);
	snprintf(request.seat, sizeof(request.seat), "%s", person->name);
	snprintf(request.reason, sizeof(request.reason), "the primary does not boot");
	snprintf(request.incident, sizeof(request.incident), "INC-1");
	snprintf(request.host, sizeof(request.host), "laptop");
	snprintf(request.user, sizeof(request.user), "%s", person->name);
	*ret_request = request;
}

enum err_code
bench_request_send(struct bench *bench, const struct person *person, const struct request *request,
    struct id *ret_id, struct err *err)
{
	struct err inner;
	JSON *payload = NULL, *reply = NULL;
	DSSE statement = {0};
	struct json *message = op_new("request");

	assert_int_equal(request_payload(request, &payload, &inner), ERR_OK);
	assert_int_equal(statement_new(STATEMENT_REQUEST, false, payload, &statement, &inner),
	    ERR_OK);
	person_sign(person, &statement);
	put_statement(message, "request", &statement);
	json_put_bool(message, "another", true);
	TRY(bench_call(bench, message, (struct view){0}, &reply, NULL, err));
	assert_true(text_from_hex(json_object_text(reply, "id"), ret_id->bytes, ID_SIZE));
	return ERR_OK;
}

struct id
bench_request(struct bench *bench, const struct person *person, const char *name)
{
	struct err err;
	struct request request;
	struct id id;

	bench_request_make(bench, person, name, &request);
	assert_ok(bench_request_send(bench, person, &request, &id, &err));
	return id;
}

void
shown_done(struct shown *shown)
{
	header_freep(&shown->header);
	ceremony_done(&shown->ceremony);
}

void
bench_put_position(struct json *request, size_t position)
{
	const struct positions positions = {{(uint32_t)position}, 1};

	put_positions(request, "positions", &positions);
}

struct view
bench_field(const struct buf *blob)
{
	struct reader reader = reader_of(buf_view(blob));
	struct view field = reader_lp32(&reader, HEADER_MAX);

	assert_true(reader_end(&reader));
	return field;
}

void
bench_as_field(struct view bytes, struct buf *ret_blob)
{
	struct err err;

	buf_lp32(ret_blob, bytes);
	assert_ok(buf_check(ret_blob, &err));
}

static struct json *
about(const char *op, const struct id *id, size_t position)
{
	struct json *request = op_new(op);

	json_put_hex(request, "id", VIEW_OF(id->bytes));
	bench_put_position(request, position);
	return request;
}

static void
show_item(struct bench *bench, struct shown *shown)
{
	struct err err;
	JSON *reply = NULL;
	BUF header = {0};

	struct json *request = about("ceremony-items", &shown->id, 0);
	json_put(request, "known", json_new_array());
	assert_ok(bench_call(bench, request, (struct view){0}, &reply, &header, &err));
	struct json_in in = json_in(reply, "reply", &err);
	in = json_in(json_array_object(json_in_array(&in, "items", 1, 1), 0), "items", &err);
	shown->part_exposed = json_in_bool(&in, "part_exposed");
	assert_ok(header_new(&shown->header, &err));
	assert_ok(header_decode(bench_field(&header), shown->header, &err));
}

/* What is missing is said where a ceremony goes on; asking for that changes nothing. */
static void
show_missing(struct bench *bench, struct shown *shown)
{
	struct err err;
	JSON *reply = NULL;
	struct json *request = op_new("advance");

	shown->missing[0] = '\0';
	json_put_hex(request, "id", VIEW_OF(shown->id.bytes));
	if (bench_call(bench, request, (struct view){0}, &reply, NULL, &err) == ERR_OK)
		snprintf(shown->missing, sizeof(shown->missing), "%s",
		    json_object_text(reply, "missing"));
}

void
bench_show(struct bench *bench, const struct id *id, struct shown *ret_shown)
{
	struct err err;
	JSON *reply = NULL;
	DSSE statement = {0}, asked = {0}, release = {0};
	REQUEST request = {0};
	struct json *message = op_new("ceremony-get");

	shown_done(ret_shown);
	*ret_shown = (struct shown){.id = *id};
	json_put_hex(message, "id", VIEW_OF(id->bytes));
	assert_ok(bench_call(bench, message, (struct view){0}, &reply, NULL, &err));
	struct json_in in = json_in(reply, "reply", &err);
	in_statement(&in, "ceremony", &statement);
	in_statement(&in, "request", &asked);
	if (json_in_has(&in, "release")) {
		in_statement(&in, "release", &release);
		assert_ok(dsse_digest(&release, &ret_shown->release, &err));
	}
	assert_ok(ceremony_parse(&statement, false, &ret_shown->ceremony, &err));
	assert_ok(request_parse(&asked, false, &request, &err));
	assert_ok(statement_verify_host(&statement, &bench->charter->host_statement, &err));
	snprintf(ret_shown->requester, sizeof(ret_shown->requester), "%s", request.seat);
	snprintf(ret_shown->state, sizeof(ret_shown->state), "%s",
	    json_object_text(reply, "state"));
	snprintf(ret_shown->reason, sizeof(ret_shown->reason), "%s",
	    json_object_text(reply, "reason"));
	show_item(bench, ret_shown);
	if (strcmp(ret_shown->state, "collecting") == 0)
		show_missing(bench, ret_shown);
}

/* --- Approvals ---------------------------------------------------------------------------- */

void
approving_done(struct approving *approving)
{
	hpke_freep(&approving->hpke);
	p256_key_freep(&approving->reply);
	dsse_done(&approving->statement);
	secret_freep(&approving->shares);
	buf_done(&approving->ciphertext);
}

/* The newest checkpoint, as a client sees it. */
static void
see_log(struct bench *bench, uint64_t *ret_size, struct digest *ret_root)
{
	struct err err;
	JSON *reply = NULL;
	BUF note = {0};
	struct checkpoint checkpoint;
	char origin[ORIGIN_MAX + 1];
	struct json *request = op_new("chain");

	json_put_int(request, "size", 0);
	assert_ok(bench_call(bench, request, (struct view){0}, &reply, NULL, &err));
	struct json_in in = json_in(reply, "reply", &err);
	json_in_base64(&in, "checkpoint", &note, NOTE_MAX);
	assert_int_equal(in.code, ERR_OK);
	assert_ok(checkpoint_origin("bench.example", &bench->vault_id, origin, &err));
	assert_ok(
	    checkpoint_open(buf_view(&note), origin, &bench->charter->host_log, &checkpoint, &err));
	*ret_size = checkpoint.size;
	*ret_root = checkpoint.root;
}

static void
approval_info(struct bench *bench, const struct person *person, const struct shown *shown,
    struct digest *ret_info)
{
	struct err err;
	const struct box_ids ids = {.label = seal_label_approval,
	    .vault = bench->vault_id,
	    .secret = shown->ceremony.items.rows[0].secret,
	    .version = shown->ceremony.items.rows[0].version,
	    .header_hash = shown->ceremony.items.rows[0].header,
	    .ceremony = shown->ceremony.digest,
	    .seat = person->name,
	    .token = person->seat.tokens[0].id};

	assert_ok(seal_box_info(&ids, ret_info, &err));
}

void
approving_draw(struct bench *bench, const struct person *person, const struct shown *shown,
    struct approving *ret_approving)
{
	struct err err;
	struct digest info;
	struct approval *approval = &ret_approving->approval;

	*approval = (struct approval){.vault = bench->vault_id,
	    .ceremony = shown->ceremony.digest,
	    .token = person->seat.tokens[0].id,
	    .time = bench->shared->now};
	ret_approving->person = person;
	snprintf(approval->seat, sizeof(approval->seat), "%s", person->name);
	see_log(bench, &approval->size, &approval->root);
	assert_ok(p256_key_new(&ret_approving->reply, &err));
	p256_key_public(ret_approving->reply, &approval->reply);
	approval_info(bench, person, shown, &info);
	assert_ok(hpke_sender(hpke_suite_default, &shown->ceremony.key, VIEW_OF(info.bytes),
	    &ret_approving->hpke, &approval->enc, &err));
}

void
approving_sign(struct approving *approving)
{
	struct err err;
	JSON *payload = NULL;

	assert_ok(approval_payload(&approving->approval, &payload, &err));
	assert_ok(statement_new(STATEMENT_APPROVAL, false, payload, &approving->statement, &err));
	person_sign(approving->person, &approving->statement);
	assert_ok(dsse_digest(&approving->statement, &approving->digest, &err));
}

static enum err_code
fetch_envelope(struct bench *bench, const struct shown *shown, struct approving *approving,
    struct buf *ret_envelope, struct err *err)
{
	struct err inner;
	JSON *reply = NULL;
	BUF box = {0};
	struct json *request = about("envelopes", &shown->id, 0);
	const struct reply_ids ids = {.vault = bench->vault_id,
	    .statement = approving->digest,
	    .header = shown->ceremony.items.rows[0].header,
	    .seat = approving->approval.seat,
	    .token = approving->approval.token};

	json_put_hex(request, "approval", VIEW_OF(approving->digest.bytes));
	TRY(bench_call(bench, request, (struct view){0}, &reply, &box, err));
	struct json_in in = json_in(reply, "reply", &inner);
	approving->envelope = (uint32_t)json_array_int(json_in_array(&in, "envelopes", 1, 1), 0);
	assert_int_equal(in.code, ERR_OK);
	return reply_open(&ids, approving->reply, bench_field(&box), ret_envelope, err);
}

enum err_code
approving_ask(struct bench *bench, const struct shown *shown, struct approving *approving,
    struct buf *ret_envelope, struct err *err)
{
	JSON *reply = NULL;
	struct json *request = op_new("approve");

	json_put_hex(request, "id", VIEW_OF(shown->id.bytes));
	put_statement(request, "approval", &approving->statement);
	TRY(bench_call(bench, request, (struct view){0}, &reply, NULL, err));
	return fetch_envelope(bench, shown, approving, ret_envelope, err);
}

enum err_code
approving_send(struct bench *bench, const struct shown *shown, struct approving *approving,
    struct err *err)
{
	BUF out = {0};

	TRY(approving_ask(bench, shown, approving, &out, err));
	TRY(seal_open_envelope(shown->header, &shown->ceremony.items.rows[0].header,
	    approving->envelope, view_of(out.data, POINT_SIZE),
	    view_of(out.data + POINT_SIZE, out.size - POINT_SIZE), hpke_agree_local,
	    approving->person->keys[KEY_SHARE], &approving->shares, err));
	if (approving->spoil)
		secret_data(approving->shares)[ENVELOPE_SHARE_SIZE - 1] ^= 1;
	return hpke_seal(approving->hpke, VIEW_OF(shown->ceremony.digest.bytes),
	    secret_view(approving->shares), &approving->ciphertext, err);
}

enum err_code
approving_finish(struct bench *bench, const struct shown *shown, const struct approving *approving,
    struct err *err)
{
	JSON *reply = NULL, *state = NULL;
	struct json *request = about("shares", &shown->id, 0), *advance = op_new("advance");
	BUF sealed = {0};

	json_put_hex(request, "approval", VIEW_OF(approving->digest.bytes));
	json_put_hex(advance, "id", VIEW_OF(shown->id.bytes));
	bench_as_field(buf_view(&approving->ciphertext), &sealed);
	if (bench_call(bench, request, buf_view(&sealed), &reply, NULL, err) != ERR_OK) {
		json_free(advance);
		return err->code;
	}
	return bench_call(bench, advance, (struct view){0}, &state, NULL, err);
}

enum err_code
bench_approve(struct bench *bench, const struct person *person, const struct id *id,
    struct err *err)
{
	SHOWN shown = {0};
	APPROVING approving = {0};

	bench_show(bench, id, &shown);
	approving_draw(bench, person, &shown, &approving);
	approving_sign(&approving);
	TRY(approving_send(bench, &shown, &approving, err));
	return approving_finish(bench, &shown, &approving, err);
}

enum err_code
bench_object(struct bench *bench, const struct person *person, const struct id *id,
    enum statement_type type, struct err *err)
{
	struct err inner;
	JSON *payload = NULL, *reply = NULL;
	DSSE statement = {0};
	SHOWN shown = {0};
	struct objection objection = {.vault = bench->vault_id,
	    .token = person->seat.tokens[0].id,
	    .time = bench->shared->now};
	struct json *request = op_new("object");

	bench_show(bench, id, &shown);
	objection.ceremony = shown.ceremony.digest;
	snprintf(objection.seat, sizeof(objection.seat), "%s", person->name);
	snprintf(objection.reason, sizeof(objection.reason), "not like this");
	assert_int_equal(objection_payload(&objection, &payload, &inner), ERR_OK);
	assert_int_equal(statement_new(type, false, payload, &statement, &inner), ERR_OK);
	person_sign(person, &statement);
	json_put_hex(request, "id", VIEW_OF(id->bytes));
	put_statement(request, "statement", &statement);
	return bench_call(bench, request, (struct view){0}, &reply, NULL, err);
}
