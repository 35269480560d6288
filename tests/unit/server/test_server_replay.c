/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every message of a ceremony, recorded as it went over the wire and said again word for word by whoever
 * heard it: it brings nothing, changes nothing, and makes no leaf.
 */
#include <stdio.h>

#include "tests/unit/server/batch_bench.h"
#include "tests/unit/server/spare_bench.h"
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

/* What only looks is not kept. */
static void
record(const struct json *json, struct view blob)
{
	static const char *const ops[] = {"request", "approve", "envelope", "shares", "advance",
	    "object", "open", "done", "secret-add", "spare", "spare-envelope", "spare-box"};
	const char *op = json_object_text(json, "op");
	BUF text = {0};
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		if (strcmp(ops[i], op) != 0)
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
	    " + (SELECT count(*) FROM documents)");
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
		if (code == ERR_INTERNAL || code == ERR_PROTOCOL || code == ERR_INTEGRITY)
			fail_msg("%s again: %s", row->op, err.text);
		if (strcmp(row->op, "request") == 0 && code != ERR_EXISTS && code != ERR_EXPIRED)
			fail_msg("a request again: %s", err_name(code));
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
	assert_string_equal(last->op, "envelope");
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
	batch_expect(reply_open(&ids, stranger, buf_view(&sealed), &opened, &err), ERR_INTEGRITY,
	    &err, "");
	batch_expect(reply_open(&ids, ciso->keys[KEY_SHARE], buf_view(&sealed), &opened, &err),
	    ERR_INTEGRITY, &err, "");
	assert_ok(reply_open(&ids, approving.reply, buf_view(&sealed), &opened, &err));
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
	    cmocka_unit_test(a_repeated_approval_brings_an_envelope_that_only_its_officer_opens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
