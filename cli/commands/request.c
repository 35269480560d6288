/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/request.h"

#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/client/opening/request.h"
#include "cli/whereabouts.h"

static enum err_code
print_result(const struct cli_call *call, const struct ask_result *result, struct err *err)
{
	const struct ui *ui = call->io->ui;
	JSON *object = NULL;
	char left[TEXT_DURATION_SIZE];

	if (call_json(call)) {
		object = json_new_object();
		json_put_text(object, "id", result->id);
		json_put_text(object, "words", result->words);
		json_put_text(object, "quorum", result->quorum);
		json_put_time(object, "deadline", result->deadline);
		return call_print_json(call, object, err);
	}
	text_duration(result->deadline - call->drivers->now(), left);
	ui_say(ui, "Requested. Ceremony %s", result->id);
	ui_say(ui, "  needs  %s, within %s", result->quorum, left);
	ui_say(ui, "  words  %s", result->words);
	ui_say(ui,
	    "Call the officers and read them these six words. Each runs halligan approve "
	    "%.8s.",
	    result->id);
	ui_say(ui, "Then: halligan open %.8s --agent", result->id);
	return ERR_OK;
}

enum err_code
cmd_request(const struct cli_call *call, struct err *err)
{
	CLIENT *client = NULL;
	struct whereabouts here = {0};
	struct ask_result result = {0};
	struct ask_plan plan = {.secret = call_argument(call, 0),
	    .reason = option_text(call->parsed, "reason"),
	    .incident = option_text(call->parsed, "incident"),
	    .host = here.host,
	    .user = here.user};

	TRY(option_duration(call->parsed, "for", 0, &plan.duration, err));
	find_whereabouts(&here);
	TRY(call_connect(call, &client, err));
	TRY(ask_run(client, &plan, &result, err));
	return print_result(call, &result, err);
}
