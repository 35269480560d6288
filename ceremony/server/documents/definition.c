/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/documents/definition.h"

#include <stdio.h>
#include <string.h>

#include "base/process.h"
#include "ceremony/protocol/items.h"
#include "ceremony/protocol/message.h"
#include "ceremony/server/documents/openable.h"
#include "ceremony/server/opening/refuse.h"
#include "ceremony/server/rotation/program.h"
#include "ceremony/server/rotation/states.h"
#include "ceremony/server/secrets/account.h"
#include "ceremony/server/secrets/classes.h"
#include "ceremony/server/secrets/living.h"
#include "ceremony/server/vault/alarm.h"
#include "ceremony/server/vault/chain.h"
#include "rotators/contract/description.h"
#include "rotators/contract/rotator.h"
#include "vault/documents/definition_account.h"
#include "vault/documents/definition_verify.h"
#include "vault/store/debt.h"
#include "vault/store/statement.h"

enum err_code
definition_vet(struct session *session, struct proposal *proposal, struct err *err)
{
	const struct chain *chain = &session->chain;
	const struct dsse *statement = &proposal->statement;

	TRY(definitions_parse(statement, chain->charter->training, &proposal->definitions, err));
	if (!digest_equal(&proposal->definitions.vault, &chain->vault))
		return err_set(err, ERR_REFUSED, "secret: vault: it is for another vault");
	TRY(chain_check_signers(chain, statement, err));
	return alarm_of_client(session,
	    definitions_verify(statement, &proposal->definitions, chain->charter, &chain->vault,
	        err));
}

/* --- What the vault knows of it ------------------------------------------------------------ */

/* Retired secrets keep their names, too. */
static enum err_code
check_new(struct session *session, const struct definition *definition, struct err *err)
{
	struct secret_row row;

	if (store_find_secret(session->store, definition->name, &row, err) == ERR_OK)
		return err_set(err, ERR_EXISTS, "there is a secret \"%s\" already%s",
		    definition->name,
		    row.retired ? ", which is retired: a name is never used again" : "");
	if (err->code != ERR_NOT_FOUND)
		return err->code;
	if (store_get_secret(session->store, &definition->secret, &row, err) == ERR_OK)
		return err_set(err, ERR_EXISTS, "there is a secret with this id already");
	return err->code == ERR_NOT_FOUND ? ERR_OK : err->code;
}

/* It announces what the file beside its rotator does: nothing is run for that. */
static enum err_code
check_rotator(struct session *session, const struct definition *definition, struct err *err)
{
	struct description description;
	struct rotator_found found;
	const char *other;
	bool of_target;

	TRY(program_of(session, definition, &found, err));
	TRY(description_read(found.path, definition->rotator, definition->target, &description,
	    &of_target, err));
	if (description.runs)
		TRY(program_check(session->options->rotators, definition->target, err));
	if (description.announced.identity == IDENTITY_VIA)
		return err_set(err, ERR_REFUSED,
		    "secret: announced: identity \"via\": this Halligan opens no other secret to change one, so "
		    "that its value could never be replaced");
	other = announcement_differs(&description.announced, &definition->announced);
	if (other == NULL)
		return ERR_OK;
	return err_set(err, ERR_REFUSED,
	    "secret: announced: \"%s\" is not what rotator %s announces for this target: run the "
	    "command again",
	    other, definition->rotator);
}

struct header_visit {
	enum err_code (*visit)(void *context, const struct header *header, struct err *err);
	void *context;
};

static enum err_code
visit_header(void *context, const struct version_row *version, struct err *err)
{
	const struct header_visit *of = context;
	HEADER *header = NULL;

	TRY(header_new(&header, err));
	TRY(header_decode(buf_view(&version->header), header, err));
	return of->visit(of->context, header, err);
}

static enum err_code
add_quorum(void *context, const struct header *header, struct err *err)
{
	return definition_add_quorum(context, header->quorum, err);
}

/* The quorum of each header of SECRET that is not retired, in CHANGE, which is {0}. */
static enum err_code
list_quorums(struct session *session, const struct secret_row *secret,
    struct definition_change *change, struct err *err)
{
	struct header_visit of = {add_quorum, change};

	return living_each(session, secret, visit_header, &of, err);
}

static enum err_code
check_quorums(struct session *session, const struct secret_row *secret,
    const struct definition *definition, struct err *err)
{
	DEFINITION now = {0};
	size_t before = definition->change.quorum_count;
	bool same;

	TRY(list_quorums(session, secret, &now.change, err));
	same = now.change.quorum_count == before;
	for (size_t i = 0; same && i < before; i++) {
		TRY(definition_add_quorum(&now.change, definition->change.quorums[i], err));
		same = now.change.quorum_count == before;
	}
	return same ?
	    ERR_OK :
	    err_set(err, ERR_REFUSED,
	        "secret: %s: quorums: not those to which its versions are sealed today; draw the change up again",
	        definition->name);
}

