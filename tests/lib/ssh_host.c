/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An SSH server with a host key of its own that means no good: it lets every key in and then sends without end, or it
 * lies about keys.
 *
 *	usage: ssh-host HOST_KEY HOW		prints its port, and serves until it is killed
 *
 *	stderr	runs any command, which writes 3,900 bytes on its stderr again and again
 *	stdout	likewise on its stdout
 *	debug	sends messages for debugging instead of answering that the command runs
 *	window	writes on its stdout instead, and more than the other side makes room for
 *	opens	asks for channels of its own instead, which the other side would have to remember
 *	auth	sends messages for debugging instead of saying whether the key is right
 *	first	denies the first key of each session and lets any other in, as a host does where that one died; runs nothing,
 *		and says that it did
 */
#include <arpa/inet.h>
#include <libssh/libssh.h>
#include <libssh/server.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BLOCK = 3900, PATIENCE = 60000 /* milliseconds */, FIRST_WORDS = 16 };

struct host {
	ssh_session session;
	ssh_channel channel;
	const char *how;
	bool knows;  /* asked whether it takes the key, it said yes; the next request is signed */
	bool denied; /* a key */
};

static void
write_on(const struct host *host, bool is_stderr)
{
	static const char block[BLOCK];
	int put;

	do
		put = is_stderr ? ssh_channel_write_stderr(host->channel, block, sizeof(block)) :
		                  ssh_channel_write(host->channel, block, sizeof(block));
	while (put > 0);
}

/* The room that the other side made, which libssh keeps among the first words of a channel, becomes as large as can be. */
static bool
ignore_window(ssh_channel channel)
{
	uint32_t *words = (uint32_t *)(void *)channel;

	for (int i = 0; i < FIRST_WORDS; i++) {
		uint32_t kept = words[i];

		if (kept != ssh_channel_window_size(channel))
			continue;
		words[i] = INT32_MAX;
		if (ssh_channel_window_size(channel) == INT32_MAX)
			return true;
		words[i] = kept;
	}
	return false;
}

/* One message for which the other side made no room. */
static bool
send_one(const struct host *host)
{
	char text[1000];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	if (strcmp(host->how, "window") == 0)
		return ignore_window(host->channel) &&
		    ssh_channel_write(host->channel, text, sizeof(text)) > 0;
	if (strcmp(host->how, "opens") != 0)
		return ssh_send_debug(host->session, text, 0) == SSH_OK;
	ssh_channel channel = ssh_channel_new(host->session);

	return channel != NULL && ssh_channel_open_x11(channel, text, 1) != SSH_ERROR;
}

static void
send_without_end(const struct host *host)
{
	ssh_set_blocking(host->session, 0);
	while (send_one(host) && ssh_blocking_flush(host->session, PATIENCE) == SSH_OK)
		;
}

static void
run_nothing(const struct host *host, ssh_message message)
{
	(void)ssh_message_channel_request_reply_success(message);
	(void)ssh_channel_request_send_exit_status(host->channel, 0);
	(void)ssh_channel_send_eof(host->channel);
	(void)ssh_channel_close(host->channel);
}

static void
run_command(const struct host *host, ssh_message message)
{
	bool is_stdout = strcmp(host->how, "stdout") == 0;

	if (strcmp(host->how, "first") == 0) {
		run_nothing(host, message);
		return;
	}
	if (!is_stdout && strcmp(host->how, "stderr") != 0) {
		send_without_end(host);
		return;
	}
	(void)ssh_message_channel_request_reply_success(message);
	write_on(host, !is_stdout);
}

static void
judge_key(struct host *host, ssh_message message)
{
	bool is_first = !host->denied;

	host->denied = true;
	if (strcmp(host->how, "auth") == 0)
		send_without_end(host);
	else if (strcmp(host->how, "first") == 0 && is_first)
		(void)ssh_message_reply_default(message);
	else if (host->knows)
		(void)ssh_message_auth_reply_success(message, 0);
	else
		host->knows = ssh_message_auth_reply_pk_ok_simple(message) == SSH_OK;
}

static void
answer(struct host *host, ssh_message message)
{
	int type = ssh_message_type(message), kind = ssh_message_subtype(message);

	if (type == SSH_REQUEST_AUTH && kind == SSH_AUTH_METHOD_PUBLICKEY)
		judge_key(host, message);
	else if (type == SSH_REQUEST_CHANNEL_OPEN && host->channel == NULL)
		host->channel = ssh_message_channel_request_open_reply_accept(message);
	else if (type == SSH_REQUEST_CHANNEL && kind == SSH_CHANNEL_REQUEST_EXEC)
		run_command(host, message);
	else
		(void)ssh_message_reply_default(message);
}

/* Until the other side has had enough; the process ends then, and frees what is left. */
static int
serve(ssh_bind door, int peer, const char *how)
{
	struct host host = {.session = ssh_new(), .how = how};
	ssh_message message;

	if (host.session == NULL || ssh_bind_accept_fd(door, host.session, peer) != SSH_OK ||
	    ssh_handle_key_exchange(host.session) != SSH_OK)
		return 1;
	ssh_set_auth_methods(host.session, SSH_AUTH_METHOD_PUBLICKEY);
	while ((message = ssh_message_get(host.session)) != NULL) {
		answer(&host, message);
		ssh_message_free(message);
	}
	return 0;
}

static int
listen_somewhere(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) != 0 ||
	    listen(listener, 16) != 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) != 0)
		return -1;
	printf("%u\n", ntohs(address.sin_port));
	return fflush(stdout) == 0 ? listener : -1;
}

int
main(int argc, char **argv)
{
	static const bool no = false;
	ssh_bind door = ssh_bind_new();
	int listener, peer;

	if (argc != 3 || door == NULL || signal(SIGCHLD, SIG_IGN) == SIG_ERR ||
	    signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
	    ssh_bind_options_set(door, SSH_BIND_OPTIONS_PROCESS_CONFIG, &no) != SSH_OK ||
	    ssh_bind_options_set(door, SSH_BIND_OPTIONS_HOSTKEY, argv[1]) != SSH_OK)
		return 2;
	listener = listen_somewhere();
	if (listener < 0)
		return 1;
	while ((peer = accept(listener, NULL, NULL)) >= 0) {
		if (fork() == 0)
			_exit(serve(door, peer, argv[2]));
		close(peer);
	}
	return 1;
}
