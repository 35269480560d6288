/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of the database.  Until 0.2.0 there is one format, 1, that changes in place: a vault of
 * 0.1 bears another application_id and is refused by name.
 */
#ifndef VAULT_STORE_FORMAT_H
#define VAULT_STORE_FORMAT_H

#include "base/crypto.h"
#include "vault/store/sql.h"

#define STORE_FILE "vault.db"
enum {
	STORE_FORMAT = 1,
	STORE_APPLICATION = 0x48414c47,    /* "HALG" */
	STORE_APPLICATION_0_1 = 0x48414c49 /* "HALI" */
};

/* Tables and marks in an empty database. */
enum err_code store_make(struct sql *sql, struct err *err) MUST_CHECK;
/* Is APPLICATION that of a vault of ours?  ERR_VERSION: of 0.1; ERR_INTEGRITY: of none. */
enum err_code store_check_application(uint32_t application, struct err *err) MUST_CHECK;
/* The form that was compared with ours, and where its tables and indices begin; {0} before that. */
struct store_form {
	bool known, rooted;
	uint32_t schema; /* SQLite's number of it, which moves when somebody changes it */
	struct digest roots;
};
/* That the database is the file that was opened, and a vault, of our format and form.  At the beginning of each
 * transaction: what was compared before is compared again only when somebody has changed the form since.
 * ERR_VERSION names both formats when the database is newer than this program; ERR_INTEGRITY when it is no
 * vault, or names the table, index or trigger that is not as we make it. */
enum err_code store_check_format(struct sql *sql, struct store_form *form,
    struct err *err) MUST_CHECK;
/* After ERR_VERSION (else ERR's own code), when there are traces of this Halligan: ERR_INTEGRITY, and both are
 * said, since whoever can write the database can write its marks. */
enum err_code store_doubt_version(struct err *err);
/* ERR_INTEGRITY: the roots are not those that the vault has had from its beginning. */
enum err_code store_alarm_roots(struct err *err);

#endif
