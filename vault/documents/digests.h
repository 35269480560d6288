/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of digests in JSON: arrays of 64 lower-case hex digits each. */
#ifndef VAULT_DOCUMENTS_DIGESTS_H
#define VAULT_DOCUMENTS_DIGESTS_H

#include "base/crypto.h"
#include "base/json.h"

void put_digests(struct json *object, const char *name, const struct digest *digests, size_t count);
/* Element INDEX of ARRAY; false when it is no digest. */
bool read_digest(const struct json *array, size_t index, struct digest *ret_digest);
/* Each once; there is room for all of ARRAY, which WHAT names.  ERR_INVALID. */
enum err_code read_digests(const struct json *array, const char *what, struct digest *ret_digests,
    size_t *ret_count, struct err *err) MUST_CHECK;

#endif
