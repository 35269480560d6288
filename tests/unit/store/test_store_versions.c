/* SPDX-License-Identifier: Apache-2.0 */
/* vault/store: versions, the lists of them, spares beside them, tests of tokens; drafts; and death
 * watches. */
#include "tests/lib/store_bench.h"
#include "vault/documents/class.h"

static void
versions_come_back_with_their_envelopes(void **state)
{
	struct bench *bench = *state;
	struct err err;
	VERSION_ROW row = {0};
	BOX box = {{0}};
	struct digest token, expected = digest_of(0x42);
	bench_fill(bench);
	bench_reopen(bench);
	assert_ok(store_get_version(bench->store, &bench_secret, 2, &row, &err));
	assert_int_equal(row.number, 2);
	assert_int_equal(row.state, VERSION_PENDING);
	assert_int_equal(row.created, 1000);
	assert_false(row.part_exposed);
	assert_string_equal(buf_string(&row.header), "header 2");
	assert_string_equal(buf_string(&row.ciphertext), "ciphertext 2");
	assert_int_equal(row.header_hash.bytes[31], 2);
	assert_ok(store_get_envelope(bench->store, &bench_secret, 2, 1, &token, &box, &err));
	assert_true(digest_equal(&token, &expected));
	assert_int_equal(box.enc[64], 4);
	assert_string_equal(buf_string(&box.ciphertext), "second");
	assert_error(ERR_NOT_FOUND, store_get_version(bench->store, &bench_secret, 3, &row, &err));
	assert_error(ERR_NOT_FOUND,
	    store_get_envelope(bench->store, &bench_secret, 2, 2, &token, &box, &err));
}

static void
a_version_changes_its_state_and_nothing_else(void **state)
{
	struct bench *bench = *state;
	struct err err;
	bench_fill(bench);
	for (enum version_state to = VERSION_PENDING; to <= VERSION_RETIRED; to++) {
		VERSION_ROW row = {0};
		bench_begin(bench);
		assert_ok(store_set_version_state(bench->store, &bench_secret, 1, to, &err));
		bench_commit(bench);
		assert_ok(store_get_version(bench->store, &bench_secret, 1, &row, &err));
		assert_int_equal(row.state, to);
	}
	VERSION_ROW row = {0};
	bench_begin(bench);
	assert_ok(store_set_part_exposed(bench->store, &bench_secret, 1, &err));
	assert_error(ERR_NOT_FOUND, store_set_part_exposed(bench->store, &bench_secret, 3, &err));
	assert_error(ERR_NOT_FOUND,
	    store_set_version_state(bench->store, &bench_secret, 3, VERSION_CURRENT, &err));
	bench_commit(bench);
	assert_ok(store_get_version(bench->store, &bench_secret, 1, &row, &err));
	assert_true(row.part_exposed);
}

static void
a_version_number_is_used_once(void **state)
{
	struct bench *bench = *state;
	struct err err;
	VERSION_ROW row = version_of(2);
	HEADER *header = NULL;
	bench_fill(bench);
	assert_ok(header_new(&header, &err));
	bench_begin(bench);
	assert_error(ERR_EXISTS, store_add_version(bench->store, &row, header, NULL, 0, &err));
	header->envelope_count = 1;
	row.number = 3;
	assert_error(ERR_INTERNAL, store_add_version(bench->store, &row, header, NULL, 0, &err));
	store_rollback(bench->store);
}

static void
a_version_keeps_the_public_half_that_it_came_with(void **state)
{
	static const struct digest none;
	struct bench *bench = *state;
	struct err err;
	VERSION_ROW row = version_of(3), read = {0}, before = {0};
	HEADER *header = NULL;
	bench_fill(bench);
	assert_ok(store_get_version(bench->store, &bench_secret, 2, &before, &err));
	assert_true(digest_equal(&before.public, &none));
	row.public = digest_of(0x77);
	assert_ok(header_new(&header, &err));
	bench_begin(bench);
	assert_ok(store_add_version(bench->store, &row, header, NULL, 0, &err));
	bench_commit(bench);
	assert_ok(store_get_version(bench->store, &bench_secret, 3, &read, &err));
	assert_true(digest_equal(&read.public, &row.public));
}

