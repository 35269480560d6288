/* SPDX-License-Identifier: Apache-2.0 */
/* What someone who can write the database could want: releases, leases, debts, targets, people. */
#include <stdio.h>

#include "ceremony/server/rotation/wait.h"
#include "tests/unit/server/batch_bench.h"
#include "tests/unit/writer/writer_bench.h"
#include "vault/documents/charter.h"
#include "vault/documents/suspension.h"

static enum err_code
status_after_the_lease(struct scene *scene, struct err *err)
{
	scene->bench->shared->now = scene->bench->kept_at + 7200;
	return scene_status(scene, err);
}

static enum err_code
open_it(struct scene *scene, struct err *err)
{
	SECRET *credential = NULL;

	return bench_open(scene->bench, &scene->bench->people[ALICE], &scene->id, &credential, NULL,
	    err);
}

static enum err_code
rotate_when_due(struct scene *scene, struct err *err)
{
	struct json *request = op_new("rotate");

	scene->bench->shared->now = scene->bench->kept_at + WAIT_LONGEST;
	json_put_text(request, "name", "prod/db");
	return scene_ask(scene, request, err);
}

/* ---- forged versions ---- */

static void
a_forged_version_is_not_asked_for(void **state)
{
	static const char *const rows[] = {"versions", "envelopes", NULL};
	static const char *const all[] = {"versions", "envelopes", "nodes", NULL};
	SCENE scene = {.bench = bench_new(false)};
	struct bench *bench = scene.bench;
	struct err err;

	(void)state;
	bench_add_secret(bench);
	bench_keep(bench, "kept");
	hand_exchange(bench, "prod/db", scene_forge);
	/* By the vault's own hand it would be released. */
	bench_request_make(bench, &bench->people[CAROL], "prod/db", &scene.request);
	take_tables(bench, rows);
	expect_alarm(&scene, scene_request, CHANGED("versions"));
	hand_exchange(bench, "prod/db", scene_forge);
	take_tables(bench, all);
	expect_alarm(&scene, scene_hello, "the state tree");
	hand_exchange(bench, "prod/db", scene_forge);
	take_database(bench);
	expect_alarm(&scene, scene_hello, "somebody wrote there");
	bench_request_make(bench, &bench->people[CAROL], "prod/db", &scene.request);
	assert_ok(scene_request(&scene, &err));
}

static void
whatever_a_release_rests_on_is_proven(void **state)
{
	static const struct attack rows[] = {
	    {"UPDATE versions SET ciphertext = zeroblob(length(ciphertext))", CHANGED("versions")},
	    {"UPDATE versions SET header = (SELECT header FROM versions LIMIT 1)",
	        CHANGED("versions")},
	    {"DELETE FROM versions", GONE("versions")},
	    {"UPDATE secrets SET definition = (SELECT definition FROM secrets LIMIT 1)",
	        CHANGED("secrets")},
	    {"UPDATE secrets SET name = 'prod/s9' WHERE name = 'prod/s1'", CHANGED("secrets")},
	    {"DELETE FROM secrets", GONE("secrets")},
	    {"UPDATE definitions SET statement = (SELECT statement FROM definitions LIMIT 1)",
	        CHANGED("definitions")},
	    {"DELETE FROM definitions", GONE("definitions")},
	    {"UPDATE ceremonies SET deadline = deadline + 86400", CHANGED("ceremonies")},
	    {"UPDATE ceremonies SET requester = 'carol'", CHANGED("ceremonies")},
	    {"DELETE FROM ceremonies", GONE("ceremonies")},
	    {"UPDATE items SET state = 'done' WHERE position = 1", CHANGED("items")},
	    {"DELETE FROM items WHERE position = 1", GONE("items")},
	    {"INSERT INTO items SELECT ceremony, 2, randomblob(16), version, state, debt, note"
	     " FROM items LIMIT 1",
	        STRANGE("items")},
	    {"UPDATE voices SET seat = 'carol' WHERE seat = 'ciso'", CHANGED("voices")},
	    {"DELETE FROM voices WHERE seat = 'ciso'", GONE("voices")},
	    {"UPDATE shares SET envelope = 2 WHERE seat = 'ciso'", CHANGED("shares")},
	    {"UPDATE shares SET ciphertext = zeroblob(length(ciphertext))", CHANGED("shares")},
	    {"DELETE FROM shares WHERE seat = 'ciso'", GONE("shares")},
	    {"INSERT INTO shares SELECT ceremony, position, 'infra', statement, envelope, ciphertext"
	     " FROM shares WHERE seat = 'ciso'",
	        STRANGE("shares")},
	    {"UPDATE statements SET text = CAST(text || ' ' AS BLOB) WHERE type = 'approval'",
	        CHANGED("statements")},
	    {"UPDATE statements SET text = CAST(text || ' ' AS BLOB) WHERE type = 'charter'",
	        CHANGED("statements")},
	    {"DELETE FROM statements WHERE type = 'request'", GONE("statements")},
	    {"UPDATE documents SET digest = randomblob(32) WHERE position = 2",
	        CHANGED("documents")},
	    {"DELETE FROM documents WHERE position = 2", GONE("documents")},
	    {"UPDATE texts SET text = CAST(text || ' ' AS BLOB)", CHANGED("texts")},
	    {"DELETE FROM texts", GONE("texts")},
	    {"INSERT INTO opened SELECT secret, version, ceremony, NULL FROM items",
	        STRANGE("opened")},
	    {"INSERT INTO debts SELECT 1, randomblob(16), secret, version, NULL, 'owed', NULL, 0, 0, 0,"
	     " 0, 'none', '', NULL, 0 FROM items LIMIT 1",
	        STRANGE("debts")},
	};
	SCENE scene = {.bench = NULL};

	(void)state;
	scene_collect(&scene);
	EXPECT_ALARMS(&scene, rows, scene_advance);
}

