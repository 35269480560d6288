/* SPDX-License-Identifier: Apache-2.0 */
/* vault/store: every call of statement, ceremony, voice, opened and debt; secrets. */
#include "tests/lib/store_bench.h"

static void
texts_are_set_replaced_and_deleted(void **state)
{
	struct bench *bench = *state;
	struct err err;
	BUF text = {0};
	bench_begin(bench);
	assert_ok(store_set_text(bench->store, "draft", "one", &err));
	assert_ok(store_set_text(bench->store, "draft", "{\n\t\"two\": 2\n}", &err));
	assert_ok(store_set_text(bench->store, "init", "", &err));
	bench_commit(bench);
	bench_reopen(bench);
	assert_ok(store_get_text(bench->store, "draft", &text, &err));
	assert_string_equal(buf_string(&text), "{\n\t\"two\": 2\n}");
	text.size = 0;
	assert_ok(store_get_text(bench->store, "init", &text, &err));
	assert_int_equal(text.size, 0);
	bench_begin(bench);
	assert_ok(store_set_text(bench->store, "draft", NULL, &err));
	bench_commit(bench);
	assert_error(ERR_NOT_FOUND, store_get_text(bench->store, "draft", &text, &err));
}

static void
a_statement_is_replaced_only_on_demand(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct digest digest = digest_of(1), other = digest_of(2);
	BUF text = {0};
	bench_begin(bench);
	assert_ok(
	    store_put_statement(bench->store, &digest, "test", view_of_text("a"), false, &err));
	assert_error(ERR_EXISTS,
	    store_put_statement(bench->store, &digest, "test", view_of_text("b"), false, &err));
	assert_says("this statement of type test was accepted before");
	assert_ok(store_get_statement(bench->store, &digest, &text, &err));
	assert_string_equal(buf_string(&text), "a");
	text.size = 0;
	assert_ok(
	    store_put_statement(bench->store, &digest, "test", view_of_text("c"), true, &err));
	bench_commit(bench);
	assert_ok(store_get_statement(bench->store, &digest, &text, &err));
	assert_string_equal(buf_string(&text), "c");
	assert_error(ERR_NOT_FOUND, store_get_statement(bench->store, &other, &text, &err));
}

static void
the_chain_grows_by_one_and_never_changes(void **state)
{
	struct bench *bench = *state;
	struct store *store = bench->store;
	struct err err;
	struct digest got;
	uint32_t count = 9;
	uint64_t bytes;
	assert_ok(store_count_documents(store, &count, &err));
	assert_int_equal(count, 0);
	bench_begin(bench);
	struct digest one = bench_statement(store, 1), two = bench_statement(store, 2);
	assert_ok(store_add_document(store, &one, &err));
	assert_ok(store_add_document(store, &two, &err));
	assert_error(ERR_EXISTS, store_add_document(store, &one, &err)); /* one twice */
	bench_commit(bench);
	assert_ok(store_count_documents(store, &count, &err));
	assert_int_equal(count, 2);
	assert_ok(store_measure_documents(store, &bytes, &err));
	assert_int_equal(bytes, 18); /* of two texts of nine */
	assert_ok(store_get_document(store, 2, &got, &err));
	assert_true(digest_equal(&got, &two));
	assert_error(ERR_NOT_FOUND, store_get_document(store, 3, &got, &err));
}

static void
secrets_are_found_by_id_and_name(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct secret_row row;
	struct secret_id other = {{9}};
	bench_fill(bench);
	assert_ok(store_get_secret(bench->store, &bench_secret, &row, &err));
	assert_string_equal(row.name, "prod/db");
	assert_int_equal(row.current, 1);
	assert_int_equal(row.newest, 2);
	row = (struct secret_row){0};
	assert_ok(store_find_secret(bench->store, "prod/db", &row, &err));
	assert_memory_equal(&row.id, &bench_secret, sizeof(row.id));
	assert_error(ERR_NOT_FOUND, store_get_secret(bench->store, &other, &row, &err));
	assert_error(ERR_NOT_FOUND, store_find_secret(bench->store, "prod/dc", &row, &err));
	assert_says("prod/dc");
}

