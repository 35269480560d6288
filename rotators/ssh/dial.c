/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C library looks names up without a limit of time, so another program does (getent), which is ended
 * at the deadline.  Addresses need nobody.
 */
#include "rotators/ssh/dial.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "base/runner.h"

enum { LOOK_EVERY = 20 /* milliseconds */, ADDRESS_SIZE = 64, ADDRESSES_MAX = 8 };
enum { NOT_FOUND = 2 /* getent(1); the name servers' silence, too */ };

struct addresses {
	size_t count;
	char texts[ADDRESSES_MAX][ADDRESS_SIZE];
};

enum err_code
dial_check(int64_t deadline, struct err *err)
{
	struct pollfd reader = {.fd = STDOUT_FILENO};

	if (process_milliseconds() >= deadline)
		return err_set(err, ERR_TARGET_UNKNOWN, "no answer in time");
	if (poll(&reader, 1, 0) > 0 && (reader.revents & (POLLERR | POLLHUP)) != 0)
		return err_set(err, ERR_WAITING, "nobody waits for the answer any more");
	return ERR_OK;
}

/* As dial_wait; RET_READY: FD has one of EVENTS, or an error. */
static enum err_code
wait_for(int fd, short events, int64_t deadline, bool *ret_ready, struct err *err)
{
	struct pollfd waiting = {.fd = fd, .events = events};
	int64_t left = deadline - process_milliseconds();
	int count;

	TRY(dial_check(deadline, err));
	count = poll(&waiting, 1, left < LOOK_EVERY ? (int)left : LOOK_EVERY);
	if (count < 0 && errno != EINTR)
		return err_errno(err, ERR_IO, errno, "waiting for the host");
	*ret_ready = count > 0;
	return ERR_OK;
}

enum err_code
dial_wait(int fd, short events, int64_t deadline, struct err *err)
{
	bool ready;

	return wait_for(fd, events, deadline, &ready, err);
}

static void
free_found(struct addrinfo **found)
{
	if (*found != NULL)
		freeaddrinfo(*found);
}

/* TEXT as an address; NULL when it is none. */
static struct addrinfo *
parse_address(const char *text, unsigned port)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
	    .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	char service[16];

	(void)snprintf(service, sizeof(service), "%u", port);
	return getaddrinfo(text, service, &hints, &found) == 0 ? found : NULL;
}

/* Lines "ADDRESS STREAM NAME", each address once. */
static void
take_lines(const char *lines, struct addresses *addresses)
{
	char address[ADDRESS_SIZE], kind[16];

	for (; *lines != '\0' && addresses->count < ADDRESSES_MAX;) {
		const char *end = strchr(lines, '\n');

		if (sscanf(lines, "%63s %15s", address, kind) == 2 && strcmp(kind, "STREAM") == 0)
			memcpy(addresses->texts[addresses->count++], address, sizeof(address));
		lines = end == NULL ? "" : end + 1;
	}
}

static enum err_code
look_up(const char *host, int64_t deadline, struct addresses *ret_addresses, struct err *err)
{
	static const char *const env[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", NULL};
	const char *const argv[] = {"getent", "ahosts", host, NULL};
	struct addresses addresses = {0};
	BUF output = {0}, how = {0};
	struct child child = {.path = "/usr/bin/getent",
	    .argv = argv,
	    .env = env,
	    .output = &output,
	    .executable = -1,
	    .deadline = deadline};
	int status;

	TRY(child_run(&child, &status, err));
	if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != NOT_FOUND)) {
		child_status(status, &how);
		return err_set(err, ERR_IO, "the name %s could not be looked up: getent %s", host,
		    buf_string(&how));
	}
	if (WEXITSTATUS(status) == 0)
		take_lines(buf_string(&output), &addresses);
	if (addresses.count == 0)
		return err_set(err, ERR_TARGET,
		    "no address of %s was found: there is no such host, or no name server answered",
		    host);
	*ret_addresses = addresses;
	return ERR_OK;
}

static enum err_code
await_connection(int fd, int64_t deadline, struct err *err)
{
	int failure = EINPROGRESS;
	socklen_t size = sizeof(failure);
	bool ready = false;

	while (!ready)
		TRY(wait_for(fd, POLLOUT, deadline, &ready, err));
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size) != 0)
		return err_errno(err, ERR_IO, errno, "connecting");
	return failure == 0 ? ERR_OK : err_errno(err, ERR_TARGET, failure, "connecting");
}

static enum err_code
connect_one(const char *address, unsigned port, int64_t deadline, int *ret_fd, struct err *err)
{
	CLEANUP(free_found) struct addrinfo *to = parse_address(address, port);
	FD fd = -1;

	if (to == NULL)
		return err_set(err, ERR_TARGET, "it is no address");
	fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) /* of a family that this machine does not have, another address may help */
		return err_errno(err, errno == EAFNOSUPPORT ? ERR_TARGET : ERR_IO, errno,
		    "making a socket");
	if (connect(fd, to->ai_addr, to->ai_addrlen) != 0) {
		if (errno != EINPROGRESS)
			return err_errno(err, ERR_TARGET, errno, "connecting");
		TRY(await_connection(fd, deadline, err));
	}
	*ret_fd = fd;
	fd = -1;
	return ERR_OK;
}

enum err_code
dial(const char *host, unsigned port, int64_t deadline, int *ret_fd, struct err *err)
{
	struct addresses addresses = {.count = 1};
	CLEANUP(free_found) struct addrinfo *plain = parse_address(host, port);
	enum err_code code = ERR_TARGET;

	if (plain == NULL || strlen(host) >= ADDRESS_SIZE)
		TRY(look_up(host, deadline, &addresses, err));
	else
		memcpy(addresses.texts[0], host, strlen(host) + 1);
	for (size_t i = 0; i < addresses.count && code == ERR_TARGET; i++) {
		/* Of several, one that swallows packets leaves time for the others. */
		int64_t now = process_milliseconds();
		int64_t share = (deadline - now) / (int64_t)(addresses.count - i);
		bool last = i + 1 == addresses.count;

		code = connect_one(addresses.texts[i], port, now + share, ret_fd, err);
		if (code == ERR_TARGET_UNKNOWN && !last)
			code = ERR_TARGET;
	}
	return code;
}
