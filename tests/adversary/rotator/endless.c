/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking without end: processes, disk, memory, files.  Each has a bound of ours beyond which others would lack it, stops there,
 * and gives everything back: files have lost their names before they grow.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "tests/adversary/rotator/attempts.h"

enum {
	MANY_PROCESSES = 300,
	MANY_FILES = 2000,
	MANY_PIPES = 300,
	MANY_QUEUES = 200,
	MEBIBYTE = 1024 * 1024,
	MUCH_DISK = 65, /* MiB, as those that follow */
	MUCH_LOCKED = 64,
	MUCH_SHARED = 256,
	MUCH_MEMORY = 2048,
	MANY_PARTS = 10, /* together more than one process may have */
	EACH_PART = 60,
	MEMORY_LEFT = 1024 /* what a machine must have beside it, or nobody tries */
};

/* They wait for the end of a pipe, which comes with ours. */
static int
fork_on(const struct world *world, const struct attempt *attempt)
{
	int ends[2], count = 0, code = 0;
	char byte;

	(void)world;
	(void)attempt;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return errno;
	for (; count < MANY_PROCESSES && code == 0; count++) {
		pid_t pid = fork();

		if (pid < 0)
			code = errno;
		if (pid == 0) {
			close(ends[1]);
			(void)!read(ends[0], &byte, 1);
			_exit(0);
		}
	}
	close(ends[1]);
	while (wait(NULL) > 0)
		continue;
	return code;
}

/* A file without a name, of so many MiB at most. */
static int
fill(const char *folder, int size)
{
	struct path path = path_of(folder, "halligan-fill-XXXXXX");
	FD fd = mkostemp(path.text, O_CLOEXEC);

	if (fd < 0)
		return errno;
	(void)unlink(path.text);
	(void)signal(SIGXFSZ, SIG_IGN);
	return posix_fallocate(fd, 0, (off_t)size * MEBIBYTE);
}

static int
fill_place(const struct world *world, const struct attempt *attempt)
{
	return fill(text_of(world, attempt), MUCH_DISK);
}

/* Wherever it is let, but for the folder that is shown for that. */
static int
fill_disk(const struct world *world, const struct attempt *attempt)
{
	const char *const folders[] = {world->texts[WORLD_VAULT], world->texts[WORLD_SHOWN], ".",
	    "/tmp", "/var/tmp", "/dev/shm", "/run", "/dev", "/", "/root"};
	int code = 0;

	(void)attempt;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		int one = fill(folders[i], MUCH_DISK);

		if (one == 0)
			return 0;
		if (code == 0 || one == ENOSPC || one == EFBIG)
			code = one;
	}
	return code;
}

static bool
machine_has(int size)
{
	struct sysinfo info;

	return sysinfo(&info) == 0 &&
	    ((uint64_t)info.freeram * info.mem_unit) / MEBIBYTE >= (uint64_t)size + MEMORY_LEFT;
}

static int
touch_all(unsigned char *bytes, size_t size)
{
	for (size_t at = 0; at < size; at += 4096)
		bytes[at] = 1;
	return 0;
}

static int
fill_memory(const struct world *world, const struct attempt *attempt)
{
	size_t size = (size_t)MUCH_MEMORY * MEBIBYTE;
	unsigned char *bytes;

	(void)world;
	(void)attempt;
	if (!machine_has(MUCH_MEMORY))
		return NOT_HERE;
	bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return bytes == MAP_FAILED ? errno : touch_all(bytes, size);
}

/* Which no limit of a process's memory counts. */
static int
fill_memory_file(const struct world *world, const struct attempt *attempt)
{
	FD fd = memfd_create("fill", MFD_CLOEXEC);

	(void)world;
	(void)attempt;
	if (!machine_has(MUCH_SHARED))
		return NOT_HERE;
	(void)signal(SIGXFSZ, SIG_IGN);
	return fd < 0 ? errno : posix_fallocate(fd, 0, (off_t)MUCH_SHARED * MEBIBYTE);
}

/* More than one process may have, in files of which each is below what a file may have. */
static int
fill_memory_files(const struct world *world, const struct attempt *attempt)
{
	int code = 0;

	(void)world;
	(void)attempt;
	if (!machine_has(MANY_PARTS * EACH_PART))
		return NOT_HERE;
	for (int i = 0; i < MANY_PARTS && code == 0; i++) {
		int fd = memfd_create("fill", MFD_CLOEXEC); /* open until the attempt ends */

		code = fd < 0 ? errno : posix_fallocate(fd, 0, (off_t)EACH_PART * MEBIBYTE);
	}
	return code;
}

/* Says whether it has its part, and keeps it to the pipe's end. */
static _Noreturn void
hold_part(int told, int end)
{
	const size_t size = (size_t)EACH_PART * MEBIBYTE;
	unsigned char *bytes =
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char byte = bytes != MAP_FAILED && touch_all(bytes, size) == 0;

	(void)!write(told, &byte, 1);
	(void)!read(end, &byte, 1);
	_exit(0);
}

