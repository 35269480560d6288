/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/starter/attend.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "daemon/starter/run.h"

enum {
	ASK_MILLISECONDS = 10000,
	SHORT_MILLISECONDS = 200,
	BUSY_MILLISECONDS = 2000,
	HEARD_AT_ONCE = 4 * ATTEND_AT_ONCE,
	BACKLOG = 64,
	PATH_SIZE = 4096
};
#define USERS_CONFIGURATION ".config/halligan"

/* --- Rules -------------------------------------------------------------------------------- */

struct rules {
	struct plan_rules plan;
	char rotators[PATH_SIZE], configuration[PATH_SIZE], programs[PATH_SIZE];
};

static void
rules_done(struct rules *rules)
{
	conf_done(&rules->plan.conf);
}

/* Of an ordinary user, who may do with themselves what they like: where their vault looks for it. */
static enum err_code
find_configuration(struct rules *rules, struct err *err)
{
	const struct passwd *us = getpwuid(geteuid());
	const char *home = secure_getenv("HOME");

	if (home == NULL || home[0] != '/')
		home = us != NULL ? us->pw_dir : "";
	if (home[0] != '/')
		return ERR_OK;
	TRY(file_path(home, USERS_CONFIGURATION, rules->configuration, err));
	TRY(file_path(rules->configuration, "programs", rules->programs, err));
	rules->plan.own_configuration = rules->configuration;
	rules->plan.places.own[1] = rules->programs;
	return ERR_OK;
}

static enum err_code
find_rules(struct rules *rules, const char *rotators, uid_t vault, struct err *err)
{
	TRY(process_beside(rotators, rules->rotators, err));
	rules->plan.places =
	    (struct rotator_places){.shipped = rules->rotators, .own = {PROGRAMS_FOLDER}};
	rules->plan.vault = vault;
	TRY(geteuid() == 0 ? conf_read(&rules->plan.conf, err) : find_configuration(rules, err));
	kernel_look(&rules->plan.kernel);
	return ERR_OK;
}

/* --- One ---------------------------------------------------------------------------------- */

static enum err_code
start_it(const struct rules *rules, const struct start_message *message, struct run *run,
    struct err *err)
{
	PLAN plan = {.executable = -1, .program = -1};

	TRY(plan_make(&rules->plan, message, &plan, err));
	return run_start(&plan, message->fds, run, err);
}

static enum err_code
tell_it(int socket, const struct rules *rules, struct err *err)
{
	struct start_holds holds = {0};

	TRY(plan_holds(&rules->plan, &holds, err));
	return start_tell(socket, &holds, err);
}

/* Ours are closed once it was started: what is at its end, the vault shall see. */
static enum err_code
attend(int socket, const struct attend_for *for_whom, struct rules *rules, struct run *run,
    struct err *err)
{
	START_MESSAGE message = {.fds = {-1, -1, -1, -1, -1, -1}};

	TRY(start_hear(socket, process_milliseconds() + ASK_MILLISECONDS, &message, err));
	TRY(find_rules(rules, for_whom->rotators, for_whom->vault, err));
	if (message.tells)
		return tell_it(socket, rules, err);
	if (start_it(rules, &message, run, err) != ERR_OK)
		return err_add(err, "rotator %s", message.rotator);
	return ERR_OK;
}

void
attend_one(int socket, const struct attend_for *for_whom)
{
	CLEANUP(rules_done) struct rules rules = {0};
	struct run run = {.life = -1};
	struct start_ended ended;
	struct err err, unsaid;

	if (attend(socket, for_whom, &rules, &run, &err) != ERR_OK) {
		fprintf(stderr, "halligan-starter: refused to user %u: %s\n",
		    (unsigned)for_whom->vault, err.text);
		(void)!start_answer(socket, err.code, err.text, &unsaid);
		return;
	}
	if (run.pid == 0)
		return;                                   /* it asked what holds */
	(void)!start_answer(socket, ERR_OK, "", &unsaid); /* the vault's end is seen below */
	if (run_watch(&run, socket, &ended, &err) == ERR_OK)
		(void)!start_end(socket, &ended, &unsaid);
	else
		fprintf(stderr, "halligan-starter: %s\n", err.text);
}

/* --- All ---------------------------------------------------------------------------------- */

static void
wake(int number)
{
	(void)number; /* accept() is interrupted */
}

