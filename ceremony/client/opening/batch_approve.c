/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One signature over the ceremony digest, and with it over every version and over the one encapsulation
 * under which all shares are re-sealed; then one agreement for each version.  Interrupted, the officer
 * approves again: a new signature, and only what is missing.
 */
#include "ceremony/client/opening/batch_approve.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto_key.h"
#include "ceremony/client/hand/unlock.h"
#include "ceremony/client/opening/batch_dossier.h"
#include "ceremony/protocol/message.h"
#include "vault/seal/envelope.h"

struct giving {
	struct client *client;
	const struct vault_view *view;
	struct batch_dossier *dossier;
	struct hand hand;
	struct p256_key *ephemeral;
	size_t mine, left;
};

static void
giving_done(struct giving *giving)
{
	hand_done(&giving->hand);
	p256_key_free(giving->ephemeral);
	batch_dossier_freep(&giving->dossier);
}

static const struct ui *
ui_of(const struct giving *giving)
{
	return client_options(giving->client)->ui;
}

static enum err_code
take_hand(struct giving *giving, unsigned roles, const char *seat, struct err *err)
{
	const struct hand_want want = {.roles = roles,
	    .seat = seat,
	    .lists = {{giving->view->chain.charter->seats,
	        giving->view->chain.charter->seat_count}},
	    .suspended = &giving->view->chain.suspensions};
	char name[HAND_NAME_SIZE];

	TRY(hand_take(client_options(giving->client), &want, &giving->hand, err));
	hand_name(&giving->hand, name);
	ui_say(ui_of(giving), "You act as %s.", name);
	return ERR_OK;
}

static enum err_code
check_officer(struct giving *giving, struct err *err)
{
	const struct hand *hand = &giving->hand;

	if (strcmp(hand->seat->name, giving->dossier->request.seat) == 0)
		return err_set(err, ERR_REFUSED,
		    "%s requested this; nobody counts towards the quorum of their own request",
		    hand->seat->name);
	TRY(batch_dossier_mine(giving->dossier, hand->seat->name, &hand->entry->id, &giving->mine,
	    &giving->left, err));
	if (giving->mine == 0)
		return err_set(err, ERR_REFUSED,
		    "none of these secrets was sealed to this token of %s: it was enrolled later (then "
		    "`halligan spare`, with an older token of the seat, mends that), or no quorum names the "
		    "seat",
		    hand->seat->name);
	if (giving->left == 0)
		return err_set(err, ERR_EXISTS,
		    "%s has approved this ceremony already, and that counts; `halligan status` says who is "
		    "missing",
		    hand->seat->name);
	return ERR_OK;
}

static void
say_consequences(const struct giving *giving)
{
	const struct ui *ui = ui_of(giving);
	unsigned touches = token_touches(giving->hand.token, 1, (unsigned)giving->left);

	ui_say(ui, "Ask %s to read their six words to you, by voice. They must be these.",
	    giving->dossier->requester->person);
	ui_say(ui,
	    giving->dossier->request.mode == MODE_ROTATE ?
	        "If you approve and the quorum is met, the vault opens these secrets one after the other and "
	        "replaces each on its target. Nobody is given any of them." :
	        "If you approve and the quorum is met, the vault opens these secrets one after the other and "
	        "seals each again, unchanged, to the officers of today. Nobody is given any of them.");
	if (giving->left < giving->mine)
		ui_say(ui, "You gave your shares of %zu before; %zu are left.",
		    giving->mine - giving->left, giving->left);
	ui_say(ui,
	    "This needs %u touch%s. Ctrl-C stops between two of them, and running it again goes on "
	    "where it stopped.",
	    touches, touches == 1 ? "" : "es");
}

static enum err_code
sign_approval(struct giving *giving, struct dsse *statement, struct err *err)
{
	struct hand *hand = &giving->hand;
	const struct vault_view *view = giving->view;
	struct approval approval = {.vault = view->chain.vault,
	    .ceremony = giving->dossier->ceremony.digest,
	    .token = hand->entry->id,
	    .time = hand->options->now(),
	    .size = view->checkpoint.size,
	    .root = view->checkpoint.root};
	JSON *payload = NULL;

	memcpy(approval.seat, hand->seat->name, sizeof(approval.seat));
	TRY(p256_key_new(&giving->ephemeral, err));
	p256_key_public(giving->ephemeral, &approval.enc);
	TRY(approval_payload(&approval, &payload, err));
	TRY(statement_new(STATEMENT_APPROVAL, view->chain.charter->training, payload, statement,
	    err));
	return hand_sign(hand, statement, "sign the approval", err);
}

