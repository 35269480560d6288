/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server is a child on a socketpair: our own executable with `serve --stdio`, or ssh with the
 * same command at its other end.  The child of a local vault has its own process group, so that a
 * Ctrl-C here does not end it in the middle of a rotation; ssh is lent the terminal until the connection
 * stands, since it may have to ask there (lending.h).  What either writes to its standard error comes through a pipe
 * (overheard.h), and the errors of a far one are words of others, too.
 */
#include "ceremony/client/connection.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/child.h"
#include "base/text.h"
#include "ceremony/client/lending.h"
#include "ceremony/client/location.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/wire.h"

#define SSH_PATH "/usr/bin/ssh"
enum { END_MILLISECONDS = 10000, LOOK_MILLISECONDS = 50, LAST_WORDS_MILLISECONDS = 500 };

struct client {
	struct client_options options;
	struct location location;
	struct client_hello hello;
	bool warned; /* the person knows that it is a training vault */
	pid_t pid;   /* of the child; 0: none */
	struct lending lending;
	struct pipeline server;
	struct vault_view view;
	struct known_definitions known;
};

static const char *const state_names[] = {"absent", "founding", "live", NULL};

/* HOME and USER for the tools that a rotator runs; nothing else of ours concerns the server. */
struct server_environment {
	char home[4200], user[300];
	const char *names[6];
};

static void
fill_environment(struct server_environment *environment)
{
	const char *home = secure_getenv("HOME");
	const char *user = secure_getenv("USER");

	snprintf(environment->home, sizeof(environment->home), "HOME=%s",
	    home != NULL ? home : "/");
	snprintf(environment->user, sizeof(environment->user), "USER=%s", user != NULL ? user : "");
	environment->names[0] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	environment->names[1] = "LANG=C.UTF-8";
	environment->names[2] = environment->home;
	environment->names[3] = environment->user;
	environment->names[4] = NULL;
}

/* What a server or ssh gets: the end of a socket, and that of a pipe. */
struct ends {
	int socket, errors;
};

static void
ends_done(struct ends *ends)
{
	fd_closep(&ends->socket);
	fd_closep(&ends->errors);
}

static enum err_code
start_local(const struct client *client, const struct ends *ends, pid_t *ret_pid, struct err *err)
{
	const char *const argv[] = {"halligan", "serve", "--stdio", "--vault",
	    client->location.folder, NULL};
	struct server_environment environment;
	struct process_spawn spawn = {.path = client->options.self,
	    .argv = argv,
	    .env = environment.names,
	    .fds = {ends->socket, ends->socket, ends->errors, -1, -1, -1, -1, -1}};

	fill_environment(&environment);
	return process_start(&spawn, ret_pid, err);
}

/* What a person's ssh_config may say for people, and would spoil a connection of a program's: another command than ours,
 * none at all, an input that is /dev/null, forwardings whose ports are taken.  A host can have ssh ask about further
 * keys of its at any time, and the answer would go to ssh.  A link that is dead without a reset ends after a minute. */
static const char *const ssh_options[] = {"UpdateHostKeys=no", "RemoteCommand=none",
    "PermitLocalCommand=no", "StdinNull=no", "SessionType=default", "ForkAfterAuthentication=no",
    "RequestTTY=no", "ClearAllForwardings=yes", "Tunnel=no", "ConnectTimeout=20",
    "ConnectionAttempts=1", "ServerAliveInterval=15", "ServerAliveCountMax=3"};

static enum err_code
start_remote(struct client *client, const struct ends *ends, pid_t *ret_pid, struct err *err)
{
	const struct location *location = &client->location;
	BUF command = {0};
	char port[16], host[LOCATION_HOST_MAX + LOCATION_USER_MAX + 2];
	const char *argv[2 * ARRAY_SIZE(ssh_options) + 12] = {"ssh", "-T", "-x", "-a"};
	size_t count = 4;
	struct process_spawn spawn = {.path = SSH_PATH,
	    .argv = argv,
	    .env = (const char *const *)environ,
	    .fds = {ends->socket, ends->socket, ends->errors, -1, -1, -1, -1, -1},
	    /* Where it cannot be lent the terminal, it has it as we do. */
	    .same_group = !lending_can(&client->lending)};

	TRY(location_remote_command(location, &command, err));
	snprintf(host, sizeof(host), "%s%s%s", location->user, location->user[0] != '\0' ? "@" : "",
	    location->host);
	snprintf(port, sizeof(port), "%u", location->port);
	for (size_t i = 0; i < ARRAY_SIZE(ssh_options); i++) {
		argv[count++] = "-o";
		argv[count++] = ssh_options[i];
	}
	if (location->port != 0) {
		argv[count++] = "-p";
		argv[count++] = port;
	}
	argv[count++] = "--";
	argv[count++] = host;
	argv[count++] = buf_string(&command);
	TRY(process_start(&spawn, ret_pid, err));
	lending_begin(&client->lending, *ret_pid);
	return ERR_OK;
}

