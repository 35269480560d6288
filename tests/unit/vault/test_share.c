/* SPDX-License-Identifier: Apache-2.0 */
/* vault/seal/share.c against published tables, vectors and known attacks on secret sharing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "base/json_in.h"
#include "base/text.h"
#include "tests/unit/vectors.h"
#include "vault/seal/share.h"

/* From shamir-gf256.json, vectors[3]: 3 of 5, and its negatives. */
static const char typed_secret[] =
    "0a89a3bd22a8fd875373d4ce58092bddfa5584892ae1ad8e5e743865a4b5e295";
static const char *const typed_values[] = {
    "11bf1a844674d8c84e4e50ca986f675bf7b9709a1642c0821578672afac8cdf3",
    "4df02b0df2aee0e228c46c39b5f3d48e9167fd0f2848c5c5bc0bd6ab33b1bb84",
    "56c692349672c5ad35f9e83d759598089c8b091c14eba8c9f70789e46dcc94e2",
};
static const char mul_table_hash[] =
    "14a1e7e77ca8a30b5bb53e6310748ce0498eb9e04ab78a44dbefb6ebfac8a84b";

/* Combine hex VALUES of the same length. */
static enum err_code
combine(unsigned m, unsigned n, const uint8_t *xs, const char *const *values, size_t count,
    struct secret **ret_secret, struct err *err)
{
	SECRET *all = NULL;
	size_t size = count > 0 ? strlen(values[0]) / 2 : DIGEST_SIZE;
	assert_int_equal(secret_new(count * size + 1, &all, err), ERR_OK);
	for (size_t i = 0; i < count; i++) {
		SECRET *value = secret_from_hex(values[i]);
		assert_int_equal(secret_append(all, secret_view(value), err), ERR_OK);
	}
	return share_combine(m, n, xs, count, all, size, ret_secret, err);
}

static void
multiplication_is_that_of_the_published_table(void **state)
{
	(void)state;
	struct err err;
	static uint8_t table[65536];
	struct digest digest;
	char hex[2 * DIGEST_SIZE + 1];
	for (unsigned a = 0; a < 256; a++)
		for (unsigned b = 0; b < 256; b++)
			table[a * 256 + b] = share_multiply((uint8_t)a, (uint8_t)b);
	assert_int_equal(sha256_one(VIEW_OF(table), &digest, &err), ERR_OK);
	text_hex(VIEW_OF(digest.bytes), hex);
	assert_string_equal(hex, mul_table_hash);
	assert_int_equal(share_multiply(0x57, 0x83), 0xc1); /* FIPS 197, section 4.2 */
}

static void
every_inverse_times_its_number_is_one(void **state)
{
	(void)state;
	assert_int_equal(share_inverse(0), 0);
	assert_int_equal(share_inverse(2), 0x8d);
	assert_int_equal(share_inverse(0x53), 0xca);
	for (unsigned a = 1; a < 256; a++)
		assert_int_equal(share_multiply((uint8_t)a, share_inverse((uint8_t)a)), 1);
}

static void
typed_vector_combines(void **state)
{
	(void)state;
	struct err err;
	SECRET *secret = NULL;
	SECRET *expected = secret_from_hex(typed_secret);
	const uint8_t xs[] = {3, 1, 2};
	const char *const values[] = {typed_values[2], typed_values[0], typed_values[1]};
	assert_int_equal(combine(3, 5, xs, values, 3, &secret, &err), ERR_OK);
	assert_true(secret_equal(secret, expected));
}

static void
refuse(unsigned m, unsigned n, const uint8_t *xs, size_t count, const char *text)
{
	struct err err;
	struct secret *secret = NULL;
	assert_int_equal(combine(m, n, xs, typed_values, count, &secret, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, text));
	assert_null(secret);
}

static void
x_of_zero_or_over_n_is_refused(void **state)
{
	(void)state;
	refuse(3, 5, (const uint8_t[]){0, 2, 3}, 3, "x is 0");
	refuse(3, 5, (const uint8_t[]){1, 2, 6}, 3, "x is 6");
}

static void
duplicate_x_is_refused(void **state)
{
	(void)state;
	refuse(3, 5, (const uint8_t[]){1, 2, 1}, 3, "x 1 is given twice");
}

static void
wrong_count_is_refused(void **state)
{
	(void)state;
	refuse(3, 5, (const uint8_t[]){1, 2}, 2, "2 given, exactly 3");
	refuse(2, 5, (const uint8_t[]){1, 2, 3}, 3, "3 given, exactly 2");
	refuse(3, 5, NULL, 0, "0 given");
}

