/* SPDX-License-Identifier: Apache-2.0 */
/* vault/store/state.c: what the vault changes is the row that it means, as it left it; and what it has changed. */
#include "base/text.h"
#include "tests/lib/store_readings.h"
#include "vault/store/inside.h"
#include "vault/store/sql_query.h"

static enum err_code
change_text(struct store *store, struct err *err)
{
	return store_set_text(store, "draft", "another", err);
}

static enum err_code
remove_text(struct store *store, struct err *err)
{
	return store_set_text(store, "draft", NULL, err);
}

static enum err_code
sign_statement(struct store *store, struct err *err)
{
	struct digest digest = digest_of(0x11);
	return store_put_statement(store, &digest, "test", view_of_text("signed"), true, err);
}

static enum err_code
drop_draft(struct store *store, struct err *err)
{
	struct digest digest = digest_of(0x11);
	return store_drop_draft(store, &digest, err);
}

static enum err_code
update_secret(struct store *store, struct err *err)
{
	struct secret_row row = {.id = bench_secret,
	    .name = "renamed",
	    .definition = digest_of(0x13),
	    .current = 1,
	    .newest = 2};
	return store_update_secret(store, &row, err);
}

static enum err_code
set_version_state(struct store *store, struct err *err)
{
	return store_set_version_state(store, &bench_secret, 1, VERSION_CURRENT, err);
}

static enum err_code
set_part_exposed(struct store *store, struct err *err)
{
	return store_set_part_exposed(store, &bench_secret, 1, err);
}

static enum err_code
erase_envelopes(struct store *store, struct err *err)
{
	return store_erase_envelopes(store, &bench_secret, 1, err);
}

static enum err_code
update_ceremony(struct store *store, struct err *err)
{
	struct ceremony_row row = {.id = bench_ceremony, .state = CEREMONY_REFUSED};
	return store_update_ceremony(store, &row, err);
}

static enum err_code
update_item(struct store *store, struct err *err)
{
	return store_update_item(store, &bench_ceremony, 0, &bench_item, err);
}

static enum err_code
erase_shares(struct store *store, struct err *err)
{
	return store_erase_shares(store, &bench_ceremony, 0, err);
}

static enum err_code
erase_all_shares(struct store *store, struct err *err)
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
	struct digest token = digest_of(0x41);
	return store_drop_shares_of(store, &token, err);
}

static enum err_code
update_debt(struct store *store, struct err *err)
{
	struct debt_row row = debt_of(bench_debt.bytes[0]);
	row.state = DEBT_RETIRED;
	return store_update_debt(store, &row, err);
}

static enum err_code
accept_again(struct store *store, struct err *err)
{
	struct digest token = digest_of(0x61), statement = digest_of(0x11);
	return store_accept_spare(store, &bench_secret, 1, &token, &statement, err);
}

static enum err_code
test_spare(struct store *store, struct err *err)
{
	struct digest token = digest_of(0x61), box = digest_of(0x72), test = digest_of(0x11);
	return store_test_spare(store, &token, &box, &test, err);
}

/* One way of writing for each row above, and a change of it that nothing else notices. */
static const struct changed {
	const char *table, *change;
	writing write;
} changes[] = {
    {"texts", "text = x'00'", change_text},
    {"texts", "text = x'00'", remove_text},
    {"statements", "text = x'00'", sign_statement},
    {"drafts", "seat = 'infra'", drop_draft},
    {"secrets", "newest = 9", update_secret},
    {"secrets", "name = NULL", update_secret},
    {"versions", "created = 7", set_version_state},
    {"versions", "header = NULL, part_exposed = 1", set_version_state},
    {"versions", "created = 7", set_part_exposed},
    {"versions", "created = 'then'", set_version_state}, /* the form takes no change of these */
    {"versions", "created = -7", set_part_exposed},
    {"ceremonies", "mode = 'none'", update_ceremony},
    {"debts", "tries = 'x'", update_debt},
    {"envelopes", "token = zeroblob(32)", erase_envelopes},
    {"spares", "box = zeroblob(32)", erase_envelopes},
    {"ceremonies", "deadline = 9000", update_ceremony},
    {"items", "version = 2", update_item},
    {"items", "secret = NULL", update_item},
    {"shares", "envelope = 2", erase_shares},
    {"shares", "ciphertext = NULL", erase_all_shares},
    {"shares", "envelope = 2", drop_share},
    {"shares", "statement = zeroblob(32)", drop_shares_of},
    {"voices", "token = zeroblob(32)", drop_shares_of},
    {"debts", "old = 2", update_debt},
    {"spares", "accepted = zeroblob(32)", accept_again},
    {"spares", "signature = x'00'", test_spare},
};

