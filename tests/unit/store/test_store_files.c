/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files SQLite touches, whatever somebody put beside the database or into its header; and what is
 * left in the journal.
 */
#include <sys/stat.h>

#include "tests/lib/store_bench.h"

enum {
	PAGE = 4096,
	SECTOR = 512,
	LOCK_PAGE = 0x40000000 / PAGE + 1,
	HEADER_VERSIONS = 18,
	MAX_FILE = 1 << 24
};

/* NAME in the bench's folder, which is removed with it. */
static void
path_of(const struct bench *bench, const char *name, char ret_path[200])
{
	snprintf(ret_path, 200, "%s/%s", bench->folder, name);
}

static void
put_file(const struct bench *bench, const char *name, struct view bytes)
{
	struct err err;
	char path[200];
	path_of(bench, name, path);
	assert_ok(file_write(path, bytes, 0600, &err));
}

static void
read_file(const struct bench *bench, const char *name, struct buf *ret_bytes)
{
	struct err err;
	char path[200];
	path_of(bench, name, path);
	ret_bytes->size = 0;
	assert_ok(file_read(path, MAX_FILE, ret_bytes, &err));
}

static bool
is_there(const struct bench *bench, const char *name)
{
	char path[200];
	path_of(bench, name, path);
	return file_exists(path);
}

static off_t
journal_size(const struct bench *bench)
{
	struct stat status;
	char path[200];
	path_of(bench, "vault.db-journal", path);
	assert_int_equal(stat(path, &status), 0);
	return status.st_size;
}

/* A rollback journal without a page, whose end names SUPER as the super-journal: from SQLite's "Database
 * File Format", section 3, and the end from pager.c. */
static void
plant_journal(const struct bench *bench, const char *super)
{
	static const uint8_t magic[] = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};
	struct stat status;
	uint32_t sum = 0;
	BUF journal = {0};
	assert_int_equal(stat(bench->file, &status), 0);
	buf_bytes(&journal, VIEW_OF(magic));
	buf_u32(&journal, 0); /* pages in it */
	buf_u32(&journal, 1);
	buf_u32(&journal, (uint32_t)(status.st_size / PAGE));
	buf_u32(&journal, SECTOR);
	buf_u32(&journal, PAGE);
	buf_space(&journal, SECTOR - journal.size);
	for (const char *at = super; *at != '\0'; at++)
		sum += (uint8_t)*at;
	buf_u32(&journal, LOCK_PAGE);
	buf_text(&journal, super);
	buf_u32(&journal, (uint32_t)strlen(super));
	buf_u32(&journal, sum);
	buf_bytes(&journal, VIEW_OF(magic));
	put_file(bench, "vault.db-journal", buf_view(&journal));
}

/* What any other program that uses SQLite does, when it merely reads. */
static int
read_as_others_do(const struct bench *bench)
{
	sqlite3 *database = NULL;
	assert_int_equal(sqlite3_open(bench->file, &database), SQLITE_OK);
	int result = sqlite3_exec(database, "SELECT count(*) FROM texts", NULL, NULL, NULL);
	sqlite3_close(database);
	return result;
}

static void
a_planted_journal_deletes_the_file_it_names_for_everybody_else(void **state)
{
	struct bench *bench = *state;
	char victim[200];
	store_freep(&bench->store);
	put_file(bench, "host.key", view_of_text("a key"));
	path_of(bench, "host.key", victim);
	plant_journal(bench, victim);
	assert_int_equal(read_as_others_do(bench), SQLITE_OK);
	assert_false(file_exists(victim)); /* else the next test shows nothing */
}

