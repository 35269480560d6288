/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/sql_fail.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "base/file_holder.h"
#include "vault/log/anchor.h"
#include "vault/store/sql_vfs.h"

bool
sql_is_failed_sync(int result)
{
	return result == SQLITE_IOERR_FSYNC || result == SQLITE_IOERR_DIR_FSYNC;
}

static bool
is_full(int error_number)
{
	return error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG;
}

/* Rolling back after the failure may have overwritten errno; the database file still knows its own
 * (the journal, which is closed by then, does not: a quota that ends there is told as ERR_IO). */
static int
find_errno(sqlite3 *database)
{
	int error_number = sqlite3_system_errno(database), last = 0;
	if (error_number == 0)
		sqlite3_file_control(database, "main", SQLITE_FCNTL_LAST_ERRNO, &last);
	return error_number != 0 ? error_number : last;
}

static enum err_code
fail_io(const struct sql_failure *failure, struct err *err)
{
	const char *doing = failure->doing;
	int result = failure->result, error_number = find_errno(failure->database);
	if (result == SQLITE_IOERR_NOMEM)
		return err_set(err, ERR_MEMORY, "%s: out of memory", doing);
	if (sql_is_failed_sync(result))
		return err_set(err, ERR_IO,
		    "%s: the disk did not confirm what was written (%s); what is "
		    "on it is unknown; check the disk, then start again",
		    doing, strerror(error_number));
	if (is_full(error_number))
		return err_set(err, ERR_NO_SPACE, "%s: the disk is full", doing);
	return err_set(err, ERR_IO, "%s: %s (%s)", doing, sqlite3_errstr(result),
	    error_number != 0 ? strerror(error_number) : "the system did not say why");
}

static enum err_code
fail_constraint(int result, const char *doing, const char *detail, struct err *err)
{
	switch (result) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		return err_set(err, ERR_EXISTS, "%s: there is one already", doing);
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		return err_set(err, ERR_NOT_FOUND, "%s: what it refers to is not stored", doing);
	default:
		return err_set(err, ERR_INTERNAL, "%s: %s", doing, detail);
	}
}

static enum err_code
fail_damaged(const struct sql_failure *failure, const char *detail, struct err *err)
{
	const char *refused = sql_vfs_refused(failure->vfs);
	if (refused[0] != '\0')
		return err_set(err, ERR_INTEGRITY,
		    "%s: the database or its journal leads to another file, %s, which was not touched: "
		    "somebody else wrote it",
		    failure->doing, refused);
	err_set(err, ERR_INTEGRITY, "%s: the database is damaged (%s)", failure->doing, detail);
	return err_cure(err, DATABASE_BACK);
}

static enum err_code
fail_busy(const struct sql_failure *failure, struct err *err)
{
	const char *path = sqlite3_db_filename(failure->database, "main");
	struct file_holder holder;

	if (path == NULL || !file_holder(path, &holder))
		return err_set(err, ERR_BUSY,
		    "%s: another process holds the database; nothing of this was changed; try again",
		    failure->doing);
	return err_set(err, ERR_BUSY,
	    "%s: process %d%s%s%s holds the database and does not let go of it; nothing of this was "
	    "changed; end that process or wait for it, then try again",
	    failure->doing, (int)holder.pid, holder.name[0] != '\0' ? " (" : "", holder.name,
	    holder.name[0] != '\0' ? ")" : "");
}

enum err_code
sql_failed(const struct sql_failure *failure, struct err *err)
{
	const char *doing = failure->doing, *detail = sqlite3_errmsg(failure->database);
	int result = failure->result;
	switch (result & 0xff) {
	case SQLITE_IOERR:
		return fail_io(failure, err);
	case SQLITE_CONSTRAINT:
		return fail_constraint(result, doing, detail, err);
	case SQLITE_FULL:
		return err_set(err, ERR_NO_SPACE, "%s: the disk is full", doing);
	case SQLITE_NOMEM:
		return err_set(err, ERR_MEMORY, "%s: out of memory", doing);
	case SQLITE_BUSY:
		return fail_busy(failure, err);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return fail_damaged(failure, detail, err);
	case SQLITE_INTERRUPT:
		return fail_damaged(failure, "its form is larger than any vault's", err);
	case SQLITE_AUTH:
		return fail_damaged(failure, "it has a trigger that changes something", err);
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return err_set(err, ERR_IO, "%s: %s", doing, detail);
	default:
		break;
	}
	if (failure->reads_form) /* what SQLite says of one that it cannot read */
		return fail_damaged(failure, detail, err);
	if (result == SQLITE_TOOBIG)
		return err_set(err, ERR_INVALID, "%s: larger than %d bytes", doing,
		    sqlite3_limit(failure->database, SQLITE_LIMIT_LENGTH, -1));
	return err_set(err, ERR_INTERNAL, "%s: %s", doing, detail);
}