/* How many of ACCOUNT there are, each another one. */
static size_t
count_of_account(struct store *store, unsigned account)
{
	struct account_walk walk = {.account = digest_of(account)};
	struct secret_row row;
	struct err err;
	size_t count = 0;
	bool seen[256] = {false};
	while (store_next_of_account(store, &walk, &row, &err) == ERR_OK) {
		assert_true(digest_equal(&row.account, &walk.account));
		assert_false(seen[row.id.bytes[0]]);
		seen[row.id.bytes[0]] = true;
		count++;
	}
	assert_int_equal(err.code, ERR_NOT_FOUND);
	return count;
}

static void
secrets_of_an_account_are_listed_until_they_are_retired_or_move(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct secret_row row = {.definition = digest_of(0x13)};
	bench_fill(bench);
	bench_begin(bench);
	for (unsigned i = 0; i < 40; i++) {
		row.id.bytes[0] = (uint8_t)(0x40 + i);
		row.account = digest_of(i < 35 ? 0x31 : 0x32);
		snprintf(row.name, sizeof(row.name), "s%u", i);
		assert_ok(store_add_secret(bench->store, &row, &err));
	}
	assert_int_equal(count_of_account(bench->store, 0x31), 35); /* before the commit, too */
	bench_commit(bench);
	assert_int_equal(count_of_account(bench->store, 0x32), 5);
	assert_int_equal(count_of_account(bench->store, 0x33), 0);
	bench_begin(bench);
	row.account = digest_of(0x31);
	assert_ok(store_update_secret(bench->store, &row, &err));
	bench_commit(bench);
	assert_int_equal(count_of_account(bench->store, 0x32), 4);
	assert_int_equal(count_of_account(bench->store, 0x31), 36);
	bench_begin(bench);
	row.retired = true;
	assert_ok(store_update_secret(bench->store, &row, &err));
	bench_commit(bench);
	assert_int_equal(count_of_account(bench->store, 0x31), 35);
}

/* Version 1 of secret NUMBER, sealed as the shape digest_of(SHAPE) says. */
static void
add_sealed(struct store *store, unsigned number, unsigned shape, enum version_state state,
    int64_t created)
{
	struct err err;
	struct secret_row secret = {.id = {{(uint8_t)number}},
	    .definition = digest_of(0x13),
	    .newest = 1};
	VERSION_ROW row = {.secret = secret.id,
	    .number = 1,
	    .state = state,
	    .created = created,
	    .shape = digest_of(shape)};
	HEADER *header = NULL;
	snprintf(secret.name, sizeof(secret.name), "s%u", number);
	assert_ok(header_new(&header, &err));
	buf_text(&row.header, "header");
	buf_text(&row.ciphertext, "ciphertext");
	assert_ok(store_add_secret(store, &secret, &err));
	assert_ok(store_add_version(store, &row, header, NULL, 0, &err));
}

static struct sealed_class
class_of_shape(unsigned number)
{
	struct err err;
	struct digest shape = digest_of(number), class;
	struct sealed_class first;
	assert_ok(class_of(&shape, NULL, 0, &class, &err));
	memcpy(first.bytes, class.bytes, sizeof(first.bytes));
	return first;
}

static void
expect_count(struct bench *bench, enum sealed_list list, const struct sealed_class *class,
    int64_t from, int64_t until, uint64_t expected)
{
	struct err err;
	uint64_t count;
	assert_ok(store_count_class(bench->store, list, class, from, until, &count, &err));
	assert_int_equal(count, expected);
}

/* Five current ones of two classes, the older of secret 0x10 + i made at 1000 + i; and two pending ones. */
static void
fill_classes(struct bench *bench)
{
	bench_fill(bench);
	bench_begin(bench);
	for (unsigned i = 0; i < 5; i++)
		add_sealed(bench->store, 0x10 + i, i % 2 == 0 ? 0x11 : 0x12, VERSION_CURRENT,
		    1000 + (int64_t)i);
	add_sealed(bench->store, 0x20, 0x11, VERSION_PENDING, 1000);
	add_sealed(bench->store, 0x21, 0x21, VERSION_PENDING, 1000);
	bench_commit(bench);
}

