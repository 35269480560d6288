/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken for a point of P-256. */
#include "base/crypto_key.h"
#include "tests/lib/p256_sign.h"
#include "tests/unit/check.h"
#include "tests/unit/vectors.h"

static void
only_uncompressed_points_of_65_bytes_on_the_curve_are_taken(void **state)
{
	uint8_t bytes[POINT_SIZE + 1] = {0};
	struct point public, point;
	P256_KEY *key = NULL;
	struct err err;

	(void)state;
	assert_ok(p256_key_new(&key, &err));
	p256_key_public(key, &public);
	memcpy(bytes, public.bytes, POINT_SIZE);
	for (size_t size = 0; size <= POINT_SIZE + 1; size++) {
		uint8_t *exact = exact_copy(view_of(bytes, size));

		if (size == POINT_SIZE)
			assert_ok(point_from(view_of(exact, size), &point, &err));
		else
			assert_error(ERR_INVALID, point_from(view_of(exact, size), &point, &err));
		free(exact);
	}
	assert_true(point_equal(&point, &public));
	for (unsigned first = 0; first <= 255; first++) { /* hybrid: 06, 07; compressed: 02, 03 */
		bytes[0] = (uint8_t)first;
		if (first != 4)
			assert_error(ERR_INVALID,
			    point_from(view_of(bytes, POINT_SIZE), &point, &err));
	}
	bytes[0] = 4;
	for (size_t i = 1; i < POINT_SIZE; i++) {
		bytes[i] ^= 4;
		assert_error(ERR_INVALID, point_from(view_of(bytes, POINT_SIZE), &point, &err));
		bytes[i] ^= 4;
	}
	/* Compressed, hybrid with the right parity, infinity. */
	bytes[0] = (uint8_t)(2 + (bytes[64] & 1));
	assert_error(ERR_INVALID, point_from(view_of(bytes, 33), &point, &err));
	bytes[0] = (uint8_t)(6 + (bytes[64] & 1));
	assert_error(ERR_INVALID, point_from(view_of(bytes, POINT_SIZE), &point, &err));
	bytes[0] = 0;
	assert_error(ERR_INVALID, point_from(view_of(bytes, 1), &point, &err));
	memset(bytes, 0, sizeof(bytes));
	bytes[0] = 4;
	assert_error(ERR_INVALID, point_from(view_of(bytes, POINT_SIZE), &point, &err));
}

static void
agreement_and_verification_check_the_point_again(void **state)
{
	static const struct digest digest;
	P256_KEY *key = NULL;
	SECRET *shared = NULL;
	struct point point;
	BUF signature = {0};
	struct err err;

	(void)state;
	assert_ok(p256_key_new(&key, &err));
	assert_ok(p256_sign(key, &digest, &signature, &err));
	p256_key_public(key, &point);
	point.bytes[64] ^= 1;
	assert_error(ERR_INVALID, p256_agree(key, &point, &shared, &err));
	assert_error(ERR_INVALID, p256_verify(&point, &digest, buf_view(&signature), &err));
	point.bytes[64] ^= 1;
	point.bytes[0] = (uint8_t)(6 + (point.bytes[64] & 1));
	assert_error(ERR_INVALID, p256_agree(key, &point, &shared, &err));
	assert_error(ERR_INVALID, p256_verify(&point, &digest, buf_view(&signature), &err));
	assert_null(shared);
}

/* POINT is refused by whatever takes one. */
static void
refused(const struct point *point)
{
	static const struct digest digest;
	P256_KEY *key = NULL;
	SECRET *shared = NULL;
	struct point taken;
	BUF signature = {0};
	struct err err;

	assert_ok(p256_key_new(&key, &err));
	assert_ok(p256_sign(key, &digest, &signature, &err));
	assert_error(ERR_INVALID, point_from(VIEW_OF(point->bytes), &taken, &err));
	assert_error(ERR_INVALID, p256_agree(key, point, &shared, &err));
	assert_error(ERR_INVALID, p256_verify(point, &digest, buf_view(&signature), &err));
	assert_null(shared);
}

static struct point
point_of_hex(const char *x, const char *y)
{
	struct point point = {{4}};
	BUF first = {0}, second = {0};

	bytes_from_hex(x, &first);
	bytes_from_hex(y, &second);
	assert_true(first.size == SCALAR_SIZE && second.size == SCALAR_SIZE);
	memcpy(point.bytes + 1, first.data, SCALAR_SIZE);
	memcpy(point.bytes + 1 + SCALAR_SIZE, second.data, SCALAR_SIZE);
	return point;
}

/* With x = 0 and with y = 5 there are points; p more is the same number, and no spelling of it. */
static void
a_coordinate_of_p_or_more_is_refused(void **state)
{
	static const char zero[] =
	    "0000000000000000000000000000000000000000000000000000000000000000";
	static const char five[] =
	    "0000000000000000000000000000000000000000000000000000000000000005";
	static const char y_of_zero[] =
	    "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4";
	static const char x_of_five[] =
	    "d7325d7646cd60d80a92738ceb345f844cffaf35841022cab176f692de8de1d7";
	static const char p[] = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
	static const char p_and_five[] =
	    "ffffffff00000001000000000000000000000001000000000000000000000004";
	struct point point, taken;
	struct err err;

	(void)state;
	point = point_of_hex(zero, y_of_zero);
	assert_ok(point_from(VIEW_OF(point.bytes), &taken, &err));
	point = point_of_hex(x_of_five, five);
	assert_ok(point_from(VIEW_OF(point.bytes), &taken, &err));
	point = point_of_hex(p, y_of_zero);
	refused(&point);
	point = point_of_hex(x_of_five, p_and_five);
	refused(&point);
	memset(point.bytes + 1, 0xff, POINT_SIZE - 1);
	refused(&point);
}

static void
infinity_and_points_off_the_curve_are_refused(void **state)
{
	/* The generator of P-256 with y + 1, and that of secp256k1, another curve over 256 bits. */
	struct point off =
	    point_of_hex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
	        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f6");
	struct point other =
	    point_of_hex("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
	        "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8");
	struct point infinity = {{0}}; /* and zeros behind its one byte */

	(void)state;
	refused(&off);
	refused(&other);
	refused(&infinity);
	infinity.bytes[0] = 4;
	refused(&infinity);
}

static int
start(void **state)
{
	struct err err;

	(void)state;
	return crypto_start(&err) == ERR_OK ? 0 : -1;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_uncompressed_points_of_65_bytes_on_the_curve_are_taken),
	    cmocka_unit_test(agreement_and_verification_check_the_point_again),
	    cmocka_unit_test(a_coordinate_of_p_or_more_is_refused),
	    cmocka_unit_test(infinity_and_points_off_the_curve_are_refused),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
