/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/openssh_key.h"
#include "base/process.h"
#include "base/runner.h"
#include "base/text.h"

#define SSH_ADD "/usr/bin/ssh-add"
enum { AGENT_MILLISECONDS = 20000 };

/* What `ssh-add -l` exits with when no agent answers; 1 is one without keys. */
enum { AGENT_ABSENT = 2 };

static enum err_code
find_socket(const char **ret_socket, struct err *err)
{
	const char *socket = secure_getenv("SSH_AUTH_SOCK");

	if (socket == NULL || socket[0] == '\0')
		return err_set(err, ERR_REFUSED,
		    "there is no ssh-agent: SSH_AUTH_SOCK is not set; start one with `eval \"$(ssh-agent)"
		    "\"` and open again");
	*ret_socket = socket;
	return ERR_OK;
}

/* Run ssh-add with ARGV, BYTES on its standard input; what it says goes into RET_WORDS.  RET_STATUS is waitpid's. */
static enum err_code
run_ssh_add(const char *const *argv, struct view bytes, struct buf *ret_words, int *ret_status,
    struct err *err)
{
	const char *socket = NULL;
	char variable[4200];
	const char *const env[] = {variable, "PATH=/usr/bin:/bin", "LANG=C.UTF-8", NULL};
	const struct child child = {.path = SSH_ADD,
	    .argv = argv,
	    .env = env,
	    .input = bytes,
	    .executable = -1,
	    .deadline = process_milliseconds() + AGENT_MILLISECONDS,
	    .errors = ret_words,
	    .beside_others = true};

	TRY(find_socket(&socket, err));
	(void)snprintf(variable, sizeof(variable), "SSH_AUTH_SOCK=%s", socket);
	return child_run(&child, ret_status, err);
}

static enum err_code
change(const char *const *argv, struct view bytes, struct err *err)
{
	BUF words = {0};
	int status = 0;

	TRY(run_ssh_add(argv, bytes, &words, &status, err));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return ERR_OK;
	/* Its last newline would be seen. */
	while (words.size > 0 && words.data[words.size - 1] == '\n')
		words.size--;
	err_set(err, ERR_REFUSED, "ssh-add failed; does the agent of SSH_AUTH_SOCK run?");
	return words.size == 0 ? err->code :
	                         err_part(err, "ssh-add says: %s", QUOTED(buf_string(&words)));
}

enum err_code
agent_check(struct err *err)
{
	static const char *const argv[] = {"ssh-add", "-l", NULL};
	const char *socket = NULL;
	BUF words = {0}; /* they say no more than its status */
	int status = 0;

	TRY(find_socket(&socket, err));
	if (run_ssh_add(argv, view_of(NULL, 0), &words, &status, err) != ERR_OK) {
		err->code =
		    ERR_REFUSED; /* whatever it was: no target has been asked for anything */
		return err_add(err, "asking the ssh-agent");
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) >= AGENT_ABSENT)
		return err_set(err, ERR_REFUSED,
		    "no ssh-agent answers at %.200s (SSH_AUTH_SOCK); start one with `eval \"$(ssh-agent)\"` "
		    "and open again",
		    socket);
	return ERR_OK;
}

enum err_code
agent_add(struct view key, int64_t seconds, struct err *err)
{
	char lifetime[24];
	const char *const argv[] = {"ssh-add", "-q", "-t", lifetime, "-", NULL};

	snprintf(lifetime, sizeof(lifetime), "%lld", (long long)(seconds > 0 ? seconds : 1));
	return change(argv, key, err);
}

enum err_code
agent_remove(struct view key, struct err *err)
{
	const char *const argv[] = {"ssh-add", "-q", "-d", "-", NULL};
	struct ssh_public public_key;
	BUF line = {0};

	TRY(openssh_key_public(key, &public_key, err));
	ssh_public_write(&public_key, &line);
	buf_u8(&line, '\n');
	TRY(buf_check(&line, err));
	return change(argv, buf_view(&line), err);
}
