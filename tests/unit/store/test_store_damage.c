/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody else wrote into the database is not believed: every column of every table, whether its new
 * value could be one or not, is met by each call that rests on it.
 */
#include "tests/lib/store_readings.h"

/* Values of the type that a column has, of others, and none; @ is what it has. */
#define FAULTS_MAX 14
static const struct faults {
	const char *type, *values[FAULTS_MAX];
} faults[] = {
    {"INTEGER",
        {"@ + 1", "@ - 1", "@ + 4294967296", "0", "1", "-1", "4294967296", "9223372036854775807",
            "NULL", "'x'", "x'01'", "1.5"}},
    {"TEXT",
        {"@ || 'a'", "substr(@, 2)", "upper(@)", "''", "'retired'", "NULL", "7.5", "x'61'",
            "CAST(@ AS BLOB)", "@ || char(10)", "@ || char(8238)", "printf('%.*c', 600, 'a')"}},
    {"BLOB",
        {"zeroblob(length(@))", "CAST(@ || x'00' AS BLOB)", "CAST(substr(@, 2) AS BLOB)",
            "zeroblob(32)", "zeroblob(200000)", "x''", "x'00'", "CAST(@ AS TEXT)", "'text'", "7",
            "1.5", "NULL"}},
};

struct column {
	const struct resting *resting;
	const struct faults *faults;
	char name[40];
};

/* VALUE, in which NAME is the column. */
static void
put_value(const char *value, const char *name, struct buf *sql)
{
	for (; *value != '\0'; value++)
		if (*value == '@')
			buf_text(sql, name);
		else
			buf_bytes(sql, view_of(value, 1));
}

