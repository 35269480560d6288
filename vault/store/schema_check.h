/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of the database is the one that schema.c makes: the same tables, indices and triggers by
 * type, name, table and text, and none beside them, in whatever order.  So no trigger that guards rows is
 * missing, and none was added that changes them.
 *
 * Which page each table and index begins at is theirs alone, and no text says it: a digest does.
 */
#ifndef VAULT_STORE_SCHEMA_CHECK_H
#define VAULT_STORE_SCHEMA_CHECK_H

#include "base/crypto.h"
#include "vault/store/sql.h"

/* ERR_INTEGRITY names the first that is changed, foreign or missing.  Inside a transaction.  RET_ROOTS: SHA-256
 * of the first page of each object, 4 bytes, big-endian, in the order of schema.c. */
enum err_code schema_check(struct sql *sql, struct digest *ret_roots, struct err *err) MUST_CHECK;

#endif
