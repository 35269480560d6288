/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/secrets/living.h"

enum err_code
living_debts(struct session *session, const struct secret_id *secret,
    struct debt_row ret_rows[DEBT_WATCHES_MAX + 1], size_t *ret_count, struct err *err)
{
	enum err_code code = store_open_debt(session->store, secret, &ret_rows[0], err);
	size_t open = code == ERR_OK ? 1 : 0, count;

	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	TRY(store_list_watches(session->store, secret, ret_rows + open, DEBT_WATCHES_MAX, &count,
	    err));
	*ret_count = open + count;
	return ERR_OK;
}

static enum err_code
visit_version(struct session *session, const struct secret_id *secret, uint32_t number,
    living_visit visit, void *context, struct err *err)
{
	VERSION_ROW version = {0};

	TRY(store_get_version(session->store, secret, number, &version, err));
	return version.state == VERSION_RETIRED ? ERR_OK : visit(context, &version, err);
}

enum err_code
living_each(struct session *session, const struct secret_row *secret, living_visit visit,
    void *context, struct err *err)
{
	struct debt_row debts[DEBT_WATCHES_MAX + 1];
	size_t count;
	uint32_t first = secret->current;

	TRY(living_debts(session, &secret->id, debts, &count, err));
	for (size_t i = 0; i < count; i++)
		if (first == 0 || debts[i].old < first)
			first = debts[i].old;
	for (uint32_t number = first; number > 0 && number <= secret->newest; number++)
		TRY(visit_version(session, &secret->id, number, visit, context, err));
	return ERR_OK;
}