/* ---- leases and debts ---- */

static void
the_end_of_a_lease_stays_where_it_is(void **state)
{
	static const struct attack rows[] = {
	    {"UPDATE ceremonies SET expires = 4070908800 WHERE state = 'released'",
	        CHANGED("ceremonies")},
	    {"UPDATE ceremonies SET expires = 1 WHERE state = 'released'", CHANGED("ceremonies")},
	    {"UPDATE ceremonies SET state = 'closed' WHERE state = 'released'",
	        CHANGED("ceremonies")},
	    {"UPDATE ceremonies SET release = (SELECT digest FROM statements WHERE type = 'request')"
	     " WHERE state = 'released'",
	        CHANGED("ceremonies")},
	    {"DELETE FROM ceremonies WHERE state = 'released'", GONE("ceremonies")},
	};
	SCENE scene = {.bench = NULL};

	(void)state;
	scene_release(&scene);
	EXPECT_ALARMS(&scene, rows, scene_status);
	EXPECT_ALARMS(&scene, rows, status_after_the_lease);
}

static void
a_debt_does_not_vanish_and_its_escrow_stays(void **state)
{
	static const char paid[] = "UPDATE debts SET state = 'retired'";
	static const char *const tables[] = {"debts", "nodes", NULL};
	static const struct attack rows[] = {
	    {"UPDATE debts SET state = 'retired'", CHANGED("debts")},
	    {"UPDATE debts SET due = 4070908800", CHANGED("debts")},
	    {"DELETE FROM debts", GONE("debts")},
	    /* With a leaf, as it is told of a debt that is paid, and with the hash of any leaf. */
	    {"UPDATE debts SET state = 'retired';"
	     "INSERT INTO log_leaf SELECT position + 1, CAST(replace(CAST(data AS TEXT), 'answered', 'retired') AS BLOB)"
	     " FROM log_leaf ORDER BY position DESC LIMIT 1;"
	     "INSERT INTO log_hash SELECT max(position) + 1, randomblob(32) FROM log_hash",
	        "somebody wrote there"},
	};
	SCENE scene = {.bench = NULL};

	(void)state;
	scene_release(&scene);
	assert_int_equal(bench_files(scene.bench, "escrow"), 1);
	EXPECT_ALARMS(&scene, rows, scene_status);
	EXPECT_ALARMS(&scene, rows, status_after_the_lease);
	/* With a leaf, hashes and a tree that are right. */
	hand_write(scene.bench, paid);
	take_database(scene.bench);
	expect_alarm(&scene, scene_hello, "somebody wrote there");
	hand_write(scene.bench, paid);
	take_tables(scene.bench, tables);
	expect_alarm(&scene, scene_hello, "the state tree");
}

static void
an_answer_is_the_one_that_was_sealed(void **state)
{
	static const struct attack rows[] = {
	    {"UPDATE answers SET ciphertext = zeroblob(length(ciphertext))", CHANGED("answers")},
	    {"DELETE FROM answers", GONE("answers")},
	};
	SCENE scene = {.bench = NULL};

	(void)state;
	scene_release(&scene);
	EXPECT_ALARMS(&scene, rows, open_it);
}

