/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/documents/suspend.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ceremony/client/documents/drafts.h"
#include "ceremony/client/hand/unlock.h"
#include "ceremony/client/sync.h"
#include "ceremony/client/typed.h"
#include "vault/documents/suspension_verify.h"

struct target {
	const struct seat *seat;
	const struct seat_token *token;
	unsigned count; /* how many are called so */
};

static void
search(const struct seat *seats, size_t count, const char *which, struct target *target)
{
	char serial[16];

	for (size_t i = 0; i < count; i++)
		for (size_t t = 0; t < seats[i].token_count; t++) {
			const struct seat_token *token = &seats[i].tokens[t];

			snprintf(serial, sizeof(serial), "%u", token->serial);
			if (strcmp(token->label, which) != 0 &&
			    (token->serial == 0 || strcmp(serial, which) != 0))
				continue;
			target->seat = &seats[i];
			target->token = token;
			target->count++;
		}
}

static enum err_code
find_target(const struct vault_view *view, const char *which, struct target *target,
    struct err *err)
{
	const struct suspension *found;
	BUF text = {0};

	search(view->chain.charter->seats, view->chain.charter->seat_count, which, target);
	search(view->chain.roster->seats, view->chain.roster->seat_count, which, target);
	if (target->count == 0)
		return err_set(err, ERR_NOT_FOUND,
		    "neither charter nor roster has a token \"%.100s\"; `halligan charter show` and "
		    "`halligan roster show` list them",
		    which);
	if (target->count > 1)
		return err_set(err, ERR_USAGE,
		    "two drivers of one device have the serial %.20s: name the token by its label",
		    which);
	found = suspensions_find(&view->chain.suspensions, &target->token->id);
	if (found == NULL)
		return ERR_OK;
	suspension_text(found, &text);
	return err_set(err, ERR_EXISTS, "that token of %s is suspended already: it was %s",
	    target->seat->name, buf_string(&text));
}

/* A suspension of TARGET that waits for a second signature; RET_WAITS is false when there is none. */
static enum err_code
check_waiting(struct client *client, const struct vault_view *view, const struct target *target,
    const struct draft_row *row, struct dsse *ret_statement, struct suspension *ret_waiting,
    bool *ret_waits, struct err *err)
{
	DSSE statement = {0};
	SUSPENSIONS after = {0};

	TRY(draft_fetch(client, row, &statement, err));
	TRY(suspension_parse(&statement, view->chain.charter->training, ret_waiting, err));
	if (!digest_equal(&ret_waiting->suspended, &target->token->id))
		return ERR_OK;
	TRY(suspension_verify(&statement, ret_waiting, &view->chain, &after, err));
	*ret_statement = TAKE(statement);
	*ret_waits = true;
	return ERR_OK;
}

static enum err_code
fetch_waiting(struct client *client, const struct vault_view *view, const struct target *target,
    struct dsse *ret_statement, struct suspension *ret_waiting, bool *ret_waits, struct err *err)
{
	DRAFT_LIST list = {0};

	*ret_waits = false;
	TRY(drafts_fetch(client, &list, err));
	for (size_t i = 0; i < list.count && !*ret_waits; i++)
		if (list.rows[i].type == STATEMENT_SUSPEND)
			TRY(check_waiting(client, view, target, &list.rows[i], ret_statement,
			    ret_waiting, ret_waits, err));
	return ERR_OK;
}

static enum err_code
write_statement(const struct client_options *options, const struct vault_view *view,
    const struct target *target, const struct hand *hand, const char *reason,
    struct dsse *ret_statement, struct err *err)
{
	struct suspension suspension = {.vault = view->chain.vault,
	    .charter = view->chain.charter->digest,
	    .roster = view->chain.roster->digest,
	    .token = hand->entry->id,
	    .suspended = target->token->id,
	    .time = options->now()};
	JSON *payload = NULL;

	snprintf(suspension.seat, sizeof(suspension.seat), "%s", hand->seat->name);
	snprintf(suspension.holder, sizeof(suspension.holder), "%s", target->seat->name);
	snprintf(suspension.reason, sizeof(suspension.reason), "%s", reason);
	TRY(suspension_payload(&suspension, &payload, err));
	return statement_new(STATEMENT_SUSPEND, view->chain.charter->training, payload,
	    ret_statement, err);
}

