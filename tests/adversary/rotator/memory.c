/* SPDX-License-Identifier: Apache-2.0 */
/* What other processes hold: their memory, what /proc tells of them, and what is shared by number or name. */
#include <fcntl.h>
#include <mqueue.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/process.h"
#include "tests/adversary/rotator/attempts.h"

static void *
secret_address(const struct world *world)
{
	return (void *)(uintptr_t)world->numbers[WORLD_SECRET_AT];
}

/* Theirs of that name in /proc. */
static int
open_of(const struct world *world, const struct attempt *attempt, const char *name, int flags)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)process_of(world, attempt), name);
	return open(path, flags | O_CLOEXEC);
}

static int
read_of(const struct world *world, const struct attempt *attempt, const char *name)
{
	FD fd = open_of(world, attempt, name, O_RDONLY);
	char bytes[64];

	return fd < 0 ? errno : code_of(read(fd, bytes, sizeof(bytes)));
}

static int
read_memory(const struct world *world, const struct attempt *attempt)
{
	FD fd = open_of(world, attempt, "mem", O_RDONLY);
	char bytes[WORLD_SECRET_SIZE];

	return fd < 0 ? errno :
	                code_of(pread(fd, bytes, sizeof(bytes), world->numbers[WORLD_SECRET_AT]));
}

static int
write_memory(const struct world *world, const struct attempt *attempt)
{
	FD fd = open_of(world, attempt, "mem", O_RDWR);
	char bytes[WORLD_SECRET_SIZE];
	off_t place = world->numbers[WORLD_SECRET_AT];

	if (fd < 0 || pread(fd, bytes, sizeof(bytes), place) != sizeof(bytes))
		return errno;
	return code_of(pwrite(fd, bytes, sizeof(bytes), place));
}

static int
read_environment(const struct world *world, const struct attempt *attempt)
{
	return read_of(world, attempt, "environ");
}

static int
read_maps(const struct world *world, const struct attempt *attempt)
{
	return read_of(world, attempt, "maps");
}

static int
read_auxiliary(const struct world *world, const struct attempt *attempt)
{
	return read_of(world, attempt, "auxv");
}

static int
read_command_line(const struct world *world, const struct attempt *attempt)
{
	return read_of(world, attempt, "cmdline");
}

static int
read_status(const struct world *world, const struct attempt *attempt)
{
	return read_of(world, attempt, "status");
}

static int
enter_cwd(const struct world *world, const struct attempt *attempt)
{
	FD fd = open_of(world, attempt, "cwd", O_RDONLY | O_DIRECTORY);

	return code_of(fd);
}

static int
enter_root(const struct world *world, const struct attempt *attempt)
{
	FD fd = open_of(world, attempt, "root", O_RDONLY | O_DIRECTORY);

	return code_of(fd);
}

static int
open_descriptor(const struct world *world, const struct attempt *attempt)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "fd/%d", (int)world->numbers[WORLD_SECRET_FD]);
	FD fd = open_of(world, attempt, name, O_RDONLY);
	return code_of(fd);
}

static int
make_it_die_first(const struct world *world, const struct attempt *attempt)
{
	FD fd = open_of(world, attempt, "oom_score_adj", O_RDWR);
	char bytes[16];
	ssize_t size = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

	return size < 0 ? errno : code_of(pwrite(fd, bytes, (size_t)size, 0));
}

static int
copy_memory(const struct world *world, const struct attempt *attempt)
{
	char bytes[WORLD_SECRET_SIZE];
	const struct iovec here = {bytes, sizeof(bytes)};
	const struct iovec there = {secret_address(world), sizeof(bytes)};

	return code_of(process_vm_readv(process_of(world, attempt), &here, 1, &there, 1, 0));
}

static int
change_memory(const struct world *world, const struct attempt *attempt)
{
	char bytes[WORLD_SECRET_SIZE];
	const struct iovec here = {bytes, sizeof(bytes)};
	const struct iovec there = {secret_address(world), sizeof(bytes)};
	pid_t pid = process_of(world, attempt);

	if (process_vm_readv(pid, &here, 1, &there, 1, 0) < 0)
		return errno;
	return code_of(process_vm_writev(pid, &here, 1, &there, 1, 0));
}

