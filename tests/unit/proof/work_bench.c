/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/proof/work_bench.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json_in.h"

/* ---- what is under way in a vault ---- */

struct charter *
work_charter(const struct bench *bench)
{
	struct charter *next = calloc(1, sizeof(*next));

	assert_non_null(next);
	*next = *bench->charter;
	next->previous = bench->charter->digest;
	next->version++;
	next->created = bench->shared->now;
	return next;
}

void
work_charter_statement(const struct charter *charter, struct dsse *ret_statement)
{
	JSON *payload = NULL;
	struct err err;

	assert_ok(charter_payload(charter, &payload, &err));
	assert_ok(statement_new(STATEMENT_CHARTER, false, payload, ret_statement, &err));
}

static void
release_web(struct work *work)
{
	struct bench *bench = work->bench;
	CLEANUP(credential_box_done) struct credential_box box = {0};
	JSON *reply = NULL;
	struct err err;

	target_accept(bench, "second-password\n");
	bench_box(bench, "prod/web", "second-password", &box);
	assert_ok(bench_send_box(bench, &box, false, &reply, &err));
	work->released = bench_request(bench, &bench->people[ALICE], "prod/web");
	assert_ok(bench_approve(bench, &bench->people[CISO], &work->released, &err));
	assert_ok(bench_approve(bench, &bench->people[INFRA], &work->released, &err));
}

void
work_begin(struct work *work)
{
	struct bench *bench = work->bench = handing_bench();
	NEXT_CHARTER *next = NULL;
	struct err err;

	release_web(work);
	bench_box(bench, "prod/late", "third-password", &work->late);
	assert_ok(bench_propose(bench, &work->late.statement, 0, -1, &err));
	work->id = bench_request(bench, &bench->people[ALICE], "prod/db");
	bench_show(bench, &work->id, &work->shown);
	approving_draw(bench, &bench->people[CISO], &work->shown, &work->ciso);
	approving_sign(&work->ciso);
	assert_ok(approving_send(bench, &work->shown, &work->ciso, &err));
	next = work_charter(bench);
	work_charter_statement(next, &work->draft);
	person_sign(&bench->people[SECOPS], &work->draft);
	assert_ok(bench_propose(bench, &work->draft, 0, -1, &err));
	assert_int_equal(handing_list(bench, false, &work->handing.open), 1);
	handing_draw(bench, &work->handing);
	assert_ok(handing_send(bench, &work->handing, &bench->people[SECOPS], &err));
	assert_ok(handing_fetch(bench, &work->handing, &err));
	handing_seal(bench, &work->handing, &work->box);
	testing_begin(bench, &work->testing);
}

void
work_done(struct work *work)
{
	shown_done(&work->shown);
	approving_done(&work->ciso);
	dsse_done(&work->draft);
	handing_done(&work->handing);
	buf_done(&work->box);
	testing_done(&work->testing);
	credential_box_done(&work->late);
	bench_free(work->bench);
}

/* ---- what somebody asks ---- */

enum err_code
work_ask(struct bench *bench, struct json *request, struct err *err)
{
	JSON *reply = NULL;

	return bench_call(bench, request, (struct view){0}, &reply, NULL, err);
}

enum err_code
work_request(struct work *work, struct bench *bench, struct err *err)
{
	struct request request;
	struct id id;

	(void)work;
	bench_request_make(bench, &bench->people[ALICE], "prod/db", &request);
	return bench_request_send(bench, &bench->people[ALICE], &request, &id, err);
}

enum err_code
work_approve(struct work *work, struct bench *bench, struct err *err)
{
	APPROVING approving = {0};
	struct json *message = op_new("approve");

	approving_draw(bench, &bench->people[SECOPS], &work->shown, &approving);
	approving_sign(&approving);
	json_put_hex(message, "id", VIEW_OF(work->id.bytes));
	put_statement(message, "approval", &approving.statement);
	return work_ask(bench, message, err);
}

enum err_code
work_deny(struct work *work, struct bench *bench, struct err *err)
{
	return bench_object(bench, &bench->people[SECOPS], &work->id, STATEMENT_DENIAL, err);
}

static enum err_code
ask_cancel(struct work *work, struct bench *bench, struct err *err)
{
	return bench_object(bench, &bench->people[ALICE], &work->id, STATEMENT_CANCEL, err);
}

static enum err_code
ask_propose(struct work *work, struct bench *bench, struct err *err)
{
	NEXT_CHARTER *next = work_charter(bench);
	DSSE statement = {0};

	(void)work;
	next->policies[0].max_duration = 60;
	work_charter_statement(next, &statement);
	person_sign(&bench->people[SECOPS], &statement);
	return bench_propose(bench, &statement, 0, -1, err);
}

