/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/opening/object.h"

#include <stdio.h>
#include <string.h>

#include "ceremony/client/hand/unlock.h"
#include "ceremony/client/text/ceremony.h"
#include "ceremony/client/typed.h"
#include "ceremony/protocol/message.h"

struct kind {
	enum statement_type type;
	const char *question, *purpose;
	const char *done, *refused; /* REFUSED is a state; who withdrew it was refused nothing */
};
static const struct kind denial = {STATEMENT_DENIAL, "Deny this request? Type yes",
    "sign the denial", "Denied", "refused"};
static const struct kind cancel = {STATEMENT_CANCEL, "Withdraw your request? Type yes",
    "sign the withdrawal", "Cancelled", "over"};

enum err_code
objection_sign(struct hand *hand, enum statement_type type, bool training,
    const struct digest *vault, const struct digest *about, const char *reason, const char *purpose,
    struct dsse *ret_statement, struct err *err)
{
	struct objection objection = {.vault = *vault,
	    .ceremony = *about,
	    .token = hand->entry->id,
	    .time = hand->options->now()};
	JSON *payload = NULL;

	snprintf(objection.seat, sizeof(objection.seat), "%s", hand->seat->name);
	snprintf(objection.reason, sizeof(objection.reason), "%s", reason);
	TRY(objection_payload(&objection, &payload, err));
	return hand_state(hand, type, training, payload, purpose, ret_statement, err);
}

static enum err_code
send(struct client *client, const struct kind *kind, const struct dossier *dossier,
    const struct dsse *statement, struct err *err)
{
	struct json *request = op_new("object");
	REPLY reply = {0};

	json_put_text(request, "id", dossier->id);
	put_statement(request, "statement", statement);
	TRY(client_ask(client, request, "object", &reply, err));
	const char *state = json_in_text(&reply.in, "state", 1, 40);
	(void)json_in_text(&reply.in, "reason", 0, NOTE_TEXT_MAX);
	(void)json_in_text(&reply.in, "missing", 0, QUORUM_TEXT_MAX);
	TRY(json_in_end(&reply.in));
	if (strcmp(state, ceremony_state_names[CEREMONY_COLLECTING]) == 0)
		state = "still open: the others can yet meet the quorum";
	else if (strcmp(state, ceremony_state_names[CEREMONY_REFUSED]) == 0)
		state = kind->refused;
	ui_say(client_options(client)->ui, "%s. Ceremony %.8s is %s.", kind->done, dossier->id,
	    state == kind->refused || strchr(state, ' ') != NULL ?
	        state :
	        TOLD(client_is_far(client), state));
	return ERR_OK;
}

static struct dossier_wanted
wanted_of(const char *id)
{
	return (struct dossier_wanted){.id = id, .states = 1u << CEREMONY_COLLECTING};
}

void
object_foresee(struct client *client, const void *plan)
{
	const struct dossier_wanted wanted = wanted_of(plan);

	dossier_foresee(client, &wanted);
}

static enum err_code
object(struct client *client, const struct kind *kind, const char *id, const char *reason,
    struct err *err)
{
	const struct client_options *options = client_options(client);
	const struct dossier_wanted wanted = wanted_of(id);
	const struct vault_view *view;
	DOSSIER *dossier = NULL;
	HAND hand = {0};
	DSSE statement = {0};
	char name[HAND_NAME_SIZE];

	TRY(typed_check("the reason", reason, REASON_MAX, err));
	TRY(dossier_take(client, &wanted, &view, &dossier, err));
	TRY(dossier_check_open(dossier, options->now(), err));
	TRY(dossier_fetch_items(client, view, dossier, err));
	TRY(ceremony_show(dossier, view, options->ui, options->now(), false, NULL, err));
	const struct chain *chain = &view->chain;
	const struct hand_want want = {.roles = kind == &denial ? ROLE_OFFICER : 0,
	    .seat = kind == &cancel ? dossier->transcript->request.seat : NULL,
	    .lists = {{chain->charter->seats, chain->charter->seat_count},
	        {chain->roster->seats, chain->roster->seat_count}},
	    .suspended = &chain->suspensions};
	TRY(hand_take(options, &want, &hand, err));
	hand_name(&hand, name);
	ui_say(options->ui, "You act as %s.", name);
	TRY(ui_demand(options->ui, kind->question, "yes", err));
	TRY(hand_unlock(&hand, 1, 0, err));
	TRY(objection_sign(&hand, kind->type, chain->charter->training, &chain->vault,
	    &dossier->transcript->ceremony.digest, reason, kind->purpose, &statement, err));
	if (send(client, kind, dossier, &statement, err) == ERR_OK)
		return ERR_OK;
	return dossier_forgive(client, dossier->id, 1u << CEREMONY_REFUSED,
	    "Others ended it at the same time: nothing of it is opened.", err);
}

enum err_code
deny_run(struct client *client, const char *id, const char *reason, struct err *err)
{
	return object(client, &denial, id, reason, err);
}

enum err_code
cancel_run(struct client *client, const char *id, const char *reason, struct err *err)
{
	return object(client, &cancel, id, reason, err);
}
