/* SPDX-License-Identifier: Apache-2.0 */
/* Suspensions, tests of tokens, and charters that would shut a vault: ceremony/server/documents/{suspend,token_test}.c ... */
#include <stdio.h>
#include <unistd.h>

#include "base/hpke.h"
#include "base/text.h"
#include "ceremony/protocol/test.h"
#include "tests/unit/server/batch_bench.h"
#include "tests/unit/server/hand_bench.h"
#include "vault/documents/charter.h"
#include "vault/documents/suspension.h"

static const struct digest *
token_of(const struct person *person)
{
	return &person->seat.tokens[0].id;
}

static void
suspension_of(const struct bench *bench, const struct person *by, const struct person *of,
    struct suspension *ret_suspension)
{
	struct suspension suspension = {.vault = bench->vault_id,
	    .charter = bench->charter->digest,
	    .roster = bench->roster,
	    .token = *token_of(by),
	    .suspended = *token_of(of),
	    .time = bench->shared->now,
	    .reason = "lost"};

	snprintf(suspension.seat, sizeof(suspension.seat), "%s", by->name);
	snprintf(suspension.holder, sizeof(suspension.holder), "%s", of->name);
	*ret_suspension = suspension;
}

static void
state(const struct suspension *suspension, struct dsse *ret_statement)
{
	struct err err;
	JSON *payload = NULL;

	assert_ok(suspension_payload(suspension, &payload, &err));
	assert_ok(statement_new(STATEMENT_SUSPEND, false, payload, ret_statement, &err));
}

static enum err_code
send_suspension(struct bench *bench, const struct dsse *statement, bool *ret_live, char *ret_names,
    struct err *err)
{
	struct json *request = op_new("propose");
	JSON *reply = NULL;
	struct digest digest;

	put_statement(request, "statement", statement);
	json_put_bool(request, "try", false);
	json_put(request, "enrolments", json_new_array());
	TRY(bench_call(bench, request, (struct view){0}, &reply, NULL, err));
	struct json_in in = reply_in(reply, "propose", err);
	json_in_hex(&in, "digest", digest.bytes, DIGEST_SIZE);
	*ret_live = json_in_bool(&in, "live");
	(void)json_in_text(&in, "missing", 0, 1000);
	snprintf(ret_names, 200, "%s", json_in_text(&in, "lost", 0, 199));
	return json_in_end(&in);
}

static enum err_code
suspend(struct bench *bench, int by, int of, bool *ret_live, struct err *err)
{
	struct suspension suspension;
	DSSE statement = {0};
	char names[200];

	suspension_of(bench, &bench->people[by], &bench->people[of], &suspension);
	state(&suspension, &statement);
	person_sign(&bench->people[by], &statement);
	return send_suspension(bench, &statement, ret_live, names, err);
}

#define REFUSED(code, says, by, change)                                                            \
	do {                                                                                       \
		struct suspension suspension;                                                      \
		DSSE statement = {0};                                                              \
                                                                                                   \
		suspension_of(bench, &bench->people[by], &bench->people[SECOPS], &suspension);     \
		change;                                                                            \
		state(&suspension, &statement);                                                    \
		person_sign(&bench->people[by], &statement);                                       \
		assert_error(code, send_suspension(bench, &statement, &live, names, &err));        \
		assert_says(says);                                                                 \
	} while (0)

static void
a_suspension_is_of_this_charter_by_who_may(void **bench_state)
{
	struct bench *bench = *bench_state;
	struct err err;
	char names[200];
	bool live;

	REFUSED(ERR_REFUSED, "another vault", CISO, suspension.vault.bytes[0] ^= 1);
	REFUSED(ERR_REFUSED, "not of the charter in force", CISO, suspension.charter.bytes[0] ^= 1);
	REFUSED(ERR_REFUSED, "is no officer", ALICE, (void)0);
	REFUSED(ERR_REFUSED, "not one of seat", CISO, suspension.token.bytes[0] ^= 1);
	REFUSED(ERR_REFUSED, "not one of seat", CISO,
	    suspension.token = *token_of(&bench->people[AUDIT]));
	REFUSED(ERR_NOT_FOUND, "neither charter nor roster", CISO,
	    suspension.suspended.bytes[0] ^= 1);
	REFUSED(ERR_NOT_FOUND, "neither charter nor roster", CISO,
	    snprintf(suspension.holder, sizeof(suspension.holder), "audit"));
}

