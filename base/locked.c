/* SPDX-License-Identifier: Apache-2.0 */
/*
 *	| guard page | data pages ... | guard page |
 *
 * The whole range is reserved without access first; the data pages are then mapped over its
 * middle.  memfd_secret(2) gives pages that are not in the kernel's own map either, so that not
 * even root reads them through /proc; they are locked by nature and count against RLIMIT_MEMLOCK.
 * Kernels without it (or with it switched off, or a sandbox that hides it) get private pages and
 * mlock(2).  Once one way is taken, its failure is an error: nothing falls back to pages that
 * could be swapped.
 */
#include "base/locked.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447 /* the same number on every architecture that has it */
#endif

static size_t
page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* A descriptor of memfd_secret(2), or -1 where there is none. */
static int
open_secret_memory(void)
{
	return (int)syscall(SYS_memfd_secret, O_CLOEXEC);
}

enum err_code
locked_refused(size_t size, int error_number, struct err *err)
{
	struct rlimit limit = {0};

	if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
		return err_errno(err, ERR_MEMORY, error_number,
		    "cannot lock %zu more bytes of memory for secrets", size);
	return err_set(err, ERR_MEMORY,
	    "cannot lock %zu more bytes of memory for secrets (%s): this process may lock %llu "
	    "bytes (RLIMIT_MEMLOCK); raise it with `ulimit -l 65536`, where root allows that "
	    "(/etc/security/limits.conf), or LimitMEMLOCK=64M in the service's unit",
	    size, strerrordesc_np(error_number), (unsigned long long)limit.rlim_cur);
}

/* Put SIZE bytes of mlock(2)ed memory at AT; false with errno set. */
static bool
map_locked(uint8_t *at, size_t size)
{
	void *data =
	    mmap(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	return data != MAP_FAILED && mlock(at, size) == 0;
}

/* Put SIZE bytes of the best kind there is at AT; false with errno set. */
static bool
map_secret(uint8_t *at, size_t size)
{
	int fd = open_secret_memory();
	void *data = MAP_FAILED;
	int error_number;

	if (fd < 0)
		return (errno == ENOSYS || errno == EPERM) && map_locked(at, size);
	if (ftruncate(fd, (off_t)size) == 0)
		data = mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	error_number = errno;
	close(fd);
	errno = error_number;
	return data != MAP_FAILED;
}

static enum err_code
make(size_t size, bool (*map)(uint8_t *at, size_t size), struct locked *ret_pages, struct err *err)
{
	size_t page = page_size();
	size_t data_size = (size + page - 1) / page * page;
	size_t total = data_size + 2 * page;
	uint8_t *range;

	range = mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (range == MAP_FAILED)
		return err_errno(err, ERR_MEMORY, errno, "cannot map memory for a secret");
	/* DONTFORK: a child would share or copy the pages, and a copy is not locked. */
	if (!map(range + page, data_size) || madvise(range + page, data_size, MADV_DONTDUMP) != 0 ||
	    madvise(range + page, data_size, MADV_DONTFORK) != 0) {
		int error_number = errno;

		munmap(range, total);
		return locked_refused(data_size, error_number, err);
	}
	*ret_pages = (struct locked){.data = range + page, .size = data_size};
	return ERR_OK;
}

enum err_code
locked_new(size_t size, struct locked *ret_pages, struct err *err)
{
	return make(size, map_secret, ret_pages, err);
}

enum err_code
locked_new_stack(size_t size, struct locked *ret_pages, struct err *err)
{
	return make(size, map_locked, ret_pages, err);
}

enum err_code
locked_room(size_t size, struct err *err)
{
	void *range = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int error_number;

	if (range == MAP_FAILED)
		return err_errno(err, ERR_MEMORY, errno, "cannot map memory for a secret");
	/* ONFAULT counts them without making a page. */
	error_number = mlock2(range, size, MLOCK_ONFAULT) == 0 ? 0 : errno;
	munmap(range, size);
	/* A sandbox that does not know the call: then whoever locks says it. */
	if (error_number == 0 || error_number == ENOSYS)
		return ERR_OK;
	return locked_refused(size, error_number, err);
}

void
locked_free(struct locked pages)
{
	size_t page = page_size();

	explicit_bzero(pages.data, pages.size);
	munmap(pages.data - page, pages.size + 2 * page);
}

const char *
locked_kind(void)
{
	int fd = open_secret_memory();

	if (fd < 0)
		return "mlock";
	close(fd);
	return "memfd_secret";
}
