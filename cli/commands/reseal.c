/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/reseal.h"

#include "base/text_time.h"
#include "ceremony/client/opening/reseal.h"
#include "ceremony/client/sync.h"
#include "cli/whereabouts.h"

static void
put_row(struct json *array, const struct reseal_row *row)
{
	struct json *object = json_new_object();

	json_put_text(object, "name", row->open.name);
	json_put_int(object, "version", row->open.version);
	json_put_text(object, "why", row->why);
	if (row->left != 0)
		json_put_time(object, "left", row->left);
	json_put_bool(object, "can", row->can);
	json_put_text(object, "cannot", row->cannot);
	json_add(array, object);
}

static enum err_code
list(const struct cli_call *call, struct client *client, struct err *err)
{
	const struct ui *ui = call->io->ui;
	const struct vault_view *view;
	RESEAL_LIST rows = {0};
	JSON *object = json_new_object();
	struct json *array = json_new_array();
	size_t can = 0;

	TRY(client_sync(client, &view, err));
	TRY(reseal_list_fetch(client, option_given(call->parsed, "all"), &rows, err));
	for (size_t i = 0; i < rows.count; i++) {
		const struct reseal_row *row = &rows.rows[i];

		can += row->can;
		put_row(array, row);
		ui_say(ui, "%s, version %u: %s%s%s", row->open.name, row->open.version,
		    row->why[0] != '\0' ? row->why : "as it should be", row->can ? "" : "; ",
		    row->cannot);
	}
	json_put(object, "secrets", array);
	if (call_json(call))
		return call_print_json(call, object, err);
	if (rows.count == 0)
		ui_say(ui, "Every secret is sealed as the charter says.");
	else
		ui_say(ui,
		    "%zu secret%s, of which one ceremony can open %zu: halligan reseal --reason TEXT",
		    rows.count, rows.count == 1 ? "" : "s",
		    can < CEREMONY_ITEMS ? can : CEREMONY_ITEMS);
	return ERR_OK;
}

static enum err_code
say(const struct cli_call *call, const struct reseal_plan *plan, const struct reseal_result *result,
    struct err *err)
{
	const struct ui *ui = call->io->ui;
	char deadline[TEXT_TIME_SIZE];

	text_time(result->deadline, deadline);
	if (call_json(call)) {
		JSON *object = json_new_object();

		json_put_text(object, "id", result->id);
		json_put_text(object, "mode", mode_names[plan->mode]);
		json_put_int(object, "count", (int64_t)result->count);
		json_put_text(object, "words", result->words);
		json_put_time(object, "deadline", result->deadline);
		return call_print_json(call, object, err);
	}
	ui_say(ui, "Ceremony %.8s: %zu secret%s to be %s; open until %s.", result->id,
	    result->count, result->count == 1 ? "" : "s",
	    plan->mode == MODE_ROTATE ? "opened and rotated" : "sealed again", deadline);
	ui_say(ui, "Read these words to each officer: %s", result->words);
	ui_say(ui,
	    "Officers approve with: halligan approve %.8s (a PIV token is touched once for the "
	    "signature and once for each secret, a FIDO2 token once)",
	    result->id);
	return ERR_OK;
}

static enum err_code
ask(const struct cli_call *call, struct client *client, struct err *err)
{
	struct whereabouts here = {0};
	struct reseal_result result;
	const char *names[ARGUMENTS_MAX];
	struct reseal_plan plan = {.mode = option_given(call->parsed, "rotate") ? MODE_ROTATE :
	                                                                          MODE_RESEAL,
	    .reason = option_text(call->parsed, "reason"),
	    .all = option_given(call->parsed, "all"),
	    .names = names,
	    .host = here.host,
	    .user = here.user};

	if (plan.reason == NULL)
		return err_set(err, ERR_USAGE,
		    "give --reason TEXT, which the officers read, or --list");
	while (call_argument(call, plan.name_count) != NULL) {
		names[plan.name_count] = call_argument(call, plan.name_count);
		plan.name_count++;
	}
	find_whereabouts(&here);
	TRY(reseal_request(client, &plan, &result, err));
	return say(call, &plan, &result, err);
}

enum err_code
cmd_reseal(const struct cli_call *call, struct err *err)
{
	const char *show = option_text(call->parsed, "show");
	CLIENT *client = NULL;

	if (show != NULL && option_given(call->parsed, "list"))
		return err_set(err, ERR_USAGE, "give --show or --list, not both");
	TRY(call_connect(call, &client, err));
	if (show != NULL)
		return reseal_show(client, show, err);
	return option_given(call->parsed, "list") ? list(call, client, err) :
	                                            ask(call, client, err);
}
