/* SPDX-License-Identifier: Apache-2.0 */
/* Vector files may have members that we have no use for, so json_in_end() is not asked. */
#include "tests/unit/vectors.h"

#include <stdio.h>

#include "base/file.h"
#include "base/json_in.h"
#include "base/text.h"
#include "tests/unit/check.h"

struct json *
vectors_open(const char *name)
{
	const char *folder = getenv("HALLIGAN_VECTORS");
	struct json *json = NULL;
	char path[4096];
	struct err err;
	BUF text = {0};

	if (folder == NULL || folder[0] == '\0')
		folder = HALLIGAN_SOURCE "/../shared/vectors";
	assert_ok(file_path(folder, name, path, &err));
	if (!file_exists(path)) {
		printf("# skipped: there is no vector file %s (HALLIGAN_VECTORS)\n", name);
		return NULL;
	}
	assert_ok(file_read(path, JSON_TEXT_MAX, &text, &err));
	assert_ok(json_parse(buf_view(&text), &json, &err));
	return json;
}

const struct json *
vector_array(const struct json *object, const char *name)
{
	struct err err;
	struct json_in in = json_in(object, "vector", &err);
	const struct json *array = json_in_array(&in, name, 0, SIZE_MAX);

	assert_ok(in.code);
	return array;
}

const char *
vector_text(const struct json *object, const char *name)
{
	struct err err;
	struct json_in in = json_in(object, "vector", &err);
	const char *text = json_in_text(&in, name, 0, SIZE_MAX);

	assert_ok(in.code);
	return text;
}

int64_t
vector_number(const struct json *object, const char *name)
{
	struct err err;
	struct json_in in = json_in(object, "vector", &err);
	int64_t number = json_in_int(&in, name, 0, INT64_MAX);

	assert_ok(in.code);
	return number;
}

void
bytes_from_hex(const char *hex, struct buf *ret_bytes)
{
	size_t size = strlen(hex) / 2;
	uint8_t *bytes;

	buf_done(ret_bytes);
	bytes = buf_space(ret_bytes, size);
	assert_non_null(bytes);
	assert_true(text_from_hex(hex, bytes, size));
}

struct secret *
secret_from_hex(const char *hex)
{
	struct secret *secret = NULL;
	struct err err;
	BUF bytes = {0};

	bytes_from_hex(hex, &bytes);
	assert_ok(secret_from(buf_view(&bytes), &secret, &err));
	return secret;
}

void
vector_bytes(const struct json *object, const char *name, struct buf *ret_bytes)
{
	bytes_from_hex(vector_text(object, name), ret_bytes);
}

struct secret *
vector_secret(const struct json *object, const char *name)
{
	return secret_from_hex(vector_text(object, name));
}
