/* SPDX-License-Identifier: Apache-2.0 */
/* What SQLite reports, as our error.  For sql.c alone. */
#ifndef VAULT_STORE_SQL_FAIL_H
#define VAULT_STORE_SQL_FAIL_H

#include <stdbool.h>

#include "base/err.h"

struct sqlite3;
struct sql_vfs;

struct sql_failure {
	struct sqlite3 *database;
	struct sql_vfs *vfs;
	bool reads_form;   /* sql_guard.h is up */
	int result;        /* an extended result code, not SQLITE_OK */
	const char *doing; /* the table or the act */
};
/* ERR_NO_SPACE, ERR_IO, ERR_MEMORY, ERR_BUSY, ERR_INTEGRITY, ERR_EXISTS, ERR_NOT_FOUND, ERR_INVALID, ERR_INTERNAL:
 * see sql.h. */
enum err_code sql_failed(const struct sql_failure *failure, struct err *err);
/* Then what is on the disk is unknown. */
bool sql_is_failed_sync(int result);

#endif
