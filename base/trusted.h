/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that nobody else can have put there: each folder on the way, each link, and the file itself belong to root or to us, and
 * nobody else may write them.  A folder in which anybody may make files (/tmp) is passed where only a file's own user can rename
 * or remove it (the sticky bit).  Each part is opened from the one before it and looked at by its descriptor, so that
 * nothing can be exchanged in between.
 */
#ifndef BASE_TRUSTED_H
#define BASE_TRUSTED_H

#include "base/err.h"

/* The regular file PATH, absolute, for reading; its last part is no link.  The caller closes RET_FD.  ERR_NOT_FOUND;
 * ERR_REFUSED names the part that somebody else has a hand in, and the remedy; ERR_INVALID, ERR_IO. */
enum err_code trusted_open(const char *path, int *ret_fd, struct err *err) MUST_CHECK;
/* What PATH, absolute, leads to, whatever it is and whoever has a hand in it, but that each symbolic link on the way, the last part
 * too, is one of root's or ours in a folder in which nobody else can make any.  The caller closes RET_FD (O_PATH); RET_PATH is
 * where it stands, without links.  Errors as above. */
enum err_code trusted_reach(const char *path, int *ret_fd, char ret_path[4096],
    struct err *err) MUST_CHECK;

#endif