static void
versions_are_counted_by_class_and_age(void **state)
{
	struct bench *bench = *state;
	const struct sealed_class even = class_of_shape(0x11), odd = class_of_shape(0x12),
	                          pending = class_of_shape(0x21);
	fill_classes(bench);
	expect_count(bench, SEALED_CURRENT, &even, 0, INT64_MAX, 3);
	expect_count(bench, SEALED_CURRENT, &odd, 0, INT64_MAX, 2);
	expect_count(bench, SEALED_CURRENT, &even, 0, 1000, 0);
	expect_count(bench, SEALED_CURRENT, &even, 0, 1001, 1);
	expect_count(bench, SEALED_CURRENT, &even, 1000, 1004, 2);
	expect_count(bench, SEALED_CURRENT, &even, 1001, 1005, 2);
	expect_count(bench, SEALED_CURRENT, &even, 1005, INT64_MAX, 0);
	expect_count(bench, SEALED_CURRENT, &even, -5, 0, 0);
	expect_count(bench, SEALED_CURRENT, &even, 1002, 1002, 0);
	expect_count(bench, SEALED_CURRENT, &even, -5, 1001, 1);
	expect_count(bench, SEALED_CURRENT, &pending, 0, INT64_MAX, 0);
	expect_count(bench, SEALED_PENDING, &even, 0, INT64_MAX, 1);
	expect_count(bench, SEALED_PENDING, &pending, 0, INT64_MAX, 1);
	expect_count(bench, SEALED_EXPOSED, &even, 0, INT64_MAX, 0);
}

static void
each_class_is_met_once_by_its_oldest_version(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct sealed_row first, second, third;
	fill_classes(bench);
	assert_ok(store_next_class(bench->store, SEALED_CURRENT, NULL, &first, &err));
	assert_ok(store_next_class(bench->store, SEALED_CURRENT, &first.class, &second, &err));
	assert_error(ERR_NOT_FOUND,
	    store_next_class(bench->store, SEALED_CURRENT, &second.class, &third, &err));
	assert_true(memcmp(&first.class, &second.class, sizeof(first.class)) < 0);
	assert_int_equal(first.created + second.created, 1000 + 1001);
	assert_int_equal(first.secret.bytes[0], 0x10 + (first.created - 1000));
	assert_int_equal(second.secret.bytes[0], 0x10 + (second.created - 1000));
	assert_int_equal(first.number, 1);
}

static void
versions_of_a_class_are_listed_the_oldest_first(void **state)
{
	struct bench *bench = *state;
	struct err err;
	const struct sealed_class even = class_of_shape(0x11);
	struct sealed_row rows[4];
	size_t count;
	fill_classes(bench);
	assert_ok(
	    store_list_class(bench->store, SEALED_CURRENT, &even, 0, NULL, rows, 2, &count, &err));
	assert_int_equal(count, 2);
	assert_int_equal(rows[0].secret.bytes[0], 0x10);
	assert_int_equal(rows[1].secret.bytes[0], 0x12);
	assert_ok(store_list_class(bench->store, SEALED_CURRENT, &even, 0, &rows[1], rows, 4,
	    &count, &err));
	assert_int_equal(count, 1);
	assert_int_equal(rows[0].secret.bytes[0], 0x14);
	assert_ok(store_list_class(bench->store, SEALED_CURRENT, &even, 1001, NULL, rows, 4, &count,
	    &err));
	assert_int_equal(count, 2);
	assert_int_equal(rows[0].secret.bytes[0], 0x12);
}

static void
a_version_that_is_no_longer_current_is_counted_no_more(void **state)
{
	struct bench *bench = *state;
	struct err err;
	const struct sealed_class even = class_of_shape(0x11);
	const struct secret_id first = {{0x10}}, waiting = {{0x20}};
	fill_classes(bench);
	bench_begin(bench);
	assert_ok(store_set_version_state(bench->store, &first, 1, VERSION_RETIRED, &err));
	assert_ok(store_set_version_state(bench->store, &waiting, 1, VERSION_CURRENT, &err));
	expect_count(bench, SEALED_CURRENT, &even, 0, INT64_MAX, 3);
	expect_count(bench, SEALED_PENDING, &even, 0, INT64_MAX, 0);
	bench_commit(bench);
	expect_count(bench, SEALED_CURRENT, &even, 0, INT64_MAX, 3);
	expect_count(bench, SEALED_CURRENT, &even, 0, 1002, 1);
}

