/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/opening/to_target.h"

#include "ceremony/server/rotation/taken.h"

enum err_code
debt_escrow(const struct delivery *delivery, const struct secret *credential, struct err *err)
{
	const struct opening *opening = delivery->opening;
	const struct item_row *row = &opening->items[delivery->item->position];
	const struct item *item =
	    &opening->transcript->ceremony.items.rows[delivery->item->position];

	return debt_escrow_add(opening->session, &row->debt, &row->secret, row->version,
	    &item->header, credential, err);
}

enum err_code
to_target(struct delivery *delivery, struct secret *credential, struct err *err)
{
	struct session *session = delivery->opening->session;
	size_t position = delivery->item->position;
	CHANGE change = {0};
	LEAF leaf = leaf_new("escrowed");

	TRY(debt_escrow(delivery, credential, err));
	TRY(change_begin(session, &change, err));
	TRY(item_record(delivery->opening, position, ITEM_DONE, "", &leaf, err));
	TRY(delivery_commit(delivery, &change, 1, err));
	session_progress(session, "%s: opened, will be replaced (%zu of %zu)",
	    delivery->item->secret.name, position + 1, delivery->opening->count);
	return ERR_OK;
}