/* A debt goes on as the new definition says; where that has no way on from where it stands, it is paid first. */
static enum err_code
check_debts(struct session *session, const struct definition *definition, struct err *err)
{
	struct debt_row debts[DEBT_WATCHES_MAX + 1];
	size_t count;

	TRY(living_debts(session, &definition->secret, debts, &count, err));
	for (size_t i = 0; i < count; i++) {
		if (definition->change.retires)
			return err_set(err, ERR_REFUSED,
			    "secret: %s: it has a debt (%s), and nothing is retired while one is open: halligan rotate %s",
			    definition->name, debt_state_names[debts[i].state], definition->name);
		if (debts[i].untried && !announcement_replaces_alone(&definition->announced))
			return err_set(err, ERR_REFUSED,
			    "secret: %s: rotator: an operator ordered that its value be replaced, unseen, and a rotator like that "
			    "needs it; pay it first (halligan rotate %s), or let its officers open it (halligan request)",
			    definition->name, definition->name);
		if (!debt_goes_on(definition->announced.style, debts[i].state))
			return err_set(err, ERR_REFUSED,
			    "secret: %s: rotator: its debt is %s, from where style \"%s\" has no way on; pay it "
			    "first (halligan rotate %s), or keep the style",
			    definition->name, debt_state_names[debts[i].state],
			    style_names[definition->announced.style], definition->name);
	}
	return ERR_OK;
}

/* No policy protects what is sealed so that nobody could open it. */
static enum err_code
check_openable(struct session *session, const struct secret_row *secret,
    const struct definition *definition, struct err *err)
{
	const struct charter *charter = session->chain.charter;
	const struct policy *now = charter_policy(charter, definition->change.policy);
	const struct policy *later = charter_policy(charter, definition->policy);
	uint32_t version = 0;

	if (now != later && later != NULL)
		TRY(survey_find_shut(session, secret, now, later, &version, err));
	return version == 0 ?
	    ERR_OK :
	    err_set(err, ERR_REFUSED,
	        "secret: %s: policy: nobody could open version %u under %s: its envelopes are those of "
	        "other seats.  Give it a policy that they can meet, too, and reseal it; then change it",
	        definition->name, version, later->name);
}

/* What must be shown with a version, once the definitions of a proposal are in force. */
struct shown {
	struct session *session;
	const struct secret_row *secret; /* at hand */
	size_t own;                      /* bytes of the proposal, with all signatures */
	size_t bytes, count;             /* of the version at hand */
	size_t worst, longest;           /* the most of any of the secret */
	struct buf known;                /* struct measured: many secrets come of few statements */
};
struct measured {
	struct digest statement;
	size_t size;
};

static void
shown_done(struct shown *shown)
{
	buf_done(&shown->known);
}

enum { SIGNATURES_ROOM = 64 * 1024 };

/* At most. */
static size_t
text_size(const struct dsse *statement)
{
	return (statement->payload.size / 3 + 1) * 4 + SIGNATURES_ROOM;
}

static enum err_code
measure(struct shown *shown, const struct digest *which, size_t *ret_size, struct err *err)
{
	struct measured measured = {.statement = *which};
	DSSE statement = {0};

	for (size_t at = 0; at < shown->known.size; at += sizeof(measured)) {
		struct measured known;

		memcpy(&known, shown->known.data + at, sizeof(known));
		if (!digest_equal(&known.statement, which))
			continue;
		*ret_size = known.size;
		return ERR_OK;
	}
	TRY(session_statement(shown->session, which, "secret", &statement, err));
	*ret_size = measured.size = text_size(&statement);
	buf_bytes(&shown->known, view_of(&measured, sizeof(measured)));
	return buf_check(&shown->known, err);
}

static enum err_code
count_statement(void *context, const struct digest *which, struct err *err)
{
	struct shown *shown = context;
	size_t size;

	TRY(measure(shown, which, &size, err));
	shown->bytes += size;
	shown->count++;
	return ERR_OK;
}

static enum err_code
count_header(void *context, const struct header *header, struct err *err)
{
	struct shown *shown = context;
	const struct digest *now = &shown->secret->definition;
	struct digest which;

	shown->bytes = shown->own;
	shown->count = 0;
	TRY(chain_secret_which(shown->session, now, &which, err));
	TRY(count_statement(shown, &which, err));
	TRY(chain_each_earlier(shown->session, now, &header->definition, count_statement, shown,
	    err));
	shown->worst = shown->bytes > shown->worst ? shown->bytes : shown->worst;
	shown->longest = shown->count > shown->longest ? shown->count : shown->longest;
	return ERR_OK;
}

/* Whoever opens a version later is shown all that it comes from, in one message. */
static enum err_code
check_shown(const struct secret_row *secret, const struct definition *definition,
    struct shown *shown, struct err *err)
{
	struct header_visit of = {count_header, shown};

	shown->secret = secret;
	shown->worst = shown->longest = 0;
	TRY(living_each(shown->session, secret, visit_header, &of, err));
	return shown->worst <= EARLIER_BYTES && shown->longest <= EARLIER_MAX ?
	    ERR_OK :
	    err_set(err, ERR_REFUSED,
	        "secret: %s: the statements from which it would come since its value was sealed are "
	        "longer than officers could be shown; reseal it first, or change fewer secrets by one "
	        "statement",
	        definition->name);
}

