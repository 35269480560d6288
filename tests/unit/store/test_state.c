/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vault/store/state.c and verify.c: rows that somebody removed, added, exchanged, led to or brought back from
 * an earlier state are met by each call that rests on them, and by the verification of all.
 */
#include "tests/lib/store_readings.h"

enum { MAX_FILE = 1 << 24 };

static void
copy_database(const struct bench *bench, struct buf *ret_bytes)
{
	struct err err;
	ret_bytes->size = 0;
	assert_ok(file_read(bench->file, MAX_FILE, ret_bytes, &err));
}

/* Run SQL behind the store's back, in which @ is the row of RESTING. */
static void
tamper_with(const struct bench *bench, const struct resting *resting, const char *sql)
{
	BUF text = {0};
	for (; *sql != '\0'; sql++)
		if (*sql == '@')
			buf_format(&text, "%s WHERE %s", resting->table, resting->where);
		else
			buf_bytes(&text, view_of(sql, 1));
	tamper(bench, buf_string(&text));
}

static const struct resting *
resting_of(const char *table)
{
	for (size_t i = 0; i < ARRAY_SIZE(restings); i++)
		if (strcmp(restings[i].table, table) == 0)
			return &restings[i];
	fail_msg("no %s", table);
	return NULL;
}

static void
a_row_that_is_gone_is_met_by_each_call_that_rests_on_it(void **state)
{
	struct bench *bench = *state;
	BUF good = {0};
	bench_fill(bench);
	copy_database(bench, &good);
	for (size_t i = 0; i < ARRAY_SIZE(restings); i++) {
		expect_no_alarm(bench, &restings[i]);
		tamper_with(bench, &restings[i], "DELETE FROM @");
		expect_alarms(bench, &restings[i], "removed");
		bench_put_back(bench, &good);
	}
}

/* Every row that can change does. */
static void
change_rows(struct bench *bench)
{
	struct store *store = bench->store;
	struct err err;
	struct digest charter = digest_of(0x11);
	struct secret_row secret;
	struct ceremony_row ceremony;
	struct item_row item;
	struct debt_row debt;
	size_t count;
	bench_begin(bench);
	struct digest test = bench_statement(store, 0x34), token = digest_of(0x61);
	struct digest box = digest_of(0x72);
	assert_ok(store_get_secret(store, &bench_secret, &secret, &err));
	assert_ok(store_get_ceremony(store, &bench_ceremony, &ceremony, &err));
	assert_ok(store_list_items(store, &bench_ceremony, &item, 1, &count, &err));
	assert_ok(store_get_debt(store, &bench_debt, &debt, &err));
	secret.newest = 3;
	ceremony.state = CEREMONY_RELEASING;
	item.state = ITEM_DONE;
	debt.tries = 1;
	assert_ok(store_set_text(store, "draft", "another", &err));
	assert_ok(store_put_statement(store, &charter, "test", view_of_text("signed"), true, &err));
	assert_ok(store_update_secret(store, &secret, &err));
	assert_ok(store_set_version_state(store, &bench_secret, 1, VERSION_PREVIOUS, &err));
	assert_ok(store_update_ceremony(store, &ceremony, &err));
	assert_ok(store_update_item(store, &bench_ceremony, 0, &item, &err));
	assert_ok(store_erase_shares(store, &bench_ceremony, 0, &err));
	assert_ok(store_update_debt(store, &debt, &err));
	assert_ok(store_test_spare(store, &token, &box, &test, &err));
	bench_commit(bench);
}

/* The database as it is now, beside it; as SQL that makes it the schema "early". */
static void
keep_early(const struct bench *bench, char ret_attach[200])
{
	struct err err;
	char path[100];
	BUF bytes = {0};
	copy_database(bench, &bytes);
	snprintf(path, sizeof(path), "%s/early.db", bench->folder);
	assert_ok(file_write(path, buf_view(&bytes), 0600, &err));
	snprintf(ret_attach, 200, "ATTACH '%s' AS early;", path);
}

static void
a_row_of_an_earlier_state_is_met_by_each_call_that_rests_on_it(void **state)
{
	static const char *const tables[] = {"texts", "statements", "secrets", "versions",
	    "ceremonies", "items", "shares", "debts", "nodes"};
	struct bench *bench = *state;
	char attach[200], sql[400];
	BUF good = {0};
	bench_fill(bench);
	keep_early(bench, attach);
	change_rows(bench);
	copy_database(bench, &good);
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		const struct resting *resting = resting_of(tables[i]);
		expect_no_alarm(bench, resting);
		snprintf(sql, sizeof(sql),
		    "%s DELETE FROM @; INSERT INTO main.%s SELECT * FROM early.@", attach,
		    tables[i]);
		tamper_with(bench, resting, sql);
		expect_alarms(bench, resting, "as it was earlier");
		bench_put_back(bench, &good);
	}
}

