/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/protocol/spare.h"

#include <stdlib.h>
#include <string.h>

#include "base/hpke_info.h"

static const struct member open_members[] = {
    {"secret", MEMBER_HEX, FIELD(struct spare_open, secret)},
    {"version", MEMBER_NUMBER, FIELD(struct spare_open, version), 1, UINT32_MAX},
    {"header", MEMBER_HEX, FIELD(struct spare_open, header)},
    {"envelope", MEMBER_NUMBER, FIELD(struct spare_open, envelope), 0, HEADER_ENVELOPES - 1},
    {NULL},
};
/* "opens" stands between the two. */
static const struct member spare_members[] = {
    {"vault", MEMBER_HEX, FIELD(struct spare, vault)},
    {"seat", MEMBER_NAME, FIELD(struct spare, seat)},
    {"from", MEMBER_HEX, FIELD(struct spare, from)},
    {"to", MEMBER_HEX, FIELD(struct spare, to)},
    {"enc", MEMBER_POINT, FIELD(struct spare, enc)},
    {"reply", MEMBER_POINT, FIELD(struct spare, reply)},
    {"box_key", MEMBER_HEX, FIELD(struct spare, box_key)},
    {NULL},
};
static const struct member seen_members[] = {
    {"time", MEMBER_TIME, FIELD(struct spare, time)},
    {"size", MEMBER_NUMBER, FIELD(struct spare, size), .max = INT64_MAX},
    {"root", MEMBER_HEX, FIELD(struct spare, root)},
    {NULL},
};

const struct member spare_listed_members[] = {
    {"secret", MEMBER_HEX, FIELD(struct spare_listed, open.secret)},
    {"name", MEMBER_STRING, FIELD(struct spare_listed, name), .min = 1, .max = SEAT_NAME_MAX},
    {"version", MEMBER_NUMBER, FIELD(struct spare_listed, open.version), .min = 1,
        .max = UINT32_MAX},
    {"header", MEMBER_HEX, FIELD(struct spare_listed, open.header)},
    {"envelope", MEMBER_NUMBER, FIELD(struct spare_listed, open.envelope),
        .max = HEADER_ENVELOPES - 1},
    {NULL},
};

void
spare_done(struct spare *spare)
{
	free(spare->opens);
	*spare = (struct spare){0};
}

enum err_code
spare_payload(const struct spare *spare, struct json **ret_payload, struct err *err)
{
	struct json *payload = payload_begin(spare_members, spare);

	members_put_rows(payload, "opens", open_members, spare->opens, sizeof(*spare->opens),
	    spare->count);
	members_put(payload, seen_members, spare);
	return payload_finish(payload, ret_payload, err);
}

static enum err_code
read_open(const struct json *object, struct spare *spare, struct err *err)
{
	struct spare_open open = {0};

	TRY(members_read(object, "spare: opens", open_members, &open, err));
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
	struct json_in in = statement_in(statement, STATEMENT_SPARE, training, &payload, err);

	members_in(&in, spare_members, &spare);
	if (digest_equal(&spare.from, &spare.to))
		json_in_fail(&in, "to", "is the same token");
	const struct json *opens = json_in_array(&in, "opens", 1, SPARE_OPENS);
	members_in(&in, seen_members, &spare);
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
