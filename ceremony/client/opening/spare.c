/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key of the encapsulation is drawn before the touch that signs it, and forgotten at the end: one
 * signature binds every box.  What the server sends is compared with what was signed, and shares with
 * the commitments of their header, before they are sealed on.
 */
#include "ceremony/client/opening/spare.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto_key.h"
#include "base/text.h"
#include "ceremony/client/hand/unlock.h"
#include "ceremony/client/sync.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/spare.h"
#include "vault/seal/envelope.h"
#include "vault/seal/reply.h"

struct handing {
	struct client *client;
	const struct vault_view *view;
	struct hand hand;
	const struct seat_token *to;
	struct p256_key *ephemeral,
	    *reply; /* of one time each, like the key that signs the boxes */
	struct secret *box_seed;
	struct spare spare;
	char (*names)[SEAT_NAME_MAX + 1];
	bool again, more;
};

static void
handing_done(struct handing *handing)
{
	hand_done(&handing->hand);
	p256_key_free(handing->ephemeral);
	p256_key_free(handing->reply);
	secret_free(handing->box_seed);
	spare_done(&handing->spare);
	free(handing->names);
}

/* The spare token called LABEL, or the only other one of the seat. */
static enum err_code
choose_spare(struct handing *handing, const char *label, struct err *err)
{
	const struct seat *seat = handing->hand.seat;

	for (size_t i = 0; i < seat->token_count; i++) {
		const struct seat_token *token = &seat->tokens[i];

		if (digest_equal(&token->id, &handing->hand.entry->id) || !token->has[KEY_SHARE] ||
		    (label != NULL && strcmp(label, token->label) != 0))
			continue;
		if (handing->to != NULL)
			return err_set(err, ERR_USAGE,
			    "%s has several other tokens; choose one with --to: %s, %s", seat->name,
			    QUOTED(handing->to->label), QUOTED(token->label));
		handing->to = token;
	}
	if (handing->to == NULL && label != NULL)
		return err_set(err, ERR_NOT_FOUND,
		    "the seat %s has no other token %s in charter %u; halligan charter show",
		    seat->name, QUOTED(label), handing->view->chain.charter->version);
	if (handing->to == NULL)
		return err_set(err, ERR_NOT_FOUND,
		    "the seat %s has no other token: enroll the spare and add it with a charter change first",
		    seat->name);
	return ERR_OK;
}

static enum err_code
read_item(const struct json *object, struct handing *handing, struct err *err)
{
	struct spare *spare = &handing->spare;
	struct spare_listed row;

	TRY(members_read(object, "spare-list", spare_listed_members, &row, err));
	memcpy(handing->names[spare->count], row.name, strlen(row.name) + 1);
	spare->opens[spare->count++] = row.open;
	return ERR_OK;
}

/* What FROM has an envelope of and TO has not; RET_ITEMS is part of the reply. */
static enum err_code
ask_list(const struct handing *handing, const struct seat_token *from, const struct seat_token *to,
    bool again, struct reply *reply, const struct json **ret_items, bool *ret_more, struct err *err)
{
	struct json *request = op_new("spare-list");

	json_put_hex(request, "from", VIEW_OF(from->id.bytes));
	json_put_hex(request, "to", VIEW_OF(to->id.bytes));
	json_put_bool(request, "again", again);
	TRY(client_ask(handing->client, request, "spare-list", reply, err));
	*ret_items = json_in_array(&reply->in, "items", 0, SPARE_OPENS);
	*ret_more = json_in_bool(&reply->in, "more");
	return json_in_end(&reply->in);
}