static void
drop_rows(struct bench *bench)
{
	struct store *store = bench->store;
	struct err err;
	struct digest draft = digest_of(0x11);
	bench_begin(bench);
	assert_ok(store_set_text(store, "draft", NULL, &err));
	assert_ok(store_drop_draft(store, &draft, &err));
	assert_ok(store_erase_envelopes(store, &bench_secret, 1, &err));
	assert_ok(store_drop_share(store, &bench_ceremony, 0, "infra", &err));
	bench_commit(bench);
}

/* What it says without the row, and with it again. */
static void
a_row_that_the_vault_removed_does_not_come_back(void **state)
{
	static const struct {
		const char *table;
		reading read;
		enum err_code without;
	} rows[] = {
	    {"texts", read_text, ERR_NOT_FOUND},
	    {"drafts", read_draft, ERR_NOT_FOUND},
	    {"envelopes", read_envelope, ERR_NOT_FOUND},
	    {"shares", list_shares, ERR_OK},
	    {"spares", read_spare, ERR_NOT_FOUND},
	    {"spares", list_spares, ERR_OK},
	};
	struct bench *bench = *state;
	char attach[200], sql[400], row[100];
	BUF good = {0};
	bench_fill(bench);
	keep_early(bench, attach);
	drop_rows(bench);
	copy_database(bench, &good);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err;
		assert_int_equal(rows[i].read(bench->store, &err), rows[i].without);
		snprintf(sql, sizeof(sql), "%s INSERT INTO main.%s SELECT * FROM early.@", attach,
		    rows[i].table);
		tamper_with(bench, resting_of(rows[i].table), sql);
		snprintf(row, sizeof(row), "a row of %s in the database is none that the vault has",
		    rows[i].table);
		expect_error(rows[i].read(bench->store, &err), ERR_INTEGRITY, &err, row);
		expect_error(verify(bench->store, &err), ERR_INTEGRITY, &err, row);
		bench_put_back(bench, &good);
	}
}

/* Two rows of a table have each other's keys; each is one that the vault has written. */
static void
rows_that_were_exchanged_are_met_by_each_call_that_rests_on_one(void **state)
{
	static const struct {
		const char *table, *key, *own, *other;
	} rows[] = {
	    {"texts", "name", "'draft'", "'init'"},
	    {"statements", "digest", "CAST(printf('%.*c', 32, char(0x11)) AS BLOB)",
	        "CAST(printf('%.*c', 32, 'o') AS BLOB)"},
	    {"versions", "number", "1", "2"},
	    {"envelopes", "position", "0", "1"},
	    {"voices", "arrival", "1048578", "1048579"},
	    {"voices", "seat", "'infra'", "'legal'"},
	};
	struct bench *bench = *state;
	struct err err;
	char sql[600];
	BUF good = {0};
	struct digest other = digest_of('o');
	bench_begin(bench);
	assert_ok(store_set_text(bench->store, "init", "a text", &err));
	assert_ok(store_put_statement(bench->store, &other, "test", view_of_text("another"), false,
	    &err));
	bench_commit(bench);
	bench_fill(bench);
	copy_database(bench, &good);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *table = rows[i].table, *key = rows[i].key;
		const char *passing = strstr("name seat", key) != NULL ? "'x'" :
		    strcmp(key, "digest") == 0                         ? "zeroblob(32)" :
		                                                         "99";
		snprintf(sql, sizeof(sql),
		    "UPDATE %s SET %s = %s WHERE %s = %s; UPDATE %s SET %s = %s WHERE %s = %s;"
		    "UPDATE %s SET %s = %s WHERE %s = %s",
		    table, key, passing, key, rows[i].own, table, key, rows[i].own, key,
		    rows[i].other, table, key, rows[i].other, key, passing);
		tamper(bench, sql);
		snprintf(sql, sizeof(sql), "exchanged by %s", key);
		expect_alarms(bench, resting_of(table), sql);
		bench_put_back(bench, &good);
	}
}

static enum err_code
read_another_secret(struct store *store, struct err *err)
{
	struct secret_id id = {{7}};
	struct secret_row row;
	return store_get_secret(store, &id, &row, err);
}

static enum err_code
read_another_debt(struct store *store, struct err *err)
{
	struct id id = {{7}};
	struct debt_row row;
	return store_get_debt(store, &id, &row, err);
}

