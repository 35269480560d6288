/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files.  Writing is atomic and durable: a temporary file in the same folder, fsync, rename,
 * fsync of the folder; after a failure the old content stands and no temporary file is left.
 * (Only when that last fsync fails, with ERR_IO, is the new content in place but perhaps not
 * durable.)  A path may not be a symbolic link: ERR_REFUSED.  Errors name the path.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <sys/types.h>

#include "base/secret.h"

/* The whole of a regular file of at most MAX bytes, appended.  ERR_NOT_FOUND, ERR_IO, ERR_INVALID
 * (too large). */
enum err_code file_read(const char *path, size_t max, struct buf *ret_bytes,
    struct err *err) MUST_CHECK;
/* The same into secret memory; the file must belong to us or root and be closed to others
 * (mode & 077 == 0), else ERR_REFUSED. */
enum err_code file_read_secret(const char *path, size_t max, struct secret **ret_bytes,
    struct err *err) MUST_CHECK;
/* Replace or make PATH. */
enum err_code file_write(const char *path, struct view bytes, mode_t mode,
    struct err *err) MUST_CHECK;
/* Make PATH; ERR_EXISTS when there is one. */
enum err_code file_write_new(const char *path, struct view bytes, mode_t mode,
    struct err *err) MUST_CHECK;
/* Overwrite with zeros, fsync, unlink, fsync the folder.  A missing file is success. */
enum err_code file_erase(const char *path, struct err *err) MUST_CHECK;
/* Rename to NAME in the same folder, and fsync that.  A missing file is success; ERR_EXISTS unless REPLACE. */
enum err_code file_rename(const char *path, const char *name, bool replace,
    struct err *err) MUST_CHECK;
enum err_code file_sync_folder(const char *path, struct err *err) MUST_CHECK;
bool file_exists(const char *path);
/* Join with '/'.  ERR_INVALID over PATH_MAX. */
enum err_code file_path(const char *folder, const char *name, char ret_path[4096],
    struct err *err) MUST_CHECK;

#endif
