/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The polynomial of byte i is s[i] + c1[i] x + ... + c(m-1)[i] x^(m-1); all coefficients come from
 * one getrandom buffer in secret memory, are uniform over 0..255 and are used once.  Evaluation is
 * Horner's, interpolation Lagrange's at 0.  The x are public, secrets and coefficients are not:
 * nothing below branches on them or indexes with them.
 */
#include "vault/seal/share.h"

#include <string.h>

uint8_t
share_multiply(uint8_t a, uint8_t b)
{
	unsigned product = 0, factor = a, bits = b;
	for (int i = 0; i < 8; i++) {
		product ^= factor & (0u - (bits & 1u));
		factor = (factor << 1) ^ (0x11bu & (0u - (factor >> 7)));
		bits >>= 1;
	}
	return (uint8_t)product;
}

/* a^254 = a^2 * a^4 * ... * a^128. */
uint8_t
share_inverse(uint8_t a)
{
	uint8_t power = a, inverse = 1;
	for (int i = 1; i < 8; i++) {
		power = share_multiply(power, power);
		inverse = share_multiply(inverse, power);
	}
	return inverse;
}

static enum err_code
check_threshold(unsigned m, unsigned n, size_t size, struct err *err)
{
	if (m < 1 || m > n || n > SHARE_COUNT_MAX)
		return err_set(err, ERR_INVALID,
		    "shares: %u of %u is not a threshold (1 <= m <= n <= %d)", m, n,
		    (int)SHARE_COUNT_MAX);
	if (size < 1 || size > SHARE_SECRET_MAX)
		return err_set(err, ERR_INVALID, "shares: a secret of %zu bytes, expected 1 to %d",
		    size, (int)SHARE_SECRET_MAX);
	return ERR_OK;
}

/* The value at X: COEFFICIENTS holds c1, c2, ... of SIZE bytes each. */
static void
evaluate(const uint8_t *secret, const uint8_t *coefficients, unsigned m, size_t size, uint8_t x,
    uint8_t *ret_value)
{
	memset(ret_value, 0, size);
	for (size_t power = m - 1; power > 0; power--)
		for (size_t i = 0; i < size; i++)
			ret_value[i] =
			    share_multiply(ret_value[i] ^ coefficients[(power - 1) * size + i], x);
	for (size_t i = 0; i < size; i++)
		ret_value[i] ^= secret[i];
}

enum err_code
share_split(const struct secret *secret, unsigned m, unsigned n, struct secret **ret_values,
    struct err *err)
{
	SECRET *coefficients = NULL;
	SECRET *values = NULL;
	struct view input = secret_view(secret);
	TRY(check_threshold(m, n, input.size, err));
	size_t random = (m - 1) * input.size;
	TRY(secret_new(random > 0 ? random : 1, &coefficients, err));
	if (random > 0)
		TRY(secret_random(coefficients, random, err));
	TRY(secret_new(n * input.size, &values, err));
	for (unsigned x = 1; x <= n; x++)
		evaluate(input.data, secret_data(coefficients), m, input.size, (uint8_t)x,
		    secret_data(values) + (x - 1) * input.size);
	TRY(secret_resize(values, n * input.size, err));
	*ret_values = TAKE(values);
	return ERR_OK;
}

static enum err_code
check_xs(unsigned n, const uint8_t *xs, size_t count, struct err *err)
{
	bool seen[SHARE_COUNT_MAX + 1] = {false};
	for (size_t i = 0; i < count; i++) {
		if (xs[i] == 0 || xs[i] > n)
			return err_set(err, ERR_INVALID, "shares: x is %u, expected 1 to %u", xs[i],
			    n);
		if (seen[xs[i]])
			return err_set(err, ERR_INVALID, "shares: x %u is given twice", xs[i]);
		seen[xs[i]] = true;
	}
	return ERR_OK;
}

/* The factor of share I in the value at 0: the product of xj / (xj - xi) over all others. */
static uint8_t
lagrange(const uint8_t *xs, size_t count, size_t i)
{
	uint8_t factor = 1;
	for (size_t j = 0; j < count; j++)
		if (j != i)
			factor = share_multiply(factor,
			    share_multiply(xs[j], share_inverse(xs[j] ^ xs[i])));
	return factor;
}

enum err_code
share_combine(unsigned m, unsigned n, const uint8_t *xs, size_t count, const struct secret *values,
    size_t size, struct secret **ret_secret, struct err *err)
{
	SECRET *secret = NULL;
	TRY(check_threshold(m, n, size, err));
	if (count != m)
		return err_set(err, ERR_INVALID, "shares: %zu given, exactly %u needed", count, m);
	struct view input = secret_view(values);
	if (input.size != count * size)
		return err_set(err, ERR_INVALID,
		    "shares: %zu bytes given, expected %zu of %zu bytes", input.size, count, size);
	TRY(check_xs(n, xs, count, err));
	TRY(secret_new(size, &secret, err));
	for (size_t i = 0; i < count; i++) {
		uint8_t factor = lagrange(xs, count, i);
		for (size_t j = 0; j < size; j++)
			secret_data(secret)[j] ^= share_multiply(input.data[i * size + j], factor);
	}
	TRY(secret_resize(secret, size, err));
	*ret_secret = TAKE(secret);
	return ERR_OK;
}
