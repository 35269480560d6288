/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/documents/chain_fold.h"

#include <stdlib.h>
#include <string.h>

#include "vault/documents/charter_verify.h"
#include "vault/documents/reach.h"
#include "vault/documents/roster_verify.h"
#include "vault/documents/seats_check.h"
#include "vault/documents/signers.h"
#include "vault/documents/suspension_verify.h"

/* Room first, so that nothing fails after a document was taken. */
static enum err_code
make_room(struct chain *chain, struct err *err)
{
	enum { MORE_PEOPLE = ROSTER_SEATS, MORE_TOKENS = ROSTER_SEATS * SEAT_TOKENS };
	size_t people = chain->people_count + MORE_PEOPLE;
	struct chain_document *documents =
	    reallocarray(chain->documents, chain->document_count + 1, sizeof(*documents));
	struct charter **charters =
	    reallocarray(chain->charters, chain->charter_count + 1, sizeof(struct charter *));
	struct seat *seats = reallocarray(chain->people, people, sizeof(*seats));
	struct chain_stay *stays = reallocarray(chain->stays, people, sizeof(*stays));
	struct digest *enrolments = reallocarray(chain->enrolments,
	    chain->enrolment_count + MORE_TOKENS, sizeof(*enrolments));
	struct chain_leaver *leavers =
	    reallocarray(chain->leavers, chain->leaver_count + MORE_TOKENS, sizeof(*leavers));

	if (documents != NULL)
		chain->documents = documents;
	if (charters != NULL)
		chain->charters = charters;
	if (seats != NULL)
		chain->people = seats;
	if (stays != NULL)
		chain->stays = stays;
	if (enrolments != NULL)
		chain->enrolments = enrolments;
	if (leavers != NULL)
		chain->leavers = leavers;
	if (documents == NULL || charters == NULL || seats == NULL || stays == NULL ||
	    enrolments == NULL || leavers == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for another document");
	return chain->roster == NULL ? roster_new(&chain->roster, err) : ERR_OK;
}

/* Seats whose tokens signed STATEMENT, each once: of SEATS, else of those who ever had one. */
static enum err_code
signer_names(const struct chain *chain, const struct dsse *statement, const struct seat *seats,
    size_t count, char **ret_names, struct err *err)
{
	const struct seat *seen[DSSE_SIGNATURES_MAX];
	size_t found = 0;
	BUF names = {0};

	for (size_t i = 0; i < statement->count; i++) {
		const struct seat *seat = signer_of(statement->signatures[i].keyid, seats, count);
		bool again = false;

		if (seat == NULL)
			seat = signer_of(statement->signatures[i].keyid, chain->people,
			    chain->people_count);
		for (size_t k = 0; seat != NULL && k < found; k++)
			again = again || strcmp(seen[k]->name, seat->name) == 0;
		if (seat == NULL || again)
			continue;
		buf_format(&names, "%s%s", found > 0 ? ", " : "", seat->name);
		seen[found++] = seat;
	}
	TRY(buf_check(&names, err));
	*ret_names = strdup(names.size > 0 ? buf_string(&names) : "");
	return *ret_names != NULL ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory for names");
}

static enum err_code
describe(const struct chain *chain, const struct dsse *statement, const struct seat *seats,
    size_t count, struct chain_document *document, struct err *err)
{
	TRY(dsse_digest(statement, &document->digest, err));
	return signer_names(chain, statement, seats, count, &document->by, err);
}

/* SEAT stands in the newest document. */
static void
admit(struct chain *chain, const struct seat *seat)
{
	const struct seat *former = seat_by_name(chain->people, chain->people_count, seat->name);
	size_t at = former != NULL ? (size_t)(former - chain->people) : chain->people_count++;
	size_t newest = chain->document_count - 1;
	struct chain_stay stay = {.present = true, .seat = newest};
	bool stayed = former != NULL && chain->stays[at].present;

	if (stayed)
		stay.seat = chain->stays[at].seat;
	for (size_t i = 0; i < seat->token_count; i++) {
		const struct digest *enrolment = &seat->tokens[i].enrolment;
		const struct seat_token *same =
		    stayed ? seat_by_enrolment(former, enrolment) : NULL;

		stay.tokens[i] =
		    same != NULL ? chain->stays[at].tokens[same - former->tokens] : newest;
		if (same == NULL)
			chain->enrolments[chain->enrolment_count++] = *enrolment;
	}
	chain->people[at] = *seat;
	chain->stays[at] = stay;
}

/* TOKEN of a charter of BEFORE is in none of the charter AFTER: it left, or has come back. */
static void
note_leaver(struct chain *chain, const struct seat_token *token, const struct charter *after)
{
	struct chain_leaver *leaver = &chain->leavers[chain->leaver_count];
	const struct seat_token *found;

	if (seat_by_token(after->seats, after->seat_count, &token->id, &found) != NULL)
		return;
	*leaver = (struct chain_leaver){.token = token->id, .since = after->created};
	memcpy(leaver->label, token->label, sizeof(leaver->label));
	chain->leaver_count++;
}

/* Whom AFTER has again has not left. */
static void
note_leavers(struct chain *chain, const struct charter *before, const struct charter *after)
{
	const struct seat_token *found;
	size_t kept = 0;

	for (size_t i = 0; i < chain->leaver_count; i++)
		if (seat_by_token(after->seats, after->seat_count, &chain->leavers[i].token,
		        &found) == NULL)
			chain->leavers[kept++] = chain->leavers[i];
	chain->leaver_count = kept;
	for (size_t i = 0; before != NULL && i < before->seat_count; i++)
		for (size_t t = 0; t < before->seats[i].token_count; t++)
			note_leaver(chain, &before->seats[i].tokens[t], after);
}

/* The newest document is DOCUMENT; then BEFORE's seats have left, but those that AFTER has too. */
static void
take_document(struct chain *chain, const struct chain_document *document, const struct seat *before,
    size_t before_count, const struct seat *after, size_t after_count)
{
	chain->documents[chain->document_count++] = *document;
	for (size_t i = 0; i < after_count; i++)
		admit(chain, &after[i]);
	for (size_t i = 0; i < before_count; i++)
		if (seat_by_name(after, after_count, before[i].name) == NULL)
			chain
			    ->stays[seat_by_name(chain->people, chain->people_count,
			                before[i].name) -
			        chain->people]
			    .present = false;
}

enum err_code
chain_suspended_under(const struct chain *chain, const struct charter *charter,
    struct suspensions *ret_after, struct err *err)
{
	SUSPENSIONS after = {0};

	TRY(suspensions_copy(&chain->suspensions, &after, err));
	for (size_t i = 0; i < charter->restored_count; i++) {
		if (suspensions_by_digest(&chain->suspensions, &charter->restored[i]) == NULL)
			return err_set(err, ERR_REFUSED,
			    "charter: restored[%zu]: names no suspension that is in force", i);
		suspensions_restore(&after, &charter->restored[i]);
	}
	TRY(chain_check_people(chain, charter->seats, charter->seat_count, err));
	TRY(suspensions_extend(&after, charter->seats, charter->seat_count, err));
	if (!reach_signers(charter, &after, &charter->change))
		return err_set(err, ERR_REFUSED,
		    "charter: change: officers whose tokens are not suspended can never meet \"%.300s\"",
		    charter->change_text);
	*ret_after = after;
	after = (struct suspensions){0};
	return ERR_OK;
}

static void
put_suspensions(struct chain *chain, struct suspensions *list)
{
	suspensions_done(&chain->suspensions);
	chain->suspensions = *list;
	*list = (struct suspensions){0};
}

static enum err_code
add_charter(struct chain *chain, const struct dsse *statement, struct err *err)
{
	const struct charter *before = chain->charter;
	CHARTER *charter = NULL;
	SUSPENSIONS after = {0};

	TRY(charter_parse(statement, &charter, err));
	if (chain->charter == NULL && !digest_equal(&charter->digest, &chain->vault))
		return chain_refuse_vault(err);
	TRY(chain_check_signers(chain, statement, err));
	TRY(charter_verify(statement, charter, chain->charter, &chain->suspensions, err));
	TRY(seats_check(charter->seats, charter->seat_count, chain->roster->seats,
	    chain->roster->seat_count, err));
	TRY(chain_suspended_under(chain, charter, &after, err));
	struct chain_document document = {.type = STATEMENT_CHARTER,
	    .version = charter->version,
	    .created = charter->created};
	TRY(describe(chain, statement, charter->seats, charter->seat_count, &document, err));
	put_suspensions(chain, &after);
	take_document(chain, &document, before != NULL ? before->seats : NULL,
	    before != NULL ? before->seat_count : 0, charter->seats, charter->seat_count);
	note_leavers(chain, before, charter);
	chain->charter = chain->charters[chain->charter_count++] = TAKE(charter);
	return ERR_OK;
}

static enum err_code
add_roster(struct chain *chain, const struct dsse *statement, struct err *err)
{
	ROSTER *roster = NULL;
	SUSPENSIONS after = {0};

	TRY(roster_parse(statement, chain->charter, &roster, err));
	TRY(roster_verify(statement, roster, chain, err));
	TRY(suspensions_copy(&chain->suspensions, &after, err));
	TRY(suspensions_extend(&after, roster->seats, roster->seat_count, err));
	struct chain_document document = {.type = STATEMENT_ROSTER,
	    .version = roster->version,
	    .created = roster->created};
	TRY(describe(chain, statement, chain->charter->seats, chain->charter->seat_count, &document,
	    err));
	put_suspensions(chain, &after);
	take_document(chain, &document, chain->roster->seats, chain->roster->seat_count,
	    roster->seats, roster->seat_count);
	roster_freep(&chain->roster);
	chain->roster = TAKE(roster);
	return ERR_OK;
}

static enum err_code
add_suspension(struct chain *chain, const struct dsse *statement, struct err *err)
{
	struct suspension suspension;
	SUSPENSIONS after = {0};

	TRY(suspension_parse(statement, chain->charter->training, &suspension, err));
	TRY(suspension_verify(statement, &suspension, chain, &after, err));
	struct chain_document document = {.type = STATEMENT_SUSPEND, .created = suspension.time};
	TRY(describe(chain, statement, chain->charter->seats, chain->charter->seat_count, &document,
	    err));
	put_suspensions(chain, &after);
	take_document(chain, &document, NULL, 0, NULL, 0);
	return ERR_OK;
}

static const struct {
	enum statement_type type;
	enum err_code (*add)(struct chain *chain, const struct dsse *statement, struct err *err);
} kinds[] = {{STATEMENT_CHARTER, add_charter}, {STATEMENT_ROSTER, add_roster},
    {STATEMENT_SUSPEND, add_suspension}};

static const char *const names[] = {"charter", "roster", "suspension", "document"};

enum err_code
chain_add(struct chain *chain, const struct dsse *statement, struct err *err)
{
	size_t kind = 0;
	enum err_code code;

	TRY(make_room(chain, err));
	while (kind < ARRAY_SIZE(kinds) && !statement_is(statement, kinds[kind].type))
		kind++;
	if (chain->document_count == CHAIN_DOCUMENTS_MAX)
		code = err_set(err, ERR_REFUSED, "it is more than the %d that a vault may have",
		    (int)CHAIN_DOCUMENTS_MAX);
	else if (kind == ARRAY_SIZE(kinds) || (chain->charter == NULL && kind != 0))
		code = err_set(err, ERR_REFUSED, "it is a statement that cannot stand there");
	else
		code = kinds[kind].add(chain, statement, err);
	if (code == ERR_OK || code == ERR_MEMORY)
		return code;
	const size_t numbers[] = {chain->charter_count, chain->roster->version,
	    chain->suspensions.count, chain->document_count};
	err->code = ERR_INTEGRITY;
	return err_add(err, "%s %zu", names[kind], numbers[kind] + 1);
}
