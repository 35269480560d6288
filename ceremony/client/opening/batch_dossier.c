/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/opening/batch_dossier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text_time.h"
#include "ceremony/client/opening/dossier.h"
#include "ceremony/client/opening/list.h"
#include "ceremony/client/secrets/secret.h"
#include "ceremony/client/text/ceremony.h"
#include "ceremony/protocol/message.h"

enum { NAMES_SHOWN = 10, VOICES_MAX = 512 };

void
batch_dossier_freep(struct batch_dossier **dossier)
{
	if (*dossier == NULL)
		return;
	for (size_t i = 0; (*dossier)->items != NULL && i < (*dossier)->ceremony.items.count; i++) {
		buf_done(&(*dossier)->items[i].header);
		json_free((*dossier)->items[i].reply);
	}
	free((*dossier)->items);
	request_done(&(*dossier)->request);
	ceremony_done(&(*dossier)->ceremony);
	json_free((*dossier)->reply);
	free(TAKE(*dossier));
}

/* ---- the statements ---- */

static enum err_code
verify_request(const struct dsse *statement, const struct vault_view *view,
    struct batch_dossier *dossier, struct err *err)
{
	const struct seat_token *token = NULL;
	struct request *request = &dossier->request;

	TRY(request_parse(statement, view->chain.charter->training, request, err));
	if (!digest_equal(&request->vault, &view->chain.vault))
		return err_set(err, ERR_INTEGRITY, "it is of another vault");
	dossier->requester = seat_by_token(view->chain.charter->seats,
	    view->chain.charter->seat_count, &request->token, &token);
	if (dossier->requester == NULL || strcmp(dossier->requester->name, request->seat) != 0 ||
	    (dossier->requester->roles & (ROLE_OFFICER | ROLE_OPERATOR)) == 0)
		return err_set(err, ERR_INTEGRITY,
		    "it is of a token that belongs to no operator and no officer \"%s\"",
		    request->seat);
	return seat_token_verify(statement, token, err);
}

static enum err_code
verify_ceremony(const struct dsse *statement, const struct vault_view *view,
    struct batch_dossier *dossier, struct err *err)
{
	struct ceremony *ceremony = &dossier->ceremony;
	uint8_t id[ID_SIZE];
	const char *differs;

	TRY(ceremony_parse(statement, view->chain.charter->training, ceremony, err));
	TRY(statement_verify_host(statement, &view->chain.charter->host_statement, err));
	differs = ceremony_differs(ceremony, &dossier->request);
	if (differs == NULL &&
	    (!text_from_hex(dossier->id, id, sizeof(id)) ||
	        memcmp(id, ceremony->id.bytes, sizeof(id)) != 0))
		differs = "id";
	if (differs == NULL && ceremony->size == view->checkpoint.size &&
	    !digest_equal(&ceremony->root, &view->checkpoint.root))
		differs = "log";
	if (differs != NULL)
		return err_set(err, ERR_INTEGRITY,
		    "the ceremony names another %s than the rest: somebody "
		    "exchanged a document; do not go on",
		    differs);
	return ERR_OK;
}

static bool
is_of_today(const struct batch_dossier *dossier, const struct vault_view *view)
{
	return digest_equal(&dossier->ceremony.charter, &view->chain.charter->digest);
}

static enum err_code
verify_voice(const struct json *object, const struct vault_view *view,
    const struct batch_dossier *dossier, struct err *err)
{
	struct json_in in = json_in(object, "batch-get: voices", err);
	const char *name = json_in_text(&in, "seat", 1, SEAT_NAME_MAX);
	bool denies = json_in_bool(&in, "denies");
	DSSE statement = {0};
	struct approval approval = {0};
	struct objection denial = {0};
	const struct seat_token *token = NULL;

	(void)json_in_int(&in, "given", 0, CEREMONY_ITEMS);
	in_statement(&in, "statement", &statement);
	TRY(json_in_end(&in));
	if (denies)
		TRY(objection_parse(&statement, STATEMENT_DENIAL, view->chain.charter->training,
		    &denial, err));
	else
		TRY(approval_parse(&statement, view->chain.charter->training, &approval, err));
	const struct seat *seat = seat_by_token(view->chain.charter->seats,
	    view->chain.charter->seat_count, denies ? &denial.token : &approval.token, &token);
	if (seat == NULL || strcmp(seat->name, name) != 0 ||
	    strcmp(seat->name, denies ? denial.seat : approval.seat) != 0 ||
	    !digest_equal(denies ? &denial.ceremony : &approval.ceremony,
	        &dossier->ceremony.digest))
		return err_set(err, ERR_INTEGRITY, "%s's voice is of another seat or ceremony",
		    name);
	return seat_token_verify(&statement, token, err);
}

