/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/reseal.h"

#include "base/text.h"
#include "ceremony/client/secrets/reseal_due.h"
#include "ceremony/client/sync.h"
#include "cli/commands/request.h"

static void
put_row(struct json *array, const struct reseal_row *row)
{
	struct json *object = json_new_object();

	json_put_text(object, "name", row->item.name);
	json_put_int(object, "version", row->item.version);
	json_put_text(object, "why", row->why);
	if (row->left != 0)
		json_put_time(object, "left", row->left);
	json_put_bool(object, "can", row->can);
	json_put_text(object, "cannot", row->cannot);
	json_add(array, object);
}

static enum err_code
list(const struct cli_call *call, struct err *err)
{
	const struct ui *ui = call->io->ui;
	const bool far = client_is_far(call->client);
	const struct vault_view *view;
	RESEAL_LIST rows = {0};
	JSON *object = json_new_object();
	struct json *array = json_new_array();
	size_t can = 0;

	TRY(client_sync(call->client, &view, err));
	TRY(reseal_list_fetch(call->client, option_given(call->parsed, "all"), &rows, err));
	for (size_t i = 0; i < rows.count; i++) {
		const struct reseal_row *row = &rows.rows[i];

		can += row->can;
		put_row(array, row);
		ui_say(ui, "%s, version %u: %s%s%s", TOLD(far, row->item.name), row->item.version,
		    row->why[0] != '\0' ? TOLD(far, row->why) : "as it should be",
		    row->can ? "" : "; ", TOLD(far, row->cannot));
	}
	json_put(object, "secrets", array);
	if (call_json(call))
		return call_print_json(call, object, err);
	if (rows.count == 0)
		ui_say(ui, "Every secret is sealed as the charter says.");
	else
		ui_say(ui,
		    "%zu %s, of which one ceremony can open %zu: halligan reseal --reason TEXT",
		    rows.count, text_plural(rows.count, "secret", "secrets"),
		    can < CEREMONY_ITEMS ? can : CEREMONY_ITEMS);
	return ERR_OK;
}

enum err_code
cmd_reseal(struct cli_call *call, struct err *err)
{
	struct ask_plan plan = {.mode = option_given(call->parsed, "rotate") ? MODE_ROTATE :
	                                                                       MODE_RESEAL,
	    .names = call->parsed->arguments,
	    .name_count = call->parsed->argument_count,
	    .reason = option_text(call->parsed, "reason"),
	    .all = option_given(call->parsed, "all"),
	    .another = option_given(call->parsed, "another")};

	if (plan.reason == NULL && !option_given(call->parsed, "list"))
		return err_set(err, ERR_USAGE,
		    "give --reason TEXT, which the officers read, or --list");
	if (option_given(call->parsed, "list")) {
		TRY(call_connect(call, err));
		return list(call, err);
	}
	TRY(call_connect_for(call, ask_foresee, &plan, err));
	return request_and_print(call, &plan, err);
}
