/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/agent.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/process.h"
#include "base/runner.h"
#include "base/text.h"

#define SSH_ADD "/usr/bin/ssh-add"
enum { START_MILLISECONDS = 10000, ADD_MILLISECONDS = 20000, LOOK_MILLISECONDS = 20 };

/* What `ssh-add -l` exits with: an agent without keys; none that answers. */
enum { AGENT_EMPTY = 1, AGENT_ABSENT = 2 };

void
agent_done(struct agent *agent)
{
	struct err ignored;

	(void)!agent_end(agent, &ignored);
}

/* ---- the folder ---- */

/* Its paths stand in commands that people copy, and in ssh's configuration: none needs a quotation mark there. */
static bool
is_simple(const char *path)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "/._-";

	return path[0] == '/' && path[strspn(path, letters)] == '\0';
}

/* The folder that a login session has for such things, when it is one. */
static const char *
find_above(void)
{
	enum { ABOVE_MAX = AGENT_FOLDER_SIZE - sizeof("/halligan-lease-XXXXXX") };
	const char *path = secure_getenv("XDG_RUNTIME_DIR");
	struct stat status;

	if (path == NULL || !is_simple(path) || strlen(path) > ABOVE_MAX ||
	    stat(path, &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != geteuid() ||
	    (status.st_mode & 077) != 0)
		return "/tmp";
	return path;
}

static enum err_code
make_folder(struct agent *agent, struct err *err)
{
	snprintf(agent->folder, sizeof(agent->folder), "%s/halligan-lease-XXXXXX", find_above());
	if (mkdtemp(agent->folder) == NULL) /* 0700 */
		return err_errno(err, ERR_REFUSED, errno,
		    "cannot make a folder for an ssh-agent below %s", find_above());
	snprintf(agent->socket, sizeof(agent->socket), "%s/agent", agent->folder);
	return ERR_OK;
}

/* ---- asking it ---- */

/* Run ssh-add with ARGV, BYTES on its standard input; what it says goes into RET_WORDS.  RET_STATUS is waitpid's. */
static enum err_code
run_ssh_add(const struct agent *agent, const char *const *argv, struct view bytes,
    int64_t milliseconds, struct buf *ret_words, int *ret_status, struct err *err)
{
	char variable[AGENT_SOCKET_SIZE + sizeof("SSH_AUTH_SOCK=")];
	const char *const env[] = {variable, "PATH=/usr/bin:/bin", "LANG=C.UTF-8", NULL};
	const struct child child = {.path = SSH_ADD,
	    .argv = argv,
	    .env = env,
	    .input = bytes,
	    .executable = -1,
	    .deadline = process_milliseconds() + milliseconds,
	    .errors = ret_words,
	    .beside_others = true};

	snprintf(variable, sizeof(variable), "SSH_AUTH_SOCK=%s", agent->socket);
	return child_run(&child, ret_status, err);
}

static enum err_code
tell_words(struct buf *words, const char *what, struct err *err)
{
	/* Its last newline would be seen. */
	while (words->size > 0 && words->data[words->size - 1] == '\n')
		words->size--;
	err_set(err, ERR_REFUSED, "%s", what);
	return words->size == 0 ? err->code :
	                          err_part(err, "ssh-add says: %s", QUOTED(buf_string(words)));
}

/* Its socket stands there a moment before it listens, and longer on a busy machine: until then nobody answers. */
static bool
may_answer_later(const struct agent *agent, int status, int64_t deadline)
{
	if (!WIFEXITED(status) || WEXITSTATUS(status) != AGENT_ABSENT ||
	    process_milliseconds() >= deadline || process_await(agent->keeper.pid, 0))
		return false;
	poll(NULL, 0, LOOK_MILLISECONDS);
	return true;
}

/* An agent that holds keys already is none that we started. */
static enum err_code
await_empty(const struct agent *agent, struct err *err)
{
	static const char *const argv[] = {"ssh-add", "-l", NULL};
	const int64_t deadline = process_milliseconds() + START_MILLISECONDS;
	BUF words = {0};
	int status = 0;

	do {
		buf_done(&words);
		if (run_ssh_add(agent, argv, view_of(NULL, 0), START_MILLISECONDS, &words, &status,
		        err) != ERR_OK) {
			/* Whatever it was: no target has been asked for anything. */
			err->code = ERR_REFUSED;
			return err_add(err, "asking the ssh-agent of this lease");
		}
	} while (may_answer_later(agent, status, deadline));
	if (WIFEXITED(status) && WEXITSTATUS(status) == AGENT_EMPTY)
		return ERR_OK;
	return tell_words(&words,
	    "the ssh-agent that was started for this lease does not answer as one; does `ssh-agent -D` "
	    "work here?",
	    err);
}

enum err_code
agent_start(struct agent *ret_agent, struct err *err)
{
	AGENT agent = {0};

	if (access(SSH_ADD, X_OK) != 0)
		return err_set(err, ERR_REFUSED, "there is no %s; install openssh-client", SSH_ADD);
	TRY(make_folder(&agent, err));
	if (agent_keeper_start(agent.folder, agent.socket, &agent.keeper, err) != ERR_OK) {
		(void)rmdir(agent.folder);
		return err->code;
	}
	TRY(await_empty(&agent, err));
	*ret_agent = TAKE(agent);
	return ERR_OK;
}

enum err_code
agent_add(const struct agent *agent, struct view key, int64_t seconds, struct err *err)
{
	char lifetime[24];
	const char *const argv[] = {"ssh-add", "-q", "-t", lifetime, "-", NULL};
	BUF words = {0};
	int status = 0;

	snprintf(lifetime, sizeof(lifetime), "%lld", (long long)(seconds > 0 ? seconds : 1));
	TRY(run_ssh_add(agent, argv, key, ADD_MILLISECONDS, &words, &status, err));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return ERR_OK;
	return tell_words(&words, "the ssh-agent of this lease does not take the key", err);
}

enum err_code
agent_leave(struct agent *agent, int64_t seconds, struct err *err)
{
	return agent_keeper_leave(&agent->keeper, seconds, err);
}

enum err_code
agent_end(struct agent *agent, struct err *err)
{
	return agent_keeper_end(&agent->keeper, err);
}
