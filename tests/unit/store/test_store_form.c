/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vault/store/schema_check.c and format.c: a vault whose tables, indices and triggers are not those that
 * Halligan makes is refused by name, when it is opened and while it is open.
 */
#include "tests/lib/store_bench.h"

enum { OBJECTS_MAX = 200, MAX_FILE = 1 << 24 };

struct object {
	char type[16], name[80], table[80];
	bool has_text;
};

/* What is in the database, as SQLite says. */
static size_t
list_objects(const struct bench *bench, struct object objects[OBJECTS_MAX])
{
	sqlite3 *database = NULL;
	sqlite3_stmt *statement = NULL;
	size_t count = 0;
	assert_int_equal(sqlite3_open(bench->file, &database), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(database,
	                     "SELECT type, name, tbl_name, sql IS NOT NULL FROM sqlite_schema", -1,
	                     &statement, NULL),
	    SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		struct object *object = &objects[count++];
		assert_true(count < OBJECTS_MAX);
		snprintf(object->type, sizeof(object->type), "%s",
		    (const char *)sqlite3_column_text(statement, 0));
		snprintf(object->name, sizeof(object->name), "%s",
		    (const char *)sqlite3_column_text(statement, 1));
		snprintf(object->table, sizeof(object->table), "%s",
		    (const char *)sqlite3_column_text(statement, 2));
		object->has_text = sqlite3_column_int(statement, 3) != 0;
	}
	sqlite3_finalize(statement);
	sqlite3_close(database);
	return count;
}

/* The database and its anchor as they were when this was called, put back. */
struct kept {
	struct bench *bench;
	char anchor[100];
	struct buf bytes, anchored;
};

static void
keep(struct bench *bench, struct kept *ret_kept)
{
	struct err err;
	store_freep(&bench->store);
	ret_kept->bench = bench;
	snprintf(ret_kept->anchor, sizeof(ret_kept->anchor), "%s/anchor", bench->folder);
	assert_ok(file_read(bench->file, MAX_FILE, &ret_kept->bytes, &err));
	assert_ok(file_read(ret_kept->anchor, MAX_FILE, &ret_kept->anchored, &err));
}

static void
put_back(struct kept *kept)
{
	struct err err;
	store_freep(&kept->bench->store);
	assert_ok(file_write(kept->bench->file, buf_view(&kept->bytes), 0600, &err));
	assert_ok(file_write(kept->anchor, buf_view(&kept->anchored), 0600, &err));
}

static void
kept_done(struct kept *kept)
{
	buf_done(&kept->bytes);
	buf_done(&kept->anchored);
}

#define KEPT CLEANUP(kept_done) struct kept

/* Opening it as it is now is refused, and the text names both. */
static void
refuse_opening(struct kept *kept, const char *name, const char *part)
{
	struct err err;
	enum err_code code = bench_open(kept->bench, &kept->bench->store, &err);
	if (code != ERR_INTEGRITY || strstr(err.text, name) == NULL ||
	    strstr(err.text, part) == NULL)
		fail_msg("%s (%s): %s: %s", name, part, err_name(code),
		    code != ERR_OK ? err.text : "");
	put_back(kept);
}

static void
a_vault_as_it_is_made_is_opened(void **state)
{
	struct bench *bench = *state;
	struct object objects[OBJECTS_MAX];
	size_t count = list_objects(bench, objects), triggers = 0, automatic = 0;
	for (size_t i = 0; i < count; i++) {
		triggers += strcmp(objects[i].type, "trigger") == 0;
		automatic += !objects[i].has_text;
	}
	assert_true(triggers > 15 && automatic > 10 && count > triggers + automatic + 20);
	bench_fill(bench);
	bench_reopen(bench);
}

static void
each_object_that_is_gone_is_named(void **state)
{
	struct bench *bench = *state;
	struct object objects[OBJECTS_MAX];
	char sql[400];
	KEPT kept = {0};
	bench_fill(bench);
	size_t count = list_objects(bench, objects);
	keep(bench, &kept);
	for (size_t i = 0; i < count; i++) {
		bool table = strcmp(objects[i].type, "table") == 0;
		snprintf(sql, sizeof(sql),
		    "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE %s = '%s'",
		    table ? "tbl_name" : "name", objects[i].name);
		tamper(bench, sql);
		refuse_opening(&kept, objects[i].name, "the database lacks the ");
	}
	bench_reopen(bench);
}

