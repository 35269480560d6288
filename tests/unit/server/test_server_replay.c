/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every message of a ceremony, a test, or a document, recorded as it went over the wire and said again word for
 * word by whoever heard it: it brings nothing, changes nothing, and makes no leaf.
 */
#include <stdio.h>

#include "tests/unit/server/batch_bench.h"
#include "tests/unit/server/spare_bench.h"
#include "vault/documents/charter.h"
#include "vault/seal/reply.h"

enum { TAPE_MAX = 64 };

struct spoken {
	struct json *message;
	struct buf blob;
	char op[40];
};
struct tape {
	struct spoken rows[TAPE_MAX];
	size_t count;
	bool records;
};

static struct tape *
tape(void)
{
	static struct tape tape;

	return &tape;
}

static void
tape_begin(void)
{
	for (size_t i = 0; i < tape()->count; i++) {
		json_free(tape()->rows[i].message);
		buf_done(&tape()->rows[i].blob);
	}
	*tape() = (struct tape){.records = true};
}

enum err_code __real_wire_send(int fd, const struct json *json, struct view blob, int64_t deadline,
    struct err *err);
enum err_code __wrap_wire_send(int fd, const struct json *json, struct view blob, int64_t deadline,
    struct err *err);

/* What is kept (not what only looks), and what whoever repeats it hears: nothing new, that it exists (and SAYS), or
 * that it is over. */
static const struct {
	const char *op;
	unsigned codes;
	const char *says;
} ops[] = {
#define CODE(name) (1u << ERR_##name)
    {"propose", CODE(EXISTS) | CODE(REFUSED), "accepted before"},
    {"sign", CODE(EXISTS) | CODE(NOT_FOUND), "has signed it already"},
    {"withdraw", CODE(NOT_FOUND), ""}, {"request", CODE(EXISTS) | CODE(EXPIRED), "accepted before"},
    {"approve", CODE(OK) | CODE(REFUSED), ""},
    {"envelopes", CODE(OK) | CODE(EXISTS) | CODE(REFUSED), "has given its shares"},
    {"shares", CODE(EXISTS) | CODE(REFUSED), "has given its shares"}, {"advance", CODE(OK), ""},
    {"object", CODE(EXISTS) | CODE(REFUSED), "has denied already"},
    {"open", CODE(OK) | CODE(EXPIRED), ""}, {"done", CODE(OK), ""},
    {"adopt", CODE(EXISTS), "has a value already"}, {"spare", CODE(EXISTS), "accepted before"},
    {"spare-envelope", CODE(OK), ""},
    {"spare-box", CODE(EXISTS), "has the envelope of this statement already"},
    {"test-box", CODE(OK) | CODE(EXPIRED), ""},
    {"test", CODE(EXISTS) | CODE(EXPIRED), "accepted before"}
#undef CODE
};

static bool
stands_in(const char *op, const struct err *err, enum err_code code)
{
	size_t i = 0;

	while (strcmp(ops[i].op, op) != 0)
		i++;
	return (ops[i].codes >> code & 1) != 0 &&
	    (code != ERR_EXISTS || strstr(err->text, ops[i].says) != NULL);
}

static void
record(const struct json *json, struct view blob)
{
	const char *op = json_object_text(json, "op");
	BUF text = {0};
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		if (strcmp(ops[i].op, op) != 0)
			continue;
		assert_true(tape()->count < TAPE_MAX);
		struct spoken *row = &tape()->rows[tape()->count++];
		assert_ok(json_encode(json, &text, &err));
		assert_ok(json_parse(buf_view(&text), &row->message, &err));
		buf_bytes(&row->blob, blob);
		snprintf(row->op, sizeof(row->op), "%s", op);
	}
}

enum err_code
__wrap_wire_send(int fd, const struct json *json, struct view blob, int64_t deadline,
    struct err *err)
{
	if (tape()->records)
		record(json, blob);
	return __real_wire_send(fd, json, blob, deadline, err);
}

/* The state of every row that a statement may change. */
static int64_t
rows_of(struct bench *bench)
{
	return bench_count(bench,
	    "SELECT (SELECT count(*) FROM log_leaf) * 1000000 + (SELECT count(*) FROM statements) * 1000"
	    " + (SELECT count(*) FROM voices) + (SELECT count(*) FROM shares)"
	    " + (SELECT count(*) FROM ceremonies) + (SELECT count(*) FROM spares)"
	    " + (SELECT count(*) FROM documents) + (SELECT count(*) FROM drafts)"
	    " + (SELECT count(*) FROM tests) + (SELECT count(*) FROM definitions)"
	    " + (SELECT count(*) FROM secrets) + (SELECT count(*) FROM versions)"
	    " + (SELECT count(*) FROM opened) + (SELECT count(*) FROM answers)"
	    " + (SELECT count(*) FROM debts)");
}