static void
wrong_length_is_refused(void **state)
{
	(void)state;
	struct err err;
	struct secret *secret = NULL;
	SECRET *values = secret_from_hex("00112233445566778899");
	const uint8_t xs[] = {1, 2};
	assert_int_equal(share_combine(2, 3, xs, 2, values, 4, &secret, &err), ERR_INVALID);
	assert_int_equal(share_combine(2, 3, xs, 2, values, 0, &secret, &err), ERR_INVALID);
	assert_int_equal(share_combine(2, 3, xs, 2, values, 65, &secret, &err), ERR_INVALID);
	assert_null(secret);
}

static void
impossible_thresholds_are_refused(void **state)
{
	(void)state;
	struct err err;
	SECRET *secret = secret_from_hex(typed_secret);
	struct secret *values = NULL;
	static const unsigned bad[][2] = {{0, 3}, {4, 3}, {1, 0}, {1, 256}, {0, 0}};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(share_split(secret, bad[i][0], bad[i][1], &values, &err),
		    ERR_INVALID);
	assert_null(values);
}

/* Every subset of N of 5 against every threshold: it opens when it has exactly M. */
static void
every_subset_of_m_opens_and_none_smaller(void **state)
{
	(void)state;
	struct err err;
	SECRET *secret = secret_from_hex(typed_secret);
	for (unsigned m = 1; m <= 5; m++) {
		SECRET *values = NULL;
		assert_int_equal(share_split(secret, m, 5, &values, &err), ERR_OK);
		assert_int_equal(secret_size(values), 5 * 32);
		for (unsigned subset = 0; subset < 32; subset++) {
			SECRET *some = NULL;
			SECRET *opened = NULL;
			uint8_t xs[5];
			unsigned count = 0;
			assert_int_equal(secret_new(5 * 32, &some, &err), ERR_OK);
			for (unsigned x = 1; x <= 5; x++)
				if ((subset >> (x - 1) & 1) != 0) {
					xs[count++] = (uint8_t)x;
					assert_int_equal(secret_append(some,
					                     view_of(secret_data(values) +
					                             (x - 1) * 32,
					                         32),
					                     &err),
					    ERR_OK);
				}
			enum err_code code =
			    share_combine(m, 5, xs, count, some, 32, &opened, &err);
			assert_int_equal(code, count == m ? ERR_OK : ERR_INVALID);
			if (count == m)
				assert_true(secret_equal(opened, secret));
			/* Pretending that fewer are enough gives something else. */
			if (count > 0 && count < m) {
				assert_int_equal(share_combine(count, 5, xs, count, some, 32,
				                     &opened, &err),
				    ERR_OK);
				assert_false(secret_equal(opened, secret));
			}
		}
	}
}

/* 2 of 2 over one byte 0: the value at 1 is the coefficient itself. */
static void
leading_coefficients_are_uniform_and_may_be_zero(void **state)
{
	(void)state;
	struct err err;
	enum { ROUNDS = 1024 };
	unsigned seen[256] = {0};
	uint8_t zeros[SHARE_SECRET_MAX] = {0};
	SECRET *secret = NULL;
	assert_int_equal(secret_from(VIEW_OF(zeros), &secret, &err), ERR_OK);
	for (int i = 0; i < ROUNDS; i++) {
		SECRET *values = NULL;
		assert_int_equal(share_split(secret, 2, 2, &values, &err), ERR_OK);
		for (size_t j = 0; j < SHARE_SECRET_MAX; j++)
			seen[secret_data(values)[j]]++;
	}
	/* 256 are expected of each; 16 is one standard deviation, 160 happens once in 10^22. */
	for (unsigned i = 0; i < 256; i++)
		assert_in_range(seen[i], 96, 416);
}

static void
two_splittings_of_one_secret_share_no_value(void **state)
{
	(void)state;
	struct err err;
	SECRET *secret = secret_from_hex(typed_secret);
	SECRET *first = NULL;
	SECRET *second = NULL;
	assert_int_equal(share_split(secret, 3, 5, &first, &err), ERR_OK);
	assert_int_equal(share_split(secret, 3, 5, &second, &err), ERR_OK);
	for (size_t i = 0; i < 5; i++)
		assert_memory_not_equal(secret_data(first) + 32 * i, secret_data(second) + 32 * i,
		    32);
}

/* Reads {"x":..,"y":..} objects; returns the largest x. */
static unsigned
read_shares(const struct json *array, size_t count, uint8_t *xs, const char **values)
{
	unsigned largest = 1;
	for (size_t i = 0; i < count; i++) {
		struct err err;
		struct json_in in = json_in(json_array_object(array, i), "share", &err);
		xs[i] = (uint8_t)json_in_int(&in, "x", 0, 255);
		values[i] = json_in_text(&in, "y", 0, 128);
		largest = xs[i] > largest ? xs[i] : largest;
		assert_int_equal(json_in_end(&in), ERR_OK);
	}
	return largest;
}

