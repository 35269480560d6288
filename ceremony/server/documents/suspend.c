/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Suspending a token: one signature, at once.  Inside the transaction the server asks of every secret
 * whether somebody could still open it; when not, the suspension waits as a draft for a second
 * officer.  One after which nobody could change the charter is never taken: it would be for ever.
 *
 * What it ends in the same transaction: requests of the token, what it approved in ceremonies that still
 * collect, and drafts that bear its signature.
 */
#include "ceremony/server/documents/suspend.h"

#include "ceremony/server/opening/refuse.h"
#include "ceremony/server/vault/alarm.h"
#include "vault/documents/suspension_verify.h"
#include "vault/store/token.h"
#include "vault/store/voice.h"

static enum err_code
end_token(struct session *session, const struct digest *token, struct err *err)
{
	TRY(store_drop_shares_of(session->store, token, err));
	return void_token(session, token, "the requester's token was suspended", err);
}

enum err_code
suspension_vet(struct session *session, struct proposal *proposal, struct err *err)
{
	const struct chain *chain = &session->chain;
	const struct dsse *statement = &proposal->statement;

	TRY(suspension_parse(statement, chain->charter->training, &proposal->suspension, err));
	if (alarm_of_client(session,
	        suspension_verify(statement, &proposal->suspension, chain, &proposal->after,
	            err)) != ERR_OK)
		return err_add(err, "suspension");
	return ERR_OK;
}

enum err_code
suspension_weigh(struct session *session, struct proposal *proposal, const struct json *given,
    struct err *err)
{
	const struct chain *chain = &session->chain;
	const struct dsse *statement = &proposal->statement;
	BUF names = {0};

	if (json_array_count(given) > 0)
		return err_set(err, ERR_INVALID, "enrolments: a suspension has none");
	TRY(survey_find_lost(session, NULL, chain->charter, &proposal->after, &proposal->lost,
	    err));
	if (proposal->lost.count == 0 || suspension_signers(statement, chain->charter) >= 2)
		return ERR_OK;
	survey_names(&proposal->lost, &names);
	return err_set(err, ERR_WAITING,
	    "without this token no quorum could open %s: a second officer signs it too",
	    buf_string(&names));
}

enum err_code
suspension_enact(struct session *session, const struct proposal *proposal, struct leaf *leaf,
    struct err *err)
{
	const struct suspension *suspension = &proposal->suspension;

	leaf_text(leaf, "seat", suspension->seat);
	leaf_text(leaf, "holder", suspension->holder);
	leaf_bytes(leaf, "token", VIEW_OF(suspension->suspended.bytes));
	for (size_t i = session->chain.suspensions.count; i < proposal->after.count; i++)
		TRY(end_token(session, &proposal->after.rows[i].suspended, err));
	return ERR_OK;
}
