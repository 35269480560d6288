/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server makes of a database that contradicts its statements or its log, of a clock that goes back,
 * and of clients that do not keep to the protocol.
 */
#include "tests/unit/server/hand_bench.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "ceremony/protocol/wire.h"
#include "vault/documents/charter.h"

static enum err_code
verify_log(struct bench *bench, struct err *err)
{
	JSON *reply = NULL;

	return bench_call(bench, op_new("log-verify"), (struct view){0}, &reply, NULL, err);
}

static enum err_code
ask_status(struct bench *bench, struct err *err)
{
	JSON *reply = NULL;

	return bench_call(bench, op_new("status"), (struct view){0}, &reply, NULL, err);
}

static struct id
open_ceremony(struct bench *bench)
{
	struct err err;
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");

	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	return id;
}

/* --- Writers of the database -------------------------------------------------------------- */

/* Written by somebody else, it is an alarm about a row of TABLE; by the vault's own hand, of what it
 * contradicts (NULL: of nothing). */
struct change {
	const char *change, *table, *says;
};

static void
expect_alarms(struct bench *bench, const struct change *rows, size_t count,
    enum err_code (*ask)(struct bench *bench, struct err *err))
{
	struct err err;

	bench_keep(bench, "kept");
	for (size_t i = 0; i < count; i++) {
		char row[80];

		bench_tamper(bench, rows[i].change);
		assert_error(ERR_INTEGRITY, ask(bench, &err));
		snprintf(row, sizeof(row), "a row of %s in the database", rows[i].table);
		assert_alarm(bench, row, &err);
		bench_restore(bench, "kept");
		if (rows[i].says == NULL)
			continue;
		hand_write(bench, rows[i].change);
		assert_error(ERR_INTEGRITY, ask(bench, &err));
		assert_alarm(bench, rows[i].says, &err);
		bench_restore(bench, "kept");
	}
	assert_ok(ask(bench, &err));
}

static void
live_through_two(struct bench *bench)
{
	struct err err;
	char debt[20];
	struct id refused = open_ceremony(bench), id;

	assert_ok(bench_object(bench, &bench->people[ALICE], &refused, STATEMENT_CANCEL, &err));
	id = open_ceremony(bench);
	assert_ok(bench_approve(bench, &bench->people[SECOPS], &id, &err));
	assert_ok(bench_done(bench, &id, debt, &err));
	assert_ok(verify_log(bench, &err));
}

static void
log_verify_finds_every_change(void **state)
{
	static const struct {
		const char *change, *says;
	} rows[] = {
	    {"UPDATE log_leaf SET data ="
	     " CAST(replace(CAST(data AS TEXT), 'ciso', 'carl') AS BLOB) WHERE position ="
	     " (SELECT max(position) FROM log_leaf WHERE CAST(data AS TEXT) LIKE '%ciso%')",
	        "not that of its leaves"},
	    {"UPDATE items SET debt = ceremony WHERE debt IS NOT NULL", "refers to"},
	    {"UPDATE opened SET ceremony ="
	     " (SELECT id FROM ceremonies WHERE state = 'refused' LIMIT 1)",
	        "a row of opened in the database is none that the vault has"},
	    {"DELETE FROM opened", "a row of opened in the database is gone"},
	    {"UPDATE versions SET header = CAST(header || X'00' AS BLOB)",
	        "a row of versions in the database is not as the vault left it"},
	    {"PRAGMA foreign_keys = OFF; DELETE FROM statements WHERE type = 'request'",
	        "refers to"},
	};
	struct bench *bench = *state;
	struct err err;

	live_through_two(bench);
	bench_keep(bench, "kept");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bench_tamper(bench, rows[i].change);
		assert_error(ERR_INTEGRITY, verify_log(bench, &err));
		assert_alarm(bench, rows[i].says, &err);
		bench_restore(bench, "kept");
	}
	assert_ok(verify_log(bench, &err));
}

static void
log_verify_holds_every_row_against_the_tree(void **state)
{
	static const struct change rows[] = {
	    {"UPDATE debts SET state = 'owed', pending = NULL, due = 4000000000"
	     " WHERE arrival = (SELECT max(arrival) FROM debts)",
	        "debts", NULL},
	    {"INSERT INTO opened SELECT secret, number, (SELECT id FROM ceremonies LIMIT 1), NULL"
	     " FROM versions WHERE number = 1",
	        "opened", NULL},
	    {"UPDATE statements SET text = CAST(replace(CAST(text AS TEXT), '\"payload\":\"e',"
	     " '\"payload\":\"f') AS BLOB) WHERE type = 'approval'",
	        "statements", "is not the one that was signed"},
	    {"INSERT INTO tests SELECT 1, token, statement FROM voices LIMIT 1", "tests", NULL},
	};
	struct bench *bench = *state;

	live_through_two(bench);
	expect_alarms(bench, rows, ARRAY_SIZE(rows), verify_log);
}

