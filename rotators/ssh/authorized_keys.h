/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authorized_keys (sshd(8), "AUTHORIZED_KEYS FILE FORMAT") as bytes in, bytes out: one public key
 * takes the place of another, and no other byte changes: not the options, the comments, the order,
 * the line endings or a missing newline at the end.
 */
#ifndef ROTATORS_SSH_AUTHORIZED_KEYS_H
#define ROTATORS_SSH_AUTHORIZED_KEYS_H

#include "base/openssh_key.h"

enum { AUTHORIZED_KEYS_MAX = 1024 * 1024 }; /* bytes of a file */

struct authorized_keys_count {
	size_t current, next; /* lines with the key, before the change */
};

/* Puts NEXT in the place of CURRENT in every line that has it, and appends the whole file to
 * RET_FILE.  When no line has CURRENT that is the file as it was: the counts tell.
 * ERR_INVALID: larger than AUTHORIZED_KEYS_MAX, or a NUL byte in it. */
enum err_code authorized_keys_replace(struct view file, const struct ssh_public *current,
    const struct ssh_public *next, struct buf *ret_file, struct authorized_keys_count *ret_count,
    struct err *err) MUST_CHECK;

#endif
