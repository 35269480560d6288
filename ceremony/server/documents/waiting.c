/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A draft is a statement like any other, with a row while it waits; collecting a signature replaces its envelope,
 * never its payload.  It was accepted once: a statement that is stored already is not taken again, so that
 * nobody brings back what was withdrawn, or an envelope with fewer signatures.
 */
#include "ceremony/server/documents/waiting.h"

#include <string.h>

#include "base/text.h"
#include "ceremony/protocol/message.h"
#include "vault/documents/definition_verify.h"

void
draft_done(struct draft *draft)
{
	dsse_done(&draft->statement);
}

static const enum statement_type draft_types[] = {STATEMENT_CHARTER, STATEMENT_ROSTER,
    STATEMENT_SUSPEND, STATEMENT_SECRET};

bool
draft_type(const struct dsse *statement, enum statement_type *ret_type)
{
	for (size_t i = 0; i < ARRAY_SIZE(draft_types); i++)
		if (statement_is(statement, draft_types[i])) {
			*ret_type = draft_types[i];
			return true;
		}
	return false;
}

static enum err_code
load(struct session *session, const struct draft_row *row, struct draft *ret_draft, struct err *err)
{
	struct draft draft = {.row = *row};

	TRY(session_statement(session, &row->digest, "draft", &draft.statement, err));
	if (!draft_type(&draft.statement, &draft.type) ||
	    statement_created(&draft.statement, &draft.created, err) != ERR_OK) {
		draft_done(&draft);
		return err_set(err, ERR_INTEGRITY, "a stored draft is no draft");
	}
	*ret_draft = draft;
	return ERR_OK;
}

static bool
is_over(const struct session *session, const struct draft *draft)
{
	return session_now(session) >= draft->created + DRAFT_LIFE;
}

enum err_code
draft_take(struct session *session, const struct digest *digest, struct draft *ret_draft,
    struct err *err)
{
	struct draft_row row;
	enum err_code code = store_get_draft(session->store, digest, &row, err);

	if (code == ERR_NOT_FOUND)
		return err_set(err, ERR_NOT_FOUND,
		    "no such draft waits: it came into force, was withdrawn, or another document came "
		    "into force that it does not follow; `halligan status` lists what waits");
	if (code != ERR_OK)
		return code;
	TRY(load(session, &row, ret_draft, err));
	if (!is_over(session, ret_draft))
		return ERR_OK;
	draft_done(ret_draft);
	*ret_draft = (struct draft){0};
	return err_set(err, ERR_EXPIRED,
	    "that draft waited for more than %d days and counts no more; propose it again",
	    (int)DRAFT_DAYS);
}

enum err_code
draft_each(struct session *session, draft_visit visit, void *context, struct err *err)
{
	int64_t arrival = 0;

	for (;;) {
		CLEANUP(draft_done) struct draft draft = {0};
		struct draft_row row;
		enum err_code code = store_next_draft(session->store, &arrival, &row, err);

		if (code == ERR_NOT_FOUND)
			return ERR_OK;
		if (code != ERR_OK)
			return code;
		TRY(load(session, &row, &draft, err));
		TRY(visit(context, &draft, is_over(session, &draft), err));
	}
}

/* At the founding the seats are what each draft says: there whoever holds the key has the room. */
struct room {
	struct session *session;
	const char *seat, *keyid;
	size_t count;
	struct buf names;
};

static void
room_done(struct room *room)
{
	buf_done(&room->names);
}

static enum err_code
count_draft(void *context, const struct draft *draft, bool over, struct err *err)
{
	struct room *room = context;
	char hex[2 * DIGEST_SIZE + 1];

	if (room->session->state == SESSION_FOUNDING ?
	        strcmp(draft->statement.signatures[0].keyid, room->keyid) != 0 :
	        strcmp(draft->row.seat, room->seat) != 0)
		return ERR_OK;
	if (over)
		return store_drop_draft(room->session->store, &draft->row.digest, err);
	text_hex(VIEW_OF(draft->row.digest.bytes), hex);
	buf_format(&room->names, "%s%s %.8s", room->count++ > 0 ? ", " : "",
	    statement_names[draft->type], hex);
	return ERR_OK;
}

enum err_code
draft_check_time(const struct session *session, const struct dsse *statement, struct err *err)
{
	int64_t created, now = session_now(session);

	TRY(statement_created(statement, &created, err));
	if (created <= now + CLOCK_BACK_MAX && now < created + DRAFT_LIFE)
		return ERR_OK;
	return err_set(err, ERR_REFUSED,
	    "created: it is %s; compare the clocks of your machine and of the vault's host, and "
	    "propose it anew",
	    created > now ? "from the future" : "older than a draft may be");
}

