/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/due.h"

#include "ceremony/server/opening/ceremony.h"
#include "ceremony/server/opening/erase.h"
#include "ceremony/server/opening/settle.h"
#include "ceremony/server/rotation/lease.h"
#include "ceremony/server/vault/folder.h"
#include "ceremony/server/vault/log.h"

/* What cannot be finished now is shown, and tried again by the next session. */
static enum err_code
tolerate(struct session *session, const char *subject, enum err_code code, const struct err *err)
{
	if (code == ERR_OK || code == ERR_INTEGRITY || code == ERR_INTERNAL)
		return code;
	session_alarm(session, subject, "%s", err->text);
	return ERR_OK;
}

static enum err_code
advance_ceremonies(struct session *session, struct err *err)
{
	CEREMONY_ROWS *rows = NULL;
	size_t count;
	unsigned states = 1u << CEREMONY_COLLECTING | 1u << CEREMONY_RELEASING;

	TRY(store_list_ceremonies(session->store, states, &rows, &count, err));
	for (size_t i = 0; i < count; i++) {
		enum err_code code = ceremony_advance(session, &rows[i].id, err);

		TRY(tolerate(session, rows[i].requester, code, err));
	}
	return ERR_OK;
}

/* What a writer who died has left is settled where something is done by it, and before the reply. */
enum err_code
resume(struct session *session, struct err *err)
{
	if (session->state != SESSION_LIVE)
		return ERR_OK;
	TRY(prove_ended(session, err)); /* before anything is done */
	TRY(folder_sweep(session->folder, err));
	enum err_code clock = journal_check_clock(session, err);
	if (clock == ERR_REFUSED) {
		session_alarm(session, "clock", "%s", err->text);
		return ERR_OK;
	}
	TRY(clock);
	TRY(advance_ceremonies(session, err));
	TRY(erase_ended(session, err));
	TRY(tolerate(session, "leases", leases_end_expired(session, err), err));
	return tolerate(session, "rotation", leases_pay_due(session, err), err);
}
