/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/rotate.h"

#include <stdio.h>
#include <string.h>

#include "ceremony/client/sync.h"
#include "ceremony/protocol/message.h"
#include "vault/documents/state_names.h"

enum { ROTATIONS_MAX = 100000 };

/* One row of the reply; a failure is counted and its code remembered. */
static enum err_code
read_rotation(const struct cli_call *call, const struct json *object, enum err_code *worst,
    struct err *err)
{
	struct json_in in = json_in(object, "rotation", err);
	const char *name = json_in_text(&in, "name", 1, SEAT_NAME_MAX);
	const char *debt = json_in_text(&in, "debt", 1, 40);
	const char *code = json_in_text(&in, "code", 1, 40);
	const char *note = json_in_text(&in, "note", 0, ERR_TEXT_SIZE);

	TRY(json_in_end(&in));
	ui_say(call->io->ui, "%s: %s%s%s", name,
	    strcmp(debt, debt_state_names[DEBT_RETIRED]) == 0 ?
	        "replaced; the new value is accepted, the old one refused" :
	        debt,
	    note[0] != '\0' ? ": " : "", note);
	if (strcmp(code, "ok") != 0)
		*worst = err_from_name(code);
	else if (strcmp(debt, debt_state_names[DEBT_RETIRED]) != 0 && *worst == ERR_OK)
		*worst = ERR_TARGET_UNKNOWN;
	return ERR_OK;
}

enum err_code
cmd_rotate(const struct cli_call *call, struct err *err)
{
	const char *name = call_argument(call, 0);
	CLIENT *client = NULL;
	const struct vault_view *view;
	struct json *request;
	JSON *reply = NULL;
	JSON *object = json_new_object();
	BUF blob = {0};
	struct json_in in;
	const struct json *list;
	enum err_code worst = ERR_OK;

	if ((name != NULL) == option_given(call->parsed, "all"))
		return err_set(err, ERR_USAGE, "name a secret, or give --all");
	TRY(call_connect(call, &client, err));
	TRY(client_sync(client, &view, err));
	request = op_new("rotate");
	if (name != NULL)
		json_put_text(request, "name", name);
	TRY(client_call(client, request, (struct view){0}, &reply, &blob, err));
	in = reply_in(reply, "rotate", err);
	list = json_in_array(&in, "rotations", 0, ROTATIONS_MAX);
	TRY(json_in_end(&in));
	for (size_t i = 0; i < json_array_count(list); i++)
		TRY(read_rotation(call, json_array_object(list, i), &worst, err));
	if (json_array_count(list) == 0)
		ui_say(call->io->ui, "Nothing to replace: no debt is open.");
	json_put_copy(object, "rotations", list);
	if (call_json(call))
		TRY(call_print_json(call, object, err));
	if (worst != ERR_OK)
		return err_set(err, worst, "not everything is replaced yet");
	return ERR_OK;
}
