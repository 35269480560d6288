/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread, one poll loop.  A command may wait for a touch; then the loop is entered again from
 * within (device->wait), and serves everything but further commands, which pcscd does not send
 * before it has the answer.
 */
#include "tokens/sim/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/process.h"
#include "tokens/sim/control.h"
#include "tokens/sim/link.h"

enum { WATCHERS = 8, CALLERS = 8, ROLE_MS = 2000, FRAME_MS = 5000, BACKLOG = 16 };

struct caller { /* a control connection that has not sent its whole line yet */
	int fd;
	size_t size;
	char line[CONTROL_LINE_MAX + 1];
};

struct serve {
	struct device *device;
	int signals, reader, control; /* listening */
	int commander;                /* pcscd's commands; -1: none */
	int watchers[WATCHERS];       /* those who want to know whether it is plugged in; or -1 */
	struct caller callers[CALLERS];
	bool ended;
};

static enum err_code
address_of(const char *path, struct sockaddr_un *ret_address, struct err *err)
{
	*ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(ret_address->sun_path))
		return err_set(err, ERR_INVALID, "%s: the path of a socket has at most %zu bytes",
		    path, sizeof(ret_address->sun_path) - 1);
	memcpy(ret_address->sun_path, path, strlen(path) + 1);
	return ERR_OK;
}

enum err_code
serve_connect(const char *path, int *ret_fd, struct err *err)
{
	struct sockaddr_un address;
	FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_errno(err, ERR_IO, errno, "making a socket");
	TRY(address_of(path, &address, err));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
		return err_errno(err, ERR_NOT_FOUND, errno, "%s: no token is running there", path);
	*ret_fd = fd;
	fd = -1;
	return ERR_OK;
}