/* Its debt and its lease are over, and its version is current still. */
static void
a_version_whose_opening_was_removed_is_not_opened_again(void **state)
{
	static const struct attack rows[] = {
	    {"DELETE FROM opened", GONE("opened")},
	    {"UPDATE opened SET recovers = ceremony", CHANGED("opened")},
	    {"UPDATE opened SET version = 1", GONE("opened")},
	};
	SCENE scene = {.bench = NULL};
	struct err err;

	(void)state;
	scene_release(&scene);
	hand_write(scene.bench,
	    "UPDATE debts SET state = 'retired';"
	    "UPDATE ceremonies SET state = 'closed' WHERE state = 'released'");
	bench_request_make(scene.bench, &scene.bench->people[CAROL], "prod/db", &scene.request);
	assert_error(ERR_REFUSED, scene_request(&scene, &err));
	assert_says("another ceremony opened this version before");
	bench_keep(scene.bench, "kept");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bench_tamper(scene.bench, rows[i].change);
		expect_alarm(&scene, scene_request, rows[i].says);
	}
}

/* All that says so is removed at once. */
static void
a_released_version_is_not_released_again(void **state)
{
	SCENE scene = {.bench = NULL};
	struct err err;

	(void)state;
	scene_release(&scene);
	bench_request_make(scene.bench, &scene.bench->people[CAROL], "prod/db", &scene.request);
	assert_error(ERR_REFUSED, scene_request(&scene, &err));
	bench_keep(scene.bench, "kept");
	bench_tamper(scene.bench,
	    "DELETE FROM opened; DELETE FROM debts; DELETE FROM answers; DELETE FROM shares;"
	    "DELETE FROM items; DELETE FROM voices; DELETE FROM ceremonies");
	expect_alarm(&scene, scene_request, "is gone");
}

/* What was said to a target whose answer got lost. */
static void
lose_answer(struct scene *scene)
{
	struct bench *bench = scene->bench = bench_new(false);
	CLEANUP(credential_box_done) struct credential_box box = {0};
	struct err err;
	JSON *reply = NULL;
	char target[sizeof(bench->target)];

	bench_add_secret(bench);
	memcpy(target, bench->target, sizeof(target));
	bench_shell(bench, "mkdir -m 700 target/other");
	strcat(bench->target, "/other");
	target_accept(bench, "other\n");
	bench_box(bench, "prod/other", "other", &box);
	assert_ok(bench_send_box(bench, &box, false, &reply, &err));
	memcpy(bench->target, target, sizeof(target));
	night_live_through(bench, "apply=lost\nprobe=unreachable\n", &scene->night);
	assert_string_equal(scene->night.debt, "applying");
}

static void
the_definition_of_another_secret_sends_no_value_to_its_target(void **state)
{
#define DEFINITION_OF(name) "(SELECT definition FROM secrets WHERE name = '" name "')"
#define STATEMENT_OF(name)                                                                         \
	"(SELECT statement FROM definitions WHERE hash = " DEFINITION_OF(name) ")"
#define HERS "prod/other"
	static const struct attack rows[] = {
	    {"UPDATE secrets SET definition = " DEFINITION_OF(HERS) " WHERE name = 'prod/db'",
	        CHANGED("secrets")},
	    {"UPDATE definitions SET statement = " STATEMENT_OF(
	         HERS) " WHERE hash = " DEFINITION_OF("prod/db"),
	        CHANGED("definitions")},
	    {"UPDATE statements SET text = (SELECT text FROM statements WHERE digest = " STATEMENT_OF(
	         HERS) ") WHERE digest = " STATEMENT_OF("prod/db"),
	        CHANGED("statements")},
	    {"UPDATE debts SET secret = (SELECT id FROM secrets WHERE name = '" HERS "')"
	     " WHERE state <> 'retired'",
	        CHANGED("debts")},
	    {"UPDATE debts SET state = 'owed', pending = NULL WHERE state <> 'retired'",
	        CHANGED("debts")},
	};
	SCENE scene = {.bench = NULL};

	(void)state;
	lose_answer(&scene);
	EXPECT_ALARMS(&scene, rows, rotate_when_due);
}

