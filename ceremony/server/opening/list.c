/* SPDX-License-Identifier: Apache-2.0 */
/* Showing ceremonies.  Clients verify what they get; the list, for finding one's way, is of rows alone. */
#include "ceremony/server/opening/list.h"

#include "base/json_members.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/wire.h"
#include "ceremony/server/opening/item.h"
#include "ceremony/server/vault/chain.h"

enum { SHOWN_MAX = 200, SHOWN_BYTES = WIRE_BLOB_MAX };

static const unsigned all_states = (1u << CEREMONY_STATES) - 1;
static const unsigned open_states = 1u << CEREMONY_COLLECTING | 1u << CEREMONY_RELEASING |
    1u << CEREMONY_RELEASED | 1u << CEREMONY_ROTATING | 1u << CEREMONY_DEGRADED;

static const struct member ceremony_members[] = {
    {"requester", MEMBER_TEXT, FIELD(struct ceremony_row, requester)},
    {"state", MEMBER_CHOICE, FIELD(struct ceremony_row, state), .choices = ceremony_state_names},
    {"reason", MEMBER_TEXT, FIELD(struct ceremony_row, reason)},
    {"created", MEMBER_TIME, FIELD(struct ceremony_row, created)},
    {"deadline", MEMBER_TIME, FIELD(struct ceremony_row, deadline)},
    {"expires", MEMBER_MOMENT, FIELD(struct ceremony_row, expires)},
    {NULL},
};
static const struct member item_members[] = {
    {"state", MEMBER_CHOICE, FIELD(struct item_row, state), .choices = item_state_names},
    {"note", MEMBER_TEXT, FIELD(struct item_row, note)},
    {NULL},
};

static enum err_code
add_ceremony(struct session *session, struct json *array, const struct ceremony_row *row,
    struct err *err)
{
	struct item_row items[CEREMONY_ITEMS];
	struct secret_row secret;
	struct json *object;
	size_t count;

	TRY(store_list_items(session->store, &row->id, items, CEREMONY_ITEMS, &count, err));
	if (count == 0)
		return err_set(err, ERR_INTEGRITY, "a ceremony has no items in the database");
	TRY(store_get_secret(session->store, &items[0].secret, &secret, err));
	object = json_new_object();
	json_put_hex(object, "id", VIEW_OF(row->id.bytes));
	json_put_text(object, "mode", mode_names[row->mode]);
	json_put_int(object, "count", (int64_t)count);
	json_put_text(object, "name", secret.name);
	members_put(object, ceremony_members, row);
	json_add(array, object);
	return ERR_OK;
}

enum err_code
serve_ceremony_list(struct session *session, struct call *call, struct err *err)
{
	bool all = json_in_bool(&call->in, "all");
	CEREMONY_ROWS *rows = NULL;
	JSON *array = json_new_array();
	size_t count;

	TRY(json_in_end(&call->in));
	TRY(store_list_ceremonies(session->store, all ? all_states : open_states, &rows, &count,
	    err));
	for (size_t i = 0; i < count && i < SHOWN_MAX; i++)
		TRY(add_ceremony(session, array, &rows[i], err));
	json_put(call->reply, "ceremonies", TAKE(array));
	return ERR_OK;
}

static enum err_code
put_voices(struct session *session, struct json *reply, const struct opening *opening,
    struct err *err)
{
	JSON *array = json_new_array();

	for (size_t i = 0; i < opening->transcript->voice_count; i++) {
		const struct voice *voice = &opening->transcript->voices[i];
		DSSE statement = {0};

		TRY(session_statement(session, &voice->digest,
		    voice->denies ? "denial" : "approval", &statement, err));
		add_statement(array, &statement);
	}
	json_put(reply, "voices", TAKE(array));
	return ERR_OK;
}

enum err_code
serve_ceremony_get(struct session *session, struct call *call, struct err *err)
{
	OPENING *opening = NULL;
	struct id id;
	struct json *reply = call->reply;

	json_in_hex(&call->in, "id", id.bytes, ID_SIZE);
	TRY(json_in_end(&call->in));
	TRY(opening_load(session, &id, &opening, err));
	TRY(session_put_statement(session, reply, "request", &opening->row.request, err));
	TRY(session_put_statement(session, reply, "ceremony", &opening->row.digest, err));
	json_put_text(reply, "state", ceremony_state_names[opening->row.state]);
	json_put_text(reply, "reason", opening->row.reason);
	TRY(put_voices(session, reply, opening, err));
	members_put_rows(reply, "items", item_members, opening->items, sizeof(*opening->items),
	    opening->count);
	if (opening->row.released != 0)
		TRY(session_put_statement(session, reply, "release", &opening->row.release, err));
	json_put_moment(reply, "released", opening->row.released);
	json_put_moment(reply, "expires", opening->row.expires);
	return ERR_OK;
}

