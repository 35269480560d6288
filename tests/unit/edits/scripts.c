/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of the vault, and what is done to it, by the operations of its table (server.c). */
#include <stdio.h>

#include "ceremony/protocol/wire.h"
#include "tests/unit/edits/vault.h"
#include "tests/unit/server/batch_bench.h"
#include "vault/documents/suspension.h"

static void
send(struct past *past, struct json *request)
{
	JSON *reply = NULL;
	struct err err;
	enum err_code code = bench_call(past->bench, request, (struct view){0}, &reply, NULL, &err);

	if (code == ERR_INTEGRITY || code == ERR_PROTOCOL || code == ERR_INVALID)
		fail_msg("%s", err.text);
}

static void
ask(struct past *past, const char *op)
{
	send(past, op_new(op));
}

static void
ask_text(struct past *past, const char *op, const char *name, const char *text)
{
	struct json *request = op_new(op);

	json_put_text(request, name, text);
	send(past, request);
}

static void
ask_rotator(struct past *past)
{
	struct json *request = op_new("rotator"), *target = json_new_object();

	json_put_text(request, "name", "fake");
	json_put_text(target, "folder", "prod/db");
	json_put(request, "target", target);
	send(past, request);
}

static void
ask_hex(struct past *past, const char *op, const char *name, struct view bytes)
{
	struct json *request = op_new(op);

	json_put_hex(request, name, bytes);
	send(past, request);
}

static void
say_hello(struct past *past)
{
	struct json *request = op_new("hello");

	json_put_int(request, "protocol", WIRE_PROTOCOL);
	send(past, request);
}

/* ---- what is read ---- */

static void
read_secrets(struct past *past)
{
	static const char *const names[] = {"prod/db", "prod/ops", "prod/web", "dev/one", "dev/two",
	    "dev/four", "dev/five", "dev/six", "dev/seven", "dev/eight", "narrow/one", "no/such",
	    "dev/fou"};
	static const char *const starts[] = {"", "dev/six", "e"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		ask_text(past, "secret-find", "name", names[i]);
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		struct json *request = op_new("secret-list");

		json_put_text(request, "after", starts[i]);
		json_put_int(request, "max", i == 0 ? 100 : 2);
		send(past, request);
	}
	for (int all = 0; all < 2; all++) {
		struct json *request = op_new("reseal-list");

		json_put_text(request, "after", "");
		json_put_bool(request, "all", all);
		send(past, request);
	}
}

static void
read_item(struct past *past, const struct id *id, size_t position)
{
	struct json *request = op_new("ceremony-items");

	json_put_hex(request, "id", VIEW_OF(id->bytes));
	bench_put_position(request, position);
	json_put(request, "known", json_new_array());
	send(past, request);
}

static void
read_answer(struct past *past, const struct id *id, size_t position, int person)
{
	struct json *request = op_new("open");

	json_put_hex(request, "id", VIEW_OF(id->bytes));
	json_put_int(request, "position", (int64_t)position);
	json_put_hex(request, "token",
	    VIEW_OF(past->bench->people[person].seat.tokens[0].id.bytes));
	send(past, request);
}

static void
read_ceremonies(struct past *past)
{
	static const struct id none = {{7}};
	const struct id *ids[] = {&past->closed, &past->cancelled, &past->denied, &past->failed,
	    &past->waiting, &past->stuck, &past->running, &past->wanted, &past->reseal,
	    &past->rotate, &past->many, &none};

	for (enum ceremony_state state = 0; state < CEREMONY_STATES; state++) {
		struct json *request = op_new("ceremony-find"), *states = json_new_array();

		json_add_text(states, ceremony_state_names[state]);
		json_put_text(request, "id", "");
		json_put(request, "states", states);
		json_put_text(request, "of", "");
		send(past, request);
	}
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		ask_hex(past, "ceremony-get", "id", VIEW_OF(ids[i]->bytes));
		if (ids[i] == &none)
			continue;
		read_item(past, ids[i], 0);
		read_answer(past, ids[i], 0, ALICE);
	}
	read_item(past, &past->reseal, 1);
	read_item(past, &past->many, 1);
	read_answer(past, &past->running, 0, CAROL);
	read_answer(past, &past->running, 1, ALICE);
}

