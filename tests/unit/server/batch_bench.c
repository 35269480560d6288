/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/batch_bench.h"

#include <stdio.h>

#include "base/crypto_key.h"
#include "base/hpke.h"
#include "base/text.h"
#include "vault/seal/envelope.h"
#include "vault/seal/reply.h"

void
seen_done(struct seen *seen)
{
	ceremony_done(&seen->ceremony);
}

void
giving_done(struct giving *giving)
{
	p256_key_free(giving->ephemeral);
	p256_key_free(giving->reply);
}

void
batch_expect(enum err_code got, enum err_code code, const struct err *err, const char *part)
{
	if (got != code || strstr(err->text, part) == NULL)
		fail_msg("%s instead of %s (%s): %s", err_name(got), err_name(code), part,
		    got != ERR_OK ? err->text : "");
}

void
batch_name(size_t index, char ret_name[32])
{
	snprintf(ret_name, 32, "prod/s%zu", index);
}

struct bench *
batch_bench(bool copy, size_t count)
{
	struct bench *bench = bench_new(copy);
	struct err err;

	for (size_t i = 0; i < count; i++) {
		CLEANUP(credential_box_done) struct credential_box box = {0};
		JSON *reply = NULL;
		char name[32], password[32], list[64];

		batch_name(i, name);
		snprintf(password, sizeof(password), "password-%zu", i);
		snprintf(list, sizeof(list), "%s\n", password);
		target_accept(bench, list);
		bench_box(bench, name, password, &box);
		assert_ok(bench_send_box(bench, &box, false, &reply, &err));
	}
	return bench;
}

void
batch_replace_token(struct bench *bench)
{
	struct seat *seat;

	if (bench->charter->seats[SECOPS].token_count == 1)
		bench_spare(bench);
	seat = &bench->charter->seats[SECOPS];
	seat->tokens[0] = seat->tokens[1];
	seat->token_count = 1;
	bench_change(bench);
}

/* --- Speaking to the server --------------------------------------------------------------- */

/* The next page, into OPENS from COUNT on. */
static size_t
list_page(struct bench *bench, bool all, char after[SEAT_NAME_MAX + 1], struct item *opens,
    size_t count, char ret_why[600])
{
	struct err err;
	JSON *reply = NULL;
	struct json *request = op_new("reseal-list");

	json_put_text(request, "after", after);
	json_put_bool(request, "all", all);
	assert_ok(bench_call(bench, request, (struct view){0}, &reply, NULL, &err));
	struct json_in in = json_in(reply, "reply", &err);
	const struct json *array = json_in_array(&in, "secrets", 0, 300);
	for (size_t i = 0; i < json_array_count(array); i++) {
		struct json_in row = json_in(json_array_object(array, i), "row", &err);
		struct item *open = &opens[count++];

		json_in_hex(&row, "secret", open->secret.bytes, SECRET_ID_SIZE);
		snprintf(open->name, sizeof(open->name), "%s",
		    json_in_text(&row, "name", 1, SEAT_NAME_MAX));
		open->version = (uint32_t)json_in_int(&row, "version", 1, UINT32_MAX);
		json_in_hex(&row, "definition", open->definition.bytes, DIGEST_SIZE);
		json_in_hex(&row, "header", open->header.bytes, DIGEST_SIZE);
		snprintf(ret_why, 600, "%s", json_in_text(&row, "why", 0, 500));
		assert_int_equal(row.code, ERR_OK);
	}
	snprintf(after, SEAT_NAME_MAX + 1, "%s", json_in_text(&in, "next", 0, SEAT_NAME_MAX));
	return count;
}

size_t
batch_list(struct bench *bench, bool all, struct item *opens, char ret_why[600])
{
	char after[SEAT_NAME_MAX + 1] = "";
	size_t count = 0;

	do
		count = list_page(bench, all, after, opens, count, ret_why);
	while (after[0] != '\0');
	return count;
}

