/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/sealed.h"

#include <string.h>

#include "vault/store/inside.h"
#include "vault/store/state_index.h"

_Static_assert((int)SEALED_CLASS_SIZE == (int)CELL_PARENT_SIZE, "the class is what a time follows");

enum { STEP = 32 };

static const uint8_t kinds[] = {[SEALED_CURRENT] = CELL_CURRENT,
    [SEALED_PENDING] = CELL_PENDING,
    [SEALED_EXPOSED] = CELL_EXPOSED,
    [SEALED_SEEN] = CELL_SEEN};

static struct sealed_row
row_of(const struct tree_cell *cell)
{
	struct sealed_row row = {.place = cell->key, .created = (int64_t)cell_number(&cell->key)};
	struct reader reader = reader_of(VIEW_OF(cell->value.bytes));
	reader_copy(&reader, row.secret.bytes, SECRET_ID_SIZE);
	row.number = reader_u32(&reader);
	memcpy(row.class.bytes, cell->key.bytes + 1, SEALED_CLASS_SIZE);
	return row;
}

/* FROM..UNTIL - 1, where UNTIL is later. */
static struct tree_range
range_of(enum sealed_list list, const struct sealed_class *class, int64_t from, int64_t until)
{
	return cell_index_between(kinds[list], class->bytes, from > 0 ? (uint64_t)from : 0,
	    (uint64_t)until - 1);
}

enum err_code
store_next_class(struct store *store, enum sealed_list list, const struct sealed_class *after,
    struct sealed_row *ret_row, struct err *err)
{
	struct tree_range range = cell_index_from(kinds[list], view_of(NULL, 0));
	struct tree_cell cell;
	size_t count;
	if (after != NULL)
		range.from = cell_index_from(kinds[list], VIEW_OF(after->bytes)).to;
	TRY(state_range(store, &range, NULL, &cell, 1, &count, err));
	if (count == 0)
		return err_set(err, ERR_NOT_FOUND, "there is no such class of sealed versions");
	*ret_row = row_of(&cell);
	return ERR_OK;
}

enum err_code
store_count_class(struct store *store, enum sealed_list list, const struct sealed_class *class,
    int64_t from, int64_t until, uint64_t *ret_count, struct err *err)
{
	if (until <= 0 || until <= from) {
		*ret_count = 0;
		return ERR_OK;
	}
	struct tree_range range = range_of(list, class, from, until);
	return state_count_range(store, &range, ret_count, err);
}

/* At most MAX of RANGE after AFTER (NULL: from its start on). */
static enum err_code
list_range(struct store *store, const struct tree_range *range, const struct tree_key *after,
    struct sealed_row *rows, size_t max, size_t *ret_count, struct err *err)
{
	SQL_SCOPE scope = {0};
	struct tree_cell cells[STEP];
	size_t count = 0, step = STEP, read = STEP;
	TRY(sql_enter(store->sql, &scope, err));
	while (count < max && read == step) {
		step = max - count < STEP ? max - count : STEP;
		TRY(state_range(store, range, after, cells, step, &read, err));
		for (size_t i = 0; i < read; i++)
			rows[count++] = row_of(&cells[i]);
		after = count > 0 ? &rows[count - 1].place : after;
	}
	*ret_count = count;
	return ERR_OK;
}

enum err_code
store_list_class(struct store *store, enum sealed_list list, const struct sealed_class *class,
    int64_t from, const struct sealed_row *after, struct sealed_row *rows, size_t max,
    size_t *ret_count, struct err *err)
{
	struct tree_range range = range_of(list, class, from, INT64_MAX);
	return list_range(store, &range, after != NULL ? &after->place : NULL, rows, max, ret_count,
	    err);
}

enum err_code
store_list_sealed(struct store *store, enum sealed_list list, struct sealed_row *rows, size_t max,
    size_t *ret_count, uint64_t *ret_all, struct err *err)
{
	SQL_SCOPE scope = {0};
	struct tree_range range = cell_index_from(kinds[list], view_of(NULL, 0));
	uint64_t all;
	TRY(sql_enter(store->sql, &scope, err));
	TRY(state_count(store, kinds[list], &all, err));
	TRY(list_range(store, &range, NULL, rows, max, ret_count, err));
	*ret_all = all;
	return ERR_OK;
}
