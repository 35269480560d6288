/* SPDX-License-Identifier: Apache-2.0 */
/* The next roster is the present one with the plan's changes. */
#include "ceremony/client/documents/roster.h"

#include <string.h>

#include "base/text.h"
#include "ceremony/client/documents/drafts.h"
#include "ceremony/client/documents/enrolments.h"
#include "ceremony/client/hand/unlock.h"
#include "ceremony/client/sync.h"
#include "ceremony/client/text/charter.h"
#include "ceremony/protocol/message.h"
#include "vault/documents/roster_verify.h"

static enum err_code
remove_seats(const struct roll_plan *plan, struct roster *roster, struct err *err)
{
	for (size_t i = 0; i < plan->remove_count; i++) {
		if (!seat_remove(roster->seats, &roster->seat_count, plan->remove[i]))
			return err_set(err, ERR_NOT_FOUND, "the roster has no %s",
			    QUOTED(plan->remove[i]));
	}
	return ERR_OK;
}

static enum err_code
take_signer(struct client *client, const struct vault_view *view, const struct hand_list *owners,
    struct hand *ret_hand, struct err *err)
{
	const struct hand_want want = {.lists = {{view->chain.charter->seats,
	                                             view->chain.charter->seat_count},
	                                   *owners},
	    .roles = ROLE_OFFICER | ROLE_OPERATOR | (owners->count > 0 ? ROLE_RESPONDER : 0),
	    .suspended = &view->chain.suspensions};

	return hand_take(client_options(client), &want, ret_hand, err);
}

static void
say_outcome(const struct client *client, const struct draft_outcome *outcome, uint32_t version)
{
	const struct ui *ui = client_options(client)->ui;

	if (outcome->live)
		ui_say(ui, "Roster %u is in force.", version);
	else
		ui_say(ui,
		    "Signed, but not in force yet: %s. Next: halligan roster sign %s, with their "
		    "token.",
		    TOLD(client_is_far(client), outcome->missing), outcome->name);
}

/* Sign STATEMENT, which is the roster NEXT, with the token of a seat of VIEW's charter or of RET_OWNERS, who get
 * another token by it: HAND points there. */
static enum err_code
confirm_and_sign(struct client *client, const struct vault_view *view, struct dsse *statement,
    const struct roster *next, struct seat **ret_owners, struct hand *hand, struct err *err)
{
	const struct ui *ui = client_options(client)->ui;
	char name[HAND_NAME_SIZE], keyid[2 * DIGEST_SIZE + 1];
	size_t count;

	TRY(roster_owners(next, &view->chain, ret_owners, &count, err));
	const struct seat *owners = *ret_owners;
	for (size_t i = 0; i < count; i++)
		ui_say(ui,
		    "  ! %s gets another token: one of the seat's own signs too, or the quorum that "
		    "may change the charter",
		    owners[i].name);
	TRY(take_signer(client, view, &(struct hand_list){owners, count}, hand, err));
	hand_name(hand, name);
	text_hex(VIEW_OF(hand->entry->id.bytes), keyid);
	if (dsse_find(statement, keyid) != NULL)
		return err_set(err, ERR_EXISTS, "%s has signed this roster already", name);
	ui_say(ui, "You sign as %s.", name);
	TRY(ui_demand(ui, "Sign this roster? Type yes", "yes", err));
	TRY(hand_unlock(hand, 1, 0, err));
	return hand_sign(hand, statement, "sign the roster", err);
}

static enum err_code
draw_up(const struct client_options *options, const struct vault_view *view,
    const struct roll_plan *plan, struct json *texts, struct dsse *statement, struct err *err)
{
	ROSTER *next = NULL;
	JSON *payload = NULL;

	TRY(roster_new(&next, err));
	*next = *view->chain.roster;
	next->vault = view->chain.vault;
	next->charter = view->chain.charter->digest;
	next->previous = view->chain.roster->digest;
	next->version = view->chain.roster->version + 1;
	next->created = options->now();
	TRY(remove_seats(plan, next, err));
	const struct admission admission = {.options = options,
	    .files = plan->files,
	    .file_count = plan->file_count,
	    .chain = &view->chain,
	    .charter = view->chain.charter,
	    .seats = next->seats,
	    .count = &next->seat_count,
	    .max = ROSTER_SEATS,
	    .texts = texts};
	TRY(enrolments_admit(&admission, err));
	TRY(roster_payload(next, &payload, err));
	return statement_new(STATEMENT_ROSTER, view->chain.charter->training, payload, statement,
	    err);
}

enum err_code
roll_change(struct client *client, const struct roll_plan *plan, struct err *err)
{
	struct draft_outcome outcome;
	const struct ui *ui = client_options(client)->ui;
	const struct vault_view *view;
	CLEANUP(seats_freep) struct seat *owners = NULL;
	HAND hand = {0};
	DSSE statement = {0};
	JSON *texts = json_new_array();
	ROSTER *next = NULL;

	TRY(client_sync(client, &view, err));
	TRY(draw_up(client_options(client), view, plan, texts, &statement, err));
	TRY(roster_parse(&statement, view->chain.charter, &next, err));
	ui_say(ui, "Roster %u changes:", next->version);
	show_seat_changes(ui, view->chain.roster->seats, view->chain.roster->seat_count,
	    next->seats, next->seat_count);
	TRY(draft_try(client, &statement, texts, err));
	TRY(confirm_and_sign(client, view, &statement, next, &owners, &hand, err));
	TRY(draft_propose(client, &statement, texts, &outcome, err));
	say_outcome(client, &outcome, next->version);
	return ERR_OK;
}

/* Everything about a waiting roster but the signatures that are still missing. */
static enum err_code
verify_waiting(struct client *client, const struct vault_view *view, const struct dsse *statement,
    const struct roster *next, struct err *err)
{
	enum err_code code;

	if (!digest_equal(&next->charter, &view->chain.charter->digest))
		return err_set(err, ERR_REFUSED,
		    "the waiting roster was drawn up under another charter; draw it up again");
	code = roster_verify(statement, next, &view->chain, err);
	if (code != ERR_OK && code != ERR_WAITING)
		return code;
	return enrolments_verify(client, next->seats, next->seat_count, view->chain.roster->seats,
	    view->chain.roster->seat_count, view->chain.charter, &view->chain, err);
}

enum err_code
roll_sign(struct client *client, const char *which, struct err *err)
{
	const struct ui *ui = client_options(client)->ui;
	const struct vault_view *view;
	struct draft_row row;
	struct draft_outcome outcome;
	DSSE statement = {0};
	ROSTER *next = NULL;
	CLEANUP(seats_freep) struct seat *owners = NULL;
	HAND hand = {0};

	TRY(client_sync(client, &view, err));
	if (draft_pick(client, STATEMENT_ROSTER, which, &row, err) != ERR_OK)
		return err->code != ERR_NOT_FOUND ?
		    err->code :
		    err_set(err, ERR_NOT_FOUND, "%s",
		        "no such roster waits for a signature; draw one up with `halligan roster "
		        "add`");
	TRY(draft_fetch(client, &row, &statement, err));
	TRY(roster_parse(&statement, view->chain.charter, &next, err));
	TRY(verify_waiting(client, view, &statement, next, err));
	ui_say(ui, "Roster %u changes:", next->version);
	show_seat_changes(ui, view->chain.roster->seats, view->chain.roster->seat_count,
	    next->seats, next->seat_count);
	TRY(confirm_and_sign(client, view, &statement, next, &owners, &hand, err));
	TRY(draft_sign(client, &hand, &statement, &outcome, err));
	say_outcome(client, &outcome, next->version);
	return ERR_OK;
}