static enum err_code
ask_documents(struct bench *bench, struct json **ret_reply, struct err *err)
{
	struct json *request = op_new("chain");

	json_put_int(request, "size", 0);
	return bench_call(bench, request, (struct view){0}, ret_reply, NULL, err);
}

/* The digest of the newest suspension of the token of OF. */
static void
find_suspension(struct bench *bench, int of, struct digest *ret_digest)
{
	struct err err;
	JSON *reply = NULL;
	bool found = false;

	assert_ok(ask_documents(bench, &reply, &err));
	struct json_in in = json_in(reply, "reply", &err);
	const struct json *documents = json_in_array(&in, "documents", 1, 100);
	for (size_t i = 0; i < json_array_count(documents); i++) {
		DSSE statement = {0};
		struct suspension suspension;

		assert_ok(array_statement(documents, i, "document", &statement, &err));
		if (suspension_parse(&statement, false, &suspension, &err) != ERR_OK ||
		    strcmp(suspension.holder, bench->people[of].name) != 0)
			continue;
		*ret_digest = suspension.digest;
		found = true;
	}
	assert_true(found);
}

static void
a_suspended_token_neither_approves_nor_requests_nor_suspends(void **bench_state)
{
	struct bench *bench = *bench_state;
	struct err err;
	SHOWN shown = {0};
	bool live;

	bench_add_secret(bench);
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	assert_ok(suspend(bench, SECOPS, CISO, &live, &err));
	assert_true(live);
	bench_show(bench, &id, &shown);
	assert_non_null(strstr(shown.missing, "approval of ciso does not count"));
	assert_error(ERR_REFUSED, suspend(bench, CISO, SECOPS, &live, &err));
	assert_says("signed it was suspended before");
	assert_error(ERR_EXISTS, suspend(bench, INFRA, CISO, &live, &err));
	/* One good approval more does not release, two do. */
	assert_ok(bench_approve(bench, &bench->people[SECOPS], &id, &err));
	assert_error(ERR_WAITING, bench_open(bench, &bench->people[ALICE], &id, NULL, NULL, &err));
	assert_error(ERR_REFUSED, bench_approve(bench, &bench->people[CISO], &id, &err));
	assert_says("suspended by secops");
	assert_ok(suspend(bench, SECOPS, ALICE, &live, &err));
	shown_done(&shown);
	bench_show(bench, &id, &shown);
	assert_string_equal(shown.state, "refused");
	assert_string_equal(shown.reason, "the requester's token was suspended");
	bench_verify(bench);
	/* A charter about something else restores nobody; one that names a suspension ends that one. */
	bench_charter_by(bench, 3600, INFRA, SECOPS);
	assert_error(ERR_EXISTS, suspend(bench, INFRA, CISO, &live, &err));
	assert_says("suspended already");
	find_suspension(bench, ALICE, &bench->charter->restored[0]);
	bench->charter->restored_count = 1;
	bench_charter_by(bench, 7200, INFRA, SECOPS);
	id = bench_request(bench, &bench->people[ALICE], "prod/db");
	assert_error(ERR_REFUSED, bench_approve(bench, &bench->people[CISO], &id, &err));
	assert_says("suspended by secops");
	bench_end(bench);
	bench_verify(bench);
}

static void
the_last_quorum_of_a_secret_is_taken_by_two_only(void **bench_state)
{
	struct bench *bench = *bench_state;
	struct err err;
	struct suspension suspension;
	DSSE statement = {0};
	char names[200];
	bool live;

	bench->policy = "narrow"; /* 2 of (ciso, carol) */
	bench_add_secret(bench);
	suspension_of(bench, &bench->people[INFRA], &bench->people[CAROL], &suspension);
	state(&suspension, &statement);
	person_sign(&bench->people[INFRA], &statement);
	assert_ok(send_suspension(bench, &statement, &live, names, &err));
	assert_false(live);
	assert_string_equal(names, "prod/db");
	struct id id =
	    bench_request(bench, &bench->people[ALICE], "prod/db"); /* it is not in force */
	/* Another one that comes into force leaves it and its signature. */
	assert_ok(suspend(bench, INFRA, AUDIT, &live, &err));
	assert_true(live);
	assert_error(ERR_EXISTS, send_suspension(bench, &statement, &live, names, &err));
	assert_ok(bench_sign(bench, &bench->people[SECOPS], &statement, &live, &err));
	assert_true(live);
	assert_error(ERR_REFUSED, bench_approve(bench, &bench->people[CAROL], &id, &err));
	bench_verify(bench);
}

