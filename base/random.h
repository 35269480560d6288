/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random bytes of the kernel.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include "base/err.h"

/* SIZE bytes from getrandom(2), which waits until the kernel has gathered enough; for public values
 * (nonces, ids, salts): secret ones go through secret_random.  ERR_CRYPTO. */
enum err_code random_bytes(void *ret_bytes, size_t size, struct err *err) MUST_CHECK;

#endif
