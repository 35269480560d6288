/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be changed or removed is not there, is another, or is there twice: each change that means it is an alarm. */
#include "tests/lib/store_bench.h"

typedef enum err_code (*changing)(struct store *store, struct err *err);

static enum err_code
change_text(struct store *store, struct err *err)
{
	return store_set_text(store, "draft", "another", err);
}

static enum err_code
drop_text(struct store *store, struct err *err)
{
	return store_set_text(store, "draft", NULL, err);
}

static enum err_code
replace_statement(struct store *store, struct err *err)
{
	const struct digest digest = digest_of(0x11);
	return store_put_statement(store, &digest, "test", view_of_text("signed again"), true, err);
}

static enum err_code
drop_draft(struct store *store, struct err *err)
{
	const struct digest digest = digest_of(0x11);
	return store_drop_draft(store, &digest, err);
}

static enum err_code
change_secret(struct store *store, struct err *err)
{
	const struct secret_row row = {.id = bench_secret,
	    .name = "prod/db",
	    .definition = digest_of(0x13),
	    .current = 2,
	    .newest = 2};
	return store_update_secret(store, &row, err);
}

static enum err_code
change_version(struct store *store, struct err *err)
{
	return store_set_version_state(store, &bench_secret, 1, VERSION_RETIRED, err);
}

static enum err_code
expose_version(struct store *store, struct err *err)
{
	return store_set_part_exposed(store, &bench_secret, 1, err);
}

static enum err_code
erase_envelopes(struct store *store, struct err *err)
{
	return store_erase_envelopes(store, &bench_secret, 1, err);
}

static enum err_code
change_ceremony(struct store *store, struct err *err)
{
	const struct ceremony_row row = {.id = bench_ceremony, .state = CEREMONY_CLOSED};
	return store_update_ceremony(store, &row, err);
}

static enum err_code
change_item(struct store *store, struct err *err)
{
	const struct item_row row = {.state = ITEM_DONE, .has_debt = true, .debt = bench_debt};
	return store_update_item(store, &bench_ceremony, 0, &row, err);
}

static enum err_code
erase_share(struct store *store, struct err *err)
{
	return store_erase_shares(store, &bench_ceremony, 0, err);
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
change_debt(struct store *store, struct err *err)
{
	struct debt_row row = debt_of(bench_debt.bytes[0]);
	row.state = DEBT_RETIRED;
	return store_update_debt(store, &row, err);
}

static enum err_code
accept_spare(struct store *store, struct err *err)
{
	const struct digest token = digest_of(0x61), statement = digest_of(0x11);
	return store_accept_spare(store, &bench_secret, 1, &token, &statement, err);
}

static enum err_code
test_spare(struct store *store, struct err *err)
{
	const struct digest token = digest_of(0x61), box = digest_of(0x72), test = digest_of(0x31);
	return store_test_spare(store, &token, &box, &test, err);
}

static enum err_code
rename_to_another(struct store *store, struct err *err)
{
	struct secret_row row = {.id = bench_secret,
	    .name = "prod/other",
	    .definition = digest_of(0x13),
	    .current = 1,
	    .newest = 2};
	return store_update_secret(store, &row, err);
}

/* A change, and what makes it one of rows that the vault does not have. */
static const struct row {
	changing change;
	const char *edit;
} rows[] = {
    {change_text, "DELETE FROM texts"},
    {change_text, "UPDATE texts SET text = X'00'"},
    {drop_text, "DELETE FROM texts"},
    {replace_statement,
        "DELETE FROM statements WHERE digest = zeroblob(0) OR hex(digest) LIKE '11%'"},
    {drop_draft, "DELETE FROM drafts"},
    {drop_draft, "UPDATE drafts SET seat = 'infra'"},
    {change_secret, "DELETE FROM secrets"},
    {change_secret, "UPDATE secrets SET newest = 3"},
    {rename_to_another,
        "INSERT INTO secrets SELECT zeroblob(16), 'prod/other', definition, current, newest FROM secrets"},
    {change_version, "DELETE FROM versions"},
    {change_version, "UPDATE versions SET created = created + 1"},
    {expose_version, "DELETE FROM versions WHERE number = 1"},
    {erase_envelopes, "DELETE FROM envelopes"},
    {erase_envelopes, "DELETE FROM envelopes WHERE version = 1 AND position = 1"},
    {erase_envelopes,
        "UPDATE envelopes SET token = zeroblob(32) WHERE version = 1 AND position = 0"},
    {erase_envelopes,
        "INSERT INTO envelopes SELECT secret, version, 7, token, enc, ciphertext FROM envelopes"
        " WHERE version = 1 AND position = 1"},
    {erase_envelopes, "UPDATE envelopes SET version = 3 - version, position = 5 - position"},
    {erase_envelopes, "DELETE FROM spares"},
    {change_ceremony, "DELETE FROM ceremonies"},
    {change_ceremony, "UPDATE ceremonies SET deadline = 0"},
    {change_item, "DELETE FROM items"},
    {change_item, "UPDATE items SET position = 1"},
    {change_item, "UPDATE items SET version = 2"},
    {erase_share, "DELETE FROM shares"},
    {erase_share, "UPDATE shares SET position = 1"},
    {erase_shares, "DELETE FROM shares"},
    {erase_shares, "UPDATE shares SET ciphertext = NULL"},
    {erase_shares, "UPDATE shares SET seat = 'ciso'"},
    {drop_share, "DELETE FROM shares"},
    {drop_share, "UPDATE shares SET envelope = 0"},
    {drop_shares_of, "DELETE FROM shares"},
    {drop_shares_of,
        "UPDATE shares SET statement = (SELECT statement FROM voices WHERE seat = 'ciso')"},
    {drop_shares_of, "DELETE FROM voices"},
    {drop_shares_of, "UPDATE voices SET token = zeroblob(32)"},
    {drop_shares_of, "UPDATE voices SET denies = 1"},
    {change_debt, "DELETE FROM debts"},
    {change_debt, "UPDATE debts SET created = 0"},
    {accept_spare, "DELETE FROM spares"},
    {accept_spare, "UPDATE spares SET envelope = 1"},
    {test_spare, "DELETE FROM spares"},
    {test_spare, "UPDATE spares SET box = zeroblob(32)"},
};

/* The leaf of a change is what has it compared with the tree. */
static enum err_code
run(struct bench *bench, changing change, struct err *err)
{
	uint64_t index;
	bench_begin(bench);
	enum err_code code = change(bench->store, err);
	if (code == ERR_OK)
		code = store_append_leaf(bench->store, view_of_text("leaf"), &index, err);
	store_rollback(bench->store);
	return code;
}

static void
a_change_of_what_is_not_as_the_vault_left_it_is_an_alarm(void **state)
{
	struct bench *bench = *state;
	struct err err;
	BUF kept = {0};
	bench_fill(bench);
	assert_ok(file_read(bench->file, 1 << 24, &kept, &err));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_ok(run(bench, rows[i].change, &err));
		tamper(bench, rows[i].edit);
		if (run(bench, rows[i].change, &err) != ERR_INTEGRITY)
			fail_msg("%s: %s", rows[i].edit,
			    err.code == ERR_OK ? "nobody noticed" : err.text);
		bench_put_back(bench, &kept);
	}
}

