/* SPDX-License-Identifier: Apache-2.0 */
/* The `halligan` command: from the command line to an exit code. */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "cli/call.h"

/* 0 done, 1 refused or failed, 2 usage, 3 waiting for others, 4 token problem, 5 target problem,
 * 6 integrity alarm. */
int cli_run(int argc, char **argv, const struct cli_drivers *drivers, const struct cli_io *io);
int cli_exit_code(enum err_code code);

#endif