static void
secrets_have_distinct_ids_and_names(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct secret_row row, got;
	bench_fill(bench);
	assert_ok(store_get_secret(bench->store, &bench_secret, &row, &err));
	bench_begin(bench);
	assert_error(ERR_EXISTS, store_add_secret(bench->store, &row, &err));
	row.id.bytes[0] = 7;
	row.current = 0;
	assert_error(ERR_EXISTS, store_add_secret(bench->store, &row, &err));
	snprintf(row.name, sizeof(row.name), "Prod");
	assert_error(ERR_INVALID, store_add_secret(bench->store, &row, &err));
	assert_error(ERR_INVALID, store_update_secret(bench->store, &row, &err));
	snprintf(row.name, sizeof(row.name), "prod/web");
	assert_error(ERR_NOT_FOUND, store_update_secret(bench->store, &row, &err));
	assert_ok(store_add_secret(bench->store, &row, &err));
	row.newest = 3;
	assert_ok(store_update_secret(bench->store, &row, &err));
	snprintf(row.name, sizeof(row.name), "prod/db");
	assert_error(ERR_EXISTS, store_update_secret(bench->store, &row, &err));
	row.current = 4; /* newer than the newest */
	snprintf(row.name, sizeof(row.name), "prod/web");
	assert_error(ERR_INTERNAL, store_update_secret(bench->store, &row, &err));
	bench_commit(bench);
	assert_ok(store_find_secret(bench->store, "prod/web", &got, &err));
	assert_int_equal(got.newest, 3);
	assert_int_equal(got.current, 0);
}

static void
secrets_are_listed_by_name_in_pages(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct secret_row rows[3];
	size_t count = 9;
	uint64_t total;
	bench_begin(bench);
	struct digest definition = bench_definition(bench->store, 1);
	for (unsigned i = 0; i < 5; i++) {
		struct secret_row row = {.id = {{(uint8_t)i}}, .definition = definition};
		snprintf(row.name, sizeof(row.name), "%c", "dbeac"[i]);
		assert_ok(store_add_secret(bench->store, &row, &err));
	}
	bench_commit(bench);
	assert_ok(store_count_secrets(bench->store, &total, &err));
	assert_int_equal(total, 5);
	assert_ok(store_list_secrets(bench->store, "", rows, 3, &count, &err));
	assert_int_equal(count, 3);
	assert_string_equal(rows[0].name, "a");
	assert_string_equal(rows[2].name, "c");
	assert_ok(store_list_secrets(bench->store, rows[2].name, rows, 3, &count, &err));
	assert_int_equal(count, 2);
	assert_string_equal(rows[1].name, "e");
	assert_ok(store_list_secrets(bench->store, rows[1].name, rows, 3, &count, &err));
	assert_int_equal(count, 0);
}

static void
a_ceremony_keeps_what_its_statement_says(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct ceremony_row row, got;
	struct id other = {{99}};
	bench_fill(bench);
	assert_ok(store_get_ceremony(bench->store, &bench_ceremony, &row, &err));
	assert_int_equal(row.mode, MODE_RELEASE);
	assert_string_equal(row.requester, "oncall");
	assert_int_equal(row.deadline, 200);
	row.state = CEREMONY_REFUSED;
	snprintf(row.reason, sizeof(row.reason), "denied by legal");
	row.released = 250;
	row.expires = 260;
	row.release = digest_of(0x11);
	bench_begin(bench);
	assert_ok(store_update_ceremony(bench->store, &row, &err));
	bench_commit(bench);
	assert_ok(store_get_ceremony(bench->store, &bench_ceremony, &got, &err));
	assert_memory_equal(&got, &row, sizeof(got));
	row.deadline = 9000;
	row.created = 9000;
	snprintf(row.requester, sizeof(row.requester), "mallory");
	bench_begin(bench);
	assert_ok(store_update_ceremony(bench->store, &row, &err));
	bench_commit(bench);
	assert_ok(store_get_ceremony(bench->store, &bench_ceremony, &row, &err));
	assert_memory_equal(&got, &row, sizeof(got));
	row.id = other;
	bench_begin(bench);
	assert_error(ERR_NOT_FOUND, store_update_ceremony(bench->store, &row, &err));
	store_rollback(bench->store);
	assert_error(ERR_NOT_FOUND, store_get_ceremony(bench->store, &other, &row, &err));
}

