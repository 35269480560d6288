/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/roster.h"

#include "ceremony/client/documents/roster.h"
#include "ceremony/client/sync.h"
#include "ceremony/client/text/charter.h"

static enum err_code
change(struct cli_call *call, const struct roll_plan *plan, struct err *err)
{
	TRY(call_connect(call, err));
	return roll_change(call->client, plan, err);
}

enum err_code
cmd_roster_add(struct cli_call *call, struct err *err)
{
	const struct roll_plan plan = {.files = call->parsed->arguments,
	    .file_count = call->parsed->argument_count};

	return change(call, &plan, err);
}

enum err_code
cmd_roster_remove(struct cli_call *call, struct err *err)
{
	const struct roll_plan plan = {.remove = call->parsed->arguments,
	    .remove_count = call->parsed->argument_count};

	return change(call, &plan, err);
}

enum err_code
cmd_roster_sign(struct cli_call *call, struct err *err)
{

	TRY(call_connect(call, err));
	return roll_sign(call->client, call_argument(call, 0), err);
}

enum err_code
cmd_roster_show(struct cli_call *call, struct err *err)
{
	const struct vault_view *view;
	JSON *payload = NULL;
	JSON *object = json_new_object();

	TRY(call_connect(call, err));
	TRY(client_sync(call->client, &view, err));
	if (!call_json(call)) {
		show_roster(call->io->ui, &view->chain);
		return ERR_OK;
	}
	if (view->chain.roster->version > 0)
		TRY(roster_payload(view->chain.roster, &payload, err));
	json_put_hex(object, "vault", VIEW_OF(view->chain.vault.bytes));
	json_put_int(object, "version", view->chain.roster->version);
	json_put(object, "roster", payload != NULL ? TAKE(payload) : json_new_object());
	json_put(object, "admissions",
	    admissions_json(&view->chain, view->chain.roster->seats,
	        view->chain.roster->seat_count));
	return call_print_json(call, object, err);
}
