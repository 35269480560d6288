/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The encapsulation under which the shares will be re-sealed is drawn before the first touch, so
 * that the one signature binds it.  The envelope that comes back is checked to be this token's, and
 * its shares against the commitments of the header that the requester signed.
 */
#include "ceremony/client/opening/approve.h"

#include <stdio.h>
#include <string.h>

#include "base/text_time.h"
#include "ceremony/client/hand/unlock.h"
#include "ceremony/client/opening/batch_approve.h"
#include "ceremony/client/opening/dossier.h"
#include "ceremony/client/opening/list.h"
#include "ceremony/client/sync.h"
#include "ceremony/client/text/ceremony.h"
#include "ceremony/client/typed.h"
#include "ceremony/protocol/message.h"
#include "vault/seal/envelope.h"

static enum err_code
check_officer(const struct dossier *dossier, const struct hand *hand, struct err *err)
{
	if (strcmp(hand->seat->name, dossier->request.seat) == 0)
		return err_set(err, ERR_REFUSED,
		    "%s requested this; nobody counts towards the quorum of their own request",
		    hand->seat->name);
	for (size_t i = 0; i < dossier->approval_count; i++) {
		if (dossier->approvals[i].complete &&
		    strcmp(dossier->approvals[i].approval.seat, hand->seat->name) == 0)
			return err_set(err, ERR_EXISTS,
			    "%s has approved this ceremony already, and that counts; `halligan "
			    "status` says who is missing",
			    hand->seat->name);
	}
	return ERR_OK;
}

/* The envelope of this token in the header, or the one whose shares were handed on to it. */
static enum err_code
find_envelope(const struct dossier *dossier, const struct hand *hand, size_t *ret_index,
    bool *ret_spare, struct err *err)
{
	for (size_t i = 0; i < dossier->header->envelope_count; i++) {
		const struct header_envelope *envelope = &dossier->header->envelopes[i];

		if (digest_equal(&envelope->token, &hand->entry->id) &&
		    strcmp(envelope->seat, hand->seat->name) == 0) {
			*ret_index = i;
			*ret_spare = false;
			return ERR_OK;
		}
	}
	for (size_t i = 0; i < dossier->spares.count; i++) {
		size_t index = dossier->spares.rows[i].envelope;

		if (digest_equal(&dossier->spares.rows[i].token, &hand->entry->id) &&
		    strcmp(dossier->header->envelopes[index].seat, hand->seat->name) == 0) {
			*ret_index = index;
			*ret_spare = true;
			return ERR_OK;
		}
	}
	return err_set(err, ERR_REFUSED,
	    "version %u of %s was not sealed to this token of %s: it was enrolled later (then "
	    "`halligan spare`, with an older token of the seat, mends that), or the "
	    "quorum \"%s\" does not name the seat",
	    dossier->request.items.rows[0].version, dossier->request.items.rows[0].name,
	    hand->seat->name, dossier->header->quorum);
}

static enum err_code
box_info(const struct dossier *dossier, const struct hand *hand, struct digest *ret_info,
    struct err *err)
{
	const struct box_ids ids = {.label = seal_label_approval,
	    .vault = dossier->ceremony.vault,
	    .secret = dossier->ceremony.items.rows[0].secret,
	    .version = dossier->ceremony.items.rows[0].version,
	    .header_hash = dossier->header_hash,
	    .ceremony = dossier->ceremony.digest,
	    .seat = hand->seat->name,
	    .token = hand->entry->id};

	return seal_box_info(&ids, ret_info, err);
}

/* The signed approval with its encapsulation; RET_HPKE will seal the shares. */
static enum err_code
sign_approval(const struct dossier *dossier, const struct vault_view *view, struct hand *hand,
    struct dsse *statement, struct hpke **ret_hpke, struct err *err)
{
	struct approval approval = {.vault = view->chain.vault,
	    .ceremony = dossier->ceremony.digest,
	    .token = hand->entry->id,
	    .time = hand->options->now(),
	    .size = view->checkpoint.size,
	    .root = view->checkpoint.root};
	struct digest info;
	JSON *payload = NULL;
	HPKE *hpke = NULL;