static void
a_spare_that_comes_is_tested_or_goes_changes_the_class(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct digest classes[5];
	bench_fill(bench);
	bench_begin(bench);
	struct digest test = bench_statement(bench->store, 0x34);
	struct spare_row spare = spare_of(bench->store, 0x62, 0x33),
	                 again = spare_of(bench->store, 0x62, 0x35);
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		VERSION_ROW row = {0};
		struct digest class;
		if (i == 1)
			assert_ok(bench_spare(bench->store, &spare, "spare", &err));
		if (i == 2)
			assert_ok(
			    store_test_spare(bench->store, &spare.token, &spare.box, &test, &err));
		if (i == 3) /* another box, which nobody opened yet */
			assert_ok(bench_spare(bench->store, &again, "again", &err));
		if (i == 4)
			assert_ok(store_erase_envelopes(bench->store, &bench_secret, 1, &err));
		assert_ok(store_get_version(bench->store, &bench_secret, 1, &row, &err));
		assert_ok(store_find_class(bench->store, &row, &class, &err));
		assert_true(digest_equal(&class, &row.class));
		classes[i] = class;
	}
	bench_commit(bench);
	assert_false(digest_equal(&classes[0], &classes[1]));
	assert_false(digest_equal(&classes[1], &classes[2]));
	assert_true(digest_equal(&classes[1], &classes[3]));
	assert_false(digest_equal(&classes[3], &classes[4]));
	assert_false(digest_equal(&classes[0], &classes[4])); /* another spare went with it */
}

static void
exposed_versions_are_listed_until_another_is_current(void **state)
{
	static const enum version_state states[] = {VERSION_PENDING, VERSION_CURRENT,
	    VERSION_PREVIOUS, VERSION_REJECTED, VERSION_RETIRED};
	struct bench *bench = *state;
	struct err err;
	struct sealed_row rows[2];
	size_t count;
	uint64_t all;
	bench_fill(bench);
	bench_begin(bench);
	assert_ok(store_set_version_state(bench->store, &bench_secret, 1, VERSION_CURRENT, &err));
	assert_ok(store_list_sealed(bench->store, SEALED_EXPOSED, rows, 2, &count, &all, &err));
	assert_int_equal(count, 0); /* nobody opened a share of it */
	assert_ok(store_set_part_exposed(bench->store, &bench_secret, 1, &err));
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		assert_ok(store_set_version_state(bench->store, &bench_secret, 1, states[i], &err));
		assert_ok(
		    store_list_sealed(bench->store, SEALED_EXPOSED, rows, 2, &count, &all, &err));
		assert_int_equal(count, states[i] == VERSION_CURRENT ? 1 : 0);
		assert_int_equal(all, count);
	}
	store_rollback(bench->store);
}

static void
a_spare_has_the_box_of_the_statement_accepted_last(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct spare_row rows[2], first, later;
	BUF ciphertext = {0};
	size_t count;
	bench_fill(bench);
	bench_begin(bench);
	first = spare_of(bench->store, 0x61, 0x32);
	assert_error(ERR_EXISTS,
	    store_put_spare(bench->store, &first, view_of_text("again"), &err));
	assert_says("version 1");
	later = spare_of(bench->store, 0x61, 0x33);
	assert_ok(store_accept_spare(bench->store, &later.secret, 1, &later.token, &later.statement,
	    &err));
	assert_error(ERR_EXISTS,
	    store_put_spare(bench->store, &first, view_of_text("again"), &err));
	assert_ok(store_list_spares(bench->store, &bench_secret, 1, rows, 2, &count, &err));
	assert_int_equal(rows[0].statement.bytes[0], 0x32); /* until another box comes */
	assert_ok(store_put_spare(bench->store, &later, view_of_text("later"), &err));
	bench_commit(bench);
	assert_ok(store_list_spares(bench->store, &bench_secret, 1, rows, 2, &count, &err));
	assert_int_equal(count, 1);
	assert_true(digest_equal(&rows[0].statement, &later.statement));
	assert_true(digest_equal(&rows[0].box, &later.box));
	assert_false(rows[0].tested);
	assert_ok(store_get_spare(bench->store, &bench_secret, 1, &later.token, &ciphertext, &err));
	assert_string_equal(buf_string(&ciphertext), "later");
}

