/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Once all is locked, what goes over the limit is no longer given at all, so a limit that is only just enough is
 * worse than none.  Who may exceed it (CAP_IPC_LOCK) is found out by asking at a limit of nothing.
 */
#include "base/whole.h"

#include <sys/mman.h>
#include <sys/resource.h>

enum { ROOM = 64 * 1024 * 1024 };

bool
whole_lock(void)
{
	struct rlimit limit, none;
	bool locked;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
		return false;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_MEMLOCK, &limit);
	if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= ROOM)
		return mlockall(MCL_CURRENT | MCL_FUTURE) == 0;
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = limit.rlim_max};
	if (setrlimit(RLIMIT_MEMLOCK, &none) != 0)
		return false;
	locked = mlockall(MCL_CURRENT | MCL_FUTURE) == 0;
	(void)setrlimit(RLIMIT_MEMLOCK, &limit);
	return locked;
}