enum err_code
draft_check_room(struct session *session, const char *seat, const char *keyid, struct err *err)
{
	CLEANUP(room_done) struct room room = {.session = session, .seat = seat, .keyid = keyid};

	TRY(draft_each(session, count_draft, &room, err));
	TRY(buf_check(&room.names, err));
	if (room.count >= DRAFTS_OF_SEAT)
		return err_set(err, ERR_REFUSED,
		    "seat \"%s\" has %d drafts waiting already, the most that one may have: %s. "
		    "Withdraw one first: halligan withdraw %.8s --reason replaced",
		    seat, (int)DRAFTS_OF_SEAT, buf_string(&room.names),
		    strrchr(buf_string(&room.names), ' ') + 1);
	return ERR_OK;
}

struct clearing {
	struct session *session;
	const struct proposal *live;
};

/* Do both define one name, or one secret? */
static bool
define_one(const struct definitions *a, const struct definitions *b)
{
	for (size_t i = 0; i < a->count; i++)
		for (size_t j = 0; j < b->count; j++)
			if (strcmp(a->rows[i].name, b->rows[j].name) == 0 ||
			    memcmp(&a->rows[i].secret, &b->rows[j].secret,
			        sizeof(a->rows[i].secret)) == 0)
				return true;
	return false;
}

/* A definition names no charter: it waits on where those who signed it have their seats and tokens. */
static enum err_code
is_definition_void(struct session *session, const struct draft *draft, const struct proposal *live,
    bool *ret_void, struct err *err)
{
	DEFINITIONS_OF definitions = {0};
	struct err cause;

	TRY(definitions_parse(&draft->statement, session->chain.charter->training, &definitions,
	    err));
	if (live->type == STATEMENT_SECRET) {
		*ret_void = define_one(&definitions, &live->definitions);
		return ERR_OK;
	}
	enum err_code code = definitions_verify(&draft->statement, &definitions, live->charter,
	    &session->chain.vault, &cause);

	*ret_void = code != ERR_OK && code != ERR_WAITING;
	return ERR_OK;
}

static enum err_code
is_void(struct session *session, const struct draft *draft, const struct proposal *live,
    bool *ret_void, struct err *err)
{
	bool of_secret = draft->type == STATEMENT_SECRET;

	switch (live->type) {
	case STATEMENT_CHARTER:
		if (of_secret)
			return is_definition_void(session, draft, live, ret_void, err);
		*ret_void = true; /* none follows it */
		return ERR_OK;
	case STATEMENT_ROSTER: /* they name the roster before */
		*ret_void = draft->type == STATEMENT_ROSTER || draft->type == STATEMENT_SUSPEND;
		return ERR_OK;
	case STATEMENT_SECRET:
		return of_secret ? is_definition_void(session, draft, live, ret_void, err) : ERR_OK;
	default:
		*ret_void = suspensions_signer(&live->after, &draft->statement) != NULL;
		return ERR_OK;
	}
}

static enum err_code
clear_draft(void *context, const struct draft *draft, bool over, struct err *err)
{
	const struct clearing *clearing = context;
	bool drops = over;

	if (!over)
		TRY(is_void(clearing->session, draft, clearing->live, &drops, err));
	if (!drops)
		return ERR_OK;
	return store_drop_draft(clearing->session->store, &draft->row.digest, err);
}

enum err_code
draft_clear(struct session *session, const struct proposal *proposal, struct err *err)
{
	struct clearing clearing = {session, proposal};

	return draft_each(session, clear_draft, &clearing, err);
}

static enum err_code
put_draft(void *context, const struct draft *draft, bool over, struct err *err)
{
	struct json *object;

	(void)err;
	if (over)
		return ERR_OK;
	object = json_new_object();
	json_put_hex(object, "digest", VIEW_OF(draft->row.digest.bytes));
	json_put_text(object, "type", statement_names[draft->type]);
	json_put_text(object, "seat", draft->row.seat);
	json_put_int(object, "signatures", (int64_t)draft->statement.count);
	json_put_time(object, "until", draft->created + DRAFT_LIFE);
	json_add(context, object);
	return ERR_OK;
}

enum err_code
serve_drafts(struct session *session, struct call *call, struct err *err)
{
	JSON *array = json_new_array();

	TRY(json_in_end(&call->in));
	TRY(draft_each(session, put_draft, array, err));
	json_put(call->reply, "drafts", TAKE(array));
	return ERR_OK;
}

enum err_code
serve_draft(struct session *session, struct call *call, struct err *err)
{
	CLEANUP(draft_done) struct draft draft = {0};
	struct digest digest;

	json_in_hex(&call->in, "digest", digest.bytes, DIGEST_SIZE);
	TRY(json_in_end(&call->in));
	TRY(draft_take(session, &digest, &draft, err));
	put_statement(call->reply, "statement", &draft.statement);
	return ERR_OK;
}