static enum err_code
ask_sign(struct work *work, struct bench *bench, struct err *err)
{
	bool live;

	return bench_sign(bench, &bench->people[INFRA], &work->draft, &live, err);
}

static enum err_code
ask_withdraw(struct work *work, struct bench *bench, struct err *err)
{
	struct objection objection = {.vault = bench->vault_id,
	    .seat = "secops",
	    .reason = "replaced",
	    .token = bench->people[SECOPS].seat.tokens[0].id,
	    .time = bench->shared->now};
	JSON *payload = NULL;
	DSSE statement = {0};
	struct json *message = op_new("withdraw");
	struct err inner;

	assert_int_equal(dsse_digest(&work->draft, &objection.ceremony, &inner), ERR_OK);
	assert_int_equal(objection_payload(&objection, &payload, &inner), ERR_OK);
	assert_int_equal(statement_new(STATEMENT_CANCEL, false, payload, &statement, &inner),
	    ERR_OK);
	person_sign(&bench->people[SECOPS], &statement);
	put_statement(message, "statement", &statement);
	return work_ask(bench, message, err);
}

enum err_code
work_spare(struct work *work, struct bench *bench, struct err *err)
{
	HANDING handing = {.open = work->handing.open};

	handing_draw(bench, &handing);
	return handing_send(bench, &handing, &bench->people[SECOPS], err);
}

static enum err_code
ask_spare_box(struct work *work, struct bench *bench, struct err *err)
{
	return handing_store(bench, &work->handing, buf_view(&work->box), err);
}

enum err_code
work_shares(struct work *work, struct bench *bench, struct err *err)
{
	return approving_finish(bench, &work->shown, &work->ciso, err);
}

static enum err_code
ask_done(struct work *work, struct bench *bench, struct err *err)
{
	return work_ask(bench, bench_done_message(bench, &work->released), err);
}

static enum err_code
ask_test(struct work *work, struct bench *bench, struct err *err)
{
	return testing_sign(bench, &work->testing, err);
}

static enum err_code
ask_adopt(struct work *work, struct bench *bench, struct err *err)
{
	CLEANUP(credential_box_done) struct credential_box box = {0};
	JSON *reply = NULL;

	target_accept(bench, "third-password\n");
	assert_int_equal(definition_copy(&work->late.definition, &box.definition, err), ERR_OK);
	bench_box_value(bench, "third-password", &box);
	return bench_send_value(bench, &box, true, &reply, err);
}

const struct asked work_asked[WORK_ASKED] = {
    {"request", work_request, ALICE, "suspended"},
    {"approve", work_approve, SECOPS, "suspended"},
    {"deny", work_deny, SECOPS, "suspended"},
    {"cancel", ask_cancel, ALICE, "cannot be cancelled"},
    {"propose", ask_propose, SECOPS, "suspended"},
    {"sign", ask_sign, INFRA, "suspended"},
    {"withdraw", ask_withdraw, SECOPS, "no such draft waits"},
    {"spare", work_spare, SECOPS, "no officer with this token"},
    {"spare-box", ask_spare_box, SECOPS, "no officer with this token"},
    {"shares", work_shares, CISO, "suspended"},
    {"done", ask_done, ALICE, "suspended"},
    {"test", ask_test, SECOND, "suspended"},
    {"adopt", ask_adopt, INFRA, "suspended"},
};

/* ---- what anybody may send again ---- */

struct json *
work_try_message(const struct dsse *statement, bool try)
{
	struct json *message = op_new("propose");

	put_statement(message, "statement", statement);
	json_put(message, "enrolments", json_new_array());
	json_put_bool(message, "try", try);
	return message;
}

struct json *
work_advance_message(const struct work *work)
{
	struct json *message = op_new("advance");

	json_put_hex(message, "id", VIEW_OF(work->id.bytes));
	return message;
}

struct json *
work_approve_message(const struct work *work)
{
	struct json *message = op_new("approve");

	json_put_hex(message, "id", VIEW_OF(work->id.bytes));
	put_statement(message, "approval", &work->ciso.statement);
	return message;
}

struct json *
work_envelope_message(const struct work *work)
{
	struct json *message = op_new("envelopes");

	json_put_hex(message, "id", VIEW_OF(work->id.bytes));
	bench_put_position(message, 0);
	json_put_hex(message, "approval", VIEW_OF(work->ciso.digest.bytes));
	return message;
}

/* Everybody is shown it. */
struct json *
work_request_message(const struct work *work)
{
	struct json *get = op_new("ceremony-get"), *message = op_new("request");
	JSON *reply = NULL;
	struct err err;

	json_put_hex(get, "id", VIEW_OF(work->id.bytes));
	assert_ok(bench_call(work->bench, get, (struct view){0}, &reply, NULL, &err));
	json_put_text(message, "request", json_object_text(reply, "request"));
	json_put_bool(message, "another", true);
	return message;
}
