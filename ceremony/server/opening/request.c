/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request becomes a ceremony: everything that it names must be what is in force, and every quorum
 * must be reachable without the person who asks.  The ceremony's key is made while the writer lock is
 * held, so that no other session takes its file for a leftover.
 */
#include "ceremony/server/opening/request.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/protocol/clock.h"
#include "ceremony/protocol/message.h"
#include "ceremony/server/opening/item.h"
#include "ceremony/server/vault/alarm.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/log.h"
#include "vault/store/debt.h"

struct asking {
	struct dsse request, ceremony; /* statements */
	struct request asked;          /* what the first says */
	struct ceremony made;
	struct opening *opening; /* as if it were stored already */
};

static void
asking_done(struct asking *asking)
{
	dsse_done(&asking->request);
	dsse_done(&asking->ceremony);
	request_done(&asking->asked);
	ceremony_done(&asking->made);
	opening_freep(&asking->opening);
}

static enum err_code
check_mode(const struct request *request, struct err *err)
{
	if (request->mode != MODE_RELEASE && request->mode != MODE_RESEAL &&
	    request->mode != MODE_ROTATE)
		return err_set(err, ERR_REFUSED,
		    "mode: \"%s\" has no destination in this version of halligan",
		    mode_names[request->mode]);
	return ERR_OK;
}

static enum err_code
check_clock(const struct request *request, int64_t now, struct err *err)
{
	char created[TEXT_TIME_SIZE], present[TEXT_TIME_SIZE], age[TEXT_DURATION_SIZE];

	if (request->created > now &&
	    clock_compare("the asking computer's", request->created, now, err) != ERR_OK)
		return err_add(err, "created");
	if (now < request->expires)
		return ERR_OK;
	text_time(request->created, created);
	text_time(now, present);
	text_duration(now - request->created, age);
	return err_set(err, ERR_EXPIRED,
	    "expires: it has expired; make a new one. It was made at %s by the asking computer's clock, and the vault host's says "
	    "%s: it lay for so long, or that clock is %s behind",
	    created, present, age);
}

static enum err_code
check_policy(const struct request *request, const struct policy *policy, int64_t now,
    struct err *err)
{
	char most[TEXT_DURATION_SIZE];

	text_duration(policy->max_duration, most);
	if (request->duration > policy->max_duration)
		return err_set(err, ERR_REFUSED, "duration: policy \"%s\" allows at most %s",
		    policy->name, most);
	text_duration(policy->request_ttl, most);
	if (request->expires - now > policy->request_ttl + CLOCK_BACK_MAX)
		return err_set(err, ERR_REFUSED,
		    "expires: policy \"%s\" lets a request live %s at most", policy->name, most);
	return ERR_OK;
}

/* What the row says of the secret that ASKED names; the sealed quorum goes into the statement. */
static enum err_code
draw_item(struct session *session, const struct item *asked, struct item *made, struct err *err)
{
	struct secret_row secret;
	VERSION_ROW version = {0};
	HEADER *header = NULL;
	enum err_code code = store_get_secret(session->store, &asked->secret, &secret, err);

	if (code == ERR_NOT_FOUND)
		return err_set(err, ERR_NOT_FOUND, "secret: there is no such secret");
	if (code != ERR_OK)
		return code;
	if (strcmp(secret.name, asked->name) != 0)
		return err_set(err, ERR_REFUSED, "name: the secret is called \"%s\"", secret.name);
	if (!digest_equal(&secret.definition, &asked->definition))
		return err_set(err, ERR_REFUSED,
		    "definition: it is not the one in force of \"%s\"; request again", secret.name);
	if (secret.current != asked->version)
		return err_set(err, ERR_REFUSED,
		    "version: %u is no longer the current one, which is %u; request again",
		    asked->version, secret.current);
	TRY(store_get_version(session->store, &asked->secret, asked->version, &version, err));
	if (!digest_equal(&version.header_hash, &asked->header))
		return err_set(err, ERR_REFUSED, "header: it is not that of %s version %u",
		    secret.name, asked->version);
	TRY(header_new(&header, err));
	TRY(header_decode(buf_view(&version.header), header, err));
	*made = *asked;
	memcpy(made->quorum, header->quorum, sizeof(header->quorum));
	return ERR_OK;
}

/* One whose old value stays sealed is taken over by who opens that. */
static enum err_code
refuse_debt(struct session *session, enum mode mode, const struct loaded_item *item,
    struct err *err)
{
	struct debt_row debt;
	bool takes = mode_releases(mode) || mode == MODE_ROTATE;
	enum err_code code = store_open_debt(session->store, &item->secret.id, &debt, err);