/* --- Whoever writes the database ----------------------------------------------------------- */

static enum err_code
ask_chain(struct bench *bench, struct err *err)
{
	JSON *reply = NULL;

	return ask_documents(bench, &reply, err);
}

static void
a_suspension_that_was_removed_is_missed_at_once(void **bench_state)
{
	struct bench *bench = *bench_state;
	struct err err;
	bool live;

	assert_ok(suspend(bench, SECOPS, CISO, &live, &err));
	assert_ok(ask_chain(bench, &err));
	bench_tamper(bench, "DELETE FROM documents WHERE position = 3");
	assert_error(ERR_INTEGRITY, ask_chain(bench, &err));
	assert_says("a row of documents in the database is gone");
}

/* As alice would forge one: her signature under ciso's name.  RET_SCRIPT puts it in force. */
static void
forge_suspension(struct bench *bench, struct buf *ret_script)
{
	struct err err;
	struct suspension suspension;
	DSSE statement = {0};
	BUF text = {0};
	char hex[2 * DIGEST_SIZE + 1];
	struct digest digest;

	suspension_of(bench, &bench->people[CISO], &bench->people[SECOPS], &suspension);
	state(&suspension, &statement);
	person_sign(&bench->people[ALICE], &statement);
	assert_ok(dsse_digest(&statement, &digest, &err));
	assert_ok(dsse_encode(&statement, &text, &err));
	text_hex(VIEW_OF(digest.bytes), hex);
	buf_format(ret_script,
	    "INSERT INTO statements VALUES (x'%s', 'suspend', CAST('%s' AS BLOB));"
	    "INSERT INTO documents VALUES (3, x'%s', 100000)",
	    hex, buf_string(&text), hex);
}

static void
a_suspension_that_nobody_signed_is_an_alarm(void **bench_state)
{
	struct bench *bench = *bench_state;
	struct err err;
	BUF script = {0};

	forge_suspension(bench, &script);
	hand_write(bench, buf_string(&script));
	assert_error(ERR_INTEGRITY, ask_chain(bench, &err));
	assert_says("suspension 1");
}

/* Nothing asks for a row that the state tree does not list, but what takes its place. */
static void
a_suspension_that_was_added_counts_for_nothing_and_the_next_one_is_an_alarm(void **bench_state)
{
	struct bench *bench = *bench_state;
	struct err err;
	JSON *reply = NULL;
	BUF script = {0};
	bool live;

	forge_suspension(bench, &script);
	bench_tamper(bench, buf_string(&script));
	assert_ok(ask_documents(bench, &reply, &err));
	struct json_in in = json_in(reply, "reply", &err);
	assert_int_equal(json_array_count(json_in_array(&in, "documents", 1, 100)), 2);
	assert_error(ERR_INTEGRITY,
	    bench_call(bench, op_new("log-verify"), (struct view){0}, NULL, NULL, &err));
	assert_says("a row of documents in the database is none that the vault has");
	assert_error(ERR_INTEGRITY, suspend(bench, CISO, AUDIT, &live, &err));
	assert_says("a row of documents in the database is none that the vault has");
}

/* --- Tests --------------------------------------------------------------------------------- */

