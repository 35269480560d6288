/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Published vectors of logs and notes: JSON that our own strict reader refuses (texts with newlines,
 * numbers beyond 63 bits, nulls), so jansson reads it itself.  The folder is that of vectors.h.
 */
#ifndef TESTS_UNIT_LOG_VECTORS_H
#define TESTS_UNIT_LOG_VECTORS_H

#include <jansson.h>

#include "base/crypto.h"

/* NULL, after saying so, when the file is not there, as vectors_open().  json_decref() the result. */
json_t *log_vectors_open(const char *name);
/* Base64 (null: nothing) of exactly 32 bytes; false otherwise. */
bool log_vector_hash(const json_t *value, struct digest *ret_hash);
/* Hex of exactly 32 bytes; asserts. */
struct digest log_vector_hex(const json_t *value);
/* Numbers up to 2^64 - 1. */
uint64_t log_vector_number(const json_t *value);

#endif
