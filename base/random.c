/* SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

enum err_code
random_bytes(void *ret_bytes, size_t size, struct err *err)
{
	uint8_t *at = ret_bytes;

	while (size > 0) {
		ssize_t got = getrandom(at, size, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_errno(err, ERR_CRYPTO, got < 0 ? errno : EIO,
			    "the kernel gives no random bytes");
		at += got;
		size -= (size_t)got;
	}
	return ERR_OK;
}
