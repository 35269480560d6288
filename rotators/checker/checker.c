/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/checker/checker.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/left.h"
#include "base/process.h"
#include "base/text.h"
#include "rotators/checker/dry.h"
#include "rotators/checker/issue.h"
#include "rotators/checker/mint.h"
#include "rotators/checker/overlap.h"
#include "rotators/checker/replace.h"
#include "rotators/checker/restore.h"
#include "rotators/checker/value.h"
#include "rotators/contract/executable.h"
#include "rotators/contract/rotator.h"

enum err_code
checker_find(const char *program, const struct rotator_places *places, char ret_path[4096],
    struct err *err)
{
	struct rotator_found found;
	char here[4096] = "";

	if (strchr(program, '/') == NULL) {
		TRY(rotator_find(places, program, &found, err));
		memcpy(ret_path, found.path, sizeof(found.path));
		return ERR_OK;
	}
	if (program[0] == '/')
		program++;
	else if (getcwd(here, sizeof(here)) == NULL)
		return err_errno(err, ERR_IO, errno, "the present folder has no path");
	return file_path(here, strncmp(program, "./", 2) == 0 ? program + 2 : program, ret_path,
	    err);
}

static void
trial_done(struct trial *trial)
{
	fd_closep(&trial->executable);
	fd_closep(&trial->started);
	keep_done(&trial->keep);
}

static enum err_code
name_of(const char *program, const char **ret_name, struct err *err)
{
	static const char begin[] = "halligan-rotate-";
	const char *file = strrchr(program, '/') + 1;

	if (strncmp(file, begin, strlen(begin)) != 0 ||
	    strlen(file + strlen(begin)) > ROTATOR_NAME_MAX || !text_is_name(file + strlen(begin)))
		return err_set(err, ERR_USAGE,
		    "a rotator's file is called halligan-rotate-NAME; a program for exec is tried through "
		    "it: halligan rotator test exec");
	*ret_name = file + strlen(begin);
	return ERR_OK;
}

/* False: what is told so far ends it. */
static bool
open_program(struct trial *trial)
{
	struct digest hash;
	struct err err;
	bool of_target;

	if (executable_open(trial->program, &trial->executable, &hash, &err) != ERR_OK) {
		report_wrong(&trial->report, FIND_PROGRAM, "%s", err.text);
		return false;
	}
	report_ok(&trial->report, FIND_PROGRAM);
	enum err_code code = description_read(trial->program, trial->name, trial->target,
	    &trial->description, &of_target, &err);

	if (of_target)
		report_ok(&trial->report, FIND_DESCRIPTION);
	if (code == ERR_OK && trial->description.runs)
		code = program_try(trial->target, &trial->started, &err);
	return report_is(&trial->report, of_target ? FIND_TARGET : FIND_DESCRIPTION, code == ERR_OK,
	    err.text);
}

static enum err_code
check_values(const struct trial *trial, struct err *err)
{
	bool via = trial->description.announced.identity == IDENTITY_VIA;

	if (value_check(trial->given, trial->description.fields, err) != ERR_OK)
		return err_set(err, ERR_USAGE, "the value that is given: %s", err->text);
	if (via != (trial->via != NULL))
		return err_set(err, ERR_USAGE,
		    via ?
		        "this target is changed by another secret: give it with --via" :
		        "--via is for targets that are changed by another secret, and this one is not");
	return ERR_OK;
}

static void
say_before(const struct trial *trial)
{
	const struct announcement *announced = &trial->description.announced;

	report_note(&trial->report,
	    "until the end each value stands in %s before the target gets it", trial->keep.folder);
	if (announced->death == DEATH_NONE)
		report_note(&trial->report,
		    "an old value cannot die here: that it does is not tried");
	else if (announced->grace > 0)
		report_note(&trial->report,
		    "an old value is good for %u s more: that it dies is not tried",
		    announced->grace);
}

static enum err_code
change_all(struct trial *trial, const struct made *made, struct err *err)
{
	enum err_code code = ERR_OK, last;
	struct err cause;

	TRY(keep_begin(&trial->keep, err));
	say_before(trial);
	switch (trial->description.announced.style) {
	case STYLE_REPLACE:
		code = replace_run(trial, made, err);
		break;
	case STYLE_OVERLAP:
		code = overlap_run(trial, made, err);
		break;
	case STYLE_ISSUE:
	case STYLES:
	default:
		code = issue_run(trial, err);
		break;
	}
	if (code == ERR_OK && (trial->description.announced.can & CAN_MINT) != 0)
		code = mint_run(trial, err);
	last = restore_run(trial, code == ERR_OK, &cause); /* in any case */
	if (last == ERR_OK)
		return code;
	if (code == ERR_OK)
		return err_set(err, last, "%s", cause.text);
	report_note(&trial->report, "values of this test stand in files yet: %s", cause.text);
	return code;
}

/* What was looked for in each process. */
static void
end(struct trial *trial, bool ran)
{
	for (int finding = FIND_ENDS; ran && finding <= FIND_ECHO_ERRORS; finding++)
		report_ok(&trial->report, (enum finding)finding);
	report_flush(&trial->report);
}

static enum err_code
run(struct trial *trial, bool dry, struct err *err)
{
	MADE made = {0};
	bool go_on;

	if (!open_program(trial)) {
		end(trial, false);
		return ERR_OK;
	}
	TRY(check_values(trial, err));
	TRY(session_name(trial, err));
	TRY(dry_run(trial, &made, &go_on, err));
	if (go_on && !dry && change_all(trial, &made, err) != ERR_OK) {
		end(trial, false);
		return err->code;
	}
	end(trial, true);
	if (!go_on)
		report_note(&trial->report, "what changes the target was not tried");
	return ERR_OK;
}

/* Where the target went away, the rotator is not blamed for what nobody can tell in the end. */
static enum err_code
sum_up(const struct report *report, struct err *err)
{
	unsigned wrong = report->wrong - report->away;
	static const char away[] = "the target could not be tried";

	if (report->away > 0 && report->states[FIND_TOLD] == FAULT)
		wrong--;
	if (wrong == 0)
		return err_set(err, ERR_REFUSED, "%s, and nothing else is wrong", away);
	return err_set(err, ERR_REFUSED, "%u %s wrong with this rotator%s%s", wrong,
	    text_plural(wrong, "thing is", "things are"), report->away > 0 ? "; " : "",
	    report->away > 0 ? away : "");
}

enum err_code
checker_run(const struct checker_plan *plan, struct err *err)
{
	CLEANUP(trial_done)
	struct trial trial = {.program = plan->program,
	    .executable = -1,
	    .started = -1,
	    .target = plan->target,
	    .given = plan->given,
	    .via = plan->via,
	    .seconds = plan->seconds,
	    .report = {.print = plan->print, .context = plan->context}};

	TRY(name_of(plan->program, &trial.name, err));
	TRY(left_watch(err));
	TRY(run(&trial, plan->dry, err));
	if (trial.report.states[FIND_TARGET] == FAULT)
		return err_set(err, ERR_REFUSED,
		    "the rotator was not tried: correct the target first");
	return trial.report.wrong > 0 ? sum_up(&trial.report, err) : ERR_OK;
}
