/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that are pinned by hash.  The descriptor that was hashed is the one that is executed
 * (as /dev/fd/7 in the child), so that the file cannot be exchanged in between.
 */
#ifndef ROTATORS_CONTRACT_EXECUTABLE_H
#define ROTATORS_CONTRACT_EXECUTABLE_H

#include "base/crypto.h"

enum { EXECUTABLE_FD = 7, EXECUTABLE_MAX = 48 * 1024 * 1024 };
/* Where the child finds itself when its descriptor EXECUTABLE_FD is the one opened here. */
#define EXECUTABLE_PATH "/dev/fd/7"

/* Opens the regular, executable file PATH (absolute, no symbolic link) that belongs to root or
 * us and that nobody else may write, of at most 48 MiB, and hashes it.  The caller closes RET_FD.
 * ERR_NOT_FOUND, ERR_REFUSED (owner, mode, kind), ERR_IO. */
enum err_code executable_open(const char *path, int *ret_fd, struct digest *ret_hash,
    struct err *err) MUST_CHECK;
/* The text, of at most MAX bytes, of a file that a program's maker put beside it, by the same rules for owner and mode. */
enum err_code executable_beside(const char *path, size_t max, struct buf *ret_text,
    struct err *err) MUST_CHECK;

#endif
