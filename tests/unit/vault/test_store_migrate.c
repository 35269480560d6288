/* SPDX-License-Identifier: Apache-2.0 */
/* vault/store/migrate.c: from format 1, and with steps that no release has yet. */
#include <unistd.h>

#include "base/file.h"
#include "tests/lib/store_bench.h"
#include "vault/store/migrate.h"
#include "vault/store/schema.h"
#include "vault/store/sql.h"
#include "vault/store/sql_query.h"

static const struct store_step two_steps[] = {
    {STORE_FORMAT + 1, "ALTER TABLE made_by_one ADD COLUMN made_by_two INTEGER"},
    {STORE_FORMAT, "CREATE TABLE made_by_one (id INTEGER PRIMARY KEY) STRICT;"},
};
static const struct store_steps two_further = {two_steps, ARRAY_SIZE(two_steps), STORE_FORMAT + 2};

static struct sql *
open_sql(struct bench *bench)
{
	struct err err;
	struct sql *sql = NULL;
	bench_fill(bench);
	store_freep(&bench->store);
	assert_ok(sql_open(bench->file, false, &sql, &err));
	return sql;
}

static uint32_t
format_of(struct sql *sql)
{
	struct err err;
	uint32_t application, format;
	assert_ok(sql_get_marks(sql, &application, &format, &err));
	assert_int_equal(application, STORE_APPLICATION);
	return format;
}

static bool
has_table(struct sql *sql, const char *name)
{
	struct err err;
	SQL_QUERY query =
	    sql_query(sql, "schema", "SELECT count(*) FROM sqlite_schema WHERE name = ?", &err);
	sql_put_text(&query, name);
	assert_ok(sql_one(&query, "count"));
	return sql_get_int(&query, "count", 0, 1) == 1;
}

static void
an_older_vault_is_brought_forward_after_a_backup(void **state)
{
	struct bench *bench = *state;
	struct err err;
	SQL *sql = open_sql(bench);
	char path[4096];
	bool older = false;
	assert_ok(store_check_format(sql, &store_steps, &older, &err));
	assert_false(older);
	assert_ok(store_check_format(sql, &two_further, &older, &err));
	assert_true(older);
	assert_ok(store_migrate(sql, bench->folder, &two_further, &err));
	assert_int_equal(format_of(sql), STORE_FORMAT + 2);
	assert_true(has_table(sql, "made_by_one"));
	assert_ok(store_check_format(sql, &two_further, &older, &err));
	assert_false(older);
	assert_error(ERR_VERSION, store_check_format(sql, &store_steps, &older, &err));
	sql_freep(&sql);
	assert_ok(file_path(bench->folder, "vault.db.format-3.backup", path, &err));
	assert_int_equal(rename(path, bench->file), 0);
	bench_reopen(bench); /* the backup is the vault as it was */
	assert_ok(store_check(bench->store, &err));
	assert_ok(store_log_recompute(bench->store, NULL, NULL, &err));
	struct secret_row row;
	assert_ok(store_get_secret(bench->store, &bench_secret, &row, &err));
}

/* Every table, index and trigger, as text. */
static void
read_schema(struct sql *sql, char ret_text[16384])
{
	struct err err;
	SQL_QUERY query = sql_query(sql, "schema",
	    "SELECT group_concat(sql, ' ') FROM"
	    " (SELECT sql FROM sqlite_schema ORDER BY type, name)",
	    &err);
	assert_ok(sql_one(&query, "schema"));
	sql_get_text(&query, "sql", ret_text, 16384);
	assert_ok(sql_end(&query));
}

static void
format_1_becomes_what_a_new_vault_is(void **state)
{
	struct bench *bench = *state;
	struct err err;
	char fresh[16384], brought[16384], path[4096];
	SQL *sql = open_sql(bench);
	SQL *old = NULL;
	read_schema(sql, fresh);
	assert_ok(file_path(bench->folder, "old.db", path, &err));
	assert_ok(file_write(path, (struct view){0}, 0600, &err));
	assert_ok(sql_open(path, true, &old, &err));
	assert_ok(sql_begin(old, true, &err));
	for (const char *const *script = store_schema; *script != NULL; script++)
		assert_ok(sql_script(old, *script, &err));
	assert_ok(sql_set_marks(old, STORE_APPLICATION, 1, &err));
	assert_ok(sql_commit(old, &err));
	assert_ok(store_migrate(old, bench->folder, &store_steps, &err));
	assert_int_equal(format_of(old), STORE_FORMAT);
	read_schema(old, brought);
	assert_string_equal(brought, fresh);
}

static void
a_step_that_fails_leaves_the_old_format(void **state)
{
	static const struct store_step wrong[] = {{STORE_FORMAT,
	                                              "CREATE TABLE made_by_one (id INTEGER)"},
	    {STORE_FORMAT + 1, "THIS IS NOT SQL"}};
	static const struct store_step dangling[] = {{STORE_FORMAT,
	    "PRAGMA defer_foreign_keys = ON;"
	    "DROP TRIGGER debts_kept; DELETE FROM debts"}};
	static const struct store_step nothing[] = {
	    {STORE_FORMAT, "CREATE TABLE made_by_one (id INTEGER)"}};
	static const struct {
		struct store_steps steps;
		enum err_code code;
	} failing[] = {{{wrong, 2, STORE_FORMAT + 2}, ERR_INTERNAL},
	    {{dangling, 1, STORE_FORMAT + 1}, ERR_INTEGRITY},
	    {{nothing, 1, STORE_FORMAT + 2}, ERR_VERSION}};
	struct bench *bench = *state;
	struct err err;
	SQL *sql = open_sql(bench);
	for (size_t i = 0; i < ARRAY_SIZE(failing); i++) {
		assert_error(failing[i].code,
		    store_migrate(sql, bench->folder, &failing[i].steps, &err));
		assert_says("format 3");
		assert_int_equal(format_of(sql), STORE_FORMAT);
		assert_false(has_table(sql, "made_by_one"));
		assert_ok(sql_check(sql, &err));
	}
	assert_ok(store_migrate(sql, bench->folder, &two_further, &err)); /* over those backups */
}

static void
a_backup_is_not_written_over_a_file(void **state)
{
	struct bench *bench = *state;
	struct err err;
	SQL *sql = open_sql(bench);
	char path[4096];
	BUF bytes = {0};
	assert_ok(file_path(bench->folder, "copy", path, &err));
	assert_ok(file_write(path, view_of_text("mine"), 0600, &err));
	assert_error(ERR_EXISTS, sql_backup(sql, path, &err));
	assert_ok(file_read(path, 100, &bytes, &err));
	assert_string_equal(buf_string(&bytes), "mine");
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
	const struct CMUnitTest tests[] = {
	    CASE(an_older_vault_is_brought_forward_after_a_backup),
	    CASE(format_1_becomes_what_a_new_vault_is),
	    CASE(a_step_that_fails_leaves_the_old_format),
	    CASE(a_backup_is_not_written_over_a_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