static void
begin_test(struct bench *bench, const struct person *person, struct readiness *ret_readiness,
    int64_t *ret_begun)
{
	struct err err;
	struct json *request = op_new("test-begin");
	JSON *reply = NULL;
	struct readiness readiness = {.vault = bench->vault_id,
	    .token = *token_of(person),
	    .time = BENCH_START};

	snprintf(readiness.seat, sizeof(readiness.seat), "%s", person->name);
	json_put_text(request, "seat", person->name);
	json_put_hex(request, "token", VIEW_OF(token_of(person)->bytes));
	assert_ok(bench_call(bench, request, (struct view){0}, &reply, NULL, &err));
	struct json_in in = reply_in(reply, "test-begin", &err);
	*ret_begun = json_in_time(&in, "begun");
	const struct json *probes = json_in_array(&in, "probes", 0, 3);
	assert_int_equal(json_array_count(json_in_array(&in, "spares", 0, 0)), 0);
	assert_ok(json_in_end(&in));
	for (size_t i = 0; i < json_array_count(probes); i++) {
		struct json_in probe = json_in(json_array_object(probes, i), "probe", &err);
		int key = json_in_choice(&probe, "key", key_names);
		uint8_t enc[POINT_SIZE];
		BUF ciphertext = {0};
		HPKE *hpke = NULL;
		SECRET *opened = NULL;
		struct digest info;

		json_in_hex(&probe, "enc", enc, sizeof(enc));
		json_in_base64(&probe, "ciphertext", &ciphertext, 256);
		assert_ok(json_in_end(&probe));
		assert_ok(readiness_info(&bench->vault_id, token_of(person), key, *ret_begun, &info,
		    &err));
		assert_ok(hpke_recipient(hpke_suite_default, VIEW_OF(enc),
		    &person->seat.tokens[0].keys[key], hpke_agree_local, person->keys[key],
		    VIEW_OF(info.bytes), &hpke, &err));
		assert_ok(hpke_open(hpke, (struct view){0}, buf_view(&ciphertext), &opened, &err));
		assert_ok(sha256_one(secret_view(opened), &readiness.opened[key], &err));
		readiness.has[key] = true;
	}
	assert_ok(sha256_one((struct view){0}, &readiness.root, &err)); /* of the empty log */
	*ret_readiness = readiness;
}

static enum err_code
send_test(struct bench *bench, const struct person *signer, const struct readiness *readiness,
    int64_t begun, struct err *err)
{
	struct json *request = op_new("test");
	JSON *payload = NULL;
	JSON *reply = NULL;
	DSSE statement = {0};

	TRY(readiness_payload(readiness, &payload, err));
	TRY(statement_new(STATEMENT_TEST, false, payload, &statement, err));
	person_sign(signer, &statement);
	json_put_time(request, "begun", begun);
	put_statement(request, "test", &statement);
	return bench_call(bench, request, (struct view){0}, &reply, NULL, err);
}

static void
a_test_counts_only_for_probes_that_this_token_opened_now(void **bench_state)
{
	struct bench *bench = *bench_state;
	const struct person *ciso = &bench->people[CISO];
	struct err err;
	struct readiness readiness, other;
	int64_t begun, later;

	begin_test(bench, ciso, &readiness, &begun);
	other = readiness;
	other.opened[KEY_SHARE].bytes[0] ^= 1;
	assert_error(ERR_REFUSED, send_test(bench, ciso, &other, begun, &err));
	assert_says("share key did not open");
	other = readiness;
	other.has[KEY_SHARE] = false;
	assert_error(ERR_REFUSED, send_test(bench, ciso, &other, begun, &err));
	assert_error(ERR_REFUSED, send_test(bench, ciso, &readiness, begun - 1, &err));
	assert_error(ERR_REFUSED, send_test(bench, &bench->people[INFRA], &readiness, begun, &err));
	assert_ok(send_test(bench, ciso, &readiness, begun, &err));
	begin_test(bench, &bench->people[ALICE], &other, &later);
	assert_true(other.has[KEY_RELEASE]);
	assert_ok(send_test(bench, &bench->people[ALICE], &other, later, &err));
	bench->shared->now += READINESS_SECONDS;
	assert_error(ERR_EXPIRED, send_test(bench, ciso, &readiness, begun, &err));
	bench_verify(bench);
	bench_keep(bench, "kept");
	bench_tamper(bench, "DELETE FROM tests WHERE position = (SELECT min(position) FROM tests)");
	assert_error(ERR_INTEGRITY,
	    bench_call(bench, op_new("log-verify"), (struct view){0}, NULL, NULL, &err));
	assert_says("a row of tests in the database is gone");
}

/* --- Charters that would shut the vault ----------------------------------------------------- */

static enum err_code
propose_without(struct bench *bench, const char *first, const char *second, const char *quorum,
    struct err *err)
{
	struct charter *next = calloc(1, sizeof(*next));
	JSON *payload = NULL;
	DSSE statement = {0};