	if (code == ERR_NOT_FOUND)
		return ERR_OK;
	if (code != ERR_OK || (debt.untried && takes))
		return code;
	return err_set(err, ERR_REFUSED,
	    "%s has an unpaid rotation debt (%s%s%s): its credential %s; 'halligan rotate %s' pays it, then "
	    "request again",
	    item->secret.name, debt_state_names[debt.state], debt.note[0] != '\0' ? ": " : "",
	    debt.note,
	    debt.untried ? "is replaced just now, by an operator's order" :
	                   "was used and not yet replaced",
	    item->secret.name);
}

/* Could officers other than the requester still meet it?  Nobody has said anything yet. */
static enum err_code
check_reachable(struct session *session, struct opening *opening, const struct loaded_item *item,
    struct err *err)
{
	struct request *request = &opening->transcript->request;
	BUF text = {0};
	char seat[SEAT_NAME_MAX + 1];
	int missing;

	if (exhibit_verdict(opening->transcript, item->exhibit, &session->chain,
	        session_now(session), &missing, &text) != VERDICT_UNREACHABLE)
		return ERR_OK;
	memcpy(seat, request->seat, sizeof(seat));
	request->seat[0] = '\0'; /* a name that nobody has */
	enum verdict without = exhibit_verdict(opening->transcript, item->exhibit, &session->chain,
	    session_now(session), &missing, &text);
	memcpy(request->seat, seat, sizeof(seat));
	if (without == VERDICT_UNREACHABLE)
		return err_set(err, ERR_REFUSED,
		    "the quorum \"%s\" cannot be met by anybody: too few of its seats have a token "
		    "that is active and that version %u is sealed to; 'halligan charter status' says "
		    "which",
		    item->exhibit->header->quorum, item->exhibit->item->version);
	return err_set(err, ERR_REFUSED,
	    "the quorum \"%s\" cannot be met without your own seat \"%s\", which does not count for "
	    "your own request; somebody else must request",
	    item->exhibit->header->quorum, seat);
}

static enum err_code
check_item(struct session *session, struct opening *opening, size_t position, struct err *err)
{
	ITEM *item = NULL;

	TRY(item_load(opening, position, &item, err));
	TRY(refuse_debt(session, opening->row.mode, item, err));
	if (item->stale[0] != '\0')
		return err_set(err, item->damaged ? ERR_INTEGRITY : ERR_REFUSED, "%s", item->stale);
	TRY(check_policy(&opening->transcript->request, item->exhibit->policy, session_now(session),
	    err));
	return check_reachable(session, opening, item, err);
}

/* A second one of the same seat for the same secret is a mistake, unless it is meant. */
static enum err_code
check_other(struct session *session, const struct request *request, struct err *err)
{
	CEREMONY_ROWS *rows = NULL;
	size_t count;

	TRY(store_list_ceremonies(session->store, 1u << CEREMONY_COLLECTING, &rows, &count, err));
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < request->items.count; j++) {
			char hex[2 * ID_SIZE + 1];
			bool has;

			if (strcmp(rows[i].requester, request->seat) != 0 ||
			    session_now(session) >= rows[i].deadline)
				continue;
			TRY(store_has_item(session->store, &rows[i].id,
			    &request->items.rows[j].secret, &has, err));
			text_hex(VIEW_OF(rows[i].id.bytes), hex);
			if (has)
				return err_set(err, ERR_EXISTS,
				    "%s has asked for %s already: ceremony %.8s still collects; "
				    "--another makes a second one",
				    request->seat, request->items.rows[j].name, hex);
		}
	return ERR_OK;
}

/* The host's statement, with a fresh key. */
static enum err_code
make_statement(struct session *session, const struct request *request, struct asking *asking,
    struct err *err)
{
	JSON *payload = NULL;
	struct ceremony *ceremony = &asking->made;

	TRY(items_new(request->items.count, &ceremony->items, err));
	for (size_t i = 0; i < request->items.count; i++)
		if (draw_item(session, &request->items.rows[i], &ceremony->items.rows[i], err) !=
		    ERR_OK)
			return err_add(err, "items[%zu]", i);
	ceremony->vault = session->chain.vault;
	ceremony->request = request->digest;
	ceremony->mode = request->mode;
	ceremony->recipients = request->recipients;
	ceremony->charter = session->chain.charter->digest;
	ceremony->roster = session->chain.roster->digest;
	ceremony->created = session_now(session);
	ceremony->deadline = request->expires;
	TRY(journal_head(session, &ceremony->size, &ceremony->root, err));
	TRY(ceremony_key_make(session->folder, &ceremony->id, &ceremony->key, err));
	TRY(ceremony_payload(ceremony, &payload, err));
	TRY(statement_new(STATEMENT_CEREMONY, session->chain.charter->training, payload,
	    &asking->ceremony, err));
	return statement_sign_host(&asking->ceremony, session->keys.statement, err);
}

