/* SPDX-License-Identifier: Apache-2.0 */
/* Documents that wait for signatures, side by side: ceremony/server/documents/{propose,waiting,withdraw}.c */
#include "tests/unit/server/server_bench.h"

#include <stdlib.h>

#include "base/crypto_key.h"
#include "base/text.h"
#include "vault/documents/charter.h"

enum { DAYS_14 = 14 * 86400 };

DESTRUCTOR(free_charter, struct charter, free)

/* The next charter, with a nonce of its own, signed by PERSON (NULL: nobody). */
static void
draw_up(struct bench *bench, const struct person *person, int64_t created,
    struct dsse *ret_statement)
{
	CLEANUP(free_charter) struct charter *next = calloc(1, sizeof(*next));
	struct err err;
	JSON *payload = NULL;

	*next = *bench->charter;
	next->previous = bench->charter->digest;
	next->version++;
	next->created = created;
	assert_ok(charter_payload(next, &payload, &err));
	assert_ok(statement_new(STATEMENT_CHARTER, false, payload, ret_statement, &err));
	if (person != NULL)
		person_sign(person, ret_statement);
}

/* "charter ciso 2\n...": type, proposer, number of signatures. */
static const char *
waiting(struct bench *bench, struct buf *text)
{
	struct err err;
	JSON *reply = NULL;

	buf_done(text);
	assert_ok(bench_call(bench, op_new("drafts"), (struct view){0}, &reply, NULL, &err));
	struct json_in in = reply_in(reply, "drafts", &err);
	const struct json *rows = json_in_array(&in, "drafts", 0, 100);
	assert_ok(json_in_end(&in));
	for (size_t i = 0; i < json_array_count(rows); i++) {
		struct json_in row = json_in(json_array_object(rows, i), "draft", &err);
		struct digest digest;

		json_in_hex(&row, "digest", digest.bytes, DIGEST_SIZE);
		const char *type = json_in_text(&row, "type", 1, 20);
		const char *seat = json_in_text(&row, "seat", 1, SEAT_NAME_MAX);
		int64_t signatures = json_in_int(&row, "signatures", 1, 100);
		(void)json_in_time(&row, "until");
		assert_ok(json_in_end(&row));
		buf_format(text, "%s %s %d\n", type, seat, (int)signatures);
	}
	return text->size > 0 ? buf_string(text) : "";
}

static enum err_code
withdraw(struct bench *bench, const struct digest *vault, const struct person *person,
    const struct dsse *draft, struct dsse *ret_cancel, struct err *err)
{
	struct objection objection = {.vault = *vault,
	    .token = person->seat.tokens[0].id,
	    .time = bench->shared->now,
	    .reason = "a mistake"};
	struct json *request = NULL;
	JSON *payload = NULL;
	JSON *reply = NULL;

	snprintf(objection.seat, sizeof(objection.seat), "%s", person->seat.name);
	TRY(dsse_digest(draft, &objection.ceremony, err));
	TRY(objection_payload(&objection, &payload, err));
	TRY(statement_new(STATEMENT_CANCEL, false, payload, ret_cancel, err));
	person_sign(person, ret_cancel);
	request = op_new("withdraw");
	put_statement(request, "statement", ret_cancel);
	return bench_call(bench, request, (struct view){0}, &reply, NULL, err);
}

static void
who_has_no_token_of_the_vault_proposes_nothing(void **state)
{
	struct bench *bench = *state;
	struct err err;
	DSSE waits = {0}, unsigned_one = {0}, responders = {0};
	CLEANUP(free_charter) struct charter *next = calloc(1, sizeof(*next));
	JSON *payload = NULL;
	DSSE strangers = {0};
	BUF text = {0};

	draw_up(bench, &bench->people[CISO], bench->shared->now, &waits);
	assert_ok(bench_propose(bench, &waits, 0, -1, &err));
	uint64_t before = bench_log_size(bench);
	draw_up(bench, NULL, bench->shared->now, &unsigned_one);
	assert_error(ERR_REFUSED, bench_propose(bench, &unsigned_one, 0, -1, &err));
	assert_says("whoever proposes it signs it");
	draw_up(bench, &bench->people[ALICE], bench->shared->now, &responders);
	assert_error(ERR_REFUSED, bench_propose(bench, &responders, 0, -1, &err));
	/* Whose own draft gives them a token. */
	*next = *bench->charter;
	next->previous = bench->charter->digest;
	next->version++;
	next->created = bench->shared->now;
	struct seat *seat = &next->seats[SECOPS];
	seat->tokens[seat->token_count++] = bench->people[SECOND].seat.tokens[0];
	assert_ok(charter_payload(next, &payload, &err));
	assert_ok(statement_new(STATEMENT_CHARTER, false, payload, &strangers, &err));
	person_sign(&bench->people[SECOND], &strangers);
	assert_error(ERR_REFUSED, bench_propose(bench, &strangers, SECOND, SECOND, &err));
	assert_says("has a seat in the charter in force");
	/* Nor does repeating what another proposed. */
	assert_error(ERR_EXISTS, bench_propose(bench, &waits, 0, -1, &err));
	assert_string_equal(waiting(bench, &text), "charter ciso 1\n");
	assert_true(bench_log_size(bench) == before);
}

