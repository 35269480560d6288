/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What SQLite takes from the database before anybody can look at it: a form that is exchanged between its
 * reading and its check, one that never ends, roots that are another table's, ids that are used up, a file in
 * the place of the one that is open.
 */
#include "tests/lib/store_bench.h"
#include "vault/store/sql_query.h"
#include "vault/store/verify.h"

enum { MAX_FILE = 1 << 24, PAGE = 4096, FORM_AT = 100 /* in the first page */ };

/* ---- between reading and check ---- */

static const struct bench
    *exchanging; /* put back at the next look, under the same number of the form */
static const char *put_back_sql;

enum err_code __real_sql_get_marks(struct sql *sql, struct sql_marks *ret_marks, struct err *err);
enum err_code __wrap_sql_get_marks(struct sql *sql, struct sql_marks *ret_marks, struct err *err);

enum err_code
__wrap_sql_get_marks(struct sql *sql, struct sql_marks *ret_marks, struct err *err)
{
	if (exchanging != NULL)
		tamper(exchanging, put_back_sql);
	exchanging = NULL;
	return __real_sql_get_marks(sql, ret_marks, err);
}

static uint32_t
form_of(const struct bench *bench)
{
	sqlite3 *database = NULL;
	sqlite3_stmt *statement = NULL;

	assert_int_equal(sqlite3_open(bench->file, &database), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(database, "PRAGMA schema_version", -1, &statement,
	                     NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	uint32_t form = (uint32_t)sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(database);
	return form;
}

/* SQL, and the number of the form as if nothing had happened. */
static void
tamper_unseen(const struct bench *bench, const char *sql, uint32_t form)
{
	char text[1000];

	snprintf(text, sizeof(text), "%s; PRAGMA schema_version = %u", sql, form);
	tamper(bench, text);
}

#define EVIL                                                                                       \
	"CREATE TRIGGER evil AFTER INSERT ON texts BEGIN UPDATE debts SET due = 4070908800; END"

static void
check_nothing_more_happened(struct bench *bench)
{
	struct err err;
	struct store_totals totals;
	struct debt_row debt;

	assert_ok(store_get_debt(bench->store, &bench_debt, &debt, &err));
	assert_true(debt.due != 4070908800);
	assert_ok(store_verify_state(bench->store, NULL, NULL, &totals, &err));
}

static void
a_form_that_is_put_back_before_it_is_checked_does_nothing(void **state)
{
	struct bench *bench = *state;
	struct err err;
	char good[200];

	bench_fill(bench);
	store_freep(&bench->store);
	uint32_t form = form_of(bench);
	tamper_unseen(bench, EVIL, form);
	snprintf(good, sizeof(good), "DROP TRIGGER evil; PRAGMA schema_version = %u", form);
	put_back_sql = good;
	exchanging = bench;
	assert_ok(bench_open(bench, &bench->store, &err));
	assert_null(exchanging);
	bench_begin(bench);
	assert_ok(store_set_text(bench->store, "another", "x", &err));
	bench_commit(bench);
	check_nothing_more_happened(bench);
}

/* The session goes on after its alarm. */
static void
a_form_that_is_put_back_after_an_alarm_does_nothing(void **state)
{
	struct bench *bench = *state;
	struct err err;

	bench_fill(bench);
	tamper(bench, EVIL);
	uint32_t form = form_of(bench);
	expect_error(store_begin(bench->store, &err), ERR_INTEGRITY, &err, "trigger evil");
	tamper_unseen(bench, "DROP TRIGGER evil", form);
	bench_begin(bench);
	assert_ok(store_set_text(bench->store, "another", "x", &err));
	bench_commit(bench);
	check_nothing_more_happened(bench);
}

/* Should one be there all the same. */
static void
no_trigger_changes_anything(void **state)
{
	struct bench *bench = *state;
	struct err err;
	SQL *sql = NULL;

	bench_fill(bench);
	store_freep(&bench->store);
	tamper(bench, EVIL);
	assert_ok(sql_open(bench->file, false, &sql, &err));
	assert_ok(sql_begin(sql, true, &err));
	SQL_QUERY query =
	    sql_query(sql, "texts", "INSERT INTO texts (name, text) VALUES ('x', x'00')", &err);
	assert_error(ERR_INTEGRITY, sql_run(&query));
	assert_says("a trigger that changes something");
}

/* ---- a form without an end ---- */

static void
put_big(uint8_t *at, unsigned bytes, uint64_t value)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
}

static uint32_t
get_big(const uint8_t *at, unsigned bytes)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value = value << 8 | at[i];
	return value;
}

