/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/opening/request.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/client/case_fetch.h"
#include "ceremony/client/hand/unlock.h"
#include "ceremony/client/opening/choose.h"
#include "ceremony/client/sync.h"
#include "ceremony/client/text/ceremony.h"
#include "ceremony/client/typed.h"
#include "ceremony/protocol/clock.h"
#include "ceremony/protocol/message.h"

static enum err_code
check_typed(const struct ask_plan *plan, struct err *err)
{
	TRY(choose_check(plan, err));
	if (plan->recipient_count > RECIPIENTS)
		return err_set(err, ERR_USAGE, "at most %d tokens can receive it", RECIPIENTS);
	TRY(typed_check("the reason", plan->reason, REASON_MAX, err));
	return mode_releases(plan->mode) ?
	    typed_check("the incident", plan->incident, INCIDENT_MAX, err) :
	    ERR_OK;
}

/* ---- who receives ---- */

static const struct seat_token *
token_called(const struct seat *seat, const char *label)
{
	for (size_t i = 0; i < seat->token_count; i++)
		if (strcmp(seat->tokens[i].label, label) == 0)
			return &seat->tokens[i];
	return NULL;
}

static enum err_code
add_recipient(const struct seat *seat, const struct seat_token *token, const struct chain *chain,
    struct recipients *recipients, struct err *err)
{
	if (chain_token(chain, seat->name, &token->id) == NULL)
		return chain_refuse_token(chain, seat->name, &token->id, err);
	if (!token->has[KEY_RELEASE])
		return err_set(err, ERR_REFUSED,
		    "the token %s has no release key, so that it could receive nothing",
		    QUOTED(token->label));
	for (size_t i = 0; i < recipients->count; i++)
		if (digest_equal(&recipients->rows[i].token, &token->id))
			return err_set(err, ERR_USAGE, "the recipient %s stands twice",
			    QUOTED(token->label));
	recipients->rows[recipients->count++] =
	    (struct recipient){token->id, token->keys[KEY_RELEASE]};
	return ERR_OK;
}

static enum err_code
choose_recipients(const struct ask_plan *plan, const struct chain *chain, const struct hand *hand,
    struct recipients *ret_recipients, struct err *err)
{
	if (!mode_releases(plan->mode))
		return ERR_OK;
	if (plan->recipient_count == 0)
		return add_recipient(hand->seat, hand->entry, chain, ret_recipients, err);
	for (size_t i = 0; i < plan->recipient_count; i++) {
		const struct seat_token *token = token_called(hand->seat, plan->recipients[i]);

		if (token == NULL)
			return err_set(err, ERR_NOT_FOUND,
			    "the seat %s has no token %s; only tokens of the seat that asks can "
			    "receive",
			    hand->seat->name, QUOTED(plan->recipients[i]));
		TRY(add_recipient(hand->seat, token, chain, ret_recipients, err));
	}
	return ERR_OK;
}

/* ---- the statement and its answer ---- */

static enum err_code
sign_request(const struct ask_plan *plan, const struct vault_view *view,
    const struct choice *choice, const struct recipients *recipients, struct hand *hand,
    struct dsse *statement, struct err *err)
{
	struct request request = {.vault = view->chain.vault,
	    .mode = plan->mode,
	    .items = choice->items, /* lent */
	    .recipients = *recipients,
	    .token = hand->entry->id,
	    .duration = plan->duration,
	    .created = hand->options->now()};
	JSON *payload = NULL;

	request.expires = request.created + choice->ttl;
	memcpy(request.seat, hand->seat->name, sizeof(request.seat));
	memcpy(request.reason, plan->reason, strlen(plan->reason) + 1);
	if (plan->incident != NULL)
		memcpy(request.incident, plan->incident, strlen(plan->incident) + 1);
	snprintf(request.host, sizeof(request.host), "%s", plan->host);
	snprintf(request.user, sizeof(request.user), "%s", plan->user);
	TRY(request_payload(&request, &payload, err));
	return hand_state(hand, STATEMENT_REQUEST, view->chain.charter->training, payload,
	    "sign the request", statement, err);
}

static void
fill_result(const struct transcript *transcript, struct ask_result *result)
{
	text_hex(VIEW_OF(transcript->ceremony.id.bytes), result->id);
	request_words(&transcript->request.digest, result->words);
	result->count = transcript->request.items.count;
	result->deadline = transcript->ceremony.deadline;
	memcpy(result->quorum, transcript->ceremony.items.rows[0].quorum, sizeof(result->quorum));
}

/* The answer begins the ceremony that was asked for, and no other. */
static enum err_code
verify_answer(const struct vault_view *view, const struct dsse *statement,
    const struct dsse *answer, const uint8_t id[ID_SIZE], struct ask_result *result,
    struct err *err)
{
	TRANSCRIPT *transcript = NULL;

