/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other ways to the same files: system calls that a filter or an old Landlock may not know, descriptors, handles, links,
 * the kernel's own worker, and the entry of 32-bit programs.
 */
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/process.h"
#include "tests/adversary/rotator/attempts.h"
#include "tests/adversary/rotator/ring.h"

/* Of kernels newer than the headers. */
enum { CALL_FCHMODAT2 = 452, CALL_SETXATTRAT = 463, CALL_FILE_SETATTR = 469 };

#ifdef MAP_32BIT
#define MAP_LOW MAP_32BIT
#else
#define MAP_LOW 0
#endif

struct name_value {
	uint64_t value;
	uint32_t size, flags;
};

static int
chmod_by_fchmodat2(const struct world *world, const struct attempt *attempt)
{
	return code_of(syscall(CALL_FCHMODAT2, AT_FDCWD, text_of(world, attempt), 0600, 0));
}

static int
set_attribute_at(const struct world *world, const struct attempt *attempt)
{
	const char *path = text_of(world, attempt);
	const struct name_value value = {(uint64_t)(uintptr_t) "x", 1, 0};

	if (syscall(CALL_SETXATTRAT, AT_FDCWD, path, 0, "user.halligan", &value, sizeof(value)) < 0)
		return errno;
	return code_of(removexattr(path, "user.halligan"));
}

/* No flags, as it has none. */
static int
set_flags_by_name(const struct world *world, const struct attempt *attempt)
{
	const uint64_t attributes[3] = {0};

	return code_of(syscall(CALL_FILE_SETATTR, AT_FDCWD, text_of(world, attempt), attributes,
	    sizeof(attributes), 0));
}

static int
chmod_by_path_descriptor(const struct world *world, const struct attempt *attempt)
{
	FD fd = open(text_of(world, attempt), O_PATH | O_CLOEXEC);
	char path[64];

	if (fd < 0)
		return errno;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return code_of(chmod(path, 0600));
}

static int
open_path_only(const struct world *world, const struct attempt *attempt)
{
	FD fd = open(text_of(world, attempt), O_PATH | O_CLOEXEC);

	return code_of(fd);
}

static int
open_by_openat2(const struct world *world, const struct attempt *attempt)
{
	const struct open_how how = {.flags = O_RDONLY | O_CLOEXEC};
	FD fd = (int)syscall(SYS_openat2, AT_FDCWD, text_of(world, attempt), &how, sizeof(how));

	return code_of(fd);
}

/* Another name where we may write: what is let in there may be this file. */
static int
link_into_place(const struct world *world, const struct attempt *attempt)
{
	struct path other = path_of(world->texts[WORLD_PLACE], "linked");
	int code = 0;

	if (link(text_of(world, attempt), other.text) != 0)
		return errno;
	FD fd = open(other.text, O_RDONLY | O_CLOEXEC);
	code = code_of(fd);
	(void)unlink(other.text);
	return code;
}

static int
symlink_from_place(const struct world *world, const struct attempt *attempt)
{
	struct path other = path_of(world->texts[WORLD_PLACE], "pointed");
	int code = 0;

	if (symlink(text_of(world, attempt), other.text) != 0)
		return errno;
	FD fd = open(other.text, O_RDONLY | O_CLOEXEC);
	code = code_of(fd);
	(void)unlink(other.text);
	return code;
}

static int
move_into_place(const struct world *world, const struct attempt *attempt)
{
	struct path other = path_of(world->texts[WORLD_PLACE], "moved");

	if (rename(text_of(world, attempt), other.text) != 0)
		return errno;
	return code_of(rename(other.text, text_of(world, attempt)));
}

static int
by_proc_root(const struct world *world, const struct attempt *attempt)
{
	char path[1100];

	(void)snprintf(path, sizeof(path), "/proc/%d/root%s", (int)world->numbers[WORLD_SERVER],
	    text_of(world, attempt));
	FD fd = open(path, O_RDONLY | O_CLOEXEC);
	return code_of(fd);
}

