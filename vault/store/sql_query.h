/* SPDX-License-Identifier: Apache-2.0 */
/* What sql.c and sql_query.c share, for no other file: columns as they are stored, unchecked. */
#ifndef VAULT_STORE_SQL_QUERY_H
#define VAULT_STORE_SQL_QUERY_H

#include "vault/store/sql.h"

enum sql_kind { SQL_NOTHING, SQL_NULL, SQL_INTEGER, SQL_TEXT, SQL_BYTES };

/* The kind of the column that is read next; SQL_NOTHING after a failure or the last one. */
enum sql_kind sql_kind(const struct sql_query *query);
/* Take it, as what it is; views stand until SQLite is called again. */
int64_t sql_take_int(struct sql_query *query);
struct view sql_take_bytes(struct sql_query *query);
/* Rows touched by the change that just ended. */
uint64_t sql_rows_changed(const struct sql_query *query);
/* ERR_INTEGRITY names the tables of the first foreign key that is not kept. */
enum err_code sql_check_references(struct sql *sql, struct err *err) MUST_CHECK;

#endif