static void
read_digests(struct past *past, const char *op, const struct digest *const *digests, size_t count)
{
	struct json *request = op_new(op);
	struct json *array = json_new_array();

	for (size_t i = 0; i < count; i++)
		json_add_hex(array, VIEW_OF(digests[i]->bytes));
	json_put(request, strcmp(op, "evidence") == 0 ? "tokens" : "digests", array);
	send(past, request);
}

static void
read_draft(struct past *past, const struct dsse *draft)
{
	struct digest digest;
	struct err err;

	assert_ok(dsse_digest(draft, &digest, &err));
	ask_hex(past, "draft", "digest", VIEW_OF(digest.bytes));
}

static void
read_documents(struct past *past)
{
	const struct bench *bench = past->bench;
	static const struct digest none = {{7}};
	const struct digest *enrolments[PEOPLE], *tokens[PEOPLE];
	const struct digest *chain[] = {&bench->vault_id, &bench->charter->digest, &bench->roster};
	const struct digest *no[] = {&none};

	for (int i = 0; i < PEOPLE; i++) {
		enrolments[i] = &bench->people[i].seat.tokens[0].enrolment;
		tokens[i] = &bench->people[i].seat.tokens[0].id;
	}
	for (int i = 0; i < SECOND; i++)
		read_digests(past, "enrolments", enrolments + i, 1);
	read_digests(past, "evidence", tokens, PEOPLE);
	for (size_t i = 0; i < ARRAY_SIZE(chain); i++)
		read_digests(past, "statements", chain + i, 1);
	read_digests(past, "statements", no, 1);
	read_draft(past, &past->charter);
	read_draft(past, &past->roster);
	read_draft(past, &past->suspension);
	ask_hex(past, "draft", "digest", VIEW_OF(none.bytes));
	ask(past, "drafts");
	for (int64_t size = 0; size < 100; size += 33) {
		struct json *request = op_new("chain");

		json_put_int(request, "size", size);
		send(past, request);
	}
}

static void
read_spares(struct past *past)
{
	const struct bench *bench = past->bench;

	for (int again = 0; again < 2; again++) {
		struct json *request = op_new("spare-list");

		json_put_hex(request, "from",
		    VIEW_OF(bench->people[SECOPS].seat.tokens[0].id.bytes));
		json_put_hex(request, "to", VIEW_OF(bench->people[SECOND].seat.tokens[0].id.bytes));
		json_put_bool(request, "again", again);
		send(past, request);
	}
	struct json *request = op_new("spare-envelope");
	json_put_hex(request, "statement", VIEW_OF(past->spare.bytes));
	json_put_int(request, "index", 0);
	send(past, request);
}

static void
read_log(struct past *past)
{
	for (int64_t from = 0; from < 160; from += 40) {
		struct json *request = op_new("log-list");

		json_put_int(request, "from", from);
		json_put_int(request, "max", 20);
		send(past, request);
	}
	ask(past, "status");
	ask(past, "founding");
	ask_rotator(past);
}

static void
reads(struct past *past)
{
	read_secrets(past);
	read_ceremonies(past);
	read_documents(past);
	read_spares(past);
	read_log(past);
}

/* ---- what is done ---- */

static void
approve_and_open(struct past *past)
{
	struct bench *bench = past->bench;
	SECRET *credential = NULL;
	struct err err;
	char debt[20];

	assert_ok(bench_approve(bench, &bench->people[INFRA], &past->wanted, &err));
	assert_ok(bench_open(bench, &bench->people[ALICE], &past->wanted, &credential, NULL, &err));
	assert_ok(bench_done(bench, &past->wanted, debt, &err));
}

