/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a founder or officer relies on before touching: the document follows from what this
 * computer knows, every token in it was enrolled and attested, and the keys that it lists for this
 * person's token are the ones on the token.
 */
#include "ceremony/client/documents/charter_sign.h"

#include <string.h>

#include "base/text.h"
#include "ceremony/client/documents/enrolments.h"
#include "ceremony/client/documents/founding.h"
#include "ceremony/client/hand/unlock.h"
#include "ceremony/client/memory.h"
#include "ceremony/client/sync.h"
#include "ceremony/client/text/charter.h"
#include "vault/documents/charter_verify.h"

/* A draft's own chain rules; signatures may still be missing, but none may be wrong. */
static enum err_code
verify_step(const struct dsse *statement, const struct charter *draft,
    const struct vault_view *view, struct err *err)
{
	const struct chain *chain = view != NULL ? &view->chain : NULL;
	enum err_code code = charter_verify(statement, draft, chain != NULL ? chain->charter : NULL,
	    chain != NULL ? &chain->suspensions : NULL, err);

	return code == ERR_WAITING ? ERR_OK : code;
}

/* Charter 1 repeats what the founding said. */
static enum err_code
verify_founding(const struct founding_view *founding, const struct charter *draft, struct err *err)
{
	const char *differs = NULL;

	if (!digest_equal(&founding->fixed.init, &draft->init))
		differs = "founding";
	else if (strcmp(founding->fixed.name, draft->name) != 0)
		differs = "vault's name";
	else if (strcmp(founding->fixed.copy, draft->copy) != 0)
		differs = "place for copies";
	else if (!charter_names_host(draft, &founding->host_statement, &founding->host_log,
	             &founding->host_escrow))
		differs = "host's keys";
	if (differs != NULL)
		return err_set(err, ERR_INTEGRITY,
		    "the draft names another %s than the host does; do not sign it, draw it up again",
		    differs);
	return ERR_OK;
}

/* VIEW is NULL at the founding. */
static enum err_code
verify_draft(struct client *client, const struct vault_view *view, const struct dsse *statement,
    const struct charter *draft, struct err *err)
{
	struct founding_view founding;

	if (view == NULL) {
		TRY(founding_fetch(client, &founding, err));
		TRY(verify_founding(&founding, draft, err));
	}
	TRY(verify_step(statement, draft, view, err));
	return enrolments_verify(client, draft->seats, draft->seat_count, NULL, 0, draft,
	    view != NULL ? &view->chain : NULL, err);
}

/* A founder knows the vault id before the vault lives: it is what they sign. */
static enum err_code
pin_founding(const struct client *client, const struct charter *draft, struct err *err)
{
	struct memory memory;

	TRY(memory_at(client_location(client), &memory, err));
	return memory_pin(&memory, &draft->digest, err);
}

static enum err_code
check_founding(const struct client *client, const struct charter *draft, struct err *err)
{
	struct memory memory;

	TRY(memory_at(client_location(client), &memory, err));
	return memory_check_founding(&memory, &draft->digest, err);
}

/* Each token that it restores is asked about by itself: a stolen one is not to slip in among the changes.
 * SUSPENDED is NULL at the founding. */
static enum err_code
ask_restored(const struct ui *ui, const struct charter *draft, const struct suspensions *suspended,
    struct err *err)
{
	for (size_t i = 0; i < draft->restored_count; i++) {
		const struct suspension *row = suspended == NULL ?
		    NULL :
		    suspensions_by_digest(suspended, &draft->restored[i]);
		BUF text = {0};

		if (row == NULL)
			return err_set(err, ERR_INTEGRITY,
			    "the draft restores what is not suspended; do not sign it, draw it up again");
		show_restored(row, &text);
		ui_say(ui, "It restores %s", buf_string(&text));
		TRY(ui_demand(ui, "Is this token to count again? Type yes", "yes", err));
	}
	return ERR_OK;
}

enum err_code
charter_sign_as(struct client *client, const struct vault_view *view, bool proposes,
    const struct charter *draft, struct dsse *statement, struct hand *hand, struct err *err)
{
	const struct client_options *options = client_options(client);
	const struct charter *before = view != NULL ? view->chain.charter : NULL;
	const struct hand_list own = {draft->seats, draft->seat_count};
	struct hand_want want = {.lists = {own},
	    .roles = ROLE_OFFICER | (proposes ? ROLE_OPERATOR : 0)};
	char name[HAND_NAME_SIZE], keyid[2 * DIGEST_SIZE + 1];

	if (before == NULL)
		TRY(check_founding(client, draft, err));
	if (before != NULL) {
		want.suspended = &view->chain.suspensions;
		want.lists[proposes ? 0 : 1] =
		    (struct hand_list){before->seats, before->seat_count};
	}
	TRY(hand_take(options, &want, hand, err));
	hand_name(hand, name);
	text_hex(VIEW_OF(hand->entry->id.bytes), keyid);
	if (dsse_find(statement, keyid) != NULL)
		return err_set(err, ERR_EXISTS, "%s has signed this charter already", name);
	ui_say(options->ui, "You sign as %s. Its keys are those on the token in your hand.", name);
	ui_say(options->ui,
	    "Read the words above aloud with the others: every one of you must see "
	    "the same.");
	TRY(ask_restored(options->ui, draft, want.suspended, err));
	TRY(ui_demand(options->ui, "Sign this charter? Type yes", "yes", err));
	TRY(hand_unlock(hand, 1, 0, err));
	TRY(hand_sign(hand, statement, "sign the charter", err));
	return before == NULL ? pin_founding(client, draft, err) : ERR_OK;
}