static void
each_object_whose_text_is_another_is_named(void **state)
{
	struct bench *bench = *state;
	struct object objects[OBJECTS_MAX];
	char sql[400];
	KEPT kept = {0};
	bench_fill(bench);
	size_t count = list_objects(bench, objects);
	keep(bench, &kept);
	for (size_t i = 0; i < count; i++) {
		if (!objects[i].has_text)
			continue;
		snprintf(sql, sizeof(sql),
		    "PRAGMA writable_schema = ON;"
		    "UPDATE sqlite_schema SET sql = sql || ' ' WHERE name = '%s'",
		    objects[i].name);
		tamper(bench, sql);
		refuse_opening(&kept, objects[i].name, "is not as Halligan makes it");
	}
	bench_reopen(bench);
}

/* As an administrator would do it, or somebody who knows SQLite well. */
static const struct change {
	const char *sql, *name, *part;
} changes[] = {
    {"DROP TRIGGER opened_kept", "trigger opened_kept", "lacks"},
    {"DROP TRIGGER opened_kept; CREATE TRIGGER opened_kept BEFORE DELETE ON opened"
     " WHEN 0 BEGIN SELECT RAISE(ABORT, 'opened is only ever added to'); END",
        "trigger opened_kept", "not as Halligan makes it"},
    {"DROP INDEX debts_open", "index debts_open", "lacks"},
    {"DROP INDEX debts_open; CREATE INDEX debts_open ON debts(secret) WHERE state <> 'retired'",
        "index debts_open", "not as Halligan makes it"},
    {"DROP INDEX opened_once; CREATE UNIQUE INDEX opened_once ON opened(secret, version, ceremony)"
     " WHERE recovers IS NULL",
        "index opened_once", "not as Halligan makes it"},
    {"CREATE TRIGGER helper AFTER INSERT ON opened BEGIN DELETE FROM debts; END", "trigger helper",
        "no Halligan made"},
    {"CREATE TABLE notes (x)", "table notes", "no Halligan made"},
    {"CREATE INDEX fast ON texts(text)", "index fast", "no Halligan made"},
    {"CREATE VIEW answers_by_day AS SELECT * FROM answers", "view answers_by_day",
        "no Halligan made"},
    {"CREATE VIRTUAL TABLE words USING fts5(text)", "table words", "no Halligan made"},
    {"ANALYZE", "table sqlite_stat1", "no Halligan made"},
    {"CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT)", "table counted",
        "no Halligan made"},
    {"ALTER TABLE texts ADD COLUMN more TEXT", "table texts", "not as Halligan makes it"},
    {"ALTER TABLE tests RENAME TO old_tests", "table old_tests", "no Halligan made"},
    {"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET tbl_name = 'texts' WHERE name ="
     " 'debts_open'",
        "debts_open", "malformed"}, /* SQLite itself */
    {"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET type = 'index' WHERE name ="
     " 'opened_kept'",
        "opened_kept", "malformed"},
    {"PRAGMA writable_schema = ON; INSERT INTO sqlite_schema SELECT * FROM sqlite_schema WHERE name ="
     " 'sqlite_autoindex_texts_1'",
        "index sqlite_autoindex_texts_1", "no Halligan made"},
    {"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET name = 'OPENED_KEPT' WHERE name ="
     " 'opened_kept'",
        "trigger OPENED_KEPT", "no Halligan made"},
    {"PRAGMA writable_schema = ON; INSERT INTO sqlite_schema SELECT 'trigger', name, 'texts', 0,"
     " 'CREATE TRIGGER ' || name || ' BEFORE DELETE ON texts BEGIN SELECT 1; END'"
     " FROM (SELECT printf('%.*c', 300, 'a') AS name)",
        "sqlite_schema.name", "too long"},
    {"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = sql || printf('%.*c', 9000, ' ')"
     " WHERE name = 'opened_kept'",
        "the trigger opened_kept: sqlite_schema.sql", "too long"},
    {"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = CAST(sql AS BLOB) WHERE name ="
     " 'opened_kept'",
        "the trigger opened_kept: sqlite_schema.sql", "wrong type"},
    {"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'DELETE', 'DELETE' ||"
     " char(10)) WHERE name = 'opened_kept'",
        "the trigger opened_kept: sqlite_schema.sql", "not plain text"},
};

static void
whatever_was_added_removed_or_changed_is_named(void **state)
{
	struct bench *bench = *state;
	KEPT kept = {0};
	bench_fill(bench);
	keep(bench, &kept);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		tamper(bench, changes[i].sql);
		refuse_opening(&kept, changes[i].name, changes[i].part);
	}
	bench_reopen(bench);
}

