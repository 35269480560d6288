/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/hint.h"

#include <stdbool.h>
#include <string.h>

/* A value that the target refuses in the first place leaves nothing behind. */
static const char *
target_hint(enum err_code code, const char *command)
{
	bool adopting = command != NULL && strcmp(command, "secret adopt") == 0;

	if (adopting && code == ERR_TARGET)
		return "nothing was stored; correct the target or the value, and run the same command "
		       "again";
	if (adopting)
		return "make the target reachable, or put right what is said above, and run the same command "
		       "again; if the secret is there already, go on with `halligan rotate`";
	if (code == ERR_TARGET)
		return "put the target right as it says above; with what is owed `halligan rotate --all` then goes "
		       "on, and probes before it changes anything";
	return "make the target reachable; with what is owed `halligan rotate --all` then goes on, and probes "
	       "before it changes anything. A host that was rebuilt needs `halligan secret change` first";
}

const char *
cli_hint(enum err_code code, const char *command)
{
	switch (code) {
	case ERR_TOKEN_ABSENT:
		return "plug the right token in; `halligan token list` shows what is there";
	case ERR_TOKEN_GONE:
		return "plug the token in again and run the same command; nothing is lost";
	case ERR_TOUCH:
		return "run the same command again and touch the token when it blinks; nothing is lost";
	case ERR_PIN:
		return "run the same command again with the PIN that the prompt names; it is no password";
	case ERR_PIN_BLOCKED:
		return "nothing else was done; another token of the seat, or another officer, can go on";
	case ERR_WAITING:
		return "`halligan status` says who must act";
	case ERR_TARGET:
	case ERR_TARGET_UNKNOWN:
		return target_hint(code, command);
	case ERR_INTEGRITY:
		return "nobody approves anything there until this is explained; \"After an alarm\" in RUNBOOK.md "
		       "says how to go on";
	case ERR_NO_SPACE:
		return "make room; nothing was half-written. Then run the same command again, unless it says "
		       "above that it counts already";
	case ERR_BUSY:
		return "wait for the other one to end, and run the same command again";
	case ERR_VERSION:
		return "use the Halligan that made it";
	case ERR_PROTOCOL:
		return "run the same command again; for a remote vault, check that `ssh HOST halligan "
		       "--version` works and is the same version";
	case ERR_INTERNAL:
		return "this is a bug in Halligan; please report it with the command that you ran";
	default:
		return NULL;
	}
}