static enum err_code
read_item_states(const struct json *array, struct batch_dossier *dossier, struct err *err)
{
	dossier->items = calloc(dossier->ceremony.items.count, sizeof(*dossier->items));
	if (dossier->items == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a ceremony");
	if (json_array_count(array) != dossier->ceremony.items.count)
		return err_set(err, ERR_INTEGRITY, "the server shows %zu versions of %zu",
		    json_array_count(array), dossier->ceremony.items.count);
	for (size_t i = 0; i < dossier->ceremony.items.count; i++) {
		struct json_in in = json_in(json_array_object(array, i), "batch-get: items", err);
		struct batch_item *item = &dossier->items[i];

		item->state = (enum item_state)json_in_choice(&in, "state", item_state_names);
		snprintf(item->note, sizeof(item->note), "%s",
		    json_in_text(&in, "note", 0, NOTE_TEXT_MAX));
		TRY(json_in_end(&in));
	}
	return ERR_OK;
}

static enum err_code
read_reply(const struct vault_view *view, struct batch_dossier *dossier, struct err *err)
{
	struct json_in in = reply_in(dossier->reply, "batch-get", err);
	DSSE request = {0}, ceremony = {0};
	const struct json *items;

	in_statement(&in, "request", &request);
	in_statement(&in, "ceremony", &ceremony);
	dossier->state = (enum ceremony_state)json_in_choice(&in, "state", ceremony_state_names);
	snprintf(dossier->reason, sizeof(dossier->reason), "%s",
	    json_in_text(&in, "reason", 0, NOTE_TEXT_MAX));
	dossier->voices = json_in_array(&in, "voices", 0, VOICES_MAX);
	items = json_in_array(&in, "items", 1, CEREMONY_ITEMS);
	snprintf(dossier->missing, sizeof(dossier->missing), "%s",
	    json_in_text(&in, "missing", 0, QUORUM_TEXT_MAX));
	TRY(json_in_end(&in));
	if (verify_request(&request, view, dossier, err) != ERR_OK)
		return err_add(err, "the request");
	if (verify_ceremony(&ceremony, view, dossier, err) != ERR_OK)
		return err_add(err, "the ceremony statement");
	for (size_t i = 0; is_of_today(dossier, view) && i < json_array_count(dossier->voices); i++)
		TRY(verify_voice(json_array_object(dossier->voices, i), view, dossier, err));
	return read_item_states(items, dossier, err);
}

/* ---- the versions ---- */

/* Definition and header of one version are those of the statements, and of each other. */
static enum err_code
verify_item(const struct dsse *definition_statement, const struct vault_view *view,
    const struct batch_dossier *dossier, size_t position, struct batch_item *item, struct err *err)
{
	const struct item *open = &dossier->request.items.rows[position];
	DEFINITION definition = {0};
	HEADER *header = NULL;
	struct quorum *quorum = NULL;
	struct digest hash;
	enum err_code code;

	TRY(definition_parse(definition_statement, view->chain.charter->training, &definition,
	    err));
	TRY(chain_verify_definition(&view->chain, definition_statement, &definition, err));
	if (!digest_equal(&definition.digest, &open->definition) ||
	    strcmp(definition.name, open->name) != 0 ||
	    memcmp(&definition.secret, &open->secret, sizeof(open->secret)) != 0)
		return err_set(err, ERR_INTEGRITY, "its definition is another one");
	code =
	    lookup_header(buf_view(&item->header), view, &definition, &header, &quorum, &hash, err);
	free(quorum);
	TRY(code);
	if (!digest_equal(&hash, &open->header) || header->version != open->version)
		return err_set(err, ERR_INTEGRITY, "its header is another one");
	memcpy(item->quorum, header->quorum, sizeof(item->quorum));
	snprintf(item->effect, sizeof(item->effect), "%.200s", definition.effect);
	return ERR_OK;
}

static enum err_code
fetch_item(struct client *client, const struct vault_view *view, struct batch_dossier *dossier,
    size_t position, struct err *err)
{
	struct json *request = op_new("batch-item");
	struct batch_item *item = &dossier->items[position];
	DSSE definition = {0};
	struct json_in in;

	json_put_text(request, "id", dossier->id);
	json_put_int(request, "position", (int64_t)position);
	TRY(client_call(client, request, (struct view){0}, &item->reply, &item->header, err));
	in = reply_in(item->reply, "batch-item", err);
	in_statement(&in, "definition", &definition);
	snprintf(item->stale, sizeof(item->stale), "%s",
	    json_in_text(&in, "stale", 0, NOTE_TEXT_MAX));
	item->spares = json_in_array(&in, "spares", 0, HEADER_ENVELOPES);
	item->seats = json_in_array(&in, "given", 0, QUORUM_SEATS);
	item->part_exposed = json_in_bool(&in, "part_exposed");
	TRY(json_in_end(&in));
	if (item->stale[0] != '\0')
		return ERR_OK; /* it will not be opened */
	if (verify_item(&definition, view, dossier, position, item, err) != ERR_OK)
		return err_add(err, "the secret %s", dossier->request.items.rows[position].name);
	return ERR_OK;
}

/* A document that does not hold is an alarm, whatever its first fault is called. */
static enum err_code
alarm(enum err_code code, struct err *err)
{
	if (code == ERR_REFUSED || code == ERR_INVALID)
		err->code = code = ERR_INTEGRITY;
	return code;
}

enum err_code
batch_dossier_fetch(struct client *client, const struct vault_view *view, const char *id,
    bool with_items, struct batch_dossier **ret_dossier, struct err *err)
{
	BATCH_DOSSIER *dossier = calloc(1, sizeof(*dossier));
	struct json *request = op_new("batch-get");
	BUF blob = {0};

	json_put_text(request, "id", id);
	if (dossier == NULL) {
		json_free(request);
		return err_set(err, ERR_MEMORY, "out of memory");
	}
	TRY(client_call(client, request, (struct view){0}, &dossier->reply, &blob, err));
	snprintf(dossier->id, sizeof(dossier->id), "%s", id);
	TRY(alarm(read_reply(view, dossier, err), err));
	for (size_t i = 0; with_items && i < dossier->ceremony.items.count; i++)
		TRY(alarm(fetch_item(client, view, dossier, i, err), err));
	*ret_dossier = TAKE(dossier);
	return ERR_OK;
}

enum err_code
batch_dossier_check_open(const struct batch_dossier *dossier, const struct vault_view *view,
    int64_t now, struct err *err)
{
	if (dossier->state != CEREMONY_COLLECTING)
		return err_set(err, ERR_REFUSED, "ceremony %.8s is %s%s%s", dossier->id,
		    ceremony_state_names[dossier->state], dossier->reason[0] != '\0' ? ": " : "",
		    dossier->reason);
	if (!is_of_today(dossier, view))
		return err_set(err, ERR_REFUSED,
		    "the charter has changed since this ceremony "
		    "began; it is void, and %s must request again",
		    dossier->request.seat);
	if (now >= dossier->ceremony.deadline)
		return err_set(err, ERR_REFUSED,
		    "ceremony %.8s is past its deadline; %s must "
		    "request again",
		    dossier->id, dossier->request.seat);
	return ERR_OK;
}

/* ---- what a token can give ---- */

static bool
names_seat(const struct json *seats, const char *seat)
{
	for (size_t i = 0; i < json_array_count(seats); i++) {
		const char *text = json_array_text(seats, i);

		if (text != NULL && strcmp(text, seat) == 0)
			return true;
	}
	return false;
}

/* The envelope that TOKEN can open as a spare; what it holds is checked when it is opened. */
static enum err_code
find_spare(struct batch_item *item, const struct header *header, const char *seat,
    const struct digest *token, struct err *err)
{
	for (size_t i = 0; i < json_array_count(item->spares); i++) {
		struct json_in in =
		    json_in(json_array_object(item->spares, i), "batch-item: spares", err);
		struct digest id = {0};

		json_in_hex(&in, "token", id.bytes, DIGEST_SIZE);
		int64_t envelope = json_in_int(&in, "envelope", 0, header->envelope_count - 1);
		TRY(json_in_end(&in));
		if (digest_equal(&id, token) &&
		    strcmp(header->envelopes[envelope].seat, seat) == 0) {
			item->mine = item->spare = true;
			item->envelope = (uint32_t)envelope;
		}
	}
	return ERR_OK;
}

static enum err_code
find_mine(struct batch_item *item, const char *seat, const struct digest *token, struct err *err)
{
	HEADER *header = NULL;

	TRY(header_new(&header, err));
	TRY(header_decode(buf_view(&item->header), header, err));
	TRY(find_spare(item, header, seat, token, err));
	for (uint32_t i = 0; i < header->envelope_count; i++) {
		if (strcmp(header->envelopes[i].seat, seat) != 0 ||
		    !digest_equal(&header->envelopes[i].token, token))
			continue;
		item->mine = true;
		item->spare = false;
		item->envelope = i;
	}
	item->given = names_seat(item->seats, seat);
	return ERR_OK;
}

enum err_code
batch_dossier_mine(struct batch_dossier *dossier, const char *seat, const struct digest *token,
    size_t *ret_mine, size_t *ret_left, struct err *err)
{
	size_t mine = 0, left = 0;

	for (size_t i = 0; i < dossier->ceremony.items.count; i++) {
		struct batch_item *item = &dossier->items[i];

		if (item->stale[0] != '\0')
			continue;
		TRY(find_mine(item, seat, token, err));
		mine += item->mine;
		left += item->mine && !item->given;
	}
	*ret_mine = mine;
	*ret_left = left;
	return ERR_OK;
}

/* ---- for people ---- */

static void
show_names(const struct batch_dossier *dossier, const struct ui *ui)
{
	size_t shown = 0, stale = 0, exposed = 0;

	for (size_t i = 0; i < dossier->ceremony.items.count; i++) {
		const struct batch_item *item = &dossier->items[i];

		stale += item->stale[0] != '\0';
		exposed += item->part_exposed;
		if (item->stale[0] != '\0' || shown == NAMES_SHOWN)
			continue;
		shown++;
		ui_say(ui, "  %-10s %s, version %u: %s", shown == 1 ? "secrets" : "",
		    dossier->request.items.rows[i].name, dossier->request.items.rows[i].version,
		    item->effect);
	}
	if (dossier->ceremony.items.count - stale > shown)
		ui_say(ui, "  %-10s and %zu more", "",
		    dossier->ceremony.items.count - stale - shown);
	if (stale > 0)
		ui_say(ui, "  %-10s %zu were replaced meanwhile and will not be opened", "", stale);
	if (exposed > 0)
		ui_say(ui,
		    "  WARNING    shares of %zu of them were opened before, in a ceremony that was "
		    "refused",
		    exposed);
}

static void
show_quorums(const struct batch_dossier *dossier, const struct ui *ui)
{
	const char *last = NULL;

	for (size_t i = 0; i < dossier->ceremony.items.count; i++) {
		const struct batch_item *item = &dossier->items[i];
		bool before = item->stale[0] != '\0';

		for (size_t j = 0; j < i && !before; j++)
			before = strcmp(dossier->items[j].quorum, item->quorum) == 0;
		if (before)
			continue;
		ui_say(ui, "  %-10s %s", last == NULL ? "quorum" : "and", item->quorum);
		last = item->quorum;
	}
}

static void
show_voices(const struct batch_dossier *dossier, const struct ui *ui)
{
	for (size_t i = 0; i < json_array_count(dossier->voices); i++) {
		struct err ignored;
		struct json_in in =
		    json_in(json_array_object(dossier->voices, i), "voice", &ignored);
		const char *seat = json_in_text(&in, "seat", 1, SEAT_NAME_MAX);
		bool denies = json_in_bool(&in, "denies");
		int64_t given = json_in_int(&in, "given", 0, CEREMONY_ITEMS);

		if (denies)
			ui_say(ui, "  denied     %s", seat);
		else
			ui_say(ui, "  approved   %s, gave shares of %lld", seat, (long long)given);
	}
	if (json_array_count(dossier->voices) == 0)
		ui_say(ui, "  approved   nobody yet");
}

void
batch_dossier_show(const struct batch_dossier *dossier, const struct vault_view *view,
    const struct ui *ui, int64_t now)
{
	const struct request *request = &dossier->request;
	char left[TEXT_DURATION_SIZE], words[TEXT_WORDS_SIZE];

	text_duration(dossier->ceremony.deadline > now ? dossier->ceremony.deadline - now : 0,
	    left);
	dossier_words(&dossier->ceremony.digest, words);
	ui_say(ui, "%sCeremony %.8s, vault %s: %s %zu secrets",
	    view->chain.charter->training ? "TRAINING. " : "", dossier->id,
	    view->chain.charter->name, request->mode == MODE_ROTATE ? "ROTATE" : "SEAL AGAIN",
	    dossier->ceremony.items.count);
	show_names(dossier, ui);
	ui_say(ui, "  who        %s (seat %s)", dossier->requester->person, request->seat);
	ui_say(ui, "  why        in the requester's words:");
	ui_quote(ui, request->reason);
	ui_say(ui, "  open for   another %s", left);
	show_quorums(dossier, ui);
	show_voices(dossier, ui);
	ui_say(ui, "%s", "");
	ui_say(ui, "  words      %s", words);
}

void
batch_dossier_tell(const struct batch_dossier *dossier, const struct ui *ui)
{
	size_t counts[ITEM_STATES] = {0};

	for (size_t i = 0; i < dossier->ceremony.items.count; i++) {
		const struct batch_item *item = &dossier->items[i];

		counts[item->state]++;
		if (item->state == ITEM_SKIPPED || item->state == ITEM_DAMAGED)
			ui_say(ui, "%s: %s: %s", dossier->request.items.rows[i].name,
			    item->state == ITEM_SKIPPED ? "left as it is" : "DAMAGED", item->note);
	}
	ui_say(ui, "Ceremony %.8s is %s: %zu of %zu secrets %s%s.", dossier->id,
	    ceremony_state_names[dossier->state], counts[ITEM_DONE], dossier->ceremony.items.count,
	    dossier->request.mode == MODE_ROTATE ? "opened to be replaced" : "sealed again",
	    counts[ITEM_DAMAGED] > 0 ? "; see the damaged ones above" : "");
}
