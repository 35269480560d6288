/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One signature over the ceremony digest, and with it over every version, over the encapsulation under
 * which all shares are sealed again, and over the one-time key to which the host seals the envelopes:
 * so both keys are drawn before the first touch, and forgotten at the end.  An envelope that comes back
 * is checked to be this token's, and its shares against the commitments of the header that the
 * requester signed.
 */
#include "ceremony/client/opening/giving.h"

#include <stdlib.h>
#include <string.h>

#include "ceremony/protocol/message.h"
#include "vault/seal/reply.h"

enum { GIVING_AHEAD = 16 }; /* far fewer than may be under way (PIPELINE_MAX) */

void
giving_done(struct giving *giving)
{
	hand_done(&giving->hand);
	p256_key_freep(&giving->ephemeral);
	p256_key_freep(&giving->reply);
	dossier_freep(&giving->dossier);
	free(giving->mine);
}

enum err_code
giving_find(struct giving *giving, struct err *err)
{
	struct dossier *dossier = giving->dossier;
	const struct hand *hand = &giving->hand;
	bool others = false;

	giving->mine = calloc(dossier->count, sizeof(*giving->mine));
	if (giving->mine == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a ceremony");
	for (size_t i = 0; i < dossier->count; i++) {
		struct mine *mine = &giving->mine[i];
		enum err_code code;

		if (dossier->items[i].stale[0] != '\0')
			continue;
		code = exhibit_envelope(dossier->items[i].exhibit, hand->seat->name,
		    &hand->entry->id, &mine->envelope, &mine->spare, err);
		if (code != ERR_OK && code != ERR_NOT_FOUND)
			return code;
		mine->is = code == ERR_OK;
		others |= code != ERR_OK;
		mine->left = mine->is && !dossier_gave(dossier, i, hand->seat->name);
		giving->total += mine->is;
		giving->left += mine->left;
	}
	if (giving->total > 0)
		return ERR_OK;
	if (!others)
		return err_set(err, ERR_REFUSED,
		    "every secret of it was replaced meanwhile; nothing is left to approve");
	err->code = ERR_REFUSED; /* with the words about the last one */
	return ERR_REFUSED;
}

static enum err_code
sign_approval(struct giving *giving, struct dsse *statement, struct err *err)
{
	struct hand *hand = &giving->hand;
	const struct vault_view *view = giving->view;
	struct approval approval = {.vault = view->chain.vault,
	    .ceremony = giving->dossier->transcript->ceremony.digest,
	    .token = hand->entry->id,
	    .time = hand->options->now(),
	    .size = view->checkpoint.size,
	    .root = view->checkpoint.root};
	JSON *payload = NULL;

	memcpy(approval.seat, hand->seat->name, sizeof(approval.seat));
	TRY(p256_key_new(&giving->ephemeral, err));
	TRY(p256_key_new(&giving->reply, err));
	p256_key_public(giving->ephemeral, &approval.enc);
	p256_key_public(giving->reply, &approval.reply);
	TRY(approval_payload(&approval, &payload, err));
	TRY(hand_state(hand, STATEMENT_APPROVAL, view->chain.charter->training, payload,
	    "sign the approval", statement, err));
	return dsse_digest(statement, &giving->approval, err);
}

struct json *
giving_op(const struct giving *giving, const char *op)
{
	struct json *request = op_new(op);

	json_put_text(request, "id", giving->dossier->id);
	return request;
}

/* The same about one item, under the approval that was just given. */
static struct json *
about_item(const struct giving *giving, const char *op, size_t position)
{
	struct json *request = giving_op(giving, op);

	json_put_int(request, "position", (int64_t)position);
	json_put_hex(request, "approval", VIEW_OF(giving->approval.bytes));
	return request;
}

static struct json *
approve_request(const struct giving *giving, const struct dsse *statement)
{
	struct json *request = giving_op(giving, "approve");

	put_statement(request, "approval", statement);
	return request;
}

/* Send for the envelopes of what is to be given from POSITION on. */
static void
send_for_envelopes(struct giving *giving, size_t position)
{
	for (; giving->sent < giving->dossier->count && giving->sent < position + GIVING_AHEAD;
	     giving->sent++)
		if (giving->mine[giving->sent].left)
			client_foresee(giving->client,
			    about_item(giving, "envelope", giving->sent));
}

enum err_code
giving_approve(struct giving *giving, struct err *err)
{
	DSSE statement = {0};

	TRY(sign_approval(giving, &statement, err));
	client_send_ahead(giving->client, approve_request(giving, &statement), (struct view){0});
	send_for_envelopes(giving, 0);
	return client_tell(giving->client, approve_request(giving, &statement), "approve", err);
}

static enum err_code
fetch_envelope(struct giving *giving, size_t position, struct buf *ret_envelope, struct err *err)
{
	const struct exhibit *exhibit = giving->dossier->items[position].exhibit;
	const struct reply_ids ids = {.vault = giving->view->chain.vault,
	    .statement = giving->approval,
	    .header = exhibit->header_hash,
	    .seat = giving->hand.seat->name,
	    .token = giving->hand.entry->id};
	REPLY reply = {0};

	TRY(client_ask(giving->client, about_item(giving, "envelope", position), "envelope", &reply,
	    err));
	int64_t index = json_in_int(&reply.in, "envelope", 0, HEADER_ENVELOPES - 1);
	TRY(json_in_end(&reply.in));
	if (index != giving->mine[position].envelope || reply.blob.size > REPLY_BOX_MAX)
		return err_set(err, ERR_INTEGRITY,
		    "the server sent another envelope than this token's");
	return reply_open(&ids, giving->reply, buf_view(&reply.blob), ret_envelope, err);
}

static enum err_code
open_shares(struct giving *giving, size_t position, struct view envelope,
    struct secret **ret_shares, struct err *err)
{
	const struct exhibit *exhibit = giving->dossier->items[position].exhibit;
	const struct mine *mine = &giving->mine[position];
	struct hand *hand = &giving->hand;
	struct hand_agree agree = {.hand = hand, .key = TOKEN_SHARE, .purpose = "open your share"};
	struct reader reader = reader_of(envelope);
	struct view enc = reader_bytes(&reader, POINT_SIZE);

	if (reader.failed || reader.rest.size == 0 || reader.rest.size > ENVELOPE_CT_MAX)
		return err_set(err, ERR_INTEGRITY, "the server sent an envelope of a wrong size");
	if (mine->spare)
		return seal_open_spare(exhibit->header, &exhibit->header_hash, mine->envelope,
		    &hand->entry->id, &hand->entry->keys[KEY_SHARE], enc, reader.rest, hand_agree,
		    &agree, ret_shares, err);
	return seal_open_envelope(exhibit->header, &exhibit->header_hash, mine->envelope, enc,
	    reader.rest, hand_agree, &agree, ret_shares, err);
}

/* SHARES of one version for the ceremony's key. */
static enum err_code
seal_on(struct giving *giving, size_t position, const struct secret *shares,
    struct buf *ret_ciphertext, struct err *err)
{
	const struct ceremony *ceremony = &giving->dossier->transcript->ceremony;
	const struct item *item = &ceremony->items.rows[position];
	const struct box_ids ids = {.label = seal_label_approval,
	    .vault = ceremony->vault,
	    .secret = item->secret,
	    .version = item->version,
	    .header_hash = item->header,
	    .ceremony = ceremony->digest,
	    .seat = giving->hand.seat->name,
	    .token = giving->hand.entry->id};
	HPKE *hpke = NULL;
	struct digest info;
	struct point made;

	TRY(seal_box_info(&ids, &info, err));
	TRY(hpke_sender_with(hpke_suite_default, &ceremony->key, VIEW_OF(info.bytes),
	    giving->ephemeral, &hpke, &made, err));
	return hpke_seal(hpke, VIEW_OF(ceremony->digest.bytes), secret_view(shares), ret_ciphertext,
	    err);
}

/* Whether they arrived is asked later: the next envelope need not wait for that. */
static enum err_code
give_one(struct giving *giving, size_t position, struct err *err)
{
	BUF envelope = {0}, ciphertext = {0};
	SECRET *shares = NULL;

	send_for_envelopes(giving, position);
	TRY(fetch_envelope(giving, position, &envelope, err));
	TRY(open_shares(giving, position, buf_view(&envelope), &shares, err));
	TRY(seal_on(giving, position, shares, &ciphertext, err));
	client_send_ahead(giving->client, about_item(giving, "shares", position),
	    buf_view(&ciphertext));
	return ERR_OK;
}

/* What was given at positions before END has arrived. */
static enum err_code
thank(struct giving *giving, size_t end, size_t *done, struct err *err)
{
	for (; giving->thanked < end; giving->thanked++) {
		const char *name =
		    giving->dossier->transcript->request.items.rows[giving->thanked].name;

		if (!giving->mine[giving->thanked].left)
			continue;
		if (client_tell(giving->client, about_item(giving, "shares", giving->thanked),
		        "shares", err) != ERR_OK)
			return err_add(err, "%s", name);
		++*done;
		if (giving->left > 1)
			ui_progress(client_options(giving->client)->ui,
			    "%s: share given (%zu of %zu)", name, *done, giving->left);
	}
	return ERR_OK;
}

static enum err_code
give(struct giving *giving, size_t *done, struct err *err)
{
	size_t count = giving->dossier->count;
	struct err lost;

	for (size_t i = 0; i < count; i++) {
		if (!giving->mine[i].left)
			continue;
		if (give_one(giving, i, err) != ERR_OK) {
			(void)err_add(err, "%s",
			    giving->dossier->transcript->request.items.rows[i].name);
			(void)!thank(giving, i, done, &lost);
			return err->code;
		}
		TRY(thank(giving, i + 1 > GIVING_AHEAD ? i + 1 - GIVING_AHEAD : 0, done, err));
	}
	client_send_ahead(giving->client, giving_op(giving, "advance"), (struct view){0});
	if (dossier_lacks_one(giving->dossier, giving->view, client_options(giving->client)->now()))
		dossier_foresee_again(giving->client, giving->dossier->id); /* it opens now */
	return thank(giving, count, done, err);
}

enum err_code
giving_give(struct giving *giving, struct err *err)
{
	size_t done = 0;

	if (give(giving, &done, err) != ERR_OK)
		return giving->left == 1 ?
		    err->code :
		    err_add(err, "%zu of %zu shares are given; run it again for the rest", done,
		        giving->left);
	return ERR_OK;
}
