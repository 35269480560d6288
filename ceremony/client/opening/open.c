/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/opening/open.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ceremony/client/hand/unlock.h"
#include "ceremony/client/opening/dossier.h"
#include "ceremony/client/sync.h"
#include "ceremony/client/trust.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/statements_host.h"
#include "vault/seal/envelope.h"

void
opened_done(struct opened *opened)
{
	secret_free(opened->credential);
	*opened = (struct opened){0};
}

/* What came: the host's statement, the log's checkpoint, the box. */
struct delivery {
	struct dsse statement;
	struct release release;
	struct buf checkpoint;
	struct buf box;
};

static void
delivery_done(struct delivery *delivery)
{
	dsse_done(&delivery->statement);
	buf_done(&delivery->checkpoint);
	buf_done(&delivery->box);
}

static enum err_code
fetch(struct client *client, const struct dossier *dossier, const struct hand *hand,
    struct delivery *delivery, struct err *err)
{
	struct json *request = op_new("open");
	JSON *reply = NULL;
	struct json_in in;

	json_put_text(request, "id", dossier->id);
	json_put_hex(request, "token", VIEW_OF(hand->entry->id.bytes));
	TRY(client_call(client, request, (struct view){0}, &reply, &delivery->box, err));
	in = reply_in(reply, "open", err);
	in_statement(&in, "release", &delivery->statement);
	json_in_base64(&in, "checkpoint", &delivery->checkpoint, NOTE_MAX);
	return json_in_end(&in);
}

static enum err_code
compare_release(const struct release *release, const struct dossier *dossier,
    const struct vault_view *view, struct err *err)
{
	const char *differs = NULL;

	if (!digest_equal(&release->vault, &view->chain.vault))
		differs = "vault";
	else if (!digest_equal(&release->ceremony, &dossier->ceremony.digest))
		differs = "ceremony";
	else if (memcmp(&release->secret, &dossier->ceremony.items.rows[0].secret,
	             sizeof(release->secret)) != 0)
		differs = "secret";
	else if (release->version != dossier->ceremony.items.rows[0].version)
		differs = "version";
	else if (!digest_equal(&release->header, &dossier->header_hash))
		differs = "header";
	else if (release->expires <= release->released ||
	    release->expires - release->released > dossier->request.duration)
		differs = "duration";
	if (differs != NULL)
		return err_set(err, ERR_INTEGRITY, "the release names another %s than the ceremony",
		    differs);
	return ERR_OK;
}

/* Each approval that the release rests on is one that was verified, and together they are enough. */
static enum err_code
check_quorum(const struct release *release, const struct dossier *dossier, struct err *err)
{
	bool present[QUORUM_SEATS] = {false};

	for (size_t i = 0; i < release->approval_count; i++) {
		const struct approval *approval = NULL;
		int seat;

		for (size_t a = 0; a < dossier->approval_count; a++) {
			if (digest_equal(&dossier->approvals[a].approval.digest,
			        &release->approvals[i]))
				approval = &dossier->approvals[a].approval;
		}
		if (approval == NULL)
			return err_set(err, ERR_INTEGRITY,
			    "the release names an approval that the server does not show");
		seat = quorum_seat(dossier->quorum, approval->seat);
		if (seat >= 0 && strcmp(approval->seat, dossier->request.seat) != 0)
			present[seat] = true;
	}
	if (!quorum_met(dossier->quorum, present))
		return err_set(err, ERR_INTEGRITY,
		    "the approvals that the release names do not meet its quorum \"%s\"",
		    dossier->header->quorum);
	return ERR_OK;
}

static enum err_code
check_box(const struct release *release, const struct hand *hand, struct view box, struct err *err)
{
	struct digest digest;

	if (box.size <= POINT_SIZE)
		return err_set(err, ERR_INTEGRITY, "the server sent a box of a wrong size");
	TRY(sha256_one(box, &digest, err));
	for (size_t i = 0; i < release->answer_count; i++) {
		if (!digest_equal(&release->answers[i].token, &hand->entry->id))
			continue;
		if (digest_equal(&release->answers[i].box, &digest))
			return ERR_OK;
		return err_set(err, ERR_INTEGRITY,
		    "the server sent another box than the release names");
	}
	return err_set(err, ERR_REFUSED,
	    "the credential was not sealed to this token; use one that the request named");
}

