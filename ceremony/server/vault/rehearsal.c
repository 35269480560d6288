/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/vault/rehearsal.h"

#include "ceremony/server/vault/change.h"

enum err_code
rehearse(struct session *session, rehearsed *work, const void *context, struct err *err)
{
	CHANGE change = {0};
	struct err met;

	if (session->rehearses)
		return ERR_OK;
	TRY(change_begin(session, &change, err));
	session->rehearses = true;
	enum err_code code = work(session, context, &met);
	session->rehearses = false;
	if (code == ERR_OK)
		code = change_alarm(store_try(session->store, &met), &met);
	bool told = session->told;
	session->told = false;
	if (code != ERR_INTEGRITY || told)
		return ERR_OK;
	*err = met;
	return code;
}
