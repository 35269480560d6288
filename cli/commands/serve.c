/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/process.h"
#include "ceremony/client/location.h"
#include "ceremony/server/due.h"
#include "ceremony/server/server.h"

/* It outlives the session, and nobody waits for it: when it cannot be started the next session tries. */
static void
start_due(const struct server_options *options)
{
	const char *user = secure_getenv("HOME"); /* where programs of their own may stand */
	char self[4096], home[4096 + sizeof("HOME=")];
	bool has = user != NULL && strlen(user) < 4096;
	const char *const environment[] =
	    {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
	        has ? home : NULL, NULL};
	const char *const argv[] = {"halligan", "serve", "--due", "--vault", options->folder, NULL};
	struct process_spawn spawn = {.path = self,
	    .argv = argv,
	    .env = environment,
	    .fds = {-1, -1, -1, -1, -1, -1, -1, -1, -1},
	    .own_session = true};
	struct err ignored;
	pid_t pid;

	(void)snprintf(home, sizeof(home), "HOME=%s", has ? user : "");
	if (process_self(self, &ignored) == ERR_OK)
		(void)!process_start(&spawn, &pid, &ignored);
}

enum err_code
cmd_serve(struct cli_call *call, struct err *err)
{
	struct server_options options = {.rotators = call->drivers->rotators,
	    .now = call->drivers->now,
	    .boot = process_boot,
	    .start_due = start_due};
	struct location location;
	const char *vault;
	bool due = option_given(call->parsed, "due");

	if (due == option_given(call->parsed, "stdio"))
		return err_set(err, ERR_USAGE, "serve wants either --stdio or --due");
	TRY(call_vault(call, &vault, err));
	TRY(location_parse(vault, &location, err));
	if (location.remote)
		return err_set(err, ERR_USAGE,
		    "a server serves a folder of its own machine, not %s", vault);
	options.folder = location.folder;
	if (due)
		return due_run(&options, err);
	if (isatty(STDIN_FILENO))
		return err_set(err, ERR_USAGE,
		    "serve speaks frames with a client on standard input; "
		    "the other commands start it themselves");
	return server_run(&options, STDIN_FILENO, STDOUT_FILENO, err);
}
