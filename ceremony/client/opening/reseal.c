/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/opening/reseal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ceremony/client/hand/unlock.h"
#include "ceremony/client/opening/batch_dossier.h"
#include "ceremony/client/opening/dossier.h"
#include "ceremony/client/sync.h"
#include "ceremony/client/text/ceremony.h"
#include "ceremony/client/typed.h"
#include "ceremony/protocol/message.h"

enum { LISTED_AT_ONCE = 256 };

void
reseal_list_done(struct reseal_list *list)
{
	free(list->rows);
	*list = (struct reseal_list){0};
}

/* ---- the list ---- */

static enum err_code
read_row(const struct json *object, struct reseal_row *row, struct err *err)
{
	struct json_in in = json_in(object, "reseal-list", err);

	json_in_hex(&in, "secret", row->open.secret.bytes, SECRET_ID_SIZE);
	snprintf(row->open.name, sizeof(row->open.name), "%s",
	    json_in_text(&in, "name", 1, SEAT_NAME_MAX));
	row->open.version = (uint32_t)json_in_int(&in, "version", 1, UINT32_MAX);
	json_in_hex(&in, "definition", row->open.definition.bytes, DIGEST_SIZE);
	json_in_hex(&in, "header", row->open.header.bytes, DIGEST_SIZE);
	snprintf(row->why, sizeof(row->why), "%s", json_in_text(&in, "why", 0, NOTE_TEXT_MAX));
	row->left = json_in_int(&in, "left", 0, INT64_MAX);
	row->can = json_in_bool(&in, "can");
	snprintf(row->cannot, sizeof(row->cannot), "%s",
	    json_in_text(&in, "cannot", 0, NOTE_TEXT_MAX));
	return json_in_end(&in);
}

static enum err_code
add_rows(const struct json *array, struct reseal_list *list, struct err *err)
{
	size_t count = json_array_count(array);

	if (list->count + count > list->capacity) {
		size_t capacity = 2 * (list->count + count);
		struct reseal_row *rows = reallocarray(list->rows, capacity, sizeof(*rows));

		if (rows == NULL)
			return err_set(err, ERR_MEMORY, "out of memory for a list");
		list->rows = rows;
		list->capacity = capacity;
	}
	for (size_t i = 0; i < count; i++) {
		list->rows[list->count] = (struct reseal_row){0};
		TRY(read_row(json_array_object(array, i), &list->rows[list->count], err));
		list->count++;
	}
	return ERR_OK;
}

enum err_code
reseal_list_fetch(struct client *client, bool all, struct reseal_list *ret_list, struct err *err)
{
	RESEAL_LIST list = {0};
	char after[SEAT_NAME_MAX + 1] = "";

	do {
		struct json *request = op_new("reseal-list");
		JSON *reply = NULL;
		BUF blob = {0};

		json_put_text(request, "after", after);
		json_put_bool(request, "all", all);
		TRY(client_call(client, request, (struct view){0}, &reply, &blob, err));
		struct json_in in = reply_in(reply, "reseal-list", err);
		const struct json *array = json_in_array(&in, "secrets", 0, LISTED_AT_ONCE);
		const char *next = json_in_text(&in, "next", 0, SEAT_NAME_MAX);
		TRY(json_in_end(&in));
		if (next[0] != '\0' && strcmp(next, after) <= 0)
			return err_set(err, ERR_PROTOCOL, "the server's list does not go on");
		memcpy(after, next, strlen(next) + 1);
		TRY(add_rows(array, &list, err));
	} while (after[0] != '\0');
	*ret_list = list;
	list = (struct reseal_list){0};
	return ERR_OK;
}

/* ---- the request ---- */

static bool
is_named(const struct reseal_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->name_count; i++)
		if (strcmp(plan->names[i], name) == 0)
			return true;
	return false;
}

static enum err_code
check_names(const struct reseal_plan *plan, const struct reseal_list *list, struct err *err)
{
	for (size_t i = 0; i < plan->name_count; i++) {
		const struct reseal_row *found = NULL;

		for (size_t j = 0; j < list->count; j++)
			if (strcmp(list->rows[j].open.name, plan->names[i]) == 0)
				found = &list->rows[j];
		if (found == NULL)
			return err_set(err, ERR_NOT_FOUND,
			    "there is no secret \"%s\"; 'halligan secret list' shows them",
			    plan->names[i]);
		if (!found->can)
			return err_set(err, ERR_REFUSED, "%s: %s", plan->names[i], found->cannot);
	}
	return ERR_OK;
}

/* Those of LIST that the plan means and a batch can open, at most CEREMONY_ITEMS. */
static enum err_code
choose(struct client *client, const struct reseal_plan *plan, struct request *request,
    struct err *err)
{
	RESEAL_LIST list = {0};
	size_t more = 0;
	bool all = plan->all || plan->name_count > 0;

