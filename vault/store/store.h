/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: one SQLite database behind a narrow set of calls, one header
 * for each kind of row; all SQL is in vault/store/, SQLite itself in sql.c and sql_vfs.c.  A rollback
 * journal that stays (PERSIST) and is cut by what erases, synchronous=EXTRA, secure_delete, foreign
 * keys, STRICT tables, trusted_schema off, defensive; every pragma is read back.  SQLite touches
 * vault.db and vault.db-journal, whatever these say.
 *
 * Writing happens between store_begin and store_commit.  store_begin takes the writer lock (file
 * `lock` beside the database, 10 s, then ERR_BUSY names the holder).  store_commit refuses
 * (ERR_INTERNAL) a transaction that changed something and appended no leaf: every state change is
 * a log leaf in the same transaction, and rows that change after its last one are refused too.  A failed
 * commit rolls back, but after ERR_IO: then what is on disk is unknown until a restart (an fsync failed,
 * say), and the store refuses everything.
 *
 * A digest that names a statement, and an id or version that names another row, must be stored when
 * the transaction commits (in any order), else the commit is ERR_NOT_FOUND and names the tables.
 *
 * Rows are plain values.  Buffers in ret_ structs are owned by the caller.  get calls return
 * ERR_NOT_FOUND; what they read is checked for size and range (ERR_INTEGRITY names table and
 * column), not trusted: signatures and hashes are the callers' to verify.
 */
#ifndef VAULT_STORE_STORE_H
#define VAULT_STORE_STORE_H

#include "base/crypto.h"

struct store;

/* Make a new database in folder PATH/vault.db (ERR_EXISTS when there is one), and its anchor, with KEY
 * (anchor_key), which must live as long as the store. */
enum err_code store_create(const char *folder, const char *command, const struct secret *key,
    struct store **ret_store, struct err *err) MUST_CHECK;
/* Open it; COMMAND goes into the lock file, VAULT into the anchor (zeros: it has no id yet).
 * ERR_NOT_FOUND, ERR_VERSION (newer format: names both), ERR_INTEGRITY (not a vault, damaged). */
enum err_code store_open(const char *folder, const char *command, const struct digest *vault,
    const struct secret *key, struct store **ret_store, struct err *err) MUST_CHECK;
void store_free(struct store *store); /* rolls back what is open; accepts NULL */
DESTRUCTOR(store_freep, struct store, store_free)

/* It has its id now; the anchor names it from the next commit on. */
void store_name_vault(struct store *store, const struct digest *vault);
enum err_code store_begin(struct store *store, struct err *err) MUST_CHECK;
enum err_code store_commit(struct store *store, struct err *err) MUST_CHECK;
void store_rollback(struct store *store); /* nothing open: nothing happens */
/* A read transaction, so that several reads see one state; ended by commit or rollback.  While it
 * lasts, others' commits wait 5 s and then fail (ERR_BUSY): keep it short. */
enum err_code store_begin_read(struct store *store, struct err *err) MUST_CHECK;
/* The root of the state tree as the transaction leaves it so far: its last leaf names it. */
enum err_code store_state_root(struct store *store, struct digest *ret_root,
    struct err *err) MUST_CHECK;
/* What store_commit would find, which stays undone and open: what was changed so far is proven.  ERR_NOT_FOUND. */
enum err_code store_try(struct store *store, struct err *err) MUST_CHECK;
/* Before anything is told of what was read: whoever wrote it may have died before it was sure to last.
 * Outside a transaction. */
enum err_code store_settle(struct store *store, struct err *err) MUST_CHECK;
/* PRAGMA integrity_check and foreign_key_check.  ERR_INTEGRITY. */
enum err_code store_check(struct store *store, struct err *err) MUST_CHECK;

#endif
