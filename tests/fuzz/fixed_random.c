/* SPDX-License-Identifier: Apache-2.0 */
/* The same input does the same thing in every run: nonces and challenges are known beforehand. */
#include <string.h>

#include "base/crypto.h"
#include "base/random.h"
#include "tests/fuzz/target.h"

enum err_code __wrap_random_bytes(void *ret_bytes, size_t size, struct err *err);

enum err_code
__wrap_random_bytes(void *ret_bytes, size_t size, struct err *err)
{
	(void)err;
	memset(ret_bytes, FIXED_RANDOM, size);
	return ERR_OK;
}
