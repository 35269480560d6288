/* SPDX-License-Identifier: Apache-2.0 */
/* The next roster is the present one with the plan's changes. */
#include "ceremony/client/documents/roster.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ceremony/client/documents/drafts.h"
#include "ceremony/client/documents/founding.h"
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
			return err_set(err, ERR_NOT_FOUND, "the roster has no \"%s\"",
			    plan->remove[i]);
	}
	return ERR_OK;
}

/* A new seat, or one more token for a seat that is there. */
static enum err_code
add_responder(struct roster *roster, const struct enrolment *enrolment, const char *file,
    struct err *err)
{
	const struct seat *from = &enrolment->seat;
	struct seat *seat = NULL;

	for (size_t i = 0; i < roster->seat_count; i++) {
		if (strcmp(roster->seats[i].name, from->name) == 0)
			seat = &roster->seats[i];
	}
	if (seat == NULL && roster->seat_count == ROSTER_SEATS)
		return err_set(err, ERR_INVALID, "a roster has at most %d seats", ROSTER_SEATS);
	if (seat == NULL) {
		seat = &roster->seats[roster->seat_count++];
		*seat = *from;
		seat->token_count = 0;
	}
	if (strcmp(seat->person, from->person) != 0 || seat->token_count == SEAT_TOKENS)
		return err_set(err, ERR_INVALID,
		    "%s: the seat %s belongs to another person, or has %d tokens already", file,
		    from->name, SEAT_TOKENS);
	seat->tokens[seat->token_count] = from->tokens[0];
	seat->tokens[seat->token_count++].enrolment = enrolment->digest;
	return ERR_OK;
}

static enum err_code
add_files(const struct client_options *options, const struct roll_plan *plan,
    const struct chain *chain, struct roster *roster, struct json *texts, struct err *err)
{
	const struct charter *charter = chain->charter;
	size_t added = 0;

	for (size_t i = 0; i < plan->file_count; i++) {
		DSSE statement = {0};
		ENROLMENT enrolment = {0};

		TRY(enrolment_load(plan->files[i], charter->training, &statement, &enrolment, err));
		if (enrolment_belongs(plan->files[i], &enrolment, true, chain, err) != ERR_OK) {
			ui_say(options->ui, "Left out: %s", err->text);
			continue;
		}
		TRY(enrolment_check(plan->files[i], &statement, &enrolment, charter, options->now(),
		    err));
		TRY(add_responder(roster, &enrolment, plan->files[i], err));
		show_enrolment(options->ui, &enrolment.seat, &enrolment.digest);
		add_statement(texts, &statement);
		added++;
	}
	return added > 0 || plan->file_count == 0 ? ERR_OK : err->code;
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
		    outcome->missing, outcome->name);
}

/* Sign STATEMENT, which is the roster NEXT, with the token of a seat of VIEW's charter. */
static enum err_code
confirm_and_sign(struct client *client, const struct vault_view *view, struct dsse *statement,
    const struct roster *next, struct hand *hand, struct err *err)
{
	const struct ui *ui = client_options(client)->ui;
	char name[HAND_NAME_SIZE], keyid[2 * DIGEST_SIZE + 1];
	CLEANUP(seats_freep) struct seat *owners = NULL;
	size_t count;

	TRY(roster_owners(next, &view->chain, &owners, &count, err));
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
	TRY(add_files(options, plan, &view->chain, next, texts, err));
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
	TRY(confirm_and_sign(client, view, &statement, next, &hand, err));
	TRY(draft_propose(client, &statement, texts, &outcome, err));
	say_outcome(client, &outcome, next->version);
	return ERR_OK;
}

DESTRUCTOR(free_digests, struct digest, free)

/* Everything about a waiting roster but the signatures that are still missing. */
static enum err_code
verify_waiting(struct client *client, const struct vault_view *view, const struct dsse *statement,
    const struct roster *next, struct err *err)
{
	CLEANUP(free_digests)
	struct digest *digests = calloc((size_t)ROSTER_SEATS * SEAT_TOKENS, sizeof(*digests));
	ENROLMENT_SET set = {0};
	enum err_code code;
	size_t count;

	if (digests == NULL)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (!digest_equal(&next->charter, &view->chain.charter->digest))
		return err_set(err, ERR_REFUSED,
		    "the waiting roster was drawn up under another charter; draw it up again");
	code = roster_verify(statement, next, &view->chain, err);
	if (code != ERR_OK && code != ERR_WAITING)
		return code;
	count = enrolment_digests(next->seats, next->seat_count, view->chain.roster->seats,
	    view->chain.roster->seat_count, digests);
	TRY(enrolment_set_fetch(client, digests, count, &set, err));
	return enrolment_set_verify(&set, next->seats, next->seat_count, view->chain.charter,
	    &view->chain, client_options(client)->now(), err);
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
	TRY(confirm_and_sign(client, view, &statement, next, &hand, err));
	TRY(draft_sign(client, &hand, &statement, &outcome, err));
	say_outcome(client, &outcome, next->version);
	return ERR_OK;
}