/* Their ends into RET_ENDS, ours into the pipeline. */
static enum err_code
open_ends(struct client *client, struct ends *ret_ends, struct err *err)
{
	int sockets[2], errors[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
		return err_set(err, ERR_IO, "cannot make a socket to the server");
	client->server.fd = sockets[0];
	ret_ends->socket = sockets[1];
	if (pipe2(errors, O_CLOEXEC) != 0)
		return err_set(err, ERR_IO, "cannot make a pipe from the server");
	overheard_begin(&client->server.overheard, errors[0],
	    client->location.remote ? "ssh or the vault host" : "the vault's server",
	    client->options.ui);
	ret_ends->errors = errors[1];
	return ERR_OK;
}

static enum err_code
start_server(struct client *client, struct err *err)
{
	CLEANUP(ends_done) struct ends ends = {-1, -1};

	TRY(open_ends(client, &ends, err));
	client->server.far = client->location.remote;
	client->server.who = client->location.remote ? client->location.host : "the vault's server";
	enum err_code code = client->location.remote ?
	    start_remote(client, &ends, &client->pid, err) :
	    start_local(client, &ends, &client->pid, err);
	return code == ERR_OK ? ERR_OK : err_add(err, "cannot start the server");
}

static enum err_code
read_hello(struct client *client, struct json_in *in, struct err *err)
{
	struct client_hello hello = {0};
	int64_t protocol = json_in_int(in, "protocol", 0, INT32_MAX);

	if (in->code == ERR_OK && protocol != WIRE_PROTOCOL)
		return err_set(err, ERR_PROTOCOL,
		    "the server speaks protocol %d, this Halligan %d: they "
		    "are of different versions",
		    (int)protocol, WIRE_PROTOCOL);
	snprintf(hello.version, sizeof(hello.version), "%s",
	    json_in_text(in, "version", 1, sizeof(hello.version) - 1));
	hello.state = (enum vault_state)json_in_choice(in, "state", state_names);
	snprintf(hello.secrets, sizeof(hello.secrets), "%s",
	    json_in_text(in, "secrets", 1, sizeof(hello.secrets) - 1));
	hello.ahead = client->options.now() - json_in_time(in, "time");
	if (hello.state != VAULT_ABSENT) {
		snprintf(hello.name, sizeof(hello.name), "%s",
		    json_in_text(in, "name", 1, VAULT_NAME_MAX));
		if (!charter_name_valid(hello.name))
			json_in_fail(in, "name", "no vault's name");
		hello.training = json_in_bool(in, "training");
	}
	if (hello.state == VAULT_LIVE)
		json_in_hex(in, "vault", hello.vault.bytes, DIGEST_SIZE);
	TRY(json_in_end(in));
	client->hello = hello;
	return ERR_OK;
}

static struct json *
greeting(void)
{
	struct json *request = op_new("hello");

	json_put_int(request, "protocol", WIRE_PROTOCOL);
	return request;
}

enum err_code
client_greet(struct client *client, struct err *err)
{
	REPLY reply = {0};

	TRY(client_ask(client, greeting(), "hello", &reply, err));
	TRY(read_hello(client, &reply.in, err));
	overheard_hush(&client->server.overheard); /* ssh has no more to ask */
	if (client->hello.training && !client->warned)
		ui_say(client->options.ui,
		    "TRAINING: %s is a training vault. It takes simulated tokens and protects "
		    "nothing.",
		    client->hello.name);
	client->warned = client->hello.training;
	return ERR_OK;
}

static enum err_code
new_client(const struct client_options *options, struct client **ret_client, struct err *err)
{
	struct client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		return err_set(err, ERR_MEMORY, "out of memory");
	client->options = *options;
	client->server = (struct pipeline){.fd = -1, .ui = options->ui};
	client->lending.terminal = -1;
	*ret_client = client;
	return ERR_OK;
}

enum err_code
client_connect(const struct client_options *options, struct client **ret_client, struct err *err)
{
	CLIENT *client = NULL;

	TRY(new_client(options, &client, err));
	TRY(location_parse(options->vault, &client->location, err));
	TRY(start_server(client, err));
	client_foresee(client, greeting());
	if (options->foresee != NULL)
		options->foresee(client, options->plan);
	lending_await(&client->lending, client->server.fd, &client->server.overheard.beside);
	lending_end(&client->lending);
	if (client_greet(client, err) != ERR_OK) {
		const char *text = client->location.text;

		return strncmp(err->text, text, strlen(text)) == 0 ? err->code :
		                                                     err_add(err, "%s", text);
	}
	*ret_client = TAKE(client);
	return ERR_OK;
}

const struct client_hello *
client_hello(const struct client *client)
{
	return &client->hello;
}

const struct client_options *
client_options(const struct client *client)
{
	return &client->options;
}

const char *
client_location(const struct client *client)
{
	return client->location.text;
}

const struct vault_view *
client_keep(struct client *client, struct vault_view *view)
{
	vault_view_done(&client->view);
	client->view = *view;
	*view = (struct vault_view){0};
	return &client->view;
}

struct known_definitions *
client_known(struct client *client)
{
	return &client->known;
}

const char *
client_who(const struct client *client)
{
	return client->server.who;
}

bool
client_has_answer(const struct client *client)
{
	return pipeline_has_answer(&client->server);
}

bool
client_is_far(const struct client *client)
{
	return client->location.remote;
}

struct text_quoted
words_told(bool far, const char *words)
{
	struct text_quoted told;

	if (far && words[0] != '\0' && !text_is_name(words))
		return text_quoted(words);
	snprintf(told.text, sizeof(told.text), "%s", words);
	return told;
}

/* It is heard meanwhile, so that it need not wait for us. */
static void
await_end(struct client *client)
{
	int64_t deadline = process_milliseconds() + END_MILLISECONDS;
	struct err ignored;
	int status;

	while (!process_await(client->pid, process_milliseconds() + LOOK_MILLISECONDS) &&
	    process_milliseconds() < deadline)
		overheard_hear(&client->server.overheard);
	(void)!process_wait(client->pid, deadline, &status, &ignored);
}

/* A server that is still at work gets a moment to come to a good place; it can be ended anywhere.  A far one is not
 * waited for: what it did was told, and ssh would take the way there and back again to say that it has ended. */
void
client_freep(struct client **ref)
{
	struct client *client = TAKE(*ref);

	if (client == NULL)
		return;
	lending_end(&client->lending);
	pipeline_end(&client->server);
	if (client->pid > 0 && !client->location.remote)
		await_end(client);
	overheard_end(&client->server.overheard);
	vault_view_done(&client->view);
	for (size_t i = 0; i < client->known.count; i++)
		definitions_done(&client->known.sets[i]);
	free(client);
}

void
client_tell_overheard(struct client *client)
{
	overheard_tell(&client->server.overheard);
}

/* What another machine says is quoted, part by part. */
static enum err_code
mark_theirs(struct err *err)
{
	const struct err said = *err;
	char part[ERR_TEXT_SIZE];

	err_copy_part(&said, 0, part);
	err_set(err, said.code, "the vault host says: %s", QUOTED(part));
	for (size_t i = 1; i < err_parts(&said); i++) {
		err_copy_part(&said, i, part);
		err_part(err, "%s", QUOTED(part));
	}
	return err->code;
}

/* An error reply becomes our error. */
static enum err_code
read_error(const struct client *client, const struct json *reply, struct err *err)
{
	struct json_in in = json_in(reply, "the server's reply", err);

	if (json_in_bool(&in, "ok"))
		return ERR_OK;
	enum err_code code = in_error(&in, err);
	return in.code == ERR_OK && client->location.remote ? mark_theirs(err) : code;
}

/* The other side has gone, or nobody can follow it any more. */
static enum err_code
break_off(struct client *client, struct err *err)
{
	struct overheard *overheard = &client->server.overheard;

	pipeline_end(&client->server);
	overheard_finish(overheard, process_milliseconds() + LAST_WORDS_MILLISECONDS);
	return overheard_explain(overheard, err);
}

void
client_foresee(struct client *client, struct json *request)
{
	pipeline_ahead(&client->server, request, (struct view){0});
}

void
client_send_ahead(struct client *client, struct json *request, struct view blob)
{
	pipeline_ahead(&client->server, request, blob);
}

enum err_code
client_send(struct client *client, struct json *request, struct view blob, const char *what,
    struct reply *ret_reply, struct err *err)
{
	JSON *owned = request;
	REPLY reply = {0};
	enum err_code code;

	code = pipeline_ask(&client->server, owned, blob, &reply, err);
	if (code == ERR_NOT_FOUND)
		code = err_set(err, ERR_PROTOCOL,
		    "the server ended before it answered; nothing is lost");
	if (code != ERR_OK)
		return break_off(client, err);
	code = read_error(client, reply.json, err);
	if (code == ERR_PROTOCOL)
		return break_off(client, err);
	if (code != ERR_OK)
		return code;
	reply.in = reply_in(reply.json, what, err);
	*ret_reply = TAKE(reply);
	return ERR_OK;
}

enum err_code
client_ask(struct client *client, struct json *request, const char *what, struct reply *ret_reply,
    struct err *err)
{
	return client_send(client, request, (struct view){0}, what, ret_reply, err);
}

enum err_code
client_tell(struct client *client, struct json *request, const char *what, struct err *err)
{
	REPLY reply = {0};

	TRY(client_ask(client, request, what, &reply, err));
	return json_in_end(&reply.in);
}