/* A list by the tree does not see it; what is asked for it does. */
static void
a_row_that_was_added_is_an_alarm_or_nobody_sees_it(void **state)
{
	static const struct {
		const char *sql;
		reading meets, sees_nothing;
	} rows[] = {
	    {"INSERT INTO secrets SELECT x'07000000000000000000000000000000', 'a', definition, 1, 2, 0, account"
	     " FROM secrets",
	        read_another_secret, list_secrets},
	    {"INSERT INTO debts SELECT 1, x'07000000000000000000000000000000', secret, old, pending,"
	     " 'retired', ceremony, created, due, rejected, tries, sessions, note, NULL, 0 FROM debts",
	        read_another_debt, list_debts},
	    {"INSERT INTO items SELECT ceremony, 1, zeroblob(16), version, state, NULL, note FROM items",
	        list_items, read_opening_item},
	    {"INSERT INTO shares SELECT ceremony, position, 'legal', statement, envelope, ciphertext"
	     " FROM shares",
	        list_shares, list_voices},
	    {"INSERT INTO opened SELECT secret, version, zeroblob(16), zeroblob(16) FROM opened",
	        read_opened, read_version},
	    {"INSERT INTO spares SELECT secret, version, zeroblob(32), accepted, envelope, statement, box,"
	     " signature, ciphertext, test FROM spares",
	        list_spares, list_untested},
	    {"INSERT INTO voices SELECT 1, ceremony, 'mallory', token, zeroblob(32), 0 FROM voices"
	     " WHERE seat = 'infra'",
	        verify, list_voices},
	    {"INSERT INTO ceremonies SELECT 1, zeroblob(16), zeroblob(32), zeroblob(32), mode, state,"
	     " requester, reason, charter, created, deadline, released, expires, boot, over, release FROM ceremonies",
	        verify, list_ceremonies},
	    {"INSERT INTO documents SELECT 2, zeroblob(32), 9 FROM documents", verify,
	        measure_documents},
	    {"INSERT INTO nodes VALUES (1000, x'', x'')", verify, read_text},
	};
	struct bench *bench = *state;
	struct err err;
	BUF good = {0};
	bench_fill(bench);
	copy_database(bench, &good);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		tamper(bench, rows[i].sql);
		expect_error(rows[i].meets(bench->store, &err), ERR_INTEGRITY, &err, "row");
		assert_error(ERR_INTEGRITY, verify(bench->store, &err));
		assert_ok(rows[i].sees_nothing(bench->store, &err));
		bench_put_back(bench, &good);
	}
}

static void
counts_are_of_what_the_vault_wrote(void **state)
{
	struct bench *bench = *state;
	struct err err;
	uint64_t secrets;
	uint32_t documents;
	bench_fill(bench);
	tamper(bench, "DELETE FROM secrets; DELETE FROM documents;");
	assert_ok(store_count_secrets(bench->store, &secrets, &err));
	assert_ok(store_count_documents(bench->store, &documents, &err));
	assert_int_equal(secrets, 1);
	assert_int_equal(documents, 1);
	tamper(bench, "UPDATE nodes SET body = CAST(body || x'00' AS BLOB)");
	assert_error(ERR_INTEGRITY, store_count_secrets(bench->store, &secrets, &err));
	assert_error(ERR_INTEGRITY, store_count_documents(bench->store, &documents, &err));
}

static void
a_row_that_an_index_leads_to_is_the_one_that_was_asked_for(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct debt_row row;
	struct id other = {{0x44}};
	bench_fill(bench);
	bench_exchange_debts(bench, other);
	/* Its id is read from the index, and the rest from the row. */
	const char *text = "a row of debts in the database is not as the vault left it";
	expect_error(read_debt(bench->store, &err), ERR_INTEGRITY, &err, text);
	expect_error(read_open_debt(bench->store, &err), ERR_INTEGRITY, &err, text);
	expect_error(list_debts(bench->store, &err), ERR_INTEGRITY, &err, text);
	expect_error(store_get_debt(bench->store, &other, &row, &err), ERR_INTEGRITY, &err, text);
	assert_error(ERR_INTEGRITY, verify(bench->store, &err));
	assert_error(ERR_INTEGRITY, store_check(bench->store, &err));
}