/* As it will be stored: what is checked is what officers will see. */
static enum err_code
draw_up(struct session *session, struct asking *asking, struct err *err)
{
	struct opening *opening = calloc(1, sizeof(*opening));

	if (opening == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a ceremony");
	asking->opening = opening;
	opening->session = session;
	TRY(transcript_new(&asking->request, &asking->ceremony, &session->chain,
	    &opening->transcript, err));
	const struct ceremony *ceremony = &opening->transcript->ceremony;
	opening->row = (struct ceremony_row){.id = ceremony->id,
	    .mode = ceremony->mode,
	    .state = CEREMONY_COLLECTING,
	    .charter = ceremony->charter,
	    .created = ceremony->created,
	    .deadline = ceremony->deadline};
	snprintf(opening->row.requester, sizeof(opening->row.requester), "%s",
	    opening->transcript->request.seat);
	opening->count = ceremony->items.count;
	for (size_t i = 0; i < opening->count; i++)
		opening->items[i] = (struct item_row){.secret = ceremony->items.rows[i].secret,
		    .version = ceremony->items.rows[i].version,
		    .state = ITEM_WAITING};
	return ERR_OK;
}

static enum err_code
store(struct session *session, struct asking *asking, struct err *err)
{
	struct opening *opening = asking->opening;
	struct ceremony_row *row = &opening->row;
	LEAF leaf = leaf_new("request");

	row->request = opening->transcript->request.digest;
	TRY(session_keep(session, &asking->ceremony, STATEMENT_CEREMONY, false, &row->digest, err));
	TRY(store_add_ceremony(session->store, row, opening->items, opening->count, err));
	leaf_bytes(&leaf, "ceremony", VIEW_OF(row->id.bytes));
	leaf_text(&leaf, "mode", mode_names[row->mode]);
	leaf_int(&leaf, "count", (int64_t)opening->count);
	leaf_text(&leaf, "name", opening->transcript->request.items.rows[0].name);
	leaf_text(&leaf, "seat", row->requester);
	leaf_statement(&leaf, &row->request);
	leaf_statement(&leaf, &row->digest);
	return journal_add(session, &leaf, err);
}

/* It is of today, of this vault's people and signed, and new. */
static enum err_code
judge_request(struct session *session, void *context, struct err *err)
{
	struct asking *asking = context;

	TRY(journal_check_clock(session, err));
	TRY(check_mode(&asking->asked, err));
	TRY(check_clock(&asking->asked, session_now(session), err));
	TRY(alarm_of_client(session,
	    request_check(&asking->request, &asking->asked, &session->chain, err)));
	return session_check_new(session, &asking->request, STATEMENT_REQUEST, err);
}

static enum err_code
make(struct session *session, bool another, struct asking *asking, struct err *err)
{
	CHANGE change = {0};
	const struct request *request = &asking->asked;
	struct digest digest;

	TRY(change_begin_judged(session, &change, judge_request, asking, err));
	TRY(session_keep(session, &asking->request, STATEMENT_REQUEST, false, &digest, err));
	if (!another)
		TRY(check_other(session, request, err));
	TRY(make_statement(session, request, asking, err));
	TRY(draw_up(session, asking, err));
	for (size_t i = 0; i < request->items.count; i++)
		if (check_item(session, asking->opening, i, err) != ERR_OK)
			return request->items.count == 1 ? err->code :
			                                   err_add(err, "items[%zu]", i);
	TRY(store(session, asking, err));
	return change_commit(session, &change, err);
}

enum err_code
serve_request(struct session *session, struct call *call, struct err *err)
{
	CLEANUP(asking_done) struct asking asking = {0};
	struct ceremony_row row;
	bool another = json_in_bool(&call->in, "another");

	in_statement(&call->in, "request", &asking.request);
	TRY(json_in_end(&call->in));
	TRY(request_parse(&asking.request, session->chain.charter->training, &asking.asked, err));
	TRY(id_new(&asking.made.id, err));
	enum err_code code = make(session, another, &asking, err);
	if (code != ERR_OK) {
		struct err ignored;

		/* Without a row nobody needs the key, and an alarm has none; a failed erasure is left to the
		 * next session. */
		if (code == ERR_INTEGRITY ||
		    store_get_ceremony(session->store, &asking.made.id, &row, &ignored) ==
		        ERR_NOT_FOUND)
			(void)!ceremony_key_erase(session->folder, &asking.made.id, &ignored);
		return err_add(err, "request");
	}
	json_put_hex(call->reply, "id", VIEW_OF(asking.made.id.bytes));
	put_statement(call->reply, "ceremony", &asking.ceremony);
	return ERR_OK;
}
