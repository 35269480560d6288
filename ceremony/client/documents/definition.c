/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/documents/definition.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ceremony/client/documents/drafts.h"
#include "ceremony/client/hand/unlock.h"
#include "ceremony/client/secrets/secret.h"
#include "ceremony/client/sync.h"
#include "ceremony/client/text/definition.h"
#include "vault/documents/definition_verify.h"

/* What the vault has in force when DEFINITIONS change something, in RET_EARLIER; whether they may, but for signatures. */
static enum err_code
find_earlier(struct client *client, const struct vault_view *view,
    const struct definitions *definitions, struct lookup *ret_earlier, bool *ret_has,
    struct err *err)
{
	const struct definition *first = &definitions->rows[0];

	*ret_has = first->revision > 1;
	for (size_t i = 0; i < definitions->count && !*ret_has; i++)
		if (definitions->rows[i].revision > 1)
			return err_set(err, ERR_REFUSED,
			    "the draft defines and changes at once; this Halligan signs no such thing");
	for (size_t i = 0; i < definitions->count && !*ret_has; i++)
		TRY(lookup_none(client, definitions->rows[i].name, err));
	if (!*ret_has)
		return ERR_OK;
	if (definitions->count > 1)
		return err_set(err, ERR_REFUSED,
		    "the draft changes %zu secrets at once; this Halligan signs one change at a time",
		    definitions->count);
	TRY(lookup_secret(client, view, first->name, ret_earlier, err));
	TRY(definition_follows(first, &ret_earlier->definition, err));
	if (ret_earlier->header == NULL)
		return ERR_OK;
	for (size_t i = 0; i < first->change.quorum_count; i++)
		if (strcmp(first->change.quorums[i], ret_earlier->header->quorum) == 0)
			return ERR_OK;
	return err_set(err, ERR_INTEGRITY,
	    "the draft does not ask the quorum that version %u is sealed to; do not sign it",
	    ret_earlier->current);
}

static enum err_code
show(const struct client *client, const struct vault_view *view,
    const struct definitions *definitions, const struct lookup *earlier, struct err *err)
{
	struct death_told ignored;
	const struct client_options *options = client_options(client);
	const struct definition_screen screen = {.ui = options->ui,
	    .charter = view->chain.charter,
	    .pages = options->person,
	    .owes = earlier != NULL &&
	        (earlier->has_debt || earlier->released || lookup_death(earlier, 0, &ignored))};

	return earlier != NULL ?
	    show_definition_change(&screen, &earlier->definition, &definitions->rows[0], err) :
	    show_definitions(&screen, definitions, err);
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
	char name[HAND_NAME_SIZE], keyid[2 * DIGEST_SIZE + 1], question[80];

	TRY(hand_take(client_options(client), &want, hand, err));
	hand_name(hand, name);
	text_hex(VIEW_OF(hand->entry->id.bytes), keyid);
	if (dsse_find(statement, keyid) != NULL)
		return err_set(err, ERR_EXISTS,
		    "%s has signed it already; somebody else signs it now", name);
	ui_say(ui, "You sign as %s.", name);
	if (definitions->count == 1)
		snprintf(question, sizeof(question), "Sign this %s? Type yes",
		    definitions->rows[0].revision == 1      ? "definition" :
		        definitions->rows[0].change.retires ? "retirement" :
		                                              "change");
	else
		snprintf(question, sizeof(question), "Sign these %zu definitions? Type yes",
		    definitions->count);
	TRY(ui_demand(ui, question, "yes", err));
	TRY(hand_unlock(hand, 1, 0, err));
	return hand_sign(hand, statement, "sign the definition", err);
}

enum { AHEAD = 32 };