/* A number of three groups of seven bits. */
static void
put_varint(uint8_t at[3], uint32_t value)
{
	at[0] = (uint8_t)(0x80 | value >> 14);
	at[1] = (uint8_t)(0x80 | (value >> 7 & 0x7f));
	at[2] = (uint8_t)(value & 0x7f);
}

/* A page of the schema that leads to CHILD in COUNT + 1 ways. */
static void
put_fork(uint8_t *page, uint32_t child, unsigned count)
{
	enum { INTERIOR = 5, HEAD = 12, CELL = 7 };

	page[0] = INTERIOR;
	put_big(page + 3, 2, count);
	put_big(page + 5, 2, PAGE - count * CELL);
	put_big(page + 8, 4, child);
	for (unsigned i = 0; i < count; i++) {
		unsigned at = PAGE - (i + 1) * CELL;

		put_big(page + HEAD + 2 * i, 2, at);
		put_big(page + at, 4, child);
		put_varint(page + at + 4, 100000 + i);
	}
}

/* The last page of the schema's rows, reached in 301 ways from each of LEVELS pages. */
static void
make_endless(const struct bench *bench, unsigned levels)
{
	struct err err;
	BUF bytes = {0};

	assert_ok(file_read(bench->file, MAX_FILE, &bytes, &err));
	assert_int_equal(bytes.data[FORM_AT], 5); /* it has more pages than one */
	uint32_t last = get_big(bytes.data + FORM_AT + 8, 4);
	for (unsigned i = 0; i < levels; i++) {
		uint8_t page[PAGE] = {0};

		put_fork(page, last, 300);
		buf_bytes(&bytes, VIEW_OF(page));
		last = (uint32_t)(bytes.size / PAGE);
	}
	assert_ok(buf_check(&bytes, &err));
	put_big(bytes.data + FORM_AT + 8, 4, last);
	put_big(bytes.data + 28, 4, last);
	assert_ok(file_write(bench->file, buf_view(&bytes), 0600, &err));
}

static void
a_form_without_an_end_is_an_alarm_at_once(void **state)
{
	struct bench *bench = *state;
	struct err err;

	bench_fill(bench);
	store_freep(&bench->store);
	make_endless(bench, 5);
	assert_error(ERR_INTEGRITY, bench_open(bench, &bench->store, &err));
	assert_says("damaged");
}

/* ---- roots, header, ids, place ---- */

static void
two_tables_that_change_places_are_an_alarm(void **state)
{
	static const char *const pairs[][2] = {{"sqlite_autoindex_voices_1", "opened_once"},
	    {"shares", "envelopes"}, {"log_hash", "log_leaf"}, {"debts_open", "items_debt"}};
	struct bench *bench = *state;
	struct err err;
	char sql[600];
	BUF good = {0};

	bench_fill(bench);
	store_freep(&bench->store);
	assert_ok(file_read(bench->file, MAX_FILE, &good, &err));
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		snprintf(sql, sizeof(sql),
		    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage ="
		    " (SELECT sum(rootpage) FROM sqlite_schema WHERE name IN ('%s', '%s')) - rootpage"
		    " WHERE name IN ('%s', '%s')",
		    pairs[i][0], pairs[i][1], pairs[i][0], pairs[i][1]);
		tamper(bench, sql);
		assert_error(ERR_INTEGRITY, bench_open(bench, &bench->store, &err));
		assert_ok(file_write(bench->file, buf_view(&good), 0600, &err));
	}
	/* While it is open, too. */
	bench_reopen(bench);
	tamper(bench, sql);
	tamper(bench, "PRAGMA schema_version = 5000");
	expect_error(store_begin(bench->store, &err), ERR_INTEGRITY, &err,
	    "begins at another page");
}