/* Rows that nobody reads before they change. */
static void
what_a_rotation_changes_is_proven(void **state)
{
	static const struct attack rows[] = {
	    {"UPDATE versions SET created = created + 1 WHERE state = 'pending'",
	        CHANGED("versions")},
	    {"DELETE FROM versions WHERE state = 'pending'", GONE("versions")},
	    {"UPDATE versions SET state = 'retired' WHERE state = 'current'", CHANGED("versions")},
	    {"DELETE FROM versions WHERE state = 'current'", GONE("versions")},
	};
	SCENE scene = {.bench = NULL};

	(void)state;
	lose_answer(&scene);
	EXPECT_ALARMS(&scene, rows, rotate_when_due);
}

/* What it comes to after a rotator has run, or after its last leaf but one. */
static void
what_a_rotation_comes_to_is_proven(void **state)
{
#define IN_THE_WAY                                                                                 \
	"INSERT INTO envelopes SELECT secret, version + 1, position, token, enc, ciphertext"       \
	" FROM envelopes WHERE version = (SELECT max(version) FROM envelopes)"
	static const struct attack rows[] = {
	    {IN_THE_WAY, STRANGE("envelopes")},
	    {"UPDATE secrets SET newest = newest + 1", CHANGED("secrets")},
	    {"UPDATE ceremonies SET expires = expires + 1 WHERE state = 'rotating'",
	        CHANGED("ceremonies")},
	    {"DELETE FROM items", GONE("items")},
	    {"DELETE FROM statements WHERE digest = (SELECT release FROM ceremonies WHERE state = 'rotating')",
	        "refers to a row of statements that is not there"},
	};
	SCENE scene = {.bench = bench_new(false)};
	struct bench *bench = scene.bench;

	(void)state;
	bench_add_secret(bench);
	night_live_through(bench, "generate=refuse\n", &scene.night);
	assert_string_equal(scene.night.debt, "owed");
	EXPECT_ALARMS(&scene, rows, rotate_when_due);
}

static void
what_a_resealing_comes_to_is_proven(void **state)
{
	static const struct attack rows[] = {
	    {IN_THE_WAY, STRANGE("envelopes")},
	    {"UPDATE secrets SET newest = newest + 1", CHANGED("secrets")},
	    {"INSERT INTO opened SELECT secret, version, ceremony, NULL FROM items",
	        STRANGE("opened")},
	    {"UPDATE envelopes SET enc = zeroblob(65) WHERE position = 1", CHANGED("envelopes")},
	};
	SCENE scene = {.bench = batch_bench(false, 2)};
	struct bench *bench = scene.bench;

	(void)state;
	scene.id = batch_ask(bench, MODE_RESEAL);
	batch_approve(bench, &bench->people[CISO], &scene.id);
	batch_give_last(bench, &bench->people[SECOPS], &scene.id);
	EXPECT_ALARMS(&scene, rows, scene_advance);
}

/* Of two ceremonies that are over, and whose keys a session left behind, either one's row is an alarm for both. */
static void
what_is_erased_is_proven(void **state)
{
	static const struct attack rows[] = {
	    {"UPDATE ceremonies SET reason = 'x' WHERE arrival = (SELECT min(arrival) FROM ceremonies)",
	        CHANGED("ceremonies")},
	    {"UPDATE ceremonies SET reason = 'x' WHERE arrival = (SELECT max(arrival) FROM ceremonies)",
	        CHANGED("ceremonies")},
	};
	SCENE scene = {.bench = bench_new(false)};
	struct bench *bench = scene.bench;
	struct err err;

	(void)state;
	bench_add_secret(bench);
	bench_shell(bench, "mkdir keys");
	for (int i = 0; i < 2; i++) {
		scene.id = bench_request(bench, &bench->people[ALICE], "prod/db");
		bench_shell(bench, "cp -a vault/ceremony/* keys");
		assert_ok(
		    bench_object(bench, &bench->people[ALICE], &scene.id, STATEMENT_CANCEL, &err));
		bench->shared->now++;
	}
	bench_shell(bench, "cp -a keys/* vault/ceremony");
	assert_int_equal(bench_files(bench, "ceremony"), 2);
	EXPECT_ALARMS(&scene, rows, scene_status);
	bench_due(bench);
	assert_int_equal(bench_files(bench, "ceremony"), 0);
}

/* ---- what is told ---- */

static enum err_code
list_to_reseal(struct scene *scene, struct err *err)
{
	struct json *request = op_new("reseal-list");

	json_put_text(request, "after", "");
	json_put_bool(request, "all", true);
	return scene_ask(scene, request, err);
}

static enum err_code
ask_status(struct scene *scene, struct err *err)
{
	return scene_ask(scene, op_new("status"), err);
}