static void
the_last_leaf_names_the_state_of_the_database(void **state)
{
	static const struct digest other = {{1}};
	struct bench *bench = *state;
	struct err err;
	struct hand hand;

	assert_ok(verify_log(bench, &err));
	bench_keep(bench, "kept");
	hand_begin(bench, &hand);
	hand_commit_as(bench, &hand, &other);
	assert_error(ERR_INTEGRITY, verify_log(bench, &err));
	assert_alarm(bench, "does not name the state that the database has", &err);
	bench_restore(bench, "kept");
	assert_ok(verify_log(bench, &err));
}

static void
an_approval_written_into_the_database_does_not_count(void **state)
{
	/* ciso's approval once more, as secops's. */
	static const struct change rows[] = {
	    {"INSERT INTO shares SELECT ceremony, position, 'secops', statement, envelope, ciphertext"
	     " FROM shares WHERE ciphertext IS NOT NULL",
	        "shares", "shares of seat \"secops\""},
	};
	struct bench *bench = *state;
	struct err err;
	SECRET *credential = NULL;
	struct id id = open_ceremony(bench);

	expect_alarms(bench, rows, ARRAY_SIZE(rows), ask_status);
	assert_error(ERR_WAITING,
	    bench_open(bench, &bench->people[ALICE], &id, &credential, NULL, &err));
	assert_ok(bench_object(bench, &bench->people[ALICE], &id, STATEMENT_CANCEL, &err));
}

/* The digests do not cover signatures: they are verified again whenever a row is used. */
static void
a_signature_changed_in_the_database_is_found(void **state)
{
	static const struct change rows[] = {
	    {"UPDATE statements SET text = CAST(replace(CAST(text AS TEXT), '\"sig\":\"ME',"
	     " '\"sig\":\"MF') AS BLOB) WHERE type = 'approval'",
	        "statements", "the approval"},
	    {"UPDATE statements SET text = CAST(replace(CAST(text AS TEXT), '\"sig\":\"ME',"
	     " '\"sig\":\"MF') AS BLOB) WHERE type = 'request'",
	        "statements", "the request"},
	    {"UPDATE statements SET text = CAST(replace(CAST(text AS TEXT), '==\"}', 'A=\"}')"
	     " AS BLOB) WHERE type = 'ceremony'",
	        "statements", "ceremony"},
	};
	/* Verified when they came, and since then as they are: the curve is asked again by `log verify`. */
	static const struct change documents[] = {
	    {"UPDATE statements SET text = CAST(replace(CAST(text AS TEXT), '\"sig\":\"ME',"
	     " '\"sig\":\"MF') AS BLOB) WHERE type = 'secret'",
	        "statements", "secret"},
	    {"UPDATE statements SET text = CAST(replace(CAST(text AS TEXT), '\"sig\":\"ME',"
	     " '\"sig\":\"MF') AS BLOB) WHERE type = 'charter'",
	        "statements", "charter 1"},
	    {"UPDATE statements SET text = CAST(replace(CAST(text AS TEXT), '\"sig\":\"ME',"
	     " '\"sig\":\"MF') AS BLOB) WHERE type = 'roster'",
	        "statements", "roster 1"},
	};
	struct bench *bench = *state;
	struct err err;
	struct id id = open_ceremony(bench);

	expect_alarms(bench, rows, ARRAY_SIZE(rows), ask_status);
	expect_alarms(bench, documents, ARRAY_SIZE(documents), verify_log);
	for (size_t i = 0; i < ARRAY_SIZE(documents); i++) {
		bench_tamper(bench, documents[i].change);
		assert_error(ERR_INTEGRITY, ask_status(bench, &err));
		assert_alarm(bench, "a row of statements in the database", &err);
		bench_restore(bench, "kept");
	}
	assert_ok(bench_object(bench, &bench->people[ALICE], &id, STATEMENT_CANCEL, &err));
}

