/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/vault/change.h"

#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/log.h"

void
change_done(struct change *change)
{
	if (change->store != NULL)
		store_rollback(change->store);
	change->store = NULL;
}

enum err_code
change_begin(struct session *session, struct change *change, struct err *err)
{
	if (session->reads)
		return err_set(err, ERR_INTERNAL,
		    "an operation that proves nothing cannot change the vault");
	TRY(store_begin(session->store, err));
	change->store = session->store;
	TRY(chain_refresh(session, err));
	return chain_check_log(session, err);
}

enum err_code
change_commit(struct session *session, struct change *change, struct err *err)
{
	enum err_code code = store_commit(session->store, err);

	if (code != ERR_OK)
		return code; /* rolled back by change_done */
	change->store = NULL;
	if (session->state != SESSION_LIVE)
		return ERR_OK;
	if (journal_write_checkpoint(session, err) != ERR_OK)
		return err_add(err,
		    "the change is recorded, but its checkpoint could not be written; "
		    "the next command mends that");
	return ERR_OK;
}