/* Likewise, in processes of which each is below what one may have. */
static int
fill_memory_by_many(const struct world *world, const struct attempt *attempt)
{
	int ends[2], told[2], parts = 0;
	char byte;

	(void)world;
	(void)attempt;
	if (!machine_has(MANY_PARTS * EACH_PART))
		return NOT_HERE;
	if (pipe2(ends, O_CLOEXEC) != 0 || pipe2(told, O_CLOEXEC) != 0)
		return errno;
	for (int i = 0; i < MANY_PARTS; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			close(ends[1]);
			hold_part(told[1], ends[0]);
		}
		parts += pid > 0 && read(told[0], &byte, 1) == 1 && byte;
	}
	close(ends[1]);
	while (wait(NULL) > 0)
		continue;
	return parts == MANY_PARTS ? 0 : ENOMEM;
}

static int
fill_shared_memory(const struct world *world, const struct attempt *attempt)
{
	size_t size = (size_t)MUCH_SHARED * MEBIBYTE;
	int id = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600);
	void *bytes;

	(void)world;
	(void)attempt;
	if (id < 0)
		return errno;
	bytes = shmat(id, NULL, 0);
	(void)shmctl(id, IPC_RMID, NULL);
	return bytes == (void *)-1 ? errno : touch_all(bytes, size);
}

static int
lock_memory(const struct world *world, const struct attempt *attempt)
{
	size_t size = (size_t)MUCH_LOCKED * MEBIBYTE;
	void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)world;
	(void)attempt;
	return bytes == MAP_FAILED ? errno : code_of(mlock(bytes, size));
}

/* As many as the harder of two limits lets it. */
static int
open_files(const struct world *world, const struct attempt *attempt)
{
	struct rlimit limit;

	(void)world;
	(void)attempt;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	for (int i = 0; i < MANY_FILES; i++)
		if (dup(0) < 0)
			return errno;
	return 0;
}

static int
fill_pipes(const struct world *world, const struct attempt *attempt)
{
	char bytes[65536] = "";
	int ends[2];

	(void)world;
	(void)attempt;
	for (int i = 0; i < MANY_PIPES; i++)
		if (pipe2(ends, O_NONBLOCK) != 0 || write(ends[1], bytes, sizeof(bytes)) < 0)
			return errno;
	return 0;
}

/* They outlive whoever made them: each is removed at once, when all are there. */
static int
fill_queues(const struct world *world, const struct attempt *attempt)
{
	int ids[MANY_QUEUES], count = 0, code = 0;

	(void)world;
	(void)attempt;
	while (count < MANY_QUEUES && code == 0) {
		ids[count] = msgget(IPC_PRIVATE, 0600);
		code = code_of(ids[count]);
		count += code == 0;
	}
	while (count > 0)
		(void)msgctl(ids[--count], IPC_RMID, NULL);
	return code;
}

static void
remove_cores(pid_t pid)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "core.%d", (int)pid);
	(void)unlink(name);
	(void)unlink("core");
}

/* Where it may write: what it held would lie there. */
static int
dump_core(const struct world *world, const struct attempt *attempt)
{
	struct rlimit limit;
	int status = 0;
	pid_t pid;

	if (chdir(text_of(world, attempt)) != 0 || getrlimit(RLIMIT_CORE, &limit) != 0)
		return errno;
	limit.rlim_cur = limit.rlim_max;
	if (limit.rlim_max == 0 || setrlimit(RLIMIT_CORE, &limit) != 0)
		return EPERM;
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_DUMPABLE, 1);
		abort();
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return errno;
	remove_cores(pid);
	return WCOREDUMP(status) ? 0 : EPERM;
}

static int
be_first(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return code_of(setpriority(PRIO_PROCESS, 0, -20));
}

static int
be_real_time(const struct world *world, const struct attempt *attempt)
{
	const struct sched_param least = {.sched_priority = 1};

	(void)world;
	(void)attempt;
	return code_of(sched_setscheduler(0, SCHED_FIFO, &least));
}

#define ENDLESS .kind = ATTEMPT_ENDLESS
static const struct attempt rows[] = {
    {"fork_without_end", "that no other can", fork_on, ENDLESS},
    {"fill_disk", "that no other writes", fill_disk, ENDLESS},
    {"fill_place", "likewise, where it may write", fill_place, WORLD_PLACE, ENDLESS},
    {"fill_memory", "that others end", fill_memory, ENDLESS},
    {"fill_memory_by_memfd", "likewise", fill_memory_file, ENDLESS},
    {"fill_memory_by_memfds", "likewise, bit by bit", fill_memory_files, ENDLESS},
    {"fill_memory_by_many", "likewise, of each a bit", fill_memory_by_many, ENDLESS},
    {"fill_memory_by_shm", "likewise", fill_shared_memory, ENDLESS},
    {"lock_memory", "that no other locks some", lock_memory, ENDLESS},
    {"open_files_without_end", "that no other opens one", open_files, ENDLESS},
    {"fill_pipes", "the kernel's memory", fill_pipes, ENDLESS},
    {"make_queues_without_end", "that no other makes one", fill_queues, ENDLESS},
    {"dump_core", "a value in a file", dump_core, WORLD_PLACE, ENDLESS},
    {"be_first", "that others wait", be_first, ENDLESS},
    {"be_real_time", "likewise", be_real_time, ENDLESS},
};

struct attempts
attempts_endless(void)
{
	return (struct attempts){rows, ARRAY_SIZE(rows)};
}