/* All that the column has. */
static void
read_column(const struct bench *bench, const struct column *column, struct buf *ret_answer)
{
	sqlite3 *database = NULL;
	sqlite3_stmt *statement = NULL;
	char sql[200];
	snprintf(sql, sizeof(sql),
	    "SELECT group_concat(typeof(%s) || hex(%s)) FROM (SELECT * FROM %s ORDER BY 1, 2)",
	    column->name, column->name, column->resting->table);
	assert_int_equal(sqlite3_open(bench->file, &database), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	buf_text(ret_answer, (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	sqlite3_close(database);
}

/* Give the column the value, be it of a wrong type.  False: it has the value already, or SQLite itself has no
 * room for it. */
static bool
damage(const struct bench *bench, const struct column *column, const char *value)
{
	BUF sql = {0}, before = {0}, after = {0};
	buf_format(&sql, "UPDATE %s SET %s = ", column->resting->table, column->name);
	put_value(value, column->name, &sql);
	buf_format(&sql, " WHERE %s", column->resting->where);
	read_column(bench, column, &before);
	int result = tamper_loosely(bench, buf_string(&sql));
	if (result != SQLITE_OK && result != SQLITE_CONSTRAINT && result != SQLITE_MISMATCH)
		fail_msg("%s: %s", buf_string(&sql), sqlite3_errstr(result));
	read_column(bench, column, &after);
	return strcmp(buf_string(&before), buf_string(&after)) != 0;
}

static void
damage_column(struct bench *bench, const struct buf *good, const struct column *column)
{
	unsigned met = 0;
	expect_no_alarm(bench, column->resting);
	for (size_t i = 0; i < FAULTS_MAX && column->faults->values[i] != NULL; i++) {
		if (damage(bench, column, column->faults->values[i])) {
			char what[200];
			snprintf(what, sizeof(what), "%s = %s", column->name,
			    column->faults->values[i]);
			expect_alarms(bench, column->resting, what);
			met++;
		}
		bench_put_back(bench, good);
	}
	if (met < 4)
		fail_msg("%s.%s took %u other values", column->resting->table, column->name, met);
	expect_no_alarm(bench, column->resting);
}

/* Every column that the database has; a table or a type that is new has no row above. */
static size_t
list_columns(const struct bench *bench, struct column *columns, size_t max)
{
	sqlite3 *database = NULL;
	sqlite3_stmt *statement = NULL;
	size_t count = 0;
	assert_int_equal(sqlite3_open(bench->file, &database), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(database,
	                     "SELECT m.name, c.name, c.type FROM sqlite_schema m,"
	                     " pragma_table_info(m.name) c WHERE m.type = 'table'",
	                     -1, &statement, NULL),
	    SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		struct column *column = &columns[count++];
		const char *table = (const char *)sqlite3_column_text(statement, 0);
		const char *type = (const char *)sqlite3_column_text(statement, 2);
		assert_true(count <= max);
		*column = (struct column){0};
		snprintf(column->name, sizeof(column->name), "%s",
		    (const char *)sqlite3_column_text(statement, 1));
		for (size_t i = 0; i < ARRAY_SIZE(restings); i++)
			if (strcmp(restings[i].table, table) == 0)
				column->resting = &restings[i];
		for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
			if (strcmp(faults[i].type, type) == 0)
				column->faults = &faults[i];
		if (column->resting == NULL || column->faults == NULL)
			fail_msg("nobody looks at %s.%s, %s", table, column->name, type);
	}
	sqlite3_finalize(statement);
	sqlite3_close(database);
	return count;
}

static void
a_changed_column_of_any_table_is_met_by_each_call_that_rests_on_it(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct column columns[200];
	BUF good = {0};
	bench_fill(bench);
	size_t count = list_columns(bench, columns, ARRAY_SIZE(columns));
	assert_ok(file_read(bench->file, 1 << 24, &good, &err));
	for (size_t i = 0; i < count; i++)
		damage_column(bench, &good, &columns[i]);
}

static void
a_changed_row_leaves_the_result_alone(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct debt_row debt = {.tries = 77};
	struct digest digest = digest_of(0x77), as_before = digest;
	struct item_row items[2];
	struct secret_row secrets[2];
	VERSION_ROW version = {.created = 77};
	size_t count = 77;
	bench_fill(bench);
	tamper(bench,
	    "UPDATE debts SET tries = 1; UPDATE versions SET created = 1;"
	    "UPDATE documents SET position = 2; UPDATE items SET note = 'x';"
	    "UPDATE secrets SET newest = 3");
	assert_error(ERR_INTEGRITY, store_get_document(bench->store, 1, &digest, &err));
	assert_true(digest_equal(&digest, &as_before));
	assert_error(ERR_INTEGRITY, store_open_debt(bench->store, &bench_secret, &debt, &err));
	assert_int_equal(debt.tries, 77);
	assert_error(ERR_INTEGRITY,
	    store_get_version(bench->store, &bench_secret, 1, &version, &err));
	assert_int_equal(version.created, 77);
	assert_null(version.header.data);
	assert_error(ERR_INTEGRITY,
	    store_list_items(bench->store, &bench_ceremony, items, 2, &count, &err));
	assert_error(ERR_INTEGRITY, store_list_secrets(bench->store, "", secrets, 2, &count, &err));
	assert_int_equal(count, 77);
}

/* Whoever is let in by the vault itself is counted too. */
static void
more_seats_than_a_quorum_has_are_refused(void **state)
{
	struct bench *bench = *state;
	struct err err;
	bench_fill(bench);
	bench_begin(bench);
	for (unsigned i = 1; i <= QUORUM_SEATS; i++) {
		char seat[32];
		if (i == QUORUM_SEATS)
			assert_ok(list_shares(bench->store, &err));
		snprintf(seat, sizeof(seat), "seat-%u", i);
		SHARE share = share_of(seat, 0x22);
		assert_ok(store_add_share(bench->store, &bench_ceremony, &share, &err));
	}
	bench_commit(bench);
	assert_error(ERR_INTEGRITY, list_shares(bench->store, &err));
	assert_says("too many rows");
}

static void
the_check_finds_a_row_without_the_one_it_names(void **state)
{
	struct bench *bench = *state;
	struct err err;
	bench_fill(bench);
	assert_ok(store_check(bench->store, &err));
	tamper(bench, "DELETE FROM debts");
	assert_error(ERR_INTEGRITY, store_check(bench->store, &err));
	assert_says("items");
	assert_says("debts");
}

static void
the_check_finds_a_damaged_page(void **state)
{
	struct bench *bench = *state;
	struct err err;
	uint8_t junk[512];
	bench_fill(bench);
	store_freep(&bench->store);
	memset(junk, 0xa5, sizeof(junk));
	FILE *file = fopen(bench->file, "r+");
	assert_non_null(file);
	for (long page = 1; page < 40; page++) { /* the b-tree headers of all pages but the first */
		assert_int_equal(fseek(file, page * 4096, SEEK_SET), 0);
		assert_int_equal(fwrite(junk, 1, sizeof(junk), file), sizeof(junk));
	}
	assert_int_equal(fclose(file), 0);
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
	    CASE(a_changed_column_of_any_table_is_met_by_each_call_that_rests_on_it),
	    CASE(a_changed_row_leaves_the_result_alone),
	    CASE(more_seats_than_a_quorum_has_are_refused),
	    CASE(the_check_finds_a_row_without_the_one_it_names),
	    CASE(the_check_finds_a_damaged_page),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
