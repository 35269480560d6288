/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shamir's secret sharing over GF(2^8), polynomial 0x11b, byte by byte: y = s + c1 x + ... +
 * c(m-1) x^(m-1), x = 1..n.  Coefficients are uniform (zero allowed) from one getrandom buffer.
 * Multiplication is eight masked steps: no tables, no branch on data.
 */
#ifndef VAULT_SEAL_SHARE_H
#define VAULT_SEAL_SHARE_H

#include "base/secret.h"

enum { SHARE_SECRET_MAX = 64, SHARE_COUNT_MAX = 255 };

/* Split SECRET (1..64 bytes) into N values of the same size: RET_VALUES is one secret of
 * n * size bytes, the value of x standing at (x - 1) * size.  1 <= M <= N <= 255. */
enum err_code share_split(const struct secret *secret, unsigned m, unsigned n,
    struct secret **ret_values, struct err *err) MUST_CHECK;
/* COUNT must be M; every X in 1..N and distinct; VALUES holds them in the order of XS, each
 * SIZE bytes.  Anything else is ERR_INVALID before any arithmetic.  It cannot tell wrong values
 * from right ones: check commitments first. */
enum err_code share_combine(unsigned m, unsigned n, const uint8_t *xs, size_t count,
    const struct secret *values, size_t size, struct secret **ret_secret,
    struct err *err) MUST_CHECK;

/* Exposed for tests against the published tables. */
uint8_t share_multiply(uint8_t a, uint8_t b);
uint8_t share_inverse(uint8_t a); /* of 0 is 0 */

#endif
