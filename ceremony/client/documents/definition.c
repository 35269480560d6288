/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/documents/definition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ceremony/client/documents/drafts.h"
#include "ceremony/client/hand/unlock.h"
#include "ceremony/client/secrets/secret.h"
#include "ceremony/client/sync.h"
#include "ceremony/client/text/definition.h"
#include "vault/documents/definition_verify.h"

enum { AHEAD = 32 };

/* What will be asked of the next of DEFINITIONS, once for all of them: of the first alone, since what it shows may hold the
 * others. */
static void
look_ahead(struct client *client, const struct definitions *definitions, size_t at)
{
	size_t end = at == 0 ? 1 : at + AHEAD;

	if (at > 0 && (at - 1) % AHEAD != 0)
		return;
	lookup_know(client);
	for (size_t i = at; i < end && i < definitions->count; i++)
		lookup_foresee(client, definitions->rows[i].name);
}

/* May LATER change EARLIER, but for signatures? */
static enum err_code
check_change(const struct definition *later, const struct lookup *earlier, struct err *err)
{
	TRY(definition_follows(later, &earlier->definition, err));
	if (earlier->header == NULL)
		return ERR_OK;
	for (size_t i = 0; i < later->change.quorum_count; i++)
		if (strcmp(later->change.quorums[i], earlier->header->quorum) == 0)
			return ERR_OK;
	return err_set(err, ERR_INTEGRITY,
	    "the draft does not ask the quorum that version %u of %s is sealed to; do not sign it",
	    earlier->current, later->name);
}

/* What the vault has in force of each secret that DEFINITIONS change; none, where they are new. */
static enum err_code
find_earlier(struct client *client, const struct vault_view *view,
    const struct definitions *definitions, struct lookups *ret_earlier, struct err *err)
{
	const struct definition *rows = definitions->rows;
	bool changes = rows[0].revision > 1;

	for (size_t i = 0; i < definitions->count; i++)
		if ((rows[i].revision > 1) != changes)
			return err_set(err, ERR_REFUSED,
			    "the draft defines and changes at once; this Halligan signs no such thing");
	if (changes)
		TRY(lookups_new(definitions->count, ret_earlier, err));
	for (size_t i = 0; i < definitions->count; i++) {
		look_ahead(client, definitions, i);
		if (!changes) {
			TRY(lookup_none(client, rows[i].name, err));
			continue;
		}
		TRY(lookup_secret(client, view, rows[i].name, &ret_earlier->rows[i], err));
		TRY(check_change(&rows[i], &ret_earlier->rows[i], err));
	}
	return ERR_OK;
}

DESTRUCTOR(free_before, struct definition_before, free)

static enum err_code
show_changes(const struct definition_screen *screen, const struct definitions *definitions,
    const struct lookups *earlier, struct err *err)
{
	CLEANUP(free_before)
	struct definition_before *before = calloc(earlier->count, sizeof(*before));
	struct death_told ignored;

	if (before == NULL)
		return err_set(err, ERR_MEMORY, "out of memory");
	for (size_t i = 0; i < earlier->count; i++) {
		const struct lookup *row = &earlier->rows[i];

		before[i] = (struct definition_before){&row->definition,
		    row->has_debt || row->released || lookup_death(row, 0, &ignored)};
	}
	return show_definition_changes(screen, before, definitions, err);
}

/* MISSING: whose signatures changes need still. */
static enum err_code
show(const struct client *client, const struct vault_view *view,
    const struct definitions *definitions, const struct lookups *earlier, const char *missing,
    struct err *err)
{
	const struct client_options *options = client_options(client);
	const struct definition_screen screen = {.ui = options->ui,
	    .charter = view->chain.charter,
	    .pages = options->person};

	if (earlier == NULL)
		return show_definitions(&screen, definitions, err);
	TRY(show_changes(&screen, definitions, earlier, err));
	if (missing[0] != '\0')
		ui_say(options->ui, "Still needed, yours included: %s", missing);
	return ERR_OK;
}

enum { QUESTION_SIZE = 120 };

static void
ask_for(const struct definitions *definitions, char ret_question[QUESTION_SIZE])
{
	const struct definition *rows = definitions->rows;
	size_t count = definitions->count, retired = 0;

	for (size_t i = 0; i < count; i++)
		retired += rows[i].change.retires ? 1 : 0;
	const char *what = rows[0].revision == 1 ? "definition" :
	    retired == count                     ? "retirement" :
	                                           "change";
	if (count == 1)
		(void)snprintf(ret_question, QUESTION_SIZE, "Sign this %s? Type yes", what);
	else if (retired == 0 || retired == count)
		(void)snprintf(ret_question, QUESTION_SIZE, "Sign these %zu %ss? Type yes", count,
		    what);
	else
		(void)snprintf(ret_question, QUESTION_SIZE,
		    "Sign these %zu changes, %zu of which retire a secret for good? Type yes",
		    count, retired);
}

static enum err_code
confirm_and_sign(struct client *client, const struct vault_view *view, struct dsse *statement,
    const struct definitions *definitions, struct hand *hand, struct err *err)
{
	const struct ui *ui = client_options(client)->ui;
	const struct hand_want want = {.lists = {{view->chain.charter->seats,
	                                   view->chain.charter->seat_count}},
	    .roles = ROLE_OFFICER | ROLE_OPERATOR,
	    .suspended = &view->chain.suspensions};
	char name[HAND_NAME_SIZE], keyid[2 * DIGEST_SIZE + 1], question[QUESTION_SIZE];

	TRY(hand_take(client_options(client), &want, hand, err));
	hand_name(hand, name);
	text_hex(VIEW_OF(hand->entry->id.bytes), keyid);
	if (dsse_find(statement, keyid) != NULL)
		return err_set(err, ERR_EXISTS,
		    "%s has signed it already; somebody else signs it now", name);
	ui_say(ui, "You sign as %s.", name);
	ask_for(definitions, question);
	TRY(ui_demand(ui, question, "yes", err));
	TRY(hand_unlock(hand, 1, 0, err));
	return hand_sign(hand, statement, "sign the definition", err);
}