/* Nothing is touched, and the alarm names VICTIM. */
static void
expect_untouched(struct bench *bench, const char *victim, bool open_already)
{
	struct err err;
	BUF text = {0}, database = {0}, journal = {0}, after = {0};
	if (!open_already)
		store_freep(&bench->store);
	plant_journal(bench, victim);
	read_file(bench, "vault.db", &database);
	read_file(bench, "vault.db-journal", &journal);
	if (open_already)
		assert_error(ERR_INTEGRITY, store_get_text(bench->store, "draft", &text, &err));
	else
		assert_error(ERR_INTEGRITY,
		    store_open(bench->folder, "test", &bench_no_id, bench->key, &bench->store,
		        &err));
	assert_says(victim);
	assert_says("was not touched");
	read_file(bench, "vault.db", &after);
	assert_view(buf_view(&after), buf_view(&database));
	read_file(bench, "vault.db-journal", &after);
	assert_view(buf_view(&after), buf_view(&journal));
}

static void
a_planted_journal_makes_no_file_vanish(void **state)
{
	struct bench *bench = *state;
	char path[200];
	bench_fill(bench);
	put_file(bench, "host.key", view_of_text("a key"));
	path_of(bench, "host.key", path);
	expect_untouched(bench, path, true);
	expect_untouched(bench, path, false);
	assert_true(file_exists(path));
	path_of(bench, "absent", path);
	expect_untouched(bench, path, false);
}

/* One that names the database itself, or the journal, is played back first; then it would be deleted. */
static void
a_planted_journal_does_not_delete_the_vault(void **state)
{
	static const char *const names[] = {"vault.db", "vault.db-journal"};
	struct bench *bench = *state;
	struct err err;
	char path[200];
	bench_fill(bench);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		store_freep(&bench->store);
		path_of(bench, names[i], path);
		plant_journal(bench, path);
		assert_error(ERR_INTEGRITY,
		    store_open(bench->folder, "test", &bench_no_id, bench->key, &bench->store,
		        &err));
		assert_says(path);
		bench_reopen(bench);
		assert_ok(store_check(bench->store, &err));
	}
}

static void
a_crashed_writers_own_journal_is_rolled_back_as_ever(void **state)
{
	struct bench *bench = *state;
	struct err err;
	BUF text = {0}, before = {0}, database = {0}, journal = {0};
	bench_fill(bench);
	read_file(bench, "vault.db", &before);
	sqlite3 *other = NULL;
	assert_int_equal(sqlite3_open(bench->file, &other), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(other,
	        "PRAGMA cache_size = 2; BEGIN IMMEDIATE;"
	        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 200)"
	        " INSERT OR REPLACE INTO texts SELECT 'draft' || i, zeroblob(9000) FROM n;"
	        "UPDATE texts SET text = x'00'",
	        NULL, NULL, NULL),
	    SQLITE_OK);
	read_file(bench, "vault.db", &database); /* as they were when its power went */
	read_file(bench, "vault.db-journal", &journal);
	assert_true(database.size > before.size);
	sqlite3_close(other);
	store_freep(&bench->store);
	put_file(bench, "vault.db", buf_view(&database));
	put_file(bench, "vault.db-journal", buf_view(&journal));
	bench_reopen(bench);
	assert_ok(store_get_text(bench->store, "draft", &text, &err));
	assert_string_equal(buf_string(&text), "a draft");
	assert_ok(store_check(bench->store, &err));
}