static void
a_request_is_accepted_once(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct ceremony_row first, second;
	bench_fill(bench);
	assert_ok(store_get_ceremony(bench->store, &bench_ceremony, &first, &err));
	bench_begin(bench);
	second = ceremony_of(bench->store, 5);
	second.request = first.request;
	assert_error(ERR_EXISTS, store_add_ceremony(bench->store, &second, &bench_item, 1, &err));
	assert_says("request was used before");
	store_rollback(bench->store);
}

static void
ceremonies_are_listed_by_state_newest_first(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct ceremony_row *rows = NULL;
	size_t count;
	uint64_t all;
	bench_fill(bench);
	bench_begin(bench);
	for (unsigned i = 10; i < 14; i++) {
		struct ceremony_row row = ceremony_of(bench->store, i);
		row.state = i % 2 == 0 ? CEREMONY_CLOSED : CEREMONY_RELEASED;
		assert_ok(store_add_ceremony(bench->store, &row, &bench_item, 1, &err));
	}
	bench_commit(bench);
	assert_ok(store_list_ceremonies(bench->store, ~0U, &rows, &count, &err));
	assert_int_equal(count, 5);
	assert_int_equal(rows[0].id.bytes[0], 13);
	assert_int_equal(rows[4].id.bytes[0], 2);
	ceremony_rows_freep(&rows);
	assert_ok(store_list_ceremonies(bench->store, 1U << CEREMONY_CLOSED, &rows, &count, &err));
	assert_int_equal(count, 2);
	assert_int_equal(rows[0].id.bytes[0], 12);
	ceremony_rows_freep(&rows);
	assert_ok(store_list_ceremonies(bench->store,
	    1U << CEREMONY_CLOSED | 1U << CEREMONY_COLLECTING, &rows, &count, &err));
	assert_int_equal(count, 3);
	assert_int_equal(rows[1].id.bytes[0], 10);
	ceremony_rows_freep(&rows);
	assert_ok(store_list_ceremonies(bench->store, 0, &rows, &count, &err));
	assert_int_equal(count, 0);
	ceremony_rows_freep(&rows);
	assert_ok(store_newest_ceremonies(bench->store, ~0U, 3, &rows, &count, &all, &err));
	assert_int_equal(count, 3); /* of several states */
	assert_int_equal(all, 5);
	assert_int_equal(rows[0].id.bytes[0], 13);
	assert_int_equal(rows[2].id.bytes[0], 11);
	ceremony_rows_freep(&rows);
}

static void
a_ceremony_keeps_its_items_in_their_order(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct item_row items[5] = {{{{0}}}}, rows[5];
	size_t count;
	bench_fill(bench);
	bench_begin(bench);
	struct ceremony_row row = ceremony_of(bench->store, 7);
	for (unsigned i = 0; i < 5; i++) {
		struct secret_row secret = {.id = {{(uint8_t)(9 - i)}},
		    .definition = digest_of(0x13),
		    .newest = 1};
		VERSION_ROW version = version_of(1);
		HEADER *header = NULL;
		items[i] = (struct item_row){.secret = secret.id, .version = 1};
		version.secret = secret.id;
		snprintf(secret.name, sizeof(secret.name), "%c", "dbeac"[i]);
		assert_ok(header_new(&header, &err));
		assert_ok(store_add_secret(bench->store, &secret, &err));
		assert_ok(store_add_version(bench->store, &version, header, NULL, 0, &err));
	}
	assert_ok(store_add_ceremony(bench->store, &row, items, 5, &err));
	items[3].state = ITEM_SKIPPED;
	assert_ok(store_update_item(bench->store, &row.id, 3, &items[3], &err));
	bench_commit(bench);
	assert_ok(store_list_items(bench->store, &row.id, rows, 5, &count, &err));
	assert_int_equal(count, 5);
	assert_memory_equal(rows, items, sizeof(rows));
	assert_ok(store_list_items(bench->store, &row.id, rows, 2, &count, &err));
	assert_int_equal(count, 2);
}

static void
a_ceremony_names_a_secret_once_and_a_version_that_is_there(void **state)
{
	struct bench *bench = *state;
	struct err err;
	uint64_t index;
	struct item_row items[2] = {bench_item, bench_item};
	bench_fill(bench);
	bench_begin(bench);
	struct ceremony_row row = ceremony_of(bench->store, 7);
	items[1].version = 2;
	assert_error(ERR_EXISTS, store_add_ceremony(bench->store, &row, items, 2, &err));
	store_rollback(bench->store);
	bench_begin(bench);
	row = ceremony_of(bench->store, 7);
	items[0].version = 3;
	assert_ok(store_add_ceremony(bench->store, &row, items, 1, &err));
	assert_ok(store_append_leaf(bench->store, view_of_text("leaf"), &index, &err));
	assert_error(ERR_NOT_FOUND, store_commit(bench->store, &err));
	assert_says("versions");
}

