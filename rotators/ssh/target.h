/* SPDX-License-Identifier: Apache-2.0 */
/* Where to log in, and how to get there. */
#ifndef ROTATORS_SSH_TARGET_H
#define ROTATORS_SSH_TARGET_H

#include "base/ssh_public.h"

enum { SSH_HOST_MAX = 253, SSH_USER_MAX = 64, SSH_PATH_SIZE = 4096 };

struct ssh_target {
	char host[SSH_HOST_MAX + 1];
	char user[SSH_USER_MAX + 1];
	unsigned port;
	struct ssh_public host_key;  /* the only one that is accepted */
	const struct ssh_jump *jump; /* NULL: it is reached directly; lent */
};
/* A host that carries the connection on.  It sees only what a network sees: the target's host key is pinned as well. */
struct ssh_jump {
	struct ssh_target host;
	char key_file
	    [SSH_PATH_SIZE]; /* of the key that logs in there: ours or root's, closed to others */
};

#endif