/* ACT on NAME below each folder that was left open for us.  The most telling failure: one that came of a folder. */
static int
below_descriptors(const char *name, int (*act)(int folder, const char *name))
{
	int code = EBADF;

	for (int fd = 0; fd < 1024; fd++) {
		struct stat status;

		if (fstat(fd, &status) != 0 || !S_ISDIR(status.st_mode))
			continue;
		code = act(fd, name);
		if (code == 0)
			return 0;
	}
	return code;
}

static int
open_below(int folder, const char *name)
{
	FD fd = openat(folder, name, O_RDONLY | O_CLOEXEC);

	return code_of(fd);
}

static int
chmod_below(int folder, const char *name)
{
	return code_of(fchmodat(folder, name, 0600, 0));
}

static int
chmod_by_inherited(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return below_descriptors("host.key", chmod_below);
}

static int
open_by_inherited(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return below_descriptors("host.key", open_below);
}

struct handle {
	struct file_handle head;
	unsigned char bytes[MAX_HANDLE_SZ];
};

static int
take_handle(const struct world *world, const struct attempt *attempt, struct handle *ret_handle)
{
	int mount = 0;

	ret_handle->head.handle_bytes = MAX_HANDLE_SZ;
	return code_of(
	    name_to_handle_at(AT_FDCWD, text_of(world, attempt), &ret_handle->head, &mount, 0));
}

static int
name_handle(const struct world *world, const struct attempt *attempt)
{
	struct handle handle = {0};

	return take_handle(world, attempt, &handle);
}

/* Any folder of that file system is as good as another. */
static int
open_handle(const struct world *world, const struct attempt *attempt)
{
	struct handle handle = {0};
	FD there = open(world->texts[WORLD_PLACE], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int code = take_handle(world, attempt, &handle);

	if (code != 0)
		return code;
	FD fd = open_by_handle_at(there, &handle.head, O_RDONLY | O_CLOEXEC);
	return code_of(fd);
}

static int
open_by_ring(const struct world *world, const struct attempt *attempt)
{
	const struct io_uring_sqe entry = {.opcode = IORING_OP_OPENAT,
	    .fd = AT_FDCWD,
	    .addr = (uint64_t)(uintptr_t)text_of(world, attempt),
	    .open_flags = O_RDONLY};

	return ring_do(&entry);
}

static int
socket_by_ring(const struct world *world, const struct attempt *attempt)
{
	const struct io_uring_sqe entry = {.opcode = IORING_OP_SOCKET,
	    .fd = AF_UNIX,
	    .off = SOCK_STREAM};

	(void)world;
	(void)attempt;
	return ring_do(&entry);
}

static int
rename_by_ring(const struct world *world, const struct attempt *attempt)
{
	const struct io_uring_sqe entry = {.opcode = IORING_OP_RENAMEAT,
	    .fd = AT_FDCWD,
	    .addr = (uint64_t)(uintptr_t)text_of(world, attempt),
	    .len = (uint32_t)AT_FDCWD,
	    .addr2 = (uint64_t)(uintptr_t)text_of(world, attempt)}; /* onto itself */

	return ring_do(&entry);
}

static _Noreturn void
say_no_gate(int number)
{
	(void)number;
	_exit(0xff); /* NOT_HERE: without 32-bit programs the gate itself is a fault */
}

/* The entry of 32-bit programs, whose numbers are others. */
static int
gate(unsigned number, unsigned first, unsigned second)
{
#ifdef __x86_64__
	int result = (int)number;

	(void)signal(SIGSEGV, say_no_gate);
	__asm__ volatile("int $0x80"
	                 : "+a"(result)
	                 : "b"(first), "c"(second), "d"(0)
	                 : "memory", "r8", "r9", "r10", "r11");
	return result < 0 ? -result : 0;
#else
	(void)number, (void)first, (void)second;
	return NOT_HERE;
#endif
}

/* With a path, where a number of 32 bits reaches it. */
static int
gate_with_path(unsigned number, const char *path, unsigned second)
{
	void *low =
	    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOW, -1, 0);

	if (low == MAP_FAILED)
		return errno;
	(void)snprintf(low, 4096, "%s", path);
	return gate(number, (unsigned)(uintptr_t)low, second);
}

