/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request over many versions becomes one ceremony.  An operator or an officer asks; the seat counts
 * for none of them.  Each version must be the current one, and its quorum within reach of the others.
 */
#include "ceremony/server/opening/batch_request.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/protocol/message.h"
#include "ceremony/server/opening/batch.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/log.h"

static enum err_code
check_requester(const struct session *session, const struct request *request,
    const struct dsse *statement, struct err *err)
{
	const struct seat *seat = seat_by_name(session->chain.charter->seats,
	    session->chain.charter->seat_count, request->seat);
	const struct seat_token *token =
	    chain_token(&session->chain, request->seat, &request->token);

	if (!digest_equal(&request->vault, &session->chain.vault))
		return err_set(err, ERR_REFUSED, "request: vault: it is for another vault");
	if (seat == NULL || (seat->roles & (ROLE_OFFICER | ROLE_OPERATOR)) == 0)
		return err_set(err, ERR_REFUSED,
		    "request: seat: \"%s\" is no operator and no officer of the charter",
		    request->seat);
	if (request->mode != MODE_RESEAL && request->mode != MODE_ROTATE)
		return err_set(err, ERR_REFUSED,
		    "request: mode: \"%s\" cannot be asked for in this version of halligan",
		    mode_names[request->mode]);
	if (token == NULL)
		return err_set(err, ERR_REFUSED,
		    "request: token: it is no active token of seat \"%s\"", request->seat);
	if (statement->count != 1)
		return err_set(err, ERR_INVALID, "request: it must carry one signature");
	if (seat_token_verify(statement, token, err) != ERR_OK)
		return err_add(err, "request: seat \"%s\"", request->seat);
	return ERR_OK;
}

static enum err_code
check_times(const struct request *request, const struct policy *policy, int64_t now,
    struct err *err)
{
	char most[TEXT_DURATION_SIZE];

	if (now >= request->expires)
		return err_set(err, ERR_EXPIRED,
		    "request: expires: it has expired; make a new one");
	if (request->created > now + CLOCK_BACK_MAX)
		return err_set(err, ERR_REFUSED,
		    "request: created: it comes from the future; compare the clocks");
	text_duration(policy->request_ttl, most);
	if (request->expires - now > policy->request_ttl + CLOCK_BACK_MAX)
		return err_set(err, ERR_REFUSED,
		    "request: expires: policy \"%s\" lets a request live %s at most", policy->name,
		    most);
	return ERR_OK;
}

/* BATCH has no voices yet: what is unreachable now always will be. */
static enum err_code
check_item(struct session *session, const struct batch *batch, size_t position, struct err *err)
{
	CASE_ITEM *item = NULL;
	BUF text = {0};
	int missing;

	TRY(case_item_load(session, batch, position, &item, err));
	if (item->header != NULL)
		memcpy(batch->ceremony.items.rows[position].quorum, item->header->quorum,
		    sizeof(item->header->quorum));
	if (strcmp(item->secret.name, batch->request.items.rows[position].name) != 0)
		return err_set(err, ERR_REFUSED, "request: name: the secret is called \"%s\"",
		    item->secret.name);
	if (item->stale[0] != '\0')
		return err_set(err, item->damaged ? ERR_INTEGRITY : ERR_REFUSED, "%s: %s",
		    item->secret.name, item->stale);
	TRY(check_times(&batch->request, item->policy, session_now(session), err));
	if (item_verdict(session, batch, item, session_now(session), &missing, &text) ==
	    VERDICT_UNREACHABLE)
		return err_set(err, ERR_REFUSED,
		    "%s: the quorum \"%s\" cannot be met without your own seat \"%s\", which does not count "
		    "for your own request: %s",
		    item->secret.name, item->header->quorum, batch->request.seat,
		    text.size > 0 ? buf_string(&text) : "");
	return ERR_OK;
}

static enum err_code
make_statement(struct session *session, struct batch *batch, struct dsse *ret_statement,
    struct err *err)
{
	JSON *payload = NULL;
	const struct request *request = &batch->request;
	struct ceremony *ceremony = &batch->ceremony;