static void
a_statement_without_its_box_is_no_spare(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct spare_row rows[2];
	BUF ciphertext = {0};
	size_t count;
	bench_fill(bench);
	bench_begin(bench);
	struct spare_row bare = spare_of(bench->store, 0x62, 0x33);
	assert_error(ERR_EXISTS, store_put_spare(bench->store, &bare, view_of_text("x"), &err));
	assert_ok(
	    store_accept_spare(bench->store, &bare.secret, 1, &bare.token, &bare.statement, &err));
	bench_commit(bench);
	assert_ok(store_list_spares(bench->store, &bench_secret, 1, rows, 2, &count, &err));
	assert_int_equal(count, 1);
	assert_ok(store_list_untested_spares(bench->store, &bare.token, rows, 2, &count, &err));
	assert_int_equal(count, 0);
	assert_error(ERR_NOT_FOUND,
	    store_get_spare(bench->store, &bench_secret, 1, &bare.token, &ciphertext, &err));
	assert_error(ERR_INTEGRITY,
	    store_list_spares(bench->store, &bench_secret, 1, rows, 0, &count, &err));
}

static void
a_test_is_of_the_very_box_that_was_opened(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct spare_row rows[2];
	size_t count;
	bench_fill(bench);
	bench_begin(bench);
	struct digest test = bench_statement(bench->store, 0x34);
	struct spare_row spare = spare_of(bench->store, 0x61, 0x32);
	struct digest other = digest_of(0x77);
	assert_ok(store_test_spare(bench->store, &spare.token, &other, &test, &err));
	assert_ok(store_test_spare(bench->store, &other, &spare.box, &test, &err));
	assert_ok(store_list_untested_spares(bench->store, &spare.token, rows, 2, &count, &err));
	assert_int_equal(count, 1);
	assert_ok(store_test_spare(bench->store, &spare.token, &spare.box, &test, &err));
	assert_ok(store_list_untested_spares(bench->store, &spare.token, rows, 2, &count, &err));
	assert_int_equal(count, 0);
	assert_ok(store_list_spares(bench->store, &bench_secret, 1, rows, 2, &count, &err));
	assert_true(rows[0].tested);
	struct spare_row later = spare_of(bench->store, 0x61, 0x33);
	assert_ok(bench_spare(bench->store, &later, "later", &err)); /* another box, untested */
	assert_ok(store_list_untested_spares(bench->store, &spare.token, rows, 2, &count, &err));
	assert_int_equal(count, 1);
	bench_commit(bench);
}

static void
erased_envelopes_are_gone_with_their_spares(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct spare_row rows[2];
	struct digest token;
	BOX box = {{0}}, kept = {{0}};
	size_t count;
	bench_fill(bench);
	bench_begin(bench);
	assert_ok(store_erase_envelopes(bench->store, &bench_secret, 1, &err));
	bench_commit(bench);
	assert_error(ERR_NOT_FOUND,
	    store_get_envelope(bench->store, &bench_secret, 1, 0, &token, &box, &err));
	assert_ok(store_list_spares(bench->store, &bench_secret, 1, rows, 2, &count, &err));
	assert_int_equal(count, 0);
	assert_ok(store_get_envelope(bench->store, &bench_secret, 2, 0, &token, &kept, &err));
}

static void
the_newest_test_of_a_token_is_found(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct digest token = digest_of(0x41), other = digest_of(0x42), newest;
	bench_fill(bench);
	bench_begin(bench);
	struct digest second = bench_statement(bench->store, 0x33);
	assert_ok(store_add_test(bench->store, &token, &second, &err));
	assert_error(ERR_EXISTS, store_add_test(bench->store, &other, &second, &err));
	bench_commit(bench);
	assert_ok(store_newest_test(bench->store, &token, &newest, &err));
	assert_int_equal(newest.bytes[0], 0x33);
	assert_error(ERR_NOT_FOUND, store_newest_test(bench->store, &other, &newest, &err));
}

