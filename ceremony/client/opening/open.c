/* SPDX-License-Identifier: Apache-2.0 */
/* Every box is fetched and its release verified before the PIN; each holds the lease key's seed[32],
 * the same in all and that of the release, and then its credential. */
#include "ceremony/client/opening/open.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto_key.h"
#include "base/text.h"
#include "ceremony/client/hand/unlock.h"
#include "ceremony/client/memory.h"
#include "ceremony/client/opening/await.h"
#include "ceremony/client/opening/delivery.h"
#include "ceremony/client/sync.h"
#include "ceremony/protocol/message.h"
#include "vault/seal/envelope.h"

void
opened_done(struct opened *opened)
{
	for (size_t i = 0; i < opened->count; i++) {
		secret_free(opened->items[i].credential);
		definition_done(&opened->items[i].definition);
	}
	free(opened->items);
	secret_free(opened->lease);
	*opened = (struct opened){0};
}

struct receiving {
	struct client *client;
	const struct vault_view *view;
	struct hand hand;
	struct dossier *dossier;
	struct delivery delivery; /* the first; those after it differ in their box alone */
	struct buf *boxes;        /* by item of the release */
};

static void
receiving_done(struct receiving *receiving)
{
	for (size_t i = 0; receiving->boxes != NULL && i < receiving->delivery.release.item_count;
	     i++)
		buf_done(&receiving->boxes[i]);
	free(receiving->boxes);
	delivery_done(&receiving->delivery);
	dossier_freep(&receiving->dossier);
	hand_done(&receiving->hand);
}

/* ---- before the PIN ---- */

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
		    TOLD(dossier->far, dossier->reason));
	}
}

/* The quorum may be met, and the officer's computer gone before it asked for the release. */
static enum err_code
go_on(struct receiving *receiving, struct err *err)
{
	struct json *request;
	DOSSIER *now = NULL;
	REPLY reply = {0};
	enum ceremony_state state = receiving->dossier->state;

	if (state != CEREMONY_COLLECTING && state != CEREMONY_RELEASING)
		return ERR_OK;
	request = op_new("advance");
	json_put_text(request, "id", receiving->dossier->id);
	TRY(client_ask(receiving->client, request, "advance", &reply, err));
	TRY(dossier_fetch(receiving->client, receiving->view, receiving->dossier->id, &now, err));
	dossier_free(receiving->dossier);
	receiving->dossier = TAKE(now);
	return ERR_OK;
}

static enum err_code
check_recipient(const struct receiving *receiving, struct err *err)
{
	const struct request *request = &receiving->dossier->transcript->request;
	const struct hand *hand = &receiving->hand;
	BUF names = {0};

	if (strcmp(request->seat, hand->seat->name) != 0)
		return err_set(err, ERR_REFUSED, "ceremony %.8s is %s's, not %s's",
		    receiving->dossier->id, request->seat, hand->seat->name);
	for (size_t i = 0; i < request->recipients.count; i++) {
		const struct digest *id = &request->recipients.rows[i].token;
		const struct seat_token *token =
		    chain_listed_token(&receiving->view->chain, request->seat, id);

		if (digest_equal(id, &hand->entry->id))
			return ERR_OK;
		if (token != NULL)
			buf_format(&names, "%s%s", names.size > 0 ? ", " : "",
			    QUOTED(token->label));
	}
	return err_set(err, ERR_REFUSED,
	    "it is not sealed to the token %s, but to those that the request named: %s; use one of "
	    "them",
	    QUOTED(hand->entry->label), buf_string(&names));
}

/* What was released: by position. */
struct wanted {
	bool done[CEREMONY_ITEMS];
	size_t sent; /* positions before that were sent for */
};

/* Boxes, as many as are asked for at once. */
static void
send_for_boxes(struct receiving *receiving, struct wanted *wanted)
{
	enum { BOXES_AHEAD = 32 };
	const struct dossier *dossier = receiving->dossier;

	for (size_t i = 0; wanted->sent < dossier->count && i < BOXES_AHEAD; wanted->sent++) {
		if (!wanted->done[wanted->sent])
			continue;
		delivery_foresee(receiving->client, dossier, wanted->sent,
		    &receiving->hand.entry->id);
		i++;
	}
}