static void
shares_leave_the_database_with_the_end_of_their_ceremony(void **state)
{
	static const char shares[] = "SELECT count(*) FROM shares WHERE ciphertext IS NOT NULL";
	struct bench *bench = *state;
	struct err err;
	char debt[20];
	struct id id = open_ceremony(bench);

	assert_int_equal(bench_count(bench, shares), 1);
	assert_ok(bench_object(bench, &bench->people[ALICE], &id, STATEMENT_CANCEL, &err));
	assert_int_equal(bench_count(bench, shares), 0);
	id = open_ceremony(bench);
	assert_ok(bench_approve(bench, &bench->people[SECOPS], &id, &err));
	assert_int_equal(bench_count(bench, shares), 0);
	assert_ok(bench_done(bench, &id, debt, &err));
}

static void
a_ceremony_changed_in_the_database_is_an_alarm(void **state)
{
	static const struct change rows[] = {
	    {"UPDATE ceremonies SET deadline = deadline + 86400 WHERE state = 'collecting'",
	        "ceremonies", "times"},
	    {"UPDATE ceremonies SET requester = 'carol' WHERE state = 'collecting'", "ceremonies",
	        "requester"},
	    {"UPDATE items SET version = version - 1 WHERE state = 'waiting' AND ceremony IN"
	     " (SELECT id FROM ceremonies WHERE state = 'collecting')",
	        "items", "version"},
	    {"UPDATE ceremonies SET request = (SELECT digest FROM statements WHERE type = 'cancel')"
	     " WHERE state = 'collecting'",
	        "ceremonies", "request"},
	};
	struct bench *bench = *state;
	struct err err;
	struct id id = open_ceremony(bench);

	expect_alarms(bench, rows, ARRAY_SIZE(rows), ask_status);
	assert_ok(bench_object(bench, &bench->people[ALICE], &id, STATEMENT_CANCEL, &err));
}

static void
a_charter_written_into_the_database_is_refused(void **state)
{
	struct bench *bench = *state;
	struct err err;

	static const char *const types[] = {"secret", "charter"};
	static const char *const says[] = {"document 3", "charter 2"};
	JSON *payload = NULL;
	DSSE draft = {0};

	/* A good charter that one has signed. */
	bench->charter->previous = bench->charter->digest;
	bench->charter->version = 2;
	bench->charter->created = bench->shared->now;
	assert_ok(charter_payload(bench->charter, &payload, &err));
	bench->charter->version = 1;
	assert_ok(statement_new(STATEMENT_CHARTER, false, payload, &draft, &err));
	person_sign(&bench->people[CISO], &draft);
	assert_ok(bench_propose(bench, &draft, 0, -1, &err));
	bench_keep(bench, "kept");
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		char change[300];

		snprintf(change, sizeof(change),
		    "INSERT INTO documents SELECT 3, digest, 10000"
		    " FROM statements WHERE type = '%s' AND digest NOT IN (SELECT digest FROM documents)"
		    " LIMIT 1",
		    types[i]);
		hand_write(bench, change);
		assert_error(ERR_INTEGRITY, bench_hello(bench, &err));
		assert_alarm(bench, says[i], &err);
		bench_restore(bench, "kept");
	}
}

static void
spoil_ciphertext(const struct bench *bench, struct hand_version *version)
{
	(void)bench;
	version->row.ciphertext.data[0] ^= 1;
}

static void
a_sealed_version_that_was_changed_releases_nothing_and_says_so(void **state)
{
	struct bench *bench = *state;
	struct err err;
	SHOWN shown = {0};
	SECRET *credential = NULL;
	struct id id;

	bench_keep(bench, "kept");
	id = open_ceremony(bench);
	hand_exchange(bench, "prod/db", spoil_ciphertext);
	assert_error(ERR_INTEGRITY, bench_approve(bench, &bench->people[SECOPS], &id, &err));
	assert_says("nothing could be released");
	bench_show(bench, &id, &shown);
	assert_string_equal(shown.state, "closed");
	assert_int_not_equal(bench_open(bench, &bench->people[ALICE], &id, &credential, NULL, &err),
	    ERR_OK);
	assert_int_equal(bench_files(bench, "ceremony"), 0);
	bench_restore(bench, "kept");
}

/* --- Clocks ------------------------------------------------------------------------------- */

static void
a_clock_that_went_back_stops_releases(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct request wanted;
	struct id id = open_ceremony(bench), other;
	SECRET *credential = NULL;
	int64_t now = bench->shared->now;
	char debt[20];

	bench_request_make(bench, &bench->people[CAROL], "prod/db", &wanted);
	bench->shared->now -= 121;
	assert_error(ERR_REFUSED, bench_approve(bench, &bench->people[SECOPS], &id, &err));
	assert_says("Set the host's clock right");
	assert_error(ERR_REFUSED,
	    bench_request_send(bench, &bench->people[CAROL], &wanted, &other, &err));
	assert_says("Set the host's clock right");
	bench_end(bench);
	assert_ok(bench_hello(bench, &err));
	bench->shared->now = now - 60; /* that much is tolerated, and leaves do not go back */
	assert_ok(bench_approve(bench, &bench->people[SECOPS], &id, &err));
	bench->shared->now = now;
	assert_ok(bench_open(bench, &bench->people[ALICE], &id, &credential, NULL, &err));
	assert_ok(bench_done(bench, &id, debt, &err));
	bench_verify(bench);
}