static int
set_log_mode(const struct bench *bench, const char *and_then)
{
	sqlite3 *database = NULL;
	assert_int_equal(sqlite3_open(bench->file, &database), SQLITE_OK);
	int result = sqlite3_exec(database, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_exec(database, and_then, NULL, NULL, NULL);
	sqlite3_close(database);
	return result;
}

static void
a_header_that_asks_for_a_write_ahead_log_is_refused(void **state)
{
	struct bench *bench = *state;
	struct err err;
	BUF text = {0}, bytes = {0}, after = {0};
	bench_fill(bench);
	assert_int_equal(set_log_mode(bench, "DELETE FROM texts WHERE name = 'draft'"), SQLITE_OK);
	assert_error(ERR_INTEGRITY, store_get_text(bench->store, "draft", &text, &err));
	assert_says("vault.db-wal");
	store_freep(&bench->store);
	read_file(bench, "vault.db", &bytes);
	assert_int_equal(bytes.data[HEADER_VERSIONS], 2);
	for (unsigned way = 0; way < 3; way++) { /* reading, writing, both */
		bytes.data[HEADER_VERSIONS] = way == 0 ? 1 : 2;
		bytes.data[HEADER_VERSIONS + 1] = way == 1 ? 1 : 2;
		put_file(bench, "vault.db", buf_view(&bytes));
		assert_error(ERR_INTEGRITY,
		    store_open(bench->folder, "test", &bench_no_id, bench->key, &bench->store,
		        &err));
		assert_says("is set to a write-ahead log");
		read_file(bench, "vault.db", &after);
		assert_view(buf_view(&after), buf_view(&bytes));
		assert_false(is_there(bench, "vault.db-wal"));
	}
	bytes.data[HEADER_VERSIONS] = bytes.data[HEADER_VERSIONS + 1] = 1;
	put_file(bench, "vault.db", buf_view(&bytes));
	bench_reopen(bench);
}

/* Beside a database whose header is right, others would follow it. */
static void
a_write_ahead_log_that_lies_there_is_not_followed(void **state)
{
	struct bench *bench = *state;
	struct err err;
	BUF text = {0}, good = {0}, log = {0};
	bench_fill(bench);
	read_file(bench, "vault.db", &good);
	sqlite3 *other = NULL;
	assert_int_equal(sqlite3_open(bench->file, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "PRAGMA journal_mode = WAL; DELETE FROM texts", NULL,
	                     NULL, NULL),
	    SQLITE_OK);
	read_file(bench, "vault.db-wal", &log);
	sqlite3_close(other);
	store_freep(&bench->store);
	put_file(bench, "vault.db", buf_view(&good));
	put_file(bench, "vault.db-wal", buf_view(&log));
	bench_reopen(bench);
	assert_ok(store_get_text(bench->store, "draft", &text, &err));
	assert_string_equal(buf_string(&text), "a draft");
	bench_begin(bench);
	bench_commit(bench);
	assert_true(is_there(bench, "vault.db-wal"));
}

static void
the_journal_stays_but_for_what_made_the_vault(void **state)
{
	struct bench *bench = *state;
	assert_false(is_there(bench, "vault.db-journal"));
	assert_false(is_there(bench, "vault.db.new-journal"));
	bench_begin(bench);
	bench_commit(bench);
	assert_true(journal_size(bench) > PAGE);
	bench_begin(bench);
	bench_commit(bench);
	assert_true(journal_size(bench) > PAGE);
}

static enum err_code
erase_shares(struct store *store, struct err *err)
{
	return store_erase_shares(store, &bench_ceremony, -1, err);
}

static enum err_code
drop_share(struct store *store, struct err *err)
{
	return store_drop_share(store, &bench_ceremony, 0, "infra", err);
}

static enum err_code
drop_shares_of(struct store *store, struct err *err)
{
	const struct digest token = digest_of(0x41);
	return store_drop_shares_of(store, &token, err);
}

static enum err_code
erase_envelopes(struct store *store, struct err *err)
{
	TRY(store_erase_envelopes(store, &bench_secret, 1, err));
	return store_erase_envelopes(store, &bench_secret, 2, err);
}

static enum err_code
replace_spare(struct store *store, struct err *err)
{
	struct spare_row spare = spare_of(store, 0x61, 0x33);
	return bench_spare(store, &spare, "another", err);
}

static const struct erasure {
	enum err_code (*erase)(struct store *store, struct err *err);
	const char *text; /* that nobody may find afterwards */
} erasures[] = {
    {erase_shares, bench_shares},
    {drop_share, bench_shares},
    {drop_shares_of, bench_shares},
    {erase_envelopes, "first"},
    {replace_spare, "to the spare"},
};

/* Others' changes of the same pages leave images in the journal; the erasure itself makes one too. */
static void
what_was_erased_is_in_no_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(erasures); i++) {
		struct err err;
		void *own = NULL;
		assert_int_equal(bench_setup(&own), 0);
		struct bench *bench = own;
		bench_fill(bench);
		bench_begin(bench);
		SHARE share = share_of("ciso", 0x21);
		struct spare_row spare = spare_of(bench->store, 0x61, 0x34);
		assert_ok(store_add_share(bench->store, &bench_ceremony, &share, &err));
		assert_ok(store_drop_share(bench->store, &bench_ceremony, 0, "ciso", &err));
		assert_ok(bench_spare(bench->store, &spare, "to the spare", &err));
		bench_commit(bench);
		bench_begin(bench); /* of all pages, so that the journal has images of all */
		assert_ok(
		    store_set_version_state(bench->store, &bench_secret, 1, VERSION_CURRENT, &err));
		assert_ok(store_set_text(bench->store, "draft", "another", &err));
		bench_commit(bench);
		if (!bench_file_holds(bench, erasures[i].text))
			fail_msg("%zu: \"%s\" is not there", i, erasures[i].text);
		bench_begin(bench);
		assert_ok(erasures[i].erase(bench->store, &err));
		bench_commit(bench);
		assert_int_equal(journal_size(bench), 0);
		if (bench_file_holds(bench, erasures[i].text))
			fail_msg("%zu: \"%s\" is still there", i, erasures[i].text);
		bench_begin(bench); /* those after it keep theirs */
		bench_commit(bench);
		assert_true(journal_size(bench) > PAGE);
		assert_false(bench_file_holds(bench, erasures[i].text));
		bench_teardown(&own);
	}
}