/* What is behind the items, and the boxes, in one go. */
static enum err_code
send_for_all(struct receiving *receiving, struct wanted *wanted, struct err *err)
{
	struct dossier *dossier = receiving->dossier;

	for (size_t i = 0; i < dossier->count; i++)
		wanted->done[i] = dossier->items[i].state == ITEM_DONE;
	dossier_foresee_meant(receiving->client, dossier, wanted->done);
	send_for_boxes(receiving, wanted);
	return dossier_fetch_meant(receiving->client, receiving->view, dossier, wanted->done, err);
}

static enum err_code
fetch(struct receiving *receiving, struct err *err)
{
	struct delivery *first = &receiving->delivery;
	const struct digest *token = &receiving->hand.entry->id;
	struct dossier *dossier = receiving->dossier;
	struct wanted wanted = {.sent = 0};

	TRY(send_for_all(receiving, &wanted, err));
	TRY(delivery_fetch(receiving->client, receiving->view, dossier, delivery_first(dossier),
	    token, first, err));
	receiving->boxes = calloc(first->release.item_count, sizeof(*receiving->boxes));
	if (receiving->boxes == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a release");
	for (size_t i = 0; i < first->release.item_count; i++) {
		size_t position = delivery_position(dossier, &first->release.items[i]);
		DELIVERY delivery = {0};

		if (position == delivery_first(dossier)) {
			receiving->boxes[i] = TAKE(first->box);
			continue;
		}
		if (position >= wanted.sent)
			send_for_boxes(receiving, &wanted);
		TRY(delivery_fetch(receiving->client, receiving->view, dossier, position, token,
		    &delivery, err));
		if (!digest_equal(&delivery.release.digest, &first->release.digest))
			return err_set(err, ERR_INTEGRITY,
			    "the server shows two releases of one ceremony");
		receiving->boxes[i] = TAKE(delivery.box);
	}
	return ERR_OK;
}

static enum err_code
keep(const struct receiving *receiving, struct opened *opened, struct err *err)
{
	const struct vault_view *view = receiving->view;
	struct memory memory;
	struct checkpoint checkpoint;
	char origin[ORIGIN_MAX + 1];
	struct view note = buf_view(&receiving->delivery.checkpoint);
	BUF text = {0};

	TRY(checkpoint_origin(view->chain.charter->name, &view->chain.vault, origin, err));
	TRY(checkpoint_open(note, origin, &view->chain.charter->host_log, &checkpoint, err));
	if (checkpoint.size < view->checkpoint.size ||
	    (checkpoint.size == view->checkpoint.size &&
	        !digest_equal(&checkpoint.root, &view->checkpoint.root)))
		return err_set(err, ERR_INTEGRITY,
		    "the checkpoint that came with the release does not fit the log shown before");
	TRY(dsse_encode(&receiving->delivery.statement, &text, err));
	TRY(memory_at(client_location(receiving->client), &memory, err));
	return memory_keep_release(&memory, &view->chain.vault, receiving->dossier->id,
	    buf_view(&text), note, opened->kept, err);
}

static void
secrets_free(struct secret ***secrets)
{
	for (struct secret **one = *secrets; one != NULL && *one != NULL; one++)
		secret_free(*one);
	free(*secrets);
}

/* All credentials are held together, and one that is just opened: asked for before the PIN, since a touch is spent on
 * each. */
static enum err_code
check_room(const struct receiving *receiving, struct err *err)
{
	size_t count = receiving->delivery.release.item_count, largest = 1;
	CLEANUP(secrets_free) struct secret **secrets = calloc(count + 2, sizeof(struct secret *));

	if (secrets == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a release");
	for (size_t i = 0; i <= count; i++) {
		size_t size = i < count ? receiving->boxes[i].size : largest;

		largest = size > largest ? size : largest;
		if (secret_new(size, &secrets[i], err) != ERR_OK)
			return err_add(err, "the release holds %zu %s", count,
			    text_plural(count, "credential", "credentials"));
	}
	return ERR_OK;
}

/* ---- with the token ---- */

static enum err_code
open_box(struct receiving *receiving, size_t index, struct secret **ret_plain, struct err *err)
{
	const struct ceremony *ceremony = &receiving->dossier->transcript->ceremony;
	const struct release_item *item = &receiving->delivery.release.items[index];
	struct hand *hand = &receiving->hand;
	const struct box_ids ids = {.label = seal_label_answer,
	    .vault = ceremony->vault,
	    .secret = item->secret,
	    .version = item->version,
	    .header_hash = item->header,
	    .ceremony = ceremony->digest,
	    .seat = hand->seat->name,
	    .token = hand->entry->id};
	struct hand_agree agree = {.hand = hand,
	    .key = TOKEN_RELEASE,
	    .purpose = "open the credential"};
	struct reader reader = reader_of(buf_view(&receiving->boxes[index]));
	struct view enc = reader_bytes(&reader, POINT_SIZE);
	struct digest info;
	struct point point;
	HPKE *hpke = NULL;

	if (point_from(enc, &point, err) != ERR_OK)
		return err_set(err, ERR_INTEGRITY, "the box was changed: its key is no point");
	TRY(seal_box_info(&ids, &info, err));
	TRY(hpke_recipient(hpke_suite_default, enc, &hand->entry->keys[KEY_RELEASE], hand_agree,
	    &agree, VIEW_OF(info.bytes), &hpke, err));
	if (hpke_open(hpke, VIEW_OF(ceremony->digest.bytes), reader.rest, ret_plain, err) != ERR_OK)
		return err_set(err, ERR_INTEGRITY,
		    "the box does not open with this token: it was changed, or sealed to another key");
	return ERR_OK;
}

/* The lease key belongs to the release, whatever the box says. */
static enum err_code
check_lease(const struct release *release, const struct secret *seed, struct err *err)
{
	struct ed25519_public key;

	TRY(ed25519_public(seed, &key, err));
	if (memcmp(key.bytes, release->key.bytes, ED25519_SIZE) != 0)
		return err_set(err, ERR_INTEGRITY,
		    "the lease key in the box is not that of the release");
	return ERR_OK;
}

static enum err_code
unseal(struct receiving *receiving, size_t index, struct opened *opened, struct err *err)
{
	SECRET *plain = NULL, *seed = NULL, *credential = NULL;
	struct view bytes;

	TRY(open_box(receiving, index, &plain, err));
	bytes = secret_view(plain);
	if (bytes.size <= ED25519_SIZE)
		return err_set(err, ERR_INTEGRITY, "what was released is too short");
	TRY(secret_from(view_of(bytes.data, ED25519_SIZE), &seed, err));
	TRY(check_lease(&receiving->delivery.release, seed, err));
	TRY(secret_from(view_of(bytes.data + ED25519_SIZE, bytes.size - ED25519_SIZE), &credential,
	    err));
	if (credential_check(secret_view(credential), err) != ERR_OK)
		return err_add(err, "what was released is no credential");
	opened->items[index].credential = TAKE(credential);
	if (opened->lease == NULL)
		opened->lease = TAKE(seed);
	return ERR_OK;
}

static enum err_code
unseal_all(struct receiving *receiving, struct opened *opened, struct err *err)
{
	const struct release *release = &receiving->delivery.release;
	const struct item *asked = receiving->dossier->transcript->request.items.rows;

	opened->items = calloc(release->item_count, sizeof(*opened->items));
	if (opened->items == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a release");
	opened->count = release->item_count;
	for (size_t i = 0; i < release->item_count; i++) {
		size_t position = delivery_position(receiving->dossier, &release->items[i]);

		memcpy(opened->items[i].name, asked[position].name, sizeof(opened->items[i].name));
		TRY(definition_copy(receiving->dossier->items[position].exhibit->definition,
		    &opened->items[i].definition, err));
		if (unseal(receiving, i, opened, err) != ERR_OK)
			return err_add(err, "%s", opened->items[i].name);
	}
	if (opened->count == 1)
		snprintf(opened->title, sizeof(opened->title), "%s", opened->items[0].name);
	else
		snprintf(opened->title, sizeof(opened->title), "%s and %zu other%s",
		    opened->items[0].name, opened->count - 1, opened->count == 2 ? "" : "s");
	memcpy(opened->id, receiving->dossier->id, sizeof(opened->id));
	opened->expires = client_options(receiving->client)->now() + receiving->delivery.left;
	opened->release = release->digest;
	opened->vault = release->vault;
	opened->training = receiving->view->chain.charter->training;
	return ERR_OK;
}

static struct dossier_wanted
released(const struct open_plan *plan, const char *seat)
{
	return (struct dossier_wanted){plan->id, 1u << CEREMONY_RELEASED, seat};
}

/* Most often one is released, to whoever asks. */
void
open_foresee(struct client *client, const void *plan)
{
	const struct dossier_wanted wanted = released(plan, NULL);

	dossier_foresee(client, &wanted);
}

/* What was released to SEAT, else what SEAT still waits for. */
static enum err_code
find_of(struct receiving *receiving, const struct open_plan *plan, const char *seat,
    struct err *err)
{
	const struct dossier_wanted own = released(plan, seat);
	const struct dossier_wanted open = {.states = 1u << CEREMONY_RELEASING |
	        1u << CEREMONY_COLLECTING,
	    .requester = seat};
	enum err_code code =
	    dossier_find(receiving->client, receiving->view, &own, &receiving->dossier, err);

	if (code == ERR_NOT_FOUND)
		code = dossier_find(receiving->client, receiving->view, &open, &receiving->dossier,
		    err);
	if (code == ERR_NOT_FOUND)
		return err_set(err, code, "nothing is released to %s, and no request of %s is open",
		    seat, seat);
	return code;
}

static enum err_code
find_own(struct receiving *receiving, const struct open_plan *plan, struct err *err)
{
	const struct dossier_wanted any = released(plan, NULL);
	const char *seat = receiving->hand.seat->name;
	enum err_code code =
	    dossier_find(receiving->client, receiving->view, &any, &receiving->dossier, err);

	if (plan->id != NULL)
		return code;
	if (code == ERR_OK && strcmp(receiving->dossier->transcript->request.seat, seat) == 0)
		return ERR_OK;
	if (code != ERR_OK && code != ERR_NOT_FOUND && code != ERR_USAGE)
		return code;
	dossier_freep(&receiving->dossier);
	return find_of(receiving, plan, seat, err);
}

static enum err_code
take_recipient(struct receiving *receiving, struct err *err)
{
	const struct chain *chain = &receiving->view->chain;
	const struct hand_want want = {.roles = ROLE_RESPONDER,
	    .suspended = &chain->suspensions,
	    .lists = {{chain->roster->seats, chain->roster->seat_count},
	        {chain->charter->seats, chain->charter->seat_count}}};

	return hand_take(client_options(receiving->client), &want, &receiving->hand, err);
}

/* The fields that the definition of ITEM names, appended to RET_NAMES; true: FIELD is not one of them.
 * Members of a target are the rotator's to judge: whatever is not as expected tells nothing. */
static bool
is_unnamed(const struct dossier_item *item, enum credential_field field, struct buf *ret_names)
{
	struct err ignored;
	struct json_in in = json_in(item->exhibit->definition->target, "target", &ignored);
	const struct json *names =
	    json_in_has(&in, "fields") ? json_in_array(&in, "fields", 1, CREDENTIAL_FIELDS) : NULL;

	for (size_t i = 0; names != NULL && i < json_array_count(names); i++) {
		const char *name = json_array_text(names, i);
		enum credential_field named;

		if (name == NULL || credential_field_named(name, &named, &ignored) != ERR_OK ||
		    named == field)
			return false;
		buf_format(ret_names, "%s%s", i > 0 ? ", " : "", credential_field_names[named]);
	}
	return names != NULL;
}

static void
say_unnamed(const struct receiving *receiving, const enum credential_field *field)
{
	const struct release *release = &receiving->delivery.release;
	const struct dossier *dossier = receiving->dossier;

	for (size_t i = 0; field != NULL && i < release->item_count; i++) {
		size_t position = delivery_position(dossier, &release->items[i]);
		BUF names = {0};

		if (is_unnamed(&dossier->items[position], *field, &names))
			ui_say(client_options(receiving->client)->ui,
			    "%s: by its definition it has %s, and perhaps no %s; Ctrl-C if that is not "
			    "meant.",
			    dossier->transcript->request.items.rows[position].name,
			    buf_string(&names), credential_field_names[*field]);
	}
}

enum err_code
open_run(struct client *client, const struct open_plan *plan, struct opened *ret_opened,
    struct err *err)
{
	CLEANUP(receiving_done) struct receiving receiving = {.client = client};
	OPENED opened = {0};

	TRY(client_sync(client, &receiving.view, err));
	TRY(take_recipient(&receiving, err));
	TRY(find_own(&receiving, plan, err));
	if (plan->pause > 0) {
		TRY(check_recipient(&receiving, err));
		TRY(await_quorum(client, receiving.view, &receiving.dossier, plan->pause, err));
	}
	TRY(go_on(&receiving, err));
	TRY(check_state(receiving.dossier, err));
	TRY(check_recipient(&receiving, err));
	TRY(fetch(&receiving, err));
	TRY(keep(&receiving, &opened, err));
	say_unnamed(&receiving, plan->field);
	TRY(check_room(&receiving, err));
	TRY(hand_unlock(&receiving.hand, 0, (unsigned)receiving.delivery.release.item_count, err));
	TRY(unseal_all(&receiving, &opened, err));
	*ret_opened = TAKE(opened);
	return ERR_OK;
}
