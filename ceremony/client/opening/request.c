/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/opening/request.h"

#include <stdio.h>
#include <string.h>

#include "base/text_time.h"
#include "ceremony/client/hand/unlock.h"
#include "ceremony/client/opening/dossier.h"
#include "ceremony/client/sync.h"
#include "ceremony/client/text/ceremony.h"
#include "ceremony/client/typed.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/statements_host.h"

static enum err_code
check_secret(const struct ask_plan *plan, const struct lookup *lookup, struct err *err)
{
	char longest[TEXT_DURATION_SIZE];

	if (lookup->policy == NULL)
		return err_set(err, ERR_REFUSED, "the charter has no policy %s any more",
		    lookup->definition.policy);
	if (lookup->has_debt)
		return err_set(err, ERR_REFUSED,
		    "%s is being replaced (%s: %s); it cannot be requested before that is done: "
		    "halligan rotate %s",
		    plan->secret, lookup->debt_state, lookup->debt_note, plan->secret);
	if (lookup->header == NULL)
		return err_set(err, ERR_REFUSED, "%s has no sealed version yet", plan->secret);
	text_duration(lookup->policy->max_duration, longest);
	if (plan->duration > lookup->policy->max_duration)
		return err_set(err, ERR_REFUSED,
		    "the policy %s allows at most %s; ask for less with --for",
		    lookup->policy->name, longest);
	return ERR_OK;
}

static enum err_code
fill_request(const struct ask_plan *plan, const struct vault_view *view,
    const struct lookup *lookup, const struct hand *hand, struct request *request, struct err *err)
{
	struct item *item;

	TRY(items_new(1, &request->items, err));
	item = &request->items.rows[0];
	item->secret = lookup->definition.secret;
	item->version = lookup->current;
	item->definition = lookup->definition.digest;
	item->header = lookup->header_hash;
	memcpy(item->name, lookup->definition.name, sizeof(item->name));
	request->vault = view->chain.vault;
	request->mode = MODE_RELEASE;
	request->recipients.count = 1;
	request->recipients.rows[0] =
	    (struct recipient){hand->entry->id, hand->entry->keys[KEY_RELEASE]};
	request->token = hand->entry->id;
	request->duration = plan->duration;
	request->created = hand->options->now();
	request->expires = request->created + lookup->policy->request_ttl;
	memcpy(request->seat, hand->seat->name, sizeof(request->seat));
	memcpy(request->reason, plan->reason, strlen(plan->reason) + 1);
	memcpy(request->incident, plan->incident, strlen(plan->incident) + 1);
	snprintf(request->host, sizeof(request->host), "%s", plan->host);
	snprintf(request->user, sizeof(request->user), "%s", plan->user);
	return ERR_OK;
}

static enum err_code
send_request(struct client *client, const struct vault_view *view, const struct dsse *statement,
    struct ask_result *result, struct err *err)
{
	struct json *call = op_new("request");
	JSON *reply = NULL;
	BUF blob = {0};
	DSSE answer = {0};
	REQUEST request = {0};
	CEREMONY ceremony = {0};
	uint8_t id[ID_SIZE] = {0};
	struct json_in in;

	put_statement(call, "request", statement);
	TRY(client_call(client, call, (struct view){0}, &reply, &blob, err));
	in = reply_in(reply, "request", err);
	json_in_hex(&in, "id", id, sizeof(id));
	in_statement(&in, "ceremony", &answer);
	TRY(json_in_end(&in));
	TRY(request_parse(statement, view->chain.charter->training, &request, err));
	if (ceremony_check(&answer, view, &request, &ceremony, err) != ERR_OK)
		return err_add(err, "the host's answer to the request");
	if (memcmp(id, ceremony.id.bytes, sizeof(id)) != 0)
		return err_set(err, ERR_INTEGRITY, "the host's answer is of another ceremony");
	text_hex(VIEW_OF(id), result->id);
	dossier_words(&ceremony.digest, result->words);
	result->deadline = ceremony.deadline;
	memcpy(result->quorum, ceremony.items.rows[0].quorum, sizeof(result->quorum));
	return ERR_OK;
}

enum err_code
ask_run(struct client *client, const struct ask_plan *plan, struct ask_result *ret_result,
    struct err *err)
{
	const struct client_options *options = client_options(client);
	struct hand_want want = {.roles = ROLE_RESPONDER};
	const struct vault_view *view;
	LOOKUP lookup = {0};
	HAND hand = {0};
	REQUEST request = {0};
	JSON *payload = NULL;
	DSSE statement = {0};

	TRY(typed_check("the reason", plan->reason, REASON_MAX, err));
	TRY(typed_check("the incident", plan->incident, INCIDENT_MAX, err));
	TRY(client_sync(client, &view, err));
	TRY(lookup_secret(client, view, plan->secret, &lookup, err));
	TRY(check_secret(plan, &lookup, err));
	want.suspended = &view->chain.suspensions;
	want.lists[0] =
	    (struct hand_list){view->chain.roster->seats, view->chain.roster->seat_count};
	want.lists[1] =
	    (struct hand_list){view->chain.charter->seats, view->chain.charter->seat_count};
	TRY(hand_take(options, &want, &hand, err));
	TRY(hand_unlock(&hand, 1, 0, err));
	TRY(fill_request(plan, view, &lookup, &hand, &request, err));
	TRY(request_payload(&request, &payload, err));
	TRY(statement_new(STATEMENT_REQUEST, view->chain.charter->training, payload, &statement,
	    err));
	TRY(hand_sign(&hand, &statement, "sign the request", err));
	return send_request(client, view, &statement, ret_result, err);
}
