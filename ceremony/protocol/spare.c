/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/protocol/spare.h"

#include <stdlib.h>
#include <string.h>

#include "base/hpke_info.h"
#include "ceremony/protocol/statement_parts.h"

void
spare_done(struct spare *spare)
{
	free(spare->opens);
	*spare = (struct spare){0};
}

static struct json *
open_json(const struct spare_open *open)
{
	struct json *object = json_new_object();

	json_put_hex(object, "secret", VIEW_OF(open->secret.bytes));
	json_put_int(object, "version", open->version);
	json_put_hex(object, "header", VIEW_OF(open->header.bytes));
	json_put_int(object, "envelope", open->envelope);
	return object;
}

enum err_code
spare_payload(const struct spare *spare, struct json **ret_payload, struct err *err)
{
	struct json *payload = parts_new(&spare->vault), *opens = json_new_array();

	json_put_text(payload, "seat", spare->seat);
	json_put_hex(payload, "from", VIEW_OF(spare->from.bytes));
	json_put_hex(payload, "to", VIEW_OF(spare->to.bytes));
	json_put_hex(payload, "enc", VIEW_OF(spare->enc.bytes));
	json_put_hex(payload, "reply", VIEW_OF(spare->reply.bytes));
	json_put_hex(payload, "box_key", VIEW_OF(spare->box_key.bytes));
	for (size_t i = 0; i < spare->count; i++)
		json_add(opens, open_json(&spare->opens[i]));
	json_put(payload, "opens", opens);
	json_put_time(payload, "time", spare->time);
	parts_put_checkpoint(payload, spare->size, &spare->root);
	return parts_finish(payload, ret_payload, err);
}

static enum err_code
read_open(const struct json *object, struct spare *spare, struct err *err)
{
	struct json_in in = json_in(object, "spare: opens", err);
	struct spare_open open = {0};

	json_in_hex(&in, "secret", open.secret.bytes, SECRET_ID_SIZE);
	open.version = (uint32_t)json_in_int(&in, "version", 1, UINT32_MAX);
	parts_in_digest(&in, "header", &open.header);
	open.envelope = (uint32_t)json_in_int(&in, "envelope", 0, HEADER_ENVELOPES - 1);
	TRY(json_in_end(&in));
	if (spare_find(spare, &open.secret, open.version) != NULL)
		return err_set(err, ERR_INVALID, "spare: opens[%zu]: stands twice", spare->count);
	spare->opens[spare->count++] = open;
	return ERR_OK;
}

static enum err_code
read_opens(const struct json *array, struct spare *spare, struct err *err)
{
	size_t count = json_array_count(array);

	spare->opens = calloc(count, sizeof(*spare->opens));
	if (spare->opens == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a statement");
	for (size_t i = 0; i < count; i++)
		TRY(read_open(json_array_object(array, i), spare, err));
	return ERR_OK;
}

enum err_code
spare_parse(const struct dsse *statement, bool training, struct spare *ret_spare, struct err *err)
{
	JSON *payload = NULL;
	SPARE spare = {0};

	TRY(statement_payload(statement, STATEMENT_SPARE, training, &payload, err));
	struct json_in in = json_in(payload, "spare", err);
	parts_in(&in, &spare.vault);
	parts_in_name(&in, "seat", spare.seat, sizeof(spare.seat));
	parts_in_digest(&in, "from", &spare.from);
	parts_in_digest(&in, "to", &spare.to);
	if (in.code == ERR_OK && digest_equal(&spare.from, &spare.to))
		json_in_fail(&in, "to", "is the same token");
	parts_in_point(&in, "enc", &spare.enc);
	parts_in_point(&in, "reply", &spare.reply);
	json_in_hex(&in, "box_key", spare.box_key.bytes, ED25519_SIZE);
	const struct json *opens = json_in_array(&in, "opens", 1, SPARE_OPENS);
	spare.time = json_in_time(&in, "time");
	parts_in_checkpoint(&in, &spare.size, &spare.root);
	TRY(json_in_end(&in));
	TRY(read_opens(opens, &spare, err));
	TRY(dsse_digest(statement, &spare.digest, err));
	*ret_spare = spare;
	spare.opens = NULL;
	return ERR_OK;
}

const struct spare_open *
spare_find(const struct spare *spare, const struct secret_id *secret, uint32_t version)
{
	for (size_t i = 0; i < spare->count; i++)
		if (spare->opens[i].version == version &&
		    memcmp(&spare->opens[i].secret, secret, sizeof(*secret)) == 0)
			return &spare->opens[i];
	return NULL;
}

enum err_code
spare_box_digest(const struct spare *spare, const struct spare_open *open, struct view ciphertext,
    struct digest *ret_digest, struct err *err)
{
	BUF bytes = {0};

	hpke_info_begin(&bytes, "halligan/v1 spare box", &spare->vault);
	buf_bytes(&bytes, VIEW_OF(spare->digest.bytes));
	buf_bytes(&bytes, VIEW_OF(open->secret.bytes));
	buf_u32(&bytes, open->version);
	buf_lp32(&bytes, ciphertext);
	return hpke_info_end(&bytes, ret_digest, err);
}
