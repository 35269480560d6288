/* SPDX-License-Identifier: Apache-2.0 */
/* vault/store/log.c: the log in the database, and every way to change it behind our back. */
#include "tests/lib/store_bench.h"

enum { LEAVES = 45 };

static void
fill_log(struct bench *bench, uint64_t count)
{
	struct err err;
	bench_begin(bench);
	for (uint64_t i = 0; i < count; i++) {
		char text[32];
		uint64_t index = 999;
		snprintf(text, sizeof(text), "entry-%llu", (unsigned long long)i);
		assert_ok(store_append_leaf(bench->store, view_of_text(text), &index, &err));
		assert_int_equal(index, i);
	}
	assert_ok(store_commit(bench->store, &err));
}

/* RFC 6962's hash of a tree of leaves "entry-0", "entry-1", ... */
static struct digest
root_of(uint64_t first, uint64_t size)
{
	struct err err;
	struct digest hash;
	char text[32];
	uint8_t node[1 + 2 * DIGEST_SIZE] = {1};
	uint64_t split = 1;
	if (size == 1) {
		snprintf(text, sizeof(text), "entry-%llu", (unsigned long long)first);
		assert_ok(tlog_leaf_hash(view_of_text(text), &hash, &err));
		return hash;
	}
	while (split * 2 < size)
		split *= 2;
	hash = root_of(first, split);
	memcpy(node + 1, hash.bytes, DIGEST_SIZE);
	hash = root_of(first + split, size - split);
	memcpy(node + 1 + DIGEST_SIZE, hash.bytes, DIGEST_SIZE);
	assert_ok(sha256_one(VIEW_OF(node), &hash, &err));
	return hash;
}

static void
leaves_and_roots_of_every_size_are_kept(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct digest root;
	uint64_t size;
	BUF leaf = {0};
	fill_log(bench, LEAVES);
	bench_reopen(bench);
	assert_ok(store_log_size(bench->store, &size, &err));
	assert_int_equal(size, LEAVES);
	for (uint64_t n = 1; n <= LEAVES; n++) {
		struct digest expected = root_of(0, n);
		assert_ok(store_log_root(bench->store, n, &root, &err));
		assert_true(digest_equal(&root, &expected));
	}
	assert_ok(store_log_leaf(bench->store, 44, &leaf, &err));
	assert_string_equal(buf_string(&leaf), "entry-44");
	assert_error(ERR_NOT_FOUND, store_log_leaf(bench->store, LEAVES, &leaf, &err));
	assert_error(ERR_NOT_FOUND, store_log_leaf(bench->store, UINT64_MAX, &leaf, &err));
	assert_error(ERR_INTEGRITY, store_log_root(bench->store, LEAVES + 1, &root, &err));
	assert_error(ERR_INTERNAL, store_log_fetch(bench->store, 63, 0, &root, &err));
	assert_error(ERR_INTERNAL, store_log_fetch(bench->store, 0, UINT64_MAX, &root, &err));
}

static void
stored_hashes_stand_without_gaps_in_the_order_of_completion(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct digest hash;
	fill_log(bench, 8);
	/* The 15 hashes of 8 leaves, by level and first leaf. */
	static const struct {
		unsigned level;
		uint64_t index;
	} order[] = {{0, 0}, {0, 1}, {1, 0}, {0, 2}, {0, 3}, {1, 1}, {2, 0}, {0, 4}, {0, 5}, {1, 2},
	    {0, 6}, {0, 7}, {1, 3}, {2, 1}, {3, 0}};
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		unsigned level = order[i].level;
		uint64_t index = order[i].index;
		struct digest expected = root_of(index << level, 1ULL << level);
		assert_ok(store_log_fetch(bench->store, level, index, &hash, &err));
		assert_true(digest_equal(&hash, &expected));
		char sql[100];
		snprintf(sql, sizeof(sql), "DELETE FROM log_hash WHERE position = %zu", i);
		tamper(bench, sql);
		assert_error(ERR_INTEGRITY,
		    store_log_fetch(bench->store, level, index, &hash, &err));
	}
}