static void
approve_by_spare(struct past *past)
{
	struct err err;
	struct id id = past_ask(past, MODE_RELEASE, (const char *const[]){"prod/web"}, 1);

	assert_ok(bench_approve(past->bench, &past->bench->people[CISO], &id, &err));
	assert_ok(handing_approve(past->bench, &past->wanted, &err));
}

static void
approve_many(struct past *past)
{
	batch_approve(past->bench, &past->bench->people[SECOPS], &past->many);
}

static void
approve_reseal(struct past *past)
{
	batch_approve(past->bench, &past->bench->people[SECOPS], &past->reseal);
}

static void
approve_rotate(struct past *past)
{
	batch_approve(past->bench, &past->bench->people[SECOPS], &past->rotate);
}

static void
object_to_some(struct past *past)
{
	struct bench *bench = past->bench;
	struct err err;
	struct id id = past_ask(past, MODE_RELEASE, (const char *const[]){"dev/two"}, 1);

	assert_ok(bench_object(bench, &bench->people[INFRA], &id, STATEMENT_DENIAL, &err));
	assert_ok(bench_object(bench, &bench->people[SECOPS], &past->many, STATEMENT_DENIAL, &err));
	assert_ok(
	    bench_object(bench, &bench->people[ALICE], &past->wanted, STATEMENT_CANCEL, &err));
	assert_ok(
	    bench_object(bench, &bench->people[INFRA], &past->reseal, STATEMENT_CANCEL, &err));
}

static void
sign(struct past *past, int person, const struct dsse *draft)
{
	struct err err;
	bool live;

	assert_ok(bench_sign(past->bench, &past->bench->people[person], draft, &live, &err));
	assert_true(live);
}

static void
sign_charter(struct past *past)
{
	sign(past, INFRA, &past->charter);
}

static void
sign_roster(struct past *past)
{
	sign(past, SECOPS, &past->roster);
}

static void
sign_suspension(struct past *past)
{
	sign(past, SECOPS, &past->suspension);
}

static void
suspend_ciso(struct past *past)
{
	const struct bench *bench = past->bench;
	struct suspension suspension = {.vault = bench->vault_id,
	    .charter = bench->charter->digest,
	    .roster = bench->roster,
	    .token = bench->people[INFRA].seat.tokens[0].id,
	    .suspended = bench->people[CISO].seat.tokens[0].id,
	    .time = bench->shared->now,
	    .seat = "infra",
	    .holder = "ciso",
	    .reason = "lost"};
	JSON *payload = NULL;
	DSSE statement = {0};
	struct err err;

	assert_ok(suspension_payload(&suspension, &payload, &err));
	assert_ok(statement_new(STATEMENT_SUSPEND, false, payload, &statement, &err));
	person_sign(&bench->people[INFRA], &statement);
	assert_ok(bench_propose(past->bench, &statement, 0, -1, &err));
	sign(past, SECOPS, &statement);
}

static void
withdraw_draft(struct past *past)
{
	const struct bench *bench = past->bench;
	struct objection objection = {.vault = bench->vault_id,
	    .seat = "ciso",
	    .token = bench->people[CISO].seat.tokens[0].id,
	    .time = bench->shared->now,
	    .reason = "a mistake"};
	struct json *request = op_new("withdraw");
	JSON *payload = NULL;
	DSSE cancel = {0};
	struct err err;

	assert_ok(dsse_digest(&past->charter, &objection.ceremony, &err));
	assert_ok(objection_payload(&objection, &payload, &err));
	assert_ok(statement_new(STATEMENT_CANCEL, false, payload, &cancel, &err));
	person_sign(&bench->people[CISO], &cancel);
	put_statement(request, "statement", &cancel);
	send(past, request);
}