static void
drafts_wait_in_the_order_of_their_arrival(void **state)
{
	struct bench *bench = *state;
	struct store *store = bench->store;
	struct err err;
	struct draft_row row;
	int64_t arrival = 0;
	bench_begin(bench); /* the first of the vault */
	for (unsigned i = 0; i < 5; i++) {
		struct draft_row draft = {.digest = bench_statement(store, 5 - i)};
		snprintf(draft.seat, sizeof(draft.seat), "seat-%u", i);
		if (i == 3) { /* in another transaction */
			bench_commit(bench);
			bench_begin(bench);
			draft.digest = bench_statement(store, 2);
		}
		assert_ok(store_add_draft(store, &draft, &err));
		assert_error(ERR_EXISTS, store_add_draft(store, &draft, &err));
	}
	struct digest dropped = digest_of(4), absent = digest_of(9);
	assert_ok(store_drop_draft(store, &dropped, &err));
	assert_ok(store_drop_draft(store, &dropped, &err)); /* it may be gone already */
	assert_ok(store_drop_draft(store, &absent, &err));
	bench_commit(bench);
	for (unsigned i = 0; i < 5; i++) {
		char seat[20];
		if (i == 1)
			continue;
		snprintf(seat, sizeof(seat), "seat-%u", i);
		assert_ok(store_next_draft(store, &arrival, &row, &err));
		assert_string_equal(row.seat, seat);
		assert_int_equal(row.digest.bytes[0], 5 - i);
	}
	assert_error(ERR_NOT_FOUND, store_next_draft(store, &arrival, &row, &err));
	assert_error(ERR_NOT_FOUND, store_get_draft(store, &dropped, &row, &err));
}

/* The newest has the value that proves the others dead, however many there are. */
static void
of_many_death_watches_the_oldest_are_listed_and_the_newest_is_found(void **state)
{
	enum { FIRST = 130 };
	struct bench *bench = *state;
	struct err err;
	struct debt_row rows[DEBT_WATCHES_MAX], newest;
	size_t count;
	bench_fill(bench);
	assert_error(ERR_NOT_FOUND, store_newest_watch(bench->store, &bench_secret, &newest, &err));
	bench_begin(bench);
	for (uint8_t i = FIRST; i < FIRST + DEBT_WATCHES_MAX + 10; i++) {
		struct debt_row row = debt_of(i);
		row.state = DEBT_WATCHED;
		assert_ok(store_add_debt(bench->store, &row, &err));
	}
	bench_commit(bench);
	assert_ok(
	    store_list_watches(bench->store, &bench_secret, rows, DEBT_WATCHES_MAX, &count, &err));
	assert_int_equal(count, DEBT_WATCHES_MAX);
	assert_int_equal(rows[0].id.bytes[0], FIRST);
	assert_int_equal(rows[DEBT_WATCHES_MAX - 1].id.bytes[0], FIRST + DEBT_WATCHES_MAX - 1);
	assert_ok(store_newest_watch(bench->store, &bench_secret, &newest, &err));
	assert_int_equal(newest.id.bytes[0], FIRST + DEBT_WATCHES_MAX + 9);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
	const struct CMUnitTest tests[] = {
	    CASE(versions_come_back_with_their_envelopes),
	    CASE(a_version_changes_its_state_and_nothing_else),
	    CASE(a_version_number_is_used_once),
	    CASE(a_version_keeps_the_public_half_that_it_came_with),
	    CASE(secrets_of_an_account_are_listed_until_they_are_retired_or_move),
	    CASE(versions_are_counted_by_class_and_age),
	    CASE(each_class_is_met_once_by_its_oldest_version),
	    CASE(versions_of_a_class_are_listed_the_oldest_first),
	    CASE(a_version_that_is_no_longer_current_is_counted_no_more),
	    CASE(a_spare_that_comes_is_tested_or_goes_changes_the_class),
	    CASE(exposed_versions_are_listed_until_another_is_current),
	    CASE(a_spare_has_the_box_of_the_statement_accepted_last),
	    CASE(a_statement_without_its_box_is_no_spare),
	    CASE(a_test_is_of_the_very_box_that_was_opened),
	    CASE(erased_envelopes_are_gone_with_their_spares),
	    CASE(the_newest_test_of_a_token_is_found),
	    CASE(of_many_death_watches_the_oldest_are_listed_and_the_newest_is_found),
	    CASE(drafts_wait_in_the_order_of_their_arrival),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