static enum err_code
verify(struct delivery *delivery, const struct dossier *dossier, const struct vault_view *view,
    const struct hand *hand, struct err *err)
{
	TRY(release_parse(&delivery->statement, view->chain.charter->training, &delivery->release,
	    err));
	if (statement_verify_host(&delivery->statement, &view->chain.charter->host_statement,
	        err) != ERR_OK)
		return err->code == ERR_REFUSED ? (err->code = ERR_INTEGRITY) : err->code;
	TRY(compare_release(&delivery->release, dossier, view, err));
	TRY(check_quorum(&delivery->release, dossier, err));
	return check_box(&delivery->release, hand, buf_view(&delivery->box), err);
}

static enum err_code
keep(const struct client *client, const struct delivery *delivery, const struct dossier *dossier,
    const struct vault_view *view, struct opened *opened, struct err *err)
{
	struct trust_place place;
	struct checkpoint checkpoint;
	char origin[ORIGIN_MAX + 1];
	BUF text = {0};

	TRY(checkpoint_origin(view->chain.charter->name, &view->chain.vault, origin, err));
	TRY(checkpoint_open(buf_view(&delivery->checkpoint), origin, &view->chain.charter->host_log,
	    &checkpoint, err));
	if (checkpoint.size < view->checkpoint.size ||
	    (checkpoint.size == view->checkpoint.size &&
	        !digest_equal(&checkpoint.root, &view->checkpoint.root)))
		return err_set(err, ERR_INTEGRITY,
		    "the checkpoint that came with the release does not fit the log shown before");
	TRY(dsse_encode(&delivery->statement, &text, err));
	TRY(trust_place_of(client_location(client), &place, err));
	return trust_keep_release(&place, dossier->id, buf_view(&text),
	    buf_view(&delivery->checkpoint), opened->kept, err);
}

static enum err_code
unseal(const struct dossier *dossier, struct hand *hand, struct view box,
    struct secret **ret_credential, struct err *err)
{
	const struct box_ids ids = {.label = seal_label_answer,
	    .vault = dossier->ceremony.vault,
	    .secret = dossier->ceremony.items.rows[0].secret,
	    .version = dossier->ceremony.items.rows[0].version,
	    .header_hash = dossier->header_hash,
	    .ceremony = dossier->ceremony.digest,
	    .seat = hand->seat->name,
	    .token = hand->entry->id};
	struct hand_agree agree = {.hand = hand,
	    .key = TOKEN_RELEASE,
	    .purpose = "open the credential"};
	struct reader reader = reader_of(box);
	struct view enc = reader_bytes(&reader, POINT_SIZE);
	struct digest info;
	HPKE *hpke = NULL;
	SECRET *credential = NULL;

	TRY(seal_box_info(&ids, &info, err));
	TRY(hpke_recipient(hpke_suite_default, enc, &hand->entry->keys[KEY_RELEASE], hand_agree,
	    &agree, VIEW_OF(info.bytes), &hpke, err));
	if (hpke_open(hpke, VIEW_OF(dossier->ceremony.digest.bytes), reader.rest, &credential,
	        err) != ERR_OK)
		return err_set(err, ERR_INTEGRITY,
		    "the box does not open with this token: it was changed, or sealed to another key");
	if (credential_check(secret_view(credential), err) != ERR_OK)
		return err_add(err, "what was released is no credential");
	*ret_credential = TAKE(credential);
	return ERR_OK;
}

/* A released ceremony can be opened until its credential is replaced. */
static enum err_code
check_state(const struct dossier *dossier, struct err *err)
{
	switch (dossier->state) {
	case CEREMONY_RELEASED:
		return ERR_OK;
	case CEREMONY_COLLECTING:
		return err_set(err, ERR_WAITING, "ceremony %.8s still waits for approvals",
		    dossier->id);
	case CEREMONY_RELEASING:
		return err_set(err, ERR_WAITING, "ceremony %.8s is being released; try again",
		    dossier->id);
	default:
		return err_set(err, ERR_REFUSED, "ceremony %.8s is %s%s%s", dossier->id,
		    ceremony_state_names[dossier->state], dossier->reason[0] != '\0' ? ": " : "",
		    dossier->reason);
	}
}

static enum err_code
open_with(struct client *client, const struct dossier *dossier, const struct vault_view *view,
    struct hand *hand, struct opened *opened, struct err *err)
{
	CLEANUP(delivery_done) struct delivery delivery = {0};