static int
attach_memory(const struct world *world, const struct attempt *attempt)
{
	int id = (int)number_of(world, attempt);
	void *there = id < 0 ? NULL : shmat(id, NULL, 0);

	if (id < 0)
		return NOT_HERE;
	return there == (void *)-1 ? errno : code_of(shmdt(there));
}

static int
see_memory(const struct world *world, const struct attempt *attempt)
{
	struct shmid_ds status;
	int id = (int)number_of(world, attempt);

	return id < 0 ? NOT_HERE : code_of(shmctl(id, IPC_STAT, &status));
}

/* Up and down again. */
static int
take_semaphore(const struct world *world, const struct attempt *attempt)
{
	struct sembuf steps[] = {{.sem_op = 1, .sem_flg = IPC_NOWAIT},
	    {.sem_op = -1, .sem_flg = IPC_NOWAIT}};
	int id = (int)number_of(world, attempt);

	return id < 0 ? NOT_HERE : code_of(semop(id, steps, ARRAY_SIZE(steps)));
}

struct note {
	long kind;
	char text[8];
};

static int
send_message(const struct world *world, const struct attempt *attempt)
{
	struct note note = {.kind = 4711};
	int id = (int)number_of(world, attempt);

	if (id < 0)
		return NOT_HERE;
	if (msgsnd(id, &note, sizeof(note.text), IPC_NOWAIT) != 0)
		return errno;
	return code_of(msgrcv(id, &note, sizeof(note.text), note.kind, IPC_NOWAIT));
}

static int
open_queue(const struct world *world, const struct attempt *attempt)
{
	const char *name = text_of(world, attempt);
	FD queue = name[0] == '\0' ? -1 : mq_open(name, O_RDWR);

	return name[0] == '\0' ? NOT_HERE : code_of(queue);
}

#define OF_PROCESS(slug, who)                                                                      \
	{"read_memory_of_" slug, "its secret", read_memory, who},                                  \
	    {"write_memory_of_" slug, "other code in it", write_memory, who},                      \
	    {"vm_readv_" slug, "its secret", copy_memory, who},                                    \
	    {"vm_writev_" slug, "other code in it", change_memory, who},                           \
	    {"environ_of_" slug, "what it was given", read_environment, who},                      \
	    {"maps_of_" slug, "where its secret is", read_maps, who},                              \
	    {"auxv_of_" slug, "where its code is", read_auxiliary, who},                           \
	    {"cwd_of_" slug, "its folder", enter_cwd, who},                                        \
	    {"root_of_" slug, "its root", enter_root, who},                                        \
	    {"fd_of_" slug, "its files", open_descriptor, who},                                    \
	    {"oom_score_of_" slug, "that it dies first", make_it_die_first, who},                  \
	    {"cmdline_of_" slug, "what it is", read_command_line, who, ATTEMPT_SEES},              \
	{                                                                                          \
		"status_of_" slug, "what it does", read_status, who, ATTEMPT_SEES                  \
	}

static const struct attempt rows[] = {
    OF_PROCESS("server", WORLD_SERVER),
    OF_PROCESS("neighbour", WORLD_NEIGHBOUR),
    {"attach_shared_memory", "what others share", attach_memory, WORLD_MEMORY},
    {"stat_shared_memory", "that they share it", see_memory, WORLD_MEMORY, ATTEMPT_SEES},
    {"take_semaphore", "that others wait", take_semaphore, WORLD_SEMAPHORE},
    {"send_message", "to be taken for another", send_message, WORLD_MESSAGES},
    {"open_message_queue", "likewise, by name", open_queue, WORLD_QUEUE},
};

struct attempts
attempts_memory(void)
{
	return (struct attempts){rows, ARRAY_SIZE(rows)};
}
