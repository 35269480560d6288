/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody else wrote into the database is not believed: every column of every table. */
#include "tests/lib/store_bench.h"

typedef enum err_code (*reading)(struct store *store, struct err *err);

static enum err_code
read_text(struct store *store, struct err *err)
{
	BUF text = {0};
	return store_get_text(store, "draft", &text, err);
}

static enum err_code
read_statement(struct store *store, struct err *err)
{
	BUF text = {0};
	struct digest digest = digest_of(0x11);
	return store_get_statement(store, &digest, &text, err);
}

static enum err_code
read_document(struct store *store, struct err *err)
{
	struct digest digest;
	return store_get_document(store, 1, &digest, err);
}

static enum err_code
read_definition(struct store *store, struct err *err)
{
	struct digest hash = digest_of(0x13), statement;
	return store_get_definition(store, &hash, &statement, err);
}

static enum err_code
read_secrets(struct store *store, struct err *err)
{
	struct secret_row rows[2];
	size_t count;
	return store_list_secrets(store, "", rows, 2, &count, err);
}

static enum err_code
read_version(struct store *store, struct err *err)
{
	VERSION_ROW row = {0};
	return store_get_version(store, &bench_secret, 1, &row, err);
}

static enum err_code
read_envelope(struct store *store, struct err *err)
{
	BOX box = {{0}};
	struct digest token;
	return store_get_envelope(store, &bench_secret, 1, 0, &token, &box, err);
}

static enum err_code
read_ceremonies(struct store *store, struct err *err)
{
	struct ceremony_row row;
	return store_get_ceremony(store, &bench_ceremony, &row, err);
}

static enum err_code
read_items(struct store *store, struct err *err)
{
	struct item_row rows[4];
	size_t count;
	return store_list_items(store, &bench_ceremony, rows, 4, &count, err);
}

static enum err_code
read_voices(struct store *store, struct err *err)
{
	struct voice_row rows[4];
	size_t count;
	return store_list_voices(store, &bench_ceremony, rows, 4, &count, err);
}

static enum err_code
read_shares(struct store *store, struct err *err)
{
	struct share_row rows[QUORUM_SEATS];
	size_t count = 0;
	enum err_code code = store_list_shares(store, &bench_ceremony, 0, rows, &count, err);
	while (code == ERR_OK && count > 0)
		share_row_done(&rows[--count]);
	return code;
}

static enum err_code
read_opened(struct store *store, struct err *err)
{
	struct id ceremony;
	return store_get_opened(store, &bench_secret, 1, &ceremony, err);
}

static enum err_code
read_answer(struct store *store, struct err *err)
{
	BOX box = {{0}};
	struct digest token = digest_of(0x51);
	return store_get_answer(store, &bench_ceremony, 0, &token, &box, err);
}

static enum err_code
read_debt(struct store *store, struct err *err)
{
	struct debt_row row;
	return store_open_debt(store, &bench_secret, &row, err);
}

static enum err_code
read_leaf(struct store *store, struct err *err)
{
	BUF data = {0};
	return store_log_leaf(store, 0, &data, err);
}

static enum err_code
read_hash(struct store *store, struct err *err)
{
	struct digest root;
	return store_log_root(store, 1, &root, err);
}

static enum err_code
read_test(struct store *store, struct err *err)
{
	struct digest token = digest_of(0x41), statement;
	return store_newest_test(store, &token, &statement, err);
}

static enum err_code
read_spares(struct store *store, struct err *err)
{
	struct spare_row rows[2];
	size_t count;
	return store_list_spares(store, &bench_secret, 1, rows, 2, &count, err);
}

static enum err_code
read_spare(struct store *store, struct err *err)
{
	BUF ciphertext = {0};
	struct digest token = digest_of(0x61);
	return store_get_spare(store, &bench_secret, 1, &token, &ciphertext, err);
}

/* Those without NULL are of keys in tables without rowid. */
#define TIME_FAULTS     "-1", "'x'", "NULL", "1.5"
#define KEY_BLOB_FAULTS "x''", "x'00'", "zeroblob(200000)", "'text'", "7"
#define BLOB_FAULTS     KEY_BLOB_FAULTS, "NULL"
#define BYTES_FAULTS    "zeroblob(200000)", "'text'", "7", "NULL"
#define LINE_FAULTS     "x'61'", "'a' || char(10)", "'a' || char(8238)", "printf('%.*c', 600, 'a')"
#define TEXT_FAULTS     LINE_FAULTS, "NULL"
#define KEY_NAME_FAULTS LINE_FAULTS, "'Upper'", "''", "'a b'", "printf('%.*c', 64, 'a')"
#define NAME_FAULTS     KEY_NAME_FAULTS, "NULL"
#define STATE_FAULTS    "'lost'", "''", "'owedx'", "0", "NULL", "x'6f776564'"
#define FLAG_FAULTS     "2", "-1", "NULL", "'x'"
#define U32_FAULTS      "-1", "4294967296", "'x'", "NULL"