	memcpy(approval.seat, hand->seat->name, sizeof(approval.seat));
	TRY(box_info(dossier, hand, &info, err));
	TRY(hpke_sender(hpke_suite_default, &dossier->ceremony.key, VIEW_OF(info.bytes), &hpke,
	    &approval.enc, err));
	TRY(approval_payload(&approval, &payload, err));
	TRY(statement_new(STATEMENT_APPROVAL, view->chain.charter->training, payload, statement,
	    err));
	TRY(hand_sign(hand, statement, "sign the approval", err));
	*ret_hpke = TAKE(hpke);
	return ERR_OK;
}

/* Send the approval; the envelope comes back. */
static enum err_code
fetch_envelope(struct client *client, const struct dossier *dossier, const struct dsse *statement,
    size_t index, struct buf *ret_box, struct err *err)
{
	struct json *request = op_new("approve");
	JSON *reply = NULL;
	struct json_in in;
	int64_t envelope;

	json_put_text(request, "id", dossier->id);
	put_statement(request, "approval", statement);
	TRY(client_call(client, request, (struct view){0}, &reply, ret_box, err));
	in = reply_in(reply, "approve", err);
	envelope = json_in_int(&in, "envelope", 0, HEADER_ENVELOPES - 1);
	TRY(json_in_end(&in));
	if ((size_t)envelope != index)
		return err_set(err, ERR_INTEGRITY,
		    "the server sent envelope %lld, but this token's is %zu", (long long)envelope,
		    index);
	return ERR_OK;
}

static enum err_code
open_shares(const struct dossier *dossier, struct hand *hand, size_t index, bool spare,
    struct view box, struct secret **ret_shares, struct err *err)
{
	struct hand_agree agree = {.hand = hand, .key = TOKEN_SHARE, .purpose = "open your share"};
	struct reader reader = reader_of(box);
	struct view enc = reader_bytes(&reader, POINT_SIZE);

	if (reader.failed || reader.rest.size == 0 || reader.rest.size > ENVELOPE_CT_MAX)
		return err_set(err, ERR_INTEGRITY, "the server sent an envelope of a wrong size");
	if (spare)
		return seal_open_spare(dossier->header, &dossier->header_hash, index,
		    &hand->entry->id, &hand->entry->keys[KEY_SHARE], enc, reader.rest, hand_agree,
		    &agree, ret_shares, err);
	return seal_open_envelope(dossier->header, &dossier->header_hash, index, enc, reader.rest,
	    hand_agree, &agree, ret_shares, err);
}

static void
say_outcome(const struct dossier *dossier, const struct ui *ui, const char *state,
    const char *missing, size_t approved)
{
	unsigned least = quorum_least(dossier->quorum);

	if (strcmp(state, ceremony_state_names[CEREMONY_COLLECTING]) == 0)
		ui_say(ui, "%zu of %u approved; missing: %s", approved, least, missing);
	else if (strcmp(state, ceremony_state_names[CEREMONY_RELEASED]) == 0)
		ui_say(ui,
		    "%zu of %u: released to %s. The lease runs; the credential is replaced at "
		    "its end.",
		    approved, least, dossier->request.seat);
	else
		ui_say(ui, "%zu of %u approved; the ceremony is %s. See halligan status.", approved,
		    least, state);
}

static enum err_code
send_shares(struct client *client, const struct dossier *dossier, const struct hand *hand,
    struct hpke *hpke, const struct secret *shares, struct err *err)
{
	struct json *request = op_new("shares");
	JSON *reply = NULL;
	BUF ciphertext = {0};
	BUF blob = {0};
	struct json_in in;
	const char *state, *missing;
	const struct json *approved;

	json_put_text(request, "id", dossier->id);
	json_put_text(request, "seat", hand->seat->name);
	if (hpke_seal(hpke, VIEW_OF(dossier->ceremony.digest.bytes), secret_view(shares),
	        &ciphertext, err) != ERR_OK) {
		json_free(request);
		return err->code;
	}
	TRY(client_call(client, request, buf_view(&ciphertext), &reply, &blob, err));
	in = reply_in(reply, "shares", err);
	state = json_in_text(&in, "state", 1, 40);
	missing = json_in_text(&in, "missing", 0, QUORUM_TEXT_MAX);
	approved = json_in_array(&in, "approved", 0, QUORUM_SEATS);
	TRY(json_in_end(&in));
	say_outcome(dossier, client_options(client)->ui, state, missing,
	    json_array_count(approved));
	return ERR_OK;
}

