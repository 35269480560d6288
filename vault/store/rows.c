/* SPDX-License-Identifier: Apache-2.0 */
/* Columns that several tables share: how each kind of value is stored, and what it must look like
 * when it comes back. */
#include "vault/store/rows.h"

#include <string.h>

#include "base/text.h"
#include "vault/seal/envelope.h"

void
store_put_digest(struct sql_query *query, const struct digest *digest)
{
	sql_put_bytes(query, VIEW_OF(digest->bytes));
}

void
store_put_digest_or_null(struct sql_query *query, const struct digest *digest)
{
	static const struct digest zero;
	if (digest_equal(digest, &zero))
		sql_put_null(query);
	else
		store_put_digest(query, digest);
}

void
store_put_id(struct sql_query *query, const struct id *id)
{
	sql_put_bytes(query, VIEW_OF(id->bytes));
}

void
store_put_id_or_null(struct sql_query *query, const struct id *id)
{
	if (id != NULL)
		store_put_id(query, id);
	else
		sql_put_null(query);
}

void
store_put_item(struct sql_query *query, const struct id *ceremony, size_t position)
{
	store_put_id(query, ceremony);
	sql_put_int(query, (int64_t)position);
}

void
store_put_number(struct sql_query *query, const struct secret_id *secret, uint32_t number)
{
	store_put_secret_id(query, secret);
	sql_put_int(query, number);
}

void
store_put_secret_id(struct sql_query *query, const struct secret_id *id)
{
	sql_put_bytes(query, VIEW_OF(id->bytes));
}

void
store_put_version(struct sql_query *query, uint32_t version)
{
	if (version == 0)
		sql_put_null(query);
	else
		sql_put_int(query, version);
}

void
store_put_box(struct sql_query *query, const struct sealed_box *box)
{
	if (box->ciphertext.size == 0) {
		sql_put_null(query);
		sql_put_null(query);
		return;
	}
	sql_put_bytes(query, VIEW_OF(box->enc));
	sql_put_bytes(query, buf_view(&box->ciphertext));
}

void
store_get_digest(struct sql_query *query, const char *column, struct digest *ret_digest)
{
	sql_get_exactly(query, column, ret_digest->bytes, DIGEST_SIZE);
}

void
store_get_id(struct sql_query *query, const char *column, struct id *ret_id)
{
	sql_get_exactly(query, column, ret_id->bytes, ID_SIZE);
}

bool
store_get_digest_or_null(struct sql_query *query, const char *column, struct digest *ret_digest)
{
	bool has = !sql_is_null(query);

	if (has)
		store_get_digest(query, column, ret_digest);
	else
		sql_skip(query);
	return has;
}

bool
store_get_id_or_null(struct sql_query *query, const char *column, struct id *ret_id)
{
	bool has = !sql_is_null(query);

	if (has)
		store_get_id(query, column, ret_id);
	else
		sql_skip(query);
	return has;
}

void
store_get_secret_id(struct sql_query *query, const char *column, struct secret_id *ret_id)
{
	sql_get_exactly(query, column, ret_id->bytes, SECRET_ID_SIZE);
}

uint32_t
store_get_version_number(struct sql_query *query, const char *column)
{
	if (!sql_is_null(query))
		return (uint32_t)sql_get_int(query, column, 1, UINT32_MAX);
	sql_skip(query);
	return 0;
}

uint32_t
store_get_u32(struct sql_query *query, const char *column)
{
	return (uint32_t)sql_get_int(query, column, 0, UINT32_MAX);
}

bool
store_get_flag(struct sql_query *query, const char *column)
{
	return sql_get_int(query, column, 0, 1) == 1;
}

int64_t
store_get_time(struct sql_query *query, const char *column)
{
	return sql_get_int(query, column, 0, INT64_MAX);
}

void
store_get_name(struct sql_query *query, const char *column, char ret_name[SEAT_NAME_MAX + 1])
{
	char name[SEAT_NAME_MAX + 1] = "";
	sql_get_text(query, column, name, sizeof(name));
	if (!text_is_name(name))
		sql_fail(query, column, "is no name");
	if (query->code == ERR_OK)
		memcpy(ret_name, name, sizeof(name));
}

unsigned
store_get_state(struct sql_query *query, const char *column, const char *const *names)
{
	char name[16] = "";
	sql_get_text(query, column, name, sizeof(name));
	for (unsigned i = 0; names[i] != NULL; i++) {
		if (strcmp(name, names[i]) == 0)
			return i;
	}
	sql_fail(query, column, "is no state that we know");
	return 0;
}

void
store_get_box(struct sql_query *query, size_t max, struct sealed_box *ret_box)
{
	CLEANUP(sealed_box_done) struct sealed_box box = {0};
	sql_get_exactly(query, "enc", box.enc, sizeof(box.enc));
	sql_get_bytes(query, "ciphertext", 1, max, &box.ciphertext);
	if (query->code != ERR_OK)
		return;
	*ret_box = box;
	box.ciphertext = (struct buf){0};
}
