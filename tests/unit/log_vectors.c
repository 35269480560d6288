/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/log_vectors.h"

#include <stdio.h>

#include "base/base64.h"
#include "base/file.h"
#include "base/text.h"
#include "tests/unit/check.h"

json_t *
log_vectors_open(const char *name)
{
	const char *folder = getenv("HALLIGAN_VECTORS");
	char path[4096];
	struct err err;
	json_error_t error;
	if (folder == NULL || folder[0] == '\0')
		folder = HALLIGAN_SOURCE "/../shared/vectors";
	assert_ok(file_path(folder, name, path, &err));
	if (!file_exists(path)) {
		printf("# skipped: there is no vector file %s (HALLIGAN_VECTORS)\n", name);
		return NULL;
	}
	json_t *json =
	    json_load_file(path, JSON_DECODE_INT_AS_REAL | JSON_REJECT_DUPLICATES, &error);
	if (json == NULL)
		fail_msg("%s: %s", path, error.text);
	return json;
}

bool
log_vector_hash(const json_t *value, struct digest *ret_hash)
{
	BUF bytes = {0};
	if (!json_is_string(value) ||
	    !buf_from_base64(&bytes, view_of_text(json_string_value(value))) ||
	    bytes.size != DIGEST_SIZE)
		return false;
	memcpy(ret_hash->bytes, bytes.data, DIGEST_SIZE);
	return true;
}

struct digest
log_vector_hex(const json_t *value)
{
	struct digest hash;
	assert_true(json_is_string(value));
	assert_true(text_from_hex(json_string_value(value), hash.bytes, DIGEST_SIZE));
	return hash;
}

uint64_t
log_vector_number(const json_t *value)
{
	assert_true(json_is_real(value));
	double number = json_real_value(value);
	return number >= 18446744073709551615.0 ? UINT64_MAX : (uint64_t)number;
}