static void
an_item_changes_its_course_alone(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct item_row rows[4], item = bench_item;
	struct secret_id other = {{9}};
	size_t count;
	bool has, opening;
	bench_fill(bench);
	assert_ok(store_list_items(bench->store, &bench_ceremony, rows, 4, &count, &err));
	assert_int_equal(count, 1);
	assert_int_equal(rows[0].version, 1);
	assert_int_equal(rows[0].state, ITEM_OPENING);
	assert_true(rows[0].has_debt);
	assert_ok(store_debt_is_opening(bench->store, &bench_debt, &opening, &err));
	assert_true(opening);
	assert_ok(store_has_item(bench->store, &bench_ceremony, &bench_secret, &has, &err));
	assert_true(has);
	assert_ok(store_has_item(bench->store, &bench_ceremony, &other, &has, &err));
	assert_false(has);
	bench_begin(bench);
	item.state = ITEM_DAMAGED;
	item.version = 2;
	snprintf(item.note, sizeof(item.note), "it does not open");
	assert_ok(store_update_item(bench->store, &bench_ceremony, 0, &item, &err));
	assert_error(ERR_NOT_FOUND,
	    store_update_item(bench->store, &bench_ceremony, 1, &item, &err));
	bench_commit(bench);
	assert_ok(store_list_items(bench->store, &bench_ceremony, rows, 4, &count, &err));
	assert_int_equal(rows[0].version, 1);
	assert_false(rows[0].has_debt);
	assert_string_equal(rows[0].note, "it does not open");
}

static void
voices_stand_as_they_arrived_each_once(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct voice_row rows[4];
	struct digest newest;
	struct digest token = digest_of(0x41), unknown = digest_of(0x77);
	size_t count;
	bench_fill(bench);
	assert_ok(store_list_voices(bench->store, &bench_ceremony, rows, 4, &count, &err));
	assert_int_equal(count, 3);
	assert_string_equal(rows[0].seat, "ciso");
	assert_false(rows[1].denies);
	assert_string_equal(rows[2].seat, "legal");
	assert_true(rows[2].denies);
	assert_error(ERR_INTEGRITY,
	    store_list_voices(bench->store, &bench_ceremony, rows, 2, &count, &err));
	assert_ok(store_newest_approval(bench->store, &token, &newest, &err));
	assert_int_equal(newest.bytes[0], 0x22);
	assert_error(ERR_NOT_FOUND, store_newest_approval(bench->store, &unknown, &newest, &err));
	bench_begin(bench);
	assert_error(ERR_EXISTS, store_add_voice(bench->store, &bench_ceremony, &rows[0], &err));
	assert_says("ciso");
	store_rollback(bench->store);
}

static size_t
shares_of(struct bench *bench, struct share_row rows[QUORUM_SEATS])
{
	struct err err;
	size_t count;
	assert_ok(store_list_shares(bench->store, &bench_ceremony, 0, rows, &count, &err));
	for (size_t i = 0; i < count; i++)
		share_row_done(&rows[i]);
	return count;
}

static void
a_share_that_was_taken_back_may_be_given_again(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct share_row rows[QUORUM_SEATS];
	SHARE share = share_of("infra", 0x22);
	bench_fill(bench);
	assert_int_equal(shares_of(bench, rows), 1);
	bench_begin(bench);
	assert_error(ERR_EXISTS, store_add_share(bench->store, &bench_ceremony, &share, &err));
	assert_ok(store_drop_share(bench->store, &bench_ceremony, 0, "infra", &err));
	assert_ok(store_add_share(bench->store, &bench_ceremony, &share, &err));
	bench_commit(bench);
	assert_int_equal(shares_of(bench, rows), 1);
}

