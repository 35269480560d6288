/* SPDX-License-Identifier: Apache-2.0 */
/* vault/store: what the copy sink should hold, and what a sink has acknowledged of it. */
#include "tests/lib/store_bench.h"

enum { MANY = 150 }; /* more than are read at a time */

static const struct id first = {{1, 2, 3}}, second = {{0xff, 0xff}};

static void
expect(struct bench *bench, enum copy_kind kind, const struct id *sink, uint64_t all,
    uint64_t lacking)
{
	struct err err;
	uint64_t got_all, got_lacking;
	struct copy_row rows[8];
	size_t count;

	assert_ok(store_count_copies(bench->store, kind, sink, &got_all, &got_lacking, &err));
	assert_int_equal(got_all, all);
	assert_int_equal(got_lacking, lacking);
	assert_ok(store_list_lacking(bench->store, kind, sink, rows, 8, &count, &err));
	assert_int_equal(count, lacking < 8 ? lacking : 8);
}

static void
acknowledge(struct bench *bench, const struct copy_row *row, const struct id *sink)
{
	struct err err;

	bench_begin(bench);
	assert_ok(store_set_copied(bench->store, row, sink, &err));
	bench_commit(bench);
}

static void
versions_documents_and_definitions_are_listed_by_themselves(void **state)
{
	struct bench *bench = *state;

	bench_fill(bench);
	bench_reopen(bench);
	expect(bench, COPY_VERSION, &first, 2, 2);
	expect(bench, COPY_DOCUMENT, &first, 1, 1);
	expect(bench, COPY_DEFINITION, &first, 1, 1);
	expect(bench, COPY_RELEASE, &first, 0, 0);
}

static void
a_retired_version_need_not_be_there(void **state)
{
	struct bench *bench = *state;
	struct err err;
	const struct copy_row row = copy_of_version(&bench_secret, 1);
	bool has;

	bench_fill(bench);
	acknowledge(bench, &row, &first);
	for (enum version_state to = VERSION_PENDING; to <= VERSION_RETIRED; to++) {
		bench_begin(bench);
		assert_ok(store_set_version_state(bench->store, &bench_secret, 1, to, &err));
		bench_commit(bench);
		assert_ok(store_has_copy(bench->store, &row, &has, &err));
		assert_int_equal(has, to != VERSION_RETIRED);
	}
	expect(bench, COPY_VERSION, &first, 1, 1);
	bench_begin(bench);
	assert_error(ERR_NOT_FOUND, store_set_copied(bench->store, &row, &first, &err));
	store_rollback(bench->store);
}

static void
what_one_sink_acknowledged_another_lacks(void **state)
{
	struct bench *bench = *state;
	const struct copy_row one = copy_of_version(&bench_secret, 1),
	                      two = copy_of_version(&bench_secret, 2);

	bench_fill(bench);
	acknowledge(bench, &one, &first);
	expect(bench, COPY_VERSION, &first, 2, 1);
	expect(bench, COPY_VERSION, &second, 2, 2);
	acknowledge(bench, &two, &second);
	expect(bench, COPY_VERSION, &first, 2, 1);
	expect(bench, COPY_VERSION, &second, 2, 1);
	acknowledge(bench, &one, &second);
	expect(bench, COPY_VERSION, &first, 2, 2);
	expect(bench, COPY_VERSION, &second, 2, 0);
	expect(bench, COPY_DOCUMENT, &second, 1, 1);
}

static void
what_is_listed_twice_keeps_its_sink(void **state)
{
	struct bench *bench = *state;
	struct err err;
	const struct copy_row row = copy_of_version(&bench_secret, 1);

	bench_fill(bench);
	acknowledge(bench, &row, &first);
	bench_begin(bench);
	assert_ok(store_add_copy(bench->store, &row, &err));
	bench_commit(bench);
	expect(bench, COPY_VERSION, &first, 2, 1);
}

/* Each once, whichever sinks have them. */
static void
a_walk_meets_each_once(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct copy_walk walk = {0}, of_first = {0};
	struct copy_row rows[64];
	size_t count = 1, all = 0, had = 0;
	bool met[MANY] = {false};

	bench_fill(bench);
	bench_begin(bench);
	for (unsigned i = 0; i < MANY; i++) {
		const struct id ceremony = {{0x77, (uint8_t)i}};
		const struct copy_row row = copy_of_release(&ceremony);

		assert_ok(store_add_copy(bench->store, &row, &err));
		if (i % 3 != 0)
			assert_ok(store_set_copied(bench->store, &row,
			    i % 3 == 1 ? &first : &second, &err));
	}
	bench_commit(bench);
	while (count > 0) {
		assert_ok(store_next_copies(bench->store, COPY_RELEASE, NULL, &walk, rows, 64,
		    &count, &err));
		for (size_t i = 0; i < count; i++, all++) {
			assert_int_equal(rows[i].kind, COPY_RELEASE);
			assert_int_equal(rows[i].key.bytes[0], 0x77);
			assert_false(met[rows[i].key.bytes[1]]);
			met[rows[i].key.bytes[1]] = true;
		}
	}
	assert_int_equal(all, MANY);
	for (count = 1; count > 0; had += count) {
		assert_ok(store_next_copies(bench->store, COPY_RELEASE, &first, &of_first, rows, 64,
		    &count, &err));
		for (size_t i = 0; i < count; i++)
			assert_int_equal(rows[i].key.bytes[1] % 3, 1);
	}
	assert_int_equal(had, MANY / 3);
	expect(bench, COPY_RELEASE, &first, MANY, MANY - MANY / 3);
}

/* Whoever can write the database cannot say that a sink has what it lacks. */
static void
an_acknowledgement_that_the_vault_did_not_write_is_an_alarm(void **state)
{
	struct bench *bench = *state;
	struct err err;
	const struct copy_row row = copy_of_version(&bench_secret, 1);

	bench_fill(bench);
	tamper(bench, "UPDATE copies SET sink = x'01020300000000000000000000000000'");
	expect(bench, COPY_VERSION, &first, 2, 2); /* the tree alone is asked */
	bench_begin(bench);
	enum err_code code = store_set_copied(bench->store, &row, &first, &err);
	uint64_t index;
	if (code == ERR_OK)
		code = store_append_leaf(bench->store, view_of_text("leaf"), &index, &err);
	assert_error(ERR_INTEGRITY, code);
	assert_says("a row of copies in the database");
	store_rollback(bench->store);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
	const struct CMUnitTest tests[] = {
	    CASE(versions_documents_and_definitions_are_listed_by_themselves),
	    CASE(a_retired_version_need_not_be_there),
	    CASE(what_one_sink_acknowledged_another_lacks),
	    CASE(what_is_listed_twice_keeps_its_sink),
	    CASE(a_walk_meets_each_once),
	    CASE(an_acknowledgement_that_the_vault_did_not_write_is_an_alarm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