static const struct column {
	const char *table, *column;
	reading read;
	const char *faults[10];
} columns[] = {
    {"texts", "text", read_text, {"'text'", "7", "NULL", "zeroblob(4194305)"}},
    {"statements", "text", read_statement, {"'text'", "7", "NULL", "zeroblob(16777217)"}},
    {"documents", "digest", read_document, {BLOB_FAULTS}},
    {"definitions", "statement", read_definition, {BLOB_FAULTS}},
    {"secrets", "id", read_secrets, {BLOB_FAULTS}},
    {"secrets", "name", read_secrets,
        {"x'61'", "'Upper'", "'a b'", "'a' || char(10)", "printf('%.*c', 64, 'a')"}},
    {"secrets", "definition", read_secrets, {BLOB_FAULTS}},
    {"secrets", "current", read_secrets, {"0", "3", "-1", "4294967296", "'x'"}},
    {"secrets", "newest", read_secrets, {U32_FAULTS}},
    {"versions", "state", read_version, {STATE_FAULTS}},
    {"versions", "header_hash", read_version, {BLOB_FAULTS}},
    {"versions", "header", read_version, {"x''", BYTES_FAULTS, "zeroblob(65537)"}},
    {"versions", "ciphertext", read_version, {"x''", BYTES_FAULTS, "zeroblob(131089)"}},
    {"versions", "part_exposed", read_version, {FLAG_FAULTS}},
    {"versions", "created", read_version, {TIME_FAULTS}},
    {"envelopes", "token", read_envelope, {"x''", "x'00'", "zeroblob(33)", "'text'", "7"}},
    {"envelopes", "enc", read_envelope, {"x''", "zeroblob(64)", "zeroblob(66)", "7"}},
    {"envelopes", "ciphertext", read_envelope, {"x''", "zeroblob(529)", "'text'", "7"}},
    {"ceremonies", "digest", read_ceremonies, {BLOB_FAULTS}},
    {"ceremonies", "request", read_ceremonies, {BLOB_FAULTS}},
    {"ceremonies", "mode", read_ceremonies, {STATE_FAULTS}},
    {"ceremonies", "state", read_ceremonies, {STATE_FAULTS}},
    {"ceremonies", "requester", read_ceremonies, {NAME_FAULTS}},
    {"ceremonies", "reason", read_ceremonies, {TEXT_FAULTS}},
    {"ceremonies", "charter", read_ceremonies, {BLOB_FAULTS}},
    {"ceremonies", "created", read_ceremonies, {TIME_FAULTS}},
    {"ceremonies", "deadline", read_ceremonies, {TIME_FAULTS}},
    {"ceremonies", "released", read_ceremonies, {TIME_FAULTS}},
    {"ceremonies", "expires", read_ceremonies, {TIME_FAULTS}},
    {"ceremonies", "release", read_ceremonies, {"x''", "zeroblob(33)", "'text'", "7"}},
    {"items", "secret", read_items, {BLOB_FAULTS}},
    {"items", "version", read_items, {U32_FAULTS, "0"}},
    {"items", "state", read_items, {STATE_FAULTS}},
    {"items", "debt", read_items, {"x''", "zeroblob(15)", "'text'", "7"}},
    {"items", "note", read_items, {TEXT_FAULTS}},
    {"voices", "seat", read_voices, {NAME_FAULTS}},
    {"voices", "token", read_voices, {BLOB_FAULTS}},
    {"voices", "statement", read_voices, {BLOB_FAULTS}},
    {"voices", "denies", read_voices, {FLAG_FAULTS}},
    {"shares", "seat", read_shares, {KEY_NAME_FAULTS}},
    {"shares", "statement", read_shares, {BLOB_FAULTS}},
    {"shares", "envelope", read_shares, {"-1", "128", "NULL", "'x'"}},
    {"shares", "ciphertext", read_shares, {"x''", "zeroblob(529)", "'text'", "7"}},
    {"opened", "ceremony", read_opened, {KEY_BLOB_FAULTS}},
    {"answers", "enc", read_answer, {BLOB_FAULTS}},
    {"answers", "ciphertext", read_answer, {"x''", BYTES_FAULTS, "zeroblob(131121)"}},
    {"debts", "id", read_debt, {BLOB_FAULTS}},
    {"debts", "old", read_debt, {"0", "-1", "4294967296", "'x'"}},
    {"debts", "pending", read_debt, {"0", "-1", "4294967296", "'x'"}},
    {"debts", "state", read_debt, {"'lost'", "''", "'owedx'", "0", "x'6f776564'"}},
    {"debts", "ceremony", read_debt, {"x''", "zeroblob(15)", "'text'", "7"}},
    {"debts", "created", read_debt, {TIME_FAULTS}},
    {"debts", "due", read_debt, {TIME_FAULTS}},
    {"debts", "rejected", read_debt, {U32_FAULTS}},
    {"debts", "tries", read_debt, {U32_FAULTS}},
    {"debts", "note", read_debt, {TEXT_FAULTS}},
    {"tests", "statement", read_test, {BLOB_FAULTS}},
    {"spares", "token", read_spares, {KEY_BLOB_FAULTS}},
    {"spares", "envelope", read_spares, {"-1", "128", "NULL", "'x'"}},
    {"spares", "statement", read_spares, {KEY_BLOB_FAULTS}},
    {"spares", "box", read_spares, {BLOB_FAULTS}},
    {"spares", "signature", read_spares, {"zeroblob(63)", BLOB_FAULTS}},
    {"spares", "ciphertext", read_spare, {"x''", BYTES_FAULTS, "zeroblob(529)"}},
    {"log_leaf", "data", read_leaf, {"'text'", "7", "NULL", "zeroblob(65536)"}},
    {"log_hash", "hash", read_hash, {BLOB_FAULTS}},
};

