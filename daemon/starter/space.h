/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A place where there is nothing of others: processes (PID namespace), shared memory and queues (IPC), the file system (mount
 * namespace with a private root), and, where the definition names no host, the network.  Root makes them by its own right,
 * an ordinary user by a user namespace, in which it is who it was.
 *
 * The private root is a small tmpfs with what is shown, each at its own path, and nothing else:
 *
 *	read only	/usr, the links to it, what a program needs of /etc, the paths that the definition names for reading
 *	as it is	/dev/null, the paths that the definition names for writing
 *	its own		/tmp, which is also HOME
 *
 * All is prepared before the fork: between it and the program only system calls are made.  What is shown is bound from
 * descriptors that were judged, so that nobody can put another in their place.
 */
#ifndef DAEMON_STARTER_SPACE_H
#define DAEMON_STARTER_SPACE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

enum { SPACE_SHOWN = 64, SPACE_TMP_BYTES = 16 << 20 };

struct space_shown {
	char *path;   /* absolute, without links: where it is shown */
	int fd;       /* what is shown there; -1: a link to TARGET */
	char *target; /* or where FD stands; NULL: at PATH */
	bool writes;
};
enum space_right {
	SPACE_ROOT, /* root's own: who it becomes is another step */
	SPACE_SAME, /* a user namespace, in which it is who it was */
	SPACE_SUB /* a user namespace, in which somebody outside has made it UID and GID (space_map) */
};
struct space {
	enum space_right right;
	bool network; /* that of the host; else one without anybody */
	uid_t uid;    /* who it is in there */
	gid_t gid;
	const struct space_shown *shown; /* folders before what lies in them */
	size_t count;
};
/* Can they be made here at all?  Forks, and looks.  False: WHY. */
bool space_is_possible(const struct space *space, struct err *ret_why);
/* Like fork(), but the child is the first process of the namespaces, and waits in space_enter() until it is mapped.  PID is
 * its number outside; -1 with errno. */
pid_t space_fork(const struct space *space);
/* Outside, of SPACE_SUB: by uidmap's set-uid programs.  ERR_REFUSED. */
enum err_code space_map(const struct space *space, pid_t pid, struct err *err) MUST_CHECK;
/* In that child: the private root is the root.  GO: a byte comes there once it is mapped.  False with errno, and RET_STEP says
 * at what. */
bool space_enter(const struct space *space, int go, const char **ret_step);

#endif
