/* SPDX-License-Identifier: Apache-2.0 */
/* Remedies, by what went wrong. */
#ifndef CLI_HINT_H
#define CLI_HINT_H

#include "base/err.h"

/* One sentence that follows "hint: ", or NULL where the error's own text says it.  COMMAND is the
 * one that failed ("secret add"), or NULL. */
const char *cli_hint(enum err_code code, const char *command);

#endif