/* Whoever has the host could say so and drop them. */
static enum err_code
check_in_force(struct client *client, const struct definitions *definitions, struct err *err)
{
	const struct vault_view *view;

	TRY(client_sync(client, &view, err));
	for (size_t i = 0; i < definitions->count; i++) {
		const struct definition *definition = &definitions->rows[i];
		LOOKUP lookup = {0};

		for (size_t ahead = i; i % AHEAD == 0 && ahead < i + AHEAD; ahead++)
			if (ahead < definitions->count)
				lookup_foresee(client, definitions->rows[ahead].name);
		TRY(lookup_secret(client, view, definition->name, &lookup, err));
		if (!digest_equal(&lookup.definition.digest, &definition->digest))
			return err_set(err, ERR_INTEGRITY,
			    "the server says that what you signed is in force, and shows another definition of %s",
			    definition->name);
	}
	return ERR_OK;
}

static void
say_outcome(const struct client *client, const struct definitions *definitions,
    const struct draft_outcome *outcome)
{
	const struct ui *ui = client_options(client)->ui;
	const struct definition *first = &definitions->rows[0];

	if (!outcome->live)
		ui_say(ui,
		    "Signed, but not in force yet: %s. Next: halligan secret sign %s, with their token.",
		    TOLD(client_is_far(client), outcome->missing), outcome->name);
	else if (first->change.retires)
		ui_say(ui, "%s is retired.", first->name);
	else if (first->revision > 1)
		ui_say(ui, "%s: revision %u is in force.", first->name, first->revision);
	else if (definitions->count > 1)
		ui_say(ui,
		    "%zu secrets are defined. Next, an operator gives their values: halligan secret adopt --all",
		    definitions->count);
	else
		ui_say(ui,
		    "%s is defined. Next, an operator gives its value: halligan secret adopt %s",
		    first->name, first->name);
}

/* Of a statement that the vault can take: the rest is for the person. */
static enum err_code
read_back(const struct dsse *statement, const struct vault_view *view,
    struct definitions *ret_definitions, struct err *err)
{
	enum err_code code;

	TRY(definitions_parse(statement, view->chain.charter->training, ret_definitions, err));
	TRY(chain_check_signers(&view->chain, statement, err));
	code = definitions_verify(statement, ret_definitions, view->chain.charter,
	    &view->chain.vault, err);
	return code == ERR_WAITING ? ERR_OK : code;
}

enum err_code
definition_propose(struct client *client, const struct vault_view *view,
    struct definitions *definitions, const struct lookup *earlier, struct err *err)
{
	struct draft_outcome outcome;
	JSON *payload = NULL, *none = json_new_array();
	DSSE statement = {0};
	DEFINITIONS_OF drawn = {0};
	HAND hand = {0};

	definitions->vault = view->chain.vault;
	definitions->created = client_options(client)->now();
	TRY(definitions_payload(definitions, &payload, err));
	TRY(statement_new(STATEMENT_SECRET, view->chain.charter->training, payload, &statement,
	    err));
	TRY(read_back(&statement, view, &drawn, err));
	TRY(draft_try(client, &statement, none, err));
	TRY(show(client, view, &drawn, earlier, err));
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
	LOOKUP earlier = {0};
	HAND hand = {0};
	bool changes;

	TRY(client_sync(client, &view, err));
	if (draft_pick(client, STATEMENT_SECRET, which, &row, err) != ERR_OK)
		return err->code != ERR_NOT_FOUND ?
		    err->code :
		    err_set(err, ERR_NOT_FOUND, "%s",
		        "no such definition waits for a signature; draw one up with `halligan secret add`");
	TRY(draft_fetch(client, &row, &statement, err));
	TRY(read_back(&statement, view, &definitions, err));
	TRY(find_earlier(client, view, &definitions, &earlier, &changes, err));
	TRY(show(client, view, &definitions, changes ? &earlier : NULL, err));
	TRY(confirm_and_sign(client, view, &statement, &definitions, &hand, err));
	TRY(draft_sign(client, &hand, &statement, &outcome, err));
	if (outcome.live)
		TRY(check_in_force(client, &definitions, err));
	say_outcome(client, &definitions, &outcome);
	return ERR_OK;
}
