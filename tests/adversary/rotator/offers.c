/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/adversary/rotator/offers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Permissions of a key: all of its possessor and of its user. */
#define KEY_PERMISSIONS 0x3f3f0000UL

enum { NUMBERS = 3 }; /* memory, semaphores, messages, in the order of the world's */

static const struct row {
	int text;
	const char *name;
	int type;
	mode_t mode; /* 0: it has no file */
} sockets[] = {
    {WORLD_STREAM_GROUP, "group.sock", SOCK_STREAM, 0660},
    {WORLD_STREAM_ALL, "all.sock", SOCK_STREAM, 0666},
    {WORLD_DATAGRAM, "datagram.sock", SOCK_DGRAM, 0666},
    {WORLD_BUS, "bus.sock", SOCK_STREAM, 0666},
    {WORLD_ABSTRACT, "abstract", SOCK_STREAM, 0},
};

static void
keep(struct offers *offers, int fd)
{
	if (fd >= 0 && offers->count < OFFERED_FDS)
		offers->fds[offers->count++] = fd;
}

static enum err_code
make_socket(struct offers *offers, const struct row *row, const char *folder, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, row->type | SOCK_CLOEXEC, 0);
	char *name = offers->names[row->text];
	size_t at = row->mode == 0 ? 1 : 0, size;

	keep(offers, fd);
	(void)snprintf(name, sizeof(offers->names[0]), "%s/%s", folder, row->name);
	size = strlen(name);
	memcpy(address.sun_path + at, name, size < 100 ? size : 100);
	size += offsetof(struct sockaddr_un, sun_path) + 1;
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, (socklen_t)size) != 0 ||
	    (row->type == SOCK_STREAM && listen(fd, 100) != 0) ||
	    (row->mode != 0 && chmod(name, row->mode) != 0))
		return err_errno(err, ERR_IO, errno, "making the socket %s", name);
	return ERR_OK;
}

/* A port of the loopback that listens. */
static enum err_code
make_port(struct offers *offers, int type, enum world_number number, struct err *err)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	keep(offers, fd);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 ||
	    (type == SOCK_STREAM && listen(fd, 100) != 0) ||
	    getsockname(fd, (struct sockaddr *)&address, &size) != 0)
		return err_errno(err, ERR_IO, errno, "making a port");
	offers->numbers[number] = ntohs(address.sin_port);
	if (number == WORLD_KNOCK_PORT)
		offers->knocks = fd;
	return ERR_OK;
}

/* By a process that is OWNER: who made such a thing stays its owner beside whoever it is given to. */
static _Noreturn void
make_numbers(int result, uid_t owner)
{
	int ids[NUMBERS];

	if (owner != geteuid() &&
	    (setgroups(0, NULL) != 0 || setresgid(owner, owner, owner) != 0 ||
	        setresuid(owner, owner, owner) != 0))
		_exit(1);
	ids[0] = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	ids[1] = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
	ids[2] = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
	_exit(write(result, ids, sizeof(ids)) == sizeof(ids) ? 0 : 1);
}

/* What a kernel may have been built without is -1 then. */
static enum err_code
take_numbers(struct offers *offers, uid_t owner, struct err *err)
{
	int ends[2], ids[NUMBERS];
	ssize_t got;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_errno(err, ERR_IO, errno, "making a pipe");
	pid = fork();
	if (pid == 0)
		make_numbers(ends[1], owner);
	close(ends[1]);
	got = read(ends[0], ids, sizeof(ids));
	close(ends[0]);
	if (pid < 0 || waitpid(pid, NULL, 0) != pid || got != sizeof(ids))
		return err_set(err, ERR_IO, "making what has a number as user %u", owner);
	for (int i = 0; i < NUMBERS; i++)
		offers->numbers[WORLD_MEMORY + i] = ids[i];
	offers->made = true;
	return ERR_OK;
}

static void
make_queue(struct offers *offers)
{
	struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = 16};
	char *queue = offers->names[WORLD_QUEUE];
	mqd_t made;

	(void)snprintf(queue, sizeof(offers->names[0]), "/halligan-adversary-%d", (int)getpid());
	made = mq_open(queue, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, &attributes);
	keep(offers, made);
	offers->queue = made;
	if (made < 0)
		queue[0] = '\0';
}