/* A ceremony of two items and one of one, whose item comes in the place of the other's second. */
static void
a_list_takes_no_row_of_another_parent(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct item_row items[2] = {bench_item, {.secret = {{9}}, .version = 1}}, rows[4];
	struct secret_row secret = {.id = {{9}}, .name = "other", .newest = 1};
	VERSION_ROW version = version_of(1);
	HEADER *header = NULL;
	size_t count = 77;
	bench_fill(bench);
	bench_begin(bench);
	struct ceremony_row two = ceremony_of(bench->store, 5), one = ceremony_of(bench->store, 1);
	version.secret = secret.id;
	secret.definition = digest_of(0x13);
	assert_ok(header_new(&header, &err));
	assert_ok(store_add_secret(bench->store, &secret, &err));
	assert_ok(store_add_version(bench->store, &version, header, NULL, 0, &err));
	assert_ok(store_add_ceremony(bench->store, &two, items, 2, &err));
	assert_ok(store_add_ceremony(bench->store, &one, items, 1, &err));
	bench_commit(bench);
	assert_ok(store_list_items(bench->store, &two.id, rows, 4, &count, &err));
	assert_int_equal(count, 2);
	/* Where the rows stand in falling order, SQLite does not find the end of those that it looks for. */
	tamper_without_index(bench, "items",
	    "PRIMARY KEY (ceremony, position),  UNIQUE (ceremony, secret),",
	    "PRIMARY KEY (ceremony DESC, position),",
	    "CREATE TEMP TABLE these AS SELECT * FROM items WHERE position = 0 AND"
	    " substr(ceremony, 1, 1) IN (x'05', x'01');"
	    "DELETE FROM items; INSERT INTO items SELECT * FROM these");
	count = 77;
	expect_error(store_list_items(bench->store, &two.id, rows, 4, &count, &err), ERR_INTEGRITY,
	    &err, "a row of items in the database is another than was asked for");
	assert_int_equal(count, 77);
}

/* Of two rows, the first comes in the place of the second: on its page both are the same bytes. */
static void
repeat_row(struct bench *bench, const char *table)
{
	enum { PAGE = 4096, COUNT_AT = 3, FIRST_AT = 8, SECOND_AT = 10 };
	sqlite3 *database = NULL;
	sqlite3_stmt *statement = NULL;
	BUF bytes = {0};
	assert_int_equal(sqlite3_open(bench->file, &database), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(database,
	                     "SELECT rootpage FROM sqlite_schema WHERE name = ?", -1, &statement,
	                     NULL),
	    SQLITE_OK);
	sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	size_t at = (size_t)(sqlite3_column_int(statement, 0) - 1) * PAGE;
	sqlite3_finalize(statement);
	sqlite3_close(database);
	store_freep(&bench->store);
	copy_database(bench, &bytes);
	assert_int_equal(bytes.data[at + COUNT_AT] << 8 | bytes.data[at + COUNT_AT + 1], 2);
	memcpy(bytes.data + at + SECOND_AT, bytes.data + at + FIRST_AT, 2);
	struct err err;
	assert_ok(file_write(bench->file, buf_view(&bytes), 0600, &err));
	bench_reopen(bench);
}

static void
a_row_that_comes_twice_is_not_two(void **state)
{
	struct bench *bench = *state;
	struct err err;
	SHARE share = share_of("ciso", 0x21);
	bench_fill(bench);
	bench_begin(bench);
	assert_ok(store_add_share(bench->store, &bench_ceremony, &share, &err));
	assert_ok(store_set_text(bench->store, "draft", NULL, &err));
	assert_ok(store_set_text(bench->store, "init", "a text", &err)); /* beside "roots" */
	bench_commit(bench);
	assert_ok(list_shares(bench->store, &err));
	repeat_row(bench, "shares");
	expect_error(list_shares(bench->store, &err), ERR_INTEGRITY, &err,
	    "a row of shares in the database comes twice");
	expect_error(verify(bench->store, &err), ERR_INTEGRITY, &err,
	    "a row of shares in the database comes twice");
	repeat_row(bench, "texts");
	assert_error(ERR_INTEGRITY, verify(bench->store, &err));
}

static void
tell_done(void *context, uint64_t done, uint64_t cells)
{
	uint64_t *told = context;
	assert_true(done <= cells);
	*told = done;
}

static void
the_whole_state_is_counted_and_said_how_far(void **state)
{
	enum { TEXTS = 10050 };
	struct bench *bench = *state;
	struct err err;
	struct store_totals totals, before;
	uint64_t told = 0;
	bench_fill(bench);
	assert_ok(store_verify_state(bench->store, NULL, NULL, &before, &err));
	assert_true(before.rows > 20 && before.cells > before.rows);
	bench_begin(bench);
	for (unsigned i = 0; i < TEXTS; i++) {
		char name[20];
		snprintf(name, sizeof(name), "text-%u", i);
		assert_ok(store_set_text(bench->store, name, "", &err));
	}
	bench_commit(bench);
	assert_ok(store_verify_state(bench->store, tell_done, &told, &totals, &err));
	assert_int_equal(told, totals.rows);
	assert_int_equal(totals.rows, before.rows + TEXTS);
	assert_int_equal(totals.cells, before.cells + TEXTS);
}

