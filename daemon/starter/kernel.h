/* SPDX-License-Identifier: Apache-2.0 */
/* What of isolation can be had here: tried, not guessed.  The caps are a seam of test builds (tests/adversary). */
#ifndef DAEMON_STARTER_KERNEL_H
#define DAEMON_STARTER_KERNEL_H

#include "daemon/starter/space.h"

struct kernel {
	int landlock; /* ABI; 0: none */
	bool filter;  /* of system calls */
	bool spaces;  /* namespaces, by RIGHT */
	enum space_right right;
	char why[200]; /* not, in words */
	uid_t sub_uid; /* with SPACE_SUB */
	gid_t sub_gid;
};
/* As whoever we are.  Forks. */
void kernel_look(struct kernel *ret_kernel);

#endif
