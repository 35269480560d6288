/* SPDX-License-Identifier: Apache-2.0 */
/* What a list of system calls forbids, asked for in another way: by an argument's high half, which the kernel does not read, by a
 * second call that does the same; and what root's own id leaves where no capability is. */
#include <asm-generic/sockios.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/process.h"
#include "tests/adversary/rotator/attempts.h"

static const unsigned long high = 1UL << 32;

static int
be_dumpable(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	(void)prctl(PR_SET_DUMPABLE, 0);
	return code_of(syscall(SYS_prctl, high | PR_SET_DUMPABLE, 1UL, 0UL, 0UL, 0UL));
}

/* Of a pipe nobody is the terminal: ENOTTY says that it was let through. */
static int
type_for_another(const struct world *world, const struct attempt *attempt)
{
	int ends[2];

	(void)world;
	(void)attempt;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return errno;
	int code = code_of(syscall(SYS_ioctl, ends[0], high | TIOCSTI, "x"));

	close(ends[0]);
	close(ends[1]);
	return code == ENOTTY ? 0 : code;
}

/* Without a signal of its choice: the one that comes ends whoever does not expect it.  It is not sent here. */
static int
own_descriptor(const struct world *world, const struct attempt *attempt)
{
	pid_t pid = (pid_t)number_of(world, attempt);
	int ends[2], on = 1;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		return errno;
	int code = code_of(ioctl(ends[0], FIOSETOWN, &pid));

	if (code == 0)
		code = code_of(ioctl(ends[0], FIOASYNC, &on));
	close(ends[0]);
	close(ends[1]);
	return code;
}

static int
send_to_abstract(const struct world *world, const struct attempt *attempt)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *name = text_of(world, attempt);
	size_t size = strlen(name);
	int ends[2];

	memcpy(address.sun_path + 1, name, size);
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0)
		return errno;
	ssize_t put = sendto(ends[0], "x", 1, 0, (struct sockaddr *)&address,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + size));
	/* Refused: the one there is of another kind; whoever of this kind were there would have heard it. */
	int code = put == 1 || errno == EPROTOTYPE || errno == ECONNREFUSED ? 0 : errno;

	close(ends[0]);
	close(ends[1]);
	return code;
}

static int
leave_set_id(const struct world *world, const struct attempt *attempt)
{
	char path[512];
	struct stat status = {0};
	int code;

	(void)snprintf(path, sizeof(path), "%s/set-id", text_of(world, attempt));
	FD fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	code = code_of(fchmod(fd, 04755));
	if (code == 0)
		code = fstat(fd, &status) == 0 && (status.st_mode & S_ISUID) != 0 ? 0 : EPERM;
	unlink(path);
	return code;
}

static int
make_set_id(const struct world *world, const struct attempt *attempt)
{
	char path[512];
	int code;

	(void)snprintf(path, sizeof(path), "%s/set-id-made", text_of(world, attempt));
	FD fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 06755);

	code = fd < 0 ? errno : 0;
	if (code == 0)
		unlink(path);
	return code;
}

/* As it is; undone by nothing. */
static int
change_null(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return code_of(chmod("/dev/null", 0666));
}

#define OWN .kind = ATTEMPT_OWN
static const struct attempt rows[] = {
    {"become_dumpable_by_high_half", "a core with a value in it", be_dumpable, OWN},
    {"type_by_high_half", "words into a terminal", type_for_another, OWN},
    {"own_descriptor_of_server", "that a signal comes to it, any", own_descriptor, WORLD_SERVER},
    {"own_descriptor_of_neighbour", "likewise", own_descriptor, WORLD_NEIGHBOUR},
    {"send_to_abstract", "a service without a file", send_to_abstract, WORLD_ABSTRACT},
    {"leave_set_id", "a program that becomes its account, for whoever finds it", leave_set_id,
        WORLD_PLACE},
    {"make_set_id", "likewise, from its first moment", make_set_id, WORLD_PLACE},
    {"change_null", "that nothing works that writes there", change_null},
};

struct attempts
attempts_around(void)
{
	return (struct attempts){rows, ARRAY_SIZE(rows)};
}
