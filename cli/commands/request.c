/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/request.h"

#include "base/json_members.h"
#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/client/text/ceremony.h"
#include "cli/whereabouts.h"

static const struct member result_members[] = {
    {"count", MEMBER_NUMBER, FIELD(struct ask_result, count)},
    {"left", MEMBER_NUMBER, FIELD(struct ask_result, left)},
    {"words", MEMBER_TEXT, FIELD(struct ask_result, words)},
    {"quorum", MEMBER_TEXT, FIELD(struct ask_result, quorum)},
    {"deadline", MEMBER_TIME, FIELD(struct ask_result, deadline)},
    {NULL},
};

static enum err_code
print_json(const struct cli_call *call, const struct ask_plan *plan,
    const struct ask_result *result, struct err *err)
{
	JSON *object = json_new_object();

	json_put_text(object, "id", result->id);
	json_put_text(object, "mode", mode_names[plan->mode]);
	members_put(object, result_members, result);
	return call_print_json(call, object, err);
}

static void
print_text(const struct cli_call *call, const struct ask_plan *plan,
    const struct ask_result *result)
{
	const struct ui *ui = call->io->ui;
	char left[TEXT_DURATION_SIZE];

	text_duration(result->deadline - call->drivers->now(), left);
	ui_say(ui, "Requested. Ceremony %s", result->id);
	ui_say(ui, "  opens  %zu %s %s", result->count,
	    text_plural(result->count, "secret", "secrets"), mode_aim[plan->mode]);
	ui_say(ui, "  needs  %s%s, within %s", result->quorum,
	    result->count > 1 ? " (the first; others may differ)" : "", left);
	ui_say(ui, "  words  %s", result->words);
	ui_say(ui,
	    "Call the officers and read them these eight words. Each runs halligan approve %.8s.",
	    result->id);
	if (result->left > 0)
		ui_say(ui, "%zu more are left for a further ceremony.", result->left);
	if (mode_releases(plan->mode))
		ui_say(ui, "Then: halligan open %.8s --agent", result->id);
}

enum err_code
request_and_print(const struct cli_call *call, struct ask_plan *plan, struct err *err)
{
	struct whereabouts here = {0};
	struct ask_result result = {0};

	find_whereabouts(&here);
	plan->host = here.host;
	plan->user = here.user;
	TRY(ask_run(call->client, plan, &result, err));
	if (call_json(call))
		return print_json(call, plan, &result, err);
	print_text(call, plan, &result);
	return ERR_OK;
}

enum err_code
cmd_request(struct cli_call *call, struct err *err)
{
	const char *recipients[VALUES_MAX];
	struct ask_plan plan = {.mode = MODE_RELEASE,
	    .names = call->parsed->arguments,
	    .name_count = call->parsed->argument_count,
	    .recipients = recipients,
	    .recipient_count = option_all(call->parsed, "recipient", recipients, VALUES_MAX),
	    .another = option_given(call->parsed, "another"),
	    .reason = option_text(call->parsed, "reason"),
	    .incident = option_text(call->parsed, "incident")};

	TRY(option_duration(call->parsed, "for", 0, &plan.duration, err));
	TRY(call_connect_for(call, ask_foresee, &plan, err));
	return request_and_print(call, &plan, err);
}
