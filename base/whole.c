/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Once all is locked, what goes over the limit is no longer given at all, so a limit that is only just enough is
 * worse than none.  Who may exceed it (CAP_IPC_LOCK) is found out by asking at a limit of nothing.
 */
#include "base/whole.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "base/file.h"

enum { ROOM = 64 * 1024 * 1024, SWAPS_MAX = 65536 };

static bool
locks_at_nothing(bool (*lock)(void))
{
	struct rlimit limit, none;
	bool locked;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
		return false;
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = limit.rlim_max};
	if (setrlimit(RLIMIT_MEMLOCK, &none) != 0)
		return false;
	locked = lock();
	(void)setrlimit(RLIMIT_MEMLOCK, &limit);
	return locked;
}

static bool
has_room(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
	    (limit.rlim_max == RLIM_INFINITY || limit.rlim_max >= ROOM);
}

static bool
lock_all(void)
{
	return mlockall(MCL_CURRENT | MCL_FUTURE) == 0;
}

/* Of a page of our own; sanitizers make nothing of mlock(2). */
static bool
lock_one(void)
{
	static const size_t size = 4096;
	void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool locked = page != MAP_FAILED && mlock2(page, size, 0) == 0;

	if (page != MAP_FAILED)
		(void)munmap(page, size);
	return locked;
}

bool
whole_lock(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
		return false;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_MEMLOCK, &limit);
	return has_room() ? lock_all() : locks_at_nothing(lock_all);
}

/* Below the line of headings stands one for each device. */
static bool
is_swapping(const char *swaps)
{
	BUF text = {0};
	struct err ignored;
	const char *end;

	if (file_read(swaps, SWAPS_MAX, &text, &ignored) != ERR_OK)
		return false;
	end = strchr(buf_string(&text), '\n');
	return end != NULL && end[1] != '\0';
}

bool
whole_may_swap(const char *swaps)
{
	return is_swapping(swaps) && !has_room() && !locks_at_nothing(lock_one);
}