	TRY(reseal_list_fetch(client, all, &list, err));
	TRY(check_names(plan, &list, err));
	request->items.rows = calloc(CEREMONY_ITEMS, sizeof(*request->items.rows));
	if (request->items.rows == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a request");
	for (size_t i = 0; i < list.count; i++) {
		const struct reseal_row *row = &list.rows[i];

		if (!row->can || (plan->name_count > 0 && !is_named(plan, row->open.name)))
			continue;
		if (request->items.count == CEREMONY_ITEMS)
			more++;
		else
			request->items.rows[request->items.count++] = row->open;
	}
	if (request->items.count == 0)
		return err_set(err, ERR_NOT_FOUND,
		    "there is nothing that a batch ceremony could seal again; `halligan reseal --list` says "
		    "why");
	if (more > 0)
		ui_say(client_options(client)->ui, "%zu more are left for a further ceremony.",
		    more);
	return ERR_OK;
}

/* The shortest time that a policy lets a request live. */
static int64_t
time_to_live(const struct charter *charter)
{
	int64_t shortest = charter->policies[0].request_ttl;

	for (size_t i = 1; i < charter->policy_count; i++)
		if (charter->policies[i].request_ttl < shortest)
			shortest = charter->policies[i].request_ttl;
	return shortest;
}

static enum err_code
sign_request(const struct vault_view *view, const struct reseal_plan *plan, struct hand *hand,
    struct request *request, struct dsse *statement, struct err *err)
{
	JSON *payload = NULL;

	request->vault = view->chain.vault;
	request->mode = plan->mode;
	request->token = hand->entry->id;
	request->created = hand->options->now();
	request->expires = request->created + time_to_live(view->chain.charter);
	memcpy(request->seat, hand->seat->name, sizeof(request->seat));
	memcpy(request->reason, plan->reason, strlen(plan->reason) + 1);
	snprintf(request->host, sizeof(request->host), "%s", plan->host);
	snprintf(request->user, sizeof(request->user), "%s", plan->user);
	TRY(request_payload(request, &payload, err));
	TRY(statement_new(STATEMENT_REQUEST, view->chain.charter->training, payload, statement,
	    err));
	TRY(hand_sign(hand, statement, "sign the request", err));
	return dsse_digest(statement, &request->digest, err);
}

static enum err_code
send_request(struct client *client, const struct vault_view *view, const struct request *request,
    const struct dsse *statement, struct reseal_result *result, struct err *err)
{
	struct json *call = op_new("batch-request");
	JSON *reply = NULL;
	BUF blob = {0};
	DSSE answer = {0};
	CEREMONY ceremony = {0};
	uint8_t id[ID_SIZE] = {0};

	put_statement(call, "request", statement);
	TRY(client_call(client, call, (struct view){0}, &reply, &blob, err));
	struct json_in in = reply_in(reply, "batch-request", err);
	json_in_hex(&in, "id", id, sizeof(id));
	in_statement(&in, "ceremony", &answer);
	TRY(json_in_end(&in));
	TRY(ceremony_parse(&answer, view->chain.charter->training, &ceremony, err));
	TRY(statement_verify_host(&answer, &view->chain.charter->host_statement, err));
	if (ceremony_differs(&ceremony, request) != NULL ||
	    memcmp(id, ceremony.id.bytes, sizeof(id)) != 0)
		return err_set(err, ERR_INTEGRITY, "the host's answer is to another request");
	text_hex(VIEW_OF(id), result->id);
	dossier_words(&ceremony.digest, result->words);
	result->count = ceremony.items.count;
	result->deadline = ceremony.deadline;
	return ERR_OK;
}

enum err_code
reseal_request(struct client *client, const struct reseal_plan *plan,
    struct reseal_result *ret_result, struct err *err)
{
	const struct client_options *options = client_options(client);
	struct hand_want want = {.roles = ROLE_OPERATOR | ROLE_OFFICER};
	const struct vault_view *view;
	REQUEST request = {0};
	DSSE statement = {0};
	HAND hand = {0};

	TRY(typed_check("the reason", plan->reason, REASON_MAX, err));
	TRY(client_sync(client, &view, err));
	TRY(choose(client, plan, &request, err));
	want.lists[0] =
	    (struct hand_list){view->chain.charter->seats, view->chain.charter->seat_count};
	want.suspended = &view->chain.suspensions;
	TRY(hand_take(options, &want, &hand, err));
	TRY(hand_unlock(&hand, 1, 0, err));
	TRY(sign_request(view, plan, &hand, &request, &statement, err));
	return send_request(client, view, &request, &statement, ret_result, err);
}

/* ---- the result ---- */

enum err_code
reseal_show(struct client *client, const char *id, struct err *err)
{
	const struct client_options *options = client_options(client);
	const struct vault_view *view;
	struct listed listed;
	BATCH_DOSSIER *dossier = NULL;

	TRY(client_sync(client, &view, err));
	TRY(listing_pick(client, id, 1u << CEREMONY_COLLECTING | 1u << CEREMONY_RELEASING, NULL,
	    &listed, err));
	if (!listed.batch)
		return err_set(err, ERR_REFUSED,
		    "ceremony %.8s is for one secret: `halligan status` shows it", listed.id);
	bool open = listed.state == CEREMONY_COLLECTING;
	TRY(batch_dossier_fetch(client, view, listed.id, open, &dossier, err));
	if (open)
		batch_dossier_show(dossier, view, options->ui, options->now());
	else
		batch_dossier_tell(dossier, options->ui);
	return ERR_OK;
}
