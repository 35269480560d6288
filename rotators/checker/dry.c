/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/checker/dry.h"

#include <string.h>

#include "rotators/checker/expect.h"
#include "rotators/checker/value.h"

/* Members that no rotator has. */
static const char *const unknown[] = {"halligan-test", "halligan-try"};

void
made_done(struct made *made)
{
	for (size_t i = 0; i < ARRAY_SIZE(made->values); i++) {
		secret_free(made->values[i]);
		made->values[i] = NULL;
	}
}

static void
compare(struct trial *trial, const struct description *said)
{
	const struct description *file = &trial->description;
	const char *other = announcement_differs(&said->announced, &file->announced);

	for (int i = 0; other == NULL && i < CREDENTIAL_FIELDS; i++)
		if (said->fields[i] != file->fields[i])
			other = "fields";
	if (other == NULL && strcmp(said->rotator, trial->name) != 0)
		other = "rotator";
	if (other == NULL)
		report_ok(&trial->report, FIND_DESCRIBE);
	else
		report_wrong(&trial->report, FIND_DESCRIBE, "\"%s\" is another", other);
}

static bool
try_present(struct trial *trial)
{
	SESSION session;
	struct description said;
	struct err err;

	session_start(&session, trial, NULL, trial->given, NULL);
	if (session_describe(&session, &said, &err) != ERR_OK) {
		report_wrong(&trial->report, FIND_DESCRIBE, "%s", err.text);
		return false;
	}
	compare(trial, &said);
	int result = session_ask(&session, "check", NULL, ok_result_names);

	return report_is(&trial->report, FIND_CHECK, result == 0, session.said) &&
	    expect_accepted(&session, ROTATOR_CURRENT, FIND_PROBE_CURRENT);
}

/* The target, and those members. */
static enum err_code
misspelt(const struct json *target, struct json **ret_target, struct err *err)
{
	JSON *copy = NULL;
	BUF text = {0};

	TRY(json_encode(target, &text, err));
	TRY(json_parse(buf_view(&text), &copy, err));
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		json_put_text(copy, unknown[i], "nobody knows this member");
	*ret_target = TAKE(copy);
	return ERR_OK;
}

/* One who names a member can name both; who names none says something else of the target. */
static void
compare_reasons(const struct report *report, const char *said)
{
	bool first = strstr(said, unknown[0]) != NULL, second = strstr(said, unknown[1]) != NULL;

	if (first != second)
		report_note(report,
		    "of two members that it does not know it names one: a target that is wrong is best told all of it "
		    "at once, in \"reasons\" (behind exec: in lines)");
}

static enum err_code
try_misspelt(struct trial *trial, struct err *err)
{
	SESSION session = {0};
	JSON *target = NULL;
	struct description said;
	struct err refusal;
	int result = 1;

	TRY(misspelt(trial->target, &target, err));
	session_start(&session, trial, target, trial->given, NULL);
	enum err_code code = session_describe(&session, &said, &refusal);

	if (code == ERR_OK)
		result = session_ask(&session, "check", NULL, ok_result_names);
	else if (code != ERR_REFUSED)
		result = SAID_NOTHING;
	if (!report_is(&trial->report, FIND_UNKNOWN_MEMBER, result == 1, session.said))
		return ERR_OK;
	compare_reasons(&trial->report, code == ERR_OK ? session.said : refusal.text);
	result = session_ask(&session, "probe", "current", probe_result_names);
	(void)report_is(&trial->report, FIND_UNKNOWN_PROBE, result != PROBE_REFUSED, session.said);
	return ERR_OK;
}

static bool
try_generate(struct trial *trial, struct secret **ret_value)
{
	struct report *report = &trial->report;
	SESSION session;
	struct err err;

	session_start(&session, trial, NULL, trial->given, NULL);
	if (session_ask(&session, "generate", NULL, ok_result_names) != 0) {
		report_wrong(report, FIND_GENERATE, "%s", session.said);
		return false;
	}
	if (value_check(session.exchange.generated, trial->description.fields, &err) != ERR_OK ||
	    secret_from(secret_view(session.exchange.generated), ret_value, &err) != ERR_OK) {
		report_wrong(report, FIND_GENERATE, "on descriptor 5: %s", err.text);
		return false;
	}
	report_ok(report, FIND_GENERATE);
	return true;
}

