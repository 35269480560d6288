/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of struct store, for vault/store/ alone. */
#ifndef VAULT_STORE_INSIDE_H
#define VAULT_STORE_INSIDE_H

#include "base/file.h"
#include "base/file_lock.h"
#include "vault/store/format.h"
#include "vault/store/sql.h"

enum { STORE_COMMAND_MAX = 200 };

struct store {
	struct sql *sql;
	struct store_form form;
	char lock_path[4096];
	char command[STORE_COMMAND_MAX + 1]; /* for the lock file */
	struct file_lock *lock;              /* while writing */
	uint64_t changes_before;             /* sql_changes at store_begin */
	uint64_t leaves;                     /* appended since store_begin */
};

#endif
