/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exclusive advisory locks.  The file holds the holder's "pid command\n" for others to read, and is
 * never removed.
 */
#ifndef BASE_FILE_LOCK_H
#define BASE_FILE_LOCK_H

#include "base/err.h"

struct file_lock;

/* Waits up to SECONDS, then ERR_BUSY names the holder. */
enum err_code file_lock(const char *path, const char *command, unsigned seconds,
    struct file_lock **ret_lock, struct err *err) MUST_CHECK;
void file_unlock(struct file_lock *lock); /* accepts NULL */
DESTRUCTOR(file_unlockp, struct file_lock, file_unlock)
#define FILE_LOCK CLEANUP(file_unlockp) struct file_lock

#endif