static bool
try_values(struct trial *trial, struct made *made)
{
	struct report *report = &trial->report;

	if (!try_generate(trial, &made->values[0]) || !try_generate(trial, &made->values[1]))
		return false;
	bool fresh = !value_same_secrets(made->values[0], made->values[1]) &&
	    !value_same_secrets(made->values[0], trial->given) &&
	    !value_same_secrets(made->values[1], trial->given);
	const char *lost = value_lost(trial->given, made->values[0]);

	(void)report_is(report, FIND_GENERATE_FRESH, fresh, "its secret fields are the same");
	(void)report_is(report, FIND_GENERATE_KEEPS, lost == NULL, lost == NULL ? "" : lost);
	return fresh;
}

static void
try_stranger(struct trial *trial, const struct secret *stranger)
{
	SESSION session;

	session_start(&session, trial, NULL, trial->given, stranger);
	int result = session_ask(&session, "probe", "next", probe_result_names);

	if (result == PROBE_DENIED)
		report_note(&trial->report,
		    "%s: that pays no debt; refused needs another value that is accepted just then, and the present "
		    "one is",
		    session.said);
	(void)session_is(&session, FIND_STRANGER,
	    result == PROBE_REFUSED || result == PROBE_DENIED);
}

/* No other value that is accepted, no proof: the old value is asked for, since that is what pays a debt.  False: it is
 * called accepted, and no answer of probe is worth anything. */
static bool
try_unproven(struct trial *trial, struct secret *const strangers[2])
{
	SESSION session;

	session_start(&session, trial, NULL, strangers[0], strangers[1]);
	int result = session_ask(&session, "probe", "current", probe_result_names);

	(void)report_is(&trial->report, FIND_UNPROVEN,
	    result == PROBE_DENIED || result == PROBE_UNREACHABLE, session.said);
	return result != PROBE_ACCEPTED;
}

/* Values that no target has; none where they cannot be made. */
static enum err_code
make_strangers(struct trial *trial, struct made *strangers, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(strangers->values); i++)
		TRY(value_stranger(trial->given, &strangers->values[i], err));
	return ERR_OK;
}

static bool
try_strangers(struct trial *trial, const struct made *strangers)
{
	if (strangers->values[0] == NULL)
		return true;
	try_stranger(trial, strangers->values[0]);
	return trial->report.states[FIND_STRANGER] != FAULT &&
	    try_unproven(trial, strangers->values);
}

static void
try_verb(struct trial *trial)
{
	SESSION session;
	struct description said;
	struct err err;

	session_start(&session, trial, NULL, trial->given, NULL);
	bool holds = session_knows_not(&session, "halligan-test");

	if (holds && !session.silent && session_describe(&session, &said, &err) != ERR_OK)
		report_wrong(&trial->report, FIND_VERB, "and after it: %s", err.text);
	(void)report_is(&trial->report, FIND_VERB, holds, session.said);
}

enum err_code
dry_run(struct trial *trial, struct made *ret_made, bool *ret_go_on, struct err *err)
{
	bool issue = trial->description.announced.style == STYLE_ISSUE;
	MADE strangers = {0};

	*ret_go_on = false;
	if (!try_present(trial))
		return ERR_OK;
	TRY(try_misspelt(trial, err));
	try_verb(trial);
	if (!issue && !try_values(trial, ret_made))
		return ERR_OK;
	if (issue)
		TRY(make_strangers(trial, &strangers, err));
	*ret_go_on = try_strangers(trial, issue ? &strangers : ret_made);
	report_flush(&trial->report);
	return ERR_OK;
}
