/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/memory_seam.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "tests/unit/check.h"

struct memory_seam seam;

long __real_syscall(long number, long argument);
long __wrap_syscall(long number, long argument);
void *__real_mmap64(void *at, size_t size, int access, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *at, size_t size, int access, int flags, int fd, off_t offset);
int __real_munmap(void *at, size_t size);
int __wrap_munmap(void *at, size_t size);
int __real_madvise(void *at, size_t size, int advice);
int __wrap_madvise(void *at, size_t size, int advice);
int __real_mlock(const void *at, size_t size);
int __wrap_mlock(const void *at, size_t size);
int __real_ftruncate64(int fd, off_t size);
int __wrap_ftruncate64(int fd, off_t size);
ssize_t __real_getrandom(void *bytes, size_t size, unsigned flags);
ssize_t __wrap_getrandom(void *bytes, size_t size, unsigned flags);

static bool
fails_now(void)
{
	errno = seam.error_number;
	return ++seam.calls == seam.fail_at;
}

long
__wrap_syscall(long number, long argument)
{
	if (seam.without_memfd) {
		errno = ENOSYS;
		return -1;
	}
	return fails_now() ? -1 : __real_syscall(number, argument);
}

void *
__wrap_mmap64(void *at, size_t size, int access, int flags, int fd, off_t offset)
{
	void *range = fails_now() ? MAP_FAILED : __real_mmap64(at, size, access, flags, fd, offset);

	if (range != MAP_FAILED && access == PROT_NONE)
		seam.reserved++;
	return range;
}

int
__wrap_munmap(void *at, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const uint8_t *bytes = (const uint8_t *)at + page;
	bool dirty = false;

	seam.reserved--;
	/* After a failure to make them the pages may not be readable: nobody wrote to them. */
	if (seam.fail_at == 0) {
		for (size_t i = 0; !under_valgrind() && i < size - 2 * page; i++)
			dirty = dirty || bytes[i] != 0;
		seam.freed++;
		seam.dirty += dirty;
	}
	return __real_munmap(at, size);
}

int
__wrap_madvise(void *at, size_t size, int advice)
{
	return fails_now() ? -1 : __real_madvise(at, size, advice);
}

int
__wrap_mlock(const void *at, size_t size)
{
	return fails_now() ? -1 : __real_mlock(at, size);
}

int
__wrap_ftruncate64(int fd, off_t size)
{
	return fails_now() ? -1 : __real_ftruncate64(fd, size);
}

ssize_t
__wrap_getrandom(void *bytes, size_t size, unsigned flags)
{
	seam.random_calls++;
	if (seam.random_calls == seam.random_fail) {
		errno = EAGAIN;
		return -1;
	}
	if (seam.random_step != 0 && seam.random_calls % 2 == 1) {
		errno = EINTR;
		return -1;
	}
	if (seam.random_step != 0 && size > seam.random_step)
		size = seam.random_step;
	return __real_getrandom(bytes, size, flags);
}

int
with_memfd(void **state)
{
	(void)state;
	arena_trim(); /* of the other kind */
	memset(&seam, 0, sizeof(seam));
	return 0;
}

int
without_memfd(void **state)
{
	with_memfd(state);
	seam.without_memfd = true;
	return 0;
}

static sigjmp_buf fault;

static void
catch_fault(int number)
{
	(void)number;
	siglongjmp(fault, 1);
}

bool
faults(volatile uint8_t *at, bool writing)
{
	struct sigaction action = {.sa_handler = catch_fault}, before, before_bus;
	volatile bool faulted = true;

	sigaction(SIGSEGV, &action, &before);
	sigaction(SIGBUS, &action, &before_bus);
	if (sigsetjmp(fault, 1) == 0) {
		if (writing)
			*at = 1;
		else
			(void)*at;
		faulted = false;
	}
	sigaction(SIGSEGV, &before, NULL);
	sigaction(SIGBUS, &before_bus, NULL);
	return faulted;
}

/* AddressSanitizer replaces mlock(2) by nothing: there the lock itself cannot be seen. */
#ifdef __SANITIZE_ADDRESS__
const char locked_flag[] = "";
#else
const char locked_flag[] = " lo";
#endif

void
flags_of(const void *at, char ret_flags[256])
{
	FILE *file = fopen("/proc/self/smaps", "r");
	bool found = false;
	char line[512];

	assert_non_null(file);
	ret_flags[0] = '\0';
	while (fgets(line, sizeof(line), file) != NULL) {
		unsigned long begin, end;

		if (sscanf(line, "%lx-%lx ", &begin, &end) == 2)
			found = (uintptr_t)at >= begin && (uintptr_t)at < end;
		else if (found && strncmp(line, "VmFlags:", 8) == 0)
			snprintf(ret_flags, 256, "%.240s", line + 8);
	}
	fclose(file);
}