/* {"op":NAME} with the ceremony's id. */
static struct json *
about(const struct giving *giving, const char *op)
{
	struct json *request = op_new(op);

	json_put_text(request, "id", giving->dossier->id);
	return request;
}

static enum err_code
send_approval(struct giving *giving, struct err *err)
{
	struct json *request;
	JSON *reply = NULL;
	BUF blob = {0};
	DSSE statement = {0};

	TRY(sign_approval(giving, &statement, err));
	request = about(giving, "batch-approve");
	put_statement(request, "approval", &statement);
	return client_call(giving->client, request, (struct view){0}, &reply, &blob, err);
}

static enum err_code
fetch_envelope(struct giving *giving, size_t position, struct buf *ret_box, struct err *err)
{
	struct json *request = about(giving, "batch-envelope");
	JSON *reply = NULL;
	struct json_in in;

	json_put_int(request, "position", (int64_t)position);
	json_put_text(request, "seat", giving->hand.seat->name);
	TRY(client_call(giving->client, request, (struct view){0}, &reply, ret_box, err));
	in = reply_in(reply, "batch-envelope", err);
	int64_t envelope = json_in_int(&in, "envelope", 0, HEADER_ENVELOPES - 1);
	TRY(json_in_end(&in));
	if (envelope != giving->dossier->items[position].envelope)
		return err_set(err, ERR_INTEGRITY,
		    "the server sent another envelope than this token's");
	return ERR_OK;
}

static enum err_code
open_shares(struct giving *giving, size_t position, struct view box, struct secret **ret_shares,
    struct err *err)
{
	const struct batch_item *item = &giving->dossier->items[position];
	const struct item *open = &giving->dossier->ceremony.items.rows[position];
	struct hand *hand = &giving->hand;
	struct hand_agree agree = {.hand = hand, .key = TOKEN_SHARE, .purpose = "open your share"};
	struct reader reader = reader_of(box);
	struct view enc = reader_bytes(&reader, POINT_SIZE);
	HEADER *header = NULL;

	if (reader.failed || reader.rest.size == 0 || reader.rest.size > ENVELOPE_CT_MAX)
		return err_set(err, ERR_INTEGRITY, "the server sent an envelope of a wrong size");
	TRY(header_new(&header, err));
	TRY(header_decode(buf_view(&item->header), header, err));
	if (item->spare)
		return seal_open_spare(header, &open->header, item->envelope, &hand->entry->id,
		    &hand->entry->keys[KEY_SHARE], enc, reader.rest, hand_agree, &agree, ret_shares,
		    err);
	return seal_open_envelope(header, &open->header, item->envelope, enc, reader.rest,
	    hand_agree, &agree, ret_shares, err);
}

