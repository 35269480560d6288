/* SPDX-License-Identifier: Apache-2.0 */
/* What the town's server does about an approval: it is taken, envelopes are handed out, shares come back. */
#include "ceremony/protocol/message.h"
#include "tests/unit/client/town_parts.h"
#include "vault/seal/reply.h"

struct positions
town_positions(const struct town *town, const struct json *request)
{
	struct err err;
	struct json_in in = json_in(request, "request", &err);
	struct positions positions;

	in_positions(&in, "positions", 1, &positions);
	if (in.code != ERR_OK || positions.rows[positions.count - 1] >= town->item_count)
		abort();
	return positions;
}

/* What the approval that REQUEST names says; RET_AT: its place among the voices. */
static struct approval
approval_of(struct town *town, const struct json *request, size_t *ret_at)
{
	struct err err;
	struct approval approval;
	struct digest digest;
	struct json_in in = json_in(request, "request", &err);

	json_in_hex(&in, "approval", digest.bytes, DIGEST_SIZE);
	for (size_t i = 0; i < town->voice_count; i++) {
		if (!digest_equal(&town->voices[i].digest, &digest))
			continue;
		if (approval_parse(&town->voices[i].statement, false, &approval, &err) != ERR_OK)
			abort();
		*ret_at = i;
		return approval;
	}
	abort();
}

void
town_answer_approve(struct town *town, const struct json *request)
{
	struct err err;
	struct town_voice *voice = &town->voices[town->voice_count];
	struct approval approval;

	if (dsse_parse(view_of_text(json_object_text(request, "approval")), &voice->statement,
	        &err) != ERR_OK ||
	    approval_parse(&voice->statement, false, &approval, &err) != ERR_OK)
		abort();
	voice->digest = approval.digest;
	memcpy(voice->seat, approval.seat, sizeof(voice->seat));
	town->voice_count++;
}

static void
hand_out(struct town *town, const struct json *request, const struct town_item *item,
    struct json *indexes, struct buf *blob)
{
	struct err err;
	size_t at, index = 0;
	const struct approval approval = approval_of(town, request, &at);
	const struct reply_ids ids = {.vault = town->vault,
	    .statement = approval.digest,
	    .header = item->header_hash,
	    .seat = approval.seat,
	    .token = approval.token};
	BUF envelope = {0}, sealed = {0};

	while (!digest_equal(&item->header->envelopes[index].token, &approval.token))
		index++;
	json_add_int(indexes, (int64_t)index);
	buf_bytes(&envelope, VIEW_OF(item->version.envelopes[index].enc));
	buf_bytes(&envelope, buf_view(&item->version.envelopes[index].ciphertext));
	if (reply_seal(&ids, &approval.reply, buf_view(&envelope), &sealed, &err) != ERR_OK)
		abort();
	buf_lp32(blob, buf_view(&sealed));
}

void
town_answer_envelopes(struct town *town, const struct json *request, struct json *reply,
    struct buf *blob)
{
	const struct positions positions = town_positions(town, request);
	struct json *indexes = json_new_array();

	for (size_t i = 0; i < positions.count; i++)
		hand_out(town, request, &town->items[positions.rows[i]], indexes, blob);
	json_put(reply, "envelopes", indexes);
}

/* Open the re-sealed shares as the host does. */
static void
take_shares(struct town *town, const struct json *request, struct town_item *item,
    struct view ciphertext)
{
	struct err err;
	size_t at;
	const struct approval approval = approval_of(town, request, &at);
	struct point public;
	struct digest info;
	HPKE *hpke = NULL;
	const struct box_ids ids = {.label = seal_label_approval,
	    .vault = town->vault,
	    .secret = item->secret,
	    .version = 1,
	    .header_hash = item->header_hash,
	    .ceremony = town->ceremony_digest,
	    .seat = approval.seat,
	    .token = approval.token};

	p256_key_public(town->ceremony_key, &public);
	secret_freep(&item->received);
	if (seal_box_info(&ids, &info, &err) != ERR_OK ||
	    hpke_recipient(hpke_suite_default, VIEW_OF(approval.enc.bytes), &public,
	        hpke_agree_local, town->ceremony_key, VIEW_OF(info.bytes), &hpke, &err) != ERR_OK ||
	    hpke_open(hpke, VIEW_OF(town->ceremony_digest.bytes), ciphertext, &item->received,
	        &err) != ERR_OK)
		abort();
	item->given[at] = true;
}

void
town_answer_shares(struct town *town, const struct json *request, struct view in)
{
	const struct positions positions = town_positions(town, request);
	struct reader reader = reader_of(in);

	for (size_t i = 0; i < positions.count; i++)
		take_shares(town, request, &town->items[positions.rows[i]],
		    reader_lp32(&reader, ENVELOPE_CT_MAX));
	if (!reader_end(&reader))
		abort();
}