/* All of it again, in its order. */
static void
say_again(struct bench *bench)
{
	size_t files = bench_files(bench, "ceremony");
	int64_t before = rows_of(bench);

	tape()->records = false;
	for (size_t i = 0; i < tape()->count; i++) {
		const struct spoken *row = &tape()->rows[i];
		JSON *reply = NULL;
		BUF text = {0}, out = {0};
		struct json *message = NULL;
		struct err err;

		assert_ok(json_encode(row->message, &text, &err));
		assert_ok(json_parse(buf_view(&text), &message, &err));
		enum err_code code =
		    bench_call(bench, message, buf_view(&row->blob), &reply, &out, &err);
		if (!stands_in(row->op, &err, code))
			fail_msg("%s again: %s: %s", row->op, err_name(code),
			    code != ERR_OK ? err.text : "");
		if (rows_of(bench) != before)
			fail_msg("%s again changed something", row->op);
	}
	assert_int_equal(bench_files(bench, "ceremony"), files);
	tape()->records = true;
}

/* --- What is repeated --------------------------------------------------------------------- */

static void
each_step_of_a_release_repeated_makes_no_leaf(void **state)
{
	struct bench *bench = bench_new(false);
	struct person *people = bench->people;
	SECRET *credential = NULL;
	struct err err;
	char debt[20];

	(void)state;
	tape_begin();
	bench_add_secret(bench);
	say_again(bench);
	struct id id = bench_request(bench, &people[ALICE], "prod/db");
	say_again(bench);
	assert_ok(bench_approve(bench, &people[CISO], &id, &err));
	say_again(bench);
	assert_ok(bench_object(bench, &people[INFRA], &id, STATEMENT_DENIAL, &err));
	say_again(bench);
	assert_ok(bench_approve(bench, &people[SECOPS], &id, &err));
	say_again(bench);
	assert_ok(bench_open(bench, &people[ALICE], &id, &credential, NULL, &err));
	say_again(bench);
	assert_ok(bench_done(bench, &id, debt, &err));
	assert_string_equal(debt, "retired");
	say_again(bench);
	/* Nor do they touch the next ceremony for the same secret. */
	struct id next = bench_request(bench, &people[ALICE], "prod/db");
	say_again(bench);
	assert_ok(bench_object(bench, &people[ALICE], &next, STATEMENT_CANCEL, &err));
	say_again(bench);
	bench_verify(bench);
	bench_free(bench);
}

static void
each_step_of_a_ceremony_for_many_repeated_makes_no_leaf(void **state)
{
	struct bench *bench = batch_bench(false, 2);

	(void)state;
	tape_begin();
	struct id id = batch_ask(bench, MODE_RESEAL);
	say_again(bench);
	batch_give_all(bench, &bench->people[CISO], &id);
	say_again(bench);
	batch_approve(bench, &bench->people[SECOPS], &id);
	say_again(bench);
	bench_verify(bench);
	bench_free(bench);
}

static void
each_step_of_a_handing_on_repeated_makes_no_leaf(void **state)
{
	struct bench *bench = handing_bench();

	(void)state;
	tape_begin();
	handing_run(bench);
	say_again(bench);
	bench_verify(bench);
	bench_free(bench);
}

/* secops tests the token that shares were handed on to. */
static void
each_step_of_a_test_repeated_makes_no_leaf(void **state)
{
	struct bench *bench = handing_bench();
	TESTING testing = {0};
	struct err err;

	(void)state;
	handing_run(bench);
	tape_begin();
	testing_begin(bench, &testing);
	assert_ok(testing_open(bench, &testing, &err));
	testing.readiness.spares = &testing.spare;
	testing.readiness.spare_count = 1;
	assert_ok(testing_sign(bench, &testing, &err));
	say_again(bench);
	/* Nor once its probes are too old. */
	bench->shared->now += READINESS_SECONDS;
	say_again(bench);
	bench_verify(bench);
	bench_free(bench);
}

/* The charter in force with another version number, signed by CISO; or the roster without anybody. */
static void
draw_up(struct bench *bench, bool charter, struct dsse *ret_statement)
{
	struct charter next = *bench->charter;
	ROSTER *roster = NULL;
	JSON *payload = NULL;
	struct err err;

	next.previous = bench->charter->digest;
	next.version++;
	next.created = bench->shared->now;
	assert_ok(roster_new(&roster, &err));
	roster->vault = bench->vault_id;
	roster->charter = bench->charter->digest;
	roster->version = 2;
	roster->previous = bench->roster;
	roster->created = bench->shared->now;
	assert_ok(charter ? charter_payload(&next, &payload, &err) :
	                    roster_payload(roster, &payload, &err));
	assert_ok(statement_new(charter ? STATEMENT_CHARTER : STATEMENT_ROSTER, false, payload,
	    ret_statement, &err));
	person_sign(&bench->people[CISO], ret_statement);
}

