/* SPDX-License-Identifier: Apache-2.0 */
/* Someone who can write the database, and turns to the state tree, to the log, or to older rows. */
#include <stdio.h>

#include "tests/unit/writer/writer_bench.h"

/* ---- the state tree ---- */

/* The rows as they were before they were opened, under the log as it is. */
static void
older_rows_open_nothing_again(void **state)
{
	static const char *const tables[] = {"ceremonies", "items", "shares", "opened", "debts",
	    "answers", "statements", "nodes", NULL};
	SCENE scene = {.bench = NULL};
	struct err err;

	(void)state;
	scene_collect(&scene);
	bench_keep(scene.bench, "old");
	assert_ok(scene_advance(&scene, &err));
	bench_keep(scene.bench, "kept");
	for (size_t i = 0; i < ARRAY_SIZE(tables) - 1; i++) {
		bench_shell(scene.bench, "cp old/vault/vault.db vault/vault.db");
		take_tables(scene.bench, tables + i);
		expect_alarm(&scene, scene_verify, "");
	}
	bench_shell(scene.bench, "cp old/vault/vault.db vault/vault.db");
	take_tables(scene.bench, tables);
	expect_alarm(&scene, scene_hello, "the state tree");
}

static void
the_tree_of_a_database_without_the_debt_is_an_alarm(void **state)
{
	static const char *const tables[] = {"nodes", NULL};
	SCENE scene = {.bench = NULL};

	(void)state;
	scene_release(&scene);
	bench_keep(scene.bench, "kept");
	hand_write(scene.bench, "UPDATE debts SET state = 'retired'");
	take_tables(scene.bench, tables);
	expect_alarm(&scene, scene_hello, "the state tree");
}

static void
ask_text(struct scene *scene, const char *op, struct buf *ret_text)
{
	struct err err;
	JSON *reply = NULL;

	ret_text->size = 0;
	if (bench_call(scene->bench, op_new(op), (struct view){0}, &reply, NULL, &err) == ERR_OK)
		assert_ok(json_encode(reply, ret_text, &err));
	else
		assert_int_equal(err.code, ERR_INTEGRITY);
}

/* Rows that are not on the way to what is asked are not read. */
static void
each_row_of_the_state_tree_is_an_alarm_or_plays_no_part(void **state)
{
	static const char last_byte[] =
	    "UPDATE nodes SET body = CAST(substr(body, 1, length(body) - 1) ||"
	    " CASE substr(body, -1) WHEN x'01' THEN x'02' ELSE x'01' END AS BLOB)";
	static const char *const changes[] = {
	    last_byte,
	    "UPDATE nodes SET body = zeroblob(length(body))",
	    "UPDATE nodes SET kids = zeroblob(8 + length(kids))",
	    "DELETE FROM nodes",
	};
	SCENE scene = {.bench = NULL};
	BUF honest = {0}, told = {0};
	int64_t alarms = 0;

	(void)state;
	scene_release(&scene);
	bench_keep(scene.bench, "kept");
	ask_text(&scene, "status", &honest);
	int64_t count = bench_count(scene.bench, "SELECT count(*) FROM nodes");
	assert_in_range(count, 4, 100);
	for (int64_t i = 0; i < count * (int64_t)ARRAY_SIZE(changes); i++) {
		char change[400];

		bench_restore(scene.bench, "kept");
		snprintf(change, sizeof(change),
		    "%s WHERE id = (SELECT id FROM nodes ORDER BY id LIMIT 1 OFFSET %d)",
		    changes[i % (int64_t)ARRAY_SIZE(changes)],
		    (int)(i / (int64_t)ARRAY_SIZE(changes)));
		bench_tamper(scene.bench, change);
		ask_text(&scene, "status", &told);
		if (told.size > 0)
			assert_string_equal(buf_string(&told), buf_string(&honest));
		alarms += told.size == 0;
		expect_alarm(&scene, scene_verify, "");
	}
	assert_true(alarms > 4);
}

/* ---- the log ---- */

static void
a_leaf_is_neither_added_nor_changed_nor_removed(void **state)
{
#define LAST(table) "(SELECT max(position) FROM " table ")"
	static const struct attack rows[] = {
	    {"INSERT INTO log_leaf SELECT max(position) + 1, x'7b7d' FROM log_leaf",
	        "somebody wrote there"},
	    {"INSERT INTO log_leaf VALUES (9223372036854775806, x'7b7d')", "somebody wrote there"},
	    {"DELETE FROM log_leaf WHERE position = " LAST("log_leaf"),
	        "an old database was restored"},
	    {"DELETE FROM log_leaf", "an old database was restored"},
	    {"UPDATE log_leaf SET data = x'7b7d' WHERE position = " LAST("log_leaf"),
	        "is not the one that was logged"},
	    {"DELETE FROM log_hash", "the log lacks the hash"},
	    {"UPDATE log_hash SET hash = zeroblob(32)", "is not the one that was logged"},
	};
	static const struct attack changes[] = {
	    {"DELETE FROM log_hash WHERE position = " LAST("log_hash"), "the log lacks the hash"},
	    {"UPDATE log_hash SET hash = zeroblob(32) WHERE position = " LAST("log_hash"),
	        "the log was changed"},
	    {"INSERT INTO log_hash SELECT max(position) + 1, zeroblob(32) FROM log_hash",
	        "somebody wrote there"},
	};
	static const struct attack later[] = {
	    {"DELETE FROM log_leaf WHERE position = 3", "the log lacks leaf 3"},
	    {"UPDATE log_leaf SET data = x'7b7d' WHERE position = 3", "not that of its leaves"},
	    {"DELETE FROM log_hash WHERE position = 3", "the log lacks the hash"},
	    {"UPDATE log_hash SET hash = zeroblob(32) WHERE position = 3",
	        "not that of its leaves"},
	    {"INSERT INTO log_hash SELECT max(position) + 1, zeroblob(32) FROM log_hash",
	        "hashes of leaves that are not there"},
	};
	SCENE scene = {.bench = bench_new(false)};

	(void)state;
	bench_add_secret(scene.bench);
	bench_request_make(scene.bench, &scene.bench->people[CAROL], "prod/db", &scene.request);
	EXPECT_ALARMS(&scene, rows, scene_hello);
	EXPECT_ALARMS(&scene, changes, scene_request);
	EXPECT_ALARMS(&scene, later, scene_verify);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(older_rows_open_nothing_again),
	    cmocka_unit_test(the_tree_of_a_database_without_the_debt_is_an_alarm),
	    cmocka_unit_test(each_row_of_the_state_tree_is_an_alarm_or_plays_no_part),
	    cmocka_unit_test(a_leaf_is_neither_added_nor_changed_nor_removed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
