/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/debt.h"

#include <stdlib.h>
#include <string.h>

#include "vault/store/inside.h"
#include "vault/store/rows.h"
#include "vault/store/state.h"
#include "vault/store/state_index.h"

const char *const debt_sessions_names[] = {"ended", "none", "cannot-tell", NULL};

static enum err_code
check_paid(struct store *store, const struct secret_id *secret, struct err *err)
{
	struct debt_row open;
	enum err_code code = store_open_debt(store, secret, &open, err);
	if (code == ERR_OK)
		return err_set(err, ERR_EXISTS, "this secret has an unpaid rotation debt already");
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

enum err_code
store_add_debt(struct store *store, const struct debt_row *row, struct err *err)
{
	if ((DEBT_BLOCKS & 1u << row->state) != 0)
		TRY(check_paid(store, &row->secret, err));
	SQL_QUERY query = sql_query(store->sql, "debts",
	    "INSERT INTO debts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", err);
	sql_put_int(&query, state_arrival(store));
	store_put_id(&query, &row->id);
	store_put_secret_id(&query, &row->secret);
	store_put_version(&query, row->old);
	store_put_version(&query, row->pending);
	sql_put_text(&query, debt_state_names[row->state]);
	store_put_id_or_null(&query, row->has_ceremony ? &row->ceremony : NULL);
	sql_put_int(&query, row->created);
	sql_put_int(&query, row->due);
	sql_put_int(&query, row->rejected);
	sql_put_int(&query, row->tries);
	sql_put_text(&query, debt_sessions_names[row->sessions]);
	sql_put_text(&query, row->note);
	store_put_digest_or_null(&query, &row->statement);
	sql_put_int(&query, row->untried);
	return state_insert(store, TABLE_DEBTS, &query);
}

enum err_code
store_update_debt(struct store *store, const struct debt_row *row, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "debts",
	    "UPDATE debts SET pending = ?, state = ?,"
	    " due = ?, rejected = ?, tries = ?, sessions = ?, note = ?, statement = ?, ceremony = ?,"
	    " untried = ? WHERE id = ?",
	    err);
	store_put_version(&query, row->pending);
	sql_put_text(&query, debt_state_names[row->state]);
	sql_put_int(&query, row->due);
	sql_put_int(&query, row->rejected);
	sql_put_int(&query, row->tries);
	sql_put_text(&query, debt_sessions_names[row->sessions]);
	sql_put_text(&query, row->note);
	store_put_digest_or_null(&query, &row->statement);
	store_put_id_or_null(&query, row->has_ceremony ? &row->ceremony : NULL);
	sql_put_int(&query, row->untried);
	store_put_id(&query, &row->id);
	return state_change(store, TABLE_DEBTS, &query, 10, "rotation debt");
}

static void
read_debt(struct sql_query *query, struct debt_row *ret_row)
{
	struct debt_row row = {0};
	sql_skip(query);
	store_get_id(query, "id", &row.id);
	store_get_secret_id(query, "secret", &row.secret);
	row.old = store_get_version_number(query, "old");
	row.pending = store_get_version_number(query, "pending");
	row.state = (enum debt_state)store_get_state(query, "state", debt_state_names);
	row.has_ceremony = store_get_id_or_null(query, "ceremony", &row.ceremony);
	row.created = store_get_time(query, "created");
	row.due = store_get_time(query, "due");
	row.rejected = store_get_u32(query, "rejected");
	row.tries = store_get_u32(query, "tries");
	row.sessions = (enum debt_sessions)store_get_state(query, "sessions", debt_sessions_names);
	sql_get_text(query, "note", row.note, sizeof(row.note));
	row.has_statement = store_get_digest_or_null(query, "statement", &row.statement);
	row.untried = store_get_flag(query, "untried");
	if (query->code == ERR_OK)
		*ret_row = row;
}

enum err_code
store_get_debt(struct store *store, const struct id *id, struct debt_row *ret_row, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "debts", "SELECT * FROM debts WHERE id = ?", err);
	store_put_id(&query, id);
	TRY(state_one(store, TABLE_DEBTS, &query, "rotation debt"));
	read_debt(&query, ret_row);
	return sql_end(&query);
}

/* The last one that KIND lists below SECRET. */
static enum err_code
debt_of_secret(struct store *store, uint8_t kind, const struct secret_id *secret, const char *what,
    struct debt_row *ret_row, struct err *err)
{
	SQL_SCOPE scope = {0};
	struct sql_value sought = sql_bytes(VIEW_OF(secret->bytes));
	struct digest key;
	struct id id;
	TRY(sql_enter(store->sql, &scope, err));
	TRY(state_named(store, kind, &sought, what, &key, err));
	memcpy(id.bytes, key.bytes, ID_SIZE);
	return store_get_debt(store, &id, ret_row, err);
}

enum err_code
store_open_debt(struct store *store, const struct secret_id *secret, struct debt_row *ret_row,
    struct err *err)
{
	return debt_of_secret(store, CELL_OPEN_DEBT, secret, "open rotation debt", ret_row, err);
}

enum err_code
store_list_watches(struct store *store, const struct secret_id *secret, struct debt_row *ret_rows,
    size_t max, size_t *ret_count, struct err *err)
{
	SQL_SCOPE scope = {0};
	struct sql_value sought = sql_bytes(VIEW_OF(secret->bytes));
	struct tree_cell cells[DEBT_WATCHES_MAX];
	TRY(sql_enter(store->sql, &scope, err));
	TRY(state_first(store, CELL_WATCHES, &sought, NULL, cells,
	    max < DEBT_WATCHES_MAX ? max : DEBT_WATCHES_MAX, ret_count, err));
	for (size_t i = 0; i < *ret_count; i++) {
		struct id id;
		memcpy(id.bytes, cells[i].value.bytes, ID_SIZE);
		TRY(store_get_debt(store, &id, &ret_rows[i], err));
	}
	return ERR_OK;
}

enum err_code
store_newest_watch(struct store *store, const struct secret_id *secret, struct debt_row *ret_row,
    struct err *err)
{
	return debt_of_secret(store, CELL_WATCHES, secret, "death watch", ret_row, err);
}

enum err_code
store_last_debt(struct store *store, const struct secret_id *secret, struct debt_row *ret_row,
    struct err *err)
{
	return debt_of_secret(store, CELL_DEBTS_OF, secret, "rotation debt", ret_row, err);
}

enum err_code
store_oldest_debts(struct store *store, unsigned states, size_t max, struct debt_row **ret_rows,
    size_t *ret_count, uint64_t *ret_all, struct err *err)
{
	SQL_SCOPE scope = {0};
	STATE_CELLS cells = {0};
	DEBT_ROWS *rows = NULL;
	uint64_t all;
	TRY(sql_enter(store->sql, &scope, err));
	TRY(state_of_states(store, CELL_DEBTS, debt_state_names, states, false, max, &cells, &all,
	    err));
	rows = calloc(cells.count + 1, sizeof(*rows));
	if (rows == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a list of rotation debts");
	for (size_t i = 0; i < cells.count; i++) {
		struct id id;
		memcpy(id.bytes, cells.rows[i].value.bytes, ID_SIZE);
		TRY(store_get_debt(store, &id, &rows[i], err));
	}
	*ret_rows = TAKE(rows);
	*ret_count = cells.count;
	*ret_all = all;
	return ERR_OK;
}

enum err_code
store_list_debts(struct store *store, unsigned states, struct debt_row **ret_rows,
    size_t *ret_count, struct err *err)
{
	uint64_t all;
	return store_oldest_debts(store, states, SIZE_MAX, ret_rows, ret_count, &all, err);
}
