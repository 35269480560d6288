/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/documents/chain_fold.h"

#include <stdlib.h>

#include "vault/documents/charter_verify.h"
#include "vault/documents/reach.h"
#include "vault/documents/roster_verify.h"
#include "vault/documents/seats_check.h"
#include "vault/documents/suspension_verify.h"

/* Room first, so that nothing fails after a document was taken. */
static enum err_code
make_room(struct chain *chain, struct err *err)
{
	struct digest *documents =
	    reallocarray(chain->documents, chain->document_count + 1, sizeof(*documents));

	if (documents != NULL)
		chain->documents = documents;
	struct charter **charters =
	    reallocarray(chain->charters, chain->charter_count + 1, sizeof(struct charter *));
	if (charters != NULL)
		chain->charters = charters;
	if (documents == NULL || charters == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for another document");
	return chain->roster == NULL ? roster_new(&chain->roster, err) : ERR_OK;
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
	CHARTER *charter = NULL;
	SUSPENSIONS after = {0};

	TRY(charter_parse(statement, &charter, err));
	if (chain->charter == NULL && !digest_equal(&charter->digest, &chain->vault))
		return err_set(err, ERR_INTEGRITY,
		    "the vault id names another first charter: another vault stands at this place, or "
		    "somebody lies");
	TRY(chain_check_signers(chain, statement, err));
	TRY(charter_verify(statement, charter, chain->charter, err));
	TRY(seats_check(charter->seats, charter->seat_count, chain->roster->seats,
	    chain->roster->seat_count, err));
	TRY(chain_suspended_under(chain, charter, &after, err));
	put_suspensions(chain, &after);
	chain->documents[chain->document_count++] = charter->digest;
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
	put_suspensions(chain, &after);
	chain->documents[chain->document_count++] = roster->digest;
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
	put_suspensions(chain, &after);
	chain->documents[chain->document_count++] = suspension.digest;
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
