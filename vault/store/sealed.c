/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/sealed.h"

#include <string.h>

#include "vault/store/inside.h"
#include "vault/store/state_index.h"

enum { STEP = 32 };

/* The last key that an index can have with MIDDLE. */
static struct tree_key
key_behind(uint8_t kind, const struct digest *middle)
{
	struct digest last;
	memset(last.bytes, 0xff, DIGEST_SIZE);
	return tree_key_of(kind, middle, &last);
}

enum err_code
store_next_sealed_under(struct store *store, const struct digest *after, struct digest *ret_charter,
    struct err *err)
{
	static const struct digest zero;
	struct tree_range range = cell_index_from(CELL_SEALED_UNDER, view_of(NULL, 0));
	struct tree_key from = key_behind(CELL_SEALED_UNDER, after != NULL ? after : &zero);
	struct tree_cell cell;
	size_t count;
	TRY(state_range(store, &range, &from, &cell, 1, &count, err));
	if (count == 0)
		return err_set(err, ERR_NOT_FOUND, "there is no such charter of a sealed version");
	memcpy(ret_charter->bytes, cell.key.bytes + 1, DIGEST_SIZE);
	return ERR_OK;
}

/* At most MAX of RANGE after AFTER (NULL: from its start on). */
static enum err_code
list(struct store *store, const struct tree_range *range, const struct tree_key *after,
    struct sealed_row *rows, size_t max, size_t *ret_count, struct err *err)
{
	SQL_SCOPE scope = {0};
	struct tree_cell cells[STEP];
	size_t count = 0, read = STEP;
	TRY(sql_enter(store->sql, &scope, err));
	while (count < max && read == STEP) {
		size_t step = max - count < STEP ? max - count : STEP;
		TRY(state_range(store, range, after, cells, step, &read, err));
		for (size_t i = 0; i < read; i++) {
			struct reader reader = reader_of(VIEW_OF(cells[i].value.bytes));
			reader_copy(&reader, rows[count].secret.bytes, SECRET_ID_SIZE);
			rows[count].number = reader_u32(&reader);
			rows[count++].place = cells[i].key;
		}
		after = count > 0 ? &rows[count - 1].place : after;
	}
	*ret_count = count;
	return ERR_OK;
}

enum err_code
store_list_sealed_under(struct store *store, const struct digest *charter,
    const struct sealed_row *after, struct sealed_row *rows, size_t max, size_t *ret_count,
    struct err *err)
{
	struct tree_range range = cell_index_from(CELL_SEALED_UNDER, VIEW_OF(charter->bytes));
	return list(store, &range, after != NULL ? &after->place : NULL, rows, max, ret_count, err);
}

enum err_code
store_list_exposed(struct store *store, struct sealed_row *rows, size_t max, size_t *ret_count,
    struct err *err)
{
	struct tree_range range = cell_index_from(CELL_EXPOSED, view_of(NULL, 0));
	return list(store, &range, NULL, rows, max, ret_count, err);
}
