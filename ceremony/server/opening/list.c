/* SPDX-License-Identifier: Apache-2.0 */
/* Showing ceremonies.  Clients verify what they get. */
#include "ceremony/server/opening/list.h"

#include <string.h>

#include "base/json_members.h"
#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/wire.h"
#include "ceremony/server/opening/item.h"
#include "ceremony/server/vault/chain.h"

enum { SHOWN_BYTES = WIRE_BLOB_MAX, ID_SHORT = 8, NAMED_MAX = 8 };

static const unsigned all_states = (1u << CEREMONY_STATES) - 1;
static const unsigned open_states = 1u << CEREMONY_COLLECTING | 1u << CEREMONY_RELEASING |
    1u << CEREMONY_RELEASED | 1u << CEREMONY_ROTATING | 1u << CEREMONY_DEGRADED;

static const struct member item_members[] = {
    {"state", MEMBER_CHOICE, FIELD(struct item_row, state), .choices = item_state_names},
    {"note", MEMBER_TEXT, FIELD(struct item_row, note)},
    {NULL},
};

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

static enum err_code
put_ceremony(const struct opening *opening, struct json *reply, struct err *err)
{
	struct session *session = opening->session;

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

enum err_code
serve_ceremony_get(struct session *session, struct call *call, struct err *err)
{
	OPENING *opening = NULL;
	struct id id;

	json_in_hex(&call->in, "id", id.bytes, ID_SIZE);
	TRY(json_in_end(&call->in));
	TRY(opening_load(session, &id, &opening, err));
	return put_ceremony(opening, call->reply, err);
}

/* What one reply shows of items, and the statements that it has for them. */
struct showing {
	struct opening *opening;
	struct positions known; /* the client has what defines these */
	struct buf sent;        /* digests of statements */
	size_t bytes;           /* of statements */
	struct json *items;
	struct buf *headers;
	bool full; /* the client asks for the rest */
};

static void
showing_done(struct showing *showing)
{
	json_freep(&showing->items);
	opening_freep(&showing->opening);
	buf_done(&showing->sent);
}

static bool
is_known(const struct showing *showing, size_t position)
{
	for (size_t i = 0; i < showing->known.count; i++)
		if (showing->known.rows[i] == position)
			return true;
	return false;
}

/* The statement WHICH, unless the reply has it: RET_SENT. */
static enum err_code
take_once(struct showing *showing, const struct digest *which, struct dsse *ret_statement,
    bool *ret_sent, struct err *err)
{
	const struct buf *sent = &showing->sent;

	*ret_sent = false;
	for (size_t at = 0; at < sent->size && !*ret_sent; at += DIGEST_SIZE)
		*ret_sent = memcmp(sent->data + at, which->bytes, DIGEST_SIZE) == 0;
	if (*ret_sent)
		return ERR_OK;
	TRY(session_statement(showing->opening->session, which, "secret", ret_statement, err));
	showing->bytes += ret_statement->payload.size;
	buf_bytes(&showing->sent, VIEW_OF(which->bytes));
	return buf_check(&showing->sent, err);
}

struct earlier {
	struct showing *showing;
	struct json *object; /* the item's */
	struct json *array;  /* its member; NULL until there is one */
};

static enum err_code
add_earlier(void *context, const struct digest *which, struct err *err)
{
	struct earlier *earlier = context;
	DSSE statement = {0};
	bool sent;

	TRY(take_once(earlier->showing, which, &statement, &sent, err));
	if (sent)
		return ERR_OK;
	if (earlier->array == NULL) {
		earlier->array = json_new_array();
		json_put(earlier->object, "earlier", earlier->array);
	}
	add_statement(earlier->array, &statement);
	return ERR_OK;
}

/* The changes since it was sealed. */
static enum err_code
put_earlier(struct showing *showing, const struct loaded_item *item, struct json *object,
    struct err *err)
{
	struct earlier earlier = {showing, object, NULL};

	if (item->exhibit == NULL || item->exhibit->sealed == item->exhibit->definition)
		return ERR_OK;
	return chain_each_earlier(showing->opening->session, &item->exhibit->definition->digest,
	    &item->exhibit->sealed->digest, add_earlier, &earlier, err);
}

/* What is behind an item, but for the statement that defines it; its header goes to OUT. */
static enum err_code
put_item(struct showing *showing, size_t position, struct json *object, struct buf *out,
    struct err *err)
{
	ITEM *item = NULL;
	struct json *given = json_new_array();
	struct reach_spares spares;

	json_put(object, "given", given);
	TRY(item_load(showing->opening, position, &item, err));
	TRY(put_earlier(showing, item, object, err));
	json_put_text(object, "stale", item->stale);
	spares_reach(&item->spares, &spares);
	spares_put(object, &spares);
	for (size_t i = 0; i < item->share_count; i++)
		json_add_text(given, item->shares[i].seat);
	json_put_bool(object, "part_exposed", item->version.part_exposed);
	buf_bytes(out, buf_view(&item->version.header));
	return buf_check(out, err);
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
	bool sent;

	if (is_known(showing, position))
		return ERR_OK;
	TRY(chain_secret_which(session, digest, &which, err));
	TRY(take_once(showing, &which, &statement, &sent, err));
	if (!sent)
		put_statement(object, "definition", &statement);
	return ERR_OK;
}

static enum err_code
show_item(struct session *session, struct showing *showing, size_t position, struct err *err)
{
	JSON *object = json_new_object();
	BUF header = {0};
	size_t before = showing->bytes;

	if (position >= showing->opening->count)
		return err_set(err, ERR_INVALID, "positions: the ceremony has %zu versions",
		    showing->opening->count);
	showing->full = showing->headers->size > SHOWN_BYTES - HEADER_MAX - sizeof(uint32_t);
	if (showing->full)
		return ERR_OK;
	TRY(show_definition(session, showing, position, object, err));
	TRY(put_item(showing, position, object, &header, err));
	showing->full = showing->bytes > before && showing->bytes > SHOWN_BYTES &&
	    json_array_count(showing->items) > 0;
	if (showing->full)
		return ERR_OK;
	json_add(showing->items, TAKE(object));
	buf_lp32(showing->headers, buf_view(&header));
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

/* --- The one that a person means ---------------------------------------------------------- */

/* The beginning of an id, or, where that is "", what the only one has. */
struct wanted {
	const char *id;
	unsigned states;
	const char *of;
};

static enum err_code
read_wanted(struct json_in *in, struct wanted *wanted)
{
	wanted->id = json_in_text(in, "id", 0, 2 * ID_SIZE);
	wanted->states = json_in_set(in, "states", ceremony_state_names, 0);
	wanted->of = json_in_text(in, "of", 0, SEAT_NAME_MAX);
	size_t size = strlen(wanted->id);
	if (size > 0 && (size < ID_PREFIX_MIN || strspn(wanted->id, "0123456789abcdef") != size))
		json_in_fail(in, "id", "neither an id nor the first 4 digits or more of one");
	return json_in_end(in);
}

static bool
is_wanted(const struct ceremony_row *row, const struct wanted *wanted)
{
	char hex[ID_HEX_SIZE];

	text_hex(VIEW_OF(row->id.bytes), hex);
	if (wanted->id[0] != '\0')
		return strncmp(hex, wanted->id, strlen(wanted->id)) == 0;
	return wanted->of[0] == '\0' || strcmp(row->requester, wanted->of) == 0;
}

/* "6f2a91c4 (prod/db and others for alice, asked for at 2026-01-05 10:00:00Z, collecting)" */
static enum err_code
name_one(struct session *session, const struct ceremony_row *row, struct buf *ret_text,
    struct err *err)
{
	struct item_row items[CEREMONY_ITEMS];
	struct secret_row secret;
	char hex[ID_HEX_SIZE], created[TEXT_TIME_SIZE];
	size_t count;

	TRY(store_list_items(session->store, &row->id, items, CEREMONY_ITEMS, &count, err));
	if (count == 0)
		return err_set(err, ERR_INTEGRITY, "a ceremony has no items in the database");
	TRY(store_get_secret(session->store, &items[0].secret, &secret, err));
	text_hex(VIEW_OF(row->id.bytes), hex);
	text_time(row->created, created);
	buf_format(ret_text, "%s%.*s (%s%s for %s, asked for at %s, %s)",
	    ret_text->size > 0 ? ", " : "", ID_SHORT, hex, secret.name,
	    count > 1 ? " and others" : "", row->requester, created,
	    ceremony_state_names[row->state]);
	return buf_check(ret_text, err);
}

/* COUNT of ROWS are wanted, the first of them first. */
static enum err_code
refuse_several(struct session *session, const struct ceremony_row *rows, size_t count,
    struct err *err)
{
	BUF names = {0};

	for (size_t i = 0; i < count && i < NAMED_MAX; i++)
		TRY(name_one(session, &rows[i], &names, err));
	if (count > NAMED_MAX)
		buf_format(&names, " and %zu more", count - NAMED_MAX);
	TRY(buf_check(&names, err));
	return err_set(err, ERR_USAGE, "several ceremonies could be meant; name one: %s",
	    buf_string(&names));
}

/* Among those in STATES.  ERR_NOT_FOUND. */
static enum err_code
find_among(struct session *session, unsigned states, const struct wanted *wanted, struct id *ret_id,
    struct err *err)
{
	CEREMONY_ROWS *rows = NULL;
	size_t count, found = 0;

	TRY(store_list_ceremonies(session->store, states, &rows, &count, err));
	for (size_t i = 0; i < count; i++)
		if (is_wanted(&rows[i], wanted))
			rows[found++] = rows[i];
	if (found > 1)
		return refuse_several(session, rows, found, err);
	if (found == 1)
		*ret_id = rows[0].id;
	return found == 1 ? ERR_OK : err_set(err, ERR_NOT_FOUND, "no ceremony is meant");
}

static enum err_code
find_by_id(struct session *session, const struct wanted *wanted, struct id *ret_id, struct err *err)
{
	struct ceremony_row row;
	enum err_code code;

	if (text_from_hex(wanted->id, ret_id->bytes, ID_SIZE))
		code = store_get_ceremony(session->store, ret_id, &row, err);
	else
		code = find_among(session, open_states, wanted, ret_id, err);
	if (code == ERR_NOT_FOUND && strlen(wanted->id) < 2 * ID_SIZE) /* among those of long ago */
		code = find_among(session, all_states, wanted, ret_id, err);
	return code == ERR_NOT_FOUND ? err_set(err, code, "there is no ceremony %s", wanted->id) :
	                               code;
}

static enum err_code
find(struct session *session, const struct wanted *wanted, struct id *ret_id, struct err *err)
{
	unsigned rotating = 1u << CEREMONY_ROTATING;
	enum err_code code;

	if (wanted->id[0] != '\0')
		return find_by_id(session, wanted, ret_id, err);
	/* Nobody means one whose rest takes its time, while there is another. */
	code = find_among(session, wanted->states & ~rotating, wanted, ret_id, err);
	if (code == ERR_NOT_FOUND && (wanted->states & rotating) != 0)
		code = find_among(session, rotating, wanted, ret_id, err);
	return code == ERR_NOT_FOUND ?
	    err_set(err, code, "no ceremony waits for this; `halligan status` says what waits") :
	    code;
}

/* What a person will look at next goes with it: what is behind the first item, while it is open. */
enum err_code
serve_ceremony_find(struct session *session, struct call *call, struct err *err)
{
	CLEANUP(showing_done) struct showing showing = {.items = NULL};
	struct wanted wanted = {0};
	const struct opening *opening;
	DSSE definition = {0};
	JSON *first = json_new_object();
	struct id id;

	TRY(read_wanted(&call->in, &wanted));
	TRY(find(session, &wanted, &id, err));
	TRY(opening_load(session, &id, &showing.opening, err));
	opening = showing.opening;
	TRY(put_ceremony(opening, call->reply, err));
	if ((open_states & 1u << opening->row.state) == 0)
		return ERR_OK;
	TRY(chain_secret_statement(session, &opening->transcript->request.items.rows[0].definition,
	    &definition, err));
	put_statement(first, "definition", &definition);
	TRY(put_item(&showing, 0, first, &call->out, err));
	json_put(call->reply, "first", TAKE(first));
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
