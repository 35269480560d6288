/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/init.h"

#include <string.h>

#include "base/text.h"
#include "ceremony/client/documents/founding.h"

/* Where copies go: given, refused, or a consent to none. */
static enum err_code
decide_copy(struct cli_call *call, const char **ret_copy, struct err *err)
{
	const char *copy = option_text(call->parsed, "copy");
	const struct ui *ui = call->io->ui;

	if (copy != NULL && option_given(call->parsed, "no-copy"))
		return err_set(err, ERR_USAGE, "--copy and --no-copy contradict each other");
	if (copy != NULL && (strncmp(copy, "directory:/", 11) != 0 || copy[11] == '\0'))
		return err_set(err, ERR_USAGE,
		    "--copy needs directory:/ABSOLUTE/PATH, not \"%.100s\"", copy);
	*ret_copy = copy != NULL ? copy : "none";
	if (copy != NULL || option_given(call->parsed, "no-copy"))
		return ERR_OK;
	ui_say(ui,
	    "No place for copies is given. If this host's disk dies between a rotation and "
	    "your next backup, the new credential dies with it.");
	return ui_demand(ui, "Keep no copies? Type yes", "yes", err);
}

enum err_code
cmd_init(struct cli_call *call, struct err *err)
{
	const struct ui *ui = call->io->ui;
	const char *name = option_text(call->parsed, "name");
	bool training = option_given(call->parsed, "training");
	struct digest init;
	const char *copy;
	char hex[2 * DIGEST_SIZE + 1];

	if (!charter_name_valid(name))
		return err_set(err, ERR_USAGE,
		    "--name: \"%.100s\" is no vault's name: 1 to %d letters, digits, dots and dashes, "
		    "the first a letter or digit",
		    name, VAULT_NAME_MAX);
	TRY(call_connect_for(call, NULL, NULL, err));
	if (client_hello(call->client)->state != VAULT_ABSENT)
		return err_set(err, ERR_EXISTS, "there is a vault at %s already (%s)",
		    client_location(call->client), client_hello(call->client)->name);
	TRY(decide_copy(call, &copy, err));
	TRY(founding_open(call->client, name, training, copy, &init, err));
	text_hex(VIEW_OF(init.bytes), hex);
	ui_say(ui, "%sThe founding of %s is open at %s.", training ? "TRAINING. " : "", name,
	    client_location(call->client));
	ui_say(ui, "  init nonce  %s", hex);
	ui_say(ui,
	    "Next: each person enrolls a token (halligan enroll --seat ...), then halligan "
	    "charter draft.");
	return ERR_OK;
}
