/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/opening/to_target.h"

#include "ceremony/server/vault/escrow.h"

enum err_code
debt_escrow(const struct delivery *delivery, const struct secret *credential, struct err *err)
{
	const struct opening *opening = delivery->opening;
	const struct item_row *row = &opening->items[delivery->item->position];
	SECRET *copy = NULL;
	ESCROW escrow = {.vault = opening->session->chain.vault,
	    .secret = row->secret,
	    .debt = row->debt};

	TRY(secret_from(secret_view(credential), &copy, err));
	TRY(escrow_add(&escrow, row->version,
	    &opening->transcript->ceremony.items.rows[delivery->item->position].header, TAKE(copy),
	    err));
	if (opening->session->rehearses)
		return ERR_OK;
	return escrow_write(opening->session->folder, &escrow, &opening->session->keys, err);
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