static void
test_token(struct past *past)
{
	struct err err;
	TESTING testing = {0};

	testing_begin(past->bench, &testing);
	assert_ok(testing_open(past->bench, &testing, &err));
	testing.readiness.spares = &testing.spare;
	testing.readiness.spare_count = 1;
	assert_ok(testing_sign(past->bench, &testing, &err));
}

static void
hand_on_again(struct past *past)
{
	struct err err;
	HANDING handing = {0};
	BUF ciphertext = {0};

	assert_true(handing_list(past->bench, true, &handing.open) > 0);
	handing_draw(past->bench, &handing);
	assert_ok(handing_send(past->bench, &handing, &past->bench->people[SECOPS], &err));
	assert_ok(handing_fetch(past->bench, &handing, &err));
	handing_seal(past->bench, &handing, &ciphertext);
	assert_ok(handing_store(past->bench, &handing, buf_view(&ciphertext), &err));
}

static void
add_secret(struct past *past)
{
	past_add(past, "dev/ten", true);
	past_add(past, "dev/eleven", false);
}

static void
end_lease(struct past *past)
{
	struct err err;
	char debt[20];

	assert_ok(bench_done(past->bench, &past->running, debt, &err));
	send(past, bench_done_message(past->bench, &past->closed));
}

static void
rotate_all(struct past *past)
{
	past->bench->shared->now += 30;
	ask_text(past, "rotate", "name", "dev/six");
	ask_text(past, "rotate", "name", "dev/two");
	past->bench->shared->now += 100;
	ask(past, "rotate");
}

static void
advance_each(struct past *past)
{
	const struct id *ids[] = {&past->wanted, &past->running, &past->denied, &past->many};

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		ask_hex(past, "advance", "id", VIEW_OF(ids[i]->bytes));
}

/* Nobody does anything: deadlines and leases pass, debts are due. */
static void
let_time_pass(struct past *past)
{
	bench_end(past->bench);
	past->bench->shared->now += 7200;
	say_hello(past);
	bench_end(past->bench);
}

/* ---- recording ---- */

static const struct {
	const char *name;
	void (*run)(struct past *past);
} scripts[] = {
    {"approve, open, done", approve_and_open},
    {"approve with a spare", approve_by_spare},
    {"approve a release of two", approve_many},
    {"approve a reseal", approve_reseal},
    {"approve a rotation", approve_rotate},
    {"request, deny, cancel", object_to_some},
    {"sign a charter", sign_charter},
    {"sign a roster", sign_roster},
    {"sign a suspension", sign_suspension},
    {"suspend", suspend_ciso},
    {"withdraw", withdraw_draft},
    {"test a token", test_token},
    {"hand shares on", hand_on_again},
    {"add secrets", add_secret},
    {"done", end_lease},
    {"rotate", rotate_all},
    {"advance", advance_each},
    {"let time pass", let_time_pass},
};

/* With a session that is open before anything is done. */
static struct script *
begin(struct past *past, const char *name, uint64_t number)
{
	struct script *script = calloc(1, sizeof(*script));

	assert_non_null(script);
	script->name = name;
	script->number = number;
	past_restore(past);
	past->bench->shared->now = past->bench->kept_at;
	tape_record(past->bench, script);
	say_hello(past);
	return script;
}

/* What the vault says of itself afterwards; and that all of it is right. */
static void
finish(struct past *past)
{
	struct json *request = op_new("chain");

	ask(past, "status");
	json_put_int(request, "size", 50);
	send(past, request);
	ask(past, "log-verify");
	bench_end(past->bench);
	tape_record(past->bench, NULL);
}

void
past_record(struct past *past)
{
	past->bench->kept_at = past->bench->shared->now;
	past->reads = begin(past, "reads", 1);
	reads(past);
	bench_end(past->bench);
	seams()->due = true;
	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		past->scripts[past->script_count++] = begin(past, scripts[i].name, 2 + i);
		scripts[i].run(past);
		finish(past);
	}
	past_restore(past);
}
