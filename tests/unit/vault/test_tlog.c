/* SPDX-License-Identifier: Apache-2.0 */
/* vault/log/tlog.c against RFC 6962 2.1 (a recursion over leaves, written down here), typed and published
 * vectors, and trees of up to 2^62 equal leaves. */
#include <stdio.h>

#include "base/base64.h"
#include "tests/unit/check.h"
#include "tests/unit/log_vectors.h"
#include "vault/log/tlog.h"

enum { TREE_LEAVES = 600, TREE_SPACE = TREE_LEAVES + 2, TREE_LEVELS = 11 };
enum { SMALL = 70, EXHAUSTIVE = 33 };

struct tree {
	uint64_t size;
	struct digest leaves[TREE_SPACE];
	struct digest hashes[TREE_LEVELS][TREE_SPACE];
	uint64_t counts[TREE_LEVELS];
	unsigned fetches;
	bool lossy; /* says that the hash (1, 0) is missing */
};

static enum err_code
fetch(void *context, unsigned level, uint64_t index, struct digest *ret_hash, struct err *err)
{
	struct tree *tree = context;
	tree->fetches++;
	if (tree->lossy && level == 1 && index == 0)
		return err_set(err, ERR_INTEGRITY, "hash 1/0 is missing");
	if (level >= TREE_LEVELS || index >= tree->counts[level])
		fail_msg("fetch of %u/%llu, which was not stored", level,
		    (unsigned long long)index);
	*ret_hash = tree->hashes[level][index];
	return ERR_OK;
}

static enum err_code
store(void *context, unsigned level, uint64_t index, const struct digest *hash, struct err *err)
{
	struct tree *tree = context;
	(void)err;
	assert_true(level < TREE_LEVELS);
	assert_int_equal(index, tree->counts[level]); /* each once, in order */
	tree->hashes[level][tree->counts[level]++] = *hash;
	return ERR_OK;
}

static void
append(struct tree *tree, struct view data)
{
	struct err err;
	struct tlog_frontier frontier;
	assert_ok(tlog_leaf_hash(data, &tree->leaves[tree->size], &err));
	assert_ok(tlog_frontier_fetch(tree->size, fetch, tree, &frontier, &err));
	assert_ok(tlog_append(&frontier, &tree->leaves[tree->size], store, tree, &err));
	tree->size++;
}

static struct tree *
grow(uint64_t size)
{
	struct tree *tree = calloc(1, sizeof(*tree));
	assert_non_null(tree);
	while (tree->size < size) {
		char text[32];
		snprintf(text, sizeof(text), "entry-%llu", (unsigned long long)tree->size);
		append(tree, view_of_text(text));
	}
	return tree;
}

static struct digest
digest_with(uint8_t byte)
{
	struct digest digest;
	memset(digest.bytes, byte, DIGEST_SIZE);
	return digest;
}

static void
assert_hash(const struct digest *got, const char *hex)
{
	json_t *text = json_string(hex);
	struct digest expected = log_vector_hex(text);
	json_decref(text);
	assert_memory_equal(got->bytes, expected.bytes, DIGEST_SIZE);
}

static struct digest
root_of(struct tree *tree, uint64_t size)
{
	struct err err;
	struct digest root;
	assert_ok(tlog_root(size, fetch, tree, &root, &err));
	return root;
}

static struct digest
node_of(const struct digest *left, const struct digest *right)
{
	struct err err;
	struct digest hash;
	uint8_t node[1 + 2 * DIGEST_SIZE] = {1};
	memcpy(node + 1, left->bytes, DIGEST_SIZE);
	memcpy(node + 1 + DIGEST_SIZE, right->bytes, DIGEST_SIZE);
	assert_ok(sha256_one(VIEW_OF(node), &hash, &err));
	return hash;
}

