/* SPDX-License-Identifier: Apache-2.0 */
/* The bench's client: what was released is opened, and the end of a lease. */
#include <stdio.h>

#include "base/crypto_key.h"
#include "base/hpke.h"
#include "tests/unit/server/server_bench.h"
#include "vault/seal/envelope.h"

static const struct person *
person_called(const struct bench *bench, const char *name)
{
	for (int i = 0; i < PEOPLE; i++)
		if (strcmp(bench->people[i].name, name) == 0)
			return &bench->people[i];
	fail_msg("nobody is called %s", name);
	return NULL;
}

struct json *
bench_done_message(struct bench *bench, const struct id *id)
{
	struct err err;
	JSON *payload = NULL;
	DSSE statement = {0};
	SHOWN shown = {0};
	struct json *request = op_new("done");

	bench_show(bench, id, &shown);
	const struct person *person = person_called(bench, shown.requester);
	struct done done = {.vault = bench->vault_id,
	    .release = shown.release,
	    .token = person->seat.tokens[0].id,
	    .time = bench->shared->now};
	snprintf(done.seat, sizeof(done.seat), "%s", person->name);
	assert_ok(done_payload(&done, &payload, &err));
	assert_ok(statement_new(STATEMENT_DONE, false, payload, &statement, &err));
	person_sign(person, &statement);
	json_put_hex(request, "id", VIEW_OF(id->bytes));
	put_statement(request, "done", &statement);
	return request;
}

enum err_code
bench_done(struct bench *bench, const struct id *id, char ret_debt[20], struct err *err)
{
	struct err inner;
	JSON *reply = NULL;

	TRY(bench_call(bench, bench_done_message(bench, id), (struct view){0}, &reply, NULL, err));
	struct json_in in = json_in(reply, "reply", &inner);
	const struct json *debts = json_in_array(&in, "debts", 1, CEREMONY_ITEMS);
	snprintf(ret_debt, 20, "%s", json_object_text(json_array_object(debts, 0), "debt"));
	return ERR_OK;
}

static void
open_box(struct bench *bench, const struct person *person, const struct shown *shown,
    const struct item *item, const struct buf *box, struct secret **ret_answer)
{
	struct err err;
	HPKE *hpke = NULL;
	struct digest info;
	const struct box_ids ids = {.label = seal_label_answer,
	    .vault = bench->vault_id,
	    .secret = item->secret,
	    .version = item->version,
	    .header_hash = item->header,
	    .ceremony = shown->ceremony.digest,
	    .seat = person->name,
	    .token = person->seat.tokens[0].id};

	assert_ok(seal_box_info(&ids, &info, &err));
	assert_ok(hpke_recipient(hpke_suite_default, view_of(box->data, POINT_SIZE),
	    &person->seat.tokens[0].keys[KEY_RELEASE], hpke_agree_local, person->keys[KEY_RELEASE],
	    VIEW_OF(info.bytes), &hpke, &err));
	assert_ok(hpke_open(hpke, VIEW_OF(shown->ceremony.digest.bytes),
	    view_of(box->data + POINT_SIZE, box->size - POINT_SIZE), ret_answer, &err));
}

enum err_code
bench_open(struct bench *bench, const struct person *person, const struct id *id,
    struct secret **ret_credential, struct buf *ret_box, struct err *err)
{
	return bench_open_at(bench, person, id, 0, ret_credential, ret_box, err);
}

enum err_code
bench_open_answer(struct bench *bench, const struct person *person, const struct id *id,
    size_t position, struct secret **ret_answer, struct buf *ret_box, struct err *err)
{
	struct err inner;
	JSON *reply = NULL;
	DSSE statement = {0};
	SHOWN shown = {0};
	BUF box = {0};
	RELEASE release = {0};
	struct json *request = op_new("open");

	bench_show(bench, id, &shown);
	json_put_hex(request, "id", VIEW_OF(id->bytes));
	json_put_int(request, "position", (int64_t)position);
	json_put_hex(request, "token", VIEW_OF(person->seat.tokens[0].id.bytes));
	TRY(bench_call(bench, request, (struct view){0}, &reply, &box, err));
	struct json_in in = json_in(reply, "reply", &inner);
	in_statement(&in, "release", &statement);
	assert_int_equal(in.code, ERR_OK);
	assert_int_equal(release_parse(&statement, false, &release, &inner), ERR_OK);
	assert_int_equal(statement_verify_host(&statement, &bench->charter->host_statement, &inner),
	    ERR_OK);
	assert_true(digest_equal(&person->seat.tokens[0].id, &release.recipients[0]));
	assert_true(digest_equal(&shown.ceremony.digest, &release.ceremony));
	open_box(bench, person, &shown, &shown.ceremony.items.rows[position], &box, ret_answer);
	if (ret_box != NULL)
		buf_bytes(ret_box, buf_view(&box));
	return ERR_OK;
}

enum err_code
bench_open_at(struct bench *bench, const struct person *person, const struct id *id,
    size_t position, struct secret **ret_credential, struct buf *ret_box, struct err *err)
{
	SECRET *answer = NULL;

	TRY(bench_open_answer(bench, person, id, position, &answer, ret_box, err));
	struct view all = secret_view(answer);
	return secret_from(view_of(all.data + ED25519_SIZE, all.size - ED25519_SIZE),
	    ret_credential, err);
}
