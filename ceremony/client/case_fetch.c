/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/case_fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_members.h"
#include "base/text.h"
#include "ceremony/client/secrets/secret.h"
#include "ceremony/client/sync.h"
#include "ceremony/protocol/message.h"

void
dossier_free(struct dossier *dossier)
{
	if (dossier->transcript != NULL)
		transcript_free(dossier->transcript);
	for (size_t i = 0; i < dossier->count; i++)
		exhibit_freep(&dossier->items[i].exhibit);
	free(dossier->items);
	dsse_done(&dossier->release);
	free(dossier);
}

/* ---- what is shown of the whole ---- */

struct documents {
	struct dsse request, ceremony;
	const struct json *voices, *items;
};

static void
documents_done(struct documents *documents)
{
	dsse_done(&documents->request);
	dsse_done(&documents->ceremony);
}

static enum err_code
read_reply(struct json_in *in, struct documents *documents, struct dossier *dossier)
{
	in_statement(in, "request", &documents->request);
	in_statement(in, "ceremony", &documents->ceremony);
	dossier->state = (enum ceremony_state)json_in_choice(in, "state", ceremony_state_names);
	snprintf(dossier->reason, sizeof(dossier->reason), "%s",
	    json_in_text(in, "reason", 0, NOTE_TEXT_MAX));
	documents->voices = json_in_array(in, "voices", 0, CEREMONY_VOICES);
	documents->items = json_in_array(in, "items", 1, CEREMONY_ITEMS);
	dossier->has_release = json_in_has(in, "release");
	if (dossier->has_release)
		in_statement(in, "release", &dossier->release);
	dossier->released = json_in_moment(in, "released");
	dossier->expires = json_in_moment(in, "expires");
	return json_in_end(in);
}

enum err_code
dossier_check_log(const struct transcript *transcript, const struct vault_view *view,
    struct err *err)
{
	if (transcript->ceremony.size != view->checkpoint.size ||
	    digest_equal(&transcript->ceremony.root, &view->checkpoint.root))
		return ERR_OK;
	return err_set(err, ERR_INTEGRITY,
	    "the ceremony statement names another log than the one that the server shows; do not go on");
}

static enum err_code
check_id(const struct dossier *dossier, struct err *err)
{
	char id[ID_HEX_SIZE];

	text_hex(VIEW_OF(dossier->transcript->ceremony.id.bytes), id);
	if (strcmp(id, dossier->id) != 0)
		return err_set(err, ERR_INTEGRITY,
		    "the ceremony statement names another id than was asked for: the server showed "
		    "another ceremony");
	return ERR_OK;
}

static enum err_code
add_voices(const struct json *array, const struct vault_view *view, struct transcript *transcript,
    struct err *err)
{
	for (size_t i = 0; i < json_array_count(array); i++) {
		DSSE statement = {0};

		TRY(array_statement(array, i, "approval or denial", &statement, err));
		if (transcript_add(transcript, &statement, &view->chain, err) == ERR_OK)
			continue;
		if (err->code == ERR_EXISTS)
			err->code = ERR_INTEGRITY;
		return err_add(err, "voices[%zu]", i);
	}
	return ERR_OK;
}

static const struct member item_members[] = {
    {"state", MEMBER_CHOICE, FIELD(struct dossier_item, state), .choices = item_state_names},
    {"note", MEMBER_TEXT, FIELD(struct dossier_item, note)},
    {NULL},
};

