/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A workshop is a folder /tmp/halligan-ssh-* of ours alone with the agent's socket, the public key
 * (which tells ssh which of the agent's keys to use) and a known_hosts file with the pinned key.
 * It holds nothing secret.  The agent forgets the key by itself shortly after the deadline, should
 * we be killed before we can end it.
 *
 * What happened is read from ssh's own messages at log level VERBOSE and LC_ALL=C, in this order:
 * "Authenticated to": accepted, even when the command then failed; "Permission denied (" or "Too
 * many authentication failures" (one key was offered, so it was that one): refused; anything else:
 * unreachable.  The exit status cannot tell: 255 is also what a remote command may give.
 */
#include "rotators/ssh/client.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "rotators/contract/answer.h"
#include "rotators/program/child.h"

enum { CONNECT_SECONDS = 10, AGENT_SECONDS = 5, PATH_SIZE = 64 };

struct workshop {
	char folder[PATH_SIZE]; /* "" before it is made */
	char socket[PATH_SIZE + 16], key[PATH_SIZE + 16], hosts[PATH_SIZE + 16];
	pid_t agent;
};

/* How each type of host key is asked for. */
static const struct {
	const char *type, *algorithms;
} host_key_types[] = {
    {"ssh-ed25519", "ssh-ed25519"},
    {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"},
    {"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384"},
    {"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521"},
    {"ssh-rsa", "rsa-sha2-512,rsa-sha2-256"},
};

static const char *
algorithms_of(const struct ssh_public *host_key)
{
	for (size_t i = 0; i < ARRAY_SIZE(host_key_types); i++)
		if (strcmp(host_key->type, host_key_types[i].type) == 0)
			return host_key_types[i].algorithms;
	return NULL;
}

bool
ssh_host_key_valid(const struct ssh_public *host_key)
{
	return algorithms_of(host_key) != NULL;
}

static bool
name_valid(const char *name, size_t max, const char *extra)
{
	size_t size = strlen(name);

	if (size == 0 || size > max || name[0] == '-')
		return false;
	for (size_t i = 0; i < size; i++)
		if (!isascii(name[i]) ||
		    (!isalnum((unsigned char)name[i]) && strchr(extra, name[i]) == NULL))
			return false;
	return true;
}

bool
ssh_host_valid(const char *host)
{
	return name_valid(host, SSH_HOST_MAX, "._-:%");
}

bool
ssh_user_valid(const char *user)
{
	return name_valid(user, SSH_USER_MAX, "._-");
}

void
ssh_answer_done(struct ssh_answer *answer)
{
	buf_done(&answer->output);
}

/* --- The workshop ------------------------------------------------------------------------- */

static void
workshop_done(struct workshop *shop)
{
	if (shop->agent != 0)
		process_kill(shop->agent);
	if (shop->folder[0] == '\0')
		return;
	(void)unlink(shop->socket);
	(void)unlink(shop->key);
	(void)unlink(shop->hosts);
	(void)rmdir(shop->folder);
}

static enum err_code
make_folder(struct workshop *shop, struct err *err)
{
	char folder[PATH_SIZE] = "/tmp/halligan-ssh-XXXXXX";

	if (mkdtemp(folder) == NULL)
		return err_errno(err, ERR_IO, errno, "making a folder in /tmp for ssh");
	memcpy(shop->folder, folder, sizeof(folder));
	(void)snprintf(shop->socket, sizeof(shop->socket), "%s/agent", folder);
	(void)snprintf(shop->key, sizeof(shop->key), "%s/key.pub", folder);
	(void)snprintf(shop->hosts, sizeof(shop->hosts), "%s/hosts", folder);
	return ERR_OK;
}

static enum err_code
write_files(const struct workshop *shop, const struct ssh_target *target, struct view private_key,
    struct err *err)
{
	struct ssh_public public_key;
	BUF key = {0}, hosts = {0};

	TRY(openssh_key_public(private_key, &public_key, err));
	ssh_public_write(&public_key, &key);
	buf_u8(&key, '\n');
	buf_text(&hosts, "halligan-target ");
	ssh_public_write(&target->host_key, &hosts);
	buf_u8(&hosts, '\n');
	TRY(buf_check(&key, err));
	TRY(buf_check(&hosts, err));
	TRY(file_write_new(shop->key, buf_view(&key), 0600, err));
	return file_write_new(shop->hosts, buf_view(&hosts), 0600, err);
}

/* ssh-agent says where it listens as soon as it does. */
static enum err_code
start_agent(struct workshop *shop, struct err *err)
{
	static const char *const env[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", NULL};
	const char *const argv[] = {"ssh-agent", "-D", "-a", shop->socket, NULL};
	struct process_spawn spawn = {.path = "/usr/bin/ssh-agent",
	    .argv = argv,
	    .env = env,
	    .fds = {-1, -1, -1, -1, -1, -1, -1, -1}};
	FD ours = -1, theirs = -1;
	BUF line = {0};
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_errno(err, ERR_IO, errno, "making a pipe to ssh-agent");
	ours = ends[0];
	theirs = ends[1];
	spawn.fds[STDOUT_FILENO] = theirs;
	TRY(process_start(&spawn, &shop->agent, err));
	fd_closep(&theirs);
	if (fd_read_line(ours, 4096, &line, process_milliseconds() + AGENT_SECONDS * 1000, err) !=
	    ERR_OK)
		return err_add(err, "starting a private ssh-agent");
	return ERR_OK;
}

static enum err_code
load_key(const struct workshop *shop, struct view private_key, int64_t deadline, struct err *err)
{
	char socket[PATH_SIZE + 32], seconds[32];
	const char *const argv[] = {"ssh-add", "-q", "-t", seconds, "-", NULL};
	const char *const env[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", "SSH_ASKPASS=/bin/false",
	    "SSH_ASKPASS_REQUIRE=force", socket, NULL};
	BUF errors = {0};
	struct child child = {.path = "/usr/bin/ssh-add",
	    .argv = argv,
	    .env = env,
	    .input = private_key,
	    .errors = &errors,
	    .executable = -1,
	    .deadline = deadline};
	int64_t left = (deadline - process_milliseconds()) / 1000;
	int status;

	(void)snprintf(socket, sizeof(socket), "SSH_AUTH_SOCK=%s", shop->socket);
	(void)snprintf(seconds, sizeof(seconds), "%lld", (long long)(left < 0 ? 1 : left + 5));
	TRY(child_run(&child, &status, err));
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return err_set(err, ERR_INVALID, "ssh-add does not take the private key");
	return ERR_OK;
}

/* --- What ssh said ------------------------------------------------------------------------ */

static bool
says(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

/* At the beginning of a line: the command's own words come after it, never before. */
static bool
authenticated(const char *text)
{
	static const char words[] = "Authenticated to ";

	return strncmp(text, words, sizeof(words) - 1) == 0 || says(text, "\nAuthenticated to ");
}

/* The last line with something in it, when it is plain text. */
static void
last_line(const char *text, char ret_detail[ROTATOR_DETAIL_MAX + 1])
{
	size_t end = strlen(text), start;
	char line[ROTATOR_DETAIL_MAX + 1];

	while (end > 0 && isspace((unsigned char)text[end - 1]))
		end--;
	for (start = end; start > 0 && text[start - 1] != '\n';)
		start--;
	if (end - start > ROTATOR_DETAIL_MAX || end == start ||
	    !text_is_plain(view_of(text + start, end - start))) {
		answer_detail("ssh failed without saying why", ret_detail);
		return;
	}
	memcpy(line, text + start, end - start);
	line[end - start] = '\0';
	answer_detail(line, ret_detail);
}

static void
judge(const struct ssh_target *target, const char *text, struct ssh_answer *answer)
{
	if (authenticated(text)) {
		answer->outcome = SSH_ACCEPTED;
		return;
	}
	answer->outcome = SSH_UNREACHABLE;
	if (says(text, ": Permission denied (") || says(text, "Too many authentication failures")) {
		answer->outcome = SSH_REFUSED;
		(void)snprintf(answer->detail, sizeof(answer->detail),
		    "%s does not let %s in with this key", target->host, target->user);
	} else if (says(text, "Host key verification failed") ||
	    says(text, "HOST IDENTIFICATION HAS CHANGED") ||
	    says(text, "no matching host key type")) {
		(void)snprintf(answer->detail, sizeof(answer->detail),
		    "%s does not show the host key of the definition: an attack, or a rebuilt "
		    "host; the key was not offered; compare the host's key at its console",
		    target->host);
	} else {
		last_line(text, answer->detail);
	}
}

/* --- The login ---------------------------------------------------------------------------- */

/* Longest: -o HostKeyAlgorithms=..., -o and a path. */
struct option {
	char text[160];
};

static enum err_code
run_ssh(const struct workshop *shop, const struct ssh_target *target, const char *command,
    struct child *child, int *ret_status, struct err *err)
{
	static const char *const env[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", NULL};
	struct option agent, key, hosts, algorithms, port, timeout;
	int64_t left = (child->deadline - process_milliseconds()) / 1000;
	const char *const argv[] = {"ssh", "-F", "none", "-T", "-a", "-x", "-o", "BatchMode=yes",
	    "-o", "LogLevel=VERBOSE", "-o", "IdentitiesOnly=yes", "-o",
	    "PreferredAuthentications=publickey", "-o", "PubkeyAuthentication=yes", "-o",
	    "NumberOfPasswordPrompts=0", "-o", "StrictHostKeyChecking=yes", "-o",
	    "GlobalKnownHostsFile=/dev/null", "-o", "HostKeyAlias=halligan-target", "-o",
	    "CheckHostIP=no", "-o", "UpdateHostKeys=no", "-o", "VerifyHostKeyDNS=no", "-o",
	    "NoHostAuthenticationForLocalhost=no", "-o", "CanonicalizeHostname=no", "-o",
	    "ConnectionAttempts=1", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3",
	    "-o", "ClearAllForwardings=yes", "-o", "ControlMaster=no", "-o", "ControlPath=none",
	    "-o", "ProxyCommand=none", "-o", "PermitLocalCommand=no", "-o", "EscapeChar=none", "-o",
	    agent.text, "-o", key.text, "-o", hosts.text, "-o", algorithms.text, "-o", port.text,
	    "-o", timeout.text, "-l", target->user, "--", target->host, command, NULL};

	left = left < 1 ? 1 : left > CONNECT_SECONDS ? CONNECT_SECONDS : left;
	(void)snprintf(agent.text, sizeof(agent.text), "IdentityAgent=%s", shop->socket);
	(void)snprintf(key.text, sizeof(key.text), "IdentityFile=%s", shop->key);
	(void)snprintf(hosts.text, sizeof(hosts.text), "UserKnownHostsFile=%s", shop->hosts);
	(void)snprintf(algorithms.text, sizeof(algorithms.text), "HostKeyAlgorithms=%s",
	    algorithms_of(&target->host_key));
	(void)snprintf(port.text, sizeof(port.text), "Port=%u", target->port);
	(void)snprintf(timeout.text, sizeof(timeout.text), "ConnectTimeout=%lld", (long long)left);
	child->path = "/usr/bin/ssh";
	child->argv = argv;
	child->env = env;
	return child_run(child, ret_status, err);
}

enum err_code
ssh_client_run(const struct ssh_target *target, struct view private_key, const char *command,
    struct view input, int64_t deadline, struct ssh_answer *ret_answer, struct err *err)
{
	CLEANUP(workshop_done) struct workshop shop = {0};
	SSH_ANSWER answer = {0};
	BUF errors = {0};
	struct child child = {.input = input,
	    .output = &answer.output,
	    .errors = &errors,
	    .executable = -1,
	    .deadline = deadline};
	int status;

	TRY(make_folder(&shop, err));
	TRY(write_files(&shop, target, private_key, err));
	TRY(start_agent(&shop, err));
	TRY(load_key(&shop, private_key, deadline, err));
	enum err_code code = run_ssh(&shop, target, command, &child, &status, err);

	if (code != ERR_OK && code != ERR_TARGET_UNKNOWN && code != ERR_PROTOCOL)
		return code;
	judge(target, buf_string(&errors), &answer);
	if (code != ERR_OK && answer.outcome != SSH_ACCEPTED)
		(void)snprintf(answer.detail, sizeof(answer.detail), "%s gave no answer in time",
		    target->host);
	*ret_answer = TAKE(answer);
	return ERR_OK;
}
