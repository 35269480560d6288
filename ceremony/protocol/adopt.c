/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/protocol/adopt.h"

#include <stdlib.h>
#include <string.h>

#include "base/hpke_info.h"

static const struct member item_members[] = {
    {"secret", MEMBER_HEX, FIELD(struct adopt_item, secret)},
    {"definition", MEMBER_HEX, FIELD(struct adopt_item, definition)},
    {"version", MEMBER_NUMBER, FIELD(struct adopt_item, version), .max = UINT32_MAX},
    {NULL},
};
/* "secrets" stands between the two. */
static const struct member adopt_members[] = {
    {"vault", MEMBER_HEX, FIELD(struct adopt, vault)},
    {"seat", MEMBER_NAME, FIELD(struct adopt, seat)},
    {"token", MEMBER_HEX, FIELD(struct adopt, token)},
    {"box_key", MEMBER_HEX, FIELD(struct adopt, box_key)},
    {"rotate", MEMBER_BOOL, FIELD(struct adopt, rotate)},
    {NULL},
};
static const struct member time_members[] = {
    {"created", MEMBER_TIME, FIELD(struct adopt, created)},
    {"expires", MEMBER_TIME, FIELD(struct adopt, expires)},
    {NULL},
};

void
adopt_done(struct adopt *adopt)
{
	free(adopt->items);
	*adopt = (struct adopt){0};
}

enum err_code
adopt_payload(const struct adopt *adopt, struct json **ret_payload, struct err *err)
{
	struct json *payload = payload_begin(adopt_members, adopt);

	members_put_rows(payload, "secrets", item_members, adopt->items, sizeof(*adopt->items),
	    adopt->count);
	members_put(payload, time_members, adopt);
	return payload_finish(payload, ret_payload, err);
}

static enum err_code
read_items(const struct json *array, struct adopt *adopt, struct err *err)
{
	size_t count = json_array_count(array);

	adopt->items = calloc(count, sizeof(*adopt->items));
	if (adopt->items == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a statement");
	for (size_t i = 0; i < count; i++) {
		struct adopt_item item = {0};

		TRY(members_read(json_array_object(array, i), "adopt: secrets", item_members, &item,
		    err));
		if (adopt_find(adopt, &item.secret) != NULL)
			return err_set(err, ERR_INVALID, "adopt: secrets[%zu]: stands twice", i);
		adopt->items[adopt->count++] = item;
	}
	return ERR_OK;
}

enum err_code
adopt_parse(const struct dsse *statement, bool training, struct adopt *ret_adopt, struct err *err)
{
	JSON *payload = NULL;
	ADOPT adopt = {0};
	struct json_in in = statement_in(statement, STATEMENT_ADOPT, training, &payload, err);

	members_in(&in, adopt_members, &adopt);
	const struct json *items = json_in_array(&in, "secrets", 1, ADOPT_SECRETS);
	members_in(&in, time_members, &adopt);
	TRY(json_in_end(&in));
	TRY(read_items(items, &adopt, err));
	TRY(dsse_digest(statement, &adopt.digest, err));
	*ret_adopt = adopt;
	adopt.items = NULL;
	return ERR_OK;
}

const struct adopt_item *
adopt_find(const struct adopt *adopt, const struct secret_id *secret)
{
	for (size_t i = 0; i < adopt->count; i++)
		if (memcmp(&adopt->items[i].secret, secret, sizeof(*secret)) == 0)
			return &adopt->items[i];
	return NULL;
}

enum err_code
adopt_info(const struct digest *vault, const struct adopt_item *item, struct digest *ret_info,
    struct err *err)
{
	BUF bytes = {0};

	hpke_info_begin(&bytes, "halligan/v1 adopt", vault);
	buf_bytes(&bytes, VIEW_OF(item->secret.bytes));
	buf_bytes(&bytes, VIEW_OF(item->definition.bytes));
	return hpke_info_end(&bytes, ret_info, err);
}

enum err_code
adopt_box_digest(const struct adopt *adopt, const struct adopt_item *item, const struct point *enc,
    struct view ciphertext, struct digest *ret_digest, struct err *err)
{
	BUF bytes = {0};

	hpke_info_begin(&bytes, "halligan/v1 adopt box", &adopt->vault);
	buf_bytes(&bytes, VIEW_OF(adopt->digest.bytes));
	buf_bytes(&bytes, VIEW_OF(item->secret.bytes));
	buf_bytes(&bytes, VIEW_OF(enc->bytes));
	buf_lp32(&bytes, ciphertext);
	return hpke_info_end(&bytes, ret_digest, err);
}
