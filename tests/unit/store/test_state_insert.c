/* SPDX-License-Identifier: Apache-2.0 */
/* vault/store/state.c: a row that somebody else wrote, where the vault is about to write one of its own. */
#include "tests/lib/store_readings.h"

enum { MAX_FILE = 1 << 24 };

/* What the vault writes, each in a transaction of its own after bench_fill. */

static enum err_code
set_text(struct store *store, struct err *err)
{
	return store_set_text(store, "new", "a text", err);
}

static enum err_code
put_statement(struct store *store, struct err *err)
{
	struct digest digest = digest_of(0x77);
	return store_put_statement(store, &digest, "test", view_of_text("x"), false, err);
}

static enum err_code
replace_statement(struct store *store, struct err *err)
{
	struct digest digest = digest_of(0x77);
	return store_put_statement(store, &digest, "test", view_of_text("x"), true, err);
}

static enum err_code
add_document(struct store *store, struct err *err)
{
	struct digest digest = bench_statement(store, 0x77);
	return store_add_document(store, &digest, err);
}

static enum err_code
add_draft(struct store *store, struct err *err)
{
	struct draft_row row = {.digest = bench_statement(store, 0x77), .seat = "infra"};
	return store_add_draft(store, &row, err);
}

static enum err_code
add_definition(struct store *store, struct err *err)
{
	struct digest digest = bench_statement(store, 0x77);
	return store_add_definition(store, &digest, &digest, err);
}

static enum err_code
add_secret(struct store *store, struct err *err)
{
	struct secret_row row = {.id = {{7}}, .name = "new", .definition = digest_of(0x13)};
	return store_add_secret(store, &row, err);
}

static enum err_code
rename_secret(struct store *store, struct err *err)
{
	struct secret_row row;
	TRY(store_get_secret(store, &bench_secret, &row, err));
	snprintf(row.name, sizeof(row.name), "new");
	return store_update_secret(store, &row, err);
}

static enum err_code
add_version(struct store *store, struct err *err)
{
	VERSION_ROW row = version_of(3);
	HEADER *header = NULL;
	BOX box = box_of("box");
	TRY(header_new(&header, err));
	header->envelope_count = 1;
	return store_add_version(store, &row, header, &box, 1, err);
}

static enum err_code
add_ceremony(struct store *store, struct err *err)
{
	struct ceremony_row row = ceremony_of(store, 7);
	return store_add_ceremony(store, &row, &bench_item, 1, err);
}

static enum err_code
set_debt_of_item(struct store *store, struct err *err)
{
	struct item_row item = bench_item;
	item.has_debt = true;
	item.debt = (struct id){{7}};
	return store_update_item(store, &bench_ceremony, 0, &item, err);
}

static enum err_code
add_voice(struct store *store, struct err *err)
{
	struct voice_row row = voice_of(store, "audit", 0x77, false);
	return store_add_voice(store, &bench_ceremony, &row, err);
}

static enum err_code
add_share(struct store *store, struct err *err)
{
	SHARE share = share_of("ciso", 0x21);
	return store_add_share(store, &bench_ceremony, &share, err);
}

static enum err_code
add_opened(struct store *store, struct err *err)
{
	return store_add_opened(store, &bench_secret, 2, &bench_ceremony, NULL, err);
}

static enum err_code
add_answer(struct store *store, struct err *err)
{
	struct digest token = digest_of(0x77);
	BOX box = box_of("box");
	return store_add_answer(store, &bench_ceremony, 0, &token, &box, err);
}

static enum err_code
add_debt(struct store *store, struct err *err)
{
	struct debt_row row = debt_of(7);
	row.state = DEBT_RETIRED;
	return store_add_debt(store, &row, err);
}

static enum err_code
add_open_debt(struct store *store, struct err *err)
{
	struct debt_row row = debt_of(7);
	return store_add_debt(store, &row, err);
}

static enum err_code
add_test(struct store *store, struct err *err)
{
	struct digest token = digest_of(0x41), test = bench_statement(store, 0x77);
	return store_add_test(store, &token, &test, err);
}