/* What one reply shows of items, and the statements that it has for them. */
struct showing {
	struct opening *opening;
	struct positions known; /* the client has what defines these */
	struct digest sent[ITEMS_AT_ONCE];
	size_t sent_count, bytes; /* of statements */
	struct json *items;
	struct buf *headers;
	bool full; /* the client asks for the rest */
};

static void
showing_done(struct showing *showing)
{
	json_freep(&showing->items);
	opening_freep(&showing->opening);
}

static bool
is_known(const struct showing *showing, size_t position)
{
	for (size_t i = 0; i < showing->known.count; i++)
		if (showing->known.rows[i] == position)
			return true;
	return false;
}

static bool
was_sent(const struct showing *showing, const struct digest *statement)
{
	for (size_t i = 0; i < showing->sent_count; i++)
		if (digest_equal(&showing->sent[i], statement))
			return true;
	return false;
}

/* The statement that holds the definition of POSITION becomes a member of OBJECT, once in a reply. */
static enum err_code
show_definition(struct session *session, struct showing *showing, size_t position,
    struct json *object, struct err *err)
{
	const struct digest *digest =
	    &showing->opening->transcript->request.items.rows[position].definition;
	struct digest which;
	DSSE statement = {0};

	if (is_known(showing, position))
		return ERR_OK;
	TRY(chain_secret_which(session, digest, &which, err));
	if (was_sent(showing, &which))
		return ERR_OK;
	TRY(session_statement(session, &which, "secret", &statement, err));
	showing->bytes += statement.payload.size;
	showing->full = showing->bytes > SHOWN_BYTES && json_array_count(showing->items) > 0;
	if (showing->full)
		return ERR_OK;
	showing->sent[showing->sent_count++] = which;
	put_statement(object, "definition", &statement);
	return ERR_OK;
}

static enum err_code
show_item(struct session *session, struct showing *showing, size_t position, struct err *err)
{
	ITEM *item = NULL;
	JSON *object = json_new_object();
	struct json *given = json_new_array();
	struct reach_spares spares;

	json_put(object, "given", given);
	if (position >= showing->opening->count)
		return err_set(err, ERR_INVALID, "positions: the ceremony has %zu versions",
		    showing->opening->count);
	TRY(item_load(showing->opening, position, &item, err));
	TRY(show_definition(session, showing, position, object, err));
	showing->full |= showing->headers->size > SHOWN_BYTES - HEADER_MAX - sizeof(uint32_t);
	if (showing->full)
		return ERR_OK;
	json_put_text(object, "stale", item->stale);
	spares_reach(&item->spares, &spares);
	spares_put(object, &spares);
	for (size_t i = 0; i < item->share_count; i++)
		json_add_text(given, item->shares[i].seat);
	json_put_bool(object, "part_exposed", item->version.part_exposed);
	json_add(showing->items, TAKE(object));
	buf_lp32(showing->headers, buf_view(&item->version.header));
	return buf_check(showing->headers, err);
}

enum err_code
serve_ceremony_items(struct session *session, struct call *call, struct err *err)
{
	CLEANUP(showing_done)
	struct showing showing = {.items = json_new_array(), .headers = &call->out};
	struct positions positions;
	struct id id;

	json_in_hex(&call->in, "id", id.bytes, ID_SIZE);
	in_positions(&call->in, "positions", 1, &positions);
	in_positions(&call->in, "known", 0, &showing.known);
	TRY(json_in_end(&call->in));
	TRY(opening_load(session, &id, &showing.opening, err));
	for (size_t i = 0; i < positions.count && !showing.full; i++)
		TRY(show_item(session, &showing, positions.rows[i], err));
	json_put(call->reply, "items", TAKE(showing.items));
	return ERR_OK;
}

enum err_code
reply_state(struct session *session, struct json *reply, const struct id *id, struct err *err)
{
	OPENING *opening = NULL;
	BUF text = {0};
	enum verdict verdict;

	TRY(opening_load(session, id, &opening, err));
	if (opening->row.state == CEREMONY_COLLECTING)
		TRY(opening_verdict(opening, session_now(session), &verdict, &text, err));
	json_put_text(reply, "state", ceremony_state_names[opening->row.state]);
	json_put_text(reply, "reason", opening->row.reason);
	json_put_text(reply, "missing", text.size > 0 ? buf_string(&text) : "");
	return ERR_OK;
}
