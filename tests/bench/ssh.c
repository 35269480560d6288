/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logins by libssh and nothing around them: what a rotation costs at the least.
 *
 *	usage: bench-ssh PORT USER KEY STRAY FOLDER CONNECTION...	prints milliseconds of time
 *
 * A CONNECTION is what happens on it after none: D, the key STRAY is denied; A, KEY is let in; C, a command runs; W, one replaces a
 * file in FOLDER: written beside, synced, renamed, the folder synced.
 */
#include <libssh/libssh.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct login {
	const char *port, *user, *folder;
	ssh_key key, stray;
};

static int64_t
microseconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* COMMAND to its end, with INPUT on its stdin; does it end with 0? */
static bool
run(ssh_session session, const char *command, const char *input)
{
	char output[4096];
	ssh_channel channel = ssh_channel_new(session);
	bool ran = channel != NULL && ssh_channel_open_session(channel) == SSH_OK &&
	    ssh_channel_request_exec(channel, command) == SSH_OK &&
	    (input[0] == '\0' ||
	        ssh_channel_write(channel, input, (uint32_t)strlen(input)) == (int)strlen(input));

	if (ran)
		(void)ssh_channel_send_eof(channel); /* a quick one has closed it already */
	while (ran && ssh_channel_read(channel, output, sizeof(output), 0) > 0)
		;
	ran = ran && ssh_channel_get_exit_status(channel) == 0;
	ssh_channel_free(channel);
	return ran;
}

static bool
replace(ssh_session session, const char *folder)
{
	char script[8192];

	(void)snprintf(script, sizeof(script),
	    "cd '%s' && printf '%%02000d' 0 > new && sync new && mv -fT new file && sync .\n",
	    folder);
	return run(session, "exec /bin/sh -s", script);
}

static bool
step(ssh_session session, const struct login *login, char what)
{
	switch (what) {
	case 'D':
		return ssh_userauth_publickey(session, NULL, login->stray) == SSH_AUTH_DENIED;
	case 'A':
		return ssh_userauth_publickey(session, NULL, login->key) == SSH_AUTH_SUCCESS;
	case 'C':
		return run(session, "echo ready", "");
	case 'W':
		return replace(session, login->folder);
	default:
		return false;
	}
}

static bool
begin(ssh_session session, const struct login *login)
{
	bool off = false;

	return ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &off) == 0 &&
	    ssh_options_set(session, SSH_OPTIONS_HOST, "127.0.0.1") == 0 &&
	    ssh_options_set(session, SSH_OPTIONS_PORT_STR, login->port) == 0 &&
	    ssh_options_set(session, SSH_OPTIONS_USER, login->user) == 0 &&
	    ssh_options_set(session, SSH_OPTIONS_KNOWNHOSTS, "/dev/null") == 0 &&
	    ssh_options_set(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null") == 0 &&
	    ssh_options_set(session, SSH_OPTIONS_HOSTKEYS, "ssh-ed25519") == 0 &&
	    ssh_connect(session) == SSH_OK && ssh_userauth_none(session, NULL) == SSH_AUTH_DENIED;
}

static bool
connection(const struct login *login, const char *steps)
{
	ssh_session session = ssh_new();
	bool done = session != NULL && begin(session, login);

	for (; done && *steps != '\0'; steps++)
		done = step(session, login, *steps);
	if (!done)
		(void)fprintf(stderr, "bench-ssh: at \"%s\": %s\n", steps,
		    session == NULL ? "no memory" : ssh_get_error(session));
	if (session != NULL) {
		ssh_disconnect(session);
		ssh_free(session);
	}
	return done;
}

int
main(int argc, char **argv)
{
	struct login login = {0};

	if (argc < 7 ||
	    ssh_pki_import_privkey_file(argv[3], NULL, NULL, NULL, &login.key) != SSH_OK ||
	    ssh_pki_import_privkey_file(argv[4], NULL, NULL, NULL, &login.stray) != SSH_OK) {
		(void)fprintf(stderr,
		    "usage: bench-ssh PORT USER KEY STRAY FOLDER CONNECTION...\n");
		return 2;
	}
	login.port = argv[1];
	login.user = argv[2];
	login.folder = argv[5];
	int64_t began = microseconds();

	for (int i = 6; i < argc; i++)
		if (!connection(&login, argv[i]))
			return 1;
	(void)printf("%.3f\n", (double)(microseconds() - began) / 1000);
	ssh_key_free(login.key);
	ssh_key_free(login.stray);
	return 0;
}
