/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/opening/to_responder.h"

#include <string.h>

#include "base/hpke.h"
#include "ceremony/server/opening/to_target.h"
#include "vault/seal/envelope.h"
#include "vault/store/opened.h"

struct answers {
	struct sealed_box boxes[RECIPIENTS];
	size_t count;
};

static void
answers_done(struct answers *answers)
{
	for (size_t i = 0; i < answers->count; i++)
		sealed_box_done(&answers->boxes[i]);
}

static enum err_code
seal_answer(const struct delivery *delivery, const struct recipient *recipient,
    const struct secret *plaintext, struct sealed_box *box, struct err *err)
{
	const struct transcript *transcript = delivery->opening->transcript;
	const struct item *item = &transcript->ceremony.items.rows[delivery->item->position];
	HPKE *hpke = NULL;
	struct digest info;
	struct point enc;
	const struct box_ids ids = {.label = seal_label_answer,
	    .vault = transcript->ceremony.vault,
	    .secret = item->secret,
	    .version = item->version,
	    .header_hash = item->header,
	    .ceremony = transcript->ceremony.digest,
	    .seat = transcript->request.seat,
	    .token = recipient->token};

	TRY(seal_box_info(&ids, &info, err));
	TRY(hpke_sender(hpke_suite_default, &recipient->key, VIEW_OF(info.bytes), &hpke, &enc,
	    err));
	memcpy(box->enc, enc.bytes, POINT_SIZE);
	return hpke_seal(hpke, VIEW_OF(transcript->ceremony.digest.bytes), secret_view(plaintext),
	    &box->ciphertext, err);
}

/* One answer for each recipient that the request names, and that the officers saw. */
static enum err_code
seal_answers(const struct delivery *delivery, const struct secret *credential,
    struct answers *answers, struct err *err)
{
	const struct recipients *recipients = &delivery->opening->transcript->request.recipients;
	SECRET *plaintext = NULL;

	TRY(secret_new(secret_size(delivery->lease) + secret_size(credential), &plaintext, err));
	TRY(secret_append(plaintext, secret_view(delivery->lease), err));
	TRY(secret_append(plaintext, secret_view(credential), err));
	for (; answers->count < recipients->count; answers->count++)
		TRY(seal_answer(delivery, &recipients->rows[answers->count], plaintext,
		    &answers->boxes[answers->count], err));
	return ERR_OK;
}

static enum err_code
store_answers(struct delivery *delivery, const struct answers *answers, struct leaf *leaf,
    struct err *err)
{
	struct opening *opening = delivery->opening;

	for (size_t i = 0; i < answers->count; i++) {
		const struct digest *token = &opening->transcript->request.recipients.rows[i].token;
		const struct view parts[] = {VIEW_OF(answers->boxes[i].enc),
		    buf_view(&answers->boxes[i].ciphertext)};
		struct digest box;

		TRY(store_add_answer(opening->session->store, &opening->row.id,
		    delivery->item->position, token, &answers->boxes[i], err));
		TRY(sha256(parts, ARRAY_SIZE(parts), &box, err));
		leaf_box(leaf, token, &box);
	}
	return ERR_OK;
}

enum err_code
to_responder(struct delivery *delivery, struct secret *credential, struct err *err)
{
	CLEANUP(answers_done) struct answers answers = {0};
	CHANGE change = {0};
	LEAF leaf = leaf_new("answered");

	TRY(debt_escrow(delivery, credential, err));
	TRY(seal_answers(delivery, credential, &answers, err));
	TRY(change_begin(delivery->opening->session, &change, err));
	TRY(store_answers(delivery, &answers, &leaf, err));
	TRY(item_record(delivery->opening, delivery->item->position, ITEM_DONE, "", &leaf, err));
	return delivery_commit(delivery, &change, 1, err);
}
