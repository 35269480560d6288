/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that SQLite may touch: one database and its rollback journal, nothing else.
 *
 * A journal may name another file, its "super-journal", which SQLite deletes when a reader meets that
 * journal: whoever plants one would have any file of this account deleted, host.key too, by a mere
 * SELECT.  A write-ahead log beside the database, or a first page that asks for one, would be
 * followed as well.  Both end here.
 */
#ifndef VAULT_STORE_SQL_VFS_H
#define VAULT_STORE_SQL_VFS_H

#include "base/err.h"

struct sql_vfs;

/* For the one database at PATH, through SQLite's default way to files.  ERR_MEMORY, ERR_INVALID (PATH),
 * ERR_INTERNAL. */
enum err_code sql_vfs_new(const char *path, struct sql_vfs **ret_vfs, struct err *err) MUST_CHECK;
/* When no connection uses it any more; accepts NULL. */
void sql_vfs_free(struct sql_vfs *vfs);
DESTRUCTOR(sql_vfs_freep, struct sql_vfs, sql_vfs_free)
/* Under which SQLite knows it. */
const char *sql_vfs_name(const struct sql_vfs *vfs);
/* The last foreign file that SQLite wanted to touch and was refused; "" when there was none.  SQLite then
 * reports SQLITE_CORRUPT. */
const char *sql_vfs_refused(const struct sql_vfs *vfs);

#endif