/* RFC 6962 2.1: MTH of the leaves FIRST..FIRST+SIZE-1. */
static struct digest
defined_root(const struct tree *tree, uint64_t first, uint64_t size)
{
	struct err err;
	struct digest root;
	uint64_t split = 1;
	if (size == 0) {
		assert_ok(sha256_one(view_of(NULL, 0), &root, &err));
		return root;
	}
	if (size == 1)
		return tree->leaves[first];
	while (split * 2 < size)
		split *= 2;
	struct digest left = defined_root(tree, first, split);
	struct digest right = defined_root(tree, first + split, size - split);
	return node_of(&left, &right);
}

static void
leaves_and_roots_are_those_of_rfc_6962(void **state)
{
	/* The reference tree of certificate-transparency and transparency-dev/merkle. */
	static const struct {
		const char *leaf;
		size_t size;
		const char *root;
	} steps[] = {
	    {"", 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
	    {"\x00", 1, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
	    {"\x10", 1, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
	    {" !", 2, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
	    {"01", 2, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
	    {"@ABC", 4, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
	    {"PQRSTUVW", 8, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
	    {"`abcdefghijklmno", 16,
	        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
	};
	struct tree *tree = calloc(1, sizeof(*tree));
	struct digest hash = root_of(tree, 0);
	struct err err;
	(void)state;
	assert_hash(&hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_ok(tlog_leaf_hash(view_of_text("L123456"), &hash, &err));
	assert_hash(&hash, "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		append(tree, view_of(steps[i].leaf, steps[i].size));
		hash = root_of(tree, tree->size);
		assert_hash(&hash, steps[i].root);
	}
	free(tree);
}

static void
every_root_is_that_of_the_definition(void **state)
{
	struct tree *tree = grow(TREE_LEAVES);
	struct tlog_frontier frontier = {0};
	struct err err;
	(void)state;
	for (uint64_t size = 0; size <= TREE_LEAVES; size++) {
		struct digest got = root_of(tree, size), expected = defined_root(tree, 0, size);
		assert_memory_equal(&got, &expected, sizeof(got));
		assert_ok(tlog_frontier_root(&frontier, &got, &err));
		assert_memory_equal(&got, &expected, sizeof(got));
		assert_ok(tlog_append(&frontier, &tree->leaves[size], NULL, NULL, &err));
	}
	free(tree);
}

static void
appending_costs_the_logarithm_of_the_size(void **state)
{
	struct tree *tree = grow(TREE_LEAVES);
	(void)state;
	tree->fetches = 0;
	append(tree, view_of_text("last")); /* 600 = 0b1001011000: what is needed to go on */
	assert_int_equal(tree->fetches, 4);
	assert_int_equal(tree->counts[1], TREE_LEAVES / 2);
	append(tree, view_of_text("more")); /* 601: one */
	assert_int_equal(tree->fetches, 4 + 5);
	assert_int_equal(tree->counts[1], TREE_LEAVES / 2 + 1);
	free(tree);
}

struct proof {
	struct digest hashes[TLOG_PROOF_MAX + 1];
	size_t count;
};

static bool
includes(const struct tree *tree, uint64_t index, uint64_t size, const struct proof *proof,
    const struct digest *root)
{
	struct err err;
	enum err_code code = tlog_verify_inclusion(index, size, &tree->leaves[index % TREE_LEAVES],
	    proof->hashes, proof->count, root, &err);
	if (code != ERR_OK)
		assert_int_equal(code, ERR_INTEGRITY);
	return code == ERR_OK;
}

static void
every_inclusion_proof_verifies_and_no_other(void **state)
{
	struct tree *tree = grow(EXHAUSTIVE);
	struct err err;
	(void)state;
	for (uint64_t size = 1; size <= EXHAUSTIVE; size++) {
		struct digest root = root_of(tree, size);
		for (uint64_t index = 0; index < size; index++) {
			struct proof proof = {.count = 0};
			assert_ok(tlog_prove_inclusion(index, size, fetch, tree, proof.hashes,
			    &proof.count, &err));
			assert_true(includes(tree, index, size, &proof, &root));
			for (uint64_t other = 0; other < EXHAUSTIVE; other++)
				assert_true(
				    other == index || !includes(tree, other, size, &proof, &root));
			for (size_t i = 0; i < proof.count; i++) {
				proof.hashes[i].bytes[i % DIGEST_SIZE] ^= 0x80;
				assert_false(includes(tree, index, size, &proof, &root));
				proof.hashes[i].bytes[i % DIGEST_SIZE] ^= 0x80;
			}
			proof.hashes[proof.count++] = root;
			assert_false(includes(tree, index, size, &proof, &root));
			proof.count -= 2; /* one too short, or, without hashes, far too long */
			if (proof.count < TLOG_PROOF_MAX)
				assert_false(includes(tree, index, size, &proof, &root));
		}
	}
	free(tree);
}

static bool
extends(uint64_t old, uint64_t size, const struct digest *old_root, const struct digest *root,
    const struct proof *proof)
{
	struct err err;
	enum err_code code =
	    tlog_verify_consistency(old, size, old_root, root, proof->hashes, proof->count, &err);
	if (code != ERR_OK)
		assert_int_equal(code, ERR_INTEGRITY);
	return code == ERR_OK;
}

static void
every_consistency_proof_verifies_and_no_other(void **state)
{
	struct tree *tree = grow(EXHAUSTIVE);
	struct err err;
	(void)state;
	for (uint64_t size = 1; size <= EXHAUSTIVE; size++) {
		struct digest root = root_of(tree, size);
		for (uint64_t old = 1; old <= size; old++) {
			struct digest old_root = root_of(tree, old);
			struct proof proof = {.count = 0};
			assert_ok(tlog_prove_consistency(old, size, fetch, tree, proof.hashes,
			    &proof.count, &err));
			assert_true(extends(old, size, &old_root, &root, &proof));
			if (old != size)
				assert_false(extends(old, size, &root, &old_root, &proof));
			for (size_t i = 0; i < proof.count; i++) {
				proof.hashes[i].bytes[i % DIGEST_SIZE] ^= 1;
				assert_false(extends(old, size, &old_root, &root, &proof));
				proof.hashes[i].bytes[i % DIGEST_SIZE] ^= 1;
			}
			old_root.bytes[0] ^= 1;
			assert_false(extends(old, size, &old_root, &root, &proof));
			old_root.bytes[0] ^= 1;
			proof.hashes[proof.count++] = root;
			assert_false(extends(old, size, &old_root, &root, &proof));
			if (proof.count >= 2) {
				proof.count -= 2;
				assert_false(extends(old, size, &old_root, &root, &proof));
			}
		}
	}
	free(tree);
}

/* The hashes agree, but the size cannot have such a proof. */
static void
a_proof_has_the_length_that_its_size_demands(void **state)
{
	struct digest leaf = digest_with(1), other = digest_with(2), root = node_of(&other, &leaf);
	struct err err;
	(void)state;
	assert_error(ERR_INTEGRITY, tlog_verify_inclusion(0, 8, &leaf, NULL, 0, &leaf, &err));
	assert_says("too short");
	assert_error(ERR_INTEGRITY, tlog_verify_inclusion(0, 1, &leaf, &other, 1, &root, &err));
	assert_says("too long");
	root = node_of(&leaf, &other);
	assert_ok(tlog_verify_consistency(1, 2, &leaf, &root, &other, 1, &err));
	assert_error(ERR_INTEGRITY, tlog_verify_consistency(1, 8, &leaf, &root, &other, 1, &err));
	assert_says("too short");
}

/* A tree of equal leaves has one hash on each level. */
static enum err_code
fetch_equal(void *context, unsigned level, uint64_t index, struct digest *ret_hash, struct err *err)
{
	const struct digest *levels = context;
	(void)index, (void)err;
	*ret_hash = levels[level];
	return ERR_OK;
}

static void
make_levels(struct digest levels[TLOG_LEVELS])
{
	struct err err;
	assert_ok(tlog_leaf_hash(view_of_text("same"), &levels[0], &err));
	for (size_t i = 1; i < TLOG_LEVELS; i++)
		levels[i] = node_of(&levels[i - 1], &levels[i - 1]);
}

static void
proofs_in_the_largest_logs_verify(void **state)
{
	static const uint64_t sizes[] = {1000000, (1ULL << 32) + 1, (1ULL << 40) - 1, (1ULL << 62),
	    (1ULL << 63) - 1};
	struct digest levels[TLOG_LEVELS], root, old_root;
	struct proof proof;
	struct err err;
	(void)state;
	make_levels(levels);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		const uint64_t size = sizes[i], places[] = {0, 1, size / 3, size / 2, size - 1};
		assert_ok(tlog_root(size, fetch_equal, levels, &root, &err));
		for (size_t at = 0; at < ARRAY_SIZE(places); at++) {
			uint64_t old = places[at] + 1;
			assert_ok(tlog_prove_inclusion(places[at], size, fetch_equal, levels,
			    proof.hashes, &proof.count, &err));
			assert_true(proof.count <= 63);
			assert_ok(tlog_verify_inclusion(places[at], size, &levels[0], proof.hashes,
			    proof.count, &root, &err));
			assert_ok(tlog_root(old, fetch_equal, levels, &old_root, &err));
			assert_ok(tlog_prove_consistency(old, size, fetch_equal, levels,
			    proof.hashes, &proof.count, &err));
			assert_ok(tlog_verify_consistency(old, size, &old_root, &root, proof.hashes,
			    proof.count, &err));
		}
	}
}

static void
what_no_log_has_is_refused(void **state)
{
	struct tree *tree = grow(8);
	struct digest root = root_of(tree, 8);
	struct proof proof = {.count = 0};
	struct err err;
	static uint8_t data[TLOG_LEAF_MAX + 1];
	(void)state;
	assert_ok(tlog_leaf_hash(view_of(data, TLOG_LEAF_MAX), &proof.hashes[0], &err));
	assert_error(ERR_INVALID, tlog_leaf_hash(VIEW_OF(data), &proof.hashes[0], &err));
	assert_says("65535");
	assert_error(ERR_INVALID, tlog_root(1ULL << 63, fetch, tree, &root, &err));
	struct tlog_frontier full = {.size = (1ULL << 63) - 1};
	assert_error(ERR_INVALID, tlog_append(&full, &root, store, tree, &err));
	assert_error(ERR_INVALID, tlog_frontier_fetch(1ULL << 63, fetch, tree, &full, &err));
	assert_error(ERR_INVALID,
	    tlog_prove_inclusion(8, 8, fetch, tree, proof.hashes, &proof.count, &err));
	assert_error(ERR_INVALID,
	    tlog_prove_consistency(0, 8, fetch, tree, proof.hashes, &proof.count, &err));
	assert_error(ERR_INVALID,
	    tlog_prove_consistency(9, 8, fetch, tree, proof.hashes, &proof.count, &err));
	assert_error(ERR_INTEGRITY, tlog_verify_consistency(0, 8, &root, &root, NULL, 0, &err));
	assert_error(ERR_INTEGRITY, tlog_verify_inclusion(0, 0, &root, NULL, 0, &root, &err));
	free(tree);
}

static void
a_missing_hash_ends_everything_that_needs_it(void **state)
{
	struct tree *tree = grow(3), *larger = grow(4);
	struct digest root = {{7}};
	struct proof proof = {.count = 99};
	struct err err;
	(void)state;
	tree->lossy = larger->lossy = true;
	assert_error(ERR_INTEGRITY, tlog_root(3, fetch, larger, &root, &err));
	assert_int_equal(root.bytes[0], 7);
	assert_error(ERR_INTEGRITY,
	    tlog_prove_inclusion(2, 3, fetch, larger, proof.hashes, &proof.count, &err));
	assert_error(ERR_INTEGRITY,
	    tlog_prove_consistency(3, 4, fetch, larger, proof.hashes, &proof.count, &err));
	assert_int_equal(proof.count, 99);
	struct tlog_frontier frontier = {.size = 9};
	assert_error(ERR_INTEGRITY, tlog_frontier_fetch(3, fetch, tree, &frontier, &err));
	assert_int_equal(frontier.size, 9);
	free(tree);
	free(larger);
}

/* Base64 hashes; false when one has no 32 bytes. */
static bool
read_proof(const json_t *array, struct proof *ret_proof)
{
	ret_proof->count = json_array_size(array);
	assert_true(ret_proof->count <= TLOG_PROOF_MAX);
	for (size_t i = 0; i < ret_proof->count; i++) {
		if (!log_vector_hash(json_array_get(array, i), &ret_proof->hashes[i]))
			return false;
	}
	return true;
}

static bool
inclusion_vector_holds(const json_t *vector)
{
	struct proof proof;
	struct digest root, leaf;
	struct err err;
	return log_vector_hash(json_object_get(vector, "root"), &root) &&
	    log_vector_hash(json_object_get(vector, "leafHash"), &leaf) &&
	    read_proof(json_object_get(vector, "proof"), &proof) &&
	    tlog_verify_inclusion(log_vector_number(json_object_get(vector, "leafIdx")),
	        log_vector_number(json_object_get(vector, "treeSize")), &leaf, proof.hashes,
	        proof.count, &root, &err) == ERR_OK;
}

/* Some vectors give "don't care 1" and the like for a root: equality is all that matters. */
static bool
read_root(const json_t *value, struct digest *ret_root)
{
	BUF bytes = {0};
	if (log_vector_hash(value, ret_root))
		return true;
	if (!buf_from_base64(&bytes, view_of_text(json_string_value(value))) ||
	    bytes.size > DIGEST_SIZE || memcmp(bytes.data, "don't care", 10) != 0)
		return false;
	*ret_root = (struct digest){{0}};
	memcpy(ret_root->bytes, bytes.data, bytes.size);
	return true;
}

static bool
consistency_vector_holds(const json_t *vector)
{
	struct proof proof;
	struct digest old_root, root;
	struct err err;
	return read_root(json_object_get(vector, "root1"), &old_root) &&
	    read_root(json_object_get(vector, "root2"), &root) &&
	    read_proof(json_object_get(vector, "proof"), &proof) &&
	    tlog_verify_consistency(log_vector_number(json_object_get(vector, "size1")),
	        log_vector_number(json_object_get(vector, "size2")), &old_root, &root, proof.hashes,
	        proof.count, &err) == ERR_OK;
}

static void
check_vectors(const char *name, bool (*holds)(const json_t *vector))
{
	json_t *vectors = log_vectors_open("rfc6962-merkle.json");
	if (vectors == NULL)
		return;
	const json_t *array = json_object_get(vectors, name), *vector;
	size_t i, good = 0;
	json_array_foreach(array, i, vector)
	{
		bool expected = !json_is_true(json_object_get(vector, "wantErr"));
		good += expected;
		if (holds(vector) != expected)
			fail_msg("%s", json_string_value(json_object_get(vector, "name")));
	}
	assert_true(i > 90 && good > 0 && good < i);
	json_decref(vectors);
}

static void
published_inclusion_proofs_are_judged_as_published(void **state)
{
	(void)state;
	check_vectors("inclusion", inclusion_vector_holds);
}

static void
published_consistency_proofs_are_judged_as_published(void **state)
{
	(void)state;
	check_vectors("consistency", consistency_vector_holds);
}

static void
assert_proof(const struct proof *got, const json_t *expected)
{
	assert_int_equal(got->count, json_array_size(expected));
	for (size_t i = 0; i < got->count; i++) {
		struct digest hash = log_vector_hex(json_array_get(expected, i));
		assert_memory_equal(&got->hashes[i], &hash, sizeof(hash));
	}
}

static uint64_t
number_of(const json_t *vector, const char *name)
{
	return log_vector_number(json_object_get(vector, name));
}

static void
roots_and_proofs_are_those_that_others_made(void **state)
{
	json_t *vectors = log_vectors_open("rfc6962-merkle.json");
	if (vectors == NULL)
		return;
	const json_t *generated = json_object_get(vectors, "generated"), *vector;
	struct tree *tree = grow(SMALL);
	struct proof proof;
	struct err err;
	size_t i;
	(void)state;
	json_array_foreach(json_object_get(generated, "roots"), i, vector)
	{
		struct digest got = root_of(tree, i), expected = log_vector_hex(vector);
		assert_memory_equal(&got, &expected, sizeof(got));
	}
	assert_int_equal(i, SMALL + 1);
	json_array_foreach(json_object_get(generated, "inclusion"), i, vector)
	{
		assert_ok(tlog_prove_inclusion(number_of(vector, "index"),
		    number_of(vector, "size"), fetch, tree, proof.hashes, &proof.count, &err));
		assert_proof(&proof, json_object_get(vector, "proof"));
	}
	assert_int_equal(i, 54);
	json_array_foreach(json_object_get(generated, "consistency"), i, vector)
	{
		assert_ok(tlog_prove_consistency(number_of(vector, "size1"),
		    number_of(vector, "size2"), fetch, tree, proof.hashes, &proof.count, &err));
		assert_proof(&proof, json_object_get(vector, "proof"));
	}
	assert_int_equal(i, 51);
	free(tree);
	json_decref(vectors);
}

static void
stored_hashes_are_those_of_the_tiles(void **state)
{
	static const char *const names[] = {"tile/0/000_sha256", "tile/0/001_sha256",
	    "tile/0/002.p/88_sha256"};
	json_t *vectors = log_vectors_open("rfc6962-merkle.json");
	if (vectors == NULL)
		return;
	const json_t *tiles = json_object_get(vectors, "tiles_600");
	struct tree *tree = grow(TREE_LEAVES);
	struct digest root = root_of(tree, TREE_LEAVES);
	struct digest expected = log_vector_hex(json_object_get(tiles, "root"));
	struct err err;
	(void)state;
	assert_memory_equal(&root, &expected, sizeof(root));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct digest got;
		size_t width = i < 2 ? 256 : 88;
		assert_ok(sha256_one(view_of(&tree->hashes[0][256 * i], width * DIGEST_SIZE), &got,
		    &err));
		expected = log_vector_hex(json_object_get(tiles, names[i]));
		assert_memory_equal(&got, &expected, sizeof(got));
	}
	for (size_t i = 0; i < 2; i++) {
		expected =
		    log_vector_hex(json_array_get(json_object_get(tiles, "tile/1/000.p/2"), i));
		assert_memory_equal(&tree->hashes[8][i], &expected, sizeof(expected));
	}
	free(tree);
	json_decref(vectors);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(leaves_and_roots_are_those_of_rfc_6962),
	    cmocka_unit_test(every_root_is_that_of_the_definition),
	    cmocka_unit_test(appending_costs_the_logarithm_of_the_size),
	    cmocka_unit_test(every_inclusion_proof_verifies_and_no_other),
	    cmocka_unit_test(every_consistency_proof_verifies_and_no_other),
	    cmocka_unit_test(a_proof_has_the_length_that_its_size_demands),
	    cmocka_unit_test(proofs_in_the_largest_logs_verify),
	    cmocka_unit_test(what_no_log_has_is_refused),
	    cmocka_unit_test(a_missing_hash_ends_everything_that_needs_it),
	    cmocka_unit_test(published_inclusion_proofs_are_judged_as_published),
	    cmocka_unit_test(published_consistency_proofs_are_judged_as_published),
	    cmocka_unit_test(roots_and_proofs_are_those_that_others_made),
	    cmocka_unit_test(stored_hashes_are_those_of_the_tiles),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