static int
open_by_gate(const struct world *world, const struct attempt *attempt)
{
	return gate_with_path(5, text_of(world, attempt), O_RDONLY);
}

static int
chmod_by_gate(const struct world *world, const struct attempt *attempt)
{
	return gate_with_path(15, text_of(world, attempt), 0600);
}

static int
kill_by_gate(const struct world *world, const struct attempt *attempt)
{
	return gate(37, (unsigned)process_of(world, attempt),
	    (unsigned)(SIGRTMIN + attempt->signal));
}

static int
open_by_x32(const struct world *world, const struct attempt *attempt)
{
	return code_of(syscall(0x40000000L + 2, text_of(world, attempt), O_RDONLY, 0));
}

static int
execute_from_memory(const struct world *world, const struct attempt *attempt)
{
	static const char script[] = "#!/bin/sh\nexit 0\n";
	FD fd = memfd_create("own", 0);
	char path[64];

	(void)world;
	(void)attempt;
	if (fd < 0 || write(fd, script, sizeof(script) - 1) < 0)
		return errno;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	(void)execl(path, path, (char *)NULL);
	return errno;
}

#define KEY WORLD_HOST_KEY
static const struct attempt rows[] = {
    {"fchmodat2_host_key", "everybody reads it", chmod_by_fchmodat2, KEY, .absent = ENOSYS},
    {"setxattrat_host_key", "a mark on it", set_attribute_at, KEY, .absent = ENOSYS},
    {"file_setattr_host_key", "flags", set_flags_by_name, KEY, .absent = ENOSYS},
    {"chmod_host_key_by_path_descriptor", "everybody reads it", chmod_by_path_descriptor, KEY},
    {"open_host_key_for_its_path", "to hold it", open_path_only, KEY, ATTEMPT_SEES},
    {"open_host_key_by_openat2", "what stands in it", open_by_openat2, KEY},
    {"link_host_key_into_place", "a name where we may read", link_into_place, KEY},
    {"symlink_host_key_from_place", "likewise", symlink_from_place, KEY},
    {"move_host_key_into_place", "the file where we may read", move_into_place, KEY},
    {"open_host_key_by_proc_root", "the root that another one has", by_proc_root, KEY},
    {"open_host_key_by_inherited_folder", "what was left open", open_by_inherited},
    {"chmod_host_key_by_inherited_folder", "likewise", chmod_by_inherited},
    {"name_handle_of_host_key", "a handle for others", name_handle, KEY, ATTEMPT_SEES},
    {"open_host_key_by_handle", "no path at all", open_handle, KEY},
    {"open_host_key_by_io_uring", "the kernel's worker", open_by_ring, KEY, .absent = ENOSYS},
    {"rename_host_key_by_io_uring", "likewise", rename_by_ring, KEY, .absent = ENOSYS},
    {"make_socket_by_io_uring", "a socket past a filter", socket_by_ring, .kind = ATTEMPT_OWN,
        .absent = ENOSYS},
    {"open_host_key_by_int80", "the other entry", open_by_gate, KEY},
    {"chmod_host_key_by_int80", "likewise", chmod_by_gate, KEY},
    {"kill_server_by_int80", "its end", kill_by_gate, WORLD_SERVER, .signal = 11},
    {"open_host_key_by_x32", "numbers of a third kind", open_by_x32, KEY, .absent = ENOSYS},
    {"execute_from_memory", "a program that no file has", execute_from_memory, .kind = ATTEMPT_OWN},
};

struct attempts
attempts_ways(void)
{
	return (struct attempts){rows, ARRAY_SIZE(rows)};
}
