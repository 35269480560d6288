/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/contract/starter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/child.h"
#include "base/file.h"
#include "base/process.h"
#include "base/trusted.h"
#include "rotators/contract/starter_conf.h"

enum { END_MILLISECONDS = 10000 };

void
starter_end(struct starter *starter)
{
	struct start_ended ended;

	if (starter->reached) { /* our end of it says so; it speaks once nothing lives any more */
		(void)shutdown(starter->socket, SHUT_WR);
		(void)starter_await(starter, process_milliseconds() + END_MILLISECONDS, &ended);
		fd_closep(&starter->socket);
		starter->reached = false;
	}
	if (starter->pid == 0)
		return;
	(void)process_await((pid_t)starter->pid, process_milliseconds() + END_MILLISECONDS);
	process_kill((pid_t)starter->pid);
	starter->pid = 0;
}

bool
starter_await(struct starter *starter, int64_t deadline, struct start_ended *ret_ended)
{
	struct err unsaid;
	enum err_code code = starter->reached ?
	    start_await_end(starter->socket, deadline, ret_ended, &unsaid) :
	    ERR_PROTOCOL;

	return code != ERR_TARGET_UNKNOWN;
}

/* --- On its socket ------------------------------------------------------------------------ */

/* Root's, or our own: nobody else's is asked. */
static enum err_code
check_listener(int socket, const char *path, struct err *err)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return err_errno(err, ERR_IO, errno, "looking who listens on %s", path);
	if (peer.uid != 0 && peer.uid != geteuid())
		return err_set(err, ERR_REFUSED,
		    "user %u listens on %s, where the starter of rotators should: root starts it",
		    peer.uid, path);
	return ERR_OK;
}

static enum err_code
connect_to(const char *path, int *ret_socket, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	FD socket_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (socket_fd < 0)
		return err_errno(err, ERR_IO, errno, "making a socket");
	if (strlen(path) >= sizeof(address.sun_path))
		return err_set(err, ERR_INVALID, "the path %s is too long for a socket", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (connect(socket_fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		return err_errno(err, ERR_IO, errno,
		    "reaching the starter of rotators on %s (does halligan-starter run? may this account ask it?)",
		    path);
	TRY(check_listener(socket_fd, path, err));
	*ret_socket = socket_fd;
	socket_fd = -1;
	return ERR_OK;
}

/* --- A starter of our own ----------------------------------------------------------------- */

static enum err_code
run_own(const char *path, struct starter *starter, struct err *err)
{
	const char *user =
	    geteuid() != 0 ? secure_getenv("HOME") : NULL; /* where own programs are */
	char home[4096];
	const char *const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
	    user != NULL && snprintf(home, sizeof(home), "HOME=%s", user) < (int)sizeof(home) ?
	        home :
	        NULL,
	    NULL};
	static const char *const argv[] = {"halligan-starter", "--once", NULL};
	FD ours = -1, theirs = -1, executable = -1;
	int ends[2];
	pid_t pid;

	TRY(trusted_open(path, &executable, err));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return err_errno(err, ERR_IO, errno, "making a socket");
	ours = ends[0];
	theirs = ends[1];
	struct process_spawn spawn = {.path = path,
	    .argv = argv,
	    .env = env,
	    .own_session = true,
	    .ends_with_us = true,
	    .fds = {-1, -1, -1, theirs, -1, -1, -1, -1, -1}};

	TRY(process_start(&spawn, &pid, err));
	starter->pid = pid;
	starter->socket = ours;
	starter->reached = true;
	ours = -1;
	return ERR_OK;
}

/* --- Which -------------------------------------------------------------------------------- */

#define SOCKET_OF_ROOT "/run/halligan-starter/socket"
#define SOCKET_OF_USER "/run/user/%u/halligan-starter"

/* Where root names us as the vault's account the one of root's is asked, or none. */
static enum err_code
find_socket(char ret_path[64], struct err *err)
{
	CONF conf = {0};
	uid_t vault;

	ret_path[0] = '\0';
	if (geteuid() == 0)
		return ERR_OK;
	if (conf_read(&conf, err) != ERR_OK)
		return err_add(err, "is somebody to start rotators for us?");
	if (conf_vault(&conf, &vault) && vault == geteuid()) {
		(void)snprintf(ret_path, 64, SOCKET_OF_ROOT);
		return ERR_OK;
	}
	(void)snprintf(ret_path, 64, SOCKET_OF_USER, (unsigned)geteuid());
	if (!file_exists(ret_path))
		ret_path[0] = '\0';
	return ERR_OK;
}

static enum err_code
reach(const struct rotator_places *places, struct starter *starter, struct err *err)
{
	char found[64];
	const char *path = places->starter_socket;

	if (path == NULL) {
		TRY(find_socket(found, err));
		path = found;
	}
	if (path[0] != '\0') {
		TRY(connect_to(path, &starter->socket, err));
		starter->reached = true;
		return ERR_OK;
	}
	if (run_own(places->starter, starter, err) != ERR_OK)
		return err_add(err, "starting the starter of rotators");
	return ERR_OK;
}

enum err_code
starter_start(const struct rotator_places *places, const struct start_message *message,
    struct starter *ret_starter, struct err *err)
{
	CLEANUP(starter_end) struct starter starter = {0};
	int64_t deadline = process_milliseconds() + STARTER_MILLISECONDS;

	TRY(reach(places, &starter, err));
	TRY(start_ask(starter.socket, message, deadline, err));
	TRY(start_await(starter.socket, deadline, err));
	*ret_starter = starter;
	starter = (struct starter){0};
	return ERR_OK;
}

enum err_code
starter_holds(const struct rotator_places *places, struct start_holds *ret_holds, struct err *err)
{
	const struct start_message message = {.tells = true, .fds = {-1, -1, -1, -1, -1, -1}};
	CLEANUP(starter_end) struct starter starter = {0};
	int64_t deadline = process_milliseconds() + STARTER_MILLISECONDS;

	TRY(reach(places, &starter, err));
	TRY(start_ask(starter.socket, &message, deadline, err));
	return start_await_holds(starter.socket, deadline, ret_holds, err);
}
