/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authorized_keys (sshd(8), "AUTHORIZED_KEYS FILE FORMAT") as bytes in, bytes out: a line for a new key beside each
 * line of the old one, and those of a key taken away.  No other byte changes: not the options, the comments, the
 * order, the line endings or a missing newline at the end.
 */
#ifndef ROTATORS_SSH_AUTHORIZED_KEYS_H
#define ROTATORS_SSH_AUTHORIZED_KEYS_H

#include "base/ssh_public.h"

enum { AUTHORIZED_KEYS_MAX = 1024 * 1024 }; /* bytes of a file */

struct authorized_keys_count {
	size_t current, next; /* lines with exactly that key, before the change */
	size_t changed;       /* lines that were added or taken away */
};

/* All three: ERR_INVALID when FILE or what would come of it is larger than AUTHORIZED_KEYS_MAX, or has a NUL byte. */
enum err_code authorized_keys_count(struct view file, const struct ssh_public *current,
    const struct ssh_public *next, struct authorized_keys_count *ret_count,
    struct err *err) MUST_CHECK;
/* Appends FILE to RET_FILE with a line for NEXT below each that has CURRENT, the same but for the key; where it stands
 * there already, none is added. */
enum err_code authorized_keys_add(struct view file, const struct ssh_public *current,
    const struct ssh_public *next, struct buf *ret_file, struct authorized_keys_count *ret_count,
    struct err *err) MUST_CHECK;
/* Appends FILE to RET_FILE without the lines that have CURRENT. */
enum err_code authorized_keys_withdraw(struct view file, const struct ssh_public *current,
    const struct ssh_public *next, struct buf *ret_file, struct authorized_keys_count *ret_count,
    struct err *err) MUST_CHECK;

#endif
