/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locked pages, the ground under base/secret.h: whole pages between two guard pages that fault on
 * any access, never swapped, in no core file, not in children (a child of fork has nothing at
 * these addresses).  For base/ only.
 */
#ifndef BASE_LOCKED_H
#define BASE_LOCKED_H

#include <stdint.h>

#include "base/err.h"

/* SIZE writable bytes, a multiple of the page size, all zero. */
struct locked {
	uint8_t *data;
	size_t size;
};

/* At least SIZE bytes.  ERR_MEMORY names RLIMIT_MEMLOCK and how to raise it. */
enum err_code locked_new(size_t size, struct locked *ret_pages, struct err *err) MUST_CHECK;
/* The same for a thread's stack: always mlock(2), because the kernel cannot put the futex by which
 * the thread is joined on pages that it does not see itself. */
enum err_code locked_new_stack(size_t size, struct locked *ret_pages, struct err *err) MUST_CHECK;
/* ERR_MEMORY, which says the same, unless SIZE bytes more can be locked now; locks nothing. */
enum err_code locked_room(size_t size, struct err *err) MUST_CHECK;
/* Wipes and unmaps. */
void locked_free(struct locked pages);
/* The error for SIZE bytes that could not be locked. */
enum err_code locked_refused(size_t size, int error_number, struct err *err);
/* "memfd_secret" or "mlock". */
const char *locked_kind(void);

#endif