/* Under a name of its own first: nobody meets a socket with another mode, or none where there was one. */
static enum err_code
listen_at(const char *path, uid_t vault, int *ret_socket, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	FD listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (listener < 0 ||
	    snprintf(address.sun_path, sizeof(address.sun_path), "%s.new", path) >=
	        (int)sizeof(address.sun_path))
		return err_set(err, ERR_INVALID, "%s is too long for a socket's path", path);
	(void)unlink(address.sun_path);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    chmod(address.sun_path, 0600) != 0 || chown(address.sun_path, vault, (gid_t)-1) != 0 ||
	    listen(listener, BACKLOG) != 0 || rename(address.sun_path, path) != 0)
		return err_errno(err, ERR_IO, errno, "listening on %s", path);
	*ret_socket = listener;
	listener = -1;
	return ERR_OK;
}

static enum err_code
find_vault(uid_t *ret_vault, struct err *err)
{
	CONF conf = {0};

	*ret_vault = geteuid();
	if (geteuid() != 0)
		return ERR_OK;
	TRY(conf_read(&conf, err));
	return conf_vault(&conf, ret_vault) ?
	    ERR_OK :
	    err_set(err, ERR_REFUSED,
	        CONF_PATH
	        " names no vault's account, which alone may ask here (a line `vault NAME`)");
}

static unsigned
reap(void)
{
	unsigned ended = 0;

	while (waitpid(-1, NULL, WNOHANG) > 0)
		ended++;
	return ended;
}

/* Who connects is who it was then, whoever speaks later. */
static bool
is_vault(int socket, uid_t vault)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return false;
	if (peer.uid != vault)
		fprintf(stderr, "halligan-starter: refused to user %u: only user %u may ask here\n",
		    (unsigned)peer.uid, (unsigned)vault);
	return peer.uid == vault;
}

/* What it asks is heard first: an answer to what was not read yet would be lost with the connection. */
static void
refuse_busy(int socket)
{
	START_MESSAGE message = {.fds = {-1, -1, -1, -1, -1, -1}};
	struct err unsaid;

	(void)!start_hear(socket, process_milliseconds() + BUSY_MILLISECONDS, &message, &unsaid);
	(void)!start_answer(socket, ERR_BUSY,
	    "too many rotators run at once: the next attempt finds room", &unsaid);
}

/* A process of its own comes before any of its bytes. */
static bool
attend_beside(int listener, int socket, const struct attend_for *for_whom, bool busy)
{
	pid_t child = fork();

	if (child == 0) {
		close(listener);
		process_reset_signals();
		signal(SIGPIPE, SIG_IGN);
		if (busy)
			refuse_busy(socket);
		else
			attend_one(socket, for_whom);
		_exit(0);
	}
	return child > 0;
}

/* Of others' making, and it passes. */
static bool
is_scarce(int number)
{
	return number == EMFILE || number == ENFILE || number == ENOMEM || number == ENOBUFS;
}

static enum err_code
accept_all(int listener, const struct attend_for *for_whom, struct err *err)
{
	unsigned running = 0;

	for (;;) {
		running -= reap();
		FD socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (socket < 0 && is_scarce(errno))
			(void)poll(NULL, 0, SHORT_MILLISECONDS);
		else if (socket < 0 && errno != EINTR && errno != ECONNABORTED)
			return err_errno(err, ERR_IO, errno, "waiting for a vault");
		running -= reap();
		if (socket >= 0 && is_vault(socket, for_whom->vault) && running < HEARD_AT_ONCE &&
		    attend_beside(listener, socket, for_whom, running >= ATTEND_AT_ONCE))
			running++;
	}
}

enum err_code
attend_socket(const char *path, const char *rotators, struct err *err)
{
	const struct sigaction act = {.sa_handler = wake};
	struct attend_for for_whom = {.rotators = rotators};
	FD listener = -1;

	if (path[0] != '/')
		return err_set(err, ERR_USAGE, "--socket wants an absolute path, not %s", path);
	if (sigaction(SIGCHLD, &act, NULL) != 0)
		return err_errno(err, ERR_IO, errno, "hearing of ended processes");
	TRY(find_vault(&for_whom.vault, err));
	TRY(listen_at(path, for_whom.vault, &listener, err));
	return accept_all(listener, &for_whom, err);
}
