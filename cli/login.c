/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In the folder of the lease's agent:
 *
 *	config		a Host for each secret
 *	known_hosts	the pinned host key of each, by its alias
 *	ALIAS.pub	the released key's public half, so that ssh offers this one alone
 *
 * A target's members are the rotator's to judge, and two people signed them; whatever could mean something else in a
 * configuration (spaces, quotation marks, percent signs) is not written there all the same.
 */
#include "cli/login.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json_in.h"
#include "base/openssh_key.h"

enum {
	PORT = 22,
	PORT_MAX = 65535,
	PORT_DIGITS = 5,
	FILE_MAX = 4 * 1024 * 1024,
	LOGIN_NAME_SIZE = LOGIN_ALIAS_SIZE + sizeof(".pub")
};

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static bool
is_of(const char *text, const char *letters)
{
	return text[0] != '\0' && text[0] != '-' && text[strspn(text, letters)] == '\0';
}

static bool
is_host(const char *text)
{
	return is_of(text, LETTERS ".:_-");
}

/* A number, or one as --target port=22 gives it. */
static unsigned
read_port(struct json_in *in, const struct json *object)
{
	unsigned port = 0;

	if (json_object_text(object, "port") == NULL)
		return (unsigned)json_in_int_optional(in, "port", 1, PORT_MAX, PORT);
	for (const char *digit = json_in_text(in, "port", 1, PORT_DIGITS); *digit != '\0';
	     digit++) {
		if (*digit < '0' || *digit > '9')
			json_in_fail(in, "port", "must be a number");
		port = 10 * port + (unsigned)(*digit - '0');
	}
	if (port < 1 || port > PORT_MAX)
		json_in_fail(in, "port", "must be 1 to 65535");
	return port;
}

static bool
read_jump(const struct json *target, struct login *login)
{
	struct err ignored;
	struct json_in in = json_in(target, "target", &ignored);
	const struct json *jump = json_in_object_optional(&in, "jump");

	if (jump == NULL)
		return in.code == ERR_OK;
	in = json_in(jump, "jump", &ignored);
	snprintf(login->jump, sizeof(login->jump), "%s",
	    json_in_text(&in, "host", 1, LOGIN_HOST_MAX));
	login->jump_port = read_port(&in, jump);
	return in.code == ERR_OK && is_host(login->jump);
}

bool
login_read(const struct definition *definition, struct login *ret_login)
{
	struct err ignored;
	struct json_in in = json_in(definition->target, "target", &ignored);
	struct login login = {0};

	snprintf(login.hostname, sizeof(login.hostname), "%s",
	    json_in_text(&in, "host", 1, LOGIN_HOST_MAX));
	snprintf(login.account, sizeof(login.account), "%s",
	    json_in_text(&in, "user", 1, LOGIN_USER_MAX));
	login.port = read_port(&in, definition->target);
	const char *host_key = json_in_text(&in, "host_key", 1, TARGET_TEXT_MAX);
	if (in.code != ERR_OK || !is_host(login.hostname) ||
	    !is_of(login.account, LETTERS "._-@+$") ||
	    ssh_public_parse(view_of_text(host_key), &login.host_key, &ignored) != ERR_OK ||
	    !ssh_type_known(login.host_key.type) || !read_jump(definition->target, &login))
		return false;
	snprintf(login.alias, sizeof(login.alias), "%s", definition->name);
	for (char *c = strchr(login.alias, '/'); c != NULL; c = strchr(c, '/'))
		*c = '-';
	*ret_login = login;
	return true;
}

/* The first Host that fits wins: what is for all of them would stand at the end, so each has it of its own. */
static void
write_host(const struct login *login, const struct agent *agent, struct buf *text)
{
	buf_format(text, "Host %s\n\tHostName %s\n\tPort %u\n\tUser %s\n\tHostKeyAlias %s\n",
	    login->alias, login->hostname, login->port, login->account, login->alias);
	buf_format(text, "\tIdentityAgent %s\n\tIdentityFile %s/%s.pub\n\tIdentitiesOnly yes\n",
	    agent->socket, agent->folder, login->alias);
	buf_format(text,
	    "\tUserKnownHostsFile %s/known_hosts\n\tGlobalKnownHostsFile /dev/null\n"
	    "\tStrictHostKeyChecking yes\n\tUpdateHostKeys no\n\tVerifyHostKeyDNS no\n"
	    "\tPreferredAuthentications publickey\n\tForwardAgent no\n",
	    agent->folder);
	if (login->jump[0] != '\0') /* there the person is somebody of their own */
		buf_format(text, "\tProxyCommand /usr/bin/ssh -W [%%h]:%%p -p %u -- %s\n",
		    login->jump_port, login->jump);
}

/* MORE at the end of the file NAME in the folder, which need not exist. */
static enum err_code
append(const struct agent *agent, const char *name, const struct buf *more, struct err *err)
{
	char path[4096];
	BUF text = {0};

	TRY(buf_check(more, err));
	TRY(file_path(agent->folder, name, path, err));
	if (file_exists(path))
		TRY(file_read(path, FILE_MAX, &text, err));
	buf_bytes(&text, buf_view(more));
	TRY(buf_check(&text, err));
	return file_write(path, buf_view(&text), 0600, err);
}

/* An alias that is not taken, and the NAME of its file. */
static enum err_code
choose_alias(struct login *login, const struct agent *agent, char name[LOGIN_NAME_SIZE],
    struct err *err)
{
	size_t size = strlen(login->alias);
	char path[4096];

	for (unsigned number = 2;; number++) {
		snprintf(name, LOGIN_NAME_SIZE, "%s.pub", login->alias);
		TRY(file_path(agent->folder, name, path, err));
		if (number > DEFINITIONS || !file_exists(path))
			return ERR_OK;
		snprintf(login->alias + size, sizeof(login->alias) - size, "-%u", number);
	}
}

enum err_code
login_write(struct login *login, const struct agent *agent, struct view key, struct err *err)
{
	char name[LOGIN_NAME_SIZE];
	struct ssh_public public_key;
	BUF half = {0}, host = {0}, known = {0};

	TRY(openssh_key_public(key, &public_key, err));
	TRY(choose_alias(login, agent, name, err));
	ssh_public_write(&public_key, &half);
	buf_u8(&half, '\n');
	write_host(login, agent, &host);
	buf_format(&known, "%s ", login->alias);
	ssh_public_write(&login->host_key, &known);
	buf_u8(&known, '\n');
	TRY(append(agent, name, &half, err));
	TRY(append(agent, "known_hosts", &known, err));
	return append(agent, "config", &host, err);
}
