/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of the chain of documents: it saves reading them, and is held against them. */
#include "ceremony/protocol/message.h"
#include "tests/unit/server/hand_bench.h"
#include "vault/documents/chain.h"
#include "vault/store/statement.h"

static enum err_code
ask(struct bench *bench, const char *op, struct err *err)
{
	JSON *reply = NULL;

	return bench_call(bench, op_new(op), (struct view){0}, &reply, NULL, err);
}

/* TEXT (NULL: none) is what is kept; RET_BEFORE: what was. */
static void
keep(struct bench *bench, const char *text, struct buf *ret_before)
{
	struct hand hand;
	struct err err;

	hand_begin(bench, &hand);
	assert_ok(store_get_text(hand.store, "chain", ret_before, &err));
	assert_ok(store_set_text(hand.store, "chain", text, &err));
	hand_commit(bench, &hand);
}

static void
without_it_all_documents_are_read_and_log_verify_alarms(void **state)
{
	struct bench *bench = bench_new(false);
	BUF before = {0};
	struct err err;

	(void)state;
	bench_verify(bench);
	keep(bench, NULL, &before);
	assert_ok(ask(bench, "status", &err));
	assert_error(ERR_INTEGRITY, ask(bench, "log-verify", &err));
	assert_says("what is kept of the charters, rosters and suspensions is not what they say");
	bench_free(bench);
}

static void
what_is_damaged_is_an_alarm_in_each_command(void **state)
{
	static const char *const wrong[] = {"!", "", "aGFsbGlnYW4gY2hhaW4gMQ=="};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct bench *bench = bench_new(false);
		BUF before = {0};

		keep(bench, wrong[i], &before);
		assert_error(ERR_INTEGRITY, ask(bench, "status", &err));
		assert_says("what is kept of the charters, rosters and suspensions is damaged");
		bench_free(bench);
	}
}

/* The state of a vault whose documents went on, and what was kept did not. */
static void
an_older_one_is_gone_on_from_and_log_verify_alarms(void **state)
{
	struct bench *bench = bench_new(false);
	BUF before = {0}, newer = {0};
	struct err err;

	(void)state;
	keep(bench, "!", &before);
	keep(bench, buf_string(&before), &newer);
	bench_verify(bench);
	assert_ok(bench_suspend(bench, INFRA, AUDIT, &err));
	bench_verify(bench);
	keep(bench, buf_string(&before), &newer);
	assert_true(newer.size > before.size);
	assert_ok(ask(bench, "status", &err));
	assert_error(ERR_INTEGRITY, ask(bench, "log-verify", &err));
	assert_says("is not what they say");
	bench_free(bench);
}

/* What is kept spares every session the old documents: whoever changed one is found by whoever reads it. */
static void
an_old_document_is_read_by_nobody_but_log_verify(void **state)
{
	struct bench *bench = bench_new(false);
	struct err err;

	(void)state;
	assert_ok(bench_suspend(bench, INFRA, AUDIT, &err));
	assert_ok(bench_suspend(bench, INFRA, ALICE, &err));
	bench_tamper(bench,
	    "UPDATE statements SET text = x'7b7d' WHERE digest ="
	    " (SELECT digest FROM documents WHERE position = 3)");
	assert_ok(ask(bench, "status", &err));
	assert_error(ERR_INTEGRITY, ask(bench, "log-verify", &err));
	bench_free(bench);
}

/* How many documents are shown from where to whoever has COUNT of them with that DIGEST. */
static void
expect_shown(struct bench *bench, int64_t count, const struct digest *digest, int64_t from,
    size_t shown)
{
	struct json *request = op_new("chain");
	JSON *reply = NULL;
	struct err err;

	json_put_int(request, "size", 0);
	json_put_int(request, "documents", count);
	json_put_hex(request, "digest", VIEW_OF(digest->bytes));
	assert_ok(bench_call(bench, request, (struct view){0}, &reply, NULL, &err));
	struct json_in in = json_in(reply, "reply", &err);
	assert_int_equal(json_in_int(&in, "from", 0, 100), from);
	assert_non_null(json_in_array(&in, "documents", shown, shown));
}

static void
a_client_gets_the_documents_that_it_lacks(void **state)
{
	struct bench *bench = bench_new(false);
	static const struct digest zero;
	BUF both = {0};
	struct digest one, two;
	struct err err;

	(void)state;
	assert_ok(sha256_one(VIEW_OF(bench->charter->digest.bytes), &one, &err));
	buf_bytes(&both, VIEW_OF(bench->charter->digest.bytes));
	buf_bytes(&both, VIEW_OF(bench->roster.bytes));
	assert_ok(sha256_one(buf_view(&both), &two, &err));
	expect_shown(bench, 0, &zero, 0, 2);
	expect_shown(bench, 1, &one, 1, 1);
	expect_shown(bench, 2, &two, 2, 0);
	expect_shown(bench, 1, &two, 0, 2); /* it has seen another chain */
	expect_shown(bench, 3, &two, 0, 2);
	expect_shown(bench, CHAIN_DOCUMENTS_MAX, &two, 0, 2);
	bench_free(bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_it_all_documents_are_read_and_log_verify_alarms),
	    cmocka_unit_test(what_is_damaged_is_an_alarm_in_each_command),
	    cmocka_unit_test(an_older_one_is_gone_on_from_and_log_verify_alarms),
	    cmocka_unit_test(an_old_document_is_read_by_nobody_but_log_verify),
	    cmocka_unit_test(a_client_gets_the_documents_that_it_lacks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