	*next = *bench->charter;
	next->previous = next->digest;
	next->version++;
	next->created = bench->shared->now;
	(void)seat_remove(next->seats, &next->seat_count, first);
	(void)seat_remove(next->seats, &next->seat_count, second);
	snprintf(next->policies[0].quorum_text, sizeof(next->policies[0].quorum_text), "%s",
	    quorum);
	next->policy_count = 1;
	snprintf(next->change_text, sizeof(next->change_text), "2 of (infra, audit)");
	TRY(charter_payload(next, &payload, err));
	free(next);
	TRY(statement_new(STATEMENT_CHARTER, false, payload, &statement, err));
	person_sign(&bench->people[INFRA], &statement);
	return bench_propose(bench, &statement, 0, -1, err);
}

static void
a_charter_under_which_nobody_could_open_a_secret_is_refused_and_named(void **bench_state)
{
	struct bench *bench = *bench_state;
	struct err err;

	bench_add_secret(bench); /* sealed to 2 of (ciso, secops, infra, carol) */
	assert_error(ERR_REFUSED,
	    propose_without(bench, "ciso", "nobody", "2 of (infra, audit)", &err));
	assert_says("nobody could open prod/db"); /* audit has no envelope of it */
	assert_ok(propose_without(bench, "ciso", "nobody", "2 of (infra, secops)", &err));
	assert_error(ERR_REFUSED,
	    propose_without(bench, "ciso", "secops", "2 of (infra, audit)", &err));
	assert_says("halligan reseal");
}

static int
setup(void **bench_state)
{
	*bench_state = bench_new(false);
	return 0;
}

static int
teardown(void **bench_state)
{
	bench_free(*bench_state);
	return 0;
}

/* Neither in the session that saw its suspension nor in another. */
static void
a_suspended_recipient_is_given_nothing_any_more(void **bench_state)
{
	struct bench *bench = *bench_state;
	struct err err;
	SECRET *credential = NULL;
	BUF box = {0};
	bool live;

	bench_add_secret(bench);
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");

	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	assert_ok(bench_approve(bench, &bench->people[SECOPS], &id, &err));
	assert_ok(bench_open(bench, &bench->people[ALICE], &id, &credential, NULL, &err));
	assert_ok(suspend(bench, CISO, ALICE, &live, &err));
	assert_true(live);
	for (int session = 0; session < 2; session++) {
		SECRET *again = NULL;

		assert_error(ERR_REFUSED,
		    bench_open(bench, &bench->people[ALICE], &id, &again, &box, &err));
		assert_says("suspended by ciso");
		assert_null(again);
		assert_int_equal(box.size, 0);
		bench_end(bench);
	}
	bench_verify(bench);
}

/* Over many versions at once, too.  The seat has another token, which may give its shares again. */
static void
what_a_suspended_token_gave_to_a_batch_does_not_count(void **state)
{
	struct bench *bench = batch_bench(false, SECRETS);
	struct err err;
	struct id id;
	char text[20], notes[NOTES_MAX];
	bool live;

	(void)state;
	bench_spare(bench);
	id = batch_ask(bench, MODE_RESEAL);
	batch_approve(bench, &bench->people[CISO], &id);
	batch_approve(bench, &bench->people[CAROL], &id);
	id = batch_ask(bench, MODE_RESEAL);
	batch_give_all(bench, &bench->people[SECOPS], &id);
	assert_ok(suspend(bench, CISO, SECOPS, &live, &err));
	assert_true(live);
	batch_approve(bench, &bench->people[CISO], &id);
	batch_states(bench, &id, text, notes);
	assert_string_equal(text, "collecting");
	batch_approve(bench, &bench->people[SECOND], &id);
	batch_states(bench, &id, text, notes);
	assert_string_equal(text, "closed");
	assert_string_equal(notes, "done\ndone\ndone\ndone\n");
	bench_verify(bench);
	bench_free(bench);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(a_suspension_is_of_this_charter_by_who_may),
	    CASE(a_suspended_token_neither_approves_nor_requests_nor_suspends),
	    CASE(the_last_quorum_of_a_secret_is_taken_by_two_only),
	    CASE(a_suspension_that_was_removed_is_missed_at_once),
	    CASE(a_suspension_that_nobody_signed_is_an_alarm),
	    CASE(a_suspension_that_was_added_counts_for_nothing_and_the_next_one_is_an_alarm),
	    CASE(a_suspended_recipient_is_given_nothing_any_more),
	    CASE(a_test_counts_only_for_probes_that_this_token_opened_now),
	    CASE(a_charter_under_which_nobody_could_open_a_secret_is_refused_and_named),
	    cmocka_unit_test(what_a_suspended_token_gave_to_a_batch_does_not_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