/* In the ring of the session or of the user; only who possesses a key may say who else may read it. */
static int64_t
make_key(long ring)
{
	long key =
	    syscall(SYS_add_key, "user", "halligan-key", "a secret", 8UL, KEY_SPEC_SESSION_KEYRING);

	if (key < 0 || syscall(SYS_keyctl, KEYCTL_SETPERM, key, KEY_PERMISSIONS) != 0)
		return -1;
	if (ring == KEY_SPEC_SESSION_KEYRING)
		return key;
	if (syscall(SYS_keyctl, KEYCTL_LINK, key, ring) != 0 ||
	    syscall(SYS_keyctl, KEYCTL_UNLINK, key, KEY_SPEC_SESSION_KEYRING) != 0)
		return -1;
	return key;
}

static void
make_terminal(struct offers *offers)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	char *name = offers->names[WORLD_TERMINAL];

	keep(offers, terminal);
	if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0 ||
	    ptsname_r(terminal, name, sizeof(offers->names[0])) != 0)
		name[0] = '\0';
}

/* What cannot be given (it is not there) is nobody's. */
static void
give_away(const struct offers *offers, uid_t owner)
{
	for (size_t i = 0; i < ARRAY_SIZE(sockets); i++)
		if (sockets[i].mode != 0)
			(void)!chown(offers->names[sockets[i].text], owner, (gid_t)-1);
	(void)!chown(offers->names[WORLD_TERMINAL], owner, (gid_t)-1);
	(void)!fchown(offers->queue, owner, (gid_t)-1);
}

enum err_code
offers_make(struct offers *offers, const char *folder, uid_t owner, struct world *world,
    struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(sockets); i++)
		TRY(make_socket(offers, &sockets[i], folder, err));
	TRY(make_port(offers, SOCK_STREAM, WORLD_TCP_PORT, err));
	TRY(make_port(offers, SOCK_DGRAM, WORLD_UDP_PORT, err));
	TRY(make_port(offers, SOCK_DGRAM, WORLD_KNOCK_PORT, err));
	TRY(take_numbers(offers, owner, err));
	make_queue(offers);
	make_terminal(offers);
	give_away(offers, owner);
	offers->numbers[WORLD_USER_KEY] = make_key(KEY_SPEC_USER_KEYRING);
	offers->numbers[WORLD_SESSION_KEY] = make_key(KEY_SPEC_SESSION_KEYRING);
	for (int i = WORLD_TCP_PORT; i <= WORLD_USER_KEY; i++)
		world->numbers[i] = offers->numbers[i];
	for (int i = 0; i < WORLD_TEXTS; i++)
		if (offers->names[i][0] != '\0')
			world->texts[i] = offers->names[i];
	return ERR_OK;
}

uint32_t
offers_knocks(const struct offers *offers)
{
	uint32_t ways = 0;
	uint8_t way;

	while (recv(offers->knocks, &way, 1, MSG_DONTWAIT) == 1)
		if (way < OFFERED_WAYS)
			ways |= 1U << way;
	return ways;
}

void
offers_end(struct offers *offers)
{
	const int64_t *numbers = offers->numbers;

	for (size_t i = 0; i < offers->count; i++)
		close(offers->fds[i]);
	if (offers->made) {
		(void)shmctl((int)numbers[WORLD_MEMORY], IPC_RMID, NULL);
		(void)semctl((int)numbers[WORLD_SEMAPHORE], 0, IPC_RMID);
		(void)msgctl((int)numbers[WORLD_MESSAGES], IPC_RMID, NULL);
	}
	if (offers->names[WORLD_QUEUE][0] != '\0')
		(void)mq_unlink(offers->names[WORLD_QUEUE]);
	for (int i = WORLD_SESSION_KEY; i <= WORLD_USER_KEY; i++)
		if (numbers[i] > 0)
			(void)syscall(SYS_keyctl, KEYCTL_REVOKE, numbers[i]);
	*offers = (struct offers){0};
}
