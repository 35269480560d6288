/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/protocol/statement_parts.h"

#include <stdio.h>

#include "base/crypto_key.h"
#include "base/text.h"

enum { NONCE_SIZE = 16 };

struct json *
parts_new(const struct digest *vault)
{
	return parts_new_as(RECORD_FORMAT, vault);
}

struct json *
parts_new_as(int format, const struct digest *vault)
{
	struct json *payload = json_new_object();

	json_put_int(payload, "format", format);
	json_put_hex(payload, "vault", VIEW_OF(vault->bytes));
	return payload;
}

void
parts_in(struct json_in *in, struct digest *ret_vault)
{
	parts_in_as(in, RECORD_FORMAT, ret_vault);
}

void
parts_in_as(struct json_in *in, int format, struct digest *ret_vault)
{
	uint8_t nonce[NONCE_SIZE];

	(void)json_in_int(in, "format", format, format);
	parts_in_digest(in, "vault", ret_vault);
	json_in_hex(in, "nonce", nonce, sizeof(nonce));
}

const char *
parts_line(const char *what, const char *list, size_t index, char line[LINE_SIZE])
{
	snprintf(line, LINE_SIZE, "%s: %s[%zu]", what, list, index);
	return line;
}

void
parts_in_text(struct json_in *in, const char *name, size_t min, char *ret_text, size_t size)
{
	snprintf(ret_text, size, "%s", json_in_text(in, name, min, size - 1));
}

void
parts_in_name(struct json_in *in, const char *name, char *ret_text, size_t size)
{
	parts_in_text(in, name, 1, ret_text, size);
	if (in->code == ERR_OK && !text_is_name(ret_text))
		json_in_fail(in, name, "not a name (a-z 0-9 - _ . /, first a letter or digit)");
}

void
parts_in_digest(struct json_in *in, const char *name, struct digest *ret_digest)
{
	json_in_hex(in, name, ret_digest->bytes, DIGEST_SIZE);
}

void
parts_in_point(struct json_in *in, const char *name, struct point *ret_point)
{
	struct err cause;

	json_in_hex(in, name, ret_point->bytes, POINT_SIZE);
	if (in->code == ERR_OK &&
	    point_from(VIEW_OF(ret_point->bytes), ret_point, &cause) != ERR_OK)
		json_in_fail(in, name, "not a point of P-256");
}

void
parts_in_checkpoint(struct json_in *in, uint64_t *ret_size, struct digest *ret_root)
{
	*ret_size = (uint64_t)json_in_int(in, "size", 0, INT64_MAX);
	parts_in_digest(in, "root", ret_root);
}

void
parts_put_checkpoint(struct json *payload, uint64_t size, const struct digest *root)
{
	json_put_int(payload, "size", (int64_t)size);
	json_put_hex(payload, "root", VIEW_OF(root->bytes));
}

enum err_code
parts_finish(struct json *payload, struct json **ret_payload, struct err *err)
{
	if (payload == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a statement");
	*ret_payload = payload;
	return ERR_OK;
}