static void
proposals_wait_side_by_side_and_lose_no_signature(void **state)
{
	struct bench *bench = *state;
	struct err err;
	DSSE first = {0}, second = {0};
	BUF text = {0};
	bool live;

	draw_up(bench, &bench->people[CISO], bench->shared->now, &first);
	draw_up(bench, &bench->people[INFRA], bench->shared->now, &second);
	assert_ok(bench_propose(bench, &first, 0, -1, &err));
	assert_error(ERR_EXISTS, bench_sign(bench, &bench->people[CISO], &first, &live, &err));
	assert_ok(bench_sign(bench, &bench->people[AUDIT], &first, &live, &err));
	assert_false(live); /* audit is outside the change quorum */
	assert_ok(bench_propose(bench, &second, 0, -1, &err));
	assert_string_equal(waiting(bench, &text), "charter ciso 2\ncharter infra 1\n");
	/* With the one signature that it had first, from whoever saw it. */
	assert_error(ERR_EXISTS, bench_propose(bench, &first, 0, -1, &err));
	assert_error(ERR_REFUSED, bench_sign(bench, &bench->people[ALICE], &second, &live, &err));
	assert_string_equal(waiting(bench, &text), "charter ciso 2\ncharter infra 1\n");
	assert_ok(bench_sign(bench, &bench->people[SECOPS], &first, &live, &err));
	assert_true(live);
	charter_freep(&bench->charter);
	assert_ok(charter_parse(&first, &bench->charter, &err));
	assert_string_equal(waiting(bench, &text), ""); /* the other does not follow it */
	assert_error(ERR_NOT_FOUND,
	    bench_sign(bench, &bench->people[SECOPS], &second, &live, &err));
	assert_says("no such draft waits");
	bench_verify(bench);
}

static void
a_fifth_draft_of_a_seat_waits_until_one_is_withdrawn(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct dsse drafts[4] = {{{0}}};
	DSSE fifth = {0}, others = {0}, cancel = {0}, again = {0}, elsewhere = {0};
	BUF text = {0};
	char hex[2 * DIGEST_SIZE + 1];
	struct digest digest;

	for (size_t i = 0; i < ARRAY_SIZE(drafts); i++) {
		draw_up(bench, &bench->people[CISO], bench->shared->now, &drafts[i]);
		assert_ok(bench_propose(bench, &drafts[i], 0, -1, &err));
	}
	draw_up(bench, &bench->people[CISO], bench->shared->now, &fifth);
	assert_error(ERR_REFUSED, bench_propose(bench, &fifth, 0, -1, &err));
	assert_ok(dsse_digest(&drafts[0], &digest, &(struct err){0}));
	text_hex(VIEW_OF(digest.bytes), hex);
	hex[8] = '\0';
	assert_says(hex);
	assert_says("halligan withdraw ");
	draw_up(bench, &bench->people[AUDIT], bench->shared->now, &others);
	assert_ok(bench_propose(bench, &others, 0, -1, &err));
	assert_error(ERR_REFUSED,
	    withdraw(bench, &bench->vault_id, &bench->people[AUDIT], &drafts[0], &again, &err));
	assert_says("only seat \"ciso\"");
	assert_error(ERR_REFUSED,
	    withdraw(bench, &bench->init, &bench->people[CISO], &drafts[0], &elsewhere, &err));
	assert_says("cancel: vault: it is for another vault");
	assert_ok(
	    withdraw(bench, &bench->vault_id, &bench->people[CISO], &drafts[0], &cancel, &err));
	assert_ok(bench_propose(bench, &fifth, 0, -1, &err));
	assert_string_equal(waiting(bench, &text),
	    "charter ciso 1\ncharter ciso 1\ncharter ciso 1\ncharter audit 1\ncharter ciso 1\n");
	/* What was withdrawn is brought back by nobody. */
	assert_error(ERR_EXISTS, bench_propose(bench, &drafts[0], 0, -1, &err));
	for (size_t i = 0; i < ARRAY_SIZE(drafts); i++)
		dsse_done(&drafts[i]);
	bench_verify(bench);
}