enum err_code
batch_send_request(struct bench *bench, const struct person *person, const struct request *request,
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

void
batch_draw_request(struct bench *bench, const struct person *person, enum mode mode, bool all,
    struct item *opens, struct request *request)
{
	char why[600];

	*request = (struct request){.vault = bench->vault_id,
	    .mode = mode,
	    .token = person->seat.tokens[0].id,
	    .created = bench->shared->now,
	    .expires = bench->shared->now + 900};
	request->items = (struct items){opens, batch_list(bench, all, opens, why)};
	if (mode_releases(mode)) {
		const struct seat_token *token = &person->seat.tokens[0];

		request->recipients =
		    (struct recipients){.rows = {{token->id, token->keys[KEY_RELEASE]}},
		        .count = 1};
		request->duration = 600;
		snprintf(request->incident, sizeof(request->incident), "INC-1");
	}
	snprintf(request->seat, sizeof(request->seat), "%s", person->name);
	snprintf(request->reason, sizeof(request->reason), "secops has a new token");
	snprintf(request->host, sizeof(request->host), "desk");
	snprintf(request->user, sizeof(request->user), "%s", person->name);
}

struct id
batch_ask_many(struct bench *bench, enum mode mode, size_t count)
{
	struct err err;
	struct item *opens = calloc(count, sizeof(*opens));
	struct request request;
	struct id id;
	const struct person *person = &bench->people[mode_releases(mode) ? ALICE : INFRA];

	assert_non_null(opens);
	batch_draw_request(bench, person, mode, true, opens, &request);
	assert_ok(batch_send_request(bench, person, &request, &id, &err));
	free(opens);
	return id;
}

struct id
batch_ask(struct bench *bench, enum mode mode)
{
	return batch_ask_many(bench, mode, SECRETS + 1);
}

void
batch_name_at(struct bench *bench, const struct id *id, size_t position,
    char ret_name[SEAT_NAME_MAX + 1])
{
	struct err err;
	JSON *reply = NULL;
	DSSE statement = {0};
	struct request request = {0};
	struct json *get = op_new("ceremony-get");

	json_put_hex(get, "id", VIEW_OF(id->bytes));
	assert_ok(bench_call(bench, get, (struct view){0}, &reply, NULL, &err));
	struct json_in in = json_in(reply, "reply", &err);
	in_statement(&in, "request", &statement);
	assert_ok(request_parse(&statement, false, &request, &err));
	memcpy(ret_name, request.items.rows[position].name, SEAT_NAME_MAX + 1);
	request_done(&request);
}

void
batch_look(struct bench *bench, const struct id *id, struct seen *seen)
{
	struct err err;
	JSON *reply = NULL;
	DSSE statement = {0};
	struct json *request = op_new("ceremony-get");
	size_t used = 0;

	ceremony_done(&seen->ceremony);
	json_put_hex(request, "id", VIEW_OF(id->bytes));
	assert_ok(bench_call(bench, request, (struct view){0}, &reply, NULL, &err));
	struct json_in in = json_in(reply, "reply", &err);
	in_statement(&in, "ceremony", &statement);
	const struct json *items = json_in_array(&in, "items", 1, CEREMONY_ITEMS);
	assert_int_equal(in.code, ERR_OK);
	assert_ok(ceremony_parse(&statement, false, &seen->ceremony, &err));
	assert_ok(statement_verify_host(&statement, &bench->charter->host_statement, &err));
	snprintf(seen->state, sizeof(seen->state), "%s", json_object_text(reply, "state"));
	seen->notes[0] = '\0';
	for (size_t i = 0; i < json_array_count(items); i++)
		used += (size_t)snprintf(seen->notes + used, sizeof(seen->notes) - used, "%s%s%s\n",
		    json_object_text(json_array_object(items, i), "state"),
		    json_object_text(json_array_object(items, i), "note")[0] != '\0' ? " " : "",
		    json_object_text(json_array_object(items, i), "note"));
}
enum err_code
batch_sign(struct bench *bench, const struct person *person, const struct id *id,
    const struct seen *seen, struct giving *giving, struct err *err)
{
	struct err inner;
	JSON *payload = NULL, *reply = NULL;
	DSSE statement = {0};
	struct approval approval = {.vault = bench->vault_id,
	    .ceremony = seen->ceremony.digest,
	    .token = person->seat.tokens[0].id,
	    .time = bench->shared->now};
	struct json *request = op_new("approve");

	giving->person = person;
	snprintf(approval.seat, sizeof(approval.seat), "%s", person->name);
	assert_int_equal(sha256(NULL, 0, &approval.root, &inner), ERR_OK);
	assert_int_equal(p256_key_new(&giving->ephemeral, &inner), ERR_OK);
	p256_key_public(giving->ephemeral, &approval.enc);
	assert_int_equal(p256_key_new(&giving->reply, &inner), ERR_OK);
	p256_key_public(giving->reply, &approval.reply);
	assert_int_equal(approval_payload(&approval, &payload, &inner), ERR_OK);
	assert_int_equal(statement_new(STATEMENT_APPROVAL, false, payload, &statement, &inner),
	    ERR_OK);
	person_sign(person, &statement);
	assert_int_equal(dsse_digest(&statement, &giving->digest, &inner), ERR_OK);
	json_put_hex(request, "id", VIEW_OF(id->bytes));
	put_statement(request, "approval", &statement);
	return bench_call(bench, request, (struct view){0}, &reply, NULL, err);
}

static struct json *
about(const char *op, const struct id *id, const struct positions *positions)
{
	struct json *request = op_new(op);

	json_put_hex(request, "id", VIEW_OF(id->bytes));
	put_positions(request, "positions", positions);
	return request;
}

/* The headers of POSITIONS, one after the other. */
static void
fetch_headers(struct bench *bench, const struct id *id, const struct positions *positions,
    struct buf *ret_headers)
{
	struct err err;
	JSON *reply = NULL;
	struct json *request = about("ceremony-items", id, positions);

	json_put(request, "known", json_new_array());
	assert_ok(bench_call(bench, request, (struct view){0}, &reply, ret_headers, &err));
	struct json_in in = json_in(reply, "reply", &err);
	(void)json_in_array(&in, "items", positions->count, positions->count);
	assert_int_equal(in.code, ERR_OK);
}

/* What is in BOX, envelope INDEX of HEADER, for the ceremony. */
static void
seal_on(const struct bench *bench, const struct giving *giving, const struct seen *seen,
    size_t position, const struct header *header, size_t index, struct view box, bool spoil,
    struct buf *ret_ciphertext)
{
	struct err err;
	const struct person *person = giving->person;
	const struct item *open = &seen->ceremony.items.rows[position];
	const struct box_ids ids = {.label = seal_label_approval,
	    .vault = bench->vault_id,
	    .secret = open->secret,
	    .version = open->version,
	    .header_hash = open->header,
	    .ceremony = seen->ceremony.digest,
	    .seat = person->name,
	    .token = person->seat.tokens[0].id};
	SECRET *shares = NULL;
	HPKE *hpke = NULL;
	struct digest info;
	struct point made;

	assert_ok(seal_open_envelope(header, &open->header, index, view_of(box.data, POINT_SIZE),
	    view_of(box.data + POINT_SIZE, box.size - POINT_SIZE), hpke_agree_local,
	    person->keys[KEY_SHARE], &shares, &err));
	if (spoil)
		secret_data(shares)[40] ^= 1;
	assert_ok(seal_box_info(&ids, &info, &err));
	assert_ok(hpke_sender_with(hpke_suite_default, &seen->ceremony.key, VIEW_OF(info.bytes),
	    giving->ephemeral, &hpke, &made, &err));
	assert_ok(hpke_seal(hpke, VIEW_OF(seen->ceremony.digest.bytes), secret_view(shares),
	    ret_ciphertext, &err));
}

/* One envelope, as it came, becomes the next field of SHARES. */
static enum err_code
give_one(const struct bench *bench, const struct giving *giving, const struct seen *seen,
    size_t position, struct view header_bytes, size_t index, struct view sealed, bool spoil,
    struct buf *shares, struct err *err)
{
	const struct person *person = giving->person;
	const struct reply_ids ids = {.vault = bench->vault_id,
	    .statement = giving->digest,
	    .header = seen->ceremony.items.rows[position].header,
	    .seat = person->name,
	    .token = person->seat.tokens[0].id};
	struct err inner;
	HEADER *header = NULL;
	BUF box = {0}, ciphertext = {0};

	TRY(reply_open(&ids, giving->reply, sealed, &box, err));
	assert_int_equal(header_new(&header, &inner), ERR_OK);
	assert_int_equal(header_decode(header_bytes, header, &inner), ERR_OK);
	seal_on(bench, giving, seen, position, header, index, buf_view(&box), spoil, &ciphertext);
	buf_lp32(shares, buf_view(&ciphertext));
	return buf_check(shares, err);
}

enum err_code
batch_give_some(struct bench *bench, const struct giving *giving, const struct id *id,
    const struct seen *seen, const struct positions *positions, bool spoil, struct err *err)
{
	struct err inner;
	JSON *reply = NULL, *thanks = NULL;
	BUF boxes = {0}, headers = {0}, shares = {0};
	struct json *request = about("envelopes", id, positions);

	json_put_hex(request, "approval", VIEW_OF(giving->digest.bytes));
	TRY(bench_call(bench, request, (struct view){0}, &reply, &boxes, err));
	struct json_in in = json_in(reply, "reply", &inner);
	const struct json *indexes =
	    json_in_array(&in, "envelopes", positions->count, positions->count);
	fetch_headers(bench, id, positions, &headers);
	struct reader header = reader_of(buf_view(&headers)), box = reader_of(buf_view(&boxes));
	struct positions given = {0};
	for (size_t i = 0; i < positions->count; i++) {
		struct view head = reader_lp32(&header, HEADER_MAX);
		struct view sealed = reader_lp32(&box, REPLY_BOX_MAX);

		if (json_array_int(indexes, i) < 0) /* its version was replaced */
			continue;
		TRY(give_one(bench, giving, seen, positions->rows[i], head,
		    (size_t)json_array_int(indexes, i), sealed, spoil, &shares, err));
		given.rows[given.count++] = positions->rows[i];
	}
	request = about("shares", id, &given);
	json_put_hex(request, "approval", VIEW_OF(giving->digest.bytes));
	return bench_call(bench, request, buf_view(&shares), &thanks, NULL, err);
}

enum err_code
batch_give(struct bench *bench, const struct giving *giving, const struct id *id,
    const struct seen *seen, size_t position, bool spoil, struct err *err)
{
	const struct positions positions = {{(uint32_t)position}, 1};

	return batch_give_some(bench, giving, id, seen, &positions, spoil, err);
}

enum err_code
batch_advance_op(struct bench *bench, const struct id *id, struct err *err)
{
	JSON *reply = NULL;
	struct json *request = op_new("advance");

	json_put_hex(request, "id", VIEW_OF(id->bytes));
	return bench_call(bench, request, (struct view){0}, &reply, NULL, err);
}

void
batch_give_all(struct bench *bench, const struct person *person, const struct id *id)
{
	struct err err;
	SEEN seen = {0};
	GIVING giving = {0};

	batch_look(bench, id, &seen);
	assert_ok(batch_sign(bench, person, id, &seen, &giving, &err));
	for (size_t i = 0; i < seen.ceremony.items.count;) {
		struct positions positions = {0};

		for (; i < seen.ceremony.items.count && positions.count < ITEMS_AT_ONCE; i++)
			positions.rows[positions.count++] = (uint32_t)i;
		assert_ok(batch_give_some(bench, &giving, id, &seen, &positions, false, &err));
	}
}

void
batch_give_last(struct bench *bench, const struct person *person, const struct id *id)
{
	batch_give_all(bench, person, id);
	bench->shared->no_due = 1;
	bench_end(bench);
	bench->shared->no_due = 0;
}

void
batch_approve(struct bench *bench, const struct person *person, const struct id *id)
{
	struct err err;

	batch_give_all(bench, person, id);
	assert_ok(batch_advance_op(bench, id, &err));
}

/* --- Looking ------------------------------------------------------------------------------ */

void
batch_opens_to(struct bench *bench, const char *name, const char *password, int a, int b)
{
	struct err err;
	SECRET *credential = NULL;
	struct id id = bench_request(bench, &bench->people[ALICE], name);

	assert_ok(bench_approve(bench, &bench->people[a], &id, &err));
	assert_ok(bench_approve(bench, &bench->people[b], &id, &err));
	assert_ok(bench_open(bench, &bench->people[ALICE], &id, &credential, NULL, &err));
	assert_non_null(memmem(secret_view(credential).data, secret_view(credential).size, password,
	    strlen(password)));
}

void
batch_states(struct bench *bench, const struct id *id, char ret_state[20],
    char ret_notes[NOTES_MAX])
{
	SEEN seen = {0};

	batch_look(bench, id, &seen);
	snprintf(ret_state, 20, "%s", seen.state);
	snprintf(ret_notes, NOTES_MAX, "%s", seen.notes);
}
