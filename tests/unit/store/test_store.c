/* SPDX-License-Identifier: Apache-2.0 */
/* vault/store/store.c: opening what is and is not a vault, transactions, the writer lock, the log. */
#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/file_lock.h"
#include "tests/lib/store_bench.h"
#include "vault/store/verify.h"

static void
path_in(const struct bench *bench, const char *name, char ret_path[4096])
{
	struct err err;
	assert_ok(file_path(bench->folder, name, ret_path, &err));
}

/* What an independent connection is told. */
static void
ask(const struct bench *bench, const char *sql, char ret_answer[64])
{
	sqlite3 *database = NULL;
	sqlite3_stmt *statement = NULL;
	assert_int_equal(sqlite3_open(bench->file, &database), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	snprintf(ret_answer, 64, "%s", (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	sqlite3_close(database);
}

static void
a_new_vault_is_closed_to_others_and_marked(void **state)
{
	struct bench *bench = *state;
	struct stat status;
	char path[4096], answer[64];
	assert_int_equal(stat(bench->file, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	path_in(bench, "vault.db.new", path);
	assert_false(file_exists(path));
	ask(bench, "PRAGMA journal_mode", answer);
	assert_string_equal(answer, "delete");
	ask(bench, "PRAGMA application_id", answer);
	assert_string_equal(answer, "1212238919"); /* "HALG" */
	ask(bench, "PRAGMA user_version", answer);
	assert_string_equal(answer, "1");
	ask(bench,
	    "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
	    " AND name NOT LIKE 'sqlite%' AND NOT strict",
	    answer);
	assert_string_equal(answer, "0");
}

static void
a_second_vault_in_the_same_folder_is_refused(void **state)
{
	struct bench *bench = *state;
	struct store *second = NULL;
	struct err err;
	bench_fill(bench);
	assert_error(ERR_EXISTS, store_create(bench->folder, "test", bench->key, &second, &err));
	bench_reopen(bench);
	assert_ok(store_check(bench->store, &err));
}

static void
a_journal_without_its_database_is_not_adopted(void **state)
{
	struct bench *bench = *state;
	struct err err;
	char path[4096];
	store_freep(&bench->store);
	assert_int_equal(unlink(bench->file), 0);
	path_in(bench, "vault.db-journal", path);
	assert_ok(file_write(path, view_of_text("a journal"), 0600, &err));
	assert_error(ERR_EXISTS,
	    store_create(bench->folder, "test", bench->key, &bench->store, &err));
	assert_says("journal");
}

static void
an_unfinished_vault_is_made_again(void **state)
{
	struct bench *bench = *state;
	struct err err;
	char path[4096];
	store_freep(&bench->store);
	assert_int_equal(unlink(bench->file), 0);
	assert_error(ERR_NOT_FOUND,
	    store_open(bench->folder, "test", &bench_no_id, bench->key, &bench->store, &err));
	path_in(bench, "vault.db.new", path);
	assert_ok(file_write(path, view_of_text("half a database"), 0600, &err));
	path_in(bench, "vault.db.new-journal", path);
	assert_ok(file_write(path, view_of_text("half a journal"), 0600, &err));
	assert_ok(store_create(bench->folder, "test", bench->key, &bench->store, &err));
	bench_fill(bench);
}

static void
a_missing_folder_is_named(void **state)
{
	struct bench *bench = *state;
	struct store *store = NULL;
	struct err err;
	char path[4096];
	path_in(bench, "absent", path);
	assert_error(ERR_NOT_FOUND,
	    store_open(path, "test", &bench_no_id, bench->key, &store, &err));
	assert_says("absent");
	assert_error(ERR_NOT_FOUND, store_create(path, "test", bench->key, &store, &err));
	assert_null(store);
}

/* Put CONTENT in the place of the database; opening must fail with CODE and leave it alone. */
static void
refuse_file(struct bench *bench, struct view content, enum err_code code, const char *part)
{
	struct err err;
	BUF after = {0};
	store_freep(&bench->store);
	assert_ok(file_write(bench->file, content, 0600, &err));
	expect_error(store_open(bench->folder, "test", &bench_no_id, bench->key, &bench->store,
	                 &err),
	    code, &err, part);
	assert_ok(file_read(bench->file, 1 << 24, &after, &err));
	assert_view(buf_view(&after), content);
}

static void
what_is_not_a_vault_is_refused_and_left_alone(void **state)
{
	struct bench *bench = *state;
	struct err err;
	char other[80];
	sqlite3 *database = NULL;
	BUF content = {0};
	refuse_file(bench, view_of_text(""), ERR_INTEGRITY, "not a Halligan vault");
	refuse_file(bench, view_of_text("hello"), ERR_INTEGRITY, "not a Halligan vault");
	snprintf(other, sizeof(other), "%s/other.db", bench->folder);
	assert_int_equal(sqlite3_open(other, &database), SQLITE_OK);
	assert_int_equal(sqlite3_exec(database, "PRAGMA journal_mode = WAL; CREATE TABLE t (x);",
	                     NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(database);
	assert_ok(file_read(other, 1 << 24, &content, &err));
	refuse_file(bench, buf_view(&content), ERR_INTEGRITY, "not a Halligan vault");
}

/* SQLite reads what is missing of a page as zeros: if it was zeros, nothing is missing. */
static bool
only_zeros_are_cut(const struct buf *content, size_t size)
{
	for (size_t i = size; i < content->size; i++)
		if (content->data[i] != 0)
			return false;
	return true;
}

static void
every_size_of_a_cut_file_is_an_error(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct store_totals totals;
	BUF content = {0};
	bench_fill(bench);
	store_freep(&bench->store);
	assert_ok(file_read(bench->file, 1 << 24, &content, &err));
	for (size_t size = 0; size < content.size; size += size < 200 ? 1 : 4096 - 100) {
		if (only_zeros_are_cut(&content, size))
			continue;
		assert_ok(file_write(bench->file, view_of(content.data, size), 0600, &err));
		enum err_code code = store_open(bench->folder, "test", &bench_no_id, bench->key,
		    &bench->store, &err);
		if (code == ERR_OK)
			code = store_check(bench->store, &err);
		if (code == ERR_OK) /* what lacks at the end of a page are bytes of a row */
			code = store_verify_state(bench->store, NULL, NULL, &totals, &err);
		if (code != ERR_INTEGRITY)
			fail_msg("%zu bytes: %s", size, err_name(code));
		store_freep(&bench->store);
	}
}

static void
a_newer_format_is_refused_and_both_are_named(void **state)
{
	struct bench *bench = *state;
	struct err err;
	store_freep(&bench->store);
	tamper(bench, "PRAGMA user_version = 7");
	assert_error(ERR_INTEGRITY,
	    store_open(bench->folder, "test", &bench_no_id, bench->key, &bench->store, &err));
	assert_says("format 7");
	assert_says("up to 1");
	assert_says("Or somebody changed that mark");
	tamper(bench, "PRAGMA user_version = 0");
	assert_error(ERR_INTEGRITY,
	    store_open(bench->folder, "test", &bench_no_id, bench->key, &bench->store, &err));
}

/* Its tables are others: nothing of it may be read, least of all changed. */
static void
a_vault_of_0_1_is_refused_by_name_and_left_alone(void **state)
{
	struct bench *bench = *state;
	struct err err;
	char anchor[100];
	BUF content = {0};
	bench_fill(bench);
	store_freep(&bench->store);
	tamper(bench, "PRAGMA application_id = 1212238921"); /* "HALI" */
	assert_ok(file_read(bench->file, 1 << 24, &content, &err));
	refuse_file(bench, buf_view(&content), ERR_INTEGRITY, "Or somebody changed that mark");
	snprintf(anchor, sizeof(anchor), "%s/anchor", bench->folder);
	assert_int_equal(unlink(anchor), 0); /* 0.1 had none */
	refuse_file(bench, buf_view(&content), ERR_VERSION, "made by Halligan 0.1");
	assert_error(ERR_EXISTS,
	    store_create(bench->folder, "test", bench->key, &bench->store, &err));
	memcpy(content.data + 68, "HALF", 4);
	refuse_file(bench, buf_view(&content), ERR_INTEGRITY, "not a Halligan vault");
}

static void
a_linked_database_is_refused_and_a_linked_folder_is_not(void **state)
{
	struct bench *bench = *state;
	struct err err;
	char moved[4096], folder[4096];
	bench_fill(bench);
	store_freep(&bench->store);
	path_in(bench, "folder", folder);
	assert_int_equal(symlink(bench->folder, folder), 0);
	assert_ok(store_open(folder, "test", &bench_no_id, bench->key, &bench->store, &err));
	store_freep(&bench->store);
	path_in(bench, "moved", moved);
	assert_int_equal(rename(bench->file, moved), 0);
	assert_int_equal(symlink("moved", bench->file), 0);
	assert_error(ERR_IO,
	    store_open(bench->folder, "test", &bench_no_id, bench->key, &bench->store, &err));
}

static uint64_t
log_size(struct store *store)
{
	struct err err;
	uint64_t size = UINT64_MAX;
	assert_ok(store_log_size(store, &size, &err));
	return size;
}

static void
a_change_without_a_leaf_is_not_committed(void **state)
{
	struct bench *bench = *state;
	struct err err;
	BUF text = {0};
	bench_begin(bench);
	assert_ok(store_set_text(bench->store, "draft", "x", &err));
	assert_error(ERR_INTERNAL, store_commit(bench->store, &err));
	assert_says("leaf");
	assert_error(ERR_NOT_FOUND, store_get_text(bench->store, "draft", &text, &err));
	bench_begin(bench); /* the leaf of an earlier transaction does not count */
	assert_ok(store_set_text(bench->store, "draft", "x", &err));
	bench_commit(bench);
	bench_begin(bench);
	assert_ok(store_set_text(bench->store, "draft", NULL, &err));
	assert_error(ERR_INTERNAL, store_commit(bench->store, &err));
	assert_ok(store_get_text(bench->store, "draft", &text, &err));
	bench_begin(bench); /* nothing changed: no leaf is needed */
	assert_ok(store_commit(bench->store, &err));
	assert_int_equal(log_size(bench->store), 1);
}

/* Its last leaf names the state as it is committed. */
static void
a_change_after_the_last_leaf_is_not_committed(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct secret_row rows[1];
	BUF text = {0};
	uint64_t index;
	size_t count;
	for (int applied = 0; applied < 2; applied++) {
		bench_begin(bench);
		assert_ok(store_append_leaf(bench->store, view_of_text("leaf"), &index, &err));
		assert_ok(store_set_text(bench->store, "draft", "x", &err));
		if (applied) /* what is read makes it part of the state */
			assert_ok(store_list_secrets(bench->store, "", rows, 1, &count, &err));
		assert_error(ERR_INTERNAL, store_commit(bench->store, &err));
		assert_says("leaf");
	}
	assert_error(ERR_NOT_FOUND, store_get_text(bench->store, "draft", &text, &err));
	bench_begin(bench); /* another leaf makes it good */
	assert_ok(store_append_leaf(bench->store, view_of_text("leaf"), &index, &err));
	assert_ok(store_set_text(bench->store, "draft", "x", &err));
	bench_commit(bench);
	assert_int_equal(log_size(bench->store), 2);
}

static void
a_rollback_leaves_nothing(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct secret_row row;
	uint64_t index;
	bench_begin(bench);
	struct secret_row secret = {.id = bench_secret,
	    .name = "prod/db",
	    .definition = bench_definition(bench->store, 1)};
	assert_ok(store_add_secret(bench->store, &secret, &err));
	assert_ok(store_append_leaf(bench->store, view_of_text("leaf"), &index, &err));
	assert_ok(store_get_secret(bench->store, &bench_secret, &row, &err));
	store_rollback(bench->store);
	store_rollback(bench->store);
	assert_error(ERR_NOT_FOUND, store_get_secret(bench->store, &bench_secret, &row, &err));
	assert_int_equal(log_size(bench->store), 0);
	bench_begin(bench); /* freeing rolls back too */
	assert_ok(store_append_leaf(bench->store, view_of_text("leaf"), &index, &err));
	bench_reopen(bench);
	assert_int_equal(log_size(bench->store), 0);
	assert_ok(store_log_recompute(bench->store, NULL, &err));
}

static void
nothing_is_written_outside_a_transaction(void **state)
{
	struct bench *bench = *state;
	struct store *store = bench->store;
	struct err err;
	uint64_t index;
	struct digest digest = digest_of(1);
	assert_error(ERR_INTERNAL, store_set_text(store, "draft", "x", &err));
	assert_error(ERR_INTERNAL, store_append_leaf(store, view_of_text("x"), &index, &err));
	assert_error(ERR_INTERNAL, store_commit(store, &err));
	assert_ok(store_begin_read(store, &err));
	assert_error(ERR_INTERNAL,
	    store_put_statement(store, &digest, "test", view_of_text("x"), false, &err));
	assert_error(ERR_INTERNAL, store_begin(store, &err));
	assert_error(ERR_INTERNAL, store_begin_read(store, &err));
	assert_ok(store_commit(store, &err));
	bench_begin(bench);
	assert_error(ERR_INTERNAL, store_begin(store, &err));
	assert_error(ERR_INTERNAL, store_begin_read(store, &err));
	bench_commit(bench); /* the open transaction was not harmed */
	assert_int_equal(log_size(store), 1);
}

static void
a_row_must_find_the_ones_it_names_at_commit(void **state)
{
	struct bench *bench = *state;
	struct err err;
	uint64_t index;
	struct digest digest = digest_of(9);
	bench_begin(bench);
	assert_ok(store_add_definition(bench->store, &digest, &digest, &err));
	assert_ok(store_append_leaf(bench->store, view_of_text("x"), &index, &err));
	assert_error(ERR_NOT_FOUND, store_commit(bench->store, &err));
	assert_says("definitions");
	assert_says("statements");
	assert_int_equal(log_size(bench->store), 0);
	bench_begin(bench); /* in either order */
	assert_ok(store_add_definition(bench->store, &digest, &digest, &err));
	bench_statement(bench->store, 9);
	bench_commit(bench);
}

/* A document has the size of all texts up to it. */
static void
a_document_needs_its_statement_at_once(void **state)
{
	struct bench *bench = *state;
	struct err err;
	uint32_t count;
	struct digest digest = digest_of(9);
	bench_begin(bench);
	assert_error(ERR_NOT_FOUND, store_add_document(bench->store, &digest, &err));
	assert_says("statement");
	bench_statement(bench->store, 9);
	assert_ok(store_add_document(bench->store, &digest, &err));
	bench_commit(bench);
	assert_ok(store_count_documents(bench->store, &count, &err));
	assert_int_equal(count, 1);
}

static void
what_is_only_added_to_cannot_be_changed_by_sql(void **state)
{
	static const char *const changes[] = {"UPDATE log_leaf SET data = x'00'",
	    "DELETE FROM log_leaf", "UPDATE log_hash SET hash = zeroblob(32)",
	    "DELETE FROM log_hash", "UPDATE documents SET position = 3", "DELETE FROM documents",
	    "UPDATE definitions SET statement = hash", "DELETE FROM definitions",
	    "UPDATE versions SET ciphertext = x'00'", "UPDATE versions SET header = x'00'",
	    "UPDATE versions SET public = zeroblob(32)", "UPDATE envelopes SET enc = zeroblob(65)",
	    "DELETE FROM opened", "UPDATE opened SET version = 2",
	    "UPDATE opened SET recovers = zeroblob(16)", "DELETE FROM answers",
	    "UPDATE answers SET ciphertext = x'00'", "DELETE FROM debts", "DELETE FROM voices",
	    "UPDATE voices SET denies = 1", "DELETE FROM tests",
	    "UPDATE tests SET token = zeroblob(32)"};
	struct bench *bench = *state;
	sqlite3 *database = NULL;
	bench_fill(bench);
	assert_int_equal(sqlite3_open(bench->file, &database), SQLITE_OK);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		if (sqlite3_exec(database, changes[i], NULL, NULL, NULL) != SQLITE_CONSTRAINT)
			fail_msg("%s", changes[i]);
	}
	sqlite3_close(database);
}

static void
several_reads_see_one_state(void **state)
{
	struct bench *bench = *state;
	struct store *other = NULL;
	struct err err;
	uint64_t index;
	assert_ok(store_open(bench->folder, "other", &bench_no_id, bench->key, &other, &err));
	assert_ok(store_begin_read(bench->store, &err));
	assert_int_equal(log_size(bench->store), 0);
	assert_ok(store_begin(other, &err));
	assert_ok(store_append_leaf(other, view_of_text("x"), &index, &err));
	assert_error(ERR_BUSY,
	    store_commit(other, &err)); /* the reader stays longer than it waits */
	assert_int_equal(log_size(bench->store), 0);
	store_rollback(bench->store);
	assert_ok(store_begin(other, &err));
	assert_ok(store_append_leaf(other, view_of_text("x"), &index, &err));
	assert_ok(store_commit(other, &err));
	assert_int_equal(log_size(bench->store), 1);
	store_free(other);
}

/* A child that opens the vault, writes a leaf, says so on the pipe, and commits when told. */
static pid_t
start_writer(struct bench *bench, int said, int told)
{
	struct store *store = NULL;
	struct err err;
	uint64_t index;
	char byte = 'x';
	pid_t child = bench_fork(bench);
	if (child != 0)
		return child;
	bool good = store_open(bench->folder, "halligan first", &bench_no_id, bench->key, &store,
	                &err) == ERR_OK &&
	    store_begin(store, &err) == ERR_OK &&
	    store_append_leaf(store, view_of_text("first"), &index, &err) == ERR_OK &&
	    write(said, &byte, 1) == 1 && read(told, &byte, 1) == 1 &&
	    store_commit(store, &err) == ERR_OK;
	store_free(store);
	_exit(good ? 0 : 1);
}

static void
a_second_writer_waits_and_is_told_who_holds_the_vault(void **state)
{
	struct bench *bench = *state;
	struct file_lock *lock = NULL;
	struct err err;
	char path[4096], byte, pid[32];
	int said[2], told[2], status;
	BUF leaf = {0};
	assert_int_equal(pipe(said), 0);
	assert_int_equal(pipe(told), 0);
	pid_t child = start_writer(bench, said[1], told[0]);
	assert_int_equal(read(said[0], &byte, 1), 1);
	path_in(bench, "lock", path);
	assert_error(ERR_BUSY, file_lock(path, "second", 1, &lock, &err));
	assert_says("halligan first");
	snprintf(pid, sizeof(pid), "%ld", (long)child);
	assert_says(pid);
	assert_int_equal(log_size(bench->store), 0); /* reading needs no lock */
	assert_int_equal(write(told[1], &byte, 1), 1);
	bench_begin(bench); /* waits until the first has committed */
	assert_int_equal(log_size(bench->store), 1);
	bench_commit(bench);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_ok(store_log_leaf(bench->store, 0, &leaf, &err));
	assert_string_equal(buf_string(&leaf), "first");
	for (int i = 0; i < 2; i++) {
		close(said[i]);
		close(told[i]);
	}
}

static void
the_lock_is_free_after_every_end_of_a_transaction(void **state)
{
	struct bench *bench = *state;
	struct store *other = NULL;
	struct err err;
	assert_ok(store_open(bench->folder, "other", &bench_no_id, bench->key, &other, &err));
	for (int way = 0; way < 4; way++) {
		if (way < 3)
			bench_begin(bench);
		if (way == 3) {
			assert_ok(store_begin_read(bench->store, &err));
			assert_error(ERR_INTERNAL, store_begin(bench->store, &err));
		} else if (way == 0)
			bench_commit(bench);
		else if (way == 1)
			store_rollback(bench->store);
		else {
			assert_ok(store_set_text(bench->store, "draft", "x", &err));
			assert_error(ERR_INTERNAL, store_commit(bench->store, &err));
		}
		assert_ok(store_begin(other, &err)); /* would wait 10 s and fail */
		store_rollback(other);
	}
	store_free(other);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
	const struct CMUnitTest tests[] = {
	    CASE(a_new_vault_is_closed_to_others_and_marked),
	    CASE(a_second_vault_in_the_same_folder_is_refused),
	    CASE(a_journal_without_its_database_is_not_adopted),
	    CASE(an_unfinished_vault_is_made_again),
	    CASE(a_missing_folder_is_named),
	    CASE(what_is_not_a_vault_is_refused_and_left_alone),
	    CASE(every_size_of_a_cut_file_is_an_error),
	    CASE(a_newer_format_is_refused_and_both_are_named),
	    CASE(a_vault_of_0_1_is_refused_by_name_and_left_alone),
	    CASE(a_linked_database_is_refused_and_a_linked_folder_is_not),
	    CASE(a_change_without_a_leaf_is_not_committed),
	    CASE(a_change_after_the_last_leaf_is_not_committed),
	    CASE(a_rollback_leaves_nothing),
	    CASE(nothing_is_written_outside_a_transaction),
	    CASE(a_row_must_find_the_ones_it_names_at_commit),
	    CASE(a_document_needs_its_statement_at_once),
	    CASE(what_is_only_added_to_cannot_be_changed_by_sql),
	    CASE(several_reads_see_one_state),
	    CASE(a_second_writer_waits_and_is_told_who_holds_the_vault),
	    CASE(the_lock_is_free_after_every_end_of_a_transaction),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
