/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite asks a "VFS" for each file that it opens, deletes or looks for, by path and purpose.  Ours
 * compares both with the two files of its database and hands on what agrees; reading, writing and
 * locking of an open file are the default's own.  Temporary files do not occur, since temp_store is
 * MEMORY.
 *
 * There is one for each connection, so that it knows its paths and needs no state of the whole program;
 * SQLite keeps the list of them.
 */
#include "vault/store/sql_vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

enum { PATH_SIZE = 4096, SUFFIX_ROOM = 16 };

struct sql_vfs {
	sqlite3_vfs base; /* the first, so that SQLite's pointer is ours */
	sqlite3_vfs *real;
	char name[40], database[PATH_SIZE];
	char journal[PATH_SIZE + SUFFIX_ROOM], log[PATH_SIZE + SUFFIX_ROOM];
	char refused[PATH_SIZE];
};

static struct sql_vfs *
ours(sqlite3_vfs *base)
{
	return (struct sql_vfs *)base;
}

/* No file of ours was made so: the database is not as we left it. */
static int
refuse(struct sql_vfs *vfs, const char *path)
{
	snprintf(vfs->refused, sizeof(vfs->refused), "%s",
	    path != NULL ? path : "a temporary file");
	return SQLITE_CORRUPT;
}

static bool
may_open(const struct sql_vfs *vfs, const char *path, int flags)
{
	if (path == NULL)
		return false;
	if ((flags & SQLITE_OPEN_MAIN_DB) != 0)
		return strcmp(path, vfs->database) == 0;
	return (flags & SQLITE_OPEN_MAIN_JOURNAL) != 0 && strcmp(path, vfs->journal) == 0;
}

static int
vfs_open(sqlite3_vfs *base, const char *path, sqlite3_file *file, int flags, int *ret_flags)
{
	struct sql_vfs *vfs = ours(base);
	file->pMethods = NULL; /* nothing to close */
	if (!may_open(vfs, path, flags))
		return refuse(vfs, path);
	return vfs->real->xOpen(vfs->real, path, file, flags, ret_flags);
}

static int
vfs_delete(sqlite3_vfs *base, const char *path, int sync_folder)
{
	struct sql_vfs *vfs = ours(base);
	if (strcmp(path, vfs->journal) != 0)
		return refuse(vfs, path);
	return vfs->real->xDelete(vfs->real, path, sync_folder);
}

static int
vfs_access(sqlite3_vfs *base, const char *path, int flags, int *ret_answer)
{
	struct sql_vfs *vfs = ours(base);
	if (strcmp(path, vfs->log) == 0) { /* asked for at each reading; it is never ours */
		*ret_answer = 0;
		return SQLITE_OK;
	}
	if (strcmp(path, vfs->database) != 0 && strcmp(path, vfs->journal) != 0)
		return refuse(vfs, path);
	return vfs->real->xAccess(vfs->real, path, flags, ret_answer);
}

static int
vfs_full_path(sqlite3_vfs *base, const char *path, int size, char *ret_path)
{
	sqlite3_vfs *real = ours(base)->real;
	return real->xFullPathname(real, path, size, ret_path);
}

static int
vfs_randomness(sqlite3_vfs *base, int size, char *ret_bytes)
{
	sqlite3_vfs *real = ours(base)->real;
	return real->xRandomness(real, size, ret_bytes);
}

static int
vfs_sleep(sqlite3_vfs *base, int microseconds)
{
	sqlite3_vfs *real = ours(base)->real;
	return real->xSleep(real, microseconds);
}

static int
vfs_current_time(sqlite3_vfs *base, double *ret_days)
{
	sqlite3_vfs *real = ours(base)->real;
	return real->xCurrentTime(real, ret_days);
}

static int
vfs_last_error(sqlite3_vfs *base, int size, char *ret_text)
{
	sqlite3_vfs *real = ours(base)->real;
	return real->xGetLastError(real, size, ret_text);
}

/* No xDlOpen: extensions are switched off, and are none of ours. */
static const sqlite3_vfs calls = {
    .iVersion = 1,
    .xOpen = vfs_open,
    .xDelete = vfs_delete,
    .xAccess = vfs_access,
    .xFullPathname = vfs_full_path,
    .xRandomness = vfs_randomness,
    .xSleep = vfs_sleep,
    .xCurrentTime = vfs_current_time,
    .xGetLastError = vfs_last_error,
};

/* As SQLite will spell them. */
static enum err_code
set_paths(struct sql_vfs *vfs, const char *path, struct err *err)
{
	int result = vfs->real->xFullPathname(vfs->real, path, PATH_SIZE, vfs->database);
	if (result != SQLITE_OK && result != SQLITE_OK_SYMLINK) /* the latter is refused later */
		return err_set(err, ERR_INVALID, "%s is no path for a database", path);
	snprintf(vfs->journal, sizeof(vfs->journal), "%s-journal", vfs->database);
	snprintf(vfs->log, sizeof(vfs->log), "%s-wal", vfs->database);
	return ERR_OK;
}

enum err_code
sql_vfs_new(const char *path, struct sql_vfs **ret_vfs, struct err *err)
{
	CLEANUP(sql_vfs_freep) struct sql_vfs *vfs = calloc(1, sizeof(*vfs));
	if (vfs == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a database");
	vfs->real = sqlite3_vfs_find(NULL);
	if (vfs->real == NULL)
		return err_set(err, ERR_INTERNAL, "this SQLite (%s) knows no files",
		    sqlite3_libversion());
	TRY(set_paths(vfs, path, err));
	snprintf(vfs->name, sizeof(vfs->name), "halligan-%p", (void *)vfs);
	vfs->base = calls;
	vfs->base.szOsFile = vfs->real->szOsFile;
	vfs->base.mxPathname = vfs->real->mxPathname;
	vfs->base.zName = vfs->name;
	if (sqlite3_vfs_register(&vfs->base, 0) != SQLITE_OK)
		return err_set(err, ERR_INTERNAL, "this SQLite (%s) takes no VFS",
		    sqlite3_libversion());
	*ret_vfs = TAKE(vfs);
	return ERR_OK;
}

void
sql_vfs_free(struct sql_vfs *vfs)
{
	if (vfs == NULL)
		return;
	sqlite3_vfs_unregister(&vfs->base); /* not registered: nothing happens */
	free(vfs);
}

const char *
sql_vfs_name(const struct sql_vfs *vfs)
{
	return vfs->name;
}

const char *
sql_vfs_refused(const struct sql_vfs *vfs)
{
	return vfs->refused;
}