static void
a_header_that_asks_for_what_no_vault_has_is_an_alarm(void **state)
{
	static const struct {
		unsigned at;
		uint8_t value;
		const char *part;
	} fields[] = {{44 + 3, 9, "unsupported file format"},
	    {52 + 3, 1, "move its pages by itself"}, {60 + 3, 2, "format 2"},
	    {68 + 3, 'I', "made by Halligan 0.1"}};
	struct bench *bench = *state;
	struct err err;
	BUF good = {0};

	bench_fill(bench);
	store_freep(&bench->store);
	assert_ok(file_read(bench->file, MAX_FILE, &good, &err));
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		BUF bytes = {0};

		buf_bytes(&bytes, buf_view(&good));
		bytes.data[fields[i].at] = fields[i].value;
		assert_ok(file_write(bench->file, buf_view(&bytes), 0600, &err));
		expect_error(bench_open(bench, &bench->store, &err), ERR_INTEGRITY, &err,
		    fields[i].part);
	}
	assert_ok(file_write(bench->file, buf_view(&good), 0600, &err));
	bench_reopen(bench);
}

/* What SQLite finds is said in its words. */
static void
a_page_that_is_counted_wrong_is_told(void **state)
{
	enum { FREE_AT = 36 + 3 };
	struct bench *bench = *state;
	struct err err;
	BUF bytes = {0};

	bench_fill(bench);
	store_freep(&bench->store);
	assert_ok(file_read(bench->file, MAX_FILE, &bytes, &err));
	bytes.data[FREE_AT] = 5;
	assert_ok(file_write(bench->file, buf_view(&bytes), 0600, &err));
	bench_reopen(bench);
	expect_error(store_check(bench->store, &err), ERR_INTEGRITY, &err,
	    "the database is damaged (");
	assert_says("reelist");
}

static void
add_texts(struct bench *bench, unsigned from, unsigned count)
{
	struct err err;
	char name[20];

	bench_begin(bench);
	for (unsigned i = from; i < from + count; i++) {
		snprintf(name, sizeof(name), "text %u", i);
		assert_ok(store_set_text(bench->store, name, "x", &err));
	}
	bench_commit(bench);
}

static void
ids_that_somebody_used_up_are_no_end(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct store_totals totals;

	bench_fill(bench);
	tamper(bench, "INSERT INTO nodes VALUES (9223372036854775807, x'00', x'')");
	add_texts(bench, 0, 200); /* buckets become full, and split */
	tamper(bench, "DELETE FROM nodes WHERE id = 9223372036854775807");
	add_texts(bench, 200, 200);
	assert_ok(store_verify_state(bench->store, NULL, NULL, &totals, &err));
}

static void
a_file_in_the_place_of_the_open_database_is_an_alarm(void **state)
{
	struct bench *bench = *state;
	struct err err;
	BUF bytes = {0};

	bench_fill(bench);
	assert_ok(file_read(bench->file, MAX_FILE, &bytes, &err));
	assert_ok(file_write(bench->file, buf_view(&bytes), 0600, &err)); /* under another inode */
	expect_error(store_begin_read(bench->store, &err), ERR_INTEGRITY, &err,
	    "in the place of the database");
	expect_error(store_begin(bench->store, &err), ERR_INTEGRITY, &err,
	    "in the place of the database");
	bench_reopen(bench);
	bench_begin(bench);
	bench_commit(bench);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
	const struct CMUnitTest tests[] = {
	    CASE(a_form_that_is_put_back_before_it_is_checked_does_nothing),
	    CASE(a_form_that_is_put_back_after_an_alarm_does_nothing),
	    CASE(no_trigger_changes_anything),
	    CASE(a_form_without_an_end_is_an_alarm_at_once),
	    CASE(two_tables_that_change_places_are_an_alarm),
	    CASE(a_header_that_asks_for_what_no_vault_has_is_an_alarm),
	    CASE(a_page_that_is_counted_wrong_is_told),
	    CASE(ids_that_somebody_used_up_are_no_end),
	    CASE(a_file_in_the_place_of_the_open_database_is_an_alarm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
