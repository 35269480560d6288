/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process gives up for good before a rotator's program is executed in it, in an order in which nothing that is given up
 * is needed afterwards: limits, session, identity with all capabilities, new privileges, Landlock, system calls.  All but
 * confine_landlock() are system calls on what was prepared before.
 */
#ifndef DAEMON_STARTER_CONFINE_H
#define DAEMON_STARTER_CONFINE_H

#include <sys/types.h>

#include "base/bytes.h"
#include "daemon/starter/show.h"

enum {
	CONFINE_GROUPS = 64,
	CONFINE_PROCESSES = 64, /* tasks, on top of those that its account has */
	CONFINE_FILES = 256,
	CONFINE_FILE_BYTES = 64 << 20,
	CONFINE_MEMORY_BYTES = 512 << 20, /* of each process */
	CONFINE_LOCKED_BYTES = 64 << 20
};

struct confine_identity {
	bool changes; /* who we are is somebody else */
	uid_t uid;
	gid_t gid;
	gid_t groups[CONFINE_GROUPS];
	size_t group_count;
	uint32_t capabilities; /* enum needs_capability; where UID is 0 */
	unsigned tasks;        /* that UID has already, where the kernel counts both together */
};

/* False with errno, and RET_STEP says at what. */
bool confine_limits(const struct confine_identity *identity, const char **ret_step);
bool confine_identity(const struct confine_identity *identity, const char **ret_step);
/* It ends with its parent, which is alive while LIFE is open at the other end; not dumpable, no new privileges. */
bool confine_bind(int life, const char **ret_step);
/* SHOW alone, where it stands in the root of now, and /tmp where OWN_TMP; at ABI, 0: nothing happens. */
bool confine_landlock(const struct show *show, bool own_tmp, int abi, const char **ret_step);

#endif
