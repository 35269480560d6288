/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/opening/done.h"

#include <string.h>

#include "base/text.h"
#include "ceremony/client/hand/unlock.h"
#include "ceremony/client/opening/delivery.h"
#include "ceremony/client/secrets/rotate.h"
#include "ceremony/client/text/grade.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/rows.h"

void
lease_foresee_look(struct client *client, const char *id)
{
	dossier_foresee_again(client, id);
}

enum err_code
lease_look(struct client *client, const char *id, struct lease *ret_lease, struct err *err)
{
	return dossier_look(client, id, &ret_lease->state, &ret_lease->expires, err);
}

/* One line for each debt. */
static enum err_code
tell(const struct client *client, const struct json *debts, bool *ret_retired, struct err *err)
{
	const struct ui *ui = client_options(client)->ui;
	const bool far = client_is_far(client);
	bool all = true;

	for (size_t i = 0; i < json_array_count(debts); i++) {
		struct rotated row;

		TRY(rotate_result(debts, i, &row, err));
		if (row.retired || row.watched)
			ui_say(ui, "%s: the lease is over. The new value is accepted; %s.%s%s",
			    TOLD(far, row.told.name),
			    row.has_grade   ? grade_text(row.grade) :
			        row.retired ? "the old value is dead" :
			                      "the old value was taken away",
			    row.told.note[0] != '\0' ? " " : "",
			    row.told.note[0] != '\0' ? QUOTED(row.told.note) : "");
		else
			ui_say(ui, "%s: the lease is over, but the debt is %s: %s",
			    TOLD(far, row.told.name), TOLD(far, row.told.debt),
			    QUOTED(row.told.note));
		all &= row.retired || row.watched;
	}
	*ret_retired = all;
	return ERR_OK;
}

static enum err_code
send(struct client *client, const char *id, const struct dsse *statement, bool *ret_retired,
    struct err *err)
{
	struct json *request = op_new("done");
	REPLY reply = {0};

	json_put_text(request, "id", id);
	put_statement(request, "done", statement);
	TRY(client_ask(client, request, "done", &reply, err));
	(void)json_in_text(&reply.in, "state", 1, 40);
	const struct json *debts = json_in_array(&reply.in, "debts", 0, CEREMONY_ITEMS);
	TRY(json_in_end(&reply.in));
	return tell(client, debts, ret_retired, err);
}

enum err_code
lease_end(struct client *client, const struct opened *opened, bool *ret_retired, struct err *err)
{
	const struct done done = {.vault = opened->vault,
	    .release = opened->release,
	    .time = client_options(client)->now()};
	JSON *payload = NULL;
	DSSE statement = {0};

	TRY(done_payload(&done, &payload, err));
	TRY(statement_new(STATEMENT_DONE, opened->training, payload, &statement, err));
	TRY(statement_sign_lease(&statement, opened->lease, err));
	return send(client, opened->id, &statement, ret_retired, err);
}

/* ---- by a token ---- */

static enum err_code
take_entitled(struct client *client, const struct vault_view *view, const struct dossier *dossier,
    struct hand *hand, struct err *err)
{
	const struct chain *chain = &view->chain;
	const struct hand_want want = {.suspended = &chain->suspensions,
	    .lists = {{chain->roster->seats, chain->roster->seat_count},
	        {chain->charter->seats, chain->charter->seat_count}}};
	const char *requester = dossier->transcript->request.seat;

	TRY(hand_take(client_options(client), &want, hand, err));
	if (strcmp(hand->seat->name, requester) == 0 || (hand->seat->roles & ROLE_OFFICER) != 0)
		return ERR_OK;
	return err_set(err, ERR_REFUSED,
	    "ceremony %.8s is %s's: only %s or an officer can end its lease, not %s", dossier->id,
	    requester, requester, hand->seat->name);
}

static enum err_code
sign(const struct vault_view *view, const struct digest *release, struct hand *hand,
    struct dsse *statement, struct err *err)
{
	struct done done = {.vault = view->chain.vault,
	    .release = *release,
	    .token = hand->entry->id,
	    .time = hand->options->now()};
	JSON *payload = NULL;

	memcpy(done.seat, hand->seat->name, sizeof(done.seat));
	TRY(done_payload(&done, &payload, err));
	return hand_state(hand, STATEMENT_DONE, view->chain.charter->training, payload,
	    "end the lease", statement, err);
}

static enum err_code
check_released(const struct dossier *dossier, struct err *err)
{
	bool waits = dossier->state == CEREMONY_COLLECTING || dossier->state == CEREMONY_RELEASING;

	if (dossier->state == CEREMONY_CLOSED)
		return err_set(err, ERR_REFUSED,
		    "ceremony %.8s is closed: its lease has ended already", dossier->id);
	if (dossier->has_release)
		return ERR_OK;
	return err_set(err, waits ? ERR_WAITING : ERR_REFUSED,
	    "ceremony %.8s is %s: nothing %s, so there is no lease to end", dossier->id,
	    ceremony_state_names[dossier->state], waits ? "is released yet" : "was released");
}

static struct dossier_wanted
done_wanted(const char *id)
{
	return (struct dossier_wanted){.id = id,
	    .states = 1u << CEREMONY_RELEASED | 1u << CEREMONY_ROTATING};
}

void
done_foresee(struct client *client, const void *plan)
{
	const struct dossier_wanted wanted = done_wanted(plan);

	dossier_foresee(client, &wanted);
}

enum err_code
done_run(struct client *client, const char *id, bool *ret_retired, struct err *err)
{
	const struct dossier_wanted wanted = done_wanted(id);
	const struct vault_view *view;
	DOSSIER *dossier = NULL;
	RELEASE release = {0};
	DSSE statement = {0};
	HAND hand = {0};

	TRY(dossier_take(client, &wanted, &view, &dossier, err));
	TRY(check_released(dossier, err));
	TRY(take_entitled(client, view, dossier, &hand, err));
	TRY(release_verify(client, view, dossier, &dossier->release, &release, err));
	TRY(hand_unlock(&hand, 1, 0, err));
	TRY(sign(view, &release.digest, &hand, &statement, err));
	return send(client, dossier->id, &statement, ret_retired, err);
}