static void
shares_of_a_suspended_token_leave_collecting_ceremonies_only(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct share_row rows[QUORUM_SEATS];
	struct digest token = digest_of(0x41);
	struct ceremony_row row;
	bench_fill(bench);
	assert_ok(store_get_ceremony(bench->store, &bench_ceremony, &row, &err));
	for (int collecting = 0; collecting < 2; collecting++) {
		row.state = collecting ? CEREMONY_COLLECTING : CEREMONY_RELEASING;
		bench_begin(bench);
		assert_ok(store_update_ceremony(bench->store, &row, &err));
		assert_ok(store_drop_shares_of(bench->store, &token, &err));
		bench_commit(bench);
		assert_int_equal(shares_of(bench, rows), collecting ? 0 : 1);
	}
}

static void
erased_shares_are_gone_from_the_file(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct share_row rows[QUORUM_SEATS];
	bench_fill(bench);
	bench_begin(bench);
	for (unsigned i = 0; i < 12; i++) {
		char seat[32];
		snprintf(seat, sizeof(seat), "seat-%u", i);
		SHARE share = share_of(seat, 0x22);
		while (share.ciphertext.size + sizeof(bench_shares) < 500)
			buf_text(&share.ciphertext, bench_shares);
		assert_ok(store_add_share(bench->store, &bench_ceremony, &share, &err));
	}
	bench_commit(bench);
	assert_true(bench_file_holds(bench, bench_shares));
	bench_begin(bench);
	assert_ok(store_erase_shares(bench->store, &bench_ceremony, 1, &err));
	bench_commit(bench);
	assert_true(bench_file_holds(bench, bench_shares)); /* another item's */
	bench_begin(bench);
	assert_ok(store_erase_shares(bench->store, &bench_ceremony, -1, &err));
	bench_commit(bench);
	assert_false(bench_file_holds(bench, bench_shares));
	assert_int_equal(shares_of(bench, rows), 13);
}

static void
a_version_is_opened_once_ever_but_to_recover_its_debt(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct id opener;
	bench_fill(bench);
	assert_ok(store_get_opened(bench->store, &bench_secret, 1, &opener, &err));
	assert_memory_equal(&opener, &bench_ceremony, sizeof(opener));
	assert_error(ERR_NOT_FOUND,
	    store_get_opened(bench->store, &bench_secret, 2, &opener, &err));
	bench_begin(bench);
	struct ceremony_row other = ceremony_of(bench->store, 6);
	assert_ok(store_add_ceremony(bench->store, &other, &bench_item, 1, &err));
	assert_error(ERR_EXISTS,
	    store_add_opened(bench->store, &bench_secret, 1, &other.id, NULL, &err));
	assert_says("opened before");
	assert_ok(store_add_opened(bench->store, &bench_secret, 1, &other.id, &bench_debt, &err));
	bench_commit(bench);
	assert_ok(store_get_opened(bench->store, &bench_secret, 1, &opener, &err));
	assert_memory_equal(&opener, &bench_ceremony, sizeof(opener));
}

static void
an_answer_is_written_once_and_stays(void **state)
{
	struct bench *bench = *state;
	struct err err;
	BOX box = {{0}}, other = box_of("other");
	struct digest token = digest_of(0x51), absent = digest_of(0x52);
	bench_fill(bench);
	bench_begin(bench);
	assert_error(ERR_EXISTS,
	    store_add_answer(bench->store, &bench_ceremony, 0, &token, &other, &err));
	assert_ok(store_add_answer(bench->store, &bench_ceremony, 0, &absent, &other, &err));
	store_rollback(bench->store);
	assert_ok(store_get_answer(bench->store, &bench_ceremony, 0, &token, &box, &err));
	assert_string_equal(buf_string(&box.ciphertext), "answer");
	assert_error(ERR_NOT_FOUND,
	    store_get_answer(bench->store, &bench_ceremony, 0, &absent, &box, &err));
}