/* Whoever has the host could say so and drop them. */
static enum err_code
check_in_force(struct client *client, const struct definitions *definitions, struct err *err)
{
	const struct vault_view *view;

	TRY(client_sync(client, &view, err));
	for (size_t i = 0; i < definitions->count; i++) {
		const struct definition *definition = &definitions->rows[i];
		LOOKUP lookup = {0};

		look_ahead(client, definitions, i);
		TRY(lookup_secret(client, view, definition->name, &lookup, err));
		if (!digest_equal(&lookup.definition.digest, &definition->digest))
			return err_set(err, ERR_INTEGRITY,
			    "the server says that what you signed is in force, and shows another definition of %s",
			    definition->name);
	}
	return ERR_OK;
}

static void
say_in_force(const struct ui *ui, const struct definitions *definitions)
{
	const struct definition *first = &definitions->rows[0];
	size_t count = definitions->count;

	if (first->revision > 1 && count > 1)
		ui_say(ui, "%zu secrets: what you read is in force.", count);
	else if (first->change.retires)
		ui_say(ui, "%s is retired.", first->name);
	else if (first->revision > 1)
		ui_say(ui, "%s: revision %u is in force.", first->name, first->revision);
	else if (count > 1)
		ui_say(ui,
		    "%zu secrets are defined. Next, an operator gives their values: halligan secret adopt --all",
		    count);
	else
		ui_say(ui,
		    "%s is defined. Next, an operator gives its value: halligan secret adopt %s",
		    first->name, first->name);
}

static void
say_outcome(const struct client *client, const struct definitions *definitions,
    const struct draft_outcome *outcome)
{
	const struct ui *ui = client_options(client)->ui;

	if (outcome->live)
		say_in_force(ui, definitions);
	else
		ui_say(ui,
		    "Signed, but not in force yet: %s. Next: halligan secret sign %s, with their token.",
		    TOLD(client_is_far(client), outcome->missing), outcome->name);
}

/* Of a statement that the vault can take, whose signatures it needs still, in RET_MISSING, or "": the rest is for the
 * person. */
static enum err_code
read_back(const struct dsse *statement, const struct vault_view *view,
    struct definitions *ret_definitions, char ret_missing[ERR_TEXT_SIZE], struct err *err)
{
	enum err_code code;

	TRY(definitions_parse(statement, view->chain.charter->training, ret_definitions, err));
	TRY(chain_check_signers(&view->chain, statement, err));
	code = definitions_verify(statement, ret_definitions, view->chain.charter,
	    &view->chain.vault, err);
	(void)snprintf(ret_missing, ERR_TEXT_SIZE, "%s", code == ERR_WAITING ? err->text : "");
	return code == ERR_WAITING ? ERR_OK : code;
}

enum err_code
definition_propose(struct client *client, const struct vault_view *view,
    struct definitions *definitions, const struct lookups *earlier, struct err *err)
{
	struct draft_outcome outcome;
	JSON *payload = NULL, *none = json_new_array();
	DSSE statement = {0};
	DEFINITIONS_OF drawn = {0};
	HAND hand = {0};
	char missing[ERR_TEXT_SIZE];

	definitions->vault = view->chain.vault;
	definitions->created = client_options(client)->now();
	TRY(definitions_payload(definitions, &payload, err));
	TRY(statement_new(STATEMENT_SECRET, view->chain.charter->training, payload, &statement,
	    err));
	TRY(read_back(&statement, view, &drawn, missing, err));
	TRY(draft_try(client, &statement, none, err));
	TRY(show(client, view, &drawn, earlier, missing, err));
	TRY(confirm_and_sign(client, view, &statement, &drawn, &hand, err));
	TRY(draft_propose(client, &statement, none, &outcome, err));
	if (outcome.live)
		TRY(check_in_force(client, &drawn, err));
	say_outcome(client, &drawn, &outcome);
	return ERR_OK;
}

enum err_code
definition_sign(struct client *client, const char *which, struct err *err)
{
	const struct vault_view *view;
	struct draft_row row;
	struct draft_outcome outcome;
	DSSE statement = {0};
	DEFINITIONS_OF definitions = {0};
	LOOKUPS earlier = {0};
	HAND hand = {0};
	char missing[ERR_TEXT_SIZE];

	TRY(client_sync(client, &view, err));
	if (draft_pick(client, STATEMENT_SECRET, which, &row, err) != ERR_OK)
		return err->code != ERR_NOT_FOUND ?
		    err->code :
		    err_set(err, ERR_NOT_FOUND, "%s",
		        "no such definition waits for a signature; draw one up with `halligan secret add`");
	TRY(draft_fetch(client, &row, &statement, err));
	TRY(read_back(&statement, view, &definitions, missing, err));
	TRY(find_earlier(client, view, &definitions, &earlier, err));
	TRY(show(client, view, &definitions, earlier.count > 0 ? &earlier : NULL, missing, err));
	TRY(confirm_and_sign(client, view, &statement, &definitions, &hand, err));
	TRY(draft_sign(client, &hand, &statement, &outcome, err));
	if (outcome.live)
		TRY(check_in_force(client, &definitions, err));
	say_outcome(client, &definitions, &outcome);
	return ERR_OK;
}
