/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/charter.h"

#include "base/text.h"
#include "ceremony/client/documents/charter_draft.h"
#include "ceremony/client/documents/charter_sign.h"
#include "ceremony/client/sync.h"
#include "ceremony/client/text/charter.h"
#include "vault/documents/charter.h"

enum { LIST_MAX = 64 };

static enum err_code
draw_up(struct cli_call *call, enum draft_case draft_case, struct err *err)
{
	const char *policies[LIST_MAX], *roots[LIST_MAX], *seats[LIST_MAX], *tokens[LIST_MAX];
	const char *forms[LIST_MAX], *waives[LIST_MAX], *drops[LIST_MAX], *restores[LIST_MAX];
	const struct parsed *parsed = call->parsed;
	struct draft_plan plan = {.files = parsed->arguments,
	    .file_count = parsed->argument_count,
	    .policies = policies,
	    .policy_count = option_all(parsed, "policy", policies, LIST_MAX),
	    .roots = roots,
	    .root_count = option_all(parsed, "root", roots, LIST_MAX),
	    .remove_seats = seats,
	    .remove_seat_count = option_all(parsed, "remove-seat", seats, LIST_MAX),
	    .remove_tokens = tokens,
	    .remove_token_count = option_all(parsed, "remove-token", tokens, LIST_MAX),
	    .change = option_text(parsed, "change"),
	    .form_factors = forms,
	    .form_factor_count = option_all(parsed, "form-factor", forms, LIST_MAX),
	    .waives = waives,
	    .waive_count = option_all(parsed, "waive", waives, LIST_MAX),
	    .drop_waivers = drops,
	    .drop_waiver_count = option_all(parsed, "drop-waiver", drops, LIST_MAX),
	    .restores = restores,
	    .restore_count = option_all(parsed, "restore", restores, LIST_MAX),
	    .min_firmware = option_text(parsed, "min-firmware"),
	    .copy = option_text(parsed, "copy")};

	TRY(option_duration(parsed, "max-duration", 0, &plan.max_duration, err));
	TRY(option_duration(parsed, "request-ttl", 0, &plan.request_ttl, err));
	TRY(option_duration(parsed, "max-age", 0, &plan.max_age, err));
	TRY(call_connect(call, err));
	return draft_charter(call->client, draft_case, &plan, err);
}

enum err_code
cmd_charter_draft(struct cli_call *call, struct err *err)
{
	return draw_up(call, DRAFT_FOUNDING, err);
}

enum err_code
cmd_charter_propose(struct cli_call *call, struct err *err)
{
	return draw_up(call, DRAFT_CHANGE, err);
}

enum err_code
cmd_charter_sign(struct cli_call *call, struct err *err)
{

	TRY(call_connect(call, err));
	return sign_charter(call->client, call_argument(call, 0), err);
}

enum err_code
cmd_charter_show(struct cli_call *call, struct err *err)
{
	const struct vault_view *view;
	JSON *payload = NULL;
	JSON *object = json_new_object();

	TRY(call_connect(call, err));
	if (!call_json(call))
		return show_charters(call->client, err);
	TRY(client_sync(call->client, &view, err));
	TRY(charter_payload(view->chain.charter, &payload, err));
	json_put_hex(object, "vault", VIEW_OF(view->chain.vault.bytes));
	json_put_hex(object, "digest", VIEW_OF(view->chain.charter->digest.bytes));
	json_put(object, "charter", TAKE(payload));
	json_put(object, "admissions",
	    admissions_json(&view->chain, view->chain.charter->seats,
	        view->chain.charter->seat_count));
	return call_print_json(call, object, err);
}

enum err_code
cmd_withdraw(struct cli_call *call, struct err *err)
{

	TRY(call_connect(call, err));
	return withdraw_run(call->client, call_argument(call, 0),
	    option_text(call->parsed, "reason"), err);
}