/* On a Unix socket at PATH, replacing a dead one. */
static enum err_code
listen_on(const char *path, int *ret_fd, struct err *err)
{
	struct sockaddr_un address;
	struct stat status;
	struct err ignored;
	FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	FD other = -1;

	if (fd < 0)
		return err_errno(err, ERR_IO, errno, "making a socket");
	TRY(address_of(path, &address, err));
	if (lstat(path, &status) == 0) {
		if (!S_ISSOCK(status.st_mode))
			return err_set(err, ERR_EXISTS, "%s is there and is no socket", path);
		if (serve_connect(path, &other, &ignored) == ERR_OK)
			return err_set(err, ERR_BUSY, "%s: a token is running there already", path);
		(void)unlink(path);
	}
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(fd, BACKLOG) != 0)
		return err_errno(err, ERR_IO, errno, "listening on %s", path);
	*ret_fd = fd;
	fd = -1;
	return ERR_OK;
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void
tell(int *watcher, bool present)
{
	const uint8_t event = present ? LINK_PRESENT : LINK_ABSENT;

	if (*watcher >= 0 && send(*watcher, &event, 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)
		close_fd(watcher);
}

static void
on_changed(void *context)
{
	struct serve *serve = context;

	for (size_t i = 0; i < WATCHERS; i++)
		tell(&serve->watchers[i], serve->device->present);
}

static void
accept_reader(struct serve *serve)
{
	struct err err;
	uint8_t role;
	FD fd = accept4(serve->reader, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0 || fd_read(fd, &role, 1, process_milliseconds() + ROLE_MS, &err) != ERR_OK)
		return;
	if (role == LINK_COMMANDS) {
		close_fd(&serve->commander);
		serve->commander = fd;
		fd = -1;
		return;
	}
	for (size_t i = 0; role == LINK_EVENTS && fd >= 0 && i < WATCHERS; i++)
		if (serve->watchers[i] < 0) {
			serve->watchers[i] = fd;
			fd = -1;
			tell(&serve->watchers[i], serve->device->present);
		}
}

static void
accept_control(struct serve *serve)
{
	int fd = accept4(serve->control, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	for (size_t i = 0; fd >= 0 && i < CALLERS; i++)
		if (serve->callers[i].fd < 0) {
			serve->callers[i].fd = fd;
			serve->callers[i].size = 0;
			return;
		}
	close_fd(&fd);
}

/* One line, one answer, and the connection ends. */
static void
hear(struct serve *serve, struct caller *caller)
{
	BUF reply = {0};
	ssize_t got =
	    recv(caller->fd, caller->line + caller->size, CONTROL_LINE_MAX - caller->size, 0);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0)
		caller->size += (size_t)got;
	char *end = memchr(caller->line, '\n', caller->size);
	if (got > 0 && end == NULL && caller->size < CONTROL_LINE_MAX)
		return;
	if (end != NULL) {
		*end = '\0';
		control_run(serve->device, caller->line, &reply);
		buf_u8(&reply, '\n');
		(void)send(caller->fd, reply.data, reply.size, MSG_NOSIGNAL);
	}
	close_fd(&caller->fd);
}

static bool
run_request(struct serve *serve, uint8_t kind, struct view bytes, struct buf *ret_reply)
{
	struct device *device = serve->device;

	switch (kind) {
	case LINK_POWER_UP:
	case LINK_RESET:
		buf_bytes(ret_reply, device_atr(device));
		return device_power(device, true);
	case LINK_POWER_DOWN:
		return device_power(device, false);
	case LINK_APDU:
		return device_transmit(device, bytes, ret_reply);
	default:
		return false;
	}
}

/* One request of pcscd.  False when the connection is of no use any more. */
static bool
obey(struct serve *serve)
{
	struct err err;
	uint8_t header[LINK_HEADER];
	uint8_t bytes[LINK_MAX];
	BUF reply = {0};
	BUF frame = {0};
	int64_t deadline = process_milliseconds() + FRAME_MS;

	if (fd_read(serve->commander, header, sizeof(header), deadline, &err) != ERR_OK)
		return false;
	struct reader reader = reader_of(view_of(header + 1, 4));
	uint32_t size = reader_u32(&reader);
	if (size > sizeof(bytes) ||
	    (size > 0 && fd_read(serve->commander, bytes, size, deadline, &err) != ERR_OK))
		return false;
	bool done = run_request(serve, header[0], view_of(bytes, size), &reply);
	if (!done || reply.size > LINK_MAX)
		buf_done(&reply);
	buf_u8(&frame, done ? LINK_DONE : LINK_GONE);
	buf_lp32(&frame, buf_view(&reply));
	return buf_check(&frame, &err) == ERR_OK &&
	    fd_write(serve->commander, buf_view(&frame), process_milliseconds() + FRAME_MS, &err) ==
	    ERR_OK;
}

/* A watcher never speaks: what can be read is its end. */
static void
watch(int *watcher)
{
	uint8_t byte;
	ssize_t got = recv(*watcher, &byte, 1, MSG_DONTWAIT);

	if (got >= 0 || (errno != EAGAIN && errno != EINTR))
		close_fd(watcher);
}

/* Wait for at most MILLISECONDS (-1: for ever), then serve what is there. */
static bool
turn(struct serve *serve, bool commands, int milliseconds)
{
	enum {
		SIGNALS,
		READER,
		CONTROL,
		COMMANDER,
		FIRST_WATCHER,
		FIRST_CALLER = FIRST_WATCHER + WATCHERS,
		FDS = FIRST_CALLER + CALLERS
	};
	struct pollfd polled[FDS];

	for (size_t i = 0; i < FDS; i++)
		polled[i] = (struct pollfd){.fd = -1, .events = POLLIN};
	polled[SIGNALS].fd = serve->signals;
	polled[READER].fd = commands ? serve->reader : -1;
	polled[CONTROL].fd = serve->control;
	polled[COMMANDER].fd = commands ? serve->commander : -1;
	for (size_t i = 0; i < WATCHERS; i++)
		polled[FIRST_WATCHER + i].fd = serve->watchers[i];
	for (size_t i = 0; i < CALLERS; i++)
		polled[FIRST_CALLER + i].fd = serve->callers[i].fd;
	if (poll(polled, FDS, milliseconds) <= 0)
		return !serve->ended;
	if (polled[SIGNALS].revents != 0)
		serve->ended = true;
	for (size_t i = 0; i < CALLERS; i++)
		if (polled[FIRST_CALLER + i].revents != 0)
			hear(serve, &serve->callers[i]);
	for (size_t i = 0; i < WATCHERS; i++)
		if (polled[FIRST_WATCHER + i].revents != 0 && serve->watchers[i] >= 0)
			watch(&serve->watchers[i]);
	if (polled[CONTROL].revents != 0)
		accept_control(serve);
	if (polled[COMMANDER].revents != 0 && !obey(serve))
		close_fd(&serve->commander);
	if (polled[READER].revents != 0)
		accept_reader(serve);
	return !serve->ended;
}

static bool
on_wait(void *context, int milliseconds)
{
	return turn(context, false, milliseconds);
}

static enum err_code
open_all(struct serve *serve, const char *socket_path, const char *control_path, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return err_errno(err, ERR_INTERNAL, errno, "blocking signals");
	serve->signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (serve->signals < 0)
		return err_errno(err, ERR_IO, errno, "waiting for signals");
	TRY(listen_on(socket_path, &serve->reader, err));
	return listen_on(control_path, &serve->control, err);
}

static void
close_all(struct serve *serve, const char *socket_path, const char *control_path)
{
	if (serve->reader >= 0)
		(void)unlink(socket_path);
	if (serve->control >= 0)
		(void)unlink(control_path);
	close_fd(&serve->signals);
	close_fd(&serve->reader);
	close_fd(&serve->control);
	close_fd(&serve->commander);
	for (size_t i = 0; i < WATCHERS; i++)
		close_fd(&serve->watchers[i]);
	for (size_t i = 0; i < CALLERS; i++)
		close_fd(&serve->callers[i].fd);
}

enum err_code
serve_run(struct device *device, const char *socket_path, const char *control_path, struct err *err)
{
	struct serve serve = {.device = device,
	    .signals = -1,
	    .reader = -1,
	    .control = -1,
	    .commander = -1};

	for (size_t i = 0; i < WATCHERS; i++)
		serve.watchers[i] = -1;
	for (size_t i = 0; i < CALLERS; i++)
		serve.callers[i].fd = -1;
	device->wait = on_wait;
	device->changed = on_changed;
	device->context = &serve;
	enum err_code code = open_all(&serve, socket_path, control_path, err);
	while (code == ERR_OK && turn(&serve, true, -1))
		;
	close_all(&serve, socket_path, control_path);
	return code;
}