static enum err_code
check_change(struct session *session, const struct definition *definition, struct shown *shown,
    struct err *err)
{
	struct secret_row row;
	DEFINITION before = {0};
	enum err_code code = store_get_secret(session->store, &definition->secret, &row, err);

	if (code == ERR_NOT_FOUND)
		return err_set(err, ERR_REFUSED, "secret: %s: there is no such secret",
		    definition->name);
	if (code != ERR_OK)
		return code;
	TRY(chain_signed_definition(session, &row.definition, &before, err));
	TRY(definition_follows(definition, &before, err));
	TRY(check_quorums(session, &row, definition, err));
	TRY(check_debts(session, definition, err));
	TRY(check_openable(session, &row, definition, err));
	if (definition->change.retires)
		return ERR_OK;
	TRY(check_shown(&row, definition, shown, err));
	return check_rotator(session, definition, err);
}

static enum err_code
check_one(struct session *session, const struct definition *definition, struct shown *shown,
    struct err *err)
{
	if (definition->revision > 1)
		return check_change(session, definition, shown, err);
	TRY(check_new(session, definition, err));
	return check_rotator(session, definition, err);
}

enum err_code
definition_weigh(struct session *session, struct proposal *proposal, const struct json *given,
    struct err *err)
{
	const struct definitions *definitions = &proposal->definitions;
	CLEANUP(shown_done)
	struct shown shown = {.session = session, .own = text_size(&proposal->statement)};
	ACCOUNTS accounts = {0};

	if (json_array_count(given) > 0)
		return err_set(err, ERR_INVALID, "enrolments: a definition has none");
	TRY(accounts_find(definitions, &accounts, err));
	for (size_t i = 0; i < definitions->count; i++)
		if (check_one(session, &definitions->rows[i], &shown, err) != ERR_OK ||
		    account_check(session, &accounts, i, err) != ERR_OK)
			return definitions->count == 1 ? err->code :
			                                 err_add(err, "definitions[%zu]", i);
	return ERR_OK;
}

/* Whose signatures a change of its definition needs, beside the quorum of its policy. */
enum err_code
serve_secret_quorums(struct session *session, struct call *call, struct err *err)
{
	const char *name = json_in_text(&call->in, "name", 1, SEAT_NAME_MAX);
	struct json *array = json_new_array();
	struct secret_row row;
	DEFINITION needs = {0};

	json_put(call->reply, "quorums", array);
	TRY(json_in_end(&call->in));
	TRY(store_find_secret(session->store, name, &row, err));
	TRY(list_quorums(session, &row, &needs.change, err));
	for (size_t i = 0; i < needs.change.quorum_count; i++)
		json_add_text(array, needs.change.quorums[i]);
	return ERR_OK;
}

/* --- Into force ----------------------------------------------------------------------------- */

static enum err_code
change_secret(struct session *session, const struct definition *definition, struct err *err)
{
	struct store *store = session->store;
	struct secret_row row;
	bool retires = definition->change.retires;

	TRY(store_get_secret(store, &definition->secret, &row, err));
	TRY(void_naming(session, &row.id,
	    retires ? "the secret was retired" : "the definition of a secret changed", err));
	TRY(classes_renew(session, &row, definition->policy, err));
	row.definition = definition->digest;
	TRY(definition_account(definition, &row.account, err));
	row.retired = retires;
	if (retires && row.current != 0)
		TRY(store_set_version_state(store, &row.id, row.current, VERSION_RETIRED, err));
	if (retires)
		row.current = 0;
	return store_update_secret(store, &row, err);
}

static enum err_code
enact_one(struct session *session, const struct definition *definition,
    const struct digest *statement, struct err *err)
{
	LEAF leaf = leaf_new("secret");
	struct secret_row row = {.id = definition->secret, .definition = definition->digest};

	snprintf(row.name, sizeof(row.name), "%s", definition->name);
	TRY(definition_account(definition, &row.account, err));
	TRY(store_add_definition(session->store, &definition->digest, statement, err));
	TRY(definition->revision == 1 ? store_add_secret(session->store, &row, err) :
	                                change_secret(session, definition, err));
	leaf_bytes(&leaf, "secret", VIEW_OF(row.id.bytes));
	leaf_text(&leaf, "name", row.name);
	leaf_int(&leaf, "revision", definition->revision);
	leaf_bytes(&leaf, "definition", VIEW_OF(row.definition.bytes));
	if (definition->change.retires)
		leaf_text(&leaf, "state", "retired");
	leaf_statement(&leaf, statement);
	return journal_add(session, &leaf, err);
}

enum err_code
definitions_enact(struct session *session, const struct proposal *proposal, struct err *err)
{
	for (size_t i = 0; i < proposal->definitions.count; i++)
		TRY(enact_one(session, &proposal->definitions.rows[i], &proposal->digest, err));
	return ERR_OK;
}