/* SHARES of one version for the ceremony's key. */
static enum err_code
seal_on(struct giving *giving, size_t position, const struct secret *shares,
    struct buf *ret_ciphertext, struct err *err)
{
	const struct ceremony *ceremony = &giving->dossier->ceremony;
	const struct item *open = &ceremony->items.rows[position];
	const struct box_ids ids = {.label = seal_label_approval,
	    .vault = ceremony->vault,
	    .secret = open->secret,
	    .version = open->version,
	    .header_hash = open->header,
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

static enum err_code
give_one(struct giving *giving, size_t position, struct err *err)
{
	struct json *request;
	JSON *reply = NULL;
	BUF box = {0}, blob = {0}, ciphertext = {0};
	SECRET *shares = NULL;

	TRY(fetch_envelope(giving, position, &box, err));
	TRY(open_shares(giving, position, buf_view(&box), &shares, err));
	TRY(seal_on(giving, position, shares, &ciphertext, err));
	request = about(giving, "batch-shares");
	json_put_int(request, "position", (int64_t)position);
	json_put_text(request, "seat", giving->hand.seat->name);
	return client_call(giving->client, request, buf_view(&ciphertext), &reply, &blob, err);
}

static enum err_code
give_all(struct giving *giving, struct err *err)
{
	size_t done = 0;

	for (size_t i = 0; i < giving->dossier->ceremony.items.count; i++) {
		const struct batch_item *item = &giving->dossier->items[i];

		if (!item->mine || item->given || item->stale[0] != '\0')
			continue;
		if (give_one(giving, i, err) != ERR_OK) {
			(void)err_add(err, "%s", giving->dossier->request.items.rows[i].name);
			return err_add(err,
			    "%zu of %zu shares are given; run it again for the rest", done,
			    giving->left);
		}
		ui_progress(ui_of(giving), "%s: share given (%zu of %zu)",
		    giving->dossier->request.items.rows[i].name, ++done, giving->left);
	}
	return ERR_OK;
}

/* Open everything if the quorum is met; progress comes as it goes. */
static enum err_code
advance(struct giving *giving, struct err *err)
{
	JSON *reply = NULL;
	BUF blob = {0};
	BATCH_DOSSIER *after = NULL;

	TRY(client_call(giving->client, about(giving, "batch-advance"), (struct view){0}, &reply,
	    &blob, err));
	TRY(batch_dossier_fetch(giving->client, giving->view, giving->dossier->id, false, &after,
	    err));
	if (after->state == CEREMONY_COLLECTING)
		ui_say(ui_of(giving), "Your approval counts; missing: %s", after->missing);
	else
		batch_dossier_tell(after, ui_of(giving));
	return ERR_OK;
}

enum err_code
batch_approve_run(struct client *client, const struct vault_view *view, const char *id,
    struct err *err)
{
	const struct client_options *options = client_options(client);
	CLEANUP(giving_done) struct giving giving = {.client = client, .view = view};

	TRY(batch_dossier_fetch(client, view, id, true, &giving.dossier, err));
	TRY(batch_dossier_check_open(giving.dossier, view, options->now(), err));
	batch_dossier_show(giving.dossier, view, options->ui, options->now());
	TRY(take_hand(&giving, ROLE_OFFICER, NULL, err));
	TRY(check_officer(&giving, err));
	say_consequences(&giving);
	TRY(ui_demand(options->ui, "Approve? Type yes", "yes", err));
	TRY(hand_unlock(&giving.hand, 1, (unsigned)giving.left, err));
	TRY(batch_dossier_check_open(giving.dossier, view, options->now(), err));
	TRY(send_approval(&giving, err));
	TRY(give_all(&giving, err));
	return advance(&giving, err);
}

/* ---- denial and withdrawal ---- */

static enum err_code
sign_objection(struct giving *giving, bool cancels, const char *reason, struct dsse *statement,
    struct err *err)
{
	struct hand *hand = &giving->hand;
	struct objection objection = {.vault = giving->view->chain.vault,
	    .ceremony = giving->dossier->ceremony.digest,
	    .token = hand->entry->id,
	    .time = hand->options->now()};
	JSON *payload = NULL;

	memcpy(objection.seat, hand->seat->name, sizeof(objection.seat));
	memcpy(objection.reason, reason, strlen(reason) + 1);
	TRY(objection_payload(&objection, &payload, err));
	TRY(statement_new(cancels ? STATEMENT_CANCEL : STATEMENT_DENIAL,
	    giving->view->chain.charter->training, payload, statement, err));
	return hand_sign(hand, statement, cancels ? "sign the withdrawal" : "sign the denial", err);
}

static enum err_code
object(struct giving *giving, bool cancels, const char *reason, struct err *err)
{
	struct json *request;
	JSON *reply = NULL;
	BUF blob = {0};
	DSSE statement = {0};
	struct json_in in;

	TRY(sign_objection(giving, cancels, reason, &statement, err));
	request = about(giving, "batch-object");
	json_put_text(request, "kind", cancels ? "cancel" : "denial");
	put_statement(request, "statement", &statement);
	TRY(client_call(giving->client, request, (struct view){0}, &reply, &blob, err));
	in = reply_in(reply, "batch-object", err);
	const char *state = json_in_text(&in, "state", 1, 40);
	TRY(json_in_end(&in));
	ui_say(ui_of(giving), "Done. Ceremony %.8s is %s.", giving->dossier->id,
	    strcmp(state, ceremony_state_names[CEREMONY_COLLECTING]) == 0 ?
	        "still open: the others can yet meet the quorum" :
	        state);
	return ERR_OK;
}

enum err_code
batch_object_run(struct client *client, const struct vault_view *view, const char *id, bool cancels,
    const char *reason, struct err *err)
{
	const struct client_options *options = client_options(client);
	CLEANUP(giving_done) struct giving giving = {.client = client, .view = view};

	TRY(batch_dossier_fetch(client, view, id, true, &giving.dossier, err));
	TRY(batch_dossier_check_open(giving.dossier, view, options->now(), err));
	batch_dossier_show(giving.dossier, view, options->ui, options->now());
	TRY(take_hand(&giving, cancels ? 0 : ROLE_OFFICER,
	    cancels ? giving.dossier->request.seat : NULL, err));
	TRY(ui_demand(options->ui,
	    cancels ? "Withdraw your request? Type yes" : "Deny this request? Type yes", "yes",
	    err));
	TRY(hand_unlock(&giving.hand, 1, 0, err));
	return object(&giving, cancels, reason, err);
}