/* --- Clients that do not keep to the protocol --------------------------------------------- */

/* What the server's process says at the end, after BYTES. */
static int
status_after(struct bench *bench, struct view bytes)
{
	struct err err;
	uint8_t rest[256];

	bench_end(bench);
	assert_ok(bench_hello(bench, &err)); /* starts it */
	assert_ok(fd_write(bench->fd, bytes, -1, &err));
	shutdown(bench->fd, SHUT_WR);
	while (read(bench->fd, rest, sizeof(rest)) > 0)
		continue;
	bench_end(bench);
	assert_true(WIFEXITED(bench->status));
	return WEXITSTATUS(bench->status);
}

static void
garbage_ends_the_session_and_nothing_else(void **state)
{
	static const uint8_t random[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0};
	static const uint8_t huge_blob[] = {0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff, '{', '}'};
	static const uint8_t cut[] = {0, 0, 0, 10, 0, 0, 0, 0, '{', '"'};
	static const uint8_t half[] = {0, 0, 0};
	static const uint8_t text[] = {0, 0, 0, 4, 0, 0, 0, 0, 'a', 'b', 'c', 'd'};
	struct bench *bench = *state;
	struct err err;

	assert_int_equal(status_after(bench, (struct view){0}), 0);
	assert_int_equal(status_after(bench, VIEW_OF(random)), 100 + ERR_PROTOCOL);
	assert_int_equal(status_after(bench, VIEW_OF(huge)), 100 + ERR_PROTOCOL);
	assert_int_equal(status_after(bench, VIEW_OF(huge_blob)), 100 + ERR_PROTOCOL);
	assert_int_equal(status_after(bench, VIEW_OF(cut)), 100 + ERR_PROTOCOL);
	assert_int_equal(status_after(bench, VIEW_OF(half)), 100 + ERR_PROTOCOL);
	assert_int_equal(status_after(bench, VIEW_OF(text)), 100 + ERR_PROTOCOL);
	assert_ok(bench_hello(bench, &err));
}

static void
unknown_operations_and_members_are_refused(void **state)
{
	struct bench *bench = *state;
	struct err err;
	JSON *reply = NULL;
	struct json *request = op_new("status");

	json_put_bool(request, "verbose", true);
	assert_error(ERR_INVALID, bench_call(bench, request, (struct view){0}, &reply, NULL, &err));
	assert_says("verbose");
	assert_error(ERR_INVALID,
	    bench_call(bench, op_new("done"), (struct view){0}, &reply, NULL, &err));
	assert_says("\"id\" is missing");
	assert_error(ERR_EXISTS,
	    bench_call(bench, op_new("init"), (struct view){0}, &reply, NULL, &err));
	assert_error(ERR_PROTOCOL,
	    bench_call(bench, op_new("release-everything"), (struct view){0}, &reply, NULL, &err));
	request = op_new("hello");
	json_put_int(request, "protocol", WIRE_PROTOCOL + 1);
	assert_error(ERR_VERSION, bench_call(bench, request, (struct view){0}, &reply, NULL, &err));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(log_verify_finds_every_change),
	    cmocka_unit_test(log_verify_holds_every_row_against_the_tree),
	    cmocka_unit_test(the_last_leaf_names_the_state_of_the_database),
	    cmocka_unit_test(an_approval_written_into_the_database_does_not_count),
	    cmocka_unit_test(a_signature_changed_in_the_database_is_found),
	    cmocka_unit_test(shares_leave_the_database_with_the_end_of_their_ceremony),
	    cmocka_unit_test(a_ceremony_changed_in_the_database_is_an_alarm),
	    cmocka_unit_test(a_charter_written_into_the_database_is_refused),
	    cmocka_unit_test(a_sealed_version_that_was_changed_releases_nothing_and_says_so),
	    cmocka_unit_test(a_clock_that_went_back_stops_releases),
	    cmocka_unit_test(garbage_ends_the_session_and_nothing_else),
	    cmocka_unit_test(unknown_operations_and_members_are_refused),
	};
	return cmocka_run_group_tests(tests, bench_start, bench_stop);
}