/* Texts named text-FIRST to text-LAST, in one transaction of STORE. */
static void
add_texts(struct store *store, unsigned first, unsigned last)
{
	struct err err;
	uint64_t index;
	assert_ok(store_begin(store, &err));
	for (unsigned i = first; i <= last; i++) {
		char name[20];
		snprintf(name, sizeof(name), "text-%05u", i);
		assert_ok(store_set_text(store, name, "", &err));
	}
	assert_ok(store_append_leaf(store, view_of_text("leaf"), &index, &err));
	assert_ok(store_commit(store, &err));
}

/* Somebody who commits between the transactions of the one who verifies, for the first MAX times. */
struct beside {
	struct bench *bench;
	unsigned texts, added, max, told;
};

static void
add_beside(void *context, uint64_t done, uint64_t rows)
{
	struct beside *beside = context;
	struct err err;
	CLEANUP(store_freep) struct store *other = NULL;
	assert_true(done <= rows);
	beside->told++;
	if (beside->added == beside->max)
		return;
	assert_ok(bench_open(beside->bench, &other, &err));
	beside->added++;
	add_texts(other, beside->texts + beside->added, beside->texts + beside->added);
}

/* The texts are three thousands, and are gone through first. */
static void
others_change_the_state_while_one_verifies_it(void **state)
{
	enum { TEXTS = 2500, MANY = 6 };
	struct bench *bench = *state;
	struct err err;
	struct store_totals before, totals;
	unsigned texts = TEXTS;
	add_texts(bench->store, 1, TEXTS);
	bench_fill(bench);
	assert_ok(store_verify_state(bench->store, NULL, NULL, &before, &err));
	for (unsigned max = 0; max <= MANY; max++) {
		struct beside beside = {bench, texts, 0, max, 0};
		assert_ok(store_verify_state(bench->store, add_beside, &beside, &totals, &err));
		assert_int_equal(beside.added, max);
		texts += max;
		assert_int_equal(totals.rows, before.rows + texts - TEXTS);
		assert_int_equal(totals.cells, before.cells + texts - TEXTS);
	}
}

/* What a row of another thousand is, and what was added meanwhile. */
static void
a_wrong_row_is_found_while_others_change_the_state(void **state)
{
	enum { TEXTS = 2500 };
	static const char *const changes[] = {
	    "DELETE FROM texts WHERE name = 'text-02400'",
	    "UPDATE texts SET text = x'00' WHERE name = 'text-01700'",
	    "INSERT INTO texts VALUES ('text-01700a', x'')",
	};
	struct bench *bench = *state;
	struct err err;
	struct store_totals totals;
	BUF good = {0};
	add_texts(bench->store, 1, TEXTS);
	copy_database(bench, &good);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		struct beside beside = {bench, TEXTS, 0, 0, 0};
		tamper(bench, changes[i]);
		assert_error(ERR_INTEGRITY,
		    store_verify_state(bench->store, add_beside, &beside, &totals, &err));
		assert_says("a row of texts in the database");
		bench_put_back(bench, &good);
	}
	tamper(bench, changes[0]);
	struct beside beside = {bench, TEXTS, 0, 6, 0};
	assert_error(ERR_INTEGRITY,
	    store_verify_state(bench->store, add_beside, &beside, &totals, &err));
	assert_says("a row of texts in the database is gone");
	assert_int_equal(beside.added, 6);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
	const struct CMUnitTest tests[] = {
	    CASE(a_row_that_is_gone_is_met_by_each_call_that_rests_on_it),
	    CASE(a_row_of_an_earlier_state_is_met_by_each_call_that_rests_on_it),
	    CASE(a_row_that_the_vault_removed_does_not_come_back),
	    CASE(rows_that_were_exchanged_are_met_by_each_call_that_rests_on_one),
	    CASE(a_row_that_was_added_is_an_alarm_or_nobody_sees_it),
	    CASE(counts_are_of_what_the_vault_wrote),
	    CASE(a_row_that_an_index_leads_to_is_the_one_that_was_asked_for),
	    CASE(a_list_takes_no_row_of_another_parent),
	    CASE(a_row_that_comes_twice_is_not_two),
	    CASE(the_whole_state_is_counted_and_said_how_far),
	    CASE(others_change_the_state_while_one_verifies_it),
	    CASE(a_wrong_row_is_found_while_others_change_the_state),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
