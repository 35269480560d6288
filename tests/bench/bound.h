/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL's own operations and nothing around them: what the cryptography of a row costs at the least. */
#ifndef TESTS_BENCH_BOUND_H
#define TESTS_BENCH_BOUND_H

#include <stdint.h>

/* What is done, so many times each. */
struct bound {
	uint64_t agree;    /* a P-256 key is made, and an agreement with it */
	uint64_t verify;   /* of a P-256 signature over a digest */
	uint64_t sign;     /* Ed25519, a message of 300 bytes */
	uint64_t check;    /* the same verified */
	uint64_t messages; /* SHA-256, each by itself */
	uint64_t bytes;    /* of these messages together */
};
/* Microseconds of CPU; -1: OpenSSL failed. */
double bound_measure(const struct bound *bound);

#endif
