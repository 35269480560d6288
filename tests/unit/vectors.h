/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Published test vectors in JSON, from the folder $HALLIGAN_VECTORS or ../shared/vectors beside
 * the source tree.  They are used where they exist; tests/lib/vectors lists them.
 * All functions assert: a vector file that cannot be understood is a failure.
 */
#ifndef TESTS_UNIT_VECTORS_H
#define TESTS_UNIT_VECTORS_H

#include "base/json.h"
#include "base/secret.h"

/* NULL, after saying so, when the file is not there: then the test has nothing to do, and must return.
 * (cmocka's skip() is a failure in TAP, so lint takes none; the suite counts what is said: tests/lib/report.py.)
 * json_free() the result. */
struct json *vectors_open(const char *name);
/* The members of one vector. */
const struct json *vector_array(const struct json *object, const char *name);
const char *vector_text(const struct json *object, const char *name);
int64_t vector_number(const struct json *object, const char *name);
/* Hex of any size; RET_BYTES is replaced. */
void vector_bytes(const struct json *object, const char *name, struct buf *ret_bytes);
struct secret *vector_secret(const struct json *object, const char *name);
/* Hex typed into a test. */
void bytes_from_hex(const char *hex, struct buf *ret_bytes);
struct secret *secret_from_hex(const char *hex);

#endif
