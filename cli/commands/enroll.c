/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/enroll.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "ceremony/client/documents/founding.h"
#include "ceremony/client/enrol/enrol.h"
#include "ceremony/client/sync.h"
#include "ceremony/client/typed.h"

enum { PEM_MAX = 256 * 1024, MANAGEMENT_TEXT_MAX = 66 };

/* "officer,operator" */
static enum err_code
parse_roles(const char *text, unsigned *ret_roles, struct err *err)
{
	unsigned roles = 0;

	while (*text != '\0') {
		size_t size = strcspn(text, ",");
		unsigned role = 0;

		for (unsigned bit = 0; role_names[bit] != NULL; bit++) {
			if (strlen(role_names[bit]) == size &&
			    memcmp(role_names[bit], text, size) == 0)
				role = 1u << bit;
		}
		if (role == 0 || (roles & role) != 0)
			return err_set(err, ERR_USAGE,
			    "--roles needs some of officer, operator, responder, once each, with commas "
			    "between");
		roles |= role;
		text += size;
		if (*text == ',' && *++text == '\0')
			return err_set(err, ERR_USAGE, "--roles ends with a comma");
	}
	if (roles == 0)
		return err_set(err, ERR_USAGE, "--roles is empty");
	*ret_roles = roles;
	return ERR_OK;
}

/* --root and --min-firmware, which only count before there is a charter. */
static enum err_code
adjust_policy(const struct cli_call *call, struct attest_policy *policy, struct err *err)
{
	const char *firmware = option_text(call->parsed, "min-firmware");
	const char *roots[ATTEST_ROOTS_MAX + 1];
	size_t count = option_all(call->parsed, "root", roots, ATTEST_ROOTS_MAX + 1);

	if (firmware != NULL && !firmware_from_text(firmware, policy->min_firmware))
		return err_set(err, ERR_USAGE, "\"%.60s\" is no firmware version such as 5.7.0",
		    firmware);
	if (count > ATTEST_ROOTS_MAX)
		return err_set(err, ERR_USAGE, "at most %d roots", ATTEST_ROOTS_MAX);
	for (size_t i = 0; i < count; i++) {
		if (!text_from_hex(roots[i], policy->roots[i].bytes, DIGEST_SIZE))
			return err_set(err, ERR_USAGE, "--root needs 64 lower-case hex digits");
		policy->root_count = count;
	}
	return ERR_OK;
}

/* Facts of the founding or of the vault that lives, through CLIENT. */
static enum err_code
ask_vault(const struct cli_call *call, struct enrol_plan *plan, struct err *err)
{
	const struct vault_view *view;
	struct founding_view founding;

	switch (client_hello(call->client)->state) {
	case VAULT_LIVE:
		TRY(client_sync(call->client, &view, err));
		if (option_given(call->parsed, "root") ||
		    option_given(call->parsed, "min-firmware"))
			return err_set(err, ERR_USAGE,
			    "--root and --min-firmware count before the first charter only");
		plan->live = true;
		plan->training = view->chain.charter->training;
		plan->init = view->chain.charter->init;
		plan->enrolled[0] =
		    (struct hand_list){view->chain.charter->seats, view->chain.charter->seat_count};
		plan->enrolled[1] =
		    (struct hand_list){view->chain.roster->seats, view->chain.roster->seat_count};
		attest_policy_of(view->chain.charter, NULL, &plan->policy);
		return ERR_OK;
	case VAULT_FOUNDING:
		TRY(founding_fetch(call->client, &founding, err));
		plan->training = founding.fixed.training;
		plan->init = founding.fixed.init;
		enrol_default_policy(plan->training, &plan->policy);
		return adjust_policy(call, &plan->policy, err);
	default:
		return err_set(err, ERR_NOT_FOUND,
		    "there is no vault at %s; give --init HEX (and --training) when it cannot be "
		    "reached from here",
		    client_location(call->client));
	}
}

/* What PLAN points to is the client's. */
static enum err_code
learn_vault(struct cli_call *call, struct enrol_plan *plan, struct err *err)
{
	const char *init = option_text(call->parsed, "init");

	if (init == NULL && option_given(call->parsed, "training"))
		return err_set(err, ERR_USAGE,
		    "--training goes with --init only; a vault that can be "
		    "reached says itself what it is");
	if (init == NULL) {
		TRY(call_connect(call, err));
		return ask_vault(call, plan, err);
	}
	if (!text_from_hex(init, plan->init.bytes, DIGEST_SIZE))
		return err_set(err, ERR_USAGE,
		    "--init needs the 64 hex digits that `halligan init` "
		    "printed");
	plan->training = option_given(call->parsed, "training");
	enrol_default_policy(plan->training, &plan->policy);
	return adjust_policy(call, &plan->policy, err);
}