static void
say_consequences(const struct dossier *dossier, const struct ui *ui)
{
	char duration[TEXT_DURATION_SIZE];

	text_duration(dossier->request.duration, duration);
	ui_say(ui, "Ask %s to read their six words to you, by voice. They must be these.",
	    dossier->requester->person);
	ui_say(ui,
	    "If you approve and the quorum is met, %s receives this credential once, for %s; "
	    "then it is replaced on the target. Your approval opens nothing else.",
	    dossier->request.seat, duration);
}

static enum err_code
approve_with(struct client *client, const struct dossier *dossier, const struct vault_view *view,
    struct err *err)
{
	const struct client_options *options = client_options(client);
	const struct hand_want want = {.lists = {{view->chain.charter->seats,
	                                             view->chain.charter->seat_count},
	                                   {view->chain.roster->seats,
	                                       view->chain.roster->seat_count}},
	    .roles = ROLE_OFFICER,
	    .suspended = &view->chain.suspensions};
	HAND hand = {0};
	DSSE statement = {0};
	HPKE *hpke = NULL;
	BUF box = {0};
	SECRET *shares = NULL;
	char name[HAND_NAME_SIZE];
	size_t index = 0;
	bool spare = false;

	TRY(hand_take(options, &want, &hand, err));
	TRY(check_officer(dossier, &hand, err));
	TRY(find_envelope(dossier, &hand, &index, &spare, err));
	hand_name(&hand, name);
	ui_say(options->ui, "You act as %s.", name);
	TRY(ui_demand(options->ui, "Approve? Type yes", "yes", err));
	TRY(hand_unlock(&hand, 1, 1, err));
	TRY(dossier_check_open(dossier, view, options->now(), err));
	TRY(sign_approval(dossier, view, &hand, &statement, &hpke, err));
	TRY(fetch_envelope(client, dossier, &statement, index, &box, err));
	TRY(open_shares(dossier, &hand, index, spare, buf_view(&box), &shares, err));
	return send_shares(client, dossier, &hand, hpke, shares, err);
}

/* The ceremony that ID means, verified; or a batch, which has a dossier of its own. */
static enum err_code
take_dossier(struct client *client, const char *id, const struct vault_view **ret_view,
    struct listed *ret_listed, struct dossier **ret_dossier, struct err *err)
{
	TRY(client_sync(client, ret_view, err));
	TRY(listing_pick(client, id, 1u << CEREMONY_COLLECTING, NULL, ret_listed, err));
	return ret_listed->batch ?
	    ERR_OK :
	    dossier_fetch(client, *ret_view, ret_listed->id, ret_dossier, err);
}

enum err_code
approve_run(struct client *client, const char *id, struct err *err)
{
	const struct client_options *options = client_options(client);
	const struct vault_view *view;
	struct listed listed;
	DOSSIER *dossier = NULL;

	TRY(take_dossier(client, id, &view, &listed, &dossier, err));
	if (listed.batch)
		return batch_approve_run(client, view, listed.id, err);
	TRY(dossier_check_open(dossier, view, options->now(), err));
	dossier_show(dossier, view, options->ui, options->now());
	say_consequences(dossier, options->ui);
	return approve_with(client, dossier, view, err);
}

/* ---- denial and withdrawal ---- */

struct objection_kind {
	enum statement_type type;
	const char *op, *question, *purpose;
};
static const struct objection_kind denial_kind = {STATEMENT_DENIAL, "deny",
    "Deny this request? Type yes", "sign the denial"};
static const struct objection_kind cancel_kind = {STATEMENT_CANCEL, "cancel",
    "Withdraw your request? Type yes", "sign the withdrawal"};

static enum err_code
sign_objection(const struct objection_kind *kind, const struct dossier *dossier,
    const struct vault_view *view, struct hand *hand, const char *reason, struct dsse *statement,
    struct err *err)
{
	struct objection objection = {.vault = view->chain.vault,
	    .ceremony = dossier->ceremony.digest,
	    .token = hand->entry->id,
	    .time = hand->options->now()};
	JSON *payload = NULL;