	TRY(fetch(client, dossier, hand, &delivery, err));
	if (verify(&delivery, dossier, view, hand, err) != ERR_OK)
		return err_add(err, "the release of %s", dossier->request.items.rows[0].name);
	TRY(keep(client, &delivery, dossier, view, opened, err));
	TRY(hand_unlock(hand, 0, 1, err));
	TRY(unseal(dossier, hand, buf_view(&delivery.box), &opened->credential, err));
	memcpy(opened->id, dossier->id, sizeof(opened->id));
	memcpy(opened->name, dossier->request.items.rows[0].name, sizeof(opened->name));
	opened->expires = delivery.release.expires;
	return ERR_OK;
}

/* What was released to SEAT, else what SEAT still waits for. */
static enum err_code
pick_own(struct client *client, const char *id, const char *seat, struct listed *ret_listed,
    struct err *err)
{
	enum err_code code =
	    listing_pick(client, id, 1u << CEREMONY_RELEASED, seat, ret_listed, err);

	if (code != ERR_NOT_FOUND || id != NULL)
		return code;
	code = listing_pick(client, id, 1u << CEREMONY_RELEASING | 1u << CEREMONY_COLLECTING, seat,
	    ret_listed, err);
	if (code == ERR_NOT_FOUND)
		return err_set(err, code, "nothing is released to %s, and no request of %s is open",
		    seat, seat);
	return code;
}

enum err_code
open_run(struct client *client, const char *id, struct opened *ret_opened, struct err *err)
{
	struct hand_want want = {.roles = ROLE_RESPONDER};
	const struct vault_view *view;
	HAND hand = {0};
	struct listed listed;
	DOSSIER *dossier = NULL;
	OPENED opened = {0};

	TRY(client_sync(client, &view, err));
	want.suspended = &view->chain.suspensions;
	want.lists[0] =
	    (struct hand_list){view->chain.roster->seats, view->chain.roster->seat_count};
	want.lists[1] =
	    (struct hand_list){view->chain.charter->seats, view->chain.charter->seat_count};
	TRY(hand_take(client_options(client), &want, &hand, err));
	TRY(pick_own(client, id, hand.seat->name, &listed, err));
	TRY(dossier_fetch(client, view, listed.id, &dossier, err));
	TRY(check_state(dossier, err));
	if (strcmp(dossier->request.seat, hand.seat->name) != 0)
		return err_set(err, ERR_REFUSED, "ceremony %.8s is %s's, not %s's", dossier->id,
		    dossier->request.seat, hand.seat->name);
	TRY(open_with(client, dossier, view, &hand, &opened, err));
	*ret_opened = opened;
	opened = (struct opened){0};
	return ERR_OK;
}

/* ---- the lease ---- */

enum err_code
lease_look(struct client *client, const char *id, struct lease *ret_lease, struct err *err)
{
	struct listed listed;

	TRY(listing_pick(client, id, 0, NULL, &listed, err));
	*ret_lease = (struct lease){.state = listed.state, .expires = listed.expires};
	return ERR_OK;
}

enum err_code
lease_end(struct client *client, const char *id, bool *ret_retired, struct err *err)
{
	const unsigned states = 1u << CEREMONY_RELEASED | 1u << CEREMONY_ROTATING;
	const struct ui *ui = client_options(client)->ui;
	struct json *request;
	struct listed listed;
	JSON *reply = NULL;
	BUF blob = {0};
	struct json_in in;
	const char *state, *debt, *note;

	TRY(listing_pick(client, id, states, NULL, &listed, err));
	request = op_new("done");
	json_put_text(request, "id", listed.id);
	TRY(client_call(client, request, (struct view){0}, &reply, &blob, err));
	in = reply_in(reply, "done", err);
	state = json_in_text(&in, "state", 1, 40);
	debt = json_in_text(&in, "debt", 1, 40);
	note = json_in_text(&in, "note", 0, NOTE_TEXT_MAX);
	TRY(json_in_end(&in));
	*ret_retired = strcmp(debt, debt_state_names[DEBT_RETIRED]) == 0;
	if (*ret_retired)
		ui_say(ui,
		    "%s: the lease is over. The new value is accepted, the old value refused.%s%s",
		    listed.name, note[0] != '\0' ? " " : "", note);
	else
		ui_say(ui, "%s: the lease is over (%s), but the debt is %s: %s", listed.name, state,
		    debt, note);
	return ERR_OK;
}