static void
a_draft_counts_for_fourteen_days_and_no_longer(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct dsse drafts[5] = {{{0}}};
	DSSE ahead = {0};
	BUF text = {0};
	bool live;

	draw_up(bench, &bench->people[CISO], bench->shared->now + 3600, &ahead);
	assert_error(ERR_REFUSED, bench_propose(bench, &ahead, 0, -1, &err));
	assert_says("from the future");
	for (size_t i = 0; i < 4; i++) {
		draw_up(bench, &bench->people[CISO], bench->shared->now, &drafts[i]);
		assert_ok(bench_propose(bench, &drafts[i], 0, -1, &err));
	}
	bench->shared->now += DAYS_14 - 1;
	assert_ok(bench_sign(bench, &bench->people[AUDIT], &drafts[0], &live, &err));
	bench->shared->now += 1;
	assert_error(ERR_EXPIRED,
	    bench_sign(bench, &bench->people[SECOPS], &drafts[0], &live, &err));
	assert_says("more than 14 days");
	assert_string_equal(waiting(bench, &text), "");
	assert_error(ERR_REFUSED, bench_propose(bench, &drafts[1], 0, -1, &err));
	assert_says("older than a draft may be");
	draw_up(bench, &bench->people[CISO], bench->shared->now, &drafts[4]);
	assert_ok(bench_propose(bench, &drafts[4], 0, -1, &err)); /* those four count no more */
	assert_string_equal(waiting(bench, &text), "charter ciso 1\n");
	for (size_t i = 0; i < ARRAY_SIZE(drafts); i++)
		dsse_done(&drafts[i]);
	bench_verify(bench);
}

static enum err_code
try_it(struct bench *bench, const struct dsse *statement, struct err *err)
{
	JSON *reply = NULL;
	struct json *request = op_new("propose");

	put_statement(request, "statement", statement);
	json_put(request, "enrolments", json_new_array());
	json_put_bool(request, "try", true);
	return bench_call(bench, request, (struct view){0}, &reply, NULL, err);
}

/* So that a client hears before PIN and touch what would be refused. */
static void
what_is_tried_is_judged_and_not_kept(void **state)
{
	struct bench *bench = *state;
	struct err err;
	DSSE draft = {0}, ahead = {0}, cancel = {0};
	BUF text = {0};
	uint64_t before = bench_log_size(bench);

	draw_up(bench, NULL, bench->shared->now, &draft);
	assert_ok(try_it(bench, &draft, &err));
	draw_up(bench, NULL, bench->shared->now + 3600, &ahead);
	assert_error(ERR_REFUSED, try_it(bench, &ahead, &err));
	assert_says("from the future");
	bench->charter->version++;
	dsse_done(&ahead);
	ahead = (struct dsse){0};
	draw_up(bench, NULL, bench->shared->now, &ahead);
	bench->charter->version--;
	assert_error(ERR_REFUSED, try_it(bench, &ahead, &err));
	assert_says("charter: version: 3 does not follow 1");
	assert_error(ERR_NOT_FOUND,
	    withdraw(bench, &bench->vault_id, &bench->people[CISO], &draft, &cancel, &err));
	assert_error(ERR_INVALID, try_it(bench, &cancel, &err));
	assert_says("only a charter, roster, suspension or definition is proposed");
	assert_string_equal(waiting(bench, &text), "");
	assert_true(bench_log_size(bench) == before);
	/* It can still be proposed. */
	person_sign(&bench->people[CISO], &draft);
	assert_ok(bench_propose(bench, &draft, 0, -1, &err));
}

static int
setup(void **state)
{
	*state = bench_new(false);
	return 0;
}

static int
teardown(void **state)
{
	bench_free(*state);
	return 0;
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(who_has_no_token_of_the_vault_proposes_nothing),
	    CASE(proposals_wait_side_by_side_and_lose_no_signature),
	    CASE(a_fifth_draft_of_a_seat_waits_until_one_is_withdrawn),
	    CASE(what_is_tried_is_judged_and_not_kept),
	    CASE(a_draft_counts_for_fourteen_days_and_no_longer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
