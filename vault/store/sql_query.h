/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is read from the database, checked; and what the database as a whole is asked.  The errors
 * of every call are those of sql.h.
 */
#ifndef VAULT_STORE_SQL_QUERY_H
#define VAULT_STORE_SQL_QUERY_H

#include "vault/store/sql.h"

/* The first row; ERR_NOT_FOUND "there is no such WHAT" when there is none. */
enum err_code sql_one(struct sql_query *query, const char *what) MUST_CHECK;

/* Read the next column of the row.  After a failure they give 0 or leave RET_ alone. */
int64_t sql_get_int(struct sql_query *query, const char *column, int64_t min, int64_t max);
void sql_get_exactly(struct sql_query *query, const char *column, void *ret_bytes, size_t size);
/* MIN..MAX bytes, appended to RET_BYTES. */
void sql_get_bytes(struct sql_query *query, const char *column, size_t min, size_t max,
    struct buf *ret_bytes);
/* Plain text (text_is_plain) of less than SIZE bytes, with its NUL. */
void sql_get_text(struct sql_query *query, const char *column, char *ret_text, size_t size);
bool sql_is_null(const struct sql_query *query); /* the column that would be read next */
void sql_skip(struct sql_query *query);
/* Fail on behalf of a caller's own check: "TABLE.COLUMN in the database FAULT". */
void sql_fail(struct sql_query *query, const char *column, const char *fault);

/* The number that the first row alone has, called WHAT. */
enum err_code sql_one_int(struct sql_query *query, const char *what, int64_t min, int64_t max,
    int64_t *ret_value) MUST_CHECK;
/* The sticky failure, or that everything was read. */
enum err_code sql_end(struct sql_query *query) MUST_CHECK;
/* Run a change to its end. */
enum err_code sql_run(struct sql_query *query) MUST_CHECK;

/* The numbers in the file's header.  SCHEMA grows with every change of the form, whoever makes it. */
struct sql_marks {
	uint32_t application, format, schema;
};
enum err_code sql_get_marks(struct sql *sql, struct sql_marks *ret_marks,
    struct err *err) MUST_CHECK;
enum err_code sql_set_marks(struct sql *sql, uint32_t application, uint32_t format,
    struct err *err) MUST_CHECK; /* inside a writing transaction */
/* Binds the next parameter to VALUE, a text of which has a NUL behind it; of any kind but real. */
void sql_put_value(struct sql_query *query, const struct sql_value *value);
/* integrity_check and foreign_key_check: ERR_INTEGRITY with the first complaint. */
enum err_code sql_check(struct sql *sql, struct err *err) MUST_CHECK;
/* ERR_NOT_FOUND, as sql_commit would say it. */
enum err_code sql_check_references(struct sql *sql, struct err *err) MUST_CHECK;
/* A failed commit is rolled back; ERR_NOT_FOUND names the tables. */
enum err_code sql_commit(struct sql *sql, struct err *err) MUST_CHECK;

#endif
