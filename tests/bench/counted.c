/* SPDX-License-Identifier: Apache-2.0 */
/* A VFS over SQLite's own: each file of ours has SQLite's behind it, in the same piece of memory. */
#include "tests/bench/counted.h"

#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

struct counted_file {
	sqlite3_file base;
	sqlite3_int64 size; /* of the database, as far as it was written here */
	int is_database;
	sqlite3_file real[];
};

static sqlite3_vfs vfs, *real;
static struct counted now;

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

int
__wrap_fdatasync(int fd)
{
	now.anchored++;
	return __real_fdatasync(fd);
}

void
counted_take(struct counted *ret_counted)
{
	*ret_counted = now;
	memset(&now, 0, sizeof(now));
}

static sqlite3_file *
behind(sqlite3_file *file)
{
	return ((struct counted_file *)file)->real;
}

static void
count_page(struct counted_file *file, sqlite3_int64 at)
{
	now.pages++;
	now.added += at >= file->size;
	if (now.page_count < COUNTED_PAGES)
		now.page_numbers[now.page_count++] = (unsigned)(at / COUNTED_PAGE) + 1;
}

static int
file_write(sqlite3_file *base, const void *data, int size, sqlite3_int64 at)
{
	struct counted_file *file = (struct counted_file *)base;

	if (!file->is_database) {
		now.journal += (unsigned)size;
	} else {
		if (file->size == 0 &&
		    file->real->pMethods->xFileSize(file->real, &file->size) != SQLITE_OK)
			return SQLITE_IOERR_FSTAT;
		count_page(file, at);
		if (at + size > file->size)
			file->size = at + size;
	}
	return file->real->pMethods->xWrite(file->real, data, size, at);
}

static int
file_sync(sqlite3_file *file, int flags)
{
	now.syncs++;
	return behind(file)->pMethods->xSync(behind(file), flags);
}

static int
file_close(sqlite3_file *file)
{
	return behind(file)->pMethods->xClose(behind(file));
}

static int
file_read(sqlite3_file *file, void *data, int size, sqlite3_int64 at)
{
	return behind(file)->pMethods->xRead(behind(file), data, size, at);
}

static int
file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return behind(file)->pMethods->xTruncate(behind(file), size);
}

static int
file_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
	return behind(file)->pMethods->xFileSize(behind(file), ret_size);
}

static int
file_lock(sqlite3_file *file, int lock)
{
	return behind(file)->pMethods->xLock(behind(file), lock);
}

static int
file_unlock(sqlite3_file *file, int lock)
{
	return behind(file)->pMethods->xUnlock(behind(file), lock);
}

static int
file_is_reserved(sqlite3_file *file, int *ret_is)
{
	return behind(file)->pMethods->xCheckReservedLock(behind(file), ret_is);
}

static int
file_control(sqlite3_file *file, int what, void *argument)
{
	return behind(file)->pMethods->xFileControl(behind(file), what, argument);
}

static int
file_sector(sqlite3_file *file)
{
	return behind(file)->pMethods->xSectorSize(behind(file));
}

static int
file_traits(sqlite3_file *file)
{
	return behind(file)->pMethods->xDeviceCharacteristics(behind(file));
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_is_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
};

static int
open_file(sqlite3_vfs *ours, const char *path, sqlite3_file *base, int flags, int *ret_flags)
{
	struct counted_file *file = (struct counted_file *)base;

	(void)ours;
	file->base.pMethods = NULL;
	file->size = 0;
	file->is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
	int result = real->xOpen(real, path, file->real, flags, ret_flags);
	if (result == SQLITE_OK)
		file->base.pMethods = &methods;
	return result;
}

enum err_code
counted_start(struct err *err)
{
	real = sqlite3_vfs_find(NULL);
	if (real == NULL)
		return err_set(err, ERR_INTERNAL, "this SQLite knows no files");
	vfs = *real;
	vfs.pNext = NULL;
	vfs.zName = "counted";
	vfs.szOsFile = real->szOsFile + (int)sizeof(struct counted_file);
	vfs.xOpen = open_file;
	if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
		return err_set(err, ERR_INTERNAL, "this SQLite takes no VFS");
	return ERR_OK;
}