	TRY(transcript_new(statement, answer, &view->chain, &transcript, err));
	TRY(dossier_check_log(transcript, view, err));
	if (!transcript->in_force)
		return err_set(err, ERR_REFUSED, "it is void already: %s", transcript->why_void);
	if (memcmp(id, transcript->ceremony.id.bytes, ID_SIZE) != 0)
		return err_set(err, ERR_INTEGRITY, "it is of another ceremony");
	fill_result(transcript, result);
	return ERR_OK;
}

static enum err_code
send_request(struct client *client, const struct ask_plan *plan, const struct vault_view *view,
    const struct dsse *statement, struct ask_result *result, struct err *err)
{
	struct json *call = op_new("request");
	REPLY reply = {0};
	DSSE answer = {0};
	uint8_t id[ID_SIZE] = {0};

	put_statement(call, "request", statement);
	json_put_bool(call, "another", plan->another);
	TRY(client_ask(client, call, "request", &reply, err));
	json_in_hex(&reply.in, "id", id, sizeof(id));
	in_statement(&reply.in, "ceremony", &answer);
	TRY(json_in_end(&reply.in));
	if (verify_answer(view, statement, &answer, id, result, err) != ERR_OK)
		return err_add(err, "the host's answer to the request");
	return ERR_OK;
}

static bool
says_the_same(const struct request *a, const struct request *b)
{
	return a->mode == b->mode && items_equal(&a->items, &b->items) &&
	    recipients_equal(&a->recipients, &b->recipients) && a->duration == b->duration &&
	    strcmp(a->reason, b->reason) == 0 && strcmp(a->incident, b->incident) == 0;
}

/* The host has refused STATEMENT, for which SEAT waits already: where that is the same request, which was sent before somebody
 * killed the command that sent it, or forgot it, it goes on, and is shown as if it were new.  Else ERR stays as it is. */
static enum err_code
go_on(struct client *client, const struct vault_view *view, const char *seat,
    const struct dsse *statement, struct ask_result *result, struct err *err)
{
	const struct dossier_wanted own = {.states = 1u << CEREMONY_COLLECTING, .requester = seat};
	DOSSIER *dossier = NULL;
	REQUEST asked = {0};
	struct err ignored;

	if (request_parse(statement, view->chain.charter->training, &asked, &ignored) != ERR_OK ||
	    dossier_find(client, view, &own, &dossier, &ignored) != ERR_OK ||
	    dossier_check_open(dossier, client_options(client)->now(), &ignored) != ERR_OK ||
	    !says_the_same(&asked, &dossier->transcript->request))
		return err->code;
	ui_say(client_options(client)->ui,
	    "You have asked for this already, in the same words: that request goes on.");
	fill_result(dossier->transcript, result);
	return ERR_OK;
}

/* Before PIN and touch: the host would not take it.  A little behind it takes, and the request waits so much shorter. */
static enum err_code
check_clock(struct client *client, const struct choice *choice, struct err *err)
{
	int64_t own = client_options(client)->now(), host = own - client_hello(client)->ahead;
	char behind[TEXT_DURATION_SIZE];

	if (own > host || own + choice->ttl <= host)
		return clock_compare("this computer's", own, host, err);
	if (clock_compare("this computer's", own, host, err) == ERR_OK)
		return ERR_OK;
	text_duration(host - own, behind);
	ui_say(client_options(client)->ui,
	    "CLOCK    this computer's clock is %s behind the vault host's: the request ends so much earlier",
	    behind);
	return ERR_OK;
}

void
ask_foresee(struct client *client, const void *plan)
{
	client_foresee_sync(client);
	choose_foresee(client, plan);
}

enum err_code
ask_run(struct client *client, const struct ask_plan *plan, struct ask_result *ret_result,
    struct err *err)
{
	const struct client_options *options = client_options(client);
	const struct vault_view *view;
	CHOICE choice = {0};
	HAND hand = {0};
	struct recipients recipients = {0};
	struct ask_result result = {0};
	DSSE statement = {0};

	TRY(check_typed(plan, err));
	TRY(client_sync(client, &view, err));
	TRY(choose_items(client, view, plan, &choice, err));
	TRY(check_clock(client, &choice, err));
	const struct chain *chain = &view->chain;
	const struct hand_list roster = {chain->roster->seats, chain->roster->seat_count};
	const struct hand_list charter = {chain->charter->seats, chain->charter->seat_count};
	const struct hand_want want = {.suspended = &chain->suspensions,
	    .roles = mode_releases(plan->mode) ? ROLE_RESPONDER : ROLE_OPERATOR | ROLE_OFFICER,
	    .lists = {charter, mode_releases(plan->mode) ? roster : (struct hand_list){0}}};
	TRY(hand_take(options, &want, &hand, err));
	TRY(choose_recipients(plan, chain, &hand, &recipients, err));
	TRY(hand_unlock(&hand, 1, 0, err));
	TRY(sign_request(plan, view, &choice, &recipients, &hand, &statement, err));
	enum err_code code = send_request(client, plan, view, &statement, &result, err);
	if (code == ERR_EXISTS && !plan->another)
		code = go_on(client, view, hand.seat->name, &statement, &result, err);
	TRY(code);
	result.left = choice.left;
	*ret_result = result;
	return ERR_OK;
}