static void
withdraw(struct bench *bench, const struct dsse *draft)
{
	struct objection objection = {.vault = bench->vault_id,
	    .seat = "ciso",
	    .token = bench->people[CISO].seat.tokens[0].id,
	    .time = bench->shared->now,
	    .reason = "a mistake"};
	struct json *request = op_new("withdraw");
	JSON *payload = NULL;
	DSSE cancel = {0};
	struct err err;

	assert_ok(dsse_digest(draft, &objection.ceremony, &err));
	assert_ok(objection_payload(&objection, &payload, &err));
	assert_ok(statement_new(STATEMENT_CANCEL, false, payload, &cancel, &err));
	person_sign(&bench->people[CISO], &cancel);
	put_statement(request, "statement", &cancel);
	bench_must(bench, request);
}

static void
each_step_of_the_founding_repeated_makes_no_leaf(void **state)
{
	struct err err;
	bool live;

	(void)state;
	tape_begin();
	struct bench *bench = bench_found(false);
	say_again(bench);
	assert_ok(bench_sign(bench, &bench->people[CAROL], &bench->draft, &live, &err));
	assert_true(live);
	say_again(bench);
	bench_verify(bench);
	bench_free(bench);
}

static void
each_step_of_a_document_repeated_makes_no_leaf(void **state)
{
	struct bench *bench = bench_new(false);
	DSSE charter = {0}, withdrawn = {0}, roster = {0};
	struct err err;
	bool live;

	(void)state;
	tape_begin();
	draw_up(bench, true, &withdrawn);
	assert_ok(bench_propose(bench, &withdrawn, 0, -1, &err));
	say_again(bench);
	withdraw(bench, &withdrawn);
	say_again(bench);
	draw_up(bench, false, &roster);
	assert_ok(bench_propose(bench, &roster, 0, -1, &err));
	assert_ok(bench_sign(bench, &bench->people[INFRA], &roster, &live, &err));
	assert_true(live);
	say_again(bench);
	bench->shared->now++;
	draw_up(bench, true, &charter);
	assert_ok(bench_propose(bench, &charter, 0, -1, &err));
	assert_ok(bench_sign(bench, &bench->people[AUDIT], &charter, &live, &err));
	assert_false(live); /* audit is outside the change quorum */
	say_again(bench);
	assert_ok(bench_sign(bench, &bench->people[SECOPS], &charter, &live, &err));
	assert_true(live);
	say_again(bench);
	bench_verify(bench);
	bench_free(bench);
}

/* Of whoever heard the approval and asks for the envelope: it is sealed to the officer's key. */
static void
a_repeated_approval_brings_an_envelope_that_only_its_officer_opens(void **state)
{
	struct bench *bench = bench_new(false);
	struct person *ciso = &bench->people[CISO];
	SHOWN shown = {0};
	APPROVING approving = {0};
	BUF envelope = {0}, sealed = {0}, opened = {0};
	JSON *reply = NULL;
	P256_KEY *stranger = NULL;
	struct err err;

	(void)state;
	tape_begin();
	bench_add_secret(bench);
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	bench_show(bench, &id, &shown);
	approving_draw(bench, ciso, &shown, &approving);
	approving_sign(&approving);
	assert_ok(approving_ask(bench, &shown, &approving, &envelope, &err));
	say_again(bench);
	const struct spoken *last = &tape()->rows[tape()->count - 1];
	assert_string_equal(last->op, "envelopes");
	BUF text = {0};
	struct json *message = NULL;
	assert_ok(json_encode(last->message, &text, &err));
	assert_ok(json_parse(buf_view(&text), &message, &err));
	assert_ok(bench_call(bench, message, (struct view){0}, &reply, &sealed, &err));
	const struct reply_ids ids = {.vault = bench->vault_id,
	    .statement = approving.digest,
	    .header = shown.ceremony.items.rows[0].header,
	    .seat = approving.approval.seat,
	    .token = approving.approval.token};
	assert_ok(p256_key_new(&stranger, &err));
	batch_expect(reply_open(&ids, stranger, bench_field(&sealed), &opened, &err), ERR_INTEGRITY,
	    &err, "");
	batch_expect(reply_open(&ids, ciso->keys[KEY_SHARE], bench_field(&sealed), &opened, &err),
	    ERR_INTEGRITY, &err, "");
	assert_ok(reply_open(&ids, approving.reply, bench_field(&sealed), &opened, &err));
	assert_view(buf_view(&opened), buf_view(&envelope));
	bench_free(bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_step_of_a_release_repeated_makes_no_leaf),
	    cmocka_unit_test(each_step_of_a_ceremony_for_many_repeated_makes_no_leaf),
	    cmocka_unit_test(each_step_of_a_handing_on_repeated_makes_no_leaf),
	    cmocka_unit_test(each_step_of_a_test_repeated_makes_no_leaf),
	    cmocka_unit_test(each_step_of_the_founding_repeated_makes_no_leaf),
	    cmocka_unit_test(each_step_of_a_document_repeated_makes_no_leaf),
	    cmocka_unit_test(a_repeated_approval_brings_an_envelope_that_only_its_officer_opens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
