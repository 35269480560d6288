/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/serve.h"

#include <unistd.h>

#include "ceremony/client/location.h"
#include "ceremony/server/server.h"

enum err_code
cmd_serve(struct cli_call *call, struct err *err)
{
	struct server_options options = {.rotator_folders = call->drivers->rotator_folders,
	    .now = call->drivers->now};
	struct location location;
	const char *vault;

	TRY(call_vault(call, &vault, err));
	TRY(location_parse(vault, &location, err));
	if (location.remote)
		return err_set(err, ERR_USAGE,
		    "a server serves a folder of its own machine, not %s", vault);
	if (isatty(STDIN_FILENO))
		return err_set(err, ERR_USAGE,
		    "serve speaks frames with a client on standard input; "
		    "the other commands start it themselves");
	options.folder = location.folder;
	return server_run(&options, STDIN_FILENO, STDOUT_FILENO, err);
}