/* The pages of an index or a table WITHOUT ROWID, as another table whose columns are COLUMNS, called `theirs`. */
static void
impersonate(const struct bench *bench, const char *name, const char *columns, const char *sql)
{
	sqlite3 *database = NULL;
	sqlite3_stmt *statement = NULL;
	char text[300];
	assert_int_equal(sqlite3_open(bench->file, &database), SQLITE_OK);
	snprintf(text, sizeof(text), "SELECT rootpage FROM sqlite_schema WHERE name = '%s'", name);
	assert_int_equal(sqlite3_prepare_v2(database, text, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int root = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_test_control(SQLITE_TESTCTRL_IMPOSTER, database, "main", 1, root);
	snprintf(text, sizeof(text), "CREATE TABLE theirs(%s) WITHOUT ROWID", columns);
	assert_int_equal(sqlite3_exec(database, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_test_control(SQLITE_TESTCTRL_IMPOSTER, database, "main", 0, 0);
	if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(database));
	sqlite3_close(database);
}

static void
an_index_that_leads_to_another_row_changes_nothing(void **state)
{
	struct bench *bench = *state;
	struct err err;
	bench_fill(bench);
	impersonate(bench, "sqlite_autoindex_versions_1",
	    "secret, number, place, PRIMARY KEY (secret, number, place)",
	    "UPDATE theirs SET number = 3 - number");
	assert_error(ERR_INTEGRITY, run(bench, change_version, &err));
	assert_says("is another than was asked for");
	assert_error(ERR_INTEGRITY, run(bench, expose_version, &err));
}

static void
a_row_that_is_there_twice_does_not_stand_for_one_that_is_gone(void **state)
{
	struct bench *bench = *state;
	struct err err;
	bench_fill(bench);
	impersonate(bench, "envelopes",
	    "secret, version, position, token, enc, ciphertext, PRIMARY KEY (secret, version, position, token)",
	    "DELETE FROM theirs WHERE version = 1 AND position = 1;"
	    "INSERT INTO theirs SELECT secret, version, position, zeroblob(32), enc, ciphertext FROM theirs"
	    " WHERE version = 1");
	assert_error(ERR_INTEGRITY, run(bench, erase_envelopes, &err));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        a_change_of_what_is_not_as_the_vault_left_it_is_an_alarm, bench_setup,
	        bench_teardown),
	    cmocka_unit_test_setup_teardown(an_index_that_leads_to_another_row_changes_nothing,
	        bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(
	        a_row_that_is_there_twice_does_not_stand_for_one_that_is_gone, bench_setup,
	        bench_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
