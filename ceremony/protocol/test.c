/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/protocol/test.h"

#include <stdlib.h>

#include "base/hpke.h"
#include "base/hpke_info.h"

static const char probe_label[] = "halligan/v1 test probe";
static const char reply_label[] = "halligan/v1 test reply";

/* What opened and "spares" stand between the two. */
static const struct member tested_members[] = {
    {"vault", MEMBER_HEX, FIELD(struct readiness, vault)},
    {"seat", MEMBER_NAME, FIELD(struct readiness, seat)},
    {"token", MEMBER_HEX, FIELD(struct readiness, token)},
    {NULL},
};
static const struct member seen_members[] = {
    {"size", MEMBER_NUMBER, FIELD(struct readiness, size), .max = INT64_MAX},
    {"root", MEMBER_HEX, FIELD(struct readiness, root)},
    {"time", MEMBER_TIME, FIELD(struct readiness, time)},
    {NULL},
};
static const struct member spare_members[] = {
    {"statement", MEMBER_HEX, FIELD(struct readiness_spare, statement)},
    {"box", MEMBER_HEX, FIELD(struct readiness_spare, box)},
    {NULL},
};

const struct member test_box_members[] = {
    {"seat", MEMBER_STRING, FIELD(struct test_box, seat), .min = 1, .max = SEAT_NAME_MAX},
    {"token", MEMBER_HEX, FIELD(struct test_box, token)},
    {"opened", MEMBER_HEX, FIELD(struct test_box, opened)},
    {"begun", MEMBER_TIME, FIELD(struct test_box, begun)},
    {"secret", MEMBER_HEX, FIELD(struct test_box, secret)},
    {"version", MEMBER_NUMBER, FIELD(struct test_box, version), .min = 1, .max = UINT32_MAX},
    {NULL},
};

void
readiness_done(struct readiness *readiness)
{
	free(TAKE(readiness->spares));
	readiness->spare_count = 0;
}

enum err_code
readiness_payload(const struct readiness *readiness, struct json **ret_payload, struct err *err)
{
	struct json *payload = payload_begin(tested_members, readiness),
	            *opened = json_new_object();

	for (int key = 0; key < KEY_COUNT; key++)
		if (readiness->has[key])
			json_put_hex(opened, key_names[key], VIEW_OF(readiness->opened[key].bytes));
	json_put(payload, "opened", opened);
	members_put_rows(payload, "spares", spare_members, readiness->spares,
	    sizeof(*readiness->spares), readiness->spare_count);
	members_put(payload, seen_members, readiness);
	return payload_finish(payload, ret_payload, err);
}

static enum err_code
read_spares(const struct json *array, struct readiness *readiness, struct err *err)
{
	size_t count = json_array_count(array);

	readiness->spares = calloc(count + 1, sizeof(*readiness->spares));
	if (readiness->spares == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a statement");
	for (; readiness->spare_count < count; readiness->spare_count++)
		TRY(members_read(json_array_object(array, readiness->spare_count), "test: spares",
		    spare_members, &readiness->spares[readiness->spare_count], err));
	return ERR_OK;
}

enum err_code
readiness_parse(const struct dsse *statement, bool training, struct readiness *ret_readiness,
    struct err *err)
{
	JSON *payload = NULL;
	READINESS readiness = {0};
	struct json_in in = statement_in(statement, STATEMENT_TEST, training, &payload, err);

	members_in(&in, tested_members, &readiness);
	const struct json *object = json_in_object(&in, "opened");
	const struct json *spares = json_in_array(&in, "spares", 0, READINESS_SPARES);
	members_in(&in, seen_members, &readiness);
	TRY(json_in_end(&in));
	in = json_in(object, "opened", err);
	for (int key = KEY_SHARE; key < KEY_COUNT; key++)
		readiness.has[key] = json_in_hex_optional(&in, key_names[key],
		    readiness.opened[key].bytes, DIGEST_SIZE);
	TRY(json_in_end(&in));
	TRY(read_spares(spares, &readiness, err));
	TRY(dsse_digest(statement, &readiness.digest, err));
	*ret_readiness = readiness;
	readiness.spares = NULL;
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

enum err_code
readiness_reply(const struct secret *probe, struct p256_key **ret_key, struct err *err)
{
	SECRET *ikm = NULL;
	const struct view label = view_of_text(reply_label);

	TRY(hmac_sha256_secret(secret_view(probe), &label, 1, &ikm, err));
	return hpke_derive_key(ikm, ret_key, err);
}
