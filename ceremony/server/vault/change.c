/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/vault/change.h"

#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/log.h"

void
change_done(struct change *change)
{
	if (change->session == NULL)
		return;
	store_rollback(change->session->store);
	json_freep(&change->session->leaf);
	change->session = NULL;
}

enum err_code
change_begin(struct session *session, struct change *change, struct err *err)
{
	if (session->reads)
		return err_set(err, ERR_INTERNAL,
		    "an operation that proves nothing cannot change the vault");
	if (!session->rehearses) {
		TRY(store_begin(session->store, err));
		change->session = session;
	}
	return chain_refresh(session, err);
}

enum err_code
change_begin_judged(struct session *session, struct change *change, judged *judge, void *context,
    struct err *err)
{
	TRY(judge(session, context, err));
	TRY(change_begin(session, change, err));
	return judge(session, context, err);
}

enum err_code
change_alarm(enum err_code code, struct err *err)
{
	struct err cause = *err;

	if (code != ERR_NOT_FOUND)
		return code;
	return err_set(err, ERR_INTEGRITY, "%.400s: somebody wrote there", cause.text);
}

enum err_code
change_commit(struct session *session, struct change *change, struct err *err)
{
	TRY(journal_close(session, err));
	if (session->rehearses)
		return ERR_OK;
	enum err_code code = store_commit(session->store, err); /* or rolled back by change_done */
	if (code == ERR_OK)
		change->session = NULL;
	return change_alarm(code, err);
}