static enum err_code
fetch_list(struct handing *handing, struct err *err)
{
	REPLY reply = {0};
	const struct json *items;

	TRY(ask_list(handing, handing->hand.entry, handing->to, handing->again, &reply, &items,
	    &handing->more, err));
	handing->spare.opens = calloc(SPARE_OPENS, sizeof(*handing->spare.opens));
	handing->names = calloc(SPARE_OPENS, sizeof(*handing->names));
	if (handing->spare.opens == NULL || handing->names == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a list");
	for (size_t i = 0; i < json_array_count(items); i++)
		TRY(read_item(json_array_object(items, i), handing, err));
	return ERR_OK;
}

/* Who has just got a spare has it in hand, and it is the older one that is wanted. */
static enum err_code
check_nothing(const struct handing *handing, struct err *err)
{
	const char *mine = handing->hand.entry->label, *other = handing->to->label;
	REPLY reply = {0};
	const struct json *items;
	bool more;

	TRY(ask_list(handing, handing->to, handing->hand.entry, false, &reply, &items, &more, err));
	size_t count = json_array_count(items);
	if (count > 0)
		return err_set(err, ERR_TOKEN_ABSENT,
		    "%s is the new one: it has no envelope of %zu%s %s that %s has one of; "
		    "plug in %s, which hands them on",
		    QUOTED(mine), count, more ? " and more" : "",
		    text_plural(count, "secret", "secrets"), QUOTED(other), QUOTED(other));
	ui_say(client_options(handing->client)->ui,
	    "Nothing to hand on: whatever this token has an envelope of, %s has one of too.",
	    QUOTED(other));
	return ERR_OK;
}

static void
say_plan(struct handing *handing)
{
	const struct ui *ui = client_options(handing->client)->ui;
	size_t count = handing->spare.count;
	unsigned touches = token_touches(handing->hand.token, 1, (unsigned)count);
	char name[HAND_NAME_SIZE];

	hand_name(&handing->hand, name);
	ui_say(ui, "You act as %s.", name);
	ui_say(ui,
	    "Your shares of %zu %s are sealed to your spare token %s (serial %u), first: "
	    "%s. Nothing else is opened, and nobody else learns anything.",
	    count, text_plural(count, "secret", "secrets"), QUOTED(handing->to->label),
	    handing->to->serial, handing->names[0]);
	ui_say(ui,
	    "This needs %u %s. Ctrl-C stops between two of them, and running it again goes on "
	    "where it stopped.",
	    touches, text_plural(touches, "touch", "touches"));
}

static enum err_code
draw_keys(struct handing *handing, struct err *err)
{
	struct spare *spare = &handing->spare;

	TRY(p256_key_new(&handing->ephemeral, err));
	TRY(p256_key_new(&handing->reply, err));
	TRY(secret_new(ED25519_SIZE, &handing->box_seed, err));
	TRY(secret_random(handing->box_seed, ED25519_SIZE, err));
	p256_key_public(handing->ephemeral, &spare->enc);
	p256_key_public(handing->reply, &spare->reply);
	return ed25519_public(handing->box_seed, &spare->box_key, err);
}

static enum err_code
sign_list(struct handing *handing, struct err *err)
{
	struct spare *spare = &handing->spare;
	const struct vault_view *view = handing->view;
	struct json *request;
	JSON *payload = NULL;
	DSSE statement = {0};
	REPLY reply = {0};

	spare->vault = view->chain.vault;
	spare->from = handing->hand.entry->id;
	spare->to = handing->to->id;
	memcpy(spare->seat, handing->hand.seat->name, sizeof(spare->seat));
	spare->time = handing->hand.options->now();
	spare->size = view->checkpoint.size;
	spare->root = view->checkpoint.root;
	TRY(draw_keys(handing, err));
	TRY(spare_payload(spare, &payload, err));
	TRY(hand_state(&handing->hand, STATEMENT_SPARE, view->chain.charter->training, payload,
	    "sign for your spare token", &statement, err));
	request = op_new("spare");
	put_statement(request, "spare", &statement);
	TRY(client_ask(handing->client, request, "spare", &reply, err));
	return dsse_digest(&statement, &spare->digest, err);
}

/* {"op":NAME} about entry INDEX of the signed list. */
static struct json *
about(const struct handing *handing, const char *op, size_t index)
{
	struct json *request = op_new(op);

	json_put_hex(request, "statement", VIEW_OF(handing->spare.digest.bytes));
	json_put_int(request, "index", (int64_t)index);
	return request;
}

/* The header is the one that was signed, and its envelope that of the token in hand. */
static enum err_code
check_header(const struct handing *handing, const struct spare_open *open, struct view bytes,
    struct header *header, struct err *err)
{
	struct digest hash;

	TRY(header_hash(bytes, &hash, err));
	if (!digest_equal(&hash, &open->header))
		return err_set(err, ERR_INTEGRITY,
		    "the server sent another header than it had named");
	TRY(header_decode(bytes, header, err));
	if (!digest_equal(&header->vault, &handing->view->chain.vault) ||
	    header->version != open->version ||
	    memcmp(&header->secret, &open->secret, sizeof(open->secret)) != 0)
		return err_set(err, ERR_INTEGRITY, "the header is of another version or vault");
	if (open->envelope >= header->envelope_count ||
	    strcmp(header->envelopes[open->envelope].seat, handing->hand.seat->name) != 0 ||
	    !digest_equal(&header->envelopes[open->envelope].token, &handing->hand.entry->id))
		return err_set(err, ERR_INTEGRITY, "envelope %u is not this token's",
		    open->envelope);
	return ERR_OK;
}

/* RET_ENVELOPE: enc and ciphertext, as the host sealed them to us in BOX. */
static enum err_code
unwrap(const struct handing *handing, const struct spare_open *open, struct view box,
    struct buf *ret_envelope, struct err *err)
{
	const struct spare *spare = &handing->spare;
	const struct reply_ids ids = {.vault = spare->vault,
	    .statement = spare->digest,
	    .header = open->header,
	    .seat = spare->seat,
	    .token = spare->from};

	TRY(reply_open(&ids, handing->reply, box, ret_envelope, err));
	if (ret_envelope->size <= POINT_SIZE)
		return err_set(err, ERR_INTEGRITY, "the server sent an envelope of a wrong size");
	return ERR_OK;
}

/* Open one envelope with the token; RET_CIPHERTEXT: its shares for the spare. */
static enum err_code
hand_on(struct handing *handing, const struct spare_open *open, struct view blob,
    struct buf *ret_ciphertext, struct err *err)
{
	struct hand_agree agree = {.hand = &handing->hand,
	    .key = TOKEN_SHARE,
	    .purpose = "open your share"};
	struct reader reader = reader_of(blob);
	struct view bytes = reader_lp32(&reader, HEADER_MAX);
	BUF envelope = {0};
	HEADER *header = NULL;
	SECRET *shares = NULL;
	HPKE *hpke = NULL;
	struct digest info;
	struct point made;

	if (reader.failed || reader.rest.size > REPLY_BOX_MAX)
		return err_set(err, ERR_INTEGRITY, "the server sent an envelope of a wrong size");
	TRY(header_new(&header, err));
	TRY(check_header(handing, open, bytes, header, err));
	TRY(unwrap(handing, open, reader.rest, &envelope, err));
	TRY(seal_open_envelope(header, &open->header, open->envelope,
	    view_of(envelope.data, POINT_SIZE),
	    view_of(envelope.data + POINT_SIZE, envelope.size - POINT_SIZE), hand_agree, &agree,
	    &shares, err));
	TRY(seal_spare_info(header, open->envelope, &handing->to->id, &info, err));
	TRY(hpke_sender_with(hpke_suite_default, &handing->to->keys[KEY_SHARE], VIEW_OF(info.bytes),
	    handing->ephemeral, &hpke, &made, err));
	return hpke_seal(hpke, VIEW_OF(open->header.bytes), secret_view(shares), ret_ciphertext,
	    err);
}

static enum err_code
hand_on_one(struct handing *handing, size_t index, struct err *err)
{
	REPLY reply = {0}, thanks = {0};
	BUF ciphertext = {0};
	struct json *request;
	const struct spare_open *open = &handing->spare.opens[index];
	struct digest digest;
	uint8_t signature[ED25519_SIGNATURE_SIZE];

	TRY(client_ask(handing->client, about(handing, "spare-envelope", index), "spare-envelope",
	    &reply, err));
	TRY(hand_on(handing, open, buf_view(&reply.blob), &ciphertext, err));
	TRY(spare_box_digest(&handing->spare, open, buf_view(&ciphertext), &digest, err));
	TRY(ed25519_sign(handing->box_seed, VIEW_OF(digest.bytes), signature, err));
	request = about(handing, "spare-box", index);
	json_put_hex(request, "signature", VIEW_OF(signature));
	return client_send(handing->client, request, buf_view(&ciphertext), "spare-box", &thanks,
	    err);
}

static enum err_code
hand_on_all(struct handing *handing, size_t *ret_count, struct err *err)
{
	const struct ui *ui = client_options(handing->client)->ui;
	size_t count = handing->spare.count;

	for (size_t i = 0; i < count; i++) {
		if (hand_on_one(handing, i, err) != ERR_OK) {
			(void)err_add(err, "%s", handing->names[i]);
			return err_add(err, "%zu of %zu are handed on; run it again for the rest",
			    i, count);
		}
		ui_progress(ui, "%s: handed on (%zu of %zu)", handing->names[i], i + 1, count);
	}
	*ret_count = count;
	return ERR_OK;
}

enum err_code
spare_run(struct client *client, const char *label, bool again, size_t *ret_count, struct err *err)
{
	const struct client_options *options = client_options(client);
	CLEANUP(handing_done) struct handing handing = {.client = client, .again = again};

	TRY(client_sync(client, &handing.view, err));
	const struct chain *chain = &handing.view->chain;
	const struct hand_want want = {.roles = ROLE_OFFICER,
	    .lists = {{chain->charter->seats, chain->charter->seat_count}},
	    .suspended = &chain->suspensions};
	TRY(hand_take(options, &want, &handing.hand, err));
	TRY(choose_spare(&handing, label, err));
	TRY(fetch_list(&handing, err));
	if (handing.spare.count == 0) {
		TRY(check_nothing(&handing, err));
		*ret_count = 0;
		return ERR_OK;
	}
	say_plan(&handing);
	TRY(ui_demand(options->ui, "Hand them on? Type yes", "yes", err));
	TRY(hand_unlock(&handing.hand, 1, (unsigned)handing.spare.count, err));
	TRY(sign_list(&handing, err));
	TRY(hand_on_all(&handing, ret_count, err));
	ui_say(options->ui,
	    "Done: %s has envelopes of %zu more %s.%s Plug it in and run: halligan token "
	    "test. It counts when it has opened them.",
	    QUOTED(handing.to->label), *ret_count, text_plural(*ret_count, "secret", "secrets"),
	    handing.more ? " There are more: run it again." : "");
	return ERR_OK;
}