static enum err_code
accept_spare(struct store *store, struct err *err)
{
	struct digest token = digest_of(0x77), statement = digest_of(0x32);
	return store_accept_spare(store, &bench_secret, 1, &token, &statement, err);
}

static enum err_code
add_copy(struct store *store, struct err *err)
{
	const struct digest statement = digest_of(0x77);
	const struct copy_row row = copy_of_definition(&statement);
	return store_add_copy(store, &row, err);
}

#define EIGHT(hex)  hex hex hex hex hex hex hex hex
#define DIGEST(hex) "x'" EIGHT(hex) EIGHT(hex) EIGHT(hex) EIGHT(hex) "'" /* digest_of it */
#define ID_7        "x'07000000000000000000000000000000'"
/* The next number in the order of arrival: the log has two leaves. */
#define ARRIVAL "2097153"

/* One for each thing that the schema holds to be unique. */
static const struct obstacle {
	const char *sql, *table;
	writing write;
} obstacles[] = {
    {"INSERT INTO texts VALUES ('new', x'00')", "texts", set_text},
    {"INSERT INTO statements VALUES (" DIGEST("77") ", 'test', x'00')", "statements",
        put_statement},
    {"INSERT INTO statements VALUES (" DIGEST("77") ", 'test', x'00')", "statements",
        replace_statement},
    {"INSERT INTO documents VALUES (2, zeroblob(32), 9)", "documents", add_document},
    {"INSERT INTO documents VALUES (9, " DIGEST("77") ", 9)", "documents", add_document},
    {"INSERT INTO drafts VALUES (" ARRIVAL ", zeroblob(32), 'ciso')", "drafts", add_draft},
    {"INSERT INTO drafts VALUES (9, " DIGEST("77") ", 'ciso')", "drafts", add_draft},
    {"INSERT INTO definitions VALUES (" DIGEST("77") ", zeroblob(32))", "definitions",
        add_definition},
    {"INSERT INTO secrets VALUES (" ID_7 ", 'a', zeroblob(32), NULL, 0, 0, zeroblob(32))",
        "secrets", add_secret},
    {"INSERT INTO secrets VALUES (zeroblob(16), 'new', zeroblob(32), NULL, 0, 0, zeroblob(32))",
        "secrets", add_secret},
    {"INSERT INTO secrets VALUES (zeroblob(16), 'new', zeroblob(32), NULL, 0, 0, zeroblob(32))",
        "secrets", rename_secret},
    {"INSERT INTO versions SELECT secret, 3, state, header_hash, header, ciphertext, 0, 0, shape, class, 0, 0, public"
     " FROM versions WHERE number = 1",
        "versions", add_version},
    {"INSERT INTO envelopes SELECT secret, 3, 0, token, enc, ciphertext FROM envelopes WHERE"
     " version = 1 AND position = 0",
        "envelopes", add_version},
    {"UPDATE ceremonies SET arrival = " ARRIVAL, "ceremonies", add_ceremony},
    {"UPDATE ceremonies SET id = " ID_7, "ceremonies", add_ceremony},
    {"UPDATE ceremonies SET digest = " DIGEST("87"), "ceremonies", add_ceremony},
    {"UPDATE ceremonies SET request = " DIGEST("a7"), "ceremonies", add_ceremony},
    {"INSERT INTO items VALUES (" ID_7 ", 0, zeroblob(16), 1, 'waiting', NULL, '')", "items",
        add_ceremony},
    {"INSERT INTO items SELECT " ID_7 ", 1, secret, 1, 'waiting', NULL, '' FROM items", "items",
        add_ceremony},
    {"INSERT INTO items VALUES (" ID_7 ", 0, zeroblob(16), 1, 'waiting', " ID_7 ", '')", "items",
        set_debt_of_item},
    {"UPDATE voices SET arrival = " ARRIVAL " WHERE seat = 'ciso'", "voices", add_voice},
    {"UPDATE voices SET statement = " DIGEST("77") " WHERE seat = 'ciso'", "voices", add_voice},
    {"INSERT INTO shares SELECT ceremony, 0, 'ciso', statement, 0, NULL FROM shares", "shares",
        add_share},
    {"INSERT INTO opened SELECT secret, 2, ceremony, NULL FROM opened", "opened", add_opened},
    {"INSERT INTO opened SELECT secret, 2, zeroblob(16), NULL FROM opened", "opened", add_opened},
    {"INSERT INTO answers SELECT ceremony, 0, " DIGEST("77") ", enc, ciphertext FROM answers",
        "answers", add_answer},
    {"UPDATE debts SET arrival = " ARRIVAL, "debts", add_debt},
    {"UPDATE debts SET id = " ID_7, "debts", add_debt},
    {"INSERT INTO debts SELECT 9, zeroblob(16), secret, old, pending, 'owed', NULL, 0, 0, 0, 0, 'none', '', NULL, 0"
     " FROM debts",
        "debts", add_open_debt},
    {"UPDATE tests SET position = " ARRIVAL, "tests", add_test},
    {"UPDATE tests SET statement = " DIGEST("77"), "tests", add_test},
    {"INSERT INTO spares SELECT secret, 1, " DIGEST(
         "77") ", accepted, NULL, NULL, NULL, NULL, NULL, NULL FROM"
               " spares",
        "spares", accept_spare},
    {"INSERT INTO copies VALUES (" DIGEST("77") ", 'definition', zeroblob(16))", "copies",
        add_copy},
};

