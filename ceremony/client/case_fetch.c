/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/case_fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_members.h"
#include "base/text.h"
#include "ceremony/client/secrets/secret.h"
#include "ceremony/client/sync.h"
#include "ceremony/protocol/clock.h"
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

/* What ceremony-get and ceremony-find have in common. */
static void
read_reply(const struct client *client, struct json_in *in, struct documents *documents,
    struct dossier *dossier)
{
	in_statement(in, "request", &documents->request);
	in_statement(in, "ceremony", &documents->ceremony);
	dossier->state = (enum ceremony_state)json_in_choice(in, "state", ceremony_state_names);
	snprintf(dossier->reason, sizeof(dossier->reason), "%s",
	    json_in_text(in, "reason", 0, NOTE_TEXT_MAX));
	dossier->far = client_is_far(client);
	dossier->ahead = client_hello(client)->ahead;
	documents->voices = json_in_array(in, "voices", 0, CEREMONY_VOICES);
	documents->items = json_in_array(in, "items", 1, CEREMONY_ITEMS);
	dossier->has_release = json_in_has(in, "release");
	if (dossier->has_release)
		in_statement(in, "release", &dossier->release);
	dossier->released = json_in_moment(in, "released");
	dossier->expires = json_in_moment(in, "expires");
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

/* ID is what was asked for, or begins with that. */
static enum err_code
take_id(struct dossier *dossier, const char *id, struct err *err)
{
	text_hex(VIEW_OF(dossier->transcript->ceremony.id.bytes), dossier->id);
	if (strncmp(dossier->id, id, strlen(id)) != 0)
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

static enum err_code
new_dossier(struct dossier **ret_dossier, struct err *err)
{
	*ret_dossier = calloc(1, sizeof(**ret_dossier));
	return *ret_dossier != NULL ? ERR_OK :
	                              err_set(err, ERR_MEMORY, "out of memory for a ceremony");
}

/* What is shown of the ceremony whose id begins with ID, verified. */
static enum err_code
verify(const struct documents *documents, const struct vault_view *view, const char *id,
    struct dossier *dossier, struct err *err)
{
	TRY(transcript_new(&documents->request, &documents->ceremony, &view->chain,
	    &dossier->transcript, err));
	TRY(take_id(dossier, id, err));
	TRY(dossier_check_log(dossier->transcript, view, err));
	TRY(add_voices(documents->voices, view, dossier->transcript, err));
	return read_states(documents->items, dossier, err);
}

static struct json *
get_request(const char *id)
{
	struct json *request = op_new("ceremony-get");

	json_put_text(request, "id", id);
	return request;
}

/* The ceremony as the host shows it, unverified. */
static enum err_code
get(struct client *client, const char *id, struct reply *reply, struct documents *documents,
    struct dossier **ret_dossier, struct err *err)
{
	TRY(new_dossier(ret_dossier, err));
	TRY(client_ask(client, get_request(id), "ceremony-get", reply, err));
	read_reply(client, &reply->in, documents, *ret_dossier);
	return json_in_end(&reply->in);
}

void
dossier_foresee_again(struct client *client, const char *id)
{
	client_foresee(client, get_request(id));
}

enum err_code
dossier_fetch(struct client *client, const struct vault_view *view, const char *id,
    struct dossier **ret_dossier, struct err *err)
{
	CLEANUP(documents_done) struct documents documents = {0};
	DOSSIER *dossier = NULL;
	REPLY reply = {0};

	TRY(get(client, id, &reply, &documents, &dossier, err));
	TRY(verify(&documents, view, id, dossier, err));
	*ret_dossier = TAKE(dossier);
	return ERR_OK;
}

enum err_code
dossier_look(struct client *client, const char *id, enum ceremony_state *ret_state,
    int64_t *ret_expires, struct err *err)
{
	CLEANUP(documents_done) struct documents documents = {0};
	DOSSIER *dossier = NULL;
	REPLY reply = {0};

	TRY(get(client, id, &reply, &documents, &dossier, err));
	*ret_state = dossier->state;
	*ret_expires = dossier->expires;
	return ERR_OK;
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

/* Definitions of which that of the item comes by changes. */
static enum err_code
read_earlier(const struct json *array, const struct vault_view *view, struct transcript *transcript,
    struct err *err)
{
	for (size_t i = 0; array != NULL && i < json_array_count(array); i++) {
		DSSE statement = {0};

		TRY(array_statement(array, i, "secret", &statement, err));
		if (transcript_show(transcript, &statement, &view->chain, err) != ERR_OK) {
			if (err->code == ERR_INVALID || err->code == ERR_REFUSED)
				err->code = ERR_INTEGRITY;
			return err_add(err, "earlier[%zu]", i);
		}
	}
	return ERR_OK;
}

static enum err_code
read_item(struct json_in *in, struct view header, const struct vault_view *view,
    struct transcript *transcript, size_t position, struct dossier_item *item, struct err *err)
{
	bool shown = json_in_has(in, "definition");
	EXHIBIT *exhibit = NULL;
	DSSE definition = {0};

	if (shown || transcript_definition(transcript, position) == NULL)
		in_statement(in, "definition", &definition);
	const struct json *earlier =
	    json_in_has(in, "earlier") ? json_in_array(in, "earlier", 1, EARLIER_MAX) : NULL;
	snprintf(item->stale, sizeof(item->stale), "%s",
	    json_in_text(in, "stale", 0, NOTE_TEXT_MAX));
	const struct json *spares = json_in_array(in, "spares", 0, HEADER_ENVELOPES);
	const struct json *given = json_in_array(in, "given", 0, QUORUM_SEATS);
	item->part_exposed = json_in_bool(in, "part_exposed");
	TRY(json_in_end(in));
	TRY(read_earlier(earlier, view, transcript, err));
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
		struct json_in in = json_in(json_array_object(items, i), "items", err);

		TRY(read_item(&in, header, view, dossier->transcript, position,
		    &dossier->items[position], err));
	}
	if (!reader_end(&headers))
		return err_set(err, ERR_PROTOCOL,
		    "the server sent headers of other items than it shows");
	return ERR_OK;
}

static struct json *
items_request(const struct dossier *dossier, const struct positions *positions)
{
	struct json *request = op_new("ceremony-items");
	struct positions known = {0};

	for (size_t i = 0; i < positions->count; i++)
		if (transcript_definition(dossier->transcript, positions->rows[i]) != NULL)
			known.rows[known.count++] = positions->rows[i];
	json_put_text(request, "id", dossier->id);
	put_positions(request, "positions", positions);
	put_positions(request, "known", &known);
	return request;
}

static enum err_code
fetch_items(struct client *client, const struct vault_view *view, struct dossier *dossier,
    const struct positions *positions, struct err *err)
{
	REPLY reply = {0};

	TRY(client_ask(client, items_request(dossier, positions), "ceremony-items", &reply, err));
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

/* Those of the first COUNT that are meant and are not there yet, as many as are asked for at once. */
static void
lacking(const struct dossier *dossier, const bool *meant, struct positions *ret_positions)
{
	ret_positions->count = 0;
	for (size_t i = 0; i < dossier->count && ret_positions->count < ITEMS_AT_ONCE; i++)
		if (dossier->items[i].exhibit == NULL && (meant == NULL || meant[i]))
			ret_positions->rows[ret_positions->count++] = (uint32_t)i;
}

void
dossier_foresee_meant(struct client *client, const struct dossier *dossier, const bool *meant)
{
	struct positions positions;

	lacking(dossier, meant, &positions);
	if (positions.count > 0)
		client_foresee(client, items_request(dossier, &positions));
}

enum err_code
dossier_fetch_meant(struct client *client, const struct vault_view *view, struct dossier *dossier,
    const bool *meant, struct err *err)
{
	struct positions positions;

	for (lacking(dossier, meant, &positions); positions.count > 0;
	     lacking(dossier, meant, &positions))
		TRY(fetch_items(client, view, dossier, &positions, err));
	return ERR_OK;
}

enum err_code
dossier_fetch_items(struct client *client, const struct vault_view *view, struct dossier *dossier,
    struct err *err)
{
	return dossier_fetch_meant(client, view, dossier, NULL, err);
}

/* ---- finding the one that a person means ---- */

static struct json *
find_request(const struct dossier_wanted *wanted)
{
	struct json *request = op_new("ceremony-find"), *states = json_new_array();

	for (int state = 0; state < CEREMONY_STATES && wanted->id == NULL; state++)
		if ((wanted->states & 1u << state) != 0)
			json_add_text(states, ceremony_state_names[state]);
	json_put_text(request, "id", wanted->id != NULL ? wanted->id : "");
	json_put(request, "states", states);
	json_put_text(request, "of", wanted->requester != NULL ? wanted->requester : "");
	return request;
}

static bool
is_id(const char *text)
{
	size_t size = strlen(text);

	return size >= ID_PREFIX_MIN && size < ID_HEX_SIZE &&
	    strspn(text, "0123456789abcdef") == size;
}

enum err_code
dossier_check_id(const char *id, struct err *err)
{
	if (id == NULL || is_id(id))
		return ERR_OK;
	return err_set(err, ERR_USAGE, "%s is no ceremony's id: %d to %d lower-case hex digits",
	    QUOTED(id), ID_PREFIX_MIN, ID_HEX_SIZE - 1);
}

void
dossier_foresee(struct client *client, const struct dossier_wanted *wanted)
{
	client_foresee_sync(client);
	if (wanted->id == NULL || is_id(wanted->id))
		client_foresee(client, find_request(wanted));
}

/* It may come with what is behind its first item. */
static enum err_code
read_first(struct reply *reply, const struct vault_view *view, const struct json *first,
    struct dossier *dossier, struct err *err)
{
	struct json_in in = json_in(first, "first", err);

	if (first == NULL)
		return ERR_OK;
	return read_item(&in, buf_view(&reply->blob), view, dossier->transcript, 0,
	    &dossier->items[0], err);
}

/* The server says which one is meant: what it shows must be one that could be. */
static enum err_code
check_wanted(const struct dossier *dossier, const struct dossier_wanted *wanted, struct err *err)
{
	const char *requester = dossier->transcript->request.seat;

	if (wanted->id == NULL &&
	    ((wanted->states & 1u << dossier->state) == 0 ||
	        (wanted->requester != NULL && strcmp(wanted->requester, requester) != 0)))
		return err_set(err, ERR_INTEGRITY,
		    "the server shows a ceremony that was not asked for: one of %s, %s", requester,
		    ceremony_state_names[dossier->state]);
	return ERR_OK;
}

enum err_code
dossier_find(struct client *client, const struct vault_view *view,
    const struct dossier_wanted *wanted, struct dossier **ret_dossier, struct err *err)
{
	CLEANUP(documents_done) struct documents documents = {0};
	DOSSIER *dossier = NULL;
	REPLY reply = {0};

	TRY(dossier_check_id(wanted->id, err));
	TRY(new_dossier(&dossier, err));
	TRY(client_ask(client, find_request(wanted), "ceremony-find", &reply, err));
	read_reply(client, &reply.in, &documents, dossier);
	const struct json *first = json_in_object_optional(&reply.in, "first");
	TRY(json_in_end(&reply.in));
	TRY(verify(&documents, view, wanted->id != NULL ? wanted->id : "", dossier, err));
	TRY(check_wanted(dossier, wanted, err));
	TRY(read_first(&reply, view, first, dossier, err));
	*ret_dossier = TAKE(dossier);
	return ERR_OK;
}

enum err_code
dossier_take(struct client *client, const struct dossier_wanted *wanted,
    const struct vault_view **ret_view, struct dossier **ret_dossier, struct err *err)
{
	TRY(client_sync(client, ret_view, err));
	return dossier_find(client, *ret_view, wanted, ret_dossier, err);
}

/* ---- questions ---- */

enum err_code
dossier_check_open(const struct dossier *dossier, int64_t now, struct err *err)
{
	const struct transcript *transcript = dossier->transcript;

	if (dossier->state != CEREMONY_COLLECTING)
		return err_set(err, ERR_REFUSED, "ceremony %.8s is %s%s%s%s", dossier->id,
		    ceremony_state_names[dossier->state], dossier->reason[0] != '\0' ? ": " : "",
		    TOLD(dossier->far, dossier->reason),
		    dossier->state == CEREMONY_REFUSED ? "; if it is still needed, request again" :
		                                         "");
	if (!transcript->in_force)
		return err_set(err, ERR_REFUSED,
		    "ceremony %.8s is void, and %s must request again: %s", dossier->id,
		    transcript->request.seat, transcript->why_void);
	if (now < transcript->ceremony.deadline && now < transcript->request.expires)
		return ERR_OK;
	if (clock_compare("this computer's", now, now - dossier->ahead, err) != ERR_OK)
		return err_add(err, "ceremony %.8s is past its deadline by this computer's clock",
		    dossier->id);
	return err_set(err, ERR_REFUSED,
	    "ceremony %.8s is past its deadline; %s must request again", dossier->id,
	    transcript->request.seat);
}

enum err_code
dossier_forgive(struct client *client, const char *id, unsigned states, const char *words,
    struct err *err)
{
	enum ceremony_state state;
	int64_t expires;
	struct err ignored;

	if (err->code != ERR_REFUSED ||
	    dossier_look(client, id, &state, &expires, &ignored) != ERR_OK ||
	    (states & 1u << state) == 0)
		return err->code;
	ui_say(client_options(client)->ui, "%s", words);
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
dossier_lacks_one(const struct dossier *dossier, const struct vault_view *view, int64_t now)
{
	int most = 0;

	for (size_t i = 0; i < dossier->count; i++) {
		const struct dossier_item *item = &dossier->items[i];
		BUF text = {0};
		int missing = 0;

		if (item->exhibit == NULL || item->stale[0] != '\0')
			continue;
		(void)exhibit_verdict(dossier->transcript, item->exhibit, &view->chain, now,
		    &missing, &text);
		most = missing > most ? missing : most;
	}
	return most == 1;
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
