/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/debt.h"

#include "vault/store/inside.h"
#include "vault/store/rows.h"

#define DEBT_COLUMNS                                                                               \
	"id, secret, old, pending, state, ceremony, created, due, rejected, tries, note"

/* The columns that a debt's course changes, in the order of both queries below. */
static void
put_course(struct sql_query *query, const struct debt_row *row)
{
	store_put_version(query, row->pending);
	sql_put_text(query, debt_state_names[row->state]);
	sql_put_int(query, row->due);
	sql_put_int(query, row->rejected);
	sql_put_int(query, row->tries);
	sql_put_text(query, row->note);
	store_put_id(query, &row->id);
}

enum err_code
store_add_debt(struct store *store, const struct debt_row *row, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "debts",
	    "INSERT INTO debts (pending, state, due, rejected, tries, note, id, secret, old, ceremony,"
	    " created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    err);
	put_course(&query, row);
	store_put_secret_id(&query, &row->secret);
	store_put_version(&query, row->old);
	store_put_id_or_null(&query, row->has_ceremony ? &row->ceremony : NULL);
	sql_put_int(&query, row->created);
	if (sql_run(&query, NULL) == ERR_EXISTS)
		return err_set(err, ERR_EXISTS, "this secret has an unpaid rotation debt already");
	return sql_end(&query);
}

enum err_code
store_update_debt(struct store *store, const struct debt_row *row, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "debts",
	    "UPDATE debts SET pending = ?, state = ?,"
	    " due = ?, rejected = ?, tries = ?, note = ? WHERE id = ?",
	    err);
	put_course(&query, row);
	return sql_run_one(&query, "rotation debt");
}

static void
read_debt(struct sql_query *query, struct debt_row *ret_row)
{
	struct debt_row row = {0};
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
	sql_get_text(query, "note", row.note, sizeof(row.note));
	if (query->code == ERR_OK)
		*ret_row = row;
}

enum err_code
store_get_debt(struct store *store, const struct id *id, struct debt_row *ret_row, struct err *err)
{
	SQL_QUERY query =
	    sql_query(store->sql, "debts", "SELECT " DEBT_COLUMNS " FROM debts WHERE id = ?", err);
	store_put_id(&query, id);
	TRY(sql_one(&query, "rotation debt"));
	read_debt(&query, ret_row);
	return sql_end(&query);
}

/* Of QUERY, which asks for one debt of a secret. */
static enum err_code
debt_of_secret(struct sql_query *query, const struct secret_id *secret, const char *what,
    struct debt_row *ret_row)
{
	store_put_secret_id(query, secret);
	TRY(sql_one(query, what));
	read_debt(query, ret_row);
	return sql_end(query);
}

enum err_code
store_open_debt(struct store *store, const struct secret_id *secret, struct debt_row *ret_row,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "debts",
	    "SELECT " DEBT_COLUMNS " FROM debts WHERE secret = ? AND state <> 'retired'", err);
	return debt_of_secret(&query, secret, "open rotation debt", ret_row);
}

enum err_code
store_last_debt(struct store *store, const struct secret_id *secret, struct debt_row *ret_row,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "debts",
	    "SELECT " DEBT_COLUMNS " FROM debts WHERE secret = ? ORDER BY arrival DESC LIMIT 1",
	    err);
	return debt_of_secret(&query, secret, "rotation debt", ret_row);
}

enum err_code
store_list_debts(struct store *store, unsigned states, struct debt_row *rows, size_t max,
    size_t *ret_count, struct err *err)
{
	size_t count = 0;
	SQL_QUERY query = sql_query(store->sql, "debts",
	    "SELECT " DEBT_COLUMNS
	    " FROM debts WHERE state IN (?, ?, ?, ?, ?, ?, ?) ORDER BY arrival LIMIT ?",
	    err);
	store_put_states(&query, states, debt_state_names, DEBT_STATES);
	sql_put_int(&query, (int64_t)max);
	while (count < max && sql_next(&query))
		read_debt(&query, &rows[count++]);
	TRY(sql_end(&query));
	*ret_count = count;
	return ERR_OK;
}