	TRY(journal_head(session, &ceremony->size, &ceremony->root, err));
	TRY(ceremony_key_make(session->folder, &ceremony->id, &ceremony->key, err));
	ceremony->vault = session->chain.vault;
	ceremony->request = request->digest;
	ceremony->mode = request->mode;
	ceremony->charter = session->chain.charter->digest;
	ceremony->roster = session->chain.roster->digest;
	ceremony->created = session_now(session);
	ceremony->deadline = request->expires;
	TRY(ceremony_payload(ceremony, &payload, err));
	TRY(statement_new(STATEMENT_CEREMONY, session->chain.charter->training, payload,
	    ret_statement, err));
	return statement_sign_host(ret_statement, session->keys.statement, err);
}

static enum err_code
store(struct session *session, struct batch *batch, const struct dsse *request,
    const struct dsse *statement, struct err *err)
{
	struct batch_row *row = &batch->row;
	LEAF leaf = leaf_new("request");

	row->id = batch->ceremony.id;
	row->charter = session->chain.charter->digest;
	row->created = batch->ceremony.created;
	TRY(session_keep(session, request, STATEMENT_REQUEST, false, &row->request, err));
	TRY(session_keep(session, statement, STATEMENT_CEREMONY, false, &row->digest, err));
	TRY(store_add_batch(session->store, row, batch->items, batch->ceremony.items.count, err));
	leaf_bytes(&leaf, "batch", VIEW_OF(row->id.bytes));
	leaf_text(&leaf, "mode", mode_names[batch->request.mode]);
	leaf_int(&leaf, "count", (int64_t)batch->ceremony.items.count);
	leaf_text(&leaf, "seat", row->requester);
	leaf_statement(&leaf, &row->request);
	leaf_statement(&leaf, &row->digest);
	return journal_add(session, &leaf, err);
}

/* The request's list as items, and a batch around them as if it were stored. */
static enum err_code
draw_up(struct batch *batch, struct err *err)
{
	const struct request *request = &batch->request;

	batch->in_force = true;
	batch->row.state = CEREMONY_COLLECTING;
	batch->row.deadline = request->expires;
	memcpy(batch->row.requester, request->seat, sizeof(request->seat));
	TRY(items_copy(&request->items, &batch->ceremony.items, err));
	for (size_t i = 0; i < request->items.count; i++) {
		batch->items[i] = (struct item_row){.secret = request->items.rows[i].secret,
		    .version = request->items.rows[i].version,
		    .state = ITEM_WAITING};
	}
	return id_new(&batch->ceremony.id, err);
}

static enum err_code
make(struct session *session, struct batch *batch, const struct dsse *request,
    struct dsse *ret_statement, struct err *err)
{
	CHANGE change = {0};

	TRY(change_begin(session, &change, err));
	TRY(journal_check_clock(session, err));
	TRY(check_requester(session, &batch->request, request, err));
	for (size_t i = 0; i < batch->request.items.count; i++)
		TRY(check_item(session, batch, i, err));
	TRY(make_statement(session, batch, ret_statement, err));
	TRY(store(session, batch, request, ret_statement, err));
	return change_commit(session, &change, err);
}

enum err_code
serve_batch_request(struct session *session, struct call *call, struct err *err)
{
	DSSE request = {0}, statement = {0};
	BATCH *batch = calloc(1, sizeof(*batch));
	struct batch_row row;

	in_statement(&call->in, "request", &request);
	TRY(json_in_end(&call->in));
	if (batch == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a ceremony");
	TRY(request_parse(&request, session->chain.charter->training, &batch->request, err));
	TRY(draw_up(batch, err));
	if (make(session, batch, &request, &statement, err) != ERR_OK) {
		struct err ignored;

		/* Without a row nobody needs the key; a failed erasure is left to the next session. */
		if (store_get_batch(session->store, &batch->ceremony.id, &row, &ignored) ==
		    ERR_NOT_FOUND)
			(void)!ceremony_key_erase(session->folder, &batch->ceremony.id, &ignored);
		return err->code;
	}
	json_put_hex(call->reply, "id", VIEW_OF(batch->ceremony.id.bytes));
	put_statement(call->reply, "ceremony", &statement);
	return ERR_OK;
}