static void
a_secret_owes_one_debt_at_a_time(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct debt_row debt, got, second = debt_of(0x44);
	bench_fill(bench);
	assert_ok(store_open_debt(bench->store, &bench_secret, &debt, &err));
	assert_memory_equal(&debt.id, &bench_debt, sizeof(debt.id));
	assert_true(debt.has_ceremony);
	assert_int_equal(debt.old, 1);
	assert_int_equal(debt.pending, 0);
	bench_begin(bench);
	assert_error(ERR_EXISTS, store_add_debt(bench->store, &second, &err));
	assert_says("unpaid");
	debt.state = DEBT_RETIRED;
	debt.pending = 2;
	debt.rejected = 3;
	debt.tries = 4;
	debt.due = 500;
	snprintf(debt.note, sizeof(debt.note), "the old value was refused");
	assert_ok(store_update_debt(bench->store, &debt, &err));
	assert_ok(store_add_debt(bench->store, &second, &err));
	bench_commit(bench);
	assert_ok(store_get_debt(bench->store, &bench_debt, &got, &err));
	assert_memory_equal(&got, &debt, sizeof(got));
	assert_ok(store_open_debt(bench->store, &bench_secret, &got, &err));
	assert_memory_equal(&got, &second, sizeof(got));
	bench_begin(bench);
	assert_error(ERR_EXISTS, store_add_debt(bench->store, &debt, &err)); /* its id */
	debt.id.bytes[0] = 0x55;
	assert_error(ERR_NOT_FOUND, store_update_debt(bench->store, &debt, &err));
	second.state = DEBT_RETIRED;
	assert_ok(store_update_debt(bench->store, &second, &err));
	bench_commit(bench);
	assert_error(ERR_NOT_FOUND, store_open_debt(bench->store, &bench_secret, &got, &err));
	assert_error(ERR_NOT_FOUND, store_get_debt(bench->store, &debt.id, &got, &err));
}

static void
all_debts_of_a_state_are_listed_oldest_first(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct debt_row *rows = NULL;
	size_t count;
	uint64_t all;
	bench_fill(bench);
	bench_begin(bench);
	for (unsigned i = 10; i < 213; i++) {
		struct debt_row row = debt_of(i);
		row.state = DEBT_RETIRED;
		assert_ok(store_add_debt(bench->store, &row, &err));
	}
	bench_commit(bench);
	assert_ok(store_list_debts(bench->store, ~0U, &rows, &count, &err));
	assert_int_equal(count, 204);
	assert_int_equal(rows[0].id.bytes[0], bench_debt.bytes[0]);
	assert_int_equal(rows[3].id.bytes[0], 12);
	debt_rows_freep(&rows);
	assert_ok(store_list_debts(bench->store, 1U << DEBT_RETIRED, &rows, &count, &err));
	assert_int_equal(count, 203);
	assert_int_equal(rows[1].id.bytes[0], 11);
	assert_int_equal(rows[202].id.bytes[0], 212);
	debt_rows_freep(&rows);
	assert_ok(store_list_debts(bench->store, 1U << DEBT_DEGRADED, &rows, &count, &err));
	assert_int_equal(count, 0);
	debt_rows_freep(&rows);
	assert_ok(store_oldest_debts(bench->store, ~0U, 100, &rows, &count, &all, &err));
	assert_int_equal(count, 100);
	assert_int_equal(all, 204);
	assert_int_equal(rows[0].id.bytes[0], bench_debt.bytes[0]);
	assert_int_equal(rows[99].id.bytes[0], 108);
	debt_rows_freep(&rows);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
	const struct CMUnitTest tests[] = {
	    CASE(texts_are_set_replaced_and_deleted),
	    CASE(a_statement_is_replaced_only_on_demand),
	    CASE(the_chain_grows_by_one_and_never_changes),
	    CASE(secrets_are_found_by_id_and_name),
	    CASE(secrets_have_distinct_ids_and_names),
	    CASE(secrets_are_listed_by_name_in_pages),
	    CASE(a_ceremony_keeps_what_its_statement_says),
	    CASE(a_request_is_accepted_once),
	    CASE(ceremonies_are_listed_by_state_newest_first),
	    CASE(a_ceremony_keeps_its_items_in_their_order),
	    CASE(a_ceremony_names_a_secret_once_and_a_version_that_is_there),
	    CASE(an_item_changes_its_course_alone),
	    CASE(voices_stand_as_they_arrived_each_once),
	    CASE(a_share_that_was_taken_back_may_be_given_again),
	    CASE(shares_of_a_suspended_token_leave_collecting_ceremonies_only),
	    CASE(erased_shares_are_gone_from_the_file),
	    CASE(a_version_is_opened_once_ever_but_to_recover_its_debt),
	    CASE(an_answer_is_written_once_and_stays),
	    CASE(a_secret_owes_one_debt_at_a_time),
	    CASE(all_debts_of_a_state_are_listed_oldest_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