/* The debt of bench_fill is paid, so that another may come. */
static void
fill(struct bench *bench, struct buf *ret_good)
{
	struct err err;
	struct debt_row debt;
	bench_fill(bench);
	bench_begin(bench);
	assert_ok(store_get_debt(bench->store, &bench_debt, &debt, &err));
	debt.state = DEBT_RETIRED;
	assert_ok(store_update_debt(bench->store, &debt, &err));
	bench_commit(bench);
	assert_ok(file_read(bench->file, MAX_FILE, ret_good, &err));
}

static void
a_row_in_the_way_of_a_new_one_is_an_alarm(void **state)
{
	struct bench *bench = *state;
	struct err err;
	BUF good = {0};
	fill(bench, &good);
	for (size_t i = 0; i < ARRAY_SIZE(obstacles); i++) {
		const struct obstacle *obstacle = &obstacles[i];
		bench_begin(bench);
		assert_ok(obstacle->write(bench->store, &err));
		store_rollback(bench->store);
		tamper(bench, obstacle->sql);
		bench_begin(bench);
		expect_refusal(bench, obstacle->write, obstacle->table,
		    "is none that the vault has", obstacle->sql);
		store_rollback(bench->store);
		bench_put_back(bench, &good);
	}
}

/* Each UNIQUE and PRIMARY KEY of the schema is among them: as many as SQLite has indices, and keys that are no
 * index (of integers, and of tables without rowid). */
static void
each_thing_that_is_unique_has_its_obstacle(void **state)
{
	struct bench *bench = *state;
	sqlite3 *database = NULL;
	sqlite3_stmt *statement = NULL;
	assert_int_equal(sqlite3_open(bench->file, &database), SQLITE_OK);
	assert_int_equal(
	    sqlite3_prepare_v2(database,
	        "SELECT m.name, (SELECT count(*) FROM pragma_index_list(m.name) WHERE \"unique\")"
	        " + (SELECT count(*) FROM pragma_table_info(m.name) WHERE pk = 1 AND type = 'INTEGER')"
	        " FROM sqlite_schema m WHERE m.type = 'table' AND m.name NOT LIKE 'log!_%' ESCAPE '!'"
	        " AND m.name <> 'nodes'",
	        -1, &statement, NULL),
	    SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		const char *table = (const char *)sqlite3_column_text(statement, 0);
		int here = 0;
		for (size_t i = 0; i < ARRAY_SIZE(obstacles); i++)
			here += strcmp(obstacles[i].table, table) == 0;
		if (here < sqlite3_column_int(statement, 1))
			fail_msg("%s: %d of %d", table, here, sqlite3_column_int(statement, 1));
	}
	sqlite3_finalize(statement);
	sqlite3_close(database);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
	const struct CMUnitTest tests[] = {
	    CASE(a_row_in_the_way_of_a_new_one_is_an_alarm),
	    CASE(each_thing_that_is_unique_has_its_obstacle),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