/* An officer, or the owner. */
static enum err_code
check_hand(const struct target *target, const struct hand *hand, struct err *err)
{
	if ((hand->seat->roles & ROLE_OFFICER) != 0 ||
	    strcmp(hand->seat->name, target->seat->name) == 0)
		return ERR_OK;
	return err_set(err, ERR_REFUSED,
	    "seat %s is no officer: it can suspend its own tokens only, and this one is %s's",
	    hand->seat->name, target->seat->name);
}

/* NAME and TOKEN are copies: what is LIVE changed the chain in which they stood. */
static void
say_outcome(const struct client *client, const char *name, const struct seat_token *token,
    const struct draft_outcome *outcome)
{
	const struct ui *ui = client_options(client)->ui;
	const bool far = client_is_far(client);
	char typed[LABEL_MAX + 1];

	seat_token_typed(token, typed);
	if (!outcome->live) {
		ui_say(ui, "NOT YET in force: %s: halligan suspend %s --reason agreed",
		    TOLD(far, outcome->missing), typed);
		return;
	}
	ui_say(ui,
	    "Suspended: %s's token %s. It counts for nothing any more; only a new charter "
	    "restores it.",
	    name, QUOTED(token->label));
	if (outcome->lost[0] != '\0')
		ui_say(ui,
		    "WARNING: no quorum can open these any more: %s. Propose a charter soon.",
		    TOLD(far, outcome->lost));
}

static enum err_code
sign(struct client *client, const struct vault_view *view, const struct target *target,
    struct dsse *statement, bool waits, const char *reason, struct draft_outcome *ret_outcome,
    struct err *err)
{
	const struct client_options *options = client_options(client);
	const struct hand_want want = {.lists = {{view->chain.charter->seats,
	                                             view->chain.charter->seat_count},
	                                   {view->chain.roster->seats,
	                                       view->chain.roster->seat_count}},
	    .suspended = &view->chain.suspensions};
	HAND hand = {0};
	char name[HAND_NAME_SIZE], keyid[2 * DIGEST_SIZE + 1];
	JSON *none = json_new_array();

	TRY(hand_take(options, &want, &hand, err));
	hand_name(&hand, name);
	TRY(check_hand(target, &hand, err));
	text_hex(VIEW_OF(hand.entry->id.bytes), keyid);
	if (waits && dsse_find(statement, keyid) != NULL)
		return err_set(err, ERR_WAITING,
		    "%s has signed this suspension already; a second officer must sign it", name);
	if (!waits)
		TRY(write_statement(options, view, target, &hand, reason, statement, err));
	ui_say(options->ui, "You sign as %s.", name);
	TRY(ui_demand(options->ui, "Suspend this token? Type yes", "yes", err));
	TRY(hand_unlock(&hand, 1, 0, err));
	TRY(hand_sign(&hand, statement, "suspend the token", err));
	if (waits)
		return draft_sign(client, &hand, statement, ret_outcome, err);
	return draft_propose(client, statement, none, ret_outcome, err);
}

enum err_code
suspend_run(struct client *client, const char *which, const char *reason, bool *ret_live,
    struct err *err)
{
	const struct ui *ui = client_options(client)->ui;
	const struct vault_view *view;
	struct target target = {0};
	struct suspension waiting;
	struct draft_outcome outcome;
	DSSE statement = {0};
	struct seat_token token;
	BUF name = {0};
	bool waits;

	TRY(typed_check("--reason", reason, SUSPENSION_REASON_MAX, err));
	TRY(client_sync(client, &view, err));
	TRY(find_target(view, which, &target, err));
	TRY(fetch_waiting(client, view, &target, &statement, &waiting, &waits, err));
	ui_say(ui, "%s's token %s, serial %u (%s)", target.seat->name, QUOTED(target.token->label),
	    target.token->serial, QUOTED(target.seat->person));
	if (waits) {
		ui_say(ui, "%s wants to suspend it, and says: %s", waiting.seat,
		    QUOTED(waiting.reason));
		ui_say(ui, "You add the second signature.");
	}
	buf_text(&name, target.seat->name);
	TRY(buf_check(&name, err));
	token = *target.token;
	TRY(sign(client, view, &target, &statement, waits, reason, &outcome, err));
	say_outcome(client, buf_string(&name), &token, &outcome);
	*ret_live = outcome.live;
	return ERR_OK;
}
