/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of the database: made new, or brought forward from an older format, one step after the
 * other, in one transaction, after a backup.  There is no way back.
 */
#ifndef VAULT_STORE_MIGRATE_H
#define VAULT_STORE_MIGRATE_H

#include "vault/store/sql.h"

#define STORE_FILE "vault.db"
enum { STORE_FORMAT = 3, STORE_APPLICATION = 0x48414c49 }; /* "HALI" */

struct store_step {
	uint32_t from;      /* leads from this format to the next */
	const char *script; /* SQL */
};
struct store_steps {
	const struct store_step *steps;
	size_t count;
	uint32_t target; /* the format that they lead to */
};
extern const struct store_steps store_steps; /* those of STORE_FORMAT */

/* Tables and marks in an empty database. */
enum err_code store_make(struct sql *sql, struct err *err) MUST_CHECK;
/* ERR_VERSION names both formats when the database is newer than STEPS lead to; ERR_INTEGRITY when
 * it is no vault or of a format that never was. */
enum err_code store_check_format(struct sql *sql, const struct store_steps *steps, bool *ret_older,
    struct err *err) MUST_CHECK;
/* The caller holds the writer lock.  The backup of a database of format N is
 * FOLDER/vault.db.format-N.backup and stays. */
enum err_code store_migrate(struct sql *sql, const char *folder, const struct store_steps *steps,
    struct err *err) MUST_CHECK;

#endif