/* Without the cut the image stays: what the test before looks for can be found. */
static void
a_change_that_does_not_say_that_it_erases_leaves_an_image(void **state)
{
	struct bench *bench = *state;
	struct err err;
	BUF journal = {0};
	bench_fill(bench);
	bench_begin(bench);
	assert_ok(store_set_text(bench->store, "draft", "short", &err));
	bench_commit(bench);
	read_file(bench, "vault.db-journal", &journal);
	assert_non_null(memmem(journal.data, journal.size, "a draft", 7));
}

static void
an_erasure_outside_a_transaction_is_refused(void **state)
{
	struct bench *bench = *state;
	struct err err;
	bench_fill(bench);
	for (size_t i = 0; i + 1 < ARRAY_SIZE(erasures); i++)
		assert_error(ERR_INTERNAL, erasures[i].erase(bench->store, &err));
}

static void
a_database_that_lost_a_page_is_an_alarm(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct stat status;
	bench_fill(bench);
	assert_int_equal(stat(bench->file, &status), 0);
	assert_int_equal(truncate(bench->file, status.st_size - PAGE), 0);
	assert_error(ERR_INTEGRITY, store_check(bench->store, &err));
	store_freep(&bench->store);
	enum err_code code =
	    store_open(bench->folder, "test", &bench_no_id, bench->key, &bench->store, &err);
	if (code == ERR_OK)
		code = store_check(bench->store, &err);
	assert_int_equal(code, ERR_INTEGRITY);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
	const struct CMUnitTest tests[] = {
	    CASE(a_planted_journal_deletes_the_file_it_names_for_everybody_else),
	    CASE(a_planted_journal_makes_no_file_vanish),
	    CASE(a_planted_journal_does_not_delete_the_vault),
	    CASE(a_crashed_writers_own_journal_is_rolled_back_as_ever),
	    CASE(a_header_that_asks_for_a_write_ahead_log_is_refused),
	    CASE(a_write_ahead_log_that_lies_there_is_not_followed),
	    CASE(the_journal_stays_but_for_what_made_the_vault),
	    cmocka_unit_test(what_was_erased_is_in_no_file),
	    CASE(a_change_that_does_not_say_that_it_erases_leaves_an_image),
	    CASE(an_erasure_outside_a_transaction_is_refused),
	    CASE(a_database_that_lost_a_page_is_an_alarm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