	memcpy(objection.seat, hand->seat->name, sizeof(objection.seat));
	memcpy(objection.reason, reason, strlen(reason) + 1);
	TRY(objection_payload(&objection, &payload, err));
	TRY(statement_new(kind->type, view->chain.charter->training, payload, statement, err));
	return hand_sign(hand, statement, kind->purpose, err);
}

static enum err_code
send_objection(struct client *client, const struct objection_kind *kind,
    const struct dossier *dossier, const struct dsse *statement, struct err *err)
{
	struct json *request = op_new(kind->op);
	JSON *reply = NULL;
	BUF blob = {0};
	struct json_in in;
	const char *state;

	json_put_text(request, "id", dossier->id);
	put_statement(request, statement_names[kind->type], statement);
	TRY(client_call(client, request, (struct view){0}, &reply, &blob, err));
	in = reply_in(reply, kind->op, err);
	state = json_in_text(&in, "state", 1, 40);
	if (json_in_has(&in, "missing"))
		(void)json_in_text(&in, "missing", 0, QUORUM_TEXT_MAX);
	TRY(json_in_end(&in));
	ui_say(client_options(client)->ui, "Done. Ceremony %.8s is %s.", dossier->id,
	    strcmp(state, ceremony_state_names[CEREMONY_COLLECTING]) == 0 ?
	        "still open: the others can yet meet the quorum" :
	        state);
	return ERR_OK;
}

static enum err_code
object_with(struct client *client, const struct objection_kind *kind, const struct hand_want *want,
    const struct dossier *dossier, const struct vault_view *view, const char *reason,
    struct err *err)
{
	const struct ui *ui = client_options(client)->ui;
	HAND hand = {0};
	DSSE statement = {0};
	char name[HAND_NAME_SIZE];

	TRY(hand_take(client_options(client), want, &hand, err));
	hand_name(&hand, name);
	ui_say(ui, "You act as %s.", name);
	TRY(ui_demand(ui, kind->question, "yes", err));
	TRY(hand_unlock(&hand, 1, 0, err));
	TRY(sign_objection(kind, dossier, view, &hand, reason, &statement, err));
	return send_objection(client, kind, dossier, &statement, err);
}

enum err_code
deny_run(struct client *client, const char *id, const char *reason, struct err *err)
{
	const struct client_options *options = client_options(client);
	const struct vault_view *view;
	struct listed listed;
	DOSSIER *dossier = NULL;
	struct hand_want want = {.roles = ROLE_OFFICER};

	TRY(typed_check("the reason", reason, REASON_MAX, err));
	TRY(take_dossier(client, id, &view, &listed, &dossier, err));
	if (listed.batch)
		return batch_object_run(client, view, listed.id, false, reason, err);
	TRY(dossier_check_open(dossier, view, options->now(), err));
	dossier_show(dossier, view, options->ui, options->now());
	want.suspended = &view->chain.suspensions;
	want.lists[0] =
	    (struct hand_list){view->chain.charter->seats, view->chain.charter->seat_count};
	return object_with(client, &denial_kind, &want, dossier, view, reason, err);
}

enum err_code
cancel_run(struct client *client, const char *id, const char *reason, struct err *err)
{
	const struct client_options *options = client_options(client);
	const struct vault_view *view;
	struct listed listed;
	DOSSIER *dossier = NULL;
	struct hand_want want = {.roles = ROLE_RESPONDER};

	TRY(typed_check("the reason", reason, REASON_MAX, err));
	TRY(take_dossier(client, id, &view, &listed, &dossier, err));
	if (listed.batch)
		return batch_object_run(client, view, listed.id, true, reason, err);
	if (dossier->state != CEREMONY_COLLECTING)
		TRY(dossier_check_open(dossier, view, options->now(), err));
	dossier_show(dossier, view, options->ui, options->now());
	want.seat = dossier->request.seat;
	want.suspended = &view->chain.suspensions;
	want.lists[0] =
	    (struct hand_list){view->chain.roster->seats, view->chain.roster->seat_count};
	want.lists[1] =
	    (struct hand_list){view->chain.charter->seats, view->chain.charter->seat_count};
	return object_with(client, &cancel_kind, &want, dossier, view, reason, err);
}