static void
proofs_from_the_store_verify(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct digest root, old_root, leaf, proof[TLOG_PROOF_MAX];
	size_t count;
	fill_log(bench, LEAVES);
	assert_ok(store_log_root(bench->store, LEAVES, &root, &err));
	for (uint64_t i = 0; i < LEAVES; i++) {
		leaf = root_of(i, 1);
		assert_ok(tlog_prove_inclusion(i, LEAVES, store_log_fetch, bench->store, proof,
		    &count, &err));
		assert_ok(tlog_verify_inclusion(i, LEAVES, &leaf, proof, count, &root, &err));
		old_root = root_of(0, i + 1);
		assert_ok(tlog_prove_consistency(i + 1, LEAVES, store_log_fetch, bench->store,
		    proof, &count, &err));
		assert_ok(
		    tlog_verify_consistency(i + 1, LEAVES, &old_root, &root, proof, count, &err));
	}
}

static void
leaves_may_have_0_to_65535_bytes(void **state)
{
	struct bench *bench = *state;
	struct err err;
	static const uint8_t data[TLOG_LEAF_MAX + 1];
	uint64_t index, size;
	BUF leaf = {0};
	bench_begin(bench);
	assert_ok(store_append_leaf(bench->store, view_of(NULL, 0), &index, &err));
	assert_ok(store_append_leaf(bench->store, view_of(data, TLOG_LEAF_MAX), &index, &err));
	assert_error(ERR_INVALID, store_append_leaf(bench->store, VIEW_OF(data), &index, &err));
	assert_ok(store_commit(bench->store, &err));
	assert_ok(store_log_size(bench->store, &size, &err));
	assert_int_equal(size, 2);
	assert_ok(store_log_leaf(bench->store, 0, &leaf, &err));
	assert_int_equal(leaf.size, 0);
	assert_ok(store_log_leaf(bench->store, 1, &leaf, &err));
	assert_int_equal(leaf.size, TLOG_LEAF_MAX);
	assert_ok(store_log_recompute(bench->store, NULL, &err));
}

static void
recomputing_names_what_was_changed(void **state)
{
	static const struct {
		const char *sql, *part;
	} changes[] = {
	    {"UPDATE log_leaf SET data = x'00' WHERE position = 44", "hash 0/44 is not that"},
	    {"UPDATE log_leaf SET data = x'00' WHERE position = 0", "hash 0/0 is not that"},
	    {"UPDATE log_hash SET hash = zeroblob(32) WHERE position = 6", "hash 2/0 is not that"},
	    {"DELETE FROM log_leaf WHERE position = 7", "lacks leaf 7"},
	    {"DELETE FROM log_leaf WHERE position = 44",
	        "has 44 leaves, and the vault's has 45 by its anchor"},
	    {"DELETE FROM log_leaf", "has 0 leaves, and the vault's has 45 by its anchor"},
	    {"DELETE FROM log_hash WHERE position = 5", "lacks the hash 1/1"},
	    {"DELETE FROM log_hash WHERE position = (SELECT max(position) FROM log_hash)",
	        "lacks the hash"},
	    {"DELETE FROM log_hash", "lacks the hash 0/0"},
	    {"INSERT INTO log_leaf VALUES (45, x'00')",
	        "has 46 leaves, and the vault's has 45 by its anchor"},
	    {"INSERT INTO log_leaf VALUES (99, x'00')",
	        "has 100 leaves, and the vault's has 45 by its anchor"},
	    {"INSERT INTO log_leaf VALUES (9223372036854775807, x'00')", "log_leaf.position"},
	    {"INSERT INTO log_leaf VALUES (-1, x'00')", "log_leaf.position"},
	    {"INSERT INTO log_hash VALUES (-1, zeroblob(32))", "log_hash.position"},
	    {"INSERT INTO log_hash VALUES (1000, zeroblob(32))",
	        "hashes of leaves that are not there"},
	    {"UPDATE log_leaf SET data = (SELECT data FROM log_leaf WHERE position = 4)"
	     " WHERE position = 3",
	        "hash 0/3 is not that"},
	};
	struct bench *bench = *state;
	struct err err;
	BUF good = {0};
	fill_log(bench, LEAVES);
	assert_ok(file_read(bench->file, 1 << 24, &good, &err));
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		store_freep(&bench->store);
		tamper(bench, changes[i].sql);
		enum err_code code = bench_open(bench, &bench->store, &err);
		if (code == ERR_OK) /* else the size was wrong */
			code = store_log_recompute(bench->store, NULL, &err);
		expect_error(code, ERR_INTEGRITY, &err, changes[i].part);
		store_freep(&bench->store);
		assert_ok(file_write(bench->file, buf_view(&good), 0600, &err));
		bench_reopen(bench);
		assert_ok(store_log_recompute(bench->store, NULL, &err));
	}
}

