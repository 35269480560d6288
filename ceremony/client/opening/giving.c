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

/* The same about items, under the approval that was just given. */
static struct json *
about_items(const struct giving *giving, const char *op, const struct positions *positions)
{
	struct json *request = giving_op(giving, op);

	put_positions(request, "positions", positions);
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

/* What is to be given together from *NEXT on, which goes on behind it. */
static struct positions
next_positions(const struct giving *giving, size_t *next)
{
	struct positions positions = {0};

	for (; *next < giving->dossier->count && positions.count < ITEMS_AT_ONCE; ++*next)
		if (giving->mine[*next].left)
			positions.rows[positions.count++] = (uint32_t)*next;
	return positions;
}

static void
send_for_envelopes(struct giving *giving, size_t from)
{
	const struct positions positions = next_positions(giving, &from);

	if (positions.count > 0)
		client_foresee(giving->client, about_items(giving, "envelopes", &positions));
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

enum { GONE = -1 }; /* in place of an envelope's index */

/* Some of what is left, and the envelopes of these as they came. */
struct bundle {
	struct positions positions;
	struct reply envelopes;
	struct view boxes[ITEMS_AT_ONCE]; /* in ENVELOPES, sealed to the reply key */
	bool gone[ITEMS_AT_ONCE];         /* its version was replaced meanwhile */
};

static void
bundle_done(struct bundle *bundle)
{
	reply_done(&bundle->envelopes);
}

static enum err_code
fetch_envelopes(struct giving *giving, struct bundle *bundle, struct err *err)
{
	const struct positions *positions = &bundle->positions;
	struct reply *reply = &bundle->envelopes;

	TRY(client_ask(giving->client, about_items(giving, "envelopes", positions), "envelopes",
	    reply, err));
	const struct json *indexes =
	    json_in_array(&reply->in, "envelopes", positions->count, positions->count);
	TRY(json_in_end(&reply->in));
	struct reader reader = reader_of(buf_view(&reply->blob));
	for (size_t i = 0; i < positions->count; i++) {
		int64_t index = json_array_int(indexes, i);

		bundle->boxes[i] = reader_lp32(&reader, REPLY_BOX_MAX);
		if (index != GONE && index != giving->mine[positions->rows[i]].envelope)
			reader.failed = true;
		bundle->gone[i] = index == GONE;
	}
	if (!reader_end(&reader))
		return err_set(err, ERR_INTEGRITY,
		    "the server sent other envelopes than this token's");
	return ERR_OK;
}

static const char *
name_of(const struct giving *giving, size_t position)
{
	return giving->dossier->transcript->request.items.rows[position].name;
}

/* What others replaced since the ceremony was shown keeps nobody from giving the rest. */
static void
pass_over(struct giving *giving, struct bundle *bundle)
{
	struct positions *positions = &bundle->positions;
	size_t kept = 0;

	for (size_t i = 0; i < positions->count; i++) {
		uint32_t position = positions->rows[i];

		if (bundle->gone[i]) {
			ui_say(client_options(giving->client)->ui,
			    "%s was replaced meanwhile: nothing of it is given.",
			    name_of(giving, position));
			giving->mine[position].left = false;
			giving->left--;
			continue;
		}
		bundle->boxes[kept] = bundle->boxes[i];
		positions->rows[kept++] = position;
	}
	positions->count = kept;
}

static enum err_code
open_envelope(struct giving *giving, size_t position, struct view box, struct buf *ret_envelope,
    struct err *err)
{
	const struct exhibit *exhibit = giving->dossier->items[position].exhibit;
	const struct reply_ids ids = {.vault = giving->view->chain.vault,
	    .statement = giving->approval,
	    .header = exhibit->header_hash,
	    .seat = giving->hand.seat->name,
	    .token = giving->hand.entry->id};

	return reply_open(&ids, giving->reply, box, ret_envelope, err);
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

/* The shares of one item, ready to be sent, are added to SEALED. */
static enum err_code
take_out(struct giving *giving, size_t position, struct view box, struct buf *sealed,
    struct err *err)
{
	BUF envelope = {0}, ciphertext = {0};
	SECRET *shares = NULL;

	TRY(open_envelope(giving, position, box, &envelope, err));
	TRY(open_shares(giving, position, buf_view(&envelope), &shares, err));
	TRY(seal_on(giving, position, shares, &ciphertext, err));
	buf_lp32(sealed, buf_view(&ciphertext));
	return buf_check(sealed, err);
}

/* What was sent last has arrived. */
static enum err_code
thank(struct giving *giving, size_t *done, struct err *err)
{
	const struct ui *ui = client_options(giving->client)->ui;
	const struct positions sent = giving->sent;

	giving->sent.count = 0;
	if (sent.count == 0)
		return ERR_OK;
	if (client_tell(giving->client, about_items(giving, "shares", &sent), "shares", err) !=
	    ERR_OK)
		return sent.count > 1 ? err->code :
		                        err_add(err, "%s", name_of(giving, sent.rows[0]));
	*done += sent.count;
	if (giving->left > 1 && sent.count == 1)
		ui_progress(ui, "%s: share given (%zu of %zu)", name_of(giving, sent.rows[0]),
		    *done, giving->left);
	else if (giving->left > 1)
		ui_progress(ui, "%zu of %zu shares given", *done, giving->left);
	return ERR_OK;
}

/* Whether they arrived is asked when the next are on their way. */
static enum err_code
give_some(struct giving *giving, const struct positions *positions, const struct view *boxes,
    size_t *done, struct err *err)
{
	BUF sealed = {0};

	for (size_t i = 0; i < positions->count; i++)
		if (take_out(giving, positions->rows[i], boxes[i], &sealed, err) != ERR_OK)
			return err_add(err, "%s", name_of(giving, positions->rows[i]));
	client_send_ahead(giving->client, about_items(giving, "shares", positions),
	    buf_view(&sealed));
	enum err_code code = thank(giving, done, err);
	giving->sent = *positions;
	return code;
}

/* Together, what no touch stands between; else one by one, since whoever stops after a touch has given that one. */
static enum err_code
give_bundle(struct giving *giving, struct bundle *bundle, size_t next, size_t *done,
    struct err *err)
{
	const struct positions *all = &bundle->positions;
	TRY(fetch_envelopes(giving, bundle, err));
	send_for_envelopes(giving, next);
	pass_over(giving, bundle);
	size_t step = token_touches(giving->hand.token, 1, 2) == 1 ? all->count : 1;
	for (size_t i = 0; i < all->count; i += step) {
		struct positions some = {.count = step};

		memcpy(some.rows, &all->rows[i], step * sizeof(some.rows[0]));
		TRY(give_some(giving, &some, &bundle->boxes[i], done, err));
	}
	return ERR_OK;
}

static enum err_code
give(struct giving *giving, size_t *done, struct err *err)
{
	size_t next = 0;
	struct err lost;

	while (next < giving->dossier->count) {
		CLEANUP(bundle_done)
		struct bundle bundle = {.positions = next_positions(giving, &next)};

		if (bundle.positions.count == 0)
			continue;
		if (give_bundle(giving, &bundle, next, done, err) != ERR_OK) {
			(void)!thank(giving, done, &lost);
			return err->code;
		}
	}
	client_send_ahead(giving->client, giving_op(giving, "advance"), (struct view){0});
	if (dossier_lacks_one(giving->dossier, giving->view, client_options(giving->client)->now()))
		dossier_foresee_again(giving->client, giving->dossier->id); /* it opens now */
	return thank(giving, done, err);
}

enum err_code
giving_give(struct giving *giving, struct err *err)
{
	size_t done = 0;

	if (give(giving, &done, err) == ERR_OK)
		return ERR_OK;
	return giving->left == 1 ?
	    err->code :
	    err_add(err, "%zu of %zu shares are given; run it again for the rest", done,
	        giving->left);
}
