/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Landlock domain: of the file system only what is shown, by descriptors that were judged before, and nothing of others'
 * processes, as far as the kernel's ABI goes.
 *
 *	ABI 1	open, list, make, remove; no rename or link between folders
 *	ABI 2	those, where both sides allow them (the floor: below it nothing is called isolated by this)
 *	ABI 3	truncate
 *	ABI 4	no TCP port is bound
 *	ABI 5	no ioctl of devices but those that are shown
 *	ABI 6	no signal, no abstract socket of anybody outside
 *
 * What no ABI covers (chmod, chown, stat, sockets with a name, UDP) other layers do.  Numbers of the kernel's
 * Documentation/userspace-api/landlock.rst; Debian 12's headers end at ABI 2.
 */
#ifndef DAEMON_STARTER_LANDLOCK_H
#define DAEMON_STARTER_LANDLOCK_H

#include <stdbool.h>

#include "base/err.h"

enum { LANDLOCK_FLOOR = 2, LANDLOCK_NEWEST = 7 };

/* Of the kernel, at most CAP; 0: it has none, or it is switched off. */
int landlock_abi(int cap);

enum landlock_access {
	LANDLOCK_READ,  /* files are read, folders listed, programs executed */
	LANDLOCK_USE,   /* a file is read and written, never made or removed: /dev/null */
	LANDLOCK_CHANGE /* all of what is below a folder */
};
struct landlock_shown {
	int fd; /* O_PATH will do */
	enum landlock_access access;
};
/* What ABI (1 and more) can keep to: all but SHOWN.  The caller closes RET_DOMAIN.  ERR_IO. */
enum err_code landlock_make(int abi, const struct landlock_shown *shown, size_t count,
    int *ret_domain, struct err *err) MUST_CHECK;
/* For good, this process and all that it starts; no_new_privs is set before.  Only a system call, for use after fork: false
 * with errno. */
bool landlock_enter(int domain);

#endif