/* Set the column, read, put the old rows back. */
static void
read_damaged(struct bench *bench, const struct column *column, const char *fault)
{
	struct err err;
	char sql[500], place[80];
	snprintf(sql, sizeof(sql), "CREATE TABLE kept AS SELECT * FROM %s; UPDATE %s SET %s = %s",
	    column->table, column->table, column->column, fault);
	tamper(bench, sql);
	snprintf(place, sizeof(place), "%s.%s", column->table, column->column);
	enum err_code code = column->read(bench->store, &err);
	if (code != ERR_INTEGRITY || strstr(err.text, place) == NULL)
		fail_msg("%s = %s: %s: %s", place, fault, err_name(code),
		    code == ERR_OK ? "" : err.text);
	snprintf(sql, sizeof(sql),
	    "DELETE FROM %s; INSERT INTO %s SELECT * FROM kept; DROP TABLE kept", column->table,
	    column->table);
	tamper(bench, sql);
}

static void
a_wrong_value_in_any_column_is_named(void **state)
{
	struct bench *bench = *state;
	struct err err;
	bench_fill(bench);
	bench_reopen(bench);
	tamper_with_types(bench); /* no transaction is begun any more: it would see that */
	tamper(bench,
	    "DELETE FROM versions WHERE number = 2;"
	    "DELETE FROM voices WHERE seat <> 'infra';"
	    "DELETE FROM statements WHERE rowid > 1"); /* UNIQUE: one row takes each fault */
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		assert_ok(columns[i].read(bench->store, &err));
		for (size_t at = 0; at < ARRAY_SIZE(columns[i].faults); at++) {
			if (columns[i].faults[at] != NULL)
				read_damaged(bench, &columns[i], columns[i].faults[at]);
		}
	}
}

static void
a_wrong_value_leaves_the_result_alone(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct debt_row debt = {.tries = 77};
	VERSION_ROW version = {.created = 77};
	uint32_t newest = 77;
	bench_fill(bench);
	tamper(bench,
	    "UPDATE debts SET tries = -1; UPDATE versions SET created = -1;"
	    "UPDATE documents SET position = 4294967296");
	assert_error(ERR_INTEGRITY, store_count_documents(bench->store, &newest, &err));
	assert_int_equal(newest, 77);
	assert_error(ERR_INTEGRITY, store_open_debt(bench->store, &bench_secret, &debt, &err));
	assert_int_equal(debt.tries, 77);
	assert_error(ERR_INTEGRITY,
	    store_get_version(bench->store, &bench_secret, 1, &version, &err));
	assert_int_equal(version.created, 77);
	assert_null(version.header.data);
}

static void
more_seats_than_a_quorum_has_are_refused(void **state)
{
	struct bench *bench = *state;
	struct err err;
	bench_fill(bench);
	tamper(bench,
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 70)"
	    " INSERT INTO shares (ceremony, position, seat, statement, envelope)"
	    " SELECT ceremony, position, 'seat-' || i, statement, 0 FROM shares, n");
	assert_error(ERR_INTEGRITY, read_shares(bench->store, &err));
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
	    CASE(a_wrong_value_in_any_column_is_named),
	    CASE(a_wrong_value_leaves_the_result_alone),
	    CASE(more_seats_than_a_quorum_has_are_refused),
	    CASE(the_check_finds_a_row_without_the_one_it_names),
	    CASE(the_check_finds_a_damaged_page),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