static enum err_code
read_states(const struct json *array, struct dossier *dossier, struct err *err)
{
	size_t count = dossier->transcript->request.items.count;

	if (json_array_count(array) != count)
		return err_set(err, ERR_INTEGRITY,
		    "the server shows %zu items of a ceremony that has %zu",
		    json_array_count(array), count);
	dossier->items = calloc(count, sizeof(*dossier->items));
	if (dossier->items == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a ceremony");
	dossier->count = count;
	for (size_t i = 0; i < count; i++)
		TRY(members_read(json_array_object(array, i), "items", item_members,
		    &dossier->items[i], err));
	return ERR_OK;
}

enum err_code
dossier_fetch(struct client *client, const struct vault_view *view, const char *id,
    struct dossier **ret_dossier, struct err *err)
{
	CLEANUP(documents_done) struct documents documents = {0};
	DOSSIER *dossier = calloc(1, sizeof(*dossier));
	struct json *request = op_new("ceremony-get");
	REPLY reply = {0};

	json_put_text(request, "id", id);
	if (dossier == NULL) {
		json_free(request);
		return err_set(err, ERR_MEMORY, "out of memory for a ceremony");
	}
	snprintf(dossier->id, sizeof(dossier->id), "%s", id);
	TRY(client_ask(client, request, "ceremony-get", &reply, err));
	TRY(read_reply(&reply.in, &documents, dossier));
	TRY(transcript_new(&documents.request, &documents.ceremony, &view->chain,
	    &dossier->transcript, err));
	TRY(check_id(dossier, err));
	TRY(dossier_check_log(dossier->transcript, view, err));
	TRY(add_voices(documents.voices, view, dossier->transcript, err));
	TRY(read_states(documents.items, dossier, err));
	*ret_dossier = TAKE(dossier);
	return ERR_OK;
}

enum err_code
dossier_take(struct client *client, const char *id, unsigned states,
    const struct vault_view **ret_view, struct dossier **ret_dossier, struct err *err)
{
	struct listed listed;

	TRY(client_sync(client, ret_view, err));
	TRY(listing_pick(client, id, states, NULL, &listed, err));
	return dossier_fetch(client, *ret_view, listed.id, ret_dossier, err);
}

/* ---- what is behind an item ---- */

static enum err_code
read_given(const struct json *array, struct exhibit *exhibit, struct err *err)
{
	for (size_t i = 0; i < json_array_count(array); i++) {
		const char *seat = json_array_text(array, i);

		if (seat == NULL || strlen(seat) > SEAT_NAME_MAX)
			return err_set(err, ERR_PROTOCOL, "given[%zu] is no seat's name", i);
		exhibit_give(exhibit, seat);
	}
	return ERR_OK;
}

static enum err_code
read_item(const struct json *object, struct view header, const struct vault_view *view,
    struct transcript *transcript, size_t position, struct dossier_item *item, struct err *err)
{
	struct json_in in = json_in(object, "items", err);
	bool shown = json_in_has(&in, "definition");
	EXHIBIT *exhibit = NULL;
	DSSE definition = {0};

	if (shown || transcript_definition(transcript, position) == NULL)
		in_statement(&in, "definition", &definition);
	snprintf(item->stale, sizeof(item->stale), "%s",
	    json_in_text(&in, "stale", 0, NOTE_TEXT_MAX));
	const struct json *spares = json_in_array(&in, "spares", 0, HEADER_ENVELOPES);
	const struct json *given = json_in_array(&in, "given", 0, QUORUM_SEATS);
	item->part_exposed = json_in_bool(&in, "part_exposed");
	TRY(json_in_end(&in));
	TRY(exhibit_new(transcript, position, shown ? &definition : NULL, header, &view->chain,
	    &exhibit, err));
	TRY(lookup_spares(spares, exhibit->header, &exhibit->spares, err));
	TRY(read_given(given, exhibit, err));
	item->exhibit = TAKE(exhibit);
	return ERR_OK;
}

/* At least the first of POSITIONS; the others as far as they fit into one reply. */
static enum err_code
read_shown(struct reply *reply, const struct vault_view *view, struct dossier *dossier,
    const struct positions *positions, struct err *err)
{
	const struct json *items = json_in_array(&reply->in, "items", 1, positions->count);
	struct reader headers = reader_of(buf_view(&reply->blob));

	TRY(json_in_end(&reply->in));
	for (size_t i = 0; i < json_array_count(items); i++) {
		size_t position = positions->rows[i];
		struct view header = reader_lp32(&headers, HEADER_MAX);

		TRY(read_item(json_array_object(items, i), header, view, dossier->transcript,
		    position, &dossier->items[position], err));
	}
	if (!reader_end(&headers))
		return err_set(err, ERR_PROTOCOL,
		    "the server sent headers of other items than it shows");
	return ERR_OK;
}

static enum err_code
fetch_items(struct client *client, const struct vault_view *view, struct dossier *dossier,
    const struct positions *positions, struct err *err)
{
	struct json *request = op_new("ceremony-items");
	struct positions known = {0};
	REPLY reply = {0};

	for (size_t i = 0; i < positions->count; i++)
		if (transcript_definition(dossier->transcript, positions->rows[i]) != NULL)
			known.rows[known.count++] = positions->rows[i];
	json_put_text(request, "id", dossier->id);
	put_positions(request, "positions", positions);
	put_positions(request, "known", &known);
	TRY(client_ask(client, request, "ceremony-items", &reply, err));
	return read_shown(&reply, view, dossier, positions, err);
}

enum err_code
dossier_fetch_item(struct client *client, const struct vault_view *view, struct dossier *dossier,
    size_t position, struct err *err)
{
	const struct positions positions = {{(uint32_t)position}, 1};

	return dossier->items[position].exhibit != NULL ?
	    ERR_OK :
	    fetch_items(client, view, dossier, &positions, err);
}

enum err_code
dossier_fetch_items(struct client *client, const struct vault_view *view, struct dossier *dossier,
    struct err *err)
{
	struct positions positions;

	do {
		positions.count = 0;
		for (size_t i = 0; i < dossier->count && positions.count < ITEMS_AT_ONCE; i++)
			if (dossier->items[i].exhibit == NULL)
				positions.rows[positions.count++] = (uint32_t)i;
		if (positions.count > 0)
			TRY(fetch_items(client, view, dossier, &positions, err));
	} while (positions.count > 0);
	return ERR_OK;
}

/* ---- questions ---- */

enum err_code
dossier_check_open(const struct dossier *dossier, int64_t now, struct err *err)
{
	const struct transcript *transcript = dossier->transcript;

	if (dossier->state != CEREMONY_COLLECTING)
		return err_set(err, ERR_REFUSED, "ceremony %.8s is %s%s%s%s", dossier->id,
		    ceremony_state_names[dossier->state], dossier->reason[0] != '\0' ? ": " : "",
		    dossier->reason,
		    dossier->state == CEREMONY_REFUSED ? "; if it is still needed, request again" :
		                                         "");
	if (!transcript->in_force)
		return err_set(err, ERR_REFUSED,
		    "ceremony %.8s is void, and %s must request again: %s", dossier->id,
		    transcript->request.seat, transcript->why_void);
	if (now >= transcript->ceremony.deadline || now >= transcript->request.expires)
		return err_set(err, ERR_REFUSED,
		    "ceremony %.8s is past its deadline by this computer's clock; %s must request "
		    "again",
		    dossier->id, transcript->request.seat);
	return ERR_OK;
}

enum verdict
dossier_verdict(const struct dossier *dossier, const struct vault_view *view, int64_t now,
    struct buf *ret_text)
{
	enum verdict worst = VERDICT_MET;
	BUF worst_text = {0};

	for (size_t i = 0; i < dossier->count; i++) {
		const struct dossier_item *item = &dossier->items[i];
		BUF text = {0};
		int missing;

		if (item->exhibit == NULL || item->stale[0] != '\0')
			continue;
		verdict_worst(exhibit_verdict(dossier->transcript, item->exhibit, &view->chain, now,
		                  &missing, &text),
		    &text, &worst, &worst_text);
	}
	buf_bytes(ret_text, buf_view(&worst_text));
	return worst;
}

bool
dossier_gave(const struct dossier *dossier, size_t position, const char *seat)
{
	const struct exhibit *exhibit = dossier->items[position].exhibit;

	if (exhibit == NULL || transcript_approval(dossier->transcript, seat) == NULL)
		return false;
	for (size_t i = 0; i < exhibit->given_count; i++)
		if (strcmp(exhibit->given[i], seat) == 0)
			return true;
	return false;
}