/* Another log of as many leaves, with hashes that are right for them. */
static void
a_log_that_agrees_with_itself_alone_is_not_the_vaults(void **state)
{
	struct bench *bench = *state;
	struct err err;
	void *own = NULL;
	char sql[300];
	uint64_t size, index;
	struct digest root;
	BUF leaf = {0};
	fill_log(bench, 3);
	assert_int_equal(bench_setup(&own), 0);
	struct bench *other = own;
	bench_begin(other);
	for (unsigned i = 0; i < 3; i++)
		assert_ok(store_append_leaf(other->store, view_of_text("forged"), &index, &err));
	assert_ok(store_commit(other->store, &err));
	assert_ok(store_log_recompute(other->store, NULL, &err));
	snprintf(sql, sizeof(sql),
	    "DELETE FROM log_leaf; DELETE FROM log_hash; ATTACH '%s' AS other;"
	    "INSERT INTO log_leaf SELECT * FROM other.log_leaf;"
	    "INSERT INTO log_hash SELECT * FROM other.log_hash",
	    other->file);
	tamper(bench, sql);
	bench_teardown(&own);
	expect_error(store_log_recompute(bench->store, NULL, &err), ERR_INTEGRITY, &err,
	    "its root is not the one that the vault's anchor has");
	expect_error(store_log_head(bench->store, &size, &root, &err), ERR_INTEGRITY, &err,
	    "its root is not the one that the vault's anchor has");
	expect_error(store_begin(bench->store, &err), ERR_INTEGRITY, &err,
	    "its root is not the one that the vault's anchor has");
	for (index = 0; index < 3; index++)
		expect_error(store_log_leaf(bench->store, index, &leaf, &err), ERR_INTEGRITY, &err,
		    "is not the one that was logged");
	assert_int_equal(leaf.size, 0);
}

struct told {
	uint64_t leaves, ends, calls, done, size;
};

static enum err_code
take_leaf(void *context, uint64_t index, struct view data, struct err *err)
{
	struct told *told = context;
	(void)err;
	assert_int_equal(index, told->leaves++);
	assert_true(data.size > 0);
	return ERR_OK;
}

static enum err_code
take_end(void *context, struct err *err)
{
	struct told *told = context;
	(void)err;
	told->ends++;
	return ERR_OK;
}

static void
take_progress(void *context, uint64_t done, uint64_t size)
{
	struct told *told = context;
	assert_true(done > told->done || done == size);
	told->calls++;
	told->done = done;
	told->size = size;
}

static void
who_recomputes_is_told_every_leaf_and_how_far_it_is(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct told told = {0};
	const struct store_log_visitor visitor = {take_leaf, take_end, take_progress, &told};
	fill_log(bench, 10005);
	assert_ok(store_log_recompute(bench->store, &visitor, &err));
	assert_int_equal(told.leaves, 10005);
	assert_int_equal(told.ends, 1);
	assert_int_equal(told.done, 10005);
	assert_int_equal(told.size, 10005);
	assert_true(told.calls > 4);
}

static enum err_code
refuse_leaf(void *context, uint64_t index, struct view data, struct err *err)
{
	(void)context, (void)data;
	return index == 3 ? err_set(err, ERR_REFUSED, "the fourth leaf") : ERR_OK;
}

static void
what_the_visitor_of_a_leaf_says_is_handed_on(void **state)
{
	struct bench *bench = *state;
	struct err err;
	const struct store_log_visitor visitor = {.leaf = refuse_leaf};
	fill_log(bench, 5);
	expect_error(store_log_recompute(bench->store, &visitor, &err), ERR_REFUSED, &err,
	    "the fourth leaf");
	assert_ok(store_log_recompute(bench->store, NULL, &err));
}

/* Others write between the transactions of the one who reads. */
struct beside {
	struct bench *bench;
	uint64_t leaves, added;
};