/* Without SQLite, and so without a new schema_version. */
static void
one_byte_of_a_text_is_enough(void **state)
{
	static const char before[] = "RAISE(ABORT, 'opened is", after[] = "RAISE(ABORT, 'openes is";
	struct bench *bench = *state;
	struct err err;
	KEPT kept = {0};
	BUF bytes = {0};
	bench_fill(bench);
	keep(bench, &kept);
	buf_bytes(&bytes, buf_view(&kept.bytes));
	uint8_t *at = memmem(bytes.data, bytes.size, before, strlen(before));
	assert_non_null(at);
	memcpy(at, after, strlen(after));
	assert_ok(file_write(bench->file, buf_view(&bytes), 0600, &err));
	refuse_opening(&kept, "opened_", "not as Halligan makes it");
}

/* An order of its own changes nothing. */
static void
what_was_made_again_as_it_was_is_taken(void **state)
{
	struct bench *bench = *state;
	struct err err;
	bench_fill(bench);
	tamper(bench,
	    "DROP TRIGGER opened_kept; CREATE TRIGGER opened_kept BEFORE DELETE ON opened"
	    " BEGIN SELECT RAISE(ABORT, 'opened is only ever added to'); END;"
	    "CREATE TABLE passing (x); DROP TABLE passing");
	assert_ok(store_begin_read(bench->store, &err));
	store_rollback(bench->store);
	bench_reopen(bench);
	bench_begin(bench);
	bench_commit(bench);
}

/* The store stays open; each transaction begins with a look. */
static void
a_change_between_two_transactions_is_refused_by_the_next(void **state)
{
	struct bench *bench = *state;
	struct store *other = NULL;
	struct err err;
	KEPT kept = {0};
	bench_fill(bench);
	keep(bench, &kept);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		bench_reopen(bench);
		bench_begin(bench);
		bench_commit(bench);
		tamper(bench, changes[i].sql);
		/* A row that is changed by hand moves nothing, and then the texts read before stay in force. */
		tamper(bench, "PRAGMA schema_version = 5000");
		expect_error(store_begin_read(bench->store, &err), ERR_INTEGRITY, &err,
		    changes[i].name);
		expect_error(store_begin(bench->store, &err), ERR_INTEGRITY, &err, changes[i].part);
		put_back(&kept);
		assert_ok(
		    store_open(bench->folder, "other", &bench_no_id, bench->key, &other, &err));
		assert_ok(store_begin(other, &err)); /* the lock was given back */
		store_rollback(other);
		store_freep(&other);
	}
}

static void
a_change_of_the_marks_is_refused_by_the_next_transaction(void **state)
{
	struct bench *bench = *state;
	struct err err;
	bench_fill(bench);
	tamper(bench, "PRAGMA user_version = 7");
	expect_error(store_begin(bench->store, &err), ERR_INTEGRITY, &err, "format 7");
	assert_says("somebody changed that mark");
	tamper(bench, "PRAGMA user_version = 1; PRAGMA application_id = 7");
	assert_error(ERR_INTEGRITY, store_begin_read(bench->store, &err));
	assert_says("not a Halligan vault");
	tamper(bench, "PRAGMA application_id = 0x48414c47");
	bench_begin(bench);
	bench_commit(bench);
}

static void
a_database_that_is_emptied_is_an_alarm(void **state)
{
	struct bench *bench = *state;
	struct err err;
	bench_fill(bench);
	assert_int_equal(truncate(bench->file, 0), 0);
	assert_error(ERR_INTEGRITY, store_begin_read(bench->store, &err));
	assert_error(ERR_INTEGRITY, store_begin(bench->store, &err));
	store_freep(&bench->store);
	assert_error(ERR_INTEGRITY,
	    store_open(bench->folder, "test", &bench_no_id, bench->key, &bench->store, &err));
	assert_says("not a Halligan vault");
	assert_error(ERR_EXISTS,
	    store_create(bench->folder, "test", bench->key, &bench->store, &err));
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
	const struct CMUnitTest tests[] = {
	    CASE(a_vault_as_it_is_made_is_opened),
	    CASE(each_object_that_is_gone_is_named),
	    CASE(each_object_whose_text_is_another_is_named),
	    CASE(whatever_was_added_removed_or_changed_is_named),
	    CASE(one_byte_of_a_text_is_enough),
	    CASE(what_was_made_again_as_it_was_is_taken),
	    CASE(a_change_between_two_transactions_is_refused_by_the_next),
	    CASE(a_change_of_the_marks_is_refused_by_the_next_transaction),
	    CASE(a_database_that_is_emptied_is_an_alarm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
