/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka, and assertions about functions that end in a struct err.  A test has `struct err err`. */
#ifndef TESTS_UNIT_CHECK_H
#define TESTS_UNIT_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/secret.h"

#define assert_ok(call)                                                                            \
	do {                                                                                       \
		if ((call) != ERR_OK)                                                              \
			fail_msg("%s: %s (%s)", #call, err.text, err_name(err.code));              \
	} while (0)

/* CALL fails with CODE, and ERR says so. */
#define assert_error(code_, call)                                                                  \
	do {                                                                                       \
		enum err_code got_ = (call);                                                       \
                                                                                                   \
		if (got_ != (code_))                                                               \
			fail_msg("%s: %s instead of %s: %s", #call, err_name(got_),                \
			    err_name(code_), got_ != ERR_OK ? err.text : "");                      \
		assert_int_equal(err.code, (code_));                                               \
		assert_true(err.text[0] != '\0');                                                  \
	} while (0)

/* The error's text contains PART. */
#define assert_says(part)                                                                          \
	do {                                                                                       \
		if (strstr(err.text, (part)) == NULL)                                              \
			fail_msg("\"%s\" does not say \"%s\"", err.text, (part));                  \
	} while (0)

/* For tests that fault on purpose, or look at what valgrind itself is for. */
static inline bool
under_valgrind(void)
{
	const char *preloaded = getenv("LD_PRELOAD");

	return preloaded != NULL && strstr(preloaded, "vgpreload") != NULL;
}

static inline void
assert_view(struct view got, struct view expected)
{
	assert_int_equal(got.size, expected.size);
	if (got.size > 0)
		assert_memory_equal(got.data, expected.data, got.size);
}

/* A copy of BYTES in a heap block of exactly their size, so that a checker sees each byte too
 * far; free() it. */
static inline uint8_t *
exact_copy(struct view bytes)
{
	uint8_t *copy = malloc(bytes.size > 0 ? bytes.size : 1);

	assert_non_null(copy);
	if (bytes.size > 0)
		memcpy(copy, bytes.data, bytes.size);
	return copy;
}

#endif