static enum err_code
count_leaf(void *context, uint64_t index, struct view data, struct err *err)
{
	struct beside *beside = context;
	(void)data, (void)err;
	beside->leaves = index + 1;
	return ERR_OK;
}

static void
append_beside(void *context, uint64_t done, uint64_t size)
{
	struct beside *beside = context;
	struct err err;
	CLEANUP(store_freep) struct store *other = NULL;
	(void)size;
	if (done > 6000)
		return;
	assert_ok(bench_open(beside->bench, &other, &err));
	assert_ok(store_begin(other, &err));
	uint64_t index;
	assert_ok(store_append_leaf(other, view_of_text("beside"), &index, &err));
	assert_ok(store_commit(other, &err));
	beside->added++;
}

static void
others_append_while_one_recomputes_and_what_they_append_is_seen(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct beside beside = {.bench = bench};
	const struct store_log_visitor visitor = {.leaf = count_leaf,
	    .progress = append_beside,
	    .context = &beside};
	fill_log(bench, 8000);
	assert_ok(store_log_recompute(bench->store, &visitor, &err));
	assert_true(beside.added >= 2);
	assert_int_equal(beside.leaves, 8000 + beside.added);
}

static void
an_empty_log_is_whole(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct digest root, empty;
	assert_ok(store_log_recompute(bench->store, NULL, &err));
	assert_ok(store_log_root(bench->store, 0, &root, &err));
	assert_ok(sha256_one(view_of(NULL, 0), &empty, &err));
	assert_true(digest_equal(&root, &empty));
}

static void
nothing_is_appended_to_a_log_that_lacks_a_hash(void **state)
{
	struct bench *bench = *state;
	struct err err;
	uint64_t index, size;
	fill_log(bench, 3);
	tamper(bench, "DELETE FROM log_hash WHERE position = 3"); /* (0, 2), the left of leaf 3 */
	assert_error(ERR_INTEGRITY, store_begin(bench->store, &err));
	assert_says("0/2");
	assert_error(ERR_INTERNAL,
	    store_append_leaf(bench->store, view_of_text("x"), &index, &err));
	assert_error(ERR_INTERNAL, store_commit(bench->store, &err));
	assert_ok(store_log_size(bench->store, &size, &err));
	assert_int_equal(size, 3);
}

/* Leaf 2 is stored when its hash is found to be there, of which no leaf was. */
static void
half_a_leaf_counts_as_none_and_makes_none_of_those_before_it(void **state)
{
	struct bench *bench = *state;
	struct err err;
	uint64_t index, size;
	fill_log(bench, 1);
	tamper(bench, "INSERT INTO log_hash VALUES (3, zeroblob(32))"); /* (0, 2) */
	for (unsigned again = 0; again < 2; again++) {
		bench_begin(bench);
		assert_ok(store_append_leaf(bench->store, view_of_text("x"), &index, &err));
		assert_error(ERR_INTEGRITY,
		    store_append_leaf(bench->store, view_of_text("y"), &index, &err));
		assert_says("has the hash 0/2 of leaves that are not there");
		assert_int_equal(index, 1);
		assert_error(ERR_INTERNAL, store_commit(bench->store, &err));
		assert_says("leaf");
	}
	assert_ok(store_log_size(bench->store, &size, &err));
	assert_int_equal(size, 1);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
	const struct CMUnitTest tests[] = {
	    CASE(leaves_and_roots_of_every_size_are_kept),
	    CASE(stored_hashes_stand_without_gaps_in_the_order_of_completion),
	    CASE(proofs_from_the_store_verify),
	    CASE(leaves_may_have_0_to_65535_bytes),
	    CASE(recomputing_names_what_was_changed),
	    CASE(a_log_that_agrees_with_itself_alone_is_not_the_vaults),
	    CASE(who_recomputes_is_told_every_leaf_and_how_far_it_is),
	    CASE(what_the_visitor_of_a_leaf_says_is_handed_on),
	    CASE(others_append_while_one_recomputes_and_what_they_append_is_seen),
	    CASE(an_empty_log_is_whole),
	    CASE(nothing_is_appended_to_a_log_that_lacks_a_hash),
	    CASE(half_a_leaf_counts_as_none_and_makes_none_of_those_before_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