/* All that TABLE has. */
static void
dump(const struct bench *bench, const char *table, struct buf *ret_text)
{
	sqlite3 *database = NULL;
	sqlite3_stmt *statement = NULL;
	char sql[100];
	snprintf(sql, sizeof(sql), "SELECT * FROM %s", table);
	assert_int_equal(sqlite3_open(bench->file, &database), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(statement); i++) {
			buf_format(ret_text, "%d:", sqlite3_column_type(statement, i));
			const void *data = sqlite3_column_blob(statement, i);
			buf_hex(ret_text,
			    view_of(data, (size_t)sqlite3_column_bytes(statement, i)));
		}
	sqlite3_finalize(statement);
	sqlite3_close(database);
}

/* Should somebody go on after the alarm, nothing is committed. */
static void
expect_alarm_for_good(struct bench *bench, writing write, const char *table, const char *met,
    const char *what)
{
	struct err err;
	uint64_t index;
	BUF before = {0}, after = {0};
	dump(bench, table, &before);
	bench_begin(bench);
	expect_refusal(bench, write, table, met, what);
	if (store_append_leaf(bench->store, view_of_text("leaf"), &index, &err) == ERR_OK)
		assert_ok(store_commit(bench->store, &err));
	store_rollback(bench->store);
	dump(bench, table, &after);
	assert_string_equal(buf_string(&before), buf_string(&after));
}

/* Somebody does SQL to the row on which the writing rests. */
static void
meet(const struct changed *changed, const char *sql, const char *met)
{
	struct err err;
	void *own = NULL;
	BUF text = {0};
	assert_int_equal(bench_setup(&own), 0);
	struct bench *bench = own;
	bench_fill(bench);
	bench_begin(bench);
	assert_ok(changed->write(bench->store, &err));
	store_rollback(bench->store);
	for (size_t i = 0; i < ARRAY_SIZE(restings); i++)
		if (strcmp(restings[i].table, changed->table) == 0)
			buf_format(&text, "%s WHERE %s", sql, restings[i].where);
	assert_int_equal(tamper_loosely(bench, buf_string(&text)), SQLITE_OK);
	expect_alarm_for_good(bench, changed->write, changed->table, met, buf_string(&text));
	bench_teardown(&own);
}

static void
what_is_changed_is_there_and_was_as_the_vault_left_it(void **state)
{
	char sql[200];
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		snprintf(sql, sizeof(sql), "UPDATE %s SET %s", changes[i].table, changes[i].change);
		meet(&changes[i], sql, "is not as the vault left it");
		snprintf(sql, sizeof(sql), "DELETE FROM %s", changes[i].table);
		meet(&changes[i], sql, "is gone");
	}
}

static enum err_code
update_added_secret(struct store *store, struct err *err)
{
	struct secret_row row = {.id = {{7}}, .name = "renamed", .definition = digest_of(0x13)};
	return store_update_secret(store, &row, err);
}

static void
a_row_that_the_vault_never_wrote_is_not_changed(void **state)
{
	struct bench *bench = *state;
	bench_fill(bench);
	tamper(bench,
	    "INSERT INTO secrets SELECT x'07000000000000000000000000000000', 'a', definition, NULL, 2, 0, account FROM secrets;"
	    "INSERT INTO envelopes SELECT secret, 1, 9, token, enc, ciphertext FROM envelopes"
	    " WHERE version = 2 AND position = 0");
	expect_alarm_for_good(bench, update_added_secret, "secrets", "is none that the vault has",
	    "added");
	expect_alarm_for_good(bench, erase_envelopes, "envelopes", "is none that the vault has",
	    "added");
}

/* The debt that a forger would have paid is another's, which owes. */
static void
a_change_goes_to_no_other_row_than_the_one_that_was_meant(void **state)
{
	struct bench *bench = *state;
	const struct id other = {{0x44}};
	bench_fill(bench);
	bench_exchange_debts(bench, other);
	expect_alarm_for_good(bench, update_debt, "debts", "is another than was asked for",
	    "led to another");
}

static void
a_row_may_change_again_and_again_in_one_transaction(void **state)
{
	struct bench *bench = *state;
	struct store *store = bench->store;
	struct err err;
	struct digest root, again;
	BUF text = {0};
	bench_fill(bench);
	bench_begin(bench);
	assert_ok(store_state_root(store, &root, &err));
	assert_ok(store_set_text(store, "new", "one", &err));
	assert_ok(store_set_text(store, "new", "two", &err));
	assert_ok(store_get_text(store, "new", &text, &err)); /* of what is not in the tree yet */
	assert_string_equal(buf_string(&text), "two");
	assert_ok(store_state_root(store, &again, &err));
	assert_false(digest_equal(&root, &again));
	assert_ok(store_set_text(store, "new", NULL, &err));
	assert_error(ERR_NOT_FOUND, store_get_text(store, "new", &text, &err));
	assert_ok(store_state_root(store, &again, &err));
	assert_true(digest_equal(&root, &again));
	assert_ok(update_debt(store, &err));
	assert_error(ERR_NOT_FOUND, read_open_debt(store, &err));
	assert_ok(read_last_debt(store, &err));
	bench_commit(bench);
	assert_ok(verify(store, &err));
}