/* --waive WHAT... --reason TEXT: only the check here is relaxed. */
static enum err_code
read_waivers(const struct cli_call *call, struct enrol_plan *plan, struct err *err)
{
	const char *reason = option_text(call->parsed, "reason");
	const char *names[ARRAY_SIZE(waiver_names)];
	size_t count = option_all(call->parsed, "waive", names, ARRAY_SIZE(names));
	BUF text = {0};

	if ((count > 0) != (reason != NULL))
		return err_set(err, ERR_USAGE, "--waive and --reason go together");
	for (size_t i = 0; i < count; i++) {
		unsigned waiver = 0;

		for (unsigned bit = 0; waiver_names[bit] != NULL; bit++)
			if (strcmp(names[i], waiver_names[bit]) == 0)
				waiver = 1u << bit;
		if (waiver == 0)
			return err_set(err, ERR_USAGE,
			    "--waive is firmware, form-factor, touch or "
			    "attestation, not \"%.60s\"",
			    names[i]);
		plan->policy.waives |= waiver;
		buf_format(&text, "%s%s", i > 0 ? ", " : "", names[i]);
	}
	if (count == 0)
		return ERR_OK;
	TRY(typed_check("the reason", reason, WAIVER_REASON_MAX, err));
	ui_say(call->io->ui,
	    "WARNING: waived here: %s (%s). The charter must waive the same for this token, "
	    "with a reason that its signers read; otherwise it refuses the enrolment.",
	    buf_string(&text), reason);
	return buf_check(&text, err);
}

static void
say_keys(const struct ui *ui, const struct enrol_result *result)
{
	BUF made = {0}, tried = {0};

	for (int key = 0; key < TOKEN_KEYS; key++) {
		if (!result->has[key])
			continue;
		buf_format(&made, "%s%s", made.size > 0 ? ", " : "", token_key_names[key]);
		if (key != TOKEN_SIGN)
			buf_format(&tried, "%s%s", tried.size > 0 ? ", " : "",
			    token_key_names[key]);
	}
	ui_say(ui, "  keys    %s: %s", buf_string(&made),
	    result->traits->derives ?
	        "the sign key stays on the token; the others are derived when they are used" :
	        "made on the token, and never leave it");
	if (tried.size > 0)
		ui_say(ui, "  tried   %s: opened what was sealed to it", buf_string(&tried));
	ui_say(ui, "  origin  %s",
	    result->attested ? "attested by the token's maker, verified" :
	                       "NOT ATTESTED: nobody but you says that the keys are on a token");
}

/* The end of the walk: what was made, what to read aloud, where the file goes. */
static void
say_result(const struct cli_call *call, const struct enrol_plan *plan,
    const struct enrol_result *result)
{
	const struct ui *ui = call->io->ui;
	char words[TEXT_WORDS_SIZE], firmware[FIRMWARE_TEXT_SIZE], serial[80] = "without a serial";

	text_words(view_of(result->digest.bytes, WORD_BYTES), words);
	firmware_text(result->firmware, firmware);
	if (result->serial != 0)
		snprintf(serial, sizeof(serial), "serial %u%s", result->serial,
		    result->traits->tells_serial ? "" :
		        result->cosigned         ? " (its PIV side signed that)" :
		                                   " (not attested)");
	ui_say(ui, "%s", "");
	ui_say(ui, "Enrolled %s (%s).", plan->seat, QUOTED(plan->person));
	ui_say(ui, "  token   %s, %s, firmware %s", QUOTED(plan->label), serial, firmware);
	say_keys(ui, result);
	ui_say(ui, "  file    %s (public: it holds no secret; accepted once, within %d days)",
	    plan->out, (int)ENROLMENT_DAYS);
	ui_say(ui, "  words   %s", words);
	ui_say(ui, "Next: carry or send the file to %s, who runs",
	    plan->roles == ROLE_RESPONDER ? "an operator or officer" :
	                                    "whoever draws up the charter");
	ui_say(ui, "  halligan %s %s",
	    plan->roles == ROLE_RESPONDER ? "roster add" :
	        plan->live                ? "charter propose" :
	                                    "charter draft ...",
	    plan->out);
	ui_say(ui, "Then read the words to each other, by voice: they must be the same.");
}

enum err_code
cmd_enroll(struct cli_call *call, struct err *err)
{
	const char *pem_path = option_text(call->parsed, "attestation-certs");
	struct enrol_plan plan = {
	    .seat = option_text(call->parsed, "seat"),
	    .person = option_text(call->parsed, "person"),
	    .label = option_text(call->parsed, "label"),
	    .out = option_text(call->parsed, "out"),
	    .offer = call->io->person && !option_given(call->parsed, "no-offer"),
	    .cosign = option_given(call->parsed, "cosign"),
	    .overwrite = option_given(call->parsed, "overwrite"),
	};
	struct client_options options;
	struct enrol_result result;
	BUF pem = {0};
	SECRET *management = NULL;

	TRY(parse_roles(option_text(call->parsed, "roles"), &plan.roles, err));
	TRY(learn_vault(call, &plan, err));
	TRY(read_waivers(call, &plan, err));
	if (pem_path != NULL)
		TRY(file_read(pem_path, PEM_MAX, &pem, err));
	plan.certificates = buf_view(&pem);
	TRY(call_secret_fd(call, "management-key-fd", MANAGEMENT_TEXT_MAX, &management, err));
	plan.management_key = management;
	TRY(call_options(call, &options, err));
	TRY(enrol_run(&options, &plan, &result, err));
	say_result(call, &plan, &result);
	return ERR_OK;
}
