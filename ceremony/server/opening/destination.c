/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/opening/destination.h"

enum err_code
item_record(struct opening *opening, size_t position, enum item_state state, const char *note,
    struct leaf *leaf, struct err *err)
{
	struct item_row *row = &opening->items[position];
	struct store *store = opening->session->store;

	row->state = state;
	plain_text(note, row->note, sizeof(row->note));
	TRY(store_update_item(store, &opening->row.id, position, row, err));
	TRY(store_erase_shares(store, &opening->row.id, (int64_t)position, err));
	leaf_bytes(leaf, "ceremony", VIEW_OF(opening->row.id.bytes));
	leaf_int(leaf, "item", (int64_t)position);
	return journal_add(opening->session, leaf, err);
}

enum err_code
delivery_commit(struct delivery *delivery, struct change *change, size_t items, struct err *err)
{
	TRY(change_commit(delivery->opening->session, change, err));
	delivery->settled += items;
	return ERR_OK;
}