static void
what_is_told_of_secrets_is_proven(void **state)
{
	static const struct attack rows[] = {
	    {"UPDATE versions SET ciphertext = zeroblob(length(ciphertext))", CHANGED("versions")},
	    {"UPDATE versions SET part_exposed = 1", CHANGED("versions")},
	    {"UPDATE versions SET created = created + 1", CHANGED("versions")},
	    {"UPDATE versions SET class = zeroblob(32)", CHANGED("versions")},
	    {"UPDATE versions SET shape = zeroblob(32)", CHANGED("versions")},
	    {"DELETE FROM versions WHERE number = 1", GONE("versions")},
	    {"UPDATE secrets SET current = NULL", CHANGED("secrets")},
	    {"DELETE FROM secrets", GONE("secrets")},
	    {"DELETE FROM definitions", GONE("definitions")},
	};
	static const struct attack one[] = {
	    {"DELETE FROM secrets WHERE name = 'prod/s1'", GONE("secrets")},
	};
	SCENE scene = {.bench = batch_bench(false, 2)};

	(void)state;
	EXPECT_ALARMS(&scene, rows, list_to_reseal);
	EXPECT_ALARMS(&scene, one, list_to_reseal);
	EXPECT_ALARMS(&scene, rows,
	    ask_status); /* which tells of one what is so of all that are like it */
}

/* ---- suspensions ---- */

static enum err_code
approve_by_ciso(struct scene *scene, struct err *err)
{
	return bench_approve(scene->bench, &scene->bench->people[CISO], &scene->id, err);
}

static void
suspend_ciso(struct bench *bench)
{
	const struct person *by = &bench->people[SECOPS], *of = &bench->people[CISO];
	struct suspension suspension = {.vault = bench->vault_id,
	    .charter = bench->charter->digest,
	    .roster = bench->roster,
	    .token = by->seat.tokens[0].id,
	    .suspended = of->seat.tokens[0].id,
	    .time = bench->shared->now,
	    .reason = "lost"};
	JSON *payload = NULL;
	DSSE statement = {0};
	struct err err;

	snprintf(suspension.seat, sizeof(suspension.seat), "%s", by->name);
	snprintf(suspension.holder, sizeof(suspension.holder), "%s", of->name);
	assert_ok(suspension_payload(&suspension, &payload, &err));
	assert_ok(statement_new(STATEMENT_SUSPEND, false, payload, &statement, &err));
	person_sign(by, &statement);
	assert_ok(bench_propose(bench, &statement, 0, -1, &err));
}

static void
a_suspension_that_was_removed_restores_nobody(void **state)
{
	static const char *const changes[] = {
	    "DELETE FROM documents WHERE position = 3",
	    "DELETE FROM documents WHERE position = 3; DELETE FROM statements WHERE type = 'suspend'",
	    "DELETE FROM statements WHERE type = 'suspend'",
	};
	SCENE scene = {.bench = bench_new(false)};
	struct bench *bench = scene.bench;
	struct err err;

	(void)state;
	bench_add_secret(bench);
	scene.id = bench_request(bench, &bench->people[ALICE], "prod/db");
	suspend_ciso(bench);
	assert_error(ERR_REFUSED, approve_by_ciso(&scene, &err));
	bench_keep(bench, "kept");
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		bench_tamper(bench, changes[i]);
		expect_alarm(&scene, scene_hello, "is gone");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_forged_version_is_not_asked_for),
	    cmocka_unit_test(whatever_a_release_rests_on_is_proven),
	    cmocka_unit_test(the_end_of_a_lease_stays_where_it_is),
	    cmocka_unit_test(a_debt_does_not_vanish_and_its_escrow_stays),
	    cmocka_unit_test(an_answer_is_the_one_that_was_sealed),
	    cmocka_unit_test(a_version_whose_opening_was_removed_is_not_opened_again),
	    cmocka_unit_test(a_released_version_is_not_released_again),
	    cmocka_unit_test(the_definition_of_another_secret_sends_no_value_to_its_target),
	    cmocka_unit_test(what_a_rotation_changes_is_proven),
	    cmocka_unit_test(what_a_rotation_comes_to_is_proven),
	    cmocka_unit_test(what_a_resealing_comes_to_is_proven),
	    cmocka_unit_test(what_is_erased_is_proven),
	    cmocka_unit_test(what_is_told_of_secrets_is_proven),
	    cmocka_unit_test(a_suspension_that_was_removed_restores_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