static void
published_vectors_combine(void **state)
{
	(void)state;
	struct err err;
	JSON *sets = vectors_open("shamir-gf256.json");
	if (sets == NULL)
		return;
	struct json_in in = json_in(sets, "vectors", &err);
	const struct json *vectors = json_in_array(&in, "vectors", 11, 11);
	assert_non_null(vectors);
	for (size_t i = 0; i < json_array_count(vectors); i++) {
		SECRET *opened = NULL;
		uint8_t xs[SHARE_COUNT_MAX];
		const char *values[SHARE_COUNT_MAX];
		struct json_in vector = json_in(json_array_object(vectors, i), "vector", &err);
		unsigned k = (unsigned)json_in_int(&vector, "k", 1, 255);
		SECRET *expected = secret_from_hex(json_in_text(&vector, "secret", 2, 128));
		const struct json *shares = json_in_array(&vector, "shares", k, 255);
		assert_non_null(shares);
		unsigned n = read_shares(shares, json_array_count(shares), xs, values);
		assert_int_equal(combine(k, n, xs, values, k, &opened, &err), ERR_OK);
		assert_true(secret_equal(opened, expected));
	}
}

/* What a set without commitments can reject is rejected; where it cannot, the naive result must
 * be the published one, and commitments are what catches it (test_seal.c). */
static void
published_negatives_are_refused_or_left_to_commitments(void **state)
{
	(void)state;
	struct err err;
	JSON *sets = vectors_open("shamir-gf256.json");
	if (sets == NULL)
		return;
	struct json_in in = json_in(sets, "vectors", &err);
	const struct json *negatives = json_in_array(&in, "negative", 9, 9);
	assert_non_null(negatives);
	for (size_t i = 0; i < json_array_count(negatives); i++) {
		SECRET *opened = NULL;
		uint8_t xs[SHARE_COUNT_MAX];
		const char *values[SHARE_COUNT_MAX];
		struct json_in negative =
		    json_in(json_array_object(negatives, i), "negative", &err);
		const char *expect = json_in_text(&negative, "expect", 1, 200);
		const struct json *shares = json_in_array(&negative, "shares", 0, 255);
		const char *naive = json_in_text_optional(&negative, "naive_result", 64, 64);
		assert_non_null(shares);
		size_t count = json_array_count(shares);
		read_shares(shares, count, xs, values);
		enum err_code code = combine(3, 5, xs, values, count, &opened, &err);
		if (strncmp(expect, "reject", 6) == 0) {
			assert_int_equal(code, ERR_INVALID);
			continue;
		}
		assert_int_equal(code, ERR_OK);
		SECRET *right = secret_from_hex(typed_secret);
		assert_false(secret_equal(opened, right));
		if (naive != NULL) {
			SECRET *expected = secret_from_hex(naive);
			assert_true(secret_equal(opened, expected));
		}
	}
}

static void
published_inverse_table_agrees(void **state)
{
	(void)state;
	struct err err;
	JSON *sets = vectors_open("shamir-gf256.json");
	if (sets == NULL)
		return;
	struct json_in in = json_in(sets, "vectors", &err);
	SECRET *table = secret_from_hex(json_in_text(&in, "inverse_table", 512, 512));
	for (unsigned a = 0; a < 256; a++)
		assert_int_equal(share_inverse((uint8_t)a), secret_data(table)[a]);
	assert_string_equal(json_in_text(&in, "mul_table_sha256", 64, 64), mul_table_hash);
}

static int
start(void **state)
{
	(void)state;
	struct err err;
	return crypto_start(&err) == ERR_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(multiplication_is_that_of_the_published_table),
	    cmocka_unit_test(every_inverse_times_its_number_is_one),
	    cmocka_unit_test(typed_vector_combines),
	    cmocka_unit_test(x_of_zero_or_over_n_is_refused),
	    cmocka_unit_test(duplicate_x_is_refused),
	    cmocka_unit_test(wrong_count_is_refused),
	    cmocka_unit_test(wrong_length_is_refused),
	    cmocka_unit_test(impossible_thresholds_are_refused),
	    cmocka_unit_test(every_subset_of_m_opens_and_none_smaller),
	    cmocka_unit_test(leading_coefficients_are_uniform_and_may_be_zero),
	    cmocka_unit_test(two_splittings_of_one_secret_share_no_value),
	    cmocka_unit_test(published_vectors_combine),
	    cmocka_unit_test(published_negatives_are_refused_or_left_to_commitments),
	    cmocka_unit_test(published_inverse_table_agrees),
	};
	return cmocka_run_group_tests(tests, start, NULL);
}