/* The first row changes, and the second stands in its way. */
static enum err_code
give_one_name_to_all_texts(struct store *store, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "texts", "UPDATE texts SET name = 'one'", err);
	return sql_run(&query);
}

static void
a_statement_that_failed_changed_nothing(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct secret_row row;
	bench_fill(bench);
	bench_begin(bench);
	assert_ok(store_get_secret(bench->store, &bench_secret, &row, &err));
	assert_ok(change_text(bench->store, &err));
	row.current = 9; /* above the newest */
	assert_error(ERR_INTERNAL, store_update_secret(bench->store, &row, &err));
	assert_ok(read_secret(bench->store, &err));
	assert_ok(store_set_text(bench->store, "init", "a text", &err));
	assert_error(ERR_EXISTS, give_one_name_to_all_texts(bench->store, &err));
	assert_ok(read_text(bench->store, &err));
	assert_ok(update_item(bench->store, &err));
	bench_commit(bench);
	assert_ok(verify(bench->store, &err));
	assert_ok(store_get_secret(bench->store, &bench_secret, &row, &err));
	assert_int_equal(row.current, 1);
}

static void
what_was_rolled_back_is_forgotten(void **state)
{
	struct bench *bench = *state;
	struct err err;
	bench_fill(bench);
	bench_begin(bench);
	assert_ok(change_text(bench->store, &err));
	assert_ok(list_items(bench->store, &err));  /* the tree has it */
	assert_ok(update_item(bench->store, &err)); /* and has this not */
	store_rollback(bench->store);
	assert_ok(verify(bench->store, &err));
	bench_begin(bench);
	assert_ok(sign_statement(bench->store, &err));
	bench_commit(bench);
	assert_ok(verify(bench->store, &err));
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

/* A change, and what makes it one of rows that the vault does not have: others beside them, or others in their
 * places. */
static const struct place {
	writing write;
	const char *edit;
} places[] = {
    {sign_statement, "DELETE FROM statements WHERE digest = zeroblob(0) OR hex(digest) LIKE '11%'"},
    {rename_to_another,
        "INSERT INTO secrets SELECT zeroblob(16), 'prod/other', definition, current, newest, 0, account FROM secrets"},
    {set_part_exposed, "DELETE FROM versions WHERE number = 1"},
    {erase_envelopes, "DELETE FROM envelopes WHERE version = 1 AND position = 1"},
    {erase_envelopes,
        "UPDATE envelopes SET token = zeroblob(32) WHERE version = 1 AND position = 0"},
    {erase_envelopes,
        "INSERT INTO envelopes SELECT secret, version, 7, token, enc, ciphertext FROM envelopes"
        " WHERE version = 1 AND position = 1"},
    {erase_envelopes, "UPDATE envelopes SET version = 3 - version, position = 5 - position"},
    {erase_envelopes, "DELETE FROM spares"},
    {update_item, "UPDATE items SET position = 1"},
    {erase_shares, "UPDATE shares SET position = 1"},
    {erase_all_shares, "UPDATE shares SET seat = 'ciso'"},
    {drop_shares_of,
        "UPDATE shares SET statement = (SELECT statement FROM voices WHERE seat = 'ciso')"},
    {drop_shares_of, "DELETE FROM voices"},
    {drop_shares_of, "UPDATE voices SET denies = 1"},
};

/* The leaf of a change is what has it compared with the tree. */
static enum err_code
run(struct bench *bench, writing write, struct err *err)
{
	uint64_t index;
	bench_begin(bench);
	enum err_code code = write(bench->store, err);
	if (code == ERR_OK)
		code = store_append_leaf(bench->store, view_of_text("leaf"), &index, err);
	store_rollback(bench->store);
	return code;
}

static void
a_change_of_rows_among_which_others_stand_is_an_alarm(void **state)
{
	struct bench *bench = *state;
	struct err err;
	BUF kept = {0};
	bench_fill(bench);
	assert_ok(file_read(bench->file, 1 << 24, &kept, &err));
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		assert_ok(run(bench, places[i].write, &err));
		tamper(bench, places[i].edit);
		if (run(bench, places[i].write, &err) != ERR_INTEGRITY)
			fail_msg("%s: %s", places[i].edit,
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
	assert_error(ERR_INTEGRITY, run(bench, set_version_state, &err));
	assert_says("is another than was asked for");
	assert_error(ERR_INTEGRITY, run(bench, set_part_exposed, &err));
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
#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_changed_is_there_and_was_as_the_vault_left_it),
	    CASE(a_row_that_the_vault_never_wrote_is_not_changed),
	    CASE(a_change_goes_to_no_other_row_than_the_one_that_was_meant),
	    CASE(a_row_may_change_again_and_again_in_one_transaction),
	    CASE(a_statement_that_failed_changed_nothing),
	    CASE(what_was_rolled_back_is_forgotten),
	    CASE(a_change_of_rows_among_which_others_stand_is_an_alarm),
	    CASE(an_index_that_leads_to_another_row_changes_nothing),
	    CASE(a_row_that_is_there_twice_does_not_stand_for_one_that_is_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
