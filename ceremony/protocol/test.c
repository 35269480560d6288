/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/protocol/test.h"

#include "base/hpke_info.h"
#include "ceremony/protocol/statement_parts.h"

static const char probe_label[] = "halligan/v1 test probe";

enum err_code
readiness_payload(const struct readiness *readiness, struct json **ret_payload, struct err *err)
{
	struct json *payload = parts_new(&readiness->vault), *opened = json_new_object();

	json_put_text(payload, "seat", readiness->seat);
	json_put_hex(payload, "token", VIEW_OF(readiness->token.bytes));
	for (int key = 0; key < KEY_COUNT; key++)
		if (readiness->has[key])
			json_put_hex(opened, key_names[key], VIEW_OF(readiness->opened[key].bytes));
	json_put(payload, "opened", opened);
	parts_put_checkpoint(payload, readiness->size, &readiness->root);
	json_put_time(payload, "time", readiness->time);
	return parts_finish(payload, ret_payload, err);
}

enum err_code
readiness_parse(const struct dsse *statement, bool training, struct readiness *ret_readiness,
    struct err *err)
{
	JSON *payload = NULL;
	struct readiness readiness = {0};

	TRY(statement_payload(statement, STATEMENT_TEST, training, &payload, err));
	struct json_in in = json_in(payload, "test", err);
	parts_in(&in, &readiness.vault);
	parts_in_name(&in, "seat", readiness.seat, sizeof(readiness.seat));
	parts_in_digest(&in, "token", &readiness.token);
	const struct json *object = json_in_object(&in, "opened");
	parts_in_checkpoint(&in, &readiness.size, &readiness.root);
	readiness.time = json_in_time(&in, "time");
	TRY(json_in_end(&in));
	in = json_in(object, "opened", err);
	for (int key = KEY_SHARE; key < KEY_COUNT; key++)
		readiness.has[key] = json_in_hex_optional(&in, key_names[key],
		    readiness.opened[key].bytes, DIGEST_SIZE);
	TRY(json_in_end(&in));
	TRY(dsse_digest(statement, &readiness.digest, err));
	*ret_readiness = readiness;
	return ERR_OK;
}

/* What both hashes are over, after the vault. */
static void
put_ids(struct buf *bytes, const struct digest *token, int key, int64_t begun)
{
	buf_bytes(bytes, VIEW_OF(token->bytes));
	buf_lp8(bytes, view_of_text(key_names[key]));
	buf_u64(bytes, (uint64_t)begun);
}

enum err_code
readiness_info(const struct digest *vault, const struct digest *token, int key, int64_t begun,
    struct digest *ret_info, struct err *err)
{
	BUF bytes = {0};

	hpke_info_begin(&bytes, "halligan/v1 test", vault);
	put_ids(&bytes, token, key, begun);
	return hpke_info_end(&bytes, ret_info, err);
}

enum err_code
readiness_probe(const struct secret *seed, const struct digest *vault, const struct digest *token,
    int key, int64_t begun, struct secret **ret_probe, struct err *err)
{
	BUF bytes = {0};
	SECRET *own = NULL;
	const struct view label = view_of_text(probe_label);

	TRY(hmac_sha256_secret(secret_view(seed), &label, 1, &own, err));
	buf_bytes(&bytes, VIEW_OF(vault->bytes));
	put_ids(&bytes, token, key, begun);
	TRY(buf_check(&bytes, err));
	const struct view ids = buf_view(&bytes);
	return hmac_sha256_secret(secret_view(own), &ids, 1, ret_probe, err);
}