void
charter_signed(const struct client *client, const struct charter *draft, const struct hand *hand,
    const struct draft_outcome *outcome)
{
	const struct ui *ui = client_options(client)->ui;

	if (outcome->live)
		ui_say(ui, "Charter %u of %s is in force.", draft->version, draft->name);
	else
		ui_say(ui,
		    "Signed for %s. Still missing: %s. Each signs with their own token: halligan "
		    "charter sign %s",
		    hand->seat->name, TOLD(client_is_far(client), outcome->missing), outcome->name);
}

/* VIEW is NULL at the founding. */
static void
show_draft(const struct ui *ui, const struct vault_view *view, const struct charter *draft)
{
	show_charter(ui, view != NULL ? &view->chain : NULL, draft);
	if (view != NULL)
		show_charter_changes(ui, view->chain.charter, draft, &view->chain.suspensions);
	show_fingerprint(ui, "Fingerprint:", &draft->digest);
}

/* Whoever signs late hears that the others were enough. */
static enum err_code
none_waits(const struct vault_view *view, const char *which, struct err *err)
{
	const char *space = which != NULL ? " " : "";

	which = which != NULL ? which : "";
	if (view == NULL)
		return err_set(err, ERR_NOT_FOUND,
		    "no charter%s%s waits for signatures; draw one up with `halligan charter draft`",
		    space, which);
	return err_set(err, ERR_NOT_FOUND,
	    "no charter%s%s waits for signatures: charter %u (%s) is in force; draw up another "
	    "with `halligan charter propose`",
	    space, which, view->chain.charter->version, view->chain.charter->change_text);
}

enum err_code
sign_charter(struct client *client, const char *which, struct err *err)
{
	const struct vault_view *view = NULL;
	struct draft_row row;
	struct draft_outcome outcome;
	DSSE statement = {0};
	CHARTER *draft = NULL;
	HAND hand = {0};

	if (client_hello(client)->state == VAULT_LIVE)
		TRY(client_sync(client, &view, err));
	else
		TRY(client_check_new(client, err));
	if (draft_pick(client, STATEMENT_CHARTER, which, &row, err) != ERR_OK)
		return err->code == ERR_NOT_FOUND ? none_waits(view, which, err) : err->code;
	TRY(draft_fetch(client, &row, &statement, err));
	TRY(charter_parse(&statement, &draft, err));
	TRY(verify_draft(client, view, &statement, draft, err));
	show_draft(client_options(client)->ui, view, draft);
	TRY(charter_sign_as(client, view, false, draft, &statement, &hand, err));
	TRY(draft_sign(client, &hand, &statement, &outcome, err));
	charter_signed(client, draft, &hand, &outcome);
	return ERR_OK;
}

static enum err_code
show_waiting(struct client *client, const struct vault_view *view, const struct draft_row *row,
    struct err *err)
{
	const struct ui *ui = client_options(client)->ui;
	DSSE statement = {0};
	CHARTER *draft = NULL;
	BUF text = {0};

	TRY(draft_fetch(client, row, &statement, err));
	TRY(charter_parse(&statement, &draft, err));
	TRY(draft_text(row, &text, err));
	ui_say(ui, "%s", "");
	ui_say(ui, "DRAFT, waiting for signatures: %s", buf_string(&text));
	show_draft(ui, view, draft);
	return ERR_OK;
}

enum err_code
show_charters(struct client *client, struct err *err)
{
	const struct ui *ui = client_options(client)->ui;
	const struct vault_view *view = NULL;
	DRAFT_LIST list = {0};
	bool live = client_hello(client)->state == VAULT_LIVE, found = false;

	if (live) {
		TRY(client_sync(client, &view, err));
		show_charter(ui, &view->chain, view->chain.charter);
		show_fingerprint(ui, "Vault id:", &view->chain.vault);
	} else {
		TRY(client_check_new(client, err));
	}
	TRY(drafts_fetch(client, &list, err));
	for (size_t i = 0; i < list.count; i++) {
		if (list.rows[i].type != STATEMENT_CHARTER)
			continue;
		TRY(show_waiting(client, view, &list.rows[i], err));
		found = true;
	}
	if (!found && !live)
		ui_say(ui, "%s is being founded; no charter is drawn up yet.",
		    client_hello(client)->name);
	return ERR_OK;
}
